//! Texts of which one side takes only the beginning: cut with a word where the rest stands, and told from the whole.

use crate::record::Side;

/// A beginning that says whose it is: shorter ones are any text's.
const SHORTEST: usize = 10;

/// What stands at the end of a text that was cut.
const fn pointer(whole: Side) -> &'static str {
    match whole {
        Side::Cliengo => "[the rest stands in Cliengo]",
        Side::Ghl => "[the rest stands in GHL]",
    }
}

/// The longest beginning of `text` for which there is room together with where the rest stands, which is in `whole`; `None`
/// where there is room for all of it.
#[must_use]
pub fn cut(text: &str, whole: Side, has_room: impl Fn(&str) -> bool) -> Option<String> {
    if has_room(text) {
        return None;
    }
    let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    let made = |end: usize| format!("{}… {}", text.get(..end).unwrap_or_default().trim_end(), pointer(whole));
    let fitting = ends.partition_point(|end| has_room(&made(*end)));
    Some(made(fitting.checked_sub(1).and_then(|last| ends.get(last)).copied().unwrap_or_default()))
}

/// What a text holds of one whose rest stands in `whole`; `None`: it was not cut.
#[must_use]
pub fn beginning(text: &str, whole: Side) -> Option<&str> {
    let before = text.trim_end().strip_suffix(pointer(whole))?;
    Some(before.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '…' | '.' | '?' | '\u{fffd}')))
}

/// Whether a text is the beginning of another one, and no more.
#[must_use]
pub fn is_beginning(short: &str, whole: &str) -> bool {
    short.len() < whole.len() && short.chars().count() >= SHORTEST && whole.starts_with(short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_to_the_room_there_is_and_its_beginning_is_found_again() {
        let text = "Quiere una casa con jardín.  ".repeat(20);
        for room in [60, 100, 333] {
            let short = cut(&text, Side::Ghl, |text| text.chars().count() <= room).unwrap();
            assert!(short.chars().count() <= room && short.ends_with("… [the rest stands in GHL]"), "{short}");
            let begun = beginning(&short, Side::Ghl).unwrap();
            assert!(is_beginning(begun, &text) && beginning(&short, Side::Cliengo).is_none(), "{begun}");
        }
        assert_eq!(cut("corto", Side::Ghl, |text| text.len() < 60), None);
    }

    #[test]
    fn a_few_letters_and_the_same_text_are_no_beginning() {
        assert!(!is_beginning("Llamar", "Llamar mañana"));
        assert!(!is_beginning("Llamar mañana", "Llamar mañana"));
        assert!(is_beginning("Llamar mañana", "Llamar mañana a la tarde"));
    }
}
