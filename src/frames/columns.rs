//! Rows of a frame -> columns -> one encoded and compressed Parquet row group, without touching a file,
//! so that any thread can do it.
//!
//! Encodings follow from the column's kind alone, never from what another batch held: numbers as
//! deltas, codes and repeating text by dictionary, identifiers plain.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use polars_arrow::array::{Array, BinaryArray, DictionaryArray, PrimitiveArray, Utf8ViewArray};
use polars_arrow::bitmap::{Bitmap, MutableBitmap};
use polars_arrow::datatypes::{
    ArrowDataType, ArrowSchema, Field, IntegerType, TimeUnit as ArrowTimeUnit,
};
use polars_arrow::offset::OffsetsBuffer;
use polars_arrow::types::NativeType;
use polars_buffer::Buffer;
use polars_parquet::write::{
    CompressedPage, CompressionOptions, Encoding, ParquetType, StatisticsOptions, Version,
    WriteOptions, ZstdLevel, array_to_columns, compress, to_parquet_schema,
};

use super::{Column, Frame, Kind};
use crate::bytes::{same, short, word};
use crate::error::{Error, Result};
use crate::jws::mask::{masked, may_hold_token};

/// A text column of which more than half the values are new after so many rows is written plain: its
/// dictionary would cost more than it saves.
const TRIED: usize = 1 << 11;

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

/// Bytes of many values, one after another.
struct Strings {
    ends: Vec<i64>,
    bytes: Vec<u8>,
}

impl Strings {
    fn new(rows: usize) -> Self {
        let mut ends = Vec::with_capacity(rows + 1);
        ends.push(0);
        Strings {
            ends,
            bytes: Vec::with_capacity(rows * 24),
        }
    }

    fn push(&mut self, value: &[u8]) {
        self.bytes.extend_from_slice(value);
        self.ends.push(self.bytes.len() as i64);
    }

    fn get(&self, index: usize) -> &[u8] {
        &self.bytes[self.ends[index] as usize..self.ends[index + 1] as usize]
    }

    fn len(&self) -> usize {
        self.ends.len() - 1
    }
}

/// Values seen lately, by a few of their bytes.
const RECENT: usize = 256;

/// Text by dictionary as long as it repeats.
struct Repeating {
    values: Strings,
    /// Hash and key of each value.
    index: HashTable<(u32, u32)>,
    keys: Vec<u32>,
    recent: [u32; RECENT],
}

impl Repeating {
    fn new(rows: usize) -> Self {
        Repeating {
            values: Strings::new(0),
            index: HashTable::new(),
            keys: Vec::with_capacity(rows),
            recent: [0; RECENT],
        }
    }

    fn push(&mut self, value: &[u8]) {
        // Logs repeat themselves line after line.
        let place = recent_place(value);
        let recent = self.recent[place];
        if (recent as usize) < self.values.len() && same(self.values.get(recent as usize), value) {
            self.keys.push(recent);
            return;
        }
        let hash = FixedState::default().hash_one(value);
        let mark = (hash >> 32) as u32;
        let Repeating {
            values,
            index,
            keys,
            recent,
        } = self;
        // The table's own place comes from the same 32 bits, so that it can grow without the values.
        let entry = index.entry(
            spread(mark),
            |(known, key)| *known == mark && same(values.get(*key as usize), value),
            |(known, _)| spread(*known),
        );
        let key = match entry {
            hashbrown::hash_table::Entry::Occupied(entry) => entry.get().1,
            hashbrown::hash_table::Entry::Vacant(entry) => {
                if let Some(masked) = without_tokens(value) {
                    return self.push(masked.as_bytes());
                }
                let key = u32::try_from(values.len()).expect("a batch has fewer rows");
                values.push(value);
                entry.insert((mark, key));
                key
            }
        };
        recent[place] = key;
        keys.push(key);
    }

    fn unfold(&self) -> Strings {
        let mut plain = Strings::new(self.keys.capacity());
        for key in &self.keys {
            plain.push(self.values.get(*key as usize));
        }
        plain
    }
}

/// A text with a signed token in it, as it may be written: no frame holds one. `Bytes` are kept as they are.
fn without_tokens(value: &[u8]) -> Option<String> {
    if !may_hold_token(value) {
        return None;
    }
    let text = std::str::from_utf8(value).expect("text was pushed");
    Some(masked(text, "")).filter(|masked| masked != text)
}

/// Where a value is looked for among the recent ones.
#[inline]
fn recent_place(value: &[u8]) -> usize {
    let (first, last) = if value.len() < 8 {
        (short(value), 0)
    } else {
        (word(value, 0), word(value, value.len() - 8))
    };
    let mixed =
        (first ^ last.rotate_left(23) ^ value.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 56) as usize % RECENT
}

/// 32 bits of hash over 64, as the table wants them.
fn spread(mark: u32) -> u64 {
    u64::from(mark).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

enum Values {
    Repeating(Box<Repeating>),
    Plain(Strings),
    Unsigned(Vec<u64>),
    Small(Vec<u32>),
    Code(Vec<u16>),
    Time(Vec<i64>),
}

/// One column being filled.
struct Filling {
    values: Values,
    /// Rows before the first value; they are filled in when it comes.
    absent: usize,
    /// Which rows have a value; kept once a row has none.
    present: Option<MutableBitmap>,
}

impl Filling {
    fn new(kind: Kind, rows: usize) -> Self {
        let values = match kind {
            Kind::Text | Kind::Address => Values::Repeating(Box::new(Repeating::new(rows))),
            Kind::Identifier | Kind::Bytes => Values::Plain(Strings::new(rows)),
            Kind::Unsigned => Values::Unsigned(Vec::with_capacity(rows)),
            Kind::Small => Values::Small(Vec::with_capacity(rows)),
            Kind::Code => Values::Code(Vec::with_capacity(rows)),
            Kind::Time => Values::Time(Vec::with_capacity(rows)),
        };
        Filling {
            values,
            absent: 0,
            present: None,
        }
    }

    /// Appends `value` as row `row`; a value of another kind than the column's is a bug in the caller.
    #[inline]
    fn push(&mut self, row: usize, value: Value<'_>) {
        let there = !matches!(value, Value::Null);
        // Many logs have nothing at all for many columns.
        if !there && self.absent == row {
            self.absent += 1;
            return;
        }
        if self.absent > 0 {
            self.fill_in();
        }
        if let Some(present) = &mut self.present {
            present.push(there);
        } else if !there {
            let mut present = MutableBitmap::from_len_set(row);
            present.push(false);
            self.present = Some(present);
        }
        self.append(value);
    }

    /// Puts something in place of the values that rows before the first value lack.
    #[cold]
    fn fill_in(&mut self) {
        let absent = std::mem::take(&mut self.absent);
        let mut present = MutableBitmap::new();
        present.extend_constant(absent, false);
        self.present = Some(present);
        for _ in 0..absent {
            self.append(Value::Null);
        }
    }

    #[inline]
    fn append(&mut self, value: Value<'_>) {
        let number = |number: u64| number.try_into().expect("the number fits its column");
        match (&mut self.values, value) {
            (Values::Repeating(values), Value::Text(text)) => {
                values.push(text.as_bytes());
                if values.keys.len().is_multiple_of(TRIED)
                    && values.values.len() > values.keys.len() / 2
                {
                    self.values = Values::Plain(values.unfold());
                }
            }
            (Values::Repeating(values), Value::Null) => match values.keys.last() {
                Some(last) => values.keys.push(*last),
                None => values.push(b""),
            },
            (Values::Plain(values), Value::Text(text)) => match without_tokens(text.as_bytes()) {
                Some(masked) => values.push(masked.as_bytes()),
                None => values.push(text.as_bytes()),
            },
            (Values::Plain(values), Value::Bytes(bytes)) => values.push(bytes),
            (Values::Plain(values), Value::Null) => values.push(b""),
            (Values::Unsigned(values), Value::Number(number)) => values.push(number),
            (Values::Unsigned(values), Value::Null) => values.push(0),
            (Values::Small(values), Value::Number(value)) => values.push(number(value)),
            (Values::Small(values), Value::Null) => values.push(0),
            (Values::Code(values), Value::Number(value)) => {
                values.push(u16::try_from(value).expect("the number fits its column"));
            }
            (Values::Code(values), Value::Null) => values.push(0),
            (Values::Time(values), Value::Time(time)) => values.push(time),
            (Values::Time(values), Value::Null) => values.push(0),
            (_, value) => unreachable!("{value:?} does not fit its column"),
        }
    }

    fn finish(mut self, column: &Column) -> Result<(Box<dyn Array>, Encoding)> {
        if self.absent > 0 {
            self.fill_in();
        }
        fn numbers<T: NativeType>(
            dtype: ArrowDataType,
            values: Vec<T>,
            present: Option<Bitmap>,
        ) -> Box<dyn Array> {
            Box::new(PrimitiveArray::new(dtype, values.into(), present))
        }
        let present: Option<Bitmap> = self.present.map(Bitmap::from);
        let dtype = arrow_type(column.kind);
        Ok(match self.values {
            Values::Unsigned(values) => {
                (numbers(dtype, values, present), Encoding::DeltaBinaryPacked)
            }
            Values::Time(values) => (numbers(dtype, values, present), Encoding::DeltaBinaryPacked),
            Values::Small(values) => (numbers(dtype, values, present), Encoding::RleDictionary),
            Values::Code(values) => (numbers(dtype, values, present), Encoding::RleDictionary),
            Values::Plain(Strings { ends, bytes }) => {
                let ends = OffsetsBuffer::try_from(Buffer::from(ends)).map_err(|e| failed(&e))?;
                let array = BinaryArray::<i64>::try_new(
                    ArrowDataType::LargeBinary,
                    ends,
                    bytes.into(),
                    present,
                );
                (Box::new(array.map_err(|e| failed(&e))?), Encoding::Plain)
            }
            Values::Repeating(repeating) => {
                let Repeating { values, keys, .. } = *repeating;
                let texts = (0..values.len())
                    .map(|index| std::str::from_utf8(values.get(index)).expect("text was pushed"));
                let texts = Utf8ViewArray::from_slice_values(texts.collect::<Vec<_>>());
                let dtype = ArrowDataType::Dictionary(
                    IntegerType::UInt32,
                    Box::new(ArrowDataType::Utf8View),
                    false,
                );
                let keys = PrimitiveArray::new(ArrowDataType::UInt32, keys.into(), present);
                let array = DictionaryArray::<u32>::try_new(dtype, keys, Box::new(texts));
                (
                    Box::new(array.map_err(|e| failed(&e))?),
                    Encoding::RleDictionary,
                )
            }
        })
    }
}

fn failed(source: &polars::error::PolarsError) -> Error {
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
    let level = ZstdLevel::try_new(1).map_err(|e| failed(&e))?;
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
            filling.push(self.rows, *value);
        }
        self.rows += 1;
    }

    /// Encodes and compresses the rows, and begins anew.
    pub fn finish(&mut self) -> Result<RowGroup> {
        let filling = std::mem::replace(&mut self.filling, Self::filling(self.frame, 0));
        let rows = std::mem::take(&mut self.rows);
        let mut columns = Vec::with_capacity(filling.len());
        for ((filling, column), parquet) in
            filling.into_iter().zip(self.frame.columns).zip(&self.types)
        {
            let (array, encoding) = filling.finish(column)?;
            let options = options(column.kind)?;
            let encoded = array_to_columns(array, parquet.clone(), options, &[encoding]);
            for pages in encoded.map_err(|e| failed(&e))? {
                let compressed: Result<Vec<CompressedPage>> = pages
                    .map(|page| {
                        let page = page.map_err(|e| failed(&e))?;
                        compress(page, Vec::new(), options.compression)
                            .map_err(|e| failed(&e.into()))
                    })
                    .collect();
                columns.push(compressed?);
            }
        }
        Ok(RowGroup { rows, columns })
    }
}
