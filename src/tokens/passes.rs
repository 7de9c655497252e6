//! Tokens by partition: grouped, judged, written.

use std::collections::{BTreeMap, HashMap, HashSet};

use foldhash::fast::FixedState;
use roaring::RoaringTreemap;
use smallvec::SmallVec;

use super::coverage::{Basis, Cover, Coverage, IdKind, Meeting, Status, Witness, Witnesses};
use super::facts::{Login, ProvenKeys, Record, TokenFacts};
use super::grouped::{Grouped, UsedToken};
use super::logins::{Holder, Logins, folded};
use super::signers::{Signer, Signers};
use super::timeline::KeyUses;
use super::uses::Use;
use super::verdict::{Judgement, judge};
use super::written::TokenRows;
use crate::case::{AccountKey, Context};
use crate::error::Result;
use crate::jws::Signature;
use crate::lines::{ByRequest, Confidence, Line, Tier, Verdict};
use crate::shuffle::{Encoder, Records, Shuffle, each_partition};

/// What the token stage found.
#[derive(Debug, Default)]
pub struct Tokens {
    /// Distinct tokens by verdict, confidence and reason.
    pub by_reason: BTreeMap<(&'static str, &'static str, &'static str), u64>,
    /// Forged tokens: strongly, and in all.
    pub forged: [u64; 2],
    /// Distinct tokens that are neither shown forged nor shown issued.
    pub indeterminate: u64,
    /// Distinct legitimate tokens.
    pub legitimate: u64,
    /// Distinct tokens that were issued, and used by the attacker.
    pub stolen: u64,
    /// Uses of tokens whose id no record hands out.
    pub uses_without_record: u64,
    /// Forged tokens that name no account of the registry.
    pub forged_unknown_subject: u64,
    /// Indeterminate tokens that name no account of the registry.
    pub doubtful_unknown_subject: u64,
    /// Subjects that are no account, named by forged tokens.
    pub unknown_subjects: RoaringTreemap,
    /// The same, named by indeterminate tokens.
    pub doubtful_unknown_subjects: RoaringTreemap,
    /// Accounts not open when a forged token naming them was first used.
    pub closed_accounts: RoaringTreemap,
    /// How each key was used.
    pub keys: KeyUses,
    /// Addresses that carried a forged token.
    pub forged_addresses: HashSet<u128>,
    /// Addresses that carried an indeterminate token.
    pub doubtful_addresses: HashSet<u128>,
    /// Forged tokens by address.
    forged_on: HashMap<u128, u64, FixedState>,
    /// Addresses, folded, on which an issued token lived alone.
    homes: HashSet<u64, FixedState>,
}

impl Tokens {
    fn merge(&mut self, other: Tokens) {
        for (reason, count) in other.by_reason {
            *self.by_reason.entry(reason).or_default() += count;
        }
        for (sum, more) in self.forged.iter_mut().zip(other.forged) {
            *sum += more;
        }
        self.indeterminate += other.indeterminate;
        self.legitimate += other.legitimate;
        self.stolen += other.stolen;
        self.uses_without_record += other.uses_without_record;
        self.forged_unknown_subject += other.forged_unknown_subject;
        self.doubtful_unknown_subject += other.doubtful_unknown_subject;
        self.unknown_subjects |= other.unknown_subjects;
        self.doubtful_unknown_subjects |= other.doubtful_unknown_subjects;
        self.closed_accounts |= other.closed_accounts;
        self.keys.merge(other.keys);
        self.forged_addresses.extend(other.forged_addresses);
        self.doubtful_addresses.extend(other.doubtful_addresses);
        for (address, count) in other.forged_on {
            *self.forged_on.entry(address).or_default() += count;
        }
        self.homes.extend(other.homes);
    }
}

/// What judging needs beside the records.
pub struct Judge<'a> {
    /// The run.
    pub context: &'a Context<'a>,
    /// Keys that verify tokens of the evidence.
    pub proven: &'a ProvenKeys,
    /// Logins at the service.
    pub logins: &'a Logins,
}

/// Partitions that are looked at to see whether tokens and records meet at all.
const SAMPLED: usize = 4;
/// Forged tokens that make an address the attacker's: fewer may have passed through it.
const FORGED_ON_ONE: u64 = 5;

/// The attacker's addresses, once all tokens are judged.
struct Suspects<'a> {
    forged: &'a HashSet<u128>,
    /// Forged tokens by address.
    on: &'a HashMap<u128, u64, FixedState>,
    homes: &'a HashSet<u64, FixedState>,
}

impl Suspects<'_> {
    /// Whether an address is the attacker's own: it carried several forged tokens, and no issued token
    /// lives on it alone.
    fn own(&self, address: u128) -> bool {
        self.on
            .get(&address)
            .is_some_and(|count| *count >= FORGED_ON_ONE)
            && !self.homes.contains(&folded(address))
    }
}

/// Where judged tokens go.
struct Onward<'a> {
    lines: &'a ByRequest<'a>,
    /// Issued tokens that moved between addresses wait here until the fleet is known.
    held: Option<&'a Shuffle>,
    fleet: Option<Suspects<'a>>,
    part: usize,
}

impl Judge<'_> {
    /// Judges every token of `by_token`; each use goes on to `lines` with its verdict. `held` is an
    /// empty spread for what must be looked at twice.
    pub fn run(
        &self,
        coverage: &mut Coverage,
        by_token: &Shuffle,
        held: &Shuffle,
        lines: &ByRequest<'_>,
    ) -> Result<Tokens> {
        if !self.logins.is_empty() {
            let witnesses = each_partition(by_token.count(), self.context.threads, |index| {
                Ok(self.witnesses(&Grouped::of(&by_token.read(index)?)))
            })?;
            coverage.hear(witnesses);
        }
        coverage.compare(self.population(by_token)?);
        let coverage = &*coverage;
        let holds = !self.context.case.file.policy.off("stolen");
        let found = each_partition(by_token.count(), self.context.threads, |index| {
            let onward = Onward {
                lines,
                held: holds.then_some(held),
                fleet: None,
                part: index,
            };
            self.partition(coverage, &by_token.take(index)?, &onward)
        })?;
        let mut all = Tokens::default();
        for tokens in found {
            all.merge(tokens);
        }
        let found = each_partition(held.count(), self.context.threads, |index| {
            let fleet = Suspects {
                forged: &all.forged_addresses,
                on: &all.forged_on,
                homes: &all.homes,
            };
            let onward = Onward {
                lines,
                held: None,
                fleet: Some(fleet),
                part: by_token.count() + index,
            };
            let records = held.take(index)?;
            if records.is_empty() {
                return Ok(Tokens::default());
            }
            self.partition(coverage, &records, &onward)
        })?;
        for tokens in found {
            all.merge(tokens);
        }
        Ok(all)
    }

    /// How tokens and records of each issuer meet, in a sample: ids are spread by hash.
    fn population(&self, by_token: &Shuffle) -> Result<BTreeMap<String, Meeting>> {
        let sampled = by_token.count().min(SAMPLED);
        let found = each_partition(sampled, self.context.threads, |index| {
            let records = by_token.read(index)?;
            let grouped = Grouped::of(&records);
            let mut signers = Signers::new(self.context.case, self.context.interner);
            let mut all: BTreeMap<AccountKey, Meeting> = BTreeMap::new();
            for token in grouped.in_order() {
                let claims = &token.first_use.claims;
                let Some(issuer) = claims.issuer else {
                    continue;
                };
                let records = grouped.records(&token);
                let facts = self.facts(None, signers.of(claims), &token, &records);
                let meeting = all.entry(issuer).or_default();
                if facts.issuances().next().is_none() {
                    meeting.absent += 1;
                } else if facts.own().any(|record| facts.agrees(record)) {
                    meeting.agree += 1;
                } else {
                    meeting.differ += 1;
                }
            }
            Ok(all)
        })?;
        let mut all: BTreeMap<String, Meeting> = BTreeMap::new();
        for (issuer, meeting) in found.into_iter().flatten() {
            all.entry(self.context.interner.text(issuer))
                .or_default()
                .merge(meeting);
        }
        Ok(all)
    }

    /// Tokens of a partition that were issued for certain.
    fn witnesses(&self, grouped: &Grouped<'_>) -> Witnesses {
        let mut behind: HashMap<(AccountKey, Option<AccountKey>), Vec<Witness>> = HashMap::new();
        let mut signers = Signers::new(self.context.case, self.context.interner);
        for token in grouped.in_order() {
            let claims = &token.first_use.claims;
            let Some((issuer, issued_at)) = claims.issuer.zip(claims.issued_at) else {
                continue;
            };
            let records = grouped.records(&token);
            let facts = self.facts(None, signers.of(claims), &token, &records);
            if facts.login == Login::Behind {
                let recorded = facts.issuances().next().is_some();
                let of_key = behind.entry((issuer, claims.key_id)).or_default();
                of_key.push(Witness {
                    issued_at,
                    recorded,
                });
            }
        }
        let spelt = behind
            .into_iter()
            .map(|((issuer, key), heard)| ((self.context.interner.text(issuer), key), heard));
        spelt.collect()
    }

    fn facts<'t>(
        &'t self,
        coverage: Option<&Coverage>,
        signer: &Signer<'t>,
        token: &UsedToken<'_>,
        records: &'t [Record],
    ) -> TokenFacts<'t> {
        let claims = token.first_use.claims;
        let issuer = signer.issuer.as_deref().unwrap_or_default();
        let kind = IdKind::of(token.first_use.token_id);
        let cover = match (coverage, claims.issued_at) {
            (Some(coverage), Some(at)) => coverage.of(issuer, claims.key_id, kind, at),
            (Some(coverage), None) if coverage.issuers.contains_key(issuer) => Cover {
                status: Status::OutsideLog,
                basis: Basis::Log,
            },
            _ => Cover {
                status: Status::NotLogged,
                basis: Basis::Log,
            },
        };
        let times = token.uses.iter().map(|line| line.event_time);
        let login = match (claims.subject, claims.issued_at) {
            (Some(subject), Some(at)) if signer.of_accounts && !self.logins.is_empty() => {
                let addresses = token.uses.iter().map(|line| line.source_ip);
                let holder = Holder {
                    subject,
                    issued_at: at,
                    session: claims.session,
                };
                self.logins
                    .behind(holder, addresses, &self.context.case.file.policy)
            }
            _ => Login::NotLogged,
        };
        TokenFacts {
            claims,
            whole: kind == IdKind::Sha256,
            partial: kind == IdKind::Prefix,
            comparable: coverage.is_none_or(|coverage| coverage.comparable(issuer)),
            records,
            coverage: cover,
            key: signer.key,
            key_proven: claims.signature != Signature::NotLogged
                && self.proven.contains(&(claims.issuer, claims.key_id)),
            account: claims
                .subject
                .and_then(|subject| self.context.accounts.find(subject)),
            subject_is_account: signer.of_accounts
                && self.context.accounts.known
                && claims.subject.is_some(),
            login,
            used: (
                times.clone().min().unwrap_or_default(),
                times.max().unwrap_or_default(),
            ),
            accepted: token
                .uses
                .iter()
                .any(|line| (200..300).contains(&line.status)),
            astray: None,
            policy: &self.context.case.file.policy,
        }
    }

    fn partition(
        &self,
        coverage: &Coverage,
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
            let token = &token;
            let addresses = token.addresses();
            let signer = signers.of(&token.first_use.claims);
            let mut facts = self.facts(Some(coverage), signer, token, records);
            if facts.issued() {
                let issued_to: SmallVec<[u128; 4]> =
                    facts.own().filter_map(|record| record.source_ip).collect();
                let away = |address: &u128| !issued_to.is_empty() && !issued_to.contains(address);
                if let Some(fleet) = &onward.fleet {
                    let astray = |address: &u128| {
                        fleet.own(*address)
                            && (away(address)
                                || addresses.iter().any(|other| !fleet.forged.contains(other)))
                    };
                    facts.astray = Some(addresses.iter().any(astray));
                } else if addresses.len() == 1 && !addresses.iter().any(away) {
                    found
                        .homes
                        .extend(addresses.iter().map(|address| folded(*address)));
                } else if let Some(held) = onward.held {
                    hold(held, token, records)?;
                    continue;
                }
            }
            let judgement = judge(&facts);
            self.count(token, &facts, &judgement, &addresses, &mut found);
            rows.push(token, &facts, signer, &judgement, addresses.len())?;
            for line in &token.uses {
                let own = |fleet: &Suspects<'_>| fleet.own(line.source_ip);
                let verdict = match judgement.verdict {
                    Verdict::Stolen if !onward.fleet.as_ref().is_some_and(own) => {
                        Verdict::Legitimate
                    }
                    verdict => verdict,
                };
                onward.lines.push(&Line {
                    tier: Tier::Judged(verdict, judgement.confidence == Confidence::Moderate),
                    ..*line
                })?;
            }
        }
        rows.finish()?;
        Ok(found)
    }

    fn count(
        &self,
        token: &UsedToken<'_>,
        facts: &TokenFacts<'_>,
        judgement: &Judgement,
        addresses: &[u128],
        found: &mut Tokens,
    ) {
        let Judgement {
            verdict,
            confidence,
            reason,
            ..
        } = judgement;
        *found
            .by_reason
            .entry((verdict.name(), confidence.name(), reason.name()))
            .or_default() += 1;
        found.keys.add(facts, *verdict);
        if facts.issuances().next().is_none() {
            found.uses_without_record += token.uses.len() as u64;
        }
        let unknown = facts
            .claims
            .subject
            .filter(|_| facts.subject_is_account && facts.account.is_none());
        match verdict {
            Verdict::Forged => {
                found.forged[0] += u64::from(*confidence == Confidence::Strong);
                found.forged[1] += 1;
                found.forged_addresses.extend(addresses);
                for address in addresses {
                    *found.forged_on.entry(*address).or_default() += 1;
                }
                if let Some(subject) = unknown {
                    found.forged_unknown_subject += 1;
                    found.unknown_subjects.insert(subject.0);
                }
                let first = token.first_use.line.event_time;
                let not_open = facts
                    .account
                    .filter(|account| first < account.opened || first >= account.closed);
                found
                    .closed_accounts
                    .extend(not_open.map(|account| account.key.0));
            }
            Verdict::Indeterminate => {
                found.indeterminate += 1;
                found.doubtful_addresses.extend(addresses);
                if let Some(subject) = unknown {
                    found.doubtful_unknown_subject += 1;
                    found.doubtful_unknown_subjects.insert(subject.0);
                }
            }
            Verdict::Legitimate => found.legitimate += 1,
            Verdict::Stolen => found.stolen += 1,
        }
    }
}

/// Sets a token aside with its records.
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
