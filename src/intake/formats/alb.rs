//! Access logs of the AWS Application Load Balancer.
//!
//! <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html>. Rows
//! of requests get their time, address, method, path, status, bytes, user agent and request id.
//!
//! * A request's time is `request_creation_time`; `time` is when the response was sent.
//! * AWS delivers on a best-effort basis, so a missing line proves nothing.
//! * AWS adds new fields only at the end. Older lines have fewer.
//!
//! Rejects: those of [`super::words`], and `request_line` for a request that the server answered although it
//! is not `METHOD target HTTP/x`.

use super::words::Words;
use super::{Framing, LineParser, LogFormat, REQUESTS, Takes, Wanted};
use crate::case::TimeFormat;
use crate::frames::Frame;

pub(super) static FORMAT: LogFormat = LogFormat {
    name: "alb",
    title: "AWS Application Load Balancer",
    documentation: "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html",
    about: super::About {
        products: "AWS Application Load Balancer access logs.",
        detected_by: "Lines that begin with `http`, `https`, `h2`, `grpcs`, `ws` or `wss` and have the fields of the documentation.",
        note: "The event's time is when the request came in, not when the response was sent. AWS delivers these logs with best effort, so a missing line proves nothing. `sent_bytes` counts the headers too: where this log is the gateway's, let a page's `empty_below_bytes` allow for them.",
        variables: &[],
        example: r#"https 2025-04-14T00:00:02.114000Z app/shop-lb/50dc6c495c0c9188 203.0.113.5:52817 192.0.2.205:8080 0.001 0.750 0.000 200 200 312 5420 "GET https://shop.example:443/cart HTTP/1.1" "Mozilla/5.0" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:elasticloadbalancing:ap-northeast-2:123456789012:targetgroup/web/73e2d6bc24d8a067 "Root=1-67fc5180-74063ef6afe29920773a336d" "shop.example" "-" 1 2025-04-14T00:00:00.364000Z "forward" "-" "-" "192.0.2.205:8080" "200" "-" "-""#,
        settings: "",
    },
    kinds: REQUESTS,
    framing: Framing::Lines,
    fields: &[
        ("event_time", "request_creation_time"),
        ("client_endpoint", "client:port"),
        ("request_line", "request"),
        ("status", "elb_status_code"),
        ("body_bytes", "sent_bytes"),
        ("user_agent", "user_agent"),
        ("request_id", "trace_id"),
    ],
    constants: &[],
    time: Some(TimeFormat::Rfc3339),
    log_format: Takes::No,
    needs: &[],
    mark: |line| {
        let kind = line.split(' ').next().unwrap_or_default();
        matches!(kind, "http" | "https" | "h2" | "grpcs" | "ws" | "wss")
    },
    parser,
};

/// The names of the fields, in the order of the documentation.
const NAMES: &[&str] = &[
    "type",
    "time",
    "elb",
    "client:port",
    "target:port",
    "request_processing_time",
    "target_processing_time",
    "response_processing_time",
    "elb_status_code",
    "target_status_code",
    "received_bytes",
    "sent_bytes",
    "request",
    "user_agent",
    "ssl_cipher",
    "ssl_protocol",
    "target_group_arn",
    "trace_id",
    "domain_name",
    "chosen_cert_arn",
    "matched_rule_priority",
    "request_creation_time",
    "actions_executed",
    "redirect_url",
    "error_reason",
    "target:port_list",
    "target_status_code_list",
    "classification",
    "classification_reason",
    "conn_trace_id",
];

/// How many fields a line must have: those up to `request_creation_time`, its time.
const LEAST: usize = 22;

fn parser(_frame: &'static Frame, wanted: &Wanted) -> Result<Box<dyn LineParser>, String> {
    Ok(Box::new(Words::new(NAMES, LEAST, &wanted.fields)?))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{parser, read, row};
    use super::*;

    #[test]
    fn takes_the_time_of_arrival_and_the_clients_address() {
        let parser = parser(&FORMAT, &[]);
        let columns = [
            "event_time",
            "source_ip",
            "method",
            "path",
            "status",
            "request_id",
        ];
        let line = r#"https 2025-04-14T00:00:09.186641Z app/shop/50dc6c495c0c9188 [2001:db8::7]:2817 198.51.100.9:80 0.086 0.048 0.037 200 200 0 57 "GET https://shop.example:443/a?b HTTP/1.1" "cur\"l" TLS_AES tls arn:x "Root=1-58337281" "shop.example" "-" 1 2025-04-14T00:00:00.186000Z "forward" "-" "-" "198.51.100.9:80" "200" "-" "-" TID_1"#;
        let expected = [
            "2025-04-14T00:00:00.186000Z",
            "2001:db8::7",
            "GET",
            "/a?b",
            "200",
            "Root=1-58337281",
        ];
        let found = read(&FORMAT, &*parser, line, &columns);
        assert_eq!(found, row(expected));
        for (end, reason) in [
            (" 2025-04-14T00:00:00.186", "field_count"),
            ("shop.example:443/a", "log_syntax"),
        ] {
            let cut = &line[..line.find(end).expect("a part of it")];
            assert_eq!(read(&FORMAT, &*parser, cut, &columns), Err(reason), "{cut}");
        }
        let unknown = line.replace("GET https", "- https");
        assert_eq!(
            read(&FORMAT, &*parser, &unknown, &columns),
            Err("request_line")
        );
    }
}
