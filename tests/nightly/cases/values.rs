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
            for task in value[list].as_array_mut().into_iter().flatten().filter(|_| line.contains("tasks")) {
                task["completed"] = Json::Null;
            }
        }
        Ok(value)
    });
    match given.get("cliengo now says") {
        Some(_) => house.urls.cliengo = proxy::before(&house.urls.cliengo.clone(), said).await,
        None => {
            house.strict = false;
            house.urls.ghl = proxy::before(&house.urls.ghl.clone(), said).await;
        }
    }
    quiet(&house, 2, &mut wrong).await;
    for side in Side::BOTH {
        is(&mut wrong, "completed", &house.rows(side, "tasks")[0]["completed"], &json!(true));
    }
    wrong
}
