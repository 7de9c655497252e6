//! The verdict rules, one file each, and the one list of them in order of precedence.
//!
//! A *deciding* rule that fires gives the token its verdict; [`super::judge`] has the table. A
//! *supporting* rule is named beside the verdict and decides nothing: what it sees also happens to
//! honest tokens. To add a rule: a file here with its doc (what it sees, why that is evidence, what
//! innocent thing looks the same, where that is known from) and its tests, and a line in [`list::ALL`].

mod claims_differ;
mod issued_to_another_subject;
mod key_custodian_left;
mod key_not_active;
mod key_retired;
mod key_revoked;
mod key_unknown;
mod lifetime_beyond_policy;
pub mod list;
mod never_issued;
mod no_login;
mod signature_invalid;
mod signature_valid;
mod stolen;
mod subject_not_open;
mod subject_unknown;
#[cfg(test)]
pub(super) mod testing;
mod used_after_expiry;
mod used_after_revocation;
mod used_before_issue;

use serde::Serialize;

use super::facts::TokenFacts;
use crate::lines::Verdict;

/// What a rule made of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It sees what it looks for.
    Fires,
    /// It does not see it.
    Silent,
    /// The evidence does not have what it would look at.
    NoEvidence,
}

impl Outcome {
    /// The name in outputs.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Fires => "fires",
            Outcome::Silent => "silent",
            Outcome::NoEvidence => "no_evidence",
        }
    }

    /// Fires or is silent, where there is something to look at.
    fn of(seen: Option<bool>) -> Self {
        match seen {
            Some(true) => Outcome::Fires,
            Some(false) => Outcome::Silent,
            None => Outcome::NoEvidence,
        }
    }
}

/// Whether the token claims to be issued after a moment of its key's life.
fn issued_after(facts: &TokenFacts<'_>, moment: Option<i64>) -> Outcome {
    let both = moment.zip(facts.claims.issued_at);
    Outcome::of(both.map(|(moment, at)| at > moment + facts.policy.tolerance()))
}

/// A rule.
#[derive(Debug, Serialize)]
pub struct Rule {
    /// Its name in outputs.
    pub id: &'static str,
    /// The verdict it gives, if it decides.
    pub decides: Option<Verdict>,
    /// Whether it decides before a record of the token's issuance does.
    pub before_records: bool,
    /// What it sees, in one sentence.
    pub sees: &'static str,
    /// What innocent thing looks the same.
    pub innocent: &'static str,
    /// Where the rule comes from.
    pub source: &'static str,
    /// Looks at a token.
    #[serde(skip)]
    pub look: fn(&TokenFacts<'_>) -> Outcome,
}
