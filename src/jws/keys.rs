//! Holds the signing keys that a responder names, and says whether one of them signed a token.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde_json::{Map, Value};

use super::claims::Decoded;
use super::jwk::Jwk;
use super::material::{ALGORITHMS, Kind, Material, Verifier};
use super::parts::{Signed, Taken, take_apart};
use super::pem;
use super::signature::Signature;
use crate::error::{Error, Position, Result};

/// Bytes of the largest key file. Key files are small, and a log named by mistake is not read to its end.
const FILE_LIMIT: u64 = 4 * 1024 * 1024;

/// The signing keys of a case.
#[derive(Debug, Default)]
pub struct SigningKeys {
    keys: Vec<Key>,
}

/// A key that was read, but with which no signature can be verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnsupportedKey<'a> {
    /// The issuer whose key it is; `None` for any issuer.
    pub issuer: Option<&'a str>,
    /// Its `kid` (RFC 7517 section 4.5).
    pub key_id: Option<&'a str>,
    /// Why, as a part of a sentence.
    pub why: &'a str,
}

/// A key, and what it is for.
#[derive(Debug)]
struct Key {
    issuer: Option<String>,
    id: Option<String>,
    kind: Kind,
    /// A hash of its material.
    fingerprint: [u8; 32],
    /// The one algorithm that it is for, if its owner names one.
    algorithm: Option<String>,
    /// Whether it is for signatures at all.
    for_signatures: bool,
    /// The algorithms that it can verify, each ready for use.
    verifiers: Vec<(&'static str, Verifier)>,
    /// Why no signature can be verified with it.
    unsupported: Option<String>,
}

impl SigningKeys {
    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// How many keys there are, unsupported ones included.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// The `kid` of each key, in the order in which they were read.
    pub fn ids(&self) -> impl Iterator<Item = Option<&str>> {
        self.keys.iter().map(|key| key.id.as_deref())
    }

    /// Reads a JWK set or one JWK (RFC 7517 sections 4 and 5).
    ///
    /// The keys sign tokens of `issuer`, or of any issuer if it is `None`. Keys of unknown kinds are kept as
    /// unsupported.
    pub fn load_jwks(&mut self, issuer: Option<&str>, path: &Path) -> Result<()> {
        let bytes = read(path)?;
        let text = text(path, &bytes)?;
        self.add_jwks(issuer, path, text)
    }

    /// Reads a public key or a certificate in PEM (RFC 7468).
    ///
    /// If `algorithm` is given, the key is for that algorithm alone.
    pub fn load_pem(
        &mut self,
        issuer: Option<&str>,
        key_id: &str,
        algorithm: Option<&str>,
        path: &Path,
    ) -> Result<()> {
        let bytes = read(path)?;
        let text = text(path, &bytes)?;
        let material = pem::public_key(text).map_err(|what| {
            Error::case(path, what).hint("a key file holds one public key or certificate in PEM")
        })?;
        self.add_named(issuer, key_id, algorithm, path, &material)
    }

    /// Reads a shared secret: the bytes of the file, without a line break at their end.
    pub fn load_secret(
        &mut self,
        issuer: Option<&str>,
        key_id: &str,
        algorithm: Option<&str>,
        path: &Path,
    ) -> Result<()> {
        let bytes = read(path)?;
        if std::str::from_utf8(&bytes).is_ok_and(pem::has_private_key) {
            return Err(private_key(path));
        }
        if bytes.starts_with(b"-----BEGIN ") {
            return Err(Error::case(path, "a key in PEM is no shared secret")
                .hint("name a public key as one; as a secret it would make forged tokens valid"));
        }
        let secret = bytes
            .strip_suffix(b"\r\n")
            .or_else(|| bytes.strip_suffix(b"\n"))
            .unwrap_or(&bytes);
        if secret.is_empty() {
            return Err(Error::case(path, "the secret is empty")
                .hint("anybody can sign with an empty secret; name the file that holds it"));
        }
        let material = Material::Secret(secret.to_vec());
        self.add_named(issuer, key_id, algorithm, path, &material)
    }

    /// The issuer (`None` for any issuer) and the `kid` of each key with which signatures are checked.
    pub fn supported(&self) -> impl Iterator<Item = (Option<&str>, Option<&str>)> {
        let for_them = |key: &&Key| key.for_signatures && key.unsupported.is_none();
        let supported = self.keys.iter().filter(for_them);
        supported.map(|key| (key.issuer.as_deref(), key.id.as_deref()))
    }

    /// The keys with which no signature can be verified, in the order in which they were read.
    pub fn unsupported(&self) -> impl Iterator<Item = UnsupportedKey<'_>> {
        self.keys.iter().filter_map(|key| {
            Some(UnsupportedKey {
                issuer: key.issuer.as_deref(),
                key_id: key.id.as_deref(),
                why: key.unsupported.as_deref()?,
            })
        })
    }

    /// Whether a key of its issuer signed `token`; `decoded` is what was read from the token.
    ///
    /// A token that names a key is checked against the keys of exactly that name. One that names none is
    /// checked against all keys of its issuer. Only the issuer is taken from `decoded`; the header is read
    /// again from the token.
    pub fn check(&self, token: &str, decoded: &Decoded) -> Signature {
        let signed = match take_apart(token) {
            Taken::Unreadable => return Signature::Unreadable,
            Taken::Unsigned => return Signature::Unsigned,
            Taken::Critical => return Signature::Unsupported,
            Taken::Signed(signed) => signed,
        };
        let issuer = decoded.issuer.as_deref();
        let of_issuer = self.keys.iter().filter(|key| {
            let own = key.issuer.as_deref();
            own.is_none() || own == issuer
        });
        // Of several results the least counts: the order of `Signature` is valid, invalid, mismatch,
        // unsupported.
        match &signed.key_id {
            Some(id) => of_issuer
                .filter(|key| key.id.as_ref() == Some(id))
                .map(|key| key.check(&signed))
                .min()
                .unwrap_or(Signature::NoKey),
            None if Kind::of(&signed.algorithm).is_none() => Signature::Unsupported,
            None => of_issuer
                .map(|key| key.check(&signed))
                .filter(|result| matches!(result, Signature::Valid | Signature::Invalid))
                .min()
                .unwrap_or(Signature::NoKey),
        }
    }

    /// Adds the keys of a JWK set or one JWK, which is the `text` of the file at `path`.
    pub(super) fn add_jwks(&mut self, issuer: Option<&str>, path: &Path, text: &str) -> Result<()> {
        let hint = "name a JWK set, such as an issuer's jwks.json, or one JWK";
        let parsed: Value = serde_json::from_str(text).map_err(|source| {
            let position = Position {
                line: source.line().max(1),
                column: source.column().max(1),
            };
            Error::case(path, format!("the file is no JSON: {source}"))
                .at(position)
                .hint(hint)
                .with_source(source)
        })?;
        let not_a_set = || Error::case(path, "the file is neither a JWK set nor a JWK").hint(hint);
        let object = parsed.as_object().ok_or_else(not_a_set)?;
        let Some(keys) = object.get("keys") else {
            if !object.contains_key("kty") {
                return Err(not_a_set());
            }
            return self.add_jwk(issuer, path, object);
        };
        for key in keys.as_array().ok_or_else(not_a_set)? {
            let key = key
                .as_object()
                .ok_or_else(|| Error::case(path, "a member of `keys` is no object").hint(hint))?;
            self.add_jwk(issuer, path, key)?;
        }
        Ok(())
    }

    fn add_jwk(
        &mut self,
        issuer: Option<&str>,
        path: &Path,
        members: &Map<String, Value>,
    ) -> Result<()> {
        let jwk = Jwk::read(members).ok_or_else(|| private_key(path))?;
        let mut key = Key::new(issuer, jwk.id, jwk.algorithm, &jwk.material);
        key.for_signatures = jwk.for_signatures;
        let misfit = key.serves_its_algorithm().err();
        key.unsupported = key.unsupported.or(jwk.unknown).or(misfit);
        if key.unsupported.is_some() {
            key.verifiers.clear();
        }
        if !key.for_signatures {
            // A key for encryption is no mistake, so nothing in it is reported.
            key.unsupported = None;
        }
        self.add(path, key)
    }

    /// Adds a key whose `kid` and algorithm the case file names.
    fn add_named(
        &mut self,
        issuer: Option<&str>,
        key_id: &str,
        algorithm: Option<&str>,
        path: &Path,
        material: &Material,
    ) -> Result<()> {
        if let Some(name) = algorithm
            && Kind::of(name).is_none()
        {
            let error = Error::case(path, format!("the algorithm `{name}` is not known"));
            return Err(error
                .did_you_mean(name, ALGORITHMS)
                .hint(format!("the algorithms are {}", ALGORITHMS.join(", "))));
        }
        let id = Some(key_id.to_string());
        let key = Key::new(issuer, id, algorithm.map(str::to_string), material);
        key.serves_its_algorithm().map_err(|what| {
            Error::case(path, format!("key `{key_id}`: {what}"))
                .hint("name the algorithm that the issuer signs with, or none")
        })?;
        self.add(path, key)
    }

    /// Adds a key, unless it is there already. Two keys of one name and issuer are an error.
    fn add(&mut self, path: &Path, key: Key) -> Result<()> {
        let same_name =
            |own: &&Key| own.id.is_some() && own.id == key.id && own.issuer == key.issuer;
        if let Some(other) = self.keys.iter().find(same_name)
            && other.fingerprint != key.fingerprint
        {
            let id = key.id.unwrap_or_default();
            let issuer = key.issuer.map_or_else(
                || "any issuer".to_string(),
                |issuer| format!("the issuer `{issuer}`"),
            );
            return Err(Error::case(
                path,
                format!("there are two different keys `{id}` of {issuer}"),
            )
            .hint("keep the key that the issuer signs with, or name the issuer of each"));
        }
        let known = self.keys.iter().any(|own| {
            own.fingerprint == key.fingerprint
                && own.id == key.id
                && own.issuer == key.issuer
                && own.algorithm == key.algorithm
                && own.for_signatures == key.for_signatures
        });
        if !known {
            self.keys.push(key);
        }
        Ok(())
    }
}

impl Key {
    fn new(
        issuer: Option<&str>,
        id: Option<String>,
        algorithm: Option<String>,
        material: &Material,
    ) -> Self {
        let (verifiers, unsupported) = match material.verifiers() {
            Ok(verifiers) => (verifiers, None),
            Err(why) => (Vec::new(), Some(why)),
        };
        Key {
            issuer: issuer.map(str::to_string),
            id,
            kind: material.kind(),
            fingerprint: material.fingerprint(),
            algorithm,
            for_signatures: true,
            verifiers,
            unsupported,
        }
    }

    /// Fails if the key is said to be for an algorithm that its material does not fit.
    fn serves_its_algorithm(&self) -> Result<(), String> {
        let Some(own) = &self.algorithm else {
            return Ok(());
        };
        let serves = self.verifiers.iter().any(|(name, _)| name == own);
        if serves || self.unsupported.is_some() {
            return Ok(());
        }
        let names: Vec<&str> = self.verifiers.iter().map(|(name, _)| *name).collect();
        Err(format!(
            "the algorithm `{own}` is not one of this key, which are {}",
            names.join(", ")
        ))
    }

    /// Whether this key made the signature, or why that cannot be said.
    fn check(&self, signed: &Signed<'_>) -> Signature {
        let named = signed.algorithm.as_str();
        // `Ed25519` is a second name of the one algorithm of this curve (RFC 9864 section 2.2).
        let same = |own: &str| {
            own == named
                || [own, named]
                    .iter()
                    .all(|name| ["EdDSA", "Ed25519"].contains(name))
        };
        let meant = self.algorithm.as_deref().is_none_or(same);
        let kind = Kind::of(named);
        let other_kind = kind.is_some_and(|kind| kind != self.kind) && self.kind != Kind::Other;
        if !self.for_signatures || !meant || other_kind {
            return Signature::Mismatch;
        }
        if kind.is_none() || self.unsupported.is_some() {
            return Signature::Unsupported;
        }
        match self.verifiers.iter().find(|(name, _)| *name == named) {
            None => Signature::Mismatch,
            Some((_, key)) if key.verifies(signed.message, &signed.signature) => Signature::Valid,
            Some(_) => Signature::Invalid,
        }
    }
}

/// The bytes of a key file.
fn read(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(FILE_LIMIT + 1).read_to_end(&mut bytes))
        .map_err(|source| Error::io("read the key file", path, source))?;
    if bytes.len() as u64 > FILE_LIMIT {
        return Err(Error::case(path, "the file is too large for a key file")
            .hint("a key file has at most 4 MiB; name the file that holds the key"));
    }
    Ok(bytes)
}

/// The text of a key file, without its byte-order mark. Fails if a private key is in it.
fn text<'a>(path: &Path, bytes: &'a [u8]) -> Result<&'a str> {
    let text = std::str::from_utf8(bytes).map_err(|source| {
        let hint = "if the key is in DER, convert it to PEM: openssl pkey -pubin -inform der, \
                    or openssl x509 -inform der";
        Error::case(path, "the file is no text")
            .hint(hint)
            .with_source(source)
    })?;
    if pem::has_private_key(text) {
        return Err(private_key(path));
    }
    Ok(text.trim_start_matches('\u{feff}'))
}

/// The error that a file holds a private key.
fn private_key(path: &Path) -> Error {
    Error::case(path, "the file holds a private key")
        .hint("checks need only the public key; extract it with: openssl pkey -pubout")
        .hint("keep no private key in a case: whoever reads the case could sign tokens with it")
}
