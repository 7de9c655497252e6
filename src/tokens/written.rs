//! Judged tokens -> the rows of the frames `tokens` and `sessions`.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;

use foldhash::fast::FixedState;
use smallvec::{SmallVec, smallvec};

use super::facts::TokenFacts;
use super::grouped::UsedToken;
use super::rules::{self, Outcome};
use super::signers::Signer;
use super::uses::Use;
use super::verdict::Judgement;
use crate::case::{AccountKey, Interner, ScopeLimit};
use crate::digest::fingerprint;
use crate::error::Result;
use crate::frames::{self, FrameWriter, Value};
use crate::jws::Signature;
use crate::lines::Verdict;

/// What rules made of tokens, as text: all outcomes, and the rules that fired beside the deciding one.
type Spelt = HashMap<(u64, &'static str), (String, Option<String>), FixedState>;

/// Writes judged tokens of one partition to the frames `tokens` and `sessions`.
pub(super) struct TokenRows<'a> {
    interner: &'a Interner,
    tokens: FrameWriter,
    sessions: FrameWriter,
    /// Few combinations of outcomes occur, so each is spelt out once.
    spelt: Spelt,
    /// Buffers that are used for each token again.
    fingerprint: String,
    times: [String; 2],
}

/// What a token says of itself, as text.
struct SpeltClaims<'a> {
    issuer: Option<&'a str>,
    key_id: Option<&'a str>,
    subject: Option<String>,
    problem: Option<String>,
    scope: Option<String>,
    /// Its audience, its algorithm and its kind of customer.
    purpose: [Option<String>; 3],
}

impl<'a> TokenRows<'a> {
    /// Begins part `part` of both frames.
    pub(super) fn create(frames_dir: &Path, interner: &'a Interner, part: u32) -> Result<Self> {
        Ok(TokenRows {
            interner,
            tokens: FrameWriter::create(frames_dir, &frames::TOKENS, part)?,
            sessions: FrameWriter::create(frames_dir, &frames::SESSIONS, part)?,
            spelt: Spelt::default(),
            fingerprint: String::new(),
            times: Default::default(),
        })
    }

    /// Ends both parts.
    pub(super) fn finish(self) -> Result<()> {
        self.tokens.finish()?;
        self.sessions.finish().map(drop)
    }

    /// Adds the row of a token that was used from `addresses` addresses, and, if it is forged, that of its
    /// session.
    pub(super) fn push(
        &mut self,
        token: &UsedToken<'_>,
        facts: &TokenFacts<'_>,
        signer: &Signer<'_>,
        judgement: &Judgement,
        addresses: usize,
    ) -> Result<()> {
        let claims = &token.first_use.claims;
        let text = |key: Option<AccountKey>| key.map(|key| self.interner.text(key));
        let spelt = SpeltClaims {
            issuer: signer.issuer.as_deref(),
            key_id: signer.key_id.as_deref(),
            subject: text(claims.subject),
            problem: text(claims.problem),
            scope: text(claims.scope),
            purpose: [claims.audience, claims.algorithm, claims.customer_kind].map(text),
        };
        self.spell_fingerprint(&token.first_use, &spelt);
        self.push_token(token, facts, &spelt, judgement)?;
        if judgement.verdict == Verdict::Forged {
            self.sessions.push(&[
                Value::Text(&self.fingerprint),
                spelt.subject.as_deref().into(),
                Value::Time(facts.used.0),
                Value::Time(facts.used.1),
                Value::Number(token.uses.len() as u64),
                Value::Number(addresses as u64),
            ])?;
        }
        Ok(())
    }

    /// Writes the token's fingerprint into its buffer: over all that the token says of itself.
    fn spell_fingerprint(&mut self, first_use: &Use<'_>, spelt: &SpeltClaims<'_>) {
        let claims = &first_use.claims;
        let times = [claims.issued_at, claims.expires_at];
        for (text, at) in self.times.iter_mut().zip(times) {
            text.clear();
            if let Some(at) = at {
                let _ = write!(text, "{at}");
            }
        }
        let [issued_at, expires_at] = self.times.each_ref().map(String::as_str);
        let mut parts: SmallVec<[&str; 13]> = smallvec![
            first_use.token_id,
            spelt.issuer.unwrap_or(ABSENT),
            spelt.key_id.unwrap_or(ABSENT),
            spelt.subject.as_deref().unwrap_or(ABSENT),
            issued_at,
            expires_at,
            claims.signature.name(),
            spelt.scope.as_deref().unwrap_or(ABSENT),
            first_use.session.unwrap_or(ABSENT),
            spelt.problem.as_deref().unwrap_or(ABSENT),
        ];
        // Most cases do not read these, and a token keeps the fingerprint that it has without them.
        if spelt.purpose.iter().any(Option::is_some) {
            let purpose = spelt.purpose.iter();
            parts.extend(purpose.map(|text| text.as_deref().unwrap_or(ABSENT)));
        }
        let fingerprint = token_fingerprint(&parts);
        self.fingerprint.clear();
        let _ = write!(self.fingerprint, "{fingerprint:032x}");
    }

    /// Adds the row of the frame `tokens`.
    fn push_token(
        &mut self,
        token: &UsedToken<'_>,
        facts: &TokenFacts<'_>,
        spelt: &SpeltClaims<'_>,
        judgement: &Judgement,
    ) -> Result<()> {
        let reason = judgement.reason.name();
        let (rules, supporting) = self
            .spelt
            .entry((code(&judgement.outcomes), reason))
            .or_insert_with(|| {
                let supporting: Vec<&str> = judgement.supporting().collect();
                let some = (!supporting.is_empty()).then(|| supporting.join(","));
                (spell(&judgement.outcomes), some)
            });
        let Use {
            line,
            claims,
            token_id,
            session,
            ..
        } = &token.first_use;
        let [audience, algorithm, customer_kind] = &spelt.purpose;
        let outside = outside(facts);
        let own = facts.own().next().or(facts.records.first());
        let number = |value: Option<u64>| value.map_or(Value::Null, Value::Number);
        let signature = (claims.signature != Signature::NotLogged).then(|| claims.signature.name());
        self.tokens.push(&[
            Value::Text(&self.fingerprint),
            Value::Text(token_id),
            spelt.issuer.into(),
            spelt.key_id.into(),
            spelt.subject.as_deref().into(),
            claims.issued_at.into(),
            claims.expires_at.into(),
            spelt.scope.as_deref().into(),
            audience.as_deref().into(),
            algorithm.as_deref().into(),
            customer_kind.as_deref().into(),
            outside.as_deref().into(),
            (*session).into(),
            signature.into(),
            spelt.problem.as_deref().into(),
            Value::Text(judgement.verdict.name()),
            Value::Text(judgement.confidence.name()),
            Value::Text(reason),
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
        ])
    }
}

/// The limits of its key's scope outside of which a token lies, with commas between.
fn outside(facts: &TokenFacts<'_>) -> Option<String> {
    facts.scope_of_key()?;
    let limits = ScopeLimit::ALL.into_iter().zip(facts.outside_scope());
    let outside = limits.filter(|(_, outside)| *outside == Some(true));
    let names: Vec<&str> = outside.map(|(limit, _)| limit.name()).collect();
    (!names.is_empty()).then(|| names.join(","))
}

/// Stands in a fingerprint for what a token does not say: no text of a log is this.
const ABSENT: &str = "\u{0}";

/// The number that outputs know a token by, shown as 32 hexadecimal digits.
fn token_fingerprint(parts: &[&str]) -> u128 {
    let parts: SmallVec<[&[u8]; 13]> = parts.iter().map(|part| part.as_bytes()).collect();
    fingerprint(&parts)
}

/// What each rule made of a token, as one number: two bits for each rule.
fn code(outcomes: &[Option<Outcome>]) -> u64 {
    assert!(outcomes.len() <= 32, "two bits for each rule");
    let number = |outcome: &Option<Outcome>| outcome.map_or(3, |outcome| outcome as u64);
    outcomes
        .iter()
        .fold(0, |code, outcome| code << 2 | number(outcome))
}

/// What each rule made of a token, as text: `rule=outcome`, in the order of the rules.
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
