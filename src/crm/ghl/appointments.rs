//! A contact's appointments, in words (`GHL API notes, 3.1`).

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value as Json;

use super::Ghl;
use crate::crm::CrmError;
use crate::crm::answer::Answer;
use crate::crm::path::encode;
use crate::record::{Facet, Forms, GhlId, Method, Moment, RemoteId, Request};

/// What GHL calls an appointment that does not take place.
const CANCELLED: [&str; 4] = ["cancelled", "canceled", "noshow", "invalid"];

impl Ghl {
    /// Each appointment of a contact.
    pub(super) async fn appointments(&self, contact: &GhlId, forms: &Forms) -> Result<Vec<Moment>, CrmError> {
        let request = Request::new(Method::Get, format!("/contacts/{}/appointments", encode(contact.as_str())));
        let body = match self.http.read(&request).await? {
            Answer::Body(body) => body,
            Answer::No(no) => return Err(self.http.refused(&no)),
        };
        let body: Json = serde_json::from_str(&body).unwrap_or_default();
        let Some(events) = body.get("events").and_then(Json::as_array) else {
            return Err(self.http.protocol("the appointments came without their list"));
        };
        // One that stands twice in the list is one; the last is how it is. (`semantics` 56)
        let told = events.iter().filter_map(|event| moment(event, &forms.zone));
        let told: BTreeMap<String, Moment> = told.map(|moment| (moment.id.clone(), moment)).collect();
        Ok(told.into_values().collect())
    }
}

fn moment(event: &Json, zone: &TimeZone) -> Option<Moment> {
    let text = |key: &str| event.get(key).and_then(Json::as_str).map(str::trim).filter(|text| !text.is_empty());
    let id = text("id").or_else(|| text("_id"))?;
    let is_deleted = event.get("deleted").and_then(Json::as_bool).unwrap_or(false);
    let status = text("appointmentStatus").or_else(|| text("appoinmentStatus")).or_else(|| text("status"));
    let off = is_deleted || status.is_some_and(|status| CANCELLED.contains(&status.to_lowercase().as_str()));
    let title = text("title").unwrap_or("without a title");
    let mut words = if off { format!("Appointment CANCELLED: {title}") } else { format!("Appointment: {title}") };
    let (from, to) = (text("startTime").map(|at| shown(at, zone)), text("endTime").map(|at| shown(at, zone)));
    match (from, to) {
        (Some(from), Some(to)) => words.push_str(&format!("\n{from} to {to}")),
        (Some(from), None) => words.push_str(&format!("\n{from}")),
        (None, _) => {}
    }
    for (name, value) in [("Status", status), ("Place", text("address")), ("Notes", text("notes"))] {
        words.extend(value.map(|value| format!("\n{name}: {value}")));
    }
    Some(Moment { facet: Facet::Appointment, id: id.to_owned(), words })
}

/// To the minute, in the location's zone; as it came where it is neither an instant nor a time of that zone.
fn shown(at: &str, zone: &TimeZone) -> String {
    let instant = at.parse::<Timestamp>().ok().map(|instant| instant.to_zoned(zone.clone()).datetime());
    let civil = || at.parse::<DateTime>().ok().filter(|_| at.contains(':'));
    instant.or_else(civil).map_or_else(|| at.to_owned(), |time| time.strftime("%Y-%m-%d %H:%M").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_appointment_says_when_it_is_and_whether_it_takes_place() {
        let zone = TimeZone::get("America/Argentina/Buenos_Aires").unwrap();
        let told = |event: Json| moment(&event, &zone).unwrap().words;
        let event = serde_json::json!({ "id": "a", "title": "Visita", "startTime": "2026-11-24T15:00:00Z",
            "endTime": "2026-11-24 13:00:00", "appointmentStatus": "confirmed" });
        assert_eq!(told(event), "Appointment: Visita\n2026-11-24 12:00 to 2026-11-24 13:00\nStatus: confirmed");
        let event = serde_json::json!({ "id": "a", "title": "Visita", "appoinmentStatus": "cancelled" });
        assert_eq!(told(event), "Appointment CANCELLED: Visita\nStatus: cancelled");
        for (at, said) in [
            ("2026-11-24T13:00:00", "2026-11-24 13:00"),
            ("2026-11-24", "2026-11-24"),
            ("24/11/2026 13:00", "24/11/2026 13:00"),
        ] {
            assert_eq!(shown(at, &zone), said);
        }
        assert!(moment(&serde_json::json!({ "title": "Visita" }), &zone).is_none());
    }
}
