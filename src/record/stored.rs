//! What a CRM makes of a text when it stores it. (`semantics` 41)

use std::borrow::Cow;

/// A text that was cut is still this long: shorter ones are edits.
const CUT: usize = 10;

/// Whether `stored` is `sent` after a CRM cut it, changed its case or blanks, wrote its marks as entities, or wrote something
/// else for what it does not know.
pub(super) fn is_form_of(stored: &str, sent: &str) -> bool {
    if is_replaced(stored, sent) || is_cut_at_an_emoji(stored, sent) {
        return true;
    }
    let (stored, sent) = (known(&without_entities(stored)), known(&without_entities(sent)));
    let begins = |whole: &str, start: &str| start.chars().count() >= CUT && whole.starts_with(start);
    !stored.is_empty() && (stored == sent || begins(&sent, &stored))
}

/// Whether two texts are one but for blanks and marks that were written as entities, in either direction.
pub(super) fn is_one_text(one: &str, other: &str) -> bool {
    let bare = |text: &str| without_entities(text).split_whitespace().collect::<String>();
    bare(one) == bare(other)
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

/// A text whose marks were not written as entities, however often: entities of a text are written as entities once more.
fn without_entities(text: &str) -> Cow<'_, str> {
    let mut plain = Cow::from(text);
    while plain.contains('&') {
        let less = plain.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'");
        let less = less.replace("&nbsp;", " ").replace("&amp;", "&");
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
        ] {
            assert!(is_form_of(stored, sent), "{stored} of {sent}");
        }
        for (stored, sent) in [
            ("Sofía Paz", "Sofía 🌸 Luna"),
            ("Ana", "Ana Gómez"),
            ("Ana Pé", "Ana Pérez 🌸"),
            ("??a", "Ana"),
            ("", "🌸"),
            ("Maximiliano Paz", "Maximiliano Augusto"),
        ] {
            assert!(!is_form_of(stored, sent), "{stored} of {sent}");
        }
    }
}
