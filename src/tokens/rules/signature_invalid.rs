//! *Signature invalid*: the token's signature is not its key's, or it has none, and the gateway let it
//! in all the same.
//!
//! This is evidence of a gateway that does not check: what its key did not sign, its issuer did not
//! issue. Innocently, key material of another time, or of another issuer, looks the same for every
//! token; so the rule fires only for a key that verifies other tokens of the evidence.

use super::{Outcome, Rule};
use crate::jws::Signature;
use crate::lines::Verdict;
use crate::tokens::facts::{Login, TokenFacts};

pub(super) const RULE: Rule = Rule {
    id: "signature_invalid",
    decides: Some(Verdict::Forged),
    before_records: true,
    sees: "the signature is not the key's, and the gateway let the token in",
    innocent: "a key file of another time: then no token verifies, and the rule is silent",
    source: "RFC 7515 section 5.2; RFC 8725 sections 2.1 and 3.1 on `none` and confused algorithms",
    look,
};

fn look(facts: &TokenFacts<'_>) -> Outcome {
    let wrong = match facts.claims.signature {
        Signature::Invalid | Signature::Mismatch => true,
        // A log may cut a signature off; `none` in the header is the token's own word.
        Signature::Unsigned => facts.claims.problem.is_some(),
        Signature::Valid => false,
        Signature::NotLogged
        | Signature::NoKey
        | Signature::Unsupported
        | Signature::Unreadable => return Outcome::NoEvidence,
    };
    // A record that says the same outweighs a signature that a log may have spoilt.
    let recorded = facts.own().any(|record| facts.agrees(record));
    // Whoever logged in was given something; and `none` needs no key to be seen.
    let spared = recorded || facts.login == Login::Behind;
    let seen = facts.key_proven || facts.claims.signature == Signature::Unsigned;
    if wrong && (spared || !seen) {
        return Outcome::NoEvidence;
    }
    Outcome::of(Some(wrong && facts.accepted))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{account, facts, key};
    use super::*;

    #[test]
    fn fires_only_for_a_key_that_verifies_others_and_a_gateway_that_let_it_in() {
        let (key, account) = (key(), account());
        let seen = |signature, key_proven, accepted| {
            let mut facts = TokenFacts {
                key_proven,
                accepted,
                ..facts(&key, &account, &[])
            };
            facts.claims.signature = signature;
            look(&facts)
        };
        for wrong in [Signature::Invalid, Signature::Mismatch] {
            assert_eq!(seen(wrong, true, true), Outcome::Fires);
            assert_eq!(
                seen(wrong, true, false),
                Outcome::Silent,
                "it was turned away"
            );
            assert_eq!(
                seen(wrong, false, true),
                Outcome::NoEvidence,
                "the key file may be wrong"
            );
        }
        assert_eq!(
            seen(Signature::Unsigned, true, true),
            Outcome::Silent,
            "cut off by the log"
        );
        let mut none = TokenFacts {
            accepted: true,
            ..facts(&key, &account, &[])
        };
        none.claims.signature = Signature::Unsigned;
        none.claims.problem = Some(crate::case::AccountKey(1));
        assert_eq!(look(&none), Outcome::Fires, "`none` by its own header");
        let behind = TokenFacts {
            login: Login::Behind,
            ..none
        };
        assert_eq!(look(&behind), Outcome::NoEvidence, "the holder logged in");
        let own = [super::super::testing::record()];
        let recorded = TokenFacts {
            records: &own,
            ..none
        };
        assert_eq!(
            look(&recorded),
            Outcome::NoEvidence,
            "a record says the same"
        );
        assert_eq!(seen(Signature::Valid, true, true), Outcome::Silent);
        assert_eq!(seen(Signature::NoKey, true, true), Outcome::NoEvidence);
    }
}
