//! *Key revoked*: the claimed issue time is after the signing key was declared compromised. It is a
//! supporting rule.
//!
//! This is evidence because no issuer signs with a key it knows to be lost. Innocently, issuers that
//! take a while to stop look the same.

use super::{Outcome, Rule, issued_after};
use crate::tokens::facts::TokenFacts;

pub(super) const RULE: Rule = Rule {
    id: "key_revoked",
    decides: None,
    before_records: false,
    sees: "the signing key had been declared compromised before the claimed issue time",
    innocent: "issuers that take a while to stop",
    source: "NIST SP 800-57 part 1, section 7, on the states of a key",
    look,
};

fn look(facts: &TokenFacts<'_>) -> Outcome {
    issued_after(facts, facts.key.and_then(|key| key.revoked))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{account, facts, key};
    use super::*;

    #[test]
    fn fires_after_revocation() {
        let account = account();
        let key = crate::case::Key {
            revoked: Some(900_000_000),
            ..key()
        };
        let seen = |at: i64| {
            let mut facts = facts(&key, &account, &[]);
            facts.claims.issued_at = Some(at * 1_000_000);
            look(&facts)
        };
        assert_eq!([905, 906].map(seen), [Outcome::Silent, Outcome::Fires]);
    }
}
