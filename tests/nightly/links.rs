//! Links made, unmade and forgotten by hand: nothing is deleted, nobody is doubled, and what is forgotten is gone.

use concord::reconcile::HeldReason;
use concord::record::{CliengoId, GhlId, Kind, RemoteId, Side, SideId};
use concord::run::{ByHand, LinkError, LinkedByHand, clear_staging, link_by_hand};
use concord::sandbox::EditOp;
use concord::state::{LinkRow, State};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::house::{House, Person, Plot, held, shown};
use crate::story::{Blind, both_sides_tell_the_same};

async fn linked() -> (House, Person) {
    let house = House::build(&Plot::extended()).await;
    let person = house.person(1);
    house.person(2);
    for side in Side::BOTH {
        house.note(side, &person, "Pidió precio");
        house.tag(side, EditOp::Create, &person, "cliente");
    }
    house.good_night().await;
    (house, person)
}

fn state(house: &House) -> State {
    State::open(&house.state_path()).unwrap()
}

fn link_of(house: &House, kind: Kind, side: Side, id: &str) -> LinkRow {
    state(house).link_of(kind, &SideId::new(side, id)).unwrap().unwrap()
}

fn part(house: &House, link: &LinkRow) {
    let mut state = state(house);
    state.atomically(|state| state.part(link, jiff::Timestamp::UNIX_EPOCH)).unwrap();
    assert_eq!(state.verify().unwrap(), [""; 0]);
}

async fn link(house: &House, kind: Kind, ids: (&str, &str), contact: Option<&str>) -> Result<LinkedByHand, LinkError> {
    let stop = CancellationToken::new();
    let (cliengo, ghl) = house.clients(&stop);
    let by_hand =
        ByHand { kind, cliengo: CliengoId::new(ids.0), ghl: GhlId::new(ids.1), contact: contact.map(str::to_owned) };
    house.forget_requests();
    let made = link_by_hand(&house.job(&cliengo, &ghl, stop), &by_hand).await;
    assert_eq!(house.writes(), [], "linking writes nothing in either CRM");
    made
}

async fn is_refused(house: &House, kind: Kind, ids: (&str, &str), contact: Option<&str>, part: &str) {
    let before = std::fs::read(house.state_path()).unwrap_or_default();
    match link(house, kind, ids, contact).await {
        Err(LinkError::Refused { message, hint }) => {
            assert!(message.contains(part), "{message}");
            assert!(!hint.is_empty());
        }
        other => panic!("{part}: {other:?}"),
    }
    assert_eq!(std::fs::read(house.state_path()).unwrap_or_default().len(), before.len(), "{part}");
}

#[tokio::test]
async fn a_link_that_is_removed_deletes_nothing_and_the_two_are_neither_linked_nor_doubled_until_they_are_linked_by_hand()
 {
    let (house, person) = linked().await;
    part(&house, &link_of(&house, Kind::Contact, Side::Ghl, &person.ghl));
    let before = house.dump();
    house.change(Side::Cliengo, &person, &json!({ "name": "Otro Nombre" }));
    house.note(Side::Ghl, &person, "Llamó hoy");
    for _ in 0..3 {
        let finished = house.quiet_night().await;
        assert_eq!(held(&finished), [HeldReason::Apart, HeldReason::Apart]);
        assert!(!finished.needs_a_person(), "a person has decided it");
        let again = format!("To link them again: concord links add {} {} --pair house", person.cliengo, person.ghl);
        assert!(finished.plan.held.iter().all(|held| held.detail.ends_with(&again)), "{:?}", finished.plan.held);
    }
    assert_eq!(house.rows(Side::Cliengo, "contacts").len(), before["cliengo"]["contacts"].as_array().unwrap().len());
    let again = link(&house, Kind::Contact, (&person.cliengo, &person.ghl), None).await.unwrap();
    assert!(!again.settled_create);
    house.good_night().await;
    house.quiet_night().await;
    both_sides_tell_the_same(&house, Blind::default());
    for side in Side::BOTH {
        assert_eq!(house.rows(side, "contacts").len(), 2, "{side}");
        assert_eq!(house.rows(side, "notes").len(), 2, "{side}: nothing is doubled");
    }
}

#[tokio::test]
async fn a_note_whose_link_is_removed_stays_on_both_sides_and_is_not_written_again() {
    let (house, person) = linked().await;
    let note = house.only(Side::Ghl, "notes");
    let row = link_of(&house, Kind::Note, Side::Ghl, &note);
    part(&house, &row);
    for _ in 0..2 {
        let finished = house.quiet_night().await;
        assert_eq!(held(&finished), [HeldReason::Apart, HeldReason::Apart]);
        let contacts = [&person.cliengo, &person.ghl].map(|contact| format!(" --kind note --contact {contact}"));
        let asks = |held: &concord::reconcile::Held| contacts.iter().any(|contact| held.detail.ends_with(contact));
        assert!(finished.plan.held.iter().all(asks), "{:?}", finished.plan.held);
    }
    let (cliengo, ghl) = (row.ids.of(Side::Cliengo).unwrap(), row.ids.of(Side::Ghl).unwrap());
    is_refused(&house, Kind::Note, (cliengo, ghl), None, "under its contact").await;
    is_refused(&house, Kind::Note, (cliengo, ghl), Some("nobody"), "no contact that is linked").await;
    link(&house, Kind::Note, (cliengo, ghl), Some(&person.ghl)).await.unwrap();
    assert!(held(&house.quiet_night().await).is_empty());
    assert_eq!(house.rows(Side::Cliengo, "notes").len(), 1);
}

#[tokio::test]
async fn what_the_next_plan_does_with_two_who_are_linked_by_hand_is_shown_and_done() {
    let (house, _) = linked().await;
    let cliengo = house.contact(Side::Cliengo, &json!({ "name": "Lola Paz", "phone": "+5491155550011" }));
    let ghl = house.contact(Side::Ghl, &json!({ "firstName": "Dolores", "email": "lola@example.com" }));
    // Nobody takes them for one: each is made on the other side, were it not for the hand.
    assert_eq!(house.dry_run().await.plan.summary().ghl.contact.create, 1);
    let lola = Person { cliengo: cliengo.clone(), ghl: ghl.clone() };
    house.tag(Side::Ghl, EditOp::Create, &lola, "vip");
    let made = link(&house, Kind::Contact, (&cliengo, &ghl), None).await.unwrap();
    let finished = house.good_night().await;
    let told = |finished: &concord::run::Finished| {
        let operations = finished.plan.operations.iter();
        operations.map(concord::reconcile::Operation::fingerprint).collect::<Vec<_>>()
    };
    assert_eq!(told(&finished), told(&made.next), "{:?} {:?}", shown(&finished), shown(&made.next));
    assert_eq!(house.row(Side::Cliengo, &lola)["email"], "lola@example.com");
    assert_eq!(house.row(Side::Cliengo, &lola)["tags"], json!(["vip"]));
    house.quiet_night().await;
    for side in Side::BOTH {
        assert_eq!(house.rows(side, "contacts").len(), 3, "{side}");
    }
}

// Watches: I15.
#[tokio::test]
async fn a_link_that_would_make_two_primaries_or_has_nobody_at_its_end_is_refused() {
    let (house, person) = linked().await;
    let cliengo = house.contact(Side::Cliengo, &json!({ "name": "Lola Paz", "phone": "+5491155550011" }));
    let ghl = house.contact(Side::Ghl, &json!({ "firstName": "Dolores", "email": "lola@example.com" }));
    is_refused(&house, Kind::Contact, (&cliengo, &person.ghl), None, "is linked already, to Cliengo").await;
    is_refused(&house, Kind::Contact, (&person.cliengo, &ghl), None, "is linked already, to GHL").await;
    is_refused(&house, Kind::Contact, (&person.cliengo, &person.ghl), None, "they are linked already").await;
    is_refused(&house, Kind::Contact, (&cliengo, "nobodyatall000000000"), None, "GHL has no contact").await;
    let gone = "64b0c0ffee0000000000dead";
    is_refused(&house, Kind::Contact, (gone, &ghl), None, "Cliengo has no contact").await;
    is_refused(&house, Kind::Contact, (&cliengo, &ghl), Some("1"), "--contact").await;
    let new = House::build(&Plot::extended()).await;
    is_refused(&new, Kind::Contact, (&cliengo, &ghl), None, "not synchronised yet").await;
}

#[tokio::test]
async fn a_create_of_which_several_could_be_the_result_is_settled_by_a_link() {
    let (house, _) = linked().await;
    let ghl = house.contact(Side::Ghl, &json!({ "firstName": "Nora", "email": "nora@example.com" }));
    let consent = concord::run::Consent::default();
    let dying = async {
        while house.writes().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    // The process dies before the answer comes, and somebody enters the same person by hand.
    tokio::select! {
        _ = house.try_night(&consent, CancellationToken::new()) => {}
        () = dying => {}
    }
    house.edit(
        Side::Cliengo,
        EditOp::Create,
        concord::sandbox::EditKind::Contact,
        None,
        None,
        &json!({ "name": "Nora", "email": "nora@example.com" }),
    );
    for _ in 0..2 {
        let finished = house.quiet_night().await;
        let unknown = finished.plan.held.iter().find(|held| held.reason == HeldReason::UnknownOutcome).unwrap();
        assert!(unknown.detail.contains("concord links add"), "{}", unknown.detail);
    }
    assert_eq!(state(&house).open_creates().unwrap().len(), 1);
    let rows = house.rows(Side::Cliengo, "contacts").into_iter().filter(|row| row["email"] == "nora@example.com");
    let noras: Vec<String> = rows.map(|row| row["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(noras.len(), 2);
    let made = link(&house, Kind::Contact, (&noras[0], &ghl), None).await.unwrap();
    assert!(made.settled_create);
    assert_eq!(state(&house).open_creates().unwrap().len(), 0);
    assert_eq!(held(&house.quiet_night().await), [HeldReason::DuplicateOf], "the other one is a double");
    assert_eq!(house.rows(Side::Ghl, "contacts").len(), 3);
}

/// Which files beside the CRMs' own still hold one of these.
fn found(house: &House, needles: &[&str]) -> Vec<String> {
    let holds = |bytes: &[u8], needle: &str| bytes.windows(needle.len()).any(|window| window == needle.as_bytes());
    let mut found = Vec::new();
    for entry in std::fs::read_dir(house.folder()).unwrap() {
        let path = entry.unwrap().path();
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.extend(crate::privacy::unpacked(&path).into_bytes());
        let here = needles.iter().filter(|needle| holds(&bytes, needle));
        found.extend(here.map(|needle| format!("{needle} in {}", path.file_name().unwrap().to_string_lossy())));
    }
    found
}

#[tokio::test]
async fn a_person_who_is_forgotten_is_in_no_file_any_more_and_is_not_taken_in_again() {
    let (house, person) = linked().await;
    house.task(Side::Ghl, &person, "Visitar mañana");
    house.change(Side::Cliengo, &person, &json!({ "name": "Inolvidable Prueba", "email": "inolvidable@example.com" }));
    house.good_night().await;
    house.change(Side::Ghl, &person, &json!({ "phone": "+5491177778888" }));
    house.good_night().await;
    // A failure and an edit that has not been carried over yet.
    house.faults(&format!("status=400@ghl:PUT:/contacts/{}*", person.ghl));
    house.change(Side::Cliengo, &person, &json!({ "email": "inolvidable2@example.com" }));
    house.night().await;
    house.faults("");
    let needles = [
        "inolvidable",
        "Inolvidable",
        "persona1@",
        "91177778888",
        "91140000001",
        "Prueba1",
        "Visitar ma",
        "Pidió precio",
    ];
    assert!(found(&house, &needles).len() >= needles.len(), "{:?}", found(&house, &needles));
    let link = link_of(&house, Kind::Contact, Side::Ghl, &person.ghl);
    let before = house.dump();
    let mut state = state(&house);
    let forgotten = state.forget(&link, jiff::Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!(state.verify().unwrap(), [""; 0]);
    drop(state);
    clear_staging(house.folder(), &house.pair.name).unwrap();
    assert_eq!(forgotten.contacts.len(), 2);
    assert_eq!(forgotten.links, 3, "the contact, a task and a note");
    assert!(forgotten.operations >= 5, "{forgotten:?}");
    assert_eq!(found(&house, &needles), [""; 0]);
    for _ in 0..2 {
        let finished = house.quiet_night().await;
        assert!(held(&finished).is_empty() && !finished.needs_a_person());
        assert_eq!(found(&house, &needles), [""; 0], "not even staged");
    }
    assert_eq!(house.dump(), before, "nothing was deleted in the CRMs");
}

#[tokio::test]
async fn somebody_who_shares_an_email_with_the_forgotten_is_a_double_and_not_created() {
    let (house, person) = linked().await;
    let link_row = link_of(&house, Kind::Contact, Side::Ghl, &person.ghl);
    state(&house).forget(&link_row, jiff::Timestamp::UNIX_EPOCH).unwrap();
    house.contact(Side::Cliengo, &json!({ "name": "Persona Otra", "email": "persona1@example.com" }));
    let finished = house.quiet_night().await;
    assert_eq!(held(&finished), [HeldReason::DuplicateOf]);
    // Asked to, Concord takes the person in again.
    link(&house, Kind::Contact, (&person.cliengo, &person.ghl), None).await.unwrap();
    house.good_night().await;
    house.quiet_night().await;
    house.change(Side::Ghl, &person, &json!({ "phone": "+5491177778888" }));
    house.good_night().await;
    assert_eq!(house.row(Side::Cliengo, &person)["phone"], "+5491177778888");
    assert_eq!(house.rows(Side::Cliengo, "notes").len(), 1);
}

#[tokio::test]
async fn a_rebuild_takes_in_nobody_who_was_forgotten_and_links_nobody_who_is_kept_apart() {
    let (mut house, person) = linked().await;
    let other = house.person(3);
    house.good_night().await;
    let forgotten = link_of(&house, Kind::Contact, Side::Ghl, &person.ghl);
    state(&house).forget(&forgotten, jiff::Timestamp::UNIX_EPOCH).unwrap();
    part(&house, &link_of(&house, Kind::Contact, Side::Ghl, &other.ghl));
    house.mode = concord::reconcile::Mode::Rebuild;
    let planned = house.dry_run().await;
    let consent = concord::run::Consent { approve: Some(planned.plan.id()), ..concord::run::Consent::default() };
    let rebuilt = house.try_night(&consent, CancellationToken::new()).await.unwrap();
    assert!(!rebuilt.is_refused(), "the plan that was shown is the plan that is done");
    assert_eq!(house.writes(), []);
    assert_eq!(held(&rebuilt), [HeldReason::Apart, HeldReason::Apart]);
    house.mode = concord::reconcile::Mode::Incremental;
    assert_eq!(held(&house.quiet_night().await), [HeldReason::Apart, HeldReason::Apart]);
    let state = state(&house);
    assert_eq!(state.link_counts().unwrap().contact, 1);
    assert!(state.link_of(Kind::Contact, &SideId::new(Side::Ghl, person.ghl.as_str())).unwrap().is_none());
}

#[tokio::test]
async fn the_night_after_a_link_by_hand_says_of_the_others_what_later_nights_say() {
    let house = House::build(&Plot::extended()).await;
    let phone = "+5491155551234";
    let mail = |name: &str, email: &str| json!({ "name": name, "email": email, "phone": phone });
    let ana = house.contact(Side::Ghl, &json!({ "firstName": "Ana", "lastName": "Gómez", "phone": phone }));
    let ours = house.contact(Side::Cliengo, &mail("Ana Gómez", "ana@example.com"));
    house.contact(Side::Cliengo, &mail("Ana Gómez", "otra@example.com"));
    let ambiguous = house.quiet_night().await;
    assert_eq!(held(&ambiguous), [HeldReason::AmbiguousMatch; 3]);
    link(&house, Kind::Contact, (&ours, &ana), None).await.unwrap();
    for _ in 0..3 {
        assert_eq!(held(&house.night().await), [HeldReason::EmailPhoneMismatch]);
    }
}
