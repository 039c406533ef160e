//! Phones: E.164 where the number is valid, the digits where it is not; nothing is ever dropped.

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat};
use serde::{Deserialize, Serialize};

use super::text::canonical_line;

/// The country that a phone without a country code belongs to.
pub use rlibphonenumber::Region;

/// A phone as stored, and in E.164 where it is a valid number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phone {
    /// As its CRM stores it.
    pub raw: String,
    /// `+5491155667788`; `None` where the number does not parse or is not valid.
    pub e164: Option<String>,
}

impl Phone {
    /// Reads a phone; one without a country code is of `region`.
    #[must_use]
    pub fn new(raw: &str, region: Option<Region>) -> Self {
        let raw = canonical_line(raw);
        let e164 = PHONE_NUMBER_UTIL
            .parse(&raw, region)
            .ok()
            .filter(|number| PHONE_NUMBER_UTIL.is_valid_number(number))
            .map(|number| PHONE_NUMBER_UTIL.format(&number, PhoneNumberFormat::E164).into_owned());
        Self { raw, e164 }
    }

    /// The digits alone.
    #[must_use]
    pub fn digits(&self) -> String {
        let from = self.e164.as_deref().unwrap_or(&self.raw);
        from.chars().filter_map(|c| c.to_digit(10)).filter_map(|d| char::from_digit(d, 10)).collect()
    }

    /// What is compared within one side: E.164, or the digits (or, without any, the text) as they stand.
    #[must_use]
    pub fn key(&self) -> String {
        match &self.e164 {
            Some(e164) => e164.clone(),
            None if self.digits().is_empty() => self.raw.clone(),
            None => self.digits(),
        }
    }

    /// What proposes a match: two valid numbers that ring the same line have one match key.
    ///
    /// Argentina's mobiles are dialled with and without the 9 (`+54 9 11 …`, `+54 11 …`), Mexico's with and without
    /// the 1 (`+52 1 55 …`, `+52 55 …`). `None` for a number that is not valid: it is never matched (`semantics` 8).
    #[must_use]
    pub fn match_key(&self) -> Option<String> {
        let e164 = self.e164.as_deref()?;
        let shortened = [("+549", "+54", 14), ("+521", "+52", 14)]
            .iter()
            .find(|(mobile, _, length)| e164.starts_with(mobile) && e164.len() == *length)
            .and_then(|(mobile, line, _)| e164.strip_prefix(mobile).map(|rest| format!("{line}{rest}")));
        Some(shortened.unwrap_or_else(|| e164.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn phone(raw: &str) -> Phone {
        Phone::new(raw, Some(Region::AR))
    }

    #[test]
    fn six_styles_of_one_number_are_one_number() {
        for raw in ["+54 9 11 5566-7788", "+5491155667788", "011 15-5566-7788", "54 9 11 55667788"] {
            assert_eq!(phone(raw).key(), "+5491155667788", "{raw}");
        }
        for raw in ["11 5566-7788", "(011) 5566-7788", "+54 11 5566-7788"] {
            assert_eq!(phone(raw).key(), "+541155667788", "{raw}");
        }
    }

    #[test]
    fn a_line_with_and_without_the_nine_matches_but_is_not_equal() {
        let (mobile, line) = (phone("+54 9 11 5566-7788"), phone("+54 11 5566-7788"));
        assert_eq!(mobile.match_key(), line.match_key());
        assert_ne!(mobile.key(), line.key());
    }

    #[test]
    fn a_number_that_does_not_parse_keeps_its_digits_and_never_matches() {
        let odd = phone("int. 12-34");
        assert_eq!((odd.key().as_str(), odd.match_key()), ("1234", None));
        assert_eq!(phone("no tiene").key(), "no tiene");
    }

    #[test]
    fn a_number_with_a_sign_in_it_is_not_valid_although_its_digits_would_be() {
        let odd = phone("34120000+00");
        assert_eq!((odd.key().as_str(), odd.match_key()), ("3412000000", None));
        assert_ne!(odd.key(), phone("3412000000").key());
    }

    proptest! {
        #[test]
        fn what_is_sent_of_a_phone_is_the_same_phone(raw in "[+0-9 ()-]{0,18}") {
            let phone = phone(&raw);
            let sent = phone.e164.as_deref().unwrap_or(&phone.raw);
            prop_assert_eq!(Phone::new(sent, Some(Region::AR)).key(), phone.key());
        }
    }
}
