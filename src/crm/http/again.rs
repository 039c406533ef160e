//! Whether, and when, a request is sent again.

use std::sync::PoisonError;
use std::time::Duration;

use tokio::time::Instant;

use super::Http;
use crate::crm::pace::StopAsked;
use crate::crm::waiting::{Failure, Tries, spoken};
use crate::record::Request;

/// Shorter waits are not worth a word.
const TOLD: Duration = Duration::from_secs(2);

/// Why a request is not sent again.
pub(super) enum End {
    Stopped,
    GaveUp(String),
}

impl Http {
    /// Waits before a request is sent again, or says why that is no use any more.
    pub(super) async fn wait(&self, request: &Request, tries: &mut Tries, failure: &Failure) -> Result<(), End> {
        let now = Instant::now();
        tries.failures += 1;
        if failure.unanswered {
            self.waiting.count(tries.sent, now, false);
            tries.alone += now - tries.sent;
        }
        if let Some(asked) = failure.asked.filter(|asked| *asked > self.patience.asked) {
            let most = spoken(self.patience.asked);
            let why = format!("{}, and asks to wait {}; a run waits {most} at most", failure.message, spoken(asked));
            self.waiting.give_up(&why);
            return Err(End::GaveUp(why));
        }
        if !tries.had_time {
            self.waiting.spent(failure);
            return Err(End::GaveUp(self.after_waiting(failure)));
        }
        if self.is_its_own(request, tries, failure).await {
            return Err(End::GaveUp(failure.message.clone()));
        }
        let wait = self.pause(failure, tries.failures);
        let fresh = self.waiting.count(now, now + wait, failure.throttled);
        self.tell(failure, wait, fresh);
        if failure.throttled {
            self.pace.hold(wait);
            return Ok(());
        }
        tries.alone += wait;
        tokio::select! {
            () = self.stop.cancelled() => Err(End::Stopped),
            () = tokio::time::sleep(wait) => Ok(()),
        }
    }

    /// Whether a request has failed for long enough, and the CRM answers others: then it is this request's own.
    async fn is_its_own(&self, request: &Request, tries: &mut Tries, failure: &Failure) -> bool {
        if failure.throttled || tries.failures < 2 || tries.alone < self.patience.alone {
            return false;
        }
        if failure.brief || self.waiting.heard_since(tries.began) {
            return true;
        }
        tries.alone = Duration::ZERO;
        if *request == self.known_good {
            return false;
        }
        let attempt = tokio::select! {
            () = self.stop.cancelled() => Err(StopAsked),
            attempt = self.attempt(&self.known_good, &self.reads) => attempt,
        };
        attempt.is_ok_and(|attempt| matches!(self.judge_read(&self.known_good, attempt), Ok(Ok(_))))
    }

    /// How long to wait: what the CRM asked for and at least its window; a 429 without a date one window; else ever longer.
    fn pause(&self, failure: &Failure, failures: u32) -> Duration {
        let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
        match failure.asked {
            Some(asked) => self.patience.with_jitter(asked.max(self.pace.interval()), &mut rng),
            None if failure.throttled => self.patience.with_jitter(self.pace.interval(), &mut rng),
            // The last wait is as long as there is patience left.
            None => self.patience.backoff(failures, &mut rng).min(self.waiting.left().max(self.patience.backoff)),
        }
    }

    /// Says what is waited for, once where several requests wait.
    fn tell(&self, failure: &Failure, wait: Duration, fresh: Duration) {
        if fresh < TOLD {
            return;
        }
        let (side, time, why) = (self.dialect.side.title(), spoken(wait), &failure.message);
        if failure.asked.is_some() {
            tracing::warn!("{side} asked to wait ({why}): going on in {time}");
        } else {
            let left = spoken(self.waiting.left());
            tracing::warn!("{side} cannot be read: {why}; asking again in {time}, for up to {left} more");
        }
    }

    fn after_waiting(&self, failure: &Failure) -> String {
        let waited = self.waiting.waited();
        if waited < TOLD {
            return failure.message.clone();
        }
        format!("{}, and was waited for {} in this run", failure.message, spoken(waited))
    }
}
