//! `breachscope sql`: a prompt for SQL on the results of a run.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use breachscope::error::{Error, closest};
use breachscope::escape::plain;
use breachscope::query::{self, Answer, FUNCTIONS, Format, Layout, Parameters, Session};
use breachscope::terminal::wrapped;
use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Config, Context, Editor, Helper};

use super::query::{Engine, Kind, Terminal};

/// Opens a prompt for SQL on the results of a run, read-only.
///
/// A statement ends with `;` and may have several lines. Tab completes tables, columns, functions and
/// queries of the library; Ctrl-C stops a query; `.help` lists what begins with a point. Without a
/// terminal it reads statements from standard input.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  breachscope sql RESULTS
  breachscope sql RESULTS --zone Asia/Seoul --memory 4GiB")]
pub(crate) struct Arguments {
    /// The output folder of `breachscope scope` or `breachscope intake`.
    results: PathBuf,
    /// Where the history of statements is kept [default: RESULTS/sql-history].
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
    #[command(flatten)]
    engine: Engine,
}

/// What `.help` prints.
const HELP: &str = "\
.tables             the tables: frames, views, and what you made
.schema TABLE       the columns of a table
.queries [WORD...]  the queries of the library
.run NAME           runs a query of the library
.read FILE          runs the statements of a file
.output FILE        writes the next result into a new file
.mode MODE          how results are shown: table, vertical, csv, tsv, json, jsonl, md
.rows N             the most rows that are shown
.param NAME=VALUE   sets the parameter $NAME; without one it lists all
.last               shows the last result in a pager, whole
.help [functions]   this, or the functions that are added to SQL
.quit               ends the prompt, as Ctrl-D does
";

/// The words that begin with a point.
const COMMANDS: [&str; 13] = [
    ".tables", ".schema", ".queries", ".run", ".read", ".output", ".mode", ".rows", ".param",
    ".last", ".help", ".quit", ".exit",
];

/// Words of SQL that are completed.
const WORDS: [&str; 32] = [
    "SELECT",
    "FROM",
    "WHERE",
    "GROUP BY",
    "ORDER BY",
    "HAVING",
    "LIMIT",
    "JOIN",
    "LEFT JOIN",
    "ON",
    "WITH",
    "AS",
    "AND",
    "OR",
    "NOT",
    "IN",
    "IS NULL",
    "IS NOT NULL",
    "LIKE",
    "BETWEEN",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "COUNT(*)",
    "DISTINCT",
    "UNION ALL",
    "EXISTS",
    "OVER",
    "PARTITION BY",
    "FILTER",
];

/// What the prompt completes.
struct Words {
    names: Vec<String>,
    queries: Vec<&'static str>,
}

impl Words {
    fn of(session: &Session) -> Self {
        let mut names = session.tables();
        let columns = names.iter().flat_map(|table| session.columns(table));
        let columns: Vec<String> = columns.map(|(name, _)| name).collect();
        names.extend(columns);
        names.extend(
            session
                .function_names()
                .into_iter()
                .filter(|name| name.starts_with(char::is_alphabetic)),
        );
        names.extend(WORDS.map(str::to_string));
        names.sort();
        names.dedup();
        Words {
            names,
            queries: query::library().iter().map(|saved| saved.name).collect(),
        }
    }
}

impl Completer for Words {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        at: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let before = &line[..at];
        let word = |c: char| c.is_alphanumeric() || c == '_' || c == '-' || c == '.';
        let in_command = before.trim_start().starts_with('.');
        let start = before.rfind(|c| !word(c)).map_or(0, |at| {
            at + before[at..].chars().next().map_or(1, char::len_utf8)
        });
        let start = match in_command {
            true => start,
            // A column may stand behind its table's name.
            false => before[start..]
                .rfind('.')
                .map_or(start, |point| start + point + 1),
        };
        let begun = before[start..].to_lowercase();
        let candidates: Vec<&str> = match in_command {
            true if start == 0 => COMMANDS.to_vec(),
            true if before.contains(".run") => self.queries.clone(),
            true => self.names.iter().map(String::as_str).collect(),
            false => self.names.iter().map(String::as_str).collect(),
        };
        let pair = |name: &str| Pair {
            display: name.to_string(),
            replacement: name.to_string(),
        };
        let matching = candidates
            .into_iter()
            .filter(|name| name.to_lowercase().starts_with(&begun));
        Ok((start, matching.map(pair).collect()))
    }
}

impl Hinter for Words {
    type Hint = String;
}

impl Highlighter for Words {}

impl Validator for Words {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let text = context.input().trim();
        let whole = text.is_empty() || text.starts_with('.') || text.ends_with(';');
        Ok(match whole {
            true => ValidationResult::Valid(None),
            false => ValidationResult::Incomplete,
        })
    }
}

impl Helper for Words {}

/// The prompt and what was set at it.
struct Prompt {
    session: Session,
    parameters: Parameters,
    terminal: Terminal,
    /// Where the next result goes.
    output: Option<PathBuf>,
    /// The last query.
    last: Option<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let session = arguments.engine.open(&arguments.results)?;
    let mut prompt = Prompt {
        session,
        parameters: Parameters::default(),
        terminal: Terminal {
            format: Format::Table,
            most: 40,
            terminal: std::io::stdout().is_terminal(),
            shown: 0,
        },
        output: None,
        last: None,
    };
    if !std::io::stdin().is_terminal() {
        let text = std::io::read_to_string(std::io::stdin())
            .map_err(|e| Error::io("read standard input", Path::new("-"), e))?;
        return prompt.script(&text).map(|()| ExitCode::SUCCESS);
    }
    let tables = prompt.session.tables().len();
    super::print(&format!(
        "{tables} tables. Statements end with `;`. `.help` helps, Ctrl-D ends.\n"
    ))?;
    let history = arguments
        .history
        .clone()
        .unwrap_or_else(|| arguments.results.join("sql-history"));
    prompt.read(&history)?;
    Ok(ExitCode::SUCCESS)
}

impl Prompt {
    /// Reads and answers until the user ends the prompt.
    fn read(&mut self, history: &Path) -> Result<(), Error> {
        let failed =
            |e: ReadlineError| Error::user(format!("cannot read the terminal: {e}")).with_source(e);
        let config = Config::builder()
            .completion_type(CompletionType::List)
            .auto_add_history(true)
            .build();
        let mut editor: Editor<Words, FileHistory> = Editor::with_config(config).map_err(failed)?;
        let _ = editor.load_history(history);
        loop {
            editor.set_helper(Some(Words::of(&self.session)));
            let line = match editor.readline("sql> ") {
                Ok(line) => line,
                Err(ReadlineError::Interrupted) => continue,
                Err(ReadlineError::Eof) => break,
                Err(error) => return Err(failed(error)),
            };
            if matches!(line.trim(), ".quit" | ".exit") {
                break;
            }
            if let Err(error) = self.answer(line.trim()) {
                let text: Vec<String> = error.to_string().lines().map(plain).collect();
                eprintln!("error: {}", text.join("\n"));
            }
        }
        if let Err(error) = editor.save_history(history) {
            eprintln!("note: the history cannot be kept: {error}");
        }
        Ok(())
    }

    fn answer(&mut self, line: &str) -> Result<(), Error> {
        if line.is_empty() {
            return Ok(());
        }
        if !line.starts_with('.') {
            return self.script(line);
        }
        let (command, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim().trim_end_matches(';');
        match command {
            ".tables" => super::print(&(self.session.tables().join("\n") + "\n")),
            ".schema" => self.schema(rest),
            ".queries" => {
                let words: Vec<String> = rest.split_whitespace().map(str::to_string).collect();
                super::print(&super::query::listed(&words)?)
            }
            ".run" => {
                let saved = query::saved(rest)?;
                self.with_defaults(saved.sql)
            }
            ".read" => {
                let path = Path::new(rest);
                let text = std::fs::read_to_string(path)
                    .map_err(|e| Error::io("read the SQL file", path, e))?;
                self.with_defaults(&text)
            }
            ".output" => {
                let path = PathBuf::from(rest);
                Format::of_file(&path)?;
                query::new_file(&path)?;
                self.output = Some(path);
                Ok(())
            }
            ".mode" => self.mode(rest),
            ".rows" => {
                let most = rest.parse().map_err(|_| Error::user("write .rows 100"))?;
                self.terminal.most = most;
                Ok(())
            }
            ".param" if rest.is_empty() => {
                let lines = self.parameters.listed().into_iter();
                let lines: Vec<String> = lines
                    .map(|(name, value)| format!("{name} = {}\n", plain(&value)))
                    .collect();
                super::print(&lines.concat())
            }
            ".param" => {
                let set = Parameters::parse([rest])?;
                self.parameters = set.or(&self.parameters);
                Ok(())
            }
            ".last" => self.page(),
            ".help" if rest == "functions" => {
                let mut text = String::new();
                for function in FUNCTIONS {
                    text += &format!("{}\n", function.call);
                    wrapped(function.what, "    ", &mut text);
                }
                super::print(&text)
            }
            ".help" => super::print(HELP),
            other => {
                let error = Error::user(format!("there is no command `{other}`"));
                let error = match closest(other, COMMANDS) {
                    Some(meant) => error.hint(format!("did you mean `{meant}`?")),
                    None => error,
                };
                Err(error.hint("`.help` lists them"))
            }
        }
    }

    fn schema(&self, table: &str) -> Result<(), Error> {
        let columns = self.session.columns(table);
        if columns.is_empty() {
            let tables = self.session.tables();
            return Err(Error::user(format!("there is no table `{table}`"))
                .did_you_mean(table, tables.iter().map(String::as_str)));
        }
        if let Ok(page) = breachscope::reference::schema(Some(table), true) {
            return super::print(&page.text());
        }
        let lines: Vec<String> = columns
            .iter()
            .map(|(name, kind)| format!("{name}  {kind}\n"))
            .collect();
        super::print(&lines.concat())
    }

    fn mode(&mut self, mode: &str) -> Result<(), Error> {
        let kind = <Kind as clap::ValueEnum>::from_str(mode, true);
        self.terminal.format = match kind.map(Kind::format) {
            Ok(format) if format != Format::Parquet => format,
            _ => {
                return Err(Error::user(format!("there is no mode `{mode}`"))
                    .hint("the modes are table, vertical, csv, tsv, json, jsonl and md"));
            }
        };
        Ok(())
    }

    /// Runs a script with the parameters that were set and, for the others, its own defaults.
    fn with_defaults(&mut self, text: &str) -> Result<(), Error> {
        let set = self.parameters.clone();
        self.parameters = set.clone().or(&query::defaults(text)?);
        let done = self.script(text);
        self.parameters = set;
        done
    }

    fn script(&mut self, text: &str) -> Result<(), Error> {
        let statements = self.session.check(text, &self.parameters)?;
        for statement in &statements {
            self.terminal.shown = 0;
            match self.output.take_if(|_| statement.gives_rows()) {
                Some(path) => {
                    let format = Format::of_file(&path)?;
                    if let Answer::Rows(mut rows) = self.session.run(statement, &self.parameters)? {
                        let outcome = rows.write_file(format, &path)?;
                        super::print(&format!(
                            "{} rows in {}\n",
                            outcome.written,
                            plain(&path.display().to_string())
                        ))?;
                    }
                }
                None => self
                    .terminal
                    .show(&mut self.session, statement, &self.parameters)?,
            }
        }
        self.last = Some(text.to_string());
        Ok(())
    }

    /// Shows all rows of the last result in a pager.
    fn page(&mut self) -> Result<(), Error> {
        let Some(last) = self.last.clone() else {
            return Err(Error::user("there is no result yet"));
        };
        let statements = self.session.check(&last, &self.parameters)?;
        let Some(statement) = statements
            .iter()
            .rev()
            .find(|statement| statement.gives_rows())
        else {
            return Err(Error::user("the last statement gave no rows"));
        };
        let pager = Command::new("less")
            .args(["-S", "-F"])
            .env("LESSSECURE", "1")
            .stdin(Stdio::piped())
            .spawn();
        let mut pager = pager.map_err(|e| {
            Error::user(format!("cannot start the pager `less`: {e}")).with_source(e)
        })?;
        if let (Some(mut input), Answer::Rows(mut rows)) = (
            pager.stdin.take(),
            self.session.run(statement, &self.parameters)?,
        ) {
            // The user may leave the pager before the end.
            let _ = rows.write(self.terminal.format, Layout::default(), &mut input);
            let _ = input.flush();
        }
        let _ = pager.wait();
        Ok(())
    }
}
