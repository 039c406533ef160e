//! How long to wait before asking again, and the dates in headers.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// How long is waited for what. The defaults are for real CRMs; tests shorten them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For a connection, with its TLS handshake.
    pub connect: Duration,
    /// Between two pieces of an answer.
    pub read: Duration,
    /// For a whole request, to the last byte of its answer.
    pub total: Duration,
    /// The first wait after a failure; every further one is twice as long.
    pub backoff: Duration,
    /// The longest such wait.
    pub longest: Duration,
    /// The longest wait that a CRM may ask for.
    pub asked: Duration,
    /// How long a 429 without `Retry-After` rests where no window was announced (`GHL API notes, 2`: 10 s), and the least that
    /// is waited where a CRM asks to.
    pub interval: Duration,
    /// The shortest and the longest window that is believed where a CRM announces one.
    pub windows: (Duration, Duration),
    /// How long a run waits in all for a CRM that fails, asks to wait, or does not answer: all its requests together.
    pub in_all: Duration,
    /// How long of that for one request, where the CRM answers others.
    pub alone: Duration,
    /// How long a write that is under way is waited for when the run is asked to stop.
    pub farewell: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            read: Duration::from_secs(30),
            total: Duration::from_mins(1),
            backoff: Duration::from_millis(500),
            longest: Duration::from_secs(30),
            asked: Duration::from_mins(15),
            interval: Duration::from_secs(10),
            windows: (Duration::from_secs(1), Duration::from_mins(5)),
            in_all: Duration::from_mins(10),
            alone: Duration::from_secs(30),
            farewell: Duration::from_secs(20),
        }
    }
}

impl Patience {
    /// The wait after failure number `failures` (from 1): doubled each time, then a random part of its second half.
    pub(super) fn backoff(&self, failures: u32, rng: &mut fastrand::Rng) -> Duration {
        let doubled = self.backoff.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(self.longest);
        doubled.mul_f64(0.5 + rng.f64() / 2.0)
    }

    /// A little more than `wait`, so that several clients do not come back at once.
    pub(super) fn with_jitter(&self, wait: Duration, rng: &mut fastrand::Rng) -> Duration {
        wait + self.backoff.mul_f64(rng.f64())
    }

    /// An announced window, where it can be believed.
    pub(super) fn window(&self, announced: Duration) -> Option<Duration> {
        (self.windows.0..=self.windows.1).contains(&announced).then_some(announced)
    }
}

/// Reads a `Retry-After`: seconds, or a date by the clock of who wrote it. What lies in the past is no time at all.
pub(super) fn retry_after(header: &str, their_now: Timestamp) -> Option<Duration> {
    let header = header.trim();
    if let Ok(seconds) = header.parse::<f64>() {
        return Some(Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX));
    }
    let at = jiff::fmt::rfc2822::parse(header).ok()?.timestamp();
    Some(Duration::try_from(at.duration_since(their_now)).unwrap_or_default())
}

/// Reads a `Date`: how far the clock that wrote it is ahead of `now`.
pub(super) fn ahead(date: &str, now: Timestamp) -> Option<SignedDuration> {
    Some(jiff::fmt::rfc2822::parse(date.trim()).ok()?.timestamp().duration_since(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_stay_within_their_bounds() {
        let (patience, mut rng) = (Patience::default(), fastrand::Rng::with_seed(7));
        for (failures, full) in [(1, 500), (2, 1_000), (3, 2_000), (40, 30_000)] {
            let wait = patience.backoff(failures, &mut rng);
            assert!(wait <= Duration::from_millis(full) && wait >= Duration::from_millis(full / 2), "{failures}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now: Timestamp = "2026-11-23T03:00:00Z".parse().unwrap();
        assert_eq!(retry_after("7", now), Some(Duration::from_secs(7)));
        assert_eq!(retry_after("Mon, 23 Nov 2026 03:00:30 GMT", now), Some(Duration::from_secs(30)));
        assert_eq!(retry_after("Mon, 23 Nov 2026 02:00:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(retry_after(" 7 ", now), Some(Duration::from_secs(7)));
        assert_eq!(retry_after("-7", now), Some(Duration::ZERO));
        assert_eq!(retry_after("soon", now), None);
    }

    #[test]
    fn a_window_is_believed_between_a_second_and_five_minutes() {
        let patience = Patience::default();
        let believed = |millis| patience.window(Duration::from_millis(millis)).is_some();
        assert!(believed(1_000) && believed(10_000) && believed(300_000));
        assert!(!believed(0) && !believed(999) && !believed(300_001) && !believed(u64::MAX));
    }
}
