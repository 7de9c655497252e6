//! *Used before issue*: the first use lies before the claimed issue time. It is a supporting rule.
//!
//! This is evidence because nobody can use what is not there. Innocently, a gateway whose clock is
//! behind the issuer's looks the same; correct the source's clock in the case file.

use super::{Outcome, Rule};
use crate::tokens::facts::TokenFacts;

pub(super) const RULE: Rule = Rule {
    id: "used_before_issue",
    decides: None,
    before_records: false,
    sees: "it was used before its claimed issue time",
    innocent: "a gateway's clock that is behind the issuer's",
    source: "RFC 7519 section 4.1.6",
    look,
};

fn look(facts: &TokenFacts<'_>) -> Outcome {
    let at = facts.claims.issued_at;
    Outcome::of(at.map(|at| facts.used_by < at - facts.policy.tolerance()))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{account, facts, key};
    use super::*;

    #[test]
    fn fires_beyond_the_tolerance() {
        let (key, account) = (key(), account());
        let seen = |first: i64| {
            let mut facts = facts(&key, &account, &[]);
            facts.claims.issued_at = Some(100_000_000);
            facts.used_by = first * 1_000_000;
            look(&facts)
        };
        assert_eq!([94, 95].map(seen), [Outcome::Fires, Outcome::Silent]);
    }
}
