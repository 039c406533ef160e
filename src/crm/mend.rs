//! JSON that is nearly JSON: read as far as it can be, so that one character does not hold a record for ever. (`semantics` 49)

use std::borrow::Cow;
use std::fmt::Write as _;
use std::iter::Peekable;
use std::str::CharIndices;

use super::answer::{DEEPEST, first_depth};

/// No number of either CRM has half as many characters; whether a longer one can be held depends on its digits.
const LONGEST_NUMBER: usize = 300;

/// Numbers of no more digits are held as they are.
const MOST_DIGITS: usize = 18;

/// What stands for a number that nothing can hold: no field is read from an object.
const OUT_OF_RANGE: &str = r#"{"number":"out of range"}"#;

/// What stands for what is nested too deep to be held: the value around it is a list or an object still, and no field is read
/// from such a one.
const TOO_DEEP: &str = "null";

/// The same text with U+FFFD for lone surrogates, with control characters escaped, without numbers out of range, and nested no
/// deeper than can be read.
pub(super) fn mended(text: &str) -> Cow<'_, str> {
    let mut mend = Mend { text, mended: String::new(), kept: 0 };
    let mut characters = text.char_indices().peekable();
    let (mut quoted, mut depth) = (false, 0_usize);
    while let Some((at, character)) = characters.next() {
        match character {
            '[' | '{' if !quoted && depth == DEEPEST => match end_of(text, at) {
                Some(until) => {
                    mend.replace(at, until, TOO_DEEP);
                    while characters.next_if(|(at, _)| *at < until).is_some() {}
                }
                None => depth += 1,
            },
            '[' | '{' if !quoted => depth += 1,
            ']' | '}' if !quoted => depth = depth.saturating_sub(1),
            '"' => quoted = !quoted,
            '\\' if quoted => mend.escape(at, &mut characters),
            control if quoted && u32::from(control) < 0x20 => {
                mend.replace(at, at + 1, &format!("\\u{:04x}", u32::from(control)));
            }
            '-' | '0'..='9' if !quoted => mend.number(at, &mut characters),
            _ => {}
        }
    }
    mend.done()
}

/// What is nested as deep is no value of somebody's: such an answer is none.
const NO_VALUE: usize = 10_000;

/// Where the list or object that begins at `from` ends; `None` where it does not, or is nested without measure.
fn end_of(text: &str, from: usize) -> Option<usize> {
    let (last, depth) = first_depth(text.get(from..)?, |depth| depth == 0 || depth > NO_VALUE)?;
    (depth == 0).then_some(from + last + 1)
}

struct Mend<'a> {
    text: &'a str,
    mended: String,
    /// Up to here the text is taken over already.
    kept: usize,
}

/// Whether nothing but digits stands in it: with a point or an exponent it is measured, not counted.
fn is_whole(number: &str) -> bool {
    number.strip_prefix('-').unwrap_or(number).bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a whole number can be held by none of those that a program has.
fn is_too_large(number: i128) -> bool {
    i64::try_from(number).is_err() && u64::try_from(number).is_err()
}

impl<'a> Mend<'a> {
    fn replace(&mut self, from: usize, until: usize, with: &str) {
        self.mended.push_str(self.text.get(self.kept..from).unwrap_or_default());
        // Writing to a string cannot fail.
        let _ = self.mended.write_str(with);
        self.kept = until;
    }

    /// An escape in a string: a half of a surrogate pair without its other half is no character.
    fn escape(&mut self, at: usize, characters: &mut Peekable<CharIndices<'a>>) {
        let Some((_, 'u')) = characters.next() else { return };
        let unit = |from: usize| u16::from_str_radix(self.text.get(from..from + 4)?, 16).ok();
        let Some(first) = unit(at + 2) else { return };
        let is_pair = (0xD800..0xDC00).contains(&first)
            && self.text.get(at + 6..at + 8) == Some("\\u")
            && unit(at + 8).is_some_and(|second| (0xDC00..0xE000).contains(&second));
        let length = if is_pair { 12 } else { 6 };
        while characters.next_if(|(next, _)| *next < at + length).is_some() {}
        if !is_pair && (0xD800..0xE000).contains(&first) {
            self.replace(at, at + 6, "\\ufffd");
        }
    }

    fn number(&mut self, at: usize, characters: &mut Peekable<CharIndices<'a>>) {
        let mut end = at + 1;
        while characters.next_if(|(_, c)| matches!(c, '0'..='9' | '.' | '-' | '+' | 'e' | 'E')).is_some() {
            end += 1;
        }
        let number = self.text.get(at..end).unwrap_or_default();
        let is_suspect = number.len() > LONGEST_NUMBER || number.contains(['e', 'E']);
        if is_suspect && number.parse::<f64>().is_ok_and(f64::is_infinite) {
            self.replace(at, end, OUT_OF_RANGE);
        } else if number.len() > MOST_DIGITS && is_whole(number) && number.parse::<i128>().map_or(true, is_too_large) {
            self.replace(at, end, &format!("\"{number}\""));
        }
    }

    fn done(mut self) -> Cow<'a, str> {
        if self.kept == 0 && self.mended.is_empty() {
            return Cow::Borrowed(self.text);
        }
        self.mended.push_str(self.text.get(self.kept..).unwrap_or_default());
        Cow::Owned(self.mended)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(text: &str) -> Value {
        serde_json::from_str(&mended(text)).unwrap_or_else(|why| panic!("{text}: {why}"))
    }

    #[test]
    fn half_a_character_is_read_as_none_and_the_rest_stays() {
        for (text, right) in [
            (r#"{"a":"x\ud83d"}"#, "x\u{fffd}"),
            (r#"{"a":"\ud83dx"}"#, "\u{fffd}x"),
            (r#"{"a":"\uDE00"}"#, "\u{fffd}"),
            (r#"{"a":"\ud83d\ud83d\ude00"}"#, "\u{fffd}😀"),
            (r#"{"a":"\ude00\ud83d"}"#, "\u{fffd}\u{fffd}"),
            (r#"{"a":"\\ud83d"}"#, "\\ud83d"),
            (r#"{"a":"\ud83d\n"}"#, "\u{fffd}\n"),
            (r#"{"a":"\ud83d\""}"#, "\u{fffd}\""),
        ] {
            assert_eq!(read(text), json!({ "a": right }), "{text}");
        }
        assert_eq!(read(r#"{"\ud800":1}"#), json!({ "\u{fffd}": 1 }));
    }

    #[test]
    fn a_number_that_nothing_can_hold_is_no_number() {
        for number in ["1e999", "-1E+400", &"9".repeat(400_000), &format!("0.{}e400000", "1".repeat(500))] {
            assert_eq!(read(&format!("[1,{number},2]")), json!([1, { "number": "out of range" }, 2]));
        }
    }

    #[test]
    fn a_whole_number_that_no_program_holds_keeps_its_digits_as_a_text() {
        for number in ["18446744073709551616", "-9223372036854775809", &"1234567890".repeat(5)] {
            assert_eq!(read(&format!("{{\"a\":{number}}}")), json!({ "a": number }));
        }
        for text in
            ["[18446744073709551615,-9223372036854775808,1.2345678901234567890123]", "[\"18446744073709551616\"]"]
        {
            assert_eq!(mended(text), text);
        }
    }

    #[test]
    fn what_is_nested_too_deep_is_left_out_and_the_rest_stays() {
        for depth in [DEEPEST, 300, 5_000] {
            let nested = format!("{}\"]\\\"\"{}", "[".repeat(depth), "]".repeat(depth));
            let read = read(&format!(r#"{{"a":{nested},"b":"c","d":{nested}}}"#));
            assert_eq!((&read["b"], read["a"].is_array(), read["d"].is_array()), (&json!("c"), true, true));
        }
        let shallow = format!("{}1{}", "[".repeat(DEEPEST), "]".repeat(DEEPEST));
        assert_eq!(mended(&shallow), shallow);
        for open in ["[", "{", "[\""] {
            let without_end = open.repeat(200_000);
            assert_eq!(mended(&without_end), without_end);
        }
        assert!(!mended(&"[][".repeat(200_000)).is_empty(), "in linear time");
    }

    #[test]
    fn control_characters_in_a_text_are_read() {
        assert_eq!(read("{\"a\":\"x\ny\u{1}\tz\"}"), json!({ "a": "x\ny\u{1}\tz" }));
    }

    #[test]
    fn what_is_json_stays_as_it_is_to_the_byte() {
        for text in [
            r#"{"a":["\ud83d\ude00","\\","\"",-1.5e10,{"b\/":null}],"c":"ñ 🎉 \u00f1 12345678901234567890"}"#,
            "[]",
            "",
            r#""\"#,
            r#"{"a":"\u12"#,
            "<html>\n12e999999x",
        ] {
            if serde_json::from_str::<Value>(text).is_ok() {
                assert!(matches!(mended(text), Cow::Borrowed(same) if same == text), "{text}");
            } else {
                let _ = mended(text);
            }
        }
    }
}
