//! Tokens by partition: grouped, judged, written, and their uses sent on.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::coverage::Coverage;
use super::facts::{Record, TokenFacts};
use super::gathered::{Heard, Judge};
use super::grouped::{Grouped, UsedToken};
use super::logins::folded;
use super::losses::Losses;
use super::scopes::Contradicted;
use super::signers::Signers;
use super::suspects::{IssuedTo, Suspects};
use super::tally::Tokens;
use super::uses::Use;
use super::verdict::judge;
use super::written::TokenRows;
use crate::case::ScopeLimit;
use crate::error::Result;
use crate::lines::{ByRequest, Confidence, Line, Tier, Verdict};
use crate::shuffle::{Encoder, Records, Shuffle, each_partition};

/// Which round over the tokens this is.
enum Round<'a> {
    /// The first. Issued tokens that moved between addresses are set aside in the spread, if there is one,
    /// until the attacker's addresses are known.
    First(Option<&'a Shuffle>),
    /// The second, over the tokens that were set aside.
    Second(Suspects<'a>),
}

impl Round<'_> {
    /// The verdict on one use of a token: of a stolen token, the uses from elsewhere are its holder's.
    ///
    /// Of a use from an unknown address nobody knows whose it is.
    fn verdict_on_use(&self, judged: Verdict, address: Option<u128>) -> Verdict {
        match (judged, self) {
            (Verdict::Stolen, _) if address.is_none() => Verdict::Indeterminate,
            (Verdict::Stolen, Round::Second(suspects))
                if address.is_some_and(|address| suspects.own(address)) =>
            {
                judged
            }
            (Verdict::Stolen, _) => Verdict::Legitimate,
            _ => judged,
        }
    }
}

/// What all tokens together showed before any is judged.
struct Known<'a> {
    heard: Heard<'a>,
    losses: &'a Losses,
    /// The limits of keys that issued tokens contradict.
    out_of_scope: Contradicted,
}

impl Known<'_> {
    /// By [`ScopeLimit`], whether an issued token of the same key lies outside.
    fn contradicted(&self, facts: &TokenFacts<'_>) -> [bool; 4] {
        let of = |limit| Some((facts.claims.key_id?, limit));
        ScopeLimit::ALL.map(|limit| of(limit).is_some_and(|of| self.out_of_scope.contains(&of)))
    }
}

/// Where the tokens of one partition go once they are judged.
struct Onward<'a> {
    lines: &'a ByRequest<'a>,
    round: Round<'a>,
    /// The number of the part of each frame that is written.
    part: usize,
}

impl Judge<'_> {
    /// Judges every token of `by_token` and sends each use on to `lines` with its verdict.
    ///
    /// `held` is an empty spread for the tokens that must be looked at twice.
    pub fn run(
        &self,
        coverage: &mut Coverage,
        by_token: &Shuffle,
        held: &Shuffle,
        lines: &ByRequest<'_>,
    ) -> Result<Tokens> {
        coverage.compare(self.population(by_token)?);
        let aliases = self.aliases(coverage, by_token)?;
        let honest = each_partition(by_token.count(), self.context.threads, |index| {
            Ok(self.honest(coverage, &aliases, &Grouped::of(&by_token.read(index)?)))
        })?;
        let (mut witnesses, mut with_login, mut unwitnessed) = (Vec::new(), Vec::new(), Vec::new());
        let mut out_of_scope = Contradicted::default();
        for one in honest {
            coverage.learn(one.profiles);
            witnesses.push(one.witnesses);
            with_login.push(one.with_login);
            unwitnessed.push(one.unwitnessed);
            out_of_scope.extend(one.out_of_scope);
        }
        coverage.hear(witnesses);
        coverage.count_logins(with_login);
        let losses = Losses::limit(coverage, unwitnessed, self.context.interner);
        let known = Known {
            heard: Heard {
                coverage: Some(coverage),
                aliases: &aliases,
            },
            losses: &losses,
            out_of_scope,
        };
        let holds = !self.context.case.file.policy.off("stolen");
        let found = each_partition(by_token.count(), self.context.threads, |index| {
            let onward = Onward {
                lines,
                round: Round::First(holds.then_some(held)),
                part: index,
            };
            self.partition(&known, &by_token.take(index)?, &onward)
        })?;
        let mut all = Tokens::default();
        for tokens in found {
            all.merge(tokens);
        }
        let visited = self.visited(held, &all.forged_on)?;
        let found = each_partition(held.count(), self.context.threads, |index| {
            let suspects = Suspects {
                forged: &all.forged_addresses,
                on: &all.forged_on,
                homes: &all.homes,
                visited: &visited,
            };
            let onward = Onward {
                lines,
                round: Round::Second(suspects),
                part: by_token.count() + index,
            };
            let records = held.take(index)?;
            if records.is_empty() {
                return Ok(Tokens::default());
            }
            self.partition(&known, &records, &onward)
        })?;
        for tokens in found {
            all.merge(tokens);
        }
        all.stretches = losses.stretches;
        Ok(all)
    }

    /// How many of the tokens set aside each address with forged tokens saw.
    fn visited(
        &self,
        held: &Shuffle,
        forged_on: &HashMap<u128, u64, FixedState>,
    ) -> Result<HashMap<u128, u64, FixedState>> {
        let found = each_partition(held.count(), self.context.threads, |index| {
            let records = held.read(index)?;
            let mut visited: HashMap<u128, u64, FixedState> = HashMap::default();
            for token in Grouped::of(&records).in_order() {
                let addresses = token.addresses().into_iter();
                for address in addresses.filter(|address| forged_on.contains_key(address)) {
                    *visited.entry(address).or_default() += 1;
                }
            }
            Ok(visited)
        })?;
        let mut all: HashMap<u128, u64, FixedState> = HashMap::default();
        for (address, count) in found.into_iter().flatten() {
            *all.entry(address).or_default() += count;
        }
        Ok(all)
    }

    /// Judges the tokens of one partition, writes their rows and sends their uses on.
    fn partition(
        &self,
        known: &Known<'_>,
        records: &Records,
        onward: &Onward<'_>,
    ) -> Result<Tokens> {
        let grouped = Grouped::of(records);
        let part = u32::try_from(onward.part).expect("few partitions");
        let mut rows = TokenRows::create(self.context.frames_dir, self.context.interner, part)?;
        let mut signers = Signers::new(self.context.case, self.context.interner);
        let mut found = Tokens::default();
        for token in grouped.in_order() {
            let records = &grouped.records(&token);
            let addresses = token.addresses();
            let signer = signers.of(&token.first_use.claims);
            let mut facts = self.facts(known.heard, signer, &token, records);
            facts.scope_contradicted = known.contradicted(&facts);
            facts.may_be_lost = known.losses.may_be_honest(token.first_use.id);
            facts.key_abused = known
                .losses
                .is_abused(facts.claims.issuer, facts.claims.key_id);
            if facts.issued() {
                let issuer = signer.issuer.as_deref().unwrap_or_default();
                let tells_homes = |coverage: &Coverage| coverage.tells_homes(issuer);
                let issued_to = match known.heard.coverage.is_some_and(tells_homes) {
                    true => IssuedTo::of(&facts),
                    false => IssuedTo::unknown(),
                };
                match &onward.round {
                    Round::Second(suspects) => {
                        facts.astray = Some(suspects.led_astray(&issued_to, &addresses));
                    }
                    Round::First(held) => match (held, &addresses[..]) {
                        (_, [home]) if !issued_to.is_away(home) => {
                            found.homes.insert(folded(*home));
                        }
                        (Some(held), _) => {
                            hold(held, &token, records)?;
                            continue;
                        }
                        (None, _) => {}
                    },
                }
            }
            let judgement = judge(&facts);
            found.add(&token, &facts, &judgement, &addresses);
            rows.push(&token, &facts, signer, &judgement, addresses.len())?;
            let moderate = judgement.confidence == Confidence::Moderate;
            for line in &token.uses {
                let verdict = onward
                    .round
                    .verdict_on_use(judgement.verdict, line.source_ip);
                onward.lines.push(&Line {
                    tier: Tier::Judged(verdict, moderate),
                    ..*line
                })?;
            }
        }
        rows.finish()?;
        Ok(found)
    }
}

/// Sets a token aside with its records and uses, to be looked at once more.
fn hold(held: &Shuffle, token: &UsedToken<'_>, records: &[Record]) -> Result<()> {
    let mut encoder = Encoder::default();
    let id = token.first_use.id;
    for record in records {
        record.encode_for(id, &mut encoder);
        held.push(id, &encoder.0)?;
    }
    for line in &token.uses {
        let one = Use {
            line: *line,
            ..token.first_use
        };
        one.encode(&mut encoder);
        held.push(id, &encoder.0)?;
    }
    Ok(())
}
