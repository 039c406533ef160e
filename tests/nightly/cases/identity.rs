//! Who is who.

use concord::record::{Action, Kind, Side};
use serde_json::{Value as Json, json};

use super::*;

const MATCHED: [&str; 3] = ["shared-phone", "extension", "unusable"];
const SPELT: [&str; 3] = ["spelling", "invisible", "wrapped-email"];
const SEVERAL: [&str; 2] = ["additional", "family"];
const EXCHANGED: [&str; 1] = ["swap"];

#[test]
fn every_kind_of_identity_is_played() {
    all_kinds_are_played("identity.json", &[&MATCHED, &SPELT, &SEVERAL, &EXCHANGED]);
}

#[tokio::test]
async fn people_are_matched_as_the_cases_say() {
    play("identity.json", &MATCHED, two_sides).await;
}

#[tokio::test]
async fn one_person_is_one_however_it_is_spelt_as_the_cases_say() {
    play("identity.json", &SPELT, spelt).await;
}

#[tokio::test]
async fn families_and_further_addresses_are_as_the_cases_say() {
    play("identity.json", &SEVERAL, two_sides).await;
}

#[tokio::test]
async fn exchanged_values_are_settled_as_the_cases_say() {
    play("identity.json", &EXCHANGED, swapped).await;
}

/// Contacts on both sides, and what one night makes of them.
async fn two_sides(case: Case) -> Wrong {
    let (mut given, right) = (case.given, case.right);
    if let Some(name) = given.get("cliengo.name").cloned() {
        given["cliengo"] = json!({ "name": name, "email": "alguien@example.com" });
        given["ghl"]["email"] = json!("alguien@example.com");
    }
    if let Some(email) = given.get("email of both").cloned() {
        given["cliengo"]["email"] = email.clone();
        given["ghl"]["email"] = email;
    }
    let house = house(&given, "").await;
    let cliengo: Vec<String> =
        all(&given["cliengo"]).into_iter().map(|one| place(&house, Side::Cliengo, one)).collect();
    let ghl: Vec<String> = all(&given["ghl"]).into_iter().map(|one| place(&house, Side::Ghl, one)).collect();
    let finished = house.night().await;
    let (sent, told, mut wrong) = (house.sent(), told(&finished), Wrong::new());
    let linked = is_linked(&finished);
    match right["match"].as_str() {
        Some("linked") => needs(&mut wrong, linked, || format!("not linked: {told}")),
        Some("held") => {
            needs(&mut wrong, !linked && finished.plan.held.len() == 2, || format!("linked {linked}; {told}"));
            let names = [&given["cliengo"]["name"], &given["ghl"]["firstName"]];
            let named = names.iter().all(|name| told.contains(name.as_str().unwrap_or_default()));
            needs(&mut wrong, named, || format!("both names are not told: {told}"));
        }
        Some("none") => needs(&mut wrong, !linked, || "linked".to_owned()),
        Some("linked or held") => needs(&mut wrong, linked || !finished.plan.held.is_empty(), || told.clone()),
        _ => {}
    }
    if let Some(exit) = right["exit"].as_u64() {
        needs(&mut wrong, finished.needs_a_person() == (exit == 3), || format!("the exit code is not {exit}"));
    }
    if right["writes"] == json!([]) || right["new contacts"] == 0 {
        let creates = count(&finished, Kind::Contact, Action::Create);
        let right = if right["writes"].is_array() { sent.is_empty() } else { creates == 0 };
        needs(&mut wrong, right, || format!("sent {sent:?}"));
    }
    if let Some(reason) = right["held"].as_str() {
        let reasons: Vec<Json> = finished.plan.held.iter().map(|held| json!(held.reason)).collect();
        needs(&mut wrong, reasons.iter().all(|held| held == reason), || format!("held {reasons:?}"));
    }
    if let Some(names) = right["ghl.contacts"].as_array() {
        let mut found: Vec<Json> = house.rows(Side::Ghl, "contacts").iter().map(|row| full_name(row).into()).collect();
        found.sort_by_key(Json::to_string);
        is(&mut wrong, "who is in GHL", &found.into(), &names.clone().into());
    }
    let rows = house.rows(Side::Ghl, "contacts");
    let known = |row: &&Json| ghl.iter().any(|id| row["id"] == *id);
    let there = rows.iter().find(known).or(rows.first()).cloned().unwrap_or(Json::Null);
    let here = cliengo.first().map_or(Json::Null, |id| contact(&house, Side::Cliengo, id));
    for (key, found) in [
        ("cliengo.phone", &here["phone"]),
        ("ghl.phone", &there["phone"]),
        ("ghl keeps email", &there["email"]),
        ("ghl keeps phone", &there["phone"]),
    ] {
        if let Some(right) = right.get(key) {
            is(&mut wrong, key, found, right);
        }
    }
    if let Some(refused) = right.get("ghl.phone not") {
        needs(&mut wrong, rows.iter().all(|row| row["phone"] != *refused), || format!("GHL has {refused}"));
        needs(&mut wrong, told.contains("extension"), || format!("the extension is not told: {told}"));
    }
    if kind(&case.case) == "unusable" {
        let raw = given["cliengo"]["phone"].as_str().unwrap_or_default();
        needs(&mut wrong, told.contains(raw) && told.contains("Hilda"), || format!("{raw} is not told: {told}"));
        is(&mut wrong, "GHL's e-mail", &there["email"], &given["cliengo"]["email"]);
    }
    if right["each name and phone"].is_string() {
        let all = format!("{here} {there} {told}");
        for value in ["Aldo", "Pilar", "5551111", "5552222"] {
            needs(&mut wrong, all.contains(value), || format!("{value} is lost"));
        }
    }
    quiet(&house, right["quiet nights"].as_u64().unwrap_or(2), &mut wrong).await;
    wrong
}

/// One person on both sides, one of whose values is written in two ways.
async fn spelt(case: Case) -> Wrong {
    let (given, right, mut wrong) = (case.given, case.right, Wrong::new());
    let house = house(&given, "").await;
    let name = given["name on both"].as_str().unwrap_or("Ramona Godoy").to_owned();
    let (mut cliengo, mut ghl) = (json!({ "name": name }), json!({ "name": name }));
    for field in ["phone", "email", "name", "tag"] {
        let (here, there) = (&given[format!("cliengo.{field}")], &given[format!("ghl.{field}")]);
        let (key, here, there) = match field {
            "tag" => ("tags", json!([here]), json!([there])),
            _ => (field, here.clone(), there.clone()),
        };
        if here.is_string() || here[0].is_string() {
            cliengo[key] = here;
            ghl[key] = there;
        }
    }
    if cliengo["phone"].is_null() && cliengo["email"].is_null() {
        for side in [&mut cliengo, &mut ghl] {
            side["email"] = json!("alguien@example.com");
        }
    }
    let id = place(&house, Side::Cliengo, &cliengo);
    let is_in_ghl = given.as_object().unwrap().keys().any(|key| key.starts_with("ghl."));
    let other = is_in_ghl.then(|| place(&house, Side::Ghl, &ghl));
    let finished = house.night().await;
    let there = match &other {
        Some(other) => {
            needs(&mut wrong, is_linked(&finished), || format!("not linked: {}", told(&finished)));
            let sent = house.sent();
            needs(&mut wrong, sent.is_empty(), || format!("sent {sent:?}"));
            contact(&house, Side::Ghl, other)
        }
        None => house.rows(Side::Ghl, "contacts").first().cloned().unwrap_or(Json::Null),
    };
    let here = contact(&house, Side::Cliengo, &id);
    for (key, found) in [
        ("ghl.phone", there["phone"].clone()),
        ("ghl.email", there["email"].clone()),
        ("ghl.full name", full_name(&there).into()),
        ("cliengo.phone", here["phone"].clone()),
    ] {
        if let Some(right) = right.get(key) {
            is(&mut wrong, key, &found, right);
        }
    }
    if let Some(right) = right["ghl.phone digits one of"].as_array() {
        let found = digits(&there["phone"]);
        needs(&mut wrong, right.iter().any(|right| *right == found), || format!("GHL's phone is {found}"));
    }
    quiet(&house, 2, &mut wrong).await;
    wrong
}

/// Two people who exchanged a value.
async fn swapped(case: Case) -> Wrong {
    let (given, right, mut wrong) = (case.given, case.right, Wrong::new());
    let house = house(&given, "").await;
    let field = given["field"].as_str().unwrap();
    let people: Vec<Person> = (0..2)
        .map(|at| {
            let mut set = json!({ "email": format!("persona{at}@example.com"), "phone": format!("+549115555800{at}") });
            set[field] = given["before"][at].clone();
            let with = |name: Json| {
                let mut set = set.clone();
                set.as_object_mut().unwrap().extend(name.as_object().unwrap().clone());
                set
            };
            let cliengo = house.contact(Side::Cliengo, &with(json!({ "name": format!("Persona Canje{at}") })));
            let ghl =
                house.contact(Side::Ghl, &with(json!({ "firstName": "Persona", "lastName": format!("Canje{at}") })));
            person(&cliengo, &ghl)
        })
        .collect();
    house.good_night().await;
    let side = if given["edited on"] == "ghl" { Side::Ghl } else { Side::Cliengo };
    for (at, person) in people.iter().enumerate() {
        house.change(side, person, &json!({ field: given["after"][at] }));
    }
    for _ in 0..right["nights to converge"].as_u64().unwrap() {
        let finished = house.night().await;
        needs(&mut wrong, !is_held(&finished, HeldReason::Quarantined), || told(&finished));
    }
    for side in Side::BOTH {
        for (at, person) in people.iter().enumerate() {
            is(&mut wrong, &format!("{field} in {side}"), &house.row(side, person)[field], &given["after"][at]);
        }
    }
    quiet(&house, 1, &mut wrong).await;
    wrong
}
