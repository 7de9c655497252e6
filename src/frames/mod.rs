//! The canonical frames: what each is called, its columns, and how it is written and read.
//!
//! A frame is a folder `frames/<name>/` of Parquet parts. Those of event frames bear the number of their
//! evidence file, its `evidence_id`; those of derived frames that of a partition. What is long has several:
//! `000007.parquet`, `000007_0002.parquet` and so on. The parts are written in a fixed order of rows, so
//! the same evidence gives the same bytes.

mod columns;
mod encode;
mod pages;
mod reader;
#[cfg(test)]
mod tests;
mod texts;
mod writer;

pub use columns::{Batch, RowGroup, Value};
pub use reader::{Piece, Texts, code, part_files, pieces, small, text, time, unsigned};
pub use texts::Looked;
pub use writer::{FrameWriter, Part, numbered_parts};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// UTF-8 text whose values repeat.
    Text,
    /// UTF-8 text of which nearly every value is another, such as a request id.
    Identifier,
    /// Raw bytes.
    Bytes,
    /// Unsigned 64-bit count or number.
    Unsigned,
    /// Unsigned 32-bit identifier.
    Small,
    /// Unsigned 16-bit code, such as an HTTP status.
    Code,
    /// Microseconds since 1970-01-01 UTC.
    Time,
    /// An IP address as text in its canonical form; IPv4-mapped IPv6 is written as IPv4.
    Address,
}

/// A column of a frame.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Name, as in SQL.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether a row without it is a reject.
    pub required: bool,
}

/// A frame: its name and columns. Event frames begin with `evidence_id` and `line_no`.
#[derive(Debug)]
pub struct Frame {
    /// Name, as in SQL and as the folder's name.
    pub name: &'static str,
    /// Columns, in order.
    pub columns: &'static [Column],
}

impl Frame {
    /// The index of a column.
    pub fn index(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}

const fn must(name: &'static str, kind: Kind) -> Column {
    Column {
        name,
        kind,
        required: true,
    }
}

const fn may(name: &'static str, kind: Kind) -> Column {
    Column {
        name,
        kind,
        required: false,
    }
}

/// A line of the gateway's or the edge's log.
pub static REQUESTS: Frame = Frame {
    name: "requests",
    columns: &[
        must("evidence_id", Kind::Small),
        must("line_no", Kind::Unsigned),
        must("tier", Kind::Text),
        must("event_time", Kind::Time),
        may("request_id", Kind::Identifier),
        must("source_ip", Kind::Address),
        must("method", Kind::Text),
        must("path", Kind::Text),
        may("page", Kind::Text),
        must("status", Kind::Code),
        may("body_bytes", Kind::Unsigned),
        may("user_agent", Kind::Text),
        may("token_id", Kind::Identifier),
        may("token_issuer", Kind::Text),
        may("key_id", Kind::Text),
        may("token_subject", Kind::Identifier),
        may("token_issued_at", Kind::Time),
        may("token_expires_at", Kind::Time),
        may("token_scope", Kind::Text),
        may("session_id", Kind::Identifier),
        may("token_signature", Kind::Text),
        may("token_problem", Kind::Text),
    ],
};

/// An event of the issuer's log: a token handed out, or an event without one, such as a logout.
pub static ISSUANCES: Frame = Frame {
    name: "issuances",
    columns: &[
        must("evidence_id", Kind::Small),
        must("line_no", Kind::Unsigned),
        must("event_time", Kind::Time),
        must("issuer", Kind::Text),
        may("key_id", Kind::Text),
        may("token_id", Kind::Identifier),
        may("subject", Kind::Identifier),
        may("event", Kind::Text),
        may("issued_at", Kind::Time),
        may("expires_at", Kind::Time),
        may("scope", Kind::Text),
        may("sequence", Kind::Unsigned),
        may("session_id", Kind::Identifier),
        may("source_ip", Kind::Address),
        may("outcome", Kind::Text),
    ],
};

/// A login at the service: proof, apart from the issuer's log, that a customer was there.
pub static LOGINS: Frame = Frame {
    name: "logins",
    columns: &[
        must("evidence_id", Kind::Small),
        must("line_no", Kind::Unsigned),
        must("event_time", Kind::Time),
        must("subject", Kind::Identifier),
        may("source_ip", Kind::Address),
        may("session_id", Kind::Identifier),
        may("event", Kind::Text),
        may("outcome", Kind::Text),
    ],
};

/// A page the application served, and to whose data it belonged.
pub static APP_EVENTS: Frame = Frame {
    name: "app_events",
    columns: &[
        must("evidence_id", Kind::Small),
        must("line_no", Kind::Unsigned),
        must("event_time", Kind::Time),
        must("request_id", Kind::Identifier),
        must("account", Kind::Identifier),
        may("path", Kind::Text),
        must("item_count", Kind::Unsigned),
    ],
};

/// A line that could not be read as a row: kept whole.
pub static REJECTS: Frame = Frame {
    name: "rejects",
    columns: &[
        must("evidence_id", Kind::Small),
        must("line_no", Kind::Unsigned),
        must("byte_offset", Kind::Unsigned),
        must("reason", Kind::Text),
        must("detail", Kind::Identifier),
        must("raw", Kind::Bytes),
    ],
};

/// An evidence file.
pub static EVIDENCE: Frame = Frame {
    name: "evidence",
    columns: &[
        must("evidence_id", Kind::Small),
        must("source", Kind::Text),
        must("kind", Kind::Text),
        must("path", Kind::Text),
        must("sha256", Kind::Text),
        must("line_count", Kind::Unsigned),
        must("row_count", Kind::Unsigned),
        must("reject_count", Kind::Unsigned),
        must("blank_count", Kind::Unsigned),
        may("duplicate_of", Kind::Small),
    ],
};

/// A stretch of lines that repeats lines of another file of its source: overlapping rotations.
pub static OVERLAPS: Frame = Frame {
    name: "overlaps",
    columns: &[
        must("evidence_id", Kind::Small),
        must("first_line_no", Kind::Unsigned),
        must("line_count", Kind::Unsigned),
        must("of_evidence_id", Kind::Small),
        must("of_first_line_no", Kind::Unsigned),
    ],
};

/// A source that fell silent against its own rhythm.
pub static SILENCES: Frame = Frame {
    name: "silences",
    columns: &[
        must("source", Kind::Text),
        must("from", Kind::Time),
        must("to", Kind::Time),
        must("expected_count", Kind::Unsigned),
        must("basis", Kind::Text),
    ],
};

/// A signing key and one of its custodians.
pub static KEYS: Frame = Frame {
    name: "keys",
    columns: &[
        must("key_id", Kind::Text),
        must("issuer", Kind::Text),
        may("created_at", Kind::Time),
        may("activated_at", Kind::Time),
        may("rotated_at", Kind::Time),
        may("retired_at", Kind::Time),
        may("revoked_at", Kind::Time),
        may("custodian", Kind::Text),
        may("custodian_left_at", Kind::Time),
        may("stored_in", Kind::Text),
    ],
};

/// An account of the registry.
pub static ACCOUNTS: Frame = Frame {
    name: "accounts",
    columns: &[
        must("account", Kind::Identifier),
        must("person", Kind::Identifier),
        may("region", Kind::Text),
        may("opened_at", Kind::Time),
        may("closed_at", Kind::Time),
    ],
};

/// A page of the catalogue and one of the fields it shows.
pub static PAGES: Frame = Frame {
    name: "pages",
    columns: &[
        must("page", Kind::Text),
        must("title", Kind::Text),
        must("method", Kind::Text),
        must("route", Kind::Text),
        must("empty_below_bytes", Kind::Unsigned),
        must("field", Kind::Text),
        must("form", Kind::Text),
    ],
};

/// A token seen in use, with its verdict.
pub static TOKENS: Frame = Frame {
    name: "tokens",
    columns: &[
        must("fingerprint", Kind::Identifier),
        must("token_id", Kind::Identifier),
        may("token_issuer", Kind::Text),
        may("key_id", Kind::Text),
        may("token_subject", Kind::Identifier),
        may("token_issued_at", Kind::Time),
        may("token_expires_at", Kind::Time),
        may("token_scope", Kind::Text),
        may("session_id", Kind::Identifier),
        may("token_signature", Kind::Text),
        may("token_problem", Kind::Text),
        must("verdict", Kind::Text),
        must("confidence", Kind::Text),
        must("reason", Kind::Text),
        may("supporting", Kind::Text),
        must("rules", Kind::Text),
        must("coverage", Kind::Text),
        must("coverage_basis", Kind::Text),
        must("login", Kind::Text),
        may("record_evidence_id", Kind::Small),
        may("record_line_no", Kind::Unsigned),
        must("line_count", Kind::Unsigned),
        must("first_seen", Kind::Time),
        must("last_seen", Kind::Time),
        must("evidence_id", Kind::Small),
        must("line_no", Kind::Unsigned),
    ],
};

/// The use of one forged token from its first request to its last.
pub static SESSIONS: Frame = Frame {
    name: "sessions",
    columns: &[
        must("fingerprint", Kind::Identifier),
        may("token_subject", Kind::Identifier),
        must("first_seen", Kind::Time),
        must("last_seen", Kind::Time),
        must("line_count", Kind::Unsigned),
        must("address_count", Kind::Unsigned),
    ],
};

/// A stretch of forged requests without a long pause.
pub static RUNS: Frame = Frame {
    name: "runs",
    columns: &[
        must("run", Kind::Unsigned),
        must("phase", Kind::Text),
        must("first_seen", Kind::Time),
        must("last_seen", Kind::Time),
        must("request_count", Kind::Unsigned),
    ],
};

/// An address that carried a forged token.
pub static FLEET: Frame = Frame {
    name: "fleet",
    columns: &[
        must("source_ip", Kind::Address),
        must("nature", Kind::Text),
        must("request_count", Kind::Unsigned),
        must("account_count", Kind::Unsigned),
        must("legitimate_request_count", Kind::Unsigned),
        must("first_seen", Kind::Time),
        must("last_seen", Kind::Time),
        may("network", Kind::Text),
        may("network_name", Kind::Text),
        may("network_kind", Kind::Text),
        may("network_country", Kind::Text),
    ],
};

/// An hour of an issuer's log and a key, and what the log can say about it.
pub static COVERAGE: Frame = Frame {
    name: "coverage",
    columns: &[
        must("issuer", Kind::Text),
        may("key_id", Kind::Text),
        must("hour", Kind::Time),
        must("status", Kind::Text),
        must("basis", Kind::Text),
        must("record_count", Kind::Unsigned),
        must("witness_count", Kind::Unsigned),
        must("unrecorded_witness_count", Kind::Unsigned),
    ],
};

/// A stretch in which an issuer's log lacks records.
pub static HOLES: Frame = Frame {
    name: "holes",
    columns: &[
        must("issuer", Kind::Text),
        must("basis", Kind::Text),
        must("from", Kind::Time),
        must("to", Kind::Time),
        may("missing_count", Kind::Unsigned),
    ],
};

/// A signing key's life by the inventory and its use in the logs.
pub static KEY_TIMELINE: Frame = Frame {
    name: "key_timeline",
    columns: &[
        must("issuer", Kind::Text),
        must("key_id", Kind::Text),
        must("listed", Kind::Text),
        may("created_at", Kind::Time),
        may("activated_at", Kind::Time),
        may("rotated_at", Kind::Time),
        may("retired_at", Kind::Time),
        may("revoked_at", Kind::Time),
        may("custodian_left_at", Kind::Time),
        may("outlived_days", Kind::Unsigned),
        may("stored_outside", Kind::Text),
        may("first_honest_use", Kind::Time),
        may("last_honest_use", Kind::Time),
        must("honest_token_count", Kind::Unsigned),
        may("first_forged_use", Kind::Time),
        may("last_forged_use", Kind::Time),
        must("forged_token_count", Kind::Unsigned),
        must("indeterminate_token_count", Kind::Unsigned),
        must("forged_after_departure_count", Kind::Unsigned),
    ],
};

/// A request that showed, or may have shown, an account's data.
pub static EXPOSURES: Frame = Frame {
    name: "exposures",
    columns: &[
        must("evidence_id", Kind::Small),
        must("line_no", Kind::Unsigned),
        may("app_evidence_id", Kind::Small),
        may("app_line_no", Kind::Unsigned),
        must("event_time", Kind::Time),
        must("page", Kind::Text),
        may("account", Kind::Identifier),
        must("bound", Kind::Text),
        must("rule", Kind::Text),
    ],
};

/// A figure of the disclosure.
pub static FIGURES: Frame = Frame {
    name: "figures",
    columns: &[
        must("id", Kind::Text),
        must("unit", Kind::Text),
        must("confirmed", Kind::Unsigned),
        must("probable", Kind::Unsigned),
        must("possible", Kind::Unsigned),
        must("rule", Kind::Text),
    ],
};

/// Every frame, in the order the program fills them.
pub static ALL: &[&Frame] = &[
    &EVIDENCE,
    &REQUESTS,
    &ISSUANCES,
    &LOGINS,
    &APP_EVENTS,
    &REJECTS,
    &OVERLAPS,
    &SILENCES,
    &KEYS,
    &ACCOUNTS,
    &PAGES,
    &COVERAGE,
    &HOLES,
    &TOKENS,
    &KEY_TIMELINE,
    &SESSIONS,
    &RUNS,
    &FLEET,
    &EXPOSURES,
    &FIGURES,
];
