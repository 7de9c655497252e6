//! *Issued to another subject*: the token id has an issuance record, and it names somebody else.
//!
//! This is evidence because an id is issued once; whoever holds a signing key can put any subject
//! beside a real id. It needs no complete log, for it rests on a record that is there. Innocently, a
//! log that writes a person's number in one place and a login name in another looks the same: there the
//! rule goes by the names that other tokens show to be one, and without such a name it stays silent.

use super::{Outcome, Rule};
use crate::lines::Verdict;
use crate::tokens::facts::TokenFacts;

pub(super) const RULE: Rule = Rule {
    id: "issued_to_another_subject",
    decides: Some(Verdict::Forged),
    before_records: true,
    sees: "the token id was issued, but to another subject",
    innocent: "a log that names people in another way than the token does",
    source: "RFC 7519 section 4.1.7: a jti is given to one token only",
    look,
};

fn look(facts: &TokenFacts<'_>) -> Outcome {
    let Some(subject) = facts
        .claims
        .subject
        .filter(|_| !facts.partial && facts.comparable)
    else {
        return Outcome::NoEvidence;
    };
    let mut named = facts
        .issuances()
        .filter_map(|record| record.subject)
        .peekable();
    Outcome::of(
        named
            .peek()
            .is_some()
            .then(|| named.all(|issued| !facts.is_named(subject, issued))),
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::{account, facts, key, record};
    use super::*;
    use crate::case::AccountKey;
    use crate::case::Meaning;
    use crate::tokens::facts::Record;

    #[test]
    fn fires_when_no_record_of_the_id_names_the_subject() {
        let (key, account) = (key(), account());
        let other = Record {
            subject: Some(AccountKey(8)),
            ..record()
        };
        assert_eq!(look(&facts(&key, &account, &[other])), Outcome::Fires);
        assert_eq!(
            look(&facts(&key, &account, &[other, record()])),
            Outcome::Silent,
            "one names it"
        );
        let revocation = Record {
            meaning: Meaning::Revoked,
            ..other
        };
        assert_eq!(
            look(&facts(&key, &account, &[revocation, record()])),
            Outcome::Silent
        );
        assert_eq!(
            look(&facts(&key, &account, &[])),
            Outcome::NoEvidence,
            "there is no record"
        );
        let records = [other];
        let known_as = |alias| TokenFacts {
            alias: Some(AccountKey(alias)),
            ..facts(&key, &account, &records)
        };
        assert_eq!(look(&known_as(8)), Outcome::Silent, "8 is its other name");
        assert_eq!(look(&known_as(9)), Outcome::Fires, "the log calls it 9");
    }
}
