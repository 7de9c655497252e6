//! Microsoft Entra sign-in logs.
//!
//! <https://learn.microsoft.com/en-us/graph/api/resources/signin>, the resource `signIn` of Graph v1.0. Its
//! fields stand at the top of each object as the portal exports them, and below `properties` as diagnostic
//! settings write them. Rows of issuances get their time, subject, token id, session, address and outcome.
//!
//! A sign-in that failed (an error code other than 0) hands out no token.
//!
//! Rejects: those of [`super::json`].

use super::issuance::forget_token_if;
use super::{Fields, Framing, ISSUANCES, LogFormat, Takes, has_keys, json};
use crate::case::TimeFormat;

pub(super) static FORMAT: LogFormat = LogFormat {
    name: "entra",
    title: "Microsoft Entra sign-ins",
    documentation: "https://learn.microsoft.com/en-us/graph/api/resources/signin",
    about: super::About {
        products: "Microsoft Entra sign-in logs, as exported or as diagnostic settings write them (below `properties`).",
        detected_by: "JSON objects with the keys `createdDateTime` and `ipAddress`.",
        note: "A sign-in that failed hands out no token. Say in `[source.constants]` what the tokens' `iss` is, if it is not `entra`.",
        variables: &[],
        example: r#"{"createdDateTime":"2025-04-14T01:02:03Z","userId":"799252df-d5dc-4c0e-a3ef-a58dd2848217","ipAddress":"203.0.113.5","sessionId":"862601e2","uniqueTokenIdentifier":"be98982bd769","status":{"errorCode":0}}"#,
        settings: "",
    },
    kinds: ISSUANCES,
    framing: Framing::Objects,
    fields: &[
        ("event_time", "createdDateTime"),
        ("event_time", "properties.createdDateTime"),
        ("subject", "userId"),
        ("subject", "properties.userId"),
        ("token_id", "uniqueTokenIdentifier"),
        ("token_id", "properties.uniqueTokenIdentifier"),
        ("session_id", "sessionId"),
        ("session_id", "properties.sessionId"),
        ("source_ip", "ipAddress"),
        ("source_ip", "properties.ipAddress"),
        ("outcome", "status.errorCode"),
        ("outcome", "properties.status.errorCode"),
    ],
    constants: &[("issuer", "entra"), ("event", "sign_in")],
    time: Some(TimeFormat::Rfc3339),
    log_format: Takes::No,
    needs: &[],
    mark: |line| has_keys(line, &["createdDateTime", "ipAddress"]),
    parser: |_, wanted| json::finished(wanted, keep_tokens_of_successes),
};

fn keep_tokens_of_successes(fields: &mut Fields<'_>) {
    forget_token_if(fields, "outcome", |code| code != "0");
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_reads, assert_refuses};
    use super::*;

    #[test]
    fn reads_a_good_event_and_refuses_a_bad_one() {
        let line = r#"{"createdDateTime":"2025-04-14T00:00:00Z","userId":"u-7","uniqueTokenIdentifier":"t-7","ipAddress":"192.0.2.7","status":{"errorCode":0}}"#;
        let row = [
            ("event_time", "2025-04-14T00:00:00Z"),
            ("subject", "u-7"),
            ("token_id", "t-7"),
        ];
        assert_reads(&FORMAT, line, &row);
        let bad = r#"{"userId":{"a":1}}"#;
        assert_refuses(&FORMAT, bad, "field_type");
    }
}
