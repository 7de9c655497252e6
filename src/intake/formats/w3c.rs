//! W3C extended log files, as IIS writes them.
//!
//! <https://learn.microsoft.com/en-us/windows/win32/http/w3c-logging>. Rows of requests get their time, address,
//! method, path with query, status, bytes and user agent.
//!
//! * `#Fields:` names the columns, and may change within a file.
//! * Times are UTC.
//! * Where `date` is no column, the last `#Date:` line says the day, so a log of several days needs one for each.
//! * Values may stand in quotes.
//! * Directive lines count as blanks.
//!
//! Rejects: `no_header` and `field_count` (see [`super::columns`]).

use super::columns::{self, Dialect};
use super::{Framing, LogFormat, REQUESTS, Takes};
use crate::case::TimeFormat;

pub(super) static FORMAT: LogFormat = LogFormat {
    name: "w3c",
    title: "W3C extended (IIS)",
    documentation: "https://learn.microsoft.com/en-us/windows/win32/http/w3c-logging",
    about: super::About {
        products: "W3C extended log files, as Microsoft IIS writes them.",
        detected_by: "A `#Fields:` line that names `cs-uri-stem` and nothing of CloudFront.",
        note: "`#Fields:` names the columns and may change within a file. Where `date` is no column, the last `#Date:` line above says the day: see that no file goes on past midnight. The client must be logged as `c-ip`. `sc-bytes` counts the headers too: where this log is the gateway's, let a page's `empty_below_bytes` allow for them.",
        variables: &[],
        example: "#Fields: date time cs-method cs-uri-stem cs-uri-query c-ip cs(User-Agent) sc-status sc-bytes\n2025-04-14 23:59:50 GET /cart item=42 203.0.113.5 Mozilla/5.0 200 5320",
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
    ],
    constants: &[],
    time: Some(TimeFormat::Utc),
    log_format: Takes::No,
    needs: &[],
    mark: |line| {
        line.starts_with("#Fields:") && line.contains("cs-uri-stem") && !line.contains("x-edge")
    },
    parser: |_, wanted| columns::parser(Dialect::W3c, wanted),
};

#[cfg(test)]
mod tests {
    use super::super::testing::parser;
    use super::super::{Fields, Header, slot};
    use super::*;

    #[test]
    fn columns_follow_the_header() {
        let parser = parser(&FORMAT, &[]);
        let frame = &crate::frames::REQUESTS;
        let mut fields = Fields::default();
        for (header, line) in [
            (
                "#Fields: date time c-ip cs(User-Agent)",
                "2025-04-14 00:00:00 192.0.2.7 a+b",
            ),
            ("#Fields: c-ip cs(User-Agent) date", "192.0.2.7 a+b -"),
        ] {
            let header = parser.header(header).expect("a header");
            fields.begin(line);
            parser.parse(line, &header, &mut fields).expect("a row");
            let of = |name| fields.get(slot(frame, name).expect("a slot"));
            assert_eq!(
                (of("source_ip"), of("user_agent")),
                (Some("192.0.2.7"), Some("a b"))
            );
        }
        for (text, agent) in [
            ("a+b", "a b"),
            ("\"a b\"", "a b"),
            ("\"a \"\"b\"\"\"", "a \"b\""),
        ] {
            let columns = parser
                .header("#Fields: time c-ip cs(User-Agent)")
                .expect("a header");
            let date = parser.header("#Date: 2025-04-14 00:00:00").expect("a date");
            let header = date.after(columns);
            let line = format!("00:00:07 192.0.2.7 {text}").leak();
            fields.begin(line);
            parser.parse(line, &header, &mut fields).expect("a row");
            let of = |name| fields.get(slot(frame, name).expect("a slot"));
            assert_eq!(
                (of("date"), of("time_of_day"), of("user_agent")),
                (Some("2025-04-14"), Some("00:00:07"), Some(agent))
            );
        }
        let mut reason = |line: &'static str, header: &Header| {
            fields.begin(line);
            parser
                .parse(line, header, &mut fields)
                .map_err(|reject| reject.reason.name())
        };
        assert_eq!(reason("192.0.2.7 a", &Header::default()), Err("no_header"));
        assert_eq!(
            reason("192.0.2.7 a", &Header::of(vec![Vec::new(); 3])),
            Err("field_count")
        );
        assert_eq!(parser.header("#Software: x"), None);
    }
}
