//! What Cliengo alone knows of a person: where the lead came from, and what was talked (`Cliengo API notes, 2.9 and 3`).

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value as Json;

use super::Cliengo;
use crate::crm::CrmError;
use crate::crm::answer::Answer;
use crate::crm::path::encode;
use crate::record::{CliengoId, Facet, Forms, Method, Moment, RemoteId, Request};

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

/// The longest day of talk that is told: what is longer ends with a word on where the rest is.
const LONGEST: usize = 20_000;

/// Where a listed contact came from; `None` where nothing says so.
pub(super) fn lead(payload: &str) -> Option<String> {
    let contact: Json = serde_json::from_str(payload).ok()?;
    let text = |key: &&str| contact.get(*key).and_then(Json::as_str).map(str::trim).filter(|text| !text.is_empty());
    let told = TOLD.iter().filter_map(|(name, keys)| Some(format!("{name}: {}", keys.iter().find_map(text)?)));
    let told: Vec<String> = told.collect();
    (!told.is_empty()).then(|| format!("Lead from Cliengo\n{}", told.join("\n")))
}

impl Cliengo {
    /// Each day on which was talked with a contact, in the location's zone.
    pub(super) async fn days_of_talk(&self, contact: &CliengoId, forms: &Forms) -> Result<Vec<Moment>, CrmError> {
        let request = Request::new(Method::Get, format!("/contacts/{}/messages", encode(contact.as_str())));
        let body = match self.http.read(&request).await? {
            Answer::Body(body) => body,
            Answer::No(no) => return Err(self.http.refused(&no)),
        };
        let body: Json = serde_json::from_str(&body).unwrap_or_default();
        let lists = ["results", "messages", "data"].iter().find_map(|key| body.get(*key)?.as_array());
        let Some(messages) = body.as_array().or(lists) else {
            return Err(self.http.protocol("the messages came without their list"));
        };
        Ok(days(messages, forms))
    }
}

fn days(messages: &[Json], forms: &Forms) -> Vec<Moment> {
    let mut days: BTreeMap<String, Vec<(Timestamp, String)>> = BTreeMap::new();
    for message in messages {
        let at = message.get("creationDate").and_then(Json::as_str).and_then(|at| at.parse::<Timestamp>().ok());
        let text = message.get("message").and_then(Json::as_str).map(str::trim).filter(|text| !text.is_empty());
        let (Some(at), Some(text)) = (at, text) else { continue };
        let day = at.to_zoned(forms.zone.clone()).strftime("%Y-%m-%d").to_string();
        days.entry(day).or_default().push((at, text.to_owned()));
    }
    let told = days.into_iter().map(|(day, mut said)| {
        said.sort();
        said.dedup();
        let mut words = format!("Conversation in Cliengo, {day}");
        for (at, text) in said {
            let line = format!("\n{} {text}", at.to_zoned(forms.zone.clone()).strftime("%H:%M"));
            if words.len() + line.len() > LONGEST {
                words.push_str("\n[the rest stands in Cliengo]");
                break;
            }
            words.push_str(&line);
        }
        Moment { facet: Facet::Talk, id: day, words }
    });
    told.collect()
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
}
