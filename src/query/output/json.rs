//! JSON: an array of objects, or an object a line.

use std::io::Write;

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::{DataType, Float64Type};
use serde_json::Value;

use super::super::Rows;
use super::failed;
use super::values::{Texts, is_number, names, shown};
use crate::error::Result;

/// Writes the rows as one array, an object a line.
pub(super) fn write(rows: &mut Rows<'_>, out: &mut dyn Write) -> Result<u64> {
    let mut before = "[\n";
    let written = objects(rows, |object| {
        out.write_all(before.as_bytes())?;
        before = ",\n";
        out.write_all(object.as_bytes())
    })?;
    let end = if written == 0 { "[]\n" } else { "\n]\n" };
    out.write_all(end.as_bytes()).map_err(failed)?;
    Ok(written)
}

/// Writes the rows as JSON lines.
pub(super) fn write_lines(rows: &mut Rows<'_>, out: &mut dyn Write) -> Result<u64> {
    objects(rows, |object| {
        out.write_all(object.as_bytes())?;
        out.write_all(b"\n")
    })
}

/// Gives each row as an object to `write`, and the number of rows.
fn objects(rows: &mut Rows<'_>, mut write: impl FnMut(&str) -> std::io::Result<()>) -> Result<u64> {
    let keys: Vec<String> = names(&rows.schema)
        .into_iter()
        .map(|name| Value::String(name).to_string())
        .collect();
    let mut written = 0;
    while let Some(batch) = rows.next()? {
        let columns = shown(&batch, rows.session.settings.zone.as_deref())?;
        let texts = Texts::of(&columns)?;
        for row in 0..batch.num_rows() {
            let mut object = String::from("{");
            for (index, column) in columns.iter().enumerate() {
                if index > 0 {
                    object.push(',');
                }
                object.push_str(&keys[index]);
                object.push(':');
                object.push_str(&value(column, row, &|| texts.get(index, row))?);
            }
            object.push('}');
            write(&object).map_err(failed)?;
        }
        written += batch.num_rows() as u64;
    }
    Ok(written)
}

/// A value as JSON; `text` gives it as text.
fn value(column: &ArrayRef, row: usize, text: &dyn Fn() -> Result<String>) -> Result<String> {
    if column.is_null(row) {
        return Ok("null".to_string());
    }
    if let DataType::List(_) = column.data_type() {
        let items = column.as_list::<i32>().value(row);
        let texts = Texts::of(std::slice::from_ref(&items))?;
        let items: Vec<String> = (0..items.len())
            .map(|at| value(&items, at, &|| texts.get(0, at)))
            .collect::<Result<_>>()?;
        return Ok(format!("[{}]", items.join(",")));
    }
    let finite = |column: &ArrayRef| match column.data_type() {
        DataType::Float64 => column.as_primitive::<Float64Type>().value(row).is_finite(),
        _ => true,
    };
    match column.data_type() {
        DataType::Boolean => text(),
        kind if is_number(kind) && finite(column) => text(),
        _ => Ok(Value::String(text()?).to_string()),
    }
}
