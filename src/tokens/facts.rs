//! What is known of a token when it is judged: its claims, its records, and what speaks for it.

use std::collections::HashSet;

use super::claims::Claims;
use super::coverage::Cover;
use super::profile::Departures;
use crate::case::{Account, AccountKey, Interner, Key, KeyScope, Meaning, Policy, ScopeLimit};
use crate::jws::Signature;
use crate::shuffle::{Decoder, Encoder};

/// A record of the issuance log, as far as verdicts need it.
///
/// Times are microseconds since 1970 UTC. In the order of records, those that say the same stand side by
/// side, by place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Record {
    /// To whom the token was issued, interned, if the log says so.
    pub subject: Option<AccountKey>,
    /// The id of the key that signed it, interned, if the log says so.
    pub key_id: Option<AccountKey>,
    /// When the record was written.
    pub event_time: i64,
    /// The token's own issue time, if the log has it beside the record's.
    pub issued_at: Option<i64>,
    /// The token's expiry, if the log has it.
    pub expires_at: Option<i64>,
    /// The token's scope, interned, if the log has it.
    pub scope: Option<AccountKey>,
    /// The address to which it was issued, as IPv6 bits, if the log has it.
    pub source_ip: Option<u128>,
    /// What the event did: it handed the token out, took it back, or nobody knows.
    pub meaning: Meaning,
    /// Where the record stands: the number of the evidence file, and the line in it.
    pub place: (u32, u64),
}

impl Record {
    /// Appends the record to a record of the shuffle.
    pub fn encode(&self, into: &mut Encoder) {
        for key in [self.subject, self.key_id, self.scope] {
            into.maybe(key.map(AccountKey::packed));
        }
        into.i64(self.event_time)
            .maybe_time(self.issued_at)
            .maybe_time(self.expires_at)
            .u8(u8::from(self.source_ip.is_some()))
            .packed(self.source_ip.unwrap_or_default())
            .u8(self.meaning as u8)
            .u32(self.place.0)
            .u64(self.place.1);
    }

    /// Takes the record from a record of the shuffle.
    pub fn decode(from: &mut Decoder<'_>) -> Self {
        let [subject, key_id, scope] = [(); 3].map(|()| from.maybe().map(AccountKey::unpacked));
        let event_time = from.i64();
        let (issued_at, expires_at) = (from.maybe_time(), from.maybe_time());
        let (there, address) = (from.u8() == 1, from.packed());
        Record {
            subject,
            key_id,
            event_time,
            issued_at,
            expires_at,
            scope,
            source_ip: there.then_some(address),
            meaning: Meaning::ALL[usize::from(from.u8())],
            place: (from.u32(), from.u64()),
        }
    }

    /// Whether another record says the same in another place.
    pub fn same(&self, other: &Record) -> bool {
        Record {
            place: other.place,
            ..*self
        } == *other
    }
}

/// The keys that verified at least one token of the evidence, by issuer and key id.
pub type ProvenKeys = HashSet<(Option<AccountKey>, Option<AccountKey>)>;

/// Whether something apart from the token's own record shows that the holder was there, the surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Login {
    /// The subject logged in at the token's issue time, from an address that then used the token.
    Behind,
    /// The subject logged in within the policy's session hours before.
    Earlier,
    /// The login log covers that time and has no login of the subject.
    Absent,
    /// No login log covers that time.
    NotLogged,
}

impl Login {
    /// The name in outputs.
    pub fn name(self) -> &'static str {
        match self {
            Login::Behind => "behind",
            Login::Earlier => "earlier",
            Login::Absent => "absent",
            Login::NotLogged => "not_logged",
        }
    }
}

/// What is known of a token when it is judged.
#[derive(Debug, Clone, Copy)]
pub struct TokenFacts<'a> {
    /// What it says of itself.
    pub claims: Claims,
    /// What its issuer's log calls its subject, if by another name.
    pub alias: Option<AccountKey>,
    /// Whether its id stands for all of its bytes, as a hash of the whole token does.
    pub whole: bool,
    /// Whether its id is only a part of it, which other tokens may share; then no record is its own.
    pub partial: bool,
    /// Whether the logs write its issuer's claims in one way, so that a difference means something.
    pub comparable: bool,
    /// The issuance records and revocations of its id.
    pub records: &'a [Record],
    /// What the issuance log can say about its claimed issue time.
    pub coverage: Cover,
    /// Its key, if the inventory lists it.
    pub key: Option<&'a Key>,
    /// What its key is for, if anything states it.
    pub key_scope: Option<&'a KeyScope>,
    /// By [`ScopeLimit`], whether a token of its key that was issued for certain lies outside.
    pub scope_contradicted: [bool; 4],
    /// Claimed issue times of the first and the last token of its key that was issued for certain.
    pub key_used: Option<(i64, i64)>,
    /// How it departs from the tokens of its key that were issued for certain.
    pub departures: Departures,
    /// Whether all of the many tokens that were issued around its claimed issue time have a login.
    pub issued_have_logins: bool,
    /// Whether it could be an honest token whose record was lost, by what honest tokens show of the log.
    pub may_be_lost: bool,
    /// Whether somebody forges with its key: it signed an accepted token for a subject that does not exist.
    pub key_abused: bool,
    /// Whether the case's key material for its key verifies any token of the evidence.
    ///
    /// A key file that verifies none is the wrong file, or one of another time.
    pub key_proven: bool,
    /// Its subject's account, if the registry has it.
    pub account: Option<&'a Account>,
    /// Whether its issuer's subjects are accounts, and there is a registry of them.
    pub subject_is_account: bool,
    /// Whether a login is behind it.
    pub login: Login,
    /// Times of its first and last use.
    pub used: (i64, i64),
    /// The time by which it was surely used first, where a local time may be one of two.
    pub used_by: i64,
    /// Whether the gateway answered any use with a status of 200 to 299.
    pub accepted: bool,
    /// Whether it was used from an address of the attacker's own, away from where it was issued or used else.
    ///
    /// `None` until the attacker's addresses are known.
    pub astray: Option<bool>,
    /// The thresholds that the case sets.
    pub policy: &'a Policy,
    /// The spellings of identifiers.
    pub interner: &'a Interner,
}

impl TokenFacts<'_> {
    fn of_meaning(&self, meaning: Meaning) -> impl Iterator<Item = &Record> {
        let records = self.records.iter();
        records.filter(move |record| record.meaning == meaning)
    }

    /// Whether a record has the id and nobody knows whether its event handed the token out.
    pub fn has_unknown_record(&self) -> bool {
        self.of_meaning(Meaning::Unknown).next().is_some()
    }

    /// Records that hand the id out.
    pub fn issuances(&self) -> impl Iterator<Item = &Record> {
        self.of_meaning(Meaning::Granted)
    }

    /// Records that hand the id out to the subject that the token names.
    ///
    /// An id that stands for the whole token needs no subject.
    pub fn own(&self) -> impl Iterator<Item = &Record> {
        self.issuances()
            .filter(|record| match (self.claims.subject, record.subject) {
                _ if self.partial => false,
                (Some(named), Some(issued)) => self.is_named(named, issued),
                // A record that names nobody does not show that this subject got the token.
                (Some(_), None) => false,
                (None, _) => self.whole,
            })
    }

    /// Whether a record of its issuer that names `issued` names the subject `named` of the token.
    pub fn is_named(&self, named: AccountKey, issued: AccountKey) -> bool {
        let meets = |name| self.interner.meet(name, issued);
        meets(named) || self.alias.is_some_and(meets)
    }

    /// The subject, if it should be an account and the registry does not have it.
    pub fn unknown_subject(&self) -> Option<AccountKey> {
        self.claims
            .subject
            .filter(|_| self.subject_is_account && self.account.is_none())
    }

    /// The claim that a scope limits, if the log has it.
    pub fn scope_claim(&self, limit: ScopeLimit) -> Option<AccountKey> {
        match limit {
            ScopeLimit::Issuers => self.claims.issuer,
            ScopeLimit::Audiences => self.claims.audience,
            ScopeLimit::CustomerKinds => self.claims.customer_kind,
            ScopeLimit::Algorithms => self.claims.algorithm,
        }
    }

    /// What its key is for, if it is surely the key of which that is stated.
    pub fn scope_of_key(&self) -> Option<&KeyScope> {
        // Of two keys of one id, the signature shows which one it is.
        let signed = self.claims.signature == Signature::Valid;
        self.key_scope
            .filter(|scope| signed || !scope.may_be_another)
    }

    /// By [`ScopeLimit`], whether the claim lies outside of what the key is for; `None` if nothing says.
    pub fn outside_scope(&self) -> [Option<bool>; 4] {
        let Some(scope) = self.scope_of_key() else {
            return [None; 4];
        };
        ScopeLimit::ALL.map(|limit| {
            let claim = self.interner.text(self.scope_claim(limit)?);
            scope.holds(limit, &claim).map(|holds| !holds)
        })
    }

    /// Whether the log does not tell a claim that its key's scope limits.
    pub fn lacks_scope_claim(&self) -> bool {
        self.scope_of_key().is_some_and(|scope| {
            let mut limits = ScopeLimit::ALL.into_iter();
            limits.any(|limit| !scope.list(limit).is_empty() && self.scope_claim(limit).is_none())
        })
    }

    /// When the token was taken back, if it was.
    pub fn revoked_at(&self) -> Option<i64> {
        let revocations = self.of_meaning(Meaning::Revoked);
        revocations.map(|record| record.event_time).min()
    }

    /// Whether expiry, issue time and scope of a record are the token's, as far as both have them.
    pub fn agrees(&self, record: &Record) -> bool {
        let apart = |a: Option<i64>, b: Option<i64>| {
            a.zip(b)
                .is_some_and(|(a, b)| a.abs_diff(b) > self.policy.tolerance().unsigned_abs())
        };
        let claims = &self.claims;
        !apart(claims.expires_at, record.expires_at)
            && !apart(claims.issued_at, record.issued_at)
            && claims.scope.zip(record.scope).is_none_or(|(a, b)| a == b)
    }

    /// Whether a record hands the token out as the token says, and its signature is not known to be wrong.
    ///
    /// That is to its subject, under its key, with its times and scope.
    pub fn issued(&self) -> bool {
        let signed = !matches!(
            self.claims.signature,
            Signature::Invalid | Signature::Unsigned | Signature::Mismatch
        );
        let key_agrees = |record: &Record| {
            record.key_id.is_none()
                || self.claims.key_id.is_none()
                || record.key_id == self.claims.key_id
        };
        let agrees = |record: &Record| key_agrees(record) && self.agrees(record);
        signed && self.own().any(agrees)
    }
}
