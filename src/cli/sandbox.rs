//! `sandbox`: the embedded CRMs, for rehearsals, tests and benchmarks.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;

use super::arguments::{EditOptions, SandboxCommand, SandboxOptions, ServeOptions};
use super::usage::Usage;
use super::{Session, clients, code, output, pairs};
use crate::config::Config;
use crate::report::{Line, Page, on_one_line};
use crate::sandbox::{Account, AccountProfile, Edit, EditKind, EditOp, Options, Sandbox, SandboxError, Store, World};

pub(super) async fn run(session: &Session, options: &SandboxOptions) -> anyhow::Result<u8> {
    match &options.command {
        SandboxCommand::Serve(options) => serve(session, options).await?,
        SandboxCommand::Edit(options) => edit(session, options)?,
        SandboxCommand::Reset => world(session)?.reset()?,
        SandboxCommand::Dump => {
            output::print(&format!("{}\n", serde_json::to_string_pretty(&world(session)?.dump()?)?))?;
        }
    }
    Ok(code::DONE)
}

/// The world of the sandbox pair that is meant.
fn world(session: &Session) -> anyhow::Result<World> {
    let config = session.config()?;
    let pair = sandbox_pair(session, &config)?;
    Ok(World::open(&clients::sandbox_options(session, &config.state_dir, &pair)?)?)
}

fn sandbox_pair(session: &Session, config: &Config) -> anyhow::Result<String> {
    let selected = pairs::selected(session, config)?;
    let sandboxes: Vec<_> = selected.into_iter().filter(|pair| pair.is_sandbox()).collect();
    match sandboxes.as_slice() {
        [pair] => Ok(pair.name.clone()),
        [] => Err(Usage {
            message: "no sandbox pair is selected".to_owned(),
            hint:
                "a pair with `sandbox = true` can be edited here; real accounts are edited in their CRMs, and those of \
                   `sandbox serve` through their APIs: it prints a command for that"
                    .to_owned(),
        }
        .into()),
        several => {
            Err(Usage { message: "several sandbox pairs".to_owned(), hint: super::pairs::say_which(several) }.into())
        }
    }
}

fn edit(session: &Session, options: &EditOptions) -> anyhow::Result<()> {
    let world = world(session)?;
    let done = match (&options.random, &options.script) {
        (Some(count), _) => world.random_edits(*count, &mut fastrand::Rng::with_seed(session.seed))?,
        (None, Some(path)) => run_script(&world, path)?,
        (None, None) => Vec::new(),
    };
    if session.global.quiet || done.is_empty() {
        return Ok(());
    }
    // A program reads lines that are a script again.
    if !std::io::stdout().is_terminal() {
        let lines = done.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>()?;
        return output::print(&format!("{}\n", lines.join("\n")));
    }
    let mut page = Page::new(output::style(&session.global, false));
    for edit in &done {
        page.flow(Line::default(), 2, Line::of(sentence(session, edit)));
    }
    page.gap();
    let pair = sandbox_pair(session, &session.config()?)?;
    let next = session.say(&format!("See what a sync would do with it: concord plan --pair {pair}"));
    page.flow(Line::default(), 2, Line::of(next));
    output::print(&page.finish())
}

/// `update contact in GHL ana@example.com: phone "+54…"`.
fn sentence(session: &Session, edit: &Edit) -> String {
    let kind = serde_json::to_value(edit.kind).unwrap_or_default();
    let op = serde_json::to_value(edit.op).unwrap_or_default();
    let (kind, op) = (kind.as_str().unwrap_or_default(), op.as_str().unwrap_or_default());
    let (kind, op) = if edit.kind == EditKind::Tag { ("contact", "tag") } else { (kind, op) };
    let what = session.say(&format!("{op} {kind} in {}", edit.side.title()));
    let whom = edit.contact.as_ref().or(edit.id.as_ref()).map(|id| format!(" {}", on_one_line(id)));
    let removed = if edit.kind == EditKind::Tag && edit.op == EditOp::Delete { "-" } else { "" };
    let set = edit.set.iter().map(|(field, value)| {
        let value = on_one_line(&value.to_string());
        if edit.kind == EditKind::Tag { format!("{removed}{value}") } else { format!("{} {value}", session.say(field)) }
    });
    let set = set.collect::<Vec<_>>().join(", ");
    let set = if set.is_empty() { set } else { format!(": {set}") };
    format!("{what}{}{set}", whom.unwrap_or_default())
}

/// Applies every line of a script, or none.
fn run_script(world: &World, path: &Path) -> anyhow::Result<Vec<Edit>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let wrong = |line: usize, why: &dyn std::fmt::Display, hint: &str| Usage {
        message: format!("{} line {line}: {why}; no line was applied", path.display()),
        hint: hint.to_owned(),
    };
    let lines = text.lines().zip(1_usize..).filter(|(line, _)| !line.trim().is_empty());
    let edits = lines.map(|(line, number)| {
        let edit = serde_json::from_str::<Edit>(line);
        let edit =
            edit.map_err(|why| wrong(number, &why, "one JSON object per line: side, op, kind, contact, id, set"));
        edit.map(|edit| (number, edit))
    });
    let (numbers, edits): (Vec<usize>, Vec<Edit>) = edits.collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
    world.edits(&edits)?.map_err(|(at, why)| {
        let line = numbers.get(at).copied().unwrap_or_default();
        wrong(line, &why, "see what is there, with its ids: concord sandbox dump").into()
    })
}

async fn serve(session: &Session, options: &ServeOptions) -> anyhow::Result<()> {
    let account = options.account.as_deref().map(profile).transpose()?;
    let sandbox = Sandbox::start(Options {
        store: options.store.clone().map_or(Store::Memory, Store::File),
        contacts: options.contacts,
        seed: options.seed,
        accounts: usize::from(options.accounts),
        listen: options.listen,
        account: account.unwrap_or_default(),
        profile: options.profile.parse()?,
        rate_limit: options.rate_limit.parse()?,
        faults: options.faults.parse()?,
        clock: Arc::clone(&session.clock),
        ..Options::default()
    })
    .await?;
    let drawn = account.map(|account| format!("\nHow these accounts behave:\n\n{}", account.toml()));
    output::print(&format!("{}{}", told(&sandbox)?, drawn.unwrap_or_default()))?;
    session.stop.cancelled().await;
    sandbox.stop().await;
    Ok(())
}

/// What `--account` draws or states.
fn profile(given: &str) -> anyhow::Result<AccountProfile> {
    if let Ok(seed) = given.parse() {
        return Ok(AccountProfile::drawn(seed));
    }
    let text = std::fs::read_to_string(given).with_context(|| format!("cannot read {given}"))?;
    Ok(text.parse()?)
}

/// Where the accounts are, how they are entered, and pairs for them.
fn told(sandbox: &Sandbox) -> Result<String, SandboxError> {
    let accounts = sandbox.accounts()?;
    let many = accounts.len() > 1;
    let mut text = String::new();
    for (account, number) in accounts.iter().zip(1..) {
        let (pair, ending) = if many {
            (format!("rehearsal-{number}"), format!("_{number}"))
        } else {
            ("rehearsal".to_owned(), String::new())
        };
        let Account { cliengo_url, api_key, website_id, ghl_url, token, location_id } = account;
        text.push_str(&format!(
            "cliengo  {cliengo_url}\n         website {website_id}  api_key {api_key}\n\
             ghl      {ghl_url}\n         location {location_id}  token {token}\n\
             A pair for it:\n\n\
             [pair.{pair}.cliengo]\nbase_url = \"{cliengo_url}\"\napi_key = {{ env = \"CLIENGO_API_KEY{ending}\" }}\n\
             website_id = \"{website_id}\"\nmin_age = \"0s\"\n\
             requests_per_second = 0   # no pacing: this CRM is on this machine\n\n\
             [pair.{pair}.ghl]\nbase_url = \"{ghl_url}\"\nlocation_id = \"{location_id}\"\n\
             token = {{ env = \"GHL_TOKEN{ending}\" }}\n"
        ));
        text.push_str(if many { "\n" } else { "" });
        if !many {
            text.push_str(&format!(
                "\nTo rehearse `init` with it, in another terminal:\n\n\
                 export CLIENGO_API_KEY={api_key} GHL_TOKEN={token}\n\
                 concord init --no-input --pair rehearsal --cliengo-key-env CLIENGO_API_KEY --website-id {website_id} \
                 --ghl-token-env GHL_TOKEN --location-id {location_id} --cliengo-url {cliengo_url} --ghl-url {ghl_url}\n\
                 \nTo change something there, as somebody would:\n\n\
                 curl -X POST {ghl_url}/contacts/ -H \"Authorization: Bearer {token}\" -H \"Version: 2021-07-28\" \
                 --json '{{\"locationId\": \"{location_id}\", \"firstName\": \"Nora\", \"email\": \"nora@example.com\"}}'\n"
            ));
        }
    }
    Ok(text)
}
