//! *Subject unknown*: the token names an account that the registry does not have. Supporting.
//!
//! Evidence of enumeration: an issuer issues to accounts that exist. Innocently, a registry exported
//! without its closed or test accounts looks the same, so it decides nothing alone.

use super::Rule;
use crate::tokens::TokenFacts;

pub(super) const RULE: Rule = Rule {
    id: "subject_unknown",
    decides: false,
    sees: "the subject is no account of the registry",
    fires,
};

fn fires(facts: &TokenFacts<'_>) -> bool {
    facts.subject_is_account && facts.account.is_none()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{account, facts, key};
    use super::*;

    #[test]
    fn fires_for_an_account_that_is_not_there() {
        let (key, account) = (key(), account());
        assert!(fires(&TokenFacts {
            account: None,
            ..facts(&key, &account, &[])
        }));
        assert!(!fires(&facts(&key, &account, &[])));
        let service = TokenFacts {
            account: None,
            subject_is_account: false,
            ..facts(&key, &account, &[])
        };
        assert!(!fires(&service), "a service is in no account registry");
    }
}
