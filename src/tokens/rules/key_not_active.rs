//! *Key not active*: the claimed issue time is before the signing key was made, or before it began to
//! sign. It is a supporting rule.
//!
//! This is evidence because nothing can be signed with a key that is not there. Innocently, an
//! inventory that has the day of an entry in place of the key's own looks the same.

use super::{Outcome, Rule};
use crate::tokens::facts::TokenFacts;

pub(super) const RULE: Rule = Rule {
    id: "key_not_active",
    decides: None,
    before_records: false,
    sees: "the signing key was not yet in use at the claimed issue time",
    innocent: "an inventory that dates a key by its entry",
    source: "NIST SP 800-57 part 1, section 7, on the states of a key",
    look,
};

fn look(facts: &TokenFacts<'_>) -> Outcome {
    let begins = facts.key.and_then(|key| key.activated.or(key.created));
    let before = begins.zip(facts.claims.issued_at);
    Outcome::of(before.map(|(begins, at)| at < begins - facts.policy.tolerance()))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{account, facts, key};
    use super::*;

    #[test]
    fn fires_before_the_key_signs() {
        let account = account();
        let second = 1_000_000;
        let key = crate::case::Key {
            created: Some(0),
            activated: Some(100 * second),
            ..key()
        };
        let seen = |at: i64| {
            let mut facts = facts(&key, &account, &[]);
            facts.claims.issued_at = Some(at * second);
            look(&facts)
        };
        assert_eq!([94, 95].map(seen), [Outcome::Fires, Outcome::Silent]);
    }
}
