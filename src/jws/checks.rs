//! Tests of [`SigningKeys`](super::SigningKeys) on tokens and keys made here.

use std::path::Path;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{Signature, SigningKeys, UnsupportedKey, decode};

const SECRET: &[u8] = b"a secret that is long enough for it";

fn part(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn signed(header: &str, payload: &str) -> String {
    let message = format!("{}.{}", part(header), part(payload));
    let tag = hmac::sign(
        &hmac::Key::new(hmac::HMAC_SHA256, SECRET),
        message.as_bytes(),
    );
    format!("{message}.{}", part(tag))
}

fn oct(id: &str, secret: &[u8], more: &str) -> String {
    format!(
        r#"{{"kty":"oct","kid":"{id}","k":"{}"{more}}}"#,
        part(secret)
    )
}

/// Keys of one issuer each.
fn keys(jwks: &[(Option<&str>, &str)]) -> SigningKeys {
    let mut keys = SigningKeys::default();
    for (issuer, text) in jwks {
        let added = keys.add_jwks(*issuer, Path::new("keys.json"), text);
        added.expect("a JWK set");
    }
    keys
}

fn error(issuer: Option<&str>, jwks: &[&str]) -> String {
    let mut keys = SigningKeys::default();
    let path = Path::new("keys.json");
    let found = jwks
        .iter()
        .find_map(|text| keys.add_jwks(issuer, path, text).err());
    found.expect("an error").to_string()
}

fn check(keys: &SigningKeys, token: &str) -> Signature {
    keys.check(token, &decode(token, &crate::jws::ClaimNames::default()))
}

fn vector(name: &str) -> std::path::PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join("tests/vectors/jws").join(name)
}

#[test]
fn a_key_is_of_its_issuer_and_name() {
    let (key, other) = (oct("k", SECRET, ""), oct("k", b"other", ""));
    let keys = keys(&[(Some("a"), key.as_str()), (Some("b"), other.as_str())]);
    for (header, payload, wanted) in [
        (
            r#"{"alg":"HS256","kid":"k"}"#,
            r#"{"iss":"a"}"#,
            Signature::Valid,
        ),
        (
            r#"{"alg":"HS256","kid":"k"}"#,
            r#"{"iss":"b"}"#,
            Signature::Invalid,
        ),
        (
            r#"{"alg":"HS256","kid":"k"}"#,
            r#"{"iss":"c"}"#,
            Signature::NoKey,
        ),
        (r#"{"alg":"HS256","kid":"k"}"#, "{}", Signature::NoKey),
        (
            r#"{"alg":"HS256","kid":"K"}"#,
            r#"{"iss":"a"}"#,
            Signature::NoKey,
        ),
        (r#"{"alg":"HS256"}"#, r#"{"iss":"a"}"#, Signature::Valid),
        (r#"{"alg":"HS256"}"#, r#"{"iss":"b"}"#, Signature::Invalid),
        (r#"{"alg":"HS256"}"#, r#"{"iss":"c"}"#, Signature::NoKey),
        (r#"{"alg":"RS256"}"#, r#"{"iss":"a"}"#, Signature::NoKey),
        (
            r#"{"alg":"RS256","kid":"k"}"#,
            r#"{"iss":"a"}"#,
            Signature::Mismatch,
        ),
        (
            r#"{"alg":"HS1","kid":"k"}"#,
            r#"{"iss":"a"}"#,
            Signature::Unsupported,
        ),
        (r#"{"alg":"HS1"}"#, r#"{"iss":"a"}"#, Signature::Unsupported),
        (
            r#"{"alg":"HS384","kid":"k"}"#,
            r#"{"iss":"a"}"#,
            Signature::Invalid,
        ),
        (r#"{"kid":"k"}"#, r#"{"iss":"a"}"#, Signature::Unreadable),
        (
            r#"{"alg":"HS256","kid":1}"#,
            r#"{"iss":"a"}"#,
            Signature::NoKey,
        ),
        (
            r#"{"alg":"HS256","alg":"HS256"}"#,
            r#"{"iss":"a"}"#,
            Signature::Unreadable,
        ),
        (
            r#"{"alg":"HS256","crit":[]}"#,
            r#"{"iss":"a"}"#,
            Signature::Unsupported,
        ),
        (
            r#"{"alg":"NONE","kid":"k"}"#,
            r#"{"iss":"a"}"#,
            Signature::Unsigned,
        ),
    ] {
        let token = signed(header, payload);
        assert_eq!(check(&keys, &token), wanted, "{header} {payload}");
    }
    let token = signed(r#"{"alg":"HS256","kid":"k"}"#, r#"{"iss":"a"}"#);
    let (message, _) = token.rsplit_once('.').expect("a signature");
    assert_eq!(check(&keys, &format!("{message}.")), Signature::Unsigned);
    assert_eq!(check(&keys, message), Signature::Unreadable);
    let longer = token.clone() + "A";
    assert_eq!(check(&keys, &longer), Signature::Invalid);
    let longer = token.clone() + "AA";
    assert_eq!(check(&keys, &longer), Signature::Unreadable);
}

#[test]
fn a_key_without_an_issuer_is_of_any() {
    let keys = keys(&[(None, oct("k", SECRET, "").as_str())]);
    for payload in [r#"{"iss":"a"}"#, "{}", "no JSON"] {
        let token = signed(r#"{"alg":"HS256","kid":"k"}"#, payload);
        assert_eq!(check(&keys, &token), Signature::Valid, "{payload}");
    }
}

#[test]
fn a_key_is_for_what_its_owner_says() {
    for (more, wanted, reported) in [
        (
            r#","alg":"HS256","use":"sig","key_ops":["sign","verify"]"#,
            Signature::Valid,
            false,
        ),
        (r#","alg":"HS512""#, Signature::Mismatch, false),
        (r#","use":"enc""#, Signature::Mismatch, false),
        (r#","use":"enc","alg":"A128KW""#, Signature::Mismatch, false),
        (r#","key_ops":["encrypt"]"#, Signature::Mismatch, false),
        (r#","key_ops":[]"#, Signature::Mismatch, false),
        (r#","alg":"RS256""#, Signature::Mismatch, true),
        (r#","use":"tls""#, Signature::Unsupported, true),
        (r#","use":1"#, Signature::Unsupported, true),
        (r#","key_ops":"verify""#, Signature::Unsupported, true),
        (r#","alg":1"#, Signature::Unsupported, true),
    ] {
        let keys = keys(&[(None, oct("k", SECRET, more).as_str())]);
        let token = signed(r#"{"alg":"HS256","kid":"k"}"#, "{}");
        assert_eq!(check(&keys, &token), wanted, "{more}");
        assert_eq!(keys.unsupported().count() == 1, reported, "{more}");
    }
}

#[test]
fn keys_that_are_not_known_are_reported() {
    let small = format!(
        r#"{{"kty":"RSA","kid":"r","n":"{}","e":"Aw"}}"#,
        part([0xff_u8; 128])
    );
    for (jwk, why) in [
        (small.as_str(), "1024 bits"),
        (r#"{"kty":"AKP","kid":"r"}"#, "`AKP` is not known"),
        (r#"{"kty":"EC","kid":"r","crv":"secp256k1"}"#, "`secp256k1`"),
        (
            r#"{"kty":"EC","kid":"r","crv":"P-256","x":"AA","y":"AA"}"#,
            "32 bytes",
        ),
        (
            r#"{"kty":"OKP","kid":"r","crv":"X25519","x":"AA"}"#,
            "`X25519`",
        ),
        (
            r#"{"kty":"OKP","kid":"r","crv":"Ed25519","x":"AA"}"#,
            "32 bytes",
        ),
        (r#"{"kty":"RSA","kid":"r","n":"AA=="}"#, "`n`"),
        (r#"{"kty":"oct","kid":"r","k":""}"#, "empty"),
        (r#"{"kty":"oct","kid":1,"k":"AA"}"#, "`kid`"),
    ] {
        let keys = keys(&[(Some("a"), format!(r#"{{"keys":[{jwk}]}}"#).as_str())]);
        let found: Vec<UnsupportedKey<'_>> = keys.unsupported().collect();
        assert!(found.len() == 1 && found[0].why.contains(why), "{found:?}");
        assert_eq!(found[0].issuer, Some("a"));
    }
    let keys = keys(&[(None, small.as_str())]);
    let token = |algorithm: &str| signed(&format!(r#"{{"alg":"{algorithm}","kid":"r"}}"#), "{}");
    assert_eq!(check(&keys, &token("RS256")), Signature::Unsupported);
    assert_eq!(check(&keys, &token("HS256")), Signature::Mismatch);
}

#[test]
fn says_why_a_set_is_none() {
    assert!(error(None, &["{\n\"keys\": x}"]).starts_with("keys.json:2:"));
    assert!(error(None, &["[]"]).contains("neither a JWK set nor a JWK"));
    assert!(error(None, &["{}"]).contains("neither a JWK set nor a JWK"));
    assert!(error(None, &[r#"{"keys":{}}"#]).contains("neither a JWK set nor a JWK"));
    assert!(error(None, &[r#"{"keys":[1]}"#]).contains("no object"));
    let private = r#"{"keys":[{"kty":"EC","crv":"P-256","d":"AA"}]}"#;
    assert!(error(None, &[private]).contains("keep no private key in a case"));

    let (one, other) = (oct("k", b"one", ""), oct("k", b"other", ""));
    let (one, other) = (one.as_str(), other.as_str());
    assert!(error(Some("a"), &[one, one, other]).contains("keys `k` of the issuer `a`"));
    let both = keys(&[(None, one), (None, one), (Some("a"), other)]);
    assert_eq!(both.len(), 2);
}

#[test]
fn loads_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("a file");
        path
    };
    let token = signed(r#"{"alg":"HS256","kid":"k"}"#, r#"{"iss":"a"}"#);
    for (end, wanted) in [
        ("", Signature::Valid),
        ("\n", Signature::Valid),
        ("\r\n", Signature::Valid),
        ("\n\n", Signature::Invalid),
    ] {
        let path = write("secret", &[SECRET, end.as_bytes()].concat());
        let mut keys = SigningKeys::default();
        keys.load_secret(Some("a"), "k", Some("HS256"), &path)
            .expect("a secret");
        assert_eq!(check(&keys, &token), wanted, "{end:?}");
    }
    let mut keys = SigningKeys::default();
    let jwks = format!("\u{feff}{}", oct("k", SECRET, ""));
    keys.load_jwks(Some("a"), &write("jwks.json", jwks.as_bytes()))
        .expect("a JWK");
    assert_eq!(check(&keys, &token), Signature::Valid);

    let private = write("private.pem", b"-----BEGIN RSA PRIVATE KEY-----\n");
    let pem = vector("rfc7515-a3-public.pem");
    let large = write("large", &vec![b'x'; 5 * 1024 * 1024]);
    let missing = folder.path().join("missing");
    for (outcome, wanted) in [
        (
            keys.load_pem(None, "p", None, &private),
            "keep no private key in a case",
        ),
        (
            keys.load_jwks(None, &private),
            "keep no private key in a case",
        ),
        (
            keys.load_secret(None, "p", None, &private),
            "keep no private key in a case",
        ),
        (keys.load_secret(None, "p", None, &pem), "no shared secret"),
        (
            keys.load_secret(None, "p", None, &write("empty", b"\n")),
            "the secret is empty",
        ),
        (
            keys.load_secret(None, "p", Some("RS256"), &write("s", SECRET)),
            "not one of this key",
        ),
        (
            keys.load_pem(None, "p", Some("HS256"), &pem),
            "which are ES256",
        ),
        (
            keys.load_pem(None, "p", Some("ES265"), &pem),
            "did you mean `ES256`?",
        ),
        (
            keys.load_pem(None, "p", None, &write("der", b"\x30\x82")),
            "the file is no text",
        ),
        (keys.load_pem(None, "p", None, &large), "too large"),
        (
            keys.load_pem(None, "p", None, &missing),
            "cannot read the key file",
        ),
    ] {
        let error = outcome.expect_err(wanted).to_string();
        assert!(error.contains(wanted), "{error}");
    }
    assert_eq!(keys.len(), 1);
}

#[test]
fn a_public_key_is_no_shared_secret() {
    // The attack of RFC 8725 section 2.1: the public key's own text as the secret.
    let path = vector("rfc7515-a2-public.pem");
    let text = std::fs::read(&path).expect("a key");
    let mut keys = SigningKeys::default();
    keys.load_pem(None, "k", None, &path).expect("a key");
    let message = format!("{}.{}", part(r#"{"alg":"HS256","kid":"k"}"#), part("{}"));
    let tag = hmac::sign(
        &hmac::Key::new(hmac::HMAC_SHA256, &text),
        message.as_bytes(),
    );
    let token = format!("{message}.{}", part(tag));
    assert_eq!(check(&keys, &token), Signature::Mismatch);
}
