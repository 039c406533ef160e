//! Cliengo's newest contacts: it cannot be asked for an e-mail or a phone (`Cliengo API notes, 2.5`), so whom no run has seen yet
//! is looked for among them.

use std::collections::BTreeSet;

use super::arrivals::{Arrival, arrivals};
use super::session::Job;
use crate::crm::CrmError;
use crate::record::{Forms, MatchKey, SideId};
use crate::state::Missing;

/// So many pages are read at most for somebody whom nobody knows yet.
pub(super) const PAGES_FOR_A_NAME: usize = 4;
/// And so many for somebody of GHL, who is made in Cliengo where all of its contacts were read.
pub(super) const PAGES_FOR_A_CREATE: usize = 20;

/// The newest contacts, as far as they were read.
#[derive(Default)]
pub(super) struct Newest {
    arrivals: Vec<Arrival>,
    rows: usize,
    pages: usize,
    is_at_its_end: bool,
}

impl Newest {
    /// Those of an e-mail or a phone, looked for on so many pages.
    ///
    /// # Errors
    /// When a page cannot be read.
    pub(super) async fn search(
        &mut self,
        job: &Job<'_>,
        forms: &Forms,
        keys: &[MatchKey],
        pages: usize,
    ) -> Result<Vec<SideId>, CrmError> {
        loop {
            let found = self.of(keys);
            if !found.is_empty() || self.is_at_its_end || self.pages >= pages {
                return Ok(found);
            }
            self.read_on(job, forms).await?;
        }
    }

    /// Reads one page more. It is the end where nobody is on it who was on none before.
    async fn read_on(&mut self, job: &Job<'_>, forms: &Forms) -> Result<(), CrmError> {
        let page = job.cliengo.newest(self.rows).await?;
        self.pages += 1;
        self.rows += page.rows;
        let fresh = arrivals(job.cliengo, forms, &page.records);
        let known: BTreeSet<SideId> = self.arrivals.iter().map(|one| one.id.clone()).collect();
        let fresh: Vec<Arrival> = fresh.into_iter().filter(|one| !known.contains(&one.id)).collect();
        self.is_at_its_end = fresh.is_empty();
        self.arrivals.extend(fresh);
        Ok(())
    }

    fn of(&self, keys: &[MatchKey]) -> Vec<SideId> {
        let is_it = |one: &&Arrival| keys.iter().any(|key| one.keys.contains(key));
        self.arrivals.iter().filter(is_it).map(|one| one.id.clone()).collect()
    }

    /// Why somebody who was not found may be there all the same; `None`: all were read, and all of `linked` are among them.
    pub(super) fn doubt(&self, linked: &[Missing]) -> Option<String> {
        let count = self.arrivals.len();
        if !self.is_at_its_end {
            return Some(format!(
                "Cliengo cannot be searched, and its {count} newest contacts are not this one: the next sync of everybody \
                 takes it"
            ));
        }
        let listed: BTreeSet<&str> = self.arrivals.iter().map(|one| one.id.as_str()).collect();
        let lacks = linked.iter().find(|one| !listed.contains(one.id.as_str()))?;
        let id = &lacks.id;
        Some(format!("Cliengo's list lacks {id}, so this one may be missing too: the next sync of everybody takes it"))
    }

    /// What was looked at, for who finds nobody.
    pub(super) fn said(&self) -> String {
        let count = self.arrivals.len();
        match self.arrivals.iter().filter_map(|one| one.created).min() {
            _ if self.pages == 0 => String::new(),
            Some(oldest) if !self.is_at_its_end => format!(
                "; Cliengo cannot be searched by e-mail or phone: its {count} newest contacts were read, back to {}",
                oldest.strftime("%Y-%m-%d")
            ),
            _ => format!("; Cliengo cannot be searched by e-mail or phone: its {count} contacts were read"),
        }
    }
}

/// What is said where they could not be read.
pub(super) fn not_read(error: &CrmError) -> String {
    let why = error.clone().of_one_record();
    format!("Cliengo's newest contacts could not be read, and this one may be among them: {why}")
}
