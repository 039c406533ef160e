//! The promises of the world behind the servers: seed, store, edits.

use std::collections::BTreeMap;

use serde_json::Value;

use super::*;
use crate::clock::ManualClock;

fn world(seed: u64, contacts: usize) -> World {
    World::open(&Options { contacts, seed, ..Options::default() }).unwrap()
}

fn rows<'dump>(dump: &'dump Value, side: &str, kind: &str) -> &'dump Vec<Value> {
    dump[side][kind].as_array().unwrap()
}

/// How often each e-mail occurs on a side, whatever its case.
fn emails(dump: &Value, side: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for contact in rows(dump, side, "contacts") {
        let email = contact["email"].as_str().unwrap_or_default().to_lowercase();
        if !email.is_empty() {
            *counts.entry(email).or_default() += 1;
        }
    }
    counts
}

#[test]
fn the_same_seed_makes_the_same_world_and_another_seed_another() {
    assert_eq!(world(7, 60).dump().unwrap(), world(7, 60).dump().unwrap());
    assert_ne!(world(7, 60).dump().unwrap(), world(8, 60).dump().unwrap());
}

#[test]
fn a_seeded_world_is_as_untidy_as_a_business_and_lies_in_the_past() {
    let dump = world(1, 40).dump().unwrap();
    for side in ["cliengo", "ghl"] {
        let count = rows(&dump, side, "contacts").len();
        assert!((28..=34).contains(&count), "{side}: {count}");
        assert!(rows(&dump, side, "notes").len() > 20 && rows(&dump, side, "tasks").len() > 10);
    }
    let text = dump.to_string();
    for part in ["&nbsp;", " VIP ", "No contesta", "@whatsapp.example", "🌸", "consultar", "(0341) "] {
        assert!(text.contains(part), "{part}");
    }
    for contact in rows(&dump, "cliengo", "contacts") {
        let created = contact["creationDate"].as_str().unwrap();
        assert!(("2026-01-01".."2026-07-01").contains(&created), "{created}");
    }
    assert_eq!(emails(&dump, "cliengo").values().filter(|count| **count > 1).count(), 1);
    let shared = emails(&dump, "ghl").into_keys().filter(|email| emails(&dump, "cliengo").contains_key(email)).count();
    assert!(shared >= 10, "{shared}");
    let few = world(1, 19).dump().unwrap();
    assert!(emails(&few, "cliengo").values().all(|count| *count == 1));
}

#[test]
fn a_file_keeps_the_world_between_opens_and_two_handles_see_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { store: Store::File(folder.path().join("deep/sandbox.db")), ..Options::default() };
    let first = World::open(&options).unwrap();
    let seeded = first.dump().unwrap();
    let second = World::open(&Options { seed: 99, ..options.clone() }).unwrap();
    assert_eq!(second.dump().unwrap(), seeded);
    first.random_edits(25, &mut fastrand::Rng::with_seed(3)).unwrap();
    let edited = first.dump().unwrap();
    assert_ne!(edited, seeded);
    assert_eq!(second.dump().unwrap(), edited);
    drop((first, second));
    let again = World::open(&options).unwrap();
    assert_eq!(again.dump().unwrap(), edited);
    again.reset().unwrap();
    assert_eq!(World::open(&options).unwrap().dump().unwrap(), seeded);
}

#[test]
fn random_edits_are_reproducible_and_concern_each_linked_person_once() {
    for profile in [Profile::Legacy, Profile::Extended] {
        let clock = Arc::new(ManualClock::at("2026-11-23T03:00:00Z".parse().unwrap()));
        let open = || {
            let clock = clock.clone();
            World::open(&Options { contacts: 200, profile, clock, ..Options::default() }).unwrap()
        };
        let (world, twin) = (open(), open());
        let before = world.dump().unwrap();
        let edits = world.random_edits(60, &mut fastrand::Rng::with_seed(5)).unwrap();
        assert_eq!(edits, twin.random_edits(60, &mut fastrand::Rng::with_seed(5)).unwrap());
        let (cliengo, ghl) = (emails(&before, "cliengo"), emails(&before, "ghl"));
        let mut people = Vec::new();
        for edit in &edits {
            assert!(!(edit.kind == EditKind::Contact && edit.op == EditOp::Delete));
            if profile == Profile::Legacy && edit.side == Side::Cliengo {
                assert!(edit.kind != EditKind::Task && (edit.kind == EditKind::Contact || edit.op == EditOp::Create));
            }
            if edit.kind == EditKind::Contact && edit.op == EditOp::Create {
                continue;
            }
            let id = edit.contact.as_deref().unwrap();
            let found = rows(&before, edit.side.as_str(), "contacts").iter().find(|contact| contact["id"] == id);
            let email = found.unwrap()["email"].as_str().unwrap().to_lowercase();
            assert_eq!((cliengo[&email], ghl[&email]), (1, 1));
            people.push(email);
        }
        let count = people.len();
        people.sort();
        people.dedup();
        assert_eq!(people.len(), count);
    }
}

#[test]
fn a_script_line_that_is_wrong_is_refused_by_name() {
    let world = world(1, 8);
    for (line, said) in [
        (r#"{"side":"ghl","op":"create","kind":"note","who":"x"}"#, "unknown field `who`"),
        (r#"{"side":"ghl","op":"create","kind":"contact","set":{"mail":"x"}}"#, "unknown key `mail`"),
        (r#"{"side":"ghl","op":"delete","kind":"contact","contact":"nobody@example.com"}"#, "no contact has"),
        (r#"{"side":"cliengo","op":"create","kind":"note","set":{"message":"x"}}"#, "`contact` is missing"),
        (r#"{"side":"ghl","op":"create","kind":"contact","set":{"tags":"x"}}"#, "must be a list"),
        (r#"{"side":"cliengo","op":"merge","kind":"contact","contact":"x"}"#, "only GHL's contacts are merged"),
        (r#"{"side":"ghl","op":"merge","kind":"note","contact":"x"}"#, "no contact has"),
    ] {
        let error = line.parse().and_then(|edit: Edit| world.edit(&edit)).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
    let line = r#"{"side":"cliengo","op":"create","kind":"contact","set":{"name":"Ana","email":"Ana@example.com","createdAt":"2026-02-01"}}"#;
    let made = world.edit(&line.parse().unwrap()).unwrap();
    assert!(made.id.is_some());
    let line = r#"{"side":"cliengo","op":"create","kind":"task","contact":"ana@EXAMPLE.com","set":{"title":"Llamar"}}"#;
    assert_eq!(world.edit(&line.parse().unwrap()).unwrap().contact, made.id);
}

#[test]
fn a_fill_of_thousands_matches_person_by_person() {
    let world = world(1, 0);
    world.fill(2_000, 1_500, None, 1, 1).unwrap();
    let dump = world.dump().unwrap();
    let (cliengo, ghl) = (emails(&dump, "cliengo"), emails(&dump, "ghl"));
    assert_eq!((cliengo.len(), ghl.len()), (2_000, 1_500));
    assert!(ghl.keys().all(|email| cliengo.contains_key(email)));
    assert_eq!((rows(&dump, "cliengo", "notes").len(), rows(&dump, "ghl", "tasks").len()), (2_000, 1_500));
}
