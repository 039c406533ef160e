//! A look-up that only a part of a run depends on fails: that part waits, untouched, and the rest goes on. (`semantics` 52)

use std::sync::Arc;
use std::time::Duration;

use concord::config::Config;
use concord::crm::Reader;
use concord::exit_code;
use concord::reconcile::HeldReason;
use concord::record::{Side, Take, User};
use concord::run::Finished;
use concord::sandbox::{EditKind, EditOp};
use concord::state::State;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::house::{House, Person, Plot, held, shown};

const ASSIGNEES: &str = "[pair.house.assignees]\n";
const BUDGET: &str = "[pair.house.cliengo.capabilities]\nextra_params = \"merge\"\n[[pair.house.map]]\n\
                      cliengo = \"leadFields.presupuesto\"\nghl = \"customFields.presupuesto\"\n";

async fn house(settings: &str) -> House {
    let mut house = House::build(&Plot::extended().with_settings(settings)).await;
    house.strict = false;
    house.persistent = Duration::from_millis(2);
    house
}

fn told(finished: &Finished) -> String {
    concord::report::brief(finished, &concord::report::Audience::plain())
}

/// A night whose look-up fails: what it says of it, and what a dry run before it planned.
async fn night_without(house: &House, faults: &str, code: u8) -> (Finished, String) {
    house.faults(faults);
    let planned = house.dry_run().await;
    let night = house.night().await;
    house.faults("");
    assert_eq!(planned.plan.id(), night.plan.id(), "a dry run plans the same");
    assert_eq!((planned.exit_code(), night.exit_code()), (code, code), "{}", told(&night));
    let said = told(&night);
    assert!(!said.contains("Nothing to do: both"), "{said}");
    (night, said)
}

fn sorted(finished: &Finished) -> Vec<String> {
    let mut operations = shown(finished);
    operations.sort_unstable();
    operations
}

async fn staff(house: &House) -> [Vec<String>; 2] {
    let (cliengo, ghl) = house.clients(&CancellationToken::new());
    let ids = |users: Vec<User>| users.into_iter().map(|user| user.id).collect();
    [ids(cliengo.users().await.unwrap()), ids(ghl.users().await.unwrap())]
}

#[tokio::test]
async fn users_that_cannot_be_read_let_assignees_wait_and_all_else_go_on() {
    for side in Side::BOTH {
        let house = house(ASSIGNEES).await;
        let [cliengo, ghl] = staff(&house).await;
        let people = [house.person(1), house.person(2)];
        let set = json!({ "title": "Llamar", "dueDate": "2026-12-24T15:00:00.000Z", "assignedTo": ghl[0] });
        let task = house.edit(Side::Ghl, EditOp::Create, EditKind::Task, Some(&people[0].ghl), None, &set);
        house.change(Side::Ghl, &people[0], &json!({ "assignedTo": ghl[0] }));
        house.good_night().await;
        house.quiet_night().await;
        let ours = |house: &House| {
            let of = |row: Value| {
                let told = [row.get("assignedTo"), row.get("assigned_to"), row["fields"].get("assignedTo")];
                told.into_iter().flatten().next().cloned().unwrap_or_default()
            };
            let task = house.rows(Side::Cliengo, "tasks").remove(0);
            [of(task), of(house.row(Side::Cliengo, &people[0]))]
        };
        assert_eq!(ours(&house), [json!(cliengo[0]), json!(cliengo[0])]);
        house.edit_child(Side::Ghl, EditKind::Task, &people[0], &task, &json!({ "title": "Ya", "assignedTo": ghl[1] }));
        house.change(Side::Ghl, &people[0], &json!({ "firstName": "Nueva", "assignedTo": ghl[1] }));
        house.change(Side::Ghl, &people[1], &json!({ "assignedTo": ghl[1] }));
        house.note(Side::Ghl, &people[1], "Llamar el lunes");
        let (night, said) = night_without(&house, &format!("status=503@{side}:GET:/users*"), exit_code::FAILED).await;
        assert_eq!(shown(&night), ["cliengo contact update", "cliengo task update", "cliengo note create"]);
        assert!(house.sent().iter().all(|sent| !sent.contains("assignedTo")), "{:?}", house.sent());
        assert_eq!(ours(&house), [json!(cliengo[0]), json!(cliengo[0])], "nothing is written, emptied or kept as read");
        assert!(said.contains(&format!("{} cannot be read", side.title())) && said.contains("503"), "{said}");
        assert!(said.contains("the field assignedTo of tasks stays as it is"), "{said}");
        assert_eq!(night.plan.in_sync, 0, "of contacts and tasks not all was looked at");
        let (again, _) = night_without(&house, &format!("status=503@{side}:GET:/users*"), exit_code::FAILED).await;
        assert_eq!(shown(&again), [""; 0]);
        let night = house.good_night().await;
        assert_eq!(sorted(&night), ["cliengo contact update", "cliengo contact update", "cliengo task update"]);
        assert_eq!(ours(&house), [json!(cliengo[1]), json!(cliengo[1])]);
        house.quiet_night().await;
        house.quiet_night().await;
    }
}

fn budget(house: &House, side: Side, person: &Person) -> Value {
    let row = house.row(side, person);
    match side {
        Side::Cliengo => row["leadFields"]["presupuesto"].clone(),
        Side::Ghl => row["customFields"][0]["value"].clone(),
    }
}

#[tokio::test]
async fn custom_fields_that_cannot_be_read_wait_and_what_was_edited_meanwhile_is_carried_over_the_next_night() {
    let failing = ["status=503@ghl:GET:/customFields*", "html@ghl:GET:/customFields*"];
    for (failing, side) in failing.into_iter().zip(Side::BOTH) {
        let house = house(BUDGET).await;
        let people = [house.person(1), house.person(2)];
        for person in &people {
            house.change(Side::Cliengo, person, &json!({ "leadFields": { "presupuesto": "10" } }));
        }
        house.good_night().await;
        house.quiet_night().await;
        let set = match side {
            Side::Cliengo => json!({ "leadFields": { "presupuesto": "20" }, "name": "Nueva Paz" }),
            Side::Ghl => json!({ "customFields": { "presupuesto": 20 }, "firstName": "Nueva" }),
        };
        house.change(side, &people[0], &set);
        let new = json!({ "name": "Eva", "email": "eva@example.com", "leadFields": { "presupuesto": "7" } });
        house.contact(Side::Cliengo, &new);
        house.note(Side::Ghl, &people[1], "Llamar el lunes");
        let (night, said) = night_without(&house, failing, exit_code::FAILED).await;
        let update = format!("{} contact update", side.other());
        let mut expected = ["cliengo note create", "ghl contact create", update.as_str()];
        expected.sort_unstable();
        assert_eq!(sorted(&night), expected, "{failing}");
        let sent = house.sent().concat();
        assert!(!sent.contains("presupuesto") && !sent.contains("customFields"), "{sent}");
        assert!(said.contains("the field presupuesto of contacts stays as it is"), "{said}");
        assert_eq!(budget(&house, side.other(), &people[0]).to_string().trim_matches('"'), "10");
        let night = house.good_night().await;
        let mut expected = [update.as_str(), "ghl contact update"];
        expected.sort_unstable();
        assert_eq!(sorted(&night), expected, "the edit, and the field of who was created without it");
        assert_eq!(budget(&house, side.other(), &people[0]).to_string().trim_matches('"'), "20");
        house.quiet_night().await;
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn a_choice_for_a_field_that_waits_is_carried_out_when_it_can_be_read() {
    let house = house(&format!("{BUDGET}conflict = \"manual\"\n")).await;
    let person = house.person(1);
    house.change(Side::Cliengo, &person, &json!({ "leadFields": { "presupuesto": "10" } }));
    house.good_night().await;
    house.change(Side::Cliengo, &person, &json!({ "leadFields": { "presupuesto": "20" } }));
    house.change(Side::Ghl, &person, &json!({ "customFields": { "presupuesto": 30 } }));
    let night = house.night().await;
    let [conflict] = night.plan.conflicts.as_slice() else { panic!("{:?}", night.plan.conflicts) };
    let id = conflict.id.clone();
    let failing = "status=503@ghl:GET:/customFields*";
    let (night, _) = night_without(&house, failing, exit_code::FAILED).await;
    assert_eq!(held(&night), [HeldReason::ManualConflict], "it still waits for a person");
    assert!(State::open(&house.state_path()).unwrap().choose(&id, &Take::Side(Side::Cliengo)).unwrap());
    night_without(&house, failing, exit_code::FAILED).await;
    assert_eq!(shown(&house.good_night().await), ["ghl contact update"]);
    assert_eq!(budget(&house, Side::Ghl, &person), json!(20));
    house.quiet_night().await;
}

/// A GHL whose contact lists do not say of which business a contact is, nor a GET by id where `hidden`.
async fn of_a_business(hidden: bool) -> (House, [Person; 3]) {
    let mut house = house("").await;
    let text = "[pair.house]\nsandbox = true\nregion = \"AR\"\n[pair.house.contacts]\ndirection = \"to_cliengo\"\n[pair.house.scope]\nghl_business_id = \"nuestra\"\n";
    house.pair = Config::parse(text, "schedules.toml".as_ref()).unwrap().pairs.remove(0);
    let silent: crate::proxy::Rewrite = Arc::new(move |line, mut answer| {
        let is_list = line.contains("/contacts/search");
        let rows = answer.get_mut("contacts").and_then(Value::as_array_mut).filter(|_| is_list);
        for row in rows.into_iter().flatten() {
            row.as_object_mut().unwrap().remove("businessId");
        }
        if hidden && let Some(one) = answer.get_mut("contact").and_then(Value::as_object_mut) {
            one.remove("businessId");
        }
        Ok(answer)
    });
    house.urls.ghl = crate::proxy::before(&house.urls.ghl, silent).await;
    let people = [house.person(1), house.person(2), house.person(3)];
    for (person, business) in people.iter().zip(["nuestra", "nuestra", "otra"]) {
        house.change(Side::Ghl, person, &json!({ "businessId": business }));
    }
    house.good_night().await;
    house.quiet_night().await;
    (house, people)
}

#[tokio::test]
async fn members_that_cannot_be_read_let_everybody_stay_where_they_were() {
    let (house, people) = of_a_business(false).await;
    house.change(Side::Ghl, &people[0], &json!({ "firstName": "Nueva" }));
    house.change(Side::Ghl, &people[2], &json!({ "firstName": "Ajena" }));
    house.contact(Side::Ghl, &json!({ "firstName": "Eva", "email": "eva@example.com", "businessId": "nuestra" }));
    let failing = "status=503@ghl:GET:/contacts/business*";
    let (night, said) = night_without(&house, failing, exit_code::FAILED).await;
    assert_eq!(shown(&night), ["cliengo contact update"]);
    assert!(house.row(Side::Cliengo, &people[0]).to_string().contains("Nueva"));
    assert!(said.contains("who is in the business nuestra stays as it was"), "{said}");
    let night = house.good_night().await;
    assert_eq!(shown(&night), ["cliengo contact create"], "who is new comes in when it is known");
    house.quiet_night().await;
}

#[tokio::test]
async fn a_business_that_lists_nobody_any_more_is_doubted() {
    let (mut house, people) = of_a_business(false).await;
    let real = house.urls.ghl.clone();
    let nobody: crate::proxy::Rewrite = Arc::new(|line, mut answer| {
        if line.contains("/contacts/business/") {
            answer["contacts"] = json!([]);
        }
        Ok(answer)
    });
    house.urls.ghl = crate::proxy::before(&real, nobody.clone()).await;
    house.change(Side::Ghl, &people[0], &json!({ "firstName": "Nueva" }));
    let (night, said) = night_without(&house, "", exit_code::PERSON).await;
    assert_eq!(shown(&night), ["cliengo contact update"]);
    assert!(said.contains("its list has nobody, yet"), "{said}");
    for name in ["Otra", "Tercera"] {
        house.change(Side::Ghl, &people[0], &json!({ "firstName": name }));
        assert_eq!(shown(&night_without(&house, "", exit_code::PERSON).await.0), ["cliengo contact update"]);
    }
    house.urls.ghl = real;
    assert_eq!(house.quiet_night().await.exit_code(), exit_code::DONE);
    for person in &people[..2] {
        house.change(Side::Ghl, person, &json!({ "businessId": "otra", "firstName": "Ida" }));
    }
    assert_eq!(held(&house.quiet_night().await), [HeldReason::OutOfScope; 2], "who left it has left it");
}

#[tokio::test]
async fn a_business_that_lists_nobody_is_doubted_once_where_no_contact_says_of_what_it_is() {
    let (mut house, people) = of_a_business(true).await;
    let nobody: crate::proxy::Rewrite = Arc::new(|line, mut answer| {
        if line.contains("/contacts/business/") {
            answer["contacts"] = json!([]);
        }
        Ok(answer)
    });
    house.urls.ghl = crate::proxy::before(&house.urls.ghl, nobody).await;
    house.change(Side::Ghl, &people[0], &json!({ "firstName": "Nueva" }));
    let (night, said) = night_without(&house, "", exit_code::PERSON).await;
    assert_eq!(shown(&night), ["cliengo contact update"]);
    assert!(said.contains("doubted until the next run agrees"), "{said}");
    house.change(Side::Ghl, &people[0], &json!({ "firstName": "Otra" }));
    assert_eq!(held(&house.quiet_night().await), [HeldReason::OutOfScope]);
}

#[tokio::test]
async fn appointments_and_talk_that_are_refused_wait_alone() {
    for (side, path, said) in [
        (Side::Ghl, "/appointments", "appointments are not copied in this run"),
        (Side::Cliengo, "/messages", "conversations are not copied in this run"),
    ] {
        for (status, code) in [(401, exit_code::CREDENTIALS), (503, exit_code::FAILED)] {
            let house = house("[pair.house.timeline]\nappointments = true\nconversations = true\n").await;
            let people = [house.person(1), house.person(2)];
            house.good_night().await;
            house.change(Side::Ghl, &people[0], &json!({ "firstName": "Nueva" }));
            let failing = format!("status={status}@{side}:GET:{path}*");
            let (night, told) = night_without(&house, &failing, code).await;
            assert_eq!((shown(&night), held(&night)), (vec!["cliengo contact update".to_owned()], Vec::new()));
            assert!(told.contains(said), "{told}");
            assert_eq!(house.quiet_night().await.exit_code(), exit_code::DONE);
        }
    }
}
