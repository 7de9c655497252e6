//! *Never issued*: no issuance record, although the issuance log is complete for the token's issuer
//! and claimed issue time, and its key is one that the issuer is known to sign with.
//!
//! Evidence because an issuer that logs every issuance and lacks this one did not issue it. The same
//! is seen, innocently, wherever the log has lost records: hence the condition. In a public cloud log
//! with no known forgery 94 % of temporary credentials have no record; there this rule stays silent.

use super::Rule;
use crate::tokens::TokenFacts;
use crate::tokens::coverage::At;

pub(super) const RULE: Rule = Rule {
    id: "never_issued",
    decides: true,
    sees: "no issuance record, and the issuance log is complete for the issuer at the claimed issue time",
    fires,
};

fn fires(facts: &TokenFacts<'_>) -> bool {
    facts.records.is_empty() && facts.coverage == At::Complete && facts.key.is_some()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{account, facts, key, record};
    use super::*;

    #[test]
    fn fires_only_where_the_log_is_complete() {
        let (key, account, record) = (key(), account(), [record()]);
        let absent = facts(&key, &account, &[]);
        assert!(fires(&absent));
        assert!(!fires(&facts(&key, &account, &record)), "there is a record");
        for coverage in [At::Hole, At::OutsideLog, At::NotLogged] {
            assert!(
                !fires(&TokenFacts {
                    coverage,
                    ..facts(&key, &account, &[])
                }),
                "{coverage:?}"
            );
        }
        assert!(
            !fires(&TokenFacts {
                key: None,
                ..absent
            }),
            "a key nobody listed may sign elsewhere"
        );
    }
}
