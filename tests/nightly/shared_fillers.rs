//! One e-mail that many forms were filled with: the advice fits, and follows through.

use concord::reconcile::HeldReason;
use concord::record::Side;
use serde_json::json;

use crate::house::{House, Plot, held};

fn filled(house: &House, names: [&str; 3]) {
    for (side, name) in [Side::Cliengo, Side::Cliengo, Side::Ghl].into_iter().zip(names) {
        let key = if side == Side::Cliengo { "name" } else { "firstName" };
        house.contact(side, &json!({ key: name, "email": "notiene@example.com" }));
    }
}

#[tokio::test]
async fn who_shares_an_email_with_strangers_is_told_how_to_say_that_it_is_nobodys() {
    let mut house = House::build(&Plot::extended()).await;
    filled(&house, ["Ana Paz", "Luis Vera", "Zoe Quiroga"]);
    let finished = house.night().await;
    assert_eq!(held(&finished), [HeldReason::AmbiguousMatch; 3]);
    for waits in &finished.plan.held {
        assert!(waits.detail.ends_with("an e-mail that is nobody's own belongs in contacts.placeholder_emails"));
    }
    house.pair.placeholder_emails = vec!["notiene@*".to_owned()];
    assert_eq!(held(&house.night().await), [HeldReason::NoMatchKey; 3]);
}

#[tokio::test]
async fn who_shares_an_email_and_a_name_is_told_to_merge() {
    let house = House::build(&Plot::extended()).await;
    filled(&house, ["Ana Paz", "Ana Paz", "Ana Paz"]);
    let finished = house.night().await;
    assert_eq!(held(&finished), [HeldReason::AmbiguousMatch; 3]);
    assert!(finished.plan.held.iter().all(|waits| waits.detail.ends_with("in their CRM")));
}
