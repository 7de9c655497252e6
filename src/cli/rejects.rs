//! `breachscope rejects`: what could not be read, by reason.

use std::path::PathBuf;
use std::process::ExitCode;

use super::Format;
use breachscope::error::Error;
use breachscope::inspect::{rejects, text};
use breachscope::report;

/// Shows the lines that could not be read, by reason, with examples.
///
/// Every reject is kept whole in the frame `rejects`, with file, line, byte offset, reason and raw
/// bytes; this shows the first of each reason. The offset is counted in the log as unpacked.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  breachscope rejects RESULTS
  breachscope rejects RESULTS --reason bad_time --examples 20
  breachscope rejects RESULTS --format json")]
pub(crate) struct Arguments {
    /// The output folder of `breachscope scope` or `intake`.
    results: PathBuf,
    /// Only this reason.
    #[arg(long, value_name = "REASON")]
    reason: Option<String>,
    /// Examples of each reason.
    #[arg(long, value_name = "N", default_value_t = 3)]
    examples: usize,
    /// How they are printed.
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
