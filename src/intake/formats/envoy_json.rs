//! The access log of Envoy as JSON lines, with the default names of Istio or of Envoy Gateway.
//!
//! <https://istio.io/latest/docs/tasks/observability/logs/access-log/>,
//! <https://gateway.envoyproxy.io/docs/tasks/observability/proxy-accesslog/>. Rows of requests get their time,
//! address, method, path, status, bytes, user agent and request id.
//!
//! The client is the address in `x_forwarded_for`, or the downstream address if there is none. If the list
//! has several addresses, the case file must say with `forwarded_hops` how many proxies of one's own added
//! one.
//!
//! Rejects: those of [`super::json`], and `forwarded_for_list` for a list of several addresses without
//! `forwarded_hops`.

use super::{Framing, LogFormat, REQUESTS, Takes, has_keys, json};
use crate::case::TimeFormat;

pub(super) static FORMAT: LogFormat = LogFormat {
    name: "envoy_json",
    title: "Envoy, Istio or Envoy Gateway access log, JSON",
    documentation: "https://istio.io/latest/docs/tasks/observability/logs/access-log/",
    about: super::About {
        products: "Envoy, Istio and Envoy Gateway access logs, as JSON objects with the default names.",
        detected_by: "JSON objects with the keys `start_time` and `response_code`.",
        note: "Where `X-Forwarded-For` has several addresses, say with `forwarded_hops` how many of your own proxies stand before this log.",
        variables: &[],
        example: r#"{"start_time":"2025-05-03T23:59:58.500Z","method":"GET","path":"/cart","response_code":200,"bytes_sent":5120,"x_forwarded_for":"203.0.113.5","user_agent":"Mozilla/5.0","request_id":"630244f5","downstream_remote_address":"203.0.113.5:40412"}"#,
        settings: "forwarded_hops = 0",
    },
    kinds: REQUESTS,
    framing: Framing::Objects,
    fields: &[
        ("event_time", "start_time"),
        ("client_endpoint", "downstream_remote_address"),
        ("forwarded_for", "x_forwarded_for"),
        ("forwarded_for", "x-forwarded-for"),
        ("method", "method"),
        ("path", "path"),
        ("path", "x-envoy-origin-path"),
        ("path", "x-envoy-original-path"),
        ("path", ":path"),
        ("status", "response_code"),
        ("body_bytes", "bytes_sent"),
        ("user_agent", "user_agent"),
        ("user_agent", "user-agent"),
        ("request_id", "request_id"),
        ("request_id", "x-request-id"),
    ],
    constants: &[],
    time: Some(TimeFormat::Rfc3339),
    log_format: Takes::No,
    needs: &[],
    mark: |line| has_keys(line, &["start_time", "response_code"]),
    parser: json::plain,
};

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_reads, assert_refuses};
    use super::*;

    #[test]
    fn reads_a_good_event_and_refuses_a_bad_one() {
        let line = r#"{"start_time":"2025-04-14T00:00:00.5Z","downstream_remote_address":"192.0.2.7:5124","x_forwarded_for":null,"method":"GET","path":"/a","response_code":200}"#;
        let row = [
            ("event_time", "2025-04-14T00:00:00.5Z"),
            ("source_ip", "192.0.2.7"),
            ("method", "GET"),
            ("path", "/a"),
            ("status", "200"),
        ];
        assert_reads(&FORMAT, line, &row);
        let line = r#"{"start_time":"2025-04-14T00:00:00.5Z","x-forwarded-for":"192.0.2.7","downstream_remote_address":"10.0.0.12:5","method":"GET","x-envoy-origin-path":"/a","response_code":200,"user-agent":"curl","x-request-id":"r-7"}"#;
        let row = [
            ("source_ip", "192.0.2.7"),
            ("path", "/a"),
            ("user_agent", "curl"),
            ("request_id", "r-7"),
        ];
        assert_reads(&FORMAT, line, &row);
        let bad = r#"{"path":"/a","path":"/b"}"#;
        assert_refuses(&FORMAT, bad, "duplicate_field");
    }
}
