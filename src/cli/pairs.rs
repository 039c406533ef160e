//! Many pairs side by side: one pair's failure never stops the others, and what one of them held in memory goes when it
//! is done.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::path::Path;

use futures::{FutureExt, StreamExt};

use super::arguments::ReportFormat;
use super::delivery::Delivery;
use super::pair_result::{NotBegun, PairResult};
use super::shard::Shard;
use super::usage::Usage;
use super::{Session, clients, kept_reports, output, shared};
use crate::config::{Config, Pair};
use crate::report;
use crate::run::{Finished, RunError};

/// The pairs that the command line names; every pair where it names none.
pub(super) fn selected<'a>(session: &Session, config: &'a Config) -> anyhow::Result<Vec<&'a Pair>> {
    if session.global.pairs.is_empty() {
        return Ok(config.pairs.iter().collect());
    }
    let find = |name: &String| {
        config.pair(name).ok_or_else(|| {
            let known: Vec<&str> = config.pairs.iter().map(|pair| pair.name.as_str()).collect();
            let message = format!("there is no pair {name:?} in {}", session.global.config.display());
            let likeness = |known: &&&str| strsim::normalized_damerau_levenshtein(&name.to_lowercase(), known);
            let meant = known.iter().filter(|known| likeness(known) >= 0.5);
            let meant = meant.max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
            let meant = meant.map(|meant| format!("did you mean --pair {meant}? ")).unwrap_or_default();
            anyhow::Error::new(Usage { message, hint: format!("{meant}the pairs are: {}", known.join(", ")) })
        })
    };
    let mut named: Vec<&Pair> = session.global.pairs.iter().map(find).collect::<anyhow::Result<_>>()?;
    let mut seen = BTreeSet::new();
    named.retain(|pair| seen.insert(pair.name.as_str()));
    Ok(named)
}

/// Those of them that are in a part, where one is named. A part may have none.
pub(super) fn in_shard<'a>(
    session: &Session,
    config: &'a Config,
    shard: Option<Shard>,
) -> anyhow::Result<Vec<&'a Pair>> {
    let pairs = selected(session, config)?;
    let Some(shard) = shard else { return Ok(pairs) };
    let pairs = shard.of(pairs);
    if pairs.is_empty() && !session.global.quiet {
        output::complain("no pair is in this part: there is nothing to do\n");
    }
    Ok(pairs)
}

/// What to add where one pair alone is meant.
pub(super) fn say_which(pairs: &[&Pair]) -> String {
    let names: Vec<String> = pairs.iter().map(|pair| format!("--pair {}", pair.name)).collect();
    format!("add one of these: {}", names.join(", "))
}

/// Runs `work` for every pair, at most `max_parallel` at a time and each as soon as there is room; prints what they came
/// to, and says the exit code of them all. `ended` is told of each when it is done. A secret that is missing is a failure of the pair that wants it.
pub(super) async fn run<'a, F>(
    session: &Session,
    config: &Config,
    pairs: &[&'a Pair],
    (format, out): (ReportFormat, Option<&Path>),
    work: impl Fn(&'a Pair) -> F,
    mut ended: impl FnMut(&Pair, &PairResult),
    exit: impl Fn(&Finished) -> u8,
) -> anyhow::Result<u8>
where
    F: Future<Output = PairResult>,
{
    out.map_or(Ok(()), output::check_writable)?;
    let shared = shared::by_asking(session, config, pairs).await;
    let shared = &shared;
    let mut delivery = Delivery::new(session, config, format, out, pairs.len());
    let work = &work;
    let mut runs = futures::stream::iter(pairs.iter().copied().enumerate())
        .map(|(place, pair)| async move {
            if session.stop.is_cancelled() {
                return (place, pair, Err(NotBegun.into()));
            }
            if let Some(shared) = shared.get(&pair.name) {
                return (place, pair, Err(shared.clone().into()));
            }
            let run = async {
                clients::check_folder(&config.state_dir, pair)?;
                work(pair).await
            };
            (place, pair, contained(run).await)
        })
        .buffer_unordered(config.max_parallel.max(1));
    while let Some((place, pair, result)) = runs.next().await {
        ended(pair, &result);
        say_unfit_approval(session, pair, &result);
        let result = as_shown(config, result);
        if let Ok(finished) = &result {
            kept_reports::leave(session, config, pair, finished);
        }
        delivery.take(place, pair, result, &exit)?;
    }
    drop(runs);
    delivery.deliver()
}

/// `semantics` 35: said wherever the report goes.
fn say_unfit_approval(session: &Session, pair: &Pair, result: &PairResult) {
    let run = result.as_ref().ok().and_then(|finished| finished.run.as_ref());
    if let Some(approved) = run.and_then(|run| run.unfit_approval.as_deref()) {
        let (approved, name) = (report::visible(approved), &pair.name);
        let said = session.say(&format!("the approval {approved} fits no plan any more; nothing was written"));
        output::complain(&format!("{name}: {said}\n"));
    }
}

/// What is shown of a result: where the configuration says so, nobody's name, e-mail or phone.
pub(super) fn as_shown(config: &Config, result: PairResult) -> PairResult {
    if config.report.mask { result.map(|finished| report::masked(&finished)) } else { result }
}

/// A pair's run, whose panic is its own failure: the other pairs go on, and what it did stands in its journal.
pub(super) async fn contained(run: impl Future<Output = PairResult>) -> PairResult {
    let ended = AssertUnwindSafe(run).catch_unwind().await;
    ended.unwrap_or_else(|_| Err(RunError::Broken("a panic; the log has more".to_owned()).into()))
}
