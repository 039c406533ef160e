//! Days as people and programs write them.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Years before this one are two digits that were read as four.
const EARLIEST: i16 = 1000;

/// The day of a date written as `2026-12-24`, with or without a time behind it.
pub(super) fn day(text: &str) -> Option<Date> {
    let (day, rest) = text.split_at_checked(10)?;
    let is_time = |rest: &str| rest.split_once(':').is_some_and(|(hour, _)| matches!(hour.parse(), Ok(0..24_u8)));
    let is_alone = rest.is_empty() || rest.strip_prefix(['T', 't', ' ']).is_some_and(is_time);
    let is_written_out = day.bytes().filter(|byte| *byte == b'-').count() == 2;
    day.parse::<Date>().ok().filter(|date| is_alone && is_written_out && date.year() >= EARLIEST)
}

/// The day of an instant that is told in milliseconds, where it begins one.
pub(super) fn day_at(milliseconds: Option<i64>) -> Option<Date> {
    let at = Timestamp::from_millisecond(milliseconds?).ok()?.to_zoned(TimeZone::UTC);
    let is_day = at.datetime() == at.date().at(0, 0, 0, 0);
    // Small numbers are no instants.
    Some(at.date()).filter(|date| is_day && (1971..3000).contains(&date.year()))
}

/// The day of a date in this format, as strftime names it.
pub(super) fn day_in(format: &str, text: &str) -> Option<Date> {
    Date::strptime(format, text).ok().filter(|date| date.year() >= EARLIEST)
}
