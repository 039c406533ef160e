//! What comes of a write, and what is sent again.

use std::sync::{Arc, Mutex};

use concord::crm::{Outcome, Reader, Writer};
use concord::record::{Method, Request};
use serde_json::json;

use crate::server::{ALWAYS, KEY, Reply, Server, ok, status, text};

/// With a body that both CRMs would take there.
fn request(method: Method, path: &str) -> Request {
    let body = match (method, path.split('/').nth(3)) {
        (Method::Delete, None) => return Request::new(method, path),
        (Method::Post, None) => json!({ "firstName": "Ana", "locationId": "Loc1" }),
        (_, Some("tags")) => json!({ "tags": ["vip"] }),
        (_, Some("notes" | "tasks")) => json!({ "body": "Ana" }),
        _ => json!({ "firstName": "Ana" }),
    };
    Request::new(method, path).with_body(body)
}

fn name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::NotSent(_) => "not_sent",
        Outcome::Refused(_) => "refused",
        Outcome::Unknown(_) | Outcome::Doubtful(_) => "unknown",
        Outcome::Applied(_) => "applied",
    }
}

/// Sends to a GHL that gives these replies; the outcome and how often it was asked.
async fn ghl(method: Method, path: &str, replies: Vec<Reply>) -> (Outcome, usize) {
    let server = Server::replying(replies).await;
    let outcome = server.ghl(|_| {}).send(&request(method, path), ALWAYS).await;
    (outcome, server.seen().len())
}

// Watches: I37, incident 24.
#[tokio::test]
async fn a_create_is_never_sent_twice_when_it_may_have_been_done() {
    for reply in [
        Reply::Reset,
        Reply::Hang,
        text(500, "<html>"),
        text(502, ""),
        text(408, ""),
        text(425, ""),
        status(409, json!({ "message": "Conflict" })),
        status(422, json!({ "message": ["x should not exist"] })),
        status(401, json!({ "message": "Command timed out" })),
        text(200, "<html>ok</html>"),
        text(201, ""),
        Reply::BreakOff(201, "{\"contact\":{".to_owned()),
    ] {
        let (outcome, asked) = ghl(Method::Post, "/contacts/", vec![reply.clone()]).await;
        assert_eq!((name(&outcome), asked), ("unknown", 1), "{reply:?}");
    }
}

// Watches: I37.
#[tokio::test]
async fn what_does_the_same_twice_as_once_is_repeated() {
    for (method, path) in [
        (Method::Put, "/contacts/A"),
        (Method::Delete, "/contacts/A"),
        (Method::Post, "/contacts/A/tags"),
        (Method::Delete, "/contacts/A/tags"),
    ] {
        for reply in [
            Reply::Reset,
            text(503, "<html>"),
            text(200, "<html>"),
            status(401, json!({"message": "Command timed out"})),
        ] {
            let (outcome, asked) = ghl(method, path, vec![reply.clone(), ok(json!({ "succeded": true }))]).await;
            assert_eq!((name(&outcome), asked), ("applied", 2), "{method:?} {path} {reply:?}");
        }
        let (outcome, asked) = ghl(method, path, vec![text(500, "")]).await;
        assert!(name(&outcome) == "unknown" && asked > 4, "{method:?} {path} {asked}");
    }
}

#[tokio::test]
async fn too_fast_is_not_done_and_sent_again_even_for_a_create() {
    let slow = Reply::Answer(429, vec![("retry-after", "0".to_owned())], String::new());
    let created = status(201, json!({ "contact": { "id": "A" } }));
    let (outcome, asked) = ghl(Method::Post, "/contacts/", vec![slow.clone(), slow.clone(), created]).await;
    assert_eq!((name(&outcome), asked), ("applied", 3));
    let (outcome, asked) = ghl(Method::Post, "/contacts/", vec![slow.clone()]).await;
    assert!(name(&outcome) == "not_sent" && asked > 2, "{asked}");
    let (outcome, _) = ghl(Method::Put, "/contacts/A", vec![Reply::Reset, slow]).await;
    assert_eq!(name(&outcome), "unknown", "the first attempt may have been done");
}

#[tokio::test]
async fn a_429_without_quota_is_not_sent_again() {
    let empty = Reply::Answer(429, vec![("x-ratelimit-daily-remaining", "0".to_owned())], String::new());
    let (outcome, asked) = ghl(Method::Put, "/contacts/A", vec![empty]).await;
    assert_eq!((name(&outcome), asked), ("not_sent", 1));
}

// Watches: I37, incident 24.
#[tokio::test]
async fn nobody_at_home_is_not_sent() {
    let server = Server::replying(vec![Reply::Reset]).await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let ghl = server.ghl(|settings| settings.base_url = format!("http://{closed}"));
    let outcome = ghl.send(&request(Method::Post, "/contacts/"), ALWAYS).await;
    assert_eq!(name(&outcome), "not_sent");
    assert!(ghl.usage().writes > 4);
}

#[tokio::test]
async fn a_refusal_says_why_what_stands_there_and_what_is_gone() {
    let refused = |outcome: Outcome| match outcome {
        Outcome::Refused(refusal) => refusal,
        other => panic!("{other:?}"),
    };
    let duplicate = json!({
        "statusCode": 400, "message": "This location does not allow duplicated contacts.",
        "meta": { "contactId": "Old1", "contactName": "ana", "matchingField": "email" },
    });
    let refusal = refused(ghl(Method::Post, "/contacts/", vec![status(400, duplicate)]).await.0);
    assert_eq!((refusal.status, refusal.existing.as_deref(), refusal.gone), (400, Some("Old1"), false));

    let list = status(422, json!({ "message": ["property locationId should not exist", "b"], "statusCode": 422 }));
    let refusal = refused(ghl(Method::Put, "/contacts/A", vec![list]).await.0);
    assert_eq!(refusal.message, "property locationId should not exist; b");

    let gone = status(400, json!({ "error": "Task with id T1 not found", "status": 400 }));
    assert!(refused(ghl(Method::Put, "/contacts/A/tasks/T1", vec![gone.clone()]).await.0).gone);
    assert!(!refused(ghl(Method::Put, "/contacts/A/tasks/T2", vec![gone]).await.0).gone);
    assert!(!refused(ghl(Method::Put, "/contacts/A", vec![text(404, "")]).await.0).gone);
}

#[tokio::test]
async fn cliengo_says_gone_of_a_contact_by_404_and_of_nothing_by_an_empty_one() {
    for (path, reply, gone) in [
        ("/contacts/a", status(404, json!({ "message": "Contact not found" })), true),
        ("/contacts/a", text(404, ""), false),
        ("/contacts/a", text(404, "<html>Cannot PATCH</html>"), false),
        ("/contacts/a/notes/n", status(404, json!({ "message": "Note not found" })), true),
        ("/contacts/a/notes/n", status(404, json!({ "message": "no such route" })), false),
    ] {
        let server = Server::replying(vec![reply.clone()]).await;
        match server.cliengo(|_| {}).send(&request(Method::Patch, path), ALWAYS).await {
            Outcome::Refused(refusal) => assert_eq!(refusal.gone, gone, "{path} {reply:?}"),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_422_of_cliengo_and_of_other_ghl_requests_is_a_refusal() {
    let no = status(422, json!({ "message": "no" }));
    let (outcome, asked) = ghl(Method::Post, "/contacts/A/notes", vec![no.clone()]).await;
    assert_eq!((name(&outcome), asked), ("refused", 1));
    let server = Server::replying(vec![no]).await;
    let outcome = server.cliengo(|_| {}).send(&request(Method::Post, "/contacts"), ALWAYS).await;
    assert_eq!(name(&outcome), "refused");
}

// Watches: I41.
#[tokio::test]
async fn a_stop_keeps_the_next_write_from_starting() {
    let server = Server::replying(vec![ok(json!({}))]).await;
    let ghl = server.ghl(|settings| settings.stop.cancel());
    assert_eq!(name(&ghl.send(&request(Method::Put, "/contacts/A"), ALWAYS).await), "not_sent");
    assert!(server.seen().is_empty());
}

// Watches: I41.
#[tokio::test]
async fn a_write_under_way_is_waited_for_when_the_run_stops_but_not_for_ever() {
    let (quick, slow) = (ok(json!({})), Reply::Hang);
    for (reply, repeatable, expected) in
        [(quick, true, "applied"), (slow.clone(), true, "unknown"), (slow, false, "unknown")]
    {
        let server = Server::replying(vec![reply]).await;
        let stop = tokio_util::sync::CancellationToken::new();
        let ghl = server.ghl(|settings| {
            settings.stop = stop.clone();
            settings.patience.read = std::time::Duration::from_mins(1);
            settings.patience.total = std::time::Duration::from_mins(1);
        });
        let method = if repeatable { Method::Put } else { Method::Post };
        let write = request(method, if repeatable { "/contacts/A" } else { "/contacts/" });
        let asked = async {
            while server.seen().is_empty() {
                tokio::task::yield_now().await;
            }
            stop.cancel();
        };
        let (outcome, ()) = tokio::join!(ghl.send(&write, ALWAYS), asked);
        assert_eq!(name(&outcome), expected);
        assert_eq!(server.seen().len(), 1, "nothing is sent again");
    }
}

/// Collects everything that is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

// Watches: I51.
#[tokio::test]
async fn no_secret_no_address_and_no_contact_data_is_in_any_message_or_log() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || writer.clone()).finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let mut said = Vec::new();
    for reply in [
        Reply::Reset,
        Reply::Hang,
        text(500, KEY),
        text(302, ""),
        status(401, json!({ "message": "bad" })),
        status(400, json!({ "message": "ana@example.com, +5491155667788 exists: https://x.example/?api_key=1" })),
        text(200, "<html>"),
    ] {
        let server = Server::replying(vec![reply]).await;
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        for url in [server.url.clone(), format!("http://{closed}")] {
            let cliengo = server.cliengo(|settings| {
                settings.base_url.clone_from(&url);
                settings.patience.in_all = std::time::Duration::from_millis(3);
            });
            let ghl = server.ghl(|settings| settings.patience.in_all = std::time::Duration::from_millis(3));
            let search = "/contacts/search/duplicate?locationId=Loc1&email=ana%40example.com";
            said.push(format!("{cliengo:?} {ghl:?}"));
            said.push(format!("{:?}", cliengo.account().await));
            said.push(cliengo.account().await.map_or_else(|error| error.to_string(), |account| account.id));
            said.push(format!("{:?}", cliengo.send(&request(Method::Post, "/contacts"), ALWAYS).await));
            said.push(format!("{:?}", ghl.send(&Request::new(Method::Get, search), ALWAYS).await));
        }
    }
    drop(guard);
    said.push(String::from_utf8(log.0.lock().unwrap().clone()).unwrap());
    let said = said.join("\n");
    assert!(said.contains("answered"));
    for private in [KEY, "api_key", "http://", "https://", "ana@", "ana%40", "5491155667788", "Ana"] {
        // The connector names the host it connects to; nothing else may hold an address.
        let connects = |line: &str| private.ends_with("://") && line.contains("starting new connection");
        let found = said.lines().find(|line| line.contains(private) && !connects(line));
        assert_eq!(found, None, "{private}");
    }
}
