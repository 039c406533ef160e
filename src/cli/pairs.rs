//! Many pairs side by side: one pair's failure never stops the others.

use futures::StreamExt;

use super::arguments::Format;
use super::explain::{self, Usage};
use super::{Session, clients, code, output};
use crate::config::{Config, Pair};
use crate::report::{self, Entry};
use crate::run::Finished;

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
        clients::check_folder(&config.state_dir, pair)?;
    }
    let runs = futures::stream::iter(pairs.iter().copied()).map(|pair| {
        let run = work(pair);
        async move { (pair, run.await) }
    });
    Ok(runs.buffered(config.max_parallel.max(1)).collect().await)
}

/// What is shown of the results: where the configuration says so, nobody's name, e-mail or phone.
pub(super) fn as_shown<'a>(config: &Config, results: Vec<(&'a Pair, PairResult)>) -> Vec<(&'a Pair, PairResult)> {
    if !config.report.mask {
        return results;
    }
    results.into_iter().map(|(pair, result)| (pair, result.map(|finished| report::masked(&finished)))).collect()
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
    let code = worst(codes);
    match format {
        Format::Json => deliver_json(results, out)?,
        Format::Text => deliver_text(session, results, code, out)?,
    }
    Ok(code)
}

/// Of several exit codes, the one that counts (contract, exit codes).
fn worst(codes: impl Iterator<Item = u8>) -> u8 {
    const ORDER: [u8; 10] = [
        code::INTERRUPTED,
        code::FAILED,
        code::CREDENTIALS,
        code::CONFIGURATION,
        code::LOCKED,
        code::STALE,
        code::REFUSED,
        code::PERSON,
        code::PENDING,
        code::DONE,
    ];
    let rank = |code: &u8| ORDER.iter().position(|known| known == code).unwrap_or(1);
    codes.min_by_key(rank).unwrap_or(code::DONE)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_exit_codes_the_most_serious_counts() {
        assert_eq!(worst([0, 3, 2].into_iter()), 3);
        assert_eq!(worst([0, 12, 1].into_iter()), 1);
        assert_eq!(worst([4, 130].into_iter()), 130);
        assert_eq!(worst([].into_iter()), 0);
    }
}
