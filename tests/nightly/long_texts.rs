//! A text that is too long for one side: cut there with a word where the rest stands, and never written over the whole.

use concord::reconcile::{HeldReason, Mode, Winner};
use concord::record::Side;
use concord::run::Consent;
use concord::sandbox::EditKind;
use concord::sandbox::account::ghl::NoteStored;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::house::{House, Person, Plot, held, said, shown};

const LIMIT: &str = "[pair.house.cliengo]\nlongest_text = 200\n";
const REST: &str = "… [the rest stands in GHL]";

fn long(words: &str) -> String {
    words.repeat(40)
}

/// A person with a note of 1,000 letters in GHL that was carried over.
async fn noted() -> (House, Person, String) {
    let house = House::build(&Plot::extended().with_settings(LIMIT)).await;
    let person = house.person(1);
    let note = house.note(Side::Ghl, &person, &long("Quiere un patio al norte. "));
    house.good_night().await;
    (house, person, note)
}

fn texts(house: &House, person: &Person) -> [Vec<String>; 2] {
    [Side::Cliengo, Side::Ghl].map(|side| house.children(side, "notes", person.on(side)))
}

#[tokio::test]
async fn a_text_that_is_too_long_is_cut_with_a_word_where_the_rest_stands() {
    let (mut house, person, note) = noted().await;
    let [cliengo, ghl] = texts(&house, &person);
    assert!(cliengo[0].ends_with(REST) && cliengo[0].chars().count() <= 200, "{cliengo:?}");
    assert!(ghl[0].chars().count() > 1_000);
    for _ in 0..3 {
        house.quiet_night().await;
    }
    house.mode = Mode::Full;
    house.quiet_night().await;
    house.mode = Mode::Incremental;
    let further = format!("{}Y una pileta.", long("Quiere un patio al norte. "));
    house.edit_child(Side::Ghl, EditKind::Note, &person, &note, &json!({ "body": further }));
    assert_eq!(shown(&house.night().await), [""; 0], "beyond what Cliengo holds nothing changed");
    house.edit_child(Side::Ghl, EditKind::Note, &person, &note, &json!({ "body": long("Ya no quiere patio. ") }));
    assert_eq!(shown(&house.night().await), ["cliengo note update"]);
    let [cliengo, _] = texts(&house, &person);
    assert!(cliengo[0].starts_with("Ya no quiere patio.") && cliengo[0].ends_with(REST), "{cliengo:?}");
    house.quiet_night().await;
    house.edit_child(Side::Ghl, EditKind::Note, &person, &note, &json!({ "body": "Compró." }));
    house.good_night().await;
    assert_eq!(texts(&house, &person), [vec!["Compró.".to_owned()], vec!["Compró.".to_owned()]]);
    house.quiet_night().await;
}

#[tokio::test]
async fn an_edit_of_the_whole_is_no_conflict_with_what_was_cut() {
    let (house, person, note) = noted().await;
    for text in [long("Ya no quiere patio. "), "Compró.".to_owned()] {
        house.edit_child(Side::Ghl, EditKind::Note, &person, &note, &json!({ "body": text }));
        let night = house.good_night().await;
        assert_eq!((shown(&night), night.plan.conflicts.len()), (vec!["cliengo note update".to_owned()], 0), "{text}");
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn an_edit_of_what_was_cut_waits_and_the_whole_stays() {
    let (house, person, note) = noted().await;
    let theirs = house.only(Side::Cliengo, "notes");
    let whole = texts(&house, &person)[1].clone();
    for edit in ["Llamar mañana", &format!("Llamar mañana {REST}")] {
        house.edit_child(Side::Cliengo, EditKind::Note, &person, &theirs, &json!({ "message": edit }));
        let night = house.night().await;
        assert_eq!((shown(&night).len(), held(&night)), (0, vec![HeldReason::CutText]), "{edit}");
        assert!(night.needs_a_person());
        assert_eq!(texts(&house, &person)[1], whole);
    }
    house.edit_child(Side::Ghl, EditKind::Note, &person, &note, &json!({ "body": long("Ya no quiere patio. ") }));
    house.night().await;
    let [cliengo, _] = texts(&house, &person);
    assert!(cliengo[0].starts_with("Ya no quiere patio."), "the whole goes over: {cliengo:?}");
    house.quiet_night().await;
}

#[tokio::test]
async fn a_lost_state_finds_the_whole_by_its_beginning() {
    let (mut house, person, _) = noted().await;
    house.mode = Mode::Rebuild;
    let planned = house.dry_run().await;
    let consent = Consent { approve: Some(planned.plan.id()), ..Consent::default() };
    assert!(!house.try_night(&consent, CancellationToken::new()).await.unwrap().is_refused());
    assert_eq!(house.writes(), []);
    house.mode = Mode::Incremental;
    let [cliengo, ghl] = texts(&house, &person);
    assert_eq!((cliengo.len(), ghl.len()), (1, 1), "{cliengo:?} {ghl:?}");
    house.quiet_night().await;
}

#[tokio::test]
async fn what_a_crm_cut_by_itself_is_not_written_over_the_whole() {
    let mut plot = Plot::extended();
    plot.account.ghl.note_stored = NoteStored::Cut;
    let house = House::build(&plot).await;
    let person = house.person(1);
    let note = "Una historia muy larga. ".repeat(300);
    house.note(Side::Cliengo, &person, note.trim());
    house.good_night().await;
    assert_eq!(texts(&house, &person)[1][0].chars().count(), 5_000);
    house.quiet_night().await;
    let theirs = house.only(Side::Ghl, "notes");
    house.edit_child(Side::Ghl, EditKind::Note, &person, &theirs, &json!({ "body": "Otra historia, corta" }));
    let night = house.night().await;
    assert_eq!((shown(&night).len(), held(&night)), (0, vec![HeldReason::CutText]));
    assert_eq!(texts(&house, &person)[0], [note.trim()]);
}

#[tokio::test]
async fn a_tasks_text_is_cut_too_and_ghl_counts_what_it_is_sent() {
    let settings = "[pair.house.ghl]\nlongest_text = 150\n";
    let house = House::build(&Plot::extended().with_settings(settings)).await;
    let person = house.person(1);
    let set = json!({ "title": "Llamar", "dueDate": "2026-12-24T15:00:00.000Z", "description": long("<a & b> ") });
    let task = concord::sandbox::Edit {
        side: Side::Cliengo,
        op: concord::sandbox::EditOp::Create,
        kind: EditKind::Task,
        contact: Some(person.cliengo.clone()),
        id: None,
        set: set.as_object().cloned().unwrap(),
    };
    house.sandbox.world().edit(&task).unwrap();
    house.good_night().await;
    let body = house.rows(Side::Ghl, "tasks")[0]["body"].as_str().unwrap().to_owned();
    assert!(body.chars().count() <= 150 && body.contains("[the rest stands in Cliengo]"), "{body}");
    for _ in 0..3 {
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn where_both_were_edited_the_whole_goes_over_whoever_wins_and_what_it_replaces_is_named() {
    for winner in Side::BOTH {
        let settings = format!("{LIMIT}[pair.house.notes]\nconflict = \"{winner}\"\n");
        let house = House::build(&Plot::extended().with_settings(&settings)).await;
        let person = house.person(1);
        let note = house.note(Side::Ghl, &person, &long("Quiere un patio al norte. "));
        house.good_night().await;
        let (theirs, whole) = (house.only(Side::Cliengo, "notes"), long("Ya no quiere patio. "));
        house.edit_child(Side::Cliengo, EditKind::Note, &person, &theirs, &json!({ "message": "Llamar mañana" }));
        house.edit_child(Side::Ghl, EditKind::Note, &person, &note, &json!({ "body": whole }));
        let night = house.good_night().await;
        let named: Vec<_> = night.plan.conflicts.iter().map(|one| (one.winner, one.cliengo.clone())).collect();
        assert_eq!(named, [(Winner::Ghl, json!("Llamar mañana"))], "{winner}");
        let [cliengo, ghl] = texts(&house, &person);
        assert!(cliengo[0].starts_with("Ya no quiere patio.") && ghl == [whole.trim()], "{winner}: {cliengo:?}");
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn what_changes_beyond_what_ghl_kept_of_a_text_is_sent_no_more() {
    let mut plot = Plot::extended();
    plot.account.ghl.note_stored = NoteStored::Cut;
    let house = House::build(&plot).await;
    let person = house.person(1);
    let text = long(
        "Una historia muy larga, de ciento y pico de letras, que no termina nunca, y que Cliengo guarda entera, con todo. ",
    );
    let note = house.note(Side::Cliengo, &person, &text.repeat(2));
    house.good_night().await;
    house.quiet_night().await;
    let further = json!({ "message": format!("{} Fin.", text.repeat(2)) });
    house.edit_child(Side::Cliengo, EditKind::Note, &person, &note, &further);
    for _ in 0..2 {
        assert_eq!(said(&house.quiet_night().await), [""; 0]);
    }
}
