//! Keys as people paste them: what stands around one is left away, and what can be none is refused before any request.

use std::os::unix::fs::PermissionsExt;

use crate::command::{Desk, sandbox};

/// The pair, with both secrets from files.
fn from_files(desk: &Desk) {
    let settings = std::fs::read_to_string(desk.path("schedules.toml")).unwrap();
    let settings =
        settings.replace("env = \"TEST_KEY\"", "file = \"key\"").replace("env = \"TEST_TOKEN\"", "file = \"token\"");
    std::fs::write(desk.path("schedules.toml"), settings).unwrap();
}

fn keep(desk: &Desk, name: &str, value: &str) {
    std::fs::write(desk.path(name), value).unwrap();
    std::fs::set_permissions(desk.path(name), std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_pasted_around_a_key_is_left_away() {
    let sandbox = sandbox(1).await;
    let (key, token) = (sandbox.api_key(), sandbox.token());
    let around = |secret: &str| {
        [
            format!("{secret}\r"),
            format!("{secret}\n"),
            format!("{secret}\r\n\r\n"),
            format!("\"{secret}\""),
            format!("'{secret}'\n"),
            format!("\t{secret} "),
            format!("\u{feff}“{secret}”"),
        ]
    };
    for (key, token) in around(key).into_iter().zip(around(token)) {
        let mut desk = Desk::real(&sandbox);
        desk.environment = vec![("TEST_KEY".to_owned(), key.clone()), ("TEST_TOKEN".to_owned(), token.clone())];
        desk.ask(&["plan"]).code(0);
        from_files(&desk);
        keep(&desk, "key", &key);
        keep(&desk, "token", &token);
        desk.ask(&["plan"]).code(0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_be_no_key_is_refused_before_any_request_and_named() {
    let sandbox = sandbox(1).await;
    for value in [
        "pit 1f0e9c77 44aa 4bd0",
        "<paste your token here>",
        "",
        "  \n",
        "\"\"",
        "clave-ñandú",
        "abc\u{1}def-ghi",
        "Bearer pit-1",
    ] {
        for (place, at) in [("TEST_KEY", 0), ("TEST_TOKEN", 1)] {
            let mut desk = Desk::real(&sandbox);
            desk.environment[at].1 = value.to_owned();
            sandbox.clear_requests();
            for command in ["sync", "plan", "check"] {
                let said = desk.ask(&[command]).code(10);
                let key = if at == 0 { "pair.acme.cliengo.api_key" } else { "pair.acme.ghl.token" };
                let all = format!("{}{}", said.out, said.err);
                assert!(all.contains(key) && all.contains(place), "{all}");
                assert!(value.trim().len() < 8 || !all.contains(value.trim()), "{all}");
            }
            assert!(sandbox.requests().is_empty());
        }
    }
}
