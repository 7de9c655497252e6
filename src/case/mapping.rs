//! The names that a source's settings choose from: what it logs, and how it writes times.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::frames::{self, Frame};

/// What a source logs; decides the frame that its rows fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// The gateway that checks the tokens: fills `requests`.
    Gateway,
    /// A tier in front of the gateway, which sees no tokens: fills `requests`.
    Edge,
    /// The application behind the gateway: fills `app_events`.
    Application,
    /// The issuer of tokens: fills `issuances`.
    Issuance,
    /// Logins as the service itself logs them, apart from the issuer: fills `logins`.
    Login,
}

impl SourceKind {
    /// Every kind, in the order of the type.
    pub const ALL: [SourceKind; 5] = [
        SourceKind::Gateway,
        SourceKind::Edge,
        SourceKind::Application,
        SourceKind::Issuance,
        SourceKind::Login,
    ];

    /// The name, as in the case file.
    pub fn name(self) -> &'static str {
        match self {
            SourceKind::Gateway => "gateway",
            SourceKind::Edge => "edge",
            SourceKind::Application => "application",
            SourceKind::Issuance => "issuance",
            SourceKind::Login => "login",
        }
    }

    /// The frame that rows of such a source fill.
    pub fn frame(self) -> &'static Frame {
        match self {
            SourceKind::Gateway | SourceKind::Edge => &frames::REQUESTS,
            SourceKind::Application => &frames::APP_EVENTS,
            SourceKind::Issuance => &frames::ISSUANCES,
            SourceKind::Login => &frames::LOGINS,
        }
    }

    /// Columns that intake fills itself.
    pub fn derived(self) -> &'static [&'static str] {
        &[
            "evidence_id",
            "line_no",
            "tier",
            "page",
            "meaning",
            "row_problem",
        ]
    }

    /// Columns whose field the case must name, beyond those every row must have.
    pub fn needs(self) -> &'static [&'static str] {
        match self {
            SourceKind::Gateway => &["token_id", "token_issuer", "token_subject"],
            SourceKind::Login => &["subject"],
            SourceKind::Issuance | SourceKind::Edge | SourceKind::Application => &[],
        }
    }
}

/// How times are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TimeFormat {
    /// RFC 3339: `2025-04-14T00:00:00+09:00`; without an offset the source's `zone` is used.
    Rfc3339,
    /// Seconds since 1970 UTC, with or without a fraction: `1744556400.123`.
    EpochSeconds,
    /// Milliseconds since 1970 UTC: `1744556400123`.
    EpochMilliseconds,
    /// Microseconds since 1970 UTC: `1744556400123456`.
    EpochMicroseconds,
    /// Nanoseconds since 1970 UTC: `1744556400123456789`.
    EpochNanoseconds,
    /// Seconds, milliseconds, microseconds or nanoseconds since 1970 UTC by the number of digits, or RFC 3339.
    Epoch,
    /// As in the common log format: `14/Apr/2025:00:00:00 +0900`.
    Common,
    /// A date and a time in UTC: `2025-04-14 00:00:00`.
    Utc,
    /// The source's own wall clock: `2025-04-14 00:00:00.123`; needs `zone`.
    LocalIso,
    /// The source's own wall clock: `14/Apr/2025:00:00:00.123`; needs `zone`.
    LocalClf,
}

impl TimeFormat {
    /// Whether each time needs the source's zone.
    pub fn needs_zone(self) -> bool {
        matches!(self, TimeFormat::LocalIso | TimeFormat::LocalClf)
    }
}
