//! *Used after revocation*: the issuer had taken the token back before its last use. It is a supporting
//! rule.
//!
//! This is evidence of a gateway that does not ask the issuer. Innocently, a page still loading at
//! logout looks the same for moments.

use super::{Outcome, Rule};
use crate::tokens::facts::TokenFacts;

pub(super) const RULE: Rule = Rule {
    id: "used_after_revocation",
    decides: None,
    before_records: false,
    sees: "it was used after the issuer had taken it back",
    innocent: "a page that is still loading at logout",
    source: "RFC 7009 section 2.2",
    look,
};

fn look(facts: &TokenFacts<'_>) -> Outcome {
    let revoked = facts.revoked_at();
    Outcome::of(revoked.map(|at| facts.used.1 > at + facts.policy.tolerance()))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{account, facts, key, record};
    use super::*;
    use crate::case::Meaning;
    use crate::tokens::facts::Record;

    #[test]
    fn fires_beyond_the_tolerance() {
        let (key, account) = (key(), account());
        let revocation = [Record {
            meaning: Meaning::Revoked,
            event_time: 100_000_000,
            ..record()
        }];
        let seen = |last: i64| {
            look(&TokenFacts {
                used: (0, last * 1_000_000),
                ..facts(&key, &account, &revocation)
            })
        };
        assert_eq!([105, 106].map(seen), [Outcome::Silent, Outcome::Fires]);
        assert_eq!(
            look(&facts(&key, &account, &[record()])),
            Outcome::NoEvidence
        );
    }
}
