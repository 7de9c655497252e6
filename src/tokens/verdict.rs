//! Facts about a token -> one of three verdicts, with its reason.

use super::coverage::At;
use super::{Record, rules};
use crate::case::{Account, AccountKey, Key};

/// What is known of a token when it is judged.
#[derive(Debug, Clone, Copy)]
pub struct TokenFacts<'a> {
    /// Whom it names.
    pub subject: Option<AccountKey>,
    /// The key it says it is signed with, interned.
    pub key_id: Option<AccountKey>,
    /// When it says it was issued.
    pub issued_at: Option<i64>,
    /// The issuance records of its id.
    pub records: &'a [Record],
    /// What the issuance log can say about its claimed issue time.
    pub coverage: At,
    /// Its key in the inventory.
    pub key: Option<&'a Key>,
    /// Its subject in the account registry.
    pub account: Option<&'a Account>,
    /// Whether its issuer's subjects are accounts.
    pub subject_is_account: bool,
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Not issued to the subject it names.
    Forged,
    /// The evidence does not decide.
    Indeterminate,
    /// Issued to the subject it names.
    Legitimate,
}

impl Verdict {
    /// The name in outputs.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Forged => "forged",
            Verdict::Indeterminate => "indeterminate",
            Verdict::Legitimate => "legitimate",
        }
    }

    /// The verdict with this number, as recorded by `as u8`.
    pub fn from_code(code: u8) -> Self {
        [Verdict::Forged, Verdict::Indeterminate, Verdict::Legitimate][usize::from(code)]
    }
}

/// A verdict and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// The deciding rule, or why nothing could be decided.
    pub reason: &'static str,
    /// Rules that fired beside it.
    pub supporting: Vec<&'static str>,
}

/// Judges a token.
///
/// 1. A record of its id that names its subject, and its key where the record names one: *legitimate*.
/// 2. A deciding rule that fires: *forged*, for the first such rule of [`rules::ALL`].
/// 3. Otherwise *indeterminate*, for the first doubt that applies.
pub fn judge(facts: &TokenFacts<'_>) -> Judgement {
    let supporting = |except: &str| {
        let fired = rules::ALL
            .iter()
            .filter(|rule| rule.id != except && (rule.fires)(facts));
        fired.map(|rule| rule.id).collect()
    };
    let own = |record: &&Record| Some(record.subject) == facts.subject;
    let key_agrees = |record: &Record| {
        record.key_id.is_none() || facts.key_id.is_none() || record.key_id == facts.key_id
    };
    if facts.records.iter().filter(own).any(key_agrees) {
        return Judgement {
            verdict: Verdict::Legitimate,
            reason: "issued",
            supporting: Vec::new(),
        };
    }
    if let Some(rule) = rules::ALL
        .iter()
        .find(|rule| rule.decides && (rule.fires)(facts))
    {
        return Judgement {
            verdict: Verdict::Forged,
            reason: rule.id,
            supporting: supporting(rule.id),
        };
    }
    let reason = if facts.records.iter().any(|record| own(&record)) {
        "record_names_another_key"
    } else if facts.subject.is_none() {
        "subject_not_logged"
    } else {
        match (facts.issued_at, facts.coverage) {
            (_, At::NotLogged) => "issuer_not_logged",
            (None, _) => "issue_time_not_logged",
            (_, At::OutsideLog) => "issued_outside_the_log",
            (_, At::Hole) => "issued_in_a_hole_of_the_log",
            (_, At::Complete) => "key_not_in_inventory",
        }
    };
    Judgement {
        verdict: Verdict::Indeterminate,
        reason,
        supporting: supporting(""),
    }
}

#[cfg(test)]
mod tests {
    use super::super::rules::testing::{account, facts, key, record};
    use super::*;

    #[test]
    fn every_verdict_has_its_reason() {
        let (key, account, issued) = (key(), account(), [record()]);
        let base = facts(&key, &account, &[]);
        let other = [Record {
            subject: AccountKey(9),
            ..record()
        }];
        let rekeyed = [Record {
            key_id: Some(AccountKey(2)),
            ..record()
        }];
        for (facts, verdict, reason) in [
            (
                TokenFacts {
                    records: &issued,
                    ..base
                },
                Verdict::Legitimate,
                "issued",
            ),
            (base, Verdict::Forged, "never_issued"),
            (
                TokenFacts {
                    records: &other,
                    coverage: At::Hole,
                    ..base
                },
                Verdict::Forged,
                "issued_to_another_subject",
            ),
            (
                TokenFacts {
                    coverage: At::Hole,
                    ..base
                },
                Verdict::Indeterminate,
                "issued_in_a_hole_of_the_log",
            ),
            (
                TokenFacts {
                    coverage: At::OutsideLog,
                    ..base
                },
                Verdict::Indeterminate,
                "issued_outside_the_log",
            ),
            (
                TokenFacts {
                    coverage: At::NotLogged,
                    ..base
                },
                Verdict::Indeterminate,
                "issuer_not_logged",
            ),
            (
                TokenFacts { key: None, ..base },
                Verdict::Indeterminate,
                "key_not_in_inventory",
            ),
            (
                TokenFacts {
                    issued_at: None,
                    coverage: At::OutsideLog,
                    ..base
                },
                Verdict::Indeterminate,
                "issue_time_not_logged",
            ),
            (
                TokenFacts {
                    records: &rekeyed,
                    key_id: Some(AccountKey(1)),
                    ..base
                },
                Verdict::Indeterminate,
                "record_names_another_key",
            ),
        ] {
            let judgement = judge(&facts);
            assert_eq!((judgement.verdict, judgement.reason), (verdict, reason));
        }
    }

    #[test]
    fn supporting_rules_decide_nothing() {
        let (key, account) = (key(), account());
        let doubtful = TokenFacts {
            coverage: At::Hole,
            account: None,
            issued_at: Some(950),
            ..facts(&key, &account, &[])
        };
        let judgement = judge(&doubtful);
        assert_eq!(judgement.verdict, Verdict::Indeterminate);
        assert_eq!(
            judgement.supporting,
            ["subject_unknown", "key_custodian_left", "key_retired"]
        );
    }
}
