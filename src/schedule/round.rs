//! One due time of a schedule, for all of its pairs: whoever is notified hears of it once.

use std::sync::Arc;

use tokio::task::JoinHandle;

use crate::notify::{self, Notifier, Told};

/// A round that is under way.
#[derive(Debug)]
pub(super) struct Round {
    notifier: Arc<Notifier>,
    begins: JoinHandle<()>,
    told: Vec<Told>,
}

impl Round {
    /// Begins one, and says so.
    pub fn begin(notifier: &Arc<Notifier>) -> Self {
        let teller = Arc::clone(notifier);
        let begins = tokio::spawn(async move { teller.begins().await });
        Self { notifier: Arc::clone(notifier), begins, told: Vec::new() }
    }

    /// Takes in what came of a pair.
    pub fn note(&mut self, told: Told) {
        self.told.push(told);
    }

    /// Says what came of it all, after that it began.
    pub async fn end(self, name: String) {
        // A telling that broke off says so itself.
        let _ = self.begins.await;
        if !self.told.is_empty() {
            self.notifier.ended(notify::Round { name: &name, pairs: &self.told }).await;
        }
    }
}
