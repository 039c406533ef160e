//! Reads: what is asked again, what ends a run, and how the two sides prove who asks.

use std::time::{Duration, Instant};

use concord::crm::cliengo::{Cliengo, CliengoAuth};
use concord::crm::{CrmError, Reader, SetupError};
use concord::record::{CliengoId, Kind, RemoteId};
use serde_json::json;

use crate::server::{KEY, Reply, Server, ok, status, text};

fn location() -> Reply {
    ok(json!({ "location": { "id": "Loc1", "name": "Centro", "country": "AR", "timezone": "UTC" } }))
}

#[tokio::test]
async fn a_read_is_asked_again_for_everything_that_may_pass() {
    for reply in [
        Reply::Reset,
        Reply::Hang,
        text(408, ""),
        text(429, "{}"),
        text(500, "<html>"),
        text(503, ""),
        text(200, "<html>gateway</html>"),
        text(200, "{\"location\":{\"id\":"),
        Reply::BreakOff(200, "{\"location\":{}}".to_owned()),
        status(401, json!({ "message": "Command timed out" })),
    ] {
        let server = Server::replying(vec![reply.clone(), location()]).await;
        let ghl = server.ghl(|_| {});
        assert_eq!(ghl.account().await.unwrap().id, "Loc1", "{reply:?}");
        assert_eq!(ghl.usage().reads, 2, "{reply:?}");
    }
}

#[tokio::test]
async fn a_read_gives_up_when_the_patience_of_the_run_is_spent() {
    let server = Server::replying(vec![text(500, "")]).await;
    let ghl = server.ghl(|_| {});
    let error = ghl.account().await.unwrap_err();
    assert!(matches!(error, CrmError::Unavailable { .. }), "{error}");
    let asked = server.seen().len();
    assert!(asked > 4, "{asked}");
    ghl.account().await.unwrap_err();
    assert_eq!(server.seen().len(), asked + 1, "there is one patience for all requests of a run");
}

#[tokio::test]
async fn refused_credentials_and_an_empty_quota_end_the_run_at_once() {
    for reply in [status(401, json!({ "message": "Invalid token" })), status(403, json!({ "message": "Forbidden" }))] {
        let server = Server::replying(vec![reply]).await;
        assert!(matches!(server.ghl(|_| {}).account().await, Err(CrmError::Credentials { .. })));
        assert!(matches!(server.cliengo(|_| {}).account().await, Err(CrmError::Credentials { .. })));
        assert_eq!(server.seen().len(), 2);
    }
    let empty = Reply::Answer(429, vec![("x-ratelimit-daily-remaining", "0".to_owned())], "{}".to_owned());
    let server = Server::replying(vec![empty]).await;
    assert!(matches!(server.ghl(|_| {}).account().await, Err(CrmError::Quota { .. })));
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Reply::Answer(302, vec![("location", "https://elsewhere.example/".to_owned())], String::new());
    let server = Server::replying(vec![elsewhere]).await;
    assert!(matches!(server.cliengo(|_| {}).account().await, Err(CrmError::Protocol { .. })));
    assert_eq!(server.seen().len(), 1);
}

// Watches: I45.
#[tokio::test]
async fn an_announced_window_is_waited_out() {
    let headers = vec![
        ("x-ratelimit-max", "2".to_owned()),
        ("x-ratelimit-remaining", "0".to_owned()),
        ("x-ratelimit-interval-milliseconds", "150".to_owned()),
        ("x-ratelimit-daily-remaining", "77".to_owned()),
    ];
    let body = json!({ "location": { "id": "Loc1" } }).to_string();
    let server = Server::replying(vec![Reply::Answer(200, headers, body)]).await;
    let (ghl, start) = (server.ghl(|_| {}), Instant::now());
    ghl.account().await.unwrap();
    ghl.account().await.unwrap();
    assert!(start.elapsed() >= Duration::from_millis(150));
    assert_eq!(ghl.usage().daily_remaining, Some(77));
}

#[tokio::test]
async fn a_429_without_a_date_rests_one_window() {
    let server = Server::replying(vec![text(429, "{}"), location()]).await;
    let start = Instant::now();
    server.ghl(|settings| settings.patience.interval = Duration::from_millis(120)).account().await.unwrap();
    assert!(start.elapsed() >= Duration::from_millis(120));
}

#[tokio::test]
async fn a_stop_abandons_a_read_and_its_waits() {
    let server = Server::replying(vec![text(503, "")]).await;
    let stop = tokio_util::sync::CancellationToken::new();
    let ghl = server.ghl(|settings| {
        settings.stop = stop.clone();
        settings.patience.backoff = Duration::from_mins(1);
    });
    let (account, ()) = tokio::join!(ghl.account(), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        stop.cancel();
    });
    assert!(matches!(account, Err(CrmError::Stopped { .. })));
}

#[tokio::test]
async fn ghl_gets_a_bearer_token_and_a_version() {
    let server = Server::replying(vec![location()]).await;
    server.ghl(|_| {}).account().await.unwrap();
    let seen = server.seen();
    assert_eq!(seen[0].line(), "GET /locations/Loc1");
    assert_eq!(seen[0].headers["authorization"], format!("Bearer {KEY}"));
    assert_eq!(seen[0].headers["version"], "2021-07-28");
}

#[tokio::test]
async fn cliengo_gets_its_key_as_configured() {
    let account = ok(json!({ "id": "acc", "name": "Demo", "timeZone": "-03:00" }));
    let server = Server::replying(vec![account]).await;
    server.cliengo(|_| {}).account().await.unwrap();
    server.cliengo(|settings| settings.auth = CliengoAuth::Bearer).account().await.unwrap();
    let seen = server.seen();
    assert_eq!(seen[0].line(), format!("GET /account?api_key={KEY}"));
    assert_eq!((seen[1].path.as_str(), seen[1].headers["authorization"].as_str()), ("/account", "Bearer s3cr3t-k3y"));
}

#[tokio::test]
async fn an_exchanged_token_is_kept_and_renewed_once() {
    let mut given = 0;
    let server = Server::start(move |seen| {
        if seen.path.starts_with("/jwt") {
            given += 1;
            return ok(json!({ "jwt": format!("token{given}") }));
        }
        match seen.headers["authorization"].as_str() {
            "token1" if given == 1 => status(401, json!({ "message": "expired" })),
            "token2" => ok(json!({ "id": "acc" })),
            other => panic!("{other}"),
        }
    })
    .await;
    let cliengo: Cliengo = server.cliengo(|settings| settings.auth = CliengoAuth::Jwt);
    cliengo.account().await.unwrap();
    cliengo.account().await.unwrap();
    let lines = server.lines();
    assert_eq!(lines[0], format!("GET /jwt?api_key={KEY}"));
    assert_eq!(lines.iter().filter(|line| line.contains("/jwt")).count(), 2);
    assert_eq!(lines.len(), 5);
}

#[tokio::test]
async fn an_exchanged_token_that_is_refused_in_any_form_is_renewed_once() {
    for (code, body) in [
        (401, json!({ "message": "Unauthorized" })),
        (403, json!({ "message": "You couldn't be authenticated" })),
        (200, json!({ "message": "You couldn't be authenticated" })),
        (200, json!({ "error": "You couldn't be authenticated" })),
        (302, json!("Found")),
    ] {
        let mut given = 0;
        let server = Server::start(move |seen| {
            if seen.path.starts_with("/jwt") {
                given += 1;
                return ok(json!({ "jwt": format!("token{given}") }));
            }
            if seen.headers["authorization"] == "token1" {
                status(code, body.clone())
            } else {
                ok(json!({ "id": "acc" }))
            }
        })
        .await;
        let cliengo: Cliengo = server.cliengo(|settings| settings.auth = CliengoAuth::Jwt);
        cliengo.account().await.unwrap();
        cliengo.account().await.unwrap();
        assert_eq!(server.lines().len(), 5, "{code}");
    }
}

#[tokio::test]
async fn an_exchanged_token_that_is_given_once_more_stays_as_it_is() {
    let server = Server::start(|seen| {
        if seen.path.starts_with("/jwt") {
            return ok(json!({ "jwt": "eyJhbGciOiJIUzI1NiJ9.the-same-again" }));
        }
        match seen.headers["authorization"].as_str() {
            "eyJhbGciOiJIUzI1NiJ9.the-same-again" if seen.path.contains("/tasks") => {
                status(401, json!({ "message": "No" }))
            }
            "eyJhbGciOiJIUzI1NiJ9.the-same-again" => ok(json!({ "id": "acc" })),
            other => panic!("{other}"),
        }
    })
    .await;
    let cliengo: Cliengo = server.cliengo(|settings| settings.auth = CliengoAuth::Jwt);
    let contact = CliengoId::new("64b0c0ffee00000000000001");
    let task = CliengoId::new("64b0c0ffee00000000000002");
    let refused = cliengo.look_up(Kind::Task, &task, Some(&contact)).await;
    assert!(refused.is_err());
    cliengo.account().await.unwrap();
}

#[tokio::test]
async fn a_key_is_never_sent_in_the_clear_to_another_machine() {
    let server = Server::replying(vec![location()]).await;
    for url in ["http://api.cliengo.com/1.0", "ftp://x", "nonsense"] {
        let mut settings = concord::crm::cliengo::CliengoSettings::new(
            url,
            KEY.into(),
            "w",
            std::sync::Arc::new(concord::clock::SystemClock),
        );
        settings.page_size = 1;
        assert!(matches!(Cliengo::new(settings), Err(SetupError::BaseUrl)), "{url}");
    }
    drop(server);
}
