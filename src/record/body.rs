//! Bodies of notes and tasks: HTML and plain text are the same when they read the same.

use html2text::render::TrivialDecorator;
use serde::{Deserialize, Serialize};

use super::text::canonical_text;

/// Wide enough that nothing is ever wrapped: a line break in the result stands for one in the text.
const NO_WRAP: usize = 1_000_000;

/// How often a body is read again for text that is itself markup: deeper than a text of some pages can be. What is left then is
/// taken as text.
const READINGS: usize = 100;

/// Tags that make a text HTML. A lone `<` ("precio < 500") does not.
const TAGS: [&str; 28] = [
    "p",
    "br",
    "div",
    "span",
    "b",
    "i",
    "u",
    "s",
    "em",
    "strong",
    "a",
    "ul",
    "ol",
    "li",
    "h1",
    "h2",
    "h3",
    "h4",
    "table",
    "tbody",
    "tr",
    "td",
    "blockquote",
    "pre",
    "code",
    "font",
    "img",
    "hr",
];

/// A text as its CRM stores it, and as a person reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Body {
    raw: String,
    text: String,
}

impl Body {
    /// Reads a body as stored, plain or HTML.
    #[must_use]
    pub fn new(raw: impl Into<String>) -> Self {
        let raw = raw.into();
        let text = readable(&raw);
        Self { raw, text }
    }

    /// What a person reads: the form that is compared, and the one that the other side gets.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl From<String> for Body {
    fn from(raw: String) -> Self {
        Self::new(raw)
    }
}

impl From<Body> for String {
    fn from(body: Body) -> Self {
        body.raw
    }
}

/// Whether a body is HTML rather than plain text with angle brackets in it.
#[must_use]
pub fn looks_like_html(body: &str) -> bool {
    body.match_indices('<').any(|(at, _)| {
        let rest = body.get(at + 1..).unwrap_or_default();
        let rest = rest.strip_prefix('/').unwrap_or(rest);
        let name: String =
            rest.chars().take_while(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
        let closes = rest.get(name.len()..).and_then(|after| after.chars().next());
        TAGS.contains(&name.as_str())
            && matches!(closes, Some('>' | '/' | ' ' | '\t' | '\n' | '\r'))
            && rest.contains('>')
    })
}

/// The plain `text` as a side that renders HTML must be sent it to read the same.
#[must_use]
pub fn html_from_text(text: &str) -> String {
    if !looks_like_html(text) {
        return text.to_owned();
    }
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\n', "<br>");
    format!("<p>{escaped}</p>")
}

fn readable(raw: &str) -> String {
    let mut text = canonical_text(raw);
    for _ in 0..READINGS {
        if !looks_like_html(&text) {
            return text;
        }
        text = canonical_text(&strip(&text));
    }
    text
}

fn strip(html: &str) -> String {
    html2text::config::with_decorator(TrivialDecorator::new())
        .no_table_borders()
        .string_from_read(html.as_bytes(), NO_WRAP)
        .unwrap_or_else(|_| html.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn html_and_plain_are_equal_when_they_read_the_same() {
        let html = Body::new("<p>Llamar el lunes&nbsp;por la tarde</p>");
        assert_eq!(html.text(), Body::new("Llamar el lunes por la tarde ").text());
        assert_eq!(Body::new("<p>uno</p><p>dos</p>").text(), Body::new("uno\n\ndos").text());
        assert_eq!(Body::new("<p>uno<br>dos &amp; <b>tres</b></p>").text(), "uno\ndos & tres");
    }

    #[test]
    fn angle_brackets_in_plain_text_stay() {
        for plain in ["precio < 500 y > 200", "a <- b", "1 <b 2", "mail <ana@example.com>"] {
            assert_eq!(Body::new(plain).text(), plain);
        }
    }

    #[test]
    fn a_long_note_is_never_wrapped() {
        let long = "palabra ".repeat(500);
        assert_eq!(Body::new(format!("<p>{long}</p>")).text(), long.trim());
    }

    #[test]
    fn nothing_is_as_wide_as_the_page_that_has_no_end() {
        assert_eq!(Body::new("<p>uno</p><hr><p>dos</p>").text(), "uno\n\ndos");
        let table = Body::new("<table><tr><td>uno</td><td>dos</td></tr><tr><td>3</td><td>4</td></tr></table>");
        assert!(table.text().len() < 100, "{} bytes: {:.100}", table.text().len(), table.text());
    }

    #[test]
    fn markup_in_markup_is_read_to_its_end() {
        let mut raw = "<p>fin</p>".to_owned();
        for _ in 0..12 {
            raw = format!("<p>{}</p>", raw.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"));
        }
        assert_eq!(Body::new(raw).text(), "fin");
    }

    #[test]
    fn thousands_of_open_tags_are_read_like_any_other_text() {
        for tag in ["<b>", "<div>", "<ul><li>", "<blockquote>", "<table><tr><td>"] {
            let read = Body::new(format!("{}hola", tag.repeat(6_000 / tag.len()))).text().to_owned();
            assert!(read.ends_with("hola") && read.len() < 1_000_000, "{tag}: {} bytes", read.len());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn reading_what_was_read_changes_nothing(raw in "(<p>|</p>|<br>|&lt;|&amp;|&nbsp;|[a-zñ <>&\n]){0,30}") {
            let once = Body::new(raw).text().to_owned();
            let again = Body::new(once.clone());
            prop_assert_eq!(again.text(), once.as_str());
        }
    }
}
