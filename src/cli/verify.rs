//! `breachscope verify`: whether evidence and results are still what they were.

use std::path::PathBuf;
use std::process::ExitCode;

use super::Format;
use breachscope::error::Error;
use breachscope::inspect::{text, verify};
use breachscope::report;

/// Hashes evidence and results again and says what changed since the run.
///
/// Exit code 0: everything is as the manifest says. 3: something changed or is missing. 1: the manifest is
/// missing or cannot be read.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  Check everything where it was:
    breachscope verify RESULTS
  Check a copy of the case folder:
    breachscope verify RESULTS --case /mnt/copy-of-the-case")]
pub(crate) struct Arguments {
    /// The output folder of `breachscope scope` or `intake`.
    results: PathBuf,
    /// The folder that has the case file and its evidence now [default: where they were].
    #[arg(long, value_name = "DIR")]
    case: Option<PathBuf>,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
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
