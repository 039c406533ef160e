//! GHL's listings and lookups.

use concord::crm::{Coverage, CrmError, Listed, Lookup, Reader};
use concord::record::{Field, GhlId, Kind, Likeness, Record, RemoteId, Value};
use serde_json::{Value as Json, json};

use crate::server::{Kept, Reply, Seen, Server, forms, ok, status, text};

fn id(raw: &str) -> GhlId {
    GhlId::new(raw)
}

fn contacts(count: usize) -> Vec<Json> {
    (0..count)
        .map(|number| {
            json!({ "id": format!("C{number:04}"), "locationId": "Loc1", "firstName": "Ana", "lastName": null,
                    "tags": [], "searchAfter": [1_000 + number, format!("C{number:04}")] })
        })
        .collect()
}

/// `POST /contacts/search` as recorded: the cursor is the last record's.
fn search(contacts: &[Json], seen: &Seen) -> Reply {
    assert_eq!(seen.line(), "POST /contacts/search");
    assert_eq!(seen.body["sort"], json!([{ "field": "dateAdded", "direction": "asc" }]));
    assert_eq!(seen.body["locationId"], "Loc1");
    assert!(seen.body.get("page").is_none());
    let limit = usize::try_from(seen.body["pageLimit"].as_u64().unwrap()).unwrap();
    let after = seen.body.get("searchAfter").and_then(|after| after[1].as_str().map(str::to_owned));
    let rest: Vec<&Json> = contacts.iter().filter(|row| after.as_deref() < row["id"].as_str()).collect();
    ok(json!({ "contacts": rest.iter().take(limit).collect::<Vec<_>>(), "total": contacts.len(), "traceId": "x" }))
}

async fn list(server: &Server) -> (Listed<GhlId>, usize) {
    let sink = Kept::new();
    let listed = server.ghl(|_| {}).list_contacts(&sink).await.unwrap();
    let kept = sink.len();
    (listed, kept)
}

fn why(listed: &Listed<GhlId>) -> &str {
    match &listed.coverage {
        Coverage::Incomplete(why) => why,
        other => panic!("{other:?}"),
    }
}

// Watches: incident 19.
#[tokio::test]
async fn contacts_are_paged_by_the_last_records_cursor_to_a_short_page() {
    for (count, requests) in [(0, 1), (99, 1), (100, 2), (250, 3)] {
        let all = contacts(count);
        let server = Server::start(move |seen| search(&all, seen)).await;
        let (listed, kept) = list(&server).await;
        assert!(matches!(listed.coverage, Coverage::Complete(_)), "{count}: {:?}", listed.coverage);
        assert_eq!((kept, server.seen().len()), (count, requests));
    }
}

// Watches: incident 19.
#[tokio::test]
async fn a_page_that_is_shorter_than_asked_for_does_not_end_the_list() {
    let all = contacts(150);
    let server = Server::start(move |seen| {
        let mut capped = seen.clone();
        capped.body["pageLimit"] = json!(20);
        search(&all, &capped)
    })
    .await;
    let (listed, kept) = list(&server).await;
    assert!(matches!(listed.coverage, Coverage::Complete(_)));
    assert_eq!(kept, 150);
}

// Watches: I28, incident 20, incident 21.
#[tokio::test]
async fn a_page_that_repeats_is_listed_again_once_and_then_not_believed() {
    let all = contacts(250);
    let server = Server::start(move |seen| {
        let mut stuck = seen.clone();
        stuck.body.as_object_mut().unwrap().remove("searchAfter");
        search(&all, &stuck)
    })
    .await;
    let (listed, _) = list(&server).await;
    assert!(why(&listed).contains("twice"), "{}", why(&listed));
    assert_eq!(server.seen().len(), 4);
}

#[tokio::test]
async fn a_repeat_that_passes_leaves_a_complete_listing() {
    let all = contacts(150);
    let mut asked = 0;
    let server = Server::start(move |seen| {
        asked += 1;
        let mut seen = seen.clone();
        if asked == 2 {
            seen.body["searchAfter"] = json!([0, "C0090"]);
        }
        search(&all, &seen)
    })
    .await;
    let (listed, kept) = list(&server).await;
    assert!(matches!(listed.coverage, Coverage::Complete(_)));
    assert_eq!((listed.count, kept), (150, 150));
}

// Watches: I27.
#[tokio::test]
async fn a_total_that_never_agrees_is_incomplete_after_three_passes() {
    let mut all = contacts(10);
    let server = Server::start(move |seen| {
        all.truncate(10);
        match search(&all, seen) {
            Reply::Answer(200, headers, body) => {
                Reply::Answer(200, headers, body.replace("\"total\":10", "\"total\":9"))
            }
            other => other,
        }
    })
    .await;
    let (listed, _) = list(&server).await;
    assert_eq!(why(&listed), "it counts 9 contacts and listed 10");
    assert_eq!(server.seen().len(), 3);
}

// Watches: incident 5.
#[tokio::test]
async fn a_list_without_its_array_or_its_ids_is_never_an_empty_one() {
    let server = Server::replying(vec![ok(json!({ "total": 0 }))]).await;
    assert!(why(&list(&server).await.0).contains("without"));
    let server = Server::replying(vec![ok(json!({ "contacts": [{ "firstName": "Ana" }], "total": 1 }))]).await;
    assert!(why(&list(&server).await.0).contains("no id"));
    let server = Server::replying(vec![ok(json!({ "contacts": ["x"], "total": 1 }))]).await;
    assert!(why(&list(&server).await.0).contains("no id"));
    let server = Server::replying(vec![text(500, "")]).await;
    assert!(why(&list(&server).await.0).contains("500"));
}

fn tasks(count: usize) -> Vec<Json> {
    (0..count)
        .map(
            |number| json!({ "_id": format!("T{number:04}"), "contactId": "C1", "title": "x", "deleted": number == 3 }),
        )
        .collect()
}

fn task_page(tasks: &[Json], seen: &Seen) -> Reply {
    assert_eq!(seen.line(), "POST /locations/Loc1/tasks/search");
    let number = |key: &str| usize::try_from(seen.body[key].as_u64().unwrap()).unwrap();
    let some: Vec<&Json> = tasks.iter().skip(number("skip")).take(number("limit")).collect();
    ok(json!({ "tasks": some, "traceId": "x" }))
}

#[tokio::test]
async fn tasks_of_the_whole_location_are_listed_without_the_deleted_ones() {
    for (count, requests) in [(0, 1), (40, 1), (100, 2), (230, 3), (25, 2)] {
        let all = tasks(count);
        let server = Server::start(move |seen| task_page(&all, seen)).await;
        let sink = Kept::new();
        let listed = server.ghl(|_| {}).list_children(Kind::Task, &[], &sink).await.unwrap();
        assert!(matches!(listed.coverage, Coverage::Complete(_)));
        assert_eq!((sink.len(), server.seen().len()), (count.saturating_sub(usize::from(count > 3)), requests));
    }
}

// Watches: I28.
#[tokio::test]
async fn tasks_that_move_across_pages_are_listed_again_and_then_not_believed() {
    for (repeats, complete) in [(1, true), (2, false)] {
        let all = tasks(150);
        let mut left = repeats;
        let server = Server::start(move |seen| {
            let mut seen = seen.clone();
            if seen.body["skip"] == 100 && left > 0 {
                left -= 1;
                seen.body["skip"] = json!(99);
                // The second time one more has gone.
                return task_page(&all[..149 + left], &seen);
            }
            task_page(&all, &seen)
        })
        .await;
        let listed = server.ghl(|_| {}).list_children(Kind::Task, &[], &Kept::new()).await.unwrap();
        assert_eq!(matches!(listed.coverage, Coverage::Complete(_)), complete);
    }
}

#[tokio::test]
async fn a_task_that_always_comes_twice_is_counted_once() {
    let server = Server::start(move |seen| {
        let mut some = tasks(40);
        some.push(some[7].clone());
        task_page(&some, seen)
    })
    .await;
    let listed = server.ghl(|_| {}).list_children(Kind::Task, &[], &Kept::new()).await.unwrap();
    assert!(matches!(listed.coverage, Coverage::Complete(_)), "{:?}", listed.coverage);
    assert_eq!((listed.count, server.seen().len()), (39, 2));
}

/// The task search of 2026: a cursor, and `skip` without effect (`GHL API notes, 10`).
fn live_page(count: usize, most: usize, seen: &Seen) -> Reply {
    let number = |key: &str| seen.body[key].as_u64().map(|number| usize::try_from(number).unwrap());
    let limit = number("limit").unwrap_or(25).min(most);
    let after = seen.body["searchAfter"][1].as_str();
    let row = |mut row: Json| {
        row["searchAfter"] = json!([1, row["_id"]]);
        row
    };
    let all = tasks(count).into_iter().map(row);
    let rows: Vec<Json> = all.filter(|row| after < row["_id"].as_str()).take(limit).collect();
    status(201, json!({ "tasks": rows }))
}

#[tokio::test]
async fn the_live_task_search_is_paged_by_its_cursor() {
    for (count, page, most, requests) in [(130, 100, 500, 2), (60, 20, 500, 4), (60, 100, 20, 4), (230, 500, 500, 3)] {
        let server = Server::start(move |seen| live_page(count, most, seen)).await;
        let ghl = server.ghl(|settings| settings.page_size = page);
        let listed = ghl.list_children(Kind::Task, &[], &Kept::new()).await.unwrap();
        assert!(matches!(listed.coverage, Coverage::Complete(_)), "{count}: {:?}", listed.coverage);
        assert_eq!(
            (listed.count, server.seen().len()),
            (count as u64 - 1, requests),
            "{count} by {page}, {most} at most"
        );
        let sent = server.seen();
        assert!(sent.iter().all(|seen| seen.body["limit"].as_u64() <= Some(100)));
        assert!(sent.iter().all(|seen| seen.body.get("skip").is_none() || seen.body.get("searchAfter").is_none()));
    }
}

#[tokio::test]
async fn a_cursor_that_is_refused_or_ignored_is_given_up_for_skip() {
    for refuses in [true, false] {
        let server = Server::start(move |seen| {
            if seen.body.get("searchAfter").is_some() && refuses {
                return status(422, json!({ "message": ["property searchAfter should not exist"], "statusCode": 422 }));
            }
            let mut all = tasks(230);
            for row in &mut all {
                row["searchAfter"] = json!([1, row["_id"]]);
            }
            let mut seen = seen.clone();
            seen.body.as_object_mut().unwrap().entry("skip").or_insert(json!(0));
            task_page(&all, &seen)
        })
        .await;
        let listed = server.ghl(|_| {}).list_children(Kind::Task, &[], &Kept::new()).await.unwrap();
        assert!(matches!(listed.coverage, Coverage::Complete(_)), "{:?}", listed.coverage);
        assert_eq!((listed.count, server.seen().len()), (229, 4), "{refuses}");
    }
}

#[tokio::test]
async fn a_limit_that_is_refused_is_lowered() {
    let server = Server::start(move |seen| {
        if seen.body["limit"].as_u64() > Some(25) {
            return status(422, json!({ "message": ["limit must not be greater than 25"], "statusCode": 422 }));
        }
        task_page(&tasks(62), seen)
    })
    .await;
    let listed = server.ghl(|_| {}).list_children(Kind::Task, &[], &Kept::new()).await.unwrap();
    assert!(matches!(listed.coverage, Coverage::Complete(_)), "{:?}", listed.coverage);
    assert_eq!((listed.count, server.seen().len()), (61, 4));
}

#[tokio::test]
async fn a_total_as_a_text_or_capped_and_a_larger_page_that_is_refused_leave_a_listing_complete() {
    let server = Server::start(move |seen| {
        if seen.body["pageLimit"].as_u64() > Some(100) {
            return status(422, json!({ "message": ["pageLimit must not be greater than 100"], "statusCode": 422 }));
        }
        match search(&contacts(250), seen) {
            Reply::Answer(200, headers, body) => {
                Reply::Answer(200, headers, body.replace("\"total\":250", "\"total\":\"250\""))
            }
            other => other,
        }
    })
    .await;
    let listed = server.ghl(|settings| settings.page_size = 500).list_contacts(&Kept::new()).await.unwrap();
    assert!(matches!(listed.coverage, Coverage::Complete(_)), "{:?}", listed.coverage);
    assert_eq!((listed.count, server.seen().len()), (250, 4));
}

#[tokio::test]
async fn notes_are_covered_contact_by_contact() {
    let server = Server::start(|seen| match seen.path.as_str() {
        "/contacts/A/notes" => ok(json!({ "notes": [{ "id": "N1", "body": "x", "contactId": "A" }] })),
        "/contacts/B/notes" => ok(json!({ "notes": [] })),
        "/contacts/C/notes" => status(400, json!({ "error": "Contact with id C not found" })),
        "/contacts/D/notes" => ok(json!({ "traceId": "x" })),
        other => panic!("{other}"),
    })
    .await;
    let parents = ["A", "B", "C", "D"].map(id);
    let listed = server.ghl(|_| {}).list_children(Kind::Note, &parents, &Kept::new()).await.unwrap();
    assert!(matches!(listed.coverage, Coverage::Parents(covered) if covered == [id("A"), id("B")].into()));
    assert_eq!(listed.count, 1);
}

// Watches: I20.
#[tokio::test]
async fn gone_is_only_what_ghl_says_was_not_found_by_this_id() {
    let look = async |kind: Kind, reply: Reply| {
        let server = Server::replying(vec![reply]).await;
        server.ghl(|_| {}).look_up(kind, &id("X"), Some(&id("P"))).await
    };
    let said = |text: &str| json!({ "error": text, "status": 400 });
    let present = look(Kind::Task, ok(json!({ "task": { "id": "X" }, "traceId": "t" }))).await;
    assert!(matches!(present, Ok(Lookup::Present(payload)) if payload == "{\"id\":\"X\"}"));
    for (kind, reply) in [
        (Kind::Contact, status(400, said("Contact with id X not found"))),
        (Kind::Task, status(400, said("Task with id X not found"))),
        (Kind::Note, status(404, json!({ "message": "Note with id X not found" }))),
    ] {
        assert!(matches!(look(kind, reply).await, Ok(Lookup::Gone(_))));
    }
    for reply in [
        text(404, ""),
        status(400, said("Contact with id P not found")),
        status(400, said("Invalid id")),
        text(500, ""),
        status(401, json!({ "message": "no" })),
        ok(json!({ "task": { "id": "Y" } })),
        ok(json!({ "task": null })),
    ] {
        assert!(look(Kind::Task, reply.clone()).await.is_err(), "{reply:?}");
    }
}

#[tokio::test]
async fn who_stands_there_already_is_asked_by_email_and_then_by_phone() {
    let server = Server::start(|seen| {
        let found = seen.query("number").is_some();
        ok(json!({ "contact": found.then(|| json!({ "id": "Old" })), "traceId": "x" }))
    })
    .await;
    let record = Record::default()
        .with(Field::Email, Value::email("ana+1@example.com"))
        .with(Field::Phone, Value::phone("11 5566-7788", forms().region));
    let ghl = server.ghl(|_| {});
    assert_eq!(ghl.find_existing(&record).await.unwrap(), Some(id("Old")));
    assert_eq!(
        server.lines(),
        [
            "GET /contacts/search/duplicate?locationId=Loc1&email=ana%2B1%40example.com",
            "GET /contacts/search/duplicate?locationId=Loc1&number=%2B541155667788",
        ]
    );
    assert_eq!(ghl.find_existing(&Record::default()).await.unwrap(), None);
    let server = Server::replying(vec![ok(json!({ "traceId": "x" }))]).await;
    assert!(matches!(server.ghl(|_| {}).find_existing(&record).await, Err(CrmError::Protocol { .. })));
}

#[tokio::test]
async fn what_an_unknown_create_made_is_found_in_the_primary_store() {
    let server = Server::start(|seen| match seen.path.split('?').next().unwrap() {
        "/contacts/search/duplicate" => ok(json!({ "contact": { "id": "A" } })),
        "/contacts/A" => {
            ok(json!({ "contact": { "id": "A", "email": "ana@example.com", "dateAdded": "2026-11-23T02:59:00Z" } }))
        }
        "/contacts/A/tasks" => ok(json!({ "tasks": [
            { "id": "T1", "title": "Llamar", "dueDate": "2026-12-01T10:00:00.000Z", "completed": false },
            { "id": "T2", "title": "Llamar", "dueDate": "2026-12-02T10:00:00.000Z", "completed": false },
        ] })),
        other => panic!("{other}"),
    })
    .await;
    let ghl = server.ghl(|_| {});
    let since = "2026-11-23T02:58:00Z".parse().unwrap();
    let record = Record::default().with(Field::Email, Value::email("ana@example.com"));
    let found = ghl.find_created(Kind::Contact, None, &record, since, &forms()).await.unwrap();
    assert_eq!((found.len(), found[0].id.as_str(), found[0].created.is_some()), (1, "A", true));

    let due = concord::record::Due::parse("2026-12-01T10:00:00Z", &forms().zone).unwrap();
    let record = Record::default().with(Field::Title, Value::line("Llamar")).with(Field::Due, Value::Due(due));
    let found = ghl.find_created(Kind::Task, Some(&id("A")), &record, since, &forms()).await.unwrap();
    let found: Vec<_> = found.iter().map(|found| (found.id.as_str(), found.likeness)).collect();
    assert_eq!(found, [("T1", Likeness::Same), ("T2", Likeness::Resembles)]);
}

#[tokio::test]
async fn the_location_says_its_country_and_zone() {
    let body = json!({ "location": { "id": "Loc1", "name": "Centro", "country": "AR", "timezone": "America/Bogota" } });
    let server = Server::replying(vec![ok(body)]).await;
    let account = server.ghl(|_| {}).account().await.unwrap();
    assert_eq!(
        (account.id.as_str(), account.country.as_deref(), account.zone.as_deref()),
        ("Loc1", Some("AR"), Some("America/Bogota"))
    );
}
