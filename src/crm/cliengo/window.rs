//! Date windows over the creation of contacts: Cliengo's list cannot be walked past offset 1000.

use std::fmt;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

/// Whether a `-14:00` or a `+14:00` day is meant is not known, and whether `until` counts itself is not either.
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A part of the listing. The end is exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Window {
    /// Everything, without a filter.
    All,
    /// Whole days.
    Days(Date, Date),
    /// Instants, where one day holds too many.
    Instants(Timestamp, Timestamp),
}

impl Window {
    /// The query's `since` and `until`. Neighbours overlap: by a day, or by a second.
    pub fn query(&self) -> String {
        match self {
            Self::All => String::new(),
            Self::Days(since, until) => {
                let since = since.yesterday().unwrap_or(*since);
                format!("&since={since}&until={until}")
            }
            Self::Instants(since, until) => {
                let since = *since - SignedDuration::from_secs(1);
                format!("&since={since}&until={until}")
            }
        }
    }

    /// Whether a row created at `created` may be in the answer. If not, the filter was ignored.
    pub fn admits(&self, created: Timestamp) -> bool {
        let (since, until, slack) = match self {
            Self::All => return true,
            Self::Days(since, until) => (midnight(*since) - DAY, midnight(*until) + DAY, DAY),
            Self::Instants(since, until) => (*since, *until, SignedDuration::from_secs(2)),
        };
        since - slack <= created && created <= until + slack
    }

    /// Two windows that cover this one; `None` for a second, which cannot be split.
    pub fn halves(&self) -> Option<[Self; 2]> {
        match *self {
            Self::All => None,
            Self::Days(since, until) => {
                let days = since.until(until).ok()?.get_days();
                if days > 1 {
                    let middle = since.checked_add((days / 2).days()).ok()?;
                    return Some([Self::Days(middle, until), Self::Days(since, middle)]);
                }
                // A day's neighbours were asked for by date, in a zone that is not known: instants cover a day more.
                let (begin, middle, end) = (midnight(since) - DAY, midnight(since), midnight(until));
                Some([Self::Instants(middle, end), Self::Instants(begin, middle)])
            }
            Self::Instants(since, until) => {
                let seconds = until.duration_since(since).as_secs();
                let middle = since + SignedDuration::from_secs(seconds / 2);
                (seconds > 1).then_some([Self::Instants(middle, until), Self::Instants(since, middle)])
            }
        }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("the whole list"),
            Self::Days(since, until) => write!(f, "the contacts of {since} to {until}"),
            Self::Instants(since, until) => write!(f, "the contacts of {since} to {until}"),
        }
    }
}

fn midnight(date: Date) -> Timestamp {
    date.to_zoned(TimeZone::UTC).map_or(Timestamp::UNIX_EPOCH, |zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_cover_the_whole_down_to_one_second() {
        let mut window = Window::Days("2010-01-01".parse().unwrap(), "2026-11-24".parse().unwrap());
        let mut splits = 0;
        while let Some([later, earlier]) = window.halves() {
            if let (Window::Days(a, b), Window::Days(c, d), Window::Days(since, until)) = (later, earlier, window) {
                assert_eq!((c, d, b), (since, a, until));
            }
            window = if splits % 2 == 0 { later } else { earlier };
            splits += 1;
        }
        assert!(matches!(window, Window::Instants(a, b) if b.duration_since(a).as_secs() == 1), "{window}");
        assert!(splits < 40);
    }

    #[test]
    fn queries_overlap_and_show_a_filter_that_was_ignored() {
        let days = Window::Days("2026-07-01".parse().unwrap(), "2026-08-01".parse().unwrap());
        assert_eq!(days.query(), "&since=2026-06-30&until=2026-08-01");
        assert!(days.admits("2026-06-29T20:00:00Z".parse().unwrap()));
        assert!(!days.admits("2026-05-01T00:00:00Z".parse().unwrap()));
        let instants =
            Window::Instants("2026-07-01T00:00:00Z".parse().unwrap(), "2026-07-01T12:00:00Z".parse().unwrap());
        assert_eq!(instants.query(), "&since=2026-06-30T23:59:59Z&until=2026-07-01T12:00:00Z");
        assert!(!instants.admits("2026-07-01T13:00:00Z".parse().unwrap()));
    }
}
