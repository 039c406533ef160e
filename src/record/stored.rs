//! What a CRM makes of a text when it stores it. (`semantics` 41)

/// A text that was cut is still this long: shorter ones are edits.
const CUT: usize = 10;

/// Whether `stored` is `sent` after a CRM cut it, changed its case or blanks, or wrote something else for what it does not know.
pub(super) fn is_form_of(stored: &str, sent: &str) -> bool {
    let (stored, sent) = (known(stored), known(sent));
    let begins = |whole: &str, start: &str| start.chars().count() >= CUT && whole.starts_with(start);
    !stored.is_empty() && (stored == sent || begins(&sent, &stored))
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
            ("Familia ??? Ruiz", "Familia 👨\u{200d}👩\u{200d}👧 Ruiz"),
        ] {
            assert!(is_form_of(stored, sent), "{stored} of {sent}");
        }
        for (stored, sent) in [
            ("Sofía Paz", "Sofía 🌸 Luna"),
            ("Ana", "Ana Gómez"),
            ("", "🌸"),
            ("Maximiliano Paz", "Maximiliano Augusto"),
        ] {
            assert!(!is_form_of(stored, sent), "{stored} of {sent}");
        }
    }
}
