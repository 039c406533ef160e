//! GHL's counters, and the headers that tell them (GHL API notes, 2).

use std::borrow::Cow;
use std::collections::VecDeque;
use std::time::Duration;

use super::RateLimit;
use super::account::ghl::{DailyReset, Quota, RateHeaders, RateWindow, RetryAfter, Switches};
use super::data::http_date;

const DAY: i64 = 86_400_000;
/// From midnight in UTC to midnight where the location is.
const LOCATION_OFFSET: i64 = 3 * DAY / 24;
/// What the headers say when nothing is limited: a client that paces itself by them is not held back.
const UNLIMITED_BURST: u64 = 100_000;
const UNLIMITED_DAILY: u64 = 100_000_000;

/// Requests counted per window (ten seconds in the real one) and per day.
#[derive(Debug)]
pub(super) struct Limiter {
    account: Switches,
    /// Requests per day, where they are stated.
    daily: Option<u64>,
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
    pub(super) fn new(window: Duration, daily: Option<u64>, account: Switches) -> Self {
        let window = i64::try_from(window.as_millis()).unwrap_or(DAY);
        Self { account, daily, window, recent: VecDeque::new(), day: 0, today: 0 }
    }

    /// Counts a request at `now` (milliseconds since the epoch).
    pub(super) fn count(&mut self, now: i64, limit: RateLimit) -> Verdict {
        if limit == RateLimit::Off && self.daily.is_none() {
            return Verdict {
                refused: false,
                headers: self.headers((UNLIMITED_BURST, UNLIMITED_BURST), (UNLIMITED_DAILY, UNLIMITED_DAILY), now),
            };
        }
        let (burst, daily) = match self.account.quota {
            Quota::Published => (100, 200_000),
            Quota::Trial => (25, 10_000),
        };
        let burst = if limit == RateLimit::Off { UNLIMITED_BURST } else { burst };
        let daily = self.daily.unwrap_or(daily);
        let day = self.in_the_day(now).div_euclid(DAY);
        if day != self.day {
            self.day = day;
            self.today = 0;
        }
        let oldest = match self.account.rate_window {
            RateWindow::Sliding => now - self.window + 1,
            RateWindow::Fixed => now - now.rem_euclid(self.window.max(1)),
        };
        while self.recent.front().is_some_and(|at| *at < oldest) {
            self.recent.pop_front();
        }
        let used = u64::try_from(self.recent.len()).unwrap_or(burst);
        let refused = used >= burst || self.today >= daily;
        if !refused {
            self.recent.push_back(now);
            self.today += 1;
        }
        let left = if refused { burst.saturating_sub(used) } else { burst.saturating_sub(used + 1) };
        Verdict { refused, headers: self.headers((burst, left), (daily, daily - self.today), now) }
    }

    /// The time by which the location's days are counted.
    fn in_the_day(&self, now: i64) -> i64 {
        if self.account.daily_reset == DailyReset::Location { now - LOCATION_OFFSET } else { now }
    }

    fn headers(
        &self,
        (burst, left): (u64, u64),
        (daily, daily_left): (u64, u64),
        now: i64,
    ) -> Vec<(Cow<'static, str>, String)> {
        let told = |number: String| match self.account.rate_headers {
            RateHeaders::WithBlanks => format!("  {number} "),
            RateHeaders::Told | RateHeaders::LeftOut => number,
        };
        if self.account.rate_headers == RateHeaders::LeftOut {
            return Vec::new();
        }
        vec![
            ("x-ratelimit-max".into(), told(burst.to_string())),
            ("x-ratelimit-remaining".into(), told(left.to_string())),
            ("x-ratelimit-interval-milliseconds".into(), told(self.window.to_string())),
            ("x-ratelimit-limit-daily".into(), told(daily.to_string())),
            ("x-ratelimit-daily-remaining".into(), told(daily_left.to_string())),
            ("x-ratelimit-daily-reset".into(), told((DAY - self.in_the_day(now).rem_euclid(DAY)).to_string())),
        ]
    }
}

/// The `Retry-After` of a location's 429, `now` in milliseconds.
pub(super) fn retry_after(account: &Switches, now: i64) -> Option<String> {
    match account.retry_after {
        RetryAfter::LeftOut => None,
        RetryAfter::Seconds => Some("2".to_owned()),
        RetryAfter::Date => Some(http_date(now + 2_000)),
        RetryAfter::Zero => Some("0".to_owned()),
        RetryAfter::PastDate => Some("Wed, 21 Oct 2015 07:28:00 GMT".to_owned()),
        RetryAfter::FiveMinutes => Some("300".to_owned()),
    }
}
