//! Traefik's access log, as JSON lines.
//!
//! <https://doc.traefik.io/traefik/observability/access-logs/>, Traefik 2 and 3. Rows of requests get their
//! time, address, method, path, status and bytes. User agent and request id are there only if Traefik is set
//! up to keep these headers.
//!
//! Rejects: those of [`super::json`].

use super::{Framing, LogFormat, REQUESTS, Takes, has_keys, json};
use crate::case::TimeFormat;

pub(super) static FORMAT: LogFormat = LogFormat {
    name: "traefik",
    title: "Traefik access log, JSON",
    documentation: "https://doc.traefik.io/traefik/observability/access-logs/",
    about: super::About {
        products: "Traefik access logs, as JSON objects.",
        detected_by: "JSON objects with the keys `DownstreamStatus` and `ClientHost`.",
        note: "User agent and request id are there only if Traefik is set to keep these headers.",
        variables: &[],
        example: r#"{"ClientHost":"203.0.113.5","DownstreamContentSize":5120,"DownstreamStatus":200,"RequestMethod":"GET","RequestPath":"/cart","StartUTC":"2025-02-28T12:11:34.109128260Z","request_User-Agent":"Mozilla/5.0","request_X-Request-Id":"8d27112b"}"#,
        settings: "",
    },
    kinds: REQUESTS,
    framing: Framing::Objects,
    fields: &[
        ("event_time", "StartUTC"),
        ("source_ip", "ClientHost"),
        ("method", "RequestMethod"),
        ("path", "RequestPath"),
        ("status", "DownstreamStatus"),
        ("body_bytes", "DownstreamContentSize"),
        ("user_agent", "request_User-Agent"),
        ("request_id", "request_X-Request-Id"),
    ],
    constants: &[],
    time: Some(TimeFormat::Rfc3339),
    log_format: Takes::No,
    needs: &[],
    mark: |line| has_keys(line, &["DownstreamStatus", "ClientHost"]),
    parser: json::plain,
};

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_reads, assert_refuses};
    use super::*;

    #[test]
    fn reads_a_good_event_and_refuses_a_bad_one() {
        let line = r#"{"StartUTC":"2025-04-14T00:00:00.5Z","ClientHost":"192.0.2.7","RequestMethod":"GET","RequestPath":"/a","DownstreamStatus":200}"#;
        let row = [
            ("event_time", "2025-04-14T00:00:00.5Z"),
            ("source_ip", "192.0.2.7"),
            ("method", "GET"),
            ("path", "/a"),
            ("status", "200"),
        ];
        assert_reads(&FORMAT, line, &row);
        let bad = r#"{"ClientHost":{"v4":"192.0.2.7"}}"#;
        assert_refuses(&FORMAT, bad, "field_type");
    }
}
