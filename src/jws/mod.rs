//! Access tokens that are JSON Web Signatures: what they claim, and whether a known key signed them.
//!
//! [`decode`] reads a token's claims without trusting them. Only [`SigningKeys::check`] looks at the
//! signature, and checks it against keys that the responder named. Keys that a token holds or points to
//! (`jwk`, `jku`, `x5c`, `x5u`) are never used, as whoever forged the token also wrote them.
//!
//! | file | what it does |
//! |---|---|
//! | `claims` | a token's header and claims |
//! | `headers` | tokens in request headers |
//! | `jwk` | JSON Web Keys |
//! | `keys` | the signing keys of a case, and the check of a signature |
//! | `material` | what a key consists of, and the algorithms whose signatures it verifies |
//! | `members` | JSON objects, read member by member |
//! | `parts` | the header of a token, and what its signature is made over |
//! | `pem` | keys and certificates in PEM |
//! | `signature` | the outcomes of a check |

#[cfg(test)]
mod checks;
mod claims;
mod headers;
mod jwk;
mod keys;
mod material;
mod members;
mod parts;
mod pem;
mod signature;
#[cfg(test)]
mod vectors;

pub use claims::{ClaimNames, Decoded, decode};
pub use headers::{
    Chunks, announced_chunks, in_authorization, in_cookie_chunks, in_cookies, looks_like_jws,
};
pub use keys::{SigningKeys, UnsupportedKey};
pub(crate) use members::microseconds;
pub use signature::Signature;
