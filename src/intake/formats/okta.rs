//! Okta's System Log, as JSON objects.
//!
//! <https://developer.okta.com/docs/api/openapi/okta-management/management/tag/SystemLog/>. Rows of issuances
//! get their time, event, subject, session, address and outcome; the issuer is `okta`.
//!
//! * Grants of tokens (`app.oauth2.token.grant.*`, `app.oauth2.as.token.grant.*`) name the token in `target`:
//!   its id, its subject and when it expires. The actor of a grant is mostly the client application, and no
//!   subject then.
//! * An access token goes before an id token, if one event names both. Refresh tokens are not read: no request
//!   shows them.
//! * A grant that failed has the outcome `FAILURE`, and its event ends with `.grant`.
//! * Other events name no token but those that revoke one. What tells of the others is their session.
//! * An `externalSessionId` of `unknown` is none.
//!
//! Rejects: those of [`super::json`], and `field_missing` for an event without a type.

use super::issuance::{column, forget_token_if};
use super::{Fields, Framing, ISSUANCES, LogFormat, Takes, has_keys, json};
use crate::case::TimeFormat;

pub(super) static FORMAT: LogFormat = LogFormat {
    name: "okta",
    title: "Okta System Log",
    documentation: "https://developer.okta.com/docs/api/openapi/okta-management/management/tag/SystemLog/",
    about: super::About {
        products: "Okta System Log, one event a line or in one array.",
        detected_by: "JSON objects with the keys `published`, `eventType` and `actor`.",
        note: "Only grants and revocations of tokens name the token: what the other events tell of is the session. Say in `[source.constants]` what the tokens' `iss` is, if it is not `okta`. The subject of a grant is Okta's id of the user, which access tokens claim as `uid`: where the gateway's log has their `sub`, the login, map `subject` to `target.[type=User].alternateId`. Where it has only a hash of the token, map `token_id` to `target.[type=access_token].detailEntry.hash`.",
        variables: &[],
        example: r#"{"published":"2025-04-14T09:00:00.123Z","eventType":"user.session.start","actor":{"id":"00u8e4c29297"},"authenticationContext":{"externalSessionId":"102b462d"},"client":{"ipAddress":"203.0.113.5"},"outcome":{"result":"SUCCESS"}}"#,
        settings: "",
    },
    kinds: ISSUANCES,
    framing: Framing::Objects,
    fields: &[
        ("event_time", "published"),
        ("event", "eventType"),
        ("token_id", "target.[type=access_token].id"),
        ("token_id", "target.[type=id_token].id"),
        (
            "expires_at",
            "target.[type=access_token].detailEntry.expires",
        ),
        ("expires_at", "target.[type=id_token].detailEntry.expires"),
        ("subject", "target.[type=access_token].detailEntry.subject"),
        ("subject", "target.[type=id_token].detailEntry.subject"),
        ("subject", "actor.[type=User].id"),
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
    parser: |_, wanted| json::finished(wanted, keep_granted_tokens),
};

/// The rank of `actor.id` among the sources of a subject, if the case file maps none.
const ANY_ACTOR: u8 = 3;

/// What Okta logs as the session where there is none.
const NO_SESSION: &str = "unknown";

/// Keeps the token only of events that grant or revoke it, with its own expiry, and the actor as subject of
/// a grant only if it is a user.
fn keep_granted_tokens(fields: &mut Fields<'_>) {
    let [event, token, expiry, subject, session] =
        ["event", "token_id", "expires_at", "subject", "session_id"].map(column);
    if fields.get(session) == Some(NO_SESSION) {
        fields.clear(session);
    }
    let is_grant =
        |event: &str| event.contains(".token.grant") || event.contains(".authorize.implicit");
    let names_none = |event: &str| !is_grant(event) && !event.contains(".token.revoke");
    // The access token beside a refresh token is granted by an event of its own.
    let is_refresh = |event: &str| event.ends_with(".refresh_token");
    forget_token_if(fields, "event", |event| {
        names_none(event) || is_refresh(event)
    });
    // Of an event with an access token and an id token, the one's expiry is not the other's.
    if !fields.has(token) || fields.has(expiry) && fields.rank(expiry) != fields.rank(token) {
        fields.clear(expiry);
    }
    let granted = fields.get(event).is_some_and(is_grant);
    if granted && fields.has(subject) && fields.rank(subject) == ANY_ACTOR {
        fields.clear(subject);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_reads, assert_refuses, parser, read};
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

    #[test]
    fn a_grant_names_its_token_and_not_the_application_that_asked() {
        let columns = ["token_id", "subject", "expires_at"];
        let parser = parser(&FORMAT, &[]);
        let grant = |event: &str, actor: &str, kind: &str| {
            let token = format!(
                r#"{{"id":"AT.7","type":"{kind}","detailEntry":{{"expires":"2025-04-14T01:00:00.000Z","subject":"u-7","hash":"aa"}}}}"#
            );
            let line = format!(
                r#"{{"published":"2025-04-14T00:00:00.000Z","eventType":"{event}","actor":{{"id":"0oa1","type":"{actor}"}},"target":[{{"id":"u-9","type":"AppUser"}},{token},{{"id":"RT.1","type":"refresh_token"}}]}}"#
            );
            let row = read(&FORMAT, &*parser, &line, &columns).expect("a row");
            let row = row.into_iter().map(|text| text.unwrap_or_default());
            row.collect::<Vec<_>>()
        };
        let whole = ["AT.7", "u-7", "2025-04-14T01:00:00.000Z"];
        for (event, kind) in [
            ("app.oauth2.token.grant.access_token", "access_token"),
            ("app.oauth2.as.token.grant.id_token", "id_token"),
        ] {
            assert_eq!(grant(event, "PublicClientApp", kind), whole, "{event}");
        }
        // A token that is only a refresh token is none that a request shows.
        let other = grant(
            "app.oauth2.as.token.grant.refresh_token",
            "PublicClientApp",
            "code",
        );
        assert_eq!(other, ["", "", ""]);
        let by_user = grant("app.oauth2.as.token.grant.refresh_token", "User", "code");
        assert_eq!(by_user, ["", "0oa1", ""]);
        let used = grant("user.authentication.sso", "User", "access_token");
        assert_eq!(used[0], "");
        let revoked = grant("app.oauth2.as.token.revoke", "User", "access_token");
        assert_eq!(revoked[0], "AT.7");
        // What a refresh token came with is no token of its event, nor is what a consent was taken from.
        for event in [
            "app.oauth2.as.token.grant.refresh_token",
            "app.oauth2.as.consent.revoke.implicit.user",
        ] {
            let row = grant(event, "PublicClientApp", "access_token");
            assert_eq!([&*row[0], &*row[2]], ["", ""], "{event}");
        }
    }

    #[test]
    fn an_unknown_session_is_none() {
        let parser = parser(&FORMAT, &[]);
        let session = |id: &str| {
            let line = format!(
                r#"{{"published":"2025-04-14T00:00:00.000Z","eventType":"user.session.start","actor":{{"id":"u-7"}},"authenticationContext":{{"externalSessionId":"{id}"}}}}"#
            );
            read(&FORMAT, &*parser, &line, &["session_id"])
                .expect("a row")
                .remove(0)
        };
        assert_eq!(session("102b462d").as_deref(), Some("102b462d"));
        assert_eq!(session("unknown"), None);
    }

    #[test]
    fn an_id_token_is_not_taken_for_the_access_token_beside_it() {
        let columns = ["token_id", "subject", "expires_at"];
        let parser = parser(&FORMAT, &[]);
        let granted = |access: &str| {
            let line = format!(
                r#"{{"published":"2025-04-14T00:00:00Z","eventType":"app.oauth2.as.authorize.implicit.access_token","actor":{{"id":"0oa1","type":"PublicClientApp"}},"target":[{{"id":"ID.7","type":"id_token","detailEntry":{{"expires":"2025-04-14T09:00:00Z","subject":"u-7"}}}},{{{access}"type":"access_token","detailEntry":null}}]}}"#
            );
            read(&FORMAT, &*parser, &line, &columns).expect("a row")
        };
        let text = |text: &str| Some(text.to_string());
        assert_eq!(
            granted(r#""id":"AT.7","#),
            [text("AT.7"), text("u-7"), None]
        );
        let id = [text("ID.7"), text("u-7"), text("2025-04-14T09:00:00Z")];
        assert_eq!(granted(""), id);
    }

    #[test]
    fn words_of_okta_tell_grants_from_failures() {
        use crate::case::{Meaning, Words};
        let words = Words::new([], super::super::vocabulary::of_format("okta"));
        for (event, outcome, meaning) in [
            (
                "app.oauth2.token.grant.access_token",
                "SUCCESS",
                Meaning::Granted,
            ),
            (
                "app.oauth2.as.authorize.implicit.id_token",
                "SUCCESS",
                Meaning::Granted,
            ),
            ("app.oauth2.as.authorize.code", "SUCCESS", Meaning::Other),
            ("app.oauth2.as.token.grant", "FAILURE", Meaning::Refused),
            ("app.oauth2.as.token.revoke", "SUCCESS", Meaning::Revoked),
            (
                "app.oauth2.as.consent.revoke.user",
                "SUCCESS",
                Meaning::Other,
            ),
        ] {
            assert_eq!(
                words.meaning(Some(event), Some(outcome)),
                meaning,
                "{event}"
            );
        }
    }
}
