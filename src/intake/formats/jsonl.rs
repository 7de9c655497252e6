//! JSON lines of any shape; the case file maps columns to dotted paths.
//!
//! <https://www.rfc-editor.org/rfc/rfc8259>. A file may also be one array of objects.
//!
//! Rejects: those of [`super::json`].

use super::{ANY, Framing, LogFormat, Takes, json, never};

pub(super) static FORMAT: LogFormat = LogFormat {
    name: "jsonl",
    title: "JSON lines, mapped by the case file",
    documentation: "https://www.rfc-editor.org/rfc/rfc8259",
    about: super::About {
        products: "Any JSON objects, one a line or in one array, mapped by the case file.",
        detected_by: "It has no mark of its own: `detect` proposes it for JSON that no other format reads, and maps fields by their names.",
        note: "A dot in a field's name leads into an object: `pass.jti` is `jti` in `pass`.",
        variables: &[],
        example: r#"{"ts":"2025-04-14T00:00:00+09:00","client":{"ip":"203.0.113.5"},"method":"GET","path":"/cart","status":200,"rid":"3cf1bc308b86"}"#,
        settings: r#"time = "rfc3339"
[source.fields]
event_time = "ts"
source_ip = "client.ip"
method = "method"
path = "path"
status = "status"
request_id = "rid""#,
    },
    kinds: ANY,
    framing: Framing::Objects,
    fields: &[],
    constants: &[],
    time: None,
    log_format: Takes::No,
    needs: &[],
    mark: never,
    parser: json::plain,
};
