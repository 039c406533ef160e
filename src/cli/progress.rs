//! How far runs are, on stderr: bars on a terminal, plain lines elsewhere, nothing where it was asked for.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};

use indicatif::{MultiProgress, ProgressBar, ProgressState, ProgressStyle};
use tracing_subscriber::fmt::MakeWriter;

use super::arguments::{Global, LogFormat};
use crate::record::{Kind, Side};
use crate::run::{Part, Progress};

/// Where there is no terminal, a long part is told of each time so many steps were made.
const LINE_EVERY: u64 = 1000;

/// What takes no more steps than this is not told: a bar would only flicker.
const SHORTEST: u64 = 20;

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    Bars,
    Lines,
    Nothing,
}

/// A part that is under way.
#[derive(Debug)]
struct Going {
    bar: Option<ProgressBar>,
    steps: u64,
    total: Option<u64>,
}

/// Progress on stderr. Clones are the same bars.
#[derive(Clone, Debug)]
pub(super) struct Bars {
    look: Look,
    screen: MultiProgress,
    going: Arc<Mutex<BTreeMap<(String, Part), Going>>>,
}

impl Bars {
    pub fn new(global: &Global) -> Self {
        let look = if global.quiet || global.no_progress {
            Look::Nothing
        } else if io::stderr().is_terminal() && global.log_format == LogFormat::Text {
            Look::Bars
        } else if global.log_format == LogFormat::Text {
            Look::Lines
        } else {
            // The log says the same, as JSON; lines between would break it.
            Look::Nothing
        };
        Self { look, screen: MultiProgress::new(), going: Arc::default() }
    }

    fn going(&self) -> std::sync::MutexGuard<'_, BTreeMap<(String, Part), Going>> {
        self.going.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress for Bars {
    fn begins(&self, pair: &str, part: Part, total: Option<u64>) {
        let bar = (self.look == Look::Bars && total.is_none_or(|total| total > SHORTEST)).then(|| {
            let bar = self.screen.add(total.map_or_else(ProgressBar::no_length, ProgressBar::new));
            bar.set_style(style(total.is_some()));
            bar.set_prefix(format!("{pair}  {}", title(part)));
            bar
        });
        self.going().insert((pair.to_owned(), part), Going { bar, steps: 0, total });
    }

    fn moves(&self, pair: &str, part: Part, steps: u64) {
        let mut going = self.going();
        let Some(going) = going.get_mut(&(pair.to_owned(), part)) else { return };
        let before = going.steps;
        going.steps += steps;
        if let Some(bar) = &going.bar {
            // What was there last time is only about what is there now.
            if going.total.is_some_and(|total| going.steps > total) {
                bar.set_length(going.steps);
            }
            bar.set_position(going.steps);
        }
        if self.look == Look::Lines && going.steps / LINE_EVERY > before / LINE_EVERY {
            tell(pair, part, going, false);
        }
    }

    fn ends(&self, pair: &str, part: Part) {
        let Some(going) = self.going().remove(&(pair.to_owned(), part)) else { return };
        if let Some(bar) = &going.bar {
            bar.finish_and_clear();
        }
        if self.look == Look::Lines && going.steps > SHORTEST {
            tell(pair, part, &going, true);
        }
    }
}

/// A line for where there is no terminal.
fn tell(pair: &str, part: Part, going: &Going, is_over: bool) {
    let of = going.total.filter(|total| !is_over && *total > going.steps).map(|total| format!(" of {total}"));
    let line = format!("{pair}: {} {}{}\n", title(part), going.steps, of.unwrap_or_default());
    // Nothing can be done where stderr is closed.
    let _ = io::stderr().lock().write_all(line.as_bytes());
}

/// What is counted: records, contacts that were asked, operations.
fn title(part: Part) -> String {
    match part {
        Part::Listing(side, Kind::Contact) => format!("{} contacts", side.title()),
        // All tasks of a location come at once.
        Part::Listing(Side::Ghl, Kind::Task) => "GHL tasks".to_owned(),
        Part::Listing(side, kind) => format!("{} {kind}s, by contact", side.title()),
        Part::Applying => "operations".to_owned(),
    }
}

fn style(has_end: bool) -> ProgressStyle {
    let template = if has_end {
        "{prefix}  {wide_bar} {human_pos}/{human_len}  {rate}  {eta} left"
    } else {
        "{prefix}  {spinner} {human_pos}  {rate}"
    };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let rate = |state: &ProgressState, out: &mut dyn fmt::Write| {
        // Writing to a line in memory cannot fail.
        let _ = write!(out, "{:.0}/s", state.per_sec());
    };
    style.with_key("rate", rate).progress_chars("█▉▊▋▌▍▎▏ ")
}

/// The log's way to stderr: past the bars, so that neither tears the other.
impl<'a> MakeWriter<'a> for Bars {
    type Writer = PastBars;

    fn make_writer(&'a self) -> PastBars {
        PastBars(self.screen.clone())
    }
}

/// Writes to stderr while the bars stand aside.
pub(super) struct PastBars(MultiProgress);

impl Write for PastBars {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0.suspend(|| io::stderr().write(text))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
