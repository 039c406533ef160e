//! A create whose answer is lost, and whose record somebody edits before it is found: nothing is there twice, and a person
//! says whether it is that one.

use concord::clock::Clock;
use concord::reconcile::HeldReason;
use concord::record::{CliengoId, GhlId, Kind, RemoteId, Side, SideId};
use concord::run::{ByHand, link_by_hand};
use concord::sandbox::EditKind;
use concord::state::State;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::house::{House, Person, Plot, held, id_of};
use crate::mortal::Fate;

fn text_key(side: Side, kind: Kind) -> &'static str {
    match (side, kind) {
        (_, Kind::Task) => "title",
        (Side::Cliengo, _) => "message",
        (Side::Ghl, _) => "body",
    }
}

/// A task or note of `source` whose counterpart was created without an answer, and was edited since. Both ids.
async fn left(target: Side, kind: Kind, set: &Value) -> (House, Person, [String; 2]) {
    let house = House::build(&Plot::extended()).await;
    let person = house.person(1);
    house.good_night().await;
    let (source, kinds) = (target.other(), format!("{kind}s"));
    let made = match kind {
        Kind::Task => house.task(source, &person, "Llamar por el presupuesto"),
        _ => house.note(source, &person, "Pidió precio y llamar mañana"),
    };
    let path = format!("POST /contacts/{}/{kinds}", person.on(target));
    let _ = house.mortal_night(&Fate::at_request(&path, true)).await;
    let [there] = house.rows(target, &kinds).try_into().unwrap();
    let there: Value = there;
    let (on, id) = (if kind == Kind::Task { EditKind::Task } else { EditKind::Note }, id_of(&there));
    house.edit_child(target, on, &person, &id, set);
    let ids = if target == Side::Ghl { [made, id] } else { [id, made] };
    (house, person, ids)
}

/// Another text than the one that was sent.
fn other_text(side: Side, kind: Kind) -> Value {
    json!({ text_key(side, kind): "Ya avisó, quedamos para el lunes" })
}

fn counts(house: &House, kind: Kind) -> [usize; 2] {
    Side::BOTH.map(|side| house.rows(side, &format!("{kind}s")).len())
}

// Watches: I38.
#[tokio::test]
async fn a_record_that_was_created_without_an_answer_and_edited_since_is_neither_created_again_nor_carried_back() {
    for target in Side::BOTH {
        for kind in Kind::CHILDREN {
            let (house, ..) = left(target, kind, &other_text(target, kind)).await;
            for _ in 0..2 {
                let finished = house.quiet_night().await;
                let told = &finished.plan.held[0].detail;
                assert!(told.contains("concord links add") && told.contains("concord held retry"), "{told}");
                assert_eq!(held(&finished), [HeldReason::UnknownOutcome], "{target} {kind}");
                assert_eq!(counts(&house, kind), [1, 1], "{target} {kind}");
            }
        }
    }
}

#[tokio::test]
async fn whoever_says_that_it_is_the_one_has_it_linked_and_the_edit_carried_over() {
    for target in Side::BOTH {
        for kind in Kind::CHILDREN {
            let (house, person, [cliengo, ghl]) = left(target, kind, &other_text(target, kind)).await;
            house.night().await;
            let stop = CancellationToken::new();
            let clients = house.clients(&stop);
            let ids = (CliengoId::new(cliengo), GhlId::new(ghl));
            let by_hand = ByHand { kind, cliengo: ids.0, ghl: ids.1, contact: Some(person.ghl.clone()) };
            let linked = link_by_hand(&house.job(&clients.0, &clients.1, stop), &by_hand).await.unwrap();
            assert!(linked.settled_create, "{target} {kind}");
            house.good_night().await;
            house.quiet_night().await;
            assert_eq!(counts(&house, kind), [1, 1], "{target} {kind}");
            let [cliengo, ghl] = crate::story::outlines(&house);
            assert_eq!(cliengo, ghl, "{target} {kind}");
            assert!(cliengo.join("\n").contains("lunes"), "{target} {kind}: {cliengo:?}");
        }
    }
}

#[tokio::test]
async fn whoever_says_that_it_was_not_done_has_it_created_and_the_other_one_carried_over() {
    for target in Side::BOTH {
        for kind in Kind::CHILDREN {
            let (house, _, [cliengo, ghl]) = left(target, kind, &other_text(target, kind)).await;
            house.night().await;
            let source = SideId::new(target.other(), if target == Side::Ghl { cliengo } else { ghl });
            let state = State::open(&house.state_path()).unwrap();
            assert!(state.was_not_done(kind, &source).unwrap());
            drop(state);
            house.good_night().await;
            house.quiet_night().await;
            assert_eq!(counts(&house, kind), [2, 2], "{target} {kind}");
            let [cliengo, ghl] = crate::story::outlines(&house);
            assert_eq!(cliengo, ghl, "{target} {kind}");
        }
    }
}

// Watches: I38.
#[tokio::test]
async fn a_task_that_was_created_without_an_answer_and_completed_since_is_the_one_and_is_completed_on_both_sides() {
    for target in Side::BOTH {
        let (house, ..) = left(target, Kind::Task, &json!({ "completed": true })).await;
        house.good_night().await;
        house.quiet_night().await;
        for side in Side::BOTH {
            let [task] = house.rows(side, "tasks").try_into().unwrap();
            let task: Value = task;
            assert_eq!(task["completed"], true, "{side}, created in {target}");
        }
    }
}

/// A contact whose counterpart was created in `target` without an answer, and was given another e-mail and phone since. Both
/// ids.
async fn left_contact(target: Side) -> (House, [String; 2]) {
    let house = House::build(&Plot::extended()).await;
    let known = house.person(1);
    house.good_night().await;
    let (name, last) = if target == Side::Cliengo { ("firstName", "lastName") } else { ("name", "lastName") };
    let set = json!({ name: "Nadia", last: "Quiroga", "email": "nadia@example.com", "phone": "+5491155550000" });
    let made = house.contact(target.other(), &set);
    let _ = house.mortal_night(&Fate::at_request("POST /contacts", true)).await;
    let ids = house.rows(target, "contacts").iter().map(id_of).collect::<Vec<_>>();
    let [there] = ids.into_iter().filter(|id| id != known.on(target)).collect::<Vec<_>>().try_into().unwrap();
    house.change(target, &one(&there), &json!({ "email": "nadia.q@otra.example", "phone": "+5491166660000" }));
    let ids = if target == Side::Ghl { [made, there] } else { [there, made] };
    (house, ids)
}

fn one(id: &str) -> Person {
    Person { cliengo: id.to_owned(), ghl: id.to_owned() }
}

// Watches: I38.
#[tokio::test]
async fn a_contact_that_was_created_without_an_answer_and_has_another_email_and_phone_since_is_neither_created_again_nor_carried_back()
 {
    for target in Side::BOTH {
        let (house, ids) = left_contact(target).await;
        for _ in 0..2 {
            let finished = house.quiet_night().await;
            let told = &finished.plan.held[0].detail;
            assert_eq!(held(&finished), [HeldReason::UnknownOutcome], "{target}");
            let link = format!("concord links add {} {}", ids[0], ids[1]);
            assert!(told.contains(&link) && told.contains("concord held retry"), "{told}");
            assert_eq!(counts(&house, Kind::Contact), [2, 2], "{target}");
        }
    }
}

#[tokio::test]
async fn whoever_says_that_it_is_that_person_has_both_linked_and_the_edit_carried_over() {
    for target in Side::BOTH {
        let (house, [cliengo, ghl]) = left_contact(target).await;
        house.night().await;
        let stop = CancellationToken::new();
        let clients = house.clients(&stop);
        let (cliengo, ghl) = (CliengoId::new(cliengo), GhlId::new(ghl));
        let by_hand = ByHand { kind: Kind::Contact, cliengo, ghl, contact: None };
        let linked = link_by_hand(&house.job(&clients.0, &clients.1, stop), &by_hand).await.unwrap();
        assert!(linked.settled_create, "{target}");
        house.good_night().await;
        house.quiet_night().await;
        assert_eq!(counts(&house, Kind::Contact), [2, 2], "{target}");
        assert_eq!(crate::story::emails(&house, target), crate::story::emails(&house, target.other()), "{target}");
        assert!(crate::story::emails(&house, target.other()).contains_key("nadia.q@otra.example"), "{target}");
    }
}

#[tokio::test]
async fn whoever_says_that_that_person_was_not_created_has_both_people_on_both_sides() {
    for target in Side::BOTH {
        let (house, [cliengo, ghl]) = left_contact(target).await;
        house.night().await;
        let source = SideId::new(target.other(), if target == Side::Ghl { cliengo } else { ghl });
        let state = State::open(&house.state_path()).unwrap();
        assert!(state.was_not_done(Kind::Contact, &source).unwrap());
        drop(state);
        house.good_night().await;
        house.quiet_night().await;
        assert_eq!(counts(&house, Kind::Contact), [3, 3], "{target}");
    }
}

#[tokio::test]
async fn who_came_to_a_crm_at_that_very_time_under_another_name_is_somebody_else() {
    for target in Side::BOTH {
        let house = House::build(&Plot::extended()).await;
        house.person(1);
        house.good_night().await;
        let name = |side| if side == Side::Ghl { "firstName" } else { "name" };
        house.contact(target.other(), &json!({ name(target.other()): "Nadia", "email": "nadia@example.com" }));
        let _ = house.mortal_night(&Fate::at_request("POST /contacts", false)).await;
        let now = house.clock.now().to_string();
        let (email, phone) = ("ramiro@example.com", "+5491166660000");
        let set = json!({ name(target): "Ramiro", "email": email, "phone": phone, "createdAt": now });
        house.contact(target, &set);
        house.clock.advance(std::time::Duration::from_hours(1));
        house.good_night().await;
        house.quiet_night().await;
        assert_eq!(counts(&house, Kind::Contact), [3, 3], "{target}");
    }
}
