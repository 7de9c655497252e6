//! What judging found over all tokens: counts, subjects and addresses.

use std::collections::{BTreeMap, HashMap, HashSet};

use foldhash::fast::FixedState;
use roaring::RoaringTreemap;

use super::facts::TokenFacts;
use super::grouped::UsedToken;
use super::losses::Stretch;
use super::scopes::Scopes;
use super::timeline::KeyUses;
use super::verdict::Judgement;
use crate::lines::{Confidence, Verdict};

/// What the token stage found.
#[derive(Debug, Default)]
pub struct Tokens {
    /// Distinct tokens by the names of verdict, confidence and reason, in the order of outputs.
    pub by_reason: BTreeMap<(&'static str, &'static str, &'static str), u64>,
    /// Forged tokens: with strong confidence, and in all.
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
    /// Subjects of forged tokens that are no account of the registry.
    pub unknown_subjects: RoaringTreemap,
    /// Subjects of indeterminate tokens that are no account of the registry.
    pub doubtful_unknown_subjects: RoaringTreemap,
    /// Accounts that were not open when a forged token naming them was first used.
    pub closed_accounts: RoaringTreemap,
    /// How each key was used.
    pub keys: KeyUses,
    /// How tokens lie to what their keys are for.
    pub scopes: Scopes,
    /// How many tokens without a record could be honest, by issuer and stretch.
    pub stretches: Vec<Stretch>,
    /// Addresses that carried a forged token.
    pub forged_addresses: HashSet<u128>,
    /// Addresses that carried an indeterminate token.
    pub doubtful_addresses: HashSet<u128>,
    /// Forged tokens by address.
    pub(super) forged_on: HashMap<u128, u64, FixedState>,
    /// Addresses, folded, on which an issued token lived alone.
    pub(super) homes: HashSet<u64, FixedState>,
}

impl Tokens {
    /// Adds a judged token that was used from `addresses`.
    pub(super) fn add(
        &mut self,
        token: &UsedToken<'_>,
        facts: &TokenFacts<'_>,
        judgement: &Judgement,
        addresses: &[u128],
    ) {
        let Judgement {
            verdict,
            confidence,
            reason,
            ..
        } = judgement;
        *self
            .by_reason
            .entry((verdict.name(), confidence.name(), reason.name()))
            .or_default() += 1;
        self.keys.add(facts, *verdict);
        self.scopes.add(facts, *verdict);
        if facts.issuances().next().is_none() {
            self.uses_without_record += token.uses.len() as u64;
        }
        match verdict {
            Verdict::Forged => {
                self.forged[0] += u64::from(*confidence == Confidence::Strong);
                self.add_forged(token, facts, addresses);
            }
            Verdict::Indeterminate => {
                self.indeterminate += 1;
                self.doubtful_addresses.extend(addresses);
                if let Some(subject) = facts.unknown_subject() {
                    self.doubtful_unknown_subject += 1;
                    self.doubtful_unknown_subjects.insert(subject.0);
                }
            }
            Verdict::Legitimate => self.legitimate += 1,
            Verdict::Stolen => self.stolen += 1,
        }
    }

    fn add_forged(&mut self, token: &UsedToken<'_>, facts: &TokenFacts<'_>, addresses: &[u128]) {
        self.forged[1] += 1;
        self.forged_addresses.extend(addresses);
        for address in addresses {
            *self.forged_on.entry(*address).or_default() += 1;
        }
        if let Some(subject) = facts.unknown_subject() {
            self.forged_unknown_subject += 1;
            self.unknown_subjects.insert(subject.0);
        }
        let first = token.first_use.line.event_time;
        let not_open = facts
            .account
            .filter(|account| first < account.opened || first >= account.closed);
        self.closed_accounts
            .extend(not_open.map(|account| account.key.0));
    }

    /// Adds what another partition showed.
    pub(super) fn merge(&mut self, other: Tokens) {
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
        self.scopes.merge(other.scopes);
        self.forged_addresses.extend(other.forged_addresses);
        self.doubtful_addresses.extend(other.doubtful_addresses);
        for (address, count) in other.forged_on {
            *self.forged_on.entry(address).or_default() += count;
        }
        self.homes.extend(other.homes);
    }
}
