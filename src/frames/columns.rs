//! Gathers rows of a frame into columns, and encodes them as one Parquet row group.
//!
//! No file is touched, so any thread can do it. The encoding of a column follows from its kind and its
//! values in this batch, never from another batch, so that the same evidence gives the same bytes:
//! numbers as deltas, codes and repeating texts by dictionary, identifiers plain. A column without any
//! value is a single run.

use polars_arrow::bitmap::{Bitmap, MutableBitmap};
use polars_arrow::datatypes::{ArrowDataType, ArrowSchema, Field, TimeUnit as ArrowTimeUnit};
use polars_parquet::write::{CompressedPage, CompressionOptions, ParquetType, to_parquet_schema};

use super::pages::{self, failed};
use super::shape::{Column, Frame, Kind};
use super::texts::{Looked, MOST_AT_ONCE, Plain, Repeating, without_tokens};
use crate::error::Result;

/// A value for one column of a row.
#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    /// No value.
    Null,
    /// For `Text`, `Identifier` and `Address`.
    Text(&'a str),
    /// For `Bytes`.
    Bytes(&'a [u8]),
    /// For `Unsigned`, `Small` and `Code`.
    Number(u64),
    /// For `Time`: microseconds since 1970-01-01 UTC.
    Time(i64),
}

impl<'a> From<Option<&'a str>> for Value<'a> {
    fn from(text: Option<&'a str>) -> Self {
        text.map_or(Value::Null, Value::Text)
    }
}

impl From<Option<i64>> for Value<'_> {
    fn from(time: Option<i64>) -> Self {
        time.map_or(Value::Null, Value::Time)
    }
}

/// The values of a column, in the form from which its pages are made.
enum Values {
    Repeating(Box<Repeating>),
    Plain(Plain),
    Unsigned(Vec<u64>),
    Small(Vec<u32>),
    Code(Vec<u16>),
    Time(Vec<i64>),
}

/// One column being filled.
struct Filling {
    values: Values,
    /// Rows so far.
    length: usize,
    /// Rows before the first value. Nothing is stored for them until it comes.
    absent: usize,
    /// Which rows have a value; nothing as long as all have one.
    present: Option<MutableBitmap>,
}

impl Filling {
    fn new(kind: Kind, rows: usize) -> Self {
        let values = match kind {
            Kind::Text | Kind::Address => Values::Repeating(Box::new(Repeating::new(rows))),
            Kind::Identifier | Kind::Bytes => Values::Plain(Plain::new(rows)),
            Kind::Unsigned => Values::Unsigned(Vec::with_capacity(rows)),
            Kind::Small => Values::Small(Vec::with_capacity(rows)),
            Kind::Code => Values::Code(Vec::with_capacity(rows)),
            Kind::Time => Values::Time(Vec::with_capacity(rows)),
        };
        Filling {
            values,
            length: 0,
            absent: 0,
            present: None,
        }
    }

    /// Appends one value.
    ///
    /// A value of another kind than the column's is a bug in the caller, here and below, and panics.
    fn push(&mut self, value: Value<'_>) {
        match value {
            Value::Null => self.nulls(1),
            Value::Text(text) => self.texts(&[text.as_bytes()], 1, None),
            Value::Bytes(bytes) => self.bytes(&[bytes], 1),
            Value::Number(number) => self.numbers(&[number], 1),
            Value::Time(time) => self.times(&[time], 1),
        }
    }

    /// Appends missing values.
    fn nulls(&mut self, count: usize) {
        // Many logs have no value at all for many columns: then rows are only counted.
        if self.absent == self.length {
            self.absent += count;
            self.length += count;
        } else {
            self.append_nulls(count);
        }
    }

    /// Stores something in place of `count` missing values.
    fn append_nulls(&mut self, mut count: usize) {
        while count > 0 {
            let some = count.min(MOST_AT_ONCE);
            match &mut self.values {
                Values::Repeating(_) | Values::Plain(_) => {
                    self.texts(&[&[][..]; MOST_AT_ONCE][..some], 0, None);
                }
                Values::Unsigned(_) | Values::Small(_) | Values::Code(_) => {
                    self.numbers(&[0; MOST_AT_ONCE][..some], 0);
                }
                Values::Time(_) => self.times(&[0; MOST_AT_ONCE][..some], 0),
            }
            count -= some;
        }
    }

    /// Stores something in place of the missing values before the first one.
    #[inline]
    fn fill_in(&mut self) {
        if self.absent > 0 {
            let absent = std::mem::take(&mut self.absent);
            self.length = 0;
            self.append_nulls(absent);
        }
    }

    /// Notes which of the next `count` rows have a value: those whose bit in `there` is set.
    #[inline]
    fn note(&mut self, count: usize, there: u64) {
        assert!(count <= MOST_AT_ONCE, "a bit stands for each row");
        // Bits from `count` on belong to no row and may be anything.
        let all = there.trailing_ones() as usize >= count;
        match &mut self.present {
            None if all => {}
            Some(present) if all => present.extend_constant(count, true),
            present => {
                let length = self.length;
                let present = present.get_or_insert_with(|| MutableBitmap::from_len_set(length));
                present.extend_from_slice(&there.to_le_bytes(), 0, count);
            }
        }
        self.length += count;
    }

    /// Appends texts: see [`Batch::texts`].
    fn texts(&mut self, texts: &[&[u8]], there: u64, looked: Option<&Looked>) {
        self.fill_in();
        let (mut texts, mut there, mut looked) = (texts, there, looked);
        while !texts.is_empty()
            && let Values::Repeating(known) = &mut self.values
        {
            // It stops where it is to be decided whether the texts still repeat.
            let done = known.append(texts, there, looked.take());
            let varied = known.is_varied();
            self.note(done, there);
            if varied && let Values::Repeating(known) = &self.values {
                self.values = Values::Plain(known.unfold(self.present.as_ref()));
            }
            texts = &texts[done..];
            // A shift by all 64 bits would overflow; nothing is left then.
            there = there.checked_shr(done as u32).unwrap_or(0);
        }
        if texts.is_empty() {
            return;
        }
        self.note(texts.len(), there);
        let Values::Plain(known) = &mut self.values else {
            unreachable!("texts belong in a column of text");
        };
        for (row, text) in texts.iter().enumerate() {
            if there >> row & 1 == 1 {
                match without_tokens(text) {
                    Some(masked) => known.push(masked.as_bytes()),
                    None => known.push(text),
                }
            }
        }
    }

    /// Appends one text many times, in a column that has no other.
    fn repeat(&mut self, text: &str, count: usize) {
        if count == 0 {
            return;
        }
        self.texts(&[text.as_bytes()], 1, None);
        let Values::Repeating(known) = &mut self.values else {
            unreachable!("a column of one text repeats");
        };
        assert!(self.present.is_none(), "each row has the column's one text");
        known.repeat(count - 1);
        self.length += count - 1;
    }

    /// Appends values of bytes.
    fn bytes(&mut self, values: &[&[u8]], there: u64) {
        self.fill_in();
        self.note(values.len(), there);
        let Values::Plain(known) = &mut self.values else {
            unreachable!("bytes belong in a column of bytes");
        };
        for (row, bytes) in values.iter().enumerate() {
            if there >> row & 1 == 1 {
                known.push(bytes);
            }
        }
    }

    /// Appends numbers. A number that does not fit its column is a bug in the caller.
    fn numbers(&mut self, numbers: &[u64], there: u64) {
        const FITS: &str = "the number fits its column";
        self.fill_in();
        self.note(numbers.len(), there);
        let numbers = numbers.iter().copied();
        match &mut self.values {
            Values::Unsigned(known) => known.extend(numbers),
            Values::Small(known) => known.extend(numbers.map(|n| u32::try_from(n).expect(FITS))),
            Values::Code(known) => known.extend(numbers.map(|n| u16::try_from(n).expect(FITS))),
            _ => unreachable!("numbers belong in a column of numbers"),
        }
    }

    /// Appends times.
    fn times(&mut self, times: &[i64], there: u64) {
        self.fill_in();
        self.note(times.len(), there);
        let Values::Time(known) = &mut self.values else {
            unreachable!("times belong in a column of times");
        };
        known.extend_from_slice(times);
    }

    /// Encodes and compresses the values.
    fn finish(self, column: &Column, parquet: &ParquetType) -> Result<Vec<CompressedPage>> {
        let rows = self.length;
        if rows > 0 && self.absent == rows {
            let page = pages::missing(rows, parquet)?;
            return pages::compress(vec![page], CompressionOptions::Uncompressed);
        }
        let present: Option<Bitmap> = self.present.map(Bitmap::from);
        let present = present.as_ref();
        let pages = match self.values {
            Values::Unsigned(values) => {
                // Deltas are of signed numbers and wrap around, so the bits may be taken as they are; only
                // the least and the greatest value must be found as unsigned numbers.
                let values = values.into_iter().map(u64::cast_signed).collect();
                let order = |value: &i64| value.cast_unsigned();
                vec![pages::by_deltas(values, rows, present, parquet, order)?]
            }
            Values::Time(values) => {
                vec![pages::by_deltas(values, rows, present, parquet, |time| {
                    *time
                })?]
            }
            Values::Small(values) => pages::numbers_by_dictionary(values, rows, present, parquet)?,
            Values::Code(values) => {
                let values = values.into_iter().map(u32::from).collect();
                pages::numbers_by_dictionary(values, rows, present, parquet)?
            }
            Values::Plain(values) => vec![pages::plain(values, rows, present, parquet)?],
            Values::Repeating(values) => pages::by_dictionary(*values, rows, present, parquet)?,
        };
        pages::compress(pages, compression(column.kind))
    }
}

/// The type of a column in the schema.
fn arrow_type(kind: Kind) -> ArrowDataType {
    match kind {
        Kind::Text | Kind::Identifier | Kind::Address => ArrowDataType::Utf8View,
        Kind::Bytes => ArrowDataType::BinaryView,
        Kind::Unsigned => ArrowDataType::UInt64,
        Kind::Small => ArrowDataType::UInt32,
        Kind::Code => ArrowDataType::UInt16,
        Kind::Time => ArrowDataType::Timestamp(ArrowTimeUnit::Microsecond, Some("UTC".into())),
    }
}

/// The schema of a frame, as its Parquet files have it.
pub(super) fn schema(frame: &Frame) -> ArrowSchema {
    let field = |column: &Column| {
        let field = Field::new(
            column.name.into(),
            arrow_type(column.kind),
            !column.required,
        );
        (field.name.clone(), field)
    };
    frame.columns.iter().map(field).collect()
}

/// How the pages of a column are compressed if that pays. Identifiers hardly shrink, so it is not tried.
fn compression(kind: Kind) -> CompressionOptions {
    match kind {
        Kind::Identifier => CompressionOptions::Uncompressed,
        _ => CompressionOptions::Zstd(None),
    }
}

/// A row group, encoded and ready to be written.
pub struct RowGroup {
    /// Its rows.
    pub rows: usize,
    /// The pages of each column.
    pub(super) columns: Vec<Vec<CompressedPage>>,
}

/// Rows of a frame being gathered.
pub struct Batch {
    frame: &'static Frame,
    types: Vec<ParquetType>,
    filling: Vec<Filling>,
    rows: usize,
}

impl Batch {
    /// An empty batch of `frame`, with room for `rows` rows.
    pub fn new(frame: &'static Frame, rows: usize) -> Result<Self> {
        let types = to_parquet_schema(&schema(frame))
            .map_err(failed)?
            .fields()
            .to_vec();
        Ok(Batch {
            frame,
            types,
            filling: Self::filling(frame, rows),
            rows: 0,
        })
    }

    /// Empty columns with room for `rows` rows.
    fn filling(frame: &Frame, rows: usize) -> Vec<Filling> {
        frame
            .columns
            .iter()
            .map(|column| Filling::new(column.kind, rows))
            .collect()
    }

    /// Rows so far.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Appends a row: one value a column, in the frame's order.
    pub fn push(&mut self, row: &[Value<'_>]) {
        assert_eq!(
            row.len(),
            self.filling.len(),
            "a row of {} has every column",
            self.frame.name
        );
        for (filling, value) in self.filling.iter_mut().zip(row) {
            filling.push(*value);
        }
        self.rows += 1;
    }

    /// Appends missing values to one column.
    ///
    /// Here and below, all columns must get equally many rows before [`Batch::grow`] counts them.
    pub fn nulls(&mut self, column: usize, count: usize) {
        self.filling[column].nulls(count);
    }

    /// Appends up to 64 texts, which must be UTF-8, to one column.
    ///
    /// Here and below, the lowest bit of `there` tells whether the first row has a value, and so on. Rows
    /// without one still have an element in `texts`, which nobody reads. `looked` is what [`Batch::look`]
    /// gave for the same texts, if it was called.
    pub fn texts(&mut self, column: usize, texts: &[&[u8]], there: u64, looked: Option<&Looked>) {
        self.filling[column].texts(texts, there, looked);
    }

    /// Which of `texts` a column is known to have already. It may have others of them, too.
    ///
    /// The answer holds until something is appended to the column.
    pub fn look(&self, column: usize, texts: &[&[u8]]) -> Option<Looked> {
        match &self.filling[column].values {
            Values::Repeating(known) => Some(known.look(texts)),
            _ => None,
        }
    }

    /// Appends one text `count` times to a column that has no other text.
    pub fn repeat(&mut self, column: usize, text: &str, count: usize) {
        self.filling[column].repeat(text, count);
    }

    /// Appends values of bytes to one column.
    pub fn bytes(&mut self, column: usize, values: &[&[u8]], there: u64) {
        self.filling[column].bytes(values, there);
    }

    /// Appends numbers to one column.
    pub fn numbers(&mut self, column: usize, numbers: &[u64], there: u64) {
        self.filling[column].numbers(numbers, there);
    }

    /// Appends times to one column.
    pub fn times(&mut self, column: usize, times: &[i64], there: u64) {
        self.filling[column].times(times, there);
    }

    /// Counts `rows` more rows, which every column must have been given.
    pub fn grow(&mut self, rows: usize) {
        self.rows += rows;
        for (filling, column) in self.filling.iter().zip(self.frame.columns) {
            assert_eq!(
                filling.length, self.rows,
                "{} of {}",
                column.name, self.frame.name
            );
        }
    }

    /// Encodes and compresses the rows, and leaves the batch empty.
    pub fn finish(&mut self) -> Result<RowGroup> {
        let filling = std::mem::replace(&mut self.filling, Self::filling(self.frame, 0));
        let rows = std::mem::take(&mut self.rows);
        let mut columns = Vec::with_capacity(filling.len());
        for ((filling, column), parquet) in
            filling.into_iter().zip(self.frame.columns).zip(&self.types)
        {
            columns.push(filling.finish(column, parquet)?);
        }
        Ok(RowGroup { rows, columns })
    }
}
