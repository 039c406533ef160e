//! The fewest requests that do it, read from the request log.

use concord::record::Side;
use concord::sandbox::{EditKind, EditOp};
use serde_json::json;

use crate::house::{House, Plot};

const PAGE: usize = 100;

/// How many reads of a side have a path for which `is_it` holds.
fn reads(house: &House, side: Side, is_it: impl Fn(&str) -> bool) -> usize {
    let all = house.sandbox.requests().into_iter();
    let reads = all.filter(|request| request.method == "GET" || request.path.ends_with("/search"));
    reads.filter(|request| request.side == side && is_it(&request.path)).count()
}

async fn a_quiet_night_reads_the_minimum(plot: Plot, contacts: usize, tasks: bool) {
    let limits = "[pair.house.guard]\ncreate_count = 10000\n";
    let house = House::build(&plot.with_settings(limits)).await;
    house.sandbox.world().fill(contacts, contacts, None, 1, usize::from(tasks)).unwrap();
    house.good_night().await;
    house.quiet_night().await;
    house.quiet_night().await;
    let is_probe = |path: &str| path.contains("limit=1&") || path.ends_with("limit=1");
    let cliengo_pages = reads(&house, Side::Cliengo, |path| path.starts_with("/contacts?") && !is_probe(path));
    let probes = reads(&house, Side::Cliengo, is_probe);
    let of_children = |side: Side, kinds: &str| reads(&house, side, |path| path.ends_with(kinds));
    let name = format!("{contacts} contacts, tasks: {tasks}");
    assert_eq!(cliengo_pages, contacts.div_ceil(PAGE).max(1), "{name}: Cliengo's pages");
    assert!(probes <= 3, "{name}: {probes} count probes");
    assert_eq!(of_children(Side::Cliengo, "/notes"), contacts, "{name}: Cliengo's notes");
    assert_eq!(of_children(Side::Cliengo, "/tasks"), if tasks { contacts } else { 0 }, "{name}: Cliengo's tasks");
    assert_eq!(of_children(Side::Ghl, "/notes"), contacts, "{name}: GHL's notes");
    // One more where a last page is full: only an empty or short one says that it was the last.
    let pages = contacts / PAGE + 1;
    let searches = |path: &'static str| reads(&house, Side::Ghl, move |asked| asked.ends_with(path));
    assert!(searches("/contacts/search") <= pages, "{name}: GHL's contacts");
    assert!(searches("/tasks/search") <= if tasks { pages } else { 0 }, "{name}: GHL's tasks");
    let known = searches("/contacts/search") + searches("/tasks/search") + of_children(Side::Ghl, "/notes");
    let fixed = reads(&house, Side::Ghl, |_| true) - known;
    assert!(fixed <= 5, "{name}: {fixed} further reads");
}

// Watches: I4.
#[tokio::test]
async fn a_quiet_night_reads_no_more_than_it_has_to() {
    for contacts in [7, PAGE, PAGE + 30] {
        a_quiet_night_reads_the_minimum(Plot::extended(), contacts, true).await;
        a_quiet_night_reads_the_minimum(Plot::legacy(), contacts, false).await;
    }
}

#[tokio::test]
async fn all_tags_of_a_contact_are_one_request_for_each_direction() {
    let house = House::build(&Plot::extended()).await;
    let person = house.person(1);
    for tag in ["vieja", "usada", "queda"] {
        for side in Side::BOTH {
            house.tag(side, EditOp::Create, &person, tag);
        }
    }
    house.good_night().await;
    for tag in ["uno", "dos", "tres"] {
        house.tag(Side::Cliengo, EditOp::Create, &person, tag);
    }
    for tag in ["vieja", "usada"] {
        house.tag(Side::Cliengo, EditOp::Delete, &person, tag);
    }
    house.good_night().await;
    let path = format!("/contacts/{}/tags", person.ghl);
    let expected = [
        format!(r#"ghl POST {path} {{"tags":["dos","tres","uno"]}}"#),
        format!(r#"ghl DELETE {path} {{"tags":["usada","vieja"]}}"#),
    ];
    assert_eq!(house.sent(), expected);
    house.quiet_night().await;
}

#[tokio::test]
async fn a_completion_alone_goes_to_its_endpoint_and_with_another_change_it_is_one_request() {
    let house = House::build(&Plot::extended()).await;
    let person = house.person(1);
    let ours = [house.task(Side::Cliengo, &person, "Llamar"), house.task(Side::Cliengo, &person, "Visitar")];
    house.good_night().await;
    house.edit_child(Side::Cliengo, EditKind::Task, &person, &ours[0], &json!({ "completed": true }));
    house.edit_child(
        Side::Cliengo,
        EditKind::Task,
        &person,
        &ours[1],
        &json!({ "completed": true, "title": "Visita" }),
    );
    house.good_night().await;
    let mut sent: Vec<String> = house.writes().iter().map(|write| format!("{} {}", write.method, write.body)).collect();
    sent.sort();
    assert_eq!(sent, [r#"PUT {"completed":true,"title":"Visita"}"#, r#"PUT {"completed":true}"#]);
    let to_endpoint = house.writes().into_iter().filter(|write| write.path.ends_with("/completed")).count();
    assert_eq!(to_endpoint, 1);
    house.quiet_night().await;
}

#[tokio::test]
async fn a_plan_is_named_by_what_it_does() {
    let house = House::build(&Plot::extended()).await;
    let person = house.person(1);
    house.good_night().await;
    let mut names = std::collections::BTreeSet::new();
    for email in ["una@example.com", "otra@example.com"] {
        house.change(Side::Ghl, &person, &json!({ "email": email }));
        let planned = house.dry_run().await.plan.id();
        assert_eq!(house.dry_run().await.plan.id(), planned, "the same plan, the same name");
        names.insert(planned);
    }
    assert_eq!(names.len(), 2, "{names:?}");
}
