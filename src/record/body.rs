//! Bodies of notes and tasks: one CRM keeps plain text, the other markup; they are the same when they read the same.
//! (`semantics` 47, 48)

mod cut;
mod markup;
mod tag;

use serde::{Deserialize, Serialize};

use super::text::canonical_text;

pub use cut::{beginning, cut, is_beginning};

/// A text as its CRM stores it, and as a person reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct Body {
    raw: String,
    /// `None` where it is stored as it reads: most are, and long.
    text: Option<String>,
    form: Form,
    /// Whether it holds what plain text cannot: links, images, tables, attachments.
    rich: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Plain,
    Markup,
}

/// As it stands in the state: what was kept before forms were told apart is a text alone.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Stored {
    Markup(String),
    Plain { plain: String },
}

impl Body {
    /// Reads the body of a side that keeps plain text: what looks like a tag is text.
    #[must_use]
    pub fn plain(raw: impl Into<String>) -> Self {
        let raw = raw.into();
        Self { text: unless_same(canonical_text(&raw), &raw), raw, form: Form::Plain, rich: false }
    }

    /// Reads the body of a side that shows markup; one without a known tag in well-formed position is plain text.
    #[must_use]
    pub fn markup(raw: impl Into<String>) -> Self {
        let raw = raw.into();
        let read =
            if tag::has_one(&raw) { markup::read(&raw) } else { markup::Read { text: raw.clone(), rich: false } };
        Self { text: unless_same(canonical_text(&read.text), &raw), raw, form: Form::Markup, rich: read.rich }
    }

    /// What a person reads: the form that is compared, and the one that the other side gets.
    #[must_use]
    pub fn text(&self) -> &str {
        self.text.as_ref().unwrap_or(&self.raw)
    }

    /// Whether plain text in its place would destroy links, images, tables or attachments.
    #[must_use]
    pub const fn is_rich(&self) -> bool {
        self.rich
    }

    /// Whether both read the same. What one side stores the same does, whichever version read it.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        self.text() == other.text() || (self.form, &self.raw) == (other.form, &other.raw)
    }
}

fn unless_same(text: String, raw: &str) -> Option<String> {
    (text != raw).then_some(text)
}

impl From<Stored> for Body {
    fn from(stored: Stored) -> Self {
        match stored {
            Stored::Markup(raw) => Self::markup(raw),
            Stored::Plain { plain } => Self::plain(plain),
        }
    }
}

impl From<Body> for Stored {
    fn from(body: Body) -> Self {
        match body.form {
            Form::Plain if tag::has_one(&body.raw) => Self::Plain { plain: body.raw },
            _ => Self::Markup(body.raw),
        }
    }
}

/// The plain `text` as a side that shows markup must be sent it to read the same.
#[must_use]
pub fn html_from_text(text: &str) -> String {
    if !text.contains(['<', '>', '&']) {
        return text.to_owned();
    }
    let mut html = String::from("<p>");
    let mut before = '\n';
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '\n' => html.push_str("<br>"),
            // Of several blanks markup shows one.
            ' ' if before.is_whitespace() => html.push_str("&nbsp;"),
            '\t' | '\u{b}' | '\u{c}' => html.push_str(&format!("<span style=\"white-space:pre\">{c}</span>")),
            other => html.push(other),
        }
        before = c;
    }
    html.push_str("</p>");
    html
}

#[cfg(test)]
mod tests;
