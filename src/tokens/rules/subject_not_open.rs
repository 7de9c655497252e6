//! *Subject not open*: at the claimed issue time the account was not yet open, or closed. It is a
//! supporting rule.
//!
//! This is evidence because nobody logs in to an account that is not there. Innocently, a session that
//! outlives the closing of its account by minutes looks the same, so it decides nothing alone.

use super::{Outcome, Rule};
use crate::tokens::facts::TokenFacts;

pub(super) const RULE: Rule = Rule {
    id: "subject_not_open",
    decides: None,
    before_records: false,
    sees: "the account was not open at the claimed issue time",
    innocent: "a session that goes on for a while after its account is closed",
    source: "the reference incident: the crawl walked the number range, closed accounts and all",
    look,
};

fn look(facts: &TokenFacts<'_>) -> Outcome {
    let tolerance = facts.policy.tolerance();
    let open = facts
        .account
        .zip(facts.claims.issued_at)
        .map(|(account, at)| {
            at >= account.opened.saturating_sub(tolerance)
                && at < account.closed.saturating_add(tolerance)
        });
    Outcome::of(open.map(|open| !open))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{account, facts, key};
    use super::*;
    use crate::case::Account;

    #[test]
    fn fires_before_the_opening_and_after_the_closing() {
        let key = key();
        let second = 1_000_000;
        let account = Account {
            opened: 100 * second,
            closed: 200 * second,
            ..account()
        };
        let seen = |at: i64| {
            let mut facts = facts(&key, &account, &[]);
            facts.claims.issued_at = Some(at * second);
            look(&facts)
        };
        assert_eq!(
            [94, 95, 204, 205].map(seen),
            [
                Outcome::Fires,
                Outcome::Silent,
                Outcome::Silent,
                Outcome::Fires
            ]
        );
        let unknown = TokenFacts {
            account: None,
            ..facts(&key, &account, &[])
        };
        assert_eq!(look(&unknown), Outcome::NoEvidence);
    }
}
