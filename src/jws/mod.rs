//! Access tokens that are JSON Web Signatures: what they claim, and whether a known key signed it.
//!
//! [`decode`] reads a token's claims without trust: the signature is looked at by
//! [`SigningKeys::check`] alone, against keys that the responder named. Keys inside or behind a token
//! (`jwk`, `jku`, `x5c`, `x5u`) are never used, as whoever forged the token wrote them too.
//!
//! | file | what it does |
//! |---|---|
//! | `claims` | a token's header and claims; tokens in request headers |
//! | `jwk` | JSON Web Keys |
//! | `keys` | the signing keys of a case, and the check |
//! | `material` | what a key consists of, and the algorithms that it verifies |
//! | `members` | JSON objects member by member |
//! | `pem` | keys and certificates in PEM |
//! | `signature` | the outcomes of a check |

#[cfg(test)]
mod checks;
mod claims;
mod jwk;
mod keys;
mod material;
mod members;
mod pem;
mod signature;
#[cfg(test)]
mod vectors;

pub use claims::{Decoded, decode, in_authorization, in_cookies, looks_like_jws};
pub use keys::{SigningKeys, UnsupportedKey};
pub(crate) use members::microseconds;
pub use signature::Signature;
