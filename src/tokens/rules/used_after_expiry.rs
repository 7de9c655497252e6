//! *Used after expiry*: the last use lies beyond the expiry and the policy's grace. It is a supporting
//! rule.
//!
//! This is evidence of a gateway that does not check, which an attacker would be glad of. Innocently,
//! an app that caches its token looks the same.

use super::{Outcome, Rule};
use crate::tokens::facts::TokenFacts;

pub(super) const RULE: Rule = Rule {
    id: "used_after_expiry",
    decides: None,
    before_records: false,
    sees: "it was used after its expiry, beyond the grace",
    innocent: "an app that caches its token",
    source: "RFC 7519 section 4.1.4",
    look,
};

fn look(facts: &TokenFacts<'_>) -> Outcome {
    let grace = i64::from(facts.policy.expiry_grace_seconds) * 1_000_000;
    let expiry = facts.claims.expires_at;
    Outcome::of(expiry.map(|at| facts.used.1 > at.saturating_add(grace)))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{account, facts, key};
    use super::*;

    #[test]
    fn fires_beyond_the_grace() {
        let (key, account) = (key(), account());
        let seen = |last: i64| {
            let mut facts = facts(&key, &account, &[]);
            facts.claims.expires_at = Some(100_000_000);
            facts.used = (0, last * 1_000_000);
            look(&facts)
        };
        assert_eq!([400, 401].map(seen), [Outcome::Silent, Outcome::Fires]);
    }
}
