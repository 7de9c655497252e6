//! *Key unknown*: the token names a key that the inventory does not list for its issuer. It is a
//! supporting rule.
//!
//! This is evidence because an issuer signs with keys it knows. Innocently, an inventory that somebody
//! forgot to complete looks the same, so it decides nothing: the token stays indeterminate until the
//! key is listed.

use super::{Outcome, Rule};
use crate::tokens::facts::TokenFacts;

pub(super) const RULE: Rule = Rule {
    id: "key_unknown",
    decides: None,
    before_records: false,
    sees: "the inventory does not list its key for its issuer",
    innocent: "an inventory that is not complete",
    source: "RFC 8725 section 3.8 on validating issuer and key together",
    look,
};

fn look(facts: &TokenFacts<'_>) -> Outcome {
    Outcome::of(facts.claims.key_id.map(|_| facts.key.is_none()))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{account, facts, key};
    use super::*;
    use crate::case::AccountKey;

    #[test]
    fn fires_for_a_key_that_is_not_listed() {
        let (key, account) = (key(), account());
        let mut named = facts(&key, &account, &[]);
        named.claims.key_id = Some(AccountKey(1));
        assert_eq!(look(&TokenFacts { key: None, ..named }), Outcome::Fires);
        assert_eq!(look(&named), Outcome::Silent);
        named.claims.key_id = None;
        assert_eq!(
            look(&TokenFacts { key: None, ..named }),
            Outcome::NoEvidence
        );
    }
}
