//! A run that dies, at every third moment at which it can, or at every one with `CONCORD_SWEEP=whole`: the next ones end
//! where it would have ended.

use concord::record::Side;
use concord::run::RunError;
use concord::sandbox::{EditKind, EditOp};
use serde_json::json;

use crate::house::{House, Person, Plot};
use crate::mortal::{Fate, every};
use crate::story::outlines;

const GUARDS: &str = "[pair.house.guard]\ndelete_percent = 100\nupdate_percent = 100\ncreate_percent = 100\nmin_records = 1\n\
    [pair.house.contacts]\non_delete = \"propagate\"\n";

/// The seeds of the accounts that are swept.
const ACCOUNTS: [u64; 4] = [2, 5, 8, 13];

/// Eleven people who are linked on the accounts of a seed, and a day of every sort of edit on both sides.
async fn busy_day(account: u64) -> House {
    let mut house = House::build(&Plot::drawn(account).with_settings(GUARDS)).await;
    house.abreast = 1;
    let people: Vec<Person> = (1..=11).map(|number| house.person(number)).collect();
    let mut texts = Vec::new();
    for person in &people {
        house.tag(Side::Cliengo, EditOp::Create, person, "cliente");
        let note = house.note(Side::Ghl, person, "Una nota de siempre");
        let task = house.task(Side::Cliengo, person, "Una tarea de siempre");
        texts.push((note, task));
    }
    house.good_night().await;
    house.good_night().await;
    let (cliengo, ghl) = (Side::Cliengo, Side::Ghl);
    newcomer(&house, cliengo, "lara");
    newcomer(&house, ghl, "mora");
    house.change(cliengo, &people[0], &json!({ "name": "Zoé 🌸 D'Angelo & Hijos", "email": "nuevo1@example.com" }));
    house.change(ghl, &people[1], &json!({ "phone": "+5491155557777" }));
    house.tag(cliengo, EditOp::Create, &people[2], "vip");
    house.tag(ghl, EditOp::Delete, &people[2], "cliente");
    for text in ["Primera", "Segunda", "Tercera"] {
        house.note(cliengo, &people[3], &format!("{text} de Cliengo: \"Pérez & Hijos\" 🌸"));
        house.note(ghl, &people[3], &format!("{text} de GHL: مرحبا, $ 1.500"));
    }
    house.task(cliengo, &people[3], "Tarea de Cliengo");
    house.task(ghl, &people[3], "Tarea de GHL");
    let (note, task) = &texts[4];
    house.edit_child(cliengo, EditKind::Task, &people[4], task, &json!({ "completed": true }));
    house.edit_child(ghl, EditKind::Note, &people[4], note, &json!({ "body": "Una nota cambiada" }));
    let (note, task) = &texts[5];
    house.remove_child(ghl, EditKind::Note, &people[5], note);
    house.remove_child(cliengo, EditKind::Task, &people[5], task);
    house.remove(ghl, &people[6]);
    house.remove(cliengo, &people[7]);
    house.remove(ghl, &people[8]);
    house.change(cliengo, &people[8], &json!({ "name": "Vuelve Siempre" }));
    house.change(cliengo, &people[9], &json!({ "phone": "5491155558888@c.us" }));
    house.change(ghl, &people[9], &json!({ "phone": "+5491155559999" }));
    let (note, task) = &texts[10];
    house.edit_child(ghl, EditKind::Note, &people[10], note, &json!({ "body": "Otra vez cambiada" }));
    house.edit_child(cliengo, EditKind::Task, &people[10], task, &json!({ "title": "Otro título" }));
    house
}

fn newcomer(house: &House, side: Side, name: &str) {
    let first = if side == Side::Ghl { "firstName" } else { "name" };
    let made = house.contact(side, &json!({ first: name, "email": format!("{name}@example.com") }));
    let there = Person { cliengo: made.clone(), ghl: made };
    house.note(side, &there, &format!("Nota de {name}"));
    house.task(side, &there, &format!("Tarea de {name}"));
    house.tag(side, EditOp::Create, &there, "nueva");
}

/// What both sides tell in the end, and after how many further nights.
async fn rest(house: &House) -> [Vec<String>; 2] {
    for _ in 0..3 {
        house.night().await;
    }
    house.quiet_night().await;
    let told = outlines(house);
    assert_eq!(told[0], told[1], "both sides tell the same");
    told
}

/// Swept in shares, so that they run side by side; each on accounts of its own.
async fn sweep(share: u64, of: u64) {
    sweep_all(async || busy_day(ACCOUNTS[usize::try_from(share).unwrap()]).await, share, of, 30).await;
}

#[expect(clippy::print_stderr, reason = "how much was swept is read with --nocapture")]
async fn sweep_all(day: impl AsyncFn() -> House, share: u64, of: u64, least: usize) {
    let house = day().await;
    let fate = Fate::never();
    house.mortal_night(&fate).await.unwrap();
    let (moments, writes) = (fate.moments(), house.writes().len());
    assert!(writes >= least, "{writes} writes");
    let undisturbed = rest(&house).await;
    let mut swept = 0;
    for moment in (share..moments).step_by(every(usize::try_from(of).unwrap())) {
        let house = day().await;
        let fate = Fate::at(moment);
        let died = house.mortal_night(&fate).await;
        let seen = died.as_ref().map_or(true, |finished| finished.failure().is_some());
        assert!(seen || moment + 1 == moments, "moment {moment}: nobody noticed");
        assert!(!matches!(died, Err(RunError::Lock(_))), "{died:?}");
        the_journal_knows_all_that_was_sent(&house, moment);
        assert_eq!(rest(&house).await, undisturbed, "died at moment {moment} of {moments}");
        swept += 1;
    }
    eprintln!("swept {swept} of {moments} moments, {writes} writes in the run");
}

/// I36: whatever reached a CRM has an intent. I39: a create whose intent has ended is linked, in the same transaction.
fn the_journal_knows_all_that_was_sent(house: &House, moment: u64) {
    let state = rusqlite::Connection::open(house.state_path()).unwrap();
    let count = |what: &str| {
        let sql = format!("SELECT count(*) FROM intent WHERE {what}");
        state.query_row(&sql, (), |row| row.get::<_, i64>(0)).unwrap().unsigned_abs()
    };
    let written = count("run = (SELECT max(id) FROM run)");
    let sent = house.writes().len() as u64;
    assert!(sent <= written, "died at moment {moment}: {sent} requests, {written} intents");
    let unlinked = count(
        "action = 'create' AND state = 'applied' AND NOT EXISTS
           (SELECT 1 FROM link WHERE link.kind = intent.kind AND intent.remote_id IN (cliengo_id, ghl_id))",
    );
    assert_eq!(unlinked, 0, "died at moment {moment}");
}

/// People on one side and on both, who do not know each other yet.
async fn first_day(account: u64) -> House {
    let mut house = House::build(&Plot::drawn(account).with_settings(GUARDS)).await;
    house.abreast = 1;
    for number in 1..=2 {
        let person = house.person(number);
        house.note(Side::Ghl, &person, "Una nota de siempre");
        house.note(Side::Cliengo, &person, "Una nota de siempre");
        house.task(Side::Cliengo, &person, "Una tarea de siempre");
    }
    newcomer(&house, Side::Cliengo, "lara");
    newcomer(&house, Side::Ghl, "mora");
    house
}

// Watches: I36, I39.
#[tokio::test]
async fn a_first_sync_that_dies_at_any_moment_is_finished_and_doubles_nobody() {
    sweep_all(async || first_day(ACCOUNTS[0]).await, 0, 1, 8).await;
}

// Watches: I41.
#[tokio::test]
async fn whoever_dies_at_any_moment_is_followed_by_one_who_finishes_1() {
    sweep(0, 4).await;
}

#[tokio::test]
async fn whoever_dies_at_any_moment_is_followed_by_one_who_finishes_2() {
    sweep(1, 4).await;
}

#[tokio::test]
async fn whoever_dies_at_any_moment_is_followed_by_one_who_finishes_3() {
    sweep(2, 4).await;
}

#[tokio::test]
async fn whoever_dies_at_any_moment_is_followed_by_one_who_finishes_4() {
    sweep(3, 4).await;
}
