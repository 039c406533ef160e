//! Every command line that a message or a document offers is one, and those that a person is shown are run as they stand.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::command::Desk;

/// What a shell takes for something else than itself.
const SHELL: &[char] = &['|', '<', '>', '&', ';', '$', '*', '(', ')', '…', '"', '\'', '\\'];

/// The words of documents that a reader replaces, and something that fits.
const REPLACED: [(&str, &str); 17] = [
    ("PLAN_ID", "9e9e88f1b1fec20f"),
    ("CLIENGO_ID", "64b0c0ffee0000000000a010"),
    ("GHL_ID", "C0oE7"),
    ("ID…", "kbqftrnmdc"),
    ("ID", "kbqftrnmdc"),
    ("[RUN]", "1"),
    ("RUN", "1"),
    ("NAME", "acme"),
    ("FILE", "file"),
    ("DIR", "folder"),
    ("DATE", "2027-01-31"),
    ("TEXT", "text"),
    ("PATH", "path"),
    ("SIDE:KIND", "ghl:contact"),
    ("SHELL", "bash"),
    ("SPEC", "status=503%0.05"),
    ("SEED", "1"),
];

fn refusal(command: &str) -> Option<String> {
    let words = command.split_whitespace().map(|word| OsString::from(word.trim_matches(['\'', '"'])));
    concord::cli::refusal(words)
}

fn files(folder: &str, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if endings.iter().any(|ending| path.to_string_lossy().ends_with(ending)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The commands in `line`: in backticks, after a colon, or as the line itself; each up to where its sentence goes on.
fn offered(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in line.match_indices("concord ") {
        let (before, rest) = line.split_at(at);
        let end = if before.ends_with('`') {
            rest.find('`')
        } else if before.ends_with(": ") || before.trim().is_empty() {
            Some(
                ["; ", ". ", ", ", "  ", " # ", "`"]
                    .iter()
                    .filter_map(|end| rest.find(end))
                    .min()
                    .unwrap_or(rest.len()),
            )
        } else {
            continue;
        };
        let command = rest[..end.unwrap_or(rest.len())].trim().trim_end_matches('.');
        if command.split(' ').nth(1).is_some_and(|word| word.starts_with(|letter: char| letter.is_ascii_lowercase())) {
            found.push(command.to_owned());
        }
    }
    found
}

#[test]
fn every_command_of_a_document_is_one() {
    let mut documents = files("docs", &[".md"]);
    documents.extend(files("deploy", &["ile", "t", "m", ".yaml", ".service", ".crontab"]));
    documents.extend(["README.md", "CONTRIBUTING.md", "SECURITY.md"].map(PathBuf::from));
    let mut seen = BTreeSet::new();
    for path in documents {
        let mut in_block = false;
        for line in std::fs::read_to_string(&path).unwrap().lines() {
            in_block ^= line.trim_start().starts_with("```");
            let line = line.trim().replace("cargo run --release -- ", "concord ").replace("{{ $labels.pair }}", "acme");
            let line = line.trim_start_matches("- ").trim_start_matches("sudo ");
            // What a table of commands says of alternatives is no command.
            let commands = offered(line).into_iter().filter(|one| in_block || !one.contains(['|', '…', '\\']));
            for command in commands {
                let words = command.split(' ').map(|word| {
                    let known = REPLACED.iter().find(|(name, _)| *name == word);
                    known.map_or(word, |(_, value)| *value)
                });
                let command = words.collect::<Vec<_>>().join(" ");
                // A sentence may name a command without what it takes.
                let refused = refusal(&command).filter(|why| in_block || !why.contains("not provided"));
                assert_eq!(refused, None, "{}: {command}", path.display());
                seen.insert(command);
            }
        }
    }
    assert!(seen.len() > 60, "only {}: {seen:#?}", seen.len());
}

/// `{…}` of a format string as something that may stand there.
fn filled(command: &str) -> Vec<String> {
    let Some((before, rest)) = command.split_once('{') else { return vec![command.to_owned()] };
    let (_, after) = rest.split_once('}').unwrap_or(("", ""));
    let candidates = ["1", "", "add", "cliengo", "retry"];
    candidates.iter().flat_map(|candidate| filled(&format!("{before}{candidate}{after}"))).collect()
}

/// The text literals of a source file: tests and comments aside.
fn literals(source: &str) -> Vec<String> {
    let source = source.split("#[cfg(test)]").next().unwrap_or_default();
    let code: Vec<&str> = source.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let mut found = Vec::new();
    let mut text: Option<String> = None;
    let mut letters = code.join("\n").chars().collect::<Vec<_>>().into_iter().peekable();
    while let Some(letter) = letters.next() {
        match (&mut text, letter) {
            (None, '"') => text = Some(String::new()),
            (None, '\'') => {
                // A quote as a character is no beginning of a text.
                if letters.peek() == Some(&'"') {
                    letters.next();
                }
            }
            (None, _) => {}
            (Some(_), '"') => found.extend(text.take()),
            (Some(said), '\\') => match letters.next() {
                Some('n') => said.push('\n'),
                Some('\n') => while letters.next_if(|letter| letter.is_whitespace()).is_some() {},
                Some(other) => said.push(other),
                None => {}
            },
            (Some(said), letter) => said.push(letter),
        }
    }
    found
}

#[test]
fn every_command_in_a_message_of_the_program_is_one_and_safe_to_paste() {
    let (mut seen, mut wrong) = (BTreeSet::new(), Vec::new());
    let is_test = |path: &PathBuf| path.components().any(|part| part.as_os_str().to_string_lossy().starts_with("test"));
    for path in files("src", &[".rs"]).into_iter().filter(|path| !is_test(path)) {
        let is_help = path.ends_with("examples.rs");
        for text in literals(&std::fs::read_to_string(&path).unwrap()) {
            // A piece of a command that is read is none that is shown.
            for command in text.lines().filter(|line| !line.ends_with(' ')).flat_map(offered) {
                // A help's example may show a shell's own words.
                let is_ours = |letter: char| is_help && matches!(letter, '>' | '|' | '\\');
                let command = command.split(is_ours).next().unwrap_or_default().trim().to_owned();
                let bare = filled(&command).swap_remove(0);
                let is_one = filled(&command).iter().any(|filled| refusal(filled).is_none());
                if !is_one || (!is_help && bare.contains(SHELL)) {
                    wrong.push(format!("{}: {command}: {:?}", path.display(), refusal(&bare)));
                }
                seen.insert(command);
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen.len() > 60, "only {}: {seen:#?}", seen.len());
}

/// Two sandbox pairs: somebody waits for a choice, something fails, a link was removed by hand.
fn desk() -> Desk {
    let desk = Desk::with(
        "[pair.acme]\nsandbox = true\n[pair.acme.contacts]\nconflict = \"manual\"\n[pair.demo]\nsandbox = true\n\
         [[schedule]]\nname = \"nightly\"\ncron = \"0 3 * * *\"\ntimezone = \"America/Argentina/Buenos_Aires\"\n\
         run = \"sync\"\npairs = [\"acme\"]\n",
    );
    desk.run(&["sync"]).code(3);
    let links = desk.run(&["links", "list", "--kind", "contact", "--pair", "acme", "--format", "json"]).json();
    let mut script = String::new();
    for side in ["cliengo", "ghl"] {
        let set = json!({ "email": format!("de.{side}@example.com") });
        let contact = &links[0]["ids"][side];
        let edit = json!({ "side": side, "op": "update", "kind": "contact", "contact": contact, "set": set });
        script.push_str(&format!("{edit}\n"));
    }
    std::fs::write(desk.path("edits.jsonl"), script).unwrap();
    desk.run(&["sandbox", "edit", "--script", "edits.jsonl", "--pair", "acme"]).code(0);
    desk.run(&["sandbox", "edit", "--random", "25", "--pair", "acme"]).code(0);
    desk.run(&["sync", "--pair", "acme"]);
    desk
}

fn copied(from: &Path) -> Desk {
    let desk = Desk::with(&std::fs::read_to_string(from.join("schedules.toml")).unwrap());
    std::fs::create_dir_all(desk.path("state")).unwrap();
    for entry in std::fs::read_dir(from.join("state")).unwrap().map(Result::unwrap) {
        if entry.path().is_file() {
            std::fs::copy(entry.path(), desk.path("state").join(entry.file_name())).unwrap();
        }
    }
    desk
}

/// A command without what is another one in every desk: its ids and numbers.
fn shape(command: &str) -> String {
    let is_word =
        |word: &&str| word.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-') && word.len() < 13;
    command.split(' ').filter(is_word).collect::<Vec<_>>().join(" ")
}

#[test]
fn every_command_that_a_person_is_shown_runs_as_it_stands() {
    let desk = desk();
    let links = desk.run(&["links", "list", "--kind", "contact", "--pair", "acme", "--format", "json"]).json();
    let link = links[0]["id"].to_string();
    let of = |side: &str| links[0]["ids"][side].as_str().unwrap().to_owned();
    let text = |said: &Value| said.as_str().unwrap_or_default().to_owned();
    let conflict = text(&desk.run(&["conflicts", "--pair", "acme", "--format", "json"]).json()[0]["id"]);
    let mut shown: Vec<Vec<&str>> = [
        "sync --pair acme",
        "plan",
        "plan --full",
        "status",
        "history",
        "history 1 --pair acme",
        "held",
        "conflicts",
        "quarantine",
        "links list",
        "check --offline",
        "undo 1 --pair acme --dry-run",
        "undo 2 --pair acme --dry-run",
        "undo 99 --pair acme",
        "undo 1",
        "history 99",
        "conflicts show nobody",
        "conflicts resolve nobody",
        "held show nobody",
        "held ack nobody",
        "quarantine retry nobody",
        "links show nobody",
        "links add a b",
        "links forget nobody",
        "sync --plan nowhere.json",
        "plan --pair nobody",
        "plan --contact nobody --pair acme",
        "explain nobody",
        "sandbox edit --script nowhere.jsonl --pair acme",
        "sandbox edit --random 1",
        "sandbox serve --faults nonsense",
        "sandbox serve --account nonsense",
        "synk",
        "plan --fullest",
        "auth ghl",
        "daemon --config nowhere.toml",
        "turn",
    ]
    .iter()
    .map(|command| command.split(' ').collect())
    .collect();
    let (cliengo, ghl) = (of("cliengo"), of("ghl"));
    shown.push(vec!["links", "remove", &link, "--pair", "acme"]);
    shown.push(vec!["links", "add", &cliengo, &ghl, "--pair", "acme", "--dry-run"]);
    shown.push(vec!["links", "forget", &link, "--dry-run", "--pair", "acme"]);
    shown.push(vec!["links", "add", &cliengo, &ghl, "--pair", "acme"]);
    shown.push(vec!["conflicts", "show", &conflict]);
    shown.push(vec!["conflicts", "resolve", &conflict, "--take", "ghl", "--dry-run"]);
    shown.push(vec!["explain", &cliengo]);
    let (mut known, mut ran, mut wrong) = (BTreeSet::new(), 0, Vec::new());
    for command in shown {
        // Each on its own: what one of them changes must not hide what another one shows.
        let place = copied(desk.folder.path());
        let said = place.run(&command);
        let lines = said.out.lines().chain(said.err.lines());
        let commands: Vec<String> = lines.flat_map(|line| offered(line.trim_start_matches("hint: "))).collect();
        for one in commands.into_iter().filter(|one| known.insert(shape(one))) {
            if one.contains(SHELL) {
                wrong.push(format!("{command:?} offers {one}"));
                continue;
            }
            let words: Vec<&str> = one.split(' ').skip(1).collect();
            if matches!(words[0], "init" | "daemon") || words.starts_with(&["sandbox", "serve"]) {
                assert_eq!(refusal(&one), None, "{command:?} offers {one}");
                continue;
            }
            let then = copied(place.folder.path()).run(&words);
            if !matches!(then.code, 0 | 3 | 4) {
                wrong.push(format!("{command:?} offers {one}: {}", then.err));
            }
            ran += 1;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(ran > 20, "only {ran}: {known:#?}");
}
