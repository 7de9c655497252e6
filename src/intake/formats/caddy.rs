//! Caddy's access log, as JSON lines.
//!
//! <https://caddyserver.com/docs/caddyfile/directives/log>, Caddy 2. Rows of requests get their time, address,
//! method, path, status, bytes, user agent and request id.
//!
//! `client_ip` is the address behind Caddy's own trusted proxies. Older versions have only `remote_ip`, and
//! the oldest `remote_addr` with a port.
//!
//! Rejects: those of [`super::json`].

use super::{Framing, LogFormat, REQUESTS, Takes, has_keys, json};
use crate::case::TimeFormat;

pub(super) static FORMAT: LogFormat = LogFormat {
    name: "caddy",
    title: "Caddy access log",
    documentation: "https://caddyserver.com/docs/caddyfile/directives/log",
    about: super::About {
        products: "Caddy access logs, as JSON objects.",
        detected_by: "JSON objects with the keys `ts`, `request`, `uri` and `status`, and one that begins with `remote_`.",
        note: "`client_ip` is the address behind Caddy's own trusted proxies; older versions have `remote_ip` alone.",
        variables: &[],
        example: r#"{"level":"info","ts":1757405226.524102,"request":{"remote_ip":"203.0.113.5","client_ip":"203.0.113.5","method":"GET","uri":"/cart","headers":{"User-Agent":["Mozilla/5.0"],"X-Request-Id":["7b8d4d73"]}},"size":5120,"status":200}"#,
        settings: "",
    },
    kinds: REQUESTS,
    framing: Framing::Objects,
    fields: &[
        ("event_time", "ts"),
        ("source_ip", "request.client_ip"),
        ("source_ip", "request.remote_ip"),
        ("client_endpoint", "request.remote_addr"),
        ("method", "request.method"),
        ("path", "request.uri"),
        ("status", "status"),
        ("body_bytes", "size"),
        ("user_agent", "request.headers.User-Agent.0"),
        ("request_id", "request.headers.X-Request-Id.0"),
    ],
    constants: &[],
    time: Some(TimeFormat::Epoch),
    log_format: Takes::No,
    needs: &[],
    mark: |line| has_keys(line, &["ts", "request", "uri", "status"]) && line.contains("\"remote_"),
    parser: json::plain,
};

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_reads, assert_refuses};
    use super::*;

    #[test]
    fn reads_a_good_event_and_refuses_a_bad_one() {
        let line = r#"{"level":"info","ts":1744556400.1234567,"request":{"remote_ip":"192.0.2.7","method":"GET","uri":"/a","headers":{"User-Agent":["x"]}},"status":200,"size":3}"#;
        let row = [
            ("event_time", "1744556400.1234567"),
            ("source_ip", "192.0.2.7"),
            ("method", "GET"),
            ("path", "/a"),
            ("status", "200"),
        ];
        assert_reads(&FORMAT, line, &row);
        let bad = r#"{"ts":1,"ts":2}"#;
        assert_refuses(&FORMAT, bad, "duplicate_field");
    }
}
