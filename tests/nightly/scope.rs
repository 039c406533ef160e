//! Who is outside the scope: left alone on both sides, never deleted, and merged when it is in again.

use concord::config::{Config, Pair};
use concord::reconcile::HeldReason;
use concord::record::{Action, Kind, Side};
use concord::sandbox::{EditKind, EditOp};
use serde_json::json;

use crate::house::{House, Person, Plot, count, held, shown};

fn pair(more: &str) -> Pair {
    let text = format!("[pair.house]\nsandbox = true\nregion = \"AR\"\n{more}");
    Config::parse(&text, "schedules.toml".as_ref()).unwrap().pairs.remove(0)
}

const SINCE: &str = "[pair.house.scope]\nsince = \"2024-01-01\"\n";

/// Somebody whom Cliengo has known since 2020.
fn old(house: &House) -> Person {
    let set = json!({ "name": "Vieja Paz", "email": "vieja@example.com", "createdAt": "2020-05-01T10:00:00Z" });
    let cliengo = house.contact(Side::Cliengo, &set);
    let set = json!({ "firstName": "Vieja", "lastName": "Paz", "email": "vieja@example.com" });
    Person { cliengo, ghl: house.contact(Side::Ghl, &set) }
}

// Watches: I22, incident 10.
#[tokio::test]
async fn who_leaves_the_scope_and_one_side_at_once_is_not_deleted() {
    for side in Side::BOTH {
        let mut house = House::build(&Plot::extended()).await;
        let (one, _) = (old(&house), house.person(1));
        house.good_night().await;
        house.remove(side, &one);
        house.pair = pair(&format!("[pair.house.contacts]\non_delete = \"propagate\"\n{SINCE}"));
        house.quiet_night().await;
        house.quiet_night().await;
        assert_eq!(house.rows(side.other(), "contacts").len(), 2);
    }
}

// Watches: I22.
#[tokio::test]
async fn who_left_the_scope_and_then_one_side_is_not_deleted_however_short_the_list_got() {
    for side in Side::BOTH {
        let mut house = House::build(&Plot::extended()).await;
        let people = [1, 2, 3].map(|number| house.person(number));
        house.pair =
            pair("[pair.house.contacts]\non_delete = \"propagate\"\n[pair.house.scope]\nghl_tags = [\"adentro\"]\n");
        for one in &people {
            house.tag(Side::Ghl, EditOp::Create, one, "adentro");
        }
        house.good_night().await;
        house.tag(Side::Ghl, EditOp::Delete, &people[0], "adentro");
        house.quiet_night().await;
        house.remove(side, &people[0]);
        for _ in 0..3 {
            assert_eq!(shown(&house.night().await), [""; 0], "{side}");
        }
        assert_eq!(house.rows(side.other(), "contacts").len(), 3, "{side}");
    }
}

#[tokio::test]
async fn an_edit_below_a_contact_that_leaves_the_scope_is_said() {
    let mut house = House::build(&Plot::extended()).await;
    let one = old(&house);
    let note = house.note(Side::Ghl, &one, "Primera");
    house.good_night().await;
    house.pair = pair(SINCE);
    house.edit_child(Side::Ghl, EditKind::Note, &one, &note, &json!({ "body": "Otra" }));
    let finished = house.quiet_night().await;
    assert_eq!(held(&finished), [HeldReason::OutOfScope]);
    assert!(
        finished.plan.held[0].detail.contains("what changed in GHL is not carried over"),
        "{:?}",
        finished.plan.held
    );
}

// Watches: I22.
#[tokio::test]
async fn tasks_and_notes_of_a_contact_outside_the_scope_stay_where_they_are() {
    let mut house = House::build(&Plot::extended()).await;
    let (one, _) = (old(&house), house.person(1));
    let task = house.task(Side::Ghl, &one, "Llamar");
    let note = house.note(Side::Ghl, &one, "Primera");
    house.good_night().await;
    house.pair = pair(SINCE);
    house.quiet_night().await;
    house.edit_child(Side::Ghl, EditKind::Task, &one, &task, &json!({ "title": "Llamar ya" }));
    house.remove_child(Side::Ghl, EditKind::Note, &one, &note);
    for side in Side::BOTH {
        house.note(side, &one, &format!("Nueva de {side}"));
    }
    house.quiet_night().await;
    house.quiet_night().await;
    house.pair = pair("");
    for _ in 0..3 {
        house.night().await;
    }
    house.quiet_night().await;
    for side in Side::BOTH {
        assert_eq!(house.children(side, "tasks", one.on(side)), ["Llamar ya"]);
        assert_eq!(house.children(side, "notes", one.on(side)), ["Nueva de cliengo", "Nueva de ghl"]);
    }
}

// Watches: I22.
#[tokio::test]
async fn what_happened_below_a_contact_while_it_was_outside_is_carried_when_it_is_in_again() {
    const TAGGED: &str = "[pair.house.scope]\nghl_tags = [\"adentro\"]\n";
    for (by_tag, scope) in [(true, TAGGED), (false, SINCE)] {
        let mut house = House::build(&Plot::extended()).await;
        let one = old(&house);
        house.tag(Side::Ghl, EditOp::Create, &one, "adentro");
        for side in Side::BOTH {
            house.note(side, &one, "Primera");
            house.task(side, &one, "Llamar");
        }
        if by_tag {
            house.pair = pair(scope);
        }
        house.good_night().await;
        house.quiet_night().await;
        // It leaves.
        if by_tag {
            house.tag(Side::Ghl, EditOp::Delete, &one, "adentro");
        } else {
            house.pair = pair(scope);
        }
        house.quiet_night().await;
        let (note, task) = (house.only(Side::Ghl, "notes"), house.only(Side::Ghl, "tasks"));
        house.edit_child(Side::Ghl, EditKind::Note, &one, &note, &json!({ "body": "Otra" }));
        house.remove_child(Side::Ghl, EditKind::Task, &one, &task);
        house.note(Side::Cliengo, &one, "De entonces");
        house.night().await;
        // It is in again, just as it was.
        if by_tag {
            house.tag(Side::Ghl, EditOp::Create, &one, "adentro");
        } else {
            house.pair = pair("");
        }
        for _ in 0..3 {
            house.good_night().await;
        }
        for side in Side::BOTH {
            let mut notes = house.children(side, "notes", one.on(side));
            notes.sort();
            assert_eq!(notes, ["De entonces", "Otra"], "{scope} {side}");
            assert_eq!(house.children(side, "tasks", one.on(side)), [""; 0], "{scope} {side}");
        }
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn both_edits_of_the_time_outside_are_a_conflict_that_is_said() {
    let mut house = House::build(&Plot::extended()).await;
    let one = old(&house);
    house.good_night().await;
    house.pair = pair(SINCE);
    house.quiet_night().await;
    house.change(Side::Cliengo, &one, &json!({ "email": "cliengo@example.com" }));
    house.change(Side::Ghl, &one, &json!({ "email": "ghl@example.com", "phone": "+5491155550009" }));
    let night = house.quiet_night().await;
    assert_eq!(held(&night), [HeldReason::OutOfScope]);
    house.pair = pair("");
    let back = house.good_night().await;
    assert_eq!(back.plan.conflicts.len(), 1);
    assert_eq!(back.plan.conflicts[0].cliengo, json!("cliengo@example.com"));
    assert_eq!(house.row(Side::Cliengo, &one)["email"], "ghl@example.com");
    assert_eq!(house.row(Side::Cliengo, &one)["phone"], "+5491155550009");
    house.quiet_night().await;
}

#[tokio::test]
async fn a_pair_whose_contacts_are_all_outside_the_scope_has_had_its_first_sync() {
    let approve = "[pair.house.guard]\nfirst_sync = \"approve\"\n";
    let mut house = House::build(&Plot::extended()).await;
    let one = old(&house);
    house.good_night().await;
    house.pair = pair(&format!("{approve}{SINCE}"));
    house.quiet_night().await;
    house.change(Side::Cliengo, &one, &json!({ "email": "nueva@example.com" }));
    assert!(!house.quiet_night().await.plan.first_sync);
    house.pair = pair(approve);
    assert_eq!(shown(&house.good_night().await), ["ghl contact update"]);
}

#[tokio::test]
async fn links_outside_the_scope_are_no_part_of_a_percentage() {
    let mut house = House::build(&Plot::extended()).await;
    let _ = old(&house);
    let people: Vec<Person> = (1..=9).map(|number| house.person(number)).collect();
    house.good_night().await;
    house.pair = pair(&format!(
        "[pair.house.contacts]\non_delete = \"propagate\"\n[pair.house.guard]\nshrink_percent = 100\n{SINCE}"
    ));
    house.quiet_night().await;
    for person in &people[..4] {
        house.remove(Side::Cliengo, person);
    }
    // Nine links are fewer than min_records, so three deletes are allowed; ten would allow four.
    assert!(house.night().await.is_refused());
}

#[tokio::test]
async fn contacts_outside_the_scope_are_counted_and_not_said_one_by_one() {
    let house =
        House::build(&Plot::extended().with_settings("[pair.house.scope]\nghl_tags = [\"Del-Chatbot\"]\n")).await;
    house.contact(Side::Ghl, &json!({ "firstName": "Sin clave" }));
    for _ in 0..2 {
        house.contact(Side::Ghl, &json!({ "firstName": "Doble", "phone": "+5491155550001" }));
    }
    house.contact(Side::Ghl, &json!({ "firstName": "Sola", "email": "sola@example.com" }));
    let night = house.quiet_night().await;
    assert_eq!(held(&night), []);
    assert_eq!(night.plan.outside, 4);
}

#[tokio::test]
async fn what_is_created_has_the_tag_of_the_scope_and_the_tag_is_no_edit() {
    let house =
        House::build(&Plot::extended().with_settings("[pair.house.scope]\nghl_tags = [\"Del-Chatbot\", \"otro\"]\n"))
            .await;
    house.contact(Side::Cliengo, &json!({ "name": "Ana Paz", "email": "ana@example.com" }));
    let luis = house.contact(Side::Cliengo, &json!({ "name": "Luis Paz", "email": "luis@example.com" }));
    house.edit(Side::Cliengo, EditOp::Create, EditKind::Tag, Some(&luis), None, &json!({ "tag": "Otro" }));
    assert_eq!(count(&house.good_night().await, Kind::Contact, Action::Create), 2);
    let mut tags: Vec<String> = house.writes().iter().map(|write| write.body["tags"].to_string()).collect();
    tags.sort();
    assert_eq!(tags, ["[\"del-chatbot\"]", "[\"otro\"]"]);
    house.quiet_night().await;
    assert_eq!(house.rows(Side::Cliengo, "contacts")[0]["tags"], json!([]));
}

#[tokio::test]
async fn people_outside_the_scope_are_linked_and_said_only_where_they_differ() {
    let house = House::build(&Plot::extended().with_settings(SINCE)).await;
    old(&house);
    assert_eq!(held(&house.good_night().await), []);
    house.quiet_night().await;
    let other = json!({ "name": "Otra", "email": "otra@example.com", "createdAt": "2020-05-01T10:00:00Z" });
    house.contact(Side::Cliengo, &other);
    house.contact(Side::Ghl, &json!({ "firstName": "Distinta", "email": "otra@example.com" }));
    let night = house.good_night().await;
    assert_eq!((held(&night), shown(&night)), (vec![HeldReason::OutOfScope], vec!["cliengo contact link".to_owned()]));
    assert_eq!(house.writes(), []);
}

#[tokio::test]
async fn a_contact_that_moves_to_another_website_sleeps_until_it_moves_back() {
    let mut house = House::build(&Plot::extended()).await;
    let website = house.sandbox.website_id().to_owned();
    house.pair = pair(&format!("[pair.house.scope]\ncliengo_websites = [\"{website}\"]\n"));
    let one = house.person(1);
    house.good_night().await;
    house.change(Side::Cliengo, &one, &json!({ "websiteId": "otra" }));
    house.quiet_night().await;
    house.change(Side::Ghl, &one, &json!({ "email": "nueva@example.com" }));
    assert_eq!(held(&house.quiet_night().await), [HeldReason::OutOfScope]);
    house.change(Side::Cliengo, &one, &json!({ "websiteId": website }));
    assert_eq!(shown(&house.good_night().await), ["cliengo contact update"]);
    house.quiet_night().await;
}

#[tokio::test]
async fn only_contacts_of_the_business_go_to_cliengo() {
    let mut house = House::build(&Plot::extended()).await;
    house.pair =
        pair("[pair.house.contacts]\ndirection = \"to_cliengo\"\n[pair.house.scope]\nghl_business_id = \"nuestra\"\n");
    house.contact(Side::Ghl, &json!({ "firstName": "Ana", "email": "ana@example.com", "businessId": "nuestra" }));
    house.contact(Side::Ghl, &json!({ "firstName": "Luis", "email": "luis@example.com", "businessId": "otra" }));
    house.contact(Side::Ghl, &json!({ "firstName": "Eva", "email": "eva@example.com" }));
    let night = house.good_night().await;
    assert_eq!(shown(&night), ["cliengo contact create"]);
    assert_eq!((night.plan.outside, house.writes()[0].body["email"].as_str()), (2, Some("ana@example.com")));
    house.quiet_night().await;
}

#[tokio::test]
async fn who_is_of_the_business_is_asked_for_where_the_rows_do_not_say_it() {
    let mut house = House::build(&Plot::extended()).await;
    house.pair =
        pair("[pair.house.contacts]\ndirection = \"to_cliengo\"\n[pair.house.scope]\nghl_business_id = \"nuestra\"\n");
    let silent: crate::proxy::Rewrite = std::sync::Arc::new(|line, mut answer| {
        let searched = line.contains("/contacts/search");
        for row in answer["contacts"].as_array_mut().into_iter().flatten().filter(|_| searched) {
            row.as_object_mut().unwrap().remove("businessId");
        }
        Ok(answer)
    });
    house.urls.ghl = crate::proxy::before(&house.urls.ghl, silent).await;
    let ana =
        house.contact(Side::Ghl, &json!({ "firstName": "Ana", "email": "ana@example.com", "businessId": "nuestra" }));
    house.contact(Side::Ghl, &json!({ "firstName": "Luis", "email": "luis@example.com", "businessId": "otra" }));
    let night = house.good_night().await;
    assert_eq!((shown(&night), night.plan.outside), (vec!["cliengo contact create".to_owned()], 1));
    let asked = house.sandbox.requests().into_iter().filter(|asked| asked.path.contains("/contacts/business/nuestra"));
    assert_eq!(asked.count(), 2, "a page, and one that brings nobody new");
    for _ in 0..3 {
        house.quiet_night().await;
    }
    let person = Person { cliengo: ana.clone(), ghl: ana };
    house.change(Side::Ghl, &person, &json!({ "businessId": "otra", "firstName": "Anita" }));
    assert_eq!(held(&house.quiet_night().await), [HeldReason::OutOfScope], "she left it, and keeps her link");
    house.change(Side::Ghl, &person, &json!({ "businessId": "nuestra" }));
    assert_eq!(shown(&house.good_night().await), ["cliengo contact update"]);
    house.quiet_night().await;
}

#[tokio::test]
async fn a_survivor_outside_the_scope_leaves_its_old_link_for_who_comes_back() {
    let mut house = House::build(&Plot::extended()).await;
    let one = old(&house);
    house.good_night().await;
    house.remove(Side::Ghl, &one);
    house.good_night().await;
    house.pair = pair(SINCE);
    let set = json!({ "firstName": "Otra", "lastName": "Paz", "email": "vieja@example.com" });
    let ghl = house.contact(Side::Ghl, &set);
    let finished = house.good_night().await;
    assert_eq!(
        (shown(&finished), held(&finished)),
        (vec!["cliengo contact link".to_owned()], vec![HeldReason::OutOfScope])
    );
    house.quiet_night().await;
    house.pair = pair("");
    let finished = house.good_night().await;
    let [conflict] = finished.plan.conflicts.as_slice() else { panic!("{:?}", finished.plan.conflicts) };
    assert_eq!((&conflict.cliengo, &conflict.ghl), (&json!("Vieja Paz"), &json!("Otra Paz")));
    assert_eq!(house.row(Side::Ghl, &Person { ghl, ..one })["email"], "vieja@example.com");
    house.quiet_night().await;
}

// Watches: I22.
#[tokio::test]
async fn only_people_of_the_statuses_that_are_named_go_over_and_who_leaves_them_sleeps_until_they_are_back() {
    let scope = "[pair.house.scope]\ncliengo_statuses = [\"new\", \"CLIENT\"]\n";
    let mut house = House::build(&Plot::extended().with_settings(scope)).await;
    let one = house.person(1);
    let set =
        |name: &str, status: &str| json!({ "name": name, "email": format!("{name}@example.com"), "status": status });
    for (name, status) in [("activa", "ACTIVE"), ("cliente", "client"), ("otro", "LONG_TERM")] {
        house.contact(Side::Cliengo, &set(name, status));
    }
    house.good_night().await;
    let emails = crate::story::emails(&house, Side::Ghl);
    assert!(emails.contains_key("cliente@example.com") && emails.len() == 2, "{emails:?}");
    house.quiet_night().await;
    house.change(Side::Cliengo, &one, &json!({ "status": "ACTIVE" }));
    house.quiet_night().await;
    house.change(Side::Ghl, &one, &json!({ "phone": "+5491140000091" }));
    assert_eq!(held(&house.quiet_night().await), [HeldReason::OutOfScope]);
    house.change(Side::Cliengo, &one, &json!({ "status": "CLIENT" }));
    assert_eq!(shown(&house.good_night().await), ["cliengo contact update"]);
    for _ in 0..3 {
        house.quiet_night().await;
    }
    // Who stays unchanged while the file names others is known by what was agreed.
    house.pair =
        pair("[pair.house.contacts]\ndirection = \"to_ghl\"\n[pair.house.scope]\ncliengo_statuses = [\"ACTIVE\"]\n");
    house.change(Side::Cliengo, &one, &json!({ "phone": "+5491140000092" }));
    let night = house.night().await;
    assert_eq!((shown(&night), held(&night)), (vec!["ghl contact create".to_owned()], vec![HeldReason::OutOfScope]));
}
