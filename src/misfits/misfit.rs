//! What does not fit together, as data, and how much of it is too much to be chance.

use serde::Serialize;

/// Tokens, records or subjects that must agree before a misfit is told: fewer may be chance.
pub(super) const FEW: u64 = 5;
/// Lines or records of one source that are enough to find something strange in their sum.
pub(super) const MANY: u64 = 20;
/// Batches of rows that are looked at in one source, evenly spread.
pub(super) const MOST_PIECES: usize = 8;

/// Something that does not fit together, most likely because a setting of the case is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "id", rename_all = "snake_case")]
pub enum Misfit {
    /// The case has no source of kind gateway, so no use of a token can be seen.
    NoGatewaySource,
    /// More lines of a source were rejected than read.
    SourceUnread {
        /// The source.
        subject: String,
        /// Its rejected lines.
        count: u64,
        /// All its lines but blanks and other lines.
        line_count: u64,
        /// The reason that most of the rejects looked at have.
        reason: String,
        /// What exactly is wrong with the first of these.
        detail: String,
        /// Its file and line.
        place: String,
    },
    /// No line of a source is an event: all are other lines.
    NoLineTaken {
        /// The source.
        subject: String,
        /// Its lines.
        count: u64,
    },
    /// No line of a gateway's log has a token.
    GatewayWithoutToken {
        /// The source.
        subject: String,
        /// Its lines.
        count: u64,
        /// Why the tokens of most lines could not be read, as in `token_problem`, if the log shows one at all.
        problem: Option<String>,
        /// The field that the case file names for the token's id and that no line has.
        absent_field: Option<String>,
    },
    /// The issuer that tokens name is named otherwise elsewhere.
    IssuerNamedOtherwise {
        /// The issuer as the tokens name it.
        subject: String,
        /// Its other name.
        other: String,
        /// Where it has the other name.
        place: Named,
        /// What shows that both are one: records of the same id, keys of the same id, or tokens.
        count: u64,
        /// The id of such a token or key, if one shows it.
        example: Option<String>,
    },
    /// The times of an issuer's records lie a whole number of quarter hours from those of their tokens.
    RecordTimesShifted {
        /// The issuer.
        subject: String,
        /// Seconds from a token's own issue time to that of its record.
        shift_seconds: i64,
        /// Tokens whose record lies so far away.
        count: u64,
        /// The id of one of them.
        example: String,
    },
    /// Tokens that were issued for certain are used at times at which they were not valid.
    UseTimesShifted {
        /// The gateway's source.
        subject: String,
        /// Such tokens.
        count: u64,
        /// Tokens of this source that have a record.
        token_count: u64,
        /// Whether they are used before they were issued; else it is after they expired.
        early: bool,
    },
    /// The account registry has hardly any of the subjects or accounts that a log names.
    SubjectsUnregistered {
        /// The issuer or the source.
        subject: String,
        /// Which column names them.
        column: &'static str,
        /// Distinct subjects that the registry lacks.
        count: u64,
        /// Distinct subjects that were looked up.
        subject_count: u64,
        /// One that the registry lacks.
        example: String,
    },
    /// The records of an issuer hand out the same tokens again and again, as a log of requests does.
    RecordsRepeat {
        /// The issuer.
        subject: String,
        /// Records that hand out a token, among those looked at.
        count: u64,
        /// The distinct tokens that they hand out.
        token_count: u64,
    },
    /// Tokens of a key that were issued for certain lie outside of what the key is stated to be for.
    KeyScopeContradicted {
        /// The key.
        subject: String,
        /// The setting that states it, such as `audiences`.
        setting: &'static str,
        /// Such tokens.
        count: u64,
        /// Tokens outside of it that no record hands out.
        other_count: u64,
        /// What one of the issued tokens has instead.
        example: String,
    },
    /// No record of an issuer meets any token: the logs write ids in two ways.
    IdsNeverMeet {
        /// The issuer.
        subject: String,
        /// The id of one of its tokens.
        of_a_token: String,
        /// The id that one of its records has.
        of_a_record: String,
    },
}

/// Where an issuer is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Named {
    /// In the issuance records.
    IssuanceLog,
    /// In the key inventory.
    KeyInventory,
    /// In an `[[issuer]]` of the case file.
    CaseFile,
}
