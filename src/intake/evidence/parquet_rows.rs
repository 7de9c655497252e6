//! Gives each row of a Parquet file as a line of JSON, so that it goes the way of all other lines.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use polars::prelude::*;
use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::moment::utc;

/// How many rows are decoded at once: a few MiB of memory.
const BATCH: usize = 1 << 14;

/// A reader of the rows of a file, as lines.
#[derive(Default)]
pub(crate) struct ParquetRows {
    file: Option<File>,
    /// The first row that is not decoded yet.
    next: usize,
    /// How many rows there are.
    rows: usize,
    /// The lines of the rows decoded last.
    lines: Vec<u8>,
    /// How many bytes of them are given.
    at: usize,
}

impl ParquetRows {
    /// Sets `content` aside below `spool`, where it can be sought in, and opens it.
    ///
    /// The inner error says what is wrong with the evidence.
    pub(crate) fn set_aside(content: &mut dyn Read, spool: &Path) -> Result<Result<Self, String>> {
        let file = match set_aside(content, spool)? {
            Ok(file) => file,
            Err(damage) => return Ok(Err(damage)),
        };
        Ok(Self::open(file).map_err(|e| e.to_string()))
    }

    fn open(file: File) -> Result<Self, String> {
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

    /// Decodes the next rows, if there are any.
    fn decode(&mut self) -> io::Result<()> {
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
            self.decode()?;
        }
        let length = buffer.len().min(self.lines.len() - self.at);
        buffer[..length].copy_from_slice(&self.lines[self.at..self.at + length]);
        self.at += length;
        Ok(length)
    }
}

/// A value as JSON; a number that JSON cannot hold exactly, and whatever JSON does not have, is text.
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
        // Whole numbers up to 2^53, about 9e15, are exact in 64 bits.
        AnyValue::Float64(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
            (*number as i64).into()
        }
        // Writers of tables put NaN where a number is missing.
        AnyValue::Float32(number) if number.is_nan() => Value::Null,
        AnyValue::Float64(number) if number.is_nan() => Value::Null,
        // Rust writes all digits that tell a number from its neighbours; polars writes fewer.
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
            // A column without a zone has times of a wall clock, so they must not look like UTC.
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

/// A structure as a JSON object.
fn object<'v>(fields: &[Field], values: impl Iterator<Item = AnyValue<'v>>) -> Value {
    let name = |field: &Field| field.name().to_string();
    let members = fields.iter().map(name).zip(values);
    Value::Object(members.map(|(name, value)| (name, json(&value))).collect())
}

/// Bytes as text; if they are no UTF-8, each that is not printable becomes `\xHH` as in other logs.
fn text_of(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_string(),
        Err(_) => bytes.escape_ascii().to_string(),
    }
}

/// Copies a stream into a file without a name: nothing is left of it, however the program ends.
///
/// The inner error says what is wrong with the evidence.
fn set_aside(content: &mut dyn Read, spool: &Path) -> Result<Result<File, String>> {
    let failed = |e: io::Error| Error::io("set evidence aside", spool, e);
    let mut file = tempfile::tempfile_in(spool).map_err(failed)?;
    let mut chunk = vec![0; 1 << 18];
    loop {
        match content.read(&mut chunk) {
            Ok(0) => return Ok(Ok(file)),
            Ok(length) => file.write_all(&chunk[..length]).map_err(failed)?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
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
