//! What goes along when somebody merges a contact into another one in GHL, and what else the night is about. (`semantics` 10)

use concord::reconcile::HeldReason;
use concord::record::Side;
use concord::sandbox::EditKind;
use serde_json::json;

use crate::house::{Person, held, shown};
use crate::merged::{FORMS, PROPAGATE, link, merge, newcomer, street};

#[tokio::test]
async fn a_link_does_not_go_along_into_a_contact_that_is_somebody_elses() {
    let (house, people) = street(FORMS[0], PROPAGATE).await;
    let survivor = newcomer(&house, "Prueba1");
    let theirs = house.contact(Side::Cliengo, &json!({ "name": "Persona Prueba1", "email": "otra@example.com" }));
    merge(&house, &survivor, &people[0].ghl);
    let finished = house.good_night().await;
    assert_eq!((shown(&finished), house.sent()), (vec!["cliengo contact link".to_owned()], vec![]));
    for _ in 0..2 {
        assert_eq!(held(&house.quiet_night().await), [HeldReason::SuspectedMerge]);
    }
    assert_eq!(link(&house, Side::Ghl, &survivor).ids.of(Side::Cliengo), Some(theirs.as_str()));
}

#[tokio::test]
async fn a_link_goes_along_by_the_email_also_where_the_survivor_has_another_name() {
    let (house, people) = street(FORMS[1], PROPAGATE).await;
    let now = Person { ghl: newcomer(&house, "Sosa"), ..people[0].clone() };
    house.change(Side::Ghl, &now, &json!({ "firstName": "Berta" }));
    merge(&house, &now.ghl, &people[0].ghl);
    let finished = house.good_night().await;
    assert_eq!((shown(&finished), house.sent()), (vec!["cliengo contact link".to_owned()], vec![]));
    assert_eq!(link(&house, Side::Cliengo, &people[0].cliengo).ids.of(Side::Ghl), Some(now.ghl.as_str()));
}

#[tokio::test]
async fn what_was_edited_in_cliengo_on_the_day_of_the_merge_goes_to_the_survivor() {
    let (house, people) = street(FORMS[1], PROPAGATE).await;
    let now = Person { ghl: newcomer(&house, "Prueba1"), ..people[0].clone() };
    merge(&house, &now.ghl, &people[0].ghl);
    house.change(Side::Cliengo, &now, &json!({ "name": "Persona Editada" }));
    let note = house.only(Side::Cliengo, "notes");
    house.edit_child(Side::Cliengo, EditKind::Note, &now, &note, &json!({ "body": "Pidió otro precio" }));
    house.good_night().await;
    assert_eq!(house.row(Side::Ghl, &now)["lastName"], "Editada");
    for side in Side::BOTH {
        assert_eq!(house.children(side, "notes", now.on(side)), ["Pidió otro precio"], "{side}");
    }
    house.quiet_night().await;
}

#[tokio::test]
async fn who_cannot_be_asked_for_is_said_also_on_the_night_of_a_merge() {
    let (house, people) = street(FORMS[2], PROPAGATE).await;
    merge(&house, &newcomer(&house, "Prueba1"), &people[0].ghl);
    house.remove(Side::Ghl, &people[5]);
    house.faults(&format!("status=400@ghl:GET:/contacts/{}", people[5].ghl));
    let finished = house.night().await;
    let waits: Vec<_> = finished.plan.held.iter().map(|held| (held.reason, held.ids.of(Side::Cliengo))).collect();
    assert_eq!(waits, [(HeldReason::Inconclusive, Some(people[5].cliengo.as_str()))]);
    assert_eq!(shown(&finished), ["cliengo contact link"]);
    assert_eq!(finished.plan.unseen_in_words(), ["1 record asked for by id without a clear answer"]);
}

#[tokio::test]
async fn a_merge_is_not_followed_where_the_note_stands_under_somebody_else() {
    let (house, people) = street(FORMS[0], PROPAGATE).await;
    let survivor = Person { ghl: newcomer(&house, "Prueba1"), ..people[0].clone() };
    merge(&house, &people[5].ghl, &people[0].ghl);
    house.change(Side::Ghl, &people[5], &json!({ "additionalEmails": [], "additionalPhones": [] }));
    house.change(Side::Ghl, &survivor, &json!({ "additionalEmails": ["persona1@example.com"] }));
    for _ in 0..2 {
        assert!(held(&house.quiet_night().await).contains(&HeldReason::SuspectedMerge));
    }
    assert_eq!(link(&house, Side::Cliengo, &people[0].cliengo).ids.of(Side::Ghl), Some(people[0].ghl.as_str()));
}

#[tokio::test]
async fn a_contact_that_another_one_was_merged_into_is_not_deleted_with_its_own_counterpart() {
    for form in FORMS {
        let (house, people) = street(form, PROPAGATE).await;
        let only_keys_tell = form == FORMS[1];
        let keys = json!({ "additionalEmails": ["persona1@example.com"], "additionalPhones": ["+5491140000001"] });
        if only_keys_tell {
            house.change(Side::Ghl, &people[5], &keys);
            house.night().await;
        }
        merge(&house, &people[5].ghl, &people[0].ghl);
        if !only_keys_tell {
            house.change(Side::Ghl, &people[5], &json!({ "additionalEmails": [], "additionalPhones": [] }));
        }
        house.remove(Side::Cliengo, &people[5]);
        for _ in 0..2 {
            let finished = house.quiet_night().await;
            let stands = "gone in Cliengo, but in GHL Persona Prueba1 stands on it too";
            let waits = finished.plan.held.iter().any(|held| held.detail.starts_with(stands));
            assert!(waits, "{form:?} {:?}", finished.plan.held);
        }
    }
}
