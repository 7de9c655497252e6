//! *Never issued*: no issuance record, although the issuance log is complete for the token's issuer,
//! key and claimed issue time, and its key is one that the issuer is known to sign with, or is not logged.
//!
//! Evidence because an issuer that logs every issuance and lacks this one did not issue it. The same
//! is seen, innocently, wherever the log has lost records: hence the condition. In a public cloud log
//! with no known forgery 94 % of temporary credentials have no record; there this rule stays silent.
//! A token with a login of its subject behind it, from an address that then used it, is spared too:
//! whoever logged in was given something.

use super::{Outcome, Rule};
use crate::lines::Verdict;
use crate::tokens::coverage::Status;
use crate::tokens::facts::{Login, TokenFacts};

pub(super) const RULE: Rule = Rule {
    id: "never_issued",
    decides: Some(Verdict::Forged),
    before_records: false,
    sees: "no issuance record, where the issuance log is shown to be complete",
    innocent: "a log that lost records: the rule is silent where the log is not shown complete",
    source: "the joint investigation's finding that the gateway never asked whether a pass was issued",
    look,
};

fn look(facts: &TokenFacts<'_>) -> Outcome {
    if facts.partial
        || facts.claims.issued_at.is_none()
        || facts.coverage.status != Status::Complete
    {
        return Outcome::NoEvidence;
    }
    let nothing = facts.issuances().next().is_none()
        && !facts.has_unknown_record()
        && facts.claims.problem.is_none()
        && facts.login != Login::Behind;
    // A key that nobody listed may sign elsewhere. Where the log does not say which key it was, the issuer's
    // log stands for all of them.
    let listed = facts.key.is_some() || facts.claims.key_id.is_none();
    Outcome::of(listed.then_some(nothing))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{account, facts, key, record};
    use super::*;
    use crate::case::AccountKey;
    use crate::tokens::coverage::Cover;

    #[test]
    fn fires_only_where_the_log_is_complete() {
        let (key, account, record) = (key(), account(), [record()]);
        let absent = facts(&key, &account, &[]);
        assert_eq!(look(&absent), Outcome::Fires);
        assert_eq!(
            look(&facts(&key, &account, &record)),
            Outcome::Silent,
            "there is a record"
        );
        for status in Status::ALL {
            let coverage = Cover {
                status,
                ..absent.coverage
            };
            let expected = match status {
                Status::Complete => Outcome::Fires,
                _ => Outcome::NoEvidence,
            };
            assert_eq!(
                look(&TokenFacts { coverage, ..absent }),
                expected,
                "{status:?}"
            );
        }
        let mut unlisted = TokenFacts {
            key: None,
            ..absent
        };
        assert_eq!(look(&unlisted), Outcome::Fires, "the log names no key");
        unlisted.claims.key_id = Some(AccountKey(3));
        assert_eq!(
            look(&unlisted),
            Outcome::NoEvidence,
            "a key nobody listed may sign elsewhere"
        );
        let behind = TokenFacts {
            login: Login::Behind,
            ..absent
        };
        assert_eq!(look(&behind), Outcome::Silent, "the holder logged in");
        let earlier = TokenFacts {
            login: Login::Earlier,
            ..absent
        };
        assert_eq!(look(&earlier), Outcome::Fires);
    }
}
