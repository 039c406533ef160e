//! `man`: the manual, a page for each command.

use anyhow::Context;
use clap::CommandFactory;
use clap_mangen::Man;

use super::arguments::{Arguments, ManOptions};
use super::{code, output};

pub(super) fn run(options: &ManOptions) -> anyhow::Result<u8> {
    match &options.out {
        None => {
            let mut page = Vec::new();
            Man::new(Arguments::command()).render(&mut page).context("cannot make the manual page")?;
            output::print(&String::from_utf8_lossy(&page))?;
        }
        Some(folder) => {
            let failed = || format!("cannot write the manual to {}", folder.display());
            std::fs::create_dir_all(folder).with_context(failed)?;
            clap_mangen::generate_to(Arguments::command(), folder).with_context(failed)?;
        }
    }
    Ok(code::DONE)
}
