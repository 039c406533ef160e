//! How fast a CRM is asked: the configured rate, and whatever limits its answers announce.

use std::sync::Mutex;
use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// What the headers of one answer announce: limits (`GHL API notes, 2`), and the time over there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Announced {
    /// Requests per window.
    pub max: Option<u64>,
    /// Requests left in this window.
    pub remaining: Option<u64>,
    /// The window's length.
    pub interval: Option<Duration>,
    /// Requests per day.
    pub daily: Option<u64>,
    /// Requests left of the day's quota.
    pub daily_remaining: Option<u64>,
    /// How far its clock is ahead of ours, to the second.
    pub ahead: Option<SignedDuration>,
}

/// The run was asked to stop while waiting for a turn.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct StopAsked;

/// Gives every request its turn. Nothing about a CRM's limits is known beforehand.
#[derive(Debug)]
pub(super) struct Pace {
    spacing: Duration,
    fallback_interval: Duration,
    stop: CancellationToken,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    next_turn: Option<Instant>,
    held_until: Option<Instant>,
    window: Option<Window>,
    in_flight: u64,
    daily_remaining: Option<u64>,
}

#[derive(Debug)]
struct Window {
    max: u64,
    left: u64,
    interval: Duration,
    ends: Instant,
}

/// A request that is under way; dropped when its answer is there.
#[derive(Debug)]
pub(super) struct Turn<'a>(&'a Pace);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.in_flight = state.in_flight.saturating_sub(1);
    }
}

impl Pace {
    /// A pace of at most `requests_per_second`; `fallback_interval` is how long a window is taken to be until one is
    /// announced.
    pub fn new(requests_per_second: Option<f64>, fallback_interval: Duration, stop: CancellationToken) -> Self {
        let spacing = requests_per_second
            .filter(|rate| *rate > 0.0)
            .and_then(|rate| Duration::try_from_secs_f64(1.0 / rate).ok())
            .unwrap_or_default();
        Self { spacing, fallback_interval, stop, state: Mutex::default() }
    }

    /// Waits for a turn.
    pub async fn turn(&self) -> Result<Turn<'_>, StopAsked> {
        loop {
            if self.stop.is_cancelled() {
                return Err(StopAsked);
            }
            let Some(wake) = self.take_or_wait() else { return Ok(Turn(self)) };
            tokio::select! {
                () = self.stop.cancelled() => return Err(StopAsked),
                () = sleep_until(wake) => {}
            }
        }
    }

    /// Takes a turn now, or says when to ask again.
    fn take_or_wait(&self) -> Option<Instant> {
        let now = Instant::now();
        let mut state = self.state();
        if let Some(window) = state.window.as_mut().filter(|window| now >= window.ends) {
            window.left = window.max;
            window.ends = now + window.interval;
        }
        let window_ends = state.window.as_ref().filter(|window| window.left == 0).map(|window| window.ends);
        let wake = [state.next_turn, state.held_until, window_ends].into_iter().flatten().max();
        if let Some(wake) = wake.filter(|wake| *wake > now) {
            return Some(wake);
        }
        state.next_turn = Some(now + self.spacing);
        state.in_flight += 1;
        if let Some(window) = &mut state.window {
            window.left = window.left.saturating_sub(1);
        }
        None
    }

    /// Learns from the answer to the request whose turn is still held.
    pub fn observe(&self, announced: Announced) {
        let now = Instant::now();
        let mut state = self.state();
        if announced.daily_remaining.is_some() {
            state.daily_remaining = announced.daily_remaining;
        }
        let Some(remaining) = announced.remaining else { return };
        let interval = announced.interval.unwrap_or(self.fallback_interval);
        // Requests on their way are not in the CRM's count yet.
        let left = remaining.saturating_sub(state.in_flight.saturating_sub(1));
        let ends = match &state.window {
            // The count went down or stood still: the same window. It never ends before one interval after its first
            // answer, which came after the CRM had begun it.
            Some(window) if left <= window.left.saturating_add(state.in_flight) && window.ends > now => window.ends,
            _ => now + interval,
        };
        let max = announced.max.unwrap_or(remaining).max(1);
        state.window = Some(Window { max, left, interval, ends });
    }

    /// Lets nobody go for `wait`.
    pub fn hold(&self, wait: Duration) {
        let until = Instant::now() + wait;
        let mut state = self.state();
        state.held_until = state.held_until.max(Some(until));
    }

    /// The length of the CRM's window, as announced or as assumed.
    pub fn interval(&self) -> Duration {
        self.state().window.as_ref().map_or(self.fallback_interval, |window| window.interval)
    }

    /// What the CRM last said is left of the day's quota.
    pub fn daily_remaining(&self) -> Option<u64> {
        self.state().daily_remaining
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(rate: Option<f64>) -> Pace {
        Pace::new(rate, Duration::from_secs(10), CancellationToken::new())
    }

    fn announced(remaining: u64, max: u64, milliseconds: u64) -> Announced {
        Announced {
            max: Some(max),
            remaining: Some(remaining),
            interval: Some(Duration::from_millis(milliseconds)),
            daily_remaining: Some(1_000),
            ..Announced::default()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn requests_never_go_faster_than_the_configured_rate() {
        let (pace, start) = (pace(Some(2.0)), Instant::now());
        for _ in 0..21 {
            drop(pace.turn().await.unwrap());
        }
        assert_eq!(start.elapsed(), Duration::from_secs(10));
    }

    #[tokio::test(start_paused = true)]
    async fn an_empty_window_is_waited_out_as_announced() {
        let (pace, start) = (pace(None), Instant::now());
        let turn = pace.turn().await.unwrap();
        pace.observe(announced(0, 25, 4_000));
        drop(turn);
        drop(pace.turn().await.unwrap());
        assert_eq!(start.elapsed(), Duration::from_secs(4));
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_uses_the_window_and_not_more() {
        let (pace, start) = (pace(None), Instant::now());
        let mut server_left = 10_u64;
        for request in 0..30 {
            let turn = pace.turn().await.unwrap();
            if request % 10 == 0 {
                server_left = 10;
            }
            server_left -= 1;
            pace.observe(announced(server_left, 10, 10_000));
            drop(turn);
        }
        assert_eq!(start.elapsed(), Duration::from_secs(20));
        assert_eq!(pace.daily_remaining(), Some(1_000));
    }

    #[tokio::test(start_paused = true)]
    async fn requests_in_flight_count_against_the_window() {
        let (pace, start) = (pace(None), Instant::now());
        let first = pace.turn().await.unwrap();
        let second = pace.turn().await.unwrap();
        pace.observe(announced(1, 10, 10_000));
        drop((first, second));
        drop(pace.turn().await.unwrap());
        assert_eq!(start.elapsed(), Duration::from_secs(10));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_ends_the_wait_at_once() {
        let stop = CancellationToken::new();
        let pace = Pace::new(None, Duration::from_secs(10), stop.clone());
        pace.hold(Duration::from_hours(1));
        let (waited, ()) = tokio::join!(pace.turn(), async { stop.cancel() });
        assert_eq!(waited.map(|_| ()).unwrap_err(), StopAsked);
    }
}
