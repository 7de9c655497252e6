//! `breachscope query`: SQL over the frames of a run.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;

use breachscope::error::Error;
use breachscope::escape::plain;
use breachscope::query;
use clap::ValueEnum;

/// Runs SQL over the frames of a run, reading only.
///
/// The frames are the folders below RESULTS/frames: evidence, requests, issuances, logins, app_events,
/// rejects, overlaps, silences, keys, accounts, pages, coverage, holes, tokens, key_timeline, sessions,
/// runs, fleet, exposures, figures.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  breachscope query RESULTS \"SELECT reason, COUNT(*) AS tokens FROM tokens GROUP BY reason\"
  breachscope query RESULTS -f queries/rejects-by-reason.sql --format csv > rejects.csv")]
pub(crate) struct Arguments {
    /// The output folder of `breachscope scope`.
    results: PathBuf,
    /// The statement.
    #[arg(required_unless_present = "file", conflicts_with = "file")]
    sql: Option<String>,
    /// A file with the statement.
    #[arg(short, long, value_name = "SQL_FILE")]
    file: Option<PathBuf>,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// Columns of text.
    Table,
    /// CSV (RFC 4180); a text that a table program could take for a formula has a `'` before it, and on a terminal control characters are visible.
    Csv,
}

/// Lines with control characters made visible, so that a log's value cannot steer the terminal.
fn lines_plain(text: &str) -> String {
    let lines = text.split_inclusive('\n');
    lines
        .map(|line| plain(line.trim_end_matches('\n')) + "\n")
        .collect()
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let sql = match (&arguments.file, &arguments.sql) {
        (Some(file), _) => {
            std::fs::read_to_string(file).map_err(|e| Error::io("read the SQL file", file, e))?
        }
        (None, sql) => sql.clone().unwrap_or_default(),
    };
    let frame = query::run(&arguments.results, &sql)?;
    super::print(&match arguments.format {
        Format::Table => query::table(&frame)?,
        Format::Csv if std::io::stdout().is_terminal() => lines_plain(&query::csv(&frame)?),
        Format::Csv => query::csv(&frame)?,
    })?;
    Ok(ExitCode::SUCCESS)
}
