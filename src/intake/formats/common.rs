//! The *common* log format of Apache, with whatever fields follow the size.
//!
//! `address ident user [time] "request" status bytes tail`
//!
//! <https://httpd.apache.org/docs/2.4/logs.html#common>. Rows of requests get their time, address, method,
//! path, status and bytes. The case file maps fields of the tail: `request_id = "rid"` for `rid=17`, or
//! `tail.1` for the first by its place.
//!
//! Rejects: those of [`super::template`], and `request_line` for a request that the server answered although it
//! is not `METHOD target HTTP/x`.

use super::template::{Meaning, Style, at, is};
use super::{Framing, LogFormat, REQUESTS, Takes, nginx};
use crate::case::TimeFormat;

pub(super) static FORMAT: LogFormat = LogFormat {
    name: "common",
    title: "Apache common",
    documentation: "https://httpd.apache.org/docs/2.4/logs.html#common",
    about: super::About {
        products: "Apache, common log format, with whatever fields follow the size.",
        detected_by: r#"Lines with `] "` before the request that `combined` does not read."#,
        note: r#"The case file maps the fields behind the size by name (`request_id = "rid"` for `rid=17`) or by place (`request_id = "tail.1"`)."#,
        variables: &[],
        example: r#"203.0.113.5 - - [14/Apr/2025:00:00:00 +0900] "GET /cart?item=42 HTTP/1.1" 200 734"#,
        settings: "",
    },
    kinds: REQUESTS,
    framing: Framing::Lines,
    fields: &[],
    constants: &[],
    time: Some(TimeFormat::Common),
    log_format: Takes::No,
    needs: &[],
    mark: |line| line.contains("] \""),
    parser: |frame, wanted| nginx::fixed(TEMPLATE, &STYLE, frame, wanted),
};

/// What the variables of the common and combined formats mean.
pub(super) static MEANINGS: &[Meaning] = &[
    is("$remote_addr", "source_ip"),
    at("$time_local", TimeFormat::Common),
    is("$request", "request_line"),
    is("$status", "status"),
    is("$body_bytes_sent", "body_bytes"),
    is("$http_user_agent", "user_agent"),
];

const TEMPLATE: &str =
    r#"$remote_addr $ident $remote_user [$time_local] "$request" $status $body_bytes_sent "#;

const STYLE: Style = Style {
    meanings: MEANINGS,
    tail: true,
    escapes: true,
    words: &[],
};

#[cfg(test)]
mod tests {
    use super::super::testing::{parser, read};
    use super::*;

    #[test]
    fn reads_a_line_with_and_without_a_tail() {
        let parser = parser(&FORMAT, &[("request_id", "rid")]);
        let columns = ["source_ip", "status", "body_bytes", "request_id"];
        for (tail, id) in [("", None), (" rid=17", Some("17".to_string()))] {
            let line = format!(
                r#"192.0.2.7 - - [14/Apr/2025:00:00:00 +0900] "GET /a HTTP/1.1" 200 512{tail}"#
            );
            let row = read(&FORMAT, &*parser, &line, &columns);
            let text = |text: &str| Some(text.to_string());
            assert_eq!(
                row,
                Ok(vec![text("192.0.2.7"), text("200"), text("512"), id])
            );
        }
        // Only its last variable may end with the line: of what was cut before, the rest is not known.
        for cut in [
            r#"GET /a HTTP/1.1"#,
            r#"GET /a HTTP/1.1""#,
            r#"GET /a HTTP/1.1" 20"#,
        ] {
            let cut = format!(r#"192.0.2.7 - - [14/Apr/2025:00:00:00 +0900] "{cut}"#);
            let row = read(&FORMAT, &*parser, &cut, &columns);
            assert_eq!(row, Err("log_syntax"), "{cut}");
        }
    }
}
