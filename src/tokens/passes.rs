//! Tokens by partition: grouped, judged, written, and their uses sent on.

use std::collections::{BTreeMap, HashMap, HashSet};

use foldhash::fast::FixedState;
use smallvec::SmallVec;

use super::aliases::{Aliases, Pairs};
use super::coverage::{
    Basis, Cover, Coverage, HOUR, IdKind, KeysUsed, Meeting, Status, Witness, Witnesses,
};
use super::facts::{Claims, Login, ProvenKeys, Record, TokenFacts};
use super::grouped::{Grouped, UsedToken};
use super::logins::{Holder, Logins, folded};
use super::losses::{Absent, ByIssuer, Losses};
use super::signers::{Signer, Signers};
use super::tally::Tokens;
use super::uses::Use;
use super::verdict::judge;
use super::written::TokenRows;
use crate::case::{AccountKey, Context};
use crate::error::Result;
use crate::jws::Signature;
use crate::lines::{ByRequest, Confidence, Line, Tier, Verdict};
use crate::shuffle::{Encoder, Records, Shuffle, each_partition};

/// What judging needs beside the records.
pub struct Judge<'a> {
    /// The run.
    pub context: &'a Context<'a>,
    /// Keys that verify tokens of the evidence.
    pub proven: &'a ProvenKeys,
    /// Logins at the service.
    pub logins: &'a Logins,
}

/// How many partitions are looked at to see whether tokens and records meet at all.
const SAMPLED: usize = 4;
/// How many forged tokens make an address the attacker's: fewer may have passed through it.
const FORGED_ON_ONE: u64 = 5;
/// How many forged tokens it takes beside each issued one: where many customers pass, the address is shared.
const FORGED_FOR_EACH: u64 = 4;

/// The attacker's addresses, once all tokens are judged.
struct Suspects<'a> {
    forged: &'a HashSet<u128>,
    /// Forged tokens by address.
    on: &'a HashMap<u128, u64, FixedState>,
    homes: &'a HashSet<u64, FixedState>,
    /// Issued tokens that moved between addresses, by address.
    visited: &'a HashMap<u128, u64, FixedState>,
}

impl Suspects<'_> {
    /// Whether an address is the attacker's own: it carried several forged tokens, far more than issued
    /// ones, and no issued token lives on it alone.
    fn own(&self, address: u128) -> bool {
        let visited = self.visited.get(&address).copied().unwrap_or_default();
        let least = FORGED_ON_ONE.max(visited.saturating_mul(FORGED_FOR_EACH));
        self.on.get(&address).is_some_and(|count| *count >= least)
            && !self.homes.contains(&folded(address))
    }

    /// Whether an issued token was used from an address of the attacker's own, away from where it was
    /// issued or used else.
    fn led_astray(&self, issued_to: &IssuedTo, addresses: &[u128]) -> bool {
        let elsewhere = || addresses.iter().any(|other| !self.forged.contains(other));
        addresses
            .iter()
            .any(|address| self.own(*address) && (issued_to.is_away(address) || elsewhere()))
    }
}

/// The addresses to which records hand a token out; none where no record has that of a holder.
struct IssuedTo(SmallVec<[u128; 4]>);

impl IssuedTo {
    fn of(facts: &TokenFacts<'_>) -> Self {
        IssuedTo(facts.own().filter_map(|record| record.source_ip).collect())
    }

    /// That of a token whose issuer logs other addresses than those of holders.
    fn unknown() -> Self {
        IssuedTo(SmallVec::new())
    }

    /// Whether an address is known to be another than those that the token was issued to.
    fn is_away(&self, address: &u128) -> bool {
        !self.0.is_empty() && !self.0.contains(address)
    }
}

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
}

/// What was learnt of the logs as a whole before a token is looked at.
#[derive(Clone, Copy)]
struct Heard<'a> {
    /// Where the issuance log is complete; `None` while that is found out.
    coverage: Option<&'a Coverage>,
    aliases: &'a Aliases,
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
        let mut unwitnessed = Vec::new();
        let honest = honest.into_iter().map(|(witnesses, used, more)| {
            unwitnessed.push(more);
            (witnesses, used)
        });
        let (witnesses, used): (Vec<Witnesses>, Vec<KeysUsed>) = honest.unzip();
        coverage.hear(witnesses);
        coverage.note_keys_used(used);
        let losses = Losses::limit(coverage, unwitnessed, self.context.interner);
        let known = Known {
            heard: Heard {
                coverage: Some(coverage),
                aliases: &aliases,
            },
            losses: &losses,
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

    /// How tokens and records of each issuer meet, in a few partitions.
    ///
    /// A partition has ids by their hash, so a few are a fair sample.
    fn population(&self, by_token: &Shuffle) -> Result<BTreeMap<String, Meeting>> {
        let sampled = by_token.count().min(SAMPLED);
        let found = each_partition(sampled, self.context.threads, |index| {
            let records = by_token.read(index)?;
            Ok(self.meetings(&Grouped::of(&records)))
        })?;
        let mut all: BTreeMap<String, Meeting> = BTreeMap::new();
        for (issuer, meeting) in found.into_iter().flatten() {
            all.entry(self.context.interner.text(issuer))
                .or_default()
                .merge(meeting);
        }
        Ok(all)
    }

    /// How tokens and records of each issuer meet in one partition.
    fn meetings(&self, grouped: &Grouped<'_>) -> BTreeMap<AccountKey, Meeting> {
        let mut signers = Signers::new(self.context.case, self.context.interner);
        let mut all: BTreeMap<AccountKey, Meeting> = BTreeMap::new();
        for token in grouped.in_order() {
            let claims = &token.first_use.claims;
            let Some(issuer) = claims.issuer else {
                continue;
            };
            let records = grouped.records(&token);
            let heard = Heard {
                coverage: None,
                aliases: &Aliases::default(),
            };
            let facts = self.facts(heard, signers.of(claims), &token, &records);
            let meeting = all.entry(issuer).or_default();
            if facts.issuances().next().is_none() {
                meeting.absent += 1;
            } else if facts.own().any(|record| facts.agrees(record)) {
                meeting.agree += 1;
            } else {
                meeting.differ += 1;
                let named = |record: &Record| record.subject.is_some() && facts.agrees(record);
                let otherwise = claims.subject.is_some() && facts.own().next().is_none();
                meeting.named_otherwise += u64::from(otherwise && facts.issuances().any(named));
            }
            let issued_to = IssuedTo::of(&facts);
            if !issued_to.0.is_empty() {
                let at_home = token
                    .addresses()
                    .iter()
                    .any(|used| issued_to.0.contains(used));
                meeting.at_home += u64::from(at_home);
                meeting.away += u64::from(!at_home);
            }
        }
        all
    }

    /// The names of subjects of those issuers whose log names them otherwise than their tokens do.
    fn aliases(&self, coverage: &Coverage, by_token: &Shuffle) -> Result<Aliases> {
        let otherwise = |issuer: &String| coverage.names_otherwise(issuer);
        if !coverage.issuers.keys().any(otherwise) {
            return Ok(Aliases::default());
        }
        let counted = each_partition(by_token.count(), self.context.threads, |index| {
            let records = by_token.read(index)?;
            let grouped = Grouped::of(&records);
            let mut signers = Signers::new(self.context.case, self.context.interner);
            let mut pairs = Pairs::default();
            for token in grouped.in_order() {
                let claims = &token.first_use.claims;
                let signer = signers.of(claims);
                let (Some(issuer), Some(name)) = (claims.issuer, &signer.issuer) else {
                    continue;
                };
                if coverage.names_otherwise(name) {
                    let heard = Heard {
                        coverage: None,
                        aliases: &Aliases::default(),
                    };
                    let records = grouped.records(&token);
                    let facts = self.facts(heard, signer, &token, &records);
                    pairs.note(issuer, token.first_use.id, &facts);
                }
            }
            Ok(pairs.counted())
        })?;
        Ok(Aliases::of(counted))
    }

    /// The tokens of a partition that were issued for certain, by issuer and key: those with a login behind
    /// them as witnesses, and from when to when any was issued. With them come those without a login, of
    /// issuers that number no records.
    fn honest(
        &self,
        coverage: &Coverage,
        aliases: &Aliases,
        grouped: &Grouped<'_>,
    ) -> (Witnesses, KeysUsed, ByIssuer) {
        let mut behind: HashMap<(AccountKey, Option<AccountKey>), Vec<Witness>> = HashMap::new();
        let mut used: HashMap<(AccountKey, Option<AccountKey>), (i64, i64)> = HashMap::new();
        let mut unwitnessed: ByIssuer = HashMap::new();
        let mut signers = Signers::new(self.context.case, self.context.interner);
        for token in grouped.in_order() {
            let claims = &token.first_use.claims;
            let Some((issuer, issued_at)) = claims.issuer.zip(claims.issued_at) else {
                continue;
            };
            let records = grouped.records(&token);
            let signer = signers.of(claims);
            let heard = Heard {
                coverage: None,
                aliases,
            };
            let facts = self.facts(heard, signer, &token, &records);
            let of_key = (issuer, claims.key_id);
            let log = signer
                .issuer
                .as_ref()
                .and_then(|name| coverage.issuers.get(name));
            if facts.login != Login::Behind && log.is_some_and(|log| !log.numbered) {
                let unwitnessed = unwitnessed.entry(issuer).or_default();
                if facts.issuances().next().is_some() {
                    *unwitnessed
                        .issued
                        .entry(issued_at.div_euclid(HOUR))
                        .or_default() += 1;
                } else {
                    unwitnessed.absent.push(Absent {
                        issued_at,
                        uses: token.uses.len() as u64,
                        id: token.first_use.id,
                        key: claims.key_id,
                    });
                    if facts.accepted && facts.unknown_subject().is_some() {
                        unwitnessed.abused_keys.insert(claims.key_id);
                    }
                }
            }
            if facts.login == Login::Behind {
                let recorded = facts.issuances().next().is_some();
                behind.entry(of_key).or_default().push(Witness {
                    issued_at,
                    recorded,
                });
            }
            if facts.login == Login::Behind || facts.issued() {
                let known = used.entry(of_key).or_insert((issued_at, issued_at));
                *known = (known.0.min(issued_at), known.1.max(issued_at));
            }
        }
        let spelt = |(issuer, key)| (self.context.interner.text(issuer), key);
        let behind = behind.into_iter().map(|(of, heard)| (spelt(of), heard));
        let used = used.into_iter().map(|(of, times)| (spelt(of), times));
        (behind.collect(), used.collect(), unwitnessed)
    }

    /// Gathers what is known of a token.
    fn facts<'t>(
        &'t self,
        heard: Heard<'_>,
        signer: &Signer<'t>,
        token: &UsedToken<'_>,
        records: &'t [Record],
    ) -> TokenFacts<'t> {
        let Heard { coverage, aliases } = heard;
        let claims = token.first_use.claims;
        let alias = self.alias(aliases, &claims);
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
        TokenFacts {
            claims,
            alias,
            whole: kind == IdKind::Sha256,
            partial: kind == IdKind::Prefix,
            comparable: alias.is_some()
                || coverage.is_none_or(|coverage| coverage.comparable(issuer)),
            records,
            coverage: cover,
            key: signer.key,
            key_used: coverage
                .and_then(|coverage| coverage.issuers.get(issuer))
                .and_then(|log| log.keys_used.get(&claims.key_id).copied()),
            may_be_lost: false,
            key_abused: false,
            key_proven: claims.signature != Signature::NotLogged
                && self.proven.contains(&(claims.issuer, claims.key_id)),
            account: claims
                .subject
                .and_then(|subject| self.context.accounts.meet(subject, self.context.interner)),
            subject_is_account: signer.of_accounts
                && self.context.accounts.known
                && claims.subject.is_some(),
            login: self.login(signer, token, alias),
            used: (
                times.clone().min().unwrap_or_default(),
                times.max().unwrap_or_default(),
            ),
            used_by: token
                .uses
                .iter()
                .map(Line::latest)
                .min()
                .unwrap_or_default(),
            accepted: token.uses.iter().any(|line| line.delivered() == Some(true)),
            astray: None,
            policy: &self.context.case.file.policy,
            interner: self.context.interner,
        }
    }

    /// What the log of the token's issuer calls its subject, if by another name.
    fn alias(&self, aliases: &Aliases, claims: &Claims) -> Option<AccountKey> {
        let (issuer, subject) = claims.issuer.zip(claims.subject)?;
        if aliases.is_empty() {
            return None;
        }
        aliases.get(issuer, self.context.interner.folded(subject))
    }

    /// Whether a login of the subject, by its own name or its `alias`, is behind the token.
    fn login(
        &self,
        signer: &Signer<'_>,
        token: &UsedToken<'_>,
        alias: Option<AccountKey>,
    ) -> Login {
        let claims = &token.first_use.claims;
        let (Some(subject), Some(issued_at)) = (claims.subject, claims.issued_at) else {
            return Login::NotLogged;
        };
        if !signer.of_accounts || self.logins.is_empty() {
            return Login::NotLogged;
        }
        let addresses = token.uses.iter().filter_map(|line| line.source_ip);
        let behind = |name| {
            let holder = Holder {
                subject: self.context.interner.folded(name),
                issued_at,
                session: claims.session,
            };
            self.logins
                .behind(holder, addresses.clone(), &self.context.case.file.policy)
        };
        let by_own_name = behind(subject);
        alias.map_or(by_own_name, |alias| by_own_name.min(behind(alias)))
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
