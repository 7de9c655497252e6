//! Hashes of files, texts and tokens, and the fingerprints by which records meet.

mod mask;

pub(crate) use mask::{masked, may_hold_token};

use std::fs::File;
use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};

/// Bytes in hexadecimal, in small letters.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            write!(text, "{byte:02x}").expect("writing to a string");
            text
        })
}

/// SHA-256 of a file, in hexadecimal.
pub fn hash_file(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut chunk = vec![0; 1 << 18];
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok(hex(&hash.finalize())),
            length => hash.update(&chunk[..length]),
        }
    }
}

/// SHA-256 of a text, in hexadecimal.
pub fn hash_text(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

/// The text that stands for a token in every output: `sha256:` and its hash.
///
/// A token is a secret while it is valid, so no frame and no report holds one. Its hash still tells two
/// tokens apart, and whoever has the token can compute it.
pub fn token_hash(token: &str) -> String {
    format!("sha256:{}", hash_text(token))
}

/// The first 128 bits of SHA-256 over `parts`.
///
/// The length of each part is hashed before the part. So two lists have one fingerprint only if they have
/// the same parts, whatever an attacker writes into them.
pub fn fingerprint(parts: &[&[u8]]) -> u128 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let digest = hash.finalize();
    u128::from_be_bytes(digest[..16].try_into().expect("a digest has 32 bytes"))
}

/// The fingerprint of a session id.
pub fn session_fingerprint(session: &str) -> u128 {
    fingerprint(&[session.as_bytes()])
}

/// The fingerprint of a token id, by which its issuance records and its uses meet.
pub fn id_fingerprint(issuer: &str, token_id: &str) -> u128 {
    fingerprint(&[issuer.as_bytes(), token_id.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_hashed_as_its_bytes_are() {
        assert_eq!(
            token_hash("abc"),
            "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
