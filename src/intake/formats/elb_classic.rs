//! Access logs of the AWS Classic Load Balancer.
//!
//! <https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/access-log-collection.html>. Rows of
//! requests get their time, address, method, path, status, bytes and user agent.
//!
//! * `timestamp` is when the load balancer received the request, in UTC.
//! * AWS delivers on a best-effort basis, so a missing line proves nothing.
//! * A connection of a TCP listener has the request `- - - ` and no status.
//! * Older lines end behind the request.
//!
//! Rejects: those of [`super::words`], and `request_line` for a request that the server answered although it
//! is not `METHOD target HTTP/x`.

use super::words::Words;
use super::{Framing, LineParser, LogFormat, REQUESTS, Takes, Wanted};
use crate::case::TimeFormat;
use crate::frames::Frame;

pub(super) static FORMAT: LogFormat = LogFormat {
    name: "elb_classic",
    title: "AWS Classic Load Balancer",
    documentation: "https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/access-log-collection.html",
    about: super::About {
        products: "AWS Classic Load Balancer (ELB) access logs.",
        detected_by: "Lines that begin with a time in UTC, a name and two addresses with ports, and have three durations behind them.",
        note: "It logs no request id. AWS delivers these logs with best effort, so a missing line proves nothing.",
        variables: &[],
        example: r#"2025-04-14T00:00:00.364958Z shop-lb 203.0.113.5:52817 192.0.2.205:8080 0.000073 0.001048 0.000057 200 200 0 5120 "GET https://shop.example:443/cart HTTP/1.1" "Mozilla/5.0" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2"#,
        settings: "",
    },
    kinds: REQUESTS,
    framing: Framing::Lines,
    fields: &[
        ("event_time", "timestamp"),
        ("client_endpoint", "client:port"),
        ("request_line", "request"),
        ("status", "elb_status_code"),
        ("body_bytes", "sent_bytes"),
        ("user_agent", "user_agent"),
    ],
    constants: &[],
    time: Some(TimeFormat::Rfc3339),
    log_format: Takes::No,
    needs: &[],
    mark,
    parser,
};

/// The names of the fields, in the order of the documentation.
const NAMES: &[&str] = &[
    "timestamp",
    "elb",
    "client:port",
    "backend:port",
    "request_processing_time",
    "backend_processing_time",
    "response_processing_time",
    "elb_status_code",
    "backend_status_code",
    "received_bytes",
    "sent_bytes",
    "request",
    "user_agent",
    "ssl_cipher",
    "ssl_protocol",
];

/// How many fields a line must have: those up to `request`, with which the older lines end.
const LEAST: usize = 12;

/// Whether a line begins as the documentation says.
fn mark(line: &str) -> bool {
    let words: Vec<&str> = line.splitn(8, ' ').collect();
    let [time, _, client, backend, durations @ .., _] = words.as_slice() else {
        return false;
    };
    let is_duration = |text: &&str| text.parse::<f64>().is_ok();
    time.ends_with('Z')
        && time.contains('T')
        && client.contains(':')
        && (backend.contains(':') || *backend == "-")
        && durations.len() == 3
        && durations.iter().all(is_duration)
}

fn parser(_frame: &'static Frame, wanted: &Wanted) -> Result<Box<dyn LineParser>, String> {
    Ok(Box::new(Words::new(NAMES, LEAST, &wanted.fields)?))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_reads, assert_refuses};
    use super::*;

    #[test]
    fn reads_the_lines_of_the_documentation() {
        let line = r#"2015-05-13T23:39:43.945958Z my-loadbalancer 192.0.2.39:2817 198.51.100.1:80 0.000073 0.001048 0.000057 200 200 0 29 "GET http://www.example.com:80/ HTTP/1.1" "curl/7.38.0" - -"#;
        let row = [
            ("event_time", "2015-05-13T23:39:43.945958Z"),
            ("source_ip", "192.0.2.39"),
            ("method", "GET"),
            ("path", "/"),
            ("status", "200"),
            ("body_bytes", "29"),
            ("user_agent", "curl/7.38.0"),
        ];
        assert_reads(&FORMAT, line, &row);
        let old = line.split(" \"curl").next().unwrap_or_default();
        assert_reads(&FORMAT, old, &row[..6]);
        // No backend took the request.
        let refused = line.replace("198.51.100.1:80 0.000073 0.001048 0.000057", "- -1 -1 -1");
        assert_reads(&FORMAT, &refused, &row);
        assert_refuses(
            &FORMAT,
            old.split(" \"").next().unwrap_or_default(),
            "field_count",
        );
        assert_refuses(&FORMAT, &line[..120], "log_syntax");
    }
}
