//! The report as a page: one file that needs nothing else, and no network.
//!
//! The page carries a policy under which a browser runs its own script and style, known by their hashes, and nothing else.

mod changes;
mod charts;
mod needs;
mod rest;

use std::io::{self, Write};

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::audience::Audience;
use super::escape::{on_one_line, visible};
use super::language::Label;
use super::value::{RecordName, Report};
pub(crate) use charts::{charts, runs};

pub(crate) const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Writes the page up to the first report; `pairs` are those that follow, with how they stand, where there are several.
///
/// # Errors
/// Those of `to`.
pub fn html_head(audience: &Audience, pairs: &[(&str, &str)], to: &mut dyn Write) -> io::Result<()> {
    let words = audience.words();
    let policy = format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    );
    let head = html! {
        head {
            meta charset="utf-8";
            meta http-equiv="Content-Security-Policy" content=(policy);
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="referrer" content="no-referrer";
            meta name="robots" content="noindex";
            title { (words.label(Label::Title)) }
            style { (PreEscaped(STYLE)) }
        }
    };
    write!(to, "{}<html lang=\"{}\">{}<body>", DOCTYPE.into_string(), words.tag(), head.into_string())?;
    if !pairs.is_empty() {
        let index = html! {
            nav.pairs aria-label=(words.label(Label::Pairs)) {
                h2 { (words.label(Label::Pairs)) }
                ul { @for (pair, verdict) in pairs { li { a href=(format!("#pair-{pair}")) { (pair) } ": " (on_one_line(verdict)) } } }
            }
        };
        write!(to, "{}", index.into_string())?;
    }
    to.write_all(b"<main>")
}

/// Writes the report of one pair into the page.
///
/// # Errors
/// Those of `to`.
pub fn html_report(report: &Report<'_>, to: &mut dyn Write) -> io::Result<()> {
    let pair = on_one_line(&report.finished.plan.pair);
    write!(to, "<article class=\"report\" id=\"{}\">", html! { (format!("pair-{pair}")) }.into_string())?;
    write!(to, "{}", head(report, &pair).into_string())?;
    write!(to, "{}", needs::section(report).into_string())?;
    write!(to, "{}", rest::numbers(report).into_string())?;
    changes::section(report, &pair, to)?;
    write!(to, "{}", rest::conflicts(report).into_string())?;
    write!(to, "{}", rest::further(report).into_string())?;
    write!(to, "{}", charts::section(report).into_string())?;
    to.write_all(b"</article>")
}

/// Writes why a pair has no report.
///
/// # Errors
/// Those of `to`.
pub fn html_failure(pair: &str, error: &str, audience: &Audience, to: &mut dyn Write) -> io::Result<()> {
    let words = audience.words();
    let failure = html! {
        article.report id=(format!("pair-{pair}")) {
            h1 { (on_one_line(pair)) }
            p { (words.label(Label::Error)) }
            pre { (visible(error)) }
        }
    };
    write!(to, "{}", failure.into_string())
}

/// Writes what ends the page.
///
/// # Errors
/// Those of `to`.
pub fn html_foot(to: &mut dyn Write) -> io::Result<()> {
    let script = html! { script { (PreEscaped(SCRIPT)) } };
    writeln!(to, "</main>{}</body></html>", script.into_string())
}

/// Which pair, what was done, how it stands, and whether everything was read.
fn head(report: &Report<'_>, pair: &str) -> Markup {
    let incomplete: Vec<&str> = report.rows.iter().filter_map(|row| row.incomplete.as_deref()).collect();
    let tone = if report.approve.is_some() || report.finished.failure().is_some() {
        "verdict stop"
    } else if report.finished.needs_a_person() || !incomplete.is_empty() {
        "verdict warn"
    } else {
        "verdict"
    };
    html! {
        a.skip href=(format!("#changes-{pair}")) { (report.label(Label::SkipToChanges)) }
        p.eyebrow { (report.label(Label::Title)) " · " (report.title.join(" · ")) }
        h1 { bdi { (pair) } }
        p class=(tone) { (report.verdict) }
        dl.facts { @for (name, fact) in &report.facts { div { dt { (name) } dd { (fact) } } } }
        @if incomplete.is_empty() {
            p { (report.label(Label::EverythingRead)) }
        } @else {
            section.panel.warn {
                h3 { (report.label(Label::NotEverythingRead)) }
                ul.records { @for why in incomplete { li { (why) } } }
                p { (report.label(Label::NothingDeleted)) }
            }
        }
    }
}

/// A record's name, and its ids as links into both CRMs.
fn named(record: &RecordName) -> Markup {
    html! { strong { bdi { (record.name) } } " " (ids(record)) }
}

fn ids(record: &RecordName) -> Markup {
    html! {
        @for id in &record.ids {
            span.id {
                (id.side.title()) " "
                @if let Some(link) = &id.link {
                    a href=(link) target="_blank" rel="noopener noreferrer" { (id.id) }
                } @else {
                    (id.id)
                }
            }
            " "
        }
    }
}

/// How a policy names a script or a style.
pub(crate) fn hash(content: &str) -> String {
    format!("sha256-{}", STANDARD.encode(digest::digest(&digest::SHA256, content.as_bytes())))
}
