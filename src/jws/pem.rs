//! Reads public keys in PEM (RFC 7468).
//!
//! These are `PUBLIC KEY` (RFC 5280 section 4.1.2.7), `RSA PUBLIC KEY` (RFC 8017 appendix A.1.1), and the
//! key of a `CERTIFICATE` (RFC 5280 section 4.1). Of a certificate nothing but the key is read: who vouched
//! for it, and until when, does not tell who could sign with it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::material::{CURVES, Kind, Material};

/// Whether `text` holds a private key, in any form, even a broken one.
pub(super) fn has_private_key(text: &str) -> bool {
    text.lines()
        .any(|line| label(line, "BEGIN").is_some_and(|label| label.ends_with("PRIVATE KEY")))
}

/// The one key in `text`; or what is wrong with the text.
pub(super) fn public_key(text: &str) -> Result<Material, String> {
    let blocks = blocks(text)?;
    let [(label, der)] = blocks.as_slice() else {
        return Err(match blocks.len() {
            0 => "there is no PEM block in the file".into(),
            count => format!("there are {count} PEM blocks in the file, where one is expected"),
        });
    };
    let key = match label.as_str() {
        "PUBLIC KEY" => whole(der).and_then(subject_public_key),
        "RSA PUBLIC KEY" => rsa_public_key(der),
        "CERTIFICATE" => certificate(der),
        _ => return Err(format!("a PEM block `{label}` is no public key")),
    };
    key.ok_or_else(|| format!("the PEM block `{label}` is broken"))
}

/// The label of a line such as `-----BEGIN PUBLIC KEY-----`; `place` is `BEGIN` or `END`.
fn label<'a>(line: &'a str, place: &str) -> Option<&'a str> {
    line.trim()
        .strip_prefix("-----")?
        .strip_suffix("-----")?
        .strip_prefix(place)?
        .strip_prefix(' ')
}

/// The blocks with their labels. Text between blocks is skipped (RFC 7468 section 2).
fn blocks(text: &str) -> Result<Vec<(String, Vec<u8>)>, String> {
    let mut blocks = Vec::new();
    let mut open: Option<(&str, String)> = None;
    for line in text.lines() {
        match open.as_mut() {
            None => open = label(line, "BEGIN").map(|label| (label, String::new())),
            Some((begun, body)) => match label(line, "END") {
                None => body.push_str(line.trim()),
                Some(ended) if ended == *begun => {
                    let der = STANDARD
                        .decode(body.as_str())
                        .map_err(|_| format!("the PEM block `{begun}` is no base64"))?;
                    blocks.push((ended.to_string(), der));
                    open = None;
                }
                Some(ended) => {
                    return Err(format!("the PEM block `{begun}` ends as a block `{ended}`"));
                }
            },
        }
    }
    match open {
        Some((begun, _)) => Err(format!("the PEM block `{begun}` does not end")),
        None => Ok(blocks),
    }
}

// The tags of elements of DER that keys are made of.
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const NULL: u8 = 0x05;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
/// The tag of a certificate's version.
const VERSION: u8 = 0xa0;

/// `rsaEncryption` of RFC 8017 appendix A.1.
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// `id-ecPublicKey` of RFC 5480 section 2.1.1.
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// `id-Ed25519` of RFC 8410 section 3.
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

/// Reads DER (X.690 section 10) element by element.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// The content of the next element, which must have that tag.
    ///
    /// As DER demands, the length must be written in its shortest form.
    fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (own, rest) = self.0.split_first()?;
        let (first, rest) = rest.split_first()?;
        // A length below 128 is one byte. Else the low seven bits of that byte count the bytes that follow.
        let (length, rest) = if *first < 0x80 {
            (usize::from(*first), rest)
        } else {
            let (digits, rest) = rest.split_at_checked(usize::from(*first & 0x7f))?;
            // Three bytes are 16 MiB, more than any key file has; a leading zero is no shortest form.
            if digits.len() > 3 || *digits.first()? == 0 {
                return None;
            }
            let length = digits
                .iter()
                .fold(0_usize, |length, digit| (length << 8) | usize::from(*digit));
            if length < 0x80 {
                return None;
            }
            (length, rest)
        };
        let (content, rest) = rest.split_at_checked(length)?;
        if *own != tag {
            return None;
        }
        self.0 = rest;
        Some(content)
    }

    /// A positive number without its leading zero.
    fn number(&mut self) -> Option<&'a [u8]> {
        match self.take(INTEGER)? {
            // Nothing, zero, a negative number, or a zero that is not needed to keep the number positive.
            [] | [0] | [0x80..=0xff, ..] | [0, 0..=0x7f, ..] => None,
            [0, number @ ..] => Some(number),
            number => Some(number),
        }
    }

    /// `None` if anything is left.
    fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

/// The content of the one sequence that `der` is.
fn whole(der: &[u8]) -> Option<&[u8]> {
    let mut reader = Reader(der);
    let content = reader.take(SEQUENCE)?;
    reader.end()?;
    Some(content)
}

fn rsa_public_key(der: &[u8]) -> Option<Material> {
    let mut reader = Reader(whole(der)?);
    let (modulus, exponent) = (reader.number()?, reader.number()?);
    reader.end()?;
    Some(Material::rsa(modulus, exponent))
}

fn certificate(der: &[u8]) -> Option<Material> {
    let mut signed = Reader(whole(der)?);
    let mut fields = Reader(signed.take(SEQUENCE)?);
    // The algorithm and the signature of whoever vouched for the key.
    signed.take(SEQUENCE)?;
    signed.take(BIT_STRING)?;
    signed.end()?;
    if fields.0.first() == Some(&VERSION) {
        fields.take(VERSION)?;
    }
    // The serial number; then algorithm, issuer, validity and subject.
    fields.take(INTEGER)?;
    for _ in 0..4 {
        fields.take(SEQUENCE)?;
    }
    subject_public_key(fields.take(SEQUENCE)?)
}

/// The content of a `SubjectPublicKeyInfo`.
fn subject_public_key(content: &[u8]) -> Option<Material> {
    let mut reader = Reader(content);
    let mut algorithm = Reader(reader.take(SEQUENCE)?);
    let bits = reader.take(BIT_STRING)?;
    reader.end()?;
    // The first byte counts unused bits of the last one; keys consist of whole bytes.
    let (unused, key) = bits.split_first()?;
    if *unused != 0 {
        return None;
    }
    let unusable = |kind: Kind, why: &str| Material::Unusable {
        kind,
        bytes: content.to_vec(),
        why: why.to_string(),
    };
    match algorithm.take(OBJECT_IDENTIFIER)? {
        RSA => {
            if algorithm.end().is_none() {
                algorithm.take(NULL)?;
                algorithm.end()?;
            }
            rsa_public_key(key)
        }
        EC => {
            let identifier = algorithm.take(OBJECT_IDENTIFIER)?;
            algorithm.end()?;
            let known = CURVES.iter().find(|curve| curve.identifier == identifier);
            let Some(curve) = known else {
                return Some(unusable(Kind::Ec, "a curve that is not supported"));
            };
            // A byte for the form, then two coordinates, or one if the point is compressed.
            let sizes = [2 * curve.size + 1, curve.size + 1];
            let point = key.to_vec();
            sizes
                .contains(&point.len())
                .then_some(Material::Ec { curve, point })
        }
        ED25519 => {
            algorithm.end()?;
            (key.len() == 32).then(|| Material::Ed25519(key.to_vec()))
        }
        _ => Some(unusable(Kind::Other, "a kind of key that is not supported")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! vector_file {
        ($name:literal) => {
            include_str!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/tests/vectors/jws/",
                $name
            ))
        };
    }

    fn fingerprint(text: &str) -> Result<[u8; 32], String> {
        public_key(text).map(|key| key.fingerprint())
    }

    #[test]
    fn all_forms_of_a_key_are_one_key() {
        let rsa = fingerprint(vector_file!("rfc7515-a2-public.pem"));
        assert!(rsa.is_ok());
        assert_eq!(rsa, fingerprint(vector_file!("rfc7515-a2-rsa-public.pem")));
        assert_eq!(rsa, fingerprint(vector_file!("rfc7515-a2-certificate.pem")));
        let ec = fingerprint(vector_file!("rfc7515-a3-public.pem"));
        assert!(ec.is_ok() && ec != rsa);
        assert_eq!(ec, fingerprint(vector_file!("rfc7515-a3-certificate.pem")));
    }

    #[test]
    fn text_around_a_block_is_passed_over() {
        let file = vector_file!("rfc7515-a3-public.pem");
        let text = format!("subject: x\n{}\nthe end\n", file.replace('\n', "\r\n"));
        assert_eq!(fingerprint(&text), fingerprint(file));
    }

    #[test]
    fn a_key_of_another_kind_is_kept_but_unusable() {
        let key = public_key(vector_file!("secp256k1-public.pem")).expect("a key");
        assert_eq!(key.kind(), Kind::Ec);
        assert!(key.verifiers().is_err());
    }

    #[test]
    fn says_what_is_wrong() {
        let file = vector_file!("rfc7515-a3-public.pem");
        for (text, wanted) in [
            (String::new(), "no PEM block"),
            (file.repeat(2), "2 PEM blocks"),
            (file.replace("END PUBLIC", "END RSA PUBLIC"), "ends as"),
            (file.replace("-----END", "----END"), "does not end"),
            (file.replace("MFk", "M?k"), "no base64"),
            (file.replace("MFk", "MFg"), "broken"),
            (file.replace("PUBLIC KEY", "X509 CRL"), "no public key"),
        ] {
            let error = public_key(&text).err().unwrap_or_default();
            assert!(error.contains(wanted), "{wanted}: {error}");
        }
        assert!(!has_private_key(file));
        for label in ["PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY"] {
            assert!(has_private_key(&format!("{file} -----BEGIN {label}----- ")));
        }
    }

    #[test]
    fn a_cut_or_lengthened_key_is_none() {
        for file in [
            vector_file!("rfc7515-a2-certificate.pem"),
            vector_file!("rfc7515-a2-public.pem"),
            vector_file!("rfc7515-a2-rsa-public.pem"),
            vector_file!("rfc7515-a4-public.pem"),
            vector_file!("rfc8037-a4-public.pem"),
        ] {
            let (label, der) = blocks(file).expect("blocks").remove(0);
            let read = |der: &[u8]| {
                let body = STANDARD.encode(der);
                public_key(&format!(
                    "-----BEGIN {label}-----\n{body}\n-----END {label}-----"
                ))
            };
            assert!(read(&der).is_ok());
            for length in 0..der.len() {
                assert!(read(&der[..length]).is_err(), "{label} {length}");
            }
            assert!(read(&[&der[..], &[0]].concat()).is_err());
            for at in 0..der.len() {
                for flip in [0x01, 0x80, 0xff] {
                    let mut broken = der.clone();
                    broken[at] ^= flip;
                    // Whatever it is now, it is read without a panic.
                    let _ = read(&broken).map(|key| key.verifiers().is_ok());
                }
            }
        }
    }

    #[test]
    fn lengths_and_numbers_have_one_form() {
        let take = |der: &[u8]| Reader(der).take(SEQUENCE).map(<[u8]>::len);
        assert_eq!(take(&[0x30, 1, 9]), Some(1));
        assert_eq!(take(&[0x31, 1, 9]), None);
        assert_eq!(take(&[0x30, 0x81, 1, 9]), None, "a longer form");
        assert_eq!(take(&[0x30, 0x80, 9, 0, 0]), None, "no length");
        assert_eq!(take(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), None);
        assert_eq!(take(&[0x30, 0xff]), None);
        let long = [&[0x30_u8, 0x81, 0x80][..], &[0; 0x80]].concat();
        assert_eq!(take(&long), Some(0x80));

        let number = |content: &[u8]| {
            let length = u8::try_from(content.len()).expect("a short number");
            let der = [&[INTEGER, length][..], content].concat();
            Reader(&der).number().map(<[u8]>::to_vec)
        };
        assert_eq!(number(&[1, 2]), Some(vec![1, 2]));
        assert_eq!(number(&[0, 0x80]), Some(vec![0x80]));
        for bad in [&[][..], &[0], &[0x80], &[0xff, 1], &[0, 1], &[0, 0, 0x80]] {
            assert_eq!(number(bad), None, "{bad:?}");
        }
    }
}
