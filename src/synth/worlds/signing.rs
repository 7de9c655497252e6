//! Signs the tokens of worlds whose logs hold whole tokens.
//!
//! Keys are made anew for each run, so the signatures, and what is derived from them, are the one thing in
//! which two runs of the same plan differ. So no private key lies in this repository.

use std::collections::HashMap;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::error::{Error, Result};

/// Base64 as tokens have it.
fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A private key.
pub(super) enum PrivateKey {
    /// ES256, RFC 7518 section 3.4.
    EllipticCurve(EcdsaKeyPair),
    /// RS256, RFC 7518 section 3.3.
    Rsa(rsa::KeyPair),
    /// HS256, RFC 7518 section 3.2; nothing of it is public.
    Secret(Box<hmac::Key>),
}

fn failed(what: &str) -> Error {
    Error::user(format!("cannot {what} for a token of the world"))
}

impl PrivateKey {
    /// A new ES256 key.
    pub(super) fn es256() -> Result<Self> {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING);
        key.map(PrivateKey::EllipticCurve)
            .map_err(|_| failed("make a key"))
    }

    /// A new RS256 key of 2048 bits.
    pub(super) fn rs256() -> Result<Self> {
        let key = rsa::KeyPair::generate(rsa::KeySize::Rsa2048);
        key.map(PrivateKey::Rsa).map_err(|_| failed("make a key"))
    }

    /// The HS256 key of this secret.
    pub(super) fn hs256(secret: &[u8]) -> Self {
        PrivateKey::Secret(Box::new(hmac::Key::new(hmac::HMAC_SHA256, secret)))
    }

    /// The public key as a JWK (RFC 7517) of this id, null for a secret.
    pub(super) fn jwk(&self, key_id: &str) -> Value {
        match self {
            PrivateKey::EllipticCurve(key) => {
                // A byte for the form, then both coordinates.
                let point = key.public_key().as_ref();
                let (x, y) = (encode(&point[1..33]), encode(&point[33..]));
                json!({
                    "kid": key_id, "kty": "EC", "alg": "ES256", "use": "sig", "crv": "P-256", "x": x, "y": y
                })
            }
            PrivateKey::Rsa(key) => {
                let [modulus, exponent] = integers(key.public_key().as_ref());
                json!({
                    "kid": key_id, "kty": "RSA", "alg": "RS256", "use": "sig",
                    "n": encode(modulus), "e": encode(exponent)
                })
            }
            PrivateKey::Secret(_) => Value::Null,
        }
    }

    /// The signature of a message.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        let random = SystemRandom::new();
        let cannot = |_| failed("make a signature");
        match self {
            PrivateKey::EllipticCurve(key) => {
                let signature = key.sign(&random, message).map_err(cannot)?;
                Ok(signature.as_ref().to_vec())
            }
            PrivateKey::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .map_err(cannot)?;
                Ok(signature)
            }
            PrivateKey::Secret(key) => Ok(hmac::sign(key, message).as_ref().to_vec()),
        }
    }
}

/// Modulus and exponent of an RSA public key in DER, a sequence of two integers (RFC 8017 appendix A.1.1).
fn integers(der: &[u8]) -> [&[u8]; 2] {
    let (sequence, _) = contents(der);
    let (modulus, rest) = contents(sequence);
    let (exponent, _) = contents(rest);
    // An integer whose first bit is set has a zero before it.
    [modulus, exponent].map(|integer| integer.strip_prefix(&[0]).unwrap_or(integer))
}

/// The contents of the DER value that begins here, and what follows it.
fn contents(der: &[u8]) -> (&[u8], &[u8]) {
    let (head, length) = match usize::from(der[1]) {
        short @ 0..0x80 => (2, short),
        long => {
            // The other bits say in how many bytes the length stands.
            let head = 2 + (long & 0x7f);
            let digits = der[2..head].iter();
            (
                head,
                digits.fold(0, |sum, digit| sum << 8 | usize::from(*digit)),
            )
        }
    };
    der[head..].split_at(length)
}

/// Signs each token once, and remembers it.
pub(super) struct Signer {
    /// The header of the tokens of each key, encoded, and the key.
    keys: Vec<(String, PrivateKey)>,
    signed: HashMap<u64, String>,
}

impl Signer {
    /// A signer with these keys, each with the header of its tokens.
    pub(super) fn new(keys: Vec<(Value, PrivateKey)>) -> Self {
        let encoded = |(header, key): (Value, _)| (encode(header.to_string()), key);
        Signer {
            keys: keys.into_iter().map(encoded).collect(),
            signed: HashMap::new(),
        }
    }

    /// The `number`-th token of the world, signed by the `key`-th key; `claims` makes what it claims.
    pub(super) fn token(
        &mut self,
        number: u64,
        key: usize,
        claims: impl FnOnce() -> Value,
    ) -> Result<&str> {
        if !self.signed.contains_key(&number) {
            let (header, key) = &self.keys[key];
            let mut token = format!("{header}.{}", encode(claims().to_string()));
            let signature = encode(key.sign(token.as_bytes())?);
            token.push('.');
            token.push_str(&signature);
            self.signed.insert(number, token);
        }
        Ok(&self.signed[&number])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jws::{Signature, SigningKeys, decode};

    #[test]
    fn tokens_are_valid_under_their_own_key_alone() {
        let keys = [
            PrivateKey::es256(),
            PrivateKey::rs256(),
            PrivateKey::es256(),
        ];
        let keys: Vec<PrivateKey> = keys.into_iter().map(|key| key.expect("a key")).collect();
        let names = ["a", "b", "c"];
        let jwks: Vec<Value> = keys
            .iter()
            .zip(names)
            .map(|(key, name)| key.jwk(name))
            .collect();
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("jwks.json");
        std::fs::write(&path, json!({ "keys": jwks }).to_string()).expect("written");
        let mut known = SigningKeys::default();
        known.load_jwks(None, &path).expect("JWKs");
        let algorithms = ["ES256", "RS256", "ES256"];
        // The last one says that it is of another key.
        let headers = [("a", 0), ("b", 1), ("a", 2)]
            .map(|(name, at)| json!({ "alg": algorithms[at], "kid": name, "typ": "JWT" }));
        let mut signer = Signer::new(headers.into_iter().zip(keys).collect());
        for (at, wanted) in [
            (0, Signature::Valid),
            (1, Signature::Valid),
            (2, Signature::Invalid),
        ] {
            let claims = || json!({ "jti": at.to_string(), "iss": "i" });
            let token = signer
                .token(at as u64, at, claims)
                .expect("signed")
                .to_string();
            assert_eq!(
                known.check(&token, &decode(&token, &crate::jws::ClaimNames::default())),
                wanted,
                "{at}"
            );
            let again = signer.token(at as u64, at, || Value::Null).expect("signed");
            assert_eq!(again, token, "signed once");
        }
    }
}
