//! What a new lead is put into in GHL: once for ever, in the plan before it happens, and never again by itself where no
//! answer came.

use concord::clock::Clock as _;
use concord::reconcile::{HeldReason, Mode};
use concord::record::Side;
use concord::run::{Consent, Finished, OperationOutcome};
use concord::sandbox::{Edit, EditKind, EditOp};
use concord::state::State;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::command::{Desk, sandbox};
use crate::house::{House, Person, Plot, held, shown};
use crate::mortal::{Fate, every};

const ALL: &str =
    "[pair.house.triggers]\ntag = \"From-Chatbot\"\nworkflow = \"Bienvenida\"\ncampaign = \"Novedades\"\n";
const WORKFLOW: &str = "[pair.house.triggers]\nworkflow = \"Bienvenida\"\n";

/// A house whose first sync is behind it.
pub(crate) async fn settled(triggers: &str) -> House {
    let mut house = House::build(&Plot::extended().with_settings(triggers)).await;
    house.abreast = 1;
    house.person(1);
    house.person(2);
    house.good_night().await;
    house.quiet_night().await;
    house
}

fn lead(house: &House, name: &str) -> String {
    house.contact(Side::Cliengo, &json!({ "name": name, "email": format!("{}@example.com", name.to_lowercase()) }))
}

/// What was sent that puts somebody into something, in this night.
pub(crate) fn enrolments(house: &House) -> Vec<String> {
    let sent = house.writes().into_iter().filter(|sent| sent.side == Side::Ghl);
    let sent = sent.filter(|sent| sent.path.contains("/workflow/") || sent.path.contains("/campaigns/"));
    sent.map(|sent| format!("{} {}", sent.method, sent.path)).collect()
}

/// Whoever becomes hot once more is put into nothing.
pub(crate) async fn is_put_in_no_more(house: &House, person: &Person, why: &str) {
    for op in [EditOp::Delete, EditOp::Create] {
        house.tag(Side::Ghl, op, person, "hot");
        house.good_night().await;
        assert_eq!(enrolments(house), [""; 0], "{why}");
    }
    house.quiet_night().await;
}

fn outcomes(finished: &Finished) -> Vec<OperationOutcome> {
    finished.run.iter().flat_map(|run| run.outcomes.values()).map(|ended| ended.outcome).collect()
}

fn details(finished: &Finished) -> Vec<&str> {
    finished.plan.held.iter().map(|held| held.detail.as_str()).collect()
}

#[tokio::test]
async fn a_lead_that_arrives_is_put_into_workflow_campaign_and_tag_once() {
    let house = settled(ALL).await;
    lead(&house, "Ana");
    let planned = house.dry_run().await;
    assert_eq!(shown(&planned), ["ghl contact create", "ghl contact enrol", "ghl contact enrol"]);
    let paths: Vec<&str> = planned.plan.operations.iter().skip(1).map(|one| one.requests[0].path.as_str()).collect();
    assert!(paths.iter().all(|path| path.starts_with("/contacts/{op:1}/")), "{paths:?}");
    assert!(house.writes().is_empty(), "a dry run puts nobody into anything");
    let done = house.good_night().await;
    assert_eq!(done.plan.id(), planned.plan.id());
    let sent = enrolments(&house);
    assert!(sent.len() == 2 && sent[0].contains("/workflow/") && sent[1].contains("/campaigns/"), "{sent:?}");
    let ana = house
        .rows(Side::Ghl, "contacts")
        .into_iter()
        .find(|row| row["fields"]["email"] == "ana@example.com" || row["email"] == "ana@example.com");
    assert!(ana.unwrap()["tags"].as_array().unwrap().contains(&json!("from-chatbot")));
    for _ in 0..3 {
        house.quiet_night().await;
    }
    let tags = house.rows(Side::Cliengo, "contacts").clone();
    assert!(!serde_json::to_string(&tags).unwrap().contains("from-chatbot"), "the trigger's tag stays in GHL");
}

#[tokio::test]
async fn whom_a_first_sync_creates_is_put_into_nothing_unless_asked() {
    for (more, expected) in [("", 0), ("at_first_sync = true\n", 1)] {
        let house = House::build(&Plot::extended().with_settings(&format!("{WORKFLOW}{more}"))).await;
        lead(&house, "Ana");
        house.good_night().await;
        assert_eq!(enrolments(&house).len(), expected, "{more}");
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn who_stands_in_ghl_already_or_was_made_there_is_put_into_nothing() {
    let house = settled(ALL).await;
    house.person(3);
    house.contact(Side::Ghl, &json!({ "firstName": "Solo", "email": "solo@example.com" }));
    house.good_night().await;
    assert_eq!(enrolments(&house), [""; 0]);
    house.quiet_night().await;
}

#[tokio::test]
async fn an_enrolment_without_an_answer_waits_for_a_person_and_is_sent_again_by_the_command_alone() {
    let house = settled(WORKFLOW).await;
    lead(&house, "Ana");
    house.sandbox.set_faults("reset-after-write@ghl:POST:/workflow/".parse().unwrap());
    let night = house.night().await;
    assert_eq!(outcomes(&night), [OperationOutcome::Applied, OperationOutcome::Unknown]);
    assert_eq!((held(&night), night.exit_code()), (vec![HeldReason::UnknownOutcome], 3), "in that very run");
    let (first, said) = (night.plan.held[0].id.clone(), details(&night)[0].to_owned());
    assert!(said.contains("concord quarantine retry "), "{said}");
    let kept = State::open(&house.state_path()).unwrap().held().unwrap();
    assert_eq!(kept.iter().map(|row| (&row.id, &row.detail)).collect::<Vec<_>>(), [(&first, &said)]);
    house.sandbox.set_faults("".parse().unwrap());
    for _ in 0..3 {
        let night = house.night().await;
        assert_eq!(enrolments(&house), [""; 0], "never again by itself");
        assert_eq!(held(&night), [HeldReason::UnknownOutcome]);
        assert_eq!((&night.plan.held[0].id, details(&night)[0]), (&first, said.as_str()), "the same as before");
        assert!(night.needs_a_person());
    }
    let night = house.night().await;
    let detail = details(&night)[0].to_owned();
    let id = detail.split("concord quarantine retry ").nth(1).unwrap().split('.').next().unwrap().to_owned();
    assert!(detail.contains(&format!("concord quarantine drop {id}")), "{detail}");
    assert!(State::open(&house.state_path()).unwrap().lift_failed_operation(&id).unwrap(), "{detail}");
    house.good_night().await;
    assert_eq!(enrolments(&house).len(), 1);
    house.quiet_night().await;
}

#[tokio::test]
async fn an_enrolment_that_a_person_gave_up_is_neither_sent_nor_said() {
    let house = settled(WORKFLOW).await;
    lead(&house, "Ana");
    house.sandbox.set_faults("reset-after-write@ghl:POST:/workflow/".parse().unwrap());
    house.night().await;
    house.sandbox.set_faults("".parse().unwrap());
    let state = State::open(&house.state_path()).unwrap();
    let [waiting] = state.failed_operations().unwrap().try_into().unwrap();
    assert!(state.drop_failed_operation(&waiting.id).unwrap());
    drop(state);
    house.quiet_night().await;
}

#[tokio::test]
async fn a_refused_enrolment_is_tried_again_and_a_429_is_waited_for() {
    let house = settled(WORKFLOW).await;
    lead(&house, "Ana");
    house.sandbox.set_faults("status=400@ghl:POST:/workflow/".parse().unwrap());
    let night = house.night().await;
    assert_eq!(outcomes(&night), [OperationOutcome::Applied, OperationOutcome::Refused]);
    house.sandbox.set_faults("too-many=0@ghl:POST:/workflow/".parse().unwrap());
    for _ in 0..3 {
        house.night().await;
    }
    house.sandbox.set_faults("".parse().unwrap());
    house.quiet_night().await;
    let state = State::open(&house.state_path()).unwrap();
    assert_eq!(state.failed_operations().unwrap(), []);
    let rows = state.enrolments().unwrap();
    assert!(rows.iter().all(|row| row.status == concord::state::EnrolmentStatus::Done), "{rows:?}");
}

#[tokio::test]
async fn a_workflow_that_is_not_there_holds_its_enrolment_and_nothing_else() {
    let mut house = settled("[pair.house.triggers]\nworkflow = \"Bienvenidos\"\n").await;
    lead(&house, "Ana");
    let night = house.night().await;
    assert_eq!(outcomes(&night), [OperationOutcome::Applied]);
    assert_eq!(held(&night), [HeldReason::NoSuchEffect]);
    assert!(details(&night)[0].contains("GHL has no workflow \"Bienvenidos\"; it has: Bienvenida, Recordatorio"));
    assert_eq!(enrolments(&house), [""; 0]);
    house.pair = House::build(&Plot::extended().with_settings(WORKFLOW)).await.pair.clone();
    lead(&house, "Bea");
    house.good_night().await;
    assert_eq!(enrolments(&house).len(), 2, "both: the configuration names what is there now");
    house.quiet_night().await;
}

#[tokio::test]
async fn a_lead_whose_create_got_no_answer_is_put_into_the_workflow_once() {
    let house = settled(WORKFLOW).await;
    lead(&house, "Ana");
    house.sandbox.set_faults("reset-after-write@ghl:POST:/contacts/#1".parse().unwrap());
    let mut sent = 0;
    for _ in 0..3 {
        house.night().await;
        sent += enrolments(&house).len();
    }
    assert_eq!(sent, 1);
    house.quiet_night().await;
}

#[tokio::test]
async fn a_field_or_a_tag_that_becomes_something_on_either_side_puts_into_what_belongs_to_it() {
    let when = "[[pair.house.trigger]]\nwhen = { field = \"tags\", becomes = \"hot\" }\nworkflow = \"Recordatorio\"\n\
        [[pair.house.trigger]]\nwhen = { field = \"tags\", becomes = \"vip\" }\ntag = \"llamar\"\n";
    let house = settled(when).await;
    let people: Vec<Person> = (5..8).map(|number| house.person(number)).collect();
    house.good_night().await;
    assert_eq!(enrolments(&house), [""; 0]);
    house.tag(Side::Cliengo, EditOp::Create, &people[0], "Hot");
    house.tag(Side::Ghl, EditOp::Create, &people[1], "hot");
    house.tag(Side::Ghl, EditOp::Create, &people[2], "vip");
    house.good_night().await;
    let sent = enrolments(&house);
    assert_eq!(sent.len(), 2, "{sent:?}");
    assert!(house.row(Side::Ghl, &people[2])["tags"].as_array().unwrap().contains(&json!("llamar")));
    house.quiet_night().await;
    house.tag(Side::Ghl, EditOp::Delete, &people[1], "hot");
    house.good_night().await;
    house.tag(Side::Ghl, EditOp::Create, &people[1], "hot");
    house.good_night().await;
    assert_eq!(enrolments(&house), [""; 0], "once for ever");
    house.quiet_night().await;
}

#[tokio::test]
async fn a_contact_that_is_new_from_ghl_and_meets_a_condition_is_put_into_what_belongs_to_it_once_for_ever() {
    let when = "[pair.house.triggers]\nworkflow = \"Bienvenida\"\n\
        [[pair.house.trigger]]\nwhen = { field = \"tags\", becomes = \"hot\" }\ncampaign = \"Novedades\"\n\
        [[pair.house.trigger]]\nwhen = { field = \"tags\", becomes = \"hot\" }\ntag = \"llamar\"\n";
    let house = settled(when).await;
    let solo = json!({ "firstName": "Solo", "email": "solo@example.com", "tags": ["hot"] });
    let ghl = house.contact(Side::Ghl, &solo);
    house.contact(Side::Ghl, &json!({ "firstName": "Otra", "email": "otra@example.com", "tags": ["cold"] }));
    let planned = house.dry_run().await;
    let done = house.good_night().await;
    assert_eq!(done.plan.id(), planned.plan.id());
    let sent = enrolments(&house);
    assert!(matches!(sent.as_slice(), [one] if one.contains(&format!("/contacts/{ghl}/campaigns/"))), "{sent:?}");
    let row = house.rows(Side::Ghl, "contacts").into_iter().find(|row| row.to_string().contains("solo@example.com"));
    assert!(row.unwrap()["tags"].as_array().unwrap().contains(&json!("llamar")));
    house.quiet_night().await;
    let cliengo =
        house.rows(Side::Cliengo, "contacts").into_iter().find(|row| row.to_string().contains("solo@example"));
    let solo = Person { cliengo: crate::house::id_of(&cliengo.unwrap()), ghl };
    is_put_in_no_more(&house, &solo, "once for ever").await;
}

#[tokio::test]
async fn an_enrolment_of_a_contact_from_ghl_without_an_answer_waits_in_that_very_run() {
    let when = "[[pair.house.trigger]]\nwhen = { field = \"tags\", becomes = \"hot\" }\nworkflow = \"Bienvenida\"\n";
    let house = settled(when).await;
    house.contact(Side::Ghl, &json!({ "firstName": "Solo", "email": "solo@example.com", "tags": ["hot"] }));
    house.sandbox.set_faults("reset-after-write@ghl:POST:/workflow/".parse().unwrap());
    let first = house.night().await;
    assert_eq!(held(&first), [HeldReason::UnknownOutcome]);
    house.sandbox.set_faults("".parse().unwrap());
    let night = house.night().await;
    assert_eq!((enrolments(&house), held(&night)), (Vec::new(), vec![HeldReason::UnknownOutcome]));
    assert_eq!(night.plan.held[0].id, first.plan.held[0].id);
}

#[tokio::test]
async fn whom_a_trigger_is_about_waits_while_what_ghl_has_cannot_be_read_and_is_put_into_it_afterwards() {
    let house = settled(WORKFLOW).await;
    lead(&house, "Ana");
    house.sandbox.set_faults("status=403@ghl:GET:/workflows/*".parse().unwrap());
    let night = house.night().await;
    assert_eq!((held(&night), enrolments(&house)), (vec![HeldReason::Unlisted], Vec::new()));
    let said = details(&night)[0];
    assert!(said.starts_with("GHL's workflows could not be read (") && said.contains("nobody is put into"), "{said}");
    assert!(!said.contains("give the id"), "{said}");
    house.sandbox.set_faults("".parse().unwrap());
    house.good_night().await;
    assert_eq!(enrolments(&house).len(), 1);
    house.quiet_night().await;
}

#[tokio::test]
async fn a_condition_in_cliengos_word_fires_where_the_value_becomes_what_it_is_translated_to() {
    let when = "[[pair.house.map]]\ncliengo = \"leadFields.canal\"\nghl = \"customFields.origen\"\ndirection = \"to_ghl\"\n\
        values = { whatsapp_web = \"WhatsApp\" }\n\
        [[pair.house.trigger]]\nwhen = { field = \"origen\", becomes = \"whatsapp_web\" }\nworkflow = \"Recordatorio\"\n";
    let house = settled(when).await;
    let person = house.person(5);
    house.good_night().await;
    house.change(Side::Cliengo, &person, &json!({ "leadFields": { "canal": "whatsapp_web" } }));
    house.good_night().await;
    assert_eq!(enrolments(&house).len(), 1);
    house.quiet_night().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_got_no_answer_is_said_as_that_and_with_the_commands_that_settle_it() {
    let sandbox = sandbox(3).await;
    let desk = Desk::real(&sandbox);
    let text = std::fs::read_to_string(desk.path("schedules.toml")).unwrap();
    let settings = "[pair.acme.guard]\nfirst_sync = \"auto\"\n[pair.acme.triggers]\nworkflow = \"Bienvenida\"\n";
    std::fs::write(desk.path("schedules.toml"), format!("{text}{settings}")).unwrap();
    desk.ask(&["sync"]);
    let set = json!({ "name": "Nora Nueva", "email": "nora@example.com" }).as_object().cloned().unwrap();
    let lead = Edit { side: Side::Cliengo, op: EditOp::Create, kind: EditKind::Contact, contact: None, id: None, set };
    sandbox.world().edit(&lead).unwrap();
    sandbox.set_faults("reset-after-write@ghl:POST:/workflow/*".parse().unwrap());
    let said = desk.ask(&["sync"]).code(3);
    assert!(!said.out.contains("quarantined"), "{}", said.out);
    let id = said.out.split("concord quarantine retry ").nth(1).unwrap_or_else(|| panic!("{}", said.out));
    let id: String = id.chars().take_while(char::is_ascii_alphanumeric).collect();
    sandbox.set_faults("".parse().unwrap());
    let list = desk.ask(&["quarantine"]).code(0).tells("no answer").tells(&id);
    assert!(!list.out.contains("quarantined"), "{}", list.out);
    let row = desk.ask(&["quarantine", "--format", "json"]).code(0).json();
    assert_eq!((&row[0]["state"], &row[0]["attempts"]), (&json!("unknown"), &json!(1)), "{row:#}");
    desk.ask(&["held"]).code(0).tells(&format!("concord quarantine retry {id}"));
    desk.ask(&["quarantine", "retry", &id]).code(0).tells("It was sent once and got no answer");
    desk.ask(&["sync"]);
    desk.ask(&["quarantine"]).code(0).tells("Nothing keeps failing");
}

#[tokio::test]
async fn a_condition_on_a_field_of_several_choices_fires_where_one_of_them_is_chosen() {
    let when = "[[pair.house.map]]\ncliengo = \"leadFields.intereses\"\nghl = \"customFields.intereses\"\ndirection = \"to_ghl\"\n\
        [[pair.house.trigger]]\nwhen = { field = \"intereses\", becomes = \"Campo\" }\nworkflow = \"Recordatorio\"\n";
    let house = settled(when).await;
    let person = house.person(5);
    house.good_night().await;
    for (chosen, sent) in [(json!(["Casa"]), 0), (json!(["Casa", "Campo"]), 1)] {
        house.change(Side::Cliengo, &person, &json!({ "leadFields": { "intereses": chosen } }));
        house.good_night().await;
        assert_eq!(enrolments(&house).len(), sent);
    }
    house.quiet_night().await;
}

#[tokio::test]
async fn what_several_triggers_name_by_its_name_its_id_or_in_other_case_is_one_thing() {
    let id = settled(WORKFLOW).await;
    lead(&id, "Ana");
    id.good_night().await;
    let id = enrolments(&id)[0].rsplit('/').next().unwrap().to_owned();
    let when = |tag: &str, workflow: &str| {
        format!(
            "[[pair.house.trigger]]\nwhen = {{ field = \"tags\", becomes = \"{tag}\" }}\nworkflow = \"{workflow}\"\n"
        )
    };
    for other in ["Bienvenida", "bienvenida ", id.as_str()] {
        let house = settled(&[WORKFLOW, &when("hot", "Bienvenida"), &when("vip", other)].concat()).await;
        let people: Vec<Person> = (5..7).map(|number| house.person(number)).collect();
        house.good_night().await;
        // Both on one day, or one after the other; and of a lead that every new one is put into it.
        house.tag(Side::Ghl, EditOp::Create, &people[0], "hot");
        house.tag(Side::Ghl, EditOp::Create, &people[0], "vip");
        house.tag(Side::Ghl, EditOp::Create, &people[1], "hot");
        let ana = lead(&house, "Ana");
        house.good_night().await;
        assert_eq!(enrolments(&house).len(), 3, "{other}: {:?}", enrolments(&house));
        house.tag(Side::Ghl, EditOp::Create, &people[1], "vip");
        house.edit(Side::Cliengo, EditOp::Create, EditKind::Tag, Some(&ana), None, &json!({ "tag": "vip" }));
        house.good_night().await;
        assert_eq!(enrolments(&house), [""; 0], "{other}");
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn a_rebuild_keeps_what_got_no_answer_what_a_person_gave_up_and_what_is_owed() {
    for (fault, gives_up) in [("reset-after-write", false), ("reset-after-write", true), ("status=400", false)] {
        let mut house = settled(WORKFLOW).await;
        lead(&house, "Ana");
        house.sandbox.set_faults(format!("{fault}@ghl:POST:/workflow/").parse().unwrap());
        house.night().await;
        house.sandbox.set_faults("".parse().unwrap());
        if gives_up {
            let state = State::open(&house.state_path()).unwrap();
            let [waiting] = state.failed_operations().unwrap().try_into().unwrap();
            assert!(state.drop_failed_operation(&waiting.id).unwrap());
        }
        house.mode = Mode::Rebuild;
        let consent = Consent { approve: Some(house.dry_run().await.plan.id()), ..Consent::default() };
        let rebuilt = house.try_night(&consent, CancellationToken::new()).await.unwrap();
        assert!(!rebuilt.is_refused() && rebuilt.failure().is_none(), "{:?}", rebuilt.failure());
        house.mode = Mode::Incremental;
        let mut sent = Vec::new();
        for _ in 0..3 {
            let night = house.night().await;
            sent.extend(enrolments(&house));
            let waits = fault == "reset-after-write" && !gives_up;
            assert_eq!(held(&night).contains(&HeldReason::UnknownOutcome), waits, "{fault} {gives_up}");
        }
        assert_eq!(sent.len(), usize::from(fault != "reset-after-write"), "{fault} {gives_up}: {sent:?}");
    }
}

#[tokio::test]
async fn an_enrolment_without_an_answer_is_not_sent_again_because_its_contact_was_started_afresh() {
    for for_good in [false, true] {
        let house = settled(WORKFLOW).await;
        let ana = lead(&house, "Ana");
        house.sandbox.set_faults("reset-after-write@ghl:POST:/workflow/".parse().unwrap());
        house.night().await;
        house.sandbox.set_faults("".parse().unwrap());
        let mut state = State::open(&house.state_path()).unwrap();
        let link = state.links_named(&ana).unwrap().remove(0);
        if for_good {
            state.forget(&link, house.clock.now()).unwrap();
            assert_eq!((state.enrolments().unwrap(), state.failed_operations().unwrap()), (vec![], vec![]));
        } else {
            state.start_afresh(&link).unwrap();
        }
        drop(state);
        for _ in 0..3 {
            let night = house.night().await;
            assert_eq!(enrolments(&house), [""; 0], "never again by itself");
            assert_eq!(held(&night).contains(&HeldReason::UnknownOutcome), !for_good);
        }
    }
}

#[tokio::test]
async fn an_enrolment_without_an_answer_is_not_sent_again_because_a_list_failed_or_the_trigger_was_away_for_a_night() {
    let mut house = settled(WORKFLOW).await;
    lead(&house, "Ana");
    house.sandbox.set_faults("reset-after-write@ghl:POST:/workflow/".parse().unwrap());
    house.night().await;
    let waits = async |house: &House| {
        let night = house.night().await;
        assert_eq!((enrolments(house), held(&night)), (Vec::new(), vec![HeldReason::UnknownOutcome]));
    };
    house.sandbox.set_faults("status=403@ghl:GET:/workflows/*".parse().unwrap());
    waits(&house).await;
    house.sandbox.set_faults("".parse().unwrap());
    waits(&house).await;
    let with = house.pair.clone();
    for triggers in ["", "[pair.house.triggers]\nworkflow = \"Recordatorio\"\n"] {
        house.pair = House::build(&Plot::extended().with_settings(triggers)).await.pair.clone();
        waits(&house).await;
    }
    house.pair = with;
    waits(&house).await;
}

#[tokio::test]
async fn a_run_that_dies_at_any_moment_puts_nobody_into_it_twice_and_forgets_nobody() {
    let moments = {
        let house = settled(WORKFLOW).await;
        lead(&house, "Ana");
        let fate = Fate::never();
        house.mortal_night(&fate).await.unwrap();
        fate.moments()
    };
    for last in (0..moments).step_by(every(1)) {
        let house = settled(WORKFLOW).await;
        lead(&house, "Ana");
        // What dies there is no error of the test's.
        let _ = house.mortal_night(&Fate::at(last)).await;
        let mut sent = enrolments(&house).len();
        let mut waits = false;
        for _ in 0..2 {
            let night = house.night().await;
            sent += enrolments(&house).len();
            waits = held(&night).contains(&HeldReason::UnknownOutcome);
        }
        assert!(sent == 1 || sent == 0 && waits, "died at {last} of {moments}: sent {sent}, waits {waits}");
    }
}
