//! Canonical text and e-mail.

use unicode_normalization::UnicodeNormalization;

/// Text as it is compared: NFC, `\n` line ends, no trailing blanks on a line, trimmed.
#[must_use]
pub fn canonical_text(raw: &str) -> String {
    let unified = raw.replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{2029}'], "\n").replace('\u{a0}', " ");
    // Left out first: what stood between a letter and its accent would keep them apart.
    let composed: String = unified.chars().filter(|c| *c != '\u{feff}' && *c != '\u{0}').nfc().collect();
    let lines: Vec<&str> = composed.lines().map(str::trim_end).collect();
    lines.join("\n").trim().to_owned()
}

/// One line of text as it is compared: canonical text with every run of white space folded to one blank.
#[must_use]
pub fn canonical_line(raw: &str) -> String {
    canonical_text(raw).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// An e-mail as it is compared: trimmed, lower case, NFC (in this order: a small letter may take an accent that its capital
/// does not).
#[must_use]
pub fn canonical_email(raw: &str) -> String {
    canonical_line(&raw.to_lowercase())
}

/// Whether `email` is no address but a filler that a channel made of the contact's own phone (`semantics` 8).
#[must_use]
pub fn is_placeholder_email(email: &str, phone_digits: &str) -> bool {
    let Some((local, _)) = email.trim().split_once('@') else { return false };
    let local: String = local.chars().filter(|c| *c != '+').collect();
    let is_number = local.chars().all(|c| c.is_ascii_digit());
    // The last eight digits are the line, however country, area and the mobile 9 are written.
    let line = |digits: &str| digits.len().checked_sub(8).and_then(|at| digits.get(at..)).map(str::to_owned);
    is_number && line(&local).is_some() && line(&local) == line(phone_digits)
}

/// Whether an e-mail fits a pattern in which `*` stands for anything, whatever their case.
#[must_use]
pub fn fits_pattern(email: &str, pattern: &str) -> bool {
    let (email, pattern) = (canonical_email(email), canonical_email(pattern));
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| email.strip_prefix(first)) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn making_text_canonical_twice_changes_nothing(raw in "\\PC*|[ \\r\\n\\ta-c\u{301}\u{a0}]{0,40}") {
            prop_assert_eq!(canonical_text(&canonical_text(&raw)), canonical_text(&raw));
            prop_assert_eq!(canonical_line(&canonical_line(&raw)), canonical_line(&raw));
            prop_assert_eq!(canonical_email(&canonical_email(&raw)), canonical_email(&raw));
        }
    }

    #[test]
    fn line_ends_composition_and_outer_blanks_are_not_differences() {
        assert_eq!(canonical_text("  Jose\u{301}\r\nPe\u{301}rez \n"), "José\nPérez");
    }

    #[test]
    fn what_is_left_out_or_made_small_leaves_no_letter_in_two_pieces() {
        assert_eq!(canonical_text("e\u{feff}\u{301}"), "é");
        assert_eq!(canonical_email("\u{3aa}\u{301}@x"), "\u{390}@x");
        assert_eq!(crate::record::fold_tag("\u{3aa}\u{301}"), "\u{390}");
    }

    #[test]
    fn a_star_in_a_pattern_stands_for_anything() {
        assert!(fits_pattern("5491@WhatsApp.example", "*@whatsapp.example"));
        assert!(fits_pattern("sin-email@x.example", "sin-email@*"));
        assert!(fits_pattern("a-b-c@x", "a*b*@x"));
        assert!(!fits_pattern("ana@example.com", "*@whatsapp.example"));
        assert!(!fits_pattern("ab@x", "a*b*b@x"));
        assert!(!fits_pattern("ana@x", "ana"));
    }

    #[test]
    fn an_email_made_of_the_contacts_own_phone_is_a_placeholder() {
        assert!(is_placeholder_email("5491155667788@whatsapp.example", "5491155667788"));
        assert!(is_placeholder_email("1155667788@x.example", "5491155667788"));
        assert!(is_placeholder_email("5491155667788@x.example", "541155667788"));
        assert!(!is_placeholder_email("ana1155667788@x.example", "5491155667788"));
        assert!(!is_placeholder_email("1234567890@x.example", "5491155667788"));
    }
}
