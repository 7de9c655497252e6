//! Which slots of a line hold a token, and which columns a token fills.

use crate::frames::Frame;
use crate::intake::blocks::fields::{Holds, PARTS, slot};
use crate::jws::ClaimNames;

/// Columns of a request that only the claims of its token fill.
const CLAIMS: [&str; 9] = [
    "token_issuer",
    "key_id",
    "token_subject",
    "token_issued_at",
    "token_expires_at",
    "token_scope",
    "token_audience",
    "token_algorithm",
    "token_customer_kind",
];

/// The columns of `frame` that show that a line had a token.
pub(crate) fn claim_columns(frame: &Frame) -> impl Iterator<Item = usize> {
    CLAIMS.iter().filter_map(|name| frame.index(name))
}

/// The columns and parts of which each gives any token an id.
pub(crate) const ID_FIELDS: [&str; 4] = ["token_id", "token", "token_hash", "token_prefix"];

/// The slots that show that a line had a token, as bits.
///
/// None if `frame` has no column for what is wrong with a token.
pub(crate) fn token_slots(frame: &Frame) -> u64 {
    if frame.index("token_problem").is_none() {
        return 0;
    }
    let ids = ID_FIELDS.iter().filter_map(|name| slot(frame, name));
    // Slots are fewer than 64: see `Fields`.
    claim_columns(frame)
        .chain(ids)
        .fold(0, |all, slot| all | 1 << slot)
}

/// Where the lines of one frame hold tokens, and the columns that a token fills.
#[derive(Debug, Clone)]
pub(crate) struct TokenSlots {
    /// The slots that may hold a token, in order, and how.
    pub(super) parts: Vec<(usize, Holds)>,
    /// The name of the cookie that holds a token.
    pub(super) cookie: Option<String>,
    /// Which claims are a token's id and its subject, and which others are read.
    pub(super) claims: ClaimNames,
    pub(super) token_id: usize,
    pub(super) issuer: Option<usize>,
    pub(super) key_id: Option<usize>,
    pub(super) subject: Option<usize>,
    pub(super) issued_at: Option<usize>,
    pub(super) expires_at: Option<usize>,
    pub(super) scope: Option<usize>,
    pub(super) audience: Option<usize>,
    pub(super) algorithm: Option<usize>,
    pub(super) customer_kind: Option<usize>,
    pub(super) session_id: Option<usize>,
    pub(super) signature: Option<usize>,
    pub(super) problem: Option<usize>,
}

impl TokenSlots {
    /// The slots of `frame`, if it has tokens; `cookie` is the name of the cookie that holds one.
    pub(crate) fn new(frame: &Frame, cookie: Option<&str>, claims: ClaimNames) -> Option<Self> {
        let token_id = frame.index("token_id")?;
        let either = |a, b| frame.index(a).or_else(|| frame.index(b));
        let parts = PARTS
            .iter()
            .filter_map(|part| Some((slot(frame, part.name)?, part.holds?)));
        Some(TokenSlots {
            parts: parts.collect(),
            cookie: cookie.map(str::to_string),
            token_id,
            issuer: either("token_issuer", "issuer"),
            key_id: frame.index("key_id"),
            subject: either("token_subject", "subject"),
            issued_at: either("token_issued_at", "issued_at"),
            expires_at: either("token_expires_at", "expires_at"),
            scope: either("token_scope", "scope"),
            audience: frame.index("token_audience"),
            algorithm: frame.index("token_algorithm").filter(|_| claims.algorithm),
            customer_kind: frame.index("token_customer_kind"),
            session_id: frame.index("session_id"),
            signature: frame.index("token_signature"),
            problem: frame.index("token_problem"),
            claims,
        })
    }
}
