//! A Markdown table in which no value can be taken for markup.

use std::io::Write;

use super::super::Rows;
use super::failed;
use super::values::{Texts, is_number, names, shown};
use crate::error::Result;
use crate::escape::plain;

/// Writes the rows as a Markdown table, and gives their number.
pub(super) fn write(rows: &mut Rows<'_>, out: &mut dyn Write) -> Result<u64> {
    let header: Vec<String> = names(&rows.schema).iter().map(|name| cell(name)).collect();
    let rule = rows
        .schema
        .fields()
        .iter()
        .map(|field| match is_number(field.data_type()) {
            true => "---:",
            false => "---",
        });
    let rule: Vec<&str> = rule.collect();
    write!(
        out,
        "| {} |\n| {} |\n",
        header.join(" | "),
        rule.join(" | ")
    )
    .map_err(failed)?;
    let mut written = 0;
    while let Some(batch) = rows.next()? {
        let columns = shown(&batch, rows.session.settings.zone.as_deref())?;
        let texts = Texts::of(&columns)?;
        for row in 0..batch.num_rows() {
            let value = |index: usize| match columns[index].is_null(row) {
                true => Ok(String::new()),
                false => texts.get(index, row).map(|text| cell(&text)),
            };
            let cells: Vec<String> = (0..columns.len()).map(value).collect::<Result<_>>()?;
            writeln!(out, "| {} |", cells.join(" | ")).map_err(failed)?;
        }
        written += batch.num_rows() as u64;
    }
    Ok(written)
}

/// A text as a cell: what means something in Markdown or HTML is written as itself.
fn cell(text: &str) -> String {
    let mut cell = String::with_capacity(text.len());
    for c in plain(text).chars() {
        match c {
            '\\' | '|' | '`' | '*' | '_' | '[' | ']' | '~' | '!' | '#' => cell.extend(['\\', c]),
            '<' => cell.push_str("&lt;"),
            '>' => cell.push_str("&gt;"),
            '&' => cell.push_str("&amp;"),
            c => cell.push(c),
        }
    }
    cell
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_is_markup() {
        assert_eq!(cell("a|<b>\n[x](y)"), r"a\|&lt;b&gt;\\u{a}\[x\](y)");
    }
}
