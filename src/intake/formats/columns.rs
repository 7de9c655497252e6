//! Engine for lines whose columns a header names: W3C extended logs, CSV, TSV.
//!
//! Reasons: `no_header` (a line before any header), `field_count`, `open_quote`, `stray_quote`.

use super::{Fields, Header, LineParser, Quotes, Reason, Reject, Shape};
use crate::intake::blocks::fields::says_nothing;
use crate::intake::blocks::records::{Walked, spelled};

/// How a line is cut into columns, and how values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// W3C extended: `#Fields:` names the columns, `-` is no value, `+` a space in headers.
    W3c,
    /// The same between tabs, headers percent-encoded.
    Tabs,
    /// Records of this shape; the first names the columns.
    Delimited(Shape),
}

/// The parser.
#[derive(Debug)]
pub struct Columns {
    dialect: Dialect,
    wanted: Vec<(usize, String)>,
}

impl Columns {
    /// A parser that finds the wanted columns by name, the best first where several fill one slot.
    pub fn new(dialect: Dialect, wanted: &[(usize, String)]) -> Self {
        Columns {
            dialect,
            wanted: wanted.to_vec(),
        }
    }

    fn names(&self, names: impl Iterator<Item = String>) -> Header {
        let names: Vec<String> = names.collect();
        let mut slots = vec![Vec::new(); names.len()];
        let mut filled: Vec<usize> = Vec::new();
        for (slot, wanted) in &self.wanted {
            let index = names.iter().position(|name| name == wanted);
            let index = index.or_else(|| alone(&names, wanted));
            if let (Some(index), false) = (index, filled.contains(slot)) {
                slots[index].push(*slot);
                filled.push(*slot);
            }
        }
        Header(slots)
    }

    fn split<'l>(
        &self,
        separator: u8,
        line: &'l str,
        header: &Header,
        fields: &mut Fields<'l>,
    ) -> Result<(), Reject> {
        let bytes = line.as_bytes();
        let mut start = 0;
        let mut count = 0;
        while start <= bytes.len() {
            let end =
                memchr::memchr(separator, &bytes[start..]).map_or(bytes.len(), |at| start + at);
            let value = &line[start..end];
            if !says_nothing(value) {
                for slot in header.0.get(count).into_iter().flatten() {
                    self.value(*slot, value, fields);
                }
            }
            count += 1;
            start = end + 1;
        }
        counted(count, header)
    }

    fn value<'l>(&self, slot: usize, value: &'l str, fields: &mut Fields<'l>) {
        let header_value = self
            .wanted
            .iter()
            .any(|(wanted, name)| *wanted == slot && name.starts_with("cs("));
        match self.dialect {
            Dialect::W3c if header_value && value.contains('+') => {
                fields.copy(slot, &value.replace('+', " "))
            }
            Dialect::Tabs if header_value && value.contains('%') => match percent(value) {
                Some(text) => fields.copy(slot, &text),
                None => fields.put(slot, value),
            },
            _ => fields.put(slot, value),
        }
    }
}

/// The one name that differs from the wanted one by the case of its letters or blanks around it alone.
fn alone(names: &[String], wanted: &str) -> Option<usize> {
    let mut same = (0..names.len()).filter(|at| spelled(&names[*at]) == spelled(wanted));
    same.next().filter(|_| same.next().is_none())
}

/// A record that has another number of columns than its header is damaged.
fn counted(count: usize, header: &Header) -> Result<(), Reject> {
    if count == header.0.len() {
        return Ok(());
    }
    Err(Reject::new(
        Reason::FieldCount,
        format!("{count} columns, and the header names {}", header.0.len()),
    ))
}

/// Undoes percent-encoding, twice where it was done twice; `None` where what comes out is no text.
fn percent(text: &str) -> Option<String> {
    let once = |text: &str| {
        let plain = percent_encoding::percent_decode_str(text).decode_utf8();
        plain.ok().map(String::from)
    };
    let first = once(text)?;
    if text.contains("%25") {
        once(&first)
    } else {
        Some(first)
    }
}

/// Undoes form encoding: `+` is a space.
pub(super) fn form_decoded(text: &str) -> Option<String> {
    percent(&text.replace('+', " "))
}

impl LineParser for Columns {
    fn parse<'l>(
        &self,
        line: &'l str,
        header: &Header,
        fields: &mut Fields<'l>,
    ) -> Result<(), Reject> {
        if header.0.is_empty() {
            return Err(Reject::new(
                Reason::NoHeader,
                "no header has named the columns yet",
            ));
        }
        match self.dialect {
            Dialect::W3c => self.split(b' ', line, header, fields),
            Dialect::Tabs => self.split(b'\t', line, header, fields),
            Dialect::Delimited(shape) if is_plain(shape, line) => {
                let values = whole(line).split(char::from(shape.delimiter));
                let mut count = 0;
                for value in values {
                    for slot in header.0.get(count).into_iter().flatten() {
                        if is_none(shape, value) {
                            fields.copy(*slot, NONE);
                        } else if !value.is_empty() {
                            fields.put(*slot, value);
                        }
                    }
                    count += 1;
                }
                counted(count, header)
            }
            Dialect::Delimited(shape) => {
                let line = whole(line);
                quotes(shape, line)?;
                let mut count = 0;
                for value in shape.values(line) {
                    let slots = header.0.get(count).into_iter().flatten();
                    for slot in slots.filter(|_| !value.is_empty()) {
                        match is_none(shape, &value) {
                            true => fields.copy(*slot, NONE),
                            false => fields.copy(*slot, &value),
                        }
                    }
                    count += 1;
                }
                counted(count, header)
            }
        }
    }

    fn fills(&self) -> Vec<usize> {
        self.wanted.iter().map(|(slot, _)| *slot).collect()
    }

    fn field_names(&self, line: &str) -> Vec<String> {
        self.columns(line).unwrap_or_default()
    }

    fn header(&self, line: &str) -> Option<Header> {
        Some(self.names(self.columns(line)?.into_iter()))
    }
}

impl Columns {
    fn columns(&self, line: &str) -> Option<Vec<String>> {
        match self.dialect {
            Dialect::W3c | Dialect::Tabs => {
                let names = line.strip_prefix("#Fields:")?;
                Some(names.split_ascii_whitespace().map(str::to_string).collect())
            }
            Dialect::Delimited(shape) => {
                let line = whole(line);
                quotes(shape, line).ok()?;
                // A file whose line ends are bare CRs would have all its lines in its header.
                let named = !line.contains('\r');
                named.then(|| shape.values(line).map(String::from).collect())
            }
        }
    }
}

/// What says nothing in any format; a client's path that says it is one all the same.
const NONE: &str = "-";

/// Whether a value is none, as writers have it that escape by backslashes or quote nothing.
fn is_none(shape: Shape, value: &str) -> bool {
    shape.quotes != Quotes::Doubled && value == r"\N"
}

/// Whether a record's values are what stands between its delimiters.
fn is_plain(shape: Shape, line: &str) -> bool {
    let bare = || memchr::memchr2(b'"', b'\n', line.as_bytes()).is_none();
    !line.is_empty() && (shape.quotes == Quotes::None || bare())
}

/// A record without the CRs that conversions of line ends leave at its end.
fn whole(line: &str) -> &str {
    line.trim_end_matches('\r')
}

/// A record whose quotes do not hold whole fields is damaged.
fn quotes(shape: Shape, line: &str) -> Result<(), Reject> {
    // Or another format is the writer's.
    let another = match (shape.quotes, shape.delimiter) {
        (Quotes::Doubled, b',') => "; if backslashes go before quotes, it is csv_backslash",
        (Quotes::Doubled, b'\t') => "; if nothing is quoted, it is tsv_unquoted",
        _ => "",
    };
    match shape.walk(line.as_bytes(), 0) {
        Walked::LineEnd(_) | Walked::End => Ok(()),
        Walked::Open => Err(Reject::new(
            Reason::OpenQuote,
            format!("a quote that nothing closes{another}"),
        )),
        Walked::Behind(at) => Err(Reject::new(
            Reason::StrayQuote,
            format!("text behind a closing quote, at byte {}{another}", at + 1),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CSV: Shape = Shape {
        delimiter: b',',
        quotes: Quotes::Doubled,
    };

    #[test]
    fn a_plain_record_has_the_values_that_stand_between_delimiters() {
        for line in [
            "a", "a,b", "a,", ",", ",,x", "a b, c", " ", "é,-,'", "a\rb,",
        ] {
            assert!(is_plain(CSV, line), "{line}");
            let plain: Vec<&str> = line.split(',').collect();
            assert_eq!(plain, CSV.values(line).collect::<Vec<_>>(), "{line}");
        }
        for line in ["", "a,\"b\""] {
            assert!(!is_plain(CSV, line), "{line}");
        }
    }

    #[test]
    fn returns_at_a_records_end_are_none_of_it() {
        let wanted = [(1, "id".to_string()), (2, "when".to_string())];
        let columns = Columns::new(Dialect::Delimited(CSV), &wanted);
        let header = columns.header("id,when\r").expect("a header");
        for line in ["1,2025\r", "1,\"2025\"\r\r"] {
            let mut fields = Fields::default();
            fields.begin(line);
            assert_eq!(columns.parse(line, &header, &mut fields), Ok(()));
            assert_eq!(fields.get(2), Some("2025"), "{line}");
        }
        for header in ["id,when\r1,2025\r2,2026", "id,\"when", "id,\"w\"hen"] {
            assert_eq!(columns.header(header), None, "{header}");
        }
    }

    #[test]
    fn a_record_whose_quotes_hold_no_whole_fields_is_no_row() {
        let reason = |line| quotes(CSV, line).map_err(|reject| reject.reason.name());
        for open in [r#"a,"b"#, r#""a"", b"#, r#"a,""#, r#"a,"b"","#] {
            assert_eq!(reason(open), Err("open_quote"), "{open}");
        }
        for stray in [r#"a,"b"c"#, r#""a" ,b"#, "\"a\"\rb", r#""a" "b""#] {
            assert_eq!(reason(stray), Err("stray_quote"), "{stray}");
        }
        for whole in [
            r#"a,"b""#,
            r#"a,"b ""c""""#,
            r#"5" disk,a"#,
            "\"\"\"\",\"x\"",
            "",
        ] {
            assert_eq!(reason(whole), Ok(()), "{whole}");
        }
    }

    #[test]
    fn one_column_fills_all_that_are_mapped_to_it() {
        let wanted = [(3, "when".to_string()), (5, "when".to_string())];
        let columns = Columns::new(Dialect::Delimited(CSV), &wanted);
        let header = columns.header("id,when").expect("a header");
        let mut fields = Fields::default();
        fields.begin("1,2025");
        let read = columns.parse("1,2025", &header, &mut fields);
        assert!(read.is_ok());
        assert_eq!([3, 5].map(|slot| fields.get(slot)), [Some("2025"); 2]);
    }

    #[test]
    fn percent_encoding_is_undone_once_or_twice() {
        assert_eq!(
            percent("Mozilla/5.0%20(X)").as_deref(),
            Some("Mozilla/5.0 (X)")
        );
        assert_eq!(
            percent("Mozilla/5.0%2520(X)").as_deref(),
            Some("Mozilla/5.0 (X)")
        );
        assert_eq!(percent("100%").as_deref(), Some("100%"));
        assert_eq!(percent("%ff"), None);
    }
}
