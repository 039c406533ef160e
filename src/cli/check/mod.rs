//! `check`: is the configuration right, is this machine ready, do both CRMs answer, and what would tonight cost? Nothing
//! is written, and the CRMs are sent GETs and searches only; but for `--probe`, which tries a write on a contact that is named.

mod accounts;
mod assignees;
mod extra_params;
mod finding;
mod idle;
mod machine;
mod people;
mod tonight;
mod unused;

use finding::{Finding, table};

use super::arguments::{CheckOptions, Format};
use super::usage::Usage;
use super::{Session, clients, code, credentials, output, pairs, shared};
use crate::config::{self, Config, Pair};
use crate::state::State;

pub(super) async fn run(session: &Session, options: &CheckOptions) -> anyhow::Result<u8> {
    let config = session.config()?;
    let selected = pairs::selected(session, &config)?;
    if let (Some(contact), [_, _, ..]) = (&options.probe, selected.as_slice()) {
        let message = format!("the contact {contact} is one pair's, and there are several");
        return Err(Usage { message, hint: "name its pair with --pair".to_owned() }.into());
    }
    let findings = look(session, &config, &selected, options).await;
    let text = match options.format {
        Format::Json => format!("{}\n", serde_json::to_string_pretty(&findings)?),
        Format::Text => table(&findings, session.words(), output::style(&session.global, false)),
    };
    let code = code::worst(findings.iter().map(|finding| finding.code));
    if !session.global.quiet {
        output::print(&text)?;
    } else if code != code::DONE {
        let failed: Vec<Finding> = findings.into_iter().filter(|finding| finding.code != code::DONE).collect();
        let text = table(&failed, session.words(), output::style(&session.global, false));
        output::print(&text.lines().take(10).map(|line| format!("{line}\n")).collect::<String>())?;
    }
    Ok(code)
}

async fn look(session: &Session, config: &Config, selected: &[&Pair], options: &CheckOptions) -> Vec<Finding> {
    let offline = options.offline;
    let counted = |count: usize, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
    let (pairs, schedules) = (counted(selected.len(), "pair"), counted(config.schedules.len(), "schedule"));
    let detail = format!("{}: {pairs}, {schedules}", config.path.display());
    let mut findings = vec![Finding::ok("configuration", detail)];
    findings.extend(machine::state_dir(&config.state_dir));
    // It was read just now: what went wrong since is the next one's to say.
    let stated = config::stated(&config.path).unwrap_or_default();
    let today = session.clock.now().to_zoned(jiff::tz::TimeZone::UTC).date();
    for pair in selected {
        findings.push(secrets(session, config, pair));
        findings.extend(ages(session, config, pair));
        findings.extend(machine::pair(&config.state_dir, pair));
        findings.extend(idle::settings(pair));
        findings.extend(unused::keys(pair, &stated, today));
    }
    findings.extend(unused::notify(config, &stated));
    let shared = shared::by_what_is_known(session, config, selected);
    findings.extend(shared.into_iter().map(accounts::shared));
    // Exit code 10 promises that no request was made for any pair.
    let is_wrong = findings.iter().any(|finding| finding.code == code::CONFIGURATION);
    if offline || is_wrong {
        if is_wrong && !offline {
            findings.push(Finding::warn(
                "crms",
                "neither CRM was asked anything",
                "mend what is wrong above, then run it again",
            ));
        }
        return findings;
    }
    let shared = shared::by_asking(session, config, selected).await;
    for pair in selected.iter().filter(|pair| !shared.contains_key(&pair.name)) {
        findings.extend(online(session, config, pair, options.probe.as_deref()).await);
    }
    findings.extend(shared.into_iter().map(accounts::shared));
    findings
}

fn secrets(session: &Session, config: &Config, pair: &Pair) -> Finding {
    let id = format!("{}.secrets", pair.name);
    let ready =
        clients::check_secrets(session, config, pair).and_then(|()| clients::check_folder(&config.state_dir, pair));
    match ready {
        Err(error) => Finding::fail(id, error),
        Ok(()) if pair.is_sandbox() => Finding::ok(id, "a sandbox pair needs none"),
        Ok(()) => Finding::ok(id, "all there"),
    }
}

/// How old keys are, and when what lets in ends.
fn ages(session: &Session, config: &Config, pair: &Pair) -> Vec<Finding> {
    let of_one = |credential: credentials::Credential| {
        let id = format!("{}.{}.credential", pair.name, credential.name);
        match credential.due {
            Some(due) => Finding::warn(id, due.what, due.hint),
            None => Finding::ok(id, credential.detail),
        }
    };
    credentials::of(session, config, pair).into_iter().map(of_one).collect()
}

async fn online(session: &Session, config: &Config, pair: &Pair, probe: Option<&str>) -> Vec<Finding> {
    // Somebody watches: what does not answer soon is told, and not waited for as by a run.
    let hurried = Config { patience: config.patience.min(clients::HASTE), ..config.clone() };
    let clients = match clients::connect(session, &hurried, pair).await {
        Ok(clients) => clients,
        Err(error) => return vec![Finding::fail(format!("{}.clients", pair.name), error)],
    };
    // A state that cannot be opened has its own line already.
    let state = State::open_read_only(&State::path_of(&config.state_dir, &pair.name)).ok().flatten();
    let (cliengo, mut findings) = accounts::cliengo(pair, &clients.cliengo, state.as_ref()).await;
    let (ghl, of_ghl) = accounts::ghl(pair, &clients.ghl, state.as_ref()).await;
    findings.extend(of_ghl);
    findings.extend(accounts::granted_scopes(session, config, pair));
    findings.extend(accounts::clocks(pair, &clients));
    if let (Some(cliengo), Some(ghl)) = (cliengo, ghl) {
        if let Some(contact) = probe {
            findings.push(extra_params::tried(pair, &clients, contact).await);
        }
        findings.push(tonight::forecast(pair, &clients, state.as_ref(), &cliengo, &ghl));
        findings.extend(assignees::told(pair, &clients).await);
        findings.push(people::told(pair, &clients).await);
        findings.push(tonight::first_sync(session, config, pair, &clients, state.as_ref()).await);
    }
    findings
}
