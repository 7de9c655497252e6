//! The command line: one file a subcommand. Only here the terminal is read and written.

mod detect;
mod explain;
mod fields;
mod formats;
mod help;
mod init;
mod intake;
mod query;
mod rejects;
mod rules;
mod schema;
mod scope;
mod sql;
mod synth;
mod verify;

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use breachscope::case::Case;
use breachscope::error::{Error, Kind};
use breachscope::progress::Progress;
use breachscope::reference::Page;
use clap::{Parser, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};

/// Counts what a forged-token breach disclosed, from the logs, offline.
///
/// Loads gateway, edge, application and issuance logs, decides which access tokens were forged, and
/// counts affected accounts and data fields with unit, bounds and rule.
#[derive(Parser)]
#[command(name = "breachscope", version, after_help = EXAMPLES, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples, in the order of an investigation:
  breachscope scope sample-data/replica
  breachscope detect /mnt/disk/logs
  breachscope init /mnt/disk/logs --zone Asia/Seoul
  breachscope help case
  breachscope formats nginx
  breachscope fields gateway
  breachscope intake CASE --out RESULTS
  breachscope rejects RESULTS
  breachscope scope CASE --out RESULTS
  breachscope schema exposures
  breachscope query RESULTS \"SELECT page, bound, COUNT(*) FROM exposures GROUP BY page, bound\"
  breachscope query RESULTS headline-figures --output figures.csv
  breachscope sql RESULTS
  breachscope explain RESULTS --token FINGERPRINT
  breachscope rules
  breachscope verify RESULTS
  breachscope synth --scale 0.0005 --seed 99 --out REPLICA

Exit codes:
  0  complete
  1  the input or the case file is wrong
  2  usage
  3  finished, but evidence is missing or was rejected, or a setting looks wrong;
     the report says where";

/// The subcommands, in the order in which a responder needs them.
#[derive(Subcommand)]
enum Command {
    Detect(detect::Arguments),
    Init(init::Arguments),
    Formats(formats::Arguments),
    Fields(fields::Arguments),
    Intake(intake::Arguments),
    Rejects(rejects::Arguments),
    Scope(scope::Arguments),
    Schema(schema::Arguments),
    Query(query::Arguments),
    Sql(sql::Arguments),
    Explain(explain::Arguments),
    Rules(rules::Arguments),
    Verify(verify::Arguments),
    Synth(synth::Arguments),
    Help(help::Arguments),
}

/// What Ctrl-C does before it ends the program: gives true if that was enough.
type OnInterrupt = Box<dyn Fn() -> bool + Send>;

/// What Ctrl-C does first, such as stopping a query.
static ON_INTERRUPT: std::sync::Mutex<Option<OnInterrupt>> = std::sync::Mutex::new(None);

/// Has Ctrl-C call `stop` first, and end the program only if that gives false.
fn on_interrupt(stop: impl Fn() -> bool + Send + 'static) {
    if let Ok(mut first) = ON_INTERRUPT.lock() {
        *first = Some(Box::new(stop));
    }
}

/// Stops at once on Ctrl-C: results are put in their place in one step, so nothing is half-written,
/// and what was read is not read again.
fn stop_on_interrupt() {
    let stop = || {
        let first = ON_INTERRUPT.lock();
        if first.is_ok_and(|first| first.as_ref().is_some_and(|stop| stop())) {
            return;
        }
        let error = Error::interrupted();
        // Over what tells the progress.
        let anew = match std::io::stderr().is_terminal() {
            true => "\r\x1b[K",
            false => "",
        };
        eprintln!("{anew}error: {error}");
        std::process::exit(INTERRUPTED);
    };
    if let Err(error) = ctrlc::set_handler(stop) {
        eprintln!("note: Ctrl-C will end the program without a message: {error}");
    }
}

/// The exit code of a program that was interrupted, as shells give it.
const INTERRUPTED: i32 = 130;

/// Runs the program.
pub(crate) fn main() -> ExitCode {
    stop_on_interrupt();
    let result = match Arguments::parse().command {
        Command::Detect(arguments) => detect::run(&arguments),
        Command::Init(arguments) => init::run(&arguments),
        Command::Formats(arguments) => formats::run(&arguments),
        Command::Fields(arguments) => fields::run(&arguments),
        Command::Intake(arguments) => intake::run(&arguments),
        Command::Rejects(arguments) => rejects::run(&arguments),
        Command::Scope(arguments) => scope::run(&arguments),
        Command::Schema(arguments) => schema::run(&arguments),
        Command::Query(arguments) => query::run(&arguments),
        Command::Sql(arguments) => sql::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Rules(arguments) => rules::run(&arguments),
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Synth(arguments) => synth::run(&arguments),
        Command::Help(arguments) => help::run(&arguments),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            let text: Vec<String> = error
                .to_string()
                .lines()
                .map(breachscope::escape::plain)
                .collect();
            eprintln!("error: {}", text.join("\n"));
            ExitCode::from(match error.kind {
                Kind::User | Kind::Case | Kind::System => 1,
                Kind::Interrupted => INTERRUPTED as u8,
            })
        }
    }
}

/// Writes to standard output; a closed pipe is no error.
fn print(text: &str) -> Result<(), Error> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            let message = format!("cannot write the result: {error}");
            Err(Error::user(message).with_source(error))
        }
        _ => Ok(()),
    }
}

/// How a result is printed.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Format {
    /// For the terminal.
    Text,
    /// JSON.
    Json,
}

/// How a page of reference is printed.
#[derive(Clone, Copy, clap::ValueEnum)]
enum PageFormat {
    /// For the terminal, in 80 columns.
    Text,
    /// JSON.
    Json,
    /// Markdown.
    Md,
}

impl PageFormat {
    /// The page as this format writes it.
    fn of(self, page: &Page) -> String {
        match self {
            PageFormat::Text => page.text(),
            PageFormat::Json => page.json(),
            PageFormat::Md => page.markdown(),
        }
    }

    /// Whether the page is kept rather than read on the spot, and so is to have all.
    fn is_file(self) -> bool {
        !matches!(self, PageFormat::Text)
    }
}

/// Where results go, and on how many threads.
#[derive(clap::Args)]
struct Running {
    /// Where results go: a new folder or one of an earlier run [default: breachscope-<case id>].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Threads to use [default: all].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

impl Running {
    fn out(&self, case: &Case) -> PathBuf {
        self.out.clone().unwrap_or_else(|| {
            let name = case.file.case.id.replace(
                |c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '.',
                "-",
            );
            PathBuf::from(format!("breachscope-{name}"))
        })
    }

    fn threads(&self) -> usize {
        match self.threads {
            Some(threads) => usize::from(threads),
            None => std::thread::available_parallelism().map_or(1, usize::from),
        }
    }
}

/// Draws stages as bars on standard error, where that is a terminal.
struct Bars {
    current: std::sync::Mutex<ProgressBar>,
}

impl Bars {
    fn new() -> Self {
        Bars {
            current: ProgressBar::hidden().into(),
        }
    }

    fn current(&self) -> ProgressBar {
        self.current.lock().expect("no panic while drawing").clone()
    }
}

impl Progress for Bars {
    fn begin(&self, stage: &'static str, total: u64) {
        if !std::io::stderr().is_terminal() {
            return;
        }
        let template = if total > 1 << 16 {
            "{msg:10} {bar:36} {bytes:>10} of {total_bytes:10} {eta:>4} left"
        } else {
            "{msg:10} {bar:36} {pos:>10} of {len:10} {elapsed:>4}"
        };
        let style = ProgressStyle::with_template(template).expect("a valid template");
        let bar = ProgressBar::new(total)
            .with_style(style)
            .with_message(stage);
        bar.enable_steady_tick(std::time::Duration::from_millis(200));
        *self.current.lock().expect("no panic while drawing") = bar;
    }

    fn advance(&self, amount: u64) {
        self.current().inc(amount);
    }

    fn end(&self) {
        self.current().finish_and_clear();
    }
}
