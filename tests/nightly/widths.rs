//! What every command prints: no wider than the terminal, the same with colours and without, and no command in it that
//! a shell would take for something else.

use crate::command::{Desk, Said};

/// A desk whose pair has had two runs, people who wait, and one who was linked.
fn desk() -> Desk {
    let desk = Desk::demo();
    desk.run(&["sync"]).code(3);
    desk.run(&["sandbox", "edit", "--random", "12"]).code(0);
    desk.run(&["sync"]);
    desk
}

const COMMANDS: [&[&str]; 12] = [
    &["plan", "--no-progress"],
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

#[test]
fn every_text_fits_80_and_120_columns_and_says_the_same_in_colour() {
    let mut desk = desk();
    for command in COMMANDS {
        for width in [80, 120] {
            let text = said(&mut desk, command, width, "never").out;
            assert!(!text.is_empty() && !text.contains('\u{1b}'), "{command:?}");
            for line in text.lines() {
                // A command and an address are one piece, to be pasted.
                let is_whole = line.contains("concord ") || line.contains("https://") || line.contains("/tmp/");
                assert!(is_whole || line.chars().count() <= width, "{command:?} at {width}: {line}");
            }
            let painted = said(&mut desk, command, width, "always").out;
            // Times and the room on the disk move on between two runs of a command; a note's old and new words are told
            // apart by colour where there is one, and by marks where there is none. Nothing else differs.
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
