//! The mistakes of a configuration, gathered while it is read.

use std::cell::RefCell;

use super::error::{ConfigError, Problem};

/// The mistakes noted so far.
#[derive(Debug, Default)]
pub(super) struct Problems(RefCell<Vec<Problem>>);

impl Problems {
    /// Notes a mistake, once: the same default read for two pairs is one mistake.
    pub fn note(&self, problem: Problem) {
        let mut list = self.0.borrow_mut();
        if !list.contains(&problem) {
            list.push(problem);
        }
    }

    pub fn note_all(&self, error: &ConfigError) {
        error.problems().iter().for_each(|problem| self.note(problem.clone()));
    }

    /// The error, file by file and from top to bottom, what is missing last; `Ok` when nothing was noted.
    pub fn result(&self) -> Result<(), ConfigError> {
        let mut list = self.0.take();
        // What is missing may only be misnamed: the misnamed key comes first.
        list.sort_by_cached_key(|problem| {
            let (place, is_missing) = (&problem.place, problem.message.ends_with("` is missing"));
            (place.file.clone(), is_missing, place.line)
        });
        if list.is_empty() { Ok(()) } else { Err(ConfigError::new(list)) }
    }
}
