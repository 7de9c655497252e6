//! What the text of one field shows of a token: the token itself, a hash of it, or why there is none.

use std::borrow::Cow;

use super::columns::TokenSlots;
use crate::digest::token_hash;
use crate::intake::blocks::fields::Holds;
use crate::jws::{self, Chunks, Decoded};

/// The problem of a token that has claims, or something in their place, but nothing that identifies it.
pub(crate) const TOKEN_ID_ABSENT: &str = "token_id_absent";
/// The problem of a request with cookies of which none holds a token, as visitors send them.
pub(crate) const TOKEN_COOKIE_ABSENT: &str = "token_cookie_absent";
/// The problem of a request whose `Authorization` header has no bearer token.
const TOKEN_SCHEME: &str = "token_scheme";
/// The problem of a request whose token the log masks.
pub(super) const TOKEN_REDACTED: &str = "token_redacted";
/// The problem of a request with several values of the cookie for tokens.
const COOKIE_AMBIGUOUS: &str = "token_cookie_ambiguous";
/// The problem of a request that has only some of the cookies over which its token was split.
const COOKIE_INCOMPLETE: &str = "token_cookie_incomplete";
/// The problem of a request with two tokens in two fields.
pub(super) const TOKEN_AMBIGUOUS: &str = "token_ambiguous";

/// Whether a problem says that it is not known which of several tokens a request used.
pub(super) fn is_ambiguous(problem: &str) -> bool {
    matches!(problem, COOKIE_AMBIGUOUS | TOKEN_AMBIGUOUS)
}

/// The graver of two problems: the one that says more surely that the request had a token.
pub(super) fn gravest(known: Option<&'static str>, other: &'static str) -> Option<&'static str> {
    let gravity = |problem: &str| match problem {
        TOKEN_COOKIE_ABSENT => 0,
        TOKEN_SCHEME => 1,
        TOKEN_REDACTED => 2,
        _ => 3,
    };
    known
        .into_iter()
        .chain([other])
        .max_by_key(|problem| gravity(problem))
}

/// The token that the text of a part holds, or the problem that it has none.
///
/// A token may be percent-encoded and stand after its scheme, wherever it stands. Returns `None` for a part
/// that holds a hash or the first characters of one.
pub(super) fn token_in<'t>(
    slots: &TokenSlots,
    holds: Holds,
    text: &'t str,
) -> Option<Result<Cow<'t, str>, &'static str>> {
    let token = match holds {
        Holds::Token => Ok(without_scheme(percent_decoded(text))),
        Holds::Authorization => in_authorization(percent_decoded(text)).map_err(|_| TOKEN_SCHEME),
        Holds::Cookie => {
            let name = slots.cookie.as_deref().unwrap_or_default();
            token_in_cookie(text, name).map(|token| without_scheme(percent_decoded_cow(token)))
        }
        Holds::Hash | Holds::Prefix => return None,
    };
    Some(match token {
        Ok(token) if is_redacted(&token) => Err(TOKEN_REDACTED),
        token => token,
    })
}

/// The token after its scheme; or the text as it is, if it has no scheme that carries a token.
fn in_authorization(text: Cow<'_, str>) -> Result<Cow<'_, str>, Cow<'_, str>> {
    match text {
        Cow::Borrowed(text) => jws::in_authorization(text)
            .map(Cow::Borrowed)
            .ok_or(Cow::Borrowed(text)),
        Cow::Owned(text) => match jws::in_authorization(&text) {
            Some(token) => Ok(Cow::Owned(token.to_string())),
            None => Err(Cow::Owned(text)),
        },
    }
}

/// The text without a scheme in front of it.
fn without_scheme(text: Cow<'_, str>) -> Cow<'_, str> {
    in_authorization(text).unwrap_or_else(|text| text)
}

/// Undoes percent-encoding; a text without any costs nothing, and one that is no UTF-8 afterwards stays.
fn percent_decoded(text: &str) -> Cow<'_, str> {
    let decoded = percent_encoding::percent_decode_str(text).decode_utf8();
    decoded.unwrap_or(Cow::Borrowed(text))
}

/// [`percent_decoded`] of a text that may have been put together.
fn percent_decoded_cow(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => percent_decoded(text),
        Cow::Owned(text) => Cow::Owned(percent_decoded(&text).into_owned()),
    }
}

/// The id that the text of a part gives a token without holding it; `None` for other parts.
pub(super) fn id_in(holds: Holds, text: &str) -> Option<String> {
    match holds {
        Holds::Hash => Some(logged_hash(text)),
        Holds::Prefix => Some(token_hash(text).replacen("sha256:", "prefix:", 1)),
        Holds::Token | Holds::Authorization | Holds::Cookie => None,
    }
}

/// The token in a `Cookie` header, or the problem that there is none.
fn token_in_cookie<'a>(header: &'a str, name: &str) -> Result<Cow<'a, str>, &'static str> {
    let mut values = jws::in_cookies(header, name);
    let first = values
        .next()
        .filter(|value| jws::announced_chunks(value).is_none());
    let Some(first) = first else {
        return match jws::in_cookie_chunks(header, name) {
            Chunks::Whole(token) => Ok(Cow::Owned(token)),
            Chunks::Incomplete => Err(COOKIE_INCOMPLETE),
            Chunks::Absent => Err(TOKEN_COOKIE_ABSENT),
        };
    };
    match values.any(|value| value != first) {
        true => Err(COOKIE_AMBIGUOUS),
        false => Ok(Cow::Borrowed(first)),
    }
}

/// Whether a log masks this token: it is too short for one, one character over and over, or stars.
fn is_redacted(token: &str) -> bool {
    let first = token.bytes().next();
    token.len() < 8
        || token.contains("***")
        || token.bytes().all(|byte| Some(byte) == first)
        || ["redacted", "[redacted]", "[filtered]", "<hidden>"]
            .iter()
            .any(|word| token.eq_ignore_ascii_case(word))
}

/// Whether the log cut off or replaced a token's signature: it has another length than its algorithm's.
pub(super) fn has_foreign_signature(token: &str, decoded: &Decoded) -> bool {
    let signature = token
        .rsplit_once('.')
        .map_or("", |(_, signature)| signature);
    // Base64 without padding: four characters for three bytes.
    let bytes = signature.len() * 3 / 4;
    let lengths: &[usize] = match decoded.algorithm.as_deref().unwrap_or_default() {
        "HS256" => &[32],
        "HS384" => &[48],
        "HS512" | "ES256" | "EdDSA" | "Ed25519" => &[64],
        "ES384" => &[96],
        "ES512" => &[132],
        // RSA: as long as the key, of which 2048, 3072, 4096 and 8192 bits are in use.
        _ => &[256, 384, 512, 1024],
    };
    !lengths.contains(&bytes)
}

/// The id of a token of which the log has a hash; SHA-256 is spelled as this program spells it.
fn logged_hash(text: &str) -> String {
    let digits = text.strip_prefix("sha256:").unwrap_or(text);
    let hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if hex && digits.len() == 64 {
        format!("sha256:{}", digits.to_ascii_lowercase())
    } else if hex {
        format!("hash:{}", digits.to_ascii_lowercase())
    } else {
        // Not a hash as it stands. It may be the token itself, so it is hashed.
        token_hash(text).replacen("sha256:", "hash:", 1)
    }
}
