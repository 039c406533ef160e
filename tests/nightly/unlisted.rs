//! Edits of records whose counterpart nothing is known of: they wait, and are said where nothing else says it.

use concord::reconcile::HeldReason;
use concord::record::{Action, Kind, Side};
use concord::run::Finished;
use concord::sandbox::{EditKind, EditOp};
use serde_json::json;

use crate::house::{House, Person, Plot, count, held, id_of, text_of};

const PROPAGATE: &str = "[pair.house.contacts]\non_delete = \"propagate\"\n";

async fn linked() -> (House, Vec<Person>) {
    let house = House::build(&Plot::extended().with_settings(PROPAGATE)).await;
    let people: Vec<Person> = (1..=12).map(|number| house.person(number)).collect();
    for side in Side::BOTH {
        house.note(side, &people[0], "Pidió precio");
    }
    house.good_night().await;
    (house, people)
}

/// Why who is held, by its GHL id.
fn held_people(finished: &Finished) -> Vec<(HeldReason, String)> {
    let held = finished.plan.held.iter();
    let mut held: Vec<_> =
        held.map(|held| (held.reason, held.ids.of(Side::Ghl).unwrap_or_default().to_owned())).collect();
    held.sort_by(|one, other| one.1.cmp(&other.1));
    held
}

#[tokio::test]
async fn a_record_of_which_nothing_can_be_told_is_said_whether_its_counterpart_was_edited_or_not() {
    for side in Side::BOTH {
        let (mut house, people) = linked().await;
        house.strict = false;
        let (unreadable, unknown, unedited) = (&people[1], &people[2], &people[3]);
        house.change(side, unreadable, &json!({ "email": 42 }));
        house.change(side.other(), unreadable, &json!({ "email": "una@example.com" }));
        house.remove(side, unknown);
        house.change(side.other(), unknown, &json!({ "email": "otra@example.com" }));
        house.remove(side, unedited);
        let refused = [unknown, unedited].map(|person| format!("status=400@{side}:GET:/contacts/{}*", person.on(side)));
        house.faults(&refused.join(","));
        let unparsable = || (HeldReason::Unparsable, unreadable.ghl.clone());
        let because = |reason| [unknown, unedited].map(|person| (reason, person.ghl.clone()));
        let [doubted, _] = because(HeldReason::Unlisted);
        let [one, other] = because(HeldReason::Inconclusive);
        // A listing that shrank is doubted first: then nobody is asked for.
        for mut expected in [vec![unparsable(), doubted], vec![unparsable(), one, other]] {
            expected.sort_by(|one, other| one.1.cmp(&other.1));
            assert_eq!(held_people(&house.quiet_night().await), expected, "{side}");
        }
        house.faults("");
        let known = house.good_night().await;
        assert_eq!(held_people(&known), [(HeldReason::Unparsable, unreadable.ghl.clone())], "{side}");
        assert_eq!(count(&known, Kind::Contact, Action::Create), 1, "an edit beats a delete");
        assert_eq!(count(&known, Kind::Contact, Action::Delete), 1);
    }
}

#[tokio::test]
async fn an_edit_of_a_note_whose_counterparts_cannot_be_listed_is_said_and_follows_later() {
    for side in Side::BOTH {
        let (house, people) = linked().await;
        let (person, note) = (&people[0], house.only(side.other(), "notes"));
        house.edit_child(side.other(), EditKind::Note, person, &note, &json!({ "body": "Pidió otro precio" }));
        house.faults(&format!("status=400@{side}:GET:/contacts/{}/notes*", person.on(side)));
        assert_eq!(held(&house.quiet_night().await), [HeldReason::Unlisted], "{side}");
        house.faults("");
        assert_eq!(held(&house.good_night().await), [], "{side}");
        assert_eq!(house.children(side, "notes", person.on(side)), ["Pidió otro precio"], "{side}");
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn a_note_that_is_missing_for_the_first_time_is_not_said_although_the_other_one_was_edited() {
    let (house, people) = linked().await;
    let (gone, note) = (house.only(Side::Cliengo, "notes"), house.only(Side::Ghl, "notes"));
    house.remove_child(Side::Cliengo, EditKind::Note, &people[0], &gone);
    house.edit_child(Side::Ghl, EditKind::Note, &people[0], &note, &json!({ "body": "Pidió otro precio" }));
    assert_eq!(held(&house.quiet_night().await), []);
    let believed = house.good_night().await;
    assert_eq!((count(&believed, Kind::Note, Action::Create), held(&believed)), (1, vec![]));
    house.quiet_night().await;
}

// Watches: I42.
#[tokio::test]
async fn what_stands_under_a_contact_that_the_last_run_made_is_seen_although_ghls_index_does_not_show_it_yet() {
    let account = "[ghl]\nsearch_lag = \"whole-run\"\n".parse().unwrap();
    let house = House::build(&Plot { account, ..Plot::extended() }).await;
    house.person(1);
    house.good_night().await;
    let set = json!({ "name": "Ana Paz", "email": "ana@example.com" });
    let cliengo = house.contact(Side::Cliengo, &set);
    house.edit(Side::Cliengo, EditOp::Create, EditKind::Note, Some(&cliengo), None, &json!({ "body": "Llamó" }));
    house.good_night().await;
    let rows = house.rows(Side::Ghl, "contacts");
    let ghl = id_of(rows.iter().find(|row| text_of(row, &["email"]) == "ana@example.com").unwrap());
    let person = Person { cliengo, ghl };
    let carried = house.only(Side::Ghl, "notes");
    house.edit_child(Side::Ghl, EditKind::Note, &person, &carried, &json!({ "body": "Llamó hoy" }));
    house.note(Side::Ghl, &person, "Pidió precio");
    let finished = house.at_once().await;
    assert_eq!(finished.plan.listings.ghl.note.parents, Some((2, 2)));
    assert_eq!(house.children(Side::Cliengo, "notes", &person.cliengo), ["Llamó hoy", "Pidió precio"]);
    house.quiet_night().await;
}

#[tokio::test]
async fn a_contact_that_the_last_run_made_and_somebody_removed_leaves_nothing_unread() {
    let house = House::build(&Plot::extended()).await;
    (1..=12).for_each(|number| drop(house.person(number)));
    let set = json!({ "name": "Ana Paz", "email": "ana@example.com" });
    let cliengo = house.contact(Side::Cliengo, &set);
    house.good_night().await;
    let rows = house.rows(Side::Ghl, "contacts");
    let ghl = id_of(rows.iter().find(|row| text_of(row, &["email"]) == "ana@example.com").unwrap());
    house.remove(Side::Ghl, &Person { cliengo, ghl });
    let finished = house.good_night().await;
    let listing = &finished.plan.listings.ghl.note;
    assert_eq!((listing.parents, &listing.why), (Some((12, 12)), &None));
}
