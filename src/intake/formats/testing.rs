//! What the tests of all formats share.

use super::{Fields, Header, LineParser, LogFormat, Wanted, slot};
use crate::intake::problem;
use crate::intake::values::assembler::Assembler;

/// What a test expects of a line: some columns of its row, or the name of a reject reason or problem.
pub(crate) type Read = Result<Vec<Option<String>>, &'static str>;

/// Makes a parser of `format` for its first kind of source, with these further fields.
pub(crate) fn parser(format: &LogFormat, more: &[(&str, &str)]) -> Box<dyn LineParser> {
    let frame = format.kinds[0].frame();
    let fields = format
        .fields
        .iter()
        .chain(more)
        .map(|(column, own)| (slot(frame, column).expect("a slot"), own.to_string()))
        .collect();
    let wanted = Wanted {
        fields,
        ..Wanted::default()
    };
    (format.parser)(frame, &wanted).expect("a parser")
}

/// Reads these columns of one line, or the reason why it is no row, or no sound one.
pub(crate) fn read(
    format: &LogFormat,
    parser: &dyn LineParser,
    line: &str,
    columns: &[&str],
) -> Read {
    let frame = format.kinds[0].frame();
    let mut fields = Fields::default();
    fields.begin(line);
    parser
        .parse(line, &Header::default(), &mut fields)
        .map_err(|reject| reject.reason.name())?;
    Assembler::new(frame, None).assemble(&mut fields);
    let problem = fields.get(slot(frame, "row_problem").expect("a column"));
    let known = [problem::REQUEST_LINE, problem::FORWARDED_FOR_LIST];
    if let Some(known) = known.into_iter().find(|known| problem == Some(known)) {
        return Err(known);
    }
    if let Some((_, reject)) = fields.doubts().first() {
        return Err(reject.reason.name());
    }
    let of = |name: &&str| {
        fields
            .get(slot(frame, name).expect("a slot"))
            .map(str::to_string)
    };
    Ok(columns.iter().map(of).collect())
}

/// A row of which every column has a value.
pub(crate) fn row<const COLUMNS: usize>(values: [&str; COLUMNS]) -> Read {
    Ok(values.map(|text| Some(text.to_string())).to_vec())
}

/// Asserts that `line` bears the mark of `format` and has these values in these columns.
pub(crate) fn assert_reads(format: &LogFormat, line: &str, expected: &[(&str, &str)]) {
    assert!((format.mark)(line), "no mark: {line}");
    let columns: Vec<&str> = expected.iter().map(|(column, _)| *column).collect();
    let values = expected.iter().map(|(_, value)| Some(value.to_string()));
    let found = read(format, &*parser(format, &[]), line, &columns);
    assert_eq!(found, Ok(values.collect()), "{line}");
}

/// Asserts that `line` is no sound row of `format`, for this reason.
pub(crate) fn assert_refuses(format: &LogFormat, line: &str, reason: &str) {
    let found = read(format, &*parser(format, &[]), line, &[]);
    assert_eq!(found, Err(reason), "{line}");
}
