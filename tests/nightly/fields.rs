//! Each edit becomes exactly the request that it needs.

use concord::record::Side;
use concord::sandbox::{EditKind, EditOp};
use serde_json::json;

use crate::house::{House, Person, Plot, said, text_of};

/// Two people, linked, with a note, a task and a tag each; and the first of them.
async fn a_linked_pair(plot: Plot) -> (House, Person) {
    let house = House::build(&plot).await;
    let person = house.person(1);
    house.person(2);
    for side in Side::BOTH {
        house.note(side, &person, "Pidió precio");
        house.task(side, &person, "Enviar presupuesto");
        house.tag(side, EditOp::Create, &person, "cliente");
    }
    house.good_night().await;
    assert_eq!(house.writes(), [], "equal people are linked without a request");
    (house, person)
}

/// Applies the edits so far, asserts what is sent, and that the next night is quiet.
async fn becomes(house: &House, expected: &[String]) {
    house.good_night().await;
    assert_eq!(house.sent(), expected);
    house.quiet_night().await;
}

// Watches: I4.
#[tokio::test]
async fn a_field_changed_in_ghl_becomes_one_patch_with_that_field_alone() {
    let (house, person) = a_linked_pair(Plot::extended()).await;
    let path = format!("cliengo PATCH /contacts/{}", person.cliengo);
    house.change(Side::Ghl, &person, &json!({ "email": "nueva@example.com" }));
    becomes(&house, &[format!(r#"{path} {{"email":"nueva@example.com"}}"#)]).await;
    house.change(Side::Ghl, &person, &json!({ "phone": "+5491155550000" }));
    becomes(&house, &[format!(r#"{path} {{"phone":"+5491155550000"}}"#)]).await;
    house.change(Side::Ghl, &person, &json!({ "firstName": "Ana María" }));
    becomes(&house, &[format!(r#"{path} {{"name":"Ana María Prueba1"}}"#)]).await;
}

// Watches: I4.
#[tokio::test]
async fn a_field_changed_in_cliengo_becomes_one_put_with_that_field_alone() {
    let (house, person) = a_linked_pair(Plot::extended()).await;
    let path = format!("ghl PUT /contacts/{}", person.ghl);
    house.change(Side::Cliengo, &person, &json!({ "email": "nueva@example.com" }));
    becomes(&house, &[format!(r#"{path} {{"email":"nueva@example.com"}}"#)]).await;
    house.change(Side::Cliengo, &person, &json!({ "phone": "11 5555-0000" }));
    becomes(&house, &[format!(r#"{path} {{"phone":"+541155550000"}}"#)]).await;
    house.change(Side::Cliengo, &person, &json!({ "name": "Ana Prueba1" }));
    becomes(&house, &[format!(r#"{path} {{"firstName":"Ana"}}"#)]).await;
}

// Watches: I4.
#[tokio::test]
async fn several_changed_fields_of_one_contact_are_one_request() {
    let (house, person) = a_linked_pair(Plot::extended()).await;
    let set = json!({ "email": "nueva@example.com", "phone": "+5491155550000", "name": "Ana Prueba1" });
    house.change(Side::Cliengo, &person, &set);
    let body = r#"{"email":"nueva@example.com","firstName":"Ana","phone":"+5491155550000"}"#;
    becomes(&house, &[format!("ghl PUT /contacts/{} {body}", person.ghl)]).await;
    let set = json!({ "email": "otra@example.com", "phone": "+5491155550001" });
    house.change(Side::Ghl, &person, &set);
    let body = r#"{"email":"otra@example.com","phone":"+5491155550001"}"#;
    becomes(&house, &[format!("cliengo PATCH /contacts/{} {body}", person.cliengo)]).await;
}

// Watches: I3.
#[tokio::test]
async fn fields_that_changed_on_different_sides_both_cross() {
    let (house, person) = a_linked_pair(Plot::extended()).await;
    house.change(Side::Cliengo, &person, &json!({ "email": "nueva@example.com" }));
    house.change(Side::Ghl, &person, &json!({ "phone": "+5491155550000" }));
    let expected = [
        format!(r#"cliengo PATCH /contacts/{} {{"phone":"+5491155550000"}}"#, person.cliengo),
        format!(r#"ghl PUT /contacts/{} {{"email":"nueva@example.com"}}"#, person.ghl),
    ];
    becomes(&house, &expected).await;
}

// Watches: incident 30.
#[tokio::test]
async fn tags_cross_as_single_tags_through_their_own_endpoint() {
    let (house, person) = a_linked_pair(Plot::extended()).await;
    let (cliengo, ghl) = (format!("/contacts/{}/tags", person.cliengo), format!("/contacts/{}/tags", person.ghl));
    house.tag(Side::Ghl, EditOp::Create, &person, "vip");
    becomes(&house, &[format!(r#"cliengo POST {cliengo} {{"tag":"vip"}}"#)]).await;
    house.tag(Side::Cliengo, EditOp::Create, &person, "Feria 2026");
    becomes(&house, &[format!(r#"ghl POST {ghl} {{"tags":["feria 2026"]}}"#)]).await;
    house.tag(Side::Ghl, EditOp::Delete, &person, "cliente");
    becomes(&house, &[format!(r#"cliengo DELETE {cliengo} {{"tag":"cliente"}}"#)]).await;
    house.tag(Side::Cliengo, EditOp::Delete, &person, "vip");
    becomes(&house, &[format!(r#"ghl DELETE {ghl} {{"tags":["vip"]}}"#)]).await;
    assert_eq!(house.row(Side::Ghl, &person)["tags"], json!(["feria 2026"]));
    assert_eq!(house.row(Side::Cliengo, &person)["tags"], json!(["Feria 2026"]));
}

// Watches: I12.
#[tokio::test]
async fn tags_that_both_sides_changed_are_merged_not_replaced() {
    let (house, person) = a_linked_pair(Plot::extended()).await;
    house.tag(Side::Ghl, EditOp::Create, &person, "de ghl");
    house.tag(Side::Ghl, EditOp::Delete, &person, "cliente");
    house.tag(Side::Cliengo, EditOp::Create, &person, "de cliengo");
    house.good_night().await;
    house.quiet_night().await;
    let tags = |side| {
        let row = house.row(side, &person);
        let mut tags: Vec<String> =
            row["tags"].as_array().unwrap().iter().map(|tag| tag.as_str().unwrap().to_owned()).collect();
        tags.sort();
        tags
    };
    assert_eq!(tags(Side::Ghl), ["de cliengo", "de ghl"]);
    assert_eq!(tags(Side::Cliengo), ["de cliengo", "de ghl"]);
}

#[tokio::test]
async fn tags_that_go_one_way_only_do_not_go_the_other_way_with_a_newcomer() {
    let to_cliengo = "[[pair.house.map]]\ncliengo = \"tags\"\ndirection = \"to_cliengo\"\n";
    let house = House::build(&Plot::extended().with_settings(to_cliengo)).await;
    house.person(1);
    house.good_night().await;
    let cliengo = house.contact(Side::Cliengo, &json!({ "name": "Nueva", "email": "nueva@example.com" }));
    house.tag(Side::Cliengo, EditOp::Create, &Person { cliengo, ghl: String::new() }, "vip");
    house.good_night().await;
    let there = house.rows(Side::Ghl, "contacts").into_iter().find(|row| row["email"] == "nueva@example.com").unwrap();
    assert_eq!(there["tags"], json!([]));
    house.quiet_night().await;
}

#[tokio::test]
async fn a_removed_tag_goes_in_every_spelling_that_cliengo_has() {
    let house = House::build(&Plot::extended()).await;
    let person = house.person(1);
    for spelling in ["VIP", " vip "] {
        house.tag(Side::Cliengo, EditOp::Create, &person, spelling);
    }
    house.good_night().await;
    house.tag(Side::Ghl, EditOp::Delete, &person, "vip");
    house.good_night().await;
    assert_eq!(house.row(Side::Cliengo, &person)["tags"], json!([]), "{:?}", house.sent());
    house.quiet_night().await;
}

#[tokio::test]
async fn a_note_crosses_once_when_it_is_written_edited_and_deleted_in_ghl() {
    let (house, person) = a_linked_pair(Plot::extended()).await;
    let note = house.note(Side::Ghl, &person, "<p>Llamó <b>hoy</b></p>");
    becomes(&house, &[format!(r#"cliengo POST /contacts/{}/notes {{"message":"Llamó hoy"}}"#, person.cliengo)]).await;
    house.edit_child(Side::Ghl, EditKind::Note, &person, &note, &json!({ "body": "Llamó ayer" }));
    let twin = house.rows(Side::Cliengo, "notes").into_iter().find(|row| text_of(row, &["message"]) == "Llamó hoy");
    let path = format!("/contacts/{}/notes/{}", person.cliengo, twin.unwrap()["id"].as_str().unwrap());
    becomes(&house, &[format!(r#"cliengo PUT {path} {{"message":"Llamó ayer"}}"#)]).await;
    house.remove_child(Side::Ghl, EditKind::Note, &person, &note);
    becomes(&house, &[format!("cliengo DELETE {path} null")]).await;
}

#[tokio::test]
async fn a_note_crosses_once_when_it_is_written_edited_and_deleted_in_cliengo() {
    let (house, person) = a_linked_pair(Plot::extended()).await;
    let note = house.note(Side::Cliengo, &person, "Llamó hoy");
    house.good_night().await;
    let writes = house.writes();
    assert_eq!(writes.len(), 1, "{writes:?}");
    assert_eq!((writes[0].method.as_str(), text_of(&writes[0].body, &["body"]).as_str()), ("POST", "Llamó hoy"));
    house.quiet_night().await;
    house.edit_child(Side::Cliengo, EditKind::Note, &person, &note, &json!({ "message": "Llamó ayer" }));
    house.good_night().await;
    let writes = house.writes();
    assert_eq!(writes.len(), 1, "{writes:?}");
    assert_eq!((writes[0].method.as_str(), text_of(&writes[0].body, &["body"]).as_str()), ("PUT", "Llamó ayer"));
    house.remove_child(Side::Cliengo, EditKind::Note, &person, &note);
    house.quiet_night().await;
    house.good_night().await;
    let writes = house.writes();
    assert_eq!(writes.len(), 1, "the second night in which it is missing: {writes:?}");
    assert_eq!(writes[0].method, "DELETE");
    house.quiet_night().await;
    assert_eq!(house.children(Side::Ghl, "notes", &person.ghl), ["Pidió precio"]);
}

#[tokio::test]
async fn a_task_crosses_once_when_it_is_made_edited_completed_and_deleted_in_cliengo() {
    let (house, person) = a_linked_pair(Plot::extended()).await;
    let (task, twin) = (house.only(Side::Cliengo, "tasks"), house.only(Side::Ghl, "tasks"));
    let path = format!("/contacts/{}/tasks/{twin}", person.ghl);
    let edit = |set| house.edit_child(Side::Cliengo, EditKind::Task, &person, &task, &set);
    edit(json!({ "title": "Mandar catálogo" }));
    becomes(&house, &[format!(r#"ghl PUT {path} {{"title":"Mandar catálogo"}}"#)]).await;
    edit(json!({ "completed": true }));
    becomes(&house, &[format!(r#"ghl PUT {path}/completed {{"completed":true}}"#)]).await;
    edit(json!({ "completed": false, "title": "Otra vez" }));
    becomes(&house, &[format!(r#"ghl PUT {path} {{"completed":false,"title":"Otra vez"}}"#)]).await;
    edit(json!({ "dueDate": "2026-12-31T15:00:00.000Z" }));
    becomes(&house, &[format!(r#"ghl PUT {path} {{"dueDate":"2026-12-31T15:00:00Z"}}"#)]).await;
    house.remove_child(Side::Cliengo, EditKind::Task, &person, &task);
    house.quiet_night().await;
    becomes(&house, &[format!("ghl DELETE {path} null")]).await;
    house.task(Side::Cliengo, &person, "Nueva");
    house.good_night().await;
    assert_eq!(house.writes().len(), 1, "{:?}", house.sent());
    assert_eq!(house.writes()[0].body["title"], "Nueva");
    house.quiet_night().await;
}

#[tokio::test]
async fn a_task_crosses_once_when_it_is_made_edited_completed_and_deleted_in_ghl() {
    let (house, person) = a_linked_pair(Plot::extended()).await;
    let (twin, task) = (house.only(Side::Cliengo, "tasks"), house.only(Side::Ghl, "tasks"));
    let path = format!("/contacts/{}/tasks/{twin}", person.cliengo);
    let edit = |set| house.edit_child(Side::Ghl, EditKind::Task, &person, &task, &set);
    edit(json!({ "title": "Mandar catálogo" }));
    becomes(&house, &[format!(r#"cliengo PUT {path} {{"title":"Mandar catálogo"}}"#)]).await;
    edit(json!({ "completed": true }));
    becomes(&house, &[format!(r#"cliengo PUT {path} {{"completed":true}}"#)]).await;
    house.remove_child(Side::Ghl, EditKind::Task, &person, &task);
    house.quiet_night().await;
    becomes(&house, &[format!("cliengo DELETE {path} null")]).await;
    house.task(Side::Ghl, &person, "Nueva");
    house.good_night().await;
    assert_eq!(house.writes().len(), 1, "{:?}", house.sent());
    assert_eq!(house.writes()[0].body["title"], "Nueva");
    house.quiet_night().await;
}

// Watches: I13.
#[tokio::test]
async fn a_field_emptied_in_cliengo_is_emptied_in_ghl() {
    let (house, person) = a_linked_pair(Plot::extended()).await;
    house.change(Side::Cliengo, &person, &json!({ "email": null }));
    becomes(&house, &[format!(r#"ghl PUT /contacts/{} {{"email":null}}"#, person.ghl)]).await;
}

#[tokio::test]
async fn tags_that_were_not_shown_of_a_newcomer_follow_when_they_are() {
    for side in Side::BOTH {
        let (mut house, person) = a_linked_pair(Plot::extended()).await;
        house.strict = false;
        house.tag(Side::Cliengo, EditOp::Create, &person, "cliente");
        house.good_night().await;
        let name = if side == Side::Ghl { "firstName" } else { "name" };
        let made = house.contact(side, &json!({ name: "Nueva", "email": "nueva@example.com" }));
        house.tag(side, EditOp::Create, &Person { cliengo: made.clone(), ghl: made }, "nueva");
        house.faults(&format!("drop-field=tags@{side}:READ*"));
        house.night().await;
        house.faults("");
        house.night().await;
        house.quiet_night().await;
        let told = house.rows(side.other(), "contacts");
        let tagged = told.iter().filter(|row| row["tags"].to_string().contains("\"nueva\"")).count();
        assert_eq!(tagged, 1, "written in {side}: {told:#?}");
    }
}

#[tokio::test]
async fn a_tag_that_somebody_takes_from_a_new_counterpart_is_taken_from_its_source() {
    for side in Side::BOTH {
        let house = House::build(&Plot::extended()).await;
        let name = if side == Side::Ghl { "firstName" } else { "name" };
        let made = house.contact(side, &json!({ name: "Nueva", "email": "nueva@example.com" }));
        let source = Person { cliengo: made.clone(), ghl: made };
        house.tag(side, EditOp::Create, &source, "nueva");
        house.good_night().await;
        let there = house.only(side.other(), "contacts");
        house.tag(side.other(), EditOp::Delete, &Person { cliengo: there.clone(), ghl: there }, "nueva");
        house.good_night().await;
        assert_eq!(house.row(side, &source)["tags"], json!([]), "{side}");
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn an_answer_that_is_emptied_in_ghl_stays_in_cliengo_and_is_said() {
    let map = "[pair.house.cliengo.capabilities]\nextra_params = \"merge\"\n\n[[pair.house.map]]\n\
               cliengo = \"leadFields.presupuesto\"\nghl = \"customFields.presupuesto\"\n";
    let house = House::build(&Plot::extended().with_settings(map)).await;
    let person = house.person(1);
    house.change(Side::Cliengo, &person, &json!({ "leadFields": { "presupuesto": "100" } }));
    house.good_night().await;
    house.change(Side::Ghl, &person, &json!({ "customFields": { "presupuesto": null } }));
    assert_eq!(said(&house.quiet_night().await), ["Cliengo cannot empty a presupuesto"]);
    assert_eq!(house.row(Side::Cliengo, &person)["leadFields"]["presupuesto"], "100");
}

#[tokio::test]
async fn a_field_that_does_not_go_that_way_does_not_go_with_a_newcomer_either() {
    let map = "[pair.house.cliengo.capabilities]\nextra_params = \"merge\"\n\n[[pair.house.map]]\n\
               cliengo = \"leadFields.ciudad\"\nghl = \"city\"\ndirection = \"to_cliengo\"\n";
    let house = House::build(&Plot::extended().with_settings(map)).await;
    let ana = json!({ "name": "Ana", "email": "ana@example.com", "leadFields": { "ciudad": "Rosario" } });
    house.contact(Side::Cliengo, &ana);
    house.good_night().await;
    let [sent] = &house.writes()[..] else { panic!("{:?}", house.sent()) };
    assert!(!sent.body.to_string().contains("Rosario"), "{}", sent.body);
}
