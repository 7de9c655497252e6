//! Traefik's access log in its extended common format.
//!
//! `client - user [time] "request" status size "referer" "agent" count "router" "server" 3ms`
//!
//! <https://doc.traefik.io/traefik/observability/access-logs/>, Traefik 1 to 3. Rows of requests get their
//! time, address, method, path, status, bytes and user agent.
//!
//! * Traefik 1 writes the referer without quotes.
//! * A request without an answer has the status `-`, which becomes 0.
//!
//! Rejects: those of [`super::template`], and `request_line` for a request that the server answered although it
//! is not `METHOD target HTTP/x`.

use super::template::{AnyOf, Style};
use super::{Framing, LogFormat, REQUESTS, Takes, common, nginx};
use crate::case::TimeFormat;

pub(super) static FORMAT: LogFormat = LogFormat {
    name: "traefik_text",
    title: "Traefik access log, text",
    documentation: "https://doc.traefik.io/traefik/observability/access-logs/",
    about: super::About {
        products: "Traefik access logs as text, in its extended common format.",
        detected_by: r#"Lines with `] "` before the request that end with `ms`."#,
        note: "It logs no request id.",
        variables: &[],
        example: r#"203.0.113.5 - - [27/Feb/2025:23:59:55 +0000] "GET /cart HTTP/2.0" 200 5120 "-" "Mozilla/5.0" 1 "web@docker" "http://192.0.2.224:3000" 12ms"#,
        settings: "",
    },
    kinds: REQUESTS,
    framing: Framing::Lines,
    fields: &[],
    constants: &[],
    time: Some(TimeFormat::Common),
    log_format: Takes::No,
    needs: &[],
    mark: |line| line.ends_with("ms") && line.contains("] \""),
    parser: |frame, wanted| {
        let templates = [TEMPLATE.to_string(), TEMPLATE.replace(QUOTED, BARE)];
        AnyOf::parser(templates.map(|text| nginx::fixed(&text, &STYLE, frame, wanted)))
    },
};

const TEMPLATE: &str = r#"$remote_addr $ident $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_count "$router" "$server" ${duration}ms"#;

/// The referer as Traefik writes it since version 2.
const QUOTED: &str = r#""$http_referer""#;
/// The referer as Traefik 1 writes it.
const BARE: &str = "$http_referer";

const STYLE: Style = Style {
    meanings: common::MEANINGS,
    tail: false,
    escapes: false,
    words: &[],
};

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_reads, assert_refuses};
    use super::*;

    #[test]
    fn reads_a_whole_line_and_refuses_a_cut_one() {
        let line = r#"192.0.2.7 - - [14/Apr/2025:00:00:00 +0000] "GET /a HTTP/1.1" 404 19 "-" "curl" 6 "shop@docker" "http://198.51.100.9:80" 1ms"#;
        let row = [
            ("source_ip", "192.0.2.7"),
            ("path", "/a"),
            ("status", "404"),
        ];
        assert_reads(&FORMAT, line, &row);
        let none = line.replace("404 19", "- -");
        assert_reads(&FORMAT, &none, &[("status", "0"), ("body_bytes", "0")]);
        for referer in ["-", "https://shop.example/a"] {
            let old = line.replace(r#""-" "curl""#, &format!(r#"{referer} "curl""#));
            assert_reads(&FORMAT, &old, &[("status", "404"), ("user_agent", "curl")]);
        }
        assert_refuses(&FORMAT, &line[..line.len() - 2], "log_syntax");
    }
}
