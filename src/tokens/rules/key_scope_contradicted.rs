//! *Key scope contradicted*: the token lies outside of what its key is said to be for, and so does a token
//! of the key that was issued for certain. It is a supporting rule.
//!
//! Either the scope is stated too narrowly, or the issuance log took in forged tokens: a finding names the
//! setting to look at, with counts. Until that is settled it decides nothing.

use super::{Outcome, Rule};
use crate::tokens::facts::TokenFacts;

pub(super) const RULE: Rule = Rule {
    id: "key_scope_contradicted",
    decides: None,
    before_records: false,
    sees: "its key is not said to be for it, and as little for tokens that were issued for certain",
    innocent: "a scope that is stated too narrowly, which is what it mostly shows",
    source: "the same as `key_out_of_scope`",
    look,
};

fn look(facts: &TokenFacts<'_>) -> Outcome {
    let held = facts.outside_scope().into_iter();
    let mut doubted = held
        .zip(facts.scope_contradicted)
        .filter_map(|(outside, contradicted)| outside.filter(|_| contradicted));
    let first = doubted.next();
    Outcome::of(first.map(|first| first || doubted.any(|next| next)))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{account, facts, key, key_scope, record};
    use super::*;
    use crate::case::ScopeLimit;
    use crate::lines::Verdict;
    use crate::tokens::verdict::judge;

    #[test]
    fn fires_only_where_issued_tokens_lie_outside_too_and_decides_nothing() {
        let (key, account, scope) = (key(), account(), key_scope());
        let records = [record()];
        let mut token = TokenFacts {
            key_scope: Some(&scope),
            ..facts(&key, &account, &records)
        };
        token.claims.audience = Some(token.interner.key("mail-api"));
        assert_eq!(look(&token), Outcome::NoEvidence);
        token.scope_contradicted[ScopeLimit::Audiences as usize] = true;
        assert_eq!(look(&token), Outcome::Fires);
        assert_eq!(judge(&token).verdict, Verdict::Legitimate);
        token.claims.audience = Some(token.interner.key("shop-api"));
        assert_eq!(look(&token), Outcome::Silent, "one that is stated");
    }
}
