//! Accounts of Cliengo that leave out what is empty: there a value of GHL fills it, and nowhere else is what is not told
//! written over. (`semantics` 1 and 40)

use std::sync::Arc;

use concord::reconcile::Mode;
use concord::record::Side;
use concord::sandbox::{EditKind, EditOp};
use serde_json::{Value, json};

use crate::house::{House, Person, Plot, id_of};
use crate::proxy::{self, Rewrite};

const PHONE: &str = "+5491150007701";

async fn furnished(switches: &str) -> House {
    let house = House::build(&Plot { account: switches.parse().unwrap(), ..Plot::extended() }).await;
    house.person(1);
    house
}

#[tokio::test]
async fn a_phone_added_in_ghl_reaches_an_account_that_leaves_out_what_is_empty() {
    for origin in Side::BOTH {
        let house = furnished("[cliengo]\nempty_field = \"left-out\"\n").await;
        let name = if origin == Side::Ghl { "firstName" } else { "name" };
        house.contact(origin, &json!({ name: "Nidia", "email": "nidia@example.com" }));
        house.good_night().await;
        let nidia =
            |side| house.rows(side, "contacts").into_iter().find(|row| row["email"] == "nidia@example.com").unwrap();
        let id = nidia(Side::Ghl)["id"].as_str().unwrap().to_owned();
        house.edit(Side::Ghl, EditOp::Update, EditKind::Contact, Some(&id), None, &json!({ "phone": PHONE }));
        house.good_night().await;
        assert_eq!(nidia(Side::Cliengo)["phone"], PHONE, "who came from {origin}");
        house.quiet_night().await;
    }
}

/// Cliengo shows everybody's phone but one's: in its list, or by id too.
async fn hides_a_phone(by_id_too: bool, others_are_empty: bool) {
    let mut house = furnished("").await;
    house.strict = false;
    let id = house
        .contact(Side::Cliengo, &json!({ "name": "Nidia", "email": "nidia@example.com", "phone": "+5491150001111" }));
    if others_are_empty {
        house.contact(Side::Cliengo, &json!({ "name": "Otra", "email": "otra@example.com" }));
    }
    let hidden = id.clone();
    let rewrite: Rewrite = Arc::new(move |line, mut answer| {
        let forget = |row: &mut Value| {
            if row["id"] == hidden.as_str() {
                row.as_object_mut().unwrap().remove("phone");
            }
        };
        if line.starts_with("GET /cliengo/1.0/contacts?") {
            answer["results"].as_array_mut().unwrap().iter_mut().for_each(forget);
        } else if by_id_too && line.starts_with("GET /cliengo/1.0/contacts/") && answer.is_object() {
            forget(&mut answer);
        }
        Ok(answer)
    });
    house.urls.cliengo = proxy::before(&house.sandbox.cliengo_url(), rewrite).await;
    house.night().await;
    let nidia =
        |side| house.rows(side, "contacts").into_iter().find(|row| row["email"] == "nidia@example.com").unwrap();
    let ghl = nidia(Side::Ghl)["id"].as_str().unwrap().to_owned();
    house.edit(Side::Ghl, EditOp::Update, EditKind::Contact, Some(&ghl), None, &json!({ "phone": PHONE }));
    for _ in 0..2 {
        house.night().await;
        assert_eq!(nidia(Side::Cliengo)["phone"], "+5491150001111", "{by_id_too} {others_are_empty}");
    }
}

#[tokio::test]
async fn a_phone_that_only_the_list_leaves_out_is_not_written_over() {
    hides_a_phone(false, false).await;
}

#[tokio::test]
async fn what_is_not_told_is_not_written_over_where_others_are_told_to_be_empty() {
    hides_a_phone(true, true).await;
}

#[tokio::test]
async fn a_phone_that_such_an_account_did_not_keep_is_said_and_sent_once_more_by_a_full_sync() {
    let mut house = furnished("[cliengo]\nempty_field = \"left-out\"\n").await;
    house.strict = false;
    let set = json!({ "firstName": "Nidia", "email": "nidia@example.com", "phone": PHONE });
    house.contact(Side::Ghl, &set);
    house.faults("forget-field=phone@cliengo:WRITE*");
    house.night().await;
    house.faults("");
    let nidia = |house: &House| {
        house.rows(Side::Cliengo, "contacts").into_iter().find(|row| row["email"] == "nidia@example.com").unwrap()
    };
    assert_eq!(nidia(&house)["phone"], Value::Null);
    let said = house.night().await.plan.unsupported;
    assert!(said.iter().any(|said| said.detail.starts_with("Cliengo did not keep the phone")), "{said:?}");
    house.quiet_night().await;
    house.mode = Mode::Full;
    house.night().await;
    assert_eq!(nidia(&house)["phone"], PHONE);
}

/// Somebody whom GHL has by name and whom Cliengo shows with `known` of it, beside `others`: as they stand in Cliengo after a night.
async fn nidia(others: &[Value], known: &Value) -> Value {
    let house = furnished("[cliengo]\nempty_field = \"left-out\"\n").await;
    for other in others {
        house.contact(Side::Cliengo, other);
    }
    let mut ours = json!({ "email": "nidia@example.com", "phone": PHONE });
    ours.as_object_mut().unwrap().extend(known.as_object().cloned().unwrap());
    house.contact(Side::Cliengo, &ours);
    let set = json!({ "firstName": "Nidia", "lastName": "Sosa", "email": "nidia@example.com", "phone": PHONE });
    house.contact(Side::Ghl, &set);
    house.good_night().await;
    let row = house.rows(Side::Cliengo, "contacts").into_iter().find(|row| row["phone"] == PHONE).unwrap();
    house.quiet_night().await;
    row
}

/// An account that tells last names apart.
fn ana() -> Value {
    json!({ "name": "Ana", "lastName": "Paz", "email": "ana@example.com" })
}

#[tokio::test]
async fn a_name_that_ghl_has_reaches_an_account_that_leaves_out_what_is_empty() {
    assert_eq!(nidia(&[], &json!({})).await["name"], "Nidia Sosa");
}

#[tokio::test]
async fn a_name_reaches_such_an_account_where_it_tells_last_names_apart_too() {
    assert_eq!(nidia(&[ana()], &json!({})).await["name"], "Nidia Sosa");
}

#[tokio::test]
async fn a_last_name_that_stands_alone_is_not_said_twice() {
    let nidia = nidia(&[ana()], &json!({ "lastName": "Sosa" })).await;
    assert!(nidia.get("name").is_none_or(Value::is_null), "{nidia}");
}

#[tokio::test]
async fn a_phone_that_such_an_account_did_not_keep_does_not_go_along_with_another_edit() {
    let house = furnished("[cliengo]\nempty_field = \"left-out\"\n").await;
    let ghl = house.contact(Side::Ghl, &json!({ "firstName": "Nidia", "email": "nidia@example.com", "phone": PHONE }));
    house.faults("forget-field=phone@cliengo:WRITE*");
    house.night().await;
    house.faults("");
    house.night().await;
    let rows = house.rows(Side::Cliengo, "contacts");
    let cliengo = id_of(rows.iter().find(|row| row["email"] == "nidia@example.com").unwrap());
    house.change(Side::Ghl, &Person { cliengo, ghl }, &json!({ "email": "otra@example.com" }));
    house.good_night().await;
    assert!(!house.sent().concat().contains(PHONE), "{:?}", house.sent());
    house.quiet_night().await;
}
