//! Parquet, in types that every engine reads.

use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::Compression;
use datafusion::parquet::file::properties::WriterProperties;

use super::super::{Rows, failure};
use super::private;
use crate::error::{Error, Result};

/// Writes the rows into a file, and gives their number.
pub(in crate::query) fn write(rows: &mut Rows<'_>, path: &Path) -> Result<u64> {
    let failed = |e: datafusion::parquet::errors::ParquetError| {
        Error::user(format!("cannot write the file: {e}"))
            .in_file(path)
            .with_source(e)
    };
    let field = |field: &Arc<Field>| {
        let kind = match field.data_type() {
            DataType::Utf8View => DataType::Utf8,
            DataType::BinaryView => DataType::Binary,
            DataType::Duration(_) => DataType::Int64,
            other => other.clone(),
        };
        Field::new(field.name(), kind, field.is_nullable())
    };
    let fields: Vec<Field> = rows.schema.fields().iter().map(field).collect();
    let schema = Arc::new(Schema::new(fields));
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_max_row_group_row_count(Some(1 << 17))
        .build();
    let mut writer =
        ArrowWriter::try_new(private(path)?, schema.clone(), Some(properties)).map_err(failed)?;
    let mut written = 0;
    while let Some(batch) = rows.next()? {
        let columns = batch.columns().iter().zip(schema.fields());
        let columns = columns
            .map(|(column, field)| cast(column, field.data_type()))
            .collect::<Result<_, _>>()
            .and_then(|columns| RecordBatch::try_new(schema.clone(), columns))
            .map_err(|e| failure::internal("write the file", e.into()))?;
        writer.write(&columns).map_err(failed)?;
        written += batch.num_rows() as u64;
    }
    writer.close().map_err(failed)?;
    Ok(written)
}
