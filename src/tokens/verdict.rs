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
//! | legitimate | strong or moderate | `issued` | a record hands it to its subject, under its key: moderate where the gateway's log lacks its expiry or key |
//! | forged | strong or moderate | `key_out_of_scope` | no record, and its key is not for such a token: strong by the key's signature or a complete log |
//! | forged | strong or moderate | `outside_key_life` | no record, and issued when its key was not in use: strong by the key's signature or a complete log |
//! | forged | strong or moderate | `never_issued` | no record, where the log is shown to be complete: strong by record numbers, moderate by the honest population |
//! | forged | moderate | `no_record_no_login` | neither a record nor a login, where all issued tokens have one |
//! | forged | moderate | `unlike_issued` | no record, and in two ways unlike all issued tokens of its key |
//! | indeterminate | none | a [`Doubt`] | none of the above |
//!
//! A rule that the case file switches off is passed over.

use super::coverage::{Basis, Status};
use super::facts::{Login, Record, TokenFacts};
use super::reason::{Doubt, VerdictReason};
use super::rules::{self, Outcome, Rule};
use crate::jws::Signature;
use crate::lines::{Confidence, Verdict};

/// A verdict and what it rests on.
#[derive(Debug, Clone)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// How sure it is.
    pub confidence: Confidence,
    /// The deciding rule, the record, or why nothing could be decided.
    pub reason: VerdictReason,
    /// What each rule of [`rules::list::ALL`] made of the token, in that order; `None` for a rule that is
    /// switched off.
    pub outcomes: [Option<Outcome>; rules::list::ALL.len()],
}

impl Judgement {
    /// The names of the rules that fired beside the deciding one.
    pub fn supporting(&self) -> impl Iterator<Item = &'static str> {
        let reason = self.reason.name();
        let rules = rules::list::ALL.iter().zip(&self.outcomes);
        let fired = rules.filter(|(_, outcome)| **outcome == Some(Outcome::Fires));
        fired
            .map(|(rule, _)| rule.id)
            .filter(move |id| *id != reason)
    }
}

/// Judges a token by the table above.
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
    let by = |rule: &'static Rule, verdict| {
        let moderate = match rule.id {
            // Where only honest tokens show the log complete, somebody must be proven to sign with the key.
            rules::list::NEVER_ISSUED => {
                let forges = facts.key_abused || facts.claims.signature == Signature::Valid;
                let by_honest = facts.coverage.basis == Basis::HonestPopulation;
                by_honest && (facts.may_be_lost || !forges)
            }
            // What is stated of a key may be wrong; a log that is complete, or the key's own signature, tells more.
            rules::list::OUTSIDE_KEY_LIFE | rules::list::KEY_OUT_OF_SCOPE => {
                facts.coverage.status != Status::Complete
                    && facts.claims.signature != Signature::Valid
            }
            id => rules::list::BY_OTHERS.contains(&id),
        };
        let confidence = match moderate {
            true => Confidence::Moderate,
            false => Confidence::Strong,
        };
        (verdict, confidence, VerdictReason::Rule(rule))
    };
    let (verdict, confidence, reason) = match decided(true) {
        Some((rule, verdict)) => by(rule, verdict),
        None if facts.issued() => (Verdict::Legitimate, sureness(facts), VerdictReason::Issued),
        None => match decided(false) {
            Some((rule, verdict)) => by(rule, verdict),
            None => {
                let reason = VerdictReason::Doubt(doubt(facts));
                (Verdict::Indeterminate, Confidence::None, reason)
            }
        },
    };
    Judgement {
        verdict,
        confidence,
        reason,
        outcomes,
    }
}

/// How sure it is that an issued token is the one that was issued.
///
/// An id that stands for the whole token is sure by itself. Else the token's log must have what the
/// record has: an expiry or a key that only the record has was compared with nothing.
fn sureness(facts: &TokenFacts<'_>) -> Confidence {
    let claims = &facts.claims;
    let not_compared = |record: &Record| {
        (record.expires_at.is_some() && claims.expires_at.is_none())
            || (record.key_id.is_some() && claims.key_id.is_none())
    };
    // Spellings that meet only when folded are most likely one identity, and not surely.
    let folded = |record: &Record| claims.subject.is_some() && record.subject != claims.subject;
    if !facts.whole
        && facts
            .own()
            .all(|record| not_compared(record) || folded(record))
    {
        Confidence::Moderate
    } else {
        Confidence::Strong
    }
}

/// Why nothing could be decided: the first doubt that applies.
fn doubt(facts: &TokenFacts<'_>) -> Doubt {
    if facts.claims.problem.is_some() {
        return Doubt::TokenNotReadable;
    }
    let has_records = facts.issuances().next().is_some();
    if !facts.comparable && has_records {
        return Doubt::RecordsWrittenOtherwise;
    }
    if facts.own().next().is_some() {
        return match facts.claims.signature {
            Signature::Invalid | Signature::Unsigned | Signature::Mismatch => {
                Doubt::SignatureInvalidAndIssued
            }
            _ if !facts.own().any(|record| facts.agrees(record)) => {
                Doubt::ClaimsDifferAndRuleSwitchedOff
            }
            _ => Doubt::RecordNamesAnotherKey,
        };
    }
    if !has_records && facts.has_unknown_record() {
        return Doubt::OutcomeUnknown;
    }
    if facts.claims.subject.is_none() && !facts.whole {
        return Doubt::SubjectNotLogged;
    }
    if facts.partial {
        return Doubt::OnlyAPrefixLogged;
    }
    if has_records {
        let names_somebody = |record: &Record| record.subject.is_some();
        return match facts.issuances().any(names_somebody) {
            false => Doubt::RecordNamesNoSubject,
            true => Doubt::IssuedToAnotherSubjectAndRuleSwitchedOff,
        };
    }
    if facts.coverage.status != Status::Complete && facts.lacks_scope_claim() {
        return Doubt::ScopeClaimNotLogged;
    }
    match (facts.claims.issued_at, facts.coverage.status) {
        (_, Status::NotLogged) => Doubt::IssuerNotLogged,
        (None, _) => Doubt::IssueTimeNotLogged,
        (_, Status::OutsideLog) => Doubt::IssuedOutsideTheLog,
        (_, Status::Hole) => Doubt::IssuedInAHoleOfTheLog,
        (_, Status::KeyNotNamed) => Doubt::KeyNotNamedByTheLog,
        (_, Status::Contradicted) => Doubt::LogLacksLivingTokens,
        (_, Status::NotShown) => Doubt::LogNotShownComplete,
        (_, Status::Complete) if facts.login == Login::Behind => Doubt::LoginWithoutRecord,
        (_, Status::Complete) if facts.key.is_none() => Doubt::KeyNotInInventory,
        (_, Status::Complete) => Doubt::NeverIssuedSwitchedOff,
    }
}
