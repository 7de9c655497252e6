//! Facts for the tests of the rules.

use crate::case::{Account, AccountKey, Custodian, Interner, Key, KeyScope, Meaning, Policy};
use crate::jws::Signature;
use crate::tokens::claims::Claims;
use crate::tokens::coverage::{Basis, Cover, Status};
use crate::tokens::facts::{Login, Record, TokenFacts};
use crate::tokens::profile::Departures;

/// A key that was made at 0 s, lost its custodian at 500 s and was withdrawn at 900 s.
pub(crate) fn key() -> Key {
    let custodian = Custodian {
        name: "engineer".into(),
        left: Some(500_000_000),
        stored_in: None,
    };
    Key {
        id: "k".into(),
        issuer: "i".into(),
        created: Some(0),
        activated: None,
        rotated: None,
        retired: Some(900_000_000),
        revoked: None,
        custodians: vec![custodian],
        scope: Default::default(),
    }
}

/// What a key for private accounts is for.
pub(crate) fn key_scope() -> KeyScope {
    let list = |values: &[&str]| values.iter().map(|value| value.to_string()).collect();
    KeyScope {
        issuer: Some("https://private.example".into()),
        key_id: "k".into(),
        lists: [
            list(&["https://partner.example"]),
            list(&["shop-api", "shop-web"]),
            list(&["private"]),
            list(&["RS256"]),
        ],
        may_be_another: false,
    }
}

/// An account.
pub(crate) fn account() -> Account {
    Account {
        key: AccountKey(7),
        person: AccountKey(7),
        opened: 0,
        closed: i64::MAX,
    }
}

/// A record of the token's own issuance.
pub(crate) fn record() -> Record {
    Record {
        subject: Some(AccountKey(7)),
        key_id: None,
        event_time: 100_000_000,
        issued_at: None,
        expires_at: None,
        scope: None,
        source_ip: None,
        meaning: Meaning::Granted,
        place: (1, 1),
    }
}

/// An honest token's facts.
pub(crate) fn facts<'a>(
    key: &'a Key,
    account: &'a Account,
    records: &'a [Record],
) -> TokenFacts<'a> {
    static INTERNER: std::sync::LazyLock<Interner> = std::sync::LazyLock::new(Interner::default);
    static POLICY: std::sync::LazyLock<Policy> =
        std::sync::LazyLock::new(crate::case::testing::policy);
    TokenFacts {
        claims: Claims {
            issuer: None,
            key_id: None,
            subject: Some(AccountKey(7)),
            issued_at: Some(100_000_000),
            expires_at: None,
            scope: None,
            audience: None,
            algorithm: None,
            customer_kind: None,
            session: None,
            signature: Signature::NotLogged,
            problem: None,
        },
        alias: None,
        whole: false,
        partial: false,
        comparable: true,
        records,
        coverage: Cover {
            status: Status::Complete,
            basis: Basis::Sequence,
        },
        key: Some(key),
        key_scope: None,
        scope_contradicted: [false; 4],
        key_used: None,
        departures: Departures::default(),
        issued_have_logins: false,
        may_be_lost: false,
        key_abused: false,
        key_proven: false,
        account: Some(account),
        subject_is_account: true,
        login: Login::NotLogged,
        used: (101_000_000, 102_000_000),
        used_by: 101_000_000,
        accepted: true,
        astray: None,
        policy: &POLICY,
        interner: &INTERNER,
    }
}
