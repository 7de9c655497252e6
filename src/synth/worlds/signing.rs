//! Signs the tokens of worlds whose logs hold whole tokens.
//!
//! Keys are made anew for each run, so the signatures, and what is derived from them, are the one thing in
//! which two runs of the same plan differ. So no private key lies in this repository.

use std::collections::HashMap;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::error::{Error, Result};

/// Base64 as tokens have it.
pub(super) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A private key.
pub(super) enum PrivateKey {
    /// ES256, RFC 7518 section 3.4.
    EllipticCurve(EcdsaKeyPair),
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

    /// The public key as a JWK (RFC 7517) of this id.
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
        }
    }
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
            PrivateKey::es256(),
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
        let algorithms = ["ES256"; 3];
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
            assert_eq!(known.check(&token, &decode(&token)), wanted, "{at}");
            let again = signer.token(at as u64, at, || Value::Null).expect("signed");
            assert_eq!(again, token, "signed once");
        }
    }
}
