//! CSV and TSV, in which no text can be taken for a formula.

use std::io::Write;

use super::super::Rows;
use super::failed;
use super::values::{Texts, names, shown};
use crate::error::{Error, Result};

/// Writes the rows with this character between values, and gives their number.
///
/// NULL is empty. A text that a spreadsheet would take for a formula gets a leading `'`.
pub(super) fn write(rows: &mut Rows<'_>, between: u8, out: &mut dyn Write) -> Result<u64> {
    let mut writer = csv::WriterBuilder::new()
        .delimiter(between)
        .from_writer(out);
    let broken =
        |e: csv::Error| Error::user(format!("cannot write the result: {e}")).with_source(e);
    writer.write_record(names(&rows.schema)).map_err(broken)?;
    let text: Vec<bool> = rows
        .schema
        .fields()
        .iter()
        .map(|field| !field.data_type().is_numeric())
        .collect();
    let mut written = 0;
    while let Some(batch) = rows.next()? {
        let columns = shown(&batch, rows.session.settings.zone.as_deref())?;
        let texts = Texts::of(&columns)?;
        for row in 0..batch.num_rows() {
            for (index, column) in columns.iter().enumerate() {
                let value = match column.is_null(row) {
                    true => String::new(),
                    false => texts.get(index, row)?,
                };
                let value = if text[index] { guarded(value) } else { value };
                writer.write_field(&value).map_err(broken)?;
            }
            writer.write_record(None::<&[u8]>).map_err(broken)?;
        }
        written += batch.num_rows() as u64;
    }
    writer.flush().map_err(failed)?;
    Ok(written)
}

/// Text that no spreadsheet takes for a formula.
fn guarded(text: String) -> String {
    match text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => format!("'{text}"),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_is_text() {
        assert_eq!(guarded("=1+1".to_string()), "'=1+1");
        assert_eq!(guarded("a=1".to_string()), "a=1");
    }
}
