//! *Key out of scope*: the token names a key that is not for its issuer, audience, kind of customer or
//! algorithm, as the case file or the key inventory states what the key is for.
//!
//! Evidence because an issuer signs each kind of token with the key that it keeps for it, and whoever stole a
//! key signs with it whatever the gateway takes: so a key for private accounts signed the tokens of
//! organisations in 2023. It rests on the signature where that is the key's, and else on the gateway, which
//! let the token in. Innocently, a scope that is stated too narrowly looks the same: so it is silent where
//! a token that was issued for certain lies outside as well. A claim that the log does not tell is not outside.
//! A token with a login of its subject behind it is spared.

use super::{Outcome, Rule};
use crate::jws::Signature;
use crate::lines::Verdict;
use crate::tokens::facts::{Login, TokenFacts};

pub(super) const RULE: Rule = Rule {
    id: "key_out_of_scope",
    decides: Some(Verdict::Forged),
    before_records: false,
    sees: "no issuance record, and its key is not for its issuer, audience, kind of customer or algorithm; that the key signed it is known by the signature, or else by the gateway that let it in",
    innocent: "a scope that is stated too narrowly: an issued token outside of it shows that, and silences the rule",
    source: "the Cyber Safety Review Board's report of March 2024: a key for private accounts signed tokens of organisations",
    look,
};

fn look(facts: &TokenFacts<'_>) -> Outcome {
    let signed = match facts.claims.signature {
        Signature::Valid => true,
        Signature::Invalid | Signature::Unsigned | Signature::Mismatch => false,
        // Nothing is known of it, but that the gateway took it for good.
        Signature::NotLogged
        | Signature::NoKey
        | Signature::Unsupported
        | Signature::Unreadable => facts.accepted,
    };
    if !signed || facts.partial || facts.claims.problem.is_some() {
        return Outcome::NoEvidence;
    }
    // A record that does not agree, or whose event is unknown, may still be that of this token.
    let open = facts.issuances().next().is_some() || facts.has_unknown_record();
    let held = facts.outside_scope().into_iter();
    let held = held.zip(facts.scope_contradicted);
    let mut standing = held.filter_map(|(outside, contradicted)| outside.filter(|_| !contradicted));
    let compared = standing
        .next()
        .map(|first| first || standing.any(|next| next));
    Outcome::of(compared.map(|outside| outside && !open && facts.login != Login::Behind))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{account, facts, key, key_scope, record};
    use super::*;
    use crate::case::{KeyScope, Meaning, ScopeLimit};
    use crate::tokens::facts::Record;

    /// What the rule makes of an accepted token with issuer, audience, kind of customer and algorithm.
    fn seen(scope: Option<&KeyScope>, claims: [Option<&str>; 4]) -> Outcome {
        let (key, account) = (key(), account());
        let mut facts = TokenFacts {
            key_scope: scope,
            ..facts(&key, &account, &[])
        };
        let interned = claims.map(|claim| claim.map(|text| facts.interner.key(text)));
        let [issuer, audience, kind, algorithm] = interned;
        facts.claims.issuer = issuer;
        facts.claims.audience = audience;
        facts.claims.customer_kind = kind;
        facts.claims.algorithm = algorithm;
        look(&facts)
    }

    #[test]
    fn fires_on_each_claim_outside_and_not_on_its_near_misses() {
        let scope = key_scope();
        let silent = [
            [Some("https://private.example"), None, None, None],
            [Some("https://partner.example"), None, None, None],
            [None, Some("shop-web"), None, None],
            // One of several audiences is the key's.
            [None, Some("https://graph.example shop-api"), None, None],
            [None, Some("Shop-API"), None, None],
            [None, None, Some("Private"), None],
            [None, None, None, Some("RS256")],
        ];
        for claims in silent {
            assert_eq!(seen(Some(&scope), claims), Outcome::Silent, "{claims:?}");
        }
        let fires = [
            [Some("https://work.example"), None, None, None],
            [None, Some("mail-api"), None, None],
            [None, Some("shop-api-admin"), Some("private"), None],
            [None, Some("shop-api"), Some("work"), Some("RS256")],
            [None, None, None, Some("ES256")],
        ];
        for claims in fires {
            assert_eq!(seen(Some(&scope), claims), Outcome::Fires, "{claims:?}");
        }
    }

    #[test]
    fn without_a_scope_or_a_claim_there_is_nothing_to_see() {
        let all = [Some("x"); 4];
        assert_eq!(seen(None, all), Outcome::NoEvidence, "no scope is stated");
        assert_eq!(seen(Some(&KeyScope::default()), all), Outcome::NoEvidence);
        assert_eq!(seen(Some(&key_scope()), [None; 4]), Outcome::NoEvidence);
    }

    #[test]
    fn an_issued_token_outside_silences_that_limit_and_no_other() {
        let (key, account, scope) = (key(), account(), key_scope());
        let mut outside = TokenFacts {
            key_scope: Some(&scope),
            ..facts(&key, &account, &[])
        };
        outside.claims.audience = Some(outside.interner.key("mail-api"));
        assert_eq!(look(&outside), Outcome::Fires);
        outside.scope_contradicted[ScopeLimit::Audiences as usize] = true;
        assert_eq!(look(&outside), Outcome::NoEvidence);
        outside.claims.algorithm = Some(outside.interner.key("RS256"));
        assert_eq!(look(&outside), Outcome::Silent);
        outside.claims.algorithm = Some(outside.interner.key("ES256"));
        assert_eq!(look(&outside), Outcome::Fires, "by its algorithm");
    }

    #[test]
    fn the_id_of_a_key_alone_does_not_show_that_it_is_another_issuers_key() {
        let (key, account, mut scope) = (key(), account(), key_scope());
        scope.may_be_another = true;
        let mut outside = TokenFacts {
            key_scope: Some(&scope),
            ..facts(&key, &account, &[])
        };
        outside.claims.issuer = Some(outside.interner.key("https://work.example"));
        assert_eq!(look(&outside), Outcome::NoEvidence, "two keys of one id");
        outside.claims.signature = Signature::Valid;
        assert_eq!(look(&outside), Outcome::Fires);
    }

    #[test]
    fn spares_what_the_key_may_not_have_signed_and_what_something_speaks_for() {
        let (key, account, scope) = (key(), account(), key_scope());
        let mut outside = TokenFacts {
            key_scope: Some(&scope),
            ..facts(&key, &account, &[])
        };
        outside.claims.audience = Some(outside.interner.key("mail-api"));
        let mut refused = TokenFacts {
            accepted: false,
            ..outside
        };
        assert_eq!(look(&refused), Outcome::NoEvidence, "anybody can write it");
        refused.claims.signature = Signature::Valid;
        assert_eq!(look(&refused), Outcome::Fires, "the key signed it");
        for signature in [Signature::Invalid, Signature::Unsigned, Signature::Mismatch] {
            let mut other = outside;
            other.claims.signature = signature;
            assert_eq!(look(&other), Outcome::NoEvidence, "{signature:?}");
        }
        let behind = TokenFacts {
            login: Login::Behind,
            ..outside
        };
        assert_eq!(look(&behind), Outcome::Silent, "the holder logged in");
        let unknown = Record {
            meaning: Meaning::Unknown,
            ..record()
        };
        for records in [[record()], [unknown]] {
            let recorded = TokenFacts {
                records: &records,
                ..outside
            };
            assert_eq!(look(&recorded), Outcome::Silent, "it may be issued");
        }
    }
}
