//! `breachscope fields`: what a source fills.

use std::process::ExitCode;

use breachscope::error::Error;
use breachscope::reference;

/// Lists the columns that a source can fill, by its kind, and what each decides.
///
/// The kinds are gateway, edge, application, issuance and login. Each has its required and optional columns,
/// with types and units, and the input fields that can stand in for columns, such as a whole token or a
/// request line.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  breachscope fields gateway
  breachscope fields issuance --format md
  breachscope fields --format json")]
pub(crate) struct Arguments {
    /// A kind of source [default: all].
    kind: Option<String>,
    /// How the page is printed.
    #[arg(long, value_enum, default_value_t = super::PageFormat::Text)]
    format: super::PageFormat,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let page = reference::fields(arguments.kind.as_deref())?;
    super::print(&arguments.format.of(&page))?;
    Ok(ExitCode::SUCCESS)
}
