//! Okta's System Log, as JSON objects.
//!
//! <https://developer.okta.com/docs/api/openapi/okta-management/management/tag/SystemLog/>. Rows of issuances
//! get their time, event, subject, session, address and outcome; the issuer is `okta`.
//!
//! Okta logs no token id. What tells of a token is its session.
//!
//! Rejects: those of [`super::json`], and `field_missing` for an event without a type.

use super::{Framing, ISSUANCES, LogFormat, Takes, has_keys, json};
use crate::case::TimeFormat;

pub(super) static FORMAT: LogFormat = LogFormat {
    name: "okta",
    title: "Okta System Log",
    documentation: "https://developer.okta.com/docs/api/openapi/okta-management/management/tag/SystemLog/",
    about: super::About {
        products: "Okta System Log, one event a line or in one array.",
        detected_by: "JSON objects with the keys `published`, `eventType` and `actor`.",
        note: "Okta logs no token id: what the log tells of is the session. Say in `[source.constants]` what the tokens' `iss` is, if it is not `okta`.",
        variables: &[],
        example: r#"{"published":"2025-04-14T09:00:00.123Z","eventType":"user.session.start","actor":{"id":"00u8e4c29297"},"authenticationContext":{"externalSessionId":"102b462d"},"client":{"ipAddress":"203.0.113.5"},"outcome":{"result":"SUCCESS"}}"#,
        settings: "",
    },
    kinds: ISSUANCES,
    framing: Framing::Objects,
    fields: &[
        ("event_time", "published"),
        ("event", "eventType"),
        ("subject", "actor.id"),
        ("session_id", "authenticationContext.externalSessionId"),
        ("source_ip", "client.ipAddress"),
        ("outcome", "outcome.result"),
    ],
    constants: &[("issuer", "okta")],
    time: Some(TimeFormat::Rfc3339),
    log_format: Takes::No,
    needs: &["event"],
    mark: |line| has_keys(line, &["published", "eventType", "actor"]),
    parser: json::plain,
};

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_reads, assert_refuses};
    use super::*;

    #[test]
    fn reads_a_good_event_and_refuses_a_bad_one() {
        let line = r#"{"published":"2025-04-14T00:00:00.000Z","eventType":"user.session.start","actor":{"id":"u-7"},"client":{"ipAddress":"192.0.2.7"},"outcome":{"result":"SUCCESS"}}"#;
        let row = [
            ("event_time", "2025-04-14T00:00:00.000Z"),
            ("event", "user.session.start"),
            ("subject", "u-7"),
        ];
        assert_reads(&FORMAT, line, &row);
        let bad = r#"{"published":"x","published":"y"}"#;
        assert_refuses(&FORMAT, bad, "duplicate_field");
    }
}
