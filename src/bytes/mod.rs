//! Compares, copies and searches short stretches of bytes without a call.
//!
//! Most stretches that intake meets are shorter than what a call costs.
//!
//! | file | what it does |
//! |---|---|
//! | `compare` | whether two stretches are the same; a short text at a place |
//! | `lengthed` | values in Parquet's plain encoding |
//! | `marks` | the bytes of one kind in a text, as bits |
//! | `words` | eight bytes at once, and the numbers that digits write |

mod compare;
mod lengthed;
mod marks;
mod words;

pub(crate) use compare::{Mark, same};
pub(crate) use lengthed::Lengthed;
pub(crate) use marks::{MOST_MARKED, Marks, find_all};
pub(crate) use words::{decimal, no_digits, short, special, two_digits_thrice, word};

/// The bytes without the UTF-8 byte-order mark that some programs write first.
pub(crate) fn without_bom(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// The place of the quote that closes a string whose content begins at `from`.
///
/// A backslash and the byte after it belong to the content.
pub(crate) fn quote_end(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

/// The bytes as text; each that is no UTF-8 becomes `xHH` behind `backslash`, as servers escape them.
pub(crate) fn escape_invalid(bytes: &[u8], backslash: &str) -> String {
    let mut text = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            use std::fmt::Write as _;
            write!(text, "{backslash}x{byte:02X}").expect("writing to a string");
        }
    }
    text
}
