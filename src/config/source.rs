//! A configuration file as text: lines, excerpts, and paths relative to it.

use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::{ConfigError, Place};

/// Words that name a secret: a line that holds one before its value is never quoted in a message.
const SECRET_WORDS: [&str; 7] = ["key", "token", "secret", "password", "healthcheck", "webhook", "hooks"];

/// Where packages put the configuration.
const PACKAGED: &str = "/etc/concord/schedules.toml";

/// What to do about a configuration that cannot be read.
fn unread(path: &Path) -> String {
    if path != Path::new(PACKAGED) && Path::new(PACKAGED).exists() {
        format!("the one that the package set up is named so: concord --config {PACKAGED} status")
    } else {
        "run it in the folder of your schedules.toml, name that file with --config, or write a first one with: concord init"
            .to_owned()
    }
}

/// One file of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Source {
    pub path: PathBuf,
    pub text: String,
}

impl Source {
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        if path.is_dir() {
            let hint = format!("name the file in it: --config {}", path.join("schedules.toml").display());
            return Err(ConfigError::one(whole_file(path), "this is a folder, not a file", hint));
        }
        match std::fs::read(path) {
            Ok(bytes) => match String::from_utf8(bytes) {
                Ok(text) => Ok(Self { path: path.to_owned(), text }),
                Err(_) => Err(ConfigError::one(
                    whole_file(path),
                    "the file is not UTF-8 text",
                    "save it with the encoding UTF-8",
                )),
            },
            Err(error) => {
                Err(ConfigError::one(whole_file(path), format!("the file cannot be read: {error}"), unread(path)))
            }
        }
    }

    /// The place of a span, for a message.
    pub fn place(&self, span: &Range<usize>, key: &str) -> Place {
        Place { file: self.path.clone(), line: Some(self.line(span.start)), key: key.to_owned() }
    }

    /// `path` as it stands in this file, seen from the working directory.
    pub fn resolve(&self, path: &str) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(path)
    }

    /// The line on which `span` starts, cut after the span, with carets under it.
    ///
    /// What follows the span is never shown, nor anything on a line that names a secret before it.
    pub fn excerpt(&self, span: &Range<usize>) -> Option<String> {
        let before = self.text.get(..span.start)?;
        let lead = before.rsplit('\n').next().unwrap_or(before);
        let marked = self.text.get(span.clone())?.lines().next()?;
        let lower = lead.to_lowercase();
        if marked.is_empty() || SECRET_WORDS.iter().any(|word| lower.contains(word)) {
            return None;
        }
        let number = self.line(span.start).to_string();
        let gutter = " ".repeat(number.len());
        let indent: String = lead.chars().map(|character| if character == '\t' { '\t' } else { ' ' }).collect();
        let carets = "^".repeat(marked.chars().count());
        let more =
            if self.text.get(span.start + marked.len()..).is_some_and(|rest| !ends_line(rest)) { " …" } else { "" };
        Some(format!("{gutter} |\n{number} | {lead}{marked}{more}\n{gutter} | {indent}{carets}"))
    }

    fn line(&self, offset: usize) -> usize {
        self.text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
    }
}

/// The place of a problem that concerns the whole file.
pub(super) fn whole_file(path: &Path) -> Place {
    Place { file: path.to_owned(), line: None, key: String::new() }
}

fn ends_line(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with('\n') || rest.starts_with("\r\n")
}
