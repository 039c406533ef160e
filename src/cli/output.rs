//! Where results go.

use std::io::{ErrorKind, IsTerminal, Write};
use std::path::Path;

use anyhow::Context;

use super::arguments::{Color, Global};
use super::usage::Usage;
use crate::report::{Line, Page, Style};

/// A terminal's width where it does not say.
const WIDTH: usize = 100;

/// Prints to stdout. A reader that went away (`| head`) is no error.
pub(super) fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other.context("cannot print"),
    }
}

/// Prints to stderr what went wrong.
pub(super) fn complain(text: &str) {
    // Nothing can be done where stderr is closed.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Prints to stdout, or writes to a file, what `write` gives piece by piece.
pub(super) fn deliver_by(
    out: Option<&Path>,
    write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> anyhow::Result<()> {
    if let Some(path) = out {
        return write_whole_by(path, write);
    }
    let mut stdout = std::io::BufWriter::new(std::io::stdout().lock());
    match write(&mut stdout).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other.context("cannot print"),
    }
}

/// Writes a file for its owner alone: whole, or not at all.
pub(super) fn write_whole(path: &Path, text: &str) -> anyhow::Result<()> {
    write_whole_by(path, |file| file.write_all(text.as_bytes()))
}

/// Beside it first, then renamed.
pub(super) fn write_whole_by(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> anyhow::Result<()> {
    let file = beside(path)?;
    let mut file = std::io::BufWriter::new(file);
    write(&mut file).with_context(|| format!("cannot write {}", path.display()))?;
    let file = file.into_inner().map_err(std::io::IntoInnerError::into_error);
    let file = file.with_context(|| format!("cannot write {}", path.display()))?;
    file.persist(path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(())
}

/// Refuses a file that could not be written: before the work whose result it is to hold.
pub(super) fn check_writable(path: &Path) -> anyhow::Result<()> {
    if path.is_dir() {
        let message = format!("cannot write {}: it is a folder", path.display());
        return Err(Usage { message, hint: "name a file in it".to_owned() }.into());
    }
    beside(path).map(drop)
}

/// A file without a name of its own yet, in the folder of `path`.
fn beside(path: &Path) -> anyhow::Result<tempfile::NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let failed = || format!("cannot write to {}", folder.display());
    if !folder.is_dir() {
        let why = std::io::Error::new(ErrorKind::NotFound, "there is no such folder");
        return Err(why).with_context(failed);
    }
    // Its own words name the file that was to be renamed, which nobody asked for.
    let plainly = |why: std::io::Error| {
        let words = why.to_string();
        std::io::Error::new(why.kind(), words.split(" at path ").next().unwrap_or_default().to_owned())
    };
    tempfile::NamedTempFile::new_in(folder).map_err(plainly).with_context(failed)
}

/// How a report is drawn on stdout.
pub(super) fn style(global: &Global, to_file: bool) -> Style {
    let colour = match global.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => !to_file && std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
    };
    let width = if to_file { WIDTH } else { width() };
    Style { colour, width }
}

/// A text as a terminal has room for it: longer lines are wrapped between words, and keep their indentation. Where nobody
/// says how wide a line may be, it stays as it is.
pub(super) fn fitted(text: &str) -> String {
    let Some(width) = columns() else { return text.to_owned() };
    let mut page = Page::new(Style { colour: false, width });
    for line in text.lines() {
        let said = line.trim_start_matches(' ');
        let indent = line.len() - said.len();
        page.flow(Line::of(" ".repeat(indent)), indent + 2, Line::of(said));
    }
    page.finish()
}

/// Columns of the terminal behind stdout.
fn width() -> usize {
    columns().unwrap_or(WIDTH)
}

/// The same, where there is a terminal, or somebody says how wide it is.
pub(super) fn columns() -> Option<usize> {
    let told = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    told.or_else(terminal_width)
}

#[cfg(unix)]
fn terminal_width() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
    // A terminal that does not know its width says 0.
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}

#[cfg(not(unix))]
const fn terminal_width() -> Option<usize> {
    None
}

/// Whether the log on stderr is coloured.
pub(super) fn colour_on_stderr(global: &Global) -> bool {
    match global.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
    }
}
