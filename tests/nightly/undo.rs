//! Taking a run back: both sides as they were, but for what somebody did since and what no CRM can take back.

use concord::config::Retention;
use concord::reconcile::HeldReason;
use concord::record::{Action, Kind, Side, SideId};
use concord::run::{Consent, Finished, OperationOutcome, RunError, UndoRefusal};
use concord::sandbox::{EditKind, EditOp};
use concord::state::State;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::house::{House, Person, Plot, count, held, id_of, outcomes, said, shown};
use crate::mortal::{Fate, every};
use crate::story::outlines;

const PROPAGATE: &str = "[pair.house.contacts]\non_delete = \"propagate\"\n";

/// So many linked people, each with a tag, a note and a task.
async fn street(people: u32, settings: &str) -> (House, Vec<Person>) {
    let house = House::build(&Plot::extended().with_settings(settings)).await;
    let people: Vec<Person> = (1..=people).map(|number| house.person(number)).collect();
    for person in &people {
        for side in Side::BOTH {
            house.tag(side, EditOp::Create, person, "cliente");
            house.note(side, person, "Pidió precio");
            house.task(side, person, "Enviar presupuesto");
        }
    }
    house.good_night().await;
    house.quiet_night().await;
    (house, people)
}

fn run_of(finished: &Finished) -> i64 {
    finished.run.as_ref().unwrap().id
}

/// The only task or note of a person.
fn child(house: &House, side: Side, kinds: &str, person: &Person) -> String {
    let is_theirs = |row: &&Value| row["contact_id"] == person.on(side) || row["contactId"] == person.on(side);
    let rows = house.rows(side, kinds);
    id_of(rows.iter().find(is_theirs).unwrap())
}

/// Somebody who stands on one side only, with a tag, a note and a task.
fn newcomer(house: &House, side: Side, name: &str) -> Person {
    let first = if side == Side::Ghl { "firstName" } else { "name" };
    let made = house.contact(side, &json!({ first: name, "email": format!("{name}@example.com") }));
    let there = Person { cliengo: made.clone(), ghl: made };
    house.tag(side, EditOp::Create, &there, "nueva");
    house.note(side, &there, &format!("Nota de {name}"));
    house.task(side, &there, &format!("Tarea de {name}"));
    there
}

/// Every sort of edit on one side, to ten of the people.
fn busy_day(house: &House, side: Side, people: &[Person]) {
    let email = |name: &str| json!({ "email": format!("{name}.{side}@example.com") });
    house.change(side, &people[0], &email("uno"));
    house.change(side, &people[1], &email("dos"));
    let phone = if side == Side::Ghl { "+5491155557777" } else { "+5491155558888" };
    house.change(side, &people[2], &json!({ "phone": phone }));
    for person in &people[0..3] {
        house.tag(side, EditOp::Create, person, "vip");
    }
    house.tag(side, EditOp::Delete, &people[3], "cliente");
    let task = |person| child(house, side, "tasks", person);
    let note = |person| child(house, side, "notes", person);
    let change = |kind, person, id: &str, set: &Value| house.edit_child(side, kind, person, id, set);
    change(EditKind::Task, &people[4], &task(&people[4]), &json!({ "completed": true }));
    change(EditKind::Task, &people[5], &task(&people[5]), &json!({ "title": "Enviar otro presupuesto" }));
    change(EditKind::Note, &people[5], &note(&people[5]), &json!({ "body": "Pidió otro precio" }));
    house.note(side, &people[6], "Llamó dos veces");
    house.task(side, &people[6], "Llamar");
    house.remove(side, &people[8]);
    house.change(side, &people[9], &email("nueve"));
    house.note(side, &people[9], "Vino al local");
    house.task(side, &people[9], "Confirmar la visita");
    newcomer(house, side, &format!("lara{side}"));
}

// Watches: I26.
#[tokio::test]
async fn an_undone_run_of_every_kind_leaves_both_sides_as_they_were() {
    let (house, people) = street(20, PROPAGATE).await;
    // A note that is gone in Cliengo, and a task on either side, is believed the second night.
    for (side, person) in [(Side::Cliengo, &people[7]), (Side::Ghl, &people[17])] {
        house.remove_child(side, EditKind::Task, person, &child(&house, side, "tasks", person));
    }
    let gone = child(&house, Side::Cliengo, "notes", &people[7]);
    house.remove_child(Side::Cliengo, EditKind::Note, &people[7], &gone);
    house.quiet_night().await;
    let gone = child(&house, Side::Ghl, "notes", &people[17]);
    house.remove_child(Side::Ghl, EditKind::Note, &people[17], &gone);
    busy_day(&house, Side::Cliengo, &people[0..10]);
    busy_day(&house, Side::Ghl, &people[10..20]);
    let before = outlines(&house);
    let finished = house.good_night().await;
    assert!(finished.plan.operations.len() >= 40, "{:#?}", shown(&finished));
    for (kind, action) in [
        (Kind::Contact, Action::Create),
        (Kind::Contact, Action::Update),
        (Kind::Contact, Action::Tag),
        (Kind::Contact, Action::Delete),
        (Kind::Task, Action::Create),
        (Kind::Task, Action::Update),
        (Kind::Task, Action::Complete),
        (Kind::Task, Action::Delete),
        (Kind::Note, Action::Create),
        (Kind::Note, Action::Update),
        (Kind::Note, Action::Delete),
    ] {
        assert!(count(&finished, kind, action) > 0, "{kind} {action:?}");
    }
    assert_ne!(outlines(&house), before);

    let files = house.files();
    let planned = house.try_plan_undo(run_of(&finished)).await.unwrap();
    assert_eq!((house.writes(), house.files()), (vec![], files), "a dry run writes nothing");
    let undone = house.undo(run_of(&finished)).await;
    assert_eq!(planned.plan.id(), undone.plan.id(), "what is shown is what is done");
    assert_eq!((undone.plan.undoes, undone.plan.mode.as_str()), (Some(run_of(&finished)), "undo"));
    assert_eq!(undone.plan.in_sync, 0, "nothing was compared");
    assert!(outcomes(&undone).iter().all(|outcome| *outcome == OperationOutcome::Applied), "{undone:#?}");
    assert_eq!(held(&undone), []);
    let named: Vec<_> = undone.plan.unsupported.iter().map(|one| (one.side, one.kind, one.action)).collect();
    let deleted = |side| (side, Kind::Contact, Action::Delete);
    assert_eq!(named, [deleted(Side::Cliengo), deleted(Side::Ghl)], "deleted contacts come back as new ones");
    assert_eq!(outlines(&house), before);
    for _ in 0..3 {
        house.quiet_night().await;
    }
    assert_eq!(outlines(&house), before, "what was undone is not done again");
}

#[tokio::test]
async fn what_was_undone_stays_apart_until_a_person_changes_one_side() {
    for side in Side::BOTH {
        let (house, people) = street(2, "").await;
        house.change(side, &people[0], &json!({ "email": "nueva@example.com" }));
        let finished = house.good_night().await;
        house.undo(run_of(&finished)).await;
        house.quiet_night().await;
        assert_eq!(house.row(side.other(), &people[0])["email"], "persona1@example.com");
        assert_eq!(house.row(side, &people[0])["email"], "nueva@example.com");
        house.change(side, &people[0], &json!({ "email": "otra@example.com" }));
        house.good_night().await;
        assert_eq!(house.row(side.other(), &people[0])["email"], "otra@example.com");
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn what_somebody_changed_since_is_left_alone_and_said() {
    let (house, people) = street(3, "").await;
    let (cliengo, ghl) = (Side::Cliengo, Side::Ghl);
    house.change(cliengo, &people[0], &json!({ "email": "nueva@example.com" }));
    house.note(cliengo, &people[1], "Llamó dos veces");
    house.note(cliengo, &people[2], "Vino al local");
    newcomer(&house, cliengo, "lara");
    let finished = house.good_night().await;
    house.change(ghl, &people[0], &json!({ "email": "a.mano@example.com" }));
    let rows = house.rows(ghl, "notes");
    let edited = rows.iter().find(|row| row["body"].as_str().unwrap().contains("dos veces")).unwrap();
    house.edit_child(ghl, EditKind::Note, &people[1], edited["id"].as_str().unwrap(), &json!({ "body": "A mano" }));
    let lara = house.rows(ghl, "contacts").into_iter().find(|row| row["email"] == "lara@example.com").unwrap();
    let lara = lara["id"].as_str().unwrap().to_owned();
    house.note(ghl, &Person { cliengo: String::new(), ghl: lara.clone() }, "Una nota a mano");
    let undone = house.undo(run_of(&finished)).await;
    assert_eq!(held(&undone), [HeldReason::EditedSince; 3]);
    assert!(undone.needs_a_person());
    assert_eq!(shown(&undone), ["ghl note delete"], "what nobody touched is taken back");
    assert_eq!(house.row(ghl, &people[0])["email"], "a.mano@example.com");
    assert_eq!(house.children(ghl, "notes", &lara), ["Nota de lara", "Una nota a mano"]);
    // What people did since goes on its way as any edit does.
    house.good_night().await;
    house.quiet_night().await;
    assert_eq!(house.row(cliengo, &people[0])["email"], "a.mano@example.com");
}

#[tokio::test]
async fn runs_that_cannot_be_undone_are_refused_with_the_reason() {
    let (mut house, people) = street(2, "").await;
    let refused =
        async |house: &House, run| match house.try_undo(run, &Consent::default(), CancellationToken::new()).await {
            Err(RunError::Undo(refusal)) => {
                assert_eq!(house.sandbox.requests().len(), 0, "nothing is asked for it");
                refusal
            }
            other => panic!("{other:?}"),
        };
    let quiet = run_of(&house.quiet_night().await);
    assert_eq!(refused(&house, 99).await, UndoRefusal::NoSuchRun { pair: "house".to_owned(), run: 99 });
    assert_eq!(refused(&house, quiet).await, UndoRefusal::WroteNothing { run: quiet });
    house.note(Side::Ghl, &people[0], "Llamó dos veces");
    let run = run_of(&house.good_night().await);
    let undo = run_of(&house.undo(run).await);
    assert_eq!(refused(&house, run).await, UndoRefusal::Undone { run, by: undo });
    assert_eq!(refused(&house, undo).await, UndoRefusal::IsUndo { run: undo, of: run });
    assert!(matches!(house.try_plan_undo(run).await, Err(RunError::Undo(UndoRefusal::Undone { .. }))));
    house.note(Side::Ghl, &people[0], "Llamó otra vez");
    let old = run_of(&house.good_night().await);
    house.retention = Retention { history_days: 2 };
    for _ in 0..4 {
        house.quiet_night().await;
    }
    assert_eq!(refused(&house, old).await, UndoRefusal::Dropped { run: old });
}

#[tokio::test]
async fn a_field_that_cannot_be_emptied_again_is_said() {
    let house = House::build(&Plot::extended()).await;
    let cliengo = house.contact(Side::Cliengo, &json!({ "name": "Ana", "email": "ana@example.com" }));
    let ghl = house.contact(Side::Ghl, &json!({ "firstName": "Ana", "email": "ana@example.com" }));
    house.good_night().await;
    let person = Person { cliengo, ghl };
    house.change(Side::Ghl, &person, &json!({ "phone": "+5491155557777" }));
    let finished = house.good_night().await;
    let undone = house.undo(run_of(&finished)).await;
    assert_eq!((house.writes(), shown(&undone)), (vec![], vec![]));
    assert_eq!(said(&undone), ["Cliengo cannot empty a phone"]);
    assert!(!undone.needs_a_person());
    house.quiet_night().await;
}

#[tokio::test]
async fn what_cliengo_cannot_delete_stays_there_and_is_said() {
    let house = House::build(&Plot::legacy()).await;
    let person = house.person(1);
    house.good_night().await;
    house.note(Side::Ghl, &person, "Llamó dos veces");
    let finished = house.good_night().await;
    let undone = house.undo(run_of(&finished)).await;
    assert_eq!(house.writes(), []);
    assert_eq!(said(&undone), ["Cliengo cannot delete a note: it stays"]);
    house.quiet_night().await;
    assert_eq!(house.children(Side::Cliengo, "notes", &person.cliengo), ["Llamó dos veces"]);
}

#[tokio::test]
async fn an_undo_is_held_by_the_same_guards_and_approved_the_same_way() {
    let (house, people) = street(2, "[pair.house.guard]\ndelete_count = 1\n").await;
    for person in &people {
        house.note(Side::Ghl, person, "Llamó dos veces");
    }
    let finished = house.good_night().await;
    let planned = house.try_plan_undo(run_of(&finished)).await.unwrap();
    assert!(planned.plan.tripped().next().is_some());
    let refused = house.undo(run_of(&finished)).await;
    assert!(refused.is_refused());
    assert_eq!(house.writes(), []);
    let consent = Consent { approve: Some(refused.plan.id()), ..Consent::default() };
    let passed = house.try_undo(run_of(&finished), &consent, CancellationToken::new()).await.unwrap();
    assert_eq!(outcomes(&passed), [OperationOutcome::Applied; 2]);
    assert_eq!(house.rows(Side::Cliengo, "notes").len(), 2);
    house.quiet_night().await;
}

/// A day whose run creates, changes and deletes on both sides, and how both were before that run.
async fn short_day() -> (House, i64, [Vec<String>; 2]) {
    let (mut house, people) = street(4, PROPAGATE).await;
    house.abreast = 1;
    let task = child(&house, Side::Ghl, "tasks", &people[1]);
    house.remove_child(Side::Ghl, EditKind::Task, &people[1], &task);
    house.quiet_night().await;
    house.change(Side::Cliengo, &people[0], &json!({ "email": "nueva@example.com" }));
    house.note(Side::Ghl, &people[0], "Llamó dos veces");
    house.tag(Side::Ghl, EditOp::Create, &people[1], "vip");
    house.remove(Side::Cliengo, &people[2]);
    house.remove(Side::Ghl, &people[3]);
    newcomer(&house, Side::Cliengo, "lara");
    let before = outlines(&house);
    let run = run_of(&house.good_night().await);
    (house, run, before)
}

// Watches: I41.
#[tokio::test]
async fn an_undo_that_is_stopped_is_taken_up_again() {
    let (house, run, before) = short_day().await;
    let stop = CancellationToken::new();
    let consent = Consent::default();
    let stopping = async {
        while house.writes().len() < 2 {
            tokio::task::yield_now().await;
        }
        stop.cancel();
    };
    let (stopped, ()) = tokio::join!(house.try_undo(run, &consent, stop.clone()), stopping);
    assert!(outcomes(&stopped.unwrap()).contains(&OperationOutcome::NotStarted));
    // A night in between changes nothing of what is still to be taken back.
    house.quiet_night().await;
    house.undo(run).await;
    assert_eq!(outlines(&house), before);
    house.quiet_night().await;
}

/// Undoes in a process that dies at one moment after the other; then once more in one that lives.
async fn sweep(share: usize, of: usize, nights_between: u32) {
    let (house, run, before) = short_day().await;
    let fate = Fate::never();
    house.mortal_undo(run, &fate).await.unwrap();
    assert_eq!(outlines(&house), before);
    for moment in (0..fate.moments()).skip(share).step_by(every(of)) {
        let (house, run, before) = short_day().await;
        let _ = house.mortal_undo(run, &Fate::at(moment)).await;
        for _ in 0..nights_between {
            house.night().await;
            assert_eq!(house.writes(), [], "died at moment {moment}: nothing of it is an edit");
        }
        match house.try_undo(run, &Consent::default(), CancellationToken::new()).await {
            Ok(_) | Err(RunError::Undo(UndoRefusal::Undone { .. })) => {}
            Err(other) => panic!("died at moment {moment}: {other}"),
        }
        house.night().await;
        assert_eq!(outlines(&house), before, "died at moment {moment}");
        house.quiet_night().await;
    }
}

// Watches: I38.
#[tokio::test]
async fn an_undo_that_dies_at_any_moment_is_finished_by_the_next_one_and_doubles_nothing() {
    sweep(0, 2, 0).await;
}

#[tokio::test]
async fn a_night_after_an_undo_that_died_takes_nothing_from_the_source() {
    sweep(1, 2, 1).await;
}

#[tokio::test]
async fn a_create_of_an_undo_that_got_no_answer_is_found_again() {
    for lost in ["cliengo:POST:/tasks", "ghl:POST:/contacts/", "ghl:POST:/notes"] {
        let (house, run, before) = short_day().await;
        house.faults(&format!("reset-after-write@{lost}#1"));
        let undone = house.undo(run).await;
        let reasons = undone.run.iter().flat_map(|run| run.outcomes.values()).filter_map(|ended| ended.reason.as_ref());
        let found = reasons.filter(|reason| reason.contains("found by reading")).count();
        assert_eq!((found, held(&undone)), (1, vec![]), "{lost}");
        assert_eq!(outlines(&house), before, "{lost}");
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn a_create_of_an_undo_that_is_found_by_a_later_night_is_not_made_again() {
    let (house, run, before) = short_day().await;
    // Neither its answer comes, nor can it be looked for at once.
    let silent: Vec<String> = (2..=12).map(|call| format!("status=503@cliengo:GET:/tasks#{call}")).collect();
    house.faults(&format!("reset-after-write@cliengo:POST:/tasks#1,{}", silent.join(",")));
    let undone = house.undo(run).await;
    assert!(outcomes(&undone).contains(&OperationOutcome::Unknown), "{:#?}", undone.run);
    house.faults("");
    let night = house.night().await;
    assert_eq!((house.writes(), night.run.unwrap().recovered), (vec![], 1));
    assert_eq!(outlines(&house), before);
    let again = house.try_undo(run, &Consent::default(), CancellationToken::new()).await;
    assert!(matches!(again, Err(RunError::Undo(UndoRefusal::Undone { .. }))), "{again:?}");
    house.quiet_night().await;
}

#[tokio::test]
async fn runs_are_undone_one_after_the_other_the_newest_first() {
    for side in Side::BOTH {
        let (house, people) = street(2, "").await;
        let email = |row: Value| row["email"].as_str().unwrap().to_owned();
        let mut runs = Vec::new();
        for name in ["primera", "segunda"] {
            house.change(side, &people[0], &json!({ "email": format!("{name}@example.com") }));
            house.tag(side, EditOp::Create, &people[0], name);
            runs.push(run_of(&house.good_night().await));
        }
        let too_early = house.undo(runs[0]).await;
        assert_eq!(held(&too_early), [HeldReason::EditedSince]);
        assert_eq!(email(house.row(side.other(), &people[0])), "segunda@example.com");
        house.undo(runs[1]).await;
        assert_eq!(email(house.row(side.other(), &people[0])), "primera@example.com");
        house.quiet_night().await;
        house.undo(runs[0]).await;
        assert_eq!(email(house.row(side.other(), &people[0])), "persona1@example.com");
        for _ in 0..2 {
            house.quiet_night().await;
        }
        assert_eq!(email(house.row(side, &people[0])), "segunda@example.com");
    }
}

#[tokio::test]
async fn what_was_done_without_an_answer_is_taken_back_too() {
    for side in Side::BOTH {
        let (house, people) = street(2, "").await;
        house.change(side, &people[0], &json!({ "email": "nueva@example.com" }));
        house.tag(side, EditOp::Create, &people[1], "vip");
        let before = outlines(&house);
        let (method, tags) = if side == Side::Ghl { ("PATCH", "/tags") } else { ("PUT", "/tags") };
        let other = side.other();
        house.faults(&format!(
            "reset-after-write@{other}:{method}:/contacts/#..5,reset-after-write@{other}:POST:{tags}#..5"
        ));
        let finished = house.night().await;
        assert_eq!(outcomes(&finished), [OperationOutcome::Applied; 2], "it was done all the same, and is found");
        house.faults("");
        assert_ne!(outlines(&house), before);
        house.undo(run_of(&finished)).await;
        assert_eq!(outlines(&house), before);
        for _ in 0..2 {
            house.quiet_night().await;
        }
        assert_eq!(outlines(&house), before);
    }
}

#[tokio::test]
async fn what_cliengo_was_told_of_a_task_is_taken_back_and_not_told_again() {
    let settings = "[pair.house.cliengo]\ntasks = \"notes\"\n";
    let house = House::build(&Plot::extended().with_settings(settings)).await;
    let person = house.person(1);
    house.good_night().await;
    house.task(Side::Ghl, &person, "Llamar");
    let finished = house.good_night().await;
    assert_eq!(shown(&finished), ["cliengo note create"]);
    let undone = house.undo(run_of(&finished)).await;
    assert_eq!(shown(&undone), ["cliengo note delete"]);
    assert_eq!(house.rows(Side::Cliengo, "notes"), [] as [Value; 0]);
    for _ in 0..2 {
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn who_was_made_by_an_undone_run_is_not_made_again_although_the_link_was_forgotten() {
    let house = House::build(&Plot::extended()).await;
    house.person(1);
    house.good_night().await;
    let nora = house.contact(Side::Cliengo, &json!({ "name": "Nora Gil", "email": "nora@example.com" }));
    let made = house.good_night().await.run.unwrap().id;
    let mut state = State::open(&house.state_path()).unwrap();
    let link = state.link_of(Kind::Contact, &SideId::new(Side::Cliengo, nora)).unwrap().unwrap();
    state.start_afresh(&link).unwrap();
    drop(state);
    house.undo(made).await;
    for _ in 0..2 {
        house.quiet_night().await;
    }
    assert_eq!(house.rows(Side::Ghl, "contacts").len(), 1);
}
