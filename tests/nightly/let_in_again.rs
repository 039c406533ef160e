//! What it means that GHL gives no token: the token, the app, or nothing but the moment. (`semantics` 52, 57)

use concord::record::Side;
use concord::sandbox::{Fault, FaultRule, Faults, Options, Sandbox, Stated, When};
use serde_json::json;

use crate::command::{Desk, sandbox};
use crate::let_in::{desk, let_in};

async fn entered() -> (Sandbox, Desk) {
    let sandbox = sandbox(2).await;
    let desk = desk(&sandbox, false);
    let_in(&desk).await;
    (sandbox, desk)
}

/// The token in use is refused, and what is asked for a new one is answered like this.
fn renewals(sandbox: &Sandbox, answer: Stated) {
    sandbox.revoke_tokens().unwrap();
    sandbox.set_faults(Faults::rules(vec![FaultRule {
        side: Some(Side::Ghl),
        method: Some("POST".to_owned()),
        path_contains: Some("/oauth/token".to_owned()),
        when: When::Always,
        fault: Fault::Answer(answer),
    }]));
}

fn error(status: u16, code: &str) -> Stated {
    Stated::json(status, &json!({ "error": code, "error_description": "No" }))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_in_front_of_ghl_or_a_wrong_path_costs_a_run_and_no_token() {
    let (sandbox, desk) = entered().await;
    let page = "<!DOCTYPE html><html><head><title>Attention Required!</title></head></html>";
    let nowhere = Stated::json(404, &json!({ "message": "no Route matched with those values" }));
    for answer in [Stated::html(403, page), nowhere] {
        renewals(&sandbox, answer);
        for command in ["sync", "check"] {
            let said = desk.ask(&[command]).code(1).tells("GHL cannot be read: its token could not be renewed");
            let all = format!("{}{}", said.out, said.err);
            assert!(!all.contains("used it up") && !all.contains("auth ghl"), "{all}");
        }
        sandbox.set_faults(Faults::none());
        desk.ask(&["plan"]).code(0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_that_is_not_known_is_told_as_such() {
    let (sandbox, desk) = entered().await;
    let empty = json!({ "message": ["client_secret should not be empty"], "statusCode": 422 });
    for answer in [error(401, "invalid_client"), error(400, "unauthorized_client"), Stated::json(422, &empty)] {
        renewals(&sandbox, answer);
        for command in ["sync", "check"] {
            let said = desk.ask(&[command]).code(12).tells("client_id and client_secret");
            let all = format!("{}{}", said.out, said.err);
            assert!(!all.contains("used it up") && !all.contains("auth ghl"), "{all}");
        }
    }
    sandbox.set_faults(Faults::none());
    desk.ask(&["plan"]).code(0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_renewal_that_was_refused_is_never_one_without_an_answer() {
    let (sandbox, desk) = entered().await;
    for (answer, words) in [
        (error(400, "invalid_grant"), "another copy of this program used it up"),
        (error(401, "invalid_grant"), "another copy of this program used it up"),
        (error(200, "invalid_grant"), "another copy of this program used it up"),
        (Stated::json(401, &json!({ "message": "Unauthorized" })), "does not say why"),
    ] {
        renewals(&sandbox, answer);
        for command in ["sync", "check"] {
            let said = desk.ask(&[command]).code(12).tells("concord auth ghl --pair acme");
            let all = format!("{}{}", said.out, said.err).split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(all.contains(words) && !all.contains("got no answer"), "{all}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_token_is_replaced_by_a_consent() {
    let (_sandbox, desk) = entered().await;
    for content in ["", "no token", "{}"] {
        std::fs::write(desk.path("state/acme.token"), content).unwrap();
        for command in ["sync", "check"] {
            desk.ask(&[command]).code(12).tells("state/acme.token is damaged").tells("concord auth ghl --pair acme");
        }
    }
    let_in(&desk).await;
    desk.ask(&["plan"]).code(0);
}

// `semantics` 64.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_renews_a_token_is_a_secret_in_whatever_ghl_says_of_it() {
    for is_agency in [false, true] {
        let options = Options { contacts: 2, keep_answers: true, ..Options::default() };
        let sandbox = Sandbox::start(options).await.unwrap();
        let desk = desk(&sandbox, is_agency);
        let_in(&desk).await;
        let given = sandbox.requests().into_iter().filter_map(|request| request.answer);
        let secrets: Vec<String> = given
            .flat_map(|answer| ["access_token", "refresh_token"].map(|key| answer[key].as_str().map(str::to_owned)))
            .flatten()
            .collect();
        assert!(secrets.len() > 1, "{secrets:?}");
        let told = Stated::json(400, &json!({ "message": format!("Bad {}", secrets.join(" and ")) }));
        sandbox.set_faults(Faults::rules(vec![FaultRule {
            side: Some(Side::Ghl),
            method: None,
            path_contains: Some("/contacts/search".to_owned()),
            when: When::Always,
            fault: Fault::Answer(told),
        }]));
        let said = desk.ask(&["sync", "-v"]);
        let status = desk.ask(&["status"]);
        for secret in &secrets {
            let all = format!("{}{}{}{}", said.out, said.err, status.out, status.err);
            assert!(all.contains("Bad ") && !all.contains(secret.as_str()), "{secret} in {all}");
        }
    }
}
