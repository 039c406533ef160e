//! `operations`: the catalogue of both APIs.

use super::arguments::{Format, ListOptions};
use super::{Session, code, output};
use crate::crm::catalogue;
use crate::crm::catalogue::{Decision, Listed};
use crate::report::{Column, table};

pub(super) fn run(session: &Session, options: &ListOptions) -> anyhow::Result<u8> {
    let operations = catalogue();
    let text = match options.format {
        Format::Json => format!("{}\n", serde_json::to_string_pretty(&operations)?),
        Format::Text => shown(&operations, session),
    };
    output::print(&text)?;
    Ok(code::DONE)
}

fn shown(operations: &[Listed], session: &Session) -> String {
    let used = operations.iter().filter(|listed| listed.is_used()).count();
    let rows: Vec<[String; 4]> = operations.iter().map(row).collect();
    let heads = [
        Column::cut("api", 8),
        Column::whole("operation"),
        Column::whole("used"),
        Column::cut("for what, or why not", 200),
    ];
    let list = table(heads, &rows, output::style(&session.global, false));
    format!("{list}\n{used} of {} operations are used.\n", operations.len())
}

fn row(listed: &Listed) -> [String; 4] {
    let (used, why) = match listed.decision {
        Decision::Used(why) => ("yes", why),
        Decision::Declined(why) => ("no", why),
    };
    let version = if listed.version == "v3" { " (v3)" } else { "" };
    let operation = format!("{} {}{version}", listed.method.as_str(), listed.path);
    [listed.api.title().to_owned(), operation, used.to_owned(), why.to_owned()]
}
