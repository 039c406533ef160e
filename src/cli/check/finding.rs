//! One line of `check`: what was looked at, how it is, and how to mend it.

use serde::Serialize;

use super::super::{code, explain};
use crate::report::language::Messages;
use crate::report::{Line, Page, Paint, Style, on_one_line, padded};

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Verdict {
    /// As it should be.
    Ok,
    /// It works, and somebody should look at it.
    Warn,
    /// A night would not work.
    Fail,
}

impl Verdict {
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }

    const fn paint(self) -> Paint {
        match self {
            Self::Ok => Paint::Green,
            Self::Warn => Paint::Yellow,
            Self::Fail => Paint::Red,
        }
    }
}

/// One line of the result.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    /// What was looked at: `acme.ghl.scopes`.
    pub id: String,
    pub result: Verdict,
    pub detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    #[serde(skip)]
    pub code: u8,
}

impl Finding {
    pub fn ok(id: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { id: id.into(), result: Verdict::Ok, detail: detail.into(), hint: None, code: code::DONE }
    }

    pub fn warn(id: impl Into<String>, detail: impl Into<String>, hint: impl Into<String>) -> Self {
        let hint = Some(hint.into());
        Self { id: id.into(), result: Verdict::Warn, detail: detail.into(), hint, code: code::DONE }
    }

    pub fn fail(id: impl Into<String>, error: impl Into<anyhow::Error>) -> Self {
        let error = error.into();
        let (hint, code) = (explain::hint(&error), explain::exit_code(&error));
        Self { id: id.into(), result: Verdict::Fail, detail: format!("{error:#}"), hint, code }
    }

    /// The same, with a better word on how to mend it.
    pub fn mended_by(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

/// The findings as a table that fits the terminal.
pub(super) fn table(findings: &[Finding], words: &dyn Messages, style: Style) -> String {
    let width = findings.iter().map(|finding| finding.id.chars().count()).max().unwrap_or(0);
    let marks = [Verdict::Ok, Verdict::Warn, Verdict::Fail].map(|verdict| words.word(verdict.word()).chars().count());
    let mark = marks.into_iter().max().unwrap_or_default();
    let indent = width + mark + 4;
    let mut page = Page::new(style);
    for finding in findings {
        let lead = Line::of(format!("{}  ", padded(&finding.id, width)))
            .paint(padded(words.word(finding.result.word()), mark), finding.result.paint())
            .then("  ");
        // What a CRM said may stand in it.
        page.flow(lead, indent, Line::of(shown(&words.say(&finding.detail))));
        if let Some(hint) = &finding.hint {
            page.flow(
                Line::of(" ".repeat(indent)),
                indent + 6,
                Line::of(format!("{}: {}", words.word("hint"), shown(&words.say(hint)))),
            );
        }
    }
    page.finish()
}

/// Every line of it, escaped.
fn shown(text: &str) -> String {
    text.lines().map(on_one_line).collect::<Vec<_>>().join("\n")
}
