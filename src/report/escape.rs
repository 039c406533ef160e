//! Text of a CRM's made harmless: nothing in it steers a terminal or turns the reading direction.

use std::io::{self, Write};

/// Whether a character does something to what is around it instead of being shown.
fn steers(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A record's text with everything visible that could paint the terminal or turn the reading direction.
#[must_use]
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => shown.push('\n'),
            '\t' => shown.push_str("\\t"),
            steering if steers(steering) => shown.extend(steering.escape_unicode()),
            other => shown.push(other),
        }
    }
    shown
}

/// As [`visible`], on one line.
#[must_use]
pub fn on_one_line(text: &str) -> String {
    visible(text).replace('\n', "⏎")
}

/// A name between quotes, on one line. Its emoji stay whole.
#[must_use]
pub fn in_quotes(name: &str) -> String {
    format!("\"{}\"", on_one_line(name).replace('"', "\\\""))
}

/// JSON that means the same and can be printed: its texts steer nothing either. Between the texts only line breaks are
/// such characters.
#[must_use]
pub fn printable_json(json: &str) -> String {
    let mut printed = String::with_capacity(json.len());
    for character in json.chars() {
        match escaped(character) {
            Some(escaped) => printed.push_str(&escaped),
            None => printed.push(character),
        }
    }
    printed
}

/// How a character that steers stands in JSON.
fn escaped(character: char) -> Option<String> {
    (character != '\n' && steers(character)).then(|| format!("\\u{:04x}", u32::from(character)))
}

/// The same as [`printable_json`], of JSON that is still being written.
pub(super) struct Printable<'a>(pub &'a mut dyn Write);

impl Write for Printable<'_> {
    fn write(&mut self, json: &[u8]) -> io::Result<usize> {
        let whole = match std::str::from_utf8(json) {
            Ok(text) => text,
            // The rest of a character comes with what is written next.
            Err(cut) => std::str::from_utf8(json.get(..cut.valid_up_to()).unwrap_or_default()).unwrap_or_default(),
        };
        if whole.is_empty() && !json.is_empty() {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut plain = 0;
        for (at, character) in whole.char_indices() {
            if let Some(escaped) = escaped(character) {
                self.0.write_all(whole.get(plain..at).unwrap_or_default().as_bytes())?;
                self.0.write_all(escaped.as_bytes())?;
                plain = at + character.len_utf8();
            }
        }
        self.0.write_all(whole.get(plain..).unwrap_or_default().as_bytes())?;
        Ok(whole.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_name_cannot_paint_the_terminal() {
        let shown = on_one_line("Ana\u{1b}[2J\u{7}\u{9b}31m\u{202e}zemóG\u{2066}\r\nfin");
        assert!(!shown.chars().any(steers));
        assert_eq!(shown, r"Ana\u{1b}[2J\u{7}\u{9b}31m\u{202e}zemóG\u{2066}\u{d}⏎fin");
    }

    #[test]
    fn printed_json_says_the_same_and_steers_nothing() {
        let value = serde_json::json!({ "name": "\u{1b}[31m\u{9b}2J\u{7f}\u{202e}evil\\ \" ñ 🎉\n<script>" });
        let printed = printable_json(&serde_json::to_string_pretty(&value).unwrap());
        assert!(!printed.chars().any(|character| character != '\n' && steers(character)), "{printed:?}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&printed).unwrap(), value);
        let mut written = Vec::new();
        serde_json::to_writer_pretty(Printable(&mut written), &value).unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), printed);
        assert!(Printable(&mut Vec::new()).write_all(&[0xff]).is_err());
    }
}
