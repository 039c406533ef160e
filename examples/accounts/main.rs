//! Drawn accounts: what becomes of people's edits whatever an account is like.
//!
//! `cargo run --release --example accounts` draws 1,000 accounts, each with ten days of edits and nights in which something
//! may go wrong. `-- --only 17` shows one of them night by night; `-- --seed 500 --accounts 250` lives another range of
//! them. Ends with an error where something was lost, doubled, put
//! under a stranger, told untruly, never settled, or where a secret was shown.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example's figures are its output")]

mod drawn;
#[expect(dead_code, reason = "what the measure of matching needs besides")]
#[path = "../matching/people.rs"]
mod generator;
mod judge;
mod life;
mod people;
mod seen;

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;

use clap::Parser;
use concord::sandbox::AccountProfile;
use life::{Span, Verdict, live};

type Failure = Box<dyn Error>;

#[derive(Parser)]
struct Arguments {
    /// How many accounts
    #[arg(long, default_value_t = 1000)]
    accounts: u64,
    /// The first one's seed
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[arg(long, default_value_t = 10)]
    nights: u32,
    #[arg(long, default_value_t = 12)]
    people: u32,
    /// Edits between two nights
    #[arg(long, default_value_t = 6)]
    edits: usize,
    /// How many lives at once
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// Show the account of this seed, night by night
    #[arg(long)]
    only: Option<u64>,
    /// Instead of drawn accounts, plain ones but for one switch: every value of every switch
    #[arg(long)]
    each: bool,
}

fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    let span = Span { nights: arguments.nights, people: arguments.people, edits: arguments.edits };
    if let Some(seed) = arguments.only {
        let place = usize::try_from(seed.saturating_sub(arguments.seed))?;
        let account = if arguments.each {
            each()?.get(place).copied().ok_or("there are not so many switches")?
        } else {
            AccountProfile::drawn(seed)
        };
        let verdict = alone(account, seed, span, true)?;
        println!("{}\n{}", verdict.switches.join("\n"), verdict.lines().join("\n"));
        return if verdict.is_good() { Ok(()) } else { Err("this account is not well served".into()) };
    }
    let accounts: Vec<(u64, AccountProfile)> = if arguments.each {
        (arguments.seed..).zip(each()?).collect()
    } else {
        let seeds = (arguments.seed..).take(usize::try_from(arguments.accounts)?);
        seeds.map(|seed| (seed, AccountProfile::drawn(seed))).collect()
    };
    conclude(&arguments, &live_all(&accounts, span, arguments.jobs)?)
}

/// One life, on a runtime of its own.
fn alone(account: AccountProfile, seed: u64, span: Span, loud: bool) -> Result<Verdict, Failure> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(live(account, seed, span, loud))
}

/// Lives them `jobs` at a time; tells of each that is not well served, and of every fiftieth how many are done.
fn live_all(accounts: &[(u64, AccountProfile)], span: Span, jobs: usize) -> Result<Vec<Verdict>, Failure> {
    let next = AtomicUsize::new(0);
    let (sender, lived) = channel();
    let next = &next;
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            let sender = sender.clone();
            scope.spawn(move || {
                while let Some((seed, account)) = accounts.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let verdict = alone(*account, *seed, span, false).map_err(|why| format!("seed {seed}: {why}"));
                    if sender.send((*seed, verdict)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut verdicts = Vec::new();
        for (seed, verdict) in lived {
            let verdict = verdict?;
            if !verdict.is_good() {
                println!("seed {seed}: {}\n  {}", verdict.switches.join("; "), verdict.lines().join("\n  "));
            }
            verdicts.push(verdict);
            if verdicts.len() % 50 == 0 {
                eprintln!("{} of {} accounts", verdicts.len(), accounts.len());
            }
        }
        Ok(verdicts)
    })
}

/// Accounts that differ from a plain one in one switch: every value that is ever drawn.
fn each() -> Result<Vec<AccountProfile>, Failure> {
    let drawn: BTreeSet<String> = (0..3000).flat_map(|seed| AccountProfile::drawn(seed).differences()).collect();
    let stated = drawn.iter().filter_map(|line| line.split_once('.'));
    stated.map(|(crm, switch)| Ok(format!("[{crm}]\n{switch}").parse()?)).collect()
}

fn conclude(arguments: &Arguments, verdicts: &[Verdict]) -> Result<(), Failure> {
    let count = |of: fn(&Verdict) -> usize| verdicts.iter().map(of).sum::<usize>();
    let mut exits: BTreeMap<u8, u32> = BTreeMap::new();
    for (code, times) in verdicts.iter().flat_map(|verdict| &verdict.exits) {
        *exits.entry(*code).or_default() += times;
    }
    let ended: Vec<String> = exits.iter().map(|(code, times)| format!("{times} with {code}")).collect();
    println!(
        "\n| accounts | nights | lost | doubled | under a stranger | untrue good nights | never settled | secrets shown | declined |\n\
         | --: | --: | --: | --: | --: | --: | --: | --: | --: |\n| {} | {} | {} | {} | {} | {} | {} | {} | {} |\n\n\
         Runs ended: {}. {} differences in the end that a report names.",
        verdicts.len(),
        arguments.nights,
        count(|verdict| verdict.lost.len()),
        count(|verdict| verdict.doubled.len()),
        count(|verdict| verdict.strangers.len()),
        count(|verdict| verdict.untrue.len()),
        count(|verdict| verdict.unsettled.len()),
        count(|verdict| verdict.leaked.len()),
        count(|verdict| usize::from(verdict.declined)),
        ended.join(", "),
        count(|verdict| verdict.excused),
    );
    let bad = verdicts.iter().filter(|verdict| !verdict.is_good()).count();
    if bad > 0 { Err(format!("{bad} of {} accounts are not well served", verdicts.len()).into()) } else { Ok(()) }
}
