//! Published vectors: what they say is what a check says.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::{Signature, SigningKeys, decode};

macro_rules! vector_file {
    ($name:literal) => {
        include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/vectors/jws/",
            $name
        ))
    };
}

fn array(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().expect("a text")
}

fn keys_of(jwk: &Value) -> SigningKeys {
    let mut keys = SigningKeys::default();
    keys.add_jwks(None, Path::new("vector"), &jwk.to_string())
        .expect("a JWK");
    keys
}

fn check(keys: &SigningKeys, token: &str) -> Signature {
    keys.check(token, &decode(token, &crate::jws::ClaimNames::default()))
}

/// The token with one bit of a part flipped.
fn flipped(token: &str, part: usize, at: usize) -> String {
    let mut parts: Vec<String> = token.split('.').map(str::to_string).collect();
    let mut bytes = URL_SAFE_NO_PAD.decode(&parts[part]).expect("base64url");
    bytes[at] ^= 1 << (at % 8);
    parts[part] = URL_SAFE_NO_PAD.encode(bytes);
    parts.join(".")
}

/// How many bytes a part of the token holds.
fn length(token: &str, part: usize) -> usize {
    let part = token.split('.').nth(part).expect("a part");
    URL_SAFE_NO_PAD.decode(part).expect("base64url").len()
}

#[test]
fn examples_of_the_standards_are_valid_and_one_bit_makes_them_invalid() {
    let vectors: Value = serde_json::from_str(vector_file!("rfc.json")).expect("JSON");
    assert_eq!(array(&vectors).len(), 10);
    for vector in array(&vectors) {
        let (source, token) = (text(vector, "source"), text(vector, "token"));
        let keys = keys_of(&vector["key"]);
        assert_eq!(keys.unsupported().count(), 0, "{source}");
        let wanted = Signature::from_name(text(vector, "signature"));
        assert_eq!(Some(check(&keys, token)), wanted, "{source}");
        if wanted == Some(Signature::Unsigned) {
            continue;
        }
        for part in [1, 2] {
            for at in 0..length(token, part) {
                let flipped = flipped(token, part, at);
                assert_eq!(check(&keys, &flipped), Signature::Invalid, "{source} {at}");
            }
        }
        for at in 0..length(token, 0) {
            let flipped = flipped(token, 0, at);
            assert_ne!(check(&keys, &flipped), Signature::Valid, "{source} {at}");
        }
    }
}

#[test]
fn a_key_of_one_example_signed_no_other() {
    let vectors: Value = serde_json::from_str(vector_file!("rfc.json")).expect("JSON");
    for (i, vector) in array(&vectors).iter().enumerate() {
        for (j, other) in array(&vectors).iter().enumerate() {
            let keys = keys_of(&other["key"]);
            let result = check(&keys, text(vector, "token"));
            let same_key = vector["key"] == other["key"];
            assert!(i == j || same_key || result != Signature::Valid, "{i} {j}");
        }
    }
}

#[test]
fn keys_in_pem_check_the_same() {
    let vectors: Value = serde_json::from_str(vector_file!("rfc.json")).expect("JSON");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/jws");
    for (name, source, algorithm) in [
        ("rfc7515-a2-public.pem", "RFC 7515 appendix A.2", "RS256"),
        (
            "rfc7515-a2-rsa-public.pem",
            "RFC 7515 appendix A.2",
            "RS256",
        ),
        (
            "rfc7515-a2-certificate.pem",
            "RFC 7515 appendix A.2",
            "RS256",
        ),
        ("rfc7515-a3-public.pem", "RFC 7515 appendix A.3", "ES256"),
        (
            "rfc7515-a3-certificate.pem",
            "RFC 7515 appendix A.3",
            "ES256",
        ),
        ("rfc7515-a4-public.pem", "RFC 7515 appendix A.4", "ES512"),
        ("rfc8037-a4-public.pem", "RFC 8037 appendix A.4", "EdDSA"),
    ] {
        let vector = array(&vectors)
            .iter()
            .find(|vector| text(vector, "source") == source);
        let token = text(vector.expect("a vector"), "token");
        for algorithm in [None, Some(algorithm)] {
            let mut keys = SigningKeys::default();
            keys.load_pem(None, "k", algorithm, &folder.join(name))
                .expect("a key");
            assert_eq!(check(&keys, token), Signature::Valid, "{name}");
        }
    }
}

/// Cases where the published result is not what is wanted here.
static DEVIATIONS: [(u64, Signature, &str); 8] = [
    (
        346,
        Signature::Mismatch,
        "the key is for PS256, the token says PS384",
    ),
    (
        347,
        Signature::Mismatch,
        "the key is for ES521, which is no algorithm",
    ),
    (350, Signature::Mismatch, "as 346"),
    (351, Signature::Mismatch, "as 347"),
    (
        367,
        Signature::Valid,
        "the same token as 357, which is valid",
    ),
    (
        370,
        Signature::Valid,
        "the same token as 357, which is valid",
    ),
    (
        372,
        Signature::Unreadable,
        "there is a `?` in the header, so it is no base64url",
    ),
    (
        373,
        Signature::Unreadable,
        "there is a `?` in the payload, so it is no base64url",
    ),
];

#[test]
fn wycheproof_vectors() {
    let file = vector_file!("wycheproof-json_web_signature_selection.json");
    let vectors: Value = serde_json::from_str(file).expect("JSON");
    let (mut valid, mut invalid, mut deviating) = (0, 0, 0);
    for group in array(&vectors["testGroups"]) {
        // A shared secret is listed as private.
        let key = group.get("public").or_else(|| group.get("private"));
        let keys = keys_of(key.expect("a key"));
        for test in array(&group["tests"]) {
            let id = test["tcId"].as_u64().expect("a number");
            let result = check(&keys, text(test, "jws"));
            let deviation = DEVIATIONS.iter().find(|(own, _, _)| *own == id);
            if let Some((_, wanted, why)) = deviation {
                assert_eq!(result, *wanted, "{id}: {why}");
                deviating += 1;
            } else if text(test, "result") == "valid" {
                assert_eq!(result, Signature::Valid, "{id}");
                valid += 1;
            } else {
                assert_ne!(result, Signature::Valid, "{id}");
                invalid += 1;
            }
        }
    }
    let all = vectors["numberOfTests"].as_u64().expect("a number");
    assert_eq!(valid + invalid + deviating, all);
    assert_eq!((valid, deviating), (17, 8));
}
