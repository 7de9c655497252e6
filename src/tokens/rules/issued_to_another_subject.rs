//! *Issued to another subject*: the token id has an issuance record, and it names somebody else.
//!
//! Evidence because an id is issued once; whoever holds a signing key can put any subject beside a
//! real id. It needs no complete log, for it rests on a record that is there. Innocently, a log that
//! writes a person's number in one place and a login name in another looks the same: then every token
//! of the issuer fires, which the report shows at a glance.

use super::Rule;
use crate::tokens::TokenFacts;

pub(super) const RULE: Rule = Rule {
    id: "issued_to_another_subject",
    decides: true,
    sees: "the token id was issued, but to another subject",
    fires,
};

fn fires(facts: &TokenFacts<'_>) -> bool {
    let Some(subject) = facts.subject else {
        return false;
    };
    !facts.records.is_empty() && facts.records.iter().all(|record| record.subject != subject)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{account, facts, key, record};
    use super::*;
    use crate::case::AccountKey;
    use crate::tokens::Record;

    #[test]
    fn fires_when_no_record_of_the_id_names_the_subject() {
        let (key, account) = (key(), account());
        let other = Record {
            subject: AccountKey(8),
            ..record()
        };
        assert!(fires(&facts(&key, &account, &[other])));
        assert!(
            !fires(&facts(&key, &account, &[other, record()])),
            "one record names it"
        );
        assert!(!fires(&facts(&key, &account, &[])), "there is no record");
    }
}
