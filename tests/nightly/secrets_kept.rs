//! A secret that the program knows never leaves it, whatever a CRM says with it. (`semantics` 64)

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use concord::record::Side;
use concord::sandbox::{Edit, EditKind, EditOp, Fault, FaultRule, Faults, Sandbox, Stated, When};
use serde_json::json;

use crate::command::{Desk, Said, sandbox};
use crate::notified::listener;

/// A CRM's answer with every secret in every form, behind so many letters: somewhere the text is cut.
fn betraying(secrets: &[String], status: u16, before: usize) -> Stated {
    let percent = |secret: &str| secret.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
    let told = secrets.iter().flat_map(|secret| {
        [
            format!("https://x.example/?api_key={secret}&a=1"),
            format!("Authorization: Bearer {secret}"),
            percent(secret),
            percent(&percent(secret)).to_uppercase(),
            format!("token\\u002d{}", secret.replace('-', "\\u002D")),
            STANDARD_NO_PAD.encode(format!("me:{secret}")),
            secret.to_uppercase(),
        ]
    });
    let text = format!("{} {}", "n".repeat(before), told.collect::<Vec<_>>().join("' "));
    match before % 3 {
        0 => Stated::json(status, &json!({ "message": text })),
        1 => Stated::json(status, &json!({ "error": [text], "statusCode": status })),
        _ => Stated::html(status, &text),
    }
    .with_header("x-note", &secrets.concat())
}

fn answers(sandbox: &Sandbox, method: &str, answer: &Stated) {
    let rule = |side| FaultRule {
        side: Some(side),
        method: Some(method.to_owned()),
        path_contains: None,
        when: When::Always,
        fault: Fault::Answer(answer.clone()),
    };
    sandbox.set_faults(Faults::rules(Side::BOTH.map(rule).to_vec()));
}

/// What of a secret may stand nowhere: any eight characters of it, plain or encoded.
fn pieces(secrets: &[String]) -> Vec<Vec<u8>> {
    let percent = |piece: &str| piece.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
    let plain = secrets.iter().flat_map(|secret| {
        let secret = secret.to_lowercase();
        (0..secret.len() - 7).map(move |at| secret[at..at + 8].to_owned())
    });
    let plain: Vec<String> = plain.collect();
    let encoded = plain.iter().map(|piece| percent(piece));
    let based = secrets.iter().flat_map(|secret| {
        let based = STANDARD_NO_PAD.encode(format!("me:{secret}")).to_lowercase();
        (5..based.len() - 9).step_by(3).map(move |at| based[at..at + 8].to_owned()).collect::<Vec<_>>()
    });
    encoded.chain(based).chain(plain.clone()).map(String::into_bytes).collect()
}

fn must_be_clean(what: &str, bytes: &[u8], pieces: &[Vec<u8>]) {
    let lower = bytes.to_ascii_lowercase();
    for piece in pieces {
        let at = lower.windows(piece.len()).position(|window| window == piece);
        let around = at.map(|at| String::from_utf8_lossy(&bytes[at.saturating_sub(60)..bytes.len().min(at + 60)]));
        assert_eq!(around, None, "{} in {what}", String::from_utf8_lossy(piece));
    }
}

fn files_are_clean(folder: &Path, pieces: &[Vec<u8>]) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            files_are_clean(&entry.path(), pieces);
        } else {
            must_be_clean(&entry.path().display().to_string(), &std::fs::read(entry.path()).unwrap(), pieces);
        }
    }
}

/// One edit on each side, so that both are written to.
fn edit(sandbox: &Sandbox, number: usize) {
    for side in Side::BOTH {
        let dump = sandbox.world().dump().unwrap();
        let row = dump[side.as_str()]["contacts"][number].clone();
        let edit = Edit {
            side,
            op: EditOp::Create,
            kind: EditKind::Note,
            contact: Some(row["id"].as_str().unwrap().to_owned()),
            id: None,
            set: json!({ "body": format!("Nota {number}") }).as_object().cloned().unwrap(),
        };
        sandbox.world().edit(&edit).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_piece_of_a_secret_that_a_crm_repeats_is_in_anything_that_leaves_the_program() {
    let sandbox = sandbox(8).await;
    let (address, heard) = listener().await;
    let hook = format!("{address}/services/T0AB12CD34/x1y2z3secretw4v5u6");
    let mut desk = Desk::real(&sandbox);
    let settings = std::fs::read_to_string(desk.path("schedules.toml")).unwrap();
    let notify =
        "[notify]\nwebhook = { env = \"TEST_HOOK\" }\non = [\"always\"]\n[pair.acme.guard]\nfirst_sync = \"auto\"\n";
    std::fs::write(desk.path("schedules.toml"), format!("{settings}{notify}")).unwrap();
    desk.environment.push(("TEST_HOOK".to_owned(), hook));
    let known = [sandbox.api_key().to_owned(), sandbox.token().to_owned(), "x1y2z3secretw4v5u6".to_owned()];
    let mut said: Vec<Said> = vec![desk.ask(&["sync", "-vvv"])];

    for (number, (status, before)) in
        [(400, 0), (401, 150), (403, 186), (404, 193), (409, 196), (422, 199), (500, 201)].into_iter().enumerate()
    {
        edit(&sandbox, number);
        answers(&sandbox, "WRITE", &betraying(&known, status, before));
        said.push(desk.ask(&["sync", "-vvv", "--format", if before % 2 == 0 { "json" } else { "text" }]));
    }
    for command in [
        &["undo", "1"][..],
        &["history", "3", "-v"],
        &["history", "2", "--format", "json"],
        &["quarantine"],
        &["status"],
    ] {
        said.push(desk.ask(command));
    }
    for (status, before) in [(401, 0), (403, 150), (400, 190), (500, 0), (200, 3)] {
        answers(&sandbox, "READ", &betraying(&known, status, before));
        for command in [&["check"][..], &["plan", "-vvv"], &["sync", "--log-format", "json", "-v"]] {
            said.push(desk.ask(command));
        }
    }
    for command in [&["status", "--format", "json"][..], &["history"], &["conflicts"], &["links"]] {
        said.push(desk.ask(command));
    }

    let pieces = pieces(&known);
    assert!(said.iter().any(|said| said.code == 12) && said.iter().any(|said| said.out.contains("[secret]")));
    for said in &said {
        must_be_clean("stdout", said.out.as_bytes(), &pieces);
        must_be_clean("stderr", said.err.as_bytes(), &pieces);
    }
    files_are_clean(&desk.path("state"), &pieces);
    for (_, body) in heard.lock().unwrap().iter() {
        must_be_clean("a notice", body.as_bytes(), &pieces);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_holds_a_secret_is_held_and_stays_as_it_is() {
    let sandbox = sandbox(4).await;
    let desk = Desk::real(&sandbox);
    let dump = sandbox.world().dump().unwrap();
    let contact = dump["ghl"]["contacts"][0]["id"].as_str().unwrap().to_owned();
    let text = format!("la clave es {}, no la pierdan", sandbox.token());
    let edit = Edit {
        side: Side::Ghl,
        op: EditOp::Create,
        kind: EditKind::Note,
        contact: Some(contact),
        id: None,
        set: json!({ "body": text }).as_object().cloned().unwrap(),
    };
    sandbox.world().edit(&edit).unwrap();
    let plan = desk.ask(&["plan", "--format", "json"]).json();
    let said = desk.ask(&["sync", "--approve", plan["plan_id"].as_str().unwrap()]).code(3);
    assert!(said.out.contains("holds a secret of this configuration"), "{}", said.out);
    let stored = sandbox.world().dump().unwrap();
    assert!(!stored["cliengo"].to_string().contains("la clave es"), "it is not carried over");
    assert!(stored["ghl"].to_string().contains(sandbox.token()), "nor is it changed where it is");
    files_are_clean(&desk.path("state"), &pieces(&[sandbox.token().to_owned()]));
}
