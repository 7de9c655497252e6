//! A table of text that fits the terminal, or one column a line.

use std::io::Write;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::super::Rows;
use super::values::{Texts, is_number, names, shown};
use super::{Layout, Outcome, failed};
use crate::error::Result;
use crate::escape::plain;

/// The rows by which the columns of a table get their widths.
const MEASURED: usize = 1000;
/// Columns are not made narrower than this many characters.
const LEAST: usize = 8;
/// What stands between two columns.
const BETWEEN: usize = 2;
/// What stands for NULL.
const NULL: &str = "-";

/// The rows read so far, as texts.
struct Shown {
    rows: Vec<Vec<String>>,
    /// How many rows were read beyond them; none if there are no more.
    beyond: Option<u64>,
}

/// Reads up to `most` rows as texts.
fn read(rows: &mut Rows<'_>, most: usize) -> Result<Shown> {
    let mut texts = Vec::new();
    while let Some(batch) = rows.next()? {
        let columns = shown(&batch, rows.session.settings.zone.as_deref())?;
        let values = Texts::of(&columns)?;
        for row in 0..batch.num_rows() {
            if texts.len() == most {
                let beyond = Some((batch.num_rows() - row) as u64);
                return Ok(Shown {
                    rows: texts,
                    beyond,
                });
            }
            let value = |index: usize| match columns[index].is_null(row) {
                true => Ok(NULL.to_string()),
                false => values.get(index, row).map(|text| plain(&text)),
            };
            texts.push((0..columns.len()).map(value).collect::<Result<_>>()?);
        }
    }
    Ok(Shown {
        rows: texts,
        beyond: None,
    })
}

/// Writes a table: numbers to the right, long texts cut with `…`, columns that do not fit left out.
pub(super) fn write(rows: &mut Rows<'_>, layout: Layout, out: &mut dyn Write) -> Result<Outcome> {
    let header: Vec<String> = names(&rows.schema).iter().map(|name| plain(name)).collect();
    let numbers: Vec<bool> = rows
        .schema
        .fields()
        .iter()
        .map(|field| is_number(field.data_type()))
        .collect();
    if let Some(most) = layout.most {
        let first = read(rows, most)?;
        let columns = Columns::of(&header, &numbers, &first.rows, layout.width);
        columns.write(&header, &first.rows, out)?;
        let written = first.rows.len() as u64;
        out.flush().map_err(failed)?;
        let total = match first.beyond {
            Some(beyond) => rows.total(written + beyond)?,
            None => written,
        };
        return Ok(Outcome {
            written,
            total,
            hidden: columns.hidden,
        });
    }
    let mut columns: Option<Columns> = None;
    let mut kept: Vec<Vec<String>> = Vec::new();
    let mut written = 0;
    while let Some(batch) = rows.next()? {
        let values = shown(&batch, rows.session.settings.zone.as_deref())?;
        let texts = Texts::of(&values)?;
        for row in 0..batch.num_rows() {
            let value = |index: usize| match values[index].is_null(row) {
                true => Ok(NULL.to_string()),
                false => texts.get(index, row).map(|text| plain(&text)),
            };
            kept.push((0..values.len()).map(value).collect::<Result<_>>()?);
        }
        written += batch.num_rows() as u64;
        if kept.len() >= MEASURED {
            flush(&mut columns, &header, &numbers, &mut kept, layout, out)?;
        }
    }
    flush(&mut columns, &header, &numbers, &mut kept, layout, out)?;
    Ok(Outcome {
        written,
        total: written,
        hidden: columns.map_or(0, |columns| columns.hidden),
    })
}

/// Writes the rows that are kept; the first ones give the columns their widths.
fn flush(
    columns: &mut Option<Columns>,
    header: &[String],
    numbers: &[bool],
    kept: &mut Vec<Vec<String>>,
    layout: Layout,
    out: &mut dyn Write,
) -> Result<()> {
    match columns {
        Some(columns) => columns.write_rows(kept, out)?,
        None => {
            let of = Columns::of(header, numbers, kept, layout.width);
            of.write(header, kept, out)?;
            *columns = Some(of);
        }
    }
    kept.clear();
    Ok(())
}

/// The columns of a table that are shown.
struct Columns {
    /// The width of each, and whether its values are numbers.
    widths: Vec<(usize, bool)>,
    /// How many columns did not fit.
    hidden: usize,
    /// Whether texts that are too wide are cut.
    cut: bool,
}

impl Columns {
    fn of(header: &[String], numbers: &[bool], rows: &[Vec<String>], width: Option<usize>) -> Self {
        let widest = |index: usize| {
            let cells = rows.iter().map(|row| row[index].width());
            cells.chain([header[index].width()]).max().unwrap_or(0)
        };
        let mut widths: Vec<usize> = (0..header.len()).map(widest).collect();
        let mut hidden = 0;
        if let Some(width) = width {
            let total = |widths: &[usize]| {
                widths.iter().sum::<usize>() + BETWEEN * widths.len().saturating_sub(1)
            };
            // The widest text gives way first; numbers are never cut.
            while total(&widths) > width {
                let excess = total(&widths) - width;
                let texts = (0..widths.len()).filter(|at| !numbers[*at] && widths[*at] > LEAST);
                match texts.max_by_key(|at| widths[*at]) {
                    Some(at) => {
                        let mut others: Vec<usize> = (0..widths.len())
                            .filter(|other| *other != at && !numbers[*other])
                            .map(|other| widths[other])
                            .collect();
                        others.sort_unstable();
                        let next = others.last().copied().unwrap_or(LEAST).min(widths[at] - 1);
                        widths[at] = next.max(widths[at].saturating_sub(excess)).max(LEAST);
                    }
                    None if widths.len() > 1 => {
                        widths.pop();
                        hidden += 1;
                    }
                    None => break,
                }
            }
        }
        Columns {
            widths: widths.into_iter().zip(numbers.iter().copied()).collect(),
            hidden,
            cut: width.is_some(),
        }
    }

    fn write(&self, header: &[String], rows: &[Vec<String>], out: &mut dyn Write) -> Result<()> {
        self.line(header, out)?;
        self.write_rows(rows, out)
    }

    fn write_rows(&self, rows: &[Vec<String>], out: &mut dyn Write) -> Result<()> {
        rows.iter().try_for_each(|row| self.line(row, out))
    }

    fn line(&self, cells: &[String], out: &mut dyn Write) -> Result<()> {
        let mut line = String::new();
        for (cell, (width, number)) in cells.iter().zip(&self.widths) {
            let text = match self.cut {
                true => cut(cell, *width),
                false => cell.clone(),
            };
            let pad = " ".repeat(width.saturating_sub(text.width()));
            if !line.is_empty() {
                line.push_str(&" ".repeat(BETWEEN));
            }
            match number {
                true => line.extend([pad, text]),
                false => line.extend([text, pad]),
            }
        }
        writeln!(out, "{}", line.trim_end()).map_err(failed)
    }
}

/// The text in at most `width` columns of the terminal, with a mark if it was longer.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_string();
    }
    let mut kept = String::new();
    let mut taken = 1;
    for c in text.chars() {
        taken += c.width().unwrap_or(0);
        if taken > width {
            break;
        }
        kept.push(c);
    }
    kept.push('…');
    kept
}

/// Writes each row as lines of `column  value`.
pub(super) fn write_vertical(
    rows: &mut Rows<'_>,
    layout: Layout,
    out: &mut dyn Write,
) -> Result<Outcome> {
    let header: Vec<String> = names(&rows.schema).iter().map(|name| plain(name)).collect();
    let width = header.iter().map(|name| name.width()).max().unwrap_or(0);
    let mut written = 0;
    let most = layout.most.unwrap_or(usize::MAX) as u64;
    while let Some(batch) = rows.next()? {
        let columns = shown(&batch, rows.session.settings.zone.as_deref())?;
        let values = Texts::of(&columns)?;
        for row in 0..batch.num_rows() {
            if written == most {
                out.flush().map_err(failed)?;
                let total = rows.total(written + (batch.num_rows() - row) as u64)?;
                return Ok(Outcome {
                    written,
                    total,
                    hidden: 0,
                });
            }
            written += 1;
            writeln!(out, "row {written}").map_err(failed)?;
            for (index, name) in header.iter().enumerate() {
                let text = match columns[index].is_null(row) {
                    true => NULL.to_string(),
                    false => plain(&values.get(index, row)?),
                };
                let pad = " ".repeat(width.saturating_sub(name.width()));
                writeln!(out, "  {name}{pad}  {text}").map_err(failed)?;
            }
        }
    }
    Ok(Outcome::all(written))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_with_a_mark() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("한국어", 5), "한국…");
    }

    #[test]
    fn the_widest_text_gives_way_and_numbers_stay() {
        let header = ["a", "n"].map(str::to_string);
        let rows = [["x".repeat(100), "1234567890".to_string()].to_vec()];
        let columns = Columns::of(&header, &[false, true], &rows, Some(40));
        assert_eq!(columns.widths, [(28, false), (10, true)]);
        assert_eq!(columns.hidden, 0);
    }
}
