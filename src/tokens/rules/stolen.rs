//! *Stolen*: the token was issued as it says, and then used from an address that carries forged tokens
//! and no customer of its own, away from where it was issued or used else.
//!
//! This is evidence that the attacker held a real token as well. Innocently, a customer who walks into
//! a network that the attacker shares looks the same; so an address on which any honest token lives
//! alone never counts.

use super::{Outcome, Rule};
use crate::lines::Verdict;
use crate::tokens::facts::TokenFacts;

pub(super) const RULE: Rule = Rule {
    id: "stolen",
    decides: Some(Verdict::Stolen),
    before_records: true,
    sees: "issued as it says, then used from an address of the attacker's own",
    innocent: "a customer who moves into a network that the attacker shares: such addresses do not count",
    source: "RFC 9700 section 4.8 on the replay of stolen tokens",
    look,
};

fn look(facts: &TokenFacts<'_>) -> Outcome {
    Outcome::of(facts.astray.map(|astray| astray && facts.issued()))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{account, facts, key, record};
    use super::*;

    #[test]
    fn fires_for_an_issued_token_that_went_astray() {
        let (key, account, records) = (key(), account(), [record()]);
        let seen = |astray, records| {
            look(&TokenFacts {
                astray,
                ..facts(&key, &account, records)
            })
        };
        assert_eq!(seen(Some(true), &records), Outcome::Fires);
        assert_eq!(seen(Some(false), &records), Outcome::Silent);
        assert_eq!(
            seen(Some(true), &[]),
            Outcome::Silent,
            "what was not issued was not stolen"
        );
        assert_eq!(seen(None, &records), Outcome::NoEvidence);
    }
}
