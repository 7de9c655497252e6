//! Writes one part of a frame: values go to column builders, full batches become Parquet row groups.
//!
//! A part is written under a temporary name and renamed when complete, so a half-written part is
//! never mistaken for a whole one.

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use polars::prelude::*;

use super::{Frame, Kind};
use crate::error::{Error, Result};

/// Rows in a row group.
const ROW_GROUP: usize = 1 << 17;

/// A value for one column of a row.
#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    /// Nothing known.
    Null,
    /// For `Text` and `Address`.
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

enum Builder {
    Text(StringChunkedBuilder),
    Bytes(BinaryChunkedBuilder),
    Unsigned(PrimitiveChunkedBuilder<UInt64Type>),
    Small(PrimitiveChunkedBuilder<UInt32Type>),
    Code(PrimitiveChunkedBuilder<UInt16Type>),
    Time(PrimitiveChunkedBuilder<Int64Type>),
}

impl Builder {
    fn new(name: &str, kind: Kind) -> Self {
        let name = PlSmallStr::from_str(name);
        match kind {
            Kind::Text | Kind::Address => Builder::Text(StringChunkedBuilder::new(name, 1024)),
            Kind::Bytes => Builder::Bytes(BinaryChunkedBuilder::new(name, 16)),
            Kind::Unsigned => Builder::Unsigned(PrimitiveChunkedBuilder::new(name, 1024)),
            Kind::Small => Builder::Small(PrimitiveChunkedBuilder::new(name, 1024)),
            Kind::Code => Builder::Code(PrimitiveChunkedBuilder::new(name, 1024)),
            Kind::Time => Builder::Time(PrimitiveChunkedBuilder::new(name, 1024)),
        }
    }

    fn finish(self) -> polars::prelude::Column {
        match self {
            Builder::Text(builder) => builder.finish().into_column(),
            Builder::Bytes(builder) => builder.finish().into_column(),
            Builder::Unsigned(builder) => builder.finish().into_column(),
            Builder::Small(builder) => builder.finish().into_column(),
            Builder::Code(builder) => builder.finish().into_column(),
            Builder::Time(builder) => builder
                .finish()
                .into_datetime(TimeUnit::Microseconds, Some(TimeZone::UTC))
                .into_column(),
        }
    }

    /// Appends `value`; a value of another kind than the column's is a bug in the caller.
    fn push(&mut self, value: Value<'_>) {
        match (self, value) {
            (Builder::Text(builder), Value::Text(text)) => builder.append_value(text),
            (Builder::Text(builder), Value::Null) => builder.append_null(),
            (Builder::Bytes(builder), Value::Bytes(bytes)) => builder.append_value(bytes),
            (Builder::Bytes(builder), Value::Null) => builder.append_null(),
            (Builder::Unsigned(builder), Value::Number(number)) => builder.append_value(number),
            (Builder::Unsigned(builder), Value::Null) => builder.append_null(),
            (Builder::Small(builder), Value::Number(number)) => {
                builder.append_value(u32::try_from(number).expect("fits its column"));
            }
            (Builder::Small(builder), Value::Null) => builder.append_null(),
            (Builder::Code(builder), Value::Number(number)) => {
                builder.append_value(u16::try_from(number).expect("fits its column"));
            }
            (Builder::Code(builder), Value::Null) => builder.append_null(),
            (Builder::Time(builder), Value::Time(time)) => builder.append_value(time),
            (Builder::Time(builder), Value::Null) => builder.append_null(),
            (_, value) => unreachable!("{value:?} does not fit its column"),
        }
    }
}

/// Writes one part of a frame.
pub struct FrameWriter {
    frame: &'static Frame,
    path: PathBuf,
    partial: PathBuf,
    file: Option<polars::io::parquet::write::BatchedWriter<BufWriter<File>>>,
    builders: Vec<Builder>,
    buffered: usize,
    row_count: u64,
}

impl FrameWriter {
    /// Begins part `part` of `frame` below `frames_dir`.
    pub fn create(frames_dir: &Path, frame: &'static Frame, part: u32) -> Result<Self> {
        let dir = frames_dir.join(frame.name);
        fs::create_dir_all(&dir).map_err(|e| Error::io("create the folder", &dir, &e))?;
        let path = dir.join(format!("{part:06}.parquet"));
        let partial = path.with_extension("partial");
        let file =
            File::create(&partial).map_err(|e| Error::io("create the file", &partial, &e))?;
        let builders = Self::builders(frame);
        let schema = Self::batch(Self::builders(frame))?
            .schema()
            .as_ref()
            .clone();
        let file = ParquetWriter::new(BufWriter::with_capacity(1 << 20, file))
            .with_compression(ParquetCompression::Zstd(None))
            .set_parallel(false)
            .batched(&schema)
            .map_err(|e| Error::frame("begin a Parquet file", &e).in_file(&partial))?;
        Ok(FrameWriter {
            frame,
            path,
            partial,
            file: Some(file),
            builders,
            buffered: 0,
            row_count: 0,
        })
    }

    fn builders(frame: &Frame) -> Vec<Builder> {
        frame
            .columns
            .iter()
            .map(|column| Builder::new(column.name, column.kind))
            .collect()
    }

    fn batch(builders: Vec<Builder>) -> Result<DataFrame> {
        let columns = builders.into_iter().map(Builder::finish).collect();
        DataFrame::new_infer_height(columns).map_err(|e| Error::frame("assemble a batch", &e))
    }

    /// Appends a row: one value a column, in the frame's order.
    pub fn push(&mut self, row: &[Value<'_>]) -> Result<()> {
        assert_eq!(
            row.len(),
            self.builders.len(),
            "a row of {} has every column",
            self.frame.name
        );
        for (builder, value) in self.builders.iter_mut().zip(row) {
            builder.push(*value);
        }
        self.buffered += 1;
        self.row_count += 1;
        if self.buffered == ROW_GROUP {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        if self.buffered == 0 {
            return Ok(());
        }
        let builders = std::mem::replace(&mut self.builders, Self::builders(self.frame));
        self.buffered = 0;
        let batch = Self::batch(builders)?;
        if let Some(file) = &mut self.file {
            file.write_batch(&batch)
                .map_err(|e| Error::frame("write a Parquet file", &e).in_file(&self.partial))?;
        }
        Ok(())
    }

    /// Ends the part and puts it in its place; returns how many rows it has.
    pub fn finish(mut self) -> Result<u64> {
        self.flush()?;
        if let Some(file) = self.file.take() {
            file.finish()
                .map_err(|e| Error::frame("end a Parquet file", &e).in_file(&self.partial))?;
        }
        fs::rename(&self.partial, &self.path)
            .map_err(|e| Error::io("put the file in its place", &self.path, &e))?;
        Ok(self.row_count)
    }
}
