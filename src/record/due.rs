//! When a task is due.

use jiff::Timestamp;
use jiff::civil::{Date, time};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// A due date, with or without a time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// The instant; 09:00 in the location's zone where only a date was given (`semantics` 15).
    pub at: Timestamp,
    /// The date in the location's zone.
    pub date: Date,
    /// Whether a time of day was given. A date without one compares as a date.
    pub timed: bool,
}

impl Due {
    /// A due instant.
    #[must_use]
    pub fn at(at: Timestamp, zone: &TimeZone) -> Self {
        Self { at, date: at.to_zoned(zone.clone()).date(), timed: true }
    }

    /// A due date without a time of day. `None` where the date is beyond what a calendar holds.
    #[must_use]
    pub fn on(date: Date, zone: &TimeZone) -> Option<Self> {
        let at = date.to_datetime(time(9, 0, 0, 0)).to_zoned(zone.clone()).ok()?.timestamp();
        Some(Self { at, date, timed: false })
    }

    /// Reads `2026-07-20T10:00:00Z`, with or without fractions, or `2026-07-20`.
    #[must_use]
    pub fn parse(raw: &str, zone: &TimeZone) -> Option<Self> {
        let raw = raw.trim();
        if raw.len() == 10 {
            return raw.parse::<Date>().ok().and_then(|date| Self::on(date, zone));
        }
        raw.parse::<Timestamp>().ok().map(|at| Self::at(at, zone))
    }

    /// Whether both mean the same time, as far as both say.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        if self.timed && other.timed { self.at.as_second() == other.at.as_second() } else { self.date == other.date }
    }

    /// For a person and for the wire of a side that stores instants: RFC 3339, in UTC.
    #[must_use]
    pub fn shown(&self) -> String {
        if self.timed { self.at.to_string() } else { self.date.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone() -> TimeZone {
        TimeZone::get("America/Argentina/Buenos_Aires").unwrap()
    }

    #[test]
    fn fractions_of_a_second_are_not_a_difference() {
        let sent = Due::parse("2026-07-20T10:00:00Z", &zone()).unwrap();
        let back = Due::parse("2026-07-20T10:00:00.000Z", &zone()).unwrap();
        assert!(sent.same(&back));
    }

    #[test]
    fn a_date_is_nine_in_the_morning_there_and_compares_as_a_date() {
        let date = Due::parse("2026-07-20", &zone()).unwrap();
        assert_eq!(date.at.to_string(), "2026-07-20T12:00:00Z");
        assert!(date.same(&Due::parse("2026-07-20T23:30:00Z", &zone()).unwrap()));
        assert!(!date.same(&Due::parse("2026-07-21T10:00:00Z", &zone()).unwrap()));
    }
}
