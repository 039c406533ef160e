//! Notes that are listed in turn: what was not looked at counts for nothing. (`semantics` 54)

use std::collections::BTreeSet;

use concord::reconcile::GuardName;
use concord::record::Side;
use concord::sandbox::EditKind;

use crate::house::{House, Person, Plot};

async fn linked(people: u32, rotation: &str) -> (House, Vec<Person>) {
    let settings = format!("[pair.house.notes]\nfetch = \"changed\"\nrotation = \"{rotation}\"\n");
    let house = House::build(&Plot::extended().with_settings(&settings)).await;
    let people: Vec<Person> = (1..=people).map(|number| house.person(number)).collect();
    for person in &people {
        house.note(Side::Ghl, person, "Pidió precio");
    }
    house.good_night().await;
    house.night().await;
    (house, people)
}

/// The contacts of a side whose notes the last night asked for.
pub fn asked(house: &House, side: Side) -> BTreeSet<String> {
    let all = house.sandbox.requests();
    let notes = all.iter().filter(|asked| asked.side == side && asked.path.ends_with("/notes"));
    notes.filter_map(|asked| asked.path.split('/').nth(2).map(str::to_owned)).collect()
}

#[tokio::test]
async fn a_share_that_is_suddenly_empty_deletes_nothing_however_many_nights_it_takes() {
    let (house, _) = linked(24, "4d").await;
    house.faults("empty-listing@cliengo:GET:/notes*");
    let mut stopped = 0;
    for _ in 0..10 {
        let finished = house.night().await;
        assert_eq!(house.writes(), []);
        if finished.is_refused() {
            stopped += 1;
            assert!(
                finished.plan.tripped().all(|guard| guard.guard == GuardName::Emptied),
                "{:?}",
                finished.plan.guards
            );
        }
    }
    assert!(stopped > 0 && house.rows(Side::Ghl, "notes").len() == 24);
}

#[tokio::test]
async fn one_that_cannot_be_read_does_not_stop_the_others_turn() {
    let (house, people) = linked(10, "10d").await;
    let (one, other) = (&people[0], &people[1]);
    house.faults(&format!(
        "status=404@ghl:GET:/contacts/{}/notes*, status=404@cliengo:GET:/contacts/{}/notes*",
        one.ghl, other.cliengo
    ));
    let (mut cliengo, mut ghl) = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..12 {
        house.night().await;
        assert_eq!(house.writes(), []);
        cliengo.extend(asked(&house, Side::Cliengo));
        ghl.extend(asked(&house, Side::Ghl));
    }
    assert_eq!((cliengo.len(), ghl.len()), (10, 10), "everybody had a turn");
    // And what a person deletes is still found.
    let note =
        house.rows(Side::Ghl, "notes").iter().find(|row| row["contactId"] == people[4].ghl.as_str()).unwrap()["id"]
            .clone();
    house.remove_child(Side::Ghl, EditKind::Note, &people[4], note.as_str().unwrap());
    for _ in 0..11 {
        house.night().await;
    }
    assert_eq!(house.rows(Side::Cliengo, "notes").len(), 9);
}
