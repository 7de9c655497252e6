//! The words for events and outcomes that products use, by format: one table.
//!
//! A format that is not here has words as any log may have them; [`crate::case::Words`] knows the common ones.

use crate::case::{FormatWords, Meaning};

/// The words of the format of this name.
pub(crate) fn of_format(name: &str) -> FormatWords {
    match name {
        "auth0" => AUTH0,
        "cloudtrail" => CLOUDTRAIL,
        "entra" => ENTRA,
        "keycloak" | "keycloak_text" => KEYCLOAK,
        "okta" => OKTA,
        _ => FormatWords::default(),
    }
}

/// <https://auth0.com/docs/deploy-monitor/logs/log-event-type-codes>
const AUTH0: FormatWords = FormatWords {
    events: &[
        ("s", Meaning::Granted),
        ("ssa", Meaning::Granted),
        ("seacft", Meaning::Granted),
        ("seccft", Meaning::Granted),
        ("sede", Meaning::Granted),
        ("sens", Meaning::Granted),
        ("seoobft", Meaning::Granted),
        ("seotpft", Meaning::Granted),
        ("sepft", Meaning::Granted),
        ("sepkoobft", Meaning::Granted),
        ("sepkotpft", Meaning::Granted),
        ("sepkrcft", Meaning::Granted),
        ("sercft", Meaning::Granted),
        ("sertft", Meaning::Granted),
        ("scoa", Meaning::Granted),
        ("slo", Meaning::Revoked),
        ("srrt", Meaning::Revoked),
        ("f*", Meaning::Refused),
        ("limit_*", Meaning::Refused),
        ("pwd_leak", Meaning::Refused),
    ],
    other_events: Some(Meaning::Other),
    outcomes: &[],
    other_outcomes: None,
};

/// An `errorCode` is there only where a call failed.
///
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>
const CLOUDTRAIL: FormatWords = FormatWords {
    events: &[
        ("AssumeRole*", Meaning::Granted),
        ("AssumeRoot", Meaning::Granted),
        ("GetSessionToken", Meaning::Granted),
        ("GetFederationToken", Meaning::Granted),
        ("GetCredentialsForIdentity", Meaning::Granted),
        ("GetRoleCredentials", Meaning::Granted),
        ("CreateToken*", Meaning::Granted),
        ("CreateOAuth2Token", Meaning::Granted),
        ("CreateAccessKey", Meaning::Granted),
        ("ConsoleLogin", Meaning::Granted),
        ("SwitchRole", Meaning::Granted),
        ("DeleteAccessKey", Meaning::Revoked),
    ],
    other_events: Some(Meaning::Other),
    outcomes: &[],
    other_outcomes: Some(Meaning::Refused),
};

/// `status.errorCode` is 0 where the sign-in succeeded, and names the failure or the interruption elsewhere.
///
/// <https://learn.microsoft.com/en-us/graph/api/resources/signinstatus>
const ENTRA: FormatWords = FormatWords {
    events: &[("sign_in", Meaning::Granted)],
    other_events: None,
    outcomes: &[("0", Meaning::Granted)],
    other_outcomes: Some(Meaning::Refused),
};

/// `error` is there only where an event failed, and then its type ends with `_ERROR` too.
///
/// <https://www.keycloak.org/docs-api/latest/javadocs/org/keycloak/events/EventType.html>
const KEYCLOAK: FormatWords = FormatWords {
    events: &[
        ("LOGIN", Meaning::Granted),
        ("CODE_TO_TOKEN", Meaning::Granted),
        ("REFRESH_TOKEN", Meaning::Granted),
        ("CLIENT_LOGIN", Meaning::Granted),
        ("TOKEN_EXCHANGE", Meaning::Granted),
        ("OAUTH2_DEVICE_CODE_TO_TOKEN", Meaning::Granted),
        ("OAUTH2_EXTENSION_GRANT", Meaning::Granted),
        ("AUTHREQID_TO_TOKEN", Meaning::Granted),
        ("PERMISSION_TOKEN", Meaning::Granted),
        ("IDENTITY_PROVIDER_LOGIN", Meaning::Granted),
        ("FEDERATED_IDENTITY_LINK", Meaning::Other),
        ("LOGOUT", Meaning::Revoked),
        ("REVOKE_GRANT", Meaning::Revoked),
        ("CREATE", Meaning::Other),
        ("UPDATE", Meaning::Other),
        ("DELETE", Meaning::Other),
        ("ACTION", Meaning::Other),
        ("VALIDATE_ACCESS_TOKEN", Meaning::Other),
        ("UNREGISTER_NODE", Meaning::Other),
    ],
    other_events: None,
    outcomes: &[],
    other_outcomes: Some(Meaning::Refused),
};

/// <https://developer.okta.com/docs/reference/api/event-types/>
const OKTA: FormatWords = FormatWords {
    events: &[
        ("user.session.start", Meaning::Granted),
        ("user.authentication.sso", Meaning::Granted),
        ("user.authentication.auth*", Meaning::Granted),
        ("policy.evaluate_sign_on", Meaning::Other),
        ("app.oauth2.token.grant*", Meaning::Granted),
        ("app.oauth2.as.token.grant*", Meaning::Granted),
        ("app.oauth2.authorize.implicit*", Meaning::Granted),
        ("app.oauth2.as.authorize.implicit*", Meaning::Granted),
        ("app.oauth2.as.authorize*", Meaning::Other),
        ("user.session.end", Meaning::Revoked),
        ("user.session.clear", Meaning::Revoked),
        ("app.oauth2.token.revoke*", Meaning::Revoked),
        ("app.oauth2.as.token.revoke*", Meaning::Revoked),
        ("oauth2.token.revoke*", Meaning::Revoked),
    ],
    other_events: Some(Meaning::Other),
    outcomes: &[
        ("SUCCESS", Meaning::Granted),
        ("ALLOW", Meaning::Granted),
        ("FAILURE", Meaning::Refused),
        ("DENY", Meaning::Refused),
        ("CHALLENGE", Meaning::Refused),
        ("ABANDONED", Meaning::Refused),
        ("SKIPPED", Meaning::Other),
        ("RATE_LIMIT", Meaning::Refused),
    ],
    other_outcomes: None,
};
