//! *Outside the key's life*: the token claims an issue time at which its key was not yet in use, or was
//! withdrawn, although the issuer's log covers that time, and no token of the key that was issued for
//! certain is of such a time.
//!
//! Evidence because an issuer does not sign with a key that it has put away; so it decides even where the
//! log is not shown complete. Innocently, issuers that are slow to pick up the next key, an inventory that
//! dates a key by its entry, and a key that was taken back into use look the same: hence the honest tokens
//! of the key, which show how far its use really reached. A token with a login of its subject behind it is
//! spared, and so is one of a time of which the log is known to lack records.

use super::{Outcome, Rule};
use crate::lines::Verdict;
use crate::tokens::coverage::{Basis, Cover, Status};
use crate::tokens::facts::{Login, TokenFacts};

pub(super) const RULE: Rule = Rule {
    id: "outside_key_life",
    decides: Some(Verdict::Forged),
    before_records: false,
    sees: "no issuance record, and a claimed issue time outside the key's life, as inventory and honest tokens show it",
    innocent: "a key that was used longer than the inventory says: its honest tokens show that",
    source: "NIST SP 800-57 part 1, section 7, on the states of a key",
    look,
};

/// Whether the issuer's log would have a record of the token, if any of its records of that time are left.
fn is_covered(cover: Cover) -> bool {
    match cover.status {
        // What lacks records there is of another key: an honest token of this one would show its use.
        Status::Complete | Status::KeyNotNamed | Status::Contradicted => true,
        // Not if its ids are written otherwise, so that no record could be met.
        Status::NotShown => cover.basis != Basis::Log,
        Status::Hole | Status::OutsideLog | Status::NotLogged => false,
    }
}

fn look(facts: &TokenFacts<'_>) -> Outcome {
    let (Some(key), Some(at)) = (facts.key, facts.claims.issued_at) else {
        return Outcome::NoEvidence;
    };
    let begin = key.activated.or(key.created);
    let end = [key.retired, key.revoked].into_iter().flatten().min();
    if facts.partial || !is_covered(facts.coverage) || (begin.is_none() && end.is_none()) {
        return Outcome::NoEvidence;
    }
    let tolerance = facts.policy.tolerance();
    let (first, last) = facts.key_used.unwrap_or((i64::MAX, i64::MIN));
    let early = begin.is_some_and(|begin| at < begin.min(first) - tolerance);
    let late = end.is_some_and(|end| at > end.max(last) + tolerance);
    let nothing = facts.issuances().next().is_none()
        && !facts.has_unknown_record()
        && facts.claims.problem.is_none()
        && facts.login != Login::Behind;
    Outcome::of(Some(nothing && (early || late)))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{account, facts, key, record};
    use super::*;
    use crate::case::Key;

    const SECOND: i64 = 1_000_000;

    #[test]
    fn fires_after_withdrawal_unless_honest_tokens_show_a_longer_use() {
        let (key, account, records) = (key(), account(), [record()]);
        let absent = facts(&key, &account, &[]);
        let seen = |at: i64, key_used: Option<(i64, i64)>| {
            let mut facts = TokenFacts { key_used, ..absent };
            facts.claims.issued_at = Some(at * SECOND);
            look(&facts)
        };
        assert_eq!(
            seen(905, None),
            Outcome::Silent,
            "within the clocks' tolerance"
        );
        assert_eq!(seen(906, None), Outcome::Fires);
        // Some instances went on with the key for five minutes more.
        let late = Some((100 * SECOND, 1_200 * SECOND));
        assert_eq!(
            [1_205, 1_206].map(|at| seen(at, late)),
            [Outcome::Silent, Outcome::Fires]
        );
        assert_eq!(seen(-6, None), Outcome::Fires, "before the key was made");
        let entered_late = Some((-50 * SECOND, 800 * SECOND));
        assert_eq!(seen(-6, entered_late), Outcome::Silent);
        let recorded = facts(&key, &account, &records);
        let mut recorded = TokenFacts { ..recorded };
        recorded.claims.issued_at = Some(906 * SECOND);
        assert_eq!(look(&recorded), Outcome::Silent, "a record issues it");
    }

    #[test]
    fn near_misses_are_a_late_rotation_a_skewed_clock_and_a_key_taken_back_into_use() {
        let account = account();
        let seen = |key: &Key, at: i64, key_used: Option<(i64, i64)>| {
            let mut facts = TokenFacts {
                key_used,
                ..facts(key, &account, &[])
            };
            facts.claims.issued_at = Some(at * SECOND);
            look(&facts)
        };
        // Another key took its place at 600 s, and some instances were slow to notice: it was not withdrawn.
        let rotated = Key {
            rotated: Some(600 * SECOND),
            ..key()
        };
        assert_eq!(seen(&rotated, 700, None), Outcome::Silent, "late rotation");
        let never_withdrawn = Key {
            retired: None,
            ..rotated
        };
        let begun = Some((100 * SECOND, 590 * SECOND));
        assert_eq!(seen(&never_withdrawn, 5_000, begun), Outcome::Silent);
        // The issuer's clock is five seconds behind or ahead.
        let activated = Key {
            activated: Some(300 * SECOND),
            ..key()
        };
        for (at, outcome) in [
            (294, Outcome::Fires),
            (295, Outcome::Silent),
            (905, Outcome::Silent),
            (906, Outcome::Fires),
        ] {
            assert_eq!(seen(&activated, at, None), outcome, "clock: {at}");
        }
        // Withdrawn at 900 s and taken back into use until 4,000 s, of which the inventory has nothing.
        let again = Some((100 * SECOND, 4_000 * SECOND));
        assert_eq!(seen(&key(), 3_000, again), Outcome::Silent, "reactivated");
        assert_eq!(seen(&key(), 4_006, again), Outcome::Fires, "after that");
        // The issuer's log has a record of the one token that it signed with the key by mistake.
        let (key, records) = (key(), [record()]);
        let mut by_mistake = facts(&key, &account, &records);
        by_mistake.claims.issued_at = Some(3_000 * SECOND);
        assert_eq!(look(&by_mistake), Outcome::Silent, "it has a record");
    }

    #[test]
    fn decides_where_the_log_is_not_shown_complete_but_covers_the_time() {
        let (key, account) = (key(), account());
        let seen = |status, basis| {
            let mut facts = TokenFacts {
                coverage: Cover { status, basis },
                ..facts(&key, &account, &[])
            };
            facts.claims.issued_at = Some(1_000 * SECOND);
            look(&facts)
        };
        let honest = Basis::HonestPopulation;
        assert_eq!(seen(Status::NotShown, honest), Outcome::Fires);
        assert_eq!(seen(Status::KeyNotNamed, Basis::Log), Outcome::Fires);
        assert_eq!(seen(Status::Contradicted, honest), Outcome::Fires);
        assert_eq!(seen(Status::NotShown, Basis::Log), Outcome::NoEvidence);
        for status in [Status::Hole, Status::OutsideLog, Status::NotLogged] {
            assert_eq!(seen(status, honest), Outcome::NoEvidence, "{status:?}");
        }
    }
}
