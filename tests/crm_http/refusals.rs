//! Who refused, what was refused, and whose key it was: a refusal is a refusal whatever its status, and a firewall is no CRM.

use concord::crm::{CrmError, Outcome, Reader, Writer};
use concord::record::{CliengoId, Kind, Method, RemoteId, Request};
use serde_json::json;

use crate::server::{ALWAYS, Kept, Reply, Server, ok, status, text};

const PAGE: &str = "<!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head>\
    <body><h1>Sorry, you have been blocked</h1></body></html>";

fn credentials<T: std::fmt::Debug>(answer: Result<T, CrmError>) -> String {
    match answer {
        Err(CrmError::Credentials { message, .. }) => message,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn cliengo_refuses_the_key_with_a_200() {
    for said in [
        "You couldn't be authenticated",
        "The user of this key could not be authenticated.",
        "Invalid api_key",
        "Unauthorized",
        "api key expired",
        "No autorizado",
    ] {
        for body in [json!({ "message": said }), json!({ "error": said }), json!({ "error": { "message": said } })] {
            let server = Server::replying(vec![ok(body.clone())]).await;
            let cliengo = server.cliengo(|_| {});
            credentials(cliengo.account().await);
            credentials(cliengo.list_contacts(&Kept::new()).await);
            let create = Request::new(Method::Post, "/contacts").with_body(json!({ "name": "Ana" }));
            let outcome = cliengo.send(&create, ALWAYS).await;
            assert!(matches!(&outcome, Outcome::Refused(refusal) if refusal.status == 401), "{body} {outcome:?}");
        }
    }
}

#[tokio::test]
async fn a_contact_that_speaks_of_keys_refuses_nothing() {
    let contact = json!({ "id": "c1", "name": "Ana", "message": "Invalid api_key: what do I do?" });
    let server = Server::replying(vec![ok(contact)]).await;
    let cliengo = server.cliengo(|_| {});
    let id = CliengoId::new("c1");
    cliengo.look_up(Kind::Contact, &id, None).await.unwrap();
    let patch = Request::new(Method::Patch, "/contacts/c1").with_body(json!({ "name": "Ana" }));
    assert!(matches!(cliengo.send(&patch, ALWAYS).await, Outcome::Applied(_)));
}

#[tokio::test]
async fn a_refusal_names_the_request_the_scope_and_where_the_secret_came_from() {
    let refused = status(401, json!({ "message": "The token is not authorized for this scope." }));
    let server = Server::replying(vec![refused]).await;
    let ghl = server.ghl(|settings| settings.secret_source = Some("the environment variable GHL_TOKEN".to_owned()));
    let said = credentials(ghl.list_children(Kind::Task, &[], &Kept::new()).await);
    assert_eq!(
        said,
        "The token is not authorized for this scope.: POST /locations/{id}/tasks/search needs the scope \
         locations/tasks.readonly; its secret comes from the environment variable GHL_TOKEN"
    );
    let said = credentials(ghl.list_contacts(&Kept::new()).await);
    assert!(said.contains("POST /contacts/search needs the scope contacts.readonly"), "{said}");
    let note = Request::new(Method::Post, "/contacts/Ana1/notes").with_body(json!({ "body": "x" }));
    match ghl.send(&note, ALWAYS).await {
        Outcome::Refused(refusal) => {
            assert!(
                refusal.message.contains("POST /contacts/{id}/notes needs the scope contacts.write"),
                "{refusal:?}"
            );
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_page_of_html_says_nothing_about_a_key() {
    for page in [PAGE, "error code: 1020"] {
        let server = Server::replying(vec![text(403, page)]).await;
        let (cliengo, ghl) = (server.cliengo(|_| {}), server.ghl(|_| {}));
        for error in [cliengo.account().await.unwrap_err(), ghl.account().await.unwrap_err()] {
            let said = error.to_string();
            assert!(matches!(error, CrmError::Blocked { .. }), "{said}");
            assert!(said.contains("403, blocked, a page of HTML"), "{said}");
        }
        let put = Request::new(Method::Put, "/contacts/A").with_body(json!({ "firstName": "Ana" }));
        match ghl.send(&put, ALWAYS).await {
            Outcome::Refused(refusal) => {
                assert!(refusal.is_page && refusal.message.starts_with("blocked, a page of HTML"), "{refusal:?}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_redirect_is_sent_nothing_and_asked_once() {
    let away = Reply::Answer(307, vec![("location", "/locations/Loc1".to_owned())], String::new());
    let server = Server::replying(vec![away]).await;
    let ghl = server.ghl(|_| {});
    assert!(matches!(ghl.account().await, Err(CrmError::Protocol { .. })));
    let put = Request::new(Method::Put, "/contacts/A").with_body(json!({ "firstName": "Ana" }));
    assert!(matches!(ghl.send(&put, ALWAYS).await, Outcome::Unknown(_)));
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn an_error_that_a_200_states_in_its_body_is_no_success() {
    for (stated, is_refused) in [(401, true), (400, true), (422, true), (500, false)] {
        let body = json!({ "statusCode": stated, "message": "Not today", "error": "No" });
        let server = Server::replying(vec![ok(body)]).await;
        let request = Request::new(Method::Delete, "/contacts/C1/tags").with_body(json!({ "tags": ["vip"] }));
        let ghl = server.ghl(|settings| settings.patience.in_all = std::time::Duration::from_millis(5));
        match ghl.send(&request, ALWAYS).await {
            Outcome::Refused(refusal) => assert!(is_refused && refusal.status == stated, "{stated}: {refusal:?}"),
            Outcome::Unknown(_) => assert!(!is_refused, "{stated}"),
            other => panic!("{stated}: {other:?}"),
        }
    }
}
