//! What happened on one side is told once on the other, as a note: appointments, days of talk, where a lead came from.

use std::sync::{Arc, Mutex};

use concord::reconcile::{HeldReason, Mode};
use concord::record::Side;
use concord::sandbox::account::ghl::NoteStored;
use concord::sandbox::{EditKind, Profile};
use serde_json::{Value, json};

use crate::house::{DAY, House, Person, Plot, held, shown};
use crate::mortal::{Fate, every};
use crate::proxy;

const TALK: &str = "[pair.house.timeline]\nappointments = true\nconversations = true\n";
const LEAD: &str = "[pair.house.timeline]\nattribution = true\n";

/// What a CRM answers to a path that ends so, until it is changed.
#[derive(Clone, Default)]
struct Stage(Arc<Mutex<Value>>);

impl Stage {
    fn set(&self, value: Value) {
        *self.0.lock().unwrap() = value;
    }

    async fn before(&self, base: &str, ending: &'static str, key: &'static str) -> String {
        let told = Arc::clone(&self.0);
        let rewrite: proxy::Rewrite = Arc::new(move |line, mut answer| {
            if line.ends_with(ending) {
                let told = told.lock().unwrap().clone();
                if !told.is_null() {
                    answer[key] = told;
                }
            }
            Ok(answer)
        });
        proxy::before(base, rewrite).await
    }
}

/// A house with one linked person, whose appointments and messages a test tells.
async fn house(plot: &Plot) -> (House, Person, Stage, Stage) {
    let mut house = House::build(&plot.clone().with_settings(TALK)).await;
    let (appointments, messages) = (Stage::default(), Stage::default());
    house.urls.ghl = appointments.before(&house.urls.ghl, "/appointments", "events").await;
    // The key goes with every request to Cliengo.
    house.urls.cliengo = messages.before_messages(&house.urls.cliengo).await;
    let person = house.person(1);
    house.good_night().await;
    (house, person, appointments, messages)
}

impl Stage {
    async fn before_messages(&self, base: &str) -> String {
        let told = Arc::clone(&self.0);
        let rewrite: proxy::Rewrite = Arc::new(move |line, mut answer| {
            if line.contains("/messages") {
                let told = told.lock().unwrap().clone();
                if !told.is_null() {
                    answer["results"] = told;
                }
            }
            Ok(answer)
        });
        proxy::before(base, rewrite).await
    }
}

#[tokio::test]
async fn an_appointment_is_one_note_that_follows_it_and_says_that_it_was_cancelled() {
    let (house, person, appointments, _) = house(&Plot::extended()).await;
    let told = |status: &str, at: &str| json!([{ "id": "ap1", "title": "Visita", "startTime": at, "appointmentStatus": status }]);
    appointments.set(told("confirmed", "2026-12-01T15:00:00Z"));
    let notes = |house: &House| house.children(Side::Cliengo, "notes", &person.cliengo);
    assert_eq!(shown(&house.good_night().await), ["cliengo note create"]);
    let first = notes(&house);
    assert!(first.len() == 1 && first[0].starts_with("Appointment: Visita"), "{first:?}");
    for _ in 0..3 {
        house.quiet_night().await;
    }
    assert_eq!(house.children(Side::Ghl, "notes", &person.ghl), [""; 0], "it is never carried back");
    appointments.set(told("confirmed", "2026-12-02T15:00:00Z"));
    assert_eq!(shown(&house.good_night().await), ["cliengo note update"]);
    appointments.set(told("cancelled", "2026-12-02T15:00:00Z"));
    house.good_night().await;
    let last = notes(&house);
    assert!(last.len() == 1 && last[0].starts_with("Appointment CANCELLED: Visita"), "{last:?}");
    house.quiet_night().await;
}

#[tokio::test]
async fn where_notes_cannot_be_changed_a_changed_appointment_is_told_in_a_further_one() {
    let (house, person, appointments, _) = house(&Plot::legacy()).await;
    appointments.set(json!([{ "id": "ap1", "title": "Visita", "appointmentStatus": "confirmed" }]));
    house.good_night().await;
    appointments.set(json!([{ "id": "ap1", "title": "Visita", "appointmentStatus": "cancelled" }]));
    house.good_night().await;
    let notes = house.children(Side::Cliengo, "notes", &person.cliengo);
    assert_eq!(notes.len(), 2, "{notes:?}");
    for _ in 0..3 {
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn each_day_of_talk_is_one_note_that_grows_with_it() {
    let (house, person, _, messages) = house(&Plot::extended()).await;
    let said = |at: &str, text: &str| json!({ "creationDate": at, "message": text });
    messages.set(json!([said("2026-11-20T15:00:00Z", "Hola"), said("2026-11-21T15:00:00Z", "Sigo acá")]));
    assert_eq!(shown(&house.good_night().await), ["ghl note create", "ghl note create"]);
    house.quiet_night().await;
    messages.set(json!([
        said("2026-11-20T15:00:00Z", "Hola"),
        said("2026-11-21T15:00:00Z", "Sigo acá"),
        said("2026-11-21T16:00:00Z", "¿Están?")
    ]));
    assert_eq!(shown(&house.good_night().await), ["ghl note update"]);
    let notes = house.children(Side::Ghl, "notes", &person.ghl);
    assert!(notes.len() == 2 && notes[1].contains("¿Están?"), "{notes:?}");
    assert_eq!(house.children(Side::Cliengo, "notes", &person.cliengo), [""; 0]);
    assert!(!house.sandbox.requests().iter().any(|asked| asked.path.contains("/messages") && asked.method != "GET"));
    house.quiet_night().await;
}

#[tokio::test]
async fn what_was_told_of_a_day_stays_though_the_list_shows_only_the_newest() {
    let (house, person, _, messages) = house(&Plot::extended()).await;
    let said =
        |minute: u32, text: &str| json!({ "creationDate": format!("2026-11-20T15:{minute}:00"), "message": text });
    messages.set(json!([said(10, "Hola"), said(11, "una\ndos  \n\ntres")]));
    house.good_night().await;
    messages.set(json!([said(12, "¿Están?"), said(11, "una\ndos  \n\ntres")]));
    assert_eq!(shown(&house.good_night().await), ["ghl note update"]);
    messages.set(json!([]));
    house.quiet_night().await;
    let notes = house.children(Side::Ghl, "notes", &person.ghl);
    let lines: Vec<&str> = notes[0].split("<br>").collect();
    assert_eq!(notes.len(), 1, "{notes:?}");
    for (text, count) in [("Hola", 1), ("dos", 1), ("tres", 1), ("¿Están?", 1)] {
        assert_eq!(notes[0].matches(text).count(), count, "{lines:?}");
    }
}

#[tokio::test]
async fn messages_that_come_in_pages_are_all_told() {
    let mut house = House::build(&Plot::extended().with_settings(TALK)).await;
    let rewrite: proxy::Rewrite = Arc::new(|line, mut answer| {
        if line.contains("/messages") {
            let from: usize = line
                .split("offset=")
                .nth(1)
                .map_or(0, |rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap());
            let said =
                |at| json!({ "creationDate": format!("2026-11-20T15:{at:02}:00Z"), "message": format!("m{at}.") });
            let page: Vec<Value> = (from..5).take(2).map(said).collect();
            answer = json!({ "results": page, "paging": { "total": 5 } });
        }
        Ok(answer)
    });
    house.urls.cliengo = proxy::before(&house.urls.cliengo, rewrite).await;
    let person = house.person(1);
    house.good_night().await;
    house.good_night().await;
    let notes = house.children(Side::Ghl, "notes", &person.ghl);
    assert!((0..5).all(|at| notes[0].contains(&format!("m{at}."))), "{notes:?}");
    house.quiet_night().await;
}

#[tokio::test]
async fn messages_without_a_total_are_asked_for_until_a_page_is_short_or_shows_nothing_new() {
    for (said, knows_offset, requests) in [(47, true, 3), (40, true, 3), (20, false, 2), (7, true, 1)] {
        let mut house = House::build(&Plot::extended().with_settings(TALK)).await;
        let asked = Arc::new(Mutex::new(0));
        let count = Arc::clone(&asked);
        let rewrite: proxy::Rewrite = Arc::new(move |line, mut answer| {
            if line.contains("/messages") {
                *count.lock().unwrap() += 1;
                let from = line.split("offset=").nth(1).filter(|_| knows_offset);
                let from: usize = from.map_or(0, |rest| {
                    rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap()
                });
                let one =
                    |at| json!({ "creationDate": format!("2026-11-20T15:{at:02}:00Z"), "message": format!("m{at}.") });
                let page: Vec<Value> = (from..said).take(20).map(one).collect();
                answer = json!({ "results": page });
            }
            Ok(answer)
        });
        house.urls.cliengo = proxy::before(&house.urls.cliengo, rewrite).await;
        let person = house.person(1);
        house.good_night().await;
        *asked.lock().unwrap() = 0;
        house.good_night().await;
        assert_eq!(*asked.lock().unwrap(), requests, "{said} messages");
        let notes = house.children(Side::Ghl, "notes", &person.ghl);
        assert!((0..said).all(|at| notes[0].contains(&format!("m{at}."))), "{said} messages: {notes:?}");
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn a_run_of_some_people_tells_of_them_what_a_run_of_everybody_would() {
    let (mut house, person, appointments, messages) = house(&Plot::extended()).await;
    house.good_night().await;
    appointments.set(json!([{ "id": "ap1", "title": "Visita", "startTime": "2026-12-01T15:00:00Z" }]));
    messages.set(json!([{ "creationDate": "2026-11-20T15:00:00Z", "message": "Hola" }]));
    house.only = vec![person.ghl.clone()];
    let planned = house.dry_run().await;
    let done = house.good_night().await;
    let both = ["cliengo note create", "ghl note create"];
    assert_eq!((shown(&planned), shown(&done)), (both.map(str::to_owned).to_vec(), both.map(str::to_owned).to_vec()));
    house.quiet_night().await;
    house.only.clear();
    house.quiet_night().await;
}

#[tokio::test]
async fn an_appointment_that_is_moved_back_is_told_again_where_notes_cannot_be_changed() {
    let (house, person, appointments, _) = house(&Plot::legacy()).await;
    for (day, count) in [("05", 1), ("06", 2), ("05", 3)] {
        let one = json!({ "id": "ap1", "title": "Visita", "startTime": format!("2026-12-{day}T15:00:00Z") });
        // A row that stands twice is one appointment.
        appointments.set(json!([one.clone(), one]));
        house.clock.advance(DAY);
        house.good_night().await;
        let notes = house.children(Side::Cliengo, "notes", &person.cliengo);
        assert_eq!(notes.len(), count, "{notes:?}");
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn what_a_crm_makes_of_a_told_note_is_no_edit_and_is_never_carried_back() {
    for stored in [NoteStored::Cut, NoteStored::Escaped] {
        let mut plot = Plot::extended();
        plot.account.ghl.note_stored = stored;
        let (house, person, _, messages) = house(&plot).await;
        let said =
            |minute: u32, text: &str| json!({ "creationDate": format!("2026-11-20T15:{minute}:00Z"), "message": text });
        let long = "si a < b & c > d, 🌸 ".repeat(if stored == NoteStored::Cut { 300 } else { 2 });
        messages.set(json!([said(10, "Hola"), said(11, &long)]));
        house.good_night().await;
        house.quiet_night().await;
        messages.set(json!([said(10, "Hola"), said(11, &long), said(12, "¿Están?")]));
        let night = house.good_night().await;
        assert_eq!(shown(&night).len(), usize::from(stored == NoteStored::Escaped), "{stored:?}: {:?}", shown(&night));
        house.quiet_night().await;
        assert_eq!(house.children(Side::Cliengo, "notes", &person.cliengo), [""; 0], "{stored:?}");
        assert_eq!(house.children(Side::Ghl, "notes", &person.ghl).len(), 1, "{stored:?}");
    }
}

/// What a person makes of a told note: words before it, within it, and behind it.
const EDITS: [fn(&str) -> String; 3] = [
    |text| format!("LLAMAR EL LUNES. {text}"),
    |text| text.replacen(" [", " LLAMAR EL LUNES [", 1),
    |text| format!("{text}\nLLAMAR EL LUNES"),
];

async fn edit_told(house: &House, person: &Person, edit: fn(&str) -> String) {
    let note = house.only(Side::Cliengo, "notes");
    let text = house.children(Side::Cliengo, "notes", &person.cliengo).remove(0);
    let set = json!({ "message": edit(&text), "body": edit(&text) });
    house.edit_child(Side::Cliengo, EditKind::Note, person, &note, &set);
    house.quiet_night().await;
}

async fn is_kept_when_the_contact_goes(house: &House, person: &Person) {
    house.remove(Side::Ghl, person);
    for _ in 0..3 {
        let night = house.night().await;
        let notes = house.children(Side::Cliengo, "notes", &person.cliengo);
        assert_eq!((house.writes(), held(&night)), (vec![], vec![HeldReason::DirtyChild]), "{notes:?}");
    }
    let notes = house.children(Side::Cliengo, "notes", &person.cliengo);
    assert!(notes.iter().any(|note| note.contains("LLAMAR EL LUNES")), "{notes:?}");
}

const PROPAGATE: &str = "[pair.house.contacts]\non_delete = \"propagate\"\n";

#[tokio::test]
async fn what_a_person_wrote_into_a_told_note_stays_whatever_becomes_of_the_contact() {
    for (edit, changes) in EDITS.into_iter().flat_map(|edit| [(edit, false), (edit, true)]) {
        let (mut house, person, appointments, _) = house(&Plot::extended().with_settings(PROPAGATE)).await;
        let visit = |status: &str| json!([{ "id": "ap1", "title": "Visita", "appointmentStatus": status }]);
        appointments.set(visit("confirmed"));
        house.good_night().await;
        edit_told(&house, &person, edit).await;
        if changes {
            // What is told later is told beside it.
            appointments.set(visit("cancelled"));
            house.good_night().await;
            let notes = house.children(Side::Cliengo, "notes", &person.cliengo);
            assert!(notes.len() == 2 && notes.iter().any(|note| note.contains("CANCELLED")), "{notes:?}");
        } else {
            house.mode = Mode::Rebuild;
            house.night().await;
            house.mode = Mode::Incremental;
            for _ in 0..2 {
                house.night().await;
                assert_eq!(house.writes(), [], "a person's words are not written over");
            }
        }
        house.quiet_night().await;
        is_kept_when_the_contact_goes(&house, &person).await;
    }
}

#[tokio::test]
async fn what_a_person_wrote_into_a_note_that_tells_of_a_task_stays_too() {
    let settings = format!("{PROPAGATE}[pair.house.cliengo]\ntasks = \"notes\"\n");
    for (edit, changes) in EDITS.into_iter().flat_map(|edit| [(edit, false), (edit, true)]) {
        let house = House::build(&Plot::extended().with_settings(&settings)).await;
        let person = house.person(1);
        let task = house.task(Side::Ghl, &person, "Llamar");
        house.good_night().await;
        edit_told(&house, &person, edit).await;
        if changes {
            house.edit_child(Side::Ghl, EditKind::Task, &person, &task, &json!({ "title": "Visitar" }));
            house.night().await;
        }
        is_kept_when_the_contact_goes(&house, &person).await;
    }
}

#[tokio::test]
async fn a_contact_of_which_told_notes_are_followed_by_others_is_deleted_with_them() {
    let settings = format!(
        "{PROPAGATE}[pair.house.cliengo]\ntasks = \"notes\"\n[pair.house.cliengo.capabilities]\nnote_update = false\n"
    );
    let (house, person, appointments, _) = house(&Plot::extended().with_settings(&settings)).await;
    house.person(2);
    house.person(3);
    let task = house.task(Side::Ghl, &person, "Llamar");
    for day in ["05", "06", "05"] {
        appointments.set(json!([{ "id": "ap1", "title": "Visita", "startTime": format!("2026-12-{day}T15:00:00Z") }]));
        house.clock.advance(DAY);
        house.night().await;
        house.edit_child(Side::Ghl, EditKind::Task, &person, &task, &json!({ "title": format!("Llamar el {day}") }));
        house.night().await;
    }
    assert_eq!(house.children(Side::Cliengo, "notes", &person.cliengo).len(), 4);
    house.remove(Side::Ghl, &person);
    for _ in 0..3 {
        house.night().await;
    }
    assert_eq!(house.rows(Side::Cliengo, "contacts").len(), 2);
}

#[tokio::test]
async fn a_contact_with_told_notes_that_nobody_touched_is_deleted_with_them() {
    let (house, person, appointments, _) = house(&Plot::extended().with_settings(PROPAGATE)).await;
    house.person(2);
    house.person(3);
    appointments.set(json!([{ "id": "ap1", "title": "Visita", "appointmentStatus": "confirmed" }]));
    house.night().await;
    house.remove(Side::Ghl, &person);
    for _ in 0..3 {
        house.night().await;
    }
    assert_eq!(house.rows(Side::Cliengo, "contacts").len(), 2);
}

#[tokio::test]
async fn a_lost_answer_tells_an_appointment_once() {
    let (house, person, appointments, _) = house(&Plot::extended()).await;
    appointments.set(json!([{ "id": "ap1", "title": "Visita", "appointmentStatus": "confirmed" }]));
    house.sandbox.set_faults("reset-after-write@cliengo:POST:/notes".parse().unwrap());
    for _ in 0..3 {
        house.night().await;
    }
    assert_eq!(house.children(Side::Cliengo, "notes", &person.cliengo).len(), 1);
    house.quiet_night().await;
}

#[tokio::test]
async fn a_run_that_dies_at_any_moment_tells_each_appointment_and_each_change_of_it_once() {
    for plot in [Plot::extended(), Plot::legacy()] {
        let moments = {
            let (house, _, appointments, _) = house(&plot).await;
            appointments.set(json!([{ "id": "ap1", "title": "Visita", "appointmentStatus": "confirmed" }]));
            let fate = Fate::never();
            house.mortal_night(&fate).await.unwrap();
            fate.moments()
        };
        for last in (0..moments).step_by(every(1)) {
            let (house, person, appointments, _) = house(&plot).await;
            let told = async |status: &str| {
                appointments.set(json!([{ "id": "ap1", "title": "Visita", "appointmentStatus": status }]));
                // What dies there is no error of the test's.
                let _ = house.mortal_night(&Fate::at(last)).await;
                // The first of them looks for what was on its way.
                for _ in 0..2 {
                    house.night().await;
                }
                house.quiet_night().await;
                house.children(Side::Cliengo, "notes", &person.cliengo).len()
            };
            assert_eq!(told("confirmed").await, 1, "died at {last} of {moments}");
            // Where notes cannot be changed, a change is told in a further one.
            let further = usize::from(matches!(plot.profile, Profile::Legacy));
            assert_eq!(told("cancelled").await, 1 + further, "died at {last} of {moments}");
        }
    }
}

#[tokio::test]
async fn where_a_lead_came_from_is_told_once_and_never_carried_back() {
    let house = House::build(&Plot::extended().with_settings(LEAD)).await;
    let set = json!({ "name": "Ana", "email": "ana@example.com", "message": "Quiero un presupuesto" });
    house.contact(Side::Cliengo, &set);
    house.good_night().await;
    house.good_night().await;
    let notes = house.rows(Side::Ghl, "notes");
    let lead: Vec<&Value> =
        notes.iter().filter(|note| note["body"].as_str().unwrap().contains("Lead from Cliengo")).collect();
    assert_eq!(lead.len(), 1, "{notes:#?}");
    assert!(lead[0]["body"].as_str().unwrap().contains("Quiero un presupuesto"));
    for _ in 0..3 {
        house.quiet_night().await;
    }
    assert_eq!(house.rows(Side::Cliengo, "notes").len(), 0);
}
