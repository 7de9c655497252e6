//! What a key consists of, and the algorithms whose signatures it verifies.
//!
//! The algorithms are those of RFC 7518 section 3, RFC 8037 section 3.1 and RFC 9864 section 2.2. Each
//! belongs to one kind of key and, for curves, to one curve. No key is ever used with an algorithm of
//! another kind (RFC 8725 section 3.1).

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{
    self, EcdsaVerificationAlgorithm, ParsedPublicKey, RsaParameters, RsaPublicKeyComponents,
};
use sha2::{Digest, Sha256};

/// Every algorithm whose signatures can be checked.
pub(super) const ALGORITHMS: [&str; 14] = [
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
    "Ed25519", "HS256", "HS384", "HS512",
];

/// The kind of a key: the `kty` of RFC 7518 section 6.1 and RFC 8037 section 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Rsa,
    Ec,
    Okp,
    Oct,
    Other,
}

impl Kind {
    /// The kind of key that an algorithm belongs to; `None` for an algorithm that is not known.
    pub(super) fn of(algorithm: &str) -> Option<Self> {
        if !ALGORITHMS.contains(&algorithm) {
            return None;
        }
        // Each known name has at least two letters, all of them ASCII.
        Some(match &algorithm[..2] {
            "RS" | "PS" => Kind::Rsa,
            "ES" => Kind::Ec,
            "HS" => Kind::Oct,
            _ => Kind::Okp,
        })
    }
}

/// A curve of RFC 7518 section 6.2.1.1 and its one algorithm (section 3.4).
pub(super) struct Curve {
    pub(super) name: &'static str,
    /// Its object identifier (RFC 5480 section 2.1.1.1), as DER holds it.
    pub(super) identifier: &'static [u8],
    /// The bytes of a coordinate.
    pub(super) size: usize,
    algorithm: &'static str,
    verification: &'static EcdsaVerificationAlgorithm,
}

/// Every curve of `EC` keys whose signatures can be checked.
pub(super) static CURVES: [Curve; 3] = [
    Curve {
        name: "P-256",
        identifier: &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07],
        size: 32,
        algorithm: "ES256",
        verification: &signature::ECDSA_P256_SHA256_FIXED,
    },
    Curve {
        name: "P-384",
        identifier: &[0x2b, 0x81, 0x04, 0x00, 0x22],
        size: 48,
        algorithm: "ES384",
        verification: &signature::ECDSA_P384_SHA384_FIXED,
    },
    Curve {
        name: "P-521",
        identifier: &[0x2b, 0x81, 0x04, 0x00, 0x23],
        size: 66,
        algorithm: "ES512",
        verification: &signature::ECDSA_P521_SHA512_FIXED,
    },
];

/// The algorithms of RSA keys. The library checks that a key has 2048 to 8192 bits.
const RSA: [(&str, &RsaParameters); 6] = [
    ("RS256", &signature::RSA_PKCS1_2048_8192_SHA256),
    ("RS384", &signature::RSA_PKCS1_2048_8192_SHA384),
    ("RS512", &signature::RSA_PKCS1_2048_8192_SHA512),
    ("PS256", &signature::RSA_PSS_2048_8192_SHA256),
    ("PS384", &signature::RSA_PSS_2048_8192_SHA384),
    ("PS512", &signature::RSA_PSS_2048_8192_SHA512),
];

/// The algorithms of shared secrets.
const HMAC: [(&str, hmac::Algorithm); 3] = [
    ("HS256", hmac::HMAC_SHA256),
    ("HS384", hmac::HMAC_SHA384),
    ("HS512", hmac::HMAC_SHA512),
];

/// What a key consists of, wherever it was read from.
pub(super) enum Material {
    /// Two positive numbers, most significant byte first and without leading zeros.
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    /// A point as SEC 1 section 2.3.3 writes it.
    Ec {
        curve: &'static Curve,
        point: Vec<u8>,
    },
    /// A point as RFC 8032 section 5.1.2 writes it.
    Ed25519(Vec<u8>),
    /// A secret that issuer and verifier share.
    Secret(Vec<u8>),
    /// A key with which no signature can be verified.
    Unusable {
        kind: Kind,
        /// Bytes that are different for different keys.
        bytes: Vec<u8>,
        /// Why it cannot be used, as a part of a sentence.
        why: String,
    },
}

impl Material {
    /// An RSA key of two numbers, which may have leading zeros here.
    pub(super) fn rsa(modulus: &[u8], exponent: &[u8]) -> Self {
        Material::Rsa {
            modulus: without_zeros(modulus),
            exponent: without_zeros(exponent),
        }
    }

    pub(super) fn kind(&self) -> Kind {
        match self {
            Material::Rsa { .. } => Kind::Rsa,
            Material::Ec { .. } => Kind::Ec,
            Material::Ed25519(_) => Kind::Okp,
            Material::Secret(_) => Kind::Oct,
            Material::Unusable { kind, .. } => *kind,
        }
    }

    /// A hash by which two keys are compared, so that no secret is kept for it.
    pub(super) fn fingerprint(&self) -> [u8; 32] {
        let parts: [&[u8]; 3] = match self {
            Material::Rsa { modulus, exponent } => [b"RSA", exponent, modulus],
            Material::Ec { curve, point } => [b"EC", curve.name.as_bytes(), point],
            Material::Ed25519(point) => [b"OKP", b"Ed25519", point],
            Material::Secret(secret) => [b"oct", b"", secret],
            Material::Unusable { bytes, .. } => [b"", b"", bytes],
        };
        let mut hash = Sha256::new();
        for part in parts {
            // With its length before each part, no other split of the same bytes has the same hash.
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        hash.finalize().into()
    }

    /// The algorithms that the key can verify, each ready for use; or why it can verify none.
    pub(super) fn verifiers(&self) -> Result<Vec<(&'static str, Verifier)>, String> {
        match self {
            Material::Rsa { modulus, exponent } => rsa_verifiers(modulus, exponent),
            Material::Ec { curve, point } => {
                let key = ParsedPublicKey::new(curve.verification, point)
                    .map_err(|_| format!("its point is not on the curve {}", curve.name))?;
                Ok(vec![(curve.algorithm, Verifier::Public(key))])
            }
            // A point has 32 bytes (RFC 8032 section 5.1.2).
            Material::Ed25519(point) if point.len() == 32 => {
                let key = ParsedPublicKey::new(&signature::ED25519, point)
                    .map_err(|_| "it is no Ed25519 key".to_string())?;
                Ok(vec![
                    ("EdDSA", Verifier::Public(key.clone())),
                    ("Ed25519", Verifier::Public(key)),
                ])
            }
            Material::Ed25519(_) => Err("an Ed25519 key is 32 bytes long".into()),
            Material::Secret(secret) if secret.is_empty() => Err("the secret is empty".into()),
            Material::Secret(secret) => Ok(HMAC
                .into_iter()
                .map(|(name, algorithm)| {
                    let key = hmac::Key::new(algorithm, secret);
                    (name, Verifier::Secret(Box::new(key)))
                })
                .collect()),
            Material::Unusable { why, .. } => Err(why.clone()),
        }
    }
}

/// The algorithms that an RSA key can verify, each ready for use; or why it can verify none.
///
/// A key must have at least 2048 bits (RFC 7518 section 3.3) and at most the 8192 that the library takes.
fn rsa_verifiers(modulus: &[u8], exponent: &[u8]) -> Result<Vec<(&'static str, Verifier)>, String> {
    // A key is as long as its modulus from the first bit that is set. Leading zero bytes are gone already.
    let zeros = modulus
        .first()
        .map_or(0, |first| first.leading_zeros() as usize);
    let bits = modulus.len() * 8 - zeros;
    if !(2048..=8192).contains(&bits) {
        return Err(format!(
            "an RSA key of {bits} bits; those of 2048 to 8192 bits are checked"
        ));
    }
    // A product of two large primes is odd. An exponent is odd, too, as it has no divisor in common with an
    // even number; 1 would leave every message as it is; and the library takes up to four bytes of it.
    let odd = |number: &[u8]| number.last().is_some_and(|last| last % 2 == 1);
    if !odd(modulus) || !odd(exponent) || exponent.len() > 4 || exponent == [1] {
        return Err("no RSA key has these numbers".into());
    }
    let components = RsaPublicKeyComponents {
        n: modulus,
        e: exponent,
    };
    RSA.into_iter()
        .map(|(name, parameters)| {
            let key = components
                .to_parsed_public_key(parameters)
                .map_err(|_| "no RSA key has these numbers".to_string())?;
            Ok((name, Verifier::Public(key)))
        })
        .collect()
}

/// A number without its leading zero bytes.
fn without_zeros(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number[zeros..].to_vec()
}

/// A key, ready to verify signatures of one algorithm.
#[derive(Debug)]
pub(super) enum Verifier {
    Public(ParsedPublicKey),
    Secret(Box<hmac::Key>),
}

impl Verifier {
    /// Whether `signature` is one of `message`. A signature of a wrong length is a wrong one.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Verifier::Public(key) => key.verify_sig(message, signature).is_ok(),
            // The library compares in constant time.
            Verifier::Secret(key) => hmac::verify(key, message, signature).is_ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(material: &Material) -> Option<String> {
        material.verifiers().err()
    }

    #[test]
    fn an_algorithm_belongs_to_one_kind() {
        let kinds = ALGORITHMS.map(|name| Kind::of(name).expect("a known algorithm"));
        assert_eq!(kinds[..6], [Kind::Rsa; 6]);
        assert_eq!(kinds[6..9], [Kind::Ec; 3]);
        assert_eq!(kinds[9..11], [Kind::Okp; 2]);
        assert_eq!(kinds[11..], [Kind::Oct; 3]);
        for unknown in ["", "R", "rs256", "ES256K", "none", "RSA1_5", "é"] {
            assert_eq!(Kind::of(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn rsa_keys_have_bounds() {
        let key = |bits: usize| {
            let mut modulus = vec![0xff_u8; bits.div_ceil(8)];
            let unused = modulus.len() * 8 - bits;
            modulus[0] >>= unused;
            Material::rsa(&modulus, &[1, 0, 1])
        };
        assert!(why(&key(2047)).is_some_and(|why| why.contains("2047")));
        assert_eq!(why(&key(2048)), None);
        assert_eq!(why(&key(8192)), None);
        assert!(why(&key(8193)).is_some());
        for exponent in [&[][..], &[0], &[1], &[2], &[1, 0, 0, 0, 1]] {
            let key = Material::rsa(&[0xff; 256], exponent);
            assert!(why(&key).is_some(), "{exponent:?}");
        }
        assert_eq!(why(&Material::rsa(&[0xff; 256], &[0, 0, 3])), None);
        assert!(why(&Material::rsa(&[0xfe; 256], &[3])).is_some());
        assert!(why(&Material::rsa(&[], &[3])).is_some());
    }

    #[test]
    fn a_point_is_on_its_curve() {
        let curve = &CURVES[0];
        let point = vec![4; 65];
        assert!(why(&Material::Ec { curve, point }).is_some());
        assert!(why(&Material::Ed25519(vec![0; 31])).is_some());
        assert!(why(&Material::Secret(Vec::new())).is_some());
        assert!(why(&Material::Secret(vec![0])).is_none());
    }

    #[test]
    fn fingerprints_tell_keys_apart() {
        let rsa = |n: &[u8], e: &[u8]| Material::rsa(n, e).fingerprint();
        assert_eq!(rsa(&[0, 7], &[3]), rsa(&[7], &[0, 0, 3]));
        assert_ne!(rsa(&[7, 3], &[3]), rsa(&[7], &[3, 3]));
        let bytes = vec![7; 32];
        assert_ne!(
            Material::Secret(bytes.clone()).fingerprint(),
            Material::Ed25519(bytes).fingerprint()
        );
    }
}
