//! Names of pairs and schedules: they become file names, unit names and arguments.

/// The longest name: file names with a suffix stay well below every file system's limit.
const LONGEST: usize = 64;

/// Whether `name` is made of `[a-z0-9_-]`, does not look like a flag, and is short enough for a file name.
pub(super) fn is_name(name: &str) -> bool {
    let fits = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-_".contains(letter);
    !name.is_empty() && name.len() <= LONGEST && !name.starts_with('-') && name.chars().all(fits)
}
