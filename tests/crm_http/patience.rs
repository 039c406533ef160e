//! How long a CRM is waited for, and what is not waited for at all. (`semantics` 62)

use std::time::{Duration, Instant};

use concord::crm::{CrmError, Outcome, Reader, Writer};
use concord::record::{GhlId, Kind, Method, RemoteId, Request};
use serde_json::json;

use crate::server::{ALWAYS, Reply, Server, ok, text};

fn location() -> Reply {
    ok(json!({ "location": { "id": "Loc1" } }))
}

fn limited(headers: &[(&'static str, &str)]) -> Reply {
    Reply::Answer(429, headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect(), "{}".to_owned())
}

fn unavailable<T: std::fmt::Debug>(answer: Result<T, CrmError>) -> String {
    match answer {
        Err(CrmError::Unavailable { message, .. }) => message,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_outage_is_waited_out_by_time_and_not_by_attempts() {
    for failure in [text(503, ""), Reply::Reset] {
        let mut replies = vec![failure; 30];
        replies.push(location());
        let server = Server::replying(replies).await;
        let ghl = server.ghl(|settings| settings.patience.longest = Duration::from_millis(1));
        assert_eq!(ghl.account().await.unwrap().id, "Loc1");
        assert_eq!(server.seen().len(), 31);
    }
}

#[tokio::test]
async fn a_pause_that_lies_in_the_past_is_one_window_at_least() {
    let date = "Mon, 23 Nov 2026 03:00:00 GMT";
    for (said, by_their_date) in [
        ("0", "Mon, 23 Nov 2026 03:00:00 GMT"),
        ("Wed, 21 Oct 2015 07:28:00 GMT", date),
        // Their clock is an hour ahead: by it, this is now.
        ("Mon, 23 Nov 2026 04:00:00 GMT", "Mon, 23 Nov 2026 04:00:00 GMT"),
    ] {
        let server =
            Server::replying(vec![limited(&[("retry-after", said), ("date", by_their_date)]), location()]).await;
        let start = Instant::now();
        server.ghl(|settings| settings.patience.interval = Duration::from_millis(60)).account().await.unwrap();
        assert!(start.elapsed() >= Duration::from_millis(60), "{said}");
    }
}

#[tokio::test]
async fn a_pause_longer_than_a_run_waits_ends_it_for_that_crm_and_is_said() {
    let server = Server::replying(vec![limited(&[("retry-after", "3600")]), location()]).await;
    let ghl = server.ghl(|_| {});
    let said = unavailable(ghl.account().await);
    assert!(said.contains("429") && said.contains("asks to wait 1 h") && said.contains("at most"), "{said}");
    assert_eq!(unavailable(ghl.account().await), said);
    let write = ghl.send(&Request::new(Method::Delete, "/contacts/A"), ALWAYS).await;
    assert!(matches!(write, Outcome::NotSent(why) if why == said));
    assert_eq!(server.seen().len(), 1, "nothing further is sent");
}

#[tokio::test]
async fn a_write_that_is_asked_to_wait_longer_than_a_run_waits_says_so() {
    let server = Server::replying(vec![limited(&[("retry-after", "3600")]), location()]).await;
    let ghl = server.ghl(|_| {});
    let write = ghl.send(&Request::new(Method::Delete, "/contacts/A"), ALWAYS).await;
    let Outcome::NotSent(why) = write else { panic!("{write:?}") };
    assert!(why.contains("429") && why.contains("asks to wait 1 h") && why.contains("at most"), "{why}");
    assert_eq!(unavailable(ghl.account().await), why, "the run ends for that CRM");
    assert_eq!(server.seen().len(), 1, "nothing further is sent");
}

#[tokio::test]
async fn a_slow_crm_that_goes_on_is_no_broken_one() {
    let replies = std::iter::repeat_n([limited(&[]), location()], 8).flatten();
    let server = Server::replying(replies.collect()).await;
    let ghl = server.ghl(|settings| settings.patience.in_all = Duration::from_millis(50));
    for _ in 0..8 {
        ghl.account().await.unwrap();
    }
}

#[tokio::test]
async fn a_request_that_alone_fails_is_given_up_while_the_crm_answers_others() {
    let server = Server::start(|seen| if seen.path.contains("/notes") { text(500, "") } else { location() }).await;
    let ghl = server.ghl(|settings| settings.patience.in_all = Duration::from_secs(20));
    let start = Instant::now();
    let contact = GhlId::new("A");
    ghl.under(Kind::Note, &contact).await.unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(5));
    let asked = server.lines();
    assert!(asked.iter().filter(|line| line.contains("/notes")).count() > 2, "{asked:?}");
    assert_eq!(asked.iter().filter(|line| *line == "GET /locations/Loc1").count(), 1, "{asked:?}");
}

#[tokio::test]
async fn a_crm_that_stays_silent_is_not_asked_by_every_request_of_the_run() {
    let server = Server::replying(vec![Reply::Hang]).await;
    let ghl = server.ghl(|settings| {
        settings.patience.read = Duration::from_millis(20);
        settings.patience.total = Duration::from_millis(20);
    });
    for _ in 0..20 {
        assert_eq!(unavailable(ghl.account().await), "no answer in time");
    }
    assert!(server.seen().len() < 12, "{}", server.seen().len());
}

#[tokio::test]
async fn a_body_that_drips_has_a_deadline() {
    let server = Server::replying(vec![Reply::Drip]).await;
    let start = Instant::now();
    assert_eq!(unavailable(server.ghl(|_| {}).account().await), "its answer did not come to an end in time");
    assert!(start.elapsed() < Duration::from_secs(2));
    assert_eq!(server.seen().len(), 1, "it would drip again");
}

#[tokio::test]
async fn a_host_that_does_not_exist_is_not_waited_for_all_night() {
    let server = Server::replying(vec![location()]).await;
    let ghl = server.ghl(|settings| {
        settings.base_url = "https://no-such-host.invalid".to_owned();
        settings.patience.in_all = Duration::from_mins(10);
    });
    let start = Instant::now();
    unavailable(ghl.account().await);
    assert!(start.elapsed() < Duration::from_secs(20));
}
