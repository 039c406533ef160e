//! `include`: further files with pairs.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::problems::Problems;
use super::source::Source;
use super::value::Found;

/// What a pattern ends with: every such file of one directory.
const EVERY: &str = "*.toml";

/// Reads the files that `include` names, in the order of the list and by name within a directory, each of them once.
pub(super) fn included(named: Option<&Found<'_>>, main: &Source, problems: &Problems) -> Vec<Source> {
    let patterns = named.and_then(|found| found.list("a list of paths such as [\"pairs/*.toml\"]"));
    let mut seen = vec![identity(&main.path)];
    let mut sources = Vec::new();
    for path in patterns.iter().flatten().flat_map(files) {
        if seen.contains(&identity(&path)) {
            continue;
        }
        seen.push(identity(&path));
        match Source::read(&path) {
            Ok(source) => sources.push(source),
            Err(error) => problems.note_all(&error),
        }
    }
    sources
}

fn files(pattern: &Found<'_>) -> Vec<PathBuf> {
    let Some(path) = pattern.path() else { return Vec::new() };
    if path.file_name() != Some(OsStr::new(EVERY)) {
        if path.to_string_lossy().contains(['*', '?', '[']) {
            pattern.reject("may have one `*`, as in \"pairs/*.toml\"", "name one directory's *.toml, or a file");
            return Vec::new();
        }
        return vec![path];
    }
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match toml_files(directory) {
        Ok(files) => files,
        Err(error) => {
            pattern.reject(
                &format!("names the directory {}, which cannot be read: {error}", directory.display()),
                "create it, or remove it from `include`",
            );
            Vec::new()
        }
    }
}

fn toml_files(directory: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        // Hidden files are editors' own: a `*` does not mean them.
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if !hidden && path.extension() == Some(OsStr::new("toml")) && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The file itself, whichever way it is named.
fn identity(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}
