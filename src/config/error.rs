//! What is wrong with a configuration, said once per mistake, to a person.

use std::fmt;
use std::path::PathBuf;

/// Where in the configuration something stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, as the user named it.
    pub file: PathBuf,
    /// The line, from 1; `None` where the whole file is meant.
    pub line: Option<usize>,
    /// The full key, such as `pair.acme.guard.delete_percent`; empty where no key is meant.
    pub key: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}", self.file.display()),
            None => write!(f, "{}", self.file.display()),
        }
    }
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where it is.
    pub place: Place,
    /// What is wrong and what was expected: one sentence that names the key.
    pub message: String,
    /// The line of the file with carets under the place. Never holds a secret.
    pub excerpt: Option<String>,
    /// How to mend it.
    pub hint: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)?;
        match &self.excerpt {
            Some(excerpt) => write!(f, "\n{excerpt}"),
            None => Ok(()),
        }
    }
}

/// Every mistake found in a configuration, at least one: exit code 10.
///
/// Displays as the one mistake (its hint is [`ConfigError::hint`]), or as all of them, each followed by its own hint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    problems: Vec<Problem>,
}

impl ConfigError {
    pub(super) fn new(problems: Vec<Problem>) -> Self {
        debug_assert!(!problems.is_empty(), "an error has something to say");
        Self { problems }
    }

    pub(super) fn one(place: Place, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(vec![Problem { place, message: message.into(), excerpt: None, hint: Some(hint.into()) }])
    }

    /// The mistakes, file by file and from top to bottom.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// How to mend it, where there is one mistake. With several, each hint stands under its own mistake in the text.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        match self.problems.as_slice() {
            [problem] => problem.hint.as_deref(),
            _ => None,
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [problem] = self.problems.as_slice() {
            return problem.fmt(f);
        }
        write!(f, "the configuration has {} mistakes", self.problems.len())?;
        for problem in &self.problems {
            write!(f, "\n\n{problem}")?;
            if let Some(hint) = &problem.hint {
                write!(f, "\nhint: {hint}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}
