//! What CRMs answer.

use std::collections::BTreeSet;
use std::time::Duration;

use concord::crm::CrmError;
use concord::run::{Consent, RunError};
use concord::sandbox::{Fault, FaultRule, Faults, Stated, When};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::house::shown;

const LISTED: [&str; 4] = ["outage", "refusal-200", "refusal-named", "block-page"];
const LOOKED_UP: [&str; 3] = ["inconclusive-lookup", "gateway-404", "gone-wording"];
const ONE_RECORD: [&str; 1] = ["waf-one-record"];
const NO_TASKS: [&str; 1] = ["tasks-auto"];

const PROPAGATE: &str = "[pair.house.contacts]\non_delete = \"propagate\"\n";

#[test]
fn every_case_of_an_answer_is_played_by_a_test() {
    let elsewhere = [
        Elsewhere::of(
            "incomplete-night",
            2,
            &["nightly unseen::a_list_that_counts_more_than_it_gives_is_said_in_plan_report_and_history"],
        ),
        Elsewhere::of(
            "patience",
            2,
            &["nightly down_for_a_while::a_crm_that_is_down_for_its_first_minute_costs_a_night_nothing"],
        ),
        Elsewhere::of(
            "retry-after",
            4,
            &[
                "crm_http patience::a_pause_that_lies_in_the_past_is_one_window_at_least",
                "crm_http patience::a_pause_longer_than_a_run_waits_ends_it_for_that_crm_and_is_said",
            ],
        ),
        Elsewhere::of(
            "null-tags",
            2,
            &["nightly unknown::tags_that_are_null_in_every_row_remove_none_and_leave_nothing_to_do"],
        ),
        Elsewhere::of(
            "secret-pasted",
            7,
            &[
                "nightly pasted::what_is_pasted_around_a_key_is_left_away",
                "nightly pasted::what_can_be_no_key_is_refused_before_any_request_and_named",
            ],
        ),
        Elsewhere::of(
            "harmless-oddity",
            3,
            &[
                "nightly oddities::a_row_that_always_comes_twice_and_a_total_as_a_text_leave_a_night_good",
                "nightly oddities::a_task_whose_contact_is_not_listed_leaves_a_night_good",
            ],
        ),
        Elsewhere::of(
            "empty-task-list",
            2,
            &[
                "nightly two_looks::a_list_of_tasks_that_is_empty_for_one_night_deletes_none",
                "nightly two_looks::a_task_that_a_person_deleted_is_deleted_on_the_other_side_the_second_night",
            ],
        ),
        Elsewhere::of(
            "note-without-text",
            3,
            &["nightly unknown::notes_without_a_text_are_written_nowhere_and_each_is_there_once_after_a_good_night"],
        ),
        Elsewhere::of(
            "unreadable-date",
            3,
            &["nightly oddities::a_contact_whose_age_cannot_be_told_waits_until_it_can"],
        ),
        Elsewhere::of("task-search-live", 2, &["crm_http ghl::the_live_task_search_is_paged_by_its_cursor"]),
    ];
    all_are_played("answers.json", &[&LISTED, &LOOKED_UP, &ONE_RECORD, &NO_TASKS], &elsewhere);
}

#[tokio::test]
async fn a_list_that_is_no_list_ends_as_the_cases_say() {
    play("answers.json", &LISTED, listed).await;
}

#[tokio::test]
async fn who_is_gone_and_who_is_not_is_as_the_cases_say() {
    play("answers.json", &LOOKED_UP, looked_up).await;
}

#[tokio::test]
async fn a_firewall_that_refuses_one_record_costs_that_one_as_the_cases_say() {
    play("answers.json", &ONE_RECORD, one_record).await;
}

#[tokio::test]
async fn an_account_without_tasks_is_recognised_as_the_cases_say() {
    play("answers.json", &NO_TASKS, no_tasks).await;
}

/// An answer as a case states it, about a contact where it names one.
fn fault(answer: &Json, id: &str) -> Fault {
    if answer["connection"] == "reset" {
        return Fault::ResetBefore;
    }
    let status = u16::try_from(answer["status"].as_u64().unwrap()).unwrap();
    let stated = match &answer["body"] {
        Json::String(page) => Stated::html(status, page),
        Json::Null => match answer["message"].as_str() {
            Some(message) => Stated::json(status, &json!({ "message": message })),
            None => Stated { body: String::new(), ..Stated::json(status, &Json::Null) },
        },
        body => Stated::json(status, body),
    };
    Fault::Answer(Stated { body: stated.body.replace("<ID>", id), ..stated })
}

fn rule(side: Side, method: Option<&str>, path: Option<&str>, when: When, fault: Fault) -> FaultRule {
    let text = |text: Option<&str>| text.map(str::to_owned);
    FaultRule { side: Some(side), method: text(method), path_contains: text(path), when, fault }
}

fn side_of(given: &Json) -> Side {
    if given["side"] == "ghl" { Side::Ghl } else { Side::Cliengo }
}

/// People who are linked; somebody who is refused is not waited for.
async fn linked(people: u32, settings: &str) -> (House, Vec<Person>) {
    let mut house = House::build(&Plot::extended().with_settings(settings)).await;
    house.strict = false;
    house.persistent = Duration::from_millis(2);
    let people: Vec<Person> = (1..=people).map(|number| house.person(number)).collect();
    house.note(Side::Ghl, &people[0], "Llamar el lunes");
    house.task(Side::Ghl, &people[0], "Presupuesto");
    house.good_night().await;
    (house, people)
}

/// The exit code of a run, and everything that is said of it.
fn ended(run: Result<Finished, RunError>) -> (u64, String, Option<Finished>) {
    match run {
        Err(RunError::Crm(why @ CrmError::Credentials { .. })) => (12, why.to_string(), None),
        Err(why) => (1, why.to_string(), None),
        Ok(finished) => {
            let text = format!(
                "{}\n{}",
                concord::report::brief(&finished, &concord::report::Audience::plain()),
                told(&finished)
            );
            let exit = if finished.is_refused() {
                4
            } else if finished.failure().is_some() {
                1
            } else if finished.needs_a_person() {
                3
            } else {
                0
            };
            (exit, text, Some(finished))
        }
    }
}

async fn run(house: &House) -> (u64, String, Option<Finished>) {
    ended(house.try_night(&Consent::default(), CancellationToken::new()).await)
}

fn exits(wrong: &mut Wrong, exit: u64, right: &Json, text: &str) {
    let right: Vec<u64> = right.as_array().map_or_else(
        || right.as_u64().into_iter().collect(),
        |several| several.iter().filter_map(Json::as_u64).collect(),
    );
    needs(wrong, right.contains(&exit), || format!("it ended with {exit}, not {right:?}: {text}"));
}

/// A list, or everything, that is answered otherwise.
async fn listed(case: Case) -> Wrong {
    let (given, right, mut wrong) = (case.given, case.right, Wrong::new());
    let side = side_of(&given);
    let (house, people) = linked(4, PROPAGATE).await;
    house.change(side.other(), &people[1], &json!({ "email": "otra@example.com" }));
    let (list, method) = if side == Side::Ghl { ("/contacts/search", "POST") } else { ("/contacts", "GET") };
    let stated = |key: &str| given.get(key).filter(|answer| answer.is_object());
    let rule = if let Some(answer) = stated("contact_listing") {
        rule(side, Some(method), Some(list), When::Always, fault(answer, ""))
    } else if let Some(answer) = stated("every_answer") {
        rule(side, None, None, When::Always, fault(answer, ""))
    } else {
        let path = given["request"].as_str().or(given["path"].as_str()).unwrap_or_default();
        let path = path.rsplit('}').next().unwrap_or_default().trim_start_matches("POST ");
        rule(side, Some("POST"), Some(path), When::Always, fault(&given["answer"], ""))
    };
    if given["pending"].is_array() {
        house.change(Side::Cliengo, &people[2], &json!({ "phone": "+5491150007701" }));
        house.note(Side::Cliengo, &people[2], "Pidió precios");
    }
    let tasks = house.rows(Side::Ghl, "tasks");
    house.sandbox.set_faults(Faults::rules(vec![rule]));
    for _ in 0..if given["repeated"] == true { 2 } else { 1 } {
        let (exit, text, finished) = run(&house).await;
        exits(&mut wrong, exit, &right["exit"], &text);
        for never in ["--allow-empty", "lists no contacts"] {
            needs(&mut wrong, !text.contains(never), || format!("it says {never}: {text}"));
        }
        for words in right["says"].as_array().into_iter().flatten().filter_map(Json::as_str) {
            let one_of: Vec<&str> = words.split(" or ").flat_map(|words| words.split(", ")).collect();
            let words = |words: &str| {
                let fixed = words.replace("{id}", "").replace("the source of the credential (", "").replace(')', "");
                fixed.split("//").all(|part| text.contains(part))
            };
            needs(&mut wrong, one_of.iter().any(|one| words(one)), || format!("it does not say {one_of:?}: {text}"));
        }
        if let Some(applied) = right["applied"].as_array() {
            let shown: BTreeSet<String> = finished.iter().flat_map(shown).collect();
            for applied in applied.iter().filter_map(Json::as_str) {
                needs(&mut wrong, shown.contains(&format!("ghl {applied}")), || format!("{shown:?} has no {applied}"));
            }
            is(&mut wrong, "the tasks", &house.rows(Side::Ghl, "tasks").into(), &tasks.clone().into());
        } else {
            let sent = house.sent();
            needs(&mut wrong, sent.is_empty(), || format!("sent {sent:?}"));
        }
    }
    wrong
}

/// Somebody who was removed, or is only not listed, and what is said of them by id.
async fn looked_up(case: Case) -> Wrong {
    let (given, right, mut wrong) = (case.given, case.right, Wrong::new());
    let side = side_of(&given);
    let (house, people) = linked(12, PROPAGATE).await;
    let id = people[3].on(side).to_owned();
    house.remove(side, &people[3]);
    let path = format!("/contacts/{id}");
    let answer = fault(&given["get_by_id"], &id);
    house.sandbox.set_faults(Faults::rules(vec![rule(side, Some("GET"), Some(&path), When::Always, answer)]));
    for _ in 0..given["runs"].as_u64().unwrap_or(2) {
        let (exit, text, finished) = run(&house).await;
        if right["held"].is_object() {
            exits(&mut wrong, exit, &right["exit"], &text);
            let held = finished.iter().flat_map(|finished| &finished.plan.held);
            let named =
                held.filter(|held| held.reason == HeldReason::Inconclusive).any(|held| held.ids.of(side) == Some(&id));
            needs(&mut wrong, named, || format!("{id} is not held as inconclusive: {text}"));
            let sent = house.sent();
            needs(&mut wrong, sent.is_empty(), || format!("sent {sent:?}"));
        }
    }
    if right["deleted_in_cliengo"] == true {
        let there = contact(&house, Side::Cliengo, &people[3].cliengo);
        needs(&mut wrong, there.is_null(), || format!("still there: {there}"));
    }
    wrong
}

/// A firewall that does not like what one record holds.
async fn one_record(case: Case) -> Wrong {
    let (given, right, mut wrong) = (case.given, case.right, Wrong::new());
    let side = side_of(&given);
    let (house, people) = linked(4, PROPAGATE).await;
    let (method, path) = (given["method"].as_str().unwrap(), given["path"].as_str().unwrap());
    let one = people[1].on(side);
    let at = path.replace("{one id}", one);
    let at = at.split(' ').next().unwrap_or_default();
    // The first POST below `/contacts/` is the listing.
    let creates = method == "POST" && !path.contains("{one id}");
    let (newcomers, strikes) = if creates { (7, (2..8).map(When::Nth).collect()) } else { (0, vec![When::Always]) };
    for number in 0..newcomers {
        let email = format!("nueva{number}@example.com");
        house.contact(side.other(), &json!({ "name": format!("Nueva Persona{number}"), "email": email }));
    }
    for (number, person) in people.iter().enumerate() {
        house.change(side.other(), person, &json!({ "phone": format!("+54911500077{number:02}") }));
        if path.ends_with("/notes") {
            house.note(side.other(), person, &format!("Nota nueva {number}"));
        }
    }
    let answer = &given["answer"];
    let rules = strikes.into_iter().map(|when| rule(side, Some(method), Some(at), when, fault(answer, one)));
    house.sandbox.set_faults(Faults::rules(rules.collect()));
    let before = house.rows(side, "contacts").len();
    let (exit, text, finished) = run(&house).await;
    exits(&mut wrong, exit, &right["exit"], &text);
    let ended = finished.as_ref().and_then(|finished| finished.run.as_ref()).map(|run| &run.outcomes);
    let not_applied =
        ended.into_iter().flatten().filter(|(_, ended)| ended.outcome != concord::run::OperationOutcome::Applied);
    let expected = match method {
        "GET" => 0,
        _ if creates => 6,
        _ => 1,
    };
    let found = not_applied.count();
    needs(&mut wrong, found == expected, || format!("{found} did not get through, not {expected}: {text}"));
    let there = house.rows(side, "contacts").len();
    needs(&mut wrong, there >= before, || "somebody was deleted".to_owned());
    house.faults("");
    house.clock.advance(Duration::from_hours(24 * 8));
    for _ in 0..2 {
        run(&house).await;
    }
    let [cliengo, ghl] = crate::story::outlines(&house);
    needs(&mut wrong, cliengo == ghl, || format!("both differ after good nights: {cliengo:?} {ghl:?}"));
    wrong
}

/// What stands where Cliengo's tasks would be.
async fn no_tasks(case: Case) -> Wrong {
    let (given, right, mut wrong) = (case.given, case.right, Wrong::new());
    let mut house = House::build(&Plot::extended().with_settings("[pair.house.cliengo]\ntasks = \"auto\"\n")).await;
    house.strict = false;
    let answer = fault(&given["answer"], "");
    house.sandbox.set_faults(Faults::rules(vec![rule(Side::Cliengo, None, Some("/tasks"), When::Always, answer)]));
    let person = house.person(1);
    house.task(Side::Ghl, &person, "Presupuesto");
    let tasks = house.rows(Side::Ghl, "tasks");
    for night in 0..2 {
        house.change(Side::Ghl, &person, &json!({ "phone": format!("+549115000770{night}") }));
        let (exit, text, _) = run(&house).await;
        exits(&mut wrong, exit, &right["exit"], &text);
        let writes = house.writes().into_iter().filter(|written| written.path.contains("/tasks")).count();
        needs(&mut wrong, writes == 0, || format!("{writes} writes of tasks"));
    }
    is(&mut wrong, "the phone", &house.row(Side::Cliengo, &person)["phone"], &json!("+5491150007701"));
    is(&mut wrong, "GHL's tasks", &house.rows(Side::Ghl, "tasks").into(), &tasks.into());
    wrong
}
