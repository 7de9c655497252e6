//! What the tests of the JSON engine share.

use crate::intake::formats::parser::Wanted;

/// Wants these fields, with a bit in `claims` for each slot that makes a token known.
pub(super) fn wanted(fields: &[(usize, &str)], claims: u64) -> Wanted {
    let fields = fields.iter().map(|(slot, path)| (*slot, path.to_string()));
    Wanted {
        fields: fields.collect(),
        claims,
        log_format: None,
    }
}
