//! Many pairs side by side: one pair's failure never stops the others.

use std::panic::AssertUnwindSafe;

use futures::{FutureExt, StreamExt};

use super::arguments::Format;
use super::explain::{self, Usage};
use super::{Session, clients, code, output};
use crate::config::{Config, Pair};
use crate::report::{self, Entry};
use crate::run::{Finished, RunError};

/// What a pair's run came to.
pub(super) type PairResult = anyhow::Result<Finished>;

/// The pairs that the command line names; every pair where it names none.
pub(super) fn selected<'a>(session: &Session, config: &'a Config) -> anyhow::Result<Vec<&'a Pair>> {
    if session.global.pairs.is_empty() {
        return Ok(config.pairs.iter().collect());
    }
    let find = |name: &String| {
        config.pair(name).ok_or_else(|| {
            let known: Vec<&str> = config.pairs.iter().map(|pair| pair.name.as_str()).collect();
            let message = format!("there is no pair {name:?} in {}", session.global.config.display());
            anyhow::Error::new(Usage { message, hint: format!("the pairs are: {}", known.join(", ")) })
        })
    };
    session.global.pairs.iter().map(find).collect()
}

/// Runs `work` for every pair, at most `max_parallel` at a time, in the order of their names. Missing secrets of any
/// pair are said before the first request of any.
pub(super) async fn each<'a, F>(
    session: &Session,
    config: &Config,
    pairs: &[&'a Pair],
    work: impl Fn(&'a Pair) -> F,
) -> anyhow::Result<Vec<(&'a Pair, PairResult)>>
where
    F: Future<Output = PairResult>,
{
    for pair in pairs {
        clients::check_secrets(session, pair)?;
    }
    let runs = futures::stream::iter(pairs.iter().copied()).map(|pair| {
        let run = contained(work(pair));
        async move { (pair, run.await) }
    });
    Ok(runs.buffered(config.max_parallel.max(1)).collect().await)
}

/// A pair's run, whose panic is its own failure: the other pairs go on, and what it did stands in its journal.
pub(super) async fn contained(run: impl Future<Output = PairResult>) -> PairResult {
    let ended = AssertUnwindSafe(run).catch_unwind().await;
    ended.unwrap_or_else(|_| Err(RunError::Broken("a panic; the log has more".to_owned()).into()))
}

/// Prints every pair's report and says the exit code of them all.
pub(super) fn deliver(
    session: &Session,
    results: &[(&Pair, PairResult)],
    format: Format,
    out: Option<&std::path::Path>,
    exit: impl Fn(&Finished) -> u8,
) -> anyhow::Result<u8> {
    let codes = results.iter().map(|(_, result)| match result {
        Ok(finished) => exit(finished),
        Err(error) => explain::exit_code(error),
    });
    let code = code::worst(codes);
    match format {
        Format::Json => deliver_json(results, out)?,
        Format::Text => deliver_text(session, results, code, out)?,
    }
    Ok(code)
}

fn deliver_json(results: &[(&Pair, PairResult)], out: Option<&std::path::Path>) -> anyhow::Result<()> {
    let errors: Vec<String> = results
        .iter()
        .map(|(_, result)| result.as_ref().err().map(|error| format!("{error:#}")).unwrap_or_default())
        .collect();
    let entries: Vec<Entry<'_>> = results
        .iter()
        .zip(&errors)
        .map(|((pair, result), error)| match result {
            Ok(finished) => Entry::Finished(finished),
            Err(_) => Entry::Error { pair: &pair.name, error },
        })
        .collect();
    for (_, result) in results {
        if let Err(error) = result {
            explain::print(error);
        }
    }
    output::deliver(&report::json_text(&entries)?, out)
}

fn deliver_text(
    session: &Session,
    results: &[(&Pair, PairResult)],
    code: u8,
    out: Option<&std::path::Path>,
) -> anyhow::Result<()> {
    let quiet = session.global.quiet && out.is_none();
    let style = output::style(&session.global, out.is_some());
    let mut text = String::new();
    for finished in results.iter().filter_map(|(_, result)| result.as_ref().ok()) {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&if quiet { report::brief(finished) } else { report::text(finished, style) });
    }
    if quiet {
        text = if code == code::DONE {
            String::new()
        } else {
            text.lines().take(10).map(|line| format!("{line}\n")).collect()
        };
    }
    output::deliver(&text, out)?;
    let several = results.len() > 1;
    for (pair, result) in results {
        if let Err(error) = result {
            if several {
                output::print(&format!("{}: not finished\n", pair.name))?;
            }
            explain::print(error);
        }
    }
    Ok(())
}
