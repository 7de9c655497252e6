//! `breachscope detect`: what files are, before there is a case.

use std::path::PathBuf;
use std::process::ExitCode;

use breachscope::error::Error;
use breachscope::report;
use breachscope::survey::{self, detect};
use clap::ValueEnum;

/// Says what log files are: format, why, time range, zone, and which columns they can fill.
///
/// Looks at the first and last lines of each file, in archives and compressed files too; folders stand
/// for all files below them. Nothing is written.
///
/// For each file, `why` is what in its lines tells the format, `time` the first and last time seen, `zone` where
/// the offset of its times comes from, `fills` the columns that the format can fill, and `lacks` those that every
/// row needs and that only the case file can supply.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  breachscope detect /mnt/disk/logs
  breachscope detect access.log.gz archive.tar.zst --format json")]
pub(crate) struct Arguments {
    /// Files and folders.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// For the terminal.
    Text,
    /// JSON.
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
