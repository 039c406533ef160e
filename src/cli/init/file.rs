//! The configuration that `init` writes: what was answered, and every further key in a comment.

use std::path::Path;

use anyhow::Context;
use jiff::Timestamp;

use super::super::output;
use super::answers::{Answers, RealAccounts};
use super::quoted::quoted;
use crate::config::{CLIENGO_URL, Config, GHL_URL, Language};
use crate::report::language::{Messages, messages};
use crate::state::private_folder_of;

const TEMPLATE: &str = include_str!("template.toml");
const PAIR: &str = include_str!("pair.toml");
const SANDBOX: &str = include_str!("sandbox.toml");

/// The schema that the first line of the file names, beside it: editors complete and check by it.
pub(super) fn write_schema(path: &Path) -> anyhow::Result<()> {
    let schema = serde_json::to_string_pretty(&crate::config::schema())?;
    output::write_whole(&path.with_file_name("schedules.schema.json"), &format!("{schema}\n"))
}

/// The whole file. It is read back before anybody sees it: what `init` writes always loads.
pub(super) fn text(
    path: &Path,
    answers: &Answers,
    state_dir: Option<&Path>,
    language: Language,
) -> anyhow::Result<String> {
    let state_dir = match state_dir {
        None => "state".to_owned(),
        Some(folder) => std::path::absolute(folder)?.to_string_lossy().into_owned(),
    };
    let said = [("state_dir", quoted(&state_dir)), ("cron", quoted(&answers.cron)), ("zone", quoted(&answers.zone))];
    let words = messages(language);
    let mut text = filled(TEMPLATE, &said, words);
    if language == Language::Spanish {
        text.push_str("[report]\nlanguage = \"es\"\n\n");
    }
    text.push_str(&match &answers.accounts {
        None => filled(SANDBOX, &[("name", answers.name.clone())], words),
        Some(accounts) => pair(&answers.name, accounts, path.parent().unwrap_or(Path::new("")), words),
    });
    Config::parse(&text, path).context("the answers make no configuration")?;
    Ok(text)
}

fn pair(name: &str, accounts: &RealAccounts, beside: &Path, words: &dyn Messages) -> String {
    let region = accounts
        .region
        .as_deref()
        .map_or_else(|| "#region = \"AR\"".to_owned(), |region| format!("region = {}", quoted(region)));
    let said = [
        ("name", name.to_owned()),
        ("region", region),
        ("cliengo", on_one_line(&accounts.cliengo_name)),
        ("cliengo_url", url(&accounts.cliengo_url, CLIENGO_URL)),
        ("cliengo_key", accounts.cliengo_key.as_toml(beside)),
        ("pace", pace(&accounts.cliengo_url, words)),
        ("website_id", quoted(&accounts.website.id)),
        ("website", on_one_line(&accounts.website.title)),
        ("location", on_one_line(&accounts.location.name)),
        ("ghl_url", url(&accounts.ghl_url, GHL_URL)),
        ("location_id", quoted(&accounts.location.id)),
        ("ghl_token", accounts.ghl_token.as_toml(beside)),
    ];
    filled(PAIR, &said, words)
}

/// CRMs on this machine are a rehearsal's, and need no pacing.
fn pace(url: &str, words: &dyn Messages) -> String {
    if crate::config::is_loopback_address(url) {
        format!("{:<41} # {}", "requests_per_second = 0", words.say("no pacing: this CRM is on this machine"))
    } else {
        "#requests_per_second = 2".to_owned()
    }
}

/// An address, behind a hash where it is the usual one.
fn url(given: &str, usual: &str) -> String {
    let hash = if given == usual { "#" } else { "" };
    format!("{hash}base_url = {}", quoted(given))
}

/// The template with every `@name@` filled in, its comments in the reader's language.
fn filled(template: &str, said: &[(&str, String)], words: &dyn Messages) -> String {
    let mut text = String::with_capacity(template.len() * 2);
    for line in template.lines() {
        let mut line = match line.split_once("# ") {
            Some((key, comment)) => format!("{key}# {}", words.say(comment)),
            None => line.to_owned(),
        };
        for (name, value) in said {
            line = line.replace(&format!("@{name}@"), value);
        }
        text.push_str(&aligned(&line));
        text.push('\n');
    }
    text
}

/// A key's comment moved back to where comments begin, as far as the value leaves room.
fn aligned(line: &str) -> String {
    match line.split_once("   # ") {
        Some((key, comment)) if !line.starts_with("# ") => format!("{:<41} # {comment}", key.trim_end()),
        _ => line.to_owned(),
    }
}

/// What a CRM said, as it may stand in a comment.
fn on_one_line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// Writes the file: whole, or not at all. One that is there is only written over by force, and then a copy is kept.
pub(super) fn write(path: &Path, text: &str, force: bool, now: Timestamp) -> anyhow::Result<()> {
    use std::io::Write as _;
    private_folder_of(path)?;
    let failed = || format!("cannot write {}", path.display());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).with_context(failed)?;
    file.write_all(text.as_bytes()).with_context(failed)?;
    readable(file.as_file()).with_context(failed)?;
    if !force {
        file.persist_noclobber(path).map_err(|why| why.error).with_context(failed)?;
        return Ok(());
    }
    if path.exists() {
        let mut aside = path.as_os_str().to_owned();
        aside.push(now.strftime(".aside-%Y%m%dT%H%M%SZ").to_string());
        std::fs::copy(path, aside).with_context(failed)?;
    }
    file.persist(path).map_err(|why| why.error).with_context(failed)?;
    Ok(())
}

/// It holds no secret, and colleagues may read it.
fn readable(file: &std::fs::File) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        file.set_permissions(std::fs::Permissions::from_mode(0o644))?;
    }
    let _ = file;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_behind_a_hash_loads_with_its_default() {
        let said: Vec<(&str, String)> = [
            ("name", "acme"),
            ("region", "#region = \"AR\""),
            ("cliengo_url", "#base_url = \"https://api.cliengo.com/1.0\""),
            ("cliengo_key", "{ env = \"KEY\" }"),
            ("pace", "#requests_per_second = 2"),
            ("website_id", "\"a\""),
            ("ghl_url", "#base_url = \"https://services.leadconnectorhq.com\""),
            ("location_id", "\"b\""),
            ("ghl_token", "{ env = \"TOKEN\" }"),
        ]
        .map(|(name, value)| (name, value.to_owned()))
        .to_vec();
        let silent = filled(PAIR, &said, messages(Language::English));
        let is_key = |line: &str| line.starts_with('#') && !line.starts_with("# ") && !line.starts_with("#region");
        let spoken = silent.lines().map(|line| if is_key(line) { &line[1..] } else { line }).collect::<Vec<_>>();
        assert!(spoken.iter().filter(|line| line.starts_with('#')).count() < 10, "only what is no key is left");
        let pair = |text: &str| Config::parse(text, Path::new("schedules.toml")).unwrap().pairs.remove(0);
        let (silent, spoken) = (pair(&silent), pair(&spoken.join("\n")));
        // Which counts all that decides a plan; the places of the secrets in the file do not.
        assert_eq!(spoken.fingerprint(), silent.fingerprint());
        assert_eq!((spoken.settle, spoken.cliengo, spoken.ghl), (silent.settle, silent.cliengo, silent.ghl));
    }
}
