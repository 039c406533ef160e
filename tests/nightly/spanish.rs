//! Somebody who reads Spanish: from `init` to the report no sentence is English, whatever happens in between.

use concord::record::Side;
use concord::sandbox::{Edit, EditKind, EditOp, Sandbox};
use serde_json::{Value, json};

use crate::command::{Desk, Said, sandbox};

/// Words that no Spanish sentence has.
const ENGLISH: [&str; 33] = [
    "the", "of", "is", "was", "and", "not", "for", "with", "this", "that", "its", "it", "are", "were", "be", "been",
    "from", "an", "which", "by", "or", "to", "has", "have", "had", "cannot", "there", "than", "but", "nothing", "they",
    "who", "at",
];

/// The lines that hold an English sentence: outside what is quoted, and outside commands and keys.
fn english(text: &str) -> Vec<String> {
    let is_english = |line: &&str| {
        let bare: String = line.split(['"', '`']).step_by(2).collect();
        let bare = bare.split("concord ").next().unwrap_or_default();
        let words = bare.split(|letter: char| !letter.is_alphanumeric() && !"_.'".contains(letter));
        words.filter(|word| ENGLISH.contains(&word.trim_matches('.').to_lowercase().as_str())).count() >= 2
    };
    text.lines().filter(is_english).map(str::to_owned).collect()
}

/// The text of a page, without what it is drawn with.
fn text_of(page: &str) -> String {
    let mut text = String::new();
    for part in page.split(['<']).skip(1) {
        let (tag, after) = part.split_once('>').unwrap_or((part, ""));
        if !tag.starts_with("style") && !tag.starts_with("script") {
            text.push_str(after);
        }
        text.push('\n');
    }
    text
}

#[track_caller]
fn is_spanish(what: &str, text: &str) {
    let found = english(text);
    assert!(!text.is_empty() && found.is_empty(), "{what}:\n{}", found.join("\n"));
}

fn edit(sandbox: &Sandbox, side: Side, op: EditOp, contact: &str, set: &Value) {
    let contact = (!contact.is_empty()).then(|| contact.to_owned());
    let set = set.as_object().cloned().unwrap();
    let edit = Edit { side, op, kind: EditKind::Contact, contact, id: None, set };
    sandbox.world().edit(&edit).unwrap();
}

#[track_caller]
fn speaks(desk: &Desk, command: &[&str], codes: &[i32]) -> Said {
    let said = desk.ask(command);
    assert!(codes.contains(&said.code), "{command:?}: {said:#?}");
    is_spanish(&format!("{command:?}"), &format!("{}\n{}", said.out, said.err));
    said
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn init_asks_in_the_language_of_the_terminal_and_writes_it_down() {
    let sandbox = sandbox(3).await;
    let mut desk = Desk::real(&sandbox);
    std::fs::remove_file(desk.path("schedules.toml")).unwrap();
    desk.environment = vec![("LC_ALL".to_owned(), "es_AR.UTF-8".to_owned())];
    let (cliengo, ghl) = (sandbox.cliengo_url(), sandbox.ghl_url());
    let mut person = crate::terminal::Terminal::run(&desk, &["init", "--cliengo-url", &cliengo, "--ghl-url", &ghl]);
    person.answer("Número", "1").await;
    person.answer("Un nombre para el par", "No Vale").await;
    person.answer("Un nombre para el par", "acme").await;
    person.answer("La clave de API de Cliengo", "equivocada").await;
    person.until("rechazó las credenciales").await;
    person.answer("La clave de API de Cliengo", sandbox.api_key()).await;
    person.until("Cliengo responde: Demo").await;
    person.answer("Número", "1").await;
    person.answer("identificador de la ubicación", sandbox.location_id()).await;
    person.answer("token de la integración privada", sandbox.token()).await;
    person.until("GHL responde: Sucursal Centro").await;
    person.answer("país", "Argentina").await;
    person.answer("país", "").await;
    person.answer("línea de cron en America/Argentina/Buenos_Aires", "cada noche").await;
    person.answer("línea de cron en America/Argentina/Buenos_Aires", "30 2 * * *").await;
    assert_eq!(person.ends().await, 0, "{}", person.shown);
    is_spanish("init", &person.shown);
    let written = std::fs::read_to_string(desk.path("schedules.toml")).unwrap();
    assert!(written.contains("[report]\nlanguage = \"es\"\n"), "{written}");
    is_spanish("schedules.toml", &written.replace("# [pair", ""));
    speaks(&desk, &["check"], &[0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_night_with_all_that_can_happen_is_told_in_spanish() {
    let sandbox = sandbox(12).await;
    let desk = Desk::real(&sandbox);
    let file = desk.path("schedules.toml");
    let settings = std::fs::read_to_string(&file).unwrap();
    let more = "[report]\nlanguage = \"es\"\ndir = \"reports\"\n[pair.acme.contacts]\nconflict = \"manual\"\n";
    std::fs::write(&file, format!("{settings}{more}")).unwrap();
    speaks(&desk, &["check"], &[0]);
    speaks(&desk, &["status"], &[0]);
    speaks(&desk, &["plan"], &[0]);
    let stopped = speaks(&desk, &["sync"], &[4]).out;
    let approval = stopped.split("--approve ").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    assert!([0, 3].contains(&desk.ask(&["sync", "--approve", &approval]).code));

    let links = desk.ask(&["links", "list", "--kind", "contact", "--format", "json"]).json();
    let id = |at: usize, side: &str| links[at]["ids"][side].as_str().unwrap().to_owned();
    edit(&sandbox, Side::Cliengo, EditOp::Update, &id(0, "cliengo"), &json!({ "email": "de.cliengo@example.com" }));
    edit(&sandbox, Side::Ghl, EditOp::Update, &id(0, "ghl"), &json!({ "email": "de.ghl@example.com" }));
    edit(&sandbox, Side::Ghl, EditOp::Update, &id(1, "ghl"), &json!({ "phone": "+5491155550077" }));
    edit(&sandbox, Side::Ghl, EditOp::Update, &id(2, "ghl"), &json!({ "email": "nueva@example.com" }));
    edit(&sandbox, Side::Ghl, EditOp::Delete, &id(3, "ghl"), &json!({}));
    edit(&sandbox, Side::Ghl, EditOp::Create, "", &json!({ "firstName": "Sin", "lastName": "Clave" }));
    sandbox.set_faults(
        "status=400@cliengo:PATCH*,status=503@cliengo:GET:/notes#2,no-array@ghl:POST:/tasks/search*".parse().unwrap(),
    );
    for format in ["text", "markdown", "csv"] {
        speaks(&desk, &["plan", "--format", format], &[1]);
    }
    is_spanish("page", &text_of(&desk.ask(&["plan", "--format", "html"]).out));
    let night = speaks(&desk, &["sync"], &[1]);
    for said in ["la lista no llegó a su fin", "rechazadas", "Espera su elección"] {
        assert!(night.out.contains(said), "no {said:?} in {}", night.out);
    }
    let runs = desk.ask(&["history", "--format", "json"]).json();
    let run = runs.as_array().unwrap().last().unwrap()["id"].to_string();
    let page = std::fs::read_to_string(desk.path(&format!("reports/acme/{run}/report.html"))).unwrap();
    is_spanish("report.html", &text_of(&page));
    let conflict = desk.ask(&["conflicts", "--format", "json"]).json()[0]["id"].as_str().unwrap().to_owned();
    let quarantined = desk.ask(&["quarantine", "--format", "json"]).json()[0]["id"].as_str().unwrap().to_owned();
    for command in [
        vec!["status"],
        vec!["history"],
        vec!["history", &run],
        vec!["held"],
        vec!["explain", "nueva@example.com"],
        vec!["conflicts"],
        vec!["conflicts", "show", &conflict],
        vec!["conflicts", "resolve", &conflict, "--take", "ghl", "--dry-run"],
        vec!["quarantine"],
        vec!["quarantine", "retry", &quarantined],
        vec!["links", "list"],
        vec!["links", "show", "2"],
        vec!["links", "forget", "1", "--dry-run"],
        vec!["check", "--offline"],
    ] {
        // The last run could not read one list: that is said too.
        speaks(&desk, &command, &[0, 1]);
    }
    speaks(&desk, &["undo", &run, "--dry-run"], &[0, 1, 3, 4, 10]);
    for (mistake, code) in [(["history", "99"], 10), (["undo", "99"], 10), (["explain", "x@y.example"], 1)] {
        speaks(&desk, &mistake, &[code]);
    }
    sandbox.set_faults("status=503@cliengo*".parse().unwrap());
    speaks(&desk, &["plan", "--quiet"], &[1]);
}
