//! Traefik's access log, as JSON lines.
//!
//! <https://doc.traefik.io/traefik/observability/access-logs/>, Traefik 2 and 3. Rows of requests get their
//! time, address, method, path, status and bytes. User agent and request id are there only if Traefik is set
//! up to keep these headers.
//!
//! `ClientHost` is what the entry point took for the client: an address, or the `X-Forwarded-For` that came
//! in. Where it is a list, the case file says with `forwarded_hops` how many proxies of one's own added one;
//! where it is no address, the peer's (`ClientAddr`) counts.
//!
//! Rejects: those of [`super::json`], and `forwarded_for_list` for a list of several addresses without
//! `forwarded_hops`.

use std::net::IpAddr;

use super::{Fields, Framing, LogFormat, REQUESTS, Takes, has_keys, json};
use crate::case::TimeFormat;
use crate::intake::blocks::fields::{CLIENT_ENDPOINT, FORWARDED_FOR};

pub(super) static FORMAT: LogFormat = LogFormat {
    name: "traefik",
    title: "Traefik access log, JSON",
    documentation: "https://doc.traefik.io/traefik/observability/access-logs/",
    about: super::About {
        products: "Traefik access logs, as JSON objects.",
        detected_by: "JSON objects with the keys `DownstreamStatus` and `ClientHost`.",
        note: "`ClientHost` may hold a whole `X-Forwarded-For`: say with `forwarded_hops` how many of your own proxies stand before Traefik. User agent and request id are there only if Traefik is set to keep these headers.",
        variables: &[],
        example: r#"{"ClientHost":"203.0.113.5","DownstreamContentSize":5120,"DownstreamStatus":200,"RequestMethod":"GET","RequestPath":"/cart","StartUTC":"2025-02-28T12:11:34.109128260Z","request_User-Agent":"Mozilla/5.0","request_X-Request-Id":"8d27112b"}"#,
        settings: "",
    },
    kinds: REQUESTS,
    framing: Framing::Objects,
    fields: &[
        ("event_time", "StartUTC"),
        ("client_endpoint", "ClientAddr"),
        ("forwarded_for", "ClientHost"),
        ("method", "RequestMethod"),
        ("path", "RequestPath"),
        ("status", "DownstreamStatus"),
        ("body_bytes", "DownstreamContentSize"),
        ("user_agent", "request_User-Agent"),
        ("request_id", "request_X-Request-Id"),
    ],
    constants: &[],
    time: Some(TimeFormat::Rfc3339),
    log_format: Takes::No,
    needs: &[],
    mark: |line| has_keys(line, &["DownstreamStatus", "ClientHost"]),
    parser: |_, wanted| json::finished(wanted, keep_addresses),
};

/// Forgets a `ClientHost` without any address where the peer's is known.
fn keep_addresses(fields: &mut Fields<'_>) {
    let is_address = |text: &str| text.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    let has_none = |list: &str| {
        let mut entries = list.split(',').map(str::trim);
        !entries.any(|entry| is_address(entry) || entry.contains(':'))
    };
    if fields.has(CLIENT_ENDPOINT) && fields.get(FORWARDED_FOR).is_some_and(has_none) {
        fields.clear(FORWARDED_FOR);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_reads, assert_refuses};
    use super::*;

    #[test]
    fn reads_a_good_event_and_refuses_a_bad_one() {
        let line = r#"{"StartUTC":"2025-04-14T00:00:00.5Z","ClientHost":"192.0.2.7","RequestMethod":"GET","RequestPath":"/a","DownstreamStatus":200}"#;
        let row = [
            ("event_time", "2025-04-14T00:00:00.5Z"),
            ("source_ip", "192.0.2.7"),
            ("method", "GET"),
            ("path", "/a"),
            ("status", "200"),
        ];
        assert_reads(&FORMAT, line, &row);
        for (host, address) in [("unknown", "10.0.0.2"), ("2001:db8::7", "2001:db8::7")] {
            let line = format!(
                r#"{{"StartUTC":"2025-04-14T00:00:00.5Z","ClientAddr":"10.0.0.2:11029","ClientHost":"{host}","DownstreamStatus":200}}"#
            );
            assert_reads(&FORMAT, &line, &[("source_ip", address)]);
        }
        let list = r#"{"ClientHost":"192.0.2.100,198.51.100.50"}"#;
        assert_refuses(&FORMAT, list, "forwarded_for_list");
        let bad = r#"{"ClientHost":{"v4":"192.0.2.7"}}"#;
        assert_refuses(&FORMAT, bad, "field_type");
    }
}
