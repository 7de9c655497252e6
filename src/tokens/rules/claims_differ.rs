//! *Claims differ*: the id was issued to the token's subject, and the record has another expiry, issue
//! time or scope than the token.
//!
//! This is evidence because an issuer writes down what it signs; whoever holds the key can put a longer
//! life or a wider scope beside a real id. Times are compared only where the record has the token's own
//! times, beyond the clock tolerance. Innocently, a log that rounds times to minutes looks the same:
//! then every token of the issuer fires, which the report shows at a glance.

use super::{Outcome, Rule};
use crate::lines::Verdict;
use crate::tokens::facts::TokenFacts;

pub(super) const RULE: Rule = Rule {
    id: "claims_differ",
    decides: Some(Verdict::Forged),
    before_records: true,
    sees: "the id was issued with another expiry, issue time or scope",
    innocent: "an issuance log that rounds times or writes scopes its own way",
    source: "RFC 7519 section 4.1; RFC 9700 section 2.3 on restricting a token's privileges",
    look,
};

fn look(facts: &TokenFacts<'_>) -> Outcome {
    let mut own = facts.own().peekable();
    let there = own.peek().is_some() && facts.comparable;
    Outcome::of(there.then(|| !own.any(|record| facts.agrees(record))))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{account, facts, key, record};
    use super::*;
    use crate::tokens::facts::Record;

    #[test]
    fn fires_where_no_record_agrees_within_the_tolerance() {
        let (key, account) = (key(), account());
        let second = 1_000_000;
        let with = |expires_at| Record {
            expires_at: Some(expires_at),
            ..record()
        };
        let mut claimed = facts(&key, &account, &[]);
        claimed.claims.expires_at = Some(100 * second);
        let look_at = |records: &[Record]| look(&TokenFacts { records, ..claimed });
        assert_eq!(look_at(&[with(106 * second)]), Outcome::Fires);
        assert_eq!(
            look_at(&[with(105 * second)]),
            Outcome::Silent,
            "within the tolerance"
        );
        assert_eq!(
            look_at(&[with(106 * second), with(100 * second)]),
            Outcome::Silent,
            "one agrees"
        );
        assert_eq!(
            look_at(&[record()]),
            Outcome::Silent,
            "the record has no expiry"
        );
        assert_eq!(look_at(&[]), Outcome::NoEvidence);
    }
}
