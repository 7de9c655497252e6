//! Judged tokens -> the rows of the frames `tokens` and `sessions`.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;

use foldhash::fast::FixedState;

use super::facts::TokenFacts;
use super::grouped::UsedToken;
use super::rules::{self, Outcome};
use super::signers::Signer;
use super::uses::Use;
use super::verdict::Judgement;
use crate::case::{AccountKey, Interner};
use crate::digest::fingerprint;
use crate::error::Result;
use crate::frames::{self, FrameWriter, Value};
use crate::jws::Signature;
use crate::lines::Verdict;

/// What rules made of tokens: all outcomes, and those that fired beside the deciding one.
type Spelt = HashMap<(u64, &'static str), (String, Option<String>), FixedState>;

/// The rows of one partition.
pub(super) struct TokenRows<'a> {
    interner: &'a Interner,
    tokens: FrameWriter,
    sessions: FrameWriter,
    /// Spelt out once for all tokens alike.
    spelt: Spelt,
    shown: String,
    times: [String; 2],
}

impl<'a> TokenRows<'a> {
    /// Begins part `part` of both frames.
    pub(super) fn create(frames_dir: &Path, interner: &'a Interner, part: u32) -> Result<Self> {
        Ok(TokenRows {
            interner,
            tokens: FrameWriter::create(frames_dir, &frames::TOKENS, part)?,
            sessions: FrameWriter::create(frames_dir, &frames::SESSIONS, part)?,
            spelt: Spelt::default(),
            shown: String::new(),
            times: Default::default(),
        })
    }

    /// Ends both.
    pub(super) fn finish(self) -> Result<()> {
        self.tokens.finish()?;
        self.sessions.finish().map(drop)
    }

    /// Adds a token.
    pub(super) fn push(
        &mut self,
        token: &UsedToken<'_>,
        facts: &TokenFacts<'_>,
        signer: &Signer<'_>,
        judgement: &Judgement,
        addresses: usize,
    ) -> Result<()> {
        let Use {
            line,
            claims,
            token_id,
            session,
            ..
        } = &token.first_use;
        let text = |key: Option<AccountKey>| key.map(|key| self.interner.text(key));
        let (subject, problem, scope) = (
            text(claims.subject),
            text(claims.problem),
            text(claims.scope),
        );
        let (issuer, key_id) = (signer.issuer.as_deref(), signer.key_id.as_deref());
        for (time, at) in self
            .times
            .iter_mut()
            .zip([claims.issued_at, claims.expires_at])
        {
            time.clear();
            if let Some(at) = at {
                let _ = write!(time, "{at}");
            }
        }
        let [issued_at, expires_at] = &self.times;
        self.shown.clear();
        let fingerprint = token_fingerprint(&[
            token_id,
            issuer.unwrap_or(ABSENT),
            key_id.unwrap_or(ABSENT),
            subject.as_deref().unwrap_or(ABSENT),
            issued_at,
            expires_at,
            claims.signature.name(),
            scope.as_deref().unwrap_or(ABSENT),
            session.unwrap_or(ABSENT),
            problem.as_deref().unwrap_or(ABSENT),
        ]);
        let _ = write!(self.shown, "{fingerprint:032x}");
        let (rules, supporting) = self
            .spelt
            .entry((code(&judgement.outcomes), judgement.reason.name()))
            .or_insert_with(|| {
                let supporting: Vec<&str> = judgement.supporting().collect();
                let some = (!supporting.is_empty()).then(|| supporting.join(","));
                (spell(&judgement.outcomes), some)
            });
        let own = facts.own().next().or(facts.records.first());
        let number = |value: Option<u64>| value.map_or(Value::Null, Value::Number);
        let logged = (claims.signature != Signature::NotLogged).then(|| claims.signature.name());
        self.tokens.push(&[
            Value::Text(&self.shown),
            Value::Text(token_id),
            issuer.into(),
            key_id.into(),
            subject.as_deref().into(),
            claims.issued_at.into(),
            claims.expires_at.into(),
            scope.as_deref().into(),
            (*session).into(),
            logged.into(),
            problem.as_deref().into(),
            Value::Text(judgement.verdict.name()),
            Value::Text(judgement.confidence.name()),
            Value::Text(judgement.reason.name()),
            supporting.as_deref().into(),
            Value::Text(rules),
            Value::Text(facts.coverage.status.name()),
            Value::Text(facts.coverage.basis.name()),
            Value::Text(facts.login.name()),
            number(own.map(|record| u64::from(record.place.0))),
            number(own.map(|record| record.place.1)),
            Value::Number(token.uses.len() as u64),
            Value::Time(facts.used.0),
            Value::Time(facts.used.1),
            Value::Number(u64::from(line.evidence_id)),
            Value::Number(line.line_no),
        ])?;
        if judgement.verdict == Verdict::Forged {
            self.sessions.push(&[
                Value::Text(&self.shown),
                subject.as_deref().into(),
                Value::Time(facts.used.0),
                Value::Time(facts.used.1),
                Value::Number(token.uses.len() as u64),
                Value::Number(addresses as u64),
            ])?;
        }
        Ok(())
    }
}

/// In a fingerprint, what a token does not say: no text of a log is this.
const ABSENT: &str = "\u{0}";

/// What a token is known by in outputs, as 32 hexadecimal digits: over all that it says of itself.
fn token_fingerprint(parts: &[&str; 10]) -> u128 {
    fingerprint(&parts.map(str::as_bytes))
}

/// What each rule made of a token, as one number.
fn code(outcomes: &[Option<Outcome>]) -> u64 {
    assert!(outcomes.len() <= 32, "two bits for each rule");
    let number = |outcome: &Option<Outcome>| outcome.map_or(3, |outcome| outcome as u64);
    outcomes
        .iter()
        .fold(0, |code, outcome| code << 2 | number(outcome))
}

/// What each rule made of a token: `rule=outcome`, in the order of the rules.
fn spell(outcomes: &[Option<Outcome>]) -> String {
    let each = rules::list::ALL
        .iter()
        .zip(outcomes)
        .map(|(rule, outcome)| {
            let outcome = outcome.map_or("off", Outcome::name);
            format!("{}={outcome}", rule.id)
        });
    each.collect::<Vec<_>>().join(",")
}
