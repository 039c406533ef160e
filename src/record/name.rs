//! Names of people. Two names are the same when their joined full names are (`semantics` 12).

mod parted;
#[cfg(test)]
mod tests;
mod words;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use unicode_normalization::char::{decompose_compatible, is_combining_mark};

use super::email::{canonical_email, is_address};
use super::text::canonical_line;
use words::{
    BEFORE_LAST_NAMES, BESIDE_FILLERS, FILLER_PHRASES, FILLERS, NEW, NUMBERED_FILLERS, PARTICLES, PET_NAMES, SAINTS,
    TRADES,
};

/// A name in the parts its CRM stores: Cliengo's `name` and `lastName`, GHL's `firstName` and `lastName`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonName {
    /// The first name, or the whole name where there is no last.
    pub first: String,
    /// The last name; empty where the CRM has none.
    pub last: String,
    /// Whether the field of the first name holds the last one too. (`semantics` 45)
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub whole: bool,
    /// Whether nothing was said of the last name. (`semantics` 40)
    #[serde(skip)]
    pub without_last: bool,
}

impl PersonName {
    /// A name in two parts.
    #[must_use]
    pub fn new(first: &str, last: &str) -> Self {
        Self { first: canonical_line(first), last: canonical_line(last), ..Self::default() }
    }

    /// A name whose first part may hold the last one too, in front, within or at the end: it is not appended twice.
    /// (`semantics` 45)
    #[must_use]
    pub fn joined(name: &str, last: &str) -> Self {
        let (name, last) = (canonical_line(name), canonical_line(last));
        let words: Vec<&str> = name.split(' ').collect();
        let ending: Vec<String> = last.split(' ').map(bare_word).filter(|word| !word.is_empty()).collect();
        let bare: Vec<String> = words.iter().map(|word| bare_word(word)).collect();
        // How many words from there on are the last name, with the marks between them.
        let taken = |at: usize| {
            let mut wanted = ending.iter().peekable();
            for (count, word) in (1..).zip(bare.get(at..)?).filter(|(count, word)| *count == 1 || !word.is_empty()) {
                if wanted.next()? != word {
                    return None;
                }
                if wanted.peek().is_none() {
                    return Some(count);
                }
            }
            None
        };
        let found = (0..words.len()).rev().find_map(|at| Some((at, taken(at)?))).filter(|_| !ending.is_empty());
        if let Some(first) =
            name.strip_suffix(&last).filter(|first| ending.is_empty() && (first.is_empty() || first.ends_with(' ')))
        {
            // A last name of marks alone, `.`.
            return Self { first: first.trim_end().to_owned(), last, whole: true, without_last: false };
        }
        // Marks in front of it stand behind the first name already.
        let marks = last.split(' ').take_while(|word| found.is_some() && bare_word(word).is_empty()).count();
        let last = last.split(' ').skip(marks).collect::<Vec<_>>().join(" ");
        let split = found.and_then(|(at, count)| {
            let (before, end) = words.split_at_checked(at)?;
            Some((before, end, end.get(count..)?))
        });
        match split {
            Some(([], _, behind)) if behind.iter().any(|word| !bare_word(word).is_empty()) => {
                let first: Vec<&str> = behind.iter().skip_while(|word| bare_word(word).is_empty()).copied().collect();
                Self { first: first.join(" "), last, whole: true, without_last: false }
            }
            Some((first, end, behind)) => {
                let last = if behind.is_empty() { last } else { end.join(" ") };
                Self { first: first.join(" "), last, whole: true, without_last: false }
            }
            None => Self { first: name, last, ..Self::default() },
        }
    }

    /// The joined full name: what is compared and shown.
    #[must_use]
    pub fn full(&self) -> String {
        canonical_line(&format!("{} {}", self.first, self.last))
    }

    /// Whether there is no name at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.first.is_empty() && self.last.is_empty()
    }

    /// The name in two parts for a new record: as stored, or split at its first blank.
    #[must_use]
    pub fn split(&self) -> Self {
        if !self.last.is_empty() {
            return Self::new(&self.first, &self.last);
        }
        match self.first.split_once(' ') {
            Some((first, last)) => Self::new(first, last),
            None => Self::new(&self.first, ""),
        }
    }

    /// Whether every part is the one that stood there before or the one that was sent: a write that was kept in part.
    #[must_use]
    pub fn is_between(&self, before: &Self, sent: &Self) -> bool {
        let is_one_of = |part: &str, one: &str, other: &str| part == one || part == other;
        is_one_of(&self.first, &before.first, &sent.first) && is_one_of(&self.last, &before.last, &sent.last)
    }

    /// This full name in the parts of `current`, keeping every part that still fits; where none does, split as for a new
    /// record. (`semantics` 45)
    #[must_use]
    pub fn fitted_to(&self, current: &Self) -> Self {
        let full = self.full();
        let after_first = full.strip_prefix(&current.first).and_then(|rest| rest.strip_prefix(' '));
        let before_last = full.strip_suffix(&current.last).and_then(|rest| rest.strip_suffix(' '));
        match (after_first, before_last) {
            _ if !self.last.is_empty() => Self::new(&self.first, &self.last),
            (Some(last), _) if !current.first.is_empty() => Self::new(&current.first, last),
            (_, Some(first)) if !current.last.is_empty() => Self::new(first, &current.last),
            _ => self.split(),
        }
    }

    /// Whether a channel made it up: digits, a chat's id, an address, "Visitante 8472". (`semantics` 39)
    #[must_use]
    pub fn is_filler(&self) -> bool {
        let full = self.full();
        if full.is_empty() {
            return false;
        }
        let folded = folded(&full);
        let words: Vec<&str> = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        let is_chat = ["@c.us", "@s.whatsapp.net", "@g.us", "@lid"].iter().any(|chat| folded.ends_with(chat));
        let is_number = words.iter().all(|word| word.chars().all(char::is_numeric));
        // What a form shows where nobody filled it in: `{{name}}`, `%nombre%`.
        let is_template = [("{", "}"), ("%", "%"), ("[object", "]")]
            .iter()
            .any(|(begin, end)| folded.len() > 2 && folded.starts_with(begin) && folded.ends_with(end));
        // What a CRM does not show: `P***`.
        let is_masked = full.contains(['*', '•', '#']) && ["***", "•••", "###"].iter().any(|run| full.contains(run));
        // An address has its sign, however it is written.
        let has_sign = full.contains(['@', '%', '\u{fe6b}', '\u{ff05}', '\u{ff20}']);
        is_chat
            || is_template
            || is_masked
            || is_number
            || has_sign && is_address(&canonical_email(&full))
            || is_made_of_fillers(&words)
    }

    /// Whether a channel numbered somebody in place of the first name, whatever last name stayed beside it: "Visitante 8472",
    /// a chat's id. "Guest House" is a name. (`semantics` 39)
    #[must_use]
    pub fn begins_with_filler(&self) -> bool {
        self.first.chars().any(char::is_numeric) && Self::new(&self.first, "").is_filler()
    }

    /// Whether both have a word in common, or are the same but for the blanks; case, accents and particles aside.
    /// (`semantics` 38)
    #[must_use]
    pub fn shares_a_word(&self, other: &Self) -> bool {
        let (ours, theirs) = (words(&self.full()), words(&other.full()));
        let is_shared = |word: &String| theirs.contains(word) && !is_trade(word);
        let whole = |name: &Self| folded(&name.full()).split_whitespace().collect::<String>();
        let our_whole = whole(self);
        ours.iter().any(is_shared)
            || !ours.is_empty() && ours.concat() == theirs.concat()
            || !our_whole.is_empty() && our_whole == whole(other)
    }
}

impl PersonName {
    /// The last name alone where what stands before it is nobody's: `Visitante 8472` with `Gómez` behind it.
    fn without_filler(&self) -> Self {
        match (self.last.is_empty(), Self::new(&self.first, "").is_filler()) {
            (false, true) => Self::new("", &self.last),
            _ => self.clone(),
        }
    }

    /// Whether both can be one person's name: they share a word, and not only the last name of two people of one family.
    /// (`semantics` 38)
    #[must_use]
    pub fn can_be_one(&self, other: &Self) -> bool {
        let full = self.full();
        if full == other.full() && full.contains(char::is_alphanumeric) {
            return true;
        }
        let (ours, theirs) = (self.of_the_person(), other.of_the_person());
        if parted::are_two(self, other) || parted::initials_differ(&ours.full(), &theirs.full()) {
            return false;
        }
        if !ours.shares_a_word(&theirs) {
            return parted::is_in_initials(&ours.full(), &theirs.full());
        }
        let begins_with_last_name = [&ours, &theirs].into_iter().any(Self::begins_with_last_name);
        let (ours, theirs) = (words(&ours.full()), words(&theirs.full()));
        // Given names stand before what both have.
        let given = |of: &[String], shared: &[String]| -> Vec<String> {
            let is_own = |word: &&String| is_trade(word) || !shared.contains(word);
            let given: Vec<String> = if begins_with_last_name {
                of.iter().filter(is_own).cloned().collect()
            } else {
                of.iter().take_while(is_own).cloned().collect()
            };
            let is_nobodys = Self::new(&given.join(" "), "").is_filler();
            given.into_iter().filter(|_| !is_nobodys).collect()
        };
        let (our_given, their_given) = (given(&ours, &theirs), given(&theirs, &ours));
        let is_one = |one: &String| {
            !is_trade(one) && their_given.iter().any(|other| !is_trade(other) && is_one_given_name(one, other))
        };
        our_given == their_given
            || our_given.is_empty()
            || their_given.is_empty()
            || our_given.len() == ours.len()
            || our_given.iter().any(is_one)
    }

    /// Without what is nobody's, and without whose relative it is.
    fn of_the_person(&self) -> Self {
        match parted::without_whose(&self.full()) {
            Some(own) => Self::new(&own, ""),
            None => self.without_filler(),
        }
    }

    /// Whether the last name stands in front: `De la Cruz Ana`, `Gómez, Ana`.
    fn begins_with_last_name(&self) -> bool {
        self.full().contains(',')
            || folded(&self.full()).split(' ').next().is_some_and(|word| BEFORE_LAST_NAMES.contains(&word))
    }
}

/// Whether it says what somebody is, and not who.
fn is_trade(word: &str) -> bool {
    TRADES.contains(&word)
}

/// Whether two given names may be one: written with an error, cut short, or a name and what friends say.
fn is_one_given_name(one: &str, other: &str) -> bool {
    // `Luis` and `Luisa`, `José` and `Josefa`, are brother and sister.
    let is_womans = |short: &str, long: &str| {
        long.strip_prefix(short).is_some_and(|end| matches!(end, "a" | "fa" | "ia" | "ita")) && !short.ends_with('a')
    };
    // `Julia` and `Julián`, `Lucia` and `Luciano`.
    let is_mans = |short: &str, long: &str| {
        short.ends_with('a') && long.strip_prefix(short).is_some_and(|end| matches!(end, "n" | "no"))
    };
    if [(one, other), (other, one)].into_iter().any(|(short, long)| is_womans(short, long) || is_mans(short, long)) {
        return false;
    }
    let is_short_for = |short: &str, long: &str| short.chars().nth(2).is_some() && long.starts_with(short);
    let is_small_for = |small: &str, name: &str| {
        let (stem, end) = (small.strip_suffix("ito").or_else(|| small.strip_suffix("ita")), small.chars().last());
        stem.is_some_and(|stem| is_short_for(stem, name)) && (end == Some('a')) == name.ends_with('a')
    };
    let is_pet_name = |pet: &str, name: &str| PET_NAMES.contains(&(pet, name));
    is_short_for(one, other)
        || is_short_for(other, one)
        || is_small_for(one, other)
        || is_small_for(other, one)
        || is_pet_name(one, other)
        || is_pet_name(other, one)
        || is_one_error_apart(one, other)
}

/// Whether one letter is missing, another one, or changed places with its neighbour.
fn is_one_error_apart(one: &str, other: &str) -> bool {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let ahead = one.iter().zip(&other).take_while(|(ours, theirs)| ours == theirs).count();
    let (one, other) = (one.get(ahead..).unwrap_or_default(), other.get(ahead..).unwrap_or_default());
    let behind = one.iter().rev().zip(other.iter().rev()).take_while(|(ours, theirs)| ours == theirs).count();
    let (ours, theirs) = (one.get(..one.len() - behind), other.get(..other.len() - behind));
    match (ours.unwrap_or_default(), theirs.unwrap_or_default()) {
        // `Andrés` and `Andrea`, `Cristian` and `Cristina`: one ends as a woman's name does, and the other not.
        (ours, theirs)
            if behind == 0 && ours.len() == theirs.len() && ours.ends_with(&['a']) != theirs.ends_with(&['a']) =>
        {
            false
        }
        ([] | [_], [] | [_]) => ahead + behind >= 3,
        ([a, b], [c, d]) => (a, b) == (d, c),
        _ => false,
    }
}

/// Whether nobody's name is among the words of a name: `Visitante web 8472`, `Nuevo lead`.
fn is_made_of_fillers(words: &[&str]) -> bool {
    if FILLER_PHRASES.iter().any(|phrase| phrase.split(' ').eq(words.iter().copied())) {
        return true;
    }
    let is_number =
        |word: &str| word.chars().any(|c| c.is_ascii_digit()) && word.chars().all(|c| c.is_ascii_hexdigit());
    let digits = words.iter().rev().take_while(|word| word.chars().all(|c| c.is_ascii_digit())).count();
    let words = words.get(..words.len() - digits.saturating_sub(1)).unwrap_or_default();
    let (number, named) = match words.split_last() {
        Some((last, named)) if is_number(last) => (true, named.to_vec()),
        // `Visitante8472`
        Some((last, named)) => {
            let bare = last.trim_end_matches(|c: char| c.is_ascii_digit());
            (bare.len() < last.len(), [named, &[bare]].concat())
        }
        None => (false, Vec::new()),
    };
    let any = |of: &[&str]| named.iter().any(|word| of.contains(word));
    let is_known =
        |word: &&str| [&FILLERS[..], &NUMBERED_FILLERS, &BESIDE_FILLERS, &NEW].iter().any(|of| of.contains(word));
    let is_web_lead = || any(&NUMBERED_FILLERS) && (number || any(&NEW) || any(&["web", "online", "formulario"]));
    named.iter().all(is_known) && (any(&FILLERS) || is_web_lead())
}

/// A text without case and accents.
fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        decompose_compatible(c, |c| plain.extend(Some(c).filter(|c| !is_combining_mark(*c))));
    }
    if plain.is_ascii() {
        plain.make_ascii_lowercase();
        return plain;
    }
    let plain = plain.to_lowercase();
    let mut folded = String::with_capacity(plain.len());
    for c in plain.chars() {
        match c {
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'ø' => folded.push('o'),
            'ł' => folded.push('l'),
            'đ' | 'ð' => folded.push('d'),
            'ı' => folded.push('i'),
            other => folded.push(other),
        }
    }
    folded
}

/// A word without case, accents and the marks around it.
fn bare_word(word: &str) -> String {
    folded(word).trim_matches(|c: char| !c.is_alphanumeric()).to_owned()
}

/// The words of a folded name; a saint's is one: the pharmacy `San José` has nothing in common with José.
fn with_saints(folded: &str) -> Vec<Cow<'_, str>> {
    let mut words = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).peekable();
    let mut all = Vec::new();
    while let Some(word) = words.next() {
        let saint = words.next_if(|next| SAINTS.contains(&word) && !PARTICLES.contains(next));
        let title = match word {
            "sta" => "santa",
            "sto" => "santo",
            title => title,
        };
        all.push(saint.map_or(Cow::Borrowed(word), |saint| Cow::Owned(format!("{title}{saint}"))));
    }
    all
}

/// The words that a name is known by; where they say only what somebody is, numbers and initials too, and where there are
/// none, particles.
fn words(name: &str) -> Vec<String> {
    const APOSTROPHES: [char; 4] = ['\'', '’', '´', '`'];
    // An accent that stands alone is taken apart into a blank and a mark.
    let folded = folded(&name.replace(APOSTROPHES, ""));
    let all = with_saints(&folded);
    let is_name = |word: &&str| {
        !PARTICLES.contains(word) && word.chars().nth(1).is_some() && word.chars().any(char::is_alphabetic)
    };
    let some = |is: &dyn Fn(&&str) -> bool| {
        all.iter().map(AsRef::as_ref).filter(is).map(str::to_owned).collect::<Vec<String>>()
    };
    let names = some(&is_name);
    let others = if names.iter().all(|name| is_trade(name)) {
        some(&|word| !PARTICLES.contains(word) && *word != "n")
    } else {
        names
    };
    if others.is_empty() { some(&|_| true) } else { others }
}
