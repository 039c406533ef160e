//! How fast a CRM is asked: the configured rate, and whatever limits its answers announce.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use jiff::SignedDuration;
use tokio::sync::Notify;
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

impl Announced {
    /// Without what cannot be meant: a limit of nought, with what it says is left of it, says nothing.
    pub(super) fn believable(self) -> Self {
        let told = |limit: Option<u64>| limit != Some(0);
        Self {
            max: self.max.filter(|max| *max > 0),
            remaining: self.remaining.filter(|_| told(self.max)),
            daily: self.daily.filter(|daily| *daily > 0),
            daily_remaining: self.daily_remaining.filter(|_| told(self.daily)),
            ..self
        }
    }
}

/// The run was asked to stop while waiting for a turn.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct StopAsked;

/// What a late timer may make good: turns are due at fixed instants, and so many of them late are taken at once.
const CATCH_UP: Duration = Duration::from_millis(20);

/// Gives every request its turn. Nothing about a CRM's limits is known beforehand: the first request goes alone, and tells.
#[derive(Debug)]
pub(super) struct Pace {
    spacing: Duration,
    fallback_interval: Duration,
    stop: CancellationToken,
    state: Mutex<State>,
    /// An answer came, or a request ended without one.
    moved: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Whether an answer came yet.
    heard: bool,
    next_turn: Option<Instant>,
    held_until: Option<Instant>,
    window: Option<Window>,
    in_flight: u64,
    daily_remaining: Option<u64>,
}

/// What a CRM takes in so long a time, wherever that begins: some count from a fixed instant, others back from now.
#[derive(Debug)]
struct Window {
    max: u64,
    /// What the CRM has left, by its last answer and by what was sent since.
    left: u64,
    interval: Duration,
    /// When our requests of the last interval were answered: the CRM counted each of them before that.
    answered: VecDeque<Instant>,
    said: Instant,
}

impl Window {
    /// What was answered an interval ago counts no longer, whichever way the CRM counts.
    fn pass(&mut self, now: Instant) {
        while self.answered.front().is_some_and(|answered| *answered + self.interval <= now) {
            self.answered.pop_front();
            self.left = (self.left + 1).min(self.max);
        }
        if now >= self.said + self.interval {
            // Nothing was heard for so long that whatever was used up is there again; how much, the next answer tells.
            self.left = self.left.max(1);
        }
    }

    /// When there is room for one more, as far as it can be told before another answer comes.
    fn opens(&self, in_flight: u64) -> Option<Wake> {
        let used = in_flight + self.answered.len() as u64;
        if self.left > 0 && used < self.max {
            return None;
        }
        match self.answered.front() {
            Some(answered) => Some(Wake::At(*answered + self.interval)),
            None if in_flight > 0 => Some(Wake::WhenMoved),
            None => Some(Wake::At(self.said + self.interval)),
        }
    }
}

/// When to ask for a turn again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Wake {
    At(Instant),
    /// When something was heard: no instant can be told.
    WhenMoved,
}

/// A request that is under way; dropped when its answer is there.
#[derive(Debug)]
pub(super) struct Turn<'a>(&'a Pace);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.in_flight = state.in_flight.saturating_sub(1);
        if let Some(window) = &mut state.window {
            window.answered.push_back(Instant::now());
        }
        drop(state);
        self.0.moved.notify_waiters();
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
        Self { spacing, fallback_interval, stop, state: Mutex::default(), moved: Notify::new() }
    }

    /// Waits for a turn.
    pub async fn turn(&self) -> Result<Turn<'_>, StopAsked> {
        loop {
            let moved = self.moved.notified();
            if self.stop.is_cancelled() {
                return Err(StopAsked);
            }
            let Some(wake) = self.take_or_wait() else { return Ok(Turn(self)) };
            let due = async {
                match wake {
                    Wake::At(instant) => sleep_until(instant).await,
                    Wake::WhenMoved => moved.await,
                }
            };
            tokio::select! {
                () = self.stop.cancelled() => return Err(StopAsked),
                () = due => {}
            }
        }
    }

    /// Takes a turn now, or says when to ask again.
    fn take_or_wait(&self) -> Option<Wake> {
        let now = Instant::now();
        let mut state = self.state();
        if !state.heard && state.in_flight > 0 {
            return Some(Wake::WhenMoved);
        }
        let in_flight = state.in_flight;
        let room = state.window.as_mut().and_then(|window| {
            window.pass(now);
            window.opens(in_flight)
        });
        let instants = [state.next_turn, state.held_until].into_iter().flatten().map(Wake::At);
        let wake = instants.chain(room).filter(|wake| *wake > Wake::At(now)).max();
        if wake.is_some() {
            return wake;
        }
        let due = state.next_turn.map_or(now, |due| due.max(now.checked_sub(CATCH_UP).unwrap_or(now)));
        state.next_turn = Some(due + self.spacing);
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
        state.heard = true;
        if announced.daily_remaining.is_some() {
            state.daily_remaining = announced.daily_remaining;
        }
        let Some(remaining) = announced.remaining else { return };
        let interval = announced.interval.unwrap_or(self.fallback_interval);
        // Requests on their way are not in the CRM's count yet.
        let others = state.in_flight.saturating_sub(1);
        let left = remaining.saturating_sub(others);
        if let Some(window) = &mut state.window {
            // Where no limit is told, it is the most that was ever left.
            let max = announced.max.unwrap_or_else(|| window.max.max(remaining)).max(1);
            // Answers overtake each other: only one that says more than that can explain tells of a new window.
            let is_more = left > window.left.saturating_add(others);
            window.left = if is_more { left } else { left.min(window.left) };
            (window.max, window.interval, window.said) = (max, interval, now);
        } else {
            let max = announced.max.unwrap_or(remaining + 1).max(1);
            state.window = Some(Window { max, left, interval, answered: VecDeque::new(), said: now });
        }
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

    #[test]
    fn a_limit_of_nought_says_nothing() {
        let nought = Announced { daily: Some(0), daily_remaining: Some(0), ..announced(0, 0, 10_000) }.believable();
        assert_eq!((nought.max, nought.remaining, nought.daily, nought.daily_remaining), (None, None, None, None));
        assert_eq!(nought.interval, Some(Duration::from_secs(10)));
        let used_up = Announced { daily: Some(9), daily_remaining: Some(0), ..announced(0, 25, 10_000) };
        assert_eq!(used_up.believable(), used_up);
    }

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

    // Watches: I45.
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

    // Watches: I45.
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
        pace.observe(announced(3, 4, 10_000));
        drop(first);
        let others = [pace.turn().await.unwrap(), pace.turn().await.unwrap(), pace.turn().await.unwrap()];
        assert_eq!(pace.take_or_wait(), Some(Wake::At(start + Duration::from_secs(10))));
        drop(others);
        drop(pace.turn().await.unwrap());
        assert_eq!(start.elapsed(), Duration::from_secs(10));
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_request_goes_alone_until_an_answer_came() {
        let pace = pace(None);
        let first = pace.turn().await.unwrap();
        assert_eq!(pace.take_or_wait(), Some(Wake::WhenMoved));
        drop(first);
        let second = pace.turn().await.unwrap();
        assert_eq!(pace.take_or_wait(), Some(Wake::WhenMoved), "the first one never got an answer");
        pace.observe(Announced::default());
        assert!(pace.turn().await.is_ok());
        drop(second);
    }

    /// A CRM that takes `max` in `interval`: counted from fixed instants on, or back from each request.
    struct Counting {
        max: usize,
        interval: Duration,
        slides: bool,
        began: Instant,
        taken: Vec<Instant>,
        refused: usize,
    }

    impl Counting {
        fn new(max: usize, slides: bool) -> Self {
            let began = Instant::now() - Duration::from_millis(7_300);
            Self { max, interval: Duration::from_secs(10), slides, began, taken: Vec::new(), refused: 0 }
        }

        /// What it has left after one more request.
        fn take(&mut self) -> u64 {
            let now = Instant::now();
            let windows = |instant: Instant| (instant - self.began).as_millis() / self.interval.as_millis();
            let counts = |taken: &&Instant| {
                if self.slides { **taken + self.interval > now } else { windows(**taken) == windows(now) }
            };
            let left = self.max.saturating_sub(self.taken.iter().filter(counts).count());
            if left == 0 {
                self.refused += 1;
            } else {
                self.taken.push(now);
            }
            left.saturating_sub(1) as u64
        }
    }

    /// So many requests to a CRM that counts them, so many at a time; how long they took.
    async fn ask(pace: &Pace, crm: Option<&Mutex<Counting>>, (requests, at_once): (usize, usize)) -> Duration {
        use futures::StreamExt;
        let start = Instant::now();
        let one = |number: usize| async move {
            let turn = pace.turn().await.unwrap();
            let travels = Duration::from_micros(20_000 + (number as u64 * 7_919) % 60_000);
            tokio::time::sleep(travels).await;
            let said = crm.map_or_else(Announced::default, |crm| {
                let mut crm = crm.lock().unwrap();
                let left = crm.take();
                announced(left, crm.max as u64, 10_000)
            });
            tokio::time::sleep(travels).await;
            pace.observe(said);
            drop(turn);
        };
        futures::stream::iter(0..requests).map(one).buffer_unordered(at_once).collect::<Vec<()>>().await;
        start.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn no_request_is_refused_whichever_way_a_window_is_counted_and_none_of_it_is_lost() {
        for (slides, max, requests) in [(true, 25_u32, 69_u32), (true, 100, 950), (false, 25, 69), (false, 100, 950)] {
            let crm = Mutex::new(Counting::new(max as usize, slides));
            let took = ask(&pace(None), Some(&crm), (requests as usize, 60)).await;
            assert_eq!(crm.lock().unwrap().refused, 0, "sliding {slides}, {max} in a window");
            let least = 10.0 * f64::from(requests) / f64::from(max);
            assert!(took.as_secs_f64() <= least * 1.05, "sliding {slides}, {max} in a window: {took:?} for {least} s");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_that_shrinks_costs_no_more_than_what_is_on_its_way() {
        for slides in [true, false] {
            let (pace, crm) = (pace(None), Mutex::new(Counting::new(100, slides)));
            ask(&pace, Some(&crm), (40, 8)).await;
            crm.lock().unwrap().max = 25;
            let took = ask(&pace, Some(&crm), (68, 8)).await;
            let refused = crm.lock().unwrap().refused;
            assert!(refused <= 8, "sliding {slides}: {refused} refused");
            assert!(took < Duration::from_secs(42), "sliding {slides}: {took:?} for 60 in 25 a window");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_another_program_used_up_is_waited_for() {
        let crm = Mutex::new(Counting::new(25, true));
        for _ in 0..20 {
            crm.lock().unwrap().take();
        }
        let took = ask(&pace(None), Some(&crm), (30, 60)).await;
        assert_eq!(crm.lock().unwrap().refused, 0);
        assert!(took < Duration::from_secs(21), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_pipe_is_full_at_every_rate() {
        for rate in [1_u32, 2, 10, 50, 200, 500, 1_000] {
            let pace = pace(Some(f64::from(rate)));
            // An answer takes up to 160 ms: at 1,000 a second as many are on their way.
            let requests = (rate * 2).max(40);
            let took = ask(&pace, None, (requests as usize, 200)).await.as_secs_f64();
            let least = f64::from(requests) / f64::from(rate);
            // The last answer is on its way for so long.
            let least = least + 0.16;
            assert!(took <= least * 1.05 && took >= least * 0.95 - 0.2, "{rate} a second: {took} s for {least} s");
        }
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
