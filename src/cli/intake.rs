//! `breachscope intake`: from evidence to frames and manifest, without counting.

use std::path::PathBuf;
use std::process::ExitCode;

use breachscope::case::Case;
use breachscope::error::Error;
use breachscope::{report, scope};
use clap::ValueEnum;

/// Loads the evidence of a case into frames, with hashes and rejects, and counts nothing yet.
///
/// Writes frames/ (Parquet) and manifest.json, which says of each file where it came from, its hashes,
/// its number of lines and its times. A run that was cut off goes on where it stopped, and files that did
/// not change are not read again. The output folder must not hold the results of another case.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  breachscope intake CASE --out RESULTS
  breachscope rejects RESULTS
  breachscope query RESULTS \"SELECT path, row_count, reject_count FROM evidence\"

Exit codes:
  0  all of the evidence was read
  1  the input or the case file is wrong
  2  usage
  3  finished, but lines were rejected, evidence is damaged, missing or in no source,
     or a source fell silent")]
pub(crate) struct Arguments {
    /// The case folder, or its case.toml.
    case: PathBuf,
    #[command(flatten)]
    running: super::Running,
    /// How to print the manifest.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// A table for the terminal.
    Text,
    /// The manifest as JSON, as in manifest.json.
    Json,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let case = Case::load(&arguments.case)?;
    let out = arguments.running.out(&case);
    let manifest = scope::intake(
        &case,
        &out,
        arguments.running.threads(),
        &super::Bars::new(),
    )?;
    super::print(&match arguments.format {
        Format::Text => report::evidence(&manifest, &case.zone),
        Format::Json => report::json(&manifest),
    })?;
    eprintln!("Written to {}: manifest.json, frames/", out.display());
    if manifest.complete() {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!(
        "Exit code 3: not all of the evidence could be read, or some is missing. manifest.json says which."
    );
    Ok(ExitCode::from(3))
}
