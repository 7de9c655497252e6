//! *Key custodian left*: at the claimed issue time somebody who had held the signing key was no longer
//! with the company, and the key had not been replaced. Supporting.
//!
//! Evidence because whoever left may have kept a copy. Every honest token signed with that key after
//! the departure looks the same, so it decides nothing alone.

use super::Rule;
use crate::tokens::TokenFacts;

pub(super) const RULE: Rule = Rule {
    id: "key_custodian_left",
    decides: false,
    sees: "a custodian of the signing key had left before the claimed issue time",
    fires,
};

fn fires(facts: &TokenFacts<'_>) -> bool {
    let (Some(key), Some(issued_at)) = (facts.key, facts.issued_at) else {
        return false;
    };
    key.custodians
        .iter()
        .any(|custodian| custodian.left.is_some_and(|left| left <= issued_at))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{account, facts, key};
    use super::*;

    #[test]
    fn fires_from_the_day_of_departure() {
        let (key, account) = (key(), account());
        assert!(!fires(&TokenFacts {
            issued_at: Some(499),
            ..facts(&key, &account, &[])
        }));
        assert!(fires(&TokenFacts {
            issued_at: Some(500),
            ..facts(&key, &account, &[])
        }));
        assert!(!fires(&TokenFacts {
            issued_at: None,
            ..facts(&key, &account, &[])
        }));
    }
}
