//! Tags beside the ordinary: directions that are closed, what was not kept, and marks.

use concord::config::Direction;
use concord::reconcile::Mode;
use concord::record::Side;
use concord::sandbox::EditOp;
use serde_json::json;

use crate::house::{House, Person, Plot, said, shown};

async fn linked(plot: Plot) -> (House, Person) {
    let house = House::build(&plot).await;
    let person = house.person(1);
    house.good_night().await;
    (house, person)
}

#[tokio::test]
async fn tags_of_a_closed_direction_stay_and_are_no_news_when_it_opens() {
    for (side, direction) in [(Side::Cliengo, Direction::ToCliengo), (Side::Ghl, Direction::ToGhl)] {
        let (mut house, person) = linked(Plot::extended()).await;
        house.pair.contacts.direction = direction;
        house.tag(side, EditOp::Create, &person, "vip");
        house.quiet_night().await;
        house.pair.contacts.direction = Direction::Both;
        house.quiet_night().await;
        assert_eq!(house.row(side.other(), &person)["tags"], json!([]));
    }
}

#[tokio::test]
async fn tags_that_were_not_kept_are_sent_again_by_a_full_night_alone() {
    let mut house = House::build(&Plot::extended()).await;
    let cliengo = house.contact(Side::Cliengo, &json!({ "name": "Ana", "email": "ana@example.com" }));
    house.tag(Side::Cliengo, EditOp::Create, &Person { cliengo, ghl: String::new() }, "vip");
    house.faults("ignore-field=tags@ghl:POST:/contacts/#2");
    house.night().await;
    house.faults("");
    house.night().await;
    house.quiet_night().await;
    assert_eq!(house.rows(Side::Ghl, "contacts")[0]["tags"], json!([]));
    house.mode = Mode::Full;
    house.good_night().await;
    assert_eq!(house.rows(Side::Ghl, "contacts")[0]["tags"], json!(["vip"]));
    house.quiet_night().await;
}

#[tokio::test]
async fn a_mark_that_cliengo_cannot_take_off_is_said_and_not_sent() {
    let mark = "[pair.house.contacts]\non_delete = \"mark\"\n";
    let (house, person) = linked(Plot::legacy().with_settings(mark)).await;
    house.person(2);
    house.remove(Side::Ghl, &person);
    house.good_night().await;
    assert_eq!(house.row(Side::Cliengo, &person)["tags"], json!(["removed-from-ghl"]));
    house.contact(Side::Ghl, &json!({ "firstName": "Vuelve", "email": "persona1@example.com" }));
    let finished = house.good_night().await;
    let stays = "Cliengo cannot remove tags: removed-from-ghl stays there, although both are there again";
    assert_eq!(said(&finished), [stays]);
    assert_eq!(house.row(Side::Cliengo, &person)["tags"], json!(["removed-from-ghl"]));
    house.quiet_night().await;
}

#[tokio::test]
async fn a_tag_that_is_taken_off_in_ghl_where_cliengo_never_showed_one_is_said_once() {
    let account = "[cliengo]\ntags = \"left-out\"\n".parse().unwrap();
    let (house, person) = linked(Plot { account, ..Plot::extended() }).await;
    house.tag(Side::Ghl, EditOp::Create, &person, "vip");
    house.good_night().await;
    assert_eq!(house.row(Side::Cliengo, &person)["tags"], json!(["vip"]));
    house.tag(Side::Ghl, EditOp::Delete, &person, "vip");
    let finished = house.good_night().await;
    let stays = "Cliengo does not show its tags, so none is removed there: vip may stay";
    assert_eq!(said(&finished), [stays]);
    house.quiet_night().await;
    assert_eq!(house.row(Side::Ghl, &person)["tags"], json!([]));
}

#[tokio::test]
async fn a_tag_that_is_taken_off_in_ghl_goes_where_cliengo_shows_it_for_the_first_time_and_does_not_come_back() {
    let account = "[cliengo]\ntags = \"left-out-until-one\"\n".parse().unwrap();
    let house = House::build(&Plot { account, ..Plot::extended() }).await;
    let (person, other) = (house.person(1), house.person(2));
    house.tag(Side::Cliengo, EditOp::Create, &other, "otra");
    house.good_night().await;
    house.tag(Side::Ghl, EditOp::Create, &person, "vip");
    house.good_night().await;
    house.tag(Side::Ghl, EditOp::Delete, &person, "vip");
    assert_eq!(shown(&house.good_night().await), ["cliengo contact tag"]);
    for side in Side::BOTH {
        let tags = house.row(side, &person).get("tags").cloned().unwrap_or_default();
        assert!(tags.as_array().is_none_or(Vec::is_empty), "{side}: {tags}");
    }
    house.quiet_night().await;
}

#[tokio::test]
async fn a_mark_goes_where_both_are_there_whatever_becomes_of_deletes_now() {
    for policy in ["ignore", "propagate", "mark"] {
        let settings = format!("[pair.house.contacts]\non_delete = \"{policy}\"\n");
        let house = House::build(&Plot::extended().with_settings(&settings)).await;
        let person = house.person(1);
        house.good_night().await;
        house.tag(Side::Ghl, EditOp::Create, &person, "removed-from-cliengo");
        house.good_night().await;
        assert!(!house.row(Side::Ghl, &person)["tags"].to_string().contains("removed-from"), "{policy}");
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn a_tag_that_was_taken_off_does_not_come_back_with_who_is_made_again() {
    let propagate = "[pair.house.contacts]\non_delete = \"propagate\"\n";
    let (house, person) = linked(Plot::legacy().with_settings(propagate)).await;
    house.tag(Side::Cliengo, EditOp::Create, &person, "vip");
    house.good_night().await;
    house.tag(Side::Ghl, EditOp::Delete, &person, "vip");
    house.night().await;
    house.remove(Side::Cliengo, &person);
    house.change(Side::Ghl, &person, &json!({ "phone": "+5491155550001" }));
    house.good_night().await;
    house.quiet_night().await;
    for side in Side::BOTH {
        let tags: Vec<_> = house.rows(side, "contacts").iter().map(|row| row["tags"].clone()).collect();
        assert_eq!(tags, [json!([])], "{side}");
    }
}
