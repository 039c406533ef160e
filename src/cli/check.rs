//! `check`: is the configuration right, and do both CRMs answer?

use serde::Serialize;

use super::arguments::{CheckOptions, Format};
use super::{Session, clients, code, explain, output, pairs};
use crate::config::{Config, Pair};
use crate::crm::{Account, CrmError, Reader};
use crate::report::on_one_line;
use crate::run::RunError;

/// One line of the result.
#[derive(Debug, Serialize)]
struct Finding {
    id: String,
    result: &'static str,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    #[serde(skip)]
    code: u8,
}

impl Finding {
    fn ok(id: String, detail: String) -> Self {
        Self { id, result: "ok", detail, hint: None, code: code::DONE }
    }

    fn fail(id: String, error: &anyhow::Error) -> Self {
        let code = explain::exit_code(error);
        Self { id, result: "fail", detail: format!("{error:#}"), hint: explain::hint(error), code }
    }
}

pub(super) async fn run(session: &Session, options: &CheckOptions) -> anyhow::Result<u8> {
    let config = session.config()?;
    let selected = pairs::selected(session, &config)?;
    let many = if selected.len() == 1 { "pair" } else { "pairs" };
    let detail = format!("{}: {} {many}, {} schedules", config.path.display(), selected.len(), config.schedules.len());
    let mut findings = vec![Finding::ok("configuration".to_owned(), detail)];
    for pair in &selected {
        findings.extend(check_pair(session, &config, pair, options.offline).await);
    }
    let text = match options.format {
        Format::Json => format!("{}\n", serde_json::to_string_pretty(&findings)?),
        Format::Text => table(&findings),
    };
    let code = findings.iter().map(|finding| finding.code).find(|code| *code != code::DONE).unwrap_or(code::DONE);
    if !session.global.quiet || code != code::DONE {
        output::print(&text)?;
    }
    Ok(code)
}

async fn check_pair(session: &Session, config: &Config, pair: &Pair, offline: bool) -> Vec<Finding> {
    let secrets = format!("{}.secrets", pair.name);
    let ready = clients::check_secrets(session, pair).and_then(|()| clients::check_folder(&config.state_dir, pair));
    if let Err(error) = ready {
        return vec![Finding::fail(secrets, &error)];
    }
    let mut findings = Vec::new();
    if pair.is_sandbox() {
        findings.push(Finding::ok(secrets, "a sandbox pair needs none".to_owned()));
    } else {
        findings.push(Finding::ok(secrets, "all there".to_owned()));
    }
    if offline {
        return findings;
    }
    match clients::connect(session, &config.state_dir, pair).await {
        Err(error) => findings.push(Finding::fail(format!("{}.clients", pair.name), &error)),
        Ok(clients) => {
            findings.push(account(format!("{}.cliengo", pair.name), clients.cliengo.account().await));
            findings.push(account(format!("{}.ghl", pair.name), clients.ghl.account().await));
        }
    }
    findings
}

fn account(id: String, answer: Result<Account, CrmError>) -> Finding {
    match answer {
        Ok(account) => Finding::ok(id, on_one_line(&format!("answers: {} ({})", account.name, account.id))),
        Err(error) => Finding::fail(id, &anyhow::Error::new(RunError::Crm(error))),
    }
}

fn table(findings: &[Finding]) -> String {
    let width = findings.iter().map(|finding| finding.id.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for finding in findings {
        text.push_str(&format!("{:width$}  {:4}  {}\n", finding.id, finding.result, finding.detail));
        if let Some(hint) = &finding.hint {
            text.push_str(&format!("{:width$}        hint: {hint}\n", ""));
        }
    }
    text
}
