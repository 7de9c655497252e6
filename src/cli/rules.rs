//! `breachscope rules`: what the verdict rules are.

use std::process::ExitCode;

use breachscope::error::Error;
use breachscope::inspect::text;
use breachscope::report;
use breachscope::tokens::rules;
use clap::Args;

/// Lists the verdict rules, in order of precedence.
///
/// Says of each rule what it sees, what innocent thing looks the same, and which source it comes from.
#[derive(Args)]
#[command(after_help = "Examples:
  Read what each rule means:
    breachscope rules
  Print JSON:
    breachscope rules --format json")]
pub(crate) struct Arguments {
    /// How the rules are printed.
    #[arg(long, value_enum, default_value_t = super::Format::Text)]
    format: super::Format,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    super::print(&match arguments.format {
        super::Format::Text => text::verdict_rules(),
        super::Format::Json => report::json(&rules::list::ALL),
    })?;
    Ok(ExitCode::SUCCESS)
}
