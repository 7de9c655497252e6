//! The values of a batch as text: each as it can be written into a statement again.

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, SchemaRef, TimeUnit};
use datafusion::arrow::util::display::{ArrayFormatter, DurationFormat, FormatOptions};

use super::super::failure;
use super::super::functions::texts::readable;
use crate::error::{Error, Result};

/// The texts of a batch, by column and row.
pub(super) struct Texts<'b> {
    columns: Vec<Column<'b>>,
}

enum Column<'b> {
    Bytes(&'b ArrayRef),
    Other(ArrayFormatter<'b>),
}

/// The columns of a batch with times in the zone in which they are shown.
pub(super) fn shown(batch: &RecordBatch, zone: Option<&str>) -> Result<Vec<ArrayRef>> {
    let shown = |array: &ArrayRef| match (array.data_type(), zone) {
        (DataType::Timestamp(_, Some(_)), zone) => {
            let kind =
                DataType::Timestamp(TimeUnit::Microsecond, Some(zone.unwrap_or("UTC").into()));
            cast(array, &kind).map_err(|e| failure::internal("show the times", e.into()))
        }
        _ => Ok(array.clone()),
    };
    batch.columns().iter().map(shown).collect()
}

impl<'b> Texts<'b> {
    pub(super) fn of(columns: &'b [ArrayRef]) -> Result<Self> {
        const OPTIONS: FormatOptions<'static> = FormatOptions::new()
            .with_display_error(false)
            .with_timestamp_format(Some("%Y-%m-%dT%H:%M:%S%.f"))
            .with_duration_format(DurationFormat::Pretty);
        let column = |array: &'b ArrayRef| match array.data_type() {
            DataType::Binary | DataType::BinaryView | DataType::LargeBinary => {
                Ok(Column::Bytes(array))
            }
            _ => ArrayFormatter::try_new(array, &OPTIONS)
                .map(Column::Other)
                .map_err(|e| failure::internal("show the result", e.into())),
        };
        let columns = columns.iter().map(column).collect::<Result<_>>()?;
        Ok(Texts { columns })
    }

    /// The text of a value that is not NULL.
    pub(super) fn get(&self, column: usize, row: usize) -> Result<String> {
        match &self.columns[column] {
            Column::Bytes(array) => Ok(readable(bytes(array, row))),
            Column::Other(formatter) => formatter
                .value(row)
                .try_to_string()
                .map_err(|e| Error::user(format!("cannot show a value: {e}"))),
        }
    }
}

/// The bytes of a value.
fn bytes(array: &ArrayRef, row: usize) -> &[u8] {
    match array.data_type() {
        DataType::Binary => array.as_binary::<i32>().value(row),
        DataType::LargeBinary => array.as_binary::<i64>().value(row),
        _ => array.as_binary_view().value(row),
    }
}

/// Whether the values of a type are numbers, which stand to the right in a table and bare in JSON.
pub(super) fn is_number(kind: &DataType) -> bool {
    kind.is_numeric()
}

/// The names of the columns of a result.
pub(super) fn names(schema: &SchemaRef) -> Vec<String> {
    schema
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect()
}
