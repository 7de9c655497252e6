//! *Key retired*: the claimed issue time is after the signing key was withdrawn. Supporting.
//!
//! Evidence because an issuer does not sign with a key it has withdrawn. Innocently, a fleet of issuers
//! that is slow to pick up the new key looks the same for a while.

use super::Rule;
use crate::tokens::TokenFacts;

pub(super) const RULE: Rule = Rule {
    id: "key_retired",
    decides: false,
    sees: "the signing key had been withdrawn before the claimed issue time",
    fires,
};

fn fires(facts: &TokenFacts<'_>) -> bool {
    let retired = facts.key.and_then(|key| key.retired);
    retired
        .zip(facts.issued_at)
        .is_some_and(|(retired, issued_at)| issued_at > retired)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{account, facts, key};
    use super::*;

    #[test]
    fn fires_after_withdrawal() {
        let (key, account) = (key(), account());
        assert!(!fires(&TokenFacts {
            issued_at: Some(900),
            ..facts(&key, &account, &[])
        }));
        assert!(fires(&TokenFacts {
            issued_at: Some(901),
            ..facts(&key, &account, &[])
        }));
    }
}
