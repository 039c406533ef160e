//! What parts two people whose names share words: who they are to others, and their initials. (`semantics` 38)

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::words::{BEFORE_LAST_NAMES, LAST_NAMES, OF, OTHERS, PARTICLES, RELATIVES, RELATIVES_AT_THE_END, SPOUSES};
use super::{PersonName, folded, is_one_given_name, is_trade, with_saints};

/// Whether names say of two who they are to others, and not the same.
pub(super) fn are_two(one: &PersonName, other: &PersonName) -> bool {
    let (one, other) = (folded(&one.full()), folded(&other.full()));
    are_two_relatives(&one, &other) || somebodys(&one) != somebodys(&other)
}

/// Father and son of one name.
fn are_two_relatives(one: &str, other: &str) -> bool {
    let said = |name: &str| -> BTreeSet<&'static str> {
        let words = words_of(name);
        let ends = |word: &str| words.last() == Some(&word) || word.starts_with('(') && name.ends_with(word);
        let anywhere = RELATIVES.iter().filter(|(word, _)| words.contains(word));
        let at_the_end = RELATIVES_AT_THE_END.iter().filter(|(word, _)| ends(word));
        anywhere.chain(at_the_end).map(|(_, relative)| *relative).collect()
    };
    let (ours, theirs) = (said(one), said(other));
    !ours.is_empty() && !theirs.is_empty() && ours.is_disjoint(&theirs)
}

/// Who somebody is to the one whose name follows or stands before: neither `Esposa de Juan Pérez` nor `Juan Pérez (esposa)`
/// is Juan.
fn somebodys(folded: &str) -> Option<&str> {
    let words = words_of(folded);
    let of_whom = whose(&words).filter(|at| *at == begin(&words));
    if let Some(word) = of_whom.and_then(|at| words.get(at).copied()) {
        return Some(RELATIVES.iter().find(|(known, _)| *known == word).map_or(word, |(_, relative)| relative));
    }
    // `Ana (esposa)` is one herself.
    let (last, own) = words.split_last()?;
    let first = own.iter().find(|word| !PARTICLES.contains(word))?;
    let (spouse, is_woman) = SPOUSES.iter().find(|(spouse, _)| spouse == last)?;
    (*is_woman != first.ends_with('a')).then_some(*spouse)
}

/// The name of somebody who is said to be another's: `Nora (hija de Ana Paz)` is a name of Nora's alone. `None`: nobody else
/// is named.
pub(super) fn without_whose(name: &str) -> Option<String> {
    let folded = folded(name);
    let words = words_of(&folded);
    let own = words.get(..whose(&words)?)?;
    let is_name = |word: &&str| !PARTICLES.contains(word);
    own.iter().any(is_name).then(|| own.join(" "))
}

/// How many words stand before the first one that says something.
fn begin(words: &[&str]) -> usize {
    words.iter().take_while(|word| matches!(**word, "la" | "el" | "a" | "o" | "the")).count()
}

/// Where it is said whose somebody is: the relative before `de`.
fn whose(words: &[&str]) -> Option<usize> {
    let begin = begin(words);
    // `Irma de la Cruz` and `Junior da Silva` are names.
    let is_name = |at: usize, word: &str| match word {
        "irma" | "junior" | "jr" | "senior" => true,
        _ => at > begin && LAST_NAMES.contains(&word),
    };
    let is_one = |at: usize, word: &str| {
        let is_relative = RELATIVES.iter().any(|(known, _)| *known == word);
        is_relative && !is_name(at, word) || OTHERS.contains(&word)
    };
    let mut pairs = words.iter().zip(words.iter().skip(1)).enumerate();
    let found = pairs.find(|(at, (word, of))| is_one(*at, word) && OF.contains(of));
    found.map(|(at, _)| at)
}

fn words_of(folded: &str) -> Vec<&str> {
    folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect()
}

/// A word of a name, and how the particle before it begins: the `d` of `de la Cruz` is an initial too.
#[derive(Clone)]
struct Word<'n> {
    word: Cow<'n, str>,
    particle: Option<char>,
}

impl Word<'_> {
    fn is_initial(&self) -> bool {
        self.word.chars().nth(1).is_none() && self.word.chars().all(char::is_alphabetic)
    }

    fn is_initial_of(&self, other: &Self) -> bool {
        let begins = other.word.starts_with(self.word.as_ref());
        self.is_initial() && (begins || other.particle.is_some() && other.particle == self.word.chars().next())
    }

    fn can_be_for(&self, other: &Self) -> bool {
        let is_cut = self.is_initial_of(other) || other.is_initial_of(self);
        is_cut || self.word == other.word || is_one_given_name(&self.word, &other.word)
    }
}

fn are_initials(words: &[Word<'_>]) -> bool {
    words.iter().all(Word::is_initial)
}

/// The words of a folded name, initials among them, but for what says what somebody is.
fn with_initials(folded: &str) -> Vec<Word<'_>> {
    let (mut all, mut particle) = (Vec::new(), None);
    let mut words = with_saints(folded);
    let said_last = RELATIVES_AT_THE_END.iter().any(|(relative, _)| words.last().is_some_and(|last| last == relative));
    if said_last && words.len() > 2 || folded.ends_with("(h)") || folded.ends_with("(p)") {
        words.pop();
    }
    for (at, word) in words.into_iter().enumerate() {
        let word = Word { word, particle };
        if at > 0 && BEFORE_LAST_NAMES.contains(&word.word.as_ref()) {
            particle = particle.or(word.word.chars().next());
        } else if at == 0 && word.is_initial() || !PARTICLES.contains(&word.word.as_ref()) && !is_trade(&word.word) {
            all.push(word);
            particle = None;
        }
    }
    all
}

/// Whether an initial of one begins no word of the other in the place where it stands: `J. Pérez` is not María, and
/// `María J. Paz` not María L.
pub(super) fn initials_differ(one: &str, other: &str) -> bool {
    let (one, other) = (folded(one), folded(other));
    let (ours, theirs) = (with_initials(&one), with_initials(&other));
    let has_some = ours.iter().chain(&theirs).any(Word::is_initial);
    has_some && (differ(&ours, &theirs) || differ(&theirs, &ours))
}

fn differ(ours: &[Word<'_>], theirs: &[Word<'_>]) -> bool {
    // `Paz, María J.`: the last name in front.
    let mut turned = (0..theirs.len()).filter_map(|by| {
        let (end, begin) = theirs.split_at_checked(by)?;
        let theirs = [begin, end].concat();
        let places = places(ours, &theirs)?;
        Some(places.iter().any(|(ours, theirs)| contradict(ours, theirs)))
    });
    turned.next().unwrap_or_default()
}

/// The words of both between those that they share.
type Places<'w> = Vec<(&'w [Word<'w>], &'w [Word<'w>])>;

/// `None` where they share none, or in another order.
fn places<'w>(ours: &'w [Word<'w>], theirs: &'w [Word<'w>]) -> Option<Places<'w>> {
    let mut places = Vec::new();
    let (mut our_rest, mut their_rest) = (ours, theirs);
    let is_theirs = |word: &Word<'_>| !word.is_initial() && theirs.iter().any(|other| other.word == word.word);
    while let Some(at) = our_rest.iter().position(is_theirs) {
        let shared = our_rest.get(at)?;
        let there = their_rest.iter().position(|other| other.word == shared.word)?;
        places.push((our_rest.get(..at)?, their_rest.get(..there)?));
        (our_rest, their_rest) = (our_rest.get(at + 1..)?, their_rest.get(there + 1..)?);
    }
    let shares_one = !places.is_empty();
    places.push((our_rest, their_rest));
    shares_one.then_some(match places[..] {
        // `M. Pérez` and `Pérez Juan`
        [(before, []), ([], after)] if are_initials(before) => vec![(before, after)],
        [([], before), (after, [])] if are_initials(before) => vec![(after, before)],
        _ => places,
    })
}

/// Whether the words of one place are not the other's, some of them cut to initials or left out.
fn contradict(ours: &[Word<'_>], theirs: &[Word<'_>]) -> bool {
    let (few, many) = if ours.len() <= theirs.len() { (ours, theirs) } else { (theirs, ours) };
    let mut rest = many.iter();
    let is_within = few.iter().all(|word| rest.any(|other| word.can_be_for(other)));
    !is_within && ours.iter().chain(theirs).any(Word::is_initial)
}

/// Whether one is the initials of the other, and nothing else: `J. P.` and Juan Pérez.
pub(super) fn is_in_initials(one: &str, other: &str) -> bool {
    let (one, other) = (folded(one), folded(other));
    let (ours, theirs) = (with_initials(&one), with_initials(&other));
    let is_one = ours.len() > 1 && ours.len() == theirs.len() && (are_initials(&ours) || are_initials(&theirs));
    is_one && ours.iter().zip(&theirs).all(|(ours, theirs)| ours.can_be_for(theirs))
}
