//! What a CRM stores in another form than it was sent, where the answer is lost: what was made is found, and what was written
//! is ours. And names of which a listing says only a part. (`semantics` 31, 39, 40, 41, 58)

use concord::record::Side;
use concord::sandbox::{EditKind, EditOp};
use serde_json::json;

use crate::house::{House, Person, Plot, held};

/// Locations that store a note otherwise.
const LOCATIONS: [&str; 3] = ["breaks", "paragraph", "escaped"];

async fn house(account: &str) -> (House, Person) {
    let plot = Plot { account: account.parse().unwrap(), ..Plot::extended() };
    let house = House::build(&plot).await;
    let person = house.person(1);
    house.good_night().await;
    (house, person)
}

fn location(stored: &str) -> String {
    format!("[ghl]\nnote_stored = \"{stored}\"\n")
}

#[tokio::test]
async fn a_note_that_is_stored_in_another_form_is_found_again_when_the_answer_to_its_create_is_lost() {
    for stored in LOCATIONS {
        let (house, person) = house(&location(stored)).await;
        house.note(Side::Cliengo, &person, "uno & dos\n\n  tres");
        house.faults("reset-after-write@ghl:POST:/notes");
        house.night().await;
        house.faults("");
        house.night().await;
        for side in Side::BOTH {
            assert_eq!(house.rows(side, "notes").len(), 1, "{stored}, {side}: {:?}", house.rows(side, "notes"));
        }
        house.quiet_night().await;
        assert_eq!(house.rows(Side::Cliengo, "notes")[0]["message"], "uno & dos\n\n  tres", "{stored}");
    }
}

#[tokio::test]
async fn of_two_notes_the_one_that_says_what_was_sent_is_found_and_the_other_stays() {
    let (house, person) = house(&location("breaks")).await;
    house.note(Side::Cliengo, &person, "Llamar al cliente mañana");
    house.faults("reset-after-write@ghl:POST:/notes");
    house.night().await;
    house.faults("");
    // A shorter one, that could be what a location left of it.
    house.note(Side::Ghl, &person, "Llamar al cliente");
    house.night().await;
    house.quiet_night().await;
    for side in Side::BOTH {
        assert_eq!(house.rows(side, "notes").len(), 2, "{side}: {:?}", house.rows(side, "notes"));
    }
}

#[tokio::test]
async fn an_update_that_is_stored_in_another_form_is_ours_when_its_answer_is_lost() {
    for stored in LOCATIONS {
        let (house, person) = house(&location(stored)).await;
        let note = house.note(Side::Cliengo, &person, "Antes");
        house.good_night().await;
        house.edit_child(Side::Cliengo, EditKind::Note, &person, &note, &json!({ "message": "uno & dos\n\n  tres" }));
        house.faults("reset-after-write@ghl:PUT:/notes");
        house.night().await;
        house.faults("");
        house.night().await;
        house.quiet_night().await;
        assert_eq!(house.rows(Side::Cliengo, "notes")[0]["message"], "uno & dos\n\n  tres", "{stored}");
        let there = house.rows(Side::Ghl, "notes")[0]["body"].to_string();
        assert!(there.contains("dos") && there.contains("tres"), "{stored}: {there}");
    }
}

#[tokio::test]
async fn an_edit_between_an_update_without_an_answer_and_its_repetition_wins_and_what_it_replaces_is_named() {
    let (house, person) = house("").await;
    house.change(Side::Ghl, &person, &json!({ "phone": "+5491155550001" }));
    house.faults("status=502@cliengo:PATCH*");
    house.night().await;
    house.faults("");
    house.change(Side::Cliengo, &person, &json!({ "phone": "+5491155550002" }));
    let finished = house.night().await;
    assert_eq!(house.row(Side::Ghl, &person)["phone"], "+5491155550002");
    let named = format!("{:?}", finished.plan.conflicts);
    assert!(named.contains("+5491155550001"), "the value that loses is named: {named}");
    house.quiet_night().await;
}

#[tokio::test]
async fn a_filler_that_stands_before_a_last_name_is_not_carried_over_a_name() {
    for account in ["", "[cliengo]\nname_stored = \"parted\"\nempty_field = \"left-out\"\n"] {
        let (house, person) = house(account).await;
        let parted = json!({ "name": "Delia", "lastName": "Roldán" });
        house.change(Side::Cliengo, &person, &parted);
        house.good_night().await;
        for filler in ["Visitante 8472", "5491155551234@c.us"] {
            house.change(Side::Cliengo, &person, &json!({ "name": filler }));
            house.night().await;
            let (ours, theirs) = (house.row(Side::Cliengo, &person), house.row(Side::Ghl, &person));
            assert_eq!((&theirs["firstName"], &theirs["lastName"]), (&json!("Delia"), &json!("Roldán")), "{account}");
            assert_eq!((&ours["name"], &ours["lastName"]), (&json!("Delia"), &json!("Roldán")), "{account}");
            house.quiet_night().await;
        }
        // A name that a person gave goes over.
        house.change(Side::Cliengo, &person, &json!({ "name": "Adela" }));
        house.good_night().await;
        assert_eq!(house.row(Side::Ghl, &person)["firstName"], "Adela", "{account}");
    }
}

#[tokio::test]
async fn a_name_whose_last_part_is_not_said_any_more_is_written_once_and_not_for_ever() {
    let (house, person) = house("[cliengo]\nempty_field = \"left-out\"\n").await;
    house.change(Side::Cliengo, &person, &json!({ "name": "Delia", "lastName": "Roldán" }));
    house.good_night().await;
    house.change(Side::Cliengo, &person, &json!({ "lastName": "" }));
    house.change(Side::Ghl, &person, &json!({ "firstName": "Adela" }));
    let finished = house.night().await;
    assert_eq!(house.row(Side::Cliengo, &person)["name"], "Adela", "{:?}", finished.run);
    house.quiet_night().await;
}

#[tokio::test]
async fn a_contact_that_would_come_by_name_alone_waits_until_it_can_be_told_from_a_duplicate() {
    let (house, _) = house("").await;
    let alma = json!({ "name": "Alma Ferreyra", "phone": "011 4321-0600 int. 101" });
    let alma = house.contact(Side::Cliengo, &alma);
    let finished = house.night().await;
    assert_eq!(held(&finished), [concord::reconcile::HeldReason::NoMatchKey]);
    let detail = &finished.plan.held[0].detail;
    assert!(detail.contains("extension") && detail.contains("duplicate"), "{detail}");
    assert_eq!(house.rows(Side::Ghl, "contacts").len(), 1);
    let email = json!({ "email": "alma@example.com" });
    house.edit(Side::Cliengo, EditOp::Update, EditKind::Contact, Some(&alma), None, &email);
    house.night().await;
    assert_eq!(house.rows(Side::Ghl, "contacts").len(), 2);
    house.quiet_night().await;
}

#[tokio::test]
async fn a_note_that_is_stored_in_another_form_is_paired_again_where_the_state_was_lost() {
    for stored in LOCATIONS {
        let (mut house, person) = house(&location(stored)).await;
        house.note(Side::Cliengo, &person, "uno & dos\n\n  tres <4");
        house.good_night().await;
        std::fs::remove_file(house.state_path()).unwrap();
        house.good_night().await;
        house.strict = false;
        house.quiet_night().await;
        for side in Side::BOTH {
            assert_eq!(house.rows(side, "notes").len(), 1, "{stored}, {side}: {:?}", house.rows(side, "notes"));
        }
        assert_eq!(house.rows(Side::Cliengo, "notes")[0]["message"], "uno & dos\n\n  tres <4", "{stored}");
    }
}
