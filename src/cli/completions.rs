//! `completions`: what a shell needs to complete the command line.

use clap::CommandFactory;

use super::arguments::{Arguments, CompletionsOptions};
use super::{code, output};

pub(super) fn run(options: &CompletionsOptions) -> anyhow::Result<u8> {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut Arguments::command(), "concord", &mut script);
    output::print(&String::from_utf8_lossy(&script))?;
    Ok(code::DONE)
}
