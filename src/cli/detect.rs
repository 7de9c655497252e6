//! `breachscope detect`: says what log files are, before there is a case.

use std::path::PathBuf;
use std::process::ExitCode;

use breachscope::error::Error;
use breachscope::report;
use breachscope::survey::{self, detect};
use clap::ValueEnum;

/// Says what log files are: their format, time range and zone, and which columns they can fill.
///
/// Use it first, on logs that you do not know yet. It looks at the first and last lines of each log, inside
/// archives and compressed files, too. A folder stands for all files below it. Nothing is written.
///
/// For each log it shows:
///
///   why     how many of the lines looked at could be read in the format
///   time    the first and the last time among these lines
///   zone    where the time zone comes from: each line, UTC by the format, or not said
///   fills   the columns that the log can fill, with the field where one was guessed
///   lacks   the columns that it cannot fill; the case file may supply some of them
#[derive(clap::Args)]
#[command(
    verbatim_doc_comment,
    after_help = "Examples:
  All logs below a folder, to read on the terminal:
    breachscope detect /mnt/disk/logs
  Two files, one of them an archive, as JSON for another program:
    breachscope detect access.log.gz archive.tar.zst --format json"
)]
pub(crate) struct Arguments {
    /// Files and folders to look at.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// How to print the result.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// Text for the terminal.
    Text,
    /// JSON, for other programs.
    Json,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    for path in &arguments.paths {
        if !path.exists() {
            return Err(Error::user("there is no such file or folder").in_file(path));
        }
    }
    let found = detect::detect(&arguments.paths)?;
    super::print(&match arguments.format {
        Format::Text => survey::text::detected(&found),
        Format::Json => report::json(&found),
    })?;
    Ok(ExitCode::SUCCESS)
}
