//! `breachscope scope`: the main job.

use std::path::PathBuf;
use std::process::ExitCode;

use breachscope::case::Case;
use breachscope::error::Error;
use breachscope::{report, scope};
use clap::ValueEnum;

/// Takes a case folder of raw logs to disclosure counts.
///
/// Reads CASE/case.toml, loads the evidence it names (read-only), and writes to the output folder:
/// frames/ (Parquet), manifest.json (custody), report.md and disclosure.json.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The case folder, or its case.toml.
    case: PathBuf,
    #[command(flatten)]
    running: super::Running,
    /// How the disclosure is printed.
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
        "written to {}: report.md, disclosure.json, manifest.json, frames/",
        out.display()
    );
    if disclosure.complete {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("exit code 3: the evidence is incomplete; the report says where and what it touches");
    Ok(ExitCode::from(3))
}
