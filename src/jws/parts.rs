//! The parts of a compact JWS: its header, and what its signature is made over.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::Value;

use super::members::{Member, Members};

/// Base64url with or without the padding that RFC 7515 leaves out and some issuers write.
pub(super) const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Bytes of the largest token that is read.
pub(super) const TOKEN_LIMIT: usize = 64 * 1024;
/// Bytes of the largest header that is read, in base64url.
const HEADER_LIMIT: usize = 8 * 1024;

/// A text, or the digits of a number as they are written.
pub(super) fn text_or_number(member: &Member<'_>) -> Option<String> {
    match &member.value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) => Some(member.raw.trim_end().to_string()),
        _ => None,
    }
}

/// What a header says, and the first problem of the header alone.
#[derive(Default)]
pub(super) struct Header {
    pub(super) algorithm: Option<String>,
    pub(super) key_id: Option<String>,
    pub(super) problem: Option<&'static str>,
}

impl Header {
    pub(super) fn read(part: &str) -> Self {
        let mut header = Header::default();
        if part.len() > HEADER_LIMIT {
            return header.with("jws_too_large");
        }
        let text = match text_of(part) {
            Ok(text) => text,
            Err(problem) => return header.with(problem),
        };
        let Some(members) = Members::of(&text) else {
            return header.with("jws_not_json");
        };
        let algorithm = members.get("alg").and_then(|alg| alg.value.as_str());
        header.algorithm = algorithm.map(str::to_string);
        header.key_id = members.get("kid").and_then(text_or_number);
        if members.twice() {
            return header.with("jws_duplicate_member");
        }
        header.problem = match header.algorithm.as_deref() {
            None => Some("jws_no_algorithm"),
            Some(name) if name.eq_ignore_ascii_case("none") => Some("jws_algorithm_none"),
            Some(_) if members.has("crit") => Some("jws_critical"),
            Some(_) if members.has("kid") && header.key_id.is_none() => Some("jws_claim_type"),
            Some(_) => None,
        };
        header
    }

    fn with(mut self, problem: &'static str) -> Self {
        self.problem = Some(problem);
        self
    }
}

/// A token, taken apart so that its signature can be checked.
pub(super) enum Taken<'a> {
    /// It is no compact JWS, or two programs could read its header differently.
    Unreadable,
    /// Nobody signed it.
    Unsigned,
    /// It demands an extension that is not understood.
    Critical,
    /// It has a signature that can be checked.
    Signed(Signed<'a>),
}

/// A signature and the message that it signs.
pub(super) struct Signed<'a> {
    pub(super) algorithm: String,
    pub(super) key_id: Option<String>,
    /// The header and the payload with the dot between, as they stand in the token (RFC 7515 section 5.2).
    pub(super) message: &'a [u8],
    pub(super) signature: Vec<u8>,
}

/// Takes a token apart.
///
/// The payload must be base64url but need not be JSON, since a signature is made over bytes.
pub(super) fn take_apart(token: &str) -> Taken<'_> {
    if token.len() > TOKEN_LIMIT {
        return Taken::Unreadable;
    }
    // A fourth part shows that there are too many.
    let parts: Vec<&str> = token.splitn(4, '.').collect();
    let [head, payload, signature] = parts[..] else {
        return Taken::Unreadable;
    };
    let Ok(signature) = BASE64URL.decode(signature) else {
        return Taken::Unreadable;
    };
    if BASE64URL.decode(payload).is_err() {
        return Taken::Unreadable;
    }
    let header = Header::read(head);
    let unsigned = signature.is_empty();
    match (header.problem, header.algorithm) {
        (Some("jws_algorithm_none"), _) => Taken::Unsigned,
        (None | Some("jws_no_algorithm" | "jws_critical"), _) if unsigned => Taken::Unsigned,
        (Some("jws_critical"), _) => Taken::Critical,
        (None, Some(algorithm)) => Taken::Signed(Signed {
            algorithm,
            key_id: header.key_id,
            message: &token.as_bytes()[..head.len() + 1 + payload.len()],
            signature,
        }),
        _ => Taken::Unreadable,
    }
}

/// The text that a part encodes; or the problem.
pub(super) fn text_of(part: &str) -> Result<String, &'static str> {
    let bytes = BASE64URL.decode(part).map_err(|_| "jws_base64")?;
    String::from_utf8(bytes).map_err(|_| "jws_not_utf8")
}
