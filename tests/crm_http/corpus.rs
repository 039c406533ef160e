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
