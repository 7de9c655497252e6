//! What is written comes back: each kind of column, with and without missing values, in one part or several.

use polars::prelude::*;

use super::{Batch, Column, Frame, FrameWriter, Kind, Value, numbered_parts, part_files, pieces};

const fn column(name: &'static str, kind: Kind, required: bool) -> Column {
    Column {
        name,
        kind,
        unit: None,
        required,
        needed: required,
        what: "",
    }
}

static EACH_KIND: Frame = Frame {
    name: "each_kind",
    what: "",
    columns: &[
        column("number", Kind::Unsigned, true),
        column("text", Kind::Text, false),
        column("must_text", Kind::Text, true),
        column("identifier", Kind::Identifier, false),
        column("must_identifier", Kind::Identifier, true),
        column("bytes", Kind::Bytes, false),
        column("unsigned", Kind::Unsigned, false),
        column("small", Kind::Small, false),
        column("code", Kind::Code, false),
        column("time", Kind::Time, false),
        column("address", Kind::Address, false),
    ],
};

/// A row's values as text; `there` tells whether a value of a column that may be missing is there.
fn row(number: u64, distinct: u64, there: impl Fn(u64) -> bool) -> Vec<Option<String>> {
    let value = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
    let picked = value % distinct;
    let may = |column: u64, text: String| there(column).then_some(text);
    vec![
        Some(number.to_string()),
        may(
            1,
            format!("text {picked} {}", "x".repeat(picked as usize % 70)),
        ),
        Some(format!("must {picked}")),
        may(3, "é".repeat(number as usize % 40) + &value.to_string()),
        Some(format!("id-{value}")),
        may(5, format!("bytes {value}")),
        may(6, value.to_string()),
        may(7, (value % 4_000_000_000).to_string()),
        may(8, (picked % 60_000).to_string()),
        may(9, value.to_string()),
        may(10, format!("192.0.2.{}", picked % 256)),
    ]
}

fn write(dir: &std::path::Path, groups: &[Vec<Vec<Option<String>>>]) {
    let mut writer = FrameWriter::create(dir, &EACH_KIND, 7).expect("created");
    for rows in groups {
        let mut batch = Batch::new(&EACH_KIND, rows.len()).expect("a batch");
        for row in rows {
            let values = row.iter().zip(EACH_KIND.columns).map(|(text, column)| {
                let Some(text) = text else { return Value::Null };
                match column.kind {
                    Kind::Text | Kind::Identifier | Kind::Address => Value::Text(text),
                    Kind::Bytes => Value::Bytes(text.as_bytes()),
                    Kind::Unsigned | Kind::Small | Kind::Code => {
                        Value::Number(text.parse().expect("a number"))
                    }
                    Kind::Time => Value::Time(text.parse().expect("a time")),
                }
            });
            batch.push(&values.collect::<Vec<_>>());
        }
        writer
            .append(&batch.finish().expect("encoded"))
            .expect("appended");
    }
    let parts = writer.finish().expect("finished");
    let rows: u64 = parts.iter().map(|part| part.row_count).sum();
    assert_eq!(rows as usize, groups.iter().map(Vec::len).sum::<usize>());
}

fn read(dir: &std::path::Path) -> Vec<Vec<Option<String>>> {
    let names: Vec<&str> = EACH_KIND.columns.iter().map(|column| column.name).collect();
    let mut rows = Vec::new();
    let parts = part_files(dir, &EACH_KIND).expect("listed");
    for piece in pieces(&parts).expect("read") {
        let batch = piece.read(&names).expect("read");
        for row in 0..batch.height() {
            let text = |column: &polars::prelude::Column| {
                let value = column.get(row).expect("a value").into_static();
                match value {
                    AnyValue::Null => None,
                    AnyValue::StringOwned(text) => Some(text.to_string()),
                    AnyValue::BinaryOwned(bytes) => String::from_utf8(bytes).ok(),
                    AnyValue::UInt64(number) => Some(number.to_string()),
                    AnyValue::UInt32(number) => Some(number.to_string()),
                    AnyValue::UInt16(number) => Some(number.to_string()),
                    AnyValue::DatetimeOwned(time, ..) => Some(time.to_string()),
                    other => panic!("{other:?} is of no column's kind"),
                }
            };
            rows.push(batch.columns().iter().map(text).collect());
        }
    }
    rows
}

#[test]
fn each_kind_of_column_comes_back_as_it_was_written() {
    let none: fn(u64, u64) -> bool = |_, _| false;
    let all: fn(u64, u64) -> bool = |_, _| true;
    let some: fn(u64, u64) -> bool = |number, column| (number / 3 + column) % 5 != 0;
    let late: fn(u64, u64) -> bool = |number, _| number > 700;
    for there in [none, all, some, late] {
        for (count, distinct) in [(1, 1), (9, 1), (1000, 3), (1000, 300), (20_000, 1 << 40)] {
            let rows =
                (0..count).map(|number| row(number, distinct, |column| there(number, column)));
            let rows: Vec<_> = rows.collect();
            let dir = tempfile::tempdir().expect("a folder");
            write(dir.path(), std::slice::from_ref(&rows));
            assert!(read(dir.path()) == rows, "{count} rows of {distinct}");
        }
    }
}

#[test]
fn numbers_come_back_however_far_they_are_apart() {
    let far = 1u64 << 63;
    let steps = [
        vec![0, far, 0, far, 0],
        vec![far - 3, far - 2, far - 1, far, far + 1],
        vec![u64::MAX; 3],
        (0..600).map(|at| u64::MAX - 7 + at % 8).collect(),
        (0..600).map(|at| at << 54).collect(),
    ];
    for numbers in steps {
        let rows = numbers.iter().map(|number| {
            let mut row = row(*number, 9, |_| true);
            row[6] = Some(number.to_string());
            // Times have a sign.
            row[9] = Some(number.cast_signed().to_string());
            row
        });
        let rows: Vec<_> = rows.collect();
        let dir = tempfile::tempdir().expect("a folder");
        write(dir.path(), std::slice::from_ref(&rows));
        assert!(read(dir.path()) == rows, "{numbers:?}");
    }
}

#[test]
fn many_row_groups_are_several_parts_that_are_read_in_order() {
    let groups: Vec<_> = (0..300)
        .map(|group| vec![row(2 * group, 9, |_| true), row(2 * group + 1, 9, |_| true)])
        .collect();
    let dir = tempfile::tempdir().expect("a folder");
    write(dir.path(), &groups);
    assert_eq!(read(dir.path()), groups.concat());
    let parts = part_files(dir.path(), &EACH_KIND).expect("listed");
    let names = [
        "000007.parquet",
        "000007_0002.parquet",
        "000007_0003.parquet",
    ];
    assert!(
        parts
            .iter()
            .map(|path| path.file_name().expect("a name"))
            .eq(names)
    );
    assert_eq!(numbered_parts(dir.path(), &EACH_KIND, 7), parts);
    assert_eq!(numbered_parts(dir.path(), &EACH_KIND, 8).len(), 0);
}

#[test]
fn no_index_of_pages_says_that_texts_are_missing() {
    let dir = tempfile::tempdir().expect("a folder");
    write(
        dir.path(),
        &[vec![row(1, 5, |_| true), row(2, 5, |_| true)]],
    );
    let part = numbered_parts(dir.path(), &EACH_KIND, 7).remove(0);
    let mut file = std::fs::File::open(part).expect("a part");
    let metadata = polars_parquet::read::read_metadata(&mut file).expect("read");
    let columns = metadata
        .row_groups
        .iter()
        .flat_map(|group| group.parquet_columns());
    let indexes = columns.map(|column| column.column_index_offset());
    assert_eq!(indexes.collect::<Vec<_>>(), [None; 11]);
}
