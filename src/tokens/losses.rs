//! How many tokens without a record could be honest ones whose record was lost.
//!
//! In a log without record numbers only the honest witnesses show how complete it is. If none of `n` lacks
//! its record, the log lost at most `6.9 / n` of its records, with a confidence of 99.9 %. So of the
//! honest tokens that have no witness of their own, at most that share can be among those without a record;
//! the rest of these was forged.
//!
//! Logs lose records in bursts, so the limit holds for a stretch between two losses, not for the whole log.

use std::collections::{BTreeMap, HashMap, HashSet};

use foldhash::fast::FixedState;

use super::coverage::{Basis, Cover, Coverage, HOUR, Status};
use crate::case::{AccountKey, Interner};

/// `-ln(0.001)`: what `n` witnesses without a loss leave possible is this, divided by `n`.
const LIMIT: f64 = 6.908;

/// A token that no record hands out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Absent {
    /// Its claimed issue time.
    pub(super) issued_at: i64,
    /// How often it was used.
    pub(super) uses: u64,
    /// The fingerprint of issuer and id.
    pub(super) id: u128,
    /// Its key.
    pub(super) key: Option<AccountKey>,
}

/// The tokens of one issuer that have no login behind them.
#[derive(Debug, Default)]
pub(super) struct Unwitnessed {
    /// Those that no record hands out.
    pub(super) absent: Vec<Absent>,
    /// How many were issued by a record, by hour since 1970 UTC.
    pub(super) issued: BTreeMap<i64, u64>,
    /// The keys that signed an accepted token for nobody: only somebody who forges does that.
    pub(super) abused_keys: HashSet<Option<AccountKey>>,
}

/// What was found of all issuers.
pub(super) type ByIssuer = HashMap<AccountKey, Unwitnessed>;

/// A stretch of an issuer's log, and how many tokens without a record could be honest there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// The issuer.
    pub issuer: String,
    /// The first witness, in microseconds since 1970 UTC.
    pub from: i64,
    /// The last one.
    pub to: i64,
    /// Witnesses, none of which lacks its record.
    pub witnesses: u64,
    /// Tokens without a record.
    pub absent: u64,
    /// How many of these could be honest, at most.
    pub at_most: u64,
}

/// What the limits say of single tokens.
#[derive(Debug, Default)]
pub(super) struct Losses {
    /// The stretches, by issuer and time.
    pub(super) stretches: Vec<Stretch>,
    /// Of each stretch as many tokens as could be honest: those that were used most, so that no figure counts
    /// too much as confirmed.
    doubted: HashSet<u128, FixedState>,
    /// By issuer, the keys that somebody forges with.
    abused_keys: HashSet<(AccountKey, Option<AccountKey>)>,
}

impl Losses {
    /// Draws the limits of all logs whose completeness honest tokens show.
    pub(super) fn limit(coverage: &Coverage, found: Vec<ByIssuer>, interner: &Interner) -> Self {
        let mut all: ByIssuer = HashMap::new();
        for (issuer, more) in found.into_iter().flatten() {
            let known = all.entry(issuer).or_default();
            known.absent.extend(more.absent);
            known.abused_keys.extend(more.abused_keys);
            for (hour, count) in more.issued {
                *known.issued.entry(hour).or_default() += count;
            }
        }
        let mut losses = Losses::default();
        for (issuer, unwitnessed) in all {
            let name = interner.text(issuer);
            losses.limit_one(coverage, &name, &unwitnessed);
            let abused = unwitnessed.abused_keys.into_iter();
            losses.abused_keys.extend(abused.map(|key| (issuer, key)));
        }
        losses
            .stretches
            .sort_by(|a, b| (&a.issuer, a.from).cmp(&(&b.issuer, b.from)));
        losses
    }

    /// Draws the limits of one issuer's log.
    fn limit_one(&mut self, coverage: &Coverage, issuer: &str, unwitnessed: &Unwitnessed) {
        let shown = Cover {
            status: Status::Complete,
            basis: Basis::HonestPopulation,
        };
        let stretches = coverage.stretches(issuer);
        let mut absent: Vec<Vec<Absent>> = vec![Vec::new(); stretches.len()];
        for token in &unwitnessed.absent {
            if coverage.at(issuer, token.key, token.issued_at) != shown {
                continue;
            }
            // A moment between two stretches belongs to the one before it, which shows it complete too.
            let after = stretches.partition_point(|(from, ..)| *from <= token.issued_at);
            if let Some(of) = absent.get_mut(after.saturating_sub(1)) {
                of.push(*token);
            }
        }
        for ((from, to, witnesses), mut absent) in stretches.into_iter().zip(absent) {
            if absent.is_empty() {
                continue;
            }
            let hours = unwitnessed
                .issued
                .range(from.div_euclid(HOUR)..=to.div_euclid(HOUR));
            let issued: u64 = hours.map(|(_, count)| count).sum();
            let share = (LIMIT / witnesses as f64).min(1.0);
            let lost = (share * issued as f64).ceil() as u64;
            let at_most = lost.min(absent.len() as u64);
            absent.sort_by_key(|token| (std::cmp::Reverse(token.uses), token.id));
            let doubted = absent
                .iter()
                .take(usize::try_from(at_most).unwrap_or(usize::MAX));
            self.doubted.extend(doubted.map(|token| token.id));
            self.stretches.push(Stretch {
                issuer: issuer.to_string(),
                from,
                to,
                witnesses,
                absent: absent.len() as u64,
                at_most,
            });
        }
    }

    /// Whether a token without a record is one of those that could be honest.
    pub(super) fn may_be_honest(&self, id: u128) -> bool {
        self.doubted.contains(&id)
    }

    /// Whether somebody forges with a key.
    pub(super) fn is_abused(&self, issuer: Option<AccountKey>, key: Option<AccountKey>) -> bool {
        issuer.is_some_and(|issuer| self.abused_keys.contains(&(issuer, key)))
    }
}
