//! What a CRM makes of a text when it stores it. (`semantics` 41)

use std::borrow::Cow;
use std::cmp::Reverse;

use jiff::civil::Date;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::Body;

/// A text that was cut is still this long: shorter ones are edits.
const CUT: usize = 10;

/// So often marks may have been written as entities.
const LEVELS: usize = 3;

/// Whether `stored` is `sent` after a CRM cut it, changed its case or blanks, wrote its marks as entities, left out accents or
/// quotes, read its bytes in another encoding, or wrote something else for what it does not know.
pub(super) fn is_form_of(stored: &str, sent: &str) -> bool {
    if is_replaced(stored, sent) || is_cut_at_an_emoji(stored, sent) || is_day_otherwise(stored, sent) {
        return true;
    }
    let stored = decoded(stored);
    let (whole, text) = (known(&read(&stored)), known(&read(sent)));
    let forms = forms_of(&text, &whole);
    let ends = cut_ends(&stored).into_iter().map(|cut| known(&read(cut)));
    let is_start = |start: &String| start.chars().count() >= CUT && forms.iter().any(|form| form.starts_with(start));
    !whole.is_empty() && (forms.contains(&whole) || ends.into_iter().any(|start| is_start(&start)))
}

/// Whether of two texts that are forms of one the first is what was stored of the second: with marks for what was not known,
/// with more written as entities, or with fewer signs.
pub(super) fn is_poorer(stored: &str, sent: &str) -> bool {
    let marks = |text: &str| text.chars().filter(|c| matches!(c, '?' | '\u{fffd}')).count();
    let entities = |text: &str| text.len() - without_entities(text).len();
    let signs = |text: &str| text.chars().filter(|c| !c.is_whitespace()).count();
    let of = |text: &str| (marks(text), entities(text), Reverse(signs(text)));
    of(stored) > of(sent)
}

/// Whether `stored` is how `sent` begins, in any of its forms, however short.
pub(super) fn is_beginning_of(stored: &str, sent: &str) -> bool {
    let start = known(&read(&decoded(stored)));
    !start.is_empty() && forms_of(&known(&read(sent)), &start).iter().any(|form| form.starts_with(&start))
}

/// Whether two texts are one but for blanks and marks that were written as entities, in either direction.
pub(super) fn is_one_text(one: &str, other: &str) -> bool {
    let bare = |text: &str| without_entities(text).split_whitespace().collect::<String>();
    bare(one) == bare(other)
}

/// Whether `stored`, another number, is `sent` with fewer decimals, or with as many digits as half the room keeps.
pub(super) fn is_rounded(stored: f64, sent: f64) -> bool {
    let decimals = |number: f64| number.to_string().split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let places = decimals(stored);
    let step = i32::try_from(places).map_or(0.0, |places| 0.1_f64.powi(places));
    let in_half_the_room = sent.to_string().parse::<f32>().map(f64::from);
    places < decimals(sent) && (stored - sent).abs() < step || in_half_the_room == Ok(stored)
}

/// Whether the day that was `sent` as `2026-12-01` is written otherwise: `12/01/2026`, `Dec 1st 2026`. Another day that is
/// written out is another day.
fn is_day_otherwise(stored: &str, sent: &str) -> bool {
    let parts = |text: &str| -> Vec<u32> {
        let mut parts: Vec<u32> =
            text.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect();
        parts.sort_unstable();
        parts
    };
    let is_written_out = |text: &str| text.len() == 10 && text.parse::<Date>().is_ok();
    if !is_written_out(sent) || is_written_out(stored) {
        return false;
    }
    let (told, day) = (parts(stored), sent.split('-').filter_map(|part| part.parse().ok()).collect::<Vec<u32>>());
    let (whole, without_month) = (parts(sent), [day.last().copied(), day.first().copied()]);
    told == whole || stored.contains(char::is_alphabetic) && told.iter().copied().map(Some).eq(without_month)
}

/// Whether every letter that is another one stands as a question mark: `Ana ??` for `Ana 李雷`.
fn is_replaced(stored: &str, sent: &str) -> bool {
    let is_mark = |c: char| matches!(c, '?' | '\u{fffd}');
    let fits = |(ours, theirs): (char, char)| ours == theirs || is_mark(ours) && !theirs.is_ascii();
    stored.chars().count() == sent.chars().count()
        && stored.chars().any(is_mark)
        && stored.chars().zip(sent.chars()).all(fits)
}

/// Whether everything from the first emoji on is gone, as a database leaves it that holds three bytes of a character.
fn is_cut_at_an_emoji(stored: &str, sent: &str) -> bool {
    let at = sent.find(|c: char| u32::from(c) > 0xffff);
    at.and_then(|at| sent.get(..at)).is_some_and(|before| !stored.is_empty() && before.trim() == stored.trim())
}

/// What `sent` may have become: as it is, and without what `stored` has none of, its accents and its quotes.
fn forms_of(sent: &str, stored: &str) -> Vec<String> {
    let mut forms = vec![sent.to_owned()];
    if !has_accents(stored) && has_accents(sent) {
        forms.push(sent.nfd().filter(|c| !is_combining_mark(*c)).collect());
    }
    if !stored.contains(is_quote) && sent.contains(is_quote) {
        let without: Vec<String> = forms.iter().map(|form| form.chars().filter(|c| !is_quote(*c)).collect()).collect();
        forms.extend(without);
    }
    forms
}

fn has_accents(text: &str) -> bool {
    !text.is_ascii() && text.nfd().any(is_combining_mark)
}

const fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\'' | '`' | '´' | '“' | '”' | '‘' | '’' | '«' | '»' | '\\')
}

/// Where a text may have been cut: at its end, or, where that falls into an entity or a tag, before it.
fn cut_ends(stored: &str) -> Vec<&str> {
    let before = |mark: char, longest: usize| {
        let (start, tail) = stored.rsplit_once(mark)?;
        let is_part = tail.len() <= longest && !tail.contains([';', '>', ' ', '\n']);
        is_part.then_some(start)
    };
    [Some(stored), before('&', 7), before('<', 40)].into_iter().flatten().collect()
}

/// A text that was UTF-8 and was read as Latin: `JosÃ©` for `José`.
fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains(['Ã', 'Â', 'â', 'ð']) {
        return Cow::from(text);
    }
    let bytes: Option<Vec<u8>> = text.chars().map(latin).collect();
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).map_or(Cow::from(text), Cow::from)
}

/// The byte that Windows shows as this character, or Latin-1.
fn latin(c: char) -> Option<u8> {
    const WINDOWS: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘',
        '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    let windows = || WINDOWS.iter().position(|known| *known == c).and_then(|at| u8::try_from(at + 0x80).ok());
    u8::try_from(u32::from(c)).ok().or_else(windows)
}

/// A text as markup reads, however often it was written as entities: entities of a text are written as entities once more.
fn read(text: &str) -> Cow<'_, str> {
    let mut plain = without_entities(text);
    for _ in 0..LEVELS {
        if !plain.contains(['<', '&']) {
            break;
        }
        let less = Body::markup(format!("<p>{plain}</p>")).text().to_owned();
        if less == plain {
            break;
        }
        plain = less.into();
    }
    plain
}

/// What somebody made of a text that its CRM had `stored` with marks as entities or with other blanks, as it is without that;
/// `None` where it had stored what was `sent`.
pub(super) fn as_sent(edited: &str, stored: &str, sent: &str) -> Option<String> {
    let words = |text: &str| text.split_whitespace().collect::<String>();
    let (mut stored, mut edited, bare) = (stored.to_owned(), edited.to_owned(), words(sent));
    if stored == sent {
        return None;
    }
    for _ in 0..=LEVELS {
        if words(&stored) == bare {
            return Some(with_blanks_of(sent, &stored, &edited));
        }
        (stored, edited) = (with_less_entities(&stored), with_less_entities(&edited));
    }
    None
}

/// What somebody made of a text, with the blanks of `sent`, which is that text but for these, before and behind what is new.
fn with_blanks_of(sent: &str, text: &str, edited: &str) -> String {
    let same = |(ours, theirs): &(char, char)| ours == theirs;
    let ahead: usize = text.chars().zip(edited.chars()).take_while(same).map(|(c, _)| c.len_utf8()).sum();
    let (begin, text) = text.split_at_checked(ahead).unwrap_or((text, ""));
    let edited = edited.get(ahead..).unwrap_or_default();
    let behind: usize = text.chars().rev().zip(edited.chars().rev()).take_while(same).map(|(c, _)| c.len_utf8()).sum();
    let end = text.get(text.len() - behind..).unwrap_or_default();
    let new = edited.get(..edited.len() - behind).unwrap_or_default();
    let count = |text: &str| text.chars().filter(|c| !c.is_whitespace()).count();
    // With the blanks at its edge where `text` has some there.
    let after = |count: usize, with_blanks: bool| -> usize {
        let nth = count.checked_sub(1).and_then(|nth| sent.char_indices().filter(|(_, c)| !c.is_whitespace()).nth(nth));
        let at = nth.map_or(0, |(at, c)| at + c.len_utf8());
        let rest = sent.get(at..).unwrap_or_default();
        if with_blanks { at + rest.len() - rest.trim_start().len() } else { at }
    };
    let from = after(count(sent) - count(end), !end.starts_with(char::is_whitespace));
    let to = after(count(begin), begin.ends_with(char::is_whitespace));
    format!("{}{new}{}", sent.get(..to).unwrap_or_default(), sent.get(from..).unwrap_or_default())
}

/// A text whose marks were written as entities once less.
fn with_less_entities(text: &str) -> String {
    let less = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'");
    less.replace("&nbsp;", " ").replace("&amp;", "&")
}

/// A text whose marks were not written as entities, however often.
fn without_entities(text: &str) -> Cow<'_, str> {
    let mut plain = Cow::from(text);
    while plain.contains('&') {
        let less = with_less_entities(&plain);
        if less == plain {
            break;
        }
        plain = less.into();
    }
    plain
}

/// The letters and signs that every CRM knows, in lower case and without blanks.
fn known(text: &str) -> String {
    let is_known = |c: &char| {
        let code = u32::from(*c);
        let joins = (0x200b..=0x200f).contains(&code);
        !c.is_whitespace()
            && !matches!(c, '?' | '\u{fffd}')
            && !joins
            && !(0x2190..0x2c00).contains(&code)
            && code < 0xfe00
    };
    text.chars().filter(is_known).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_with_fewer_decimals_is_what_a_crm_keeps_of_it() {
        for (stored, sent) in [
            (1234.57, 1234.567),
            (1235.0, 1234.567),
            (0.0, 0.1),
            (99.0, 99.9),
            (-1.3, -1.25),
            (1_234_567.875, 1_234_567.891),
        ] {
            assert!(is_rounded(stored, sent), "{stored} of {sent}");
        }
        for (stored, sent) in [(1.0, 2.5), (1234.58, 1234.56), (1500.0, 1501.0), (1.25, 1.2), (12.0, 1.2)] {
            assert!(!is_rounded(stored, sent), "{stored} of {sent}");
        }
    }

    #[test]
    fn what_was_cut_or_replaced_when_it_was_stored_is_told_from_an_edit() {
        for (stored, sent) in [
            ("Sofía ? Luna", "Sofía 🌸 Luna"),
            ("Sofía  Luna", "Sofía 🌸 Luna"),
            ("Maximiliano Augusto", "Maximiliano Augusto Fernández"),
            ("Sofía Luna", "sofía luna"),
            ("Ana ??", "Ana 李雷"),
            ("??", "李雷"),
            ("Sofía", "Sofía 🌸 Luna"),
            ("Pérez &amp; Hijos", "Pérez & Hijos"),
            ("usar &amp;amp; y &amp;lt;b&amp;gt;", "usar &amp; y &lt;b&gt;"),
            ("Familia ??? Ruiz", "Familia 👨\u{200d}👩\u{200d}👧 Ruiz"),
            ("Sofia Luna", "Sofía Luna"),
            ("José Pepe Núñez & Hijos", "José \"Pepe\" Núñez & Hijos"),
            ("Jose Pepe Nunez", "José \"Pepe\" Núñez"),
            ("JosÃ© NÃºÃ±ez", "José Núñez"),
            ("<p>a &amp; b<br>c</p>", "a & b\nc"),
            ("&lt;p&gt;a &amp;amp; b&lt;br&gt;c&lt;/p&gt;", "a & b\nc"),
            ("Pérez & Hijos &am", "Pérez & Hijos & Cía"),
            ("<p>x &lt;3&gt; y&nbsp;x &lt;3&gt; y&nbsp;x &l", "x <3> y x <3> y x <3> y"),
            ("Pérez & Hijos\n<ven", "Pérez & Hijos\n<ventas>\nPérez"),
            ("Pérez & Hijos <br", "Pérez & Hijos \nPérez"),
            ("12/01/2026", "2026-12-01"),
            ("Dec 1st 2026", "2026-12-01"),
        ] {
            assert!(is_form_of(stored, sent), "{stored} of {sent}");
        }
        for (stored, sent) in [
            ("Sofía Paz", "Sofía 🌸 Luna"),
            ("2026-01-12", "2026-12-01"),
            ("12/02/2026", "2026-12-01"),
            ("Dec 2nd 2026", "2026-12-01"),
            ("Ana", "Ana Gómez"),
            ("Ana Pé", "Ana Pérez 🌸"),
            ("??a", "Ana"),
            ("", "🌸"),
            ("Maximiliano Paz", "Maximiliano Augusto"),
            ("Sofía Luna", "Sofia Luna"),
            ("Sofía \"Sol\" Luna", "Sofía Luna"),
            ("Sofia Luna Paz", "Sofía Luna"),
            ("Pérez & Hija", "Pérez & Hijos & Cía"),
        ] {
            assert!(!is_form_of(stored, sent), "{stored} of {sent}");
        }
    }
}
