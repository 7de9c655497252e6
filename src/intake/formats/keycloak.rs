//! Keycloak's events as JSON lines.
//!
//! <https://www.keycloak.org/docs/latest/server_admin/#auditing-and-events>. Rows of issuances get their
//! time, event, issuer (the realm), subject, token id, session, address and outcome.
//!
//! * Successful refreshes are logged at DEBUG by default, so they are often missing.
//! * A token id may carry a prefix that says how it came about (`onrtrt:`). The token itself carries it too,
//!   so it stays.
//! * Only events that hand out a token keep its id.
//!
//! Rejects: those of [`super::json`].

use super::issuance::forget_token_if;
use super::{Fields, Framing, ISSUANCES, LogFormat, Takes, has_keys, json};
use crate::case::TimeFormat;

pub(super) static FORMAT: LogFormat = LogFormat {
    name: "keycloak",
    title: "Keycloak events, JSON",
    documentation: "https://www.keycloak.org/docs/latest/server_admin/#auditing-and-events",
    about: super::About {
        products: "Keycloak events, as JSON objects.",
        detected_by: "JSON objects with the keys `time` and `realmId`.",
        note: "Keycloak logs successful refreshes at DEBUG by default, so they are often missing. Only events that hand out a token keep its id. The realm's name stands for the issuer: say in `[source.constants]` what the tokens' `iss` is.",
        variables: &[],
        example: r#"{"time":1744588800456,"type":"CODE_TO_TOKEN","realmId":"7d4e02d3","realmName":"shop","userId":"a298c916","sessionId":"7aeeb576","ipAddress":"203.0.113.5","details":{"token_id":"26cb3659-3777-41a7-a31f-86639e3894b6"}}"#,
        settings: "",
    },
    kinds: ISSUANCES,
    framing: Framing::Objects,
    fields: &[
        ("event_time", "time"),
        ("event", "type"),
        ("event", "operationType"),
        ("issuer", "realmName"),
        ("issuer", "realmId"),
        ("subject", "userId"),
        ("token_id", "details.token_id"),
        ("session_id", "sessionId"),
        ("source_ip", "ipAddress"),
        ("outcome", "error"),
    ],
    constants: &[],
    time: Some(TimeFormat::EpochMilliseconds),
    log_format: Takes::No,
    needs: &[],
    mark: |line| has_keys(line, &["time", "realmId"]),
    parser: |_, wanted| json::finished(wanted, keep_issued_tokens),
};

/// Events that hand out the token that they name. Other events name one that was used, revoked or refused.
/// A login names a token only if it is a grant itself, as one by password is.
const HAND_OUT: [&str; 9] = [
    "LOGIN",
    "CODE_TO_TOKEN",
    "REFRESH_TOKEN",
    "CLIENT_LOGIN",
    "TOKEN_EXCHANGE",
    "OAUTH2_DEVICE_CODE_TO_TOKEN",
    "OAUTH2_EXTENSION_GRANT",
    "AUTHREQID_TO_TOKEN",
    "PERMISSION_TOKEN",
];

/// Keeps the token id only of an event that handed the token out.
pub(super) fn keep_issued_tokens(fields: &mut Fields<'_>) {
    forget_token_if(fields, "event", |event| !HAND_OUT.contains(&event));
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_reads, assert_refuses, parser, read};
    use super::*;

    #[test]
    fn reads_a_good_event_and_refuses_a_bad_one() {
        let line = r#"{"time":1744556400001,"type":"REFRESH_TOKEN","realmId":"shop","userId":"u-7","sessionId":"s","ipAddress":"192.0.2.7","details":{"token_id":"onrtrt:t-7"}}"#;
        let row = [
            ("event_time", "1744556400001"),
            ("event", "REFRESH_TOKEN"),
            ("subject", "u-7"),
            ("token_id", "onrtrt:t-7"),
        ];
        assert_reads(&FORMAT, line, &row);
        let bad = r#"{"time":1,"type":"LOGIN"} x"#;
        assert_refuses(&FORMAT, bad, "json_syntax");
    }

    #[test]
    fn only_events_that_hand_out_a_token_keep_its_id() {
        let parser = parser(&FORMAT, &[]);
        for (event, id) in [
            ("LOGIN", Some("t-8")),
            ("OAUTH2_DEVICE_CODE_TO_TOKEN", Some("t-8")),
            ("INTROSPECT_TOKEN", None),
            ("LOGIN_ERROR", None),
        ] {
            let line = format!(
                r#"{{"time":1744556400001,"type":"{event}","realmId":"shop","details":{{"token_id":"t-8","grant_type":"password"}}}}"#
            );
            let expected = Ok(vec![id.map(str::to_string)]);
            assert_eq!(
                read(&FORMAT, &*parser, &line, &["token_id"]),
                expected,
                "{event}"
            );
        }
    }
}
