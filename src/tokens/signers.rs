//! What the case knows of the issuer and the key that tokens name, looked up once for each pair.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::claims::Claims;
use crate::case::{AccountKey, Case, Interner, Key, KeyScope, Subjects};

/// The issuer and the key that a token says it is from.
pub(super) struct Signer<'c> {
    /// The issuer.
    pub(super) issuer: Option<String>,
    /// The key's id.
    pub(super) key_id: Option<String>,
    /// The key, if the inventory lists it.
    pub(super) key: Option<&'c Key>,
    /// What the key is for, if anything states it.
    pub(super) key_scope: Option<KeyScope>,
    /// Whether the issuer's subjects are accounts.
    pub(super) of_accounts: bool,
}

/// The signers that were looked up so far, by issuer and key.
pub(super) struct Signers<'c> {
    case: &'c Case,
    interner: &'c Interner,
    known: HashMap<(Option<AccountKey>, Option<AccountKey>), Signer<'c>, FixedState>,
}

impl<'c> Signers<'c> {
    /// Begins with no signer looked up.
    pub(super) fn new(case: &'c Case, interner: &'c Interner) -> Self {
        Signers {
            case,
            interner,
            known: HashMap::default(),
        }
    }

    /// The signer that a token names.
    pub(super) fn of(&mut self, claims: &Claims) -> &Signer<'c> {
        let Signers {
            case,
            interner,
            known,
        } = self;
        known
            .entry((claims.issuer, claims.key_id))
            .or_insert_with(|| {
                let text = |key: Option<AccountKey>| key.map(|key| interner.text(key));
                let (issuer, key_id) = (text(claims.issuer), text(claims.key_id));
                let named = issuer.as_deref().unwrap_or_default();
                let id = key_id.as_deref();
                Signer {
                    key: id.and_then(|id| case.keys.find(named, id)),
                    key_scope: id.and_then(|id| case.key_scope(named, id)),
                    of_accounts: case
                        .issuer(named)
                        .is_some_and(|issuer| issuer.subjects == Subjects::Accounts),
                    issuer,
                    key_id,
                }
            })
    }
}
