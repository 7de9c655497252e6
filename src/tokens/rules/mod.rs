//! The verdict rules, one file each, and the one list of them in order of precedence.
//!
//! A *deciding* rule that fires gives the token its verdict; the table is in `verdict.rs`. A *supporting*
//! rule is named beside the verdict and decides nothing, for what it sees also happens to honest tokens.
//!
//! To add a rule, write a file here and add a line to [`list::ALL`]. The file has the rule's tests, and its
//! doc says what the rule sees, why that is evidence, what innocent thing looks the same, and where that is
//! known from.

mod claims_differ;
mod issued_to_another_subject;
mod key_custodian_left;
mod key_not_active;
mod key_out_of_scope;
mod key_retired;
mod key_revoked;
mod key_scope_contradicted;
mod key_unknown;
mod lifetime_beyond_policy;
pub mod list;
mod never_issued;
mod no_login;
mod no_record_no_login;
mod outside_key_life;
mod signature_invalid;
mod signature_valid;
mod stolen;
mod subject_not_open;
mod subject_unknown;
#[cfg(test)]
pub(super) mod testing;
mod unlike_issued;
mod used_after_expiry;
mod used_after_revocation;
mod used_before_issue;

use serde::Serialize;

use super::facts::TokenFacts;
use crate::lines::Verdict;

/// What a rule made of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The rule sees what it looks for.
    Fires,
    /// The rule does not see it.
    Silent,
    /// The evidence does not have what the rule would look at.
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

    /// Fires or is silent by what was seen; `None` if there was nothing to look at.
    fn of(seen: Option<bool>) -> Self {
        match seen {
            Some(true) => Outcome::Fires,
            Some(false) => Outcome::Silent,
            None => Outcome::NoEvidence,
        }
    }
}

/// Whether the token claims to be issued after a moment of its key's life, beyond the clock tolerance.
fn issued_after(facts: &TokenFacts<'_>, moment: Option<i64>) -> Outcome {
    let both = moment.zip(facts.claims.issued_at);
    Outcome::of(both.map(|(moment, at)| at > moment + facts.policy.tolerance()))
}

/// A verdict rule: what it says of itself, and how it looks at a token.
#[derive(Debug, Serialize)]
pub struct Rule {
    /// The rule's name in outputs.
    pub id: &'static str,
    /// The verdict that the rule gives, if it decides.
    pub decides: Option<Verdict>,
    /// Whether the rule decides even if an issuance record hands the token out.
    pub before_records: bool,
    /// What the rule sees, in one sentence.
    pub sees: &'static str,
    /// What innocent thing looks the same.
    pub innocent: &'static str,
    /// Where it is known that this is evidence.
    pub source: &'static str,
    /// Looks at the facts about a token.
    #[serde(skip)]
    pub look: fn(&TokenFacts<'_>) -> Outcome,
}
