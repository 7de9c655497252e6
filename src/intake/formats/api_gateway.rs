//! Access logs of AWS API Gateway, JSON. The template is the account's own; these are the names of
//! the documentation's example, and the case file maps others.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html>

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
    use super::super::testing::{parser, read};
    use super::*;

    #[test]
    fn reads_an_event_and_says_why_another_is_no_row() {
        let parser = parser(&FORMAT, &[]);
        let columns = ["event_time", "source_ip", "method", "path", "status"];
        let line = r#"{"requestId":"r-7","ip":"192.0.2.7","requestTime":"14/Apr/2025:00:00:00 +0000","httpMethod":"GET","resourcePath":"/a","status":"200","protocol":"HTTP/1.1","responseLength":"3"}"#;
        assert!((FORMAT.mark)(line));
        let expected = [
            "14/Apr/2025:00:00:00 +0000",
            "192.0.2.7",
            "GET",
            "/a",
            "200",
        ]
        .map(|text| Some(text.to_string()));
        assert_eq!(
            read(&FORMAT, &*parser, line, &columns),
            Ok(expected.to_vec())
        );
        let bad = r#"{"ip":true}"#;
        assert_eq!(read(&FORMAT, &*parser, bad, &columns), Err("field_type"));
    }
}
