//! Records of RFC 4180 and its kin: where each ends, and the values it has.
//!
//! A quote at a field's beginning opens it, and the field holds delimiters and line ends until a quote
//! closes it; a quote anywhere else in a bare field is a character like others. Behind a closing quote
//! stands a delimiter, a line end or nothing: with anything else there, no one can say which text the
//! writer meant to quote, and where the record ends.

use std::borrow::Cow;
use std::sync::Arc;

use crate::bytes::without_bom;

/// Bytes of the longest CSV record: beyond, a quote was opened by mistake.
pub(crate) const LONGEST_RECORD: usize = 1 << 20;

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
    /// It puts the value in quotes, with a backslash before each, and before each backslash. In a bare value a
    /// backslash is a character.
    Backslash,
    /// Nothing: no value has delimiters or line ends.
    None,
}

/// A name of a column, whatever its letters' case and the blanks around it.
pub(crate) fn spelled(name: &str) -> String {
    name.trim().to_ascii_lowercase()
}

/// Where a walk through a record came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Walked {
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
    pub(crate) fn walk(self, bytes: &[u8], begin: usize) -> Walked {
        if self.quotes == Quotes::None {
            let end = memchr::memchr(b'\n', &bytes[begin..]);
            return end.map_or(Walked::End, |end| Walked::LineEnd(begin + end));
        }
        let mut at = begin;
        loop {
            let Some(found) = memchr::memchr2(b'"', b'\n', &bytes[at..]) else {
                return Walked::End;
            };
            at += found;
            if bytes[at] == b'\n' {
                return Walked::LineEnd(at);
            }
            let opens = at == begin || bytes[at - 1] == self.delimiter;
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

    /// The quote that closes a field, whose text begins at `at`; two quotes are one of the text.
    fn closing(self, bytes: &[u8], mut at: usize) -> Option<usize> {
        loop {
            let text = bytes.get(at..)?;
            at += match self.quotes {
                Quotes::Backslash => memchr::memchr2(b'"', b'\\', text)?,
                Quotes::Doubled | Quotes::None => memchr::memchr(b'"', text)?,
            };
            if bytes[at] == b'"' && bytes.get(at + 1) != Some(&b'"') {
                return Some(at);
            }
            at += 2;
        }
    }

    /// The values of a record that [`Shape::walk`] finds whole, without its line end.
    pub(crate) fn values(self, record: &str) -> impl Iterator<Item = Cow<'_, str>> {
        let bytes = record.as_bytes();
        let mut next = Some(0).filter(|_| !record.is_empty());
        std::iter::from_fn(move || {
            let begin = next?;
            let opens = self.quotes != Quotes::None && bytes.get(begin) == Some(&b'"');
            let opening = Some(begin).filter(|_| opens);
            let quote = opening.and_then(|at| self.closing(bytes, at + 1));
            // Nothing stands between a closing quote and the delimiter in a record that is whole.
            let behind = quote.map_or(begin, |quote| quote + 1);
            let end = memchr::memchr(self.delimiter, &bytes[behind..]);
            let end = end.map_or(bytes.len(), |end| behind + end);
            next = Some(end + 1).filter(|_| end < bytes.len());
            Some(match quote {
                Some(quote) => self.unquoted(&record[begin + 1..quote]),
                None => Cow::Borrowed(&record[begin..end]),
            })
        })
    }

    /// The text between two quotes as it was before it was written.
    fn unquoted(self, value: &str) -> Cow<'_, str> {
        let escapes = self.quotes == Quotes::Backslash;
        if !(value.contains('"') || escapes && value.contains('\\')) {
            return Cow::Borrowed(value);
        }
        let mut plain = String::with_capacity(value.len());
        let mut left = value.chars();
        while let Some(first) = left.next() {
            let second = left.clone().next();
            // A backslash before what needs none is one of the value.
            let is_pair = match (first, second) {
                ('\\', Some('"' | '\\' | '\n' | '\r')) => escapes,
                ('"', Some('"')) => true,
                _ => false,
            };
            plain.push(second.filter(|_| is_pair).unwrap_or(first));
            if is_pair {
                left.next();
            }
        }
        Cow::Owned(plain)
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

    /// Whether a record can be a log's first header, if with another delimiter, which is a mistake to be told. A
    /// title, a comment and `sep=;` name no two columns.
    pub(crate) fn is_first_header(self, record: &[u8]) -> bool {
        let names = self.names(record);
        let of_another = |delimiter: &u8| memchr::memchr_iter(*delimiter, record).count() > 1;
        names.iter().filter(|name| !name.is_empty()).count() > 1 || b",;\t|".iter().any(of_another)
    }

    /// The names in a header, in one spelling.
    fn names(self, header: &[u8]) -> Vec<String> {
        let text = String::from_utf8_lossy(header);
        self.values(&text).map(|name| spelled(&name)).collect()
    }
}

/// What cutting bytes into records found.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Cut {
    /// Where the records are.
    pub(crate) spans: Vec<(u32, u32)>,
    /// Which of them are headers.
    pub(crate) headers: Vec<usize>,
    /// Where the last record ends.
    pub(crate) end: usize,
}

impl Cut {
    pub(crate) fn without_headers(spans: Vec<(u32, u32)>, end: usize) -> Self {
        let headers = Vec::new();
        Cut {
            spans,
            headers,
            end,
        }
    }
}

/// Whether a record has as many digits as a time has, and no header.
fn has_time(record: &[u8]) -> bool {
    record.iter().filter(|byte| byte.is_ascii_digit()).count() >= 10
}

/// A header, and what it names.
#[derive(Debug, Clone)]
pub(crate) struct Named {
    shape: Shape,
    /// Its bytes.
    pub(crate) header: Arc<[u8]>,
    names: Vec<String>,
    /// Whether what comes next may be of a record that was taken apart.
    wary: bool,
}

impl Named {
    /// By the header's bytes, without its line end.
    pub(crate) fn by(shape: Shape, header: &[u8]) -> Self {
        Named {
            shape,
            header: header.into(),
            names: shape.names(header),
            wary: false,
        }
    }

    /// Whether a record is a row, as far as a look can tell.
    fn is_row(&self, record: &[u8]) -> bool {
        has_time(record) && self.shape.columns_of(record) == self.names.len()
    }

    /// Whether a record names columns too, in whatever order and spelling, at least half of these: files that were
    /// put together have a header each. No client makes a header of its request, for that has a time, which
    /// begins with a digit, and is no name.
    pub(crate) fn are_in(&self, record: &[u8]) -> bool {
        if record == &*self.header {
            return true;
        }
        if has_time(record) {
            return false;
        }
        let mut names = self.shape.names(record);
        let is_name = |name: &String| {
            let first = name.trim_start_matches(['[', '+', '-']).bytes().next();
            first.is_none_or(|byte| !byte.is_ascii_digit())
        };
        let all_names = names.iter().all(is_name);
        names.sort_unstable();
        names.dedup();
        let known = names.iter().filter(|name| self.names.contains(name));
        all_names && known.count() * 2 >= self.names.len().max(3)
    }
}

/// Records of RFC 4180. Where a quote was opened or closed by mistake (nothing closes it before the log
/// ends or within [`LONGEST_RECORD`] bytes, or text stands behind the closing one), no one can say where
/// the record ends: its first line is a record by itself, for a reject.
///
/// The header in force at their beginning becomes that at their end. Lines of a record that was taken apart, and what
/// follows a quote that is wrong, are no headers unless they are the same: what a client sent may stand there.
pub(crate) fn quoted(
    bytes: &[u8],
    shape: Shape,
    header: &mut Option<Named>,
    first: bool,
    at_end: bool,
) -> Cut {
    let mut cut = Cut::default();
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
            && let Some(header) = &*header
            && !shape.is_one(&bytes[begin..until], header.names.len())
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
        let record = &bytes[begin..end];
        let record = without_bom(record.strip_suffix(b"\r").unwrap_or(record));
        let is_clean =
            begin >= alone && !too_long && matches!(walked, Walked::LineEnd(_) | Walked::End);
        let is_header = match header {
            Some(header) if is_clean && !header.wary => header.are_in(record),
            Some(header) => record == &*header.header,
            None => shape.is_first_header(record),
        };
        if is_header {
            cut.headers.push(cut.spans.len());
            *header = Some(Named::by(shape, record));
        }
        if let Some(header) = header {
            // A row shows that all is well again.
            header.wary = !is_clean || (header.wary && !header.is_row(record));
        }
        cut.spans.push((begin as u32, end as u32));
        begin = (end + 1).min(bytes.len());
    }
    cut.end = begin;
    cut
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
    fn a_backslash_goes_before_quotes_and_backslashes_within_quotes() {
        let shape = shape(b',', Quotes::Backslash);
        for (record, expected) in [
            (r#"a,"b\",c""#, &["a", "b\",c"][..]),
            (r#""C:\\",b"#, &["C:\\", "b"]),
            (r#"a\,b,\"c,d\\"#, &["a\\", "b", "\\\"c", "d\\\\"]),
            (r#"a\,"b\d\,",c\"#, &["a\\", "b\\d\\,", "c\\"]),
            (
                "\"say \"\"yes\"\"\",a\"\",\"\"",
                &["say \"yes\"", "a\"\"", ""],
            ),
            ("\"a\\\nb\",c", &["a\nb", "c"]),
            ("", &[]),
            // Cut short, and no panic.
            ("\"a\\", &["\"a\\"]),
        ] {
            let values: Vec<_> = shape.values(record).collect();
            assert_eq!(values, expected, "{record}");
        }
        for (text, expected) in [
            ("\"a\\\"\",b\nc", Walked::LineEnd(7)),
            ("\"a\\\\\",b\nc", Walked::LineEnd(7)),
            ("\"a\\\n\"\nc", Walked::LineEnd(5)),
            ("a\\\nb\nc", Walked::LineEnd(2)),
            ("a\\,\"b\"\nc", Walked::LineEnd(6)),
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
    fn a_header_names_columns_in_any_order_and_spelling() {
        let named = Named::by(CSV, b"id,\"when\",ip,path");
        for (record, expected) in [
            ("id,\"when\",ip,path", true),
            ("ip,path,id,\"when\"", true),
            ("ip, Path ,id,WHEN", true),
            ("ip,path,status", true),
            ("host,path,status,when,ip,agent", true),
            ("host,ip,path,agent", true),
            ("host,path,agent,status", false),
            ("id,when,ip,path,20250414000000", false),
            ("id,status,bytes,ip,agent", true),
            ("id,status,bytes,agent", false),
            // A client's line: its id, path and agent are what it likes.
            ("id,2025-04-14T00:00:00Z,ip,path", false),
            ("id,1744588800,ip,path,when", false),
            ("id,[14/Apr/2025:00:00:00 +0000],ip,path", false),
            ("ip,ip,ip,ip", false),
            ("", false),
        ] {
            assert_eq!(named.are_in(record.as_bytes()), expected, "{record}");
        }
    }
}
