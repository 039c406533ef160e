//! Cliengo's listings: windows, counts, and what they may claim.

use concord::crm::cliengo::{CliengoCapabilities, TasksMode};
use concord::crm::{Coverage, CrmError, Learned, Listed, Lookup, Reader};
use concord::record::{CliengoId, Field, Kind, Likeness, Record, RemoteId, Value};
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use crate::server::{Kept, Reply, Seen, Server, forms, ok, status, text};

fn id(raw: &str) -> CliengoId {
    CliengoId::new(raw)
}

fn contact(number: usize, created: Timestamp) -> Json {
    json!({
        "id": format!("c{number:05}"), "accountId": "acc", "name": format!("Contact {number}"), "lastName": "",
        "email": format!("c{number}@example.com"), "tags": [], "creationDate": created.to_string(),
        "lastUpdateDate": created.to_string(),
    })
}

fn spread(count: usize, from: &str, seconds: i64) -> Vec<Json> {
    let from: Timestamp = from.parse().unwrap();
    let at = |number: usize| from + jiff::SignedDuration::from_secs(seconds * i64::try_from(number).unwrap());
    (0..count).map(|number| contact(number, at(number))).collect()
}

/// The list as the API notes describe it: newest first, offsets up to 1000, `until` exclusive, days of UTC.
fn page(contacts: &[Json], seen: &Seen) -> Reply {
    page_as(contacts, seen, 0, false)
}

/// The same, with days of another zone and an `until` that may count its own day: which of them holds is not known.
fn page_as(contacts: &[Json], seen: &Seen, zone_hours: i64, until_counts: bool) -> Reply {
    if seen.path.starts_with("/account") {
        return ok(json!({ "id": "acc" }));
    }
    let bound = |key: &str| {
        seen.query(key).map(|raw| {
            let Ok(date) = raw.parse::<jiff::civil::Date>() else { return raw.parse::<Timestamp>().unwrap() };
            let days = i64::from(until_counts && key == "until");
            let midnight = date.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp();
            midnight + jiff::SignedDuration::from_hours(24 * days - zone_hours)
        })
    };
    let (since, until) = (bound("since"), bound("until"));
    let number = |key: &str| seen.query(key).unwrap().parse::<usize>().unwrap();
    let (offset, limit) = (number("offset"), number("limit"));
    if offset > 1000 {
        return status(400, json!({ "message": "Offset cannot be greater than 1000" }));
    }
    let created = |contact: &Json| contact["creationDate"].as_str().unwrap().parse::<Timestamp>().unwrap();
    let mut rows: Vec<&Json> = contacts
        .iter()
        .filter(|row| since.is_none_or(|since| created(row) >= since) && until.is_none_or(|until| created(row) < until))
        .collect();
    rows.sort_by_key(|row| std::cmp::Reverse(created(row)));
    let some: Vec<&&Json> = rows.iter().skip(offset).take(limit).collect();
    ok(json!({ "results": some, "paging": { "total": rows.len(), "page": 0 } }))
}

async fn list(server: &Server) -> (Listed<CliengoId>, usize) {
    let sink = Kept::new();
    let listed = server.cliengo(|_| {}).list_contacts(&sink).await.unwrap();
    let kept = sink.len();
    (listed, kept)
}

fn why(listed: &Listed<CliengoId>) -> &str {
    match &listed.coverage {
        Coverage::Incomplete(why) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_list_that_fits_takes_only_its_pages() {
    let contacts = spread(120, "2026-01-01T00:00:00Z", 3600);
    let server = Server::start(move |seen| page(&contacts, seen)).await;
    let (listed, kept) = list(&server).await;
    assert!(matches!(listed.coverage, Coverage::Complete(_)), "{:?}", listed.coverage);
    assert_eq!((listed.count, kept, listed.account.as_deref(), listed.tags_seen), (120, 120, Some("acc"), true));
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn an_empty_account_is_a_complete_listing() {
    let server = Server::start(move |seen| page(&[], seen)).await;
    let (listed, _) = list(&server).await;
    assert!(matches!(listed.coverage, Coverage::Complete(_)));
    assert_eq!((listed.count, server.seen().len()), (0, 1));
}

#[tokio::test]
async fn two_and_a_half_thousand_contacts_with_a_crowded_day_are_listed_completely() {
    let mut contacts = spread(1300, "2024-01-01T00:00:00Z", 60_000);
    let crowd = spread(1200, "2026-03-10T09:00:00Z", 30);
    contacts.extend(crowd.into_iter().enumerate().map(|(number, mut row)| {
        row["id"] = json!(format!("d{number:05}"));
        row
    }));
    for (zone_hours, until_counts) in [(0, false), (-3, true), (-11, false), (13, true)] {
        let contacts = contacts.clone();
        let server = Server::start(move |seen| page_as(&contacts, seen, zone_hours, until_counts)).await;
        let (listed, kept) = list(&server).await;
        assert!(matches!(listed.coverage, Coverage::Complete(_)), "{zone_hours}: {:?}", listed.coverage);
        assert_eq!((listed.count, kept), (2500, 2500));
        assert!(server.seen().len() < 160, "{} requests", server.seen().len());
    }
}

// Watches: incident 6.
#[tokio::test]
async fn a_second_that_holds_more_than_can_be_reached_is_incomplete() {
    let contacts = spread(1100, "2026-03-10T09:00:00Z", 0);
    let server = Server::start(move |seen| page(&contacts, seen)).await;
    let (listed, _) = list(&server).await;
    assert!(why(&listed).contains("more than can be listed"), "{}", why(&listed));
}

#[tokio::test]
async fn a_date_filter_that_is_ignored_is_found_out() {
    let contacts = spread(1500, "2024-01-01T00:00:00Z", 60_000);
    let server = Server::start(move |seen| {
        let mut unfiltered = seen.clone();
        unfiltered.path = unfiltered.path.split("&since").next().unwrap().to_owned();
        page(&contacts, &unfiltered)
    })
    .await;
    let (listed, _) = list(&server).await;
    assert!(why(&listed).contains("ignores the date filter"), "{}", why(&listed));
}

#[tokio::test]
async fn a_contact_outside_every_window_makes_the_listing_incomplete() {
    let mut contacts = spread(1500, "2024-01-01T00:00:00Z", 30_000);
    contacts.push(contact(9999, "2001-01-01T00:00:00Z".parse().unwrap()));
    let server = Server::start(move |seen| page(&contacts, seen)).await;
    let (listed, _) = list(&server).await;
    assert_eq!(why(&listed), "it counts 1501 contacts and listed 1500");
}

// Watches: I28.
#[tokio::test]
async fn a_contact_deleted_while_the_list_is_walked_skips_nobody() {
    let mut contacts = spread(120, "2026-01-01T00:00:00Z", 3600);
    let mut asked = 0;
    let server = Server::start(move |seen| {
        asked += 1;
        if asked == 2 {
            contacts.pop();
        }
        page(&contacts, seen)
    })
    .await;
    let (listed, kept) = list(&server).await;
    assert!(matches!(listed.coverage, Coverage::Complete(_)));
    // The deleted one was seen: it stays until the next listing, as nobody's absence is claimed by it.
    assert_eq!((listed.count, kept), (120, 120));
}

// Watches: I27.
#[tokio::test]
async fn a_count_that_never_agrees_is_incomplete() {
    let contacts = spread(60, "2026-01-01T00:00:00Z", 3600);
    let server = Server::start(move |seen| match page(&contacts, seen) {
        Reply::Answer(200, headers, body) => Reply::Answer(200, headers, body.replace("\"total\":60", "\"total\":61")),
        other => other,
    })
    .await;
    let (listed, _) = list(&server).await;
    assert_eq!(why(&listed), "it counts 61 for the whole list and listed 60");
}

// Watches: I30, incident 5.
#[tokio::test]
async fn a_list_without_its_array_is_never_an_empty_one() {
    let server = Server::replying(vec![ok(json!({ "paging": { "total": 0 } }))]).await;
    let (listed, _) = list(&server).await;
    assert!(why(&listed).contains("without `results`"));
    let contacts = spread(3, "2026-01-01T00:00:00Z", 3600);
    let mut first = true;
    let server =
        Server::start(move |seen| if std::mem::take(&mut first) { ok(json!({})) } else { page(&contacts, seen) }).await;
    assert!(matches!(list(&server).await.0.coverage, Coverage::Complete(_)));
}

#[tokio::test]
async fn one_row_without_an_id_is_somebody_and_many_make_the_listing_incomplete() {
    for (without, complete) in [(1, true), (3, true), (4, false)] {
        let mut contacts = spread(30, "2026-01-01T00:00:00Z", 3600);
        contacts.iter_mut().take(without).for_each(|row| _ = row.as_object_mut().unwrap().remove("id"));
        let server = Server::start(move |seen| page(&contacts, seen)).await;
        let (listed, kept) = list(&server).await;
        assert_eq!(matches!(listed.coverage, Coverage::Complete(_)), complete, "{:?}", listed.coverage);
        assert_eq!((kept, listed.unidentified.len(), listed.count), (30 - without, without, 30));
    }
}

#[tokio::test]
async fn what_is_odd_and_harmless_leaves_a_listing_complete() {
    type Oddity = fn(&mut Json);
    let oddities: [(&str, Oddity); 4] = [
        ("a row twice on one page", |page| {
            let rows = page["results"].as_array_mut().unwrap();
            let first = rows.first().cloned();
            rows.splice(0..0, first);
        }),
        ("a total as a text", |page| page["paging"]["total"] = page["paging"]["total"].to_string().into()),
        ("no total", |page| page["paging"] = json!({ "page": 1 })),
        ("the total of the page alone", |body| {
            body["paging"]["total"] = body["results"].as_array().unwrap().len().into();
        }),
    ];
    for (what, oddity) in oddities {
        for count in [12, 50, 120] {
            let contacts = spread(count, "2026-01-01T00:00:00Z", 3600);
            let server = Server::start(move |seen| match page(&contacts, seen) {
                Reply::Answer(200, headers, body) => {
                    let mut body: Json = serde_json::from_str(&body).unwrap();
                    oddity(&mut body);
                    Reply::Answer(200, headers, body.to_string())
                }
                other => other,
            })
            .await;
            let (listed, kept) = list(&server).await;
            assert!(matches!(listed.coverage, Coverage::Complete(_)), "{what}, {count}: {:?}", listed.coverage);
            assert_eq!((listed.count, kept), (count as u64, count), "{what}");
        }
    }
}

// Watches: incident 1.
#[tokio::test]
async fn a_failing_page_makes_the_listing_incomplete() {
    let contacts = spread(60, "2026-01-01T00:00:00Z", 3600);
    let server =
        Server::start(move |seen| if seen.path.contains("offset=50") { text(500, "") } else { page(&contacts, seen) })
            .await;
    assert_eq!(why(&list(&server).await.0), "Cliengo cannot be read: it answered 500");
}

#[tokio::test]
async fn refused_credentials_end_a_listing_with_an_error() {
    let server = Server::replying(vec![status(401, json!({ "message": "no" }))]).await;
    let error = server.cliengo(|_| {}).list_contacts(&Kept::new()).await.unwrap_err();
    assert!(matches!(error, CrmError::Credentials { .. }));
}

fn note(raw: &str) -> Json {
    json!({ "ID": raw, "message": format!("note {raw}"), "creationDate": "2026-01-01T00:00:00Z" })
}

#[tokio::test]
async fn notes_come_in_any_envelope_and_a_failing_contact_is_not_covered() {
    let server = Server::start(|seen| match seen.path.split('?').next().unwrap() {
        "/contacts/a/notes" => ok(json!({ "results": [note("n1"), note("n2")], "paging": { "total": 2 } })),
        "/contacts/b/notes" => ok(json!([note("n3")])),
        "/contacts/c/notes" => ok(json!({ "notes": [] })),
        "/contacts/d/notes" => ok(json!({ "data": [note("n4")] })),
        "/contacts/e/notes" if seen.query("offset").as_deref() == Some("1") => {
            ok(json!({ "results": [note("n6")], "paging": { "total": 2 } }))
        }
        "/contacts/e/notes" => ok(json!({ "results": [note("n5")], "paging": { "total": 2 } })),
        "/contacts/f/notes" => ok(json!({ "results": [note("n7")], "paging": { "total": 1 } })),
        "/contacts/g/notes" => status(404, json!({ "message": "Contact not found" })),
        "/contacts/h/notes" => text(500, ""),
        "/contacts/i/notes" => ok(json!({ "message": "odd" })),
        "/contacts/j/notes" => ok(json!({ "results": [{ "message": "no id" }] })),
        other => panic!("{other}"),
    })
    .await;
    let parents: Vec<CliengoId> = "abcdefghij".chars().map(|c| id(&c.to_string())).collect();
    let sink = Kept::new();
    let listed = server.cliengo(|_| {}).list_children(Kind::Note, &parents, &sink).await.unwrap();
    let Coverage::Parents(covered) = &listed.coverage else { panic!("{:?}", listed.coverage) };
    assert_eq!(covered.iter().map(RemoteId::as_str).collect::<String>(), "abcdef");
    assert_eq!((listed.count, sink.len()), (7, 7));
    let kept = sink.0.lock().unwrap();
    assert_eq!(kept[&id("n6")].parent, Some(id("e")));
    assert_eq!(kept[&id("n1")].payload, note("n1").to_string());
}

#[tokio::test]
async fn several_contacts_are_asked_at_once_and_not_more_than_configured() {
    let server = Server::start(|_| Reply::Slow(json!([]))).await;
    let parents: Vec<CliengoId> = (0..200).map(|number| id(&format!("p{number}"))).collect();
    let listed = server.cliengo(|_| {}).list_children(Kind::Task, &parents, &Kept::new()).await.unwrap();
    assert!(matches!(listed.coverage, Coverage::Parents(covered) if covered.len() == 200));
    assert_eq!((server.seen().len(), server.most_at_once()), (200, 8));
}

#[tokio::test]
async fn tasks_are_there_when_they_answer_and_not_when_they_do_not_exist() {
    for (reply, expected) in [
        (ok(json!([])), Some(true)),
        (ok(json!({ "results": [{ "id": "t", "title": "Llamar", "completed": false }] })), Some(true)),
        (ok(json!({ "results": [{ "id": "1", "name": "Plan", "price": 10 }], "paging": { "total": 1 } })), Some(false)),
        (ok(json!({ "message": "ok" })), Some(false)),
        (text(404, ""), Some(false)),
        (text(405, ""), Some(false)),
        (text(401, ""), Some(false)),
        (text(403, "<html>"), Some(false)),
        // What may pass is asked again in the next run, and only once in this one.
        (text(500, ""), None),
        (text(200, "<html></html>"), None),
    ] {
        let server = Server::replying(vec![reply.clone()]).await;
        assert_eq!(server.cliengo(|_| {}).probe_tasks(&id("a")).await.unwrap(), expected, "{reply:?}");
        assert_eq!(server.seen().len(), 1);
    }
}

// Watches: I20.
#[tokio::test]
async fn gone_is_only_what_cliengo_says_is_gone() {
    let look = async |reply: Reply| {
        let server = Server::replying(vec![reply]).await;
        server.cliengo(|_| {}).look_up(Kind::Contact, &id("a"), None).await
    };
    assert!(matches!(look(ok(json!({ "id": "a" }))).await, Ok(Lookup::Present(_))));
    assert!(matches!(look(status(404, json!({ "message": "Contact not found" }))).await, Ok(Lookup::Gone(_))));
    for reply in [
        text(404, ""),
        text(404, "<html>"),
        text(500, ""),
        status(403, json!({})),
        ok(json!({ "id": "b" })),
        ok(json!({})),
    ] {
        assert!(look(reply.clone()).await.is_err(), "{reply:?}");
    }
}

#[tokio::test]
async fn a_child_is_gone_when_its_contacts_whole_list_is_without_it() {
    let server = Server::start(|seen| match seen.path.split('?').next().unwrap() {
        "/contacts/a/notes" => ok(json!({ "results": [note("n1")] })),
        "/contacts/b/notes" | "/contacts/b" => status(404, json!({ "message": "Contact not found" })),
        "/contacts/c/notes" => ok(json!({ "results": [note("n1")], "paging": { "total": 2 } })),
        "/contacts/c" => ok(json!({ "id": "c" })),
        other => panic!("{other}"),
    })
    .await;
    let cliengo = server.cliengo(|_| {});
    let look = async |note: &str, parent: &str| cliengo.look_up(Kind::Note, &id(note), Some(&id(parent))).await;
    assert!(matches!(look("n1", "a").await, Ok(Lookup::Present(_))));
    assert!(matches!(look("n2", "a").await, Ok(Lookup::Gone(_))));
    assert!(matches!(look("n2", "b").await, Ok(Lookup::Gone(_))));
    assert!(look("n2", "c").await.is_err(), "a part of a list is no evidence");
}

#[tokio::test]
async fn what_an_unknown_create_made_is_found_in_the_newest_window() {
    let contacts = spread(200, "2026-11-01T00:00:00Z", 7200);
    let server = Server::start(move |seen| page(&contacts, seen)).await;
    let cliengo = server.cliengo(|_| {});
    let wanted = Record::default()
        .with(Field::Name, Value::name("Contact", "199"))
        .with(Field::Email, Value::email("C199@example.com"));
    let since = "2026-11-17T00:00:00Z".parse().unwrap();
    let found = cliengo.find_created(Kind::Contact, None, &wanted, since, &forms()).await.unwrap();
    assert_eq!(found.iter().map(|found| found.id.as_str()).collect::<Vec<_>>(), ["c00199"]);
    assert!(found[0].created.is_some());
    assert!(server.lines()[0].contains("since=2026-11-16&until=2026-11-25"), "{:?}", server.lines());

    let server = Server::replying(vec![ok(json!([note("n1"), { "ID": "n2", "message": "otra" }]))]).await;
    let wanted = Record::default().with(Field::Body, Value::markup("<p>note n1</p>"));
    let cliengo = server.cliengo(|_| {});
    let found = cliengo.find_created(Kind::Note, Some(&id("a")), &wanted, since, &forms()).await.unwrap();
    let found: Vec<_> = found.iter().map(|found| (found.id.as_str(), found.likeness)).collect();
    assert_eq!(found, [("n1", Likeness::Same), ("n2", Likeness::Other)]);
}

#[tokio::test]
async fn what_cliengo_can_do_follows_its_settings_and_what_was_learned() {
    let server = Server::replying(vec![Reply::Reset]).await;
    let nothing = server.cliengo(|_| {}).capabilities(&Learned::default());
    assert!(nothing.kinds.contact.delete && nothing.kinds.note.create && !nothing.kinds.note.update);
    assert!(!nothing.kinds.task.list && !nothing.tags.read && !nothing.tags.remove && nothing.tags.add);
    let learned = Learned { tasks: true, tags_read: true, parts_names: false };
    let cliengo = server.cliengo(|settings| {
        settings.capabilities = CliengoCapabilities { tags_read: Some(false), note_update: true, ..Default::default() };
    });
    let some = cliengo.capabilities(&learned);
    assert!(some.kinds.task.update && some.kinds.note.update && !some.tags.read);
    let off = server.cliengo(|settings| settings.tasks = TasksMode::Off).capabilities(&learned);
    assert!(!off.kinds.task.list && off.tags.read);
}

#[tokio::test]
async fn a_list_that_ignores_its_offset_and_tells_no_count_is_incomplete_after_a_few_pages() {
    let all = spread(5, "2026-11-23T05:05:18Z", 60);
    let server = Server::start(move |seen| {
        if seen.path.starts_with("/account") {
            return ok(json!({ "id": "acc" }));
        }
        ok(json!({ "results": all, "paging": { "page": 0 } }))
    })
    .await;
    let (listed, kept) = list(&server).await;
    assert!(why(&listed).contains("again and again"), "{}", why(&listed));
    assert_eq!(kept, 5);
    assert!(server.seen().len() < 20, "{}", server.seen().len());
}

#[tokio::test]
async fn a_list_of_rows_that_are_nobody_and_repeat_is_incomplete_after_a_few_pages() {
    for row in [json!(null), json!([]), json!({ "name": "Ana" })] {
        let page = json!({ "results": [row] });
        let server = Server::start(move |seen| {
            let is_account = seen.path.starts_with("/account");
            ok(if is_account { json!({ "id": "acc" }) } else { page.clone() })
        })
        .await;
        let (listed, _) = list(&server).await;
        assert!(why(&listed).contains("again and again"), "{row}: {}", why(&listed));
        assert!(server.seen().len() < 20, "{row}: {}", server.seen().len());
    }
}

#[tokio::test]
async fn notes_whose_pages_repeat_are_not_read_for_ever() {
    let row = |number: usize| json!({ "ID": format!("n{number}"), "message": "Hola" });
    let rows = [row(1), row(2)];
    let page = json!({ "results": rows, "paging": { "total": 1_000_000 } });
    let server = Server::start(move |_| ok(page.clone())).await;
    let listed = server.cliengo(|_| {}).list_children(Kind::Note, &[id("c1")], &Kept::new()).await.unwrap();
    assert!(listed.unread.values().any(|why| why.contains("again and again")), "{:?}", listed.unread);
    assert!(server.seen().len() < 10, "{}", server.seen().len());
}
