//! `breachscope query`: runs SQL on the frames of a run.

use std::io::{IsTerminal as _, Read as _, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use breachscope::error::{Error, Position};
use breachscope::escape::plain;
use breachscope::query::{
    self, Answer, Format, Layout, MEMORY, Outcome, Parameters, Session, Settings, Statement,
};
use breachscope::terminal::{counted, thousands, wrapped};
use clap::ValueEnum;

/// Runs SQL on the results of a run, read-only.
///
/// The tables are the frames of the run and views over them; `breachscope schema` lists them and their
/// columns. SQL is a statement, the name of a query of the library (`--list`), or a file (`-f`). Several
/// statements are parted by `;`, and `CREATE TABLE x AS SELECT ...` keeps rows for the rest of them.
/// Times are UTC.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  What a table holds:
    breachscope schema exposures
  How many tokens have each verdict, and why:
    breachscope query RESULTS \"SELECT verdict, reason, COUNT(*) AS tokens FROM tokens GROUP BY verdict, reason\"
  The requests of one network, with the address as a parameter:
    breachscope query RESULTS --param net=203.0.113.0/24 \"SELECT * FROM requests WHERE ip_in(source_ip, $net)\"
  The queries about accounts, and one of them into a file:
    breachscope query --list account
    breachscope query RESULTS accounts-by-page --output accounts.csv
  A script from a file or from standard input:
    breachscope query RESULTS -f script.sql
    breachscope query RESULTS -f - < script.sql
  The frames as views of DuckDB:
    breachscope query RESULTS --duckdb frames.sql && duckdb -init frames.sql")]
pub(crate) struct Arguments {
    /// The output folder of `breachscope scope` or `breachscope intake`.
    #[arg(required_unless_present = "list")]
    results: Option<PathBuf>,
    /// A statement, or the name of a query of the library.
    #[arg(conflicts_with = "file")]
    sql: Option<String>,
    /// A file with statements; `-` reads standard input.
    #[arg(short, long, value_name = "SQL_FILE")]
    file: Option<PathBuf>,
    /// Lists the queries of the library that have all these words in their header.
    #[arg(long, value_name = "WORD", num_args = 0.., conflicts_with_all = ["sql", "file"])]
    list: Option<Vec<String>>,
    /// A parameter: the value of `$name` in the SQL. `name:bigint=5` names its type, too.
    #[arg(short, long, value_name = "NAME=VALUE")]
    param: Vec<String>,
    /// How the result is written [default: by the name of the output file, or a table].
    #[arg(long, value_enum)]
    format: Option<Kind>,
    /// One column a line, for rows that are wider than the terminal.
    #[arg(long, conflicts_with = "format")]
    vertical: bool,
    /// A new file for the result: .csv, .tsv, .json, .jsonl, .md, .parquet or .txt.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The most rows that a terminal gets.
    #[arg(long, value_name = "N", default_value_t = 40)]
    rows: usize,
    /// Prints how the engine would answer, and not the answer.
    #[arg(long)]
    explain: bool,
    /// Writes a file of SQL that makes the frames views of DuckDB.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["sql", "file", "list"])]
    duckdb: Option<PathBuf>,
    #[command(flatten)]
    engine: Engine,
}

/// What the engine may take, and how times are shown.
#[derive(clap::Args)]
pub(super) struct Engine {
    /// The memory that queries may take before they write to the disk, such as 4GiB [default: 1GiB].
    #[arg(long, value_name = "SIZE", value_parser = memory)]
    memory: Option<usize>,
    /// Threads to use [default: all].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Shows times in this zone, such as Asia/Seoul [default: UTC].
    #[arg(long, value_name = "ZONE")]
    zone: Option<String>,
}

impl Engine {
    /// Opens the results.
    pub(super) fn open(&self, results: &Path) -> Result<Session, Error> {
        if let Some(zone) = &self.zone
            && jiff::tz::TimeZone::get(zone).is_err()
        {
            return Err(Error::user(format!("there is no zone `{zone}`"))
                .hint("write a name such as Asia/Seoul"));
        }
        let all = || std::thread::available_parallelism().map_or(1, usize::from);
        let session = Session::open(
            results,
            Settings {
                memory: self.memory.unwrap_or(MEMORY),
                threads: self.threads.map_or_else(all, usize::from),
                zone: self.zone.clone(),
            },
        )?;
        let interrupt = session.interrupt();
        super::on_interrupt(move || interrupt.stop());
        Ok(session)
    }
}

/// A size such as `512MiB`, in bytes.
fn memory(text: &str) -> Result<usize, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: usize = digits
        .trim()
        .parse()
        .map_err(|_| "write a size such as 4GiB".to_string())?;
    let unit = match text[digits.len()..].to_lowercase().as_str() {
        "k" | "kib" | "kb" => 10,
        "m" | "mib" | "mb" => 20,
        "g" | "gib" | "gb" => 30,
        _ => return Err("write a size such as 512MiB or 4GiB".to_string()),
    };
    let bytes = number
        .checked_mul(1 << unit)
        .ok_or("that is too much".to_string())?;
    match bytes >= 32 << 20 {
        true => Ok(bytes),
        false => Err("queries need at least 32MiB".to_string()),
    }
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Kind {
    /// A table for the terminal.
    Table,
    /// One column a line.
    Vertical,
    /// CSV (RFC 4180). A text that a spreadsheet could take for a formula gets a `'` before it. On a
    /// terminal, control characters are made visible.
    Csv,
    /// Values between tabs.
    Tsv,
    /// A JSON array of objects.
    Json,
    /// A JSON object a line.
    Jsonl,
    /// A Markdown table.
    Md,
    /// Parquet, with `--output`.
    Parquet,
}

impl Kind {
    pub(super) fn format(self) -> Format {
        match self {
            Kind::Table => Format::Table,
            Kind::Vertical => Format::Vertical,
            Kind::Csv => Format::Csv,
            Kind::Tsv => Format::Tsv,
            Kind::Json => Format::Json,
            Kind::Jsonl => Format::JsonLines,
            Kind::Md => Format::Markdown,
            Kind::Parquet => Format::Parquet,
        }
    }
}

/// A script, where it comes from, and the defaults of its parameters.
struct Script {
    text: String,
    file: Option<PathBuf>,
    defaults: Parameters,
}

impl Arguments {
    fn script(&self) -> Result<Script, Error> {
        let file = match (&self.file, &self.sql) {
            (Some(file), _) => file,
            (None, Some(sql)) if sql.contains(char::is_whitespace) => {
                return Ok(Script {
                    text: sql.clone(),
                    file: None,
                    defaults: Parameters::default(),
                });
            }
            (None, Some(name)) => {
                let saved = query::saved(name)?;
                return Ok(Script {
                    text: saved.sql.to_string(),
                    file: None,
                    defaults: saved.defaults()?,
                });
            }
            (None, None) => {
                let text = "there is no SQL to run\n  \
                    hint: write a statement, the name of a query, or -f FILE\n  \
                    hint: `breachscope query --list` lists the queries; \
                    `breachscope sql RESULTS` opens a prompt\n";
                clap::Error::raw(clap::error::ErrorKind::MissingRequiredArgument, text).exit();
            }
        };
        let text = if file.as_os_str() == "-" {
            let mut text = String::new();
            std::io::stdin()
                .read_to_string(&mut text)
                .map_err(|e| Error::io("read standard input", file, e))?;
            text
        } else {
            std::fs::read_to_string(file).map_err(|e| Error::io("read the SQL file", file, e))?
        };
        Ok(Script {
            defaults: query::defaults(&text)?,
            text,
            file: Some(file.clone()),
        })
    }

    fn format(&self) -> Result<Format, Error> {
        match (self.format, &self.output) {
            (Some(kind), _) => Ok(kind.format()),
            (None, Some(file)) => Format::of_file(file),
            (None, None) if self.vertical => Ok(Format::Vertical),
            (None, None) => Ok(Format::Table),
        }
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    if let Some(words) = &arguments.list {
        super::print(&listed(words)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let results = arguments.results.as_deref().unwrap_or(Path::new("."));
    if let Some(file) = &arguments.duckdb {
        query::write_duckdb(results, file)?;
        return Ok(ExitCode::SUCCESS);
    }
    let script = arguments.script()?;
    let parameters =
        Parameters::parse(arguments.param.iter().map(String::as_str))?.or(&script.defaults);
    let format = arguments.format()?;
    let mut session = arguments.engine.open(results)?;
    let placed = |e: Error| match &script.file {
        Some(file) if e.path.is_none() => e.in_file(file),
        _ => in_statement(e, &script.text),
    };
    let statements = session.check(&script.text, &parameters).map_err(placed)?;
    if arguments.explain {
        let last = statements
            .last()
            .ok_or_else(|| Error::user("there is no statement"))?;
        let text = session.explain(last, &parameters)?;
        super::print(&(text + "\n"))?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(output) = &arguments.output {
        into_file(&mut session, &statements, &parameters, format, output).map_err(placed)?;
    } else {
        let terminal = std::io::stdout().is_terminal();
        let mut out = Terminal {
            format,
            most: arguments.rows,
            terminal,
            shown: 0,
        };
        for statement in &statements {
            out.show(&mut session, statement, &parameters)
                .map_err(placed)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The error with its place in words, where the statement has no file.
fn in_statement(mut error: Error, script: &str) -> Error {
    if let (Some(Position { line, column }), None) = (error.position, &error.path)
        && (script.trim().lines().count() > 1 || line > 1 || column > 1)
    {
        error.message = format!("line {line}, column {column}: {}", error.message);
    }
    error
}

/// Writes the one result of a script into a file.
fn into_file(
    session: &mut Session,
    statements: &[Statement],
    parameters: &Parameters,
    format: Format,
    output: &Path,
) -> Result<(), Error> {
    let results = statements
        .iter()
        .filter(|statement| statement.gives_rows())
        .count();
    if results != 1 {
        return Err(Error::user(format!(
            "the script gives {} and a file holds one",
            counted(results as u64, "result", "results")
        ))
        .hint(
            "make tables of the others with CREATE TABLE name AS SELECT ..., or leave out --output",
        ));
    }
    query::new_file(output)?;
    for statement in statements {
        let begun = Instant::now();
        if let Answer::Rows(mut rows) = session.run(statement, parameters)? {
            let outcome = rows.write_file(format, output)?;
            eprintln!(
                "{} in {}, {}",
                counted(outcome.written, "row", "rows"),
                plain(&output.display().to_string()),
                seconds(begun.elapsed())
            );
        }
    }
    Ok(())
}

/// Writes results to standard output.
pub(super) struct Terminal {
    pub(super) format: Format,
    /// The most rows that a terminal gets.
    pub(super) most: usize,
    pub(super) terminal: bool,
    /// How many results were shown.
    pub(super) shown: usize,
}

impl Terminal {
    /// Runs a statement and writes what it gives.
    pub(super) fn show(
        &mut self,
        session: &mut Session,
        statement: &Statement,
        parameters: &Parameters,
    ) -> Result<(), Error> {
        let begun = Instant::now();
        let mut rows = match session.run(statement, parameters)? {
            Answer::Rows(rows) => rows,
            Answer::Made(name, rows) => {
                if self.terminal {
                    super::print(&format!(
                        "table {name}: {}, {}\n",
                        counted(rows, "row", "rows"),
                        seconds(begun.elapsed())
                    ))?;
                }
                return Ok(());
            }
            Answer::Done => return Ok(()),
        };
        if self.shown > 0 {
            super::print("\n")?;
        }
        self.shown += 1;
        let layout = match self.terminal {
            true => Layout {
                width: Some(width()),
                most: Some(self.most),
            },
            false => Layout::default(),
        };
        let mut out = Visible {
            terminal: self.terminal,
            out: std::io::BufWriter::with_capacity(1 << 16, std::io::stdout().lock()),
            closed: false,
        };
        let outcome = rows.write(self.format, layout, &mut out);
        let _ = out.flush();
        let closed = out.closed;
        drop(out);
        let outcome = match outcome {
            Err(_) if closed => return Ok(()),
            outcome => outcome?,
        };
        match self.terminal {
            true => super::print(&footer(&outcome, begun.elapsed())),
            false => Ok(()),
        }
    }
}

/// The columns of the terminal.
fn width() -> usize {
    terminal_size::terminal_size().map_or(80, |(width, _)| usize::from(width.0))
}

/// What stands below a table.
fn footer(outcome: &Outcome, time: Duration) -> String {
    let mut text = match outcome.written == outcome.total {
        true => counted(outcome.total, "row", "rows"),
        false => format!(
            "{} of {} rows",
            thousands(outcome.written),
            thousands(outcome.total)
        ),
    };
    if outcome.hidden > 0 {
        text += &format!(
            ", {} not shown (--vertical shows all)",
            counted(outcome.hidden as u64, "column", "columns")
        );
    }
    format!("{text}, {}\n", seconds(time))
}

pub(super) fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

/// Standard output; on a terminal, control characters are made visible.
struct Visible<W> {
    terminal: bool,
    out: W,
    /// Whether the reader of a pipe has closed it.
    closed: bool,
}

impl<W: Write> Write for Visible<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = if self.terminal
            && bytes
                .iter()
                .any(|byte| byte.is_ascii_control() && *byte != b'\n')
        {
            let text = String::from_utf8_lossy(bytes);
            let lines: Vec<String> = text.split('\n').map(plain).collect();
            self.out
                .write_all(lines.join("\n").as_bytes())
                .map(|()| bytes.len())
        } else {
            self.out.write(bytes)
        };
        self.closed |= matches!(&written, Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe);
        written
    }

    fn flush(&mut self) -> std::io::Result<()> {
        let flushed = self.out.flush();
        self.closed |= matches!(&flushed, Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe);
        flushed
    }
}

/// The queries of the library that have all these words in their header.
pub(super) fn listed(words: &[String]) -> Result<String, Error> {
    let found = query::search(words);
    if found.is_empty() {
        return Err(Error::user("no query has all these words in its header")
            .hint("`breachscope query --list` lists all"));
    }
    let mut text = String::new();
    for saved in found {
        text += &format!("{}\n", saved.name);
        wrapped(saved.question, "    ", &mut text);
        for parameter in &saved.parameters {
            wrapped(&format!("--param {parameter}"), "    ", &mut text);
        }
    }
    Ok(text)
}
