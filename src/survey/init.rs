//! A first case file from a folder of logs: what was detected becomes settings, what was not becomes
//! comments that say what to fill in.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use glob::Pattern;

use crate::case::zone_of;
use crate::error::{Error, Result};
use crate::survey::detect::{Detected, detect};

/// A case file, and what there is to say about it.
#[derive(Debug)]
pub struct Written {
    /// The case file.
    pub text: String,
    /// For people: the sources, and what is left to do.
    pub summary: String,
}

/// Logs that are read in one way.
struct Source<'d> {
    id: String,
    like: &'d Detected,
    paths: Vec<String>,
    logs: usize,
}

/// Proposes a case file in `folder` for the logs below `evidence`.
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
        "\n[case]\nid = {}\ntitle = \"\"\n# The IANA time zone in which reports show times.\nreport_zone = {}\n# Who collected the evidence, and when: for the custody manifest.\ncollected_by = \"\"\ncollected_at = \"1970-01-01T00:00:00Z\"\n",
        quoted(&name_of(evidence)),
        quoted(zone.unwrap_or("UTC"))
    );
    text.push_str(REST);
    let mut summary = String::new();
    for source in &sources {
        write_source(source, zone, &mut text, &mut summary);
    }
    let unread: Vec<&Detected> = found.iter().filter(|one| !readable(one)).collect();
    if !unread.is_empty() {
        text.push_str("\n# Of no source yet:\n");
    }
    for one in unread {
        let place = place(one);
        let _ = writeln!(text, "#   {}: {}", comment(&place), comment(&one.why));
        if !one.names.is_empty() {
            let _ = writeln!(text, "#     its fields: {}", comment(&one.names.join(", ")));
        }
        let _ = writeln!(summary, "{place}: not in the case file: {}", one.why);
    }
    let summary = summary
        .lines()
        .map(|line| crate::escape::plain(line) + "\n")
        .collect();
    Ok(Written { text, summary })
}

/// Writes the case file, over no other.
pub fn write(path: &Path, text: &str) -> Result<()> {
    let failed = |e: std::io::Error| Error::io("write the case file", path, e);
    match fs::File::create_new(path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Err(Error::user(
            "there is a case file already; it was left as it is",
        )
        .in_file(path)
        .hint("name another file with --out")),
        file => {
            std::io::Write::write_all(&mut file.map_err(failed)?, text.as_bytes()).map_err(failed)
        }
    }
}

const HEAD: &str = "\
# A case file, proposed from the logs. Check every setting; nothing here was decided for you.
# What each setting means: README, \"A case of your own\".
";

const REST: &str = "
# Times at which somebody became aware, each with its source.
#[[awareness]]
#time = \"2025-11-17T16:00:00+09:00\"
#source = \"\"

[policy]
# How far a token's issue time may lie from a hole's edges before absence means something again.
clock_tolerance_seconds = 5
# A pause in forged requests longer than this begins a new crawl run.
run_pause_hours = 24
# A pause longer than this begins a new phase.
phase_pause_days = 30
# The longest lifetime that the issuer gives a token; longer ones are then named.
#token_lifetime_seconds = 3600
# Verdict rules not to be applied; `breachscope rules` lists them.
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

# A log of logins at the service, a source of kind = \"login\" with `event_time`, `subject` and `source_ip`,
# lets the honest population speak for or against the issuance log.

# Lists beside the logs. Without one, what it would decide stays undecided, and the report says so.
[registry]
#keys = \"registry/keys.csv\"          # key_id,issuer,created_at,retired_at,custodian,custodian_left_at,stored_in
#accounts = \"registry/accounts.csv\"  # account,person,region,opened_at,closed_at
#pages = \"registry/pages.toml\"       # which request shows which fields
#networks = \"registry/networks.mmdb\"

# Ranges of a source known to be deleted.
#[[deleted]]
#source = \"\"
#from = \"2025-05-23T00:00:00+09:00\"
#to = \"2025-06-03T00:00:00+09:00\"
#reason = \"\"
";

fn readable(one: &Detected) -> bool {
    one.kind.is_some()
}

fn name_of(path: &Path) -> String {
    let real = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let name = real
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let id: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '-' {
                c
            } else {
                '-'
            }
        })
        .collect();
    let id = id.trim_matches('-').to_string();
    if id.is_empty() {
        "case".to_string()
    } else {
        id
    }
}

fn place(one: &Detected) -> String {
    match &one.member {
        Some(member) => format!("{}!{member}", one.path.display()),
        None => one.path.display().to_string(),
    }
}

/// Like logs of one folder, or one archive, are a source.
fn sources<'d>(found: &'d [Detected], folder: &Path) -> Result<Vec<Source<'d>>> {
    type Key = (
        PathBuf,
        &'static str,
        &'static str,
        Vec<(&'static str, String)>,
        bool,
    );
    let mut groups: BTreeMap<Key, Vec<&Detected>> = BTreeMap::new();
    for one in found.iter().filter(|one| readable(one)) {
        let within = if one.member.is_some() {
            one.path.clone()
        } else {
            one.path.parent().unwrap_or(Path::new("")).to_path_buf()
        };
        let key = (
            within,
            one.format.unwrap_or_default(),
            one.kind.unwrap_or_default(),
            one.fields.clone(),
            one.zone == "not said",
        );
        groups.entry(key).or_default().push(one);
    }
    // A log whose first lines show no field that is mapped by its name belongs to those like it that do.
    let plain: Vec<Key> = groups
        .keys()
        .filter(|key| key.3.is_empty())
        .cloned()
        .collect();
    for key in plain {
        let like = |other: &&Key| {
            let same = (&other.0, other.1, other.2, other.4) == (&key.0, key.1, key.2, key.4);
            same && !other.3.is_empty()
        };
        if let Some(other) = groups.keys().find(like).cloned()
            && let Some(logs) = groups.remove(&key)
        {
            groups.entry(other).or_default().extend(logs);
        }
    }
    let mut sources: Vec<Source<'d>> = Vec::new();
    for ((within, format, ..), logs) in groups {
        // A folder or archive of like logs is named as such; in a mixed one each log is.
        let beside: Vec<&Detected> = found
            .iter()
            .filter(|one| {
                if one.member.is_some() {
                    one.path == within
                } else {
                    one.path.parent() == Some(&within)
                }
            })
            .collect();
        let paths = if beside.len() == logs.len() && logs.len() > 1 {
            let whole = named(&within, folder)?;
            vec![if logs[0].member.is_some() {
                whole
            } else {
                format!("{whole}/*")
            }]
        } else {
            let mut paths = Vec::new();
            for one in &logs {
                let path = named(&one.path, folder)?;
                paths.push(match &one.member {
                    Some(member) => format!("{path}!{}", Pattern::escape(member)),
                    None => path,
                });
            }
            paths
        };
        let base = if beside.len() == logs.len() {
            name_of(&within)
        } else {
            format!("{}-{format}", name_of(&within))
        };
        let taken = |id: &str| sources.iter().any(|source| source.id == id);
        let numbered = (2..).map(|number| format!("{base}-{number}"));
        let id = std::iter::once(base.clone())
            .chain(numbered)
            .find(|id| !taken(id))
            .expect("some number is free");
        sources.push(Source {
            id,
            like: logs[0],
            paths,
            logs: logs.len(),
        });
    }
    Ok(sources)
}

/// A path as the case file names it: relative to the case folder where it lies in it.
fn named(path: &Path, folder: &Path) -> Result<String> {
    let real = |path: &Path| {
        path.canonicalize()
            .map_err(|e| Error::io("find the path", path, e))
    };
    let (path, folder) = (real(path)?, real(folder)?);
    let shown = path.strip_prefix(&folder).unwrap_or(&path);
    let text = shown.to_str().ok_or_else(|| {
        Error::user("the path is no text, which a case file cannot name")
            .in_file(&path)
            .hint("rename the folder of the case, or copy the logs to another")
    })?;
    Ok(if text.is_empty() {
        ".".into()
    } else {
        Pattern::escape(text)
    })
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_string()).to_string()
}

fn count(logs: usize) -> String {
    if logs == 1 {
        "1 log".into()
    } else {
        format!("{logs} logs")
    }
}

/// Text that stays on its line of a comment.
fn comment(text: &str) -> String {
    crate::escape::plain(text)
}

fn write_source(source: &Source<'_>, zone: Option<&str>, text: &mut String, summary: &mut String) {
    let like = source.like;
    let kind = like.kind.unwrap_or_default();
    let _ = write!(
        text,
        "\n# {}, as this: {}.\n[[source]]\nid = {}\nkind = \"{kind}\"\n",
        count(source.logs),
        comment(&like.why),
        quoted(&source.id)
    );
    if kind == "edge" {
        text.push_str("# If this tier checks the tokens, say kind = \"gateway\" and name its token_id, token_issuer and\n# token_subject in [source.fields].\n");
    }
    let paths: Vec<String> = source.paths.iter().map(|path| quoted(path)).collect();
    let _ = writeln!(text, "paths = [{}]", paths.join(", "));
    let _ = writeln!(text, "format = {}", quoted(like.format.unwrap_or_default()));
    if let Some(time) = &like.time {
        let _ = writeln!(text, "time = {}", quoted(time));
    }
    let needs_zone = like.zone == "not said";
    match (needs_zone, zone) {
        (true, Some(zone)) => {
            let _ = writeln!(
                text,
                "# Its times carry no zone: this is the one you named.\nzone = {}",
                quoted(zone)
            );
        }
        (true, None) => text.push_str(
            "# Its times carry no zone: say which its clock showed.\n#zone = \"Asia/Seoul\"\n",
        ),
        (false, _) => {}
    }
    text.push_str(
        "# Seconds to add to its times to get the true ones.\nclock_correction_seconds = 0\n",
    );
    if matches!(like.format, Some("envoy" | "envoy_json")) {
        text.push_str("# How many of your own proxies stand before it: where X-Forwarded-For has several addresses the\n# client's is so many places from the right.\nforwarded_hops = 0\n");
    }
    if kind == "issuance" && like.fields.is_empty() {
        text.push_str("# The `iss` claim of its tokens, if it is not what the log calls the issuer.\n#constants = { issuer = \"https://login.example\" }\n");
    }
    if !like.fields.is_empty() {
        text.push_str("# Guessed by the fields' names: check each.\n[source.fields]\n");
        for (column, field) in &like.fields {
            let _ = writeln!(text, "{column} = {}", quoted(field));
        }
    }
    let _ = writeln!(
        text,
        "# It cannot fill: {}.",
        comment(&like.lacks.join(", "))
    );
    let todo = if needs_zone && zone.is_none() {
        "; needs a zone: edit it, or run again with --zone"
    } else {
        ""
    };
    let _ = writeln!(
        summary,
        "{}: {}, {} ({kind}){todo}",
        source.id,
        count(source.logs),
        like.title
    );
}
