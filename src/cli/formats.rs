//! `breachscope formats`: the log formats.

use std::process::ExitCode;

use breachscope::error::Error;
use breachscope::reference;

/// Lists the log formats, or says all of one.
///
/// With NAME: the products that the format reads, how `detect` knows it, how its times are written and
/// whether they need a zone, the columns that it fills and from which fields, what the case file must say,
/// an example line, and a [[source]] that reads it. Markdown and JSON have all of each format.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  breachscope formats
  breachscope formats nginx
  breachscope formats --format json")]
pub(crate) struct Arguments {
    /// A format, as the case file names it [default: all].
    name: Option<String>,
    /// How the page is printed.
    #[arg(long, value_enum, default_value_t = super::PageFormat::Text)]
    format: super::PageFormat,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let page = reference::formats(arguments.name.as_deref(), arguments.format.is_file())?;
    super::print(&arguments.format.of(&page))?;
    Ok(ExitCode::SUCCESS)
}
