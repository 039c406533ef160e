//! What the pairs came to, as one result: with several of them a summary first, then what there is to tell of each, and
//! failures last.
//!
//! A report is written away as soon as its pair is done: hundreds of pairs take no more memory than those at work.

use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::Path;

use tempfile::SpooledTempFile;

use super::arguments::ReportFormat as Format;
use super::pair_result::{NotBegun, PairResult};
use super::{Session, code, explain, output};
use crate::config::{Config, Pair};
use crate::report::{self, Audience, Entry, Report};
use crate::run::{Finished, RunError};
use crate::state::{RunRow, State};

/// Reports larger than this together wait in a file beside the state, without a name and for its owner alone.
const IN_MEMORY: usize = 8 * 1024 * 1024;

/// Runs that a page pictures.
const PAST_RUNS: u32 = 30;

/// What `--quiet` prints at most, where the exit code is not 0.
pub(super) const QUIET_LINES: usize = 10;

/// One pair, when it is done.
struct Told {
    place: usize,
    pair: String,
    code: u8,
    /// How it stands, in a sentence.
    verdict: String,
    /// Whether there is more to say than that both sides agree.
    has_news: bool,
    /// Where its report lies on the shelf.
    report: Range<u64>,
    error: Option<anyhow::Error>,
}

/// Collects what the pairs came to.
pub(super) struct Delivery<'a> {
    session: &'a Session,
    config: &'a Config,
    format: Format,
    out: Option<&'a Path>,
    several: bool,
    told: Vec<Told>,
    shelf: SpooledTempFile,
}

impl<'a> Delivery<'a> {
    pub(super) fn new(
        session: &'a Session,
        config: &'a Config,
        format: Format,
        out: Option<&'a Path>,
        pairs: usize,
    ) -> Self {
        let shelf = tempfile::spooled_tempfile_in(IN_MEMORY, &config.state_dir);
        Self { session, config, format, out, several: pairs > 1, told: Vec::new(), shelf }
    }

    /// Takes what one pair came to; `place` is its place among them.
    pub(super) fn take(
        &mut self,
        place: usize,
        pair: &Pair,
        result: PairResult,
        exit: impl Fn(&Finished) -> u8,
    ) -> anyhow::Result<()> {
        let name = pair.name.as_str();
        let begin = self.shelf.stream_position()?;
        let (code, verdict, has_news, error) = match result {
            Ok(finished) => {
                let code = exit(&finished);
                let has_news = code != code::DONE || !finished.plan.operations.is_empty();
                self.shelve(pair, &finished, has_news)?;
                (code, report::verdict(&finished, &Audience::of(self.config, pair)), has_news, None)
            }
            Err(error) => {
                let said = format!("{error:#}");
                self.shelve_failure(pair, &said)?;
                let first = self.session.say(said.lines().next().unwrap_or_default());
                // Who had not begun is counted; hundreds of lines would say no more.
                let has_news = !error.is::<NotBegun>();
                (explain::exit_code(&error), first, has_news, Some(error))
            }
        };
        let report = begin..self.shelf.stream_position()?;
        self.told.push(Told { place, pair: name.to_owned(), code, verdict, has_news, report, error });
        Ok(())
    }

    /// Puts a pair's report on the shelf.
    fn shelve(&mut self, pair: &Pair, finished: &Finished, has_news: bool) -> anyhow::Result<()> {
        let audience = Audience::of(self.config, pair);
        let (quiet, several) = (self.is_quiet(), self.several);
        let style = output::style(&self.session.global, self.out.is_some());
        let mut to = BufWriter::new(&mut self.shelf);
        match self.format {
            Format::Json => report::json_document(&[Entry::Finished(finished)], &mut to)?,
            Format::Html => {
                let past = past_runs(self.config, pair);
                report::html_report(&Report::of(finished, &audience).with_past(&past), &mut to)?;
            }
            Format::Markdown => report::markdown(&Report::of(finished, &audience), &mut to)?,
            Format::Csv => report::csv(&Report::of(finished, &audience), &mut to)?,
            Format::Text if quiet => {
                to.write_all(report::brief(finished, &Audience::of(self.config, pair)).as_bytes())?;
            }
            // The summary has said it.
            Format::Text if several && !has_news => {}
            Format::Text => to.write_all(report::text(&Report::of(finished, &audience), style).as_bytes())?,
        }
        Ok(to.flush()?)
    }

    /// The same of a pair without a plan.
    fn shelve_failure(&mut self, pair: &Pair, error: &str) -> anyhow::Result<()> {
        let (name, said) = (pair.name.as_str(), self.session.say(error));
        match self.format {
            Format::Json => {
                report::json_document(&[Entry::Error { pair: name, error }], &mut self.shelf)?;
            }
            Format::Markdown => {
                report::markdown_failure(name, &said, &Audience::of(self.config, pair), &mut self.shelf)?;
            }
            Format::Html => report::html_failure(name, &said, &Audience::of(self.config, pair), &mut self.shelf)?,
            Format::Csv => report::csv_failure(name, &said, &mut self.shelf)?,
            Format::Text => {}
        }
        Ok(())
    }

    /// Prints everything and says the exit code.
    pub(super) fn deliver(mut self) -> anyhow::Result<u8> {
        let code = code::worst(self.told.iter().map(|told| told.code));
        match self.format {
            Format::Json => self.json()?,
            Format::Html => self.page()?,
            Format::Markdown => self.document("")?,
            Format::Csv => self.document(report::CSV_HEAD)?,
            Format::Text if self.is_quiet() => self.quiet(code)?,
            Format::Text => self.text()?,
        }
        if !(self.several && self.session.global.quiet) {
            self.explain_failures();
        } else if self.format != Format::Text || self.out.is_some() {
            output::complain(&self.ten_lines());
        }
        Ok(code)
    }

    fn is_quiet(&self) -> bool {
        self.session.global.quiet && self.out.is_none()
    }

    /// Whether the configuration kept every pair from beginning: then there is nothing to print.
    fn none_began(&self) -> bool {
        !self.told.is_empty() && self.told.iter().all(|told| told.error.is_some() && told.code == code::CONFIGURATION)
    }

    /// What every pair has to say, one below the other.
    fn document(&mut self, head: &str) -> anyhow::Result<()> {
        if self.none_began() {
            return Ok(());
        }
        self.told.sort_by_key(|told| told.place);
        let Self { told, shelf, out, .. } = self;
        output::deliver_by(*out, |to| {
            to.write_all(head.as_bytes())?;
            told.iter().try_for_each(|told| copy(shelf, &told.report, to))
        })
    }

    /// One page, with an index where there are several pairs.
    fn page(&mut self) -> anyhow::Result<()> {
        if self.none_began() {
            return Ok(());
        }
        self.told.sort_by_key(|told| told.place);
        let Self { told, shelf, several, out, config, .. } = self;
        let audience = Audience::of_all(config);
        let index: Vec<(&str, &str)> = match several {
            true => told.iter().map(|told| (told.pair.as_str(), told.verdict.as_str())).collect(),
            false => Vec::new(),
        };
        output::deliver_by(*out, |to| {
            report::html_head(&audience, &index, to)?;
            told.iter().try_for_each(|told| copy(shelf, &told.report, to))?;
            report::html_foot(to)
        })
    }

    /// One document, or an array of them.
    fn json(&mut self) -> anyhow::Result<()> {
        if self.none_began() {
            return Ok(());
        }
        self.told.sort_by_key(|told| told.place);
        let Self { told, shelf, several, out, .. } = self;
        output::deliver_by(*out, |to| {
            // A part of the pairs may have none.
            if told.is_empty() {
                return to.write_all(b"[]\n");
            }
            if !*several {
                return told.iter().try_for_each(|told| copy(shelf, &told.report, to));
            }
            for (told, lead) in told.iter().zip(std::iter::once("[\n  ").chain(std::iter::repeat(",\n  "))) {
                let mut document = Vec::new();
                copy(shelf, &told.report, &mut document)?;
                let document = String::from_utf8_lossy(&document);
                // No JSON text holds a line break but between its parts.
                write!(to, "{lead}{}", document.trim_end().replace('\n', "\n  "))?;
            }
            to.write_all(b"\n]\n")
        })
    }

    fn text(&mut self) -> anyhow::Result<()> {
        self.sort_failures_last();
        let summary = if self.several { self.summary() } else { String::new() };
        let Self { told, shelf, several, out, .. } = self;
        output::deliver_by(*out, |to| {
            to.write_all(summary.as_bytes())?;
            for told in told.iter().filter(|told| !told.report.is_empty()) {
                if *several {
                    to.write_all(b"\n")?;
                }
                copy(shelf, &told.report, to)?;
            }
            Ok(())
        })
    }

    fn quiet(&mut self, code: u8) -> anyhow::Result<()> {
        if code == code::DONE {
            return Ok(());
        }
        self.sort_failures_last();
        if self.several {
            return output::print(&self.ten_lines());
        }
        let Self { told, shelf, .. } = self;
        let mut text = Vec::new();
        told.iter().try_for_each(|told| copy(shelf, &told.report, &mut text))?;
        let text = String::from_utf8_lossy(&text);
        output::print(&text.lines().take(QUIET_LINES).map(|line| format!("{line}\n")).collect::<String>())
    }

    fn sort_failures_last(&mut self) {
        self.told.sort_by_key(|told| (std::cmp::Reverse(code::rank(told.code)), told.place));
    }

    /// `3 pairs: 1 done, 1 needs a person, 1 failed.`, and a line for each of which there is news.
    fn summary(&self) -> String {
        let news: Vec<&Told> = self.told.iter().filter(|told| told.has_news).collect();
        let width = news.iter().map(|told| told.pair.len()).max().unwrap_or_default();
        let mut text = self.tally() + "\n";
        text.push_str(if news.is_empty() { "" } else { "\n" });
        for told in news {
            text.push_str(&format!("{:width$}  {}\n", told.pair, told.verdict));
        }
        text
    }

    fn tally(&self) -> String {
        let of = |code: u8| self.told.iter().filter(|told| told.code == code).count();
        let kinds =
            code::MOST_SERIOUS_FIRST.iter().rev().map(|code| (*code, of(*code))).filter(|(_, count)| *count > 0);
        let said: Vec<String> = kinds.map(|(code, count)| format!("{count} {}", stands(code, count == 1))).collect();
        self.session.say(&format!("{} pairs: {}.", self.told.len(), said.join(", ")))
    }

    /// The tally, as many of the most serious pairs as there is room for, and where the rest is told.
    fn ten_lines(&self) -> String {
        let serious: Vec<&Told> = self.told.iter().filter(|told| told.code != code::DONE).collect();
        let cut = serious.len().saturating_sub(QUIET_LINES - 1);
        let room = if cut > 0 { QUIET_LINES - 2 } else { QUIET_LINES };
        let mut lines = vec![self.tally()];
        let shown = serious.iter().skip(serious.len().saturating_sub(room));
        lines.extend(shown.map(|told| format!("{}: {}", told.pair, told.verdict)));
        for told in &serious {
            let hint = told.error.as_ref().and_then(explain::hint);
            if let Some(hint) = hint.filter(|_| cut == 0 && lines.len() < QUIET_LINES) {
                let hint = self.session.say(hint.lines().next().unwrap_or_default());
                lines.push(format!("{}: {}: {hint}", told.pair, self.session.word("hint")));
            }
        }
        if cut > 0 {
            lines.push(self.session.say(&format!("And {} more: concord status", serious.len() - room)));
        }
        lines.iter().map(|line| format!("{line}\n")).collect()
    }

    fn explain_failures(self) {
        for told in self.told {
            if let Some(error) = told.error.filter(|_| told.has_news || !self.several) {
                // Whose CRM it is, is said where there is one pair as well.
                let names = self.several || matches!(error.downcast_ref(), Some(RunError::Crm(_)));
                explain::print(&if names { error.context(told.pair) } else { error }, self.session.words());
            }
        }
    }
}

/// The last runs of a pair; none where they cannot be read: they only illustrate.
pub(super) fn past_runs(config: &Config, pair: &Pair) -> Vec<RunRow> {
    let state = State::glance(&State::path_of(&config.state_dir, &pair.name));
    let runs = state.ok().flatten().map(|state| state.runs(PAST_RUNS));
    runs.and_then(Result::ok).unwrap_or_default()
}

/// How pairs with this exit code stand.
const fn stands(code: u8, one: bool) -> &'static str {
    match (code, one) {
        (code::DONE, _) => "done",
        (code::PENDING, _) => "with operations pending",
        (code::PERSON, true) => "needs a person",
        (code::PERSON, false) => "need a person",
        (code::REFUSED, true) => "waits for an approval",
        (code::REFUSED, false) => "wait for an approval",
        (code::STALE, _) => "with a stale plan",
        (code::LOCKED, _) => "at work in another process",
        (code::CONFIGURATION, _) => "wrongly configured",
        (code::CREDENTIALS, _) => "refused by a CRM",
        (code::INTERRUPTED, _) => "interrupted",
        _ => "failed",
    }
}

fn copy(shelf: &mut SpooledTempFile, range: &Range<u64>, to: &mut dyn Write) -> io::Result<()> {
    shelf.seek(SeekFrom::Start(range.start))?;
    io::copy(&mut shelf.take(range.end - range.start), to)?;
    Ok(())
}
