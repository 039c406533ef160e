//! Tasks, as notes, are gone after two looks; and tags are counted before many go. (`semantics` 53)

use concord::reconcile::GuardName;
use concord::record::{Action, Kind, Side};
use concord::run::Consent;
use concord::sandbox::{EditKind, EditOp};
use tokio_util::sync::CancellationToken;

use crate::house::{House, Person, Plot, count};

async fn linked(people: u32) -> (House, Vec<Person>) {
    let house = House::build(&Plot::extended()).await;
    let people: Vec<Person> = (1..=people).map(|number| house.person(number)).collect();
    (house, people)
}

#[tokio::test]
async fn a_list_of_tasks_that_is_empty_for_one_night_deletes_none() {
    let (house, people) = linked(2).await;
    for title in ["Enviar presupuesto", "Llamar"] {
        house.task(Side::Cliengo, &people[0], title);
    }
    house.good_night().await;
    for list in [format!("cliengo:GET:/contacts/{}/tasks", people[0].cliengo), "ghl:POST:/tasks/search".to_owned()] {
        house.faults(&format!("empty-listing@{list}*"));
        house.night().await;
        assert_eq!(house.writes(), []);
        house.faults("");
        house.quiet_night().await;
        house.quiet_night().await;
    }
    for side in Side::BOTH {
        assert_eq!(house.children(side, "tasks", people[0].on(side)).len(), 2);
    }
}

#[tokio::test]
async fn a_task_that_a_person_deleted_is_deleted_on_the_other_side_the_second_night() {
    for side in Side::BOTH {
        let (house, people) = linked(2).await;
        let ids = ["Enviar presupuesto", "Llamar"].map(|title| house.task(side, &people[0], title));
        house.good_night().await;
        house.remove_child(side, EditKind::Task, &people[0], &ids[0]);
        house.quiet_night().await;
        let second = house.good_night().await;
        assert_eq!(count(&second, Kind::Task, Action::Delete), 1, "{side}");
        assert_eq!(house.children(side.other(), "tasks", people[0].on(side.other())), ["Llamar"]);
        house.quiet_night().await;
    }
}

#[tokio::test]
async fn tags_that_go_from_many_contacts_at_once_wait_for_approval() {
    for (side, list) in [(Side::Cliengo, "cliengo:GET:/contacts"), (Side::Ghl, "ghl:POST:/contacts/search")] {
        let (house, people) = linked(12).await;
        people.iter().for_each(|person| house.tag(side, EditOp::Create, person, "cliente"));
        house.good_night().await;
        people.iter().for_each(|person| house.tag(side, EditOp::Delete, person, "cliente"));
        let stopped = house.night().await;
        assert_eq!(house.writes(), [], "{side} {list}");
        let tripped: Vec<_> = stopped.plan.tripped().map(|guard| (guard.guard, guard.side)).collect();
        assert_eq!(tripped, [(GuardName::TagPercent, side.other())]);
        let consent = Consent { approve: Some(stopped.plan.id()), ..Consent::default() };
        house.try_night(&consent, CancellationToken::new()).await.unwrap();
        assert!(people.iter().all(|person| house.row(side.other(), person)["tags"] == serde_json::json!([])));
        house.quiet_night().await;
    }
}
