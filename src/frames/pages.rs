//! Makes the pages of a column's chunk in a Parquet file, and compresses them where that pays.

use std::cell::RefCell;
use std::collections::HashMap;

use foldhash::fast::FixedState;
use polars::error::PolarsError;
use polars_arrow::bitmap::Bitmap;
use polars_parquet::parquet::CowBuffer;
use polars_parquet::parquet::compression::Compression;
use polars_parquet::parquet::encoding::hybrid_rle::Encoder;
use polars_parquet::parquet::error::ParquetError;
use polars_parquet::parquet::metadata::Descriptor;
use polars_parquet::parquet::page::{
    CompressedDictPage, DataPage, DataPageHeader, DataPageHeaderV1, DictPage,
};
use polars_parquet::parquet::schema::Repetition;
use polars_parquet::parquet::statistics::BinaryStatistics;
use polars_parquet::write::{
    CompressedDataPage, CompressedPage, CompressionOptions, Encoding, Page, ParquetType, Version,
    write_def_levels,
};
use zstd::bulk::Compressor;

use super::encode;
use super::texts::{HEAD, Plain, Repeating};
use crate::error::{Error, Result};

/// The level of compression: higher levels take more time than they are worth.
const LEVEL: i32 = 1;
/// Entries of the table of numbers seen lately, which goes by their last bits.
const RECENT: usize = 1 << 10;
/// Bytes of a page that are compressed to find out whether that pays.
const TRIED: usize = 1 << 13;

/// The least and the greatest value of a page, as bytes of its encoding.
type Span = Option<[Vec<u8>; 2]>;

/// An error of the engine while it made a page.
pub(super) fn failed(source: impl Into<PolarsError>) -> Error {
    Error::frame("encode a column", source.into())
}

/// The page of numbers encoded as deltas.
///
/// `order` gives what the least and the greatest of them are found by.
pub(super) fn by_deltas<K: Ord>(
    mut values: Vec<i64>,
    rows: usize,
    present: Option<&Bitmap>,
    parquet: &ParquetType,
    order: impl Fn(&i64) -> K,
) -> Result<Page> {
    keep_present(&mut values, present);
    // Four bytes for each value are usually enough; the buffer grows if they are not.
    let mut buffer = levels(rows, present, parquet, values.len() * 4)?;
    encode::deltas(&mut buffer, &values);
    let ends = values
        .iter()
        .min_by_key(|v| order(v))
        .zip(values.iter().max_by_key(|v| order(v)));
    let span = ends.map(|(least, greatest)| [least, greatest].map(|v| v.to_le_bytes().to_vec()));
    Ok(data(
        buffer,
        Encoding::DeltaBinaryPacked,
        rows,
        present,
        parquet,
        span,
    ))
}

/// The pages of numbers encoded by a dictionary: the dictionary, and the key of each row.
pub(super) fn numbers_by_dictionary(
    mut values: Vec<u32>,
    rows: usize,
    present: Option<&Bitmap>,
    parquet: &ParquetType,
) -> Result<Vec<Page>> {
    keep_present(&mut values, present);
    let (distinct, keys) = numbered(&values);
    let ends = distinct.iter().min().zip(distinct.iter().max());
    let span = ends.map(|(least, greatest)| [least, greatest].map(|v| v.to_le_bytes().to_vec()));
    let bytes = distinct.iter().flat_map(|value| value.to_le_bytes());
    dictionary(
        (bytes.collect(), distinct.len()),
        &keys,
        rows,
        present,
        parquet,
        span,
    )
}

/// The different values in the order in which they first come, and the place of each value among them.
fn numbered(values: &[u32]) -> (Vec<u32>, Vec<u32>) {
    if let Some(first) = values.first()
        && values.iter().all(|value| value == first)
    {
        return (vec![*first], vec![0; values.len()]);
    }
    let mut distinct: Vec<u32> = Vec::new();
    let mut index: HashMap<u32, u32, FixedState> = HashMap::default();
    let mut recent = [0; RECENT];
    let keys = values.iter().map(|value| {
        let recent = &mut recent[*value as usize % RECENT];
        // An entry may be that of another number, or none yet, so the number itself is compared.
        if distinct.get(*recent as usize) != Some(value) {
            *recent = *index.entry(*value).or_insert_with(|| {
                distinct.push(*value);
                distinct.len() as u32 - 1
            });
        }
        *recent
    });
    let keys = keys.collect();
    (distinct, keys)
}

/// Removes what stands in place of missing values.
fn keep_present<T>(values: &mut Vec<T>, present: Option<&Bitmap>) {
    if let Some(present) = present {
        let mut there = present.iter();
        values.retain(|_| there.next() == Some(true));
    }
}

/// The page of texts or bytes, which are encoded already.
pub(super) fn plain(
    values: Plain,
    rows: usize,
    present: Option<&Bitmap>,
    parquet: &ParquetType,
) -> Result<Page> {
    let buffer = if present.is_none() && is_optional(parquet) {
        values.after(all_there(rows))
    } else {
        let mut buffer = levels(rows, present, parquet, values.values().len())?;
        buffer.extend_from_slice(values.values());
        buffer
    };
    Ok(data(buffer, Encoding::Plain, rows, present, parquet, None))
}

/// The head of a page in which every row has a value: one run of ones.
///
/// The length of the run always takes five bytes. So the head has a fixed size, and the values can be
/// gathered behind it before the number of rows is known.
fn all_there(rows: usize) -> [u8; HEAD] {
    // A lowest bit of 0 says that this is a run.
    let run = u64::try_from(rows).expect("64 bits") << 1;
    let mut head = [0; HEAD];
    // The head begins with the count of the bytes after the count, in four bytes.
    head[0] = (HEAD - size_of::<u32>()) as u8;
    for (place, byte) in head[4..9].iter_mut().enumerate() {
        // ULEB128: seven bits in a byte, and the highest bit set where another byte follows. Five bytes hold
        // 35 bits, far more than the rows of a batch.
        let more = if place < 4 { 0x80 } else { 0 };
        *byte = (run >> (7 * place)) as u8 & 0x7f | more;
    }
    // What the run repeats: there is a value.
    head[9] = 1;
    head
}

/// The page of a column in which no row has a value.
pub(super) fn missing(rows: usize, parquet: &ParquetType) -> Result<Page> {
    let present = Bitmap::new_zeroed(rows);
    plain(Plain::new(0), rows, Some(&present), parquet)
}

/// The pages of texts encoded by a dictionary: the dictionary, and the key of each row.
pub(super) fn by_dictionary(
    repeating: Repeating,
    rows: usize,
    present: Option<&Bitmap>,
    parquet: &ParquetType,
) -> Result<Vec<Page>> {
    let (values, mut keys) = (repeating.values, repeating.keys);
    keep_present(&mut keys, present);
    let count = values.len();
    dictionary(
        (values.into_bytes(), count),
        &keys,
        rows,
        present,
        parquet,
        None,
    )
}

/// The pages of a dictionary of `count` values, and of the key of each row.
fn dictionary(
    (values, count): (Vec<u8>, usize),
    keys: &[u32],
    rows: usize,
    present: Option<&Bitmap>,
    parquet: &ParquetType,
    span: Span,
) -> Result<Vec<Page>> {
    let highest = count.saturating_sub(1) as u32;
    // A dictionary of one value needs no bits at all.
    let bits = u32::BITS - highest.leading_zeros();
    let mut buffer = levels(
        rows,
        present,
        parquet,
        keys.len() * bits.div_ceil(8) as usize,
    )?;
    encode::keys(&mut buffer, keys, bits).map_err(|e| failed(ParquetError::from(e)))?;
    Ok(vec![
        Page::Dict(DictPage::new(CowBuffer::Owned(values), count, false)),
        data(
            buffer,
            Encoding::RleDictionary,
            rows,
            present,
            parquet,
            span,
        ),
    ])
}

/// Whether rows of a column may have no value.
fn is_optional(parquet: &ParquetType) -> bool {
    parquet.get_field_info().repetition == Repetition::Optional
}

/// The beginning of a page, which says which rows have a value, with room for `room` more bytes.
fn levels(
    rows: usize,
    present: Option<&Bitmap>,
    parquet: &ParquetType,
    room: usize,
) -> Result<Vec<u8>> {
    let optional = is_optional(parquet);
    let missing = present.map_or(0, Bitmap::unset_bits);
    assert!(
        optional || missing == 0,
        "a required column has every value"
    );
    let mut buffer = Vec::with_capacity(room + rows / 8 + 64);
    // The engine packs one bit for each row, where a single run does if no row has a value.
    let written = if missing == rows && optional {
        buffer.extend([0; 4]);
        let run = <bool as Encoder<bool>>::run_length_encode(&mut buffer, rows, false, 1);
        let length = u32::try_from(buffer.len() - 4).expect("a run is short");
        buffer[..4].copy_from_slice(&length.to_le_bytes());
        run.map_err(Into::into)
    } else {
        write_def_levels(&mut buffer, optional, present, rows, Version::V1)
    };
    written.map_err(failed)?;
    Ok(buffer)
}

/// A page of values, with its statistics: how many are missing, and their span if it is given.
fn data(
    buffer: Vec<u8>,
    encoding: Encoding,
    rows: usize,
    present: Option<&Bitmap>,
    parquet: &ParquetType,
    span: Span,
) -> Page {
    let ParquetType::PrimitiveType(primitive) = parquet else {
        unreachable!("no frame has nested columns");
    };
    let [min_value, max_value] = span.map_or([None, None], |span| span.map(Some));
    let statistics = BinaryStatistics {
        primitive_type: primitive.clone(),
        null_count: Some(present.map_or(0, Bitmap::unset_bits) as i64),
        distinct_count: None,
        max_value,
        min_value,
    };
    let header = DataPageHeaderV1 {
        num_values: i32::try_from(rows).expect("a batch has fewer rows"),
        encoding: encoding.into(),
        definition_level_encoding: Encoding::Rle.into(),
        repetition_level_encoding: Encoding::Rle.into(),
        statistics: Some(statistics.serialize()),
    };
    let descriptor = Descriptor {
        primitive_type: primitive.clone(),
        max_def_level: 0,
        max_rep_level: 0,
    };
    Page::Data(DataPage::new(
        DataPageHeader::V1(header),
        CowBuffer::Owned(buffer),
        descriptor,
        rows,
    ))
}

/// Compresses all pages of a chunk, or none of them.
///
/// Compression pays if it saves an eighth of the first bytes of the largest page.
pub(super) fn compress(
    pages: Vec<Page>,
    compression: CompressionOptions,
) -> Result<Vec<CompressedPage>> {
    thread_local! {
        // To make a compressor costs as much as to compress a small page.
        static COMPRESSOR: RefCell<Compressor<'static>> =
            RefCell::new(Compressor::new(LEVEL).expect("the level is one of zstd's"));
    }
    COMPRESSOR.with_borrow_mut(|compressor| {
        let mut packed = |bytes: &[u8]| {
            let packed = compressor.compress(bytes);
            packed.map_err(|e| failed(ParquetError::from(e)))
        };
        let mut pays = false;
        if compression != CompressionOptions::Uncompressed {
            let largest = pages.iter().map(buffer).max_by_key(|bytes| bytes.len());
            let tried = largest.unwrap_or_default();
            let tried = &tried[..tried.len().min(TRIED)];
            pays = packed(tried)?.len() < tried.len() / 8 * 7;
        }
        let compression = if pays {
            Compression::Zstd
        } else {
            Compression::Uncompressed
        };
        let mut compressed = Vec::with_capacity(pages.len());
        for page in pages {
            let size = buffer(&page).len();
            let packed = if pays {
                Some(CowBuffer::Owned(packed(buffer(&page))?))
            } else {
                None
            };
            compressed.push(match page {
                Page::Data(mut page) => {
                    let header = page.header().clone();
                    let rows = page.num_rows().expect("a page that is written has rows");
                    let buffer = packed
                        .unwrap_or_else(|| CowBuffer::Owned(std::mem::take(page.buffer_mut())));
                    CompressedPage::Data(CompressedDataPage::new(
                        header,
                        buffer,
                        compression,
                        size,
                        page.descriptor,
                        rows,
                    ))
                }
                Page::Dict(page) => CompressedPage::Dict(CompressedDictPage::new(
                    packed.unwrap_or(page.buffer),
                    compression,
                    size,
                    page.num_values,
                    page.is_sorted,
                )),
            });
        }
        Ok(compressed)
    })
}

/// The bytes of a page.
fn buffer(page: &Page) -> &[u8] {
    match page {
        Page::Data(page) => page.buffer(),
        Page::Dict(page) => &page.buffer,
    }
}
