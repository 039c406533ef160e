//! Every example payload, read as it came over the wire.

use concord::crm::{Reader, Shape};
use concord::record::{Field, Kind, MatchKey, PersonName, Record, Value};
use serde_json::{Value as Json, json};

use crate::server::{Reply, Server, forms};

fn example(file: &str) -> Json {
    let path = format!("{}/tests/examples/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    serde_json::from_str::<Json>(&text).unwrap()["response"].clone()
}

async fn server() -> Server {
    Server::replying(vec![Reply::Reset]).await
}

async fn ghl(kind: Kind, payload: &Json, shape: Shape) -> Record {
    server().await.ghl(|_| {}).parse(kind, &payload.to_string(), shape, &forms()).unwrap()
}

fn shown(record: &Record, field: &Field) -> String {
    record.get(field).map_or_else(|| "unknown".to_owned(), Value::shown)
}

#[tokio::test]
async fn the_three_shapes_of_a_ghl_contact_are_one_record() {
    let listed = ghl(Kind::Contact, &example("ghl-contacts-search.json")["contacts"][0], Shape::Listed).await;
    let single = ghl(Kind::Contact, &example("ghl-contact-get.json")["contact"], Shape::Single).await;
    assert_eq!(listed.fields, single.fields);
    assert_eq!(listed.get(&Field::Name), Some(&Value::Name(PersonName::new("María José", "Núñez"))));
    assert_eq!(shown(&listed, &Field::Email), "MJ.Nunez@example.com");
    assert_eq!(shown(&listed, &Field::Phone), "+5491155667788");
    assert_eq!(shown(&listed, &Field::Tags), "seguimiento");
    assert_eq!(listed.also, vec![MatchKey::Phone("+541143211234".to_owned())]);
    assert_eq!(listed.created.unwrap().to_string(), "2026-07-17T07:11:54.324Z");
}

#[tokio::test]
async fn ghl_notes_and_tasks_read_as_a_person_reads_them() {
    let notes = example("ghl-notes-list.json");
    assert_eq!(
        shown(&ghl(Kind::Note, &notes["notes"][0], Shape::Listed).await, &Field::Body),
        "Llamar el lunes por la tarde"
    );
    assert_eq!(shown(&ghl(Kind::Note, &notes["notes"][1], Shape::Single).await, &Field::Body), "Pidió precio");

    let listed = ghl(Kind::Task, &example("ghl-tasks-search.json")["tasks"][0], Shape::Listed).await;
    let created = ghl(Kind::Task, &example("ghl-task-created.json")["task"], Shape::Answer).await;
    assert_eq!(shown(&listed, &Field::Title), "Enviar presupuesto");
    assert_eq!(shown(&listed, &Field::Due), "2026-07-20T10:00:00Z");
    assert_eq!(listed.get(&Field::Body), Some(&Value::Empty));
    assert_eq!(listed.get(&Field::Completed), Some(&Value::Flag(false)));
    assert_eq!(created.get(&Field::Body), None, "what an answer leaves out is unknown");
    assert!(created.agrees_with(&listed));
}

#[tokio::test]
async fn a_cliengo_contact_and_note_are_read_and_null_is_empty() {
    let cliengo = server().await.cliengo(|_| {});
    let mut row = example("cliengo-contacts-list.json")["results"][0].clone();
    let parse = |row: &Json| cliengo.parse(Kind::Contact, &row.to_string(), Shape::Listed, &forms()).unwrap();
    let record = parse(&row);
    assert_eq!(record.get(&Field::Name), Some(&Value::Name(PersonName::new("María José", "Núñez"))));
    assert_eq!(shown(&record, &Field::Phone), "+541155667788");
    assert_eq!(shown(&record, &Field::Tags), "Seguimiento");
    assert_eq!(record.updated.unwrap().to_string(), "2026-07-17T07:06:10Z");
    row["email"] = json!(null);
    row.as_object_mut().unwrap().remove("tags");
    row.as_object_mut().unwrap().remove("lastName");
    let record = parse(&row);
    assert_eq!(record.get(&Field::Email), Some(&Value::Empty));
    assert_eq!(record.get(&Field::Tags), None);
    assert_eq!(shown(&record, &Field::Name), "María José");

    let note = example("cliengo-notes-list.json")["results"][0].to_string();
    let record = cliengo.parse(Kind::Note, &note, Shape::Listed, &forms()).unwrap();
    assert_eq!(shown(&record, &Field::Body), "Pidió precio");
}

#[tokio::test]
async fn missing_is_unknown_in_a_listing_and_empty_in_a_get() {
    let contact = json!({ "id": "A", "firstName": "Ana", "lastName": null });
    assert_eq!(ghl(Kind::Contact, &contact, Shape::Listed).await.get(&Field::Email), None);
    assert_eq!(ghl(Kind::Contact, &contact, Shape::Answer).await.get(&Field::Email), None);
    let single = ghl(Kind::Contact, &contact, Shape::Single).await;
    assert_eq!(single.get(&Field::Email), Some(&Value::Empty));
    assert_eq!(single.get(&Field::Tags), Some(&Value::Empty));
}

#[tokio::test]
async fn a_lower_cased_first_name_gives_way_to_the_one_that_was_written() {
    let contact = json!({ "id": "A", "firstName": "ana maría", "firstNameRaw": "Ana María", "lastName": "Paz" });
    assert_eq!(shown(&ghl(Kind::Contact, &contact, Shape::Single).await, &Field::Name), "Ana María Paz");
}

#[tokio::test]
async fn a_date_without_a_zone_of_its_own_is_still_a_date() {
    let cliengo = server().await.cliengo(|_| {});
    let task = json!({ "id": "t", "title": "x", "dueDate": "2013-04-17T09:12:36-00:00", "completed": true });
    let record = cliengo.parse(Kind::Task, &task.to_string(), Shape::Listed, &forms()).unwrap();
    assert_eq!(shown(&record, &Field::Due), "2013-04-17T09:12:36Z");
    assert_eq!(record.get(&Field::Completed), Some(&Value::Flag(true)));
}

#[tokio::test]
async fn what_is_not_such_a_record_is_named_and_its_content_is_not() {
    let server = server().await;
    let (cliengo, ghl) = (server.cliengo(|_| {}), server.ghl(|_| {}));
    let ghl = |kind, payload: &str| ghl.parse(kind, payload, Shape::Listed, &forms()).unwrap_err().0;
    assert_eq!(ghl(Kind::Contact, "{\"firstName\":\"Ana\"}"), "the contact has no id");
    assert_eq!(ghl(Kind::Contact, "[]"), "the contact is not an object");
    assert_eq!(ghl(Kind::Contact, "{"), "the contact is not JSON");
    let client = server.ghl(|_| {});
    let unread = |record: Record| -> Vec<String> { record.unreadable.into_values().collect() };
    for (kind, payload, why) in [
        (Kind::Contact, r#"{"id":"A","email":7}"#, "the contact's email is not a text"),
        (Kind::Contact, r#"{"id":"A","tags":[1]}"#, "the contact's tags is not a list of texts"),
        (Kind::Task, r#"{"id":"A","completed":"maybe"}"#, "the task's completed is not true or false"),
        (Kind::Task, r#"{"id":"A","dueDate":"soon"}"#, "the task's dueDate is not a date"),
    ] {
        let record = client.parse(kind, payload, Shape::Listed, &forms()).unwrap();
        assert!(record.fields.is_empty(), "what cannot be read is unknown: {payload}");
        assert_eq!(unread(record), [why]);
    }
    let record = cliengo.parse(Kind::Contact, r#"{"id":"a","tags":[1]}"#, Shape::Listed, &forms()).unwrap();
    assert_eq!(unread(record), ["the contact's tags is not a list of texts"]);
}

#[tokio::test]
async fn a_list_that_is_null_and_a_part_that_is_not_told_are_unknown() {
    let server = server().await;
    let (cliengo, ghl) = (server.cliengo(|_| {}), server.ghl(|_| {}));
    for shape in [Shape::Listed, Shape::Single] {
        let null = r#"{"id":"A","tags":null,"customFields":null,"completed":null}"#;
        assert_eq!(ghl.parse(Kind::Contact, null, shape, &forms()).unwrap().get(&Field::Tags), None);
        assert_eq!(cliengo.parse(Kind::Contact, null, shape, &forms()).unwrap().get(&Field::Tags), None);
        assert_eq!(ghl.parse(Kind::Task, null, shape, &forms()).unwrap().get(&Field::Completed), None);
        assert_eq!(cliengo.parse(Kind::Task, null, shape, &forms()).unwrap().get(&Field::Completed), None);
    }
}
