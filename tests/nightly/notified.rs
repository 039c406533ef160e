//! Who hears of a run, and what leaves the machine: a monitor, a webhook and a mail server that write down what they get.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::Request;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::command::{Desk, sandbox};

/// What was posted, as path and body.
pub type Heard = Arc<Mutex<Vec<(String, String)>>>;

/// A web server that says yes to everything.
pub async fn listener() -> (String, Heard) {
    let heard = Heard::default();
    let kept = heard.clone();
    let app = Router::new().fallback(move |request: Request| {
        let kept = kept.clone();
        async move {
            let path = request.uri().path().to_owned();
            let body = to_bytes(request.into_body(), usize::MAX).await.unwrap();
            kept.lock().unwrap().push((path, String::from_utf8(body.to_vec()).unwrap()));
            "ok"
        }
    });
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", socket.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(socket, app).await.unwrap() });
    (address, heard)
}

/// A mail server that takes every letter.
async fn post_office() -> (u16, Arc<Mutex<Vec<String>>>) {
    let letters = Arc::new(Mutex::new(Vec::new()));
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = socket.local_addr().unwrap().port();
    let kept = letters.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = socket.accept().await {
            let letter = converse(stream).await.unwrap_or_default();
            kept.lock().unwrap().push(letter);
        }
    });
    (port, letters)
}

async fn converse(stream: TcpStream) -> std::io::Result<String> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 post office\r\n").await?;
    let mut letter = String::new();
    while let Some(line) = lines.next_line().await? {
        let answer: &[u8] = match line.get(..4).unwrap_or_default().to_uppercase().as_str() {
            "QUIT" => b"221 bye\r\n",
            "DATA" => b"354 go on\r\n",
            _ => b"250 fine\r\n",
        };
        if line.starts_with("RCPT") || line.starts_with("MAIL") {
            letter.push_str(&format!("{line}\n"));
        }
        write.write_all(answer).await?;
        if line == "DATA" {
            while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                letter.push_str(&format!("{line}\n"));
            }
            write.write_all(b"250 taken\r\n").await?;
            break;
        }
    }
    Ok(letter)
}

fn notifying(settings: &str) -> Desk {
    Desk::with(&format!("[notify]\n{settings}[pair.demo]\nsandbox = true\n"))
}

const MONITOR: &str = "healthcheck = { env = \"HC_URL\" }\n";
const HOOK: &str = "webhook = { env = \"HOOK_URL\" }\n";

/// Names, e-mails and phones of everybody in both CRMs, and every text of theirs.
fn contact_data(dump: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for side in ["cliengo", "ghl"] {
        for kinds in ["contacts", "notes", "tasks"] {
            for row in dump[side][kinds].as_array().unwrap() {
                for key in ["name", "firstName", "lastName", "email", "phone", "message", "body", "title"] {
                    found.extend(row[key].as_str().filter(|text| text.len() > 3).map(str::to_owned));
                }
            }
        }
    }
    found
}

// Watches: I51.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_monitor_hears_start_and_end_and_no_contact_data_leaves() {
    let ((monitor, pings), (hook, posts), (port, letters)) = (listener().await, listener().await, post_office().await);
    let mail = format!(
        "smtp = {{ host = \"127.0.0.1\", port = {port}, encryption = \"off\" }}\n\
         email = {{ from = \"Concord <concord@example.org>\", to = [\"ops@example.org\"] }}\n"
    );
    let mut desk = notifying(&format!("{MONITOR}{HOOK}{mail}"));
    desk.environment = vec![
        ("HC_URL".to_owned(), format!("{monitor}/ping/1234")),
        ("HOOK_URL".to_owned(), format!("{hook}/services/T0/B0")),
    ];
    // 3: the seed's doubles wait for a person.
    desk.ask(&["sync"]).code(3);
    let pings = pings.lock().unwrap().clone();
    let paths: Vec<&str> = pings.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["/ping/1234/start", "/ping/1234/3"]);
    assert!(pings[1].1.contains("demo: Applied"), "{pings:?}");
    let posts = posts.lock().unwrap().clone();
    let [(path, post)] = posts.as_slice() else { panic!("{posts:?}") };
    let said: Value = serde_json::from_str(post).unwrap();
    assert_eq!(path, "/services/T0/B0");
    assert!(said["text"].as_str().unwrap().contains("1 of 1 pair for a person to look at"), "{said}");
    let told = &said["concord"]["told"][0];
    assert_eq!((&told["id"], &told["code"], &told["run"]), (&json!("demo"), &json!(3), &json!(1)));
    assert!(told["counts"]["held"].as_u64().unwrap() > 0 && told["counts"]["applied"].as_u64().unwrap() > 100);
    let letters = letters.lock().unwrap().clone();
    assert_eq!(letters.len(), 1, "{letters:?}");
    assert!(letters[0].contains("RCPT TO:<ops@example.org>") && letters[0].contains("Subject: Concord sync:"));
    let dump = desk.ask(&["sandbox", "dump"]).code(0).json();
    let left = format!("{pings:?}{posts:?}{letters:?}");
    let everybody = contact_data(&dump);
    assert!(everybody.len() > 200);
    for somebody in everybody {
        assert!(!left.contains(&somebody), "{somebody:?} left the machine: {left}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_asked_for_is_not_told_and_counts_as_success() {
    let ((monitor, pings), (hook, posts)) = (listener().await, listener().await);
    let mut desk = notifying(&format!("{MONITOR}{HOOK}on = [\"failure\"]\n"));
    desk.environment = vec![("HC_URL".to_owned(), monitor), ("HOOK_URL".to_owned(), hook)];
    desk.ask(&["sync"]).code(3);
    let paths: Vec<String> = pings.lock().unwrap().iter().map(|(path, _)| path.clone()).collect();
    assert_eq!(paths, ["/start", "/"]);
    assert!(posts.lock().unwrap().is_empty());
    std::fs::write(desk.path("state/demo.db"), "no database".repeat(999)).unwrap();
    desk.ask(&["sync"]).code(1);
    assert_eq!(pings.lock().unwrap().last().unwrap().0, "/1");
    let posts = posts.lock().unwrap();
    let said: Value = serde_json::from_str(&posts[0].1).unwrap();
    assert!(said["text"].as_str().unwrap().contains("1 of 1 pair failed"), "{said}");
    assert!(said["concord"]["told"][0]["reasons"][0].as_str().unwrap().contains("demo.db"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_crm_answered_stays_here_when_it_refuses_or_babbles() {
    let (hook, posts) = listener().await;
    let crm = sandbox(4).await;
    let mut desk = Desk::real(&crm);
    let settings = std::fs::read_to_string(desk.path("schedules.toml")).unwrap();
    std::fs::write(desk.path("schedules.toml"), format!("{settings}[notify]\n{HOOK}")).unwrap();
    desk.environment.push(("HOOK_URL".to_owned(), hook));
    "wrong-and-secret".clone_into(&mut desk.environment[1].1);
    desk.ask(&["sync"]).code(12);
    let post = posts.lock().unwrap().pop().unwrap().1;
    assert!(post.contains("acme: GHL refused the credentials"), "{post}");
    assert!(!post.contains("wrong-and-secret"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_monitor_that_is_gone_or_silent_is_a_warning_and_changes_nothing() {
    // One that is gone, and one that takes the connection and never answers.
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let quiet = silent.local_addr().unwrap();
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok(connection) = silent.accept().await {
            kept.push(connection);
        }
    });
    let mut desk = notifying(&format!("{MONITOR}{HOOK}on = [\"always\"]\n"));
    desk.environment = vec![
        ("HC_URL".to_owned(), format!("http://{gone}/secret-path")),
        ("HOOK_URL".to_owned(), format!("http://{quiet}/secret-path")),
    ];
    let said = desk.ask(&["sync"]).code(3).tells("could not be told");
    assert!(said.out.contains("Applied"), "{said:?}");
    assert!(!said.err.contains("secret-path"), "the address is a secret: {}", said.err);
}

#[test]
fn a_secret_that_is_missing_tells_nobody_and_the_run_goes_on() {
    let desk = notifying(HOOK);
    desk.run(&["sync"]).code(3).tells("HOOK_URL");
    let mut desk = notifying(HOOK);
    desk.environment = vec![("HOOK_URL".to_owned(), "http://example.com/hook".to_owned())];
    let said = desk.run(&["sync"]).code(3).tells("notify.webhook");
    assert!(!said.err.contains("example.com"));
}

#[tokio::test(start_paused = true)]
async fn nobody_is_waited_for_longer_than_ten_seconds() {
    use concord::config::{Config, Language, Notify};
    use concord::notify::{Notifier, Round, Told};
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let text = format!("[notify]\n{MONITOR}{HOOK}on = [\"always\"]\n[pair.demo]\nsandbox = true\n");
    let notify: Notify = Config::parse(&text, std::path::Path::new("schedules.toml")).unwrap().notify;
    let notifier = Notifier::new(&notify, Language::English, &|_| Some(url.clone())).unwrap();
    let asked = tokio::time::Instant::now();
    let pairs = [Told::failed("demo", 1, "no reason")];
    notifier.ended(Round { name: "nightly", pairs: &pairs }).await;
    assert!(asked.elapsed() <= Duration::from_secs(10));
}
