//! When a task is due.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, time};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

fn instant(raw: &str) -> Option<Timestamp> {
    let civil = || raw.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok();
    raw.parse().ok().or_else(|| civil().map(|zoned| zoned.timestamp()))
}

/// When a record came to be, as late as it can be meant: a time without an offset may be UTC or the zone's, and a date
/// without a time may be the end of that day.
#[must_use]
pub fn latest_instant(raw: &str, zone: &TimeZone) -> Option<Timestamp> {
    let raw = raw.trim();
    if let Ok(at) = raw.parse() {
        return Some(at);
    }
    let civil = match raw.parse::<Date>() {
        Ok(date) if raw.len() == 10 => date.to_datetime(time(23, 59, 59, 0)),
        _ => raw.parse::<DateTime>().ok()?,
    };
    let readings = [TimeZone::UTC, zone.clone()].map(|zone| civil.to_zoned(zone).ok());
    readings.into_iter().flatten().map(|zoned| zoned.timestamp()).max()
}

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

    /// Reads `2026-07-20T10:00:00Z`, with or without fractions, or `2026-07-20`. A time without an offset is UTC, which both
    /// CRMs prefer.
    #[must_use]
    pub fn parse(raw: &str, zone: &TimeZone) -> Option<Self> {
        let raw = raw.trim();
        if raw.len() == 10 {
            return raw.parse::<Date>().ok().and_then(|date| Self::on(date, zone));
        }
        instant(raw).map(|at| Self::at(at, zone))
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
