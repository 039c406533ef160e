//! What a contact was put into is known by its id and its name, whatever the configuration calls it later; what is owed or got
//! no answer stays so until a person settles it.

use concord::clock::Clock as _;
use concord::reconcile::HeldReason;
use concord::record::Side;
use concord::sandbox::EditOp;
use concord::state::State;
use serde_json::json;

use crate::house::{House, Person, Plot, held};
use crate::triggers::{enrolments, is_put_in_no_more, settled};

const WORKFLOW: &str = "[pair.house.triggers]\nworkflow = \"Bienvenida\"\n";
const CAMPAIGN: &str = "[pair.house.triggers]\ncampaign = \"Novedades\"\n";

async fn configure(house: &mut House, triggers: &str) {
    house.pair = House::build(&Plot::extended().with_settings(triggers)).await.pair.clone();
}

fn lead(house: &House) -> String {
    house.contact(Side::Cliengo, &json!({ "name": "Ana", "email": "ana@example.com" }))
}

/// When somebody becomes hot.
fn when_hot(workflow: &str) -> String {
    format!("[[pair.house.trigger]]\nwhen = {{ field = \"tags\", becomes = \"hot\" }}\nworkflow = \"{workflow}\"\n")
}

async fn id_of_the_workflow() -> String {
    let house = settled(WORKFLOW).await;
    lead(&house);
    house.good_night().await;
    enrolments(&house)[0].rsplit('/').next().unwrap().to_owned()
}

#[tokio::test]
async fn what_was_named_by_its_name_and_is_by_its_id_later_is_one_thing() {
    let id = id_of_the_workflow().await;
    for (first, then) in [("Bienvenida", id.as_str()), (id.as_str(), "Bienvenida")] {
        let mut house = settled(&when_hot(first)).await;
        let person: Person = house.person(5);
        house.good_night().await;
        house.tag(Side::Ghl, EditOp::Create, &person, "hot");
        house.good_night().await;
        assert_eq!(enrolments(&house).len(), 1, "{first}");
        configure(&mut house, &when_hot(then)).await;
        is_put_in_no_more(&house, &person, &format!("{first}, then {then}")).await;
    }
}

#[tokio::test]
async fn what_an_older_state_knows_by_its_name_alone_is_learned_while_the_name_says_it() {
    let id = id_of_the_workflow().await;
    let mut house = settled(&when_hot("Bienvenida")).await;
    let person: Person = house.person(5);
    house.good_night().await;
    house.tag(Side::Ghl, EditOp::Create, &person, "hot");
    house.good_night().await;
    house.edit_state(&["UPDATE enrolment SET sent = NULL"]);
    house.quiet_night().await;
    configure(&mut house, &when_hot(&id)).await;
    is_put_in_no_more(&house, &person, &id).await;
}

#[tokio::test]
async fn what_is_owed_or_got_no_answer_is_done_once_under_whatever_name_the_configuration_has_now() {
    let id = id_of_the_workflow().await;
    for other in [id.as_str(), "bienvenida"] {
        for fault in ["status=400", "reset-after-write"] {
            let mut house = settled(WORKFLOW).await;
            lead(&house);
            house.sandbox.set_faults(format!("{fault}@ghl:POST:/workflow/").parse().unwrap());
            house.night().await;
            house.sandbox.set_faults("".parse().unwrap());
            configure(&mut house, &format!("[pair.house.triggers]\nworkflow = \"{other}\"\n")).await;
            let mut sent = Vec::new();
            let mut waits = false;
            for _ in 0..3 {
                let night = house.night().await;
                sent.extend(enrolments(&house));
                waits = held(&night).contains(&HeldReason::UnknownOutcome);
            }
            let is_owed = fault == "status=400";
            assert_eq!((sent.len(), waits), (usize::from(is_owed), !is_owed), "{other} {fault}: {sent:?}");
            if !is_owed {
                let state = State::open(&house.state_path()).unwrap();
                let [waiting] = state.failed_operations().unwrap().try_into().unwrap();
                assert!(state.lift_failed_operation(&waiting.id).unwrap());
                drop(state);
                house.good_night().await;
                assert_eq!(enrolments(&house).len(), 1, "{other}: a person said that it was not done");
            }
            house.quiet_night().await;
        }
    }
}

#[tokio::test]
async fn what_is_owed_to_somebody_is_owed_after_they_were_started_afresh() {
    for settings in [CAMPAIGN, WORKFLOW] {
        let house = settled(settings).await;
        let ana = lead(&house);
        house.sandbox.set_faults("status=400@ghl:POST:/campaigns/,status=400@ghl:POST:/workflow/".parse().unwrap());
        house.night().await;
        house.sandbox.set_faults("".parse().unwrap());
        let mut state = State::open(&house.state_path()).unwrap();
        let link = state.links_named(&ana).unwrap().remove(0);
        state.start_afresh(&link).unwrap();
        drop(state);
        let mut sent = Vec::new();
        for _ in 0..3 {
            house.night().await;
            sent.extend(enrolments(&house));
        }
        assert_eq!(sent.len(), 1, "{settings}: {sent:?}");
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn what_is_owed_or_got_no_answer_is_said_after_the_link_was_removed() {
    for fault in ["status=400", "reset-after-write"] {
        let house = settled(WORKFLOW).await;
        let ana = lead(&house);
        house.sandbox.set_faults(format!("{fault}@ghl:POST:/workflow/").parse().unwrap());
        house.night().await;
        house.sandbox.set_faults("".parse().unwrap());
        let state = State::open(&house.state_path()).unwrap();
        let link = state.links_named(&ana).unwrap().remove(0);
        state.part(&link, house.clock.now()).unwrap();
        drop(state);
        for _ in 0..3 {
            let night = house.night().await;
            assert_eq!(enrolments(&house), [""; 0], "{fault}");
            let said = night.plan.held.iter().any(|held| held.detail.contains("workflow Bienvenida"));
            assert!(said && night.exit_code() == if fault == "status=400" { 0 } else { 3 }, "{:?}", night.plan.held);
        }
    }
}

#[tokio::test]
async fn a_tag_of_new_leads_is_given_neither_at_the_first_sync_nor_to_who_comes_back() {
    const TAG: &str = "[pair.house.triggers]\ntag = \"nuevo\"\n[pair.house.contacts]\non_delete = \"propagate\"\n";
    let house = House::build(&Plot::extended().with_settings(TAG)).await;
    let person = house.person(1);
    house.person(2);
    lead(&house);
    house.good_night().await;
    house.remove(Side::Ghl, &person);
    house.change(Side::Cliengo, &person, &json!({ "email": "vuelve@example.com" }));
    house.good_night().await;
    let rows = house.rows(Side::Ghl, "contacts");
    assert!(rows.iter().any(|row| row["email"] == "vuelve@example.com"), "{rows:#?}");
    assert!(rows.iter().all(|row| row["tags"] == json!([])), "{rows:#?}");
}

#[tokio::test]
async fn what_is_owed_to_one_is_done_for_nobody_else_who_is_new() {
    let house = settled(WORKFLOW).await;
    lead(&house);
    house.sandbox.set_faults("status=400@ghl:POST:/workflow/".parse().unwrap());
    house.night().await;
    house.sandbox.set_faults("".parse().unwrap());
    let beto = house.contact(Side::Ghl, &json!({ "firstName": "Beto", "email": "beto@example.com" }));
    house.night().await;
    let sent = enrolments(&house);
    assert!(sent.len() == 1 && !sent[0].contains(&beto), "{sent:?}");
}

#[tokio::test]
async fn two_workflows_of_one_moment_are_two_and_one_under_two_names_is_one() {
    let id = id_of_the_workflow().await;
    for (other, expected) in [("Recordatorio", 2), ("bienvenida", 1), (id.as_str(), 1)] {
        let house = settled(&format!("{}{}", when_hot("Bienvenida"), when_hot(other))).await;
        let person: Person = house.person(5);
        house.good_night().await;
        house.tag(Side::Ghl, EditOp::Create, &person, "hot");
        house.good_night().await;
        assert_eq!(enrolments(&house).len(), expected, "{other}");
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn what_is_owed_and_comes_up_again_is_done_once_and_another_workflow_of_theirs_too() {
    let hot_or_vip = format!("{}{}", when_hot("Bienvenida"), when_hot("Bienvenida").replace("hot", "vip"));
    let house = settled(&format!("{hot_or_vip}{}", when_hot("Recordatorio").replace("hot", "cold"))).await;
    let person: Person = house.person(5);
    house.good_night().await;
    house.tag(Side::Ghl, EditOp::Create, &person, "hot");
    house.sandbox.set_faults("status=400@ghl:POST:/workflow/".parse().unwrap());
    house.night().await;
    house.sandbox.set_faults("".parse().unwrap());
    for tag in ["vip", "cold"] {
        house.tag(Side::Ghl, EditOp::Create, &person, tag);
        house.good_night().await;
        assert_eq!(enrolments(&house).len(), 1, "{tag}: {:?}", enrolments(&house));
    }
    house.quiet_night().await;
}

#[tokio::test]
async fn what_is_owed_stays_owed_while_it_is_refused_and_not_once_its_trigger_is_taken_away() {
    for (between, expected) in [(WORKFLOW, 1), ("", 0)] {
        let mut house = settled(WORKFLOW).await;
        lead(&house);
        house.sandbox.set_faults("status=400@ghl:POST:/workflow/#..9".parse().unwrap());
        house.night().await;
        configure(&mut house, between).await;
        house.night().await;
        house.sandbox.set_faults("".parse().unwrap());
        configure(&mut house, WORKFLOW).await;
        house.good_night().await;
        assert_eq!(enrolments(&house).len(), expected, "{between}");
        house.quiet_night().await;
    }
}
