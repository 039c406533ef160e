//! What every command prints: as the golden files in `tests/golden` say, no wider than the terminal, the same with colours
//! and without, and no command in it that a shell would take for something else.

use std::path::Path;

use serde_json::json;

use crate::command::{Desk, Said};

/// A desk whose pair has had two runs, people who wait, a field that waits for a choice, and changes that are pending.
fn desk() -> Desk {
    let desk = Desk::with(
        "[report]\ntimezone = \"America/Argentina/Buenos_Aires\"\n[pair.demo]\nsandbox = true\n[pair.demo.contacts]\nconflict = \"manual\"\n",
    );
    desk.run(&["sync"]).code(3);
    let links = desk.run(&["links", "list", "--kind", "contact", "--format", "json"]).json();
    let edit = |number: usize, side: &str, set: serde_json::Value| {
        let contact = &links[number]["ids"][side];
        format!("{}\n", json!({ "side": side, "op": "update", "kind": "contact", "contact": contact, "set": set }))
    };
    let script = |edits: &[String]| {
        std::fs::write(desk.path("edits.jsonl"), edits.concat()).unwrap();
        desk.run(&["sandbox", "edit", "--script", "edits.jsonl"]).code(0);
    };
    script(&[
        edit(0, "cliengo", json!({ "email": "de.cliengo@example.com" })),
        edit(0, "ghl", json!({ "email": "de.ghl@example.com" })),
        edit(1, "cliengo", json!({ "phone": "+5491155550077" })),
        edit(2, "ghl", json!({ "firstName": "María de los Ángeles", "lastName": "Fernández Etchegaray" })),
    ]);
    desk.run(&["sync"]).code(3);
    script(&[edit(1, "ghl", json!({ "email": "nueva.direccion@example.com" }))]);
    // How long a run took is the machine's.
    let state = rusqlite::Connection::open(desk.path("state/demo.db")).unwrap();
    let took =
        "UPDATE run SET started = 1795413600000 + id * 60 * 1000, finished = 1795413600000 + id * 60 * 1000 + 4 * 1000";
    state.execute(took, []).unwrap();
    desk
}

const COMMANDS: [&[&str]; 14] = [
    &["plan", "--no-progress"],
    &["conflicts", "show", "tdjhbmtphn"],
    &["explain", "de.ghl@example.com"],
    &["status"],
    &["history"],
    &["history", "2"],
    &["held"],
    &["conflicts"],
    &["quarantine"],
    &["links", "list"],
    &["links", "show", "1"],
    &["links", "forget", "1", "--dry-run"],
    &["check", "--offline"],
    &["undo", "2", "--dry-run"],
];

fn said(desk: &mut Desk, command: &[&str], width: usize, colour: &str) -> Said {
    desk.environment = vec![("COLUMNS".to_owned(), width.to_string())];
    desk.run(&[command, &["--color", colour]].concat())
}

/// Without what paints a terminal.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        plain.push_str(before);
        rest = after.split_once('m').map_or("", |(_, rest)| rest);
    }
    plain + rest
}

/// What another day or machine would print otherwise is replaced by as many letters.
fn steady(text: &str) -> String {
    let words = text.split_inclusive([' ', '\n', '(', ')', '"', ',']);
    let masked = words.map(|word| {
        let core = word.trim_end_matches([' ', '\n', '(', ')', '"', ',', '.', ';', ':', 'Z']);
        // What paints a word is none of it.
        let core = core.rsplit_once('m').filter(|(paint, _)| paint.contains('[')).map_or(core, |(_, core)| core);
        let digits = core.bytes().filter(u8::is_ascii_digit).count();
        let only = |others: &str| core.chars().all(|letter| letter.is_ascii_digit() || others.contains(letter));
        let is_time = digits >= 6 && (only("-T:.+Z") && core.contains(['-', ':']));
        let is_hash = core.len() == 16 && core.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_quota = digits >= 7 && only(",");
        if is_time || is_hash || is_quota {
            let masked: String =
                core.chars().map(|letter| if letter.is_ascii_alphanumeric() { '0' } else { letter }).collect();
            word.replace(core, &masked)
        } else {
            word.to_owned()
        }
    });
    masked.collect()
}

fn is_as_before(command: &[&str], kind: &str, text: &str) {
    let path = Path::new("tests/golden").join(format!("{}.{kind}.txt", command.join("-").replace(['/', '@'], "-")));
    if std::env::var_os("CONCORD_BLESS").is_some() {
        std::fs::create_dir_all("tests/golden").unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, expected, "{}: CONCORD_BLESS=1 writes it again", path.display());
}

#[test]
fn every_text_fits_80_and_120_columns_and_says_the_same_in_colour() {
    let mut desk = desk();
    let mut wide = Vec::new();
    for command in COMMANDS {
        for width in [80, 120] {
            let text = said(&mut desk, command, width, "never").out;
            assert!(!text.is_empty() && !text.contains('\u{1b}'), "{command:?}");
            for line in text.lines() {
                // A command and an address are one piece, to be pasted.
                let is_whole = line.contains("concord ") || line.contains("https://") || line.contains("/tmp/");
                if !is_whole && line.chars().count() > width {
                    wide.push(format!("{command:?} at {width}: {line}"));
                }
            }
            let painted = said(&mut desk, command, width, "always").out;
            // `check` tells of this machine's disk; which task or note is created first is chance.
            if command[0] != "check" && !matches!(command, ["links", "list" | "show", ..]) {
                is_as_before(command, &format!("{width}"), &steady(&text));
                is_as_before(command, &format!("{width}.colour"), &steady(&painted).replace('\u{1b}', "^"));
            }
            // Times and the room on the disk move on between two runs of a command; a note's old and new words are
            // distinguished by colour where there is one, and by marks where there is none. Nothing else differs.
            let words = |text: &str| {
                let is_time =
                    |word: &&str| word.contains(':') && word.starts_with(|letter: char| letter.is_ascii_digit());
                let is_room =
                    |word: &&str| word.len() > 3 && word.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b','));
                let words: String = text.split_whitespace().filter(|word| !is_time(word) && !is_room(word)).collect();
                ["[-", "-]", "{+", "+}"].iter().fold(words, |words, mark| words.replace(mark, ""))
            };
            assert_eq!(words(&plain(&painted)), words(&text), "{command:?} at {width}");
        }
    }
    assert!(wide.is_empty(), "{}", wide.join("\n"));
}

/// A terminal breaks a line that is too long inside a word, which nobody can paste.
#[test]
fn every_command_that_held_offers_fits_on_a_line_of_80_columns() {
    let mut desk = desk();
    let text = said(&mut desk, &["held"], 80, "never").out;
    let offered: Vec<&str> = text.lines().filter(|line| line.contains("concord ")).collect();
    assert!(offered.len() > 5, "{text}");
    assert!(offered.iter().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn no_command_that_is_offered_has_a_placeholder_or_means_something_else_to_a_shell() {
    let mut desk = desk();
    let mistakes: [&[&str]; 9] = [
        &["conflicts", "show", "nobody"],
        &["held", "show", "nobody"],
        &["held", "ack", "nobody"],
        &["quarantine", "retry", "nobody"],
        &["links", "show", "nobody"],
        &["undo", "99"],
        &["undo", "1"],
        &["sync", "--plan", "nowhere.json"],
        &["history", "99"],
    ];
    let mut offered = 0;
    for command in COMMANDS.into_iter().chain(mistakes) {
        let said = said(&mut desk, command, 100, "never");
        for line in said.out.lines().chain(said.err.lines()) {
            let Some((_, tail)) = line.split_once("concord ") else { continue };
            let pasted = tail.split('`').next().unwrap_or_default();
            offered += 1;
            assert!(!pasted.contains(['|', '<', '>', '…', '&', ';', '$', '*']), "{command:?} offers {line}");
            let words = ["ID", "RUN", "NAME", "FILE", "PLAN_ID", "PATH", "VALUE", "SIDE", "DATE"];
            assert!(!pasted.split(' ').any(|word| words.contains(&word)), "{command:?} offers {line}");
        }
    }
    assert!(offered > 15, "only {offered}");
}
