//! GHL's counters, and the headers that tell them (GHL API notes, 2).

use std::borrow::Cow;
use std::collections::VecDeque;
use std::time::Duration;

use super::RateLimit;

const DAY: i64 = 86_400_000;
const BURST: u64 = 100;
const DAILY: u64 = 200_000;
/// What the headers say when nothing is limited: a client that paces itself by them is not held back.
const UNLIMITED_BURST: u64 = 100_000;
const UNLIMITED_DAILY: u64 = 100_000_000;

/// Requests counted per window (ten seconds in the real one) and per day.
#[derive(Debug)]
pub(super) struct Limiter {
    /// Milliseconds.
    window: i64,
    /// When the requests of the last window came.
    recent: VecDeque<i64>,
    day: i64,
    today: u64,
}

/// What the counters say about one request.
pub(super) struct Verdict {
    pub(super) refused: bool,
    pub(super) headers: Vec<(Cow<'static, str>, String)>,
}

impl Limiter {
    pub(super) fn new(window: Duration) -> Self {
        let window = i64::try_from(window.as_millis()).unwrap_or(DAY);
        Self { window, recent: VecDeque::new(), day: 0, today: 0 }
    }

    /// Counts a request at `now` (milliseconds since the epoch).
    pub(super) fn count(&mut self, now: i64, limit: RateLimit) -> Verdict {
        if limit == RateLimit::Off {
            return Verdict {
                refused: false,
                headers: self.headers((UNLIMITED_BURST, UNLIMITED_BURST), (UNLIMITED_DAILY, UNLIMITED_DAILY), now),
            };
        }
        if now.div_euclid(DAY) != self.day {
            self.day = now.div_euclid(DAY);
            self.today = 0;
        }
        while self.recent.front().is_some_and(|at| *at <= now - self.window) {
            self.recent.pop_front();
        }
        let used = u64::try_from(self.recent.len()).unwrap_or(BURST);
        let refused = used >= BURST || self.today >= DAILY;
        if !refused {
            self.recent.push_back(now);
            self.today += 1;
        }
        let left = if refused { BURST.saturating_sub(used) } else { BURST.saturating_sub(used + 1) };
        Verdict { refused, headers: self.headers((BURST, left), (DAILY, DAILY - self.today), now) }
    }

    fn headers(
        &self,
        (burst, left): (u64, u64),
        (daily, daily_left): (u64, u64),
        now: i64,
    ) -> Vec<(Cow<'static, str>, String)> {
        vec![
            ("x-ratelimit-max".into(), burst.to_string()),
            ("x-ratelimit-remaining".into(), left.to_string()),
            ("x-ratelimit-interval-milliseconds".into(), self.window.to_string()),
            ("x-ratelimit-limit-daily".into(), daily.to_string()),
            ("x-ratelimit-daily-remaining".into(), daily_left.to_string()),
            ("x-ratelimit-daily-reset".into(), (DAY - now.rem_euclid(DAY)).to_string()),
        ]
    }
}
