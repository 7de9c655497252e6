//! A column's values -> the pages of its chunk in a Parquet file, compressed where that pays.

use std::cell::RefCell;

use polars_arrow::array::Array;
use polars_arrow::bitmap::Bitmap;
use polars_parquet::parquet::CowBuffer;
use polars_parquet::parquet::compression::Compression;
use polars_parquet::parquet::encoding::hybrid_rle::{Encoder, encode};
use polars_parquet::parquet::error::ParquetError;
use polars_parquet::parquet::metadata::Descriptor;
use polars_parquet::parquet::page::{
    CompressedDictPage, DataPage, DataPageHeader, DataPageHeaderV1, DictPage,
};
use polars_parquet::parquet::schema::Repetition;
use polars_parquet::parquet::statistics::BinaryStatistics;
use polars_parquet::write::{
    CompressedDataPage, CompressedPage, CompressionOptions, Encoding, Page, ParquetType, Version,
    WriteOptions, array_to_columns, write_def_levels,
};
use zstd::bulk::Compressor;

use super::columns::failed;
use super::texts::{HEAD, Plain, Repeating};
use crate::error::Result;

/// The level of compression: higher ones take more time than they save.
pub(super) const LEVEL: i32 = 1;
/// Bits of a key up to which a dictionary is so small that the same key often comes many times in a row.
const SHORT_RUNS: u32 = 8;
/// Bytes of a page that are tried.
const TRIED: usize = 1 << 13;

/// The pages of an array.
pub(super) fn of(
    array: Box<dyn Array>,
    encoding: Encoding,
    parquet: &ParquetType,
    options: WriteOptions,
) -> Result<Vec<Page>> {
    let columns = array_to_columns(array, parquet.clone(), options, &[encoding]);
    let columns = columns.map_err(|e| failed(&e))?;
    let pages = columns.into_iter().flatten();
    pages.map(|page| page.map_err(|e| failed(&e))).collect()
}

/// The page of texts or bytes, which are in their encoding already.
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
    Ok(data(buffer, Encoding::Plain, rows, present, parquet))
}

/// What a page begins with in which each row has a value: one run of ones, its length written in five bytes
/// whatever it is, so that the values can stand behind it before it is known.
fn all_there(rows: usize) -> [u8; HEAD] {
    let run = u64::try_from(rows).expect("64 bits") << 1;
    let mut head = [0; HEAD];
    head[0] = (HEAD - size_of::<u32>()) as u8;
    for (place, byte) in head[4..9].iter_mut().enumerate() {
        let more = if place < 4 { 0x80 } else { 0 };
        *byte = (run >> (7 * place)) as u8 & 0x7f | more;
    }
    head[9] = 1;
    head
}

/// The page of a column of which no row has a value.
pub(super) fn missing(rows: usize, parquet: &ParquetType) -> Result<Page> {
    let present = Bitmap::new_zeroed(rows);
    plain(Plain::new(0), rows, Some(&present), parquet)
}

/// The pages of texts by dictionary: the dictionary, and each row's key.
pub(super) fn by_dictionary(
    repeating: Repeating,
    rows: usize,
    present: Option<&Bitmap>,
    parquet: &ParquetType,
) -> Result<Vec<Page>> {
    let (values, mut keys) = (repeating.values, repeating.keys);
    if let Some(present) = present {
        let mut there = present.iter();
        keys.retain(|_| there.next() == Some(true));
    }
    let highest = values.len().saturating_sub(1) as u32;
    let bits = u32::BITS - highest.leading_zeros();
    let mut buffer = levels(rows, present, parquet, keys.len() * 2)?;
    buffer.push(bits as u8);
    let keys = keys.iter().copied();
    let encoded = if bits > SHORT_RUNS {
        <u32 as Encoder<u32>>::bitpacked_encode(&mut buffer, keys, bits as usize)
    } else {
        encode(&mut buffer, keys, bits)
    };
    encoded.map_err(|e| failed(&e.into()))?;
    let count = values.len();
    Ok(vec![
        Page::Dict(DictPage::new(
            CowBuffer::Owned(values.into_bytes()),
            count,
            false,
        )),
        data(buffer, Encoding::RleDictionary, rows, present, parquet),
    ])
}

fn is_optional(parquet: &ParquetType) -> bool {
    parquet.get_field_info().repetition == Repetition::Optional
}

/// Which rows have a value, as a page begins with it, and room for as many bytes more.
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
    let written = if missing == rows && optional {
        buffer.extend([0; 4]);
        let run = <bool as Encoder<bool>>::run_length_encode(&mut buffer, rows, false, 1);
        let length = u32::try_from(buffer.len() - 4).expect("a run is short");
        buffer[..4].copy_from_slice(&length.to_le_bytes());
        run.map_err(Into::into)
    } else {
        write_def_levels(&mut buffer, optional, present, rows, Version::V1)
    };
    written.map_err(|e| failed(&e))?;
    Ok(buffer)
}

/// A page of values, of which is kept how many are missing, and neither the least nor the greatest.
fn data(
    buffer: Vec<u8>,
    encoding: Encoding,
    rows: usize,
    present: Option<&Bitmap>,
    parquet: &ParquetType,
) -> Page {
    let ParquetType::PrimitiveType(primitive) = parquet else {
        unreachable!("no frame has nested columns");
    };
    let statistics = BinaryStatistics {
        primitive_type: primitive.clone(),
        null_count: Some(present.map_or(0, Bitmap::unset_bits) as i64),
        distinct_count: None,
        max_value: None,
        min_value: None,
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

/// Compresses the pages of a chunk, all of them or none.
pub(super) fn compress(
    pages: Vec<Page>,
    compression: CompressionOptions,
) -> Result<Vec<CompressedPage>> {
    thread_local! {
        // Making one costs as much as a small page.
        static COMPRESSOR: RefCell<Compressor<'static>> =
            RefCell::new(Compressor::new(LEVEL).expect("the level is one of zstd's"));
    }
    COMPRESSOR.with_borrow_mut(|compressor| {
        let mut packed = |bytes: &[u8]| {
            let packed = compressor.compress(bytes);
            packed.map_err(|e| failed(&ParquetError::from(e).into()))
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

fn buffer(page: &Page) -> &[u8] {
    match page {
        Page::Data(page) => page.buffer(),
        Page::Dict(page) => &page.buffer,
    }
}
