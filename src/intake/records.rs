//! Records of RFC 4180: where each ends, and the values it has.
//!
//! A quote at a field's beginning opens it, and the field holds delimiters and line ends until a quote
//! closes it; a quote anywhere else in a bare field is a character like others. Behind a closing quote
//! stands a delimiter, a line end or nothing: with anything else there, no one can say which text the
//! writer meant to quote, and where the record ends.

use std::borrow::Cow;

use super::framing::without_bom;

/// Bytes of the longest CSV record: beyond, a quote was opened by mistake.
pub(super) const LONGEST_RECORD: usize = 1 << 20;

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
    fn place(self) -> Option<usize> {
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
        // Text that went through a conversion of line ends twice has several CRs before each.
        let returns = bytes[at..]
            .iter()
            .take_while(|byte| **byte == b'\r')
            .count();
        match bytes.get(at + returns) {
            None => return Walked::End,
            Some(b'\n') => {}
            Some(byte) if *byte == delimiter && returns == 0 => {}
            Some(_) => return Walked::Behind(at),
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

/// The values of a record that [`walk`] finds whole, without its line end.
pub(super) fn values(delimiter: u8, record: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let bytes = record.as_bytes();
    let mut next = Some(0).filter(|_| !record.is_empty());
    std::iter::from_fn(move || {
        let begin = next?;
        let opening = Some(begin).filter(|at| bytes.get(*at) == Some(&b'"'));
        let quote = opening.and_then(|at| closing(bytes, at + 1));
        // Nothing stands between a closing quote and the delimiter in a record that is whole.
        let behind = quote.map_or(begin, |quote| quote + 1);
        let end = memchr::memchr(delimiter, &bytes[behind..]).map_or(bytes.len(), |at| behind + at);
        let value = match quote {
            Some(quote) => &record[begin + 1..quote],
            None => &record[begin..end],
        };
        next = Some(end + 1).filter(|_| end < bytes.len());
        Some(match quote.is_some() && value.contains('"') {
            true => Cow::Owned(value.replace("\"\"", "\"")),
            false => Cow::Borrowed(value),
        })
    })
}

/// Whether a record of several lines is one, where each has so many columns. Where a writer does not quote, two
/// clients that send a quote each can make one record of their lines and all between: then the first line
/// has the delimiters of a whole record, and so has another.
fn is_one(delimiter: u8, record: &[u8], columns: usize) -> bool {
    let whole = |line: &&[u8]| memchr::memchr_iter(delimiter, line).count() + 1 >= columns;
    let mut lines = record.split(|byte| *byte == b'\n');
    let first = lines.next().is_some_and(|line| whole(&line));
    let several = first && lines.any(|line| whole(&line));
    !several && columns_of(delimiter, record) == columns
}

/// How many values a record has.
fn columns_of(delimiter: u8, record: &[u8]) -> usize {
    let text = String::from_utf8_lossy(record);
    values(delimiter, text.trim_end_matches('\r')).count()
}

/// Records of RFC 4180. Where a quote was opened or closed by mistake (nothing closes it before the log
/// ends or within [`LONGEST_RECORD`] bytes, or text stands behind the closing one), no one can say where
/// the record ends: its first line is a record by itself, for a reject.
pub(super) fn quoted(
    bytes: &[u8],
    delimiter: u8,
    columns: &mut Option<usize>,
    first: bool,
    at_end: bool,
) -> (Vec<(u32, u32)>, usize) {
    let mut spans = Vec::new();
    // How the last walk over several lines ended, and where: another one that is inside quotes at any
    // line end before comes to the same end. So no byte is walked over for each line before it.
    let mut known = (0, Walked::End);
    // Up to here, lines that one record seemed to hold are records of their own.
    let mut alone = 0;
    let mut begin = 0;
    while begin < bytes.len() {
        let mark = match first && begin == 0 {
            true => bytes.len() - without_bom(bytes).len(),
            false => 0,
        };
        let line = memchr::memchr(b'\n', &bytes[begin..]).map(|at| begin + at);
        let line_end = line.map_or(bytes.len(), |at| at + 1);
        let mut walked = walk(delimiter, &bytes[..line_end], begin + mark);
        if walked == Walked::Open && line_end < bytes.len() && begin >= alone {
            if known.0 < line_end {
                let end = walk(delimiter, bytes, begin + mark);
                known = (end.place().unwrap_or(bytes.len()), end);
            }
            walked = known.1;
        }
        let until = walked.place().unwrap_or(bytes.len());
        let several = until > line_end;
        let too_long = several && until - begin > LONGEST_RECORD;
        let whole = matches!(walked, Walked::LineEnd(_)) || (walked == Walked::End && at_end);
        if several
            && whole
            && !too_long
            && columns.is_some_and(|columns| !is_one(delimiter, &bytes[begin..until], columns))
        {
            alone = until;
        }
        let end = match walked {
            _ if begin < alone => line,
            Walked::LineEnd(end) if !too_long => Some(end),
            Walked::End if !too_long => None,
            Walked::Open if !too_long && !at_end => None,
            _ => line,
        };
        let Some(end) = end.or(at_end.then_some(bytes.len())) else {
            break;
        };
        let record = without_bom(&bytes[begin..end]);
        if columns.is_none() && !record.trim_ascii().is_empty() {
            *columns = Some(columns_of(delimiter, record));
        }
        spans.push((begin as u32, end as u32));
        begin = (end + 1).min(bytes.len());
    }
    (spans, begin)
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
            ("\"b\"\r,c", Walked::Behind(3)),
            ("\"b\"\r\r\nc", Walked::LineEnd(5)),
        ] {
            assert_eq!(walk(b',', text.as_bytes(), 0), expected, "{text}");
        }
        assert_eq!(walk(b'\t', b"a\t\"\t\n\"\tb\n", 0), Walked::LineEnd(8));
        assert_eq!(walk(b',', b"x\n\"\n\"\n", 2), Walked::LineEnd(5));
    }

    #[test]
    fn a_record_has_the_values_between_its_delimiters() {
        for (record, expected) in [
            ("", &[][..]),
            ("a", &["a"]),
            ("a,b", &["a", "b"]),
            (",", &["", ""]),
            (",,x", &["", "", "x"]),
            ("\"\"", &[""]),
            ("\"\",", &["", ""]),
            ("a,\"b \"\"c\"\", d\",,e", &["a", "b \"c\", d", "", "e"]),
            ("\"a\nb\",c", &["a\nb", "c"]),
            ("5\" disk,\"\"\"\"", &["5\" disk", "\""]),
            ("\u{feff}\"a\",é", &["\u{feff}\"a\"", "é"]),
            // No record that is whole, and no panic.
            ("\"a\"é,b", &["a", "b"]),
        ] {
            assert_eq!(
                values(b',', record).collect::<Vec<_>>(),
                expected,
                "{record}"
            );
        }
        assert_eq!(
            values(b'\t', "a\t\tb,c").collect::<Vec<_>>(),
            ["a", "", "b,c"]
        );
    }

    #[test]
    fn lines_that_are_records_themselves_are_not_one() {
        for one in [
            "\"a\nb\",c,d",
            "a,b,\"c\nd\"",
            "a,\"b\n,,,\n\",d",
            "a,\"b\nc\",d",
            "a,b,\"c\nd\"\r",
        ] {
            assert!(is_one(b',', one.as_bytes(), 3), "{one}");
        }
        for several in [
            "a,b,\"\na,b,\"",
            "a,\",c\nx,y,z\na,\",c",
            "\",b,c\n\",b,c",
            "a,b,\"\na,b,\",x",
            "a,\"b\n\"",
        ] {
            assert!(!is_one(b',', several.as_bytes(), 3), "{several}");
        }
    }
}
