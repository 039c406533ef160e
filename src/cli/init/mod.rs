//! `init`: both accounts, asked for or taken from flags, each answer held against the CRM that it is about; then a
//! commented configuration, and the secrets in files of their own where they were typed.

mod answers;
mod file;
mod judged;
mod quoted;
mod secrets;

use std::path::Path;

use answers::Answers;

use super::arguments::InitOptions;
use super::terminal::Terminal;
use super::usage::Usage;
use super::{Session, code, output};
use crate::config::Language;
use crate::report::{Line, Page, Style};

/// Where the configuration is looked for when nothing else is said.
const USUAL: &str = "schedules.toml";

pub(super) async fn run(session: &Session, options: &InitOptions) -> anyhow::Result<u8> {
    let path = &session.global.config;
    let language = options.language.map_or_else(|| language(session), Language::from);
    session.speak(language);
    if path.exists() && !options.force {
        let message = format!("{} is there already, and was left as it is", path.display());
        let hint = "add a [pair.NAME] to it, name another file with --config PATH, or set it aside with --force";
        return Err(Usage { message, hint: hint.to_owned() }.into());
    }
    let terminal = Terminal::attached(session, "concord init --help");
    let answers = answers::gather(session, options, terminal.as_ref()).await?;
    let text = file::text(path, &answers, session.global.state_dir.as_deref(), language)?;
    answers.keep_secrets()?;
    file::write(path, &text, options.force, session.clock.now())?;
    file::write_schema(path)?;
    if !session.global.quiet {
        output::print(&next(session, path, &answers, output::style(&session.global, false)))?;
    }
    Ok(code::DONE)
}

/// The language of a person at a terminal; a script is written to in English.
fn language(session: &Session) -> Language {
    let said = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|said| !said.is_empty()));
    let is_spanish = said.is_some_and(|said| said.starts_with("es"));
    if is_spanish && Terminal::attached(session, "").is_some() { Language::Spanish } else { Language::English }
}

/// What was written, and what to do next: three commands, ready to be pasted.
fn next(session: &Session, path: &Path, answers: &Answers, style: Style) -> String {
    let named = if path == Path::new(USUAL) { String::new() } else { format!(" --config {}", path.display()) };
    let named_file = path.display();
    let mut said =
        vec![format!("{named_file} is written, and beside it schedules.schema.json, by which an editor checks it.")];
    let (files, variables) = (answers.new_files(), answers.variables());
    if !files.is_empty() {
        said.push(format!("The keys are in {}, readable by you alone.", files.join(", ")));
    }
    if !variables.is_empty() {
        said.push(format!("Every run needs {} in its environment.", variables.join(" and ")));
    }
    said.push("Next:".to_owned());
    let said: Vec<String> = said.iter().map(|sentence| session.say(sentence)).collect();
    let mut page = Page::new(style);
    page.flow(Line::default(), 0, Line::of(said.join(" ")));
    let third = if answers.accounts.is_some() {
        format!("concord sync{named}     # the first one shows its plan and waits for your approval")
    } else {
        format!("concord sync{named}     # again after: concord sandbox edit{named} --random 20")
    };
    let commands = format!(
        "\n  concord check{named}    # is everything right, before the first run?\n  \
         concord plan{named}     # what would a sync do?\n  {third}\n",
    );
    format!("{}{}", page.finish(), session.say(&commands))
}
