//! Subjects that the issuance log and the tokens call by two names, such as a number and an e-mail address.
//!
//! Some issuers log their own number of a user, and their tokens name the user by a login. No record then
//! agrees with its token, though all ids meet. The tokens that do have a record tell which name goes with
//! which: they are the same token by id, times and scope.
//!
//! A pair is believed only if either name stands beside the other in most of its ids. So neither an
//! application that is logged in place of its users, nor a forged token with somebody's recorded id, makes
//! two people one.

use std::collections::{HashMap, HashSet};

use foldhash::fast::FixedState;

use super::facts::TokenFacts;
use crate::case::AccountKey;

/// A subject of a token, and that of a record of its id, both folded.
type Pair = (AccountKey, AccountKey);

/// The names of each issuer's subjects in its log, by their names in its tokens; both are folded.
///
/// A subject takes some 24 bytes.
#[derive(Debug, Default)]
pub(super) struct Aliases(HashMap<(AccountKey, AccountKey), AccountKey, FixedState>);

/// The pairs that tokens with a record show, each with the ids that show it.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    /// By issuer, which pair each id shows: an id with many tokens counts once.
    of_ids: HashSet<(AccountKey, u128, Pair), FixedState>,
}

impl Pairs {
    /// Notes what a token of `issuer` and the records that agree with it in all else say of its subject.
    pub(super) fn note(&mut self, issuer: AccountKey, id: u128, facts: &TokenFacts<'_>) {
        let Some(named) = facts.claims.subject else {
            return;
        };
        let named = facts.interner.folded(named);
        for record in facts.issuances().filter(|record| facts.agrees(record)) {
            let issued_to = record.subject.map(|to| facts.interner.folded(to));
            if let Some(issued_to) = issued_to {
                self.of_ids.insert((issuer, id, (named, issued_to)));
            }
        }
    }

    /// How many ids show each pair, by issuer.
    pub(super) fn counted(self) -> HashMap<(AccountKey, Pair), u64, FixedState> {
        let mut counts = HashMap::default();
        for (issuer, _, pair) in self.of_ids {
            *counts.entry((issuer, pair)).or_default() += 1;
        }
        counts
    }
}

impl Aliases {
    /// Believes the pairs of which either name stands beside the other in most of its ids.
    pub(super) fn of(
        counted: impl IntoIterator<Item = HashMap<(AccountKey, Pair), u64, FixedState>>,
    ) -> Self {
        let mut all: HashMap<(AccountKey, Pair), u64, FixedState> = HashMap::default();
        for (pair, count) in counted.into_iter().flatten() {
            *all.entry(pair).or_default() += count;
        }
        let mut of_named: HashMap<(AccountKey, AccountKey), u64, FixedState> = HashMap::default();
        let mut of_issued = of_named.clone();
        for ((issuer, (named, issued_to)), count) in &all {
            *of_named.entry((*issuer, *named)).or_default() += count;
            *of_issued.entry((*issuer, *issued_to)).or_default() += count;
        }
        let is_most = |count: u64, of: Option<&u64>| of.is_some_and(|all| count * 2 > *all);
        let believed = all.into_iter().filter(|((issuer, pair), count)| {
            is_most(*count, of_named.get(&(*issuer, pair.0)))
                && is_most(*count, of_issued.get(&(*issuer, pair.1)))
        });
        Aliases(
            believed
                .map(|((issuer, (named, issued_to)), _)| ((issuer, named), issued_to))
                .collect(),
        )
    }

    /// What the log of `issuer` calls a subject of its tokens, which must be folded.
    pub(super) fn get(&self, issuer: AccountKey, named: AccountKey) -> Option<AccountKey> {
        self.0.get(&(issuer, named)).copied()
    }

    /// Whether no log calls a subject by another name.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::super::rules::testing::{account, facts, key, record};
    use super::*;
    use crate::tokens::facts::Record;

    /// The aliases that tokens show, each an id, the subject it names, and that of its record.
    fn shown(tokens: &[(u128, u64, u64)]) -> impl Fn(u64) -> Option<u64> {
        let (key, account) = (key(), account());
        let mut pairs = Pairs::default();
        for (id, named, issued_to) in tokens {
            let records = [Record {
                subject: Some(AccountKey(*issued_to)),
                ..record()
            }];
            let mut token = facts(&key, &account, &records);
            token.claims.subject = Some(AccountKey(*named));
            pairs.note(AccountKey(1), *id, &token);
        }
        let aliases = Aliases::of([pairs.counted()]);
        move |named| {
            let found = aliases.get(AccountKey(1), AccountKey(named));
            found.map(|key| key.0)
        }
    }

    #[test]
    fn each_name_goes_with_one_other() {
        let alias = shown(&[(1, 10, 90), (2, 10, 90), (3, 11, 91)]);
        assert_eq!([10, 11, 12].map(alias), [Some(90), Some(91), None]);
    }

    #[test]
    fn a_recorded_id_with_another_subject_makes_nobody_somebody_else() {
        // Id 1 was issued to 90, who is 10. Somebody used it as 12, in many tokens.
        let alias = shown(&[(1, 10, 90), (2, 10, 90), (1, 12, 90), (1, 12, 90)]);
        assert_eq!([10, 12].map(alias), [Some(90), None]);
        let alias = shown(&[(1, 10, 90), (1, 12, 90)]);
        assert_eq!([10, 12].map(alias), [None, None], "nobody knows who is 90");
    }

    #[test]
    fn an_application_that_stands_for_all_its_users_is_nobody() {
        let alias = shown(&[(1, 10, 90), (2, 11, 90), (3, 12, 90)]);
        assert_eq!([10, 11, 12].map(alias), [None, None, None]);
    }
}
