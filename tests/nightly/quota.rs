//! The first sync of an account that is larger than the day's quota goes on where it was, night after night.
//! (`semantics` 65)

use std::collections::BTreeSet;

use concord::config::NotesFetch;
use concord::record::{Kind, Side};
use concord::run::{Consent, Finished};
use concord::sandbox::{EditKind, EditOp};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::house::{House, Plot};
use crate::rotation::asked;

/// People on both sides and on one alone, each with a note of its own.
async fn town(daily: u64, share: f64, both: u32, only: [u32; 2]) -> House {
    let settings = format!("ghl.daily_budget = {share:.1}\nguard.first_sync = \"auto\"\n");
    let house = House::build(&Plot { daily: Some(daily), ..Plot::extended().with_settings(&settings) }).await;
    let note = |side: Side, contact: &str, text: &str| {
        house.edit(side, EditOp::Create, EditKind::Note, Some(contact), None, &json!({ "body": text }));
    };
    for number in 0..both {
        let person = house.person(number);
        note(Side::Cliengo, &person.cliengo, &format!("Nota de Cliengo {number}"));
        note(Side::Ghl, &person.ghl, &format!("Nota de GHL {number}"));
    }
    for (side, people) in Side::BOTH.into_iter().zip(only) {
        for number in 0..people {
            let email = format!("solo-{side}-{number}@example.com");
            let set = match side {
                Side::Cliengo => json!({ "name": format!("Sola Persona{number}"), "email": email }),
                Side::Ghl => json!({ "firstName": "Sola", "lastName": format!("Persona{number}"), "email": email }),
            };
            let contact = house.contact(side, &set);
            note(side, &contact, &format!("Nota sola {number}"));
        }
    }
    house
}

fn standing(house: &House, kind: &str) -> [usize; 2] {
    let dump = house.dump();
    Side::BOTH.map(|side| dump[side.as_str()][kind].as_array().map_or(0, Vec::len))
}

/// Nights until both sides tell the same: what each of them said.
async fn nights(house: &House, contacts: usize, notes: usize) -> Vec<Finished> {
    let mut nights = Vec::new();
    while nights.len() < 40 {
        let night = house.try_night(&Consent::default(), CancellationToken::new()).await.unwrap();
        assert!(!night.is_refused() && night.failure().is_none(), "{:?} {:?}", night.failure(), night.plan.guards);
        nights.push(night);
        if (standing(house, "contacts"), standing(house, "notes")) == ([contacts; 2], [notes; 2]) {
            return nights;
        }
    }
    panic!("after 40 nights: {:?} {:?}", standing(house, "contacts"), standing(house, "notes"));
}

/// Every night but the last says that it goes on, and how far it is; nobody and nothing is there twice.
fn went_on(nights: &[Finished], contacts: u64) {
    let (last, before) = nights.split_last().unwrap();
    assert!(!before.is_empty(), "the quota is large enough for all of it");
    let mut linked = 0;
    for night in before {
        let to_go = night.run.as_ref().unwrap().to_go.unwrap();
        assert!(to_go.linked >= linked && to_go.runs > 0, "{to_go:?} after {linked}");
        assert!(night.needs_a_person(), "a night that left something is no good one");
        linked = to_go.linked;
    }
    assert!(linked <= contacts && last.plan.operations.len() < 200);
}

#[tokio::test]
async fn a_first_sync_of_more_than_a_days_quota_goes_on_night_after_night() {
    for only in [[60, 0], [0, 60]] {
        let house = town(120, 1.0, 40, only).await;
        let nights = nights(&house, 100, 140).await;
        went_on(&nights, 100);
        house.night().await;
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn a_quota_smaller_than_one_listing_is_no_reason_to_do_nothing_for_ever() {
    let mut house = town(50, 1.0, 40, [20, 20]).await;
    house.pair.notes.fetch = NotesFetch::All;
    let nights = nights(&house, 80, 120).await;
    went_on(&nights, 80);
    for _ in 0..6 {
        let night = house.night().await;
        assert_eq!(house.writes(), [], "each note is there once");
        assert!(night.needs_a_person(), "everybody's notes were asked for, and not everybody's were read");
    }
}

#[tokio::test]
async fn a_run_leaves_to_others_what_daily_budget_does_not_give_it() {
    let house = town(200, 0.5, 10, [40, 0]).await;
    let night = house.night().await;
    let left = night.usage.ghl.daily_remaining.unwrap();
    assert!((100..200).contains(&left), "{left}");
    assert!(night.run.unwrap().to_go.is_some());
}

#[tokio::test]
async fn how_far_a_first_sync_is_and_about_how_long_it_takes_is_said() {
    let house = town(60, 1.0, 10, [40, 0]).await;
    let night = house.night().await;
    let told = concord::report::verdict(&night, &concord::report::Audience::plain());
    let to_go = night.run.as_ref().unwrap().to_go.unwrap();
    assert_eq!(to_go.contacts, 50);
    assert!(told.contains(&format!("{} of 50 contacts", to_go.linked)), "{told}");
    assert!(told.contains("more run"), "{told}");
    assert!(concord::report::brief(&night, &concord::report::Audience::plain()).contains("of 50 contacts"));
    let listing = &night.plan.listings.ghl.note;
    assert!(listing.count <= 10 && night.plan.summary().ghl.of(Kind::Contact).create == 40);
}

#[tokio::test]
async fn what_a_night_can_afford_is_spent_on_whoever_has_news_and_on_those_who_waited_longest() {
    let house = town(44, 1.0, 40, [0, 0]).await;
    nights(&house, 40, 80).await;
    for _ in 0..3 {
        house.night().await;
    }
    let mut looked_at = BTreeSet::new();
    for row in house.rows(Side::Ghl, "contacts").iter().take(3) {
        let edited = row["id"].as_str().unwrap();
        house.edit(Side::Ghl, EditOp::Update, EditKind::Contact, None, Some(edited), &json!({ "city": "Rosario" }));
        house.night().await;
        let tonight = asked(&house, Side::Ghl);
        assert!(tonight.contains(edited), "{tonight:?}");
        // A week's turn would be six.
        assert!((12..30).contains(&tonight.len()), "{}", tonight.len());
        assert_eq!(house.writes(), []);
        looked_at.extend(tonight);
    }
    assert_eq!(looked_at.len(), 40, "everybody within three nights");
}

#[tokio::test]
async fn a_quota_that_just_suffices_to_look_at_everybody_leaves_something_to_write() {
    let house = town(60, 0.5, 24, [0, 0]).await;
    nights(&house, 24, 48).await;
    for _ in 0..4 {
        house.night().await;
    }
    for row in house.rows(Side::Cliengo, "contacts").iter().take(3) {
        let set = json!({ "name": "Nombre Nuevo" });
        house.edit(Side::Cliengo, EditOp::Update, EditKind::Contact, None, row["id"].as_str(), &set);
    }
    for _ in 0..2 {
        house.night().await;
    }
    let renamed = house.rows(Side::Ghl, "contacts").iter().filter(|row| row.to_string().contains("Nuevo")).count();
    assert_eq!(renamed, 3);
}
