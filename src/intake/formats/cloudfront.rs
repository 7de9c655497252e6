//! Standard access logs of Amazon CloudFront: W3C extended with tabs.
//!
//! <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html>. Rows of
//! requests get their time, address, method, path with query, status, bytes, user agent and request id.
//!
//! * Times are UTC.
//! * Headers are percent-encoded, some of them twice.
//! * AWS delivers on a best-effort basis, and does not log very long requests at all.
//!
//! Rejects: `no_header` and `field_count` (see [`super::columns`]).

use super::columns::{self, Dialect};
use super::{Framing, LogFormat, REQUESTS, Takes};
use crate::case::TimeFormat;

pub(super) static FORMAT: LogFormat = LogFormat {
    name: "cloudfront",
    title: "Amazon CloudFront standard log",
    documentation: "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html",
    about: super::About {
        products: "Amazon CloudFront standard logs.",
        detected_by: "A `#Fields:` line that names `x-edge-request-id`.",
        note: "AWS delivers these logs with best effort, and leaves very long requests out. `sc-bytes` counts the headers too: where this log is the gateway's, let a page's `empty_below_bytes` allow for them.",
        variables: &[],
        example: "#Fields: date time sc-bytes c-ip cs-method cs-uri-stem sc-status cs(User-Agent) cs-uri-query x-edge-request-id\n2025-04-14\t11:20:00\t5520\t203.0.113.5\tGET\t/cart\t200\tMozilla/5.0\titem=42\t529e40d58d353b18==",
        settings: "",
    },
    kinds: REQUESTS,
    framing: Framing::Directives,
    fields: &[
        ("date", "date"),
        ("time_of_day", "time"),
        ("source_ip", "c-ip"),
        ("method", "cs-method"),
        ("path", "cs-uri-stem"),
        ("query", "cs-uri-query"),
        ("status", "sc-status"),
        ("body_bytes", "sc-bytes"),
        ("user_agent", "cs(User-Agent)"),
        ("request_id", "x-edge-request-id"),
    ],
    constants: &[],
    time: Some(TimeFormat::Utc),
    log_format: Takes::No,
    needs: &[],
    mark: |line| line.starts_with("#Fields:") && line.contains("x-edge-request-id"),
    parser: |_, wanted| columns::parser(Dialect::Tabs, wanted),
};
