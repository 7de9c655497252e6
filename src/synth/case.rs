//! The replica's case file: the sources as data, and the text of `case.toml`.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::changes;
use super::clocks::korean;
use super::keys::{ISSUER, SERVICE_ISSUER};
use super::world::{APP_HOLE, EARLY_HOLE, Span, World};
use crate::error::{Error, Result};

/// A source of the case.
struct Source {
    /// A comment of the case file.
    comment: Option<&'static str>,
    id: &'static str,
    kind: &'static str,
    /// How its files' names end.
    extension: &'static str,
    format: &'static str,
    /// How it writes times, if its format does not say so.
    time: Option<&'static str>,
    clock_correction_seconds: i64,
    /// Which field of a line fills which column.
    fields: &'static [(&'static str, &'static str)],
}

/// The first gateway node.
const GATEWAY_A: Source = Source {
    comment: None,
    id: "gateway-a",
    kind: "gateway",
    extension: "jsonl",
    format: "jsonl",
    time: Some("rfc3339"),
    clock_correction_seconds: 0,
    fields: &[
        ("event_time", "ts"),
        ("request_id", "rid"),
        ("source_ip", "client"),
        ("method", "method"),
        ("path", "path"),
        ("status", "status"),
        ("body_bytes", "bytes"),
        ("user_agent", "ua"),
        ("token_id", "pass.jti"),
        ("token_issuer", "pass.iss"),
        ("key_id", "pass.kid"),
        ("token_subject", "pass.sub"),
        ("token_issued_at", "pass.iat"),
        ("token_expires_at", "pass.exp"),
    ],
};

/// The sources that every replica has.
const SOURCES: [Source; 5] = [
    GATEWAY_A,
    Source {
        comment: Some("The clock of this node is 90 seconds ahead."),
        id: "gateway-b",
        clock_correction_seconds: -90,
        ..GATEWAY_A
    },
    Source {
        comment: None,
        id: "edge",
        kind: "edge",
        extension: "log",
        format: "combined",
        time: None,
        clock_correction_seconds: 0,
        fields: &[("request_id", "rid")],
    },
    Source {
        comment: None,
        id: "application",
        kind: "application",
        extension: "jsonl",
        format: "jsonl",
        time: Some("epoch_milliseconds"),
        clock_correction_seconds: 0,
        fields: &[
            ("event_time", "t"),
            ("request_id", "rid"),
            ("account", "member"),
            ("path", "page"),
            ("item_count", "items"),
        ],
    },
    Source {
        comment: None,
        id: "issuance",
        kind: "issuance",
        extension: "jsonl",
        format: "jsonl",
        time: Some("rfc3339"),
        clock_correction_seconds: 0,
        fields: &[
            ("event_time", "time"),
            ("issuer", "iss"),
            ("key_id", "kid"),
            ("token_id", "jti"),
            ("subject", "sub"),
            ("event", "event"),
            ("expires_at", "exp"),
        ],
    },
];

/// A further field of the issuance log, where its records have sequence numbers.
const SEQUENCE: (&str, &str) = ("sequence", "seq");

/// The application's own login log.
const LOGINS: Source = Source {
    comment: None,
    id: "logins",
    kind: "login",
    extension: "jsonl",
    format: "jsonl",
    time: Some("rfc3339"),
    clock_correction_seconds: 0,
    fields: &[
        ("event_time", "at"),
        ("subject", "member"),
        ("source_ip", "client"),
        ("event", "event"),
    ],
};

/// Writes the case file of the case `id` to `path`.
pub(super) fn write(world: &World, path: &Path, id: &str) -> Result<()> {
    fs::write(path, text(world, id)).map_err(|e| Error::io("write the file", path, e))
}

fn text(world: &World, id: &str) -> String {
    let mut text = head(id);
    for source in &SOURCES {
        text.push_str(&table(source));
        if source.kind == "issuance" && changes::numbered(world) {
            text.push_str(&field(SEQUENCE));
        }
    }
    if changes::logs_logins(world) {
        text.push_str(&table(&LOGINS));
    }
    let reason = "web access logs deleted after the order to preserve them";
    text.push_str(&deleted("gateway-a", EARLY_HOLE, reason));
    text.push_str(&deleted(
        "application",
        APP_HOLE,
        "application logs deleted",
    ));
    text
}

/// All of the case file that comes before the sources.
fn head(id: &str) -> String {
    format!(
        r#"# A replica of the reference incident, with invented customers and documentation addresses.

[case]
id = "{id}"
title = "Forged access passes at an online shop (synthetic replica)"
report_zone = "Asia/Seoul"
collected_by = "Example Response Team"
collected_at = "2025-11-20T10:00:00+09:00"

# Awareness is a list of times, each with its source.
[[awareness]]
time = "2025-11-17T16:00:00+09:00"
source = "joint investigation"

[[awareness]]
time = "2025-11-18T22:52:00+09:00"
source = "the company's own report"

[policy]
# How far a token's issue time may lie from a hole's edges before absence means something again.
clock_tolerance_seconds = 5
# A pause in forged requests longer than this begins a new crawl run.
run_pause_hours = 24
# A pause longer than this begins a new phase.
phase_pause_days = 30

[[issuer]]
id = "{ISSUER}"
subjects = "accounts"

# Internal services; nobody logs what is issued to them.
[[issuer]]
id = "{SERVICE_ISSUER}"
subjects = "services"

[registry]
keys = "registry/keys.csv"
accounts = "registry/accounts.csv"
pages = "registry/pages.toml"
networks = "registry/networks.mmdb"
"#
    )
}

/// The table of a source; its fields are last, so that further ones may follow.
fn table(source: &Source) -> String {
    let mut text = String::from("\n");
    if let Some(comment) = source.comment {
        text.push_str(&format!("# {comment}\n"));
    }
    let (id, extension) = (source.id, source.extension);
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        "[[source]]\nid = \"{id}\"\nkind = \"{}\"\npaths = [\"evidence/{id}/*.{extension}.gz\"]\nformat = \"{}\"\n",
        source.kind, source.format
    );
    if let Some(time) = source.time {
        let _ = writeln!(text, "time = \"{time}\"");
    }
    let correction = source.clock_correction_seconds;
    let _ = writeln!(
        text,
        "clock_correction_seconds = {correction}\n[source.fields]"
    );
    text.extend(source.fields.iter().copied().map(field));
    text
}

fn field((column, name): (&str, &str)) -> String {
    format!("{column} = \"{name}\"\n")
}

/// The table of a deleted range.
fn deleted(source: &str, (from, to): Span, reason: &str) -> String {
    format!(
        "\n[[deleted]]\nsource = \"{source}\"\nfrom = \"{}\"\nto = \"{}\"\nreason = \"{reason}\"\n",
        korean(from),
        korean(to)
    )
}
