//! `breachscope explain`: why a token has its verdict.

use std::path::PathBuf;
use std::process::ExitCode;

use breachscope::error::Error;
use breachscope::inspect::{explain, text};
use breachscope::report;

/// Shows why a token has its verdict.
///
/// Prints the verdict, what every rule made of the token, and its issuance record; where there is none,
/// what the issuance log can say about that hour. Then come the lines of the evidence that carried the
/// token, with file, line number and SHA-256. Tokens in these lines are replaced by their hash.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  Find a token, then ask for its proof:
    breachscope query RESULTS \"SELECT fingerprint, verdict, reason FROM tokens LIMIT 10\"
    breachscope explain RESULTS --token 0f3c
  Show up to 50 of its uses:
    breachscope explain RESULTS --token 0f3c --uses 50
  Read the evidence from another place, and print JSON:
    breachscope explain RESULTS --token 0f3c --case /mnt/disk/case --format json")]
pub(crate) struct Arguments {
    /// The output folder of `breachscope scope`.
    results: PathBuf,
    /// The token's fingerprint, or as many of its first digits as no other token shares.
    #[arg(long, value_name = "FINGERPRINT")]
    token: String,
    /// The case folder, if it has moved since the run.
    #[arg(long, value_name = "DIR")]
    case: Option<PathBuf>,
    /// How many of the token's uses to show, the earliest first.
    #[arg(long, value_name = "N", default_value_t = 5)]
    uses: usize,
    /// How the explanation is printed.
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
