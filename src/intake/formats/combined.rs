//! The *combined* log format of Apache and nginx, with whatever fields follow the user agent.
//!
//! `address ident user [time] "request" status bytes "referer" "agent" tail`
//!
//! <https://httpd.apache.org/docs/2.4/logs.html#combined>. Rows of requests get their time, address, method,
//! path, status, bytes and user agent. The case file maps fields of the tail: `request_id = "rid"` for
//! `rid=17`, or `tail.1` for the first by its place.
//!
//! Rejects: those of [`super::template`], and `request_line` for a request that the server answered although it
//! is not `METHOD target HTTP/x`.

use super::template::Style;
use super::{Framing, LogFormat, REQUESTS, Takes, common, nginx};
use crate::case::TimeFormat;

pub(super) static FORMAT: LogFormat = LogFormat {
    name: "combined",
    title: "Apache or nginx combined",
    documentation: "https://httpd.apache.org/docs/2.4/logs.html#combined",
    about: super::About {
        products: "Apache and nginx, combined log format, with whatever fields follow the user agent.",
        detected_by: r#"Lines with `] "` before the request and two quoted texts behind it."#,
        note: r#"The case file maps the fields behind the user agent by name (`request_id = "rid"` for `rid=17`) or by place (`request_id = "tail.1"`)."#,
        variables: &[],
        example: r#"203.0.113.5 - - [14/Apr/2025:11:00:00 +0900] "GET /cart?item=42 HTTP/1.1" 200 5120 "-" "Mozilla/5.0" rid=907d716e"#,
        settings: r#"[source.fields]
request_id = "rid""#,
    },
    kinds: REQUESTS,
    framing: Framing::Lines,
    fields: &[],
    constants: &[],
    time: Some(TimeFormat::Common),
    log_format: Takes::No,
    needs: &[],
    mark: |line| line.contains("] \"") && line.contains("\" \""),
    parser: |frame, wanted| nginx::fixed(TEMPLATE, &STYLE, frame, wanted),
};

const TEMPLATE: &str = r#"$remote_addr $ident $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent""#;

const STYLE: Style = Style {
    meanings: common::MEANINGS,
    tail: true,
    escapes: true,
    words: &[],
};

#[cfg(test)]
mod tests {
    use super::super::testing::{parser, read, row};
    use super::*;

    const COLUMNS: [&str; 6] = [
        "source_ip",
        "path",
        "body_bytes",
        "user_agent",
        "request_id",
        "key_id",
    ];

    fn parse(line: &str) -> Result<Vec<Option<String>>, &'static str> {
        let parser = parser(&FORMAT, &[("request_id", "rid"), ("key_id", "tail.2")]);
        read(&FORMAT, &*parser, line, &COLUMNS)
    }

    #[test]
    fn reads_a_line_with_a_tail() {
        let found = parse(
            r#"192.0.2.7 - - [14/Apr/2025:00:00:00 +0900] "GET /a HTTP/1.1" 200 - "-" "a \" b" x "k 1" rid=17 z="q r""#,
        );
        let expected = ["192.0.2.7", "/a", "0", "a \" b", "17", "k 1"];
        assert_eq!(found, row(expected));
        // What clients call themselves.
        for user in ["x [y]", "[", "a [b", "x [1/2/3] \\x22", "[[ [", "x [99/"] {
            let line = format!(
                r#"192.0.2.7 - {user} [14/Apr/2025:00:00:00 +0900] "GET /a HTTP/1.1" 200 5 "-" "-""#
            );
            let path = parse(&line).map(|row| row[1].clone());
            assert_eq!(path, Ok(Some("/a".into())), "{user}");
        }
        let row = parse(
            r#"192.0.2.7 - a b [14/Apr/2025:00:00:00 +0900] "GET /a HTTP/1.1" 200 5 "-" "-""#,
        );
        let expected = [
            Some("192.0.2.7".into()),
            Some("/a".into()),
            Some("5".into()),
            None,
            None,
            None,
        ];
        assert_eq!(row, Ok(expected.to_vec()));
    }

    #[test]
    fn says_why_a_line_is_no_row() {
        for (line, reason) in [
            ("192.0.2.7 - - [14/Apr/2025:00:00", "log_syntax"),
            (
                r#"192.0.2.7 - - [t] "GET /a HTTP/1.1" 200 5 "-" "agent\"#,
                "log_syntax",
            ),
            (
                r#"192.0.2.7 - - [t] "\x16\x03" 200 5 "-" "-""#,
                "request_line",
            ),
            (
                r#"192.0.2.7 - - [t] "GET /a HTTP/1.1" 200 5 "-" "-" rid=1 rid=2"#,
                "duplicate_field",
            ),
            (
                r#"192.0.2.7 - - [t] "GET /a HTTP/1.1" 200 5 "-" "-" rid="1"#,
                "log_syntax",
            ),
            ("", "log_syntax"),
        ] {
            assert_eq!(parse(line), Err(reason), "{line}");
        }
    }

    #[test]
    fn two_lines_that_became_one_are_no_row() {
        let parser = parser(&FORMAT, &[]);
        let line = r#"192.0.2.7 - - [14/Apr/2025:00:00:00 +0900] "GET /a HTTP/1.1" 200 5 "-" "-""#;
        let reads =
            |tail: &str| read(&FORMAT, &*parser, &format!("{line}{tail}"), &COLUMNS).is_ok();
        for tail in [
            "",
            " x",
            " [14 Apr] \"[14/Apr/2025\"",
            r#" "\"[14/Apr/2025""#,
            " [14/Apr",
            " [14/Apr/2025:00:00:01 +0900] 0.1",
            r#" "x [14/Apr/2025:00:00:00 +0900] \"GET / HTTP/1.1""#,
            r#" [14/Apr/2025:00:00:00 +0900] \"GET /"#,
        ] {
            assert!(reads(tail), "{tail}");
        }
        for tail in [" 0.1", " \"-\" ", r#" "\"" "#] {
            assert!(!reads(&format!("{tail}{line}")), "{tail}");
        }
    }
}
