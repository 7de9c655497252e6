//! Lines as nginx writes them by a `log_format` of the server's own, which the case file gives.
//!
//! <https://nginx.org/en/docs/http/ngx_http_log_module.html#log_format>. The case file may quote the whole
//! directive. Rows of requests get what its variables mean (see [`MEANINGS`]), and what the case file maps.
//! A `log_format` that writes JSON is the format `jsonl`.
//!
//! Rejects: those of [`super::template`], and `request_line` for a request that the server answered although it
//! is not `METHOD target HTTP/x`.

use super::template::{self, Meaning, Piece, Style, at, is};
use super::{Framing, LineParser, LogFormat, REQUESTS, Takes, Wanted, never};
use crate::case::TimeFormat;
use crate::frames::Frame;

pub(super) static FORMAT: LogFormat = LogFormat {
    name: "nginx",
    title: "nginx, by its own log_format",
    documentation: "https://nginx.org/en/docs/http/ngx_http_log_module.html#log_format",
    about: super::About {
        products: "nginx, by the `log_format` of its configuration.",
        detected_by: "It is never guessed: the case file must give `log_format`.",
        note: "Paste the `log_format` directive as it stands, or its format string alone. One that writes JSON is read with the format `jsonl`.",
        variables: MEANINGS,
        example: r#"203.0.113.5 [2025-06-30T23:59:50+09:00] "GET /cart HTTP/1.1" 200 dd7012a41deb6d73"#,
        settings: r#"log_format = '$remote_addr [$time_iso8601] "$request" $status $request_id'"#,
    },
    kinds: REQUESTS,
    framing: Framing::Lines,
    fields: &[],
    constants: &[],
    time: None,
    log_format: Takes::Must,
    needs: &[],
    mark: never,
    parser,
};

/// What nginx's variables mean, the best source of a column first.
pub(super) static MEANINGS: &[Meaning] = &[
    at("$msec", TimeFormat::EpochSeconds),
    at("$time_iso8601", TimeFormat::Rfc3339),
    at("$time_local", TimeFormat::Common),
    is("$remote_addr", "source_ip"),
    is("$http_x_forwarded_for", "forwarded_for"),
    is("$request_method", "method"),
    is("$request_uri", "path"),
    is("$request", "request_line"),
    is("$uri", "path"),
    is("$args", "query"),
    is("$query_string", "query"),
    is("$status", "status"),
    is("$body_bytes_sent", "body_bytes"),
    is("$bytes_sent", "body_bytes"),
    is("$http_user_agent", "user_agent"),
    is("$request_id", "request_id"),
    is("$http_x_request_id", "request_id"),
];

/// Variables whose values have no blank.
static WORDS: &[&str] = &[
    "$body_bytes_sent",
    "$bytes_sent",
    "$connection",
    "$connection_requests",
    "$gzip_ratio",
    "$hostname",
    "$msec",
    "$pid",
    "$pipe",
    "$remote_addr",
    "$remote_port",
    "$request_id",
    "$request_length",
    "$request_time",
    "$scheme",
    "$server_name",
    "$server_port",
    "$server_protocol",
    "$ssl_cipher",
    "$ssl_protocol",
    "$status",
    "$time_iso8601",
];

const STYLE: Style = Style {
    meanings: MEANINGS,
    tail: false,
    escapes: true,
    words: WORDS,
};

fn parser(frame: &'static Frame, wanted: &Wanted) -> Result<Box<dyn LineParser>, String> {
    let text = wanted.log_format.as_deref().unwrap_or_default();
    template::parser(&pieces(text)?, &STYLE, frame, wanted)
}

/// Makes the parser of a product whose lines look as nginx would write them by `log_format`.
pub(super) fn fixed(
    log_format: &str,
    style: &Style,
    frame: &'static Frame,
    wanted: &Wanted,
) -> Result<Box<dyn LineParser>, String> {
    template::parser(&pieces(log_format)?, style, frame, wanted)
}

/// Returns the pieces of a `log_format`, bare or as the whole directive.
fn pieces(text: &str) -> Result<Vec<Piece>, String> {
    let text = match text.trim().strip_prefix("log_format") {
        Some(directive) => {
            if directive.contains("escape=json") {
                return Err("a log_format that writes JSON is read with format = \"jsonl\"".into());
            }
            directive.split('\'').skip(1).step_by(2).collect()
        }
        None => text.trim_matches('\'').to_string(),
    };
    let mut pieces = Vec::new();
    let mut rest = text.as_str();
    while let Some(dollar) = rest.find('$') {
        if dollar > 0 {
            pieces.push(Piece::Literal(rest[..dollar].to_string()));
        }
        let name = &rest[dollar + 1..];
        let (name, after) = match name
            .strip_prefix('{')
            .and_then(|inner| inner.split_once('}'))
        {
            Some(braced) => braced,
            None => {
                let end = name
                    .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                    .unwrap_or(name.len());
                name.split_at(end)
            }
        };
        pieces.push(Piece::Variable(format!("${name}")));
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Literal(rest.to_string()));
    }
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{read, row};
    use super::*;
    use crate::frames::REQUESTS;

    #[test]
    fn reads_lines_by_the_servers_own_template() {
        let log_format = r#"log_format main '$remote_addr [$time_iso8601] "$request" '
            '${status} $body_bytes_sent $upstream_response_time "$http_user_agent" $jti';"#;
        let wanted = Wanted {
            fields: vec![(REQUESTS.index("token_id").expect("a column"), "$jti".into())],
            log_format: Some(log_format.into()),
            ..Wanted::default()
        };
        let parser = parser(&REQUESTS, &wanted).expect("a parser");
        let columns = [
            "source_ip",
            "event_time",
            "path",
            "body_bytes",
            "user_agent",
            "token_id",
        ];
        let found = read(
            &FORMAT,
            &*parser,
            r#"192.0.2.7 [2025-04-14T00:00:00+09:00] "GET /a HTTP/1.1" 200 - 0.1, 0.2 : 0.3 "a \x22b\x22" t7"#,
            &columns,
        );
        let expected = [
            "192.0.2.7",
            "2025-04-14T00:00:00+09:00",
            "/a",
            "0",
            "a \"b\"",
            "t7",
        ];
        assert_eq!(found, row(expected));
        for (line, reason) in [
            ("192.0.2.7 [2025-04-14T00:00:00", "log_syntax"),
            (r#"192.0.2.7 [t] "\x16\x03" 200 1 1 "a" t"#, "request_line"),
            // Two lines of which the end between them is lost.
            (
                r#"192.0.2.7 [t] "GET /a" 200 1 1 "a" t192.0.2.7 [t] "GET /b" 200 1 1 "a" t"#,
                "log_syntax",
            ),
        ] {
            assert_eq!(
                read(&FORMAT, &*parser, line, &columns),
                Err(reason),
                "{line}"
            );
        }
    }

    #[test]
    fn a_request_without_quotes_ends_behind_its_version() {
        let wanted = Wanted {
            log_format: Some("$remote_addr $request $status $http_user_agent".into()),
            ..Wanted::default()
        };
        let parser = parser(&REQUESTS, &wanted).expect("a parser");
        let columns = ["path", "status", "user_agent"];
        let row = |request: &str| {
            let line = format!("192.0.2.7 {request} 400 x HTTP/1.1 y");
            read(&FORMAT, &*parser, &line, &columns)
        };
        for (request, path) in [
            ("GET /a HTTP/1.1", Some("/a")),
            ("GET /a b HTTP/2.0", Some("/a b")),
            ("GET /HTTP/1 HTTP/1.1", Some("/HTTP/1")),
            (r"GET /\x22 HTTP/1.0", Some(r"/\x22")),
        ] {
            let expected = [path, Some("400"), Some("x HTTP/1.1 y")];
            assert_eq!(
                row(request),
                Ok(expected.map(|text| text.map(str::to_string)).to_vec()),
                "{request}"
            );
        }
        for agent in ["-", "x HTTP/1.1 y"] {
            let line = format!("192.0.2.7 - 408 {agent}");
            let expected = [None, Some("408"), Some(agent).filter(|agent| *agent != "-")];
            assert_eq!(
                read(&FORMAT, &*parser, &line, &columns),
                Ok(expected.map(|text| text.map(str::to_string)).to_vec()),
                "{agent}"
            );
        }
        // What was answered, and what a client says was.
        for request in [
            "GET /a HTTP/1.1 404 HTTP/1.1",
            "GET /a HTTP/1.1 404 b HTTP/1.1",
        ] {
            assert_eq!(row(request), Err("log_syntax"), "{request}");
        }
    }

    #[test]
    fn says_what_is_wrong_with_a_template() {
        let error = |text: &str, field: &str| {
            let fields = vec![(0, field.to_string())];
            super::parser(
                &REQUESTS,
                &Wanted {
                    fields,
                    log_format: Some(text.into()),
                    ..Wanted::default()
                },
            )
            .err()
            .unwrap_or_default()
        };
        assert!(error("$status$request", "$status").contains("nothing stands between"));
        assert!(error("no variable", "$status").contains("no variable"));
        assert!(error("$status $request", "$jti").contains("`$jti` is not in its log_format"));
        assert!(error("$status $jti", "jti").ends_with("but `$jti` is"));
        assert!(error("log_format j escape=json '{}';", "$status").contains("jsonl"));
    }
}
