//! What somebody removed, and what an undo took back, does not come back by another way. (`semantics` 5 and 61)

use std::collections::BTreeSet;

use concord::reconcile::{HeldReason, MatchedBy, Mode, Work};
use concord::record::{Kind, Side};
use concord::run::Finished;
use concord::sandbox::{EditKind, EditOp};
use serde_json::{Value, json};

use crate::house::{House, Person, Plot, held, id_of};
use crate::story::outlines;

fn reasons(finished: &Finished) -> Vec<(HeldReason, Option<&str>)> {
    finished.plan.held.iter().map(|held| (held.reason, held.ids.of(Side::Cliengo))).collect()
}

/// A linked person, two others, and a further contact of the first one's in Cliengo.
async fn with_duplicate(contacts: &str) -> (House, Person, Person) {
    let house = House::build(&Plot::extended().with_settings(&format!("[pair.house.contacts]\n{contacts}\n"))).await;
    let person = house.person(1);
    house.person(2);
    house.person(3);
    house.good_night().await;
    let set = json!({ "name": "Persona Otravez", "email": "persona1@example.com" });
    let again = house.contact(Side::Cliengo, &set);
    house.note(Side::Cliengo, &Person { cliengo: again.clone(), ghl: String::new() }, "Escribió otra vez");
    house.good_night().await;
    (house, person, Person { cliengo: again, ghl: String::new() })
}

fn lives(house: &House, person: &Person) -> bool {
    house.rows(Side::Cliengo, "contacts").iter().any(|row| row["id"] == person.cliengo)
}

#[tokio::test]
async fn whom_somebody_removed_does_not_come_back_out_of_a_held_duplicate() {
    for on_delete in ["propagate", "mark", "ignore"] {
        let (house, person, again) =
            with_duplicate(&format!("on_delete = \"{on_delete}\"\nduplicates = \"hold\"")).await;
        house.remove(Side::Ghl, &person);
        let mut said = Vec::new();
        for _ in 0..4 {
            said.extend(
                reasons(&house.good_night().await).into_iter().map(|(reason, id)| (reason, id.map(str::to_owned))),
            );
            let created = house.writes().into_iter().filter(|write| write.side == Side::Ghl && write.method == "POST");
            assert_eq!(created.count(), 0, "{on_delete}");
        }
        assert_eq!(house.rows(Side::Ghl, "contacts").len(), 2, "{on_delete}");
        assert!(lives(&house, &again), "{on_delete}");
        assert!(said.iter().any(|(_, id)| id.as_deref() == Some(&again.cliengo)), "{on_delete}: {said:?}");
        house.state_is_whole();
    }
}

#[tokio::test]
async fn whom_somebody_removed_on_both_sides_does_not_come_back_out_of_a_held_duplicate() {
    let (house, person, again) = with_duplicate("on_delete = \"propagate\"\nduplicates = \"hold\"").await;
    house.remove(Side::Ghl, &person);
    house.remove(Side::Cliengo, &person);
    assert_eq!(reasons(&house.good_night().await), [(HeldReason::RemovedElsewhere, Some(again.cliengo.as_str()))]);
    for _ in 0..3 {
        house.quiet_night().await;
    }
    assert_eq!(house.rows(Side::Ghl, "contacts").len(), 2);
}

#[tokio::test]
async fn a_duplicate_that_stayed_alone_is_linked_when_its_person_comes_back() {
    let (house, person, again) = with_duplicate("on_delete = \"propagate\"\nduplicates = \"hold\"").await;
    house.remove(Side::Ghl, &person);
    house.good_night().await;
    house.quiet_night().await;
    house
        .contact(Side::Ghl, &json!({ "firstName": "Persona", "lastName": "Otravez", "email": "persona1@example.com" }));
    house.good_night().await;
    assert!(lives(&house, &again));
    assert_eq!((house.rows(Side::Ghl, "contacts").len(), house.rows(Side::Cliengo, "contacts").len()), (3, 3));
    house.good_night().await;
    house.quiet_night().await;
    assert_eq!(house.rows(Side::Ghl, "notes").len(), 1, "what was written to it goes over");
}

#[tokio::test]
async fn a_duplicate_in_ghl_does_not_bring_back_whom_somebody_removed_in_cliengo() {
    let house =
        House::build(&Plot::extended().with_settings("[pair.house.contacts]\non_delete = \"propagate\"\n")).await;
    let person = house.person(1);
    house.person(2);
    house.good_night().await;
    house.contact(
        Side::Ghl,
        &json!({ "firstName": "Persona", "email": "otra@example.com", "phone": "+54911400000001" }),
    );
    house.night().await;
    house.remove(Side::Cliengo, &person);
    for _ in 0..3 {
        house.night().await;
    }
    let with_phone = |row: &&Value| row["phone"] == "+54911400000001";
    assert_eq!(house.rows(Side::Cliengo, "contacts").iter().filter(with_phone).count(), 0);
}

#[tokio::test]
async fn a_fresh_lead_whose_shared_contact_is_removed_stays_and_is_named() {
    let (house, person, again) = with_duplicate("on_delete = \"propagate\"\nduplicates = \"primary\"").await;
    house.remove(Side::Ghl, &person);
    let mut named = false;
    for _ in 0..3 {
        let finished = house.good_night().await;
        named |= reasons(&finished).contains(&(HeldReason::RemovedElsewhere, Some(again.cliengo.as_str())));
    }
    assert!(lives(&house, &again) && named);
    assert_eq!(house.children(Side::Cliengo, "notes", &again.cliengo), ["Escribió otra vez"]);
    house.quiet_night().await;
}

/// What a run carries over from Cliengo.
#[derive(Clone, Copy, Debug)]
enum Carried {
    Phone,
    Tag,
    Contact,
    Note,
    Task,
}

async fn undone(carried: Carried, conflict: Side) -> (House, Person) {
    let settings = format!("[pair.house.contacts]\nconflict = \"{conflict}\"\n");
    let house = House::build(&Plot::extended().with_settings(&settings)).await;
    let person = house.person(1);
    house.person(2);
    house.good_night().await;
    match carried {
        Carried::Phone => house.change(Side::Cliengo, &person, &json!({ "phone": "+5491155557777" })),
        Carried::Tag => house.tag(Side::Cliengo, EditOp::Create, &person, "vip"),
        Carried::Contact => {
            drop(house.contact(Side::Cliengo, &json!({ "name": "Nueva", "email": "nueva@example.com" })));
        }
        Carried::Note => drop(house.note(Side::Cliengo, &person, "Llamó")),
        Carried::Task => drop(house.task(Side::Cliengo, &person, "Llamar")),
    }
    let before = outlines(&house);
    let run = house.good_night().await.run.unwrap().id;
    assert_ne!(outlines(&house), before, "{carried:?}");
    house.undo(run).await;
    assert_eq!(outlines(&house), before, "{carried:?}");
    (house, person)
}

#[tokio::test]
async fn what_an_undo_took_back_is_not_done_again_by_comparing_both_sides() {
    for carried in [Carried::Phone, Carried::Tag, Carried::Contact, Carried::Note, Carried::Task] {
        for conflict in Side::BOTH {
            let (mut house, _) = undone(carried, conflict).await;
            let before = outlines(&house);
            house.quiet_night().await;
            house.mode = Mode::Full;
            for _ in 0..3 {
                let finished = house.night().await;
                assert_eq!(house.writes(), [], "{carried:?} with conflict = {conflict}");
                assert_eq!(finished.plan.conflicts, [], "{carried:?}");
            }
            house.mode = Mode::Incremental;
            house.quiet_night().await;
            assert_eq!(outlines(&house), before, "{carried:?}");
        }
    }
}

#[tokio::test]
async fn what_an_undo_took_back_goes_over_once_somebody_changes_it_again() {
    let (mut house, person) = undone(Carried::Phone, Side::Ghl).await;
    house.change(Side::Cliengo, &person, &json!({ "phone": "+5491155558888" }));
    house.good_night().await;
    assert_eq!(house.row(Side::Ghl, &person)["phone"], "+5491155558888");
    house.quiet_night().await;
    house.mode = Mode::Full;
    house.quiet_night().await;
}

#[tokio::test]
async fn a_contact_that_an_undo_took_back_does_not_come_back_out_of_a_duplicate() {
    for duplicates in ["hold", "primary"] {
        let house = House::build(
            &Plot::extended().with_settings(&format!("[pair.house.contacts]\nduplicates = \"{duplicates}\"\n")),
        )
        .await;
        house.person(1);
        house.good_night().await;
        house.contact(Side::Cliengo, &json!({ "name": "Nueva", "email": "nueva@example.com" }));
        let run = house.good_night().await.run.unwrap().id;
        house.contact(Side::Cliengo, &json!({ "name": "Nueva Otravez", "email": "nueva@example.com" }));
        house.good_night().await;
        house.undo(run).await;
        for _ in 0..3 {
            house.night().await;
            assert_eq!(house.writes(), [], "{duplicates}");
        }
        assert_eq!(house.rows(Side::Ghl, "contacts").len(), 1, "{duplicates}");
    }
}

/// An account whose PATCH replaces all `leadFields`, or adds to them.
fn replacing(replaces: bool, settings: &str) -> Plot {
    let word = if replaces { "replaced" } else { "merged" };
    let account = format!("[cliengo]\nextra_params = \"{word}\"\n").parse().unwrap();
    Plot { account, ..Plot::extended() }.with_settings(settings)
}

#[tokio::test]
async fn the_other_answers_of_a_chatbot_survive_a_write() {
    for (mode, replaces) in [("merge", true), ("merge", false), ("replace", true), ("replace", false)] {
        let settings = format!(
            "[pair.house.cliengo.capabilities]\nextra_params = \"{mode}\"\n\n[[pair.house.map]]\n\
             cliengo = \"leadFields.presupuesto\"\nghl = \"customFields.presupuesto\"\n"
        );
        let house = House::build(&replacing(replaces, &settings)).await;
        let fields = json!({ "presupuesto": "10", "zona": "Norte", "hijos": "2" });
        let set = json!({ "name": "Ana", "email": "ana@example.com", "leadFields": fields });
        let cliengo = house.contact(Side::Cliengo, &set);
        let custom = json!({ "presupuesto": 10 });
        let set = json!({ "firstName": "Ana", "email": "ana@example.com", "customFields": custom });
        let person = Person { cliengo, ghl: house.contact(Side::Ghl, &set) };
        house.good_night().await;
        house.change(Side::Ghl, &person, &json!({ "customFields": { "presupuesto": 12 } }));
        let finished = house.good_night().await;
        let shown = finished.plan.operations[0].requests[0].body.clone();
        assert_eq!(house.writes()[0].body, shown.unwrap(), "what is shown is what is sent");
        let kept = house.row(Side::Cliengo, &person)["leadFields"].clone();
        assert_eq!(kept["zona"], "Norte", "{mode}, replaces: {replaces}: {kept}");
        assert_eq!(kept["hijos"], "2", "{mode}, replaces: {replaces}: {kept}");
        assert_eq!(kept["presupuesto"].to_string().trim_matches('"'), "12", "{mode}, replaces: {replaces}: {kept}");
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn a_chatbot_s_answer_that_changes_meanwhile_is_not_overwritten() {
    let settings = "[pair.house.cliengo.capabilities]\nextra_params = \"merge\"\n\n[[pair.house.map]]\n\
                    cliengo = \"leadFields.presupuesto\"\nghl = \"customFields.presupuesto\"\n";
    let house = House::build(&replacing(true, settings)).await;
    let fields = json!({ "presupuesto": "10", "zona": "Norte" });
    let set = json!({ "name": "Ana", "email": "ana@example.com", "leadFields": fields });
    let cliengo = house.contact(Side::Cliengo, &set);
    let custom = json!({ "presupuesto": 10 });
    let set = json!({ "firstName": "Ana", "email": "ana@example.com", "customFields": custom });
    let person = Person { cliengo, ghl: house.contact(Side::Ghl, &set) };
    house.good_night().await;
    house.change(Side::Ghl, &person, &json!({ "customFields": { "presupuesto": 12 } }));
    let edit = concord::sandbox::Edit {
        side: Side::Cliengo,
        op: EditOp::Update,
        kind: EditKind::Contact,
        contact: Some(person.cliengo.clone()),
        id: None,
        set: json!({ "leadFields": { "presupuesto": "10", "zona": "Sur" } }).as_object().unwrap().clone(),
    };
    let (_, edited) = tokio::join!(house.night(), house.edit_meanwhile(&edit));
    edited.unwrap();
    house.good_night().await;
    let kept = house.row(Side::Cliengo, &person)["leadFields"].clone();
    assert_eq!((kept["zona"].as_str(), kept["presupuesto"].to_string().trim_matches('"')), (Some("Sur"), "12"));
    house.quiet_night().await;
}

#[tokio::test]
async fn an_edit_of_what_ghl_takes_only_once_is_said_also_where_it_does_not_show_it() {
    let settings = "[[pair.house.map]]\ncliengo = \"leadFields.genero\"\nghl = \"gender\"\ndirection = \"to_ghl\"\n";
    let mut house = House::build(&Plot::extended().with_settings(settings)).await;
    // The specification does not know that the answer to a create shows it.
    house.strict = false;
    let set = json!({ "name": "Ana", "email": "ana@example.com", "leadFields": { "genero": "female" } });
    let cliengo = house.contact(Side::Cliengo, &set);
    house.good_night().await;
    house.quiet_night().await;
    let person = Person { cliengo, ghl: house.only(Side::Ghl, "contacts") };
    house.change(Side::Cliengo, &person, &json!({ "leadFields": { "genero": "other" } }));
    let said = house.night().await.plan.unsupported;
    assert_eq!(said.iter().map(|one| (one.side, one.kind)).collect::<Vec<_>>(), [(Side::Ghl, Kind::Contact)]);
    assert!(said[0].detail.contains("only when the contact is created"), "{}", said[0].detail);
    let next = house.quiet_night().await;
    assert_eq!((next.plan.unsupported.len(), held(&next)), (0, vec![]), "said once");
}

#[tokio::test]
async fn a_further_contact_that_became_somebody_elses_takes_nobodys_place() {
    for policy in ["ghl", "cliengo"] {
        let settings = format!("duplicates = \"primary\"\non_delete = \"propagate\"\nconflict = \"{policy}\"");
        let (mut house, person, again) = with_duplicate(&settings).await;
        house.strict = false;
        let pedro = json!({ "name": "Pedro Ruiz", "email": "pedro@example.com", "phone": "+5491155557777" });
        house.change(Side::Cliengo, &again, &pedro);
        if policy == "ghl" {
            house.night().await;
        }
        house.remove(Side::Cliengo, &person);
        for _ in 0..3 {
            house.night().await;
        }
        assert_eq!(house.row(Side::Cliengo, &again)["name"], "Pedro Ruiz");
        let emails: Vec<Value> = house.rows(Side::Ghl, "contacts").iter().map(|row| row["email"].clone()).collect();
        assert!(!emails.contains(&json!("persona1@example.com")), "{emails:?}");
        assert_eq!(emails.iter().filter(|email| **email == "pedro@example.com").count(), 1, "{policy}: {emails:?}");
    }
}

#[tokio::test]
async fn what_somebody_wrote_in_the_place_of_a_removed_note_or_task_is_that_one_only_where_it_says_the_same() {
    const DUE: &str = "2026-12-24T15:00:00.000Z";
    let cases = [
        (EditKind::Note, json!({ "body": "Pidió precio" }), true),
        (EditKind::Note, json!({ "body": "Llamar el martes" }), false),
        (EditKind::Task, json!({ "title": "Visitar", "dueDate": DUE }), true),
        (EditKind::Task, json!({ "title": "Llamar", "dueDate": DUE }), false),
        (EditKind::Task, json!({ "title": "Visitar", "dueDate": "2026-12-31T15:00:00.000Z" }), false),
    ];
    for (kind, set, is_it) in cases {
        let house = House::build(&Plot::extended()).await;
        let person = house.person(1);
        let kinds = if kind == EditKind::Note { "notes" } else { "tasks" };
        // Two of them, since each takes the place of one.
        for _ in 0..2 {
            match kind {
                EditKind::Note => house.note(Side::Ghl, &person, "Pidió precio"),
                _ => house.task(Side::Ghl, &person, "Visitar"),
            };
        }
        house.good_night().await;
        let ids = |side| house.rows(side, kinds).iter().map(id_of).collect::<BTreeSet<String>>();
        let before = ids(Side::Cliengo);
        for id in ids(Side::Ghl) {
            house.remove_child(Side::Ghl, kind, &person, &id);
            house.edit(Side::Ghl, EditOp::Create, kind, Some(&person.ghl), None, &set);
        }
        house.good_night().await;
        assert_eq!(house.sent().is_empty(), is_it, "{set}: {:?}", house.sent());
        house.night().await;
        house.night().await;
        house.quiet_night().await;
        let now = ids(Side::Cliengo);
        assert_eq!((now.len(), now == before, now.is_disjoint(&before)), (2, is_it, !is_it), "{set}");
        house.state_is_whole();
    }
}

#[tokio::test]
async fn a_further_contact_that_takes_its_persons_place_is_told_with_what_it_was_recognised_by() {
    let (house, person, again) = with_duplicate("duplicates = \"primary\"\non_delete = \"propagate\"").await;
    let set = json!({ "name": "Persona Prueba1", "email": "otra@example.com", "phone": "+5491140000001" });
    house.change(Side::Cliengo, &again, &set);
    house.night().await;
    house.remove(Side::Cliengo, &person);
    let finished = house.night().await;
    let links = finished.plan.operations.iter().filter_map(|operation| match &operation.work {
        Work::Link(link) => Some(link.matched_by),
        Work::Write(..) => None,
    });
    assert_eq!(links.collect::<Vec<_>>(), [Some(MatchedBy::Phone)]);
}
