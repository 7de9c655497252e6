//! Guesses from a log's own field names which column each field fills.
//!
//! A guess is a proposal for a case file; evidence is never read by it.

use crate::case::{SourceKind, TimeFormat};

/// Columns and parts of columns, each with the names that logs use for it, the likeliest first.
///
/// Names are compared as [`folded`] leaves them. A name may also match the end of a dotted path.
const NAMES: &[(&str, &[&str])] = &[
    (
        "event_time",
        &[
            "timestamp",
            "ts",
            "eventtime",
            "time",
            "datetime",
            "timeiso8601",
            "timelocal",
            "date",
            "startedat",
            "starttime",
            "msec",
            "when",
            "t",
        ],
    ),
    (
        "request_id",
        &["requestid", "rid", "xrequestid", "reqid", "traceid"],
    ),
    (
        "source_ip",
        &[
            "sourceip",
            "clientip",
            "client",
            "remoteaddr",
            "remoteip",
            "srcip",
            "src",
            "cip",
            "ipaddress",
            "ip",
            "client.ip",
            "source.ip",
        ],
    ),
    ("method", &["method", "requestmethod", "httpmethod", "verb"]),
    (
        "path",
        &[
            "path",
            "uri",
            "requesturi",
            "url",
            "target",
            "url.path",
            "url.original",
        ],
    ),
    ("request_line", &["request", "requestline"]),
    (
        "status",
        &[
            "status",
            "statuscode",
            "httpstatus",
            "code",
            "responsestatus",
            "responsecode",
        ],
    ),
    (
        "body_bytes",
        &[
            "bodybytessent",
            "bodybytes",
            "bytes",
            "bytessent",
            "responsesize",
            "size",
            "body.bytes",
        ],
    ),
    (
        "user_agent",
        &[
            "useragent",
            "httpuseragent",
            "ua",
            "agent",
            "useragent.original",
        ],
    ),
    ("token_id", &["jti", "tokenid"]),
    ("token_issuer", &["iss", "issuer", "tokenissuer"]),
    ("key_id", &["kid", "keyid"]),
    ("token_subject", &["sub", "subject", "tokensubject"]),
    ("token_issued_at", &["iat", "issuedat"]),
    ("token_expires_at", &["exp", "expiresat"]),
    ("issuer", &["iss", "issuer"]),
    ("subject", &["sub", "subject", "userid"]),
    ("event", &["event", "eventtype", "type", "action"]),
    ("expires_at", &["exp", "expiresat"]),
    ("sequence", &["seq", "sequence", "recordno"]),
    ("session_id", &["sessionid", "sid"]),
    (
        "account",
        &[
            "account",
            "accountid",
            "member",
            "memberid",
            "customer",
            "userid",
        ],
    ),
    ("item_count", &["items", "itemcount", "rows", "count"]),
];

/// A name in small letters, without `_`, `-`, `@` and blanks.
fn folded(name: &str) -> String {
    name.chars()
        .filter(|c| !matches!(c, '_' | '-' | '@' | ' '))
        .collect::<String>()
        .to_lowercase()
}

/// The columns that a log of `kind` with these fields probably fills, each with its field.
///
/// Each field fills one column at most.
pub(crate) fn mapping(kind: SourceKind, fields: &[String]) -> Vec<(&'static str, String)> {
    let frame = kind.frame();
    let folded: Vec<String> = fields.iter().map(|field| folded(field)).collect();
    let mut found: Vec<(&'static str, String)> = Vec::new();
    for (column, names) in NAMES {
        let takes = crate::intake::blocks::fields::slot(frame, column).is_some()
            && !kind.derived().contains(column);
        if !takes {
            continue;
        }
        let whole = |name: &&str| folded.iter().position(|field| field == *name);
        let end = |name: &&str| {
            folded
                .iter()
                .position(|field| field.ends_with(&format!(".{name}")))
        };
        let index = names
            .iter()
            .find_map(whole)
            .or_else(|| names.iter().find_map(end));
        if let Some(index) =
            index.filter(|index| !found.iter().any(|(_, taken)| *taken == fields[*index]))
        {
            found.push((column, fields[index].clone()));
        }
    }
    // A request line is needed only where method and path do not stand alone.
    if ["method", "path"]
        .iter()
        .all(|name| found.iter().any(|(column, _)| column == name))
    {
        found.retain(|(column, _)| *column != "request_line");
    }
    found
}

/// The name of a way to write times, as in a case file: the variant's name in snake case.
pub(crate) fn time_name(time: TimeFormat) -> String {
    let debug = format!("{time:?}");
    let mut name = String::new();
    for (index, c) in debug.chars().enumerate() {
        if c.is_ascii_uppercase() && index > 0 {
            name.push('_');
        }
        name.push(c.to_ascii_lowercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guessed(kind: SourceKind, fields: &[&str]) -> Vec<(&'static str, String)> {
        mapping(
            kind,
            &fields.iter().map(ToString::to_string).collect::<Vec<_>>(),
        )
    }

    #[test]
    fn usual_names_are_known() {
        let found = guessed(
            SourceKind::Gateway,
            &[
                "@timestamp",
                "remote_addr",
                "request",
                "status",
                "pass.jti",
                "pass.sub",
            ],
        );
        for (column, field) in [
            ("event_time", "@timestamp"),
            ("source_ip", "remote_addr"),
            ("request_line", "request"),
            ("token_id", "pass.jti"),
            ("token_subject", "pass.sub"),
        ] {
            assert!(
                found.contains(&(column, field.to_string())),
                "{column}: {found:?}"
            );
        }
        let found = guessed(SourceKind::Edge, &["method", "path", "request", "weather"]);
        assert_eq!(found.len(), 2, "{found:?}");
    }

    #[test]
    fn ways_to_write_times_are_named_as_in_the_case_file() {
        assert_eq!(
            time_name(TimeFormat::EpochMilliseconds),
            "epoch_milliseconds"
        );
        assert_eq!(time_name(TimeFormat::Rfc3339), "rfc3339");
    }
}
