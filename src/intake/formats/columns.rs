//! Engine for lines whose columns a header names: W3C extended logs, CSV, TSV.
//!
//! Rejects: `no_header`, for a line before any header; `field_count`, for a line with more or fewer columns
//! than its header names; `open_quote` and `stray_quote`, for quotes that do not hold a whole value.

use super::parser::{Header, LineParser, Wanted};
use crate::intake::blocks::fields::{DATE, Fields, says_nothing};
use crate::intake::blocks::records::{Quotes, Shape, Walked, spelled};
use crate::intake::reject::{Reason, Reject};

/// How a line is cut into columns, and how values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// W3C extended: `#Fields:` names the columns, blanks set them apart, `-` is no value, and `+` stands
    /// for a blank in the headers of requests. `#Date:` says the day where no column does.
    W3c,
    /// The same with tabs between columns, and percent-encoded headers of requests.
    Tabs,
    /// Records of this shape, of which the first names the columns.
    Delimited(Shape),
}

/// Makes a parser that finds the wanted columns by name, the best first if several fill one slot.
pub fn parser(dialect: Dialect, wanted: &Wanted) -> Result<Box<dyn LineParser>, String> {
    Ok(Box::new(Columns::new(dialect, &wanted.fields)))
}

/// Takes lines apart column by column.
#[derive(Debug)]
struct Columns {
    dialect: Dialect,
    /// Each slot with the name of its column.
    wanted: Vec<(usize, String)>,
}

impl Columns {
    fn new(dialect: Dialect, wanted: &[(usize, String)]) -> Self {
        Columns {
            dialect,
            wanted: wanted.to_vec(),
        }
    }

    /// Returns the names of the columns if `line` is a header.
    fn names(&self, line: &str) -> Option<Vec<String>> {
        match self.dialect {
            Dialect::W3c | Dialect::Tabs => {
                let names = line.strip_prefix("#Fields:")?;
                Some(names.split_ascii_whitespace().map(str::to_string).collect())
            }
            Dialect::Delimited(shape) => {
                let line = without_returns(line);
                check_quotes(shape, line).ok()?;
                // A file whose line ends are bare CRs would have all its lines in its header.
                let is_one_line = !line.contains('\r');
                is_one_line.then(|| shape.values(line).map(String::from).collect())
            }
        }
    }

    /// Takes a line apart whose columns one byte sets apart, with no quotes.
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
            let value = unquoted(&line[start..end]);
            if !says_nothing(value) {
                for slot in slots_of(header, count) {
                    self.put_decoded(slot, value, fields);
                }
            }
            count += 1;
            start = end + 1;
        }
        check_count(count, header)
    }

    /// Takes a line of W3C extended apart, whose values may stand in quotes.
    fn w3c<'l>(
        &self,
        line: &'l str,
        header: &Header,
        fields: &mut Fields<'l>,
    ) -> Result<(), Reject> {
        // IIS quotes nothing, and a client may send it a quote: only a line with too many blanks has quotes.
        if let Err(reject) = self.split(b' ', line, header, fields) {
            fields.begin(line);
            let values = quoted_values(line).filter(|values| values.len() == header.columns.len());
            for (column, value) in values.ok_or(reject)?.iter().enumerate() {
                for slot in slots_of(header, column).filter(|_| !says_nothing(value)) {
                    fields.copy(slot, value);
                }
            }
        }
        if let Some(date) = &header.date
            && !fields.has(DATE)
            && self.wanted.iter().any(|(slot, _)| *slot == DATE)
        {
            fields.copy(DATE, date);
        }
        Ok(())
    }

    /// Puts a value into `slot`. The value of a request's header is decoded first.
    fn put_decoded<'l>(&self, slot: usize, value: &'l str, fields: &mut Fields<'l>) {
        let is_header = self
            .wanted
            .iter()
            .any(|(wanted, name)| *wanted == slot && name.starts_with("cs("));
        match self.dialect {
            Dialect::W3c if is_header && value.contains('+') => {
                fields.copy(slot, &value.replace('+', " "))
            }
            Dialect::Tabs if is_header && value.contains('%') => match percent_decoded(value) {
                Some(text) => fields.copy(slot, &text),
                None => fields.put(slot, value),
            },
            _ => fields.put(slot, value),
        }
    }
}

/// The value without quotes around it.
#[inline]
fn unquoted(value: &str) -> &str {
    let inner = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    inner.unwrap_or(value)
}

/// The values of a line that blanks set apart, some of them in quotes with blanks inside; a doubled quote
/// inside is one. `None` if a quote does not end.
fn quoted_values(line: &str) -> Option<Vec<String>> {
    let (mut values, mut rest) = (Vec::new(), line);
    loop {
        let value;
        (value, rest) = match rest.strip_prefix('"') {
            Some(inner) => {
                let mut quotes = inner.match_indices('"').map(|(at, _)| at);
                let end = loop {
                    let at = quotes.next()?;
                    match inner.as_bytes().get(at + 1) {
                        None | Some(b' ') => break at,
                        Some(b'"') => drop(quotes.next()),
                        Some(_) => {}
                    }
                };
                (inner[..end].replace("\"\"", "\""), &inner[end + 1..])
            }
            None => {
                let (value, _) = rest.split_once(' ').unwrap_or((rest, ""));
                (value.to_string(), &rest[value.len()..])
            }
        };
        values.push(value);
        match rest.strip_prefix(' ') {
            Some(more) => rest = more,
            None => return Some(values),
        }
    }
}

/// Returns the slots that the column at this place fills.
fn slots_of(header: &Header, column: usize) -> impl Iterator<Item = usize> {
    header.columns.get(column).into_iter().flatten().copied()
}

/// Takes a record apart whose values are what stands between its delimiters.
fn plain_record<'l>(
    shape: Shape,
    line: &'l str,
    header: &Header,
    fields: &mut Fields<'l>,
) -> Result<(), Reject> {
    let mut count = 0;
    for value in without_returns(line).split(char::from(shape.delimiter)) {
        for slot in slots_of(header, count) {
            if is_null(shape, value) {
                fields.copy(slot, NOTHING);
            } else if !value.is_empty() {
                fields.put(slot, value);
            }
        }
        count += 1;
    }
    check_count(count, header)
}

/// Takes a record apart of which some values are quoted.
fn quoted_record(
    shape: Shape,
    line: &str,
    header: &Header,
    fields: &mut Fields<'_>,
) -> Result<(), Reject> {
    let line = without_returns(line);
    check_quotes(shape, line)?;
    let mut count = 0;
    for value in shape.values(line) {
        for slot in slots_of(header, count).filter(|_| !value.is_empty()) {
            match is_null(shape, &value) {
                true => fields.copy(slot, NOTHING),
                false => fields.copy(slot, &value),
            }
        }
        count += 1;
    }
    check_count(count, header)
}

/// Returns the one column whose name differs from the wanted one only by the case of its letters, or by
/// blanks around it.
fn only_alike(names: &[String], wanted: &str) -> Option<usize> {
    let mut alike = (0..names.len()).filter(|at| spelled(&names[*at]) == spelled(wanted));
    alike.next().filter(|_| alike.next().is_none())
}

/// Refuses a record that has another number of columns than its header: it is damaged.
fn check_count(count: usize, header: &Header) -> Result<(), Reject> {
    if count == header.columns.len() {
        return Ok(());
    }
    Err(Reject::new(
        Reason::FieldCount,
        format!(
            "{count} columns, and the header names {}",
            header.columns.len()
        ),
    ))
}

/// Undoes percent-encoding, twice if it was done twice; `None` if what comes out is no UTF-8.
fn percent_decoded(text: &str) -> Option<String> {
    let once = |text: &str| {
        let plain = percent_encoding::percent_decode_str(text).decode_utf8();
        plain.ok().map(String::from)
    };
    let first = once(text)?;
    // Only an encoded `%` can have been a percent-code before.
    if text.contains("%25") {
        once(&first)
    } else {
        Some(first)
    }
}

/// Undoes form encoding, which is percent-encoding with `+` for a blank.
pub(super) fn form_decoded(text: &str) -> Option<String> {
    percent_decoded(&text.replace('+', " "))
}

impl LineParser for Columns {
    fn parse<'l>(
        &self,
        line: &'l str,
        header: &Header,
        fields: &mut Fields<'l>,
    ) -> Result<(), Reject> {
        if header.columns.is_empty() {
            return Err(Reject::new(
                Reason::NoHeader,
                "no header has named the columns yet",
            ));
        }
        match self.dialect {
            Dialect::W3c => self.w3c(line, header, fields),
            Dialect::Tabs => self.split(b'\t', line, header, fields),
            Dialect::Delimited(shape) if is_plain(shape, line) => {
                plain_record(shape, line, header, fields)
            }
            Dialect::Delimited(shape) => quoted_record(shape, line, header, fields),
        }
    }

    fn fills(&self) -> Vec<usize> {
        self.wanted.iter().map(|(slot, _)| *slot).collect()
    }

    fn field_names(&self, line: &str) -> Vec<String> {
        self.names(line).unwrap_or_default()
    }

    fn header(&self, line: &str) -> Option<Header> {
        if let (Dialect::W3c, Some(date)) = (self.dialect, line.strip_prefix("#Date:")) {
            let date = date.split_ascii_whitespace().next()?;
            return Some(Header {
                columns: Vec::new(),
                date: Some(date.to_string()),
            });
        }
        let names = self.names(line)?;
        let mut slots = vec![Vec::new(); names.len()];
        let mut filled: Vec<usize> = Vec::new();
        for (slot, wanted) in &self.wanted {
            let index = names.iter().position(|name| name == wanted);
            let index = index.or_else(|| only_alike(&names, wanted));
            if let (Some(index), false) = (index, filled.contains(slot)) {
                slots[index].push(*slot);
                filled.push(*slot);
            }
        }
        Some(Header::of(slots))
    }
}

/// What a null becomes: the text that says nothing in any format.
const NOTHING: &str = "-";

/// Whether a value is a null, as writers have it that escape by backslashes or quote nothing.
fn is_null(shape: Shape, value: &str) -> bool {
    shape.quotes != Quotes::Doubled && value == r"\N"
}

/// Whether the values of a record are what stands between its delimiters.
fn is_plain(shape: Shape, line: &str) -> bool {
    let has_no_quotes = || memchr::memchr2(b'"', b'\n', line.as_bytes()).is_none();
    !line.is_empty() && (shape.quotes == Quotes::None || has_no_quotes())
}

/// The record without the CRs that conversions of line ends leave at its end.
fn without_returns(line: &str) -> &str {
    line.trim_end_matches('\r')
}

/// Refuses a record whose quotes do not hold whole values: it is damaged, or of another format.
fn check_quotes(shape: Shape, line: &str) -> Result<(), Reject> {
    let hint = match (shape.quotes, shape.delimiter) {
        (Quotes::Doubled, b',') => "; if backslashes go before quotes, it is csv_backslash",
        (Quotes::Doubled, b'\t') => "; if nothing is quoted, it is tsv_unquoted",
        _ => "",
    };
    match shape.walk(line.as_bytes(), 0) {
        Walked::LineEnd(_) | Walked::End => Ok(()),
        Walked::Open => Err(Reject::new(
            Reason::OpenQuote,
            format!("a quote that nothing closes{hint}"),
        )),
        Walked::Behind(at) => Err(Reject::new(
            Reason::StrayQuote,
            format!("text behind a closing quote, at byte {}{hint}", at + 1),
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
        let reason = |line| check_quotes(CSV, line).map_err(|reject| reject.reason.name());
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
            percent_decoded("Mozilla/5.0%20(X)").as_deref(),
            Some("Mozilla/5.0 (X)")
        );
        assert_eq!(
            percent_decoded("Mozilla/5.0%2520(X)").as_deref(),
            Some("Mozilla/5.0 (X)")
        );
        assert_eq!(percent_decoded("100%").as_deref(), Some("100%"));
        assert_eq!(percent_decoded("%ff"), None);
    }
}
