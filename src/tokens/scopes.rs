//! How the tokens of each key lie to what the key is for, over all tokens.
//!
//! A scope may be stated wrongly. Where a token that was issued for certain lies outside, the limit does not
//! decide about any token of the key, and the disclosure tells how many there are.

use std::collections::{BTreeMap, HashSet};

use super::facts::TokenFacts;
use crate::case::{AccountKey, ScopeLimit};
use crate::lines::Verdict;

/// The limits of keys outside of which a token lies that was issued for certain.
pub(super) type Contradicted = HashSet<(AccountKey, ScopeLimit)>;

/// The limits of its key that an issued token contradicts.
pub(super) fn contradicted(facts: &TokenFacts<'_>) -> Vec<(AccountKey, ScopeLimit)> {
    let Some(key_id) = facts.claims.key_id.filter(|_| facts.issued()) else {
        return Vec::new();
    };
    let limits = ScopeLimit::ALL.into_iter().zip(facts.outside_scope());
    let outside = limits.filter(|(_, outside)| *outside == Some(true));
    outside.map(|(limit, _)| (key_id, limit)).collect()
}

/// Tokens of one key, held against one of its limits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeldAgainst {
    /// Tokens outside that the issuance log handed out.
    pub issued_outside: u64,
    /// Tokens outside that it did not.
    pub others_outside: u64,
    /// Tokens inside.
    pub inside: u64,
    /// Of the values of those, and of the issued ones, the first by letters.
    pub examples: [Option<String>; 2],
    /// Indeterminate tokens of which the log does not tell the claim.
    pub not_told: u64,
}

/// The tokens of all keys with a scope, by key and limit.
#[derive(Debug, Default)]
pub struct Scopes(pub BTreeMap<(String, ScopeLimit), HeldAgainst>);

impl Scopes {
    /// Adds a judged token.
    pub(super) fn add(&mut self, facts: &TokenFacts<'_>, verdict: Verdict) {
        let Some(scope) = facts.scope_of_key() else {
            return;
        };
        let issued = facts.issued();
        for (limit, outside) in ScopeLimit::ALL.into_iter().zip(facts.outside_scope()) {
            let not_told = verdict == Verdict::Indeterminate
                && facts.scope_claim(limit).is_none()
                && !scope.list(limit).is_empty();
            if outside.is_none() && !not_told {
                continue;
            }
            let held = self.0.entry((scope.key_id.clone(), limit)).or_default();
            held.not_told += u64::from(not_told);
            held.inside += u64::from(outside == Some(false));
            if outside == Some(true) {
                held.issued_outside += u64::from(issued);
                held.others_outside += u64::from(!issued);
                let claim = facts.scope_claim(limit);
                let text = claim.map(|claim| facts.interner.text(claim));
                held.note(usize::from(issued), text);
            }
        }
    }

    /// Adds what another partition found.
    pub(super) fn merge(&mut self, other: Scopes) {
        for (key, more) in other.0 {
            let held = self.0.entry(key).or_default();
            held.issued_outside += more.issued_outside;
            held.others_outside += more.others_outside;
            held.inside += more.inside;
            held.not_told += more.not_told;
            for (index, example) in more.examples.into_iter().enumerate() {
                held.note(index, example);
            }
        }
    }
}

impl HeldAgainst {
    fn note(&mut self, index: usize, value: Option<String>) {
        let known = self.examples[index].take();
        self.examples[index] = known.into_iter().chain(value).min();
    }

    /// What the first of the tokens outside has, if no token of the key is inside.
    ///
    /// A value that the case writes otherwise than tokens do looks so, and so does a key that only the forger uses
    /// here.
    pub fn never_inside(&self) -> Option<&str> {
        let [example, _] = &self.examples;
        example
            .as_deref()
            .filter(|_| self.inside + self.issued_outside == 0)
    }
}
