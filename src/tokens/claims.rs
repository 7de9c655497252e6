//! What a token says of itself, and what kind of id it has.

use crate::case::AccountKey;
use crate::jws::Signature;
use crate::shuffle::{Decoder, Encoder};

/// What a token says of itself, as the gateway logged it.
///
/// Two uses with different claims are two tokens, even under one id. Times are microseconds since 1970 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Claims {
    /// Its issuer, interned.
    pub issuer: Option<AccountKey>,
    /// The id of the key that it says signed it, interned.
    pub key_id: Option<AccountKey>,
    /// Whom it names, interned.
    pub subject: Option<AccountKey>,
    /// When it says it was issued.
    pub issued_at: Option<i64>,
    /// When it says it expires.
    pub expires_at: Option<i64>,
    /// Its scope, interned.
    pub scope: Option<AccountKey>,
    /// The services that it says it is for, interned.
    pub audience: Option<AccountKey>,
    /// The algorithm that it names, interned.
    pub algorithm: Option<AccountKey>,
    /// The kind of customer that it says it is for, interned.
    pub customer_kind: Option<AccountKey>,
    /// [Fingerprint](crate::digest::session_fingerprint) of its session id: sessions are too many to intern.
    pub session: Option<u128>,
    /// What checking its signature gave.
    pub signature: Signature,
    /// Why it could not be read whole, interned.
    pub problem: Option<AccountKey>,
}

impl Claims {
    /// Appends the claims to a record of the shuffle.
    pub fn encode(&self, into: &mut Encoder) {
        for key in [
            self.issuer,
            self.key_id,
            self.subject,
            self.scope,
            self.problem,
            self.audience,
            self.algorithm,
            self.customer_kind,
        ] {
            into.maybe(key.map(AccountKey::packed));
        }
        into.maybe_time(self.issued_at)
            .maybe_time(self.expires_at)
            .u8(self.signature as u8)
            .u8(u8::from(self.session.is_some()))
            .packed(self.session.unwrap_or_default());
    }

    /// Takes the claims from a record of the shuffle.
    pub fn decode(from: &mut Decoder<'_>) -> Self {
        let [
            issuer,
            key_id,
            subject,
            scope,
            problem,
            audience,
            algorithm,
            customer_kind,
        ] = [(); 8].map(|()| from.maybe().map(AccountKey::unpacked));
        let (issued_at, expires_at) = (from.maybe_time(), from.maybe_time());
        let signature = Signature::from_code(from.u8());
        let (there, session) = (from.u8() == 1, from.packed());
        Claims {
            issuer,
            key_id,
            subject,
            issued_at,
            expires_at,
            scope,
            audience,
            algorithm,
            customer_kind,
            session: there.then_some(session),
            signature,
            problem,
        }
    }
}

/// What a token id is: ids of one kind never meet records with ids of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum IdKind {
    /// The id that the token names itself by, such as the `jti` of a JWT.
    Own,
    /// The SHA-256 of the whole token.
    Sha256,
    /// Another hash, perhaps a short one.
    Hash,
    /// The beginning of the token.
    Prefix,
}

impl IdKind {
    /// The kind of an id.
    pub fn of(token_id: &str) -> Self {
        match token_id.as_bytes() {
            [b's', b'h', b'a', b'2', b'5', b'6', b':', digits @ ..] if digits.len() == 64 => {
                IdKind::Sha256
            }
            [b'h', b'a', b's', b'h', b':', ..] => IdKind::Hash,
            [b'p', b'r', b'e', b'f', b'i', b'x', b':', ..] => IdKind::Prefix,
            _ => IdKind::Own,
        }
    }
}
