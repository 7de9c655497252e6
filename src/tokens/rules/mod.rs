//! The verdict rules, one file each, and the one list of them in order of precedence.
//!
//! A *deciding* rule that fires makes the token forged. A *supporting* rule is named beside the
//! verdict and decides nothing: what it sees also happens to honest tokens. To add a rule: a file here
//! with its doc (what it sees, why that is evidence, what innocent thing looks the same) and its
//! tests, and a line in [`ALL`].

mod issued_to_another_subject;
mod key_custodian_left;
mod key_retired;
mod never_issued;
mod subject_unknown;

use super::TokenFacts;

/// A rule.
#[derive(Debug)]
pub struct Rule {
    /// Its name in outputs.
    pub id: &'static str,
    /// Whether it decides, or only supports.
    pub decides: bool,
    /// What it sees, in one sentence for a report.
    pub sees: &'static str,
    /// Whether it fires.
    pub fires: fn(&TokenFacts<'_>) -> bool,
}

/// All rules; of two deciding rules that fire, the earlier is the verdict's reason.
pub static ALL: &[Rule] = &[
    issued_to_another_subject::RULE,
    never_issued::RULE,
    subject_unknown::RULE,
    key_custodian_left::RULE,
    key_retired::RULE,
];

#[cfg(test)]
pub(super) mod testing {
    use crate::case::{Account, AccountKey, Custodian, Key};
    use crate::tokens::{Record, TokenFacts, coverage::At};

    /// A key with one custodian, for tests.
    pub(crate) fn key() -> Key {
        let custodian = Custodian {
            name: "engineer".into(),
            left: Some(500),
            stored_in: None,
        };
        Key {
            id: "k".into(),
            issuer: "i".into(),
            created: Some(0),
            retired: Some(900),
            custodians: vec![custodian],
        }
    }

    /// An account, for tests.
    pub(crate) fn account() -> Account {
        Account {
            key: AccountKey(7),
            person: AccountKey(7),
            opened: 0,
            closed: i64::MAX,
        }
    }

    /// A record of the token's own issuance, for tests.
    pub(crate) fn record() -> Record {
        Record {
            subject: AccountKey(7),
            key_id: None,
        }
    }

    /// An honest token's facts.
    pub(crate) fn facts<'a>(
        key: &'a Key,
        account: &'a Account,
        records: &'a [Record],
    ) -> TokenFacts<'a> {
        TokenFacts {
            subject: Some(AccountKey(7)),
            key_id: None,
            issued_at: Some(100),
            records,
            coverage: At::Complete,
            key: Some(key),
            account: Some(account),
            subject_is_account: true,
        }
    }
}
