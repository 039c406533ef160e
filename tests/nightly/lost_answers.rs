//! Writes whose answer is lost: exactly one counterpart in the end, and never a second request.

use std::sync::Arc;

use concord::clock::{Clock, ManualClock};
use concord::record::{Kind, Side};
use concord::run::{Consent, OperationOutcome};
use concord::sandbox::{Edit, EditKind, EditOp};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::house::{House, Person, Plot, outcomes};

async fn linked() -> (House, Person) {
    let house = House::build(&Plot::extended()).await;
    let person = house.person(1);
    house.person(2);
    house.good_night().await;
    (house, person)
}

/// Makes something on `source`, so that its counterpart has to be created on the other side.
fn make(house: &House, source: Side, kind: Kind, person: &Person) {
    match kind {
        Kind::Contact => {
            let name = if source == Side::Ghl { "firstName" } else { "name" };
            let set = json!({ name: "Nueva", "email": "nueva@example.com", "phone": "+5491155550000" });
            let made = house.contact(source, &set);
            let there = Person { cliengo: made.clone(), ghl: made };
            house.note(source, &there, "Primera nota");
            house.tag(source, EditOp::Create, &there, "nueva");
        }
        Kind::Task => drop(house.task(source, person, "Tarea nueva")),
        Kind::Note => drop(house.note(source, person, "Nota nueva")),
    }
}

fn path_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Contact => "/contacts",
        Kind::Task => "/tasks",
        Kind::Note => "/notes",
    }
}

fn posts(house: &House, target: Side, kind: Kind) -> usize {
    let is_one = |path: &str| match kind {
        Kind::Contact => path.trim_end_matches('/') == "/contacts",
        _ => path.ends_with(path_of(kind)),
    };
    let writes = house.writes();
    writes.iter().filter(|write| write.side == target && write.method == "POST" && is_one(&write.path)).count()
}

async fn ends_with_one_counterpart(fault: &str) {
    for target in Side::BOTH {
        for kind in Kind::ALL {
            let (house, person) = linked().await;
            let kinds = format!("{kind}s");
            let before = house.rows(target, &kinds).len();
            make(&house, target.other(), kind, &person);
            // GHL's contact create has a trailing slash; a note's and a task's path end in their kind.
            let part = if kind == Kind::Contact && target == Side::Ghl { "/contacts/" } else { path_of(kind) };
            house.faults(&format!("{fault}@{target}:POST:{part}"));
            let struck = format!("{fault} on a POST of a {kind} to {target}");
            if kind == Kind::Contact && target == Side::Ghl {
                // The searches of GHL are POSTs too; the fault is for the create alone.
                house.faults(&format!("{fault}@{target}:POST:/contacts/#2"));
            }
            let mut sent = 0;
            for _ in 0..3 {
                house.night().await;
                sent += posts(&house, target, kind);
            }
            assert_eq!(sent, 1, "{struck}");
            assert_eq!(house.rows(target, &kinds).len(), before + 1, "{struck}");
            house.faults("");
            house.night().await;
            let quiet = house.quiet_night().await;
            assert!(!quiet.needs_a_person(), "{struck}: {:?}", quiet.plan.held);
            assert_eq!(house.rows(Side::Cliengo, "notes").len(), house.rows(Side::Ghl, "notes").len(), "{struck}");
        }
    }
}

// Watches: I38, incident 22.
#[tokio::test]
async fn a_create_whose_answer_is_cut_off_is_found_again_and_not_sent_twice() {
    ends_with_one_counterpart("reset-after-write").await;
}

// Watches: I38.
#[tokio::test]
async fn a_create_answered_with_500_after_it_was_done_is_found_again_and_not_sent_twice() {
    ends_with_one_counterpart("status-after-write=500").await;
}

#[tokio::test]
async fn a_create_answered_with_nonsense_is_found_again_and_not_sent_twice() {
    ends_with_one_counterpart("truncated-json").await;
}

// Watches: I38.
#[tokio::test]
async fn a_create_that_never_arrived_is_sent_again_the_next_night() {
    for target in Side::BOTH {
        for kind in [Kind::Task, Kind::Note] {
            let (house, person) = linked().await;
            let kinds = format!("{kind}s");
            make(&house, target.other(), kind, &person);
            house.faults(&format!("reset-before@{target}:POST:{}", path_of(kind)));
            if kind == Kind::Task && target == Side::Ghl {
                house.faults(&format!("reset-before@{target}:POST:/contacts/{}/tasks", person.ghl));
            }
            for _ in 0..3 {
                house.night().await;
            }
            assert_eq!(house.rows(target, &kinds).len(), 1, "{kind} to {target}");
            house.quiet_night().await;
        }
    }
}

#[tokio::test]
async fn a_create_that_may_have_been_done_is_not_sent_again_before_it_has_rested() {
    for target in Side::BOTH {
        let (house, person) = linked().await;
        make(&house, target.other(), Kind::Note, &person);
        house.faults(&format!("status=500@{target}:POST:/notes"));
        assert_eq!(outcomes(&house.night().await), [OperationOutcome::Unknown], "{target}");
        house.faults("");
        house.at_once().await;
        assert_eq!(house.writes(), [], "{target}");
        // A day later it would be found.
        house.good_night().await;
        assert_eq!(house.rows(target, "notes").len(), 1, "{target}");
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn an_equal_note_with_a_counterpart_of_its_own_is_not_taken_for_the_one_that_never_arrived() {
    for target in Side::BOTH {
        let (house, person) = linked().await;
        for _ in 0..2 {
            house.note(target.other(), &person, "Llamar");
        }
        house.faults(&format!("status=500@{target}:POST:/notes#2"));
        assert_eq!(outcomes(&house.night().await), [OperationOutcome::Applied, OperationOutcome::Unknown], "{target}");
        house.faults("");
        house.good_night().await;
        assert_eq!(house.children(target, "notes", person.on(target)), ["Llamar"; 2], "{target}");
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn an_update_whose_answer_is_lost_settles_without_another_change() {
    for source in Side::BOTH {
        let (house, person) = linked().await;
        house.change(source, &person, &json!({ "email": "nueva@example.com" }));
        let method = if source == Side::Ghl { "PATCH" } else { "PUT" };
        house.faults(&format!("reset-after-write@{}:{method}:/contacts/#..5", source.other()));
        // It is read before it would be sent again.
        let finished = house.night().await;
        assert_eq!((outcomes(&finished), house.writes().len()), (vec![OperationOutcome::Applied], 1));
        let again = house.night().await;
        assert!(again.plan.conflicts.is_empty());
        assert_eq!(house.writes(), [], "both sides say the same already");
        assert_eq!(house.row(source.other(), &person)["email"], "nueva@example.com");
        house.quiet_night().await;
    }
}

// Watches: I41.
#[tokio::test]
async fn a_run_that_is_stopped_leaves_the_rest_for_the_next_one() {
    let house = House::build(&Plot::extended().with_people(40)).await;
    let stop = CancellationToken::new();
    let consent = Consent::default();
    let stopping = async {
        while house.writes().len() < 5 {
            tokio::task::yield_now().await;
        }
        stop.cancel();
    };
    let (finished, ()) = tokio::join!(house.try_night(&consent, stop.clone()), stopping);
    let outcomes = outcomes(&finished.unwrap());
    assert!(outcomes.contains(&OperationOutcome::NotStarted));
    assert!(outcomes.contains(&OperationOutcome::Applied));
    for _ in 0..2 {
        house.night().await;
    }
    house.quiet_night().await;
    crate::story::both_sides_tell_the_same(&house, crate::story::Blind::default());
    for side in Side::BOTH {
        let doubled = crate::story::emails(&house, side).into_iter().filter(|(_, count)| *count > 1).count();
        assert!(doubled <= usize::from(side == Side::Cliengo), "{side}: somebody is there twice");
    }
}

// Watches: I29.
#[tokio::test]
async fn a_record_that_changes_between_listing_and_writing_is_left_for_the_next_night() {
    for source in Side::BOTH {
        let (house, person) = linked().await;
        let target = source.other();
        house.change(source, &person, &json!({ "email": "planeada@example.com" }));
        // The contacts are listed by then; the notes come after them.
        house.faults("hang=0.4@cliengo:GET:/notes,hang=0.4@ghl:GET:/notes");
        let edit = Edit {
            side: target,
            op: EditOp::Update,
            kind: EditKind::Contact,
            contact: Some(person.on(target).to_owned()),
            id: None,
            set: serde_json::Map::from_iter([("email".to_owned(), json!("mientras@example.com"))]),
        };
        let (finished, edited) = tokio::join!(house.night(), house.edit_meanwhile(&edit));
        edited.unwrap();
        assert_eq!(outcomes(&finished), [OperationOutcome::SkippedStale]);
        assert_eq!(house.writes(), []);
        assert_eq!(house.row(target, &person)["email"], "mientras@example.com");
        let next = house.good_night().await;
        assert_eq!(next.plan.conflicts.len(), 1, "both changed it: the next night sees it");
        house.quiet_night().await;
    }
}

/// Two people who stand on one side each, with what hangs under them: everything has to be created once.
async fn newcomers() -> House {
    let house = House::build(&Plot::extended()).await;
    for side in Side::BOTH {
        make(&house, side, Kind::Contact, &Person { cliengo: String::new(), ghl: String::new() });
        let kinds = house.rows(side, "contacts");
        let id = kinds[0]["id"].as_str().unwrap().to_owned();
        let there = Person { cliengo: id.clone(), ghl: id };
        house.task(side, &there, "Primera tarea");
        house.change(side, &there, &json!({ "email": format!("solo.{side}@example.com"), "phone": null }));
    }
    house
}

#[tokio::test]
async fn a_process_that_dies_between_any_two_requests_doubles_nothing() {
    for survived in 1..=14 {
        let house = newcomers().await;
        let consent = Consent::default();
        let dying = async {
            while house.writes().len() < survived {
                tokio::task::yield_now().await;
            }
        };
        // Dropped where it stands: nothing that comes after an answer is done any more.
        tokio::select! {
            _ = house.try_night(&consent, CancellationToken::new()) => {}
            () = dying => {}
        }
        for _ in 0..3 {
            house.night().await;
        }
        house.quiet_night().await;
        for side in Side::BOTH {
            for kinds in ["contacts", "tasks", "notes"] {
                assert_eq!(house.rows(side, kinds).len(), 2, "{kinds} in {side}, killed after {survived} requests");
            }
        }
        crate::story::both_sides_tell_the_same(&house, crate::story::Blind::default());
    }
}

/// A machine's clock that disagrees with the CRMs'.
#[derive(Debug)]
pub struct Wrong(pub Arc<ManualClock>, pub SignedDuration);

impl Clock for Wrong {
    fn now(&self) -> Timestamp {
        self.0.now().checked_add(self.1).unwrap()
    }
}

// Watches: I53.
#[tokio::test]
async fn a_machine_whose_clock_is_wrong_finds_what_it_created_all_the_same() {
    for hours in [-40, -3, 3, 40] {
        for target in Side::BOTH {
            let (mut house, person) = linked().await;
            house.ours = Arc::new(Wrong(house.clock.clone(), SignedDuration::from_hours(hours)));
            house.night().await;
            for kind in Kind::ALL {
                make(&house, target.other(), kind, &person);
            }
            // The listings of the nights that follow do not show it either.
            house.faults(&format!("reset-after-write@{target}:WRITE*,lag=180000"));
            house.night().await;
            house.faults("lag=180000");
            for _ in 0..3 {
                house.night().await;
            }
            house.quiet_night().await;
            for kind in ["contacts", "tasks", "notes"] {
                let (cliengo, ghl) = (house.rows(Side::Cliengo, kind).len(), house.rows(Side::Ghl, kind).len());
                assert_eq!(cliengo, ghl, "{kind} when our clock is {hours} hours ahead, created in {target}");
            }
        }
    }
}

// Watches: I53.
#[tokio::test]
async fn what_was_created_while_the_clock_ran_ahead_is_found_once_it_is_right_again() {
    for target in Side::BOTH {
        let (mut house, person) = linked().await;
        house.ours = Arc::new(Wrong(house.clock.clone(), SignedDuration::from_hours(24 * 400)));
        for kind in Kind::ALL {
            make(&house, target.other(), kind, &person);
        }
        house.faults(&format!("reset-after-write@{target}:WRITE*,lag=180000"));
        house.night().await;
        house.faults("");
        house.ours = house.clock.clone();
        for _ in 0..3 {
            house.night().await;
        }
        let quiet = house.quiet_night().await;
        assert!(!quiet.needs_a_person(), "{target}: {:?}", quiet.plan.held);
        for kind in ["contacts", "tasks", "notes"] {
            let (cliengo, ghl) = (house.rows(Side::Cliengo, kind).len(), house.rows(Side::Ghl, kind).len());
            assert_eq!(cliengo, ghl, "{kind} created in {target}");
        }
    }
}
