//! `breachscope init`: a first case file for a folder of logs.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use breachscope::error::Error;
use breachscope::survey::init;

/// Writes a commented case.toml for a folder of logs, ready to edit.
///
/// Each group of like logs in a folder becomes a source. What could only be guessed, and what the
/// analysis needs beside the logs, is said in comments. The evidence folder is only read; logs outside the case
/// folder are named by their whole paths. A file that is there already is never written over.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  breachscope init /mnt/disk/logs --zone Asia/Seoul
  breachscope intake . --out RESULTS")]
pub(crate) struct Arguments {
    /// The folder with the logs.
    evidence: PathBuf,
    /// The file to write; its folder becomes the case folder.
    #[arg(long, value_name = "FILE", default_value = "case.toml")]
    out: PathBuf,
    /// IANA time zone of times that carry none, and of the report.
    #[arg(long, value_name = "ZONE")]
    zone: Option<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let (evidence, out) = (&arguments.evidence, &arguments.out);
    if !evidence.is_dir() {
        return Err(Error::user("there is no such folder").in_file(evidence));
    }
    let folder = out
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let written = init::run(evidence, folder, arguments.zone.as_deref())?;
    init::write(out, &written.text)?;
    super::print(&written.summary)?;
    let usual = out
        .file_name()
        .is_some_and(|name| name == breachscope::case::CASE_FILE);
    let case = if usual { folder } else { out };
    eprintln!(
        "written to {}; edit it, then: breachscope intake {}",
        out.display(),
        case.display()
    );
    Ok(ExitCode::SUCCESS)
}
