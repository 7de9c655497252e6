//! Auth0's tenant log, as JSON objects.
//!
//! <https://auth0.com/docs/deploy-monitor/logs/log-event-type-codes>. Fields stand at the top of each object,
//! or below `data` as a log stream writes them. Rows of issuances get their time, event, subject, session
//! and address; the issuer is `auth0`.
//!
//! Most plans log no token id.
//!
//! Rejects: those of [`super::json`], and `field_missing` for an event without a type.

use super::{Framing, ISSUANCES, LogFormat, Takes, has_keys, json};
use crate::case::TimeFormat;

pub(super) static FORMAT: LogFormat = LogFormat {
    name: "auth0",
    title: "Auth0 tenant log",
    documentation: "https://auth0.com/docs/deploy-monitor/logs/log-event-type-codes",
    about: super::About {
        products: "Auth0 tenant logs, bare or as a log stream writes them (below `data`).",
        detected_by: "JSON objects with the keys `date`, `type` and `log_id`.",
        note: "Most plans log no token id. Say in `[source.constants]` what the tokens' `iss` is, if it is not `auth0`.",
        variables: &[],
        example: r#"{"log_id":"900202504141800","date":"2025-04-14T18:00:00.123Z","type":"seacft","ip":"203.0.113.5","user_id":"auth0|8650e65dacba7d4c770fe876"}"#,
        settings: "",
    },
    kinds: ISSUANCES,
    framing: Framing::Objects,
    fields: &[
        ("event_time", "date"),
        ("event_time", "data.date"),
        ("event", "type"),
        ("event", "data.type"),
        ("subject", "user_id"),
        ("subject", "data.user_id"),
        ("session_id", "session_id"),
        ("session_id", "data.session_id"),
        ("source_ip", "ip"),
        ("source_ip", "data.ip"),
    ],
    constants: &[("issuer", "auth0")],
    time: Some(TimeFormat::Rfc3339),
    log_format: Takes::No,
    needs: &["event"],
    mark: |line| has_keys(line, &["date", "type", "log_id"]),
    parser: json::plain,
};

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_reads, assert_refuses};
    use super::*;

    #[test]
    fn reads_a_good_event_and_refuses_a_bad_one() {
        let line = r#"{"date":"2025-04-14T00:00:00.000Z","type":"seacft","log_id":"900","user_id":"auth0|u-7","ip":"192.0.2.7"}"#;
        let row = [
            ("event_time", "2025-04-14T00:00:00.000Z"),
            ("event", "seacft"),
            ("subject", "auth0|u-7"),
        ];
        assert_reads(&FORMAT, line, &row);
        let bad = r#"{"date":"2025-04-14T00:00:00.000Z""#;
        assert_refuses(&FORMAT, bad, "json_syntax");
    }
}
