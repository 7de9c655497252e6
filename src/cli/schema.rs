//! `breachscope schema`: the frames of a run.

use std::process::ExitCode;

use breachscope::error::Error;
use breachscope::reference;

/// Lists the frames of a run, the tables that `query` reads, or says all of one.
///
/// With FRAME: what one row is, and for each column its type in SQL, its unit, whether it may be null, and
/// what it means. Markdown and JSON have the columns of all frames.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  breachscope schema
  breachscope schema exposures
  breachscope schema --format md")]
pub(crate) struct Arguments {
    /// A frame [default: all].
    frame: Option<String>,
    /// How the page is printed.
    #[arg(long, value_enum, default_value_t = super::PageFormat::Text)]
    format: super::PageFormat,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let page = reference::schema(arguments.frame.as_deref(), arguments.format.is_file())?;
    super::print(&arguments.format.of(&page))?;
    Ok(ExitCode::SUCCESS)
}
