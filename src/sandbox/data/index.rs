//! The search index: what `contacts/search` and `tasks/search` show (GHL API notes, 5).

use std::collections::VecDeque;
use std::sync::Arc;

use super::Moment;
use super::ghl_record::{GhlContact, GhlTask};
use super::table::Table;

/// A write that the index hears of.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    Contact(Arc<GhlContact>),
    ContactGone(String),
    Task(Arc<GhlTask>),
    TaskGone(String),
}

impl Change {
    fn subject(&self) -> &str {
        match self {
            Self::Contact(contact) => &contact.id,
            Self::Task(task) => &task.id,
            Self::ContactGone(id) | Self::TaskGone(id) => id,
        }
    }
}

/// A copy of contacts and tasks that follows the primary store after the lag.
#[derive(Clone, Debug)]
pub(crate) struct Index {
    pub(in crate::sandbox) contacts: Table<GhlContact>,
    pub(in crate::sandbox) tasks: Table<GhlTask>,
    /// Deleted tasks, oldest first: some locations list them.
    pub(in crate::sandbox) deleted_tasks: Vec<Arc<GhlTask>>,
    /// Requests so far.
    asked: u64,
    /// What is not visible yet, with the instant and the request at which it will be.
    waiting: VecDeque<(i64, u64, Change)>,
}

impl Index {
    pub(in crate::sandbox) fn empty() -> Self {
        Self {
            contacts: Table::derived(),
            tasks: Table::derived(),
            deleted_tasks: Vec::new(),
            asked: 0,
            waiting: VecDeque::new(),
        }
    }

    /// Takes a write in: at once without lag, else when it is due.
    pub(in crate::sandbox) fn hear(&mut self, change: Change, moment: Moment) {
        if moment.lag > 0 || moment.lag_requests > 0 {
            self.waiting.push_back((moment.now + moment.lag, self.asked + moment.lag_requests, change));
            return;
        }
        // An older write must not come after this one.
        self.waiting.retain(|(_, _, other)| other.subject() != change.subject());
        self.show(change);
    }

    /// Counts a request, and shows whatever is due.
    pub(in crate::sandbox) fn catch_up(&mut self, now: i64) {
        self.asked += 1;
        let asked = self.asked;
        while self.waiting.front().is_some_and(|(due, request, _)| *due <= now && *request <= asked) {
            if let Some((_, _, change)) = self.waiting.pop_front() {
                self.show(change);
            }
        }
    }

    fn show(&mut self, change: Change) {
        match change {
            Change::Contact(contact) => self.contacts.save(contact),
            Change::Task(task) => self.tasks.save(task),
            Change::ContactGone(id) => {
                self.contacts.remove(&id);
            }
            Change::TaskGone(id) => self.deleted_tasks.extend(self.tasks.remove(&id)),
        }
    }
}
