//! The `concord` command: parse, run, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(concord::cli::main(std::env::args_os()))
}
