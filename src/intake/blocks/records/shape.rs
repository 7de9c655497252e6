//! How a writer makes records of RFC 4180 and its kin: where one ends, and which values it has.
//!
//! A quote at the beginning of a field opens it: up to the quote that closes it, the field may hold
//! delimiters and line ends. Anywhere else in a field without quotes, a quote is a character like
//! others. Behind a closing quote stands a delimiter, a line end or nothing: with anything else there,
//! no one can say which text the writer meant to quote, and where the record ends.

use std::borrow::Cow;

/// What a writer puts between values, and around values that would not be clear without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// What stands between fields.
    pub delimiter: u8,
    /// What it does with delimiters, line ends and quotes in a value.
    pub quotes: Quotes,
}

/// What a writer does with delimiters, line ends and quotes in a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quotes {
    /// It puts the value in quotes and doubles those in it: RFC 4180.
    Doubled,
    /// It puts the value in quotes, and a backslash before each quote and backslash in it.
    ///
    /// In a value without quotes around it, a backslash is a character like others.
    Backslash,
    /// Nothing: no value has delimiters or line ends.
    None,
}

/// Where a walk through a record came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Walked {
    /// The line end behind the record, at this place.
    LineEnd(usize),
    /// The end of the bytes, outside quotes.
    End,
    /// The end of the bytes, inside quotes.
    Open,
    /// Text behind a closing quote, at this place.
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

/// The name of a column without its letters' case and the blanks around it.
pub(crate) fn spelled(name: &str) -> String {
    name.trim().to_ascii_lowercase()
}

impl Shape {
    /// Walks from `begin`, where a record begins, to where it ends.
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
            // Each conversion of line ends that a text went through may have put one more CR before each.
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

    /// The place of the quote that closes the field whose text begins at `at`; two quotes are text.
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
            // A pair: two quotes, or a backslash and what it escapes.
            at += 2;
        }
    }

    /// The values of `record`, which [`Shape::walk`] found whole and which has no line end.
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

    /// The value that a writer wrote as `value` between quotes.
    fn unquoted(self, value: &str) -> Cow<'_, str> {
        let escapes = self.quotes == Quotes::Backslash;
        if !(value.contains('"') || escapes && value.contains('\\')) {
            return Cow::Borrowed(value);
        }
        let mut plain = String::with_capacity(value.len());
        let mut left = value.chars();
        while let Some(first) = left.next() {
            let second = left.clone().next();
            // A backslash before anything else is a character of the value.
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

    /// Whether `record`, which has several lines, is one record of so many columns.
    ///
    /// If a writer does not escape quotes, two clients that send one quote each can make one record of
    /// their lines and of all between. Then the first line has the delimiters of a whole record, and so
    /// has another.
    pub(super) fn is_one(self, record: &[u8], columns: usize) -> bool {
        let whole = |line: &&[u8]| memchr::memchr_iter(self.delimiter, line).count() + 1 >= columns;
        let mut lines = record.split(|byte| *byte == b'\n');
        let first = lines.next().is_some_and(|line| whole(&line));
        let several = first && lines.any(|line| whole(&line));
        !several && self.columns_of(record) == columns
    }

    /// How many values `record` has.
    pub(super) fn columns_of(self, record: &[u8]) -> usize {
        let text = String::from_utf8_lossy(record);
        self.values(text.trim_end_matches('\r')).count()
    }

    /// Whether `record` can be the first header of a log: it names at least two columns.
    ///
    /// A title, a comment and `sep=;` do not. A header with another delimiter does: the user is told that
    /// the format is a wrong one.
    pub(crate) fn is_first_header(self, record: &[u8]) -> bool {
        let names = self.names(record);
        let of_another = |delimiter: &u8| memchr::memchr_iter(*delimiter, record).count() > 1;
        names.iter().filter(|name| !name.is_empty()).count() > 1 || b",;\t|".iter().any(of_another)
    }

    /// The names in `header`, each as [`spelled`].
    pub(super) fn names(self, header: &[u8]) -> Vec<String> {
        let text = String::from_utf8_lossy(header);
        self.values(&text).map(|name| spelled(&name)).collect()
    }
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
}
