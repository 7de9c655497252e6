//! Parts of a line that decide whether it holds a token that cannot be read.

use crate::bytes::quote_end;
use crate::intake::blocks::fields::says_nothing;

/// A part of a line that every line of the same layout must be looked at for.
///
/// It stands beside the claims of a token, or in their place. If it says something and the claims do not,
/// the line has a token that cannot be read, which must not pass for no token. With no claims, it is an
/// array that fills no slot because it says nothing; in another line it may say something.
#[derive(Debug, Clone, Copy)]
pub(super) struct Watched {
    /// A bit for each slot of the claims.
    pub(super) claims: u64,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Watched {
    /// Whether the part covers this place of the line.
    pub(super) fn covers(&self, at: usize) -> bool {
        (self.start..self.end).contains(&at)
    }
}

/// Whether any value in a part of a JSON object says something. It goes by the bytes of each value, as
/// layouts do, and undoes no escapes.
#[cold]
pub(super) fn says_something(raw: &str) -> bool {
    let bytes = raw.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                let Some(end) = quote_end(bytes, at + 1) else {
                    return true;
                };
                if !is_key(bytes, end) && !says_nothing(&raw[at + 1..end]) {
                    return true;
                }
                at = end + 1;
            }
            // A number, or `true`; `false` and `null` say nothing.
            b'-' | b'0'..=b'9' | b't' => return true,
            _ => at += 1,
        }
    }
    false
}

/// Whether the string whose closing quote is at `end` is a key.
pub(super) fn is_key(bytes: &[u8], end: usize) -> bool {
    bytes[end + 1..].trim_ascii_start().first() == Some(&b':')
}
