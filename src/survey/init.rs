//! Writes a first case file for a folder of logs.
//!
//! What was detected becomes settings. What was not becomes comments that say what to fill in.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use super::detect::detect;
use super::detected::Detected;
use super::sources::{Source, id_of, sources};
use crate::case::zone_of;
use crate::error::{Error, Result};
use crate::escape::plain;

/// A case file, and what there is to say about it.
#[derive(Debug)]
pub struct Written {
    /// The case file.
    pub text: String,
    /// For people: one line for each source, and for each log that is not in the case file.
    pub summary: String,
}

/// Proposes a case file in `folder` for the logs below `evidence`.
///
/// `zone` is the IANA name of the zone of times that carry none, and of the report. Fails if there is no
/// such zone, or no file in the folder.
pub fn run(evidence: &Path, folder: &Path, zone: Option<&str>) -> Result<Written> {
    if let Some(zone) = zone {
        zone_of(zone, Error::user)?;
    }
    let found = detect(&[evidence.to_path_buf()])?;
    if found.is_empty() {
        return Err(Error::user("there is no file in this folder").in_file(evidence));
    }
    let sources = sources(&found, folder)?;
    let mut text = String::from(HEAD);
    let _ = write!(
        text,
        "\n[case]\nid = {}\ntitle = \"\"\n\
         # The IANA time zone in which reports show times.\nreport_zone = {}\n\
         # Who collected the evidence, and when: for the custody manifest.\n\
         collected_by = \"\"\ncollected_at = \"1970-01-01T00:00:00Z\"\n",
        quoted(&id_of(evidence)),
        quoted(zone.unwrap_or("UTC"))
    );
    text.push_str(REST);
    let mut summary = String::new();
    for source in &sources {
        write_source(source, zone, &mut text);
        summarize(source, zone, &mut summary);
    }
    write_unread(&found, &mut text, &mut summary);
    let summary = summary.lines().map(|line| plain(line) + "\n").collect();
    Ok(Written { text, summary })
}

/// Writes the case file; a file that is there already is never overwritten.
pub fn write(path: &Path, text: &str) -> Result<()> {
    let failed = |e: std::io::Error| Error::io("write the case file", path, e);
    match fs::File::create_new(path) {
        Ok(mut file) => file.write_all(text.as_bytes()).map_err(failed),
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => Err(Error::user(
            "there is a case file already; it was left as it is",
        )
        .in_file(path)
        .hint("name another file with --out")),
        Err(e) => Err(failed(e)),
    }
}

/// How every case file begins.
const HEAD: &str = "\
# A case file, proposed from the logs. Check every setting; nothing here was decided for you.
# What each setting means: `breachscope help case`.
";

/// What every case file says after the section `[case]` and before its sources.
const REST: &str = "
# Times at which somebody became aware, each with its source.
#[[awareness]]
#time = \"2025-11-17T16:00:00+09:00\"
#source = \"\"

[policy]
# How far the clocks of two logs may differ, in seconds: times this close count as the same.
clock_tolerance_seconds = 5
# A longer pause in forged requests begins a new crawl run.
run_pause_hours = 24
# A longer pause in forged requests begins a new phase.
phase_pause_days = 30
# The longest lifetime that the issuer gives a token, in seconds. If it is set, longer ones are reported.
#token_lifetime_seconds = 3600
# Verdict rules that are not to be applied; `breachscope rules` lists all.
#switched_off = []

# Who issues tokens: the `iss` claim, and whether its subjects are accounts or services.
#[[issuer]]
#id = \"https://login.example\"
#subjects = \"accounts\"

# Keys that signatures are checked with, where a log holds whole tokens: `jwks`, `pem` or `secret`.
#[[signing_key]]
#file = \"registry/jwks.json\"
#kind = \"jwks\"
#issuer = \"https://login.example\"

# A log of logins at the service is a source of kind = \"login\" with `event_time`, `subject` and
# `source_ip`. It shows whether the issuance log lacks tokens of customers who did log in.

# Lists that the analysis needs beside the logs. What a missing list would decide stays undecided, and
# the report says so.
[registry]
#keys = \"registry/keys.csv\"          # key_id,issuer,created_at,retired_at,custodian,custodian_left_at,stored_in
#accounts = \"registry/accounts.csv\"  # account,person,region,opened_at,closed_at
#pages = \"registry/pages.toml\"       # which request shows which fields
#networks = \"registry/networks.mmdb\"

# Ranges of a source that are known to be deleted.
#[[deleted]]
#source = \"\"
#from = \"2025-05-23T00:00:00+09:00\"
#to = \"2025-06-03T00:00:00+09:00\"
#reason = \"\"
";

/// A text as a TOML string.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_string()).to_string()
}

/// A number of logs, in words.
fn count(logs: usize) -> String {
    if logs == 1 {
        "1 log".into()
    } else {
        format!("{logs} logs")
    }
}

/// Writes the section of a source. Comments show text from logs without its line breaks.
fn write_source(source: &Source<'_>, zone: Option<&str>, text: &mut String) {
    let like = source.like;
    let kind = like.kind.unwrap_or_default();
    let _ = write!(
        text,
        "\n# {}. Why this format: {}.\n[[source]]\nid = {}\nkind = \"{kind}\"\n",
        count(source.logs),
        plain(&like.why),
        quoted(&source.id)
    );
    if kind == "edge" {
        text.push_str(
            "# If this tier checks the tokens, write kind = \"gateway\" and name its token_id, token_issuer\n\
             # and token_subject in [source.fields].\n",
        );
    }
    let paths: Vec<String> = source.paths.iter().map(|path| quoted(path)).collect();
    let _ = writeln!(text, "paths = [{}]", paths.join(", "));
    let _ = writeln!(text, "format = {}", quoted(like.format.unwrap_or_default()));
    if let Some(time) = &like.time {
        let _ = writeln!(text, "time = {}", quoted(time));
    }
    write_clock(like, zone, text);
    if matches!(like.format, Some("envoy" | "envoy_json")) {
        text.push_str(
            "# How many of your own proxies stand before it: where X-Forwarded-For has several addresses,\n\
             # the client's is so many places from the right.\nforwarded_hops = 0\n",
        );
    }
    if kind == "gateway" {
        write_unnamed(like, text);
    }
    if kind == "issuance" && like.fields.is_empty() {
        text.push_str(
            "# The `iss` claim of its tokens, if it is not what the log calls the issuer.\n\
             #constants = { issuer = \"https://login.example\" }\n",
        );
    }
    if !like.fields.is_empty() {
        text.push_str("# Guessed from the names of the fields: check each.\n[source.fields]\n");
        for (column, field) in &like.fields {
            let _ = writeln!(text, "{column} = {}", quoted(field));
        }
    }
    let _ = writeln!(text, "# It cannot fill: {}.", plain(&like.lacks.join(", ")));
}

/// Writes what a gateway's source must say of its tokens, where no field of the log says it.
fn write_unnamed(like: &Detected, text: &mut String) {
    let lacks = |column: &&str| like.lacks.contains(column);
    if lacks(&"token_subject") {
        text.push_str(
            "# Name the field that says whose the token is, below: token_subject = \"...\". Without it the source\n\
             # cannot be read.\n",
        );
    }
    if lacks(&"token_issuer") {
        text.push_str(
            "# No field names the issuer of its tokens, and without it the source cannot be read: write their `iss`.\n\
             #constants = { token_issuer = \"https://login.example\" }\n",
        );
    }
}

/// Writes how the clock of a source is read.
fn write_clock(like: &Detected, zone: Option<&str>, text: &mut String) {
    match zone {
        _ if !like.needs_zone() => {}
        Some(zone) => {
            text.push_str("# Its times carry no zone: this is the one that you named.\n");
            let _ = writeln!(text, "zone = {}", quoted(zone));
        }
        None => text.push_str(
            "# Its times carry no zone: name the one that its clock showed.\n#zone = \"Asia/Seoul\"\n",
        ),
    }
    text.push_str(
        "# Seconds to add to its times to get the true ones.\nclock_correction_seconds = 0\n",
    );
}

/// Writes the line of a source in the summary.
fn summarize(source: &Source<'_>, zone: Option<&str>, summary: &mut String) {
    let like = source.like;
    let todo = if like.needs_zone() && zone.is_none() {
        "; needs a zone: add it to the case file, or run again with --zone"
    } else {
        ""
    };
    let _ = writeln!(
        summary,
        "{}: {}, {} ({}){todo}",
        source.id,
        count(source.logs),
        like.title,
        like.kind.unwrap_or_default()
    );
}

/// Writes which logs are in no source, and why, as comments and in the summary.
fn write_unread(found: &[Detected], text: &mut String, summary: &mut String) {
    let unread: Vec<&Detected> = found.iter().filter(|one| one.kind.is_none()).collect();
    if !unread.is_empty() {
        text.push_str("\n# Logs that no source reads yet:\n");
    }
    for one in unread {
        let place = one.place();
        let _ = writeln!(text, "#   {}: {}", plain(&place), plain(&one.why));
        if !one.names.is_empty() {
            let names = plain(&one.names.join(", "));
            let _ = writeln!(text, "#     its fields: {names}");
        }
        let _ = writeln!(summary, "{place}: not in the case file: {}", one.why);
    }
}
