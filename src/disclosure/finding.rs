//! What a finding is: something that a reader must know beside the figures, as data.
//!
//! Each kind of finding has a stable `id`. `subject` is what it is about, and `count` how many there are
//! of the kind's one unit; a kind that has neither goes without. `report` makes the sentences.

use serde::Serialize;

use crate::moment::serialize_utc;

/// Something that a reader must know beside the figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "id", rename_all = "snake_case")]
pub enum Finding {
    /// Reading an evidence file was cut short.
    EvidenceDamaged {
        /// The file.
        subject: String,
        /// Rows that could be read all the same.
        count: u64,
        /// What cut the reading short.
        damage: String,
    },
    /// An evidence file is a copy of another: the same bytes, or the same text with other line ends.
    EvidenceDuplicated {
        /// The file.
        subject: String,
        /// The file that was counted instead.
        of: String,
    },
    /// Lines of an evidence file repeat lines of another one of its source.
    EvidenceOverlaps {
        /// The file.
        subject: String,
        /// Lines that repeat others.
        count: u64,
        /// Number of the first of these lines.
        first_line: u64,
        /// The file whose lines they repeat.
        of: String,
        /// Number of the first line there.
        of_first_line: u64,
    },
    /// Files or members of archives belong to no source of the case, or are no regular files.
    EvidenceUnclaimed {
        /// Files and members.
        count: u64,
    },
    /// Lines of a source are messages of the server itself, or `where` leaves them to other sources.
    LinesOfOthers {
        /// The source.
        subject: String,
        /// Such lines.
        count: u64,
        /// The place of the first one.
        place: String,
        /// Its beginning, if it is a message of the server and holds no token.
        text: Option<String>,
    },
    /// No line of a source is an event: all are other lines.
    NoLineTaken {
        /// The source.
        subject: String,
        /// Its lines.
        count: u64,
    },
    /// The case names no registry of one kind.
    RegistryMissing {
        /// Which registry.
        subject: Registry,
    },
    /// Lines could not be read.
    LinesRejected {
        /// Rejected lines.
        count: u64,
        /// All lines of the evidence.
        line_count: u64,
    },
    /// Tokens name more keys outside the key inventory than are listed one by one.
    MoreKeysUnlisted {
        /// Keys beyond those listed.
        count: u64,
    },
    /// Tokens name a key that the key inventory lacks.
    KeyUnlisted {
        /// The key.
        subject: String,
        /// Its issuer.
        issuer: String,
        /// Tokens that name it.
        count: u64,
    },
    /// A key stayed in use after a custodian had left.
    KeyOutlivedCustodian {
        /// The key.
        subject: String,
        /// Its issuer.
        issuer: String,
        /// When the custodian left.
        #[serde(serialize_with = "serialize_utc")]
        left_at: i64,
        /// Days for which the key outlived the departure.
        day_count: u64,
        /// Forged tokens that were used after the departure.
        count: u64,
    },
    /// A key was stored outside the key management system.
    KeyStoredOutside {
        /// The key.
        subject: String,
        /// Its issuer.
        issuer: String,
        /// Where it was stored.
        place: String,
    },
    /// Requests came without the cookie that holds the token.
    RequestsWithoutCookie {
        /// Gateway lines.
        count: u64,
    },
    /// The gateway's log does not show the token of some lines in a form that can be read.
    TokensUnreadable {
        /// Why, as in the column `token_problem`.
        problem: String,
        /// Gateway lines.
        count: u64,
    },
    /// A text of an event or outcome is on no list, so what such lines tell of is not known.
    WordUnknown {
        /// The text.
        subject: String,
        /// The source.
        source: String,
        /// The column, `event` or `outcome`.
        column: String,
        /// Lines that have it.
        count: u64,
    },
    /// Values of a file's rows could not be read and are null; the rows are counted all the same.
    ValuesUnreadable {
        /// The file.
        subject: String,
        /// What is wrong, as in the column `row_problem`.
        problem: String,
        /// The first line that has it.
        line_no: u64,
        /// The beginning of its text; empty where there is none.
        value: String,
        /// Rows that have it.
        count: u64,
    },
    /// Forged requests have no address that could be read, so they are no part of the fleet.
    ForgedRequestsWithoutAddress {
        /// Requests.
        count: u64,
    },
    /// Lines of gateways' logs could not be read; each may be a request of the attacker.
    GatewayLinesRejected {
        /// Lines, as they stand in the bound `possible` of `requests.forged`.
        count: u64,
    },
    /// Accounts met the registry only when letter case, zeros or Unicode form were passed over.
    AccountsSpelledOtherwise {
        /// Views that showed such an account.
        count: u64,
    },
    /// Issuance records lie so far from all others that they do not count for the log's extent.
    IssuanceRecordsAstray {
        /// The issuer.
        subject: String,
        /// Such records.
        count: u64,
    },
    /// The case has an issuance log and no login log that could check it.
    NoLoginLog,
    /// A given key cannot be used to check signatures.
    SigningKeyUnsupported {
        /// The key, where it has an id.
        subject: Option<String>,
        /// Why it cannot be used, as a part of a sentence.
        why: String,
    },
    /// Keys that were given to check signatures verified no token.
    SigningKeysIdle {
        /// Such keys.
        count: u64,
        /// Their ids, where they have one; at most 20 of them.
        keys: Vec<Option<String>>,
    },
    /// The case file says that an issuer's log would hold a key that nothing else names.
    LoggedKeyUnknown {
        /// The key.
        subject: String,
        /// The issuer whose `keys_logged` names it.
        issuer: String,
    },
    /// Each token of a key lies outside of what the key is stated to be for.
    KeyScopeNeverMet {
        /// The key.
        subject: String,
        /// The setting that states it, such as `audiences`.
        setting: &'static str,
        /// Tokens of the key.
        count: u64,
        /// What one of them has.
        example: String,
    },
    /// Indeterminate tokens do not tell, or their log does not, what the scope of their key limits.
    KeyScopeNotTold {
        /// The key.
        subject: String,
        /// The setting that states it, such as `audiences`.
        setting: &'static str,
        /// The column of `requests` that would have it.
        column: &'static str,
        /// Such tokens.
        count: u64,
    },
    /// No token is forged for sure, though some are likely or may be.
    NothingConfirmed {
        /// Tokens that are forged with moderate confidence, or else indeterminate ones of the commonest reason.
        count: u64,
        /// The rule that calls them forged, or why nothing could be decided.
        reason: String,
    },
    /// Of the tokens without a record, some could be honest ones whose record a log without numbers lost.
    TokensMayBeHonest {
        /// The issuer.
        subject: String,
        /// The issue time of the first honest token that shows the log complete.
        #[serde(serialize_with = "serialize_utc")]
        from: i64,
        /// That of the last one.
        #[serde(serialize_with = "serialize_utc")]
        to: i64,
        /// Tokens without a record between.
        count: u64,
        /// How many of them could be honest, at most, with a confidence of 99.9 %.
        at_most: u64,
        /// Honest tokens, all with their record, that show it.
        witness_count: u64,
    },
    /// Requests at gateways that log no tokens are told by the addresses of forged tokens elsewhere.
    RequestsByAddress {
        /// From addresses of the attacker alone.
        dedicated_count: u64,
        /// From addresses that carry customers too.
        shared_count: u64,
    },
    /// Requests are known from another tier only, because the gateway's line is lost.
    GatewayLinesLost {
        /// Requests.
        count: u64,
    },
    /// Lines are copies of another line.
    LinesCopied {
        /// Copies; the lines that were counted are none of them.
        count: u64,
    },
    /// Views showed accounts that the account registry lacks.
    ViewsOfUnlistedAccounts {
        /// Views.
        count: u64,
    },
    /// The logs cannot show whether the attacker carried the data away.
    OutflowUndetermined,
}

/// A list that the case file can name, and without which something stays undecided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Registry {
    /// The page catalogue.
    Pages,
    /// The account registry.
    Accounts,
    /// The key inventory.
    Keys,
    /// The network database.
    Networks,
}
