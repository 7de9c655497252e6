//! *Key custodian left*: at the claimed issue time somebody who had held the signing key was no longer
//! with the company, and the key had not been replaced. It is a supporting rule.
//!
//! This is evidence because whoever left may have kept a copy. Every honest token signed with that key
//! after the departure looks the same, so it decides nothing alone.

use super::{Outcome, Rule};
use crate::tokens::facts::TokenFacts;

pub(super) const RULE: Rule = Rule {
    id: "key_custodian_left",
    decides: None,
    before_records: false,
    sees: "a custodian of the signing key had left before the claimed issue time",
    innocent: "every honest token signed with that key after the departure",
    source: "the joint investigation: the key was not rotated when its custodian left",
    look,
};

fn look(facts: &TokenFacts<'_>) -> Outcome {
    let seen = facts.key.zip(facts.claims.issued_at).map(|(key, at)| {
        let mut departures = key.custodians.iter().filter_map(|custodian| custodian.left);
        departures.any(|left| left <= at)
    });
    Outcome::of(seen)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{account, facts, key};
    use super::*;

    #[test]
    fn fires_from_the_day_of_departure() {
        let (key, account) = (key(), account());
        let seen = |at: Option<i64>| {
            let mut facts = facts(&key, &account, &[]);
            facts.claims.issued_at = at;
            look(&facts)
        };
        assert_eq!(seen(Some(499_999_999)), Outcome::Silent);
        assert_eq!(seen(Some(500_000_000)), Outcome::Fires);
        assert_eq!(seen(None), Outcome::NoEvidence);
    }
}
