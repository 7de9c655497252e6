//! What several formats of issuance logs do to a row once its fields are found.

use super::slot;
use crate::frames::ISSUANCES;
use crate::intake::blocks::fields::Fields;

/// Returns the slot of a column of issuances.
pub(super) fn column(name: &str) -> usize {
    slot(&ISSUANCES, name).expect("a column of issuances")
}

/// Empties the token id of an event whose text in `decides` says that it handed out no token. Such an event
/// may name a token that was used, revoked or refused, and it must not pass for an issuance.
pub(super) fn forget_token_if(
    fields: &mut Fields<'_>,
    decides: &str,
    says_none: impl Fn(&str) -> bool,
) {
    if fields.get(column(decides)).is_some_and(says_none) {
        fields.clear(column("token_id"));
    }
}
