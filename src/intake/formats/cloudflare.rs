//! Cloudflare Logpush, data set `http_requests`.
//!
//! <https://developers.cloudflare.com/logs/logpush/logpush-job/datasets/zone/http_requests/>. Rows of requests
//! get their time, address, method, path, status, bytes, user agent and request id.
//!
//! The job decides how times are written: as RFC 3339, or as seconds or nanoseconds since 1970. All are read.
//!
//! Rejects: those of [`super::json`].

use super::{Framing, LogFormat, REQUESTS, Takes, has_keys, json};
use crate::case::TimeFormat;

pub(super) static FORMAT: LogFormat = LogFormat {
    name: "cloudflare",
    title: "Cloudflare Logpush http_requests",
    documentation: "https://developers.cloudflare.com/logs/logpush/logpush-job/datasets/zone/http_requests/",
    about: super::About {
        products: "Cloudflare Logpush, data set `http_requests`.",
        detected_by: "JSON objects with the keys `EdgeStartTimestamp` and `ClientIP`.",
        note: "`EdgeResponseBodyBytes` is the size of the body and goes before `EdgeResponseBytes`, which counts the headers too.",
        variables: &[],
        example: r#"{"ClientIP":"203.0.113.5","ClientRequestMethod":"GET","ClientRequestURI":"/cart?item=42","ClientRequestUserAgent":"Mozilla/5.0","EdgeStartTimestamp":"2025-04-14T03:00:00Z","EdgeResponseStatus":200,"EdgeResponseBodyBytes":734,"RayID":"c358ee8fee5a4908"}"#,
        settings: "",
    },
    kinds: REQUESTS,
    framing: Framing::Objects,
    fields: &[
        ("event_time", "EdgeStartTimestamp"),
        ("source_ip", "ClientIP"),
        ("method", "ClientRequestMethod"),
        ("path", "ClientRequestURI"),
        ("path", "ClientRequestPath"),
        ("status", "EdgeResponseStatus"),
        ("body_bytes", "EdgeResponseBodyBytes"),
        ("body_bytes", "EdgeResponseBytes"),
        ("user_agent", "ClientRequestUserAgent"),
        ("request_id", "RayID"),
    ],
    constants: &[],
    time: Some(TimeFormat::Epoch),
    log_format: Takes::No,
    needs: &[],
    mark: |line| has_keys(line, &["EdgeStartTimestamp", "ClientIP"]),
    parser: json::plain,
};

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_reads, assert_refuses};
    use super::*;

    #[test]
    fn reads_a_good_event_and_refuses_a_bad_one() {
        let line = r#"{"EdgeStartTimestamp":1744556400123456789,"ClientIP":"192.0.2.7","ClientRequestMethod":"GET","ClientRequestURI":"/a?b","EdgeResponseStatus":200,"RayID":"r"}"#;
        let row = [
            ("event_time", "1744556400123456789"),
            ("source_ip", "192.0.2.7"),
            ("method", "GET"),
            ("path", "/a?b"),
            ("status", "200"),
        ];
        assert_reads(&FORMAT, line, &row);
        let bad = r#"{"ClientIP":{}}"#;
        assert_refuses(&FORMAT, bad, "field_type");
    }
}
