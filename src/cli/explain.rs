//! `breachscope explain`: why a token has its verdict.

use std::path::PathBuf;
use std::process::ExitCode;

use breachscope::error::Error;
use breachscope::inspect::{explain, text};
use breachscope::report;

/// Shows why a token has its verdict.
///
/// Prints the verdict, every rule and what it made of the token, the issuance record or its absence
/// with what the issuance log can say about that hour, and the lines of the evidence with file, line
/// number and SHA-256. Tokens in these lines are shown by their hash.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  breachscope query RESULTS \"SELECT fingerprint, verdict, reason FROM tokens LIMIT 10\"
  breachscope explain RESULTS --token 0f3c
  breachscope explain RESULTS --token 0f3c --case /mnt/disk/case --format json")]
pub(crate) struct Arguments {
    /// The output folder of `breachscope scope`.
    results: PathBuf,
    /// The token's fingerprint, or so much of its beginning that no other has it.
    #[arg(long, value_name = "FINGERPRINT")]
    token: String,
    /// The case folder, if it is not where it was.
    #[arg(long, value_name = "DIR")]
    case: Option<PathBuf>,
    /// How many of its uses are shown.
    #[arg(long, value_name = "N", default_value_t = 5)]
    uses: usize,
    /// How it is printed.
    #[arg(long, value_enum, default_value_t = super::Format::Text)]
    format: super::Format,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let explained = explain::explain(
        &arguments.results,
        arguments.case.as_deref(),
        &arguments.token,
        arguments.uses,
    )?;
    super::print(&match arguments.format {
        super::Format::Text => text::explained(&explained),
        super::Format::Json => report::json(&explained),
    })?;
    Ok(ExitCode::SUCCESS)
}
