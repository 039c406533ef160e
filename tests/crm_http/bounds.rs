//! What a server cannot do to us: keep us reading, bury us in brackets, send us elsewhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use concord::clock::SystemClock;
use concord::crm::cliengo::{Cliengo, CliengoAuth, CliengoSettings};
use concord::crm::ghl::{Ghl, GhlSettings};
use concord::crm::{CrmError, Outcome, Reader, Writer};
use concord::record::{Method, Request};
use serde_json::json;

use crate::server::{ALWAYS, KEY, Reply, Server, ok, text};

const MIB: u64 = 1 << 20;

fn create() -> Request {
    Request::new(Method::Post, "/contacts/").with_body(json!({ "firstName": "Ana", "locationId": "Loc1" }))
}

fn unavailable<T: std::fmt::Debug>(answer: Result<T, CrmError>) -> String {
    match answer {
        Err(CrmError::Unavailable { message, .. }) => message,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_endless_answer_is_read_up_to_its_bound_and_is_no_answer() {
    let taken = Arc::new(AtomicU64::default());
    let server = Server::replying(vec![Reply::Endless(taken.clone())]).await;
    let ghl = server.ghl(|settings| {
        settings.patience.read = Duration::from_mins(1);
        settings.patience.total = Duration::from_mins(5);
    });
    assert_eq!(unavailable(ghl.account().await), "its answer is larger than 64 MiB");
    assert!(taken.load(Ordering::SeqCst) < 128 * MIB, "what is not wanted is not taken");
    match ghl.send(&create(), ALWAYS).await {
        Outcome::Unknown(why) => assert_eq!(why, "its answer is larger than 64 MiB"),
        other => panic!("{other:?}"),
    }
    assert_eq!(server.seen().len(), 2, "a create is not sent again");
}

#[tokio::test]
async fn an_answer_of_a_hundred_thousand_brackets_is_no_answer() {
    let deep = |open: &str, close: &str| format!("{}0{}", open.repeat(100_000), close.repeat(100_000));
    for body in [deep("[", "]"), deep("{\"a\":", "}"), format!("{{\"contacts\":[{}],\"total\":1}}", deep("[", "]"))] {
        let server = Server::replying(vec![text(200, &body)]).await;
        let (cliengo, ghl) = (server.cliengo(|_| {}), server.ghl(|_| {}));
        assert_eq!(unavailable(ghl.account().await), "it answered something that is not JSON");
        assert_eq!(unavailable(cliengo.account().await), "it answered something that is not JSON");
        assert!(matches!(ghl.send(&create(), ALWAYS).await, Outcome::Unknown(_)));
        let server = Server::replying(vec![text(400, &body)]).await;
        assert!(matches!(server.ghl(|_| {}).send(&create(), ALWAYS).await, Outcome::Refused(_)));
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_with_the_key_or_with_a_body() {
    let elsewhere = Server::replying(vec![ok(json!({ "id": "A", "location": { "id": "A" } }))]).await;
    for status in [301, 302, 303, 307, 308] {
        let away = Reply::Answer(status, vec![("location", elsewhere.url.clone())], String::new());
        let server = Server::replying(vec![away]).await;
        for auth in [CliengoAuth::Query, CliengoAuth::Bearer, CliengoAuth::Jwt] {
            assert!(server.cliengo(|settings| settings.auth = auth).account().await.is_err());
        }
        let ghl = server.ghl(|_| {});
        match ghl.account().await {
            Err(CrmError::Protocol { message, .. }) => assert!(message.contains("a redirect"), "{message}"),
            other => panic!("{other:?}"),
        }
        assert!(matches!(ghl.send(&create(), ALWAYS).await, Outcome::Unknown(_)));
    }
    assert!(elsewhere.seen().is_empty());
}

#[test]
fn plain_http_leaves_this_machine_only_where_that_is_stated() {
    let clock = Arc::new(SystemClock);
    for (url, stated, taken) in [
        ("http://crm.example.com", false, false),
        ("http://crm.example.com", true, true),
        ("http://127.0.0.1:1", false, true),
        ("https://crm.example.com", false, true),
        ("ftp://crm.example.com", true, false),
    ] {
        let mut cliengo = CliengoSettings::new(url, KEY.into(), "web1", clock.clone());
        cliengo.allow_http = stated;
        assert_eq!(Cliengo::new(cliengo).is_ok(), taken, "{url}");
        let mut ghl = GhlSettings::new(url, KEY.into(), "Loc1", clock.clone());
        ghl.allow_http = stated;
        assert_eq!(Ghl::new(ghl).is_ok(), taken, "{url}");
    }
}
