//! Phones: one line is one phone however it is written; what is written is kept, and nothing is ever dropped.

mod line;
mod written;

use std::fmt;

use serde::{Deserialize, Serialize};

use super::text::canonical_line;

/// The country that a phone without a country code belongs to.
pub use rlibphonenumber::Region;

/// A phone as stored, and in E.164 where its digits are a possible number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phone {
    /// As its CRM stores it.
    pub raw: String,
    /// `+5491155667788`; `None` where it is no number, or none without its extension.
    pub e164: Option<String>,
    /// The line and its extension, where it has one. (`semantics` 37)
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<Box<Extension>>,
    /// Why it cannot be used, where it cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unusable: Option<NoPhone>,
}

/// A line behind which somebody is reached by a further number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension {
    /// The line, in E.164.
    pub line: String,
    /// The further number.
    pub number: String,
}

/// Why a text is no phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoPhone {
    /// It has no digits.
    NoDigits,
    /// No numbering plan has numbers so short.
    TooShort,
    /// No numbering plan has numbers so long.
    TooLong,
    /// It can only be dialled from its own place.
    NoArea,
    /// Its country cannot be told, or there is none.
    NoCountry,
    /// One digit all over, or the row of digits.
    Filler,
    /// A tax or identity number.
    Identity,
    /// More than one number.
    Several,
    /// The id of a chat that is no line.
    Chat,
    /// An e-mail, or another address.
    Address,
    /// A spreadsheet rounded it.
    Rounded,
    /// A CRM does not show all of it.
    Masked,
}

impl fmt::Display for NoPhone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoDigits => "it holds no number",
            Self::TooShort => "it is too short for a phone number",
            Self::TooLong => "it is too long for a phone number",
            Self::NoArea => "its area code is missing",
            Self::NoCountry => "no country has such numbers",
            Self::Filler => "it is a filler and not a number",
            Self::Identity => "it is written as an identity number (CUIT, CPF, RUT)",
            Self::Several => "it holds more than one number",
            Self::Chat => "it is the id of a chat and not a number",
            Self::Address => "it is an address and not a number",
            Self::Masked => "some of its digits are hidden",
            Self::Rounded => "a spreadsheet rounded it, and its last digits are lost",
        })
    }
}

impl Phone {
    /// Reads a phone; one without a country code is of `region`.
    #[must_use]
    pub fn new(raw: &str, region: Option<Region>) -> Self {
        let raw = canonical_line(raw);
        let read = written::read(&raw).and_then(|written| Ok((line::e164(&written, region)?, written.extension)));
        let (e164, extension, unusable) = match read {
            Ok((line, Some(number))) => (None, Some(Box::new(Extension { line, number })), None),
            Ok((line, None)) => (Some(line), None, None),
            Err(why) => (None, None, Some(why)),
        };
        Self { raw, e164, extension, unusable }
    }

    /// A number as it is sent.
    #[must_use]
    pub fn of(e164: &str) -> Self {
        Self { raw: e164.to_owned(), e164: Some(e164.to_owned()), extension: None, unusable: None }
    }

    /// The digits alone.
    #[must_use]
    pub fn digits(&self) -> String {
        let line = self.extension.as_ref().map(|extension| &extension.line);
        let from = self.e164.as_ref().or(line).unwrap_or(&self.raw);
        from.chars().filter_map(|c| c.to_digit(10)).filter_map(|d| char::from_digit(d, 10)).collect()
    }

    /// What is compared within one side: E.164 with its extension, or the text as it stands.
    #[must_use]
    pub fn key(&self) -> String {
        match (&self.e164, &self.extension) {
            (Some(e164), _) => e164.clone(),
            (None, Some(extension)) => extension.with(&extension.line),
            (None, None) => self.raw.clone(),
        }
    }

    /// Whether both are one phone, as far as one side is concerned. What is written the same is, whoever read it.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        self.raw == other.raw || self.key() == other.key()
    }

    /// What proposes a match: every spelling of one line has one match key. `None` for what is no number: it is never
    /// matched (`semantics` 8, 36, 37).
    ///
    /// Argentina's mobiles are dialled with and without the 9 (`+54 9 11 …`, `+54 11 …`), Mexico's with and without the 1,
    /// Brazil's are written with and without the ninth digit.
    #[must_use]
    pub fn match_key(&self) -> Option<String> {
        match (&self.e164, &self.extension) {
            (Some(e164), _) => Some(line::key(e164)),
            (None, Some(extension)) => Some(extension.with(&line::key(&extension.line))),
            (None, None) => None,
        }
    }

    /// Whether both are the same line, whatever extension stands behind it.
    #[must_use]
    pub fn is_line_of(&self, other: &Self) -> bool {
        let line = |phone: &Self| {
            let extended = phone.extension.as_ref().map(|extension| &extension.line);
            phone.e164.as_ref().or(extended).map(|line| line::key(line))
        };
        line(self).is_some() && line(self) == line(other)
    }
}

impl Extension {
    fn with(&self, line: &str) -> String {
        format!("{line};ext={}", self.number)
    }
}

#[cfg(test)]
mod tests;
