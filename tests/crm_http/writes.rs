//! The requests that each write becomes, and what their answers say.

use concord::crm::{Reader, Writer};
use concord::record::{
    Action, Due, Field, Fields, Kind, Record, RemoteId, Request, Side, SideId, Tags, Target, Value, Write,
};
use serde_json::{Value as Json, json};

use crate::server::{Reply, Server, forms};

fn existing(side: Side, id: &str) -> Target {
    Target::Existing(SideId::new(side, id))
}

fn write(kind: Kind, action: Action) -> Write {
    Write {
        kind,
        action,
        target: None,
        parent: None,
        set: Fields::new(),
        before: Fields::new(),
        add_tags: Vec::new(),
        remove_tags: Vec::new(),
    }
}

fn on(side: Side, kind: Kind, action: Action, set: &[(Field, Value)]) -> Write {
    Write {
        target: (action != Action::Create).then(|| existing(side, "R1")),
        parent: (kind != Kind::Contact).then(|| existing(side, "P1")),
        set: set.iter().cloned().collect(),
        ..write(kind, action)
    }
}

fn due(raw: &str) -> Value {
    Value::Due(Due::parse(raw, &forms().zone).unwrap())
}

fn person() -> Vec<(Field, Value)> {
    vec![
        (Field::Name, Value::name("María José Núñez", "")),
        (Field::Email, Value::email("MJ@example.com")),
        (Field::Phone, Value::phone("9 11 5566-7788", forms().region)),
    ]
}

fn lines(requests: &[Request]) -> Vec<String> {
    requests
        .iter()
        .map(|request| {
            let body = request.body.as_ref().map(|body| format!(" {body}")).unwrap_or_default();
            format!("{} {}{body}", request.method.as_str(), request.path)
        })
        .collect()
}

async fn cliengo(write: &Write) -> Vec<String> {
    lines(&Server::replying(vec![Reply::Reset]).await.cliengo(|_| {}).requests(write, None, &forms()))
}

async fn ghl(write: &Write) -> Vec<String> {
    lines(&Server::replying(vec![Reply::Reset]).await.ghl(|_| {}).requests(write, None, &forms()))
}

#[tokio::test]
async fn cliengo_contacts() {
    let create = on(Side::Cliengo, Kind::Contact, Action::Create, &person());
    assert_eq!(
        cliengo(&create).await,
        [
            r#"POST /contacts {"email":"MJ@example.com","name":"María José Núñez","phone":"+5491155667788","websiteId":"web1"}"#
        ]
    );
    let update = on(Side::Cliengo, Kind::Contact, Action::Update, &person()[1..2]);
    assert_eq!(cliengo(&update).await, [r#"PATCH /contacts/R1 {"email":"MJ@example.com"}"#]);
    assert_eq!(cliengo(&on(Side::Cliengo, Kind::Contact, Action::Delete, &[])).await, ["DELETE /contacts/R1"]);
}

#[tokio::test]
async fn cliengo_is_never_sent_an_empty_value_or_a_phone_that_is_none() {
    let cleared =
        [(Field::Email, Value::Empty), (Field::Phone, Value::phone("no tiene", None)), (Field::Name, Value::Empty)];
    assert!(cliengo(&on(Side::Cliengo, Kind::Contact, Action::Update, &cleared)).await.is_empty());
}

#[tokio::test]
async fn cliengo_gets_only_the_first_name_where_a_last_name_stands() {
    for (before, after, sent) in [
        (Value::name("Ana", "Paz"), Value::name("Ana Sofía Paz", ""), Some("Ana Sofía")),
        (Value::name("Ana", "Paz"), Value::name("Eva", "Paz"), Some("Eva")),
        (Value::name("Ana", "Paz"), Value::name("Ana", "Gil"), None),
        (Value::name("Ana", "Paz"), Value::name("Eva", "Gil"), Some("Eva")),
        (Value::name("Ana Paz", ""), Value::name("Eva", "Gil"), Some("Eva Gil")),
        (Value::Empty, Value::name("Eva", "Gil"), Some("Eva Gil")),
    ] {
        let mut update = on(Side::Cliengo, Kind::Contact, Action::Update, &[(Field::Name, after.clone())]);
        update.before.insert(Field::Name, before.clone());
        let expected: Vec<String> =
            sent.map(|name| format!("PATCH /contacts/R1 {{\"name\":\"{name}\"}}")).into_iter().collect();
        assert_eq!(cliengo(&update).await, expected, "{before:?} {after:?}");
    }
}

#[tokio::test]
async fn cliengo_tags_go_one_by_one() {
    let mut tag = on(Side::Cliengo, Kind::Contact, Action::Tag, &[]);
    tag.add_tags = vec!["a".to_owned(), "b".to_owned()];
    tag.remove_tags = vec!["VIP".to_owned(), "vip".to_owned()];
    assert_eq!(
        cliengo(&tag).await,
        [
            r#"POST /contacts/R1/tags {"tag":"a"}"#,
            r#"POST /contacts/R1/tags {"tag":"b"}"#,
            r#"DELETE /contacts/R1/tags {"tag":"VIP"}"#,
            r#"DELETE /contacts/R1/tags {"tag":"vip"}"#,
        ]
    );
}

#[tokio::test]
async fn cliengo_notes_and_tasks() {
    let text = [(Field::Body, Value::markup("<p>Pidió <b>precio</b></p>"))];
    assert_eq!(
        cliengo(&on(Side::Cliengo, Kind::Note, Action::Create, &text)).await,
        [r#"POST /contacts/P1/notes {"message":"Pidió precio"}"#]
    );
    assert_eq!(
        cliengo(&on(Side::Cliengo, Kind::Note, Action::Update, &text)).await,
        [r#"PUT /contacts/P1/notes/R1 {"message":"Pidió precio"}"#]
    );
    assert_eq!(cliengo(&on(Side::Cliengo, Kind::Note, Action::Delete, &[])).await, ["DELETE /contacts/P1/notes/R1"]);
    let task = [
        (Field::Title, Value::line("Llamar")),
        (Field::Body, Value::body("por la tarde")),
        (Field::Due, due("2026-07-20T10:00:00-03:00")),
        (Field::Completed, Value::Flag(false)),
    ];
    assert_eq!(
        cliengo(&on(Side::Cliengo, Kind::Task, Action::Create, &task)).await,
        [
            r#"POST /contacts/P1/tasks {"completed":false,"description":"por la tarde","dueDate":"2026-07-20T13:00:00Z","title":"Llamar"}"#
        ]
    );
    assert_eq!(
        cliengo(&on(Side::Cliengo, Kind::Task, Action::Update, &[(Field::Due, due("2026-07-20"))])).await,
        [r#"PUT /contacts/P1/tasks/R1 {"dueDate":"2026-07-20"}"#]
    );
    assert_eq!(
        cliengo(&on(Side::Cliengo, Kind::Task, Action::Complete, &[(Field::Completed, Value::Flag(true))])).await,
        [r#"PUT /contacts/P1/tasks/R1 {"completed":true}"#]
    );
    assert_eq!(cliengo(&on(Side::Cliengo, Kind::Task, Action::Delete, &[])).await, ["DELETE /contacts/P1/tasks/R1"]);
}

#[tokio::test]
async fn a_child_of_what_the_plan_creates_shows_the_operation() {
    let mut note = on(Side::Ghl, Kind::Note, Action::Create, &[(Field::Body, Value::body("x"))]);
    note.parent = Some(Target::CreatedBy(3));
    assert_eq!(ghl(&note).await, [r#"POST /contacts/{op:3}/notes {"body":"x"}"#]);
    assert_eq!(cliengo(&note).await, [r#"POST /contacts/{op:3}/notes {"message":"x"}"#]);
}

// Watches: incident 28.
#[tokio::test]
async fn ghl_contacts() {
    let mut create = on(Side::Ghl, Kind::Contact, Action::Create, &person());
    create.add_tags = vec!["seguimiento".to_owned()];
    assert_eq!(
        ghl(&create).await,
        [
            r#"POST /contacts/ {"email":"MJ@example.com","firstName":"María","lastName":"José Núñez","locationId":"Loc1","phone":"+5491155667788","tags":["seguimiento"]}"#
        ]
    );
    let cleared = [(Field::Email, Value::Empty), (Field::Phone, Value::Empty)];
    assert_eq!(
        ghl(&on(Side::Ghl, Kind::Contact, Action::Update, &cleared)).await,
        [r#"PUT /contacts/R1 {"email":null,"phone":null}"#]
    );
    assert_eq!(ghl(&on(Side::Ghl, Kind::Contact, Action::Delete, &[])).await, ["DELETE /contacts/R1"]);
}

#[tokio::test]
async fn ghl_gets_only_the_part_of_a_name_that_differs() {
    for (before, after, sent) in [
        (Value::name("María José", "Núñez"), Value::name("María José Gómez", ""), r#"{"lastName":"Gómez"}"#),
        (Value::name("Ana", "Paz"), Value::name("Eva", "Paz"), r#"{"firstName":"Eva"}"#),
        (Value::name("Ana", "Paz"), Value::name("Luis", ""), r#"{"firstName":"Luis","lastName":null}"#),
        (Value::name("Ana", "Paz"), Value::Empty, r#"{"firstName":null,"lastName":null}"#),
    ] {
        let mut update = on(Side::Ghl, Kind::Contact, Action::Update, &[(Field::Name, after)]);
        update.before.insert(Field::Name, before);
        assert_eq!(ghl(&update).await, [format!("PUT /contacts/R1 {sent}")]);
    }
}

// Watches: incident 30.
#[tokio::test]
async fn ghl_tags_are_deltas_and_never_in_a_put() {
    let set = [(Field::Tags, Value::tags(Tags::from(vec!["x".to_owned()])))];
    let mut tag = on(Side::Ghl, Kind::Contact, Action::Update, &set);
    tag.add_tags = vec!["a".to_owned(), "b".to_owned()];
    tag.remove_tags = vec!["c".to_owned()];
    let expected = [r#"POST /contacts/R1/tags {"tags":["a","b"]}"#, r#"DELETE /contacts/R1/tags {"tags":["c"]}"#];
    assert_eq!(ghl(&tag).await, expected);
    tag.action = Action::Tag;
    assert_eq!(ghl(&tag).await, expected);
}

#[tokio::test]
async fn ghl_notes_and_tasks() {
    let text = [(Field::Body, Value::body("uno\ndos"))];
    assert_eq!(
        ghl(&on(Side::Ghl, Kind::Note, Action::Create, &text)).await,
        [r#"POST /contacts/P1/notes {"body":"uno\ndos"}"#]
    );
    assert_eq!(
        ghl(&on(Side::Ghl, Kind::Note, Action::Update, &text)).await,
        [r#"PUT /contacts/P1/notes/R1 {"body":"uno\ndos"}"#]
    );
    assert_eq!(ghl(&on(Side::Ghl, Kind::Note, Action::Delete, &[])).await, ["DELETE /contacts/P1/notes/R1"]);
    let task =
        [(Field::Title, Value::line("Llamar")), (Field::Body, Value::body("hoy")), (Field::Due, due("2026-07-20"))];
    assert_eq!(
        ghl(&on(Side::Ghl, Kind::Task, Action::Create, &task)).await,
        [
            r#"POST /contacts/P1/tasks {"body":"hoy","completed":false,"dueDate":"2026-07-20T12:00:00Z","title":"Llamar"}"#
        ]
    );
    assert_eq!(
        ghl(&on(Side::Ghl, Kind::Task, Action::Update, &task[..1])).await,
        [r#"PUT /contacts/P1/tasks/R1 {"title":"Llamar"}"#]
    );
    assert_eq!(
        ghl(&on(Side::Ghl, Kind::Task, Action::Complete, &[(Field::Completed, Value::Flag(true))])).await,
        [r#"PUT /contacts/P1/tasks/R1/completed {"completed":true}"#]
    );
    assert_eq!(ghl(&on(Side::Ghl, Kind::Task, Action::Delete, &[])).await, ["DELETE /contacts/P1/tasks/R1"]);
}

#[tokio::test]
async fn answers_say_the_id_and_only_what_they_carry() {
    let server = Server::replying(vec![Reply::Reset]).await;
    let (cliengo, ghl) = (server.cliengo(|_| {}), server.ghl(|_| {}));
    let said = |write: &Write, body: Json| ghl.answered(write, &body.to_string(), &forms());

    let create = on(Side::Ghl, Kind::Task, Action::Create, &[]);
    let answered = said(&create, json!({ "task": { "id": "T1", "title": "Llamar" }, "traceId": "x" })).unwrap();
    assert_eq!(answered.id.unwrap().as_str(), "T1");
    assert_eq!(answered.record, Record::default().with(Field::Title, Value::line("Llamar")));
    assert!(said(&create, json!({ "succeded": true })).is_err());
    assert!(said(&create, json!({ "task": { "title": "x" } })).is_err());

    let tag = on(Side::Ghl, Kind::Contact, Action::Tag, &[]);
    let answered = said(&tag, json!({ "tags": ["a", "b"], "tagsAdded": ["b"] })).unwrap();
    assert_eq!(answered.record.tags().iter().collect::<Vec<_>>(), ["a", "b"]);
    let delete = on(Side::Ghl, Kind::Contact, Action::Delete, &[]);
    assert_eq!(said(&delete, json!({ "succeded": true })).unwrap().record, Record::default());
    let update = on(Side::Ghl, Kind::Contact, Action::Update, &[]);
    let answered =
        said(&update, json!({ "succeded": true, "contact": { "id": "R1", "email": "a@example.com" } })).unwrap();
    assert!(answered.id.is_none() && answered.record.fields.len() == 1);
    let another = said(&update, json!({ "succeded": true, "contact": { "id": "A", "email": "a@example.com" } }));
    assert!(another.is_err(), "another record says nothing of this one");

    let create = on(Side::Cliengo, Kind::Note, Action::Create, &[]);
    let answered = cliengo.answered(&create, r#"{"ID":"n1","message":"x"}"#, &forms()).unwrap();
    assert_eq!(answered.id.unwrap().as_str(), "n1");
    assert!(cliengo.answered(&create, r#"{"message":"x"}"#, &forms()).is_err());
    let delete = on(Side::Cliengo, Kind::Contact, Action::Delete, &[]);
    assert_eq!(
        cliengo.answered(&delete, r#"{"id":"a","status":"DELETED"}"#, &forms()).unwrap().record,
        Record::default()
    );
}
