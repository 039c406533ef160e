//! What the fuzzers kept (`fuzz/corpus`), read again by the same functions, on stable.

use std::panic::catch_unwind;
use std::path::Path;

use crate::entries;

#[test]
fn every_input_that_the_fuzzers_kept_is_read_as_promised() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let mut broken = Vec::new();
    for target in entries::TARGETS {
        let mut files: Vec<_> =
            std::fs::read_dir(corpus.join(target)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        assert!(!files.is_empty(), "{target} has no corpus");
        for file in files {
            let data = std::fs::read(&file).unwrap();
            if catch_unwind(|| entries::feed(target, &data)).is_err() {
                broken.push(file);
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

/// What changes an input: letters that canonical forms turn on, and those that nobody sees.
const PIECES: [&str; 44] = [
    "\u{200b}",
    "\u{200d}",
    "\u{202e}",
    "\u{ad}",
    "\u{feff}",
    "\u{301}",
    "\u{130}",
    "ß",
    "ﬁ",
    "🌸",
    "👩\u{200d}👧",
    "李",
    "א",
    "İ",
    "\n",
    " ",
    "\u{a0}",
    "+",
    "00",
    "54",
    "9",
    "15",
    "011",
    "52",
    "1",
    "55",
    "int. 4",
    "x12",
    "@c.us",
    "#",
    "/",
    "mailto:",
    "<",
    ">",
    "</b>",
    "<b>",
    "<a href=\"x\">",
    "<li>",
    "&amp;",
    "&#0;",
    "@example.com",
    "de la",
    "'",
    ".",
];

fn changed(input: &str, rng: &mut fastrand::Rng) -> String {
    let mut letters: Vec<String> = input.chars().map(String::from).collect();
    for _ in 0..rng.usize(1..6) {
        let at = rng.usize(0..=letters.len());
        match rng.u8(..4) {
            0 if at < letters.len() => drop(letters.remove(at)),
            1 => {
                let end = rng.usize(at..=letters.len());
                let again = letters[at..end].to_vec();
                letters.splice(at..at, again);
            }
            2 => letters.insert(at, char::from_u32(rng.u32(..0x11_0000)).unwrap_or('\u{fffd}').to_string()),
            _ => letters.insert(at, rng.choice(PIECES).unwrap().to_owned()),
        }
    }
    letters.truncate(600);
    letters.concat()
}

/// Without the fuzzers' eyes, but on stable and in every run; `CONCORD_CASES` says how many, `CONCORD_SEED` which.
#[test]
fn what_is_changed_at_random_in_those_inputs_is_read_as_promised() {
    let setting = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let (cases, seed) = (setting("CONCORD_CASES").unwrap_or(100), setting("CONCORD_SEED").unwrap_or(1));
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    for target in ["body", "email", "name", "phone"] {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut files: Vec<_> =
            std::fs::read_dir(corpus.join(target)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        let mut inputs: Vec<String> = files
            .iter()
            .filter_map(|file| std::fs::read_to_string(file).ok())
            .filter(|text| text.len() < 600)
            .collect();
        for _ in 0..cases {
            let input = changed(rng.choice(&inputs).unwrap(), &mut rng);
            assert!(catch_unwind(|| entries::feed(target, input.as_bytes())).is_ok(), "{target}: {input:?}");
            // What came of it is changed further, up to a point.
            let at = rng.usize(..inputs.len().max(1) * 2);
            if let Some(old) = inputs.get_mut(at) {
                *old = input;
            }
        }
    }
}
