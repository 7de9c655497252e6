//! *Subject unknown*: the token names an account that the registry does not have. It is a supporting
//! rule.
//!
//! This is evidence of enumeration: an issuer issues to accounts that exist. Innocently, a registry
//! exported without its closed or test accounts looks the same, so it decides nothing alone.

use super::{Outcome, Rule};
use crate::tokens::facts::TokenFacts;

pub(super) const RULE: Rule = Rule {
    id: "subject_unknown",
    decides: None,
    before_records: false,
    sees: "the subject is no account of the registry",
    innocent: "a registry exported without its closed or test accounts",
    source: "the reference incident: 44 million forged passes named customers who do not exist",
    look,
};

fn look(facts: &TokenFacts<'_>) -> Outcome {
    Outcome::of(facts.subject_is_account.then_some(facts.account.is_none()))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{account, facts, key};
    use super::*;

    #[test]
    fn fires_for_an_account_that_is_not_there() {
        let (key, account) = (key(), account());
        let nobody = TokenFacts {
            account: None,
            ..facts(&key, &account, &[])
        };
        assert_eq!(look(&nobody), Outcome::Fires);
        assert_eq!(look(&facts(&key, &account, &[])), Outcome::Silent);
        let service = TokenFacts {
            subject_is_account: false,
            ..nobody
        };
        assert_eq!(
            look(&service),
            Outcome::NoEvidence,
            "a service is in no account registry"
        );
    }
}
