//! Another mapping is no news: what was agreed is read again, and only what somebody changed is carried over.

use concord::config::{Config, Pair};
use concord::reconcile::HeldReason;
use concord::record::{Field, Region, Side, Value};
use concord::sandbox::EditOp;
use concord::state::State;
use serde_json::{Value as Json, json};

use crate::house::{House, Person, Plot, held, shown};

/// The house's pair with another region and further settings.
fn pair(region: &str, more: &str) -> Pair {
    let text = format!("[pair.house]\nsandbox = true\nregion = \"{region}\"\n{more}");
    Config::parse(&text, "schedules.toml".as_ref()).unwrap().pairs.remove(0)
}

/// Somebody whose phone stands without its country on Cliengo: it is one of Rosario's, and one of Oakland's too.
fn local(house: &House, number: u32) -> Person {
    let email = format!("local{number}@example.com");
    let phone = format!("341 423-{number:04}");
    let cliengo = house.contact(Side::Cliengo, &json!({ "name": "Ana", "email": email, "phone": phone }));
    let phone = format!("+54341423{number:04}");
    Person { cliengo, ghl: house.contact(Side::Ghl, &json!({ "firstName": "Ana", "email": email, "phone": phone })) }
}

fn phone(house: &House, side: Side, person: &Person) -> Json {
    house.row(side, person)["phone"].clone()
}

// Watches: I35.
#[tokio::test]
async fn what_another_version_derived_is_derived_again_and_an_edit_of_the_night_is_carried_over() {
    let house = House::build(&Plot::extended()).await;
    let people: Vec<Person> = (1..=3).map(|number| local(&house, number)).collect();
    house.good_night().await;
    let state = State::open(&house.state_path()).unwrap();
    for base in state.agreed_after(0, 100).unwrap() {
        let other = Value::phone("341 423-0001", Some(Region::US));
        state.rewrite(base.link, base.side, &base.record.with(Field::Phone, other)).unwrap();
    }
    state.set_meta("mapping_key", "that of another version").unwrap();
    drop(state);
    house.change(Side::Cliengo, &people[1], &json!({ "phone": "341 423-9999" }));
    let planned = house.dry_run().await;
    let done = house.good_night().await;
    assert_eq!(planned.plan.id(), done.plan.id());
    assert_eq!(shown(&done), ["ghl contact update"]);
    assert_eq!(phone(&house, Side::Ghl, &people[1]), "+543414239999");
    house.quiet_night().await;
}

#[tokio::test]
async fn a_state_that_does_not_say_its_mapping_is_derived_again() {
    let house = House::build(&Plot::extended()).await;
    let person = local(&house, 1);
    house.good_night().await;
    let state = State::open(&house.state_path()).unwrap();
    for base in state.agreed_after(0, 2).unwrap() {
        let other = Value::phone("341 423-0001", Some(Region::US));
        state.rewrite(base.link, base.side, &base.record.with(Field::Phone, other)).unwrap();
    }
    rusqlite::Connection::open(house.state_path())
        .unwrap()
        .execute("DELETE FROM meta WHERE key = 'mapping_key'", ())
        .unwrap();
    drop(state);
    house.change(Side::Cliengo, &person, &json!({ "phone": "341 423-9999" }));
    house.good_night().await;
    assert_eq!(phone(&house, Side::Ghl, &person), "+543414239999");
}

// Watches: I35.
#[tokio::test]
async fn a_region_that_a_guard_stopped_is_no_base_for_the_next_one() {
    let mut house = House::build(&Plot::extended()).await;
    let people: Vec<Person> = (1..=3).map(|number| local(&house, number)).collect();
    house.good_night().await;
    house.change(Side::Cliengo, &people[0], &json!({ "email": "nueva@example.com" }));
    house.pair = pair("UY", "[pair.house.guard]\nupdate_count = 0\n");
    assert!(house.night().await.is_refused());
    house.pair = pair("US", "");
    assert_eq!(shown(&house.good_night().await), ["ghl contact update"]);
    assert_eq!(house.writes()[0].body, json!({ "email": "nueva@example.com" }));
    house.quiet_night().await;
}

// Watches: I35.
#[tokio::test]
async fn what_was_written_the_night_before_is_no_news_under_another_region() {
    for side in Side::BOTH {
        let mut house = House::build(&Plot::extended()).await;
        let person = local(&house, 1);
        house.good_night().await;
        house.change(side.other(), &person, &json!({ "email": "nueva@example.com" }));
        house.good_night().await;
        house.pair = pair("US", "");
        house.quiet_night().await;
        assert_eq!(phone(&house, Side::Cliengo, &person), "341 423-0001");
        assert_eq!(phone(&house, Side::Ghl, &person), "+543414230001");
    }
}

#[tokio::test]
async fn who_was_removed_and_comes_back_is_recognised_under_another_region() {
    let mut house = House::build(&Plot::extended()).await;
    house.pair = pair("UY", "");
    let person = local(&house, 1);
    house.change(Side::Ghl, &person, &json!({ "phone": "" }));
    house.good_night().await;
    house.remove(Side::Ghl, &person);
    house.night().await;
    house.pair = pair("AR", "");
    house.contact(Side::Ghl, &json!({ "firstName": "Ana", "phone": "+543414230001" }));
    assert_eq!(shown(&house.good_night().await), ["cliengo contact link", "ghl contact update"]);
    assert_eq!(Side::BOTH.map(|side| house.rows(side, "contacts").len()), [1, 1]);
}

#[tokio::test]
async fn a_dry_run_recognises_people_by_the_new_mapping_too() {
    let mut house = House::build(&Plot::extended()).await;
    house.pair = pair("UY", "");
    let person = local(&house, 1);
    house.change(Side::Ghl, &person, &json!({ "phone": "" }));
    house.good_night().await;
    house.contact(Side::Ghl, &json!({ "firstName": "Ana", "phone": "+543414230001" }));
    house.pair = pair("AR", "");
    let planned = house.dry_run().await;
    let done = house.night().await;
    assert_eq!(held(&planned), held(&done));
    assert_eq!(held(&done), [HeldReason::DuplicateOf]);
    assert_eq!(planned.plan.id(), done.plan.id());
}

const BUDGET: &str = "[[pair.house.map]]\ncliengo = \"leadFields.presupuesto\"\nghl = \"customFields.presupuesto\"\ndirection = \"to_ghl\"\n";

// Watches: I35.
#[tokio::test]
async fn a_field_that_is_mapped_again_is_filled_as_at_first() {
    let mut house = House::build(&Plot::extended().with_settings(BUDGET)).await;
    let mapped = house.pair.clone();
    let person = house.person(1);
    house.change(Side::Cliengo, &person, &json!({ "leadFields": { "presupuesto": "1500" } }));
    house.good_night().await;
    house.quiet_night().await;
    house.pair = pair("AR", "");
    house.quiet_night().await;
    house.change(Side::Cliengo, &person, &json!({ "leadFields": { "presupuesto": "1800" } }));
    house.quiet_night().await;
    house.pair = mapped;
    assert_eq!(shown(&house.good_night().await), ["ghl contact update"]);
    house.quiet_night().await;
}

#[tokio::test]
async fn a_field_that_is_mapped_from_elsewhere_is_filled_as_at_first() {
    let mut house = House::build(&Plot::extended().with_settings(BUDGET)).await;
    let person = house.person(1);
    let both = json!({ "leadFields": { "presupuesto": "1500", "monto": "1800" } });
    house.change(Side::Cliengo, &person, &both);
    house.good_night().await;
    house.quiet_night().await;
    house.pair = pair("AR", &BUDGET.replace("leadFields.presupuesto", "leadFields.monto"));
    assert_eq!(shown(&house.good_night().await), ["ghl contact update"]);
    house.quiet_night().await;
}

#[tokio::test]
async fn tags_that_are_not_to_come_back_do_not_under_another_region() {
    let mut house = House::build(&Plot::legacy()).await;
    let person = local(&house, 1);
    house.tag(Side::Cliengo, EditOp::Create, &person, "vip");
    house.good_night().await;
    house.quiet_night().await;
    house.tag(Side::Ghl, EditOp::Delete, &person, "vip");
    house.night().await;
    house.pair = Pair { region: Some("UY".to_owned()), ..house.pair.clone() };
    house.quiet_night().await;
    assert_eq!(house.row(Side::Ghl, &person)["tags"], json!([]));
}

#[tokio::test]
async fn do_not_disturb_that_nobody_ever_set_is_off_in_every_shape_and_can_be_turned_on() {
    let dnd = "[[pair.house.map]]\ncliengo = \"leadFields.no_molestar\"\nghl = \"dnd\"\ndirection = \"to_ghl\"\n";
    let house = House::build(&Plot::extended().with_settings(dnd)).await;
    let person = house.person(1);
    house.good_night().await;
    house.change(Side::Cliengo, &person, &json!({ "leadFields": { "no_molestar": "si" } }));
    house.good_night().await;
    assert_eq!(
        (house.writes()[0].body.clone(), house.row(Side::Ghl, &person)["dnd"].clone()),
        (json!({ "dnd": true }), json!(true))
    );
    house.quiet_night().await;
}
