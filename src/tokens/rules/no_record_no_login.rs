//! *No record, no login*: neither the issuance log nor the login log knows of the token, although every issued
//! token around its claimed issue time has a login of its subject.
//!
//! This is evidence because two logs that are written apart would both have to lack an honest token. So it
//! decides, with moderate confidence, where the issuance log alone is not complete enough to decide.
//! Innocently, both logs may lack one system whose tokens the gateway accepts, such as a second data centre
//! that logs on its own. It is silent where the log is known to lack all records of a time.

use super::{Outcome, Rule};
use crate::lines::Verdict;
use crate::tokens::coverage::{Basis, Cover, Status};
use crate::tokens::facts::{Login, TokenFacts};

pub(super) const RULE: Rule = Rule {
    id: "no_record_no_login",
    decides: Some(Verdict::Forged),
    before_records: false,
    sees: "no issuance record and no login of its subject, although all issued tokens of that time have a login",
    innocent: "a system of its own whose issuances and logins are both logged elsewhere",
    source: "the practice of joining logins at the service with issuances at the identity provider",
    look,
};

/// Whether the issuer's log has records of that time, though it may lack some.
fn is_partly_covered(cover: Cover) -> bool {
    match cover.status {
        Status::Complete | Status::Contradicted => true,
        Status::NotShown => cover.basis != Basis::Log,
        _ => false,
    }
}

fn look(facts: &TokenFacts<'_>) -> Outcome {
    if facts.partial || facts.login == Login::NotLogged || !is_partly_covered(facts.coverage) {
        return Outcome::NoEvidence;
    }
    if facts.login != Login::Absent || facts.issuances().next().is_some() {
        return Outcome::Silent;
    }
    let nothing = !facts.has_unknown_record() && facts.claims.problem.is_none();
    Outcome::of(facts.issued_have_logins.then_some(nothing))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{account, facts, key, record};
    use super::*;

    #[test]
    fn fires_where_both_logs_lack_the_token_and_know_all_others() {
        let (key, account, records) = (key(), account(), [record()]);
        let neither = TokenFacts {
            login: Login::Absent,
            issued_have_logins: true,
            coverage: Cover {
                status: Status::Contradicted,
                basis: Basis::HonestPopulation,
            },
            ..facts(&key, &account, &[])
        };
        assert_eq!(look(&neither), Outcome::Fires);
        let with = |login| look(&TokenFacts { login, ..neither });
        assert_eq!(with(Login::Behind), Outcome::Silent);
        assert_eq!(with(Login::Earlier), Outcome::Silent);
        assert_eq!(with(Login::NotLogged), Outcome::NoEvidence);
        let recorded = TokenFacts {
            records: &records,
            ..neither
        };
        assert_eq!(look(&recorded), Outcome::Silent, "there is a record");
        let others_lack_it = TokenFacts {
            issued_have_logins: false,
            ..neither
        };
        assert_eq!(
            look(&others_lack_it),
            Outcome::NoEvidence,
            "issued tokens without a login are nothing new there"
        );
        let hole = TokenFacts {
            coverage: Cover {
                status: Status::Hole,
                basis: Basis::CaseFile,
            },
            ..neither
        };
        assert_eq!(look(&hole), Outcome::NoEvidence);
    }
}
