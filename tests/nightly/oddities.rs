//! What is odd and harmless is counted, and no more (`semantics` 56); and dates that cannot be read or told.

use std::sync::Arc;

use concord::clock::Clock;
use concord::reconcile::HeldReason;
use concord::record::{Action, Kind, Side};
use serde_json::{Value, json};

use crate::house::{House, Person, Plot, count, held};
use crate::proxy::{self, Rewrite};

const PROPAGATE: &str = "[pair.house.contacts]\non_delete = \"propagate\"\n";

async fn linked() -> (House, Vec<Person>) {
    let mut house = House::build(&Plot::extended().with_settings(PROPAGATE)).await;
    house.strict = false;
    let people: Vec<Person> = (1..=12).map(|number| house.person(number)).collect();
    house.task(Side::Ghl, &people[0], "Enviar presupuesto");
    house.good_night().await;
    (house, people)
}

async fn cliengo_through(house: &mut House, rewrite: Rewrite) {
    house.urls.cliengo = proxy::before(&house.sandbox.cliengo_url(), rewrite).await;
}

/// The listing is complete, nothing is said, and who is removed goes.
async fn stays_harmless(house: &House, people: &[Person], what: &str) {
    for _ in 0..2 {
        let finished = house.quiet_night().await;
        assert_eq!(held(&finished), [], "{what}");
        for side in Side::BOTH {
            let listing = finished.plan.listings.of(side);
            assert!(listing.contact.complete && listing.task.complete, "{what}: {listing:?}");
        }
        assert!(!finished.needs_a_person(), "{what}");
    }
    house.remove(Side::Cliengo, &people[3]);
    let finished = house.good_night().await;
    assert_eq!((count(&finished, Kind::Contact, Action::Delete), held(&finished)), (1, vec![]), "{what}");
}

#[tokio::test]
async fn a_row_that_always_comes_twice_and_a_total_as_a_text_leave_a_night_good() {
    type Oddity = fn(&mut Value);
    let oddities: [(&str, Oddity); 2] = [
        ("the first row twice", |page| {
            let rows = page["results"].as_array_mut().unwrap();
            let first = rows.first().cloned();
            rows.splice(0..0, first);
        }),
        ("a total as a text", |page| page["paging"]["total"] = page["paging"]["total"].to_string().into()),
    ];
    for (what, oddity) in oddities {
        let (mut house, people) = linked().await;
        let rewrite: Rewrite = Arc::new(move |line, mut answer| {
            if line.starts_with("GET /cliengo/1.0/contacts?") {
                oddity(&mut answer);
            }
            Ok(answer)
        });
        cliengo_through(&mut house, rewrite).await;
        stays_harmless(&house, &people, what).await;
    }
}

#[tokio::test]
async fn a_task_whose_contact_is_not_listed_leaves_a_night_good() {
    let (mut house, people) = linked().await;
    let rewrite: Rewrite = Arc::new(|line, mut answer| {
        if line.contains("/tasks/search") {
            let rows = answer["tasks"].as_array_mut().unwrap();
            let mut orphan = rows[0].clone();
            orphan["_id"] = json!("ORPHAN00000000000000");
            orphan["contactId"] = json!("NOBODY00000000000000");
            rows.push(orphan);
        }
        Ok(answer)
    });
    house.urls.ghl = proxy::before(&house.sandbox.ghl_url(), rewrite).await;
    stays_harmless(&house, &people, "an orphan task").await;
}

#[tokio::test]
async fn a_contact_whose_age_cannot_be_told_waits_until_it_can() {
    for date in [json!("ayer"), Value::Null, json!("0000-00-00T00:00:00Z"), json!("")] {
        let settings = "[pair.house.cliengo]\nmin_age = \"15m\"\n";
        let mut house = House::build(&Plot::extended().with_settings(settings)).await;
        house.strict = false;
        house.contact(Side::Cliengo, &json!({ "name": "Ana", "email": "ana@example.com" }));
        let shown = date.clone();
        let rewrite: Rewrite = Arc::new(move |_, mut answer| {
            let rows = answer.get_mut("results").and_then(Value::as_array_mut);
            rows.into_iter().flatten().for_each(|row| row["creationDate"] = shown.clone());
            Ok(answer)
        });
        cliengo_through(&mut house, rewrite).await;
        let finished = house.quiet_night().await;
        assert_eq!(held(&finished), [HeldReason::TooYoung], "{date}");
        assert!(finished.plan.held[0].detail.contains("creation date cannot be read"), "{:?}", finished.plan.held);
        assert!(!finished.needs_a_person());
        house.urls.cliengo = house.sandbox.cliengo_url();
        let finished = house.good_night().await;
        assert_eq!(count(&finished, Kind::Contact, Action::Create), 1, "{date}");
    }
}

#[tokio::test]
async fn the_age_of_a_contact_is_told_by_the_clock_of_its_crm() {
    // Ten minutes old by Cliengo's clock, which is ten minutes slow: it says so of itself and of its contacts.
    for (skew, age, is_young) in [(-600, 1200, true), (-600, 1600, false), (90, 850, false), (0, 850, true)] {
        let settings = "[pair.house.cliengo]\nmin_age = \"15m\"\n";
        let house = House::build(&Plot::extended().with_settings(settings)).await;
        let tonight = house.clock.now() + jiff::SignedDuration::from_secs(60 + 24 * 3600);
        let created = (tonight - jiff::SignedDuration::from_secs(age)).to_string();
        house.contact(Side::Cliengo, &json!({ "name": "Ana", "email": "ana@example.com", "createdAt": created }));
        house.faults(&format!("date-skew={skew}@cliengo*"));
        let finished = house.good_night().await;
        let waits = held(&finished) == [HeldReason::TooYoung];
        assert_eq!(waits, is_young, "{age} s by ours, {skew} s ahead: {:?}", finished.plan.held);
    }
}

#[tokio::test]
async fn an_account_without_tasks_is_one_whatever_it_says_about_them() {
    let answers = ["status=401", "status=403", "status=404", "status=500", "html"];
    for answer in answers {
        let mut house = House::build(&Plot::extended().with_settings("[pair.house.cliengo]\ntasks = \"auto\"\n")).await;
        house.strict = false;
        let person = house.person(1);
        house.note(Side::Ghl, &person, "Pidió precio");
        house.task(Side::Ghl, &person, "Enviar presupuesto");
        house.faults(&format!("{answer}@cliengo:GET:/tasks*"));
        house.good_night().await;
        assert_eq!(house.rows(Side::Cliengo, "notes").len(), 1, "{answer}");
        let asked = house.sandbox.requests();
        let asked = asked.iter().filter(|asked| asked.side == Side::Cliengo && asked.path.ends_with("/tasks"));
        assert_eq!(asked.count(), 1, "{answer}: asked once");
        house.quiet_night().await;
        assert_eq!(
            (house.rows(Side::Cliengo, "tasks").len(), house.rows(Side::Ghl, "tasks").len()),
            (0, 1),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn a_row_that_comes_twice_is_no_gap_whatever_the_total_counts() {
    type Oddity = fn(&mut Value);
    let oddities: [(&str, Oddity); 2] = [
        ("the page alone", |page| page["paging"]["total"] = page["results"].as_array().unwrap().len().into()),
        ("the row that came twice as two", |page| {
            page["paging"]["total"] = (page["paging"]["total"].as_u64().unwrap() + 1).into();
        }),
    ];
    for (what, count_it) in oddities {
        let (mut house, people) = linked().await;
        let rewrite: Rewrite = Arc::new(move |line, mut answer| {
            if line.starts_with("GET /cliengo/1.0/contacts?") {
                let rows = answer["results"].as_array_mut().unwrap();
                rows.extend(rows.last().cloned());
                count_it(&mut answer);
            }
            Ok(answer)
        });
        cliengo_through(&mut house, rewrite).await;
        stays_harmless(&house, &people, what).await;
    }
}

#[tokio::test]
async fn who_is_hidden_by_a_row_that_stands_twice_is_not_made_again_where_a_list_tells_no_count() {
    let (mut house, _) = linked().await;
    // Neither among the newest, who are looked at once more before a create, nor the last of the list.
    let older = json!({ "name": "Olga Ruiz", "email": "olga@example.com", "createdAt": "2026-11-01T12:00:00Z" });
    house.contact(Side::Cliengo, &older);
    let newcomer = json!({ "name": "Nora Vega", "email": "nora@example.com", "createdAt": "2026-11-20T12:00:00Z" });
    house.contact(Side::Cliengo, &newcomer);
    house.contact(Side::Ghl, &json!({ "firstName": "Nora", "lastName": "Vega", "email": "nora@example.com" }));
    let hidden = std::sync::atomic::AtomicBool::new(false);
    let rewrite: Rewrite = Arc::new(move |line, mut answer| {
        if line.starts_with("GET /cliengo/1.0/contacts?") {
            answer["paging"].as_object_mut().unwrap().remove("total");
            let rows = answer["results"].as_array_mut().unwrap();
            let nora = rows.iter().position(|row| row["email"] == "nora@example.com");
            if let (Some(at), false) = (nora, hidden.swap(true, std::sync::atomic::Ordering::Relaxed)) {
                let other = rows.iter().find(|row| row["email"] != "nora@example.com").cloned();
                rows[at] = other.unwrap();
            }
        }
        Ok(answer)
    });
    cliengo_through(&mut house, rewrite).await;
    house.good_night().await;
    house.quiet_night().await;
    let noras = |side| house.rows(side, "contacts").iter().filter(|row| row["email"] == "nora@example.com").count();
    assert_eq!((noras(Side::Cliengo), noras(Side::Ghl)), (1, 1));
}

#[tokio::test]
async fn who_slipped_off_every_page_is_not_made_again_where_all_came_in_one_second() {
    let house = House::build(&Plot::extended()).await;
    for number in 1..=5 {
        let (name, email) = (format!("Persona {number}"), format!("persona{number}@example.com"));
        let created = "2026-11-01T12:00:00Z";
        house.contact(Side::Cliengo, &json!({ "name": name, "email": email, "createdAt": created }));
    }
    house.good_night().await;
    house.contact(Side::Cliengo, &json!({ "name": "Nora Vega", "email": "nora@example.com" }));
    house.contact(Side::Ghl, &json!({ "firstName": "Nora", "lastName": "Vega", "email": "nora@example.com" }));
    house.faults("torn-page@cliengo:READ*");
    let finished = house.night().await;
    assert!(!finished.plan.listings.cliengo.contact.complete && finished.needs_a_person());
    house.faults("");
    house.good_night().await;
    assert_eq!([house.rows(Side::Cliengo, "contacts").len(), house.rows(Side::Ghl, "contacts").len()], [6, 6]);
}

#[tokio::test]
async fn a_row_that_comes_twice_is_no_gap_in_an_account_that_knows_days_alone() {
    let account = "[cliengo]\ntotal = \"page\"\nunusual = \"repeated-row\"\nsub_day = \"cut\"\n".parse().unwrap();
    let house = House::build(&Plot { account, ..Plot::extended() }).await;
    for number in 1..=3 {
        house.person(number);
    }
    house.good_night().await;
    house.contact(Side::Ghl, &json!({ "firstName": "Nora", "email": "nora@example.com" }));
    let finished = house.good_night().await;
    assert!(finished.plan.listings.cliengo.contact.complete, "{:?}", finished.plan.listings.cliengo.contact);
    assert_eq!((held(&finished), house.rows(Side::Cliengo, "contacts").len()), (vec![], 4));
}

#[tokio::test]
async fn a_row_that_comes_twice_in_the_whole_list_alone_is_no_gap_where_each_page_counts_itself() {
    let (mut house, people) = linked().await;
    let rewrite: Rewrite = Arc::new(move |line, mut answer| {
        if line.starts_with("GET /cliengo/1.0/contacts?") {
            let rows = answer["results"].as_array_mut().unwrap();
            if !line.contains("since") {
                rows.extend(rows.last().cloned());
            }
            answer["paging"]["total"] = answer["results"].as_array().unwrap().len().into();
        }
        Ok(answer)
    });
    cliengo_through(&mut house, rewrite).await;
    stays_harmless(&house, &people, "where windows show it once").await;
}

#[tokio::test]
async fn notes_that_come_under_new_ids_are_the_ones_that_were_there() {
    for each_time in [true, false] {
        let (mut house, people) = linked().await;
        for (number, person) in people.iter().take(4).enumerate() {
            house.note(Side::Cliengo, person, &format!("Nota {number}"));
        }
        house.good_night().await;
        let looks = std::sync::atomic::AtomicU64::new(0);
        let rewrite: Rewrite = Arc::new(move |line, mut answer| {
            if line.starts_with("GET /cliengo/1.0/contacts/") && line.contains("/notes") && !line.contains("/notes/") {
                let look = if each_time { looks.fetch_add(1, std::sync::atomic::Ordering::Relaxed) } else { 7 };
                let rows = if answer.is_array() { &mut answer } else { &mut answer["results"] };
                for row in rows.as_array_mut().unwrap() {
                    row["ID"] = format!("{}-{look}", row["ID"].as_str().unwrap()).into();
                }
            }
            Ok(answer)
        });
        cliengo_through(&mut house, rewrite).await;
        house.strict = false;
        for _ in 0..4 {
            house.night().await;
            assert!(house.writes().is_empty(), "{each_time}: {:?}", house.sent());
        }
        assert_eq!(house.rows(Side::Ghl, "notes").len(), 4, "{each_time}");
    }
}

#[tokio::test]
async fn where_everybodys_email_is_empty_in_one_night_nobodys_is_emptied_and_it_is_said() {
    let (mut house, _) = linked().await;
    let rewrite: Rewrite = Arc::new(move |line, mut answer| {
        if line.starts_with("GET /cliengo/1.0/contacts?") {
            answer["results"].as_array_mut().unwrap().iter_mut().for_each(|row| row["email"] = Value::Null);
        }
        Ok(answer)
    });
    cliengo_through(&mut house, rewrite).await;
    for _ in 0..2 {
        let finished = house.night().await;
        assert!(house.writes().is_empty(), "{:?}", house.sent());
        assert_eq!(held(&finished), [HeldReason::Inconclusive]);
        assert!(finished.plan.held[0].detail.starts_with("Cliengo shows nobody's email tonight"));
    }
}

#[tokio::test]
async fn one_value_for_everybody_is_hidden_behind_and_written_nowhere() {
    for (key, value) in [("email", "redacted@example.com"), ("firstName", "P***"), ("phone", "+54 9 11 0000-0000")] {
        let (mut house, _) = linked().await;
        let before = house.rows(Side::Cliengo, "contacts");
        let rewrite: Rewrite = Arc::new(move |line, mut answer| {
            if line.starts_with("POST /ghl/contacts/search") {
                let rows = answer["contacts"].as_array_mut().unwrap();
                rows.iter_mut().for_each(|row| row[key] = value.into());
            }
            Ok(answer)
        });
        house.urls.ghl = proxy::before(&house.sandbox.ghl_url(), rewrite).await;
        for _ in 0..2 {
            house.night().await;
            assert_eq!(house.rows(Side::Cliengo, "contacts"), before, "{key}");
        }
    }
}
