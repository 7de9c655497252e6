//! *Unlike issued*: no issuance record, and the token departs in two ways from all tokens of its key that
//! were issued for certain. Each way alone is a supporting rule: its lifetime, its id, and which claims it
//! has.
//!
//! This is evidence because an issuer makes its tokens by its settings, and a forger by his own. So it
//! decides even where the log is not shown complete, with moderate confidence. Innocently, another kind of
//! client or a new version of the issuer departs in one way, or in two; hence it is silent where the log is
//! known to lack records, and a login behind the token spares it.

use super::{Outcome, Rule};
use crate::lines::Verdict;
use crate::tokens::coverage::{Basis, Cover, Status};
use crate::tokens::facts::{Login, TokenFacts};

/// How many departures decide.
const ENOUGH: usize = 2;

pub(super) const RULE: Rule = Rule {
    id: "unlike_issued",
    decides: Some(Verdict::Forged),
    before_records: false,
    sees: "no issuance record, and unlike all issued tokens of its key in two of lifetime, id and claims",
    innocent: "another kind of client whose issuances are logged elsewhere",
    source: "RFC 9068 section 2.2 and RFC 9700 section 2.2: an issuer's settings make all its tokens alike",
    look,
};

pub(super) const LIFETIME: Rule = Rule {
    id: "lifetime_unlike_issued",
    decides: None,
    before_records: false,
    sees: "no issued token of its key has its lifetime",
    innocent: "a client with a lifetime of its own",
    source: "RFC 9700 section 2.2 on lifetimes that an issuer sets",
    look: |facts| Outcome::of(facts.departures.lifetime),
};

pub(super) const ID: Rule = Rule {
    id: "id_unlike_issued",
    decides: None,
    before_records: false,
    sees: "no id of an issued token of its key has its length, or characters of all its kinds",
    innocent: "a new version of the issuer",
    source: "RFC 7519 section 4.1.7 on ids that an issuer assigns",
    look: |facts| Outcome::of(facts.departures.id),
};

pub(super) const CLAIMS: Rule = Rule {
    id: "claims_unlike_issued",
    decides: None,
    before_records: false,
    sees: "it lacks a claim that all issued tokens of its key have, or has one that none has",
    innocent: "another kind of client",
    source: "RFC 9068 section 2.2 on the claims of access tokens",
    look: |facts| Outcome::of(facts.departures.claims),
};

/// Whether nothing shows that the log lacks records of that time.
fn is_covered(cover: Cover) -> bool {
    match cover.status {
        Status::Complete => true,
        Status::NotShown => cover.basis != Basis::Log,
        _ => false,
    }
}

fn look(facts: &TokenFacts<'_>) -> Outcome {
    let departures = &facts.departures;
    let compared = [departures.lifetime, departures.id, departures.claims];
    if facts.partial
        || !is_covered(facts.coverage)
        || compared.into_iter().flatten().count() < ENOUGH
    {
        return Outcome::NoEvidence;
    }
    let nothing = facts.issuances().next().is_none()
        && !facts.has_unknown_record()
        && facts.claims.problem.is_none()
        && facts.login != Login::Behind;
    Outcome::of(Some(nothing && departures.count() >= ENOUGH))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{account, facts, key, record};
    use super::*;
    use crate::tokens::profile::Departures;

    #[test]
    fn two_departures_without_a_record_decide() {
        let (key, account, records) = (key(), account(), [record()]);
        let with = |departures| TokenFacts {
            departures,
            ..facts(&key, &account, &[])
        };
        let departures = |lifetime, id, claims| Departures {
            lifetime,
            id,
            claims,
        };
        let two = with(departures(Some(true), Some(true), Some(false)));
        assert_eq!(look(&two), Outcome::Fires);
        let one = with(departures(Some(false), Some(true), Some(false)));
        assert_eq!(look(&one), Outcome::Silent, "a new version of the issuer");
        assert_eq!((ID.look)(&one), Outcome::Fires);
        assert_eq!((LIFETIME.look)(&one), Outcome::Silent);
        let alone = with(departures(None, Some(true), None));
        assert_eq!(look(&alone), Outcome::NoEvidence, "no other to compare");
        let recorded = TokenFacts {
            records: &records,
            ..two
        };
        assert_eq!(look(&recorded), Outcome::Silent, "there is a record");
        let behind = TokenFacts {
            login: Login::Behind,
            ..two
        };
        assert_eq!(look(&behind), Outcome::Silent, "the holder logged in");
    }

    #[test]
    fn decides_only_where_no_records_are_known_to_be_lost() {
        let (key, account) = (key(), account());
        let two = TokenFacts {
            departures: Departures {
                lifetime: Some(true),
                id: Some(true),
                claims: None,
            },
            ..facts(&key, &account, &[])
        };
        for status in Status::ALL {
            let coverage = Cover {
                status,
                basis: Basis::HonestPopulation,
            };
            let expected = match status {
                Status::Complete | Status::NotShown => Outcome::Fires,
                _ => Outcome::NoEvidence,
            };
            let seen = look(&TokenFacts { coverage, ..two });
            assert_eq!(seen, expected, "{status:?}");
        }
    }
}
