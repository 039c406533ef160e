//! Values: stored otherwise, refused, made up, mapped.

use std::sync::Arc;

use concord::record::Side;
use serde_json::{Value as Json, json};

use super::*;
use crate::proxy;

const NAMES: [&str; 3] = ["filler-name", "name-split", "last-name"];
const UNKNOWN: [&str; 2] = ["unknown-key", "completed-null"];
const STORED: [&str; 2] = ["stored-name", "bad-email"];
const CUSTOM: [&str; 1] = ["custom"];

#[test]
fn every_kind_of_value_is_played() {
    all_kinds_are_played("values.json", &[&NAMES, &UNKNOWN, &STORED, &CUSTOM]);
}

#[tokio::test]
async fn names_are_read_and_split_as_the_cases_say() {
    play("values.json", &NAMES, names).await;
}

#[tokio::test]
async fn what_is_unknown_changes_nothing_as_the_cases_say() {
    play("values.json", &UNKNOWN, async |case| match kind(&case.case) {
        "completed-null" => completed(case).await,
        _ if case.given["map"].is_array() => mapped_key(case).await,
        _ => last_name(case).await,
    })
    .await;
}

fn parts(row: &Json) -> Json {
    json!([row["firstName"], row["lastName"]])
}

/// Somebody on both sides under that name.
async fn linked(house: &House, name: &Json) -> Person {
    let (first, last) = match name {
        Json::String(full) => full.split_once(' ').map_or((full.as_str(), ""), |(first, last)| (first, last)),
        parts => (parts[0].as_str().unwrap_or_default(), parts[1].as_str().unwrap_or_default()),
    };
    let full = format!("{first} {last}");
    let email = "valor.prueba@example.com";
    let cliengo = house.contact(Side::Cliengo, &json!({ "name": full.trim(), "email": email }));
    let ghl = house.contact(Side::Ghl, &json!({ "firstName": first, "lastName": last, "email": email }));
    house.good_night().await;
    person(&cliengo, &ghl)
}

async fn names(case: Case) -> Wrong {
    let (given, right, mut wrong) = (case.given, case.right, Wrong::new());
    let house = house(&given, "").await;
    if let Some(becomes) = given["cliengo name becomes"].as_str() {
        let before = if given["linked as"].is_null() { &given["ghl before"] } else { &given["linked as"] };
        let person = linked(&house, before).await;
        house.change(Side::Cliengo, &person, &json!({ "name": becomes }));
        house.night().await;
        let row = house.row(Side::Ghl, &person);
        if let Some(right) = right.get("ghl full name") {
            is(&mut wrong, "GHL's name", &full_name(&row).into(), right);
            house.change(Side::Cliengo, &person, &json!({ "name": "Nombre Verdadero" }));
            house.night().await;
            let later = full_name(&house.row(Side::Ghl, &person));
            is(&mut wrong, "a later real name", &later.into(), &json!("Nombre Verdadero"));
        } else {
            is(&mut wrong, "GHL's name", &parts(&row), &right["ghl"]);
        }
    } else {
        let mut cliengo = json!({ "email": "valor.prueba@example.com", "name": given["cliengo.name"] });
        if let Some(given) = given["cliengo"].as_object() {
            cliengo.as_object_mut().unwrap().extend(given.clone());
        }
        let id = place(&house, Side::Cliengo, &cliengo);
        if let Some(name) = given["ghl"].as_array() {
            let set = json!({ "firstName": name[0], "lastName": name[1], "email": "valor.prueba@example.com" });
            house.contact(Side::Ghl, &set);
        }
        house.night().await;
        let there = house.rows(Side::Ghl, "contacts")[0].clone();
        match right.get("ghl full name") {
            Some(right) => is(&mut wrong, "GHL's name", &full_name(&there).into(), right),
            None => is(&mut wrong, "GHL's name", &parts(&there), &right["ghl"]),
        }
        for (key, right) in right["cliengo afterwards"].as_object().into_iter().flatten() {
            is(&mut wrong, key, &contact(&house, Side::Cliengo, &id)[key], right);
        }
    }
    quiet(&house, right["quiet nights"].as_u64().unwrap_or(2), &mut wrong).await;
    wrong
}

/// A Cliengo row that says nothing of the last name.
async fn last_name(case: Case) -> Wrong {
    let (given, right, mut wrong) = (case.given, case.right, Wrong::new());
    let mut house = house(&given, "").await;
    let (first, last) = (given["linked as"][0].clone(), given["linked as"][1].clone());
    let email = "elena@example.com";
    let cliengo = house.contact(Side::Cliengo, &json!({ "name": first, "lastName": last, "email": email }));
    let ghl = house.contact(Side::Ghl, &json!({ "firstName": first, "lastName": last, "email": email }));
    let person = person(&cliengo, &ghl);
    house.good_night().await;
    house.urls.cliengo = proxy::before(&house.urls.cliengo.clone(), without("lastName")).await;
    house.change(Side::Cliengo, &person, &json!({ "name": given["cliengo row"]["name"] }));
    house.night().await;
    let row = house.row(Side::Ghl, &person);
    is(&mut wrong, "GHL's last name", &row["lastName"], &right["ghl lastName"]);
    let is_one_of = right["ghl firstName one of"].as_array().unwrap().contains(&row["firstName"]);
    needs(&mut wrong, is_one_of, || format!("GHL's first name is {}", row["firstName"]));
    quiet(&house, 2, &mut wrong).await;
    wrong
}

/// Answers without a key, however deep.
fn without(key: &'static str) -> proxy::Rewrite {
    fn walk(value: &mut Json, key: &str) {
        match value {
            Json::Array(items) => items.iter_mut().for_each(|item| walk(item, key)),
            Json::Object(fields) => {
                fields.remove(key);
                fields.values_mut().for_each(|inner| walk(inner, key));
            }
            _ => {}
        }
    }
    Arc::new(move |_, mut value| {
        walk(&mut value, key);
        Ok(value)
    })
}

/// A key that `leadFields` leaves out.
async fn mapped_key(case: Case) -> Wrong {
    let (given, right, mut wrong) = (case.given, case.right, Wrong::new());
    let map = &given["map"][0];
    let transform = map.get("transform").map(|steps| format!("transform = {steps}\n")).unwrap_or_default();
    // The embedded location has a choice under another name.
    let ghl = if map["ghl"] == "customFields.budget" { &json!("state") } else { &map["ghl"] };
    let map_toml = format!(
        "[[pair.house.map]]\ncliengo = {}\nghl = {ghl}\ndirection = {}\n{transform}",
        map["cliengo"], map["direction"]
    );
    let house = house(&given, &map_toml).await;
    let person = linked(&house, &json!("Valor Prueba")).await;
    house.change(Side::Cliengo, &person, &json!({ "leadFields": given["leadFields before"] }));
    house.night().await;
    house.change(Side::Cliengo, &person, &json!({ "leadFields": given["leadFields now"] }));
    let finished = house.night().await;
    let sent = house.sent();
    needs(&mut wrong, sent.is_empty(), || format!("sent {sent:?}"));
    needs(&mut wrong, told(&finished).is_empty(), || told(&finished));
    let row = house.row(Side::Ghl, &person).to_string();
    needs(&mut wrong, row.contains(right["ghl"].as_str().unwrap()), || format!("GHL has {row}"));
    quiet(&house, 2, &mut wrong).await;
    wrong
}

/// A task that says null of whether it is done.
async fn completed(case: Case) -> Wrong {
    let (given, mut wrong) = (case.given, Wrong::new());
    let mut house = house(&given, "").await;
    let person = house.person(1);
    for side in Side::BOTH {
        let task = house.task(side, &person, "Llamar");
        house.edit_child(side, EditKind::Task, &person, &task, &json!({ "completed": true }));
    }
    house.good_night().await;
    let said: proxy::Rewrite = Arc::new(|line, mut value| {
        for list in ["tasks", "results"] {
            let tasks = value.get_mut(list).and_then(Json::as_array_mut);
            for task in tasks.into_iter().flatten().filter(|_| line.contains("tasks")) {
                task["completed"] = Json::Null;
            }
        }
        Ok(value)
    });
    if given.get("cliengo now says").is_some() {
        house.urls.cliengo = proxy::before(&house.urls.cliengo.clone(), said).await;
    } else {
        house.strict = false;
        house.urls.ghl = proxy::before(&house.urls.ghl.clone(), said).await;
    }
    quiet(&house, 2, &mut wrong).await;
    for side in Side::BOTH {
        is(&mut wrong, "completed", &house.rows(side, "tasks")[0]["completed"], &json!(true));
    }
    wrong
}

#[tokio::test]
async fn what_a_crm_stored_or_refused_costs_nothing_else_as_the_cases_say() {
    play("values.json", &STORED, async |case| {
        if kind(&case.case) == "bad-email" { bad_email(case).await } else { stored(case).await }
    })
    .await;
}

#[tokio::test]
async fn custom_fields_are_as_the_cases_say() {
    play("values.json", &CUSTOM, custom).await;
}

/// A Cliengo that keeps names otherwise than they were sent; its answer to a write shows them as they were sent, or not.
async fn stored(case: Case) -> Wrong {
    let mut wrong = Wrong::new();
    for echoes in [false, true] {
        let (given, right) = (case.given.clone(), case.right.clone());
        let mut house = house(&given, "").await;
        let cuts = given["cliengo keeps"].as_str().unwrap().contains("first 20");
        let kept = move |name: &str| -> String {
            let name: String = name.chars().map(|c| if u32::from(c) > 0x1f000 { '?' } else { c }).collect();
            if cuts { name.chars().take(20).collect() } else { name }
        };
        let keeps: proxy::Rewrite = Arc::new(move |line, mut value| {
            if !(echoes && (line.starts_with("POST") || line.starts_with("PATCH"))) {
                rename(&mut value, &kept);
            }
            Ok(value)
        });
        house.urls.cliengo = proxy::before(&house.urls.cliengo.clone(), keeps).await;
        let (name, person) = match given.get("before") {
            Some(before) => {
                let person = linked(&house, before).await;
                (&given["ghl renamed to"], Some(person))
            }
            None => (&given["ghl"], None),
        };
        let (first, last) = match name {
            Json::Array(parts) => (parts[0].clone(), parts[1].clone()),
            parts => (parts["firstName"].clone(), parts["lastName"].clone()),
        };
        let set = json!({ "firstName": first, "lastName": last });
        let ghl = match &person {
            Some(person) => {
                house.change(Side::Ghl, person, &set);
                person.ghl.clone()
            }
            None => {
                place(&house, Side::Ghl, &json!({ "firstName": first, "lastName": last, "email": "sofia@example.com" }))
            }
        };
        house.good_night().await;
        quiet(&house, right["quiet nights"].as_u64().unwrap_or(3), &mut wrong).await;
        let after = parts(&contact(&house, Side::Ghl, &ghl));
        is(&mut wrong, "GHL's name", &after, &json!([first, last]));
    }
    wrong
}

/// Changes every contact's name.
fn rename(value: &mut Json, kept: &impl Fn(&str) -> String) {
    match value {
        Json::Array(items) => items.iter_mut().for_each(|item| rename(item, kept)),
        Json::Object(fields) => {
            if let Some(name) = fields.get("name").and_then(Json::as_str).map(kept) {
                fields.insert("name".to_owned(), name.into());
            }
            fields.values_mut().filter(|inner| inner.is_array()).for_each(|inner| rename(inner, kept));
        }
        _ => {}
    }
}

async fn bad_email(case: Case) -> Wrong {
    let (given, right, mut wrong) = (case.given, case.right, Wrong::new());
    let house = house(&given, "").await;
    let finished;
    if let Some(edited) = given["edited on"].as_str() {
        let person = linked(&house, &json!("Valor Prueba")).await;
        let side = if edited == "ghl" { Side::Ghl } else { Side::Cliengo };
        house.change(side, &person, &json!({ "email": given["email"], "phone": given["phone"] }));
        finished = house.night().await;
        let there = house.row(side.other(), &person);
        for key in ["email", "phone"] {
            is(&mut wrong, key, &there[key], &right["other side"][key]);
        }
    } else if given["cliengo"].is_object() {
        place(&house, Side::Cliengo, &given["cliengo"]);
        finished = house.night().await;
        let there = house.rows(Side::Ghl, "contacts").first().cloned().unwrap_or_default();
        is(&mut wrong, "the name", &full_name(&there).into(), &right["ghl"]["full name"]);
        for key in ["email", "phone", "tags"] {
            is(&mut wrong, key, &there[key], &right["ghl"][key]);
        }
        is(&mut wrong, "notes", &house.rows(Side::Ghl, "notes").len().into(), &right["ghl"]["notes"]);
    } else {
        place(&house, Side::Ghl, &given["ghl"]);
        finished = house.night().await;
        let here = house.rows(Side::Cliengo, "contacts").first().cloned().unwrap_or_default();
        for key in ["name", "email", "phone"] {
            is(&mut wrong, key, &here[key], &right["cliengo"][key]);
        }
    }
    if right["reported"].is_array() {
        needs(&mut wrong, told(&finished).contains("e-mail"), || told(&finished));
    }
    needs(&mut wrong, !is_held(&finished, HeldReason::Quarantined), || told(&finished));
    quiet(&house, 2, &mut wrong).await;
    wrong
}

/// A custom field of a type that the embedded location has under another one.
async fn custom(case: Case) -> Wrong {
    let (given, right, mut wrong) = (case.given, case.right, Wrong::new());
    let kind = given["ghl field type"].as_str().unwrap().to_owned();
    let is_number = matches!(kind.as_str(), "MONETORY" | "NUMERICAL");
    let key = if is_number { "presupuesto" } else { "visita" };
    let direction = if given["ghl"].is_string() { "to_cliengo" } else { "both" };
    let direction = given["direction"].as_str().unwrap_or(direction);
    let map = format!(
        "[pair.house.cliengo.capabilities]\nextra_params = \"merge\"\n[[pair.house.map]]\ncliengo = \"leadFields.campo\"\nghl = \"customFields.{key}\"\ndirection = \"{direction}\"\n"
    );
    let mut house = house(&given, &map).await;
    house.strict = false;
    let typed: proxy::Rewrite = Arc::new(move |_, mut value| {
        for field in value.get_mut("customFields").and_then(Json::as_array_mut).into_iter().flatten() {
            if field["fieldKey"] == format!("contact.{key}") {
                field["dataType"] = json!(kind);
            }
        }
        Ok(value)
    });
    house.urls.ghl = proxy::before(&house.urls.ghl.clone(), typed).await;
    let email = "valor.prueba@example.com";
    let cliengo = json!({ "name": "Valor Prueba", "email": email, "leadFields": { "campo": given["cliengo"] } });
    let id = house.contact(Side::Cliengo, &cliengo);
    let ghl = json!({ "firstName": "Valor", "lastName": "Prueba", "email": email });
    let there = house.contact(Side::Ghl, &ghl);
    if let Some(text) = given["ghl"].as_str() {
        house.edit(
            Side::Ghl,
            EditOp::Update,
            EditKind::Contact,
            Some(&there),
            None,
            &json!({ "customFields": { key: text } }),
        );
    }
    let night = house.try_night(&concord::run::Consent::default(), tokio_util::sync::CancellationToken::new()).await;
    let Ok(finished) = night else {
        needs(&mut wrong, right["check"].is_string(), || "the night failed".to_owned());
        needs(&mut wrong, house.sent().is_empty(), || format!("sent {:?}", house.sent()));
        return wrong;
    };
    needs(&mut wrong, !right["check"].is_string(), || "the mapping is not refused".to_owned());
    let row = contact(&house, Side::Ghl, &there);
    let value = row["customFields"][0]["value"].clone();
    if right["held"].is_string() {
        needs(&mut wrong, is_held(&finished, HeldReason::AmbiguousValue), || told(&finished));
        needs(&mut wrong, value != right["never"] && house.sent().is_empty(), || format!("GHL has {value}"));
    } else if let Some(text) = right.get("ghl") {
        is(&mut wrong, "GHL's value", &value, text);
    } else {
        let campo = contact(&house, Side::Cliengo, &id)["leadFields"]["campo"].clone();
        is(&mut wrong, "Cliengo's value", &campo, &right["cliengo"]);
    }
    quiet(&house, 2, &mut wrong).await;
    wrong
}
