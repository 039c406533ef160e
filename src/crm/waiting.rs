//! How long a CRM is waited for: by the time that all of a run's requests wait, not by attempts. (`semantics` 62)

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// After so many requests without any answer, none of them while there was patience left, no further one is sent.
const SILENT: u32 = 3;

/// Why, and when, a request is sent again.
#[derive(Debug, Default)]
pub(super) struct Failure {
    /// What happened.
    pub message: String,
    /// How long the CRM asked to wait.
    pub asked: Option<Duration>,
    /// It was too fast.
    pub throttled: bool,
    /// No answer came: the time until that was known was waited, too.
    pub unanswered: bool,
    /// It is more likely wrong for good than for a moment.
    pub brief: bool,
}

impl Failure {
    /// One that the CRM answered.
    pub fn answered(message: impl Into<String>, asked: Option<Duration>) -> Self {
        Self { message: message.into(), asked, ..Self::default() }
    }

    /// One without an answer.
    pub fn unanswered(message: impl Into<String>) -> Self {
        Self { message: message.into(), unanswered: true, ..Self::default() }
    }
}

/// One request's attempts so far.
#[derive(Debug)]
pub(super) struct Tries {
    pub began: Instant,
    pub sent: Instant,
    pub failures: u32,
    /// How long this request alone has been failing, since the CRM was last asked whether it is well otherwise.
    pub alone: Duration,
    /// Whether there was patience left when it was sent last.
    pub had_time: bool,
}

impl Tries {
    /// None yet.
    pub fn none() -> Self {
        let now = Instant::now();
        Self { began: now, sent: now, failures: 0, alone: Duration::ZERO, had_time: true }
    }

    /// It is sent now.
    pub fn send(&mut self, waiting: &Waiting) {
        self.sent = Instant::now();
        self.had_time = waiting.left() > Duration::ZERO;
    }
}

/// What all requests to one CRM have waited in this run.
#[derive(Debug)]
pub(super) struct Waiting {
    in_all: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// For a CRM that fails or does not answer.
    failing: Duration,
    /// For one that asks for pauses, since it last took a request: a slow CRM is no broken one.
    throttled: Duration,
    /// Until when waiting is counted already: who waits at the same time waits once.
    counted_until: Option<Instant>,
    answered: Option<Instant>,
    unanswered: u32,
    given_up: Option<String>,
}

impl Waiting {
    /// Nothing was waited yet, of `in_all`.
    pub fn new(in_all: Duration) -> Self {
        Self { in_all, state: Mutex::default() }
    }

    /// How much longer a run waits.
    pub fn left(&self) -> Duration {
        let state = self.state();
        self.in_all.saturating_sub(state.failing + state.throttled)
    }

    /// Counts the time between two instants; how much of it nobody else had counted.
    pub fn count(&self, from: Instant, until: Instant, throttled: bool) -> Duration {
        let mut state = self.state();
        let from = state.counted_until.map_or(from, |counted| counted.max(from));
        let fresh = until.saturating_duration_since(from);
        if throttled {
            state.throttled += fresh;
        } else {
            state.failing += fresh;
        }
        state.counted_until = state.counted_until.max(Some(until));
        fresh
    }

    /// It answered a request, with a yes or a no.
    pub fn heard(&self) {
        let mut state = self.state();
        state.answered = Some(Instant::now());
        state.throttled = Duration::ZERO;
        state.unanswered = 0;
    }

    /// Whether it answered any request since.
    pub fn heard_since(&self, since: Instant) -> bool {
        self.state().answered.is_some_and(|answered| answered > since)
    }

    /// A request failed that nobody has patience for: where no answer comes at all, there is no further one.
    pub fn spent(&self, failure: &Failure) {
        let mut state = self.state();
        if failure.unanswered {
            state.unanswered += 1;
        }
        if state.unanswered >= SILENT {
            state.given_up.get_or_insert_with(|| failure.message.clone());
        }
    }

    /// No further request is sent.
    pub fn give_up(&self, why: &str) {
        self.state().given_up.get_or_insert_with(|| why.to_owned());
    }

    /// Why no further request is sent, where none is.
    pub fn given_up(&self) -> Option<String> {
        self.state().given_up.clone()
    }

    /// What was waited for it while it failed.
    pub fn waited(&self) -> Duration {
        let state = self.state();
        state.failing + state.throttled
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A duration as people say it: `20 s`, `4 min 12 s`, `1 h 5 min`.
pub(super) fn spoken(duration: Duration) -> String {
    let seconds = duration.as_secs() + u64::from(duration.subsec_millis() >= 500);
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes, rest) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, 0) => format!("{minutes} min"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, 0, _) => format!("{hours} h"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn who_waits_at_the_same_time_waits_once() {
        let (waiting, now) = (Waiting::new(10 * SECOND), Instant::now());
        assert_eq!(waiting.count(now, now + 4 * SECOND, false), 4 * SECOND);
        assert_eq!(waiting.count(now + SECOND, now + 5 * SECOND, false), SECOND);
        assert_eq!(waiting.count(now, now + 2 * SECOND, false), Duration::ZERO);
        assert_eq!(waiting.left(), 5 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn pauses_of_a_crm_that_goes_on_are_no_outage() {
        let (waiting, now) = (Waiting::new(10 * SECOND), Instant::now());
        waiting.count(now, now + 8 * SECOND, true);
        assert_eq!(waiting.left(), 2 * SECOND);
        waiting.heard();
        assert_eq!(waiting.left(), 10 * SECOND);
        waiting.count(now, now + 12 * SECOND, false);
        waiting.heard();
        assert_eq!(waiting.left(), 6 * SECOND, "what was waited while it failed is gone");
    }

    #[test]
    fn a_crm_that_stays_silent_is_left_alone() {
        let (waiting, silence) = (Waiting::new(SECOND), Failure::unanswered("no answer in time"));
        waiting.spent(&silence);
        waiting.spent(&silence);
        assert_eq!(waiting.given_up(), None);
        waiting.spent(&silence);
        assert_eq!(waiting.given_up().as_deref(), Some("no answer in time"));
    }

    #[test]
    fn durations_are_said_as_people_say_them() {
        let said: Vec<String> = [0, 20, 60, 252, 3600, 7500].map(|secs| spoken(Duration::from_secs(secs))).into();
        assert_eq!(said, ["0 s", "20 s", "1 min", "4 min 12 s", "1 h", "2 h 5 min"]);
    }
}
