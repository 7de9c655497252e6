//! *No login*: the login log covers the time, and the subject did not log in within the policy's
//! session hours before the claimed issue time. It is a supporting rule.
//!
//! This is evidence because a session begins with a login. Innocently, a session kept alive for longer,
//! or a login by another door, looks the same.

use super::{Outcome, Rule};
use crate::tokens::facts::{Login, TokenFacts};

pub(super) const RULE: Rule = Rule {
    id: "no_login",
    decides: None,
    before_records: false,
    sees: "no login of the subject before the claimed issue time",
    innocent: "a session kept alive for longer, or a login that another system logs",
    source: "the practice of joining logins at the service with issuances at the identity provider",
    look,
};

fn look(facts: &TokenFacts<'_>) -> Outcome {
    match facts.login {
        Login::Behind | Login::Earlier => Outcome::Silent,
        Login::Absent => Outcome::Fires,
        Login::NotLogged => Outcome::NoEvidence,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{account, facts, key};
    use super::*;

    #[test]
    fn fires_only_where_logins_are_logged() {
        let (key, account) = (key(), account());
        let seen = |login| {
            look(&TokenFacts {
                login,
                ..facts(&key, &account, &[])
            })
        };
        assert_eq!(
            [
                Login::Absent,
                Login::Earlier,
                Login::Behind,
                Login::NotLogged
            ]
            .map(seen),
            [
                Outcome::Fires,
                Outcome::Silent,
                Outcome::Silent,
                Outcome::NoEvidence
            ]
        );
    }
}
