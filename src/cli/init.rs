//! `breachscope init`: writes a first case file for a folder of logs.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use breachscope::error::Error;
use breachscope::survey::init;

/// Writes a commented case.toml for a folder of logs, ready to edit.
///
/// Like logs of a folder become one source of the case. Comments in the file say what was only guessed,
/// and what the analysis needs beside the logs. Edit the file, then run `breachscope intake`.
///
/// The evidence folder is only read. Logs outside the case folder are named by their full paths. A file
/// that is there already is never overwritten.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  Write case.toml into this folder, for logs whose times are in Korean time:
    breachscope init /mnt/disk/logs --zone Asia/Seoul
  Write it into a case folder of its own, then load the logs:
    mkdir breach-7
    breachscope init /mnt/disk/logs --out breach-7/case.toml
    breachscope intake breach-7 --out results")]
pub(crate) struct Arguments {
    /// The folder with the logs, which may be in folders below it.
    evidence: PathBuf,
    /// The file to write; its folder becomes the case folder.
    #[arg(long, value_name = "FILE", default_value = "case.toml")]
    out: PathBuf,
    /// IANA name of the time zone of times that carry none, and of the report.
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
        "written to {}; edit it, then run: breachscope intake {}",
        out.display(),
        case.display()
    );
    Ok(ExitCode::SUCCESS)
}
