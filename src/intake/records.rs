//! Records of RFC 4180 and its kin: where each ends, and the values it has.
//!
//! A quote at a field's beginning opens it, and the field holds delimiters and line ends until a quote
//! closes it; a quote anywhere else in a bare field is a character like others. Behind a closing quote
//! stands a delimiter, a line end or nothing: with anything else there, no one can say which text the
//! writer meant to quote, and where the record ends.

use std::borrow::Cow;

use super::framing::without_bom;

/// Bytes of the longest CSV record: beyond, a quote was opened by mistake.
pub(super) const LONGEST_RECORD: usize = 1 << 20;

/// How a writer makes records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// What stands between fields.
    pub delimiter: u8,
    /// What it does with delimiters, line ends and quotes of a value.
    pub quotes: Quotes,
}

/// What a writer does with delimiters, line ends and quotes of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quotes {
    /// It puts the value in quotes, and doubles those in it: RFC 4180.
    Doubled,
    /// It puts the value in quotes, or does not, and a backslash before each, and before a backslash.
    Backslash,
    /// Nothing: no value has delimiters or line ends.
    None,
}

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

impl Shape {
    /// Walks from the beginning of a record to its end.
    pub(super) fn walk(self, bytes: &[u8], begin: usize) -> Walked {
        if self.quotes == Quotes::None {
            let end = memchr::memchr(b'\n', &bytes[begin..]);
            return end.map_or(Walked::End, |end| Walked::LineEnd(begin + end));
        }
        let mut at = begin;
        let mut escaped = None;
        loop {
            let Some(found) = self.mark(&bytes[at..], b'\n') else {
                return Walked::End;
            };
            at += found;
            match bytes[at] {
                b'\n' => return Walked::LineEnd(at),
                b'\\' => {
                    at = (at + 2).min(bytes.len());
                    escaped = Some(at);
                    continue;
                }
                _ => {}
            }
            let opens = at == begin
                || (bytes[at - 1] == self.delimiter && escaped.is_none_or(|end| end < at));
            at += 1;
            if !opens {
                continue;
            }
            at = match self.closing(bytes, at) {
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
                Some(byte) if *byte == self.delimiter && returns == 0 => {}
                Some(_) => return Walked::Behind(at),
            }
        }
    }

    /// The next quote, `other` or, where it says something, backslash.
    fn mark(self, bytes: &[u8], other: u8) -> Option<usize> {
        match self.quotes {
            Quotes::Backslash => memchr::memchr3(b'"', b'\\', other, bytes),
            Quotes::Doubled | Quotes::None => memchr::memchr2(b'"', other, bytes),
        }
    }

    /// The quote that closes a field, whose text begins at `at`; two quotes are one of the text.
    fn closing(self, bytes: &[u8], mut at: usize) -> Option<usize> {
        loop {
            at += self.mark(bytes.get(at..)?, b'"')?;
            if bytes[at] == b'"' && bytes.get(at + 1) != Some(&b'"') {
                return Some(at);
            }
            at += 2;
        }
    }

    /// The values of a record that [`Shape::walk`] finds whole, without its line end.
    pub(super) fn values(self, record: &str) -> impl Iterator<Item = Cow<'_, str>> {
        let bytes = record.as_bytes();
        let mut next = Some(0).filter(|_| !record.is_empty());
        std::iter::from_fn(move || {
            let begin = next?;
            let opens = self.quotes != Quotes::None && bytes.get(begin) == Some(&b'"');
            let opening = Some(begin).filter(|_| opens);
            let quote = opening.and_then(|at| self.closing(bytes, at + 1));
            // Nothing stands between a closing quote and the delimiter in a record that is whole.
            let behind = quote.map_or(begin, |quote| quote + 1);
            let end = self.field_end(bytes, behind);
            next = Some(end + 1).filter(|_| end < bytes.len());
            Some(match quote {
                Some(quote) => self.plain(&record[begin + 1..quote], true),
                None => self.plain(&record[begin..end], false),
            })
        })
    }

    /// The delimiter that ends a bare field, or the end.
    fn field_end(self, bytes: &[u8], mut at: usize) -> usize {
        loop {
            let left = bytes.get(at..).unwrap_or_default();
            let found = match self.quotes {
                Quotes::Backslash => memchr::memchr2(self.delimiter, b'\\', left),
                Quotes::Doubled | Quotes::None => memchr::memchr(self.delimiter, left),
            };
            match found.map(|found| at + found) {
                Some(found) if bytes[found] != self.delimiter => at = found + 2,
                found => return found.unwrap_or(bytes.len()),
            }
        }
    }

    /// A value as it was before it was written.
    fn plain(self, value: &str, quoted: bool) -> Cow<'_, str> {
        let escapes = self.quotes == Quotes::Backslash;
        if !(quoted && value.contains('"') || escapes && value.contains('\\')) {
            return Cow::Borrowed(value);
        }
        let mut plain = String::with_capacity(value.len());
        let mut left = value.chars();
        while let Some(first) = left.next() {
            let second = left.clone().next();
            let is_pair = match (first, second) {
                // A backslash before what needs none is one of the value.
                ('\\', Some(second)) => {
                    let delimiter = char::from(self.delimiter);
                    escapes && (matches!(second, '"' | '\\' | '\n' | '\r') || second == delimiter)
                }
                ('"', Some('"')) => quoted,
                _ => false,
            };
            plain.push(second.filter(|_| is_pair).unwrap_or(first));
            if is_pair {
                left.next();
            }
        }
        Cow::Owned(plain)
    }

    /// Whether a record names the columns that `header` names, in whatever order: files that were put together
    /// have a header each.
    pub(super) fn is_header(self, record: &[u8], header: &[u8]) -> bool {
        let sorted = |record: &[u8]| {
            let text = String::from_utf8_lossy(record).into_owned();
            let mut names: Vec<String> = self.values(&text).map(Cow::into_owned).collect();
            names.sort_unstable();
            names
        };
        record == header || (record.len() == header.len() && sorted(record) == sorted(header))
    }

    /// Whether a record of several lines is one, where each has so many columns. Where a writer does not quote, two
    /// clients that send a quote each can make one record of their lines and all between: then the first line
    /// has the delimiters of a whole record, and so has another.
    fn is_one(self, record: &[u8], columns: usize) -> bool {
        let whole = |line: &&[u8]| memchr::memchr_iter(self.delimiter, line).count() + 1 >= columns;
        let mut lines = record.split(|byte| *byte == b'\n');
        let first = lines.next().is_some_and(|line| whole(&line));
        let several = first && lines.any(|line| whole(&line));
        !several && self.columns_of(record) == columns
    }

    /// How many values a record has.
    fn columns_of(self, record: &[u8]) -> usize {
        let text = String::from_utf8_lossy(record);
        self.values(text.trim_end_matches('\r')).count()
    }
}

/// Records of RFC 4180. Where a quote was opened or closed by mistake (nothing closes it before the log
/// ends or within [`LONGEST_RECORD`] bytes, or text stands behind the closing one), no one can say where
/// the record ends: its first line is a record by itself, for a reject.
pub(super) fn quoted(
    bytes: &[u8],
    shape: Shape,
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
        let mut walked = shape.walk(&bytes[..line_end], begin + mark);
        if walked == Walked::Open && line_end < bytes.len() && begin >= alone {
            if known.0 < line_end {
                let end = shape.walk(bytes, begin + mark);
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
            && columns.is_some_and(|columns| !shape.is_one(&bytes[begin..until], columns))
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
            *columns = Some(shape.columns_of(record));
        }
        spans.push((begin as u32, end as u32));
        begin = (end + 1).min(bytes.len());
    }
    (spans, begin)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CSV: Shape = shape(b',', Quotes::Doubled);

    const fn shape(delimiter: u8, quotes: Quotes) -> Shape {
        Shape { delimiter, quotes }
    }

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
            assert_eq!(CSV.walk(text.as_bytes(), 0), expected, "{text}");
        }
        assert_eq!(
            shape(b'\t', Quotes::Doubled).walk(b"a\t\"\t\n\"\tb\n", 0),
            Walked::LineEnd(8)
        );
        assert_eq!(CSV.walk(b"x\n\"\n\"\n", 2), Walked::LineEnd(5));
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
            assert_eq!(CSV.values(record).collect::<Vec<_>>(), expected, "{record}");
        }
        assert_eq!(
            shape(b'\t', Quotes::Doubled)
                .values("a\t\tb,c")
                .collect::<Vec<_>>(),
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
            assert!(CSV.is_one(one.as_bytes(), 3), "{one}");
        }
        for several in [
            "a,b,\"\na,b,\"",
            "a,\",c\nx,y,z\na,\",c",
            "\",b,c\n\",b,c",
            "a,b,\"\na,b,\",x",
            "a,\"b\n\"",
        ] {
            assert!(!CSV.is_one(several.as_bytes(), 3), "{several}");
        }
    }

    #[test]
    fn a_backslash_goes_before_what_would_end_a_value() {
        let shape = shape(b',', Quotes::Backslash);
        for (record, expected) in [
            (r#"a,"b\",c""#, &["a", "b\",c"][..]),
            (r#""C:\\",b"#, &["C:\\", "b"]),
            (r#"a\,b,\"c,d\\"#, &["a,b", "\"c", "d\\"]),
            (r#"a\,"b",c"#, &["a,\"b\"", "c"]),
            (
                r#"/m\orders,\N,"\u0041""#,
                &["/m\\orders", "\\N", "\\u0041"],
            ),
            (
                "\"say \"\"yes\"\"\",a\"\",\"\"",
                &["say \"yes\"", "a\"\"", ""],
            ),
            ("\"a\nb\",c\\\nd", &["a\nb", "c\nd"]),
            ("", &[]),
            // Cut short, and no panic.
            ("a,b\\", &["a", "b\\"]),
            ("\"a\\", &["\"a\\"]),
        ] {
            let values: Vec<_> = shape.values(record).collect();
            assert_eq!(values, expected, "{record}");
        }
        for (text, expected) in [
            ("\"a\\\"\",b\nc", Walked::LineEnd(7)),
            ("\"a\\\\\",b\nc", Walked::LineEnd(7)),
            ("a\\\nb\nc", Walked::LineEnd(4)),
            ("a\\,\"b\nc", Walked::LineEnd(5)),
            ("a,\"b\\\"\nc", Walked::Open),
            ("\"a\"b", Walked::Behind(3)),
            ("a\\", Walked::End),
            ("\"a\\", Walked::Open),
        ] {
            assert_eq!(shape.walk(text.as_bytes(), 0), expected, "{text}");
        }
    }

    #[test]
    fn where_nothing_is_quoted_a_quote_is_a_character() {
        let shape = shape(b'\t', Quotes::None);
        let record = "\"a\t\"\"\tb\\t";
        assert_eq!(shape.walk(b"\"a\t\"\nb", 0), Walked::LineEnd(4));
        assert_eq!(
            shape.values(record).collect::<Vec<_>>(),
            ["\"a", "\"\"", "b\\t"]
        );
    }

    #[test]
    fn a_header_names_the_same_columns_in_any_order() {
        for (record, expected) in [
            ("id,\"when\",ip", true),
            ("ip,id,\"when\"", true),
            ("ip,id,when", false),
            ("ip,id,\"whem\"", false),
            ("ip,ip,\"when\"", false),
        ] {
            let is = CSV.is_header(record.as_bytes(), b"id,\"when\",ip");
            assert_eq!(is, expected, "{record}");
        }
    }
}
