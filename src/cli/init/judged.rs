//! Which answers a configuration could hold.

use std::path::Path;

use super::quoted::quoted;
use crate::cli::usage::Usage;
use crate::config::Config;

pub(super) fn check_name(name: &str) -> Result<(), Usage> {
    if loads(&format!("[pair.{}]\nsandbox = true\n", quoted(name))) {
        return Ok(());
    }
    let message = format!("{name:?} cannot be the name of a pair");
    Err(Usage { message, hint: "a-z, 0-9, _ and - alone, 64 at most: the name becomes a file name".to_owned() })
}

/// Lets the configuration's own reader judge an answer.
pub(super) fn loads(text: &str) -> bool {
    Config::parse(text, Path::new("init")).is_ok()
}

/// What a private integration's token begins with.
pub(super) fn is_token(id: &str) -> bool {
    id.starts_with("pit-")
}

pub(super) fn is_location(id: &str) -> bool {
    let key = "[pair.x.cliengo]\nwebsite_id = \"w\"\napi_key = { env = \"KEY\" }\n";
    loads(&format!("{key}[pair.x.ghl]\ntoken = {{ env = \"TOKEN\" }}\nlocation_id = {}\n", quoted(id)))
}

pub(super) fn is_region(code: &str) -> bool {
    loads(&format!("[pair.x]\nsandbox = true\nregion = {}\n", quoted(code)))
}
