//! Functions of texts and bytes.

use std::sync::Arc;

use datafusion::arrow::array::{AsArray, BooleanArray, StringViewArray, StringViewBuilder};
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::common::{Result, exec_datafusion_err};
use datafusion::logical_expr::{ColumnarValue, ScalarUDF};
use regex::Regex;

use super::{Function, constant};

/// The functions of this file that a statement may call.
pub(super) fn all() -> Vec<Arc<ScalarUDF>> {
    vec![matches(), extract(), text()]
}

/// The texts of an argument.
pub(super) fn texts(value: &ColumnarValue, rows: usize) -> Result<StringViewArray> {
    Ok(value.to_array(rows)?.as_string_view().clone())
}

fn pattern(function: &str, value: &ColumnarValue) -> Result<Regex> {
    let pattern = constant(function, "pattern", value)?;
    Regex::new(&pattern)
        .map_err(|e| exec_datafusion_err!("{function} cannot read the pattern '{pattern}': {e}"))
}

/// `regexp_matches(text, pattern)`: whether a part of the text matches.
fn matches() -> Arc<ScalarUDF> {
    let takes = [DataType::Utf8View, DataType::Utf8View];
    Function::new("regexp_matches", &takes, DataType::Boolean, |args, rows| {
        let pattern = pattern("regexp_matches", &args[1])?;
        let texts = texts(&args[0], rows)?;
        let matches: BooleanArray = texts
            .iter()
            .map(|text| text.map(|text| pattern.is_match(text)))
            .collect();
        Ok(ColumnarValue::Array(Arc::new(matches)))
    })
    .udf()
}

/// `regexp_extract(text, pattern, group)`: what a group of the first match holds.
fn extract() -> Arc<ScalarUDF> {
    let text = DataType::Utf8View;
    let takes: [&[DataType]; 2] = [
        &[text.clone(), text.clone()],
        &[text.clone(), text.clone(), DataType::Int64],
    ];
    Function::either("regexp_extract", &takes, text, |args, rows| {
        let pattern = pattern("regexp_extract", &args[1])?;
        let group = match args.get(2) {
            Some(group) => group.to_array(1)?.as_primitive::<Int64Type>().value(0),
            None => 0,
        };
        let group = usize::try_from(group)
            .ok()
            .filter(|group| *group < pattern.captures_len());
        let group = group.ok_or_else(|| {
            let last = pattern.captures_len() - 1;
            exec_datafusion_err!("regexp_extract: the groups of this pattern are 0 to {last}")
        })?;
        let found = |text: &str| {
            let groups = pattern.captures(text)?;
            groups.get(group).map(|part| part.as_str().to_string())
        };
        let mut parts = StringViewBuilder::with_capacity(rows);
        for text in &texts(&args[0], rows)? {
            parts.append_option(text.map(|text| found(text).unwrap_or_default()));
        }
        Ok(ColumnarValue::Array(Arc::new(parts.finish())))
    })
    .udf()
}

/// `text(bytes)`: bytes as text.
fn text() -> Arc<ScalarUDF> {
    let takes = [DataType::BinaryView];
    Function::new("text", &takes, DataType::Utf8View, |args, rows| {
        let array = args[0].to_array(rows)?;
        let mut texts = StringViewBuilder::with_capacity(rows);
        for bytes in array.as_binary_view() {
            texts.append_option(bytes.map(readable));
        }
        Ok(ColumnarValue::Array(Arc::new(texts.finish())))
    })
    .udf()
}

/// Bytes as text; each byte that is no UTF-8 becomes `\xHH`.
pub(in crate::query) fn readable(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text
}

/// `substr(text, start, length)` as DuckDB has it: a start below zero counts from the end.
pub(in crate::query) fn part() -> Arc<ScalarUDF> {
    let text = DataType::Utf8View;
    let takes: [&[DataType]; 2] = [
        &[text.clone(), DataType::Int64],
        &[text.clone(), DataType::Int64, DataType::Int64],
    ];
    Function::either("substr", &takes, text, |args, rows| {
        let numbers = |at: usize| args.get(at).map(|value| value.to_array(rows)).transpose();
        let (starts, lengths) = (numbers(1)?, numbers(2)?);
        let starts = starts
            .as_ref()
            .map(|array| array.as_primitive::<Int64Type>());
        let lengths = lengths
            .as_ref()
            .map(|array| array.as_primitive::<Int64Type>());
        let value = |array: Option<&datafusion::arrow::array::Int64Array>, row: usize| {
            array.and_then(|array| array.iter().nth(row).flatten())
        };
        let mut parts = StringViewBuilder::with_capacity(rows);
        for (row, text) in texts(&args[0], rows)?.iter().enumerate() {
            let (Some(text), Some(start)) = (text, value(starts, row)) else {
                parts.append_null();
                continue;
            };
            match (lengths.is_some(), value(lengths, row)) {
                (true, None) => parts.append_null(),
                (_, length) => parts.append_value(part_of(text, start, length)),
            }
        }
        Ok(ColumnarValue::Array(Arc::new(parts.finish())))
    })
    .udf()
}

/// The characters of `text` from `start` on, which counts from 1, or from the end if it is negative.
fn part_of(text: &str, start: i64, length: Option<i64>) -> String {
    let count = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    let first = if start < 0 {
        count.saturating_add(start)
    } else {
        start - 1
    };
    let (first, end) = match length {
        None => (first, count),
        Some(length) if length < 0 => (first.saturating_add(length), first),
        Some(length) => (first, first.saturating_add(length)),
    };
    let skipped = usize::try_from(first.max(0)).unwrap_or(0);
    let taken = usize::try_from(end.max(0))
        .unwrap_or(0)
        .saturating_sub(skipped);
    text.chars().skip(skipped).take(taken).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_text_are_written_out() {
        assert_eq!(readable(b"GET /\xff\xc3\xa9"), "GET /\\xff\u{e9}");
    }

    #[test]
    fn a_part_may_count_from_the_end() {
        for (start, length, expected) in [
            (1, None, "hello"),
            (-3, None, "llo"),
            (2, Some(3), "ell"),
            (0, Some(2), "h"),
            (-2, Some(1), "l"),
            (9, Some(1), ""),
        ] {
            assert_eq!(part_of("hello", start, length), expected, "{start}");
        }
    }
}
