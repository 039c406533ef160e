//! Somebody who comes to a CRM while a run is at work, or whom it has without listing them: matched, never doubled, and
//! not the run's own. (`semantics` 60 and 61)

use std::sync::Arc;

use concord::clock::Clock;
use concord::record::{Action, Kind, Side};
use concord::run::{Finished, OperationOutcome};
use concord::sandbox::{Edit, EditKind, EditOp, Fault, FaultRule, Faults, Stated, When};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::house::{House, Person, Plot, count, held, outcomes, said};
use crate::lost_answers::Wrong;
use crate::proxy;

const EMAIL: &str = "nidia.arce@example.com";
const PHONE: &str = "+5491150009911";

/// A pair with one linked person, and Nidia on `source` alone.
async fn nidia(source: Side) -> (House, String) {
    let house = House::build(&Plot::extended()).await;
    house.person(1);
    house.good_night().await;
    let name = if source == Side::Ghl {
        json!({ "firstName": "Nidia", "lastName": "Arce" })
    } else {
        json!({ "name": "Nidia Arce" })
    };
    let mut set = json!({ "email": EMAIL, "phone": PHONE });
    set.as_object_mut().unwrap().extend(name.as_object().unwrap().clone());
    let id = house.contact(source, &set);
    (house, id)
}

fn days_ago(house: &House, days: i64) -> String {
    house.clock.now().checked_sub(SignedDuration::from_hours(24 * days)).unwrap().to_string()
}

fn arrival(side: Side, key: &str) -> Edit {
    let name = if side == Side::Ghl { "firstName" } else { "name" };
    let value = if key == "email" { EMAIL } else { PHONE };
    let set = json!({ name: "Nidia", key: value });
    Edit {
        side,
        op: EditOp::Create,
        kind: EditKind::Contact,
        contact: None,
        id: None,
        set: set.as_object().unwrap().clone(),
    }
}

#[tokio::test]
async fn who_arrives_between_listing_and_create_is_matched_and_not_doubled() {
    for side in Side::BOTH {
        for key in ["email", "phone"] {
            let (house, source) = nidia(side.other()).await;
            house.note(side.other(), &Person { cliengo: source.clone(), ghl: source }, "Pidió precio");
            let edit = arrival(side, key);
            let (finished, edited) = tokio::join!(house.night(), house.edit_meanwhile(&edit));
            edited.unwrap();
            assert_eq!(
                outcomes(&finished),
                [OperationOutcome::SkippedStale, OperationOutcome::NotStarted],
                "{side} by {key}"
            );
            assert_eq!(house.writes(), [], "{side} by {key}");
            let next = house.good_night().await;
            assert_eq!(count(&next, Kind::Contact, Action::Link), 1, "{side} by {key}");
            assert_eq!(house.rows(side, "contacts").len(), 2, "{side} by {key}");
            assert_eq!(house.rows(side, "notes").len(), 1, "{side} by {key}");
            house.quiet_night().await;
        }
    }
}

#[tokio::test]
async fn the_newest_contacts_are_read_once_and_only_before_a_create() {
    let house = House::build(&Plot::extended()).await;
    let window = |house: &House| {
        let asked = house.sandbox.requests().into_iter();
        asked.filter(|asked| asked.side == Side::Cliengo && asked.path.contains("since=")).count()
    };
    house.person(1);
    house.good_night().await;
    assert_eq!(window(&house), 0);
    for number in 0..3 {
        house.contact(Side::Ghl, &json!({ "firstName": "Ana", "email": format!("ana{number}@example.com") }));
    }
    house.good_night().await;
    assert_eq!((window(&house), house.rows(Side::Cliengo, "contacts").len()), (1, 4));
    house.quiet_night().await;
    assert_eq!(window(&house), 0);
}

#[tokio::test]
async fn nobody_is_created_where_the_newest_contacts_cannot_be_read() {
    let (mut house, _) = nidia(Side::Ghl).await;
    let straight = house.urls.cliengo.clone();
    let refuse = |line: &str, answer: Value| {
        if line.contains("since=") { Err((400, json!({ "message": "not now" }))) } else { Ok(answer) }
    };
    house.urls.cliengo = proxy::before(&house.urls.cliengo, Arc::new(refuse)).await;
    let finished = house.night().await;
    assert_eq!(outcomes(&finished), [OperationOutcome::Failed]);
    assert_eq!(house.writes(), []);
    house.urls.cliengo = straight;
    house.good_night().await;
    house.quiet_night().await;
}

/// Somebody whom Cliengo has since 400 days and does not list.
async fn hidden(house: &mut House) -> String {
    let created = days_ago(house, 400);
    let id = house.contact(Side::Cliengo, &json!({ "name": "Nidia Vieja", "email": EMAIL, "createdAt": created }));
    let mine = id.clone();
    let hide = move |line: &str, mut answer: Value| {
        if line.starts_with("GET /cliengo/1.0/contacts?")
            && let Some(rows) = answer["results"].as_array_mut()
        {
            let all = rows.len();
            rows.retain(|row| row["id"] != mine);
            let gone = all - rows.len();
            answer["paging"]["total"] = json!(answer["paging"]["total"].as_u64().unwrap() - gone as u64);
        }
        Ok(answer)
    };
    house.urls.cliengo = proxy::before(&house.urls.cliengo, Arc::new(hide)).await;
    id
}

/// Cliengo answers every create of a contact with this.
fn creates_answer(house: &House, stated: Stated) {
    house.sandbox.set_faults(Faults::rules(vec![FaultRule {
        side: Some(Side::Cliengo),
        method: Some("POST".to_owned()),
        path_contains: Some("/contacts".to_owned()),
        when: When::First(1),
        fault: Fault::Answer(stated),
    }]));
}

fn run_of(finished: &Finished) -> i64 {
    finished.run.as_ref().unwrap().id
}

/// The answers with which Cliengo unifies: the whole contact, its id alone, a refusal that names it.
fn unifications(id: &str, created: &str) -> Vec<Stated> {
    let whole = json!({ "id": id, "name": "Nidia Vieja", "email": EMAIL, "creationDate": created });
    vec![
        Stated::json(200, &whole),
        Stated::json(201, &whole),
        Stated::json(200, &json!({ "id": id })),
        Stated::json(409, &json!({ "message": "The contact already exists", "id": id })),
        Stated::json(409, &json!({ "message": "The contact already exists", "contact": whole })),
    ]
}

#[tokio::test]
async fn a_create_that_is_answered_with_an_older_contact_is_a_match() {
    for way in 0..5 {
        let (mut house, source) = nidia(Side::Ghl).await;
        let straight = house.urls.cliengo.clone();
        let id = hidden(&mut house).await;
        house.note(Side::Ghl, &Person { cliengo: String::new(), ghl: source }, "Pidió precio");
        let stated = unifications(&id, &days_ago(&house, 400)).remove(way);
        creates_answer(&house, stated);
        let finished = house.night().await;
        let ended = finished.run.as_ref().unwrap().outcomes.values().next().unwrap().clone();
        assert_eq!(ended.outcome, OperationOutcome::Applied, "{way}: {:?}", ended.reason);
        assert!(ended.reason.unwrap().contains("had this contact already"), "{way}");
        assert_eq!(outcomes(&finished)[1], OperationOutcome::NotStarted, "{way}");
        house.urls.cliengo = straight;
        // What differs is merged as when both first meet: GHL wins by default, and is said to.
        let next = house.night().await;
        assert_eq!(next.plan.conflicts.len(), 1, "{way}: {:?}", next.plan.conflicts);
        assert_eq!(house.rows(Side::Cliengo, "contacts").len(), 2, "{way}");
        assert_eq!(house.children(Side::Cliengo, "notes", &id), ["Pidió precio"], "{way}");
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn an_undo_leaves_a_contact_that_the_create_only_matched_and_parts_both() {
    for way in 0..5 {
        let (mut house, _) = nidia(Side::Ghl).await;
        let id = hidden(&mut house).await;
        creates_answer(&house, unifications(&id, &days_ago(&house, 400)).remove(way));
        let run = run_of(&house.night().await);
        let undone = house.undo(run).await;
        assert_eq!(house.writes(), [], "{way}: nothing is deleted");
        assert_eq!(held(&undone), [], "{way}");
        assert!(said(&undone)[0].contains("their link is removed"), "{way}: {:?}", said(&undone));
        for _ in 0..3 {
            house.night().await;
            assert_eq!(house.writes(), [], "{way}: what was undone is not done again");
        }
        assert_eq!(house.rows(Side::Cliengo, "contacts").len(), 2, "{way}");
    }
}

#[tokio::test]
async fn an_undo_leaves_a_contact_that_was_only_found_by_reading() {
    for side in Side::BOTH {
        let (house, _) = nidia(side.other()).await;
        let nth = if side == Side::Ghl { "#2" } else { "" };
        let path = if side == Side::Ghl { "/contacts/" } else { "/contacts" };
        house.faults(&format!("reset-after-write@{side}:POST:{path}{nth}"));
        let run = run_of(&house.good_night().await);
        house.faults("");
        let undone = house.undo(run).await;
        assert_eq!(house.writes(), [], "{side}");
        assert!(said(&undone)[0].contains("found by reading"), "{side}: {:?}", said(&undone));
        house.night().await;
        assert_eq!((house.writes(), house.rows(side, "contacts").len()), (vec![], 2), "{side}");
    }
}

#[tokio::test]
async fn a_match_that_cliengo_made_by_phone_is_one_where_only_emails_are_matched() {
    let plot = Plot::extended().with_settings("[pair.house.contacts]\nmatch = [\"email\"]\n");
    let house = House::build(&plot).await;
    house.person(1);
    house.good_night().await;
    let (name, phone) = ("Itatí de Zúñiga", "+5491151640003");
    let id = house.contact(Side::Cliengo, &json!({ "name": name, "phone": phone }));
    let whole = json!({ "id": id, "name": name, "phone": phone, "creationDate": days_ago(&house, 400) });
    let source = json!({ "firstName": "Itatí", "lastName": "de Zúñiga", "email": EMAIL, "phone": phone });
    house.contact(Side::Ghl, &source);
    creates_answer(&house, Stated::json(201, &whole));
    house.night().await;
    house.faults("");
    house.night().await;
    assert_eq!(Side::BOTH.map(|side| house.rows(side, "contacts").len()), [2, 2]);
    assert!(house.rows(Side::Cliengo, "contacts").iter().any(|row| row["email"] == EMAIL && row["id"] == id.as_str()));
    house.quiet_night().await;
}

#[tokio::test]
async fn a_create_that_is_answered_with_somebody_else_links_nobody() {
    let (mut house, _) = nidia(Side::Ghl).await;
    let id = hidden(&mut house).await;
    let other = Person { cliengo: id.clone(), ghl: String::new() };
    house.change(Side::Cliengo, &other, &json!({ "email": "otra.persona@example.com" }));
    let created = days_ago(&house, 400);
    let whole = json!({ "id": id, "name": "Otra", "email": "otra.persona@example.com", "creationDate": created });
    creates_answer(&house, Stated::json(200, &whole));
    let finished = house.night().await;
    assert_eq!(outcomes(&finished), [OperationOutcome::Refused]);
    assert_eq!(house.row(Side::Cliengo, &other)["email"], "otra.persona@example.com");
}

#[tokio::test]
async fn a_fresh_contact_is_the_run_s_own_whatever_its_crm_s_clock_shows() {
    for minutes in [-90, -10, 2, 90] {
        let (mut house, _) = nidia(Side::Ghl).await;
        house.ours = Arc::new(Wrong(house.clock.clone(), SignedDuration::from_mins(minutes)));
        let run = run_of(&house.good_night().await);
        let undone = house.undo(run).await;
        assert_eq!(outcomes(&undone), [OperationOutcome::Applied], "{minutes}");
        assert_eq!(house.rows(Side::Cliengo, "contacts").len(), 1, "{minutes}");
    }
}

#[tokio::test]
async fn who_is_new_in_ghl_is_created_in_cliengo_however_young() {
    let settings = "[pair.house.cliengo]\nmin_age = \"3d\"\n";
    let house = House::build(&Plot::extended().with_settings(settings)).await;
    house.contact(Side::Ghl, &json!({ "firstName": "Ana", "email": "ana@example.com" }));
    house.good_night().await;
    assert_eq!(house.rows(Side::Cliengo, "contacts").len(), 1);
}
