//! What all tokens together show before any is judged: how tokens and records meet, whom the logs call by two
//! names, and the tokens that were issued for certain.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use super::aliases::{Aliases, Pairs};
use super::coverage::{Coverage, HOUR, Meeting, Profiles, WithLogin, Witness, Witnesses};
use super::facts::{Login, Record};
use super::gathered::{Heard, Judge};
use super::grouped::Grouped;
use super::losses::{Absent, ByIssuer};
use super::profile::Profile;
use super::scopes::{Contradicted, contradicted};
use super::signers::Signers;
use super::suspects::IssuedTo;
use crate::case::AccountKey;
use crate::error::Result;
use crate::shuffle::{Shuffle, each_partition};

/// How many partitions are looked at to see whether tokens and records meet at all.
const SAMPLED: usize = 4;

/// What the tokens of one partition show that were issued for certain.
pub(super) struct Honest {
    /// By issuer and key: those with a login behind them.
    pub(super) witnesses: Witnesses,
    /// By issuer and key: what all of them look like.
    pub(super) profiles: Profiles,
    /// By issuer: how many with a record have a login.
    pub(super) with_login: HashMap<String, WithLogin>,
    /// The tokens without a login, of issuers that number no records.
    pub(super) unwitnessed: ByIssuer,
    /// The limits of keys that issued tokens contradict.
    pub(super) out_of_scope: Contradicted,
}

impl Judge<'_> {
    /// How tokens and records of each issuer meet, in a few partitions.
    ///
    /// A partition has ids by their hash, so a few are a fair sample.
    pub(super) fn population(&self, by_token: &Shuffle) -> Result<BTreeMap<String, Meeting>> {
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
            if let Some(at_home) = IssuedTo::of(&facts).is_home_to(&token.addresses()) {
                meeting.at_home += u64::from(at_home);
                meeting.away += u64::from(!at_home);
            }
        }
        all
    }

    /// The names of subjects of those issuers whose log names them otherwise than their tokens do.
    pub(super) fn aliases(&self, coverage: &Coverage, by_token: &Shuffle) -> Result<Aliases> {
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

    /// Hears the tokens of a partition that were issued for certain.
    pub(super) fn honest(
        &self,
        coverage: &Coverage,
        aliases: &Aliases,
        grouped: &Grouped<'_>,
    ) -> Honest {
        let mut behind: HashMap<(AccountKey, Option<AccountKey>), Vec<Witness>> = HashMap::new();
        let mut profiles: HashMap<(AccountKey, Option<AccountKey>), Profile> = HashMap::new();
        let mut unwitnessed: ByIssuer = HashMap::new();
        let mut out_of_scope = Contradicted::default();
        let mut with_login: HashMap<AccountKey, WithLogin> = HashMap::new();
        let mut signers = Signers::new(self.context.case, self.context.interner);
        for token in grouped.in_order() {
            let claims = &token.first_use.claims;
            let records = grouped.records(&token);
            let signer = signers.of(claims);
            let heard = Heard {
                coverage: None,
                aliases,
            };
            let facts = self.facts(heard, signer, &token, &records);
            out_of_scope.extend(contradicted(&facts));
            let Some((issuer, issued_at)) = claims.issuer.zip(claims.issued_at) else {
                continue;
            };
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
            if facts.login != Login::NotLogged && facts.issued() {
                let has_login = facts.login != Login::Absent;
                let counts = with_login.entry(issuer).or_default();
                counts.count(issued_at, has_login);
            }
            if facts.login == Login::Behind || facts.issued() {
                let one = Profile::of(claims, token.first_use.token_id, issued_at);
                match profiles.entry(of_key) {
                    Entry::Occupied(mut known) => known.get_mut().merge(&one),
                    Entry::Vacant(none) => drop(none.insert(one)),
                }
            }
        }
        let spelt = |(issuer, key)| (self.context.interner.text(issuer), key);
        let behind = behind.into_iter().map(|(of, heard)| (spelt(of), heard));
        let profiles = profiles.into_iter().map(|(of, one)| (spelt(of), one));
        let with_login = with_login.into_iter();
        Honest {
            witnesses: behind.collect(),
            profiles: profiles.collect(),
            with_login: with_login
                .map(|(issuer, counts)| (self.context.interner.text(issuer), counts))
                .collect(),
            unwitnessed,
            out_of_scope,
        }
    }
}
