//! Drawn accounts: what becomes of people's edits whatever an account is like.
//!
//! `cargo run --release --example accounts` draws 1,000 accounts, each with ten days of edits and nights in which something
//! may go wrong. `-- --only 17` shows one of them night by night. Ends with an error where something was lost, doubled,
//! told untruly, never settled, or where a secret was shown.

#![expect(clippy::print_stdout, reason = "an example's figures are its output")]

mod life;
mod people;

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;

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
    /// Show the account of this seed, night by night
    #[arg(long)]
    only: Option<u64>,
    /// Instead of drawn accounts, plain ones but for one switch: every value of every switch
    #[arg(long)]
    each: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    let span = Span { nights: arguments.nights, people: arguments.people, edits: arguments.edits };
    if let Some(seed) = arguments.only {
        let place = usize::try_from(seed.saturating_sub(arguments.seed))?;
        let account = if arguments.each {
            each()?.get(place).copied().ok_or("there are not so many switches")?
        } else {
            AccountProfile::drawn(seed)
        };
        let verdict = live(account, seed, span, true).await?;
        println!("{}\n{}", verdict.switches.join("\n"), verdict.lines().join("\n"));
        return if verdict.is_good() { Ok(()) } else { Err("this account is not well served".into()) };
    }
    let mut verdicts = Vec::new();
    let accounts: Vec<(u64, AccountProfile)> = if arguments.each {
        (arguments.seed..).zip(each()?).collect()
    } else {
        let seeds = (arguments.seed..).take(usize::try_from(arguments.accounts)?);
        seeds.map(|seed| (seed, AccountProfile::drawn(seed))).collect()
    };
    for (seed, account) in accounts {
        let verdict = live(account, seed, span, false).await?;
        if !verdict.is_good() {
            println!("seed {seed}: {}\n  {}", verdict.switches.join("; "), verdict.lines().join("\n  "));
        }
        verdicts.push(verdict);
    }
    conclude(&arguments, &verdicts)
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
        "\n| accounts | nights | lost | doubled | untrue good nights | never settled | secrets shown | declined |\n\
         | --: | --: | --: | --: | --: | --: | --: | --: |\n| {} | {} | {} | {} | {} | {} | {} | {} |\n\n\
         Runs ended: {}. {} differences in the end that a report names.",
        verdicts.len(),
        arguments.nights,
        count(|verdict| verdict.lost.len()),
        count(|verdict| verdict.doubled.len()),
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
