//! The values of text lines: how escapes are undone, and how a bad line is told.

use crate::intake::blocks::fields::Fields;
use crate::intake::reject::{Reason, Reject};

/// The reject for a line that is not as its template says.
#[cold]
pub(super) fn syntax(what: &str, at: usize) -> Reject {
    Reject::new(Reason::LogSyntax, format!("{what} at byte {at}"))
}

/// Puts the text between two places of a line into `slot`. Escapes are undone if the value was quoted;
/// if no text comes out, the value stays as it is written.
#[inline]
pub(crate) fn put(
    fields: &mut Fields<'_>,
    slot: usize,
    line: &str,
    start: usize,
    end: usize,
    quoted: bool,
) {
    let value = &line[start..end];
    if quoted
        && memchr::memchr(b'\\', value.as_bytes()).is_some()
        && let Some(text) = unescape(value)
    {
        fields.copy(slot, &text);
    } else {
        fields.set(slot, start, end);
    }
}

/// Undoes `\"`, `\\`, `\xHH` and the escapes of C; `None` if what comes out is no UTF-8, or an escape has
/// no end.
fn unescape(text: &str) -> Option<String> {
    let mut plain = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            plain.push(byte);
            continue;
        }
        match bytes.next()? {
            b'x' => {
                // A hexadecimal digit is less than 16, so it fits into a byte.
                let digit = |byte: Option<u8>| Some(char::from(byte?).to_digit(16)? as u8);
                let (high, low) = (digit(bytes.next())?, digit(bytes.next())?);
                plain.push(high * 16 + low);
            }
            b'n' => plain.push(b'\n'),
            b'r' => plain.push(b'\r'),
            b't' => plain.push(b'\t'),
            b'v' => plain.push(0x0b),
            b'b' => plain.push(0x08),
            other => plain.push(other),
        }
    }
    String::from_utf8(plain).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone_where_text_comes_out() {
        assert_eq!(
            unescape(r#"a \"b\" \\ \x22\xEA\xB0\x80"#).as_deref(),
            Some("a \"b\" \\ \"가")
        );
        assert_eq!(unescape(r"\xff"), None);
        assert_eq!(unescape(r"\x2"), None);
    }
}
