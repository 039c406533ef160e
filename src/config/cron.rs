//! Cron lines: which civil times they name, and which instants those are in a zone.
//!
//! The fields and the calendar are croner's. What a clock change does is decided here, since a night must neither be
//! skipped nor run twice: a time that does not exist is the first instant after the change, and a time that exists
//! twice is the first of the two. So each civil time is one instant, and a later one is never an earlier instant.

use croner::parser::{CronParser, Seconds, Year};
use jiff::civil::{DateTime, date};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp, Zoned};
use thiserror::Error;

/// What a cron line says. Days of the month and of the week are alternatives where both are given, as in cron(8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron(croner::Cron);

/// Why a cron line is none.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CronMistake {
    /// A field says something that it cannot.
    #[error("{0}")]
    Field(String),
    /// The fields are right, and no day is all of them.
    #[error("there is no such day")]
    Never,
}

impl Cron {
    /// Reads five fields, six with seconds, or a name such as `@daily`.
    ///
    /// # Errors
    /// When a field is wrong, or no time ever fits.
    pub fn parse(text: &str) -> Result<Self, CronMistake> {
        let parser = CronParser::builder().seconds(Seconds::Optional).year(Year::Disallowed).build();
        let cron = Self(parser.parse(text).map_err(|_| CronMistake::Field(at_fault(parser, text)))?);
        // Any day will do: the calendar comes round again every 400 years, and the search goes far beyond that.
        let ever = carried(date(2000, 1, 1).at(0, 0, 0, 0)).and_then(|from| cron.forward(&from, true));
        if ever.is_some() { Ok(cron) } else { Err(CronMistake::Never) }
    }

    /// The last instant up to `now`.
    #[must_use]
    pub fn latest(&self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let civil = zone.to_datetime(now);
        // The second time round, later civil times have been already.
        let ahead = match zone.to_ambiguous_timestamp(civil).offset() {
            AmbiguousOffset::Fold { before, after } => i64::from(before.seconds()) - i64::from(after.seconds()),
            _ => 0,
        };
        let from = carried(civil.checked_add(SignedDuration::from_secs(ahead)).ok()?)?;
        let mut candidate = self.0.find_previous_occurrence(&from, true).ok()?;
        loop {
            let instant = instant(candidate.datetime(), zone)?;
            if instant <= now {
                return Some(instant);
            }
            candidate = self.0.find_previous_occurrence(&candidate, false).ok()?;
        }
    }

    /// The first instant after `after`.
    #[must_use]
    pub fn next(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let mut candidate = self.forward(&carried(zone.to_datetime(after))?, true)?;
        loop {
            let instant = instant(candidate.datetime(), zone)?;
            if instant > after {
                return Some(instant);
            }
            candidate = self.forward(&candidate, false)?;
        }
    }

    fn forward(&self, from: &Zoned, inclusive: bool) -> Option<Zoned> {
        self.0.find_next_occurrence(from, inclusive).ok()
    }
}

/// The fields of a cron line, the seconds first, and what each takes.
const FIELDS: [(&str, &str); 6] = [
    ("the second", "0 to 59"),
    ("the minute", "0 to 59"),
    ("the hour", "0 to 23"),
    ("the day of the month", "1 to 31, or L for the last"),
    ("the month", "1 to 12, or JAN to DEC"),
    ("the day of the week", "0 to 7, or SUN to SAT"),
];

/// Which field cannot be read, and what it takes: each is tried alone.
fn at_fault(parser: CronParser, text: &str) -> String {
    if text.starts_with('@') {
        return format!("{text:?} is no name; known are @yearly, @monthly, @weekly, @daily and @hourly");
    }
    let given: Vec<&str> = text.split_whitespace().collect();
    let first = FIELDS.len().saturating_sub(given.len());
    for (place, (field, (name, takes))) in given.iter().zip(FIELDS.iter().skip(first)).enumerate() {
        let mut alone = vec!["*"; given.len()];
        if let Some(slot) = alone.get_mut(place) {
            *slot = field;
        }
        if parser.parse(&alone.join(" ")).is_err() {
            return format!("{name} is {field:?}, and takes {takes}, a list with commas, a range such as 1-5, or */5");
        }
    }
    "its fields do not go together".to_owned()
}

/// Croner walks times of a zone: given as UTC, they are civil times.
fn carried(civil: DateTime) -> Option<Zoned> {
    civil.to_zoned(TimeZone::UTC).ok()
}

/// The one instant that a civil time is.
fn instant(civil: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    let ambiguous = zone.to_ambiguous_timestamp(civil);
    if !matches!(ambiguous.offset(), AmbiguousOffset::Gap { .. }) {
        return ambiguous.compatible().ok();
    }
    // The reading with the old offset lies at the change or after it.
    let after = ambiguous.later().ok()?.checked_add(SignedDuration::from_secs(1)).ok()?;
    Some(zone.preceding(after).next()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// Every instant after `from` and up to `to`, as local times with their offset.
    fn instants(cron: &str, zone_name: &str, from: &str, to: &str) -> Vec<String> {
        let (cron, zone, mut now, to) = (Cron::parse(cron).unwrap(), zone(zone_name), at(from), at(to));
        let mut found = Vec::new();
        while let Some(next) = cron.next(now, &zone).filter(|next| *next <= to) {
            assert_eq!(cron.latest(next, &zone), Some(next), "an instant is its own latest");
            let just_before = next.checked_sub(SignedDuration::from_secs(1)).unwrap();
            assert!(cron.latest(just_before, &zone).is_none_or(|latest| latest <= now), "none lies between two");
            found.push(next.to_zoned(zone.clone()).strftime("%m-%d %H:%M %:z").to_string());
            now = next;
        }
        found
    }

    #[test]
    fn a_time_that_new_york_skips_runs_once_that_day() {
        let nights = instants("30 2 * * *", "America/New_York", "2026-03-07T00:00:00Z", "2026-03-10T00:00:00Z");
        assert_eq!(nights, ["03-07 02:30 -05:00", "03-08 03:00 -04:00", "03-09 02:30 -04:00"]);
        let listed = instants("30 1,2 * * *", "America/New_York", "2026-03-08T05:00:00Z", "2026-03-09T05:00:00Z");
        assert_eq!(listed, ["03-08 01:30 -05:00", "03-08 03:00 -04:00"]);
    }

    #[test]
    fn a_time_that_new_york_has_twice_runs_once() {
        let nights = instants("30 1 * * *", "America/New_York", "2026-10-31T00:00:00Z", "2026-11-03T00:00:00Z");
        assert_eq!(nights, ["10-31 01:30 -04:00", "11-01 01:30 -04:00", "11-02 01:30 -05:00"]);
        let listed = instants("0,30 1 * * *", "America/New_York", "2026-11-01T04:30:00Z", "2026-11-01T12:00:00Z");
        assert_eq!(listed, ["11-01 01:00 -04:00", "11-01 01:30 -04:00"]);
    }

    #[test]
    fn the_wall_clocks_of_madrid_are_followed_over_both_changes() {
        let spring = instants("0 2 * * *", "Europe/Madrid", "2026-03-28T00:00:00Z", "2026-03-30T23:00:00Z");
        assert_eq!(spring, ["03-28 02:00 +01:00", "03-29 03:00 +02:00", "03-30 02:00 +02:00"]);
        let autumn = instants("0 2 * * *", "Europe/Madrid", "2026-10-23T22:30:00Z", "2026-10-26T22:00:00Z");
        assert_eq!(autumn, ["10-24 02:00 +02:00", "10-25 02:00 +02:00", "10-26 02:00 +01:00"]);
        let noon = instants("0 12 * * *", "Europe/Madrid", "2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z");
        assert_eq!(noon, ["03-29 12:00 +02:00", "03-30 12:00 +02:00"]);
    }

    #[test]
    fn the_midnight_that_sao_paulo_skipped_was_one_oclock() {
        // Brazil's clocks went from 00:00 to 01:00 on 2018-11-04, and from 00:00 back to 23:00 on 2019-02-17.
        let spring = instants("0 0 * * *", "America/Sao_Paulo", "2018-11-03T12:00:00Z", "2018-11-05T12:00:00Z");
        assert_eq!(spring, ["11-04 01:00 -02:00", "11-05 00:00 -02:00"]);
        let autumn = instants("30 23 * * *", "America/Sao_Paulo", "2019-02-16T12:00:00Z", "2019-02-18T12:00:00Z");
        assert_eq!(autumn, ["02-16 23:30 -02:00", "02-17 23:30 -03:00"]);
    }

    #[test]
    fn buenos_aires_keeps_one_time_all_year() {
        let nights =
            instants("0 3 * * *", "America/Argentina/Buenos_Aires", "2026-03-07T00:00:00Z", "2026-03-09T23:00:00Z");
        assert_eq!(nights, ["03-07 03:00 -03:00", "03-08 03:00 -03:00", "03-09 03:00 -03:00"]);
        let year =
            instants("0 3 * * *", "America/Argentina/Buenos_Aires", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
        assert_eq!(year.len(), 365);
    }

    #[test]
    fn a_year_of_nights_has_as_many_as_days_in_every_zone() {
        for name in ["America/New_York", "Europe/Madrid", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Beirut"] {
            for cron in ["0 0 * * *", "30 1 * * *", "30 2 * * *", "59 23 * * *"] {
                let year = instants(cron, name, "2018-06-15T15:00:00Z", "2019-06-15T15:00:00Z");
                assert_eq!(year.len(), 365, "{cron} in {name}");
            }
        }
    }

    #[test]
    fn five_fields_six_and_names_are_read() {
        let from = "2026-11-24T12:00:00Z";
        assert_eq!(
            instants("@daily", "UTC", from, "2026-11-26T00:00:00Z"),
            ["11-25 00:00 +00:00", "11-26 00:00 +00:00"]
        );
        assert_eq!(instants("15 30 3 * * *", "UTC", from, "2026-11-25T12:00:00Z"), ["11-25 03:30 +00:00"]);
        let either = instants("0 3 1 * MON", "UTC", from, "2026-12-02T00:00:00Z");
        assert_eq!(either, ["11-30 03:00 +00:00", "12-01 03:00 +00:00"]);
        let leap = Cron::parse("0 0 29 2 *").unwrap();
        assert_eq!(leap.next(at(from), &TimeZone::UTC), Some(at("2028-02-29T00:00:00Z")));
    }

    #[test]
    fn a_line_that_names_no_day_is_refused() {
        assert_eq!(Cron::parse("0 0 30 2 *"), Err(CronMistake::Never));
        assert_eq!(Cron::parse("0 0 31 4,6 *"), Err(CronMistake::Never));
        for wrong in ["61 3 * * *", "0 24 * * *", "0 3 * * MOO", "@reboot", "* * * * * * *"] {
            assert!(matches!(Cron::parse(wrong), Err(CronMistake::Field(_))), "{wrong}");
        }
    }
}
