//! `breachscope verify`: whether evidence and results are still what they were.

use std::path::PathBuf;
use std::process::ExitCode;

use breachscope::error::Error;
use breachscope::inspect::{text, verify};
use breachscope::report;
use clap::ValueEnum;

/// Hashes evidence and results again and says what changed since the run.
///
/// Exit code 0: all is as the manifest says. 3: something changed or is missing. 1: there is no manifest to
/// compare with, or it cannot be read.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  breachscope verify RESULTS
  breachscope verify RESULTS --case /mnt/copy-of-the-case")]
pub(crate) struct Arguments {
    /// The output folder of `breachscope scope` or `intake`.
    results: PathBuf,
    /// The folder in which the case file and its evidence are now [default: where they were].
    #[arg(long, value_name = "DIR")]
    case: Option<PathBuf>,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// A line for each change.
    Text,
    /// JSON.
    Json,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let verified = verify::run(
        &arguments.results,
        arguments.case.as_deref(),
        &super::Bars::new(),
    )?;
    super::print(&match arguments.format {
        Format::Json => report::json(&verified),
        Format::Text => text::verified(&verified),
    })?;
    Ok(if verified.changes.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(3)
    })
}
