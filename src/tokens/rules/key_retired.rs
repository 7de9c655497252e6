//! *Key retired*: the claimed issue time is after the signing key was withdrawn. It is a supporting
//! rule.
//!
//! This is evidence because an issuer does not sign with a key it has withdrawn. Innocently, a fleet of
//! issuers that is slow to pick up the new key looks the same for a while.

use super::{Outcome, Rule, issued_after};
use crate::tokens::facts::TokenFacts;

pub(super) const RULE: Rule = Rule {
    id: "key_retired",
    decides: None,
    before_records: false,
    sees: "the signing key had been withdrawn before the claimed issue time",
    innocent: "issuers that are slow to pick up the next key",
    source: "NIST SP 800-57 part 1, section 7, on the states of a key",
    look,
};

fn look(facts: &TokenFacts<'_>) -> Outcome {
    issued_after(facts, facts.key.and_then(|key| key.retired))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{account, facts, key};
    use super::*;

    #[test]
    fn fires_after_withdrawal() {
        let (key, account) = (key(), account());
        let seen = |at: i64| {
            let mut facts = facts(&key, &account, &[]);
            facts.claims.issued_at = Some(at * 1_000_000);
            look(&facts)
        };
        assert_eq!([905, 906].map(seen), [Outcome::Silent, Outcome::Fires]);
    }
}
