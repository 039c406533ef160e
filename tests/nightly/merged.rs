//! Contacts that somebody merges into another one in GHL. (`semantics` 10)

use concord::reconcile::{HeldReason, Mode};
use concord::record::{Action, Kind, Role, Side, SideId};
use concord::sandbox::account::ghl::{MergedChildren, MergedContact};
use concord::sandbox::{EditKind, EditOp};
use concord::state::{LinkRow, State};
use serde_json::json;

use crate::house::{House, Person, Plot, count, held, said, shown};
use crate::waiting_commands::{linked, somebody};

pub(crate) type Form = (MergedChildren, MergedContact);

/// How GHL may merge: tasks and notes move with their ids or get new ones; the id of the contact is gone or shows the other.
pub(crate) const FORMS: [Form; 4] = [
    (MergedChildren::KeepIds, MergedContact::Gone),
    (MergedChildren::NewIds, MergedContact::Gone),
    (MergedChildren::KeepIds, MergedContact::ShowsSurvivor),
    (MergedChildren::NewIds, MergedContact::ShowsSurvivor),
];
pub(crate) const PROPAGATE: &str = "[pair.house.contacts]\non_delete = \"propagate\"\n";
pub(crate) const PRIMARY: &str = "[pair.house.contacts]\non_delete = \"propagate\"\nduplicates = \"primary\"\n";

/// Twelve linked people; the first with a note and a task.
pub(crate) async fn street((children, contact): Form, settings: &str) -> (House, Vec<Person>) {
    let mut plot = Plot::extended().with_settings(settings);
    (plot.account.ghl.merged_children, plot.account.ghl.merged_contact) = (children, contact);
    let house = House::build(&plot).await;
    let people: Vec<Person> = (1..=12).map(|number| house.person(number)).collect();
    for side in Side::BOTH {
        house.note(side, &people[0], "Pidió precio");
        house.task(side, &people[0], "Enviar presupuesto");
    }
    house.good_night().await;
    house.quiet_night().await;
    (house, people)
}

/// Somebody of that name whom GHL alone has, since today.
pub(crate) fn newcomer(house: &House, last_name: &str) -> String {
    let set = json!({ "firstName": "Persona", "lastName": last_name, "email": "otra@example.com" });
    house.contact(Side::Ghl, &set)
}

/// A person merges `lost` into `survivor`.
pub(crate) fn merge(house: &House, survivor: &str, lost: &str) {
    house.edit(Side::Ghl, EditOp::Merge, EditKind::Contact, Some(survivor), None, &json!({ "merged": lost }));
}

pub(crate) fn link(house: &House, side: Side, id: &str) -> LinkRow {
    let state = State::open_read_only(&house.state_path()).unwrap().unwrap();
    state.link_of(Kind::Contact, &SideId::new(side, id)).unwrap().unwrap()
}

/// How many contacts, tasks and notes there are.
fn counts(house: &House) -> Vec<usize> {
    let kinds = ["contacts", "tasks", "notes"];
    Side::BOTH.iter().flat_map(|side| kinds.map(|kinds| house.rows(*side, kinds).len())).collect()
}

async fn three_quiet_nights(house: &House, reasons: &[HeldReason]) {
    for _ in 0..3 {
        assert_eq!(held(&house.quiet_night().await), reasons);
    }
}

#[tokio::test]
async fn the_link_goes_along_into_a_contact_without_one_in_each_of_the_four_forms() {
    for form in FORMS {
        let (house, people) = street(form, PROPAGATE).await;
        let survivor = newcomer(&house, "Prueba1");
        merge(&house, &survivor, &people[0].ghl);
        let there = counts(&house);
        let finished = house.good_night().await;
        assert_eq!((shown(&finished), house.sent()), (vec!["cliengo contact link".to_owned()], vec![]), "{form:?}");
        assert_eq!(held(&finished), [], "{form:?}");
        three_quiet_nights(&house, &[]).await;
        assert_eq!(counts(&house), there, "{form:?}");
        assert_eq!(link(&house, Side::Cliengo, &people[0].cliengo).ids.of(Side::Ghl), Some(survivor.as_str()));
        // Both go on together, and what hangs under them too.
        let now = Person { ghl: survivor, ..people[0].clone() };
        for side in Side::BOTH {
            let note = house.only(side, "notes");
            house.edit_child(side, EditKind::Note, &now, &note, &json!({ "body": format!("Editada en {side}") }));
            house.good_night().await;
            let text = [format!("Editada en {side}")];
            assert_eq!(Side::BOTH.map(|side| house.children(side, "notes", now.on(side))), [text.clone(), text]);
        }
        house.remove_child(Side::Ghl, EditKind::Task, &now, &house.only(Side::Ghl, "tasks"));
        house.quiet_night().await;
        house.good_night().await;
        assert_eq!(counts(&house), [12, 0, 1, 12, 0, 1], "{form:?}");
    }
}

#[tokio::test]
async fn a_phone_that_the_survivor_of_a_merge_has_among_its_further_ones_agrees_also_in_a_full_sync() {
    let (mut house, people) = street(FORMS[0], PROPAGATE).await;
    let set = json!({ "firstName": "Persona", "lastName": "Prueba1", "email": "otra@example.com" });
    let survivor = house.contact(Side::Ghl, &set);
    merge(&house, &survivor, &people[0].ghl);
    house.change(
        Side::Ghl,
        &Person { ghl: survivor, ..people[0].clone() },
        &json!({ "phone": null, "additionalPhones": ["+5491140000001"] }),
    );
    house.good_night().await;
    house.mode = Mode::Full;
    let finished = house.night().await;
    assert_eq!((said(&finished), shown(&finished)), (vec![], vec![]));
}

#[tokio::test]
async fn a_contact_that_was_merged_into_a_linked_one_waits_and_nothing_is_doubled() {
    for form in FORMS {
        let (house, people) = street(form, PROPAGATE).await;
        merge(&house, &people[5].ghl, &people[0].ghl);
        let there = counts(&house);
        three_quiet_nights(&house, &[HeldReason::SuspectedMerge]).await;
        // Whatever becomes of a note meanwhile, it is the one that was there.
        let survivor = Person { ghl: people[5].ghl.clone(), ..people[0].clone() };
        let note = house.only(Side::Ghl, "notes");
        house.edit_child(Side::Ghl, EditKind::Note, &survivor, &note, &json!({ "body": "Pidió otro precio" }));
        three_quiet_nights(&house, &[HeldReason::SuspectedMerge]).await;
        assert_eq!(counts(&house), there, "{form:?}");
        assert_eq!(link(&house, Side::Cliengo, &people[0].cliengo).ids.of(Side::Ghl), Some(people[0].ghl.as_str()));
    }
}

#[tokio::test]
async fn a_contact_that_was_merged_into_a_linked_one_becomes_a_further_one_where_the_policy_says_so() {
    for form in FORMS {
        let (house, people) = street(form, PRIMARY).await;
        merge(&house, &people[5].ghl, &people[0].ghl);
        let there = counts(&house);
        let finished = house.good_night().await;
        assert_eq!((shown(&finished), house.sent()), (vec!["cliengo contact link".to_owned()], vec![]), "{form:?}");
        three_quiet_nights(&house, &[]).await;
        assert_eq!(counts(&house), there, "{form:?}");
        let further = link(&house, Side::Cliengo, &people[0].cliengo);
        assert_eq!((further.role, further.ids.of(Side::Ghl)), (Role::Secondary, Some(people[5].ghl.as_str())));
        assert_eq!(link(&house, Side::Ghl, &people[5].ghl).ids.of(Side::Cliengo), Some(people[5].cliengo.as_str()));
    }
}

#[tokio::test]
async fn what_the_survivor_says_otherwise_is_said_once_and_written_over_nothing() {
    let settings = "[pair.house.contacts]\non_delete = \"propagate\"\nconflict = \"ghl\"\n";
    for direction in ["both", "to_ghl", "to_cliengo"] {
        let (house, people) = street(
            FORMS[1],
            &format!("{settings}direction = \"{direction}\"\n[pair.house.tasks]\n[pair.house.notes]\n"),
        )
        .await;
        let survivor = newcomer(&house, "Prueba de otra");
        let now = Person { ghl: survivor, ..people[0].clone() };
        house.change(Side::Cliengo, &now, &json!({ "name": "Persona Editada" }));
        merge(&house, &now.ghl, &people[0].ghl);
        let before = Side::BOTH.map(|side| house.row(side, &now));
        let finished = house.good_night().await;
        assert_eq!((house.sent(), held(&finished)), (vec![], vec![HeldReason::MergedOtherwise]), "{direction}");
        assert!(finished.needs_a_person());
        three_quiet_nights(&house, &[]).await;
        assert_eq!(Side::BOTH.map(|side| house.row(side, &now)), before);
        if direction == "both" {
            house.change(Side::Ghl, &now, &json!({ "lastName": "Decidida" }));
            house.good_night().await;
            assert_eq!(house.row(Side::Cliengo, &now)["name"], "Persona Decidida");
        }
    }
}

#[tokio::test]
async fn who_is_only_missing_from_the_list_was_not_merged() {
    let (house, people) = street(FORMS[0], PROPAGATE).await;
    let others: Vec<String> = (1..=12).filter(|at| *at != 6).map(|at| format!("persona{at}@example.com")).collect();
    house.change(Side::Ghl, &people[5], &json!({ "additionalEmails": others }));
    house.faults("short-listing@ghl:POST:/contacts/search*");
    for _ in 0..2 {
        let finished = house.quiet_night().await;
        assert!(!held(&finished).contains(&HeldReason::SuspectedMerge), "{:?}", finished.plan.held);
    }
    assert_eq!(link(&house, Side::Cliengo, &people[0].cliengo).ids.of(Side::Ghl), Some(people[0].ghl.as_str()));
}

#[tokio::test]
async fn a_phone_that_a_family_shares_is_no_merge() {
    for name in ["Berta", "Persona"] {
        let (house, people) = street(FORMS[1], PRIMARY).await;
        let survivor = newcomer(&house, "Prueba1");
        let set = json!({ "firstName": name, "lastName": if name == "Berta" { "Otra" } else { "Prueba1" } });
        let berta = Person { ghl: survivor, ..people[0].clone() };
        house.change(Side::Ghl, &berta, &set);
        house.change(Side::Ghl, &berta, &json!({ "email": "berta@example.com", "phone": "+5491140000001" }));
        house.note(Side::Ghl, &berta, "Pidió precio");
        house.task(Side::Ghl, &berta, "Enviar presupuesto");
        house.remove(Side::Ghl, &people[0]);
        let finished = house.night().await;
        let follows = count(&finished, Kind::Contact, Action::Link) > 0;
        assert_eq!(follows, name == "Persona", "{name}: {:?}", finished.plan.held);
        assert_eq!(held(&finished).contains(&HeldReason::SuspectedMerge), name == "Berta");
    }
}

#[tokio::test]
async fn tasks_and_notes_that_stand_elsewhere_or_nowhere_prove_no_merge() {
    for elsewhere in [true, false] {
        let (house, people) = street(FORMS[0], PRIMARY).await;
        house.remove(Side::Ghl, &people[0]);
        house.change(Side::Ghl, &people[5], &json!({ "additionalEmails": ["persona1@example.com"] }));
        if elsewhere {
            house.note(Side::Ghl, &people[6], "Pidió precio");
            house.task(Side::Ghl, &people[6], "Enviar presupuesto");
        }
        let finished = house.night().await;
        assert_eq!(held(&finished), [HeldReason::SuspectedMerge]);
        assert_eq!(count(&finished, Kind::Contact, Action::Link), 0);
        assert_eq!(link(&house, Side::Cliengo, &people[0].cliengo).ids.of(Side::Ghl), Some(people[0].ghl.as_str()));
    }
}

#[tokio::test]
async fn an_undo_puts_the_link_back_and_the_merge_is_not_followed_again() {
    for (form, is_linked) in FORMS.into_iter().zip([false, true, true, false]) {
        let (mut house, people) = street(form, PRIMARY).await;
        let survivor = if is_linked { people[5].ghl.clone() } else { newcomer(&house, "Prueba1") };
        merge(&house, &survivor, &people[0].ghl);
        let finished = house.good_night().await;
        let there = counts(&house);
        let undone = house.undo(finished.run.as_ref().unwrap().id).await;
        assert!(said(&undone).iter().any(|said| said.contains("put back")), "{:?}", said(&undone));
        let back = link(&house, Side::Cliengo, &people[0].cliengo);
        assert_eq!((back.role, back.ids.of(Side::Ghl)), (Role::Primary, Some(people[0].ghl.as_str())));
        house.state_is_whole();
        for mode in [Mode::Incremental, Mode::Full] {
            house.mode = mode;
            let finished = house.quiet_night().await;
            let waits = [HeldReason::SuspectedMerge, HeldReason::Inconclusive];
            assert!(held(&finished).iter().any(|reason| waits.contains(reason)), "{form:?} {:?}", finished.plan.held);
        }
        assert_eq!(counts(&house), there, "{form:?}");
    }
}

#[tokio::test]
async fn a_survivor_that_is_deleted_in_cliengo_afterwards_takes_nobody_along() {
    for (settings, form) in [PROPAGATE, PRIMARY].into_iter().flat_map(|settings| FORMS.map(|form| (settings, form))) {
        let (house, people) = street(form, settings).await;
        house.change(Side::Cliengo, &people[0], &json!({ "name": "Beto Rey" }));
        house.good_night().await;
        merge(&house, &people[5].ghl, &people[0].ghl);
        house.night().await;
        house.quiet_night().await;
        house.remove(Side::Cliengo, &people[5]);
        let there = counts(&house);
        for night in 1..=4 {
            let finished = house.quiet_night().await;
            assert!(held(&finished).contains(&HeldReason::SuspectedMerge), "{form:?} {night}: {:?}", held(&finished));
        }
        assert_eq!(counts(&house), there, "{settings} {form:?}");
    }
}

#[tokio::test]
async fn who_seemed_merged_is_not_deleted_because_the_survivor_is() {
    for form in FORMS {
        let (house, people) = street(form, PROPAGATE).await;
        merge(&house, &people[5].ghl, &people[0].ghl);
        house.night().await;
        // A night that cannot tell forgets nothing.
        house.faults("short-listing@ghl*");
        house.night().await;
        house.faults("");
        house.remove(Side::Ghl, &people[5]);
        if form == FORMS[1] {
            // Not even the survivor's id has to be known any more.
            let other = link(&house, Side::Ghl, &people[5].ghl);
            State::open(&house.state_path()).unwrap().start_afresh(&other).unwrap();
        }
        for _ in 0..4 {
            let finished = house.night().await;
            assert!(held(&finished).contains(&HeldReason::SuspectedMerge), "{form:?}: {:?}", held(&finished));
        }
        let stays = house.rows(Side::Cliengo, "contacts").iter().any(|row| row["id"] == json!(people[0].cliengo));
        assert!(stays, "{form:?}");
        if form.1 == MergedContact::ShowsSurvivor {
            // Asked for the one, GHL says that the other is not there: that is no clear answer.
            continue;
        }
        // By hand it goes.
        house.remove(Side::Cliengo, &people[0]);
        house.night().await;
        three_quiet_nights(&house, &[]).await;
    }
}

#[tokio::test]
async fn who_seemed_to_be_one_with_another_in_cliengo_is_not_deleted_with_that_one() {
    for settings in [PROPAGATE, PRIMARY] {
        let (house, people) = street(FORMS[0], settings).await;
        // Cliengo makes one of two: the e-mail of the one that goes stands on the other.
        let theirs =
            house.rows(Side::Cliengo, "contacts").into_iter().find(|row| row["id"] == json!(people[0].cliengo));
        house.remove(Side::Cliengo, &people[0]);
        house.change(Side::Cliengo, &people[5], &json!({ "email": theirs.unwrap()["email"] }));
        assert!(held(&house.night().await).contains(&HeldReason::SuspectedMerge), "{settings}");
        house.remove(Side::Cliengo, &people[5]);
        for _ in 0..3 {
            assert!(held(&house.night().await).contains(&HeldReason::SuspectedMerge), "{settings}");
        }
        assert!(house.rows(Side::Ghl, "contacts").iter().any(|row| row["id"] == json!(people[0].ghl)), "{settings}");
    }
}

#[tokio::test]
async fn two_who_are_merged_on_both_sides_leave_each_note_and_task_once() {
    let forms = FORMS.into_iter().enumerate();
    let all = forms.flat_map(|(at, form)| [(PROPAGATE, form, at % 2 == 0), (PRIMARY, form, at % 2 == 1)]);
    for (settings, form, same_day) in all {
        let (house, people) = street(form, settings).await;
        merge(&house, &people[5].ghl, &people[0].ghl);
        if !same_day {
            house.night().await;
        }
        // Cliengo makes one of the two as well.
        house.remove(Side::Cliengo, &people[0]);
        house.note(Side::Cliengo, &people[5], "Pidió precio");
        house.task(Side::Cliengo, &people[5], "Enviar presupuesto");
        for _ in 0..3 {
            house.night().await;
        }
        assert_eq!(counts(&house), [11, 1, 1, 11, 1, 1], "{settings} {form:?} {same_day}");
        assert_eq!(held(&house.quiet_night().await), [], "{settings} {form:?} {same_day}");
    }
}

#[tokio::test]
async fn who_was_merged_into_one_that_was_merged_on_the_same_day_is_not_deleted() {
    for form in [FORMS[0], FORMS[2]] {
        let (house, people) = street(form, PROPAGATE).await;
        merge(&house, &people[5].ghl, &people[0].ghl);
        merge(&house, &people[6].ghl, &people[5].ghl);
        // What the first one was recognised by did not come along.
        house.change(Side::Ghl, &people[6], &json!({ "additionalEmails": [], "additionalPhones": [] }));
        house.night().await;
        for _ in 0..4 {
            let finished = house.night().await;
            let waits = finished.plan.held.iter().any(|held| held.ids.of(Side::Cliengo) == Some(&people[0].cliengo));
            let why = if form.1 == MergedContact::Gone { HeldReason::SuspectedMerge } else { HeldReason::Inconclusive };
            assert!(waits && held(&finished).contains(&why), "{form:?} {:?}", held(&finished));
        }
        assert!(house.rows(Side::Cliengo, "contacts").iter().any(|row| row["id"] == json!(people[0].cliengo)));
    }
}

#[tokio::test]
async fn a_note_that_was_edited_or_removed_on_the_day_of_the_merge_doubles_none_of_the_others() {
    for form in FORMS {
        for removes in [false, true] {
            let (house, people) = street(form, PRIMARY).await;
            for side in Side::BOTH {
                house.note(side, &people[0], "Llamar el martes");
            }
            house.good_night().await;
            merge(&house, &people[5].ghl, &people[0].ghl);
            let survivor = Person { ghl: people[5].ghl.clone(), ..people[0].clone() };
            let note = house.rows(Side::Ghl, "notes")[0]["id"].as_str().unwrap().to_owned();
            if removes {
                house.remove_child(Side::Ghl, EditKind::Note, &survivor, &note);
            } else {
                house.edit_child(Side::Ghl, EditKind::Note, &survivor, &note, &json!({ "body": "Ya no" }));
            }
            for _ in 0..4 {
                house.night().await;
            }
            let mut notes = house.children(Side::Cliengo, "notes", &people[0].cliengo);
            notes.extend(house.children(Side::Cliengo, "notes", &people[5].cliengo));
            let texts = ["Pidió precio", "Llamar el martes"];
            let often = texts.map(|text| notes.iter().filter(|note| *note == text).count());
            assert!(often.iter().all(|count| *count <= 1), "{form:?} {removes}: {notes:?}");
            assert_eq!(link(&house, Side::Cliengo, &people[0].cliengo).role, Role::Secondary, "{form:?} {removes}");
            house.quiet_night().await;
        }
    }
}

#[tokio::test]
async fn two_contacts_of_one_night_are_merged_into_one() {
    let (house, people) = street(FORMS[1], PRIMARY).await;
    for side in Side::BOTH {
        house.note(side, &people[1], "Otra nota");
    }
    house.good_night().await;
    let survivor = newcomer(&house, "Prueba");
    merge(&house, &survivor, &people[0].ghl);
    merge(&house, &survivor, &people[1].ghl);
    let there = counts(&house);
    house.good_night().await;
    assert_eq!(house.sent(), [""; 0]);
    three_quiet_nights(&house, &[]).await;
    assert_eq!(counts(&house), there);
    let roles = [0, 1].map(|at| link(&house, Side::Cliengo, &people[at].cliengo).role);
    assert_eq!(roles, [Role::Primary, Role::Secondary]);
}

#[tokio::test]
async fn several_merges_of_one_day_that_shorten_the_list_until_it_is_doubted_double_nothing() {
    for form in FORMS {
        for settings in [PROPAGATE, PRIMARY] {
            let (house, people) = street(form, settings).await;
            for side in Side::BOTH {
                house.note(side, &people[1], "Otra nota");
                house.task(side, &people[1], "Otra tarea");
            }
            house.good_night().await;
            for lost in [0, 1] {
                merge(&house, &people[5].ghl, &people[lost].ghl);
            }
            let there = counts(&house);
            let doubted = house.night().await;
            assert!(!doubted.plan.listings.ghl.contact.complete, "{form:?}: the list is doubted");
            for _ in 0..4 {
                house.night().await;
            }
            assert_eq!(counts(&house), there, "{form:?} {settings}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn report_explain_and_links_show_say_that_it_was_merged() {
    let (sandbox, desk) = linked().await;
    let (number, cliengo, ghl) = somebody(&desk);
    let edit = |line: serde_json::Value| {
        sandbox.world().edit(&line.to_string().parse().unwrap()).unwrap().id.unwrap_or_default()
    };
    edit(json!({ "side": "ghl", "op": "create", "kind": "note", "contact": ghl, "set": { "body": "Pidió precio" } }));
    desk.ask(&["sync", "--pair", "acme"]);
    let dump = sandbox.world().dump().unwrap();
    let row = dump["ghl"]["contacts"].as_array().unwrap().iter().find(|row| row["id"] == ghl.as_str()).unwrap();
    let set = json!({ "firstName": row["firstName"], "lastName": row["lastName"], "email": "otra@example.com" });
    let survivor = edit(json!({ "side": "ghl", "op": "create", "kind": "contact", "set": set }));
    edit(json!({ "side": "ghl", "op": "merge", "kind": "contact", "contact": survivor, "set": { "merged": ghl } }));
    let told = |arguments: &[&str]| desk.ask(arguments).out.split_whitespace().collect::<Vec<_>>().join(" ");
    let said = told(&["plan", "--pair", "acme"]);
    assert!(said.contains(&format!("merged into it in GHL: {ghl}")), "{said}");
    let plan = desk.ask(&["plan", "--pair", "acme", "--format", "json"]).json();
    let link = plan["operations"].as_array().unwrap().iter().find(|planned| planned["action"] == "link").unwrap();
    assert_eq!((&link["matched_by"], &link["merged_from"]), (&json!("merge"), &json!(ghl)), "{link:#}");
    desk.ask(&["sync", "--pair", "acme"]);
    for arguments in [["explain", &cliengo, "--pair", "acme"].as_slice(), &["links", "show", &number, "--pair", "acme"]]
    {
        let said = told(arguments);
        assert!(said.contains(&format!("GHL {ghl} was merged into {survivor}: the link went along")), "{said}");
    }
    // By the id that is no more, too.
    let said = told(&["explain", &ghl, "--pair", "acme"]);
    assert!(said.contains(&format!("GHL {ghl} was merged into {survivor}: the link went along")), "{said}");
    desk.ask(&["sync", "--contact", &ghl, "--pair", "acme"]).code(0).tells("Nothing to do");
    let shown = desk.ask(&["links", "show", &number, "--pair", "acme", "--format", "json"]).code(0).json();
    assert_eq!((&shown["merged_from"], &shown["ids"]["ghl"]), (&json!(ghl), &json!(survivor)));
}
