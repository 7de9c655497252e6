//! *Lifetime beyond policy*: from claimed issue to expiry is longer than the issuer ever grants. It is
//! a supporting rule and needs `policy.token_lifetime_seconds`.
//!
//! This is evidence because an issuer's lifetimes are a setting, and a forger chooses his own.
//! Innocently, a client with a setting of its own looks the same.

use super::{Outcome, Rule};
use crate::tokens::facts::TokenFacts;

pub(super) const RULE: Rule = Rule {
    id: "lifetime_beyond_policy",
    decides: None,
    before_records: false,
    sees: "its lifetime is longer than the issuer grants",
    innocent: "a client with a lifetime of its own",
    source: "RFC 9700 section 2.2 on short lifetimes",
    look,
};

fn look(facts: &TokenFacts<'_>) -> Outcome {
    let most = facts
        .policy
        .token_lifetime_seconds
        .map(|most| i64::from(most) * 1_000_000);
    let life = facts.claims.issued_at.zip(facts.claims.expires_at);
    Outcome::of(
        most.zip(life)
            .map(|(most, (from, to))| to.saturating_sub(from) > most + facts.policy.tolerance()),
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::{account, facts, key};
    use super::*;

    #[test]
    fn fires_only_where_the_policy_says_a_lifetime() {
        let (key, account) = (key(), account());
        let mut policy = crate::case::testing::policy();
        let seen = |policy: &crate::case::Policy, expiry: i64| {
            let mut facts = facts(&key, &account, &[]);
            facts.claims.issued_at = Some(0);
            facts.claims.expires_at = Some(expiry * 1_000_000);
            look(&TokenFacts { policy, ..facts })
        };
        assert_eq!(seen(&policy, 9_999), Outcome::NoEvidence);
        policy.token_lifetime_seconds = Some(3600);
        assert_eq!(
            [3605, 3606].map(|at| seen(&policy, at)),
            [Outcome::Silent, Outcome::Fires]
        );
    }
}
