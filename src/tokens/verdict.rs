//! Facts about a token -> one of four verdicts, with its reason and how sure it is.
//!
//! The table, in order; the first line that holds decides.
//!
//! | verdict | confidence | reason | when |
//! |---|---|---|---|
//! | forged | strong | `signature_invalid` | the signature is not the key's, and the gateway let it in |
//! | forged | strong | `issued_to_another_subject` | the id was issued to somebody else |
//! | forged | strong | `claims_differ` | the id was issued with another expiry, issue time or scope |
//! | stolen | strong | `stolen` | issued as it says, then used by the attacker's fleet |
//! | legitimate | strong or moderate | `issued` | a record hands it to its subject, under its key: moderate where the log lacks its expiry or key |
//! | forged | strong or moderate | `never_issued` | no record, where the log is shown to be complete: strong by record numbers, moderate by the honest population |
//! | indeterminate | none | a doubt | nothing above |
//!
//! A rule that the case file switches off is passed over.

use super::coverage::{Basis, Status};
use super::facts::{Login, TokenFacts};
use super::rules::{self, Outcome, Rule};
use crate::jws::Signature;
use crate::lines::{Confidence, Verdict};

/// A verdict and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// How sure it is.
    pub confidence: Confidence,
    /// The deciding rule, or why nothing could be decided.
    pub reason: &'static str,
    /// What every rule of [`rules::list::ALL`] made of the token, in order; `None` for one switched off.
    pub outcomes: [Option<Outcome>; rules::list::ALL.len()],
}

impl Judgement {
    /// Rules that fired beside the deciding one.
    pub fn supporting(&self) -> impl Iterator<Item = &'static str> {
        let fired = rules::list::ALL.iter().zip(&self.outcomes);
        fired
            .filter(|(rule, outcome)| **outcome == Some(Outcome::Fires) && rule.id != self.reason)
            .map(|(rule, _)| rule.id)
    }
}

/// The reason of a legitimate token.
pub const ISSUED: &str = "issued";

/// Judges a token.
pub fn judge(facts: &TokenFacts<'_>) -> Judgement {
    let look = |rule: &Rule| (!facts.policy.off(rule.id)).then(|| (rule.look)(facts));
    let outcomes = rules::list::ALL.each_ref().map(look);
    let decided = |before_records: bool| {
        let mut seen = rules::list::ALL.iter().zip(&outcomes);
        seen.find_map(|(rule, outcome)| {
            let verdict = rule.decides?;
            (*outcome == Some(Outcome::Fires) && rule.before_records == before_records)
                .then_some((rule, verdict))
        })
    };
    let by = |rule: &Rule, verdict| {
        let moderate =
            rule.id == rules::list::NEVER_ISSUED && facts.coverage.basis == Basis::HonestPopulation;
        let confidence = if moderate {
            Confidence::Moderate
        } else {
            Confidence::Strong
        };
        (verdict, confidence, rule.id)
    };
    let (verdict, confidence, reason) = match decided(true) {
        Some((rule, verdict)) => by(rule, verdict),
        None if facts.issued() => (Verdict::Legitimate, told(facts), ISSUED),
        None => match decided(false) {
            Some((rule, verdict)) => by(rule, verdict),
            None => (Verdict::Indeterminate, Confidence::None, doubt(facts)),
        },
    };
    Judgement {
        verdict,
        confidence,
        reason,
        outcomes,
    }
}

/// How sure it is that an issued token is the one that was issued: less so where its record has an expiry
/// or a key, and the log does not say the token's.
fn told(facts: &TokenFacts<'_>) -> Confidence {
    let claims = &facts.claims;
    let untold = |record: &super::facts::Record| {
        (record.expires_at.is_some() && claims.expires_at.is_none())
            || (record.key_id.is_some() && claims.key_id.is_none())
    };
    if !facts.whole && facts.own().all(untold) {
        Confidence::Moderate
    } else {
        Confidence::Strong
    }
}

/// Why nothing could be decided: the first that applies.
fn doubt(facts: &TokenFacts<'_>) -> &'static str {
    if facts.claims.problem.is_some() {
        return "token_not_readable";
    }
    if !facts.comparable && facts.issuances().next().is_some() {
        return "records_written_otherwise";
    }
    if facts.own().next().is_some() {
        return match facts.claims.signature {
            Signature::Invalid | Signature::Unsigned | Signature::Mismatch => {
                "signature_invalid_and_issued"
            }
            _ if !facts.own().any(|record| facts.agrees(record)) => {
                "claims_differ_and_rule_switched_off"
            }
            _ => "record_names_another_key",
        };
    }
    if facts.claims.subject.is_none() && !facts.whole {
        return "subject_not_logged";
    }
    if facts.partial {
        return "only_a_prefix_logged";
    }
    let names_somebody = |record: &super::facts::Record| record.subject.is_some();
    if facts.issuances().next().is_some() && !facts.issuances().any(names_somebody) {
        return "record_names_no_subject";
    }
    if facts.issuances().next().is_some() {
        return "issued_to_another_subject_and_rule_switched_off";
    }
    match (facts.claims.issued_at, facts.coverage.status) {
        (_, Status::NotLogged) => "issuer_not_logged",
        (None, _) => "issue_time_not_logged",
        (_, Status::OutsideLog) => "issued_outside_the_log",
        (_, Status::Hole) => "issued_in_a_hole_of_the_log",
        (_, Status::KeyNotNamed) => "key_not_named_by_the_log",
        (_, Status::Contradicted) => "log_lacks_living_tokens",
        (_, Status::NotShown) => "log_not_shown_complete",
        (_, Status::Complete) if facts.login == Login::Behind => "login_without_record",
        (_, Status::Complete) if facts.key.is_none() => "key_not_in_inventory",
        (_, Status::Complete) => "never_issued_switched_off",
    }
}
