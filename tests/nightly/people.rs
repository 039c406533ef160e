//! Who is who: matched, created, or left to a person.

use std::time::Duration;

use concord::clock::Clock;
use concord::reconcile::HeldReason;
use concord::record::{Action, Kind, Side, SideId};
use concord::sandbox::{EditKind, EditOp};
use serde_json::{Value, json};

use crate::house::{House, Plot, count, held, shown};

async fn empty() -> House {
    House::build(&Plot::extended()).await
}

/// Two nights without a request, both with these reasons.
async fn are_held(house: &House, reasons: &[HeldReason]) {
    for _ in 0..2 {
        let finished = house.quiet_night().await;
        assert_eq!(held(&finished), reasons);
    }
}

// Watches: I16, incident 18.
#[tokio::test]
async fn ambiguous_people_are_held_and_never_linked_or_created() {
    let house = empty().await;
    for name in ["Ana", "Ana María"] {
        house.contact(Side::Cliengo, &json!({ "name": name, "email": "ana@example.com" }));
    }
    house.contact(Side::Ghl, &json!({ "firstName": "Ana", "email": "ana@example.com" }));
    are_held(&house, &[HeldReason::AmbiguousMatch; 3]).await;
    assert!(house.night().await.needs_a_person());
}

// Watches: I16.
#[tokio::test]
async fn two_people_of_one_side_alone_with_one_key_are_held() {
    for side in Side::BOTH {
        let house = empty().await;
        for name in ["casa", "trabajo"] {
            let email = format!("{name}@example.com");
            house.contact(side, &json!({ "name": name, "email": email, "phone": "+5491155550000" }));
        }
        are_held(&house, &[HeldReason::AmbiguousMatch; 2]).await;
    }
}

#[tokio::test]
async fn two_of_one_email_or_phone_are_one_where_the_first_is_the_primary_and_else_wait() {
    for key in [json!({ "email": "ana@example.com" }), json!({ "phone": "+5491155550000" })] {
        for is_in_ghl in [false, true] {
            for duplicates in ["hold", "primary"] {
                let settings = format!("[pair.house.contacts]\nduplicates = \"{duplicates}\"\n");
                let house = House::build(&Plot::extended().with_settings(&settings)).await;
                for side in [Side::Cliengo, Side::Cliengo, Side::Ghl].into_iter().take(if is_in_ghl { 3 } else { 2 }) {
                    house.contact(side, &key);
                }
                house.good_night().await;
                let finished = house.night().await;
                let is_one = duplicates == "primary";
                let known = usize::from(is_in_ghl || is_one);
                assert_eq!(house.rows(Side::Ghl, "contacts").len(), known, "{key} {duplicates}");
                let waiting = if is_one { 0 } else { 2 + known };
                assert_eq!(held(&finished), vec![HeldReason::AmbiguousMatch; waiting], "{key} {duplicates}");
            }
        }
    }
}

#[tokio::test]
async fn somebody_with_the_phone_of_one_who_is_paired_tonight_is_not_created() {
    for (duplicates, email, reason) in [
        ("hold", None, HeldReason::NameMismatch),
        ("primary", None, HeldReason::NameMismatch),
        ("hold", Some("eva@example.com"), HeldReason::EmailPhoneMismatch),
    ] {
        let settings = format!("[pair.house.contacts]\nduplicates = \"{duplicates}\"\n");
        let house = House::build(&Plot::extended().with_settings(&settings)).await;
        house.contact(Side::Ghl, &json!({ "firstName": "Ana", "email": "ana@example.com" }));
        let phone = "+5491155550000";
        house.contact(Side::Cliengo, &json!({ "name": "Ana", "email": "ana@example.com", "phone": phone }));
        house.contact(Side::Cliengo, &json!({ "name": "Otra", "email": email, "phone": phone }));
        let finished = house.good_night().await;
        assert_eq!(held(&finished), [reason]);
        assert_eq!(house.rows(Side::Ghl, "contacts").len(), 1);
    }
}

// Watches: I18.
#[tokio::test]
async fn one_who_writes_to_cliengo_again_is_a_duplicate_and_not_created_in_ghl() {
    let house = empty().await;
    house.person(1);
    house.good_night().await;
    house.contact(Side::Cliengo, &json!({ "name": "Persona", "email": "persona1@example.com" }));
    are_held(&house, &[HeldReason::DuplicateOf]).await;
    assert!(!house.night().await.needs_a_person());
}

#[tokio::test]
async fn somebody_new_with_the_phone_of_one_who_has_no_email_is_a_duplicate() {
    let house = empty().await;
    let phone = "+5491155550000";
    house.contact(Side::Cliengo, &json!({ "name": "Ana", "phone": phone }));
    house.contact(Side::Ghl, &json!({ "firstName": "Ana", "phone": phone }));
    house.good_night().await;
    house.contact(Side::Cliengo, &json!({ "name": "Ana", "email": "ana@example.com", "phone": phone }));
    are_held(&house, &[HeldReason::DuplicateOf]).await;
}

#[tokio::test]
async fn the_same_email_and_phone_are_the_same_person_where_only_phones_are_compared() {
    let house = House::build(&Plot::extended().with_settings("[pair.house.contacts]\nmatch = [\"phone\"]\n")).await;
    let person = house.person(1);
    house.good_night().await;
    let row = house.row(Side::Cliengo, &person);
    house.contact(Side::Cliengo, &json!({ "name": "Otra vez", "email": row["email"], "phone": row["phone"] }));
    are_held(&house, &[HeldReason::DuplicateOf]).await;
}

#[tokio::test]
async fn a_contact_with_neither_email_nor_phone_waits_until_it_has_one() {
    let house = empty().await;
    let id = house.contact(Side::Cliengo, &json!({ "name": "Sin datos" }));
    are_held(&house, &[HeldReason::NoMatchKey]).await;
    let person = crate::house::Person { cliengo: id, ghl: String::new() };
    house.change(Side::Cliengo, &person, &json!({ "email": "ahora@example.com" }));
    let finished = house.good_night().await;
    assert_eq!(count(&finished, Kind::Contact, Action::Create), 1);
    house.quiet_night().await;
}

#[tokio::test]
async fn a_placeholder_email_neither_matches_nor_is_sent() {
    let house = empty().await;
    let email = "5491155550000@whatsapp.example";
    house.contact(Side::Cliengo, &json!({ "name": "Ana", "email": email, "phone": "+5491155550000" }));
    // Another line with that same address: no match by it.
    house.contact(Side::Ghl, &json!({ "firstName": "Otra", "email": email, "phone": "+5491155559999" }));
    let finished = house.good_night().await;
    assert_eq!(count(&finished, Kind::Contact, Action::Link), 0);
    let made = house.writes().into_iter().find(|write| write.side == Side::Ghl && write.method == "POST").unwrap();
    assert_eq!(made.body["phone"], "+5491155550000");
    assert!(made.body.get("email").is_none(), "{}", made.body);
    house.quiet_night().await;
}

#[tokio::test]
async fn a_placeholder_is_not_another_email_and_gives_way_to_the_real_one() {
    let house = empty().await;
    let (email, phone) = ("5491155550000@whatsapp.example", "+5491155550000");
    house.contact(Side::Cliengo, &json!({ "name": "Ana", "email": email, "phone": phone }));
    house.contact(Side::Ghl, &json!({ "firstName": "Ana", "email": "ana@example.com", "phone": phone }));
    house.good_night().await;
    assert_eq!(house.rows(Side::Cliengo, "contacts")[0]["email"], "ana@example.com");
    house.quiet_night().await;
}

#[tokio::test]
async fn a_phone_that_is_no_number_neither_matches_nor_is_sent() {
    let house = empty().await;
    house.contact(Side::Cliengo, &json!({ "name": "Ana", "email": "ana@example.com", "phone": "consultar" }));
    house.contact(Side::Cliengo, &json!({ "name": "Sola", "phone": "consultar" }));
    let finished = house.good_night().await;
    assert_eq!(held(&finished), [HeldReason::NoMatchKey]);
    let writes = house.writes();
    assert_eq!(writes.len(), 1, "{writes:?}");
    assert!(writes[0].body.get("phone").is_none(), "{}", writes[0].body);
    house.quiet_night().await;
}

#[tokio::test]
async fn numbers_of_one_line_link_without_a_request() {
    let house = empty().await;
    for (number, typed) in ["+54 11 5555-0000", "011 15-5555-0001", "11 5555-0002"].into_iter().enumerate() {
        house.contact(Side::Cliengo, &json!({ "name": "Ana", "phone": typed }));
        house.contact(Side::Ghl, &json!({ "firstName": "Ana", "phone": format!("+549115555000{number}") }));
    }
    let finished = house.good_night().await;
    assert_eq!(count(&finished, Kind::Contact, Action::Link), 3);
    assert_eq!(house.writes(), []);
    house.quiet_night().await;
}

#[tokio::test]
async fn emails_match_whatever_their_case() {
    let house = empty().await;
    house.contact(Side::Cliengo, &json!({ "name": "Ana", "email": " Ana@Example.COM " }));
    house.contact(Side::Ghl, &json!({ "firstName": "Ana", "email": "ana@example.com" }));
    let finished = house.good_night().await;
    assert_eq!(count(&finished, Kind::Contact, Action::Link), 1);
    assert_eq!(house.writes(), []);
}

#[tokio::test]
async fn an_additional_email_of_ghl_matches() {
    let house = empty().await;
    house.contact(Side::Cliengo, &json!({ "name": "Ana", "email": "ana@example.com" }));
    let set = json!({ "firstName": "Ana", "email": "trabajo@example.com", "additionalEmails": ["ana@example.com"] });
    house.contact(Side::Ghl, &set);
    let finished = house.night().await;
    assert_eq!(count(&finished, Kind::Contact, Action::Create), 0);
    assert_eq!(house.rows(Side::Cliengo, "contacts").len() + house.rows(Side::Ghl, "contacts").len(), 2);
}

#[tokio::test]
async fn one_phone_with_two_emails_is_held() {
    let house = empty().await;
    house.contact(Side::Cliengo, &json!({ "name": "Ana", "email": "ana@example.com", "phone": "11 5555-0000" }));
    let set = json!({ "firstName": "Eva", "email": "eva@example.com", "phone": "+5491155550000" });
    house.contact(Side::Ghl, &set);
    are_held(&house, &[HeldReason::EmailPhoneMismatch; 2]).await;
}

#[tokio::test]
async fn a_contact_that_is_too_young_waits_for_the_next_night() {
    let house = House::build(&Plot::extended().with_settings("[pair.house.cliengo]\nmin_age = \"48h\"\n")).await;
    let created = concord::clock::Clock::now(&*house.clock);
    let set = json!({ "name": "Ana", "email": "ana@example.com", "createdAt": created.to_string() });
    house.contact(Side::Cliengo, &set);
    let young = house.quiet_night().await;
    assert_eq!(held(&young), [HeldReason::TooYoung]);
    assert!(!young.needs_a_person());
    house.clock.advance(Duration::from_hours(24));
    let finished = house.good_night().await;
    assert_eq!(count(&finished, Kind::Contact, Action::Create), 1);
    house.quiet_night().await;
}

#[tokio::test]
async fn a_contact_is_too_young_until_it_has_the_age_to_the_second() {
    let second = jiff::SignedDuration::from_secs;
    for (min_age, age, is_young) in [
        ("1h", 3600, false),
        ("1h", 3599, true),
        ("1h", 0, true),
        ("1h", -60, true),
        ("0s", 0, false),
        ("0s", -60, false),
    ] {
        let settings = format!("[pair.house.cliengo]\nmin_age = \"{min_age}\"\n");
        let house = House::build(&Plot::extended().with_settings(&settings)).await;
        // The edit takes a minute, and the night comes a day later.
        let tonight = house.clock.now() + second(60) + second(24 * 3600);
        let created = (tonight - second(age)).to_string();
        house.contact(Side::Cliengo, &json!({ "name": "Ana", "email": "ana@example.com", "createdAt": created }));
        let finished = house.good_night().await;
        assert_eq!(count(&finished, Kind::Contact, Action::Create), usize::from(!is_young), "{age} s of {min_age}");
        let waits = finished.plan.held.iter().map(|held| (held.reason, held.detail.ends_with("the next run takes it")));
        assert!(waits.eq(is_young.then_some((HeldReason::TooYoung, true))), "{:?}", finished.plan.held);
    }
}

// Watches: I42, incident 23.
#[tokio::test]
async fn somebody_whom_ghl_finds_although_no_listing_shows_it_is_not_created_twice() {
    let house = House::build(&Plot { lag: Duration::from_hours(100), ..Plot::extended() }).await;
    house.contact(Side::Cliengo, &json!({ "name": "Ana", "email": "ana@example.com" }));
    house.good_night().await;
    house.quiet_night().await;
    assert_eq!(house.rows(Side::Ghl, "contacts").len(), 1);
}

// Watches: I18.
#[tokio::test]
async fn equal_notes_pair_off_and_only_the_surplus_is_written() {
    let house = empty().await;
    let person = house.person(1);
    for (side, notes) in [(Side::Cliengo, 3), (Side::Ghl, 1)] {
        for _ in 0..notes {
            house.note(side, &person, "No contesta");
        }
    }
    let finished = house.good_night().await;
    assert_eq!(count(&finished, Kind::Note, Action::Create), 2);
    assert_eq!(house.rows(Side::Ghl, "notes").len(), 3);
    house.quiet_night().await;
}

// Watches: I16.
#[tokio::test]
async fn newcomers_with_the_phone_of_somebody_linked_are_not_paired_with_each_other() {
    let settings = "[pair.house.contacts]\nduplicates = \"primary\"\nconflict = \"manual\"\n";
    let house = House::build(&Plot::extended().with_settings(settings)).await;
    let person = house.person(1);
    house.good_night().await;
    let (phone, other) = ("+5491155550001", "+5491155550002");
    house.change(Side::Cliengo, &person, &json!({ "phone": phone }));
    house.change(Side::Ghl, &person, &json!({ "phone": other }));
    house.contact(Side::Cliengo, &json!({ "name": "Ana", "phone": phone }));
    house.contact(Side::Ghl, &json!({ "firstName": "Ana", "phone": phone }));
    let reasons = [HeldReason::ManualConflict, HeldReason::AmbiguousMatch, HeldReason::AmbiguousMatch];
    are_held(&house, &reasons).await;
}

#[tokio::test]
async fn one_who_wrote_again_a_moment_ago_is_a_further_contact_only_when_it_is_old_enough() {
    let settings = "[pair.house.contacts]\nduplicates = \"primary\"\n[pair.house.cliengo]\nmin_age = \"48h\"\n";
    let house = House::build(&Plot::extended().with_settings(settings)).await;
    let person = |name| json!({ "name": name, "email": "ana@example.com" });
    house.contact(Side::Ghl, &json!({ "firstName": "Ana", "email": "ana@example.com" }));
    house.contact(Side::Cliengo, &person("Ana"));
    house.clock.advance(Duration::from_hours(48));
    house.contact(Side::Cliengo, &person("Ana, otra vez"));
    for waiting in [&[HeldReason::TooYoung][..], &[]] {
        let finished = house.good_night().await;
        assert_eq!(shown(&finished), ["cliengo contact link"]);
        assert_eq!(held(&finished), waiting);
    }
    house.quiet_night().await;
}

#[tokio::test]
async fn a_survivor_that_becomes_a_further_contact_leaves_its_old_link() {
    let settings = "[pair.house.contacts]\nduplicates = \"primary\"\n";
    let house = House::build(&Plot::extended().with_settings(settings)).await;
    let person = house.person(1);
    house.good_night().await;
    house.remove(Side::Ghl, &person);
    house.good_night().await;
    let email = "persona1@example.com";
    house.contact(Side::Cliengo, &json!({ "name": "Antes", "email": email, "createdAt": "2026-01-01T10:00:00Z" }));
    house.contact(Side::Ghl, &json!({ "firstName": "Antes", "email": email }));
    let finished = house.good_night().await;
    assert_eq!(count(&finished, Kind::Contact, Action::Link), 2);
    house.quiet_night().await;
}

#[tokio::test]
async fn a_further_email_that_ghl_gained_the_same_day_agrees_with_cliengos_edit() {
    for policy in ["ghl", "cliengo"] {
        let settings = format!("[pair.house.contacts]\nconflict = \"{policy}\"\n");
        let house = House::build(&Plot::extended().with_settings(&settings)).await;
        let person = house.person(1);
        house.good_night().await;
        house.change(Side::Ghl, &person, &json!({ "additionalEmails": ["nuevo@example.com"] }));
        house.change(Side::Cliengo, &person, &json!({ "email": "nuevo@example.com" }));
        house.quiet_night().await;
        assert_eq!(house.row(Side::Ghl, &person)["email"], "persona1@example.com", "{policy}");
    }
}

#[tokio::test]
async fn of_equal_tasks_those_that_say_the_same_pair_off_first() {
    let house = House::build(&Plot::extended()).await;
    let person = house.person(1);
    let due = "2027-01-20T10:00:00.000Z";
    for text in ["presupuesto A", "presupuesto B"] {
        let set = json!({ "title": "Llamar", "description": text, "dueDate": due });
        house.edit(Side::Cliengo, EditOp::Create, EditKind::Task, Some(&person.cliengo), None, &set);
    }
    let set = json!({ "title": "Llamar", "body": "presupuesto B", "dueDate": due });
    house.edit(Side::Ghl, EditOp::Create, EditKind::Task, Some(&person.ghl), None, &set);
    house.good_night().await;
    for (side, key) in [(Side::Cliengo, "description"), (Side::Ghl, "body")] {
        let mut texts: Vec<Value> = house.rows(side, "tasks").iter().map(|row| row[key].clone()).collect();
        texts.sort_by_key(Value::to_string);
        assert_eq!(texts, ["presupuesto A", "presupuesto B"], "{side}");
    }
    house.quiet_night().await;
}

#[tokio::test]
async fn where_people_are_matched_by_email_alone_who_has_none_is_made_nowhere() {
    let house = House::build(&Plot::extended().with_settings("[pair.house.contacts]\nmatch = [\"email\"]\n")).await;
    house.contact(Side::Cliengo, &json!({ "name": "Solo Fono", "phone": "+541155551234" }));
    house.contact(Side::Ghl, &json!({ "firstName": "Solo", "lastName": "Fono", "phone": "+541155551234" }));
    let finished = house.quiet_night().await;
    assert_eq!(held(&finished), [HeldReason::NoMatchKey, HeldReason::NoMatchKey]);
}

#[tokio::test]
async fn whoever_shares_a_phone_and_has_another_email_is_no_further_contact_of_a_person() {
    let settings = "[pair.house.contacts]\nduplicates = \"primary\"\nmatch = [\"phone\"]\n";
    let phone = "+5491155550000";
    let ana = |email: Option<&str>| json!({ "name": "Ana", "email": email, "phone": phone });
    for is_in_ghl in [true, false] {
        let house = House::build(&Plot::extended().with_settings(settings)).await;
        house.contact(Side::Cliengo, &ana(is_in_ghl.then_some("ana@example.com")));
        house.contact(Side::Cliengo, &ana(Some("otra@example.com")));
        if is_in_ghl {
            house.contact(Side::Cliengo, &json!({ "name": "Berta", "phone": phone }));
            house.contact(Side::Ghl, &json!({ "firstName": "Ana", "email": "ana@example.com", "phone": phone }));
            let finished = house.good_night().await;
            assert_eq!(shown(&finished), ["cliengo contact link"]);
            assert_eq!(held(&finished), [HeldReason::NameMismatch, HeldReason::EmailPhoneMismatch]);
        } else {
            house.contact(Side::Cliengo, &ana(Some("tercera@example.com")));
            are_held(&house, &[HeldReason::AmbiguousMatch; 3]).await;
        }
    }
}

#[tokio::test]
async fn whoever_lacks_the_one_key_that_people_are_matched_by_is_told_which_it_is() {
    for (key, other) in
        [("phone", json!({ "email": "ana@example.com" })), ("email", json!({ "phone": "+5491155550000" }))]
    {
        let settings = format!("[pair.house.contacts]\nmatch = [\"{key}\"]\n");
        let house = House::build(&Plot::extended().with_settings(&settings)).await;
        house.contact(Side::Cliengo, &other);
        let finished = house.quiet_night().await;
        let expected = format!("people are matched by {key} alone, and it has none");
        assert_eq!(finished.plan.held[0].detail, expected);
    }
}

#[tokio::test]
async fn a_further_contact_leaves_its_person_only_where_it_is_gone_or_says_that_it_is_somebody_else() {
    let settings = "[pair.house.contacts]\nduplicates = \"primary\"\n";
    for (set, stays) in [
        (Some(json!({ "name": "Berta Sosa" })), true),
        (Some(json!({ "email": "otra@example.com", "phone": null })), true),
        (Some(json!({ "name": "Berta Sosa", "email": "otra@example.com", "phone": null })), false),
        (None, false),
    ] {
        let house = House::build(&Plot::extended().with_settings(settings)).await;
        let person = house.person(1);
        house.good_night().await;
        let row = house.row(Side::Cliengo, &person);
        let again = json!({ "name": row["name"], "email": row["email"], "phone": row["phone"] });
        let cliengo = house.contact(Side::Cliengo, &again);
        let further = crate::house::Person { cliengo, ..person };
        house.good_night().await;
        match &set {
            Some(set) => house.change(Side::Cliengo, &further, set),
            None => house.remove(Side::Cliengo, &further),
        }
        house.night().await;
        let state = concord::state::State::open_read_only(&house.state_path()).unwrap().unwrap();
        let link = state.link_of(Kind::Contact, &SideId::new(Side::Cliengo, further.cliengo.as_str())).unwrap();
        let is_his = link.is_some_and(|link| link.ids.of(Side::Ghl) == Some(further.ghl.as_str()));
        assert_eq!(is_his, stays, "{set:?}");
    }
}
