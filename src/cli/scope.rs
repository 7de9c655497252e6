//! `breachscope scope`: from a case to its disclosure.

use std::path::PathBuf;
use std::process::ExitCode;

use breachscope::case::Case;
use breachscope::error::Error;
use breachscope::{report, scope};
use clap::ValueEnum;

/// Counts what the attack disclosed, from the raw logs of a case.
///
/// Reads CASE/case.toml and the evidence that it names; the evidence is never changed. Decides which
/// tokens were forged, counts what they showed, and writes to the output folder: report.md for
/// people, disclosure.json for programs, manifest.json with the hash of each file, and the tables
/// behind every count in frames/ (Parquet). A run that was cut off goes on where it stopped.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  breachscope scope sample-data/replica
  breachscope scope CASE --out RESULTS --format json
  breachscope rejects RESULTS
  breachscope query RESULTS \"SELECT id, confirmed, possible FROM figures\"

Exit codes:
  0  complete
  1  the input or the case file is wrong
  2  usage
  3  finished, but evidence is missing or was rejected, or a setting looks wrong;
     the report says where")]
pub(crate) struct Arguments {
    /// The case folder, or its case.toml.
    case: PathBuf,
    #[command(flatten)]
    running: super::Running,
    /// How to print the disclosure.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// Tables for the terminal.
    Text,
    /// The disclosure as JSON, as in disclosure.json.
    Json,
    /// The report as Markdown, as in report.md.
    Md,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let case = Case::load(&arguments.case)?;
    let out = arguments.running.out(&case);
    let threads = arguments.running.threads();
    let outcome = scope::run(&case, &out, threads, &super::Bars::new())?;
    let (disclosure, manifest) = (&outcome.disclosure, &outcome.manifest);
    super::print(&match arguments.format {
        Format::Text => report::summary(disclosure, manifest, &case.zone),
        Format::Json => report::json(disclosure),
        Format::Md => report::markdown(disclosure, manifest, &case.zone),
    })?;
    eprintln!(
        "Written to {}: report.md, disclosure.json, manifest.json, frames/",
        out.display()
    );
    if disclosure.complete {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!(
        "Exit code 3: {}",
        match disclosure.misfits.len() {
            0 => "the evidence is incomplete. report.md says what is missing.",
            _ =>
                "a setting of the case looks wrong. See \"Look at this first\", above the figures.",
        }
    );
    Ok(ExitCode::from(3))
}
