//! `breachscope query`: runs SQL on the frames of a run.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;

use breachscope::error::Error;
use breachscope::escape::plain;
use breachscope::query;
use clap::ValueEnum;

/// Runs SQL on the results of a run, read-only.
///
/// The tables are the frames of the run; `breachscope schema` lists them and their columns. A statement
/// begins with SELECT or WITH, and can read these tables only. Times are UTC.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  What a table holds:
    breachscope schema exposures
  How many tokens have each verdict, and why:
    breachscope query RESULTS \"SELECT verdict, reason, COUNT(*) AS tokens FROM tokens GROUP BY verdict, reason\"
  A statement from a file, with the result as CSV:
    breachscope query RESULTS -f queries/rejects-by-reason.sql --format csv > rejects.csv")]
pub(crate) struct Arguments {
    /// The output folder of `breachscope scope` or `breachscope intake`.
    results: PathBuf,
    /// The SQL statement.
    #[arg(required_unless_present = "file", conflicts_with = "file")]
    sql: Option<String>,
    /// A file with the SQL statement.
    #[arg(short, long, value_name = "SQL_FILE")]
    file: Option<PathBuf>,
    /// How to print the result.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// A table for the terminal.
    Table,
    /// CSV (RFC 4180). A text that a spreadsheet could take for a formula gets a `'` before it. On a
    /// terminal, control characters are made visible.
    Csv,
}

/// The lines of a text with control characters made visible, so that no value from a log can steer the
/// terminal.
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
