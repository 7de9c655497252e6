//! Access logs of AWS API Gateway, as JSON lines.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html>. Rows of requests get
//! their time, address, method, path, status, bytes, user agent and request id.
//!
//! Each account writes its own template. These are the names in the documentation's example; the case file
//! maps others. `resourcePath` is the path's pattern, and counts only if there is no `path`.
//!
//! Rejects: those of [`super::json`].

use super::{Framing, LogFormat, REQUESTS, Takes, has_keys, json};
use crate::case::TimeFormat;

pub(super) static FORMAT: LogFormat = LogFormat {
    name: "api_gateway",
    title: "AWS API Gateway, JSON",
    documentation: "https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html",
    about: super::About {
        products: "AWS API Gateway access logs, as JSON objects.",
        detected_by: "JSON objects with the keys `requestId`, `requestTime` and `httpMethod`.",
        note: "Each account writes its own template. These are the names of AWS's example; map others in `[source.fields]`.",
        variables: &[],
        example: r#"{"requestId":"af082819-cb4a-45d6-ae92-9295214579e4","ip":"192.0.2.77","requestTime":"14/Apr/2025:12:00:00 +0000","httpMethod":"GET","resourcePath":"/orders","status":"200","responseLength":"2048"}"#,
        settings: "",
    },
    kinds: REQUESTS,
    framing: Framing::Objects,
    fields: &[
        ("event_time", "requestTime"),
        ("source_ip", "ip"),
        ("method", "httpMethod"),
        ("path", "path"),
        ("path", "resourcePath"),
        ("status", "status"),
        ("body_bytes", "responseLength"),
        ("user_agent", "userAgent"),
        ("request_id", "requestId"),
    ],
    constants: &[],
    time: Some(TimeFormat::Common),
    log_format: Takes::No,
    needs: &[],
    mark: |line| has_keys(line, &["requestId", "requestTime", "httpMethod"]),
    parser: json::plain,
};

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_reads, assert_refuses};
    use super::*;

    #[test]
    fn reads_a_good_event_and_refuses_a_bad_one() {
        let line = r#"{"requestId":"r-7","ip":"192.0.2.7","requestTime":"14/Apr/2025:00:00:00 +0000","httpMethod":"GET","resourcePath":"/a","status":"200","protocol":"HTTP/1.1","responseLength":"3"}"#;
        let row = [
            ("event_time", "14/Apr/2025:00:00:00 +0000"),
            ("source_ip", "192.0.2.7"),
            ("method", "GET"),
            ("path", "/a"),
            ("status", "200"),
        ];
        assert_reads(&FORMAT, line, &row);
        let bad = r#"{"ip":true}"#;
        assert_refuses(&FORMAT, bad, "field_type");
    }
}
