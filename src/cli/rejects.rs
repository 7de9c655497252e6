//! `breachscope rejects`: the lines that could not be read, by reason.

use std::path::PathBuf;
use std::process::ExitCode;

use super::Format;
use breachscope::error::Error;
use breachscope::inspect::{rejects, text};
use breachscope::report;

/// Shows the lines that could not be read, by reason, with examples.
///
/// The frame `rejects` keeps every such line whole, with file, line number, byte offset, reason and raw
/// bytes; this command shows the first few of each reason. An offset counts the bytes of the unpacked log.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  See all reasons, with three examples of each:
    breachscope rejects RESULTS
  See more of one reason:
    breachscope rejects RESULTS --reason bad_time --examples 20
  Print JSON:
    breachscope rejects RESULTS --format json")]
pub(crate) struct Arguments {
    /// The output folder of `breachscope scope` or `intake`.
    results: PathBuf,
    /// Show this reason only.
    #[arg(long, value_name = "REASON")]
    reason: Option<String>,
    /// How many examples of each reason to show.
    #[arg(long, value_name = "N", default_value_t = 3)]
    examples: usize,
    /// How the lines are printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let groups = rejects::groups(
        &arguments.results,
        arguments.reason.as_deref(),
        arguments.examples,
    )?;
    super::print(&match arguments.format {
        Format::Text => text::rejects(&groups),
        Format::Json => report::json(&groups),
    })?;
    Ok(ExitCode::SUCCESS)
}
