//! A Parquet file as lines of JSON, one a row, so that its rows go the way of all others.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use polars::prelude::*;
use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::moment::utc;

/// Rows decoded at once.
const BATCH: usize = 1 << 14;

/// The rows of a file, as lines.
#[derive(Default)]
pub(crate) struct ParquetRows {
    file: Option<File>,
    next: usize,
    rows: usize,
    lines: Vec<u8>,
    at: usize,
}

impl ParquetRows {
    /// Sets `content` aside and opens it; the inner error says what is wrong with the evidence.
    pub(crate) fn set_aside(content: &mut dyn Read, spool: &Path) -> Result<Result<Self, String>> {
        let file = match set_aside(content, spool)? {
            Ok(file) => file,
            Err(damage) => return Ok(Err(damage)),
        };
        Ok(Self::open(file).map_err(|e| e.to_string()))
    }

    fn open(file: File) -> std::result::Result<Self, String> {
        let copy = file.try_clone().map_err(|e| e.to_string())?;
        let rows = ParquetReader::new(copy)
            .num_rows()
            .map_err(|e| e.to_string())?;
        Ok(ParquetRows {
            file: Some(file),
            rows,
            ..ParquetRows::default()
        })
    }

    fn batch(&mut self) -> io::Result<()> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let length = BATCH.min(self.rows - self.next);
        if length == 0 {
            return Ok(());
        }
        let frame = ParquetReader::new(file.try_clone()?)
            .with_slice(Some((self.next, length)))
            .read_parallel(ParallelStrategy::None)
            .finish()
            .map_err(|e| io::Error::other(e.to_string()))?;
        self.next += length;
        self.lines.clear();
        self.at = 0;
        for row in 0..frame.height() {
            let mut object = Map::new();
            for column in frame.columns() {
                let value = column
                    .get(row)
                    .map_err(|e| io::Error::other(e.to_string()))?;
                object.insert(column.name().to_string(), json(&value));
            }
            serde_json::to_writer(&mut self.lines, &Value::Object(object))?;
            self.lines.push(b'\n');
        }
        Ok(())
    }
}

impl Read for ParquetRows {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.lines.len() {
            self.lines.clear();
            self.at = 0;
            self.batch()?;
        }
        let length = buffer.len().min(self.lines.len() - self.at);
        buffer[..length].copy_from_slice(&self.lines[self.at..self.at + length]);
        self.at += length;
        Ok(length)
    }
}

/// A value as JSON. A number that JSON cannot hold exactly, and all that has no JSON, is text.
fn json(value: &AnyValue<'_>) -> Value {
    match value {
        AnyValue::Null => Value::Null,
        AnyValue::Boolean(value) => Value::Bool(*value),
        AnyValue::UInt8(number) => (*number).into(),
        AnyValue::UInt16(number) => (*number).into(),
        AnyValue::UInt32(number) => (*number).into(),
        AnyValue::UInt64(number) => (*number).into(),
        AnyValue::Int8(number) => (*number).into(),
        AnyValue::Int16(number) => (*number).into(),
        AnyValue::Int32(number) => (*number).into(),
        AnyValue::Int64(number) => (*number).into(),
        AnyValue::Float64(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
            (*number as i64).into()
        }
        // What stands in place of a number that is missing.
        AnyValue::Float32(number) if number.is_nan() => Value::Null,
        AnyValue::Float64(number) if number.is_nan() => Value::Null,
        // All digits that tell it from its neighbours: the frame's own way of writing has fewer.
        AnyValue::Float32(number) => Value::String(number.to_string()),
        AnyValue::Float64(number) => Value::String(number.to_string()),
        AnyValue::Binary(bytes) => Value::String(text_of(bytes)),
        AnyValue::BinaryOwned(bytes) => Value::String(text_of(bytes)),
        AnyValue::Struct(_, _, fields) => object(fields, value._iter_struct_av()),
        AnyValue::StructOwned(of) => object(&of.1, of.0.iter().cloned()),
        AnyValue::List(values) => values.iter().map(|value| json(&value)).collect(),
        AnyValue::Datetime(ticks, unit, zone) => {
            let micros = match unit {
                TimeUnit::Nanoseconds => ticks.div_euclid(1000),
                TimeUnit::Microseconds => *ticks,
                TimeUnit::Milliseconds => ticks.saturating_mul(1000),
            };
            let text = utc(micros);
            // Without a zone the column holds a wall clock's time, so the offset goes.
            Value::String(if zone.is_some() {
                text
            } else {
                text.trim_end_matches('Z').to_string()
            })
        }
        other => match other.get_str() {
            Some(text) => Value::String(text.to_string()),
            None => Value::String(other.to_string()),
        },
    }
}

fn object<'v>(fields: &[Field], values: impl Iterator<Item = AnyValue<'v>>) -> Value {
    let name = |field: &Field| field.name().to_string();
    let members = fields.iter().map(name).zip(values);
    Value::Object(members.map(|(name, value)| (name, json(&value))).collect())
}

/// Bytes as text; those that are none as in other logs, `\xHH`.
fn text_of(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_string(),
        Err(_) => bytes.escape_ascii().to_string(),
    }
}

/// Sets a stream aside where it can be sought in, and nothing is left behind however the program ends.
fn set_aside(
    content: &mut dyn std::io::Read,
    spool: &Path,
) -> Result<Result<std::fs::File, String>> {
    let failed = |e: std::io::Error| Error::io("set evidence aside", spool, e);
    let mut file = tempfile::tempfile_in(spool).map_err(failed)?;
    let mut chunk = vec![0; 1 << 18];
    loop {
        match content.read(&mut chunk) {
            Ok(0) => return Ok(Ok(file)),
            Ok(length) => file.write_all(&chunk[..length]).map_err(failed)?,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Ok(Err(error.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_they_are() {
        let list = Series::new("l".into(), ["a", "b"]);
        let inner = vec![AnyValue::String("j"), AnyValue::Float64(1735693200.5)];
        let fields = ["jti", "exp"].map(|name| Field::new(name.into(), DataType::String));
        let nested = AnyValue::StructOwned(Box::new((inner, fields.to_vec())));
        for (value, expected) in [
            (AnyValue::Float64(1735693200.5), r#""1735693200.5""#),
            (AnyValue::Float64(1735693200.0), "1735693200"),
            (AnyValue::Float64(1e16), r#""10000000000000000""#),
            (AnyValue::Float64(f64::NAN), "null"),
            (AnyValue::Float32(0.1), r#""0.1""#),
            (AnyValue::Float32(16777216.0), r#""16777216""#),
            (AnyValue::Binary(b"GET"), r#""GET""#),
            (AnyValue::Binary(b"a\xff\0"), r#""a\\xff\\x00""#),
            (AnyValue::List(list), r#"["a","b"]"#),
            (nested, r#"{"exp":"1735693200.5","jti":"j"}"#),
        ] {
            assert_eq!(json(&value).to_string(), expected, "{value:?}");
        }
    }

    #[test]
    fn columns_with_dictionaries_are_text() {
        let methods = Series::new("m".into(), ["GET", "POST", "GET"]);
        let categories = Categories::global();
        let kind = DataType::from_categories(categories);
        let coded = methods.cast(&kind).expect("text has categories");
        let texts: Vec<Value> = coded.iter().map(|value| json(&value)).collect();
        assert_eq!(texts, ["GET", "POST", "GET"]);
    }
}
