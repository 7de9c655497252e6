//! Records of RFC 4180: where each ends.
//!
//! A quote at a field's beginning opens it, and the field holds delimiters and line ends until a quote
//! closes it; a quote anywhere else in a bare field is a character like others. Behind a closing quote
//! stands a delimiter, a line end or nothing: with anything else there, no one can say which text the
//! writer meant to quote, and where the record ends.

/// Where a walk through a record came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Walked {
    /// The line end behind the record.
    LineEnd(usize),
    /// The end of the bytes, outside quotes.
    End,
    /// The end of the bytes, inside quotes.
    Open,
    /// Text behind a closing quote.
    Behind(usize),
}

impl Walked {
    /// The place in the bytes, if it is not their end.
    pub(super) fn place(self) -> Option<usize> {
        match self {
            Walked::LineEnd(at) | Walked::Behind(at) => Some(at),
            Walked::End | Walked::Open => None,
        }
    }
}

/// Walks from the beginning of a record to its end.
pub(super) fn walk(delimiter: u8, bytes: &[u8], begin: usize) -> Walked {
    let mut at = begin;
    loop {
        let Some(found) = memchr::memchr2(b'"', b'\n', &bytes[at..]) else {
            return Walked::End;
        };
        at += found;
        if bytes[at] == b'\n' {
            return Walked::LineEnd(at);
        }
        let opens = at == begin || bytes[at - 1] == delimiter;
        at += 1;
        if !opens {
            continue;
        }
        at = match closing(bytes, at) {
            Some(quote) => quote + 1,
            None => return Walked::Open,
        };
        match bytes[at..] {
            [] | [b'\r'] => return Walked::End,
            [b'\n', ..] | [b'\r', b'\n', ..] => {}
            [byte, ..] if byte == delimiter => {}
            _ => return Walked::Behind(at),
        }
    }
}

/// The quote that closes a field, whose text begins at `at`; two quotes are one of the text.
fn closing(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += memchr::memchr(b'"', &bytes[at..])?;
        if bytes.get(at + 1) != Some(&b'"') {
            return Some(at);
        }
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_ends_where_rfc_4180_says() {
        for (text, expected) in [
            ("", Walked::End),
            ("a,b", Walked::End),
            ("a,b\nc", Walked::LineEnd(3)),
            ("\"a\n\",b\nc", Walked::LineEnd(6)),
            ("\"a\"\r\nc", Walked::LineEnd(4)),
            ("\"a\"\r", Walked::End),
            ("a,\"b \"\"c\"\"\"", Walked::End),
            ("a,\"\"\n", Walked::LineEnd(4)),
            ("5\" disk,\"a\n\"\n", Walked::LineEnd(12)),
            ("5\" disk,a\n\"", Walked::LineEnd(9)),
            ("a,\"b", Walked::Open),
            ("\"a\"\", b", Walked::Open),
            ("a,\"", Walked::Open),
            ("a,\"b\"\",", Walked::Open),
            ("a,\"b\"c\n", Walked::Behind(5)),
            ("\"b\" ,c", Walked::Behind(3)),
            ("\"b\"\rc", Walked::Behind(3)),
        ] {
            assert_eq!(walk(b',', text.as_bytes(), 0), expected, "{text}");
        }
        assert_eq!(walk(b'\t', b"a\t\"\t\n\"\tb\n", 0), Walked::LineEnd(8));
        assert_eq!(walk(b',', b"x\n\"\n\"\n", 2), Walked::LineEnd(5));
    }
}
