//! One value of the file, read as what is expected there.

use std::net::IpAddr;
use std::ops::{Range, RangeInclusive};
use std::path::PathBuf;
use std::time::Duration;

use jiff::{Span, SpanRelativeTo};
use toml::de::DeValue;

use super::choice::{Choice, listed, nearest};
use super::error::{Place, Problem};
use super::problems::Problems;
use super::source::Source;

/// Longer durations are a slip of the pen, and would overflow dates.
const LONGEST: Duration = Duration::from_hours(24 * 3650);
/// From this likeness on, a word is offered as what was meant.
const ALIKE: f64 = 0.5;
/// Nearly the word "newest", and what nobody who writes it means.
const OPPOSITE: &str = "oldest";

/// A value, and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Found<'a> {
    /// Its full key.
    pub key: String,
    pub value: &'a DeValue<'a>,
    pub span: Range<usize>,
    pub source: &'a Source,
    pub problems: &'a Problems,
}

impl<'a> Found<'a> {
    /// Notes that the value, named by its key, `says` wrong.
    pub fn reject(&self, says: &str, hint: &str) {
        self.note(says, Some(hint.to_owned()), self.source.excerpt(&self.span));
    }

    /// As [`Found::reject`], for what may hold a secret: the line is not quoted.
    pub fn reject_unquoted(&self, says: &str, hint: &str) {
        self.note(says, Some(hint.to_owned()), None);
    }

    /// Where it stands.
    pub fn place(&self) -> Place {
        self.source.place(&self.span, &self.key)
    }

    /// Text that is not empty.
    pub fn text(&self) -> Option<&'a str> {
        match self.value {
            DeValue::String(text) if text.trim().is_empty() => self.expect("text that is not empty"),
            DeValue::String(text) => Some(text.as_ref()),
            _ => self.expect("text in quotes"),
        }
    }

    /// As [`Found::text`], where a secret may stand by mistake: nothing is quoted.
    pub fn quiet_text(&self) -> Option<&'a str> {
        match self.value {
            DeValue::String(text) if !text.trim().is_empty() => Some(text.as_ref()),
            _ => {
                self.note("must be text in quotes, and not empty", None, None);
                None
            }
        }
    }

    /// `true` or `false`.
    pub fn boolean(&self) -> Option<bool> {
        match self.value {
            DeValue::Boolean(yes) => Some(*yes),
            _ => self.expect("true or false, without quotes"),
        }
    }

    /// One word of a fixed list.
    pub fn choice<T: Choice>(&self) -> Option<T> {
        let words = || T::WORDS.iter().map(|(word, _)| *word);
        let DeValue::String(text) = self.value else { return self.expect(&listed(words())) };
        if let Some((_, choice)) = T::WORDS.iter().find(|(word, _)| word == text) {
            return Some(*choice);
        }
        let meant = nearest(text, words()).filter(|(_, likeness)| *likeness >= ALIKE && text != OPPOSITE);
        let hint = meant.map(|(word, _)| format!("did you mean \"{word}\"?"));
        self.note(&format!("must be {}; found {text:?}", listed(words())), hint, self.source.excerpt(&self.span));
        None
    }

    /// A list of such words, none of them twice.
    pub fn choices<T: Choice + PartialEq>(&self) -> Option<Vec<T>> {
        let words = listed(T::WORDS.iter().map(|(word, _)| *word)).replace(" or ", " and ");
        let mut chosen = Vec::new();
        for item in self.list(&format!("a list of {words}"))? {
            let choice = item.choice()?;
            if chosen.contains(&choice) {
                item.reject("stands in the list already", "name it once");
                return None;
            }
            chosen.push(choice);
        }
        Some(chosen)
    }

    /// A whole number within `range`.
    pub fn whole(&self, range: RangeInclusive<u64>) -> Option<u64> {
        let number = match self.value {
            DeValue::Integer(number) => i128::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        match number.and_then(|number| u64::try_from(number).ok()).filter(|number| range.contains(number)) {
            Some(number) => Some(number),
            None if *range.end() == u64::MAX => self.expect(&format!("a whole number, {} or more", range.start())),
            None => self.expect(&format!("a whole number from {} to {}", range.start(), range.end())),
        }
    }

    /// A number that `fits`; `expected` says which do.
    pub fn number(&self, expected: &str, fits: impl Fn(f64) -> bool) -> Option<f64> {
        let number = match self.value {
            DeValue::Integer(number) if number.radix() == 10 => number.as_str().parse().ok(),
            DeValue::Float(number) => number.as_str().parse().ok(),
            _ => None,
        };
        match number.filter(|number| fits(*number)) {
            Some(number) => Some(number),
            None => self.expect(expected),
        }
    }

    /// A share in percent.
    pub fn percent(&self) -> Option<f64> {
        self.number("a number from 0 to 100", |number| (0.0..=100.0).contains(&number))
    }

    /// A length of time; a day is 24 hours.
    pub fn duration(&self) -> Option<Duration> {
        const EXPECTED: &str = "a length of time such as \"120s\", \"15m\", \"1h 30m\" or \"7d\", of ten years at most";
        let DeValue::String(text) = self.value else { return self.expect(EXPECTED) };
        let span: Option<Span> = text.parse().ok();
        let length = span.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok());
        match length.and_then(|length| Duration::try_from(length).ok()).filter(|length| *length <= LONGEST) {
            Some(length) => Some(length),
            None => self.expect(EXPECTED),
        }
    }

    /// A length of time above zero.
    pub fn period(&self) -> Option<Duration> {
        let length = self.duration()?;
        if length.is_zero() { self.expect("longer than zero") } else { Some(length) }
    }

    /// A path, relative to the file that names it.
    pub fn path(&self) -> Option<PathBuf> {
        let text = self.text()?;
        if text.starts_with('~') {
            self.reject("must be a path without `~`", "write the whole path, such as /home/me/state");
            return None;
        }
        Some(self.source.resolve(text))
    }

    /// An address of a CRM without a slash at its end: https, or http on this machine; elsewhere only where `allow_http`.
    pub fn url(&self, allow_http: bool) -> Option<String> {
        let text = self.text()?;
        if !text.contains("://") {
            let scheme = if is_loopback_address(&format!("http://{text}")) { "http" } else { "https" };
            self.reject_unquoted(
                &format!("must begin with {scheme}://"),
                &format!(
                    "write the whole address, such as \"{scheme}://{}\"",
                    if scheme == "http" { "127.0.0.1:8410" } else { "api.example.com" }
                ),
            );
            return None;
        }
        let Ok(url) = reqwest::Url::parse(text) else {
            self.reject_unquoted("must be a web address", "such as \"https://api.example.com\"");
            return None;
        };
        if !url.username().is_empty() || url.password().is_some() {
            self.reject_unquoted("must hold no user name or password", "give the secret under its own key");
            return None;
        }
        if url.query().is_some() || url.fragment().is_some() {
            self.reject_unquoted("must be a web address without `?` and `#`", "cut it before them");
            return None;
        }
        match url.scheme() {
            "https" => {}
            "http" if allow_http || is_loopback(&url) => {}
            _ => {
                return self.expect(
                    "an https:// address (http:// is for this machine alone, such as 127.0.0.1; anywhere else everybody on \
                     the way reads the key: `allow_http = true` beside it takes that on)",
                );
            }
        }
        Some(url.as_str().trim_end_matches('/').to_owned())
    }

    /// A list.
    pub fn list(&self, expected: &str) -> Option<Vec<Found<'a>>> {
        let DeValue::Array(items) = self.value else { return self.expect(expected) };
        let found = items.iter().zip(1..).map(|(item, number)| Found {
            key: format!("{}[{number}]", self.key),
            value: item.get_ref(),
            span: item.span(),
            source: self.source,
            problems: self.problems,
        });
        Some(found.collect())
    }

    /// A list of texts.
    pub fn texts(&self) -> Option<Vec<&'a str>> {
        self.list("a list of texts")?.iter().map(Found::text).collect()
    }

    /// Notes what was expected instead of this value, and gives `None`.
    pub fn expect<T>(&self, expected: &str) -> Option<T> {
        self.note(&format!("must be {expected}; found {}", self.describe()), None, self.source.excerpt(&self.span));
        None
    }

    fn note(&self, says: &str, hint: Option<String>, excerpt: Option<String>) {
        let message = format!("`{}` {says}", self.key);
        self.problems.note(Problem { place: self.place(), message, excerpt, hint });
    }

    /// What it is, in a reader's words. Text is not repeated: it may be a secret in the wrong place.
    fn describe(&self) -> String {
        match self.value {
            DeValue::String(text) if text.trim().is_empty() => "empty text".to_owned(),
            DeValue::String(_) => "text".to_owned(),
            DeValue::Integer(number) => number.to_string(),
            DeValue::Float(number) => number.to_string(),
            DeValue::Boolean(yes) => yes.to_string(),
            DeValue::Datetime(_) => "a date".to_owned(),
            DeValue::Array(_) => "a list".to_owned(),
            DeValue::Table(_) => "a table".to_owned(),
        }
    }
}

/// Whether an address is on this machine.
#[must_use]
pub fn is_loopback_address(text: &str) -> bool {
    reqwest::Url::parse(text).is_ok_and(|url| is_loopback(&url))
}

fn is_loopback(url: &reqwest::Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}
