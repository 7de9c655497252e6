//! *Signature valid*: the token was never issued to anybody as far as the log says, and its key did
//! sign it. It is a supporting rule.
//!
//! This is evidence of a stolen key: nobody else could have signed it. An honest token whose record is
//! lost looks the same, so it decides nothing alone.

use super::{Outcome, Rule};
use crate::jws::Signature;
use crate::tokens::facts::TokenFacts;

pub(super) const RULE: Rule = Rule {
    id: "signature_valid",
    decides: None,
    before_records: false,
    sees: "no record, and yet the key signed it: the mark of a stolen key",
    innocent: "an honest token whose record is lost",
    source: "RFC 7515 section 5.2",
    look,
};

fn look(facts: &TokenFacts<'_>) -> Outcome {
    match facts.claims.signature {
        Signature::Valid => Outcome::of(Some(facts.issuances().next().is_none())),
        Signature::Invalid | Signature::Mismatch | Signature::Unsigned => Outcome::Silent,
        _ => Outcome::NoEvidence,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{account, facts, key, record};
    use super::*;

    #[test]
    fn fires_for_a_signed_token_without_a_record() {
        let (key, account, records) = (key(), account(), [record()]);
        let seen = |signature, records| {
            let mut facts = facts(&key, &account, records);
            facts.claims.signature = signature;
            look(&facts)
        };
        assert_eq!(seen(Signature::Valid, &[]), Outcome::Fires);
        assert_eq!(seen(Signature::Valid, &records), Outcome::Silent);
        assert_eq!(seen(Signature::Invalid, &[]), Outcome::Silent);
        assert_eq!(seen(Signature::NotLogged, &[]), Outcome::NoEvidence);
    }
}
