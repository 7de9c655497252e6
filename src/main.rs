//! The `breachscope` program: parses, runs, and maps an error to an exit code.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
