//! Parquet of any flat schema; the case file maps columns.
//!
//! <https://parquet.apache.org/docs/file-format/>. Each row becomes a JSON object of its columns, and a reject
//! keeps that object. Times become RFC 3339, without an offset if the column has no zone.
//!
//! Rejects: those of [`super::json`].

use super::{ANY, Framing, LogFormat, Takes, json, never};

pub(super) static FORMAT: LogFormat = LogFormat {
    name: "parquet",
    title: "Parquet, mapped by the case file",
    documentation: "https://parquet.apache.org/docs/file-format/",
    about: super::About {
        products: "Parquet files of any columns, mapped by the case file.",
        detected_by: "Files that begin with `PAR1`; `detect` maps columns by their names.",
        note: "Each row is read as a JSON object of its columns, as the example shows it; a reject keeps that object. A dot in a field's name leads into a struct. Times without a zone need the source's `zone`.",
        variables: &[],
        example: r#"{"ts":"2025-04-14T00:00:00Z","client":"203.0.113.5","method":"GET","path":"/cart","status":200,"rid":"3cf1bc308b86"}"#,
        settings: r#"time = "rfc3339"
[source.fields]
event_time = "ts"
source_ip = "client"
method = "method"
path = "path"
status = "status"
request_id = "rid""#,
    },
    kinds: ANY,
    framing: Framing::Parquet,
    fields: &[],
    constants: &[],
    time: None,
    log_format: Takes::No,
    needs: &[],
    mark: never,
    parser: json::plain,
};
