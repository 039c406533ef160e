//! Who has a contact or a task, and who wrote a note: users of both CRMs, by their e-mail or by the table.

use std::sync::Arc;

use concord::crm::Reader;
use concord::reconcile::HeldReason;
use concord::record::{Side, User};
use concord::sandbox::{EditKind, EditOp};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::house::{House, Person, Plot, held, shown};
use crate::proxy;

const ASSIGNEES: &str = "[pair.house.assignees]\n";

/// The ids of the two users on both sides.
async fn staff(house: &House) -> [Vec<String>; 2] {
    let (cliengo, ghl) = house.clients(&CancellationToken::new());
    let ids = |users: Vec<User>| users.into_iter().map(|user| user.id).collect();
    [ids(cliengo.users().await.unwrap()), ids(ghl.users().await.unwrap())]
}

async fn house(settings: &str) -> (House, Person, [Vec<String>; 2]) {
    let house = House::build(&Plot::extended().with_settings(settings)).await;
    let staff = staff(&house).await;
    let person = house.person(1);
    house.good_night().await;
    (house, person, staff)
}

fn task_of(house: &House, side: Side) -> Value {
    let rows = house.rows(side, "tasks");
    assert_eq!(rows.len(), 1, "{rows:#?}");
    rows[0].get("assignedTo").or_else(|| rows[0].get("assigned_to")).cloned().unwrap_or_default()
}

fn contact_of(house: &House, side: Side, person: &Person) -> Value {
    let row = house.row(side, person);
    row["fields"].get("assignedTo").or_else(|| row.get("assignedTo")).cloned().unwrap_or_default()
}

#[tokio::test]
async fn a_tasks_assignee_goes_both_ways() {
    let (house, person, [cliengo, ghl]) = house(ASSIGNEES).await;
    let set = json!({ "title": "Llamar", "dueDate": "2026-12-24T15:00:00.000Z", "assignedTo": ghl[0] });
    house.edit(Side::Ghl, EditOp::Create, EditKind::Task, Some(&person.ghl), None, &set);
    assert_eq!(shown(&house.good_night().await), ["cliengo task create"], "with who has it, in one request");
    assert_eq!(task_of(&house, Side::Cliengo), json!(cliengo[0]));
    for _ in 0..3 {
        house.quiet_night().await;
    }
    let task = house.only(Side::Cliengo, "tasks");
    house.edit_child(Side::Cliengo, EditKind::Task, &person, &task, &json!({ "assignedTo": cliengo[1] }));
    assert_eq!(shown(&house.good_night().await), ["ghl task update"]);
    assert_eq!(task_of(&house, Side::Ghl), json!(ghl[1]));
    for _ in 0..3 {
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn a_contacts_assignee_goes_both_ways_and_so_does_that_it_has_none() {
    let (house, person, [cliengo, ghl]) = house(ASSIGNEES).await;
    house.change(Side::Cliengo, &person, &json!({ "assignedTo": cliengo[0] }));
    house.good_night().await;
    assert_eq!(contact_of(&house, Side::Ghl, &person), json!(ghl[0]));
    house.quiet_night().await;
    house.change(Side::Ghl, &person, &json!({ "assignedTo": null }));
    house.good_night().await;
    assert_eq!(house.writes()[0].body, json!({ "assignedTo": "UNASSIGNED" }), "Cliengo is never sent null");
    house.quiet_night().await;
    house.change(Side::Ghl, &person, &json!({ "assignedTo": ghl[1] }));
    house.good_night().await;
    assert_eq!(contact_of(&house, Side::Cliengo, &person), json!(cliengo[1]));
    for _ in 0..3 {
        house.quiet_night().await;
    }
}

/// A Cliengo whose users have other addresses.
async fn under_other_addresses(house: &mut House) {
    let rewrite: proxy::Rewrite = Arc::new(move |line, mut answer| {
        if line.contains("/users") && !line.contains("/users/me") {
            for user in answer["results"].as_array_mut().into_iter().flatten() {
                user["email"] = json!(user["email"].as_str().unwrap().replace("demo.", "otra."));
            }
        }
        Ok(answer)
    });
    house.urls.cliengo = proxy::before(&house.urls.cliengo, rewrite).await;
}

#[tokio::test]
async fn who_is_nobody_on_the_other_side_is_held_and_the_rest_goes_over() {
    let mut house = House::build(&Plot::extended().with_settings(ASSIGNEES)).await;
    under_other_addresses(&mut house).await;
    let [_, ghl] = staff(&house).await;
    let person = house.person(1);
    house.good_night().await;
    let set = json!({ "title": "Llamar", "dueDate": "2026-12-24T15:00:00.000Z", "assignedTo": ghl[0] });
    house.edit(Side::Ghl, EditOp::Create, EditKind::Task, Some(&person.ghl), None, &set);
    let finished = house.night().await;
    assert_eq!(
        (shown(&finished), held(&finished)),
        (vec!["cliengo task create".to_owned()], vec![HeldReason::Picklist])
    );
    let detail = &finished.plan.held[0].detail;
    assert!(detail.contains("Lucía Ferreyra (lucia@demo.example.com) of GHL is nobody in Cliengo"), "{detail}");
    assert_eq!(task_of(&house, Side::Cliengo), Value::Null);
    let again = house.night().await;
    assert_eq!(
        (shown(&again).len(), held(&again)),
        (0, vec![HeldReason::Picklist]),
        "held, and nothing is turned back"
    );
    assert_eq!(task_of(&house, Side::Ghl), json!(ghl[0]));
}

#[tokio::test]
async fn the_table_says_who_is_who_where_the_addresses_differ() {
    let table = "[pair.house.assignees]\n\"lucia@otra.example.com\" = \"lucia@demo.example.com\"\n";
    let mut house = House::build(&Plot::extended().with_settings(table)).await;
    under_other_addresses(&mut house).await;
    let [cliengo, ghl] = staff(&house).await;
    let person = house.person(1);
    house.good_night().await;
    let set = json!({ "title": "Llamar", "dueDate": "2026-12-24T15:00:00.000Z", "assignedTo": ghl[0] });
    house.edit(Side::Ghl, EditOp::Create, EditKind::Task, Some(&person.ghl), None, &set);
    house.good_night().await;
    assert_eq!(task_of(&house, Side::Cliengo), json!(cliengo[0]));
    house.quiet_night().await;
}

#[tokio::test]
async fn a_notes_author_and_date_go_to_ghl_with_it() {
    let map = "[[pair.house.notes.map]]\ncliengo = \"creatorId\"\nghl = \"userId\"\ndirection = \"to_ghl\"\n\
               [[pair.house.notes.map]]\ncliengo = \"creationDate\"\nghl = \"title\"\ndirection = \"to_ghl\"\ntransform = [\"split:T:1\"]\n";
    let (house, person, [_, ghl]) = house(map).await;
    house.note(Side::Cliengo, &person, "Llamar el lunes");
    house.good_night().await;
    let body = &house.writes()[0].body;
    assert_eq!((&body["userId"], &body["title"]), (&json!(ghl[0]), &json!("2026-11-24")), "{body}");
    for _ in 0..3 {
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn a_field_of_a_task_has_a_direction_of_its_own() {
    let map = "[[pair.house.tasks.map]]\ncliengo = \"description\"\nghl = \"body\"\ndirection = \"to_ghl\"\n";
    let (house, person, _) = house(map).await;
    let task = house.task(Side::Ghl, &person, "Llamar");
    house.good_night().await;
    house.edit_child(
        Side::Ghl,
        EditKind::Task,
        &person,
        &task,
        &json!({ "body": "Por la tarde", "title": "Llamar ya" }),
    );
    house.night().await;
    let there = &house.rows(Side::Cliengo, "tasks")[0];
    assert_eq!(
        (&there["title"], there["description"].as_str().unwrap_or_default()),
        (&json!("Llamar ya"), ""),
        "{there}"
    );
    house.night().await;
    house.quiet_night().await;
}

#[tokio::test]
async fn who_follows_a_contact_in_ghl_is_told_in_cliengo_by_email_and_changed_in_ghl_alone() {
    let map = "[pair.house.cliengo]\ncapabilities = { extra_params = \"merge\" }\n\
               [[pair.house.map]]\ncliengo = \"leadFields.siguen\"\nghl = \"followers\"\ndirection = \"to_cliengo\"\n";
    let (house, person, [_, ghl]) = house(map).await;
    let told = || house.row(Side::Cliengo, &person)["leadFields"]["siguen"].clone();
    let follow = |who: &[&String]| house.change(Side::Ghl, &person, &json!({ "followers": who }));
    for (who, expected) in [
        (vec![&ghl[1], &ghl[0]], "lucia@demo.example.com, martin@demo.example.com"),
        (vec![&ghl[1]], "martin@demo.example.com"),
    ] {
        follow(&who);
        assert_eq!(shown(&house.good_night().await), ["cliengo contact update"], "{who:?}");
        assert_eq!(told(), json!(expected));
        for _ in 0..3 {
            house.quiet_night().await;
        }
    }
    // The same people in another order are no change.
    follow(&[&ghl[0], &ghl[1]]);
    house.good_night().await;
    follow(&[&ghl[1], &ghl[0]]);
    house.quiet_night().await;
}
