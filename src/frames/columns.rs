//! Rows of a frame -> columns -> one encoded and compressed Parquet row group, without touching a file,
//! so that any thread can do it.
//!
//! Encodings follow from the column's kind alone, never from what another batch held: numbers as
//! deltas, codes and repeating text by dictionary, identifiers plain. A column without any value is one run.

use std::iter::repeat_n;

use polars_arrow::array::{Array, PrimitiveArray};
use polars_arrow::bitmap::{Bitmap, MutableBitmap};
use polars_arrow::datatypes::{ArrowDataType, ArrowSchema, Field, TimeUnit as ArrowTimeUnit};
use polars_arrow::types::NativeType;
use polars_parquet::write::{
    CompressedPage, CompressionOptions, Encoding, ParquetType, StatisticsOptions, Version,
    WriteOptions, ZstdLevel, to_parquet_schema,
};

use super::texts::{Plain, Repeating, without_tokens};
use super::{Column, Frame, Kind, pages};
use crate::error::{Error, Result};

/// A value for one column of a row.
#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    /// Nothing known.
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
    length: usize,
    /// Rows before the first value; they are filled in when it comes.
    absent: usize,
    /// Which rows have a value; kept once a row has none.
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

    /// Appends one value; one of another kind than the column's is a bug in the caller, here and below.
    fn push(&mut self, value: Value<'_>) {
        match value {
            Value::Null => self.nulls(1),
            Value::Text(text) => self.texts(&[Some(text)]),
            Value::Bytes(bytes) => self.bytes([Some(bytes)].into_iter()),
            Value::Number(number) => self.numbers([Some(number)].into_iter()),
            Value::Time(time) => self.times([Some(time)].into_iter()),
        }
    }

    /// Appends missing values.
    fn nulls(&mut self, count: usize) {
        // Many logs have nothing at all for many columns.
        if self.absent == self.length {
            self.absent += count;
            self.length += count;
        } else {
            self.append_nulls(count);
        }
    }

    fn append_nulls(&mut self, mut count: usize) {
        match &mut self.values {
            Values::Repeating(_) | Values::Plain(_) => {
                let nulls = [None; 64];
                while count > 0 {
                    let some = count.min(nulls.len());
                    self.texts(&nulls[..some]);
                    count -= some;
                }
            }
            Values::Unsigned(_) | Values::Small(_) | Values::Code(_) => {
                self.numbers(repeat_n(None, count));
            }
            Values::Time(_) => self.times(repeat_n(None, count)),
        }
    }

    /// Puts something in place of the values that rows before the first value lack.
    #[inline]
    fn fill_in(&mut self) {
        if self.absent > 0 {
            let absent = std::mem::take(&mut self.absent);
            self.length = 0;
            self.append_nulls(absent);
        }
    }

    fn texts(&mut self, texts: &[Option<&str>]) {
        self.fill_in();
        let mut texts = texts.iter().copied();
        if let Values::Repeating(known) = &mut self.values {
            let varied = each(&mut texts, &mut self.length, &mut self.present, |text| {
                match text {
                    Some(text) => known.push(text.as_bytes()),
                    None => known.repeat(),
                }
                known.is_varied()
            });
            if varied {
                self.values = Values::Plain(known.unfold(self.present.as_ref()));
            }
        }
        if let Values::Plain(known) = &mut self.values {
            each(&mut texts, &mut self.length, &mut self.present, |text| {
                if let Some(text) = text.map(str::as_bytes) {
                    match without_tokens(text) {
                        Some(masked) => known.push(masked.as_bytes()),
                        None => known.push(text),
                    }
                }
                false
            });
        }
        assert!(texts.next().is_none(), "texts belong in a column of text");
    }

    /// Appends one text many times, in a column that has no other.
    fn repeat(&mut self, text: &str, count: usize) {
        if count == 0 {
            return;
        }
        self.texts(&[Some(text)]);
        let Values::Repeating(known) = &mut self.values else {
            unreachable!("a column of one text repeats");
        };
        assert!(self.present.is_none(), "each row has the column's one text");
        (1..count).for_each(|_| known.repeat());
        self.length += count - 1;
    }

    #[inline]
    fn bytes<'v>(&mut self, mut values: impl Iterator<Item = Option<&'v [u8]>>) {
        self.fill_in();
        let Values::Plain(known) = &mut self.values else {
            unreachable!("bytes belong in a column of bytes");
        };
        each(&mut values, &mut self.length, &mut self.present, |bytes| {
            if let Some(bytes) = bytes {
                known.push(bytes);
            }
            false
        });
    }

    #[inline]
    fn numbers(&mut self, mut numbers: impl Iterator<Item = Option<u64>>) {
        const FITS: &str = "the number fits its column";
        self.fill_in();
        let (length, present) = (&mut self.length, &mut self.present);
        match &mut self.values {
            Values::Unsigned(known) => each(&mut numbers, length, present, |number| {
                known.push(number.unwrap_or_default());
                false
            }),
            Values::Small(known) => each(&mut numbers, length, present, |number| {
                known.push(number.unwrap_or_default().try_into().expect(FITS));
                false
            }),
            Values::Code(known) => each(&mut numbers, length, present, |number| {
                known.push(number.unwrap_or_default().try_into().expect(FITS));
                false
            }),
            _ => unreachable!("numbers belong in a column of numbers"),
        };
    }

    #[inline]
    fn times(&mut self, mut times: impl Iterator<Item = Option<i64>>) {
        self.fill_in();
        let Values::Time(known) = &mut self.values else {
            unreachable!("times belong in a column of times");
        };
        each(&mut times, &mut self.length, &mut self.present, |time| {
            known.push(time.unwrap_or_default());
            false
        });
    }

    fn finish(self, column: &Column, parquet: &ParquetType) -> Result<Vec<CompressedPage>> {
        let rows = self.length;
        if rows > 0 && self.absent == rows {
            let page = pages::missing(rows, parquet)?;
            return pages::compress(vec![page], CompressionOptions::Uncompressed);
        }
        let present: Option<Bitmap> = self.present.map(Bitmap::from);
        let dtype = arrow_type(column.kind);
        let options = options(column.kind)?;
        let (array, encoding) = match self.values {
            Values::Unsigned(values) => {
                (numbers(dtype, values, present), Encoding::DeltaBinaryPacked)
            }
            Values::Time(values) => (numbers(dtype, values, present), Encoding::DeltaBinaryPacked),
            Values::Small(values) => (numbers(dtype, values, present), Encoding::RleDictionary),
            Values::Code(values) => (numbers(dtype, values, present), Encoding::RleDictionary),
            Values::Plain(plain) => {
                let page = pages::plain(plain, rows, present.as_ref(), parquet)?;
                return pages::compress(vec![page], options.compression);
            }
            Values::Repeating(repeating) => {
                let pages = pages::by_dictionary(*repeating, rows, present.as_ref(), parquet)?;
                return pages::compress(pages, options.compression);
            }
        };
        let pages = pages::of(array, encoding, parquet, options)?;
        pages::compress(pages, options.compression)
    }
}

fn numbers<T: NativeType>(
    dtype: ArrowDataType,
    values: Vec<T>,
    present: Option<Bitmap>,
) -> Box<dyn Array> {
    Box::new(PrimitiveArray::new(dtype, values.into(), present))
}

/// Appends values one after another, until `append` says that it is enough; tells whether it did.
#[inline(always)]
fn each<T>(
    values: &mut impl Iterator<Item = Option<T>>,
    length: &mut usize,
    present: &mut Option<MutableBitmap>,
    mut append: impl FnMut(Option<T>) -> bool,
) -> bool {
    for value in values {
        match present {
            Some(present) => present.push(value.is_some()),
            None if value.is_some() => {}
            None => *present = Some(first_missing(*length)),
        }
        *length += 1;
        if append(value) {
            return true;
        }
    }
    false
}

#[cold]
fn first_missing(length: usize) -> MutableBitmap {
    let mut present = MutableBitmap::from_len_set(length);
    present.push(false);
    present
}

pub(super) fn failed(source: &polars::error::PolarsError) -> Error {
    Error::frame("encode a column", source)
}

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

/// The frame's schema, as Parquet files carry it.
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

/// How parts are written. Text has no least and greatest value kept: finding them costs more than
/// skipping by them could save.
pub(super) fn options(kind: Kind) -> Result<WriteOptions> {
    let numeric = matches!(kind, Kind::Unsigned | Kind::Small | Kind::Code | Kind::Time);
    let level = ZstdLevel::try_new(pages::LEVEL).map_err(|e| failed(&e))?;
    let compression = match kind {
        Kind::Identifier => CompressionOptions::Uncompressed,
        _ => CompressionOptions::Zstd(Some(level)),
    };
    Ok(WriteOptions {
        statistics: StatisticsOptions {
            min_value: numeric,
            max_value: numeric,
            ..StatisticsOptions::default()
        },
        version: Version::V1,
        compression,
        data_page_size: None,
    })
}

/// A row group, ready to be written.
pub struct RowGroup {
    /// Its rows.
    pub rows: usize,
    pub(super) columns: Vec<Vec<CompressedPage>>,
}

/// Rows being gathered.
pub struct Batch {
    frame: &'static Frame,
    types: Vec<ParquetType>,
    filling: Vec<Filling>,
    rows: usize,
}

impl Batch {
    /// An empty batch of `frame`, with room for so many rows.
    pub fn new(frame: &'static Frame, rows: usize) -> Result<Self> {
        let types = to_parquet_schema(&schema(frame))
            .map_err(|e| failed(&e))?
            .fields()
            .to_vec();
        Ok(Batch {
            frame,
            types,
            filling: Self::filling(frame, rows),
            rows: 0,
        })
    }

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

    /// Appends missing values to one column. All columns must get as many, here and below, before
    /// [`Batch::grow`].
    pub fn nulls(&mut self, column: usize, count: usize) {
        self.filling[column].nulls(count);
    }

    /// Appends texts to one column.
    pub fn texts(&mut self, column: usize, texts: &[Option<&str>]) {
        self.filling[column].texts(texts);
    }

    /// Appends one text many times to a column that has no other.
    pub fn repeat(&mut self, column: usize, text: &str, count: usize) {
        self.filling[column].repeat(text, count);
    }

    /// Appends bytes to one column.
    #[inline]
    pub fn bytes<'v>(&mut self, column: usize, values: impl Iterator<Item = Option<&'v [u8]>>) {
        self.filling[column].bytes(values);
    }

    /// Appends numbers to one column.
    #[inline]
    pub fn numbers(&mut self, column: usize, numbers: impl Iterator<Item = Option<u64>>) {
        self.filling[column].numbers(numbers);
    }

    /// Appends times to one column.
    #[inline]
    pub fn times(&mut self, column: usize, times: impl Iterator<Item = Option<i64>>) {
        self.filling[column].times(times);
    }

    /// Counts so many rows more, which each column has got.
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

    /// Encodes and compresses the rows, and begins anew.
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
