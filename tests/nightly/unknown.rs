//! What was not told is unknown, and so is whatever is made of it: never empty, never written. (`semantics` 40, 49)

use std::sync::Arc;

use concord::reconcile::HeldReason;
use concord::record::{Kind, Side};
use concord::sandbox::{EditKind, EditOp};
use serde_json::{Value, json};

use crate::house::{House, Person, Plot, held};
use crate::proxy::{self, Rewrite};

async fn linked(people: u32) -> (House, Vec<Person>) {
    let mut house = House::build(&Plot::extended()).await;
    house.strict = false;
    let people: Vec<Person> = (1..=people).map(|number| house.person(number)).collect();
    (house, people)
}

/// Lets every row of a list, where the request's line contains `part`, be changed. Both CRMs as they were where `part` is empty.
async fn through(house: &mut House, side: Side, part: &'static str, change: fn(&mut Value)) {
    let rewrite: Rewrite = Arc::new(move |line, mut answer| {
        if !part.is_empty() && line.contains(part) {
            let lists = ["results", "contacts", "tasks", "notes"];
            for key in lists {
                answer.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten().for_each(change);
            }
        }
        Ok(answer)
    });
    let url = match side {
        Side::Cliengo => house.sandbox.cliengo_url(),
        Side::Ghl => house.sandbox.ghl_url(),
    };
    *house.urls.of_mut(side) = proxy::before(&url, rewrite).await;
}

const LISTS: [(Side, &str); 2] = [(Side::Cliengo, "/contacts?"), (Side::Ghl, "/contacts/search")];

#[tokio::test]
async fn tags_that_are_null_in_every_row_remove_none_and_leave_nothing_to_do() {
    for (side, list) in LISTS {
        let (mut house, people) = linked(12).await;
        people.iter().for_each(|person| house.tag(side, EditOp::Create, person, "cliente"));
        house.good_night().await;
        through(&mut house, side, list, |row| row["tags"] = Value::Null).await;
        house.quiet_night().await;
        house.quiet_night().await;
        through(&mut house, side, "", |_| {}).await;
        house.quiet_night().await;
        assert!(people.iter().all(|person| house.row(side.other(), person)["tags"] == json!(["cliente"])), "{side}");
    }
}

#[tokio::test]
async fn a_last_tag_that_goes_where_none_is_shown_as_null_is_asked_for_and_goes_on_the_other_side() {
    let (mut house, people) = linked(3).await;
    house.tag(Side::Ghl, EditOp::Create, &people[0], "cliente");
    house.good_night().await;
    through(&mut house, Side::Ghl, "/contacts/search", |row| {
        if row["tags"] == json!([]) {
            row["tags"] = Value::Null;
        }
    })
    .await;
    house.tag(Side::Ghl, EditOp::Delete, &people[0], "cliente");
    house.good_night().await;
    assert_eq!(house.row(Side::Cliengo, &people[0])["tags"], json!([]));
    house.quiet_night().await;
}

#[tokio::test]
async fn a_last_name_that_is_not_told_is_no_edit() {
    let (mut house, people) = linked(1).await;
    house.change(Side::Cliengo, &people[0], &json!({ "name": "Ana", "lastName": "Pérez" }));
    house.change(Side::Ghl, &people[0], &json!({ "firstName": "Ana", "lastName": "Pérez" }));
    house.good_night().await;
    through(&mut house, Side::Cliengo, "/contacts", |row| _ = row.as_object_mut().unwrap().remove("lastName")).await;
    house.quiet_night().await;
    house.quiet_night().await;
    assert_eq!(house.row(Side::Ghl, &people[0])["lastName"], "Pérez");
}

#[tokio::test]
async fn a_key_that_is_missing_under_a_transform_is_no_edit() {
    let map = "[[pair.house.map]]\ncliengo = \"leadFields.empresa\"\nghl = \"source\"\ndirection = \"to_ghl\"\n\
               transform = [\"first:leadFields.rubro\"]\n";
    let mut house = House::build(&Plot::extended().with_settings(map)).await;
    house.strict = false;
    let person = house.person(1);
    house.change(Side::Cliengo, &person, &json!({ "leadFields": { "empresa": "Acme", "rubro": "Vinos" } }));
    house.good_night().await;
    assert_eq!(house.row(Side::Ghl, &person)["source"], "Acme");
    through(&mut house, Side::Cliengo, "/contacts", |row| {
        if let Some(fields) = row["leadFields"].as_object_mut() {
            fields.remove("empresa");
        }
    })
    .await;
    house.quiet_night().await;
    assert_eq!(house.row(Side::Ghl, &person)["source"], "Acme");
}

#[tokio::test]
async fn notes_without_a_text_are_written_nowhere_and_each_is_there_once_after_a_good_night() {
    for first_night in [false, true] {
        let (mut house, people) = linked(2).await;
        for side in Side::BOTH {
            house.note(side, &people[0], "Pidió precio");
            house.note(side, &people[0], "Volver a llamar");
        }
        if !first_night {
            house.good_night().await;
        }
        through(&mut house, Side::Cliengo, "/notes", |row| _ = row.as_object_mut().unwrap().remove("message")).await;
        if !first_night {
            house.note(Side::Ghl, &people[0], "Nota de hoy");
        }
        for _ in 0..2 {
            let finished = house.night().await;
            assert!(held(&finished).contains(&HeldReason::Unparsable), "{:?}", finished.plan.held);
            assert!(!house.writes().iter().any(|write| write.path.ends_with("/notes")), "{:?}", house.sent());
        }
        through(&mut house, Side::Cliengo, "", |_| {}).await;
        house.night().await;
        house.quiet_night().await;
        let mut texts = vec!["Pidió precio", "Volver a llamar"];
        if !first_night {
            texts.insert(0, "Nota de hoy");
        }
        for side in Side::BOTH {
            assert_eq!(house.children(side, "notes", people[0].on(side)), texts, "{side}");
        }
    }
}

#[tokio::test]
async fn a_note_that_never_has_a_text_is_said_twice_and_then_stands_in_nobodys_way() {
    let (mut house, people) = linked(1).await;
    house.note(Side::Cliengo, &people[0], "Sistema");
    house.note(Side::Ghl, &people[0], "Pidió precio");
    through(&mut house, Side::Cliengo, "/notes", |row| {
        if row["message"] == "Sistema" {
            row.as_object_mut().unwrap().remove("message");
        }
    })
    .await;
    for _ in 0..2 {
        assert!(held(&house.night().await).contains(&HeldReason::Unparsable));
    }
    let finished = house.good_night().await;
    assert_eq!((held(&finished), house.writes().len()), (vec![], 1));
    house.quiet_night().await;
    assert_eq!(house.children(Side::Ghl, "notes", &people[0].ghl), ["Pidió precio"]);
}

#[tokio::test]
async fn a_task_of_which_too_little_is_told_is_neither_completed_nor_created() {
    for lost in ["completed", "title"] {
        let (mut house, people) = linked(1).await;
        let task = house.task(Side::Ghl, &people[0], "Enviar presupuesto");
        house.good_night().await;
        house.edit_child(Side::Ghl, EditKind::Task, &people[0], &task, &json!({ "completed": true }));
        house.good_night().await;
        house.task(Side::Ghl, &people[0], "Llamar mañana");
        let drop: fn(&mut Value) = if lost == "completed" {
            |row| row["completed"] = Value::Null
        } else {
            |row| _ = row.as_object_mut().unwrap().remove("title")
        };
        through(&mut house, Side::Ghl, "/tasks/search", drop).await;
        let finished = house.quiet_night().await;
        assert_eq!(held(&finished), [HeldReason::Unparsable], "{lost}");
        through(&mut house, Side::Ghl, "", |_| {}).await;
        house.good_night().await;
        assert_eq!(house.children(Side::Cliengo, "tasks", &people[0].cliengo).len(), 2);
    }
}

#[tokio::test]
async fn one_value_that_cannot_be_read_is_said_and_the_rest_of_its_record_goes_on() {
    for side in Side::BOTH {
        let (house, people) = linked(2).await;
        house.good_night().await;
        house.change(side, &people[0], &json!({ "phone": 42, "email": "nueva@example.com" }));
        for night in 0..2 {
            let finished = house.good_night().await;
            assert_eq!(held(&finished), [HeldReason::Unparsable], "{side}");
            assert_eq!(house.writes().len(), usize::from(night == 0), "{side} {:?}", house.sent());
        }
        let other = house.row(side.other(), &people[0]);
        assert_eq!(
            (&other["email"], &other["phone"]),
            (&json!("nueva@example.com"), &json!("+5491140000001")),
            "{side}"
        );
    }
}

#[tokio::test]
async fn one_row_without_an_id_keeps_nobody_else_from_being_removed() {
    let settings = "[pair.house.contacts]\non_delete = \"propagate\"\n";
    for (side, list) in LISTS {
        let mut house = House::build(&Plot::extended().with_settings(settings)).await;
        house.strict = false;
        let people: Vec<Person> = (1..=12).map(|number| house.person(number)).collect();
        house.good_night().await;
        through(&mut house, side, list, |row| {
            if row["email"] == "persona2@example.com" {
                row.as_object_mut().unwrap().remove("id");
            }
        })
        .await;
        house.remove(side, &people[0]);
        let finished = house.good_night().await;
        let listing = finished.plan.listings.of(side).of(Kind::Contact);
        assert!(listing.complete && listing.count == 11, "{listing:?}");
        assert_eq!(held(&finished), [HeldReason::Unparsable], "{side}");
        let left = house.rows(side.other(), "contacts").len();
        assert_eq!(left, 11, "only who was removed, and not who cannot be told");
    }
}

#[tokio::test]
async fn a_tag_that_is_taken_off_while_the_other_side_shows_none_goes_there_once_it_does() {
    for side in Side::BOTH {
        let house = House::build(&Plot::extended()).await;
        let people: Vec<Person> = (1..=2).map(|number| house.person(number)).collect();
        people.iter().for_each(|person| house.tag(side, EditOp::Create, person, "cliente"));
        house.good_night().await;
        house.quiet_night().await;
        house.tag(side, EditOp::Delete, &people[0], "cliente");
        house.faults(&format!("drop-field=tags@{}:READ*", side.other()));
        house.night().await;
        house.faults("");
        house.night().await;
        assert_eq!(house.row(side.other(), &people[0])["tags"], serde_json::json!([]), "{side}");
        house.quiet_night().await;
    }
}
