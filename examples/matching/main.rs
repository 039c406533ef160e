//! How well two records of one person are told from records of two: precision and recall of matching on people who do not
//! exist.
//!
//! `cargo run --release --example matching` draws 3,200 labelled pairs and prints what matching makes of them. Ends with an
//! error where two people were linked, or where fewer than 98 of 100 of one person with a usable key were.

#![expect(clippy::print_stdout, reason = "an example's figures are its output")]

mod measure;
mod people;

use std::error::Error;

use clap::Parser;

#[derive(Parser)]
struct Arguments {
    /// By which the set is drawn
    #[arg(long, default_value_t = 2026)]
    seed: u64,
    /// How many pairs of each class
    #[arg(long, default_value_t = 200)]
    of_each: u32,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let pairs = people::draw(arguments.seed, arguments.of_each);
    let measure = measure::measure(&pairs)?;
    println!("{:<52} {:>6} {:>7} {:>7} {:>6} {:>7} {:>6}", "class", "one", "usable", "linked", "held", "two", "wrong");
    for (class, tally) in &measure.classes {
        println!(
            "{class:<52} {:>6} {:>7} {:>7} {:>6} {:>7} {:>6}",
            tally.same, tally.usable, tally.linked, tally.held, tally.different, tally.wrong
        );
    }
    for (key, (right, wrong)) in &measure.keys {
        let precision = 100.0 * f64::from(*right) / f64::from((right + wrong).max(1));
        println!("by {key}: {right} right links, {wrong} wrong ones, precision {precision:.2} %");
    }
    println!("{} pairs, recall {:.2} % of one person with a usable key", pairs.len(), 100.0 * measure.recall());
    for missed in measure.missed.iter().take(20) {
        println!("missed: {missed}");
    }
    for wrong in &measure.wrong {
        println!("WRONG: {wrong}");
    }
    if measure.wrong.is_empty() && measure.recall() >= 0.98 {
        Ok(())
    } else {
        Err("the aim is no wrong link and 98 % of one person with a usable key".into())
    }
}
