//! The logs that Kong Gateway's plugins file-log and http-log write, as JSON lines.
//!
//! <https://developer.konghq.com/plugins/file-log/>, Kong 3. Rows of requests get their time, address, method,
//! path, status, bytes, user agent and request id.
//!
//! Long lines that several workers write to standard output can interleave. Such lines are no JSON, so they
//! become rejects.
//!
//! Rejects: those of [`super::json`].

use super::{Framing, LogFormat, REQUESTS, Takes, has_keys, json};
use crate::case::TimeFormat;

pub(super) static FORMAT: LogFormat = LogFormat {
    name: "kong",
    title: "Kong file-log",
    documentation: "https://developer.konghq.com/plugins/file-log/",
    about: super::About {
        products: "Kong Gateway, `file-log` and `http-log`.",
        detected_by: "JSON objects with the keys `started_at` and `client_ip`.",
        note: "Long lines on standard output can interleave; they are no JSON then, and rejects. `response.size` counts the headers too: where this log is the gateway's, let a page's `empty_below_bytes` allow for them.",
        variables: &[],
        example: r#"{"started_at":1745125200123,"client_ip":"203.0.113.5","request":{"id":"5922c3a6","method":"GET","uri":"/cart","headers":{"user-agent":"Mozilla/5.0"}},"response":{"status":200,"size":5320}}"#,
        settings: "",
    },
    kinds: REQUESTS,
    framing: Framing::Objects,
    fields: &[
        ("event_time", "started_at"),
        ("source_ip", "client_ip"),
        ("method", "request.method"),
        ("path", "request.uri"),
        ("status", "response.status"),
        ("body_bytes", "response.size"),
        ("user_agent", "request.headers.user-agent"),
        ("request_id", "request.id"),
        ("request_id", "request.headers.x-kong-request-id"),
        ("request_id", "response.headers.x-kong-request-id"),
    ],
    constants: &[],
    time: Some(TimeFormat::EpochMilliseconds),
    log_format: Takes::No,
    needs: &[],
    mark: |line| has_keys(line, &["started_at", "client_ip"]),
    parser: json::plain,
};

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_reads, assert_refuses};
    use super::*;

    #[test]
    fn reads_a_good_event_and_refuses_a_bad_one() {
        let line = r#"{"started_at":1744556400001,"client_ip":"192.0.2.7","request":{"method":"GET","uri":"/a","headers":{"user-agent":"x"}},"response":{"status":200,"size":"9"},"latencies":{"kong":1}}"#;
        let row = [
            ("event_time", "1744556400001"),
            ("source_ip", "192.0.2.7"),
            ("method", "GET"),
            ("path", "/a"),
            ("status", "200"),
        ];
        assert_reads(&FORMAT, line, &row);
        let bad = r#"{"started_at":1744556400001,"client_{"started_at":1}"#;
        assert_refuses(&FORMAT, bad, "json_syntax");
    }
}
