//! What Cliengo alone knows of a person: where the lead came from, and what was talked (`Cliengo API notes, 2.9 and 3`).

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use serde_json::Value as Json;

use super::Cliengo;
use super::list::enveloped;
use crate::crm::CrmError;
use crate::crm::answer::Answer;
use crate::crm::path::encode;
use crate::record::{CliengoId, Facet, Forms, Method, Moment, RemoteId, Request, day_of_talk};

/// What is told of a lead, by Cliengo's key; the first of several that says something.
const TOLD: [(&str, &[&str]); 12] = [
    ("Website", &["websiteName"]),
    ("Entry", &["entryMethod", "contactMethod"]),
    ("Medium", &["mediumTranslate", "medium"]),
    ("UTM source", &["utmSource"]),
    ("UTM medium", &["utmMedium"]),
    ("UTM campaign", &["utmCampaign"]),
    ("UTM term", &["utmTerm"]),
    ("UTM content", &["utmContent"]),
    ("Landing page", &["landingUrl"]),
    ("Conversion page", &["conversionUrl"]),
    ("Referrer", &["referalUrl", "referralUrl"]),
    ("First message", &["message"]),
];

/// Where a listed contact came from; `None` where nothing says so.
pub(super) fn lead(payload: &str) -> Option<String> {
    let contact: Json = serde_json::from_str(payload).ok()?;
    let text = |key: &&str| contact.get(*key).and_then(Json::as_str).map(str::trim).filter(|text| !text.is_empty());
    let told = TOLD.iter().filter_map(|(name, keys)| Some(format!("{name}: {}", keys.iter().find_map(text)?)));
    let told: Vec<String> = told.collect();
    (!told.is_empty()).then(|| format!("Lead from Cliengo\n{}", told.join("\n")))
}

/// A page with fewer rows than this is the last one, whatever size a CRM gives its pages.
const SMALLEST_PAGE: usize = 10;

impl Cliengo {
    /// Each day on which was talked with a contact, in the location's zone. Where no total is told, pages are asked for until
    /// one is short or shows nothing new: a CRM that knows no `offset` answers with the first one again.
    pub(super) async fn days_of_talk(&self, contact: &CliengoId, forms: &Forms) -> Result<Vec<Moment>, CrmError> {
        let first = Request::new(Method::Get, format!("/contacts/{}/messages", encode(contact.as_str())));
        let (mut messages, mut last): (Vec<Json>, Vec<Json>) = (Vec::new(), Vec::new());
        let mut request = first.clone();
        loop {
            let body = match self.http.read(&request).await? {
                Answer::Body(body) => body,
                Answer::No(no) => return Err(self.http.refused(&no)),
            };
            let (rows, total) =
                enveloped(&body).ok_or_else(|| self.http.protocol("the messages came without their list"))?;
            let came = rows.len();
            let page: Vec<Json> = rows.into_iter().filter_map(|row| serde_json::from_str(row.get()).ok()).collect();
            let is_news = page.iter().any(|message| !messages.contains(message));
            if came > 0 && page == last && total.is_some() {
                return Err(self.http.protocol("its pages show the same messages again and again"));
            }
            messages.extend_from_slice(&page);
            last = page;
            match total {
                None if is_news && came >= SMALLEST_PAGE => request = self.further(&first, messages.len()),
                Some(total) if total > messages.len() && came > 0 => {
                    request = self.further(&first, messages.len());
                }
                Some(total) if total > messages.len() => {
                    let listed = messages.len();
                    return Err(self.http.protocol(format!("it counts {total} messages and listed {listed}")));
                }
                _ => return Ok(days(&messages, &forms.zone)),
            }
        }
    }
}

/// When a message was said, as people there read a clock: its day, and its time where one was told.
type Said = (Option<Date>, Option<Time>);

fn days(messages: &[Json], zone: &TimeZone) -> Vec<Moment> {
    let mut days: BTreeMap<Option<Date>, BTreeSet<(Option<Time>, String)>> = BTreeMap::new();
    for message in messages {
        let (day, time) = message.get("creationDate").map_or((None, None), |at| said_at(at, zone));
        if let Some(text) = text_of(message) {
            days.entry(day).or_default().insert((time, text));
        }
    }
    let told = days.into_iter().map(|(day, said)| {
        let id = day.map_or_else(|| "undated".to_owned(), |day| day.to_string());
        let title = format!("Conversation in Cliengo, {}", if day.is_some() { &id } else { "without a date" });
        let said: Vec<(String, String)> = said
            .into_iter()
            .map(|(time, text)| (time.map_or("--:--".to_owned(), |time| time.strftime("%H:%M").to_string()), text))
            .collect();
        let words = day_of_talk(&title, said.iter().map(|(time, text)| (time.as_str(), text.as_str())));
        Moment { facet: Facet::Talk, id, words }
    });
    told.collect()
}

/// What was said, as a text or within an object.
fn text_of(message: &Json) -> Option<String> {
    let said = message.get("message")?;
    let text = said.as_str().or_else(|| ["text", "body"].iter().find_map(|key| said.get(key)?.as_str()))?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// An instant, a time of the account's zone, a date alone, or milliseconds (`accounts`, dates).
fn said_at(at: &Json, zone: &TimeZone) -> Said {
    let instant = match at {
        Json::String(at) => at.trim().parse::<Timestamp>().ok(),
        at => at.as_i64().and_then(|at| {
            // Seconds have fewer digits until the year 5138.
            let milliseconds = if at.abs() < 100_000_000_000 { at.checked_mul(1_000)? } else { at };
            Timestamp::from_millisecond(milliseconds).ok()
        }),
    };
    if let Some(instant) = instant {
        let at = instant.to_zoned(zone.clone());
        return (Some(at.date()), Some(at.time()));
    }
    let civil = at.as_str().map(str::trim).and_then(|at| Some((at.len(), at.parse::<DateTime>().ok()?)));
    match civil {
        Some((10, at)) => (Some(at.date()), None),
        Some((_, at)) => (Some(at.date()), Some(at.time())),
        None => (None, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lead_says_where_it_came_from_as_far_as_cliengo_tells() {
        let payload = r#"{"id":"1","websiteName":"acme.example","utmSource":" ads ","medium":"","message":"Hola"}"#;
        assert_eq!(
            lead(payload).unwrap(),
            "Lead from Cliengo\nWebsite: acme.example\nUTM source: ads\nFirst message: Hola"
        );
        assert_eq!(lead(r#"{"id":"1","name":"Ana"}"#), None);
    }

    #[test]
    fn a_message_is_told_of_its_day_however_its_date_is_written() {
        let zone = TimeZone::get("America/Argentina/Buenos_Aires").unwrap();
        let told = |at: Json| {
            let days = days(&[serde_json::json!({ "creationDate": at, "message": { "text": "hola" } })], &zone);
            days.first().map(|day| format!("{} {}", day.id, day.words.lines().last().unwrap_or_default()))
        };
        for at in ["2026-11-20T13:00:00Z", "2026-11-20T10:00:00-03:00", "2026-11-20T13:00:00.000+0000"] {
            assert_eq!(told(at.into()).unwrap(), "2026-11-20 10:00 hola", "{at}");
        }
        assert_eq!(told("2026-11-20T10:00:00".into()).unwrap(), "2026-11-20 10:00 hola");
        assert_eq!(told("2026-11-20 10:00:00".into()).unwrap(), "2026-11-20 10:00 hola");
        assert_eq!(told(1_795_179_600_000_i64.into()).unwrap(), "2026-11-20 10:00 hola");
        assert_eq!(told(1_795_179_600.into()).unwrap(), "2026-11-20 10:00 hola");
        assert_eq!(told("2026-11-20".into()).unwrap(), "2026-11-20 --:-- hola");
        assert_eq!(told("ayer".into()).unwrap(), "undated --:-- hola");
        assert_eq!(told(Json::Null).unwrap(), "undated --:-- hola");
    }
}
