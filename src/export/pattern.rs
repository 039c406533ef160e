//! A cron line taken apart, so that it can be said in another scheduler's words.

use std::collections::BTreeSet;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// How far ahead a missing hour is looked for.
const YEARS_AHEAD: i64 = 2;

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
/// As systemd writes them, Monday first.
const SYSTEMD_WEEKDAYS: [(u8, &str); 7] =
    [(1, "Mon"), (2, "Tue"), (3, "Wed"), (4, "Thu"), (5, "Fri"), (6, "Sat"), (0, "Sun")];

/// When a schedule is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    seconds: Values,
    minutes: Values,
    hours: Values,
    days: Values,
    months: Values,
    weekdays: Values,
    /// The day field is `L`: the last day of the month.
    last_day: bool,
}

/// One field: which of its values are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Values {
    first: u8,
    last: u8,
    chosen: BTreeSet<u8>,
    /// It is written as `*`: where both days and weekdays are restricted, either of them is enough.
    open: bool,
}

impl Pattern {
    /// Takes a line apart; the error names the part that has no meaning here.
    pub(super) fn parse(line: &str) -> Result<Self, String> {
        let written = match line.to_ascii_lowercase().as_str() {
            "@yearly" | "@annually" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" | "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            _ => line,
        };
        let fields: Vec<&str> = written.split_whitespace().collect();
        let (seconds, fields) = match fields.as_slice() {
            [seconds, fields @ ..] if fields.len() == 5 => (*seconds, fields),
            fields => ("0", fields),
        };
        let [minutes, hours, days, months, weekdays] = fields else { return Err(format!("`{line}`")) };
        let last_day = days.eq_ignore_ascii_case("L");
        let mut weekdays = Values::parse(weekdays, 0, 7, &WEEKDAYS, 0)?;
        // Sunday is 0 and 7.
        weekdays.last = 6;
        if weekdays.chosen.remove(&7) {
            weekdays.chosen.insert(0);
        }
        Ok(Self {
            seconds: Values::parse(seconds, 0, 59, &[], 0)?,
            minutes: Values::parse(minutes, 0, 59, &[], 0)?,
            hours: Values::parse(hours, 0, 23, &[], 0)?,
            days: Values::parse(if last_day { "*" } else { days }, 1, 31, &[], 0)?,
            months: Values::parse(months, 1, 12, &MONTHS, 1)?,
            weekdays,
            last_day,
        })
    }

    /// Five cron fields, without names; `None` with what they cannot say.
    pub(super) fn five_fields(&self) -> Result<String, &'static str> {
        if self.last_day {
            return Err("the last day of a month");
        }
        if !self.is_on_the_minute() {
            return Err("seconds");
        }
        let (days, weekdays) = self.days_and_weekdays();
        Ok(format!(
            "{} {} {} {} {}",
            self.minutes.cron(true),
            self.hours.cron(true),
            days.map_or_else(|| "*".to_owned(), |days| days.cron(false)),
            self.months.cron(true),
            weekdays.map_or_else(|| "*".to_owned(), |weekdays| weekdays.cron(false)),
        ))
    }

    /// The `OnCalendar` expressions that together are due exactly then, without a zone.
    pub(super) fn calendars(&self) -> Vec<String> {
        let time = format!(
            "{}:{}:{}",
            self.hours.systemd().unwrap_or_else(|| "*".to_owned()),
            self.minutes.systemd().unwrap_or_else(|| "*".to_owned()),
            self.seconds.systemd().unwrap_or_else(|| "*".to_owned()),
        );
        let months = self.months.systemd().unwrap_or_else(|| "*".to_owned());
        let on_days = |days: Option<&Values>| match days.and_then(Values::systemd) {
            _ if self.last_day => format!("*-{months}~01 {time}"),
            Some(days) => format!("*-{months}-{days} {time}"),
            None => format!("*-{months}-* {time}"),
        };
        let on_weekdays = |weekdays: &Values| {
            let names: Vec<&str> = SYSTEMD_WEEKDAYS
                .iter()
                .filter(|(number, _)| weekdays.chosen.contains(number))
                .map(|(_, name)| *name)
                .collect();
            format!("{} *-{months}-* {time}", names.join(","))
        };
        match self.days_and_weekdays() {
            (days, Some(weekdays)) if days.is_some() || self.last_day => vec![on_days(days), on_weekdays(weekdays)],
            (_, Some(weekdays)) => vec![on_weekdays(weekdays)],
            (days, None) => vec![on_days(days)],
        }
    }

    /// The restrictions on the day: where both are given, either is enough, as in cron(8).
    fn days_and_weekdays(&self) -> (Option<&Values>, Option<&Values>) {
        let days_given = !self.days.open || self.last_day;
        let given = (days_given, !self.weekdays.open);
        let every_day = (given.0 && self.days.is_whole() && !self.last_day) || (given.1 && self.weekdays.is_whole());
        match given {
            (true, true) if every_day => (None, None),
            (days, weekdays) => (
                (days && !self.days.is_whole()).then_some(&self.days),
                (weekdays && !self.weekdays.is_whole()).then_some(&self.weekdays),
            ),
        }
    }

    fn is_on_the_minute(&self) -> bool {
        self.seconds.chosen.iter().eq([&0])
    }

    /// The first time of day, in the years to come, that does not exist because clocks are put forward then. Only where
    /// the line names one time of day: who runs every hour misses nothing.
    pub(super) fn put_forward(&self, zone: &TimeZone, now: Timestamp) -> Option<DateTime> {
        let (Some(hour), 1) = (self.hours.chosen.first(), self.hours.chosen.len()) else { return None };
        let until = now.checked_add((YEARS_AHEAD * 366 * 24).hours()).ok()?;
        let mut before = zone.to_offset(now);
        for transition in zone.following(now).take_while(|transition| transition.timestamp() < until) {
            let (from, to) =
                (before.to_datetime(transition.timestamp()), transition.offset().to_datetime(transition.timestamp()));
            before = transition.offset();
            let missing = self.minutes.chosen.iter().filter_map(|minute| {
                let hour = i8::try_from(*hour).ok()?;
                let minute = i8::try_from(*minute).ok()?;
                Some(from.date().at(hour, minute, 0, 0))
            });
            let mut missing = missing.filter(|due| (from..to).contains(due) && self.is_due_on(*due));
            if let Some(due) = missing.next() {
                return Some(due);
            }
        }
        None
    }

    fn is_due_on(&self, day: DateTime) -> bool {
        let has = |values: &Values, value: i8| u8::try_from(value).is_ok_and(|value| values.chosen.contains(&value));
        let on_day = if self.last_day { day.day() == day.days_in_month() } else { has(&self.days, day.day()) };
        let on_weekday = has(&self.weekdays, day.weekday().to_sunday_zero_offset());
        let on_either = match self.days_and_weekdays() {
            (Some(_), Some(_)) => on_day || on_weekday,
            _ => on_day && on_weekday,
        };
        has(&self.months, day.month()) && on_either
    }
}

impl Values {
    fn parse(field: &str, first: u8, last: u8, names: &[&str], named_from: u8) -> Result<Self, String> {
        let mut chosen = BTreeSet::new();
        for item in field.split(',') {
            let refuse = || format!("`{item}`");
            let (range, step) = match item.split_once('/') {
                Some((range, step)) => (range, Some(step.parse::<usize>().map_err(|_| refuse())?)),
                None => (item, None),
            };
            let number = |text: &str| {
                let named = names.iter().zip(named_from..).find(|(name, _)| text.eq_ignore_ascii_case(name));
                let number = named.map(|(_, number)| number).or_else(|| text.parse().ok());
                number.filter(|number| (first..=last).contains(number)).ok_or_else(refuse)
            };
            let (from, to) = match range.split_once('-') {
                _ if range == "*" || range == "?" => (first, last),
                Some((from, to)) => (number(from)?, number(to)?),
                None if step.is_some() => (number(range)?, last),
                None => (number(range)?, number(range)?),
            };
            let step = step.unwrap_or(1);
            if from > to || step == 0 {
                return Err(refuse());
            }
            chosen.extend((from..=to).step_by(step));
        }
        Ok(Self { first, last, chosen, open: field == "*" || field == "?" })
    }

    fn is_whole(&self) -> bool {
        (self.first..=self.last).all(|value| self.chosen.contains(&value))
    }

    /// The step, where it is every so-many-th value from the first one on.
    fn step(&self) -> Option<usize> {
        let second = *self.chosen.iter().nth(2)?;
        let step = usize::from(second.checked_sub(self.first)?) / 2;
        let stepped = (step > 1).then(|| (self.first..=self.last).step_by(step))?;
        stepped.eq(self.chosen.iter().copied()).then_some(step)
    }

    /// As cron writes it. `*/2` in a day field means other things to other crons, so `steps` may be refused.
    fn cron(&self, steps: bool) -> String {
        match self.step().filter(|_| steps) {
            _ if self.is_whole() => "*".to_owned(),
            Some(step) => format!("*/{step}"),
            None => self.runs("-", |value| value.to_string()),
        }
    }

    /// As systemd writes it; `None` for every value.
    fn systemd(&self) -> Option<String> {
        if self.is_whole() {
            return None;
        }
        Some(match self.step() {
            Some(step) => format!("{:02}/{step}", self.first),
            None => self.runs("..", |value| format!("{value:02}")),
        })
    }

    /// `1,3-5`.
    fn runs(&self, to: &str, write: impl Fn(u8) -> String) -> String {
        let mut runs: Vec<(u8, u8)> = Vec::new();
        for value in self.chosen.iter().copied() {
            match runs.last_mut() {
                Some((_, end)) if *end + 1 == value => *end = value,
                _ => runs.push((value, value)),
            }
        }
        let said = runs.into_iter().map(|(from, end)| match end - from {
            0 => write(from),
            1 => format!("{},{}", write(from), write(end)),
            _ => format!("{}{to}{}", write(from), write(end)),
        });
        said.collect::<Vec<_>>().join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendars(line: &str) -> Vec<String> {
        Pattern::parse(line).unwrap().calendars()
    }

    fn cron(line: &str) -> Result<String, &'static str> {
        Pattern::parse(line).unwrap().five_fields()
    }

    #[test]
    fn a_cron_line_becomes_calendar_expressions() {
        assert_eq!(calendars("0 3 * * *"), ["*-*-* 03:00:00"]);
        assert_eq!(calendars("*/15 8-18 * * 1-5"), ["Mon,Tue,Wed,Thu,Fri *-*-* 08..18:00/15:00"]);
        assert_eq!(calendars("30 0 3 * * sun,WED"), ["Wed,Sun *-*-* 03:00:30"]);
        assert_eq!(calendars("0 0 1,15-17 jan,jul ?"), ["*-01,07-01,15..17 00:00:00"]);
        assert_eq!(calendars("5/20 * * * 7"), ["Sun *-*-* *:05,25,45:00"]);
        assert_eq!(calendars("@weekly"), ["Sun *-*-* 00:00:00"]);
        assert_eq!(calendars("0 4 L * *"), ["*-*~01 04:00:00"]);
        assert_eq!(calendars("*/10 * * * * *"), ["*-*-* *:*:00/10"]);
    }

    #[test]
    fn a_day_and_a_weekday_together_are_two_expressions_since_either_is_enough() {
        assert_eq!(calendars("0 3 1 * MON"), ["*-*-01 03:00:00", "Mon *-*-* 03:00:00"]);
        assert_eq!(calendars("0 3 L * MON"), ["*-*~01 03:00:00", "Mon *-*-* 03:00:00"]);
        assert_eq!(calendars("0 3 1-31 * MON"), ["*-*-* 03:00:00"]);
        assert_eq!(cron("0 3 */10 * MON"), Ok("0 3 1,11,21,31 * 1".to_owned()));
    }

    #[test]
    fn a_cron_line_is_written_without_what_only_some_crons_read() {
        assert_eq!(cron("0 3 ? feb 5-7"), Ok("0 3 * 2 0,5,6".to_owned()));
        assert_eq!(cron("*/15 */6 * * *"), Ok("*/15 */6 * * *".to_owned()));
        assert_eq!(cron("@daily"), Ok("0 0 * * *".to_owned()));
        assert_eq!(cron("0 0 3 * * *"), Ok("0 3 * * *".to_owned()));
        assert_eq!(cron("30 0 3 * * *"), Err("seconds"));
        assert_eq!(cron("0 3 L * *"), Err("the last day of a month"));
        for unread in ["0 3 * * MON#1", "0 3 15W * *", "0 3 * * 5L", "0 3 9-5 * *", "@reboot", "0 3 * *", "0 24 * * *"]
        {
            assert!(Pattern::parse(unread).is_err(), "{unread}");
        }
    }

    #[test]
    fn a_time_that_is_skipped_in_spring_is_found() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let now: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
        let missing = |line: &str| Pattern::parse(line).unwrap().put_forward(&zone, now);
        assert_eq!(missing("30 2 * * *"), Some(jiff::civil::date(2027, 3, 14).at(2, 30, 0, 0)));
        assert_eq!(missing("30 2 14 3 MON"), Some(jiff::civil::date(2027, 3, 14).at(2, 30, 0, 0)));
        for never in ["30 3 * * *", "30 2 * * 1-6", "0 * * * *", "30 2 1 * *"] {
            assert_eq!(missing(never), None, "{never}");
        }
        let buenos_aires = TimeZone::get("America/Argentina/Buenos_Aires").unwrap();
        assert_eq!(Pattern::parse("0 2 * * *").unwrap().put_forward(&buenos_aires, now), None);
    }
}
