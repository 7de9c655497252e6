//! Envoy's text access log: its default, Istio's, or the format string that the case file gives.
//!
//! <https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage>. Rows
//! of requests get what the operators mean (see [`MEANINGS`]).
//!
//! Without `log_format` each line is read by the first default that it fits: that of Envoy, of Istio since 1.9,
//! and of Istio before (<https://istio.io/latest/docs/tasks/observability/logs/access-log/>).
//!
//! * Envoy escapes nothing, so a quote that a client sends stands in the line as it is.
//! * The client is in `X-FORWARDED-FOR`, to which Envoy adds the peer that it saw. If the list has several
//!   addresses, the case file must say with `forwarded_hops` how many proxies of one's own added one.
//!
//! Rejects: those of [`super::template`], and `forwarded_for_list` for a list of several addresses without
//! `forwarded_hops`.

use super::template::{self, AnyOf, Meaning, Piece, Style, at, is};
use super::{Framing, LineParser, LogFormat, REQUESTS, Takes, Wanted};
use crate::case::TimeFormat;
use crate::frames::Frame;

pub(super) static FORMAT: LogFormat = LogFormat {
    name: "envoy",
    title: "Envoy access log, text",
    documentation: "https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage",
    about: super::About {
        products: "Envoy and Istio access logs as text: their defaults, or the format string that the case file gives as `log_format`.",
        detected_by: "Lines that begin with a time in brackets.",
        note: "Envoy escapes nothing. The client is in `X-FORWARDED-FOR`, to which Envoy adds the peer that it saw: say with `forwarded_hops` how many of your own proxies stand before it.",
        variables: MEANINGS,
        example: r#"[2025-05-02T09:30:00.123Z] "GET /cart HTTP/1.1" 200 - 0 5120 12 11 "203.0.113.5" "Mozilla/5.0" "55703b7f-c5b0-4a44-a15f-9a0bc9cf1925" "shop.example" "192.0.2.203:8080""#,
        settings: "forwarded_hops = 0",
    },
    kinds: REQUESTS,
    framing: Framing::Lines,
    fields: &[],
    constants: &[],
    time: Some(TimeFormat::Rfc3339),
    log_format: Takes::May,
    needs: &[],
    mark: |line| line.starts_with('['),
    parser,
};

/// Envoy's default format string.
const DEFAULT: &str = r#"[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%""#;

/// Istio's default format string since version 1.9.
const ISTIO: &str = r#"[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "%UPSTREAM_TRANSPORT_FAILURE_REASON%" %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER% %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%"#;

/// Istio's default format string before version 1.9.
const OLD_ISTIO: &str = r#"[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% "%DYNAMIC_METADATA(istio.mixer:status)%" "%UPSTREAM_TRANSPORT_FAILURE_REASON%" %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER% %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%"#;

/// What Envoy's operators mean, the best source of a column first.
static MEANINGS: &[Meaning] = &[
    at("%START_TIME%", TimeFormat::Rfc3339),
    is("%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%", "source_ip"),
    is("%DOWNSTREAM_REMOTE_ADDRESS%", "client_endpoint"),
    is("%REQ(X-FORWARDED-FOR)%", "forwarded_for"),
    is("%REQ(:METHOD)%", "method"),
    is("%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%", "path"),
    is("%REQ(:PATH)%", "path"),
    is("%RESPONSE_CODE%", "status"),
    is("%BYTES_SENT%", "body_bytes"),
    is("%REQ(USER-AGENT)%", "user_agent"),
    is("%REQ(X-REQUEST-ID)%", "request_id"),
];

const STYLE: Style = Style {
    meanings: MEANINGS,
    tail: false,
    escapes: false,
    words: &[],
};

fn parser(frame: &'static Frame, wanted: &Wanted) -> Result<Box<dyn LineParser>, String> {
    let made = |text: &str| template::parser(&pieces(text)?, &STYLE, frame, wanted);
    match &wanted.log_format {
        Some(text) => made(text),
        None => AnyOf::parser([DEFAULT, ISTIO, OLD_ISTIO].map(made)),
    }
}

/// Returns the pieces of a format string, in which every second `%` ends an operator.
fn pieces(text: &str) -> Result<Vec<Piece>, String> {
    let text = text.trim_end_matches("\\n").trim_end_matches('\n');
    let mut pieces = Vec::new();
    for (index, part) in text.split('%').enumerate() {
        match (index % 2, part) {
            (_, "") => {}
            (0, literal) => pieces.push(Piece::Literal(literal.to_string())),
            (_, operator) => pieces.push(Piece::Variable(format!("%{operator}%"))),
        }
    }
    if text.matches('%').count() % 2 == 1 {
        return Err("an operator has no closing `%`".into());
    }
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{parser, read, row};
    use super::*;

    #[test]
    fn reads_the_default_line() {
        let parser = parser(&FORMAT, &[]);
        let columns = [
            "event_time",
            "source_ip",
            "method",
            "path",
            "status",
            "body_bytes",
            "request_id",
        ];
        let line = |forwarded: &str| {
            format!(
                r#"[2025-04-14T00:00:00.310Z] "GET /a?b HTTP/1.1" 200 - 0 154 226 100 "{forwarded}" "curl" "cc21d9b0" "shop.example" "198.51.100.9:80""#
            )
        };
        let found = read(&FORMAT, &*parser, &line("192.0.2.7"), &columns);
        let expected = [
            "2025-04-14T00:00:00.310Z",
            "192.0.2.7",
            "GET",
            "/a?b",
            "200",
            "154",
            "cc21d9b0",
        ];
        assert_eq!(found, row(expected));
        let list = read(&FORMAT, &*parser, &line("203.0.113.1,192.0.2.7"), &columns);
        assert_eq!(list, Err("forwarded_for_list"));
        assert_eq!(
            read(&FORMAT, &*parser, &line("192.0.2.7")[..70], &columns),
            Err("log_syntax")
        );
    }

    #[test]
    fn reads_the_defaults_of_istio() {
        let parser = parser(&FORMAT, &[]);
        let columns = ["source_ip", "path", "status", "body_bytes", "request_id"];
        let line = |before: &str, forwarded: &str| {
            format!(
                r#"[2025-04-14T00:00:00.310Z] "GET /a?b HTTP/1.1" 200 - {before} "-" 0 154 2 1 "{forwarded}" "curl" "cc21d9b0" "shop.example" "198.51.100.9:80" inbound|9080|| 127.0.0.6:4 10.0.2.1:90 192.0.2.9:3 - default"#
            )
        };
        for before in ["via_upstream -", r#""-""#] {
            for (forwarded, address) in [("-", "192.0.2.9"), ("192.0.2.7", "192.0.2.7")] {
                let expected = [address, "/a?b", "200", "154", "cc21d9b0"];
                let found = read(&FORMAT, &*parser, &line(before, forwarded), &columns);
                assert_eq!(found, row(expected), "{before}");
            }
            let cut = &line(before, "-")[..150];
            assert_eq!(read(&FORMAT, &*parser, cut, &columns), Err("log_syntax"));
        }
    }
}
