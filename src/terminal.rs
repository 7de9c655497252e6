//! Tables and wrapped text for the terminal, in which no value of a log can steer it.

use std::fmt::Write as _;

use comfy_table::{Cell, CellAlignment, Table};

use crate::escape::plain;

/// Columns of a terminal that wrapped text fills.
const WIDTH: usize = 80;

/// A count with its thousands apart: `33,673,817`.
pub fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// An empty table whose columns from `numbers_from` on hold numbers, which stand at the right.
pub fn table(header: &[&str], numbers_from: usize) -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    let cell = |(index, name): (usize, &&str)| {
        let align = if index >= numbers_from {
            CellAlignment::Right
        } else {
            CellAlignment::Left
        };
        Cell::new(name).set_alignment(align)
    };
    table.set_header(header.iter().enumerate().map(cell));
    table
}

/// The cell of a count.
pub fn number(count: u64) -> Cell {
    Cell::new(thousands(count)).set_alignment(CellAlignment::Right)
}

/// Appends the table to `out`, and an empty line after it.
pub fn push(table: &Table, out: &mut String) {
    for line in table.lines() {
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out.push('\n');
}

/// Appends the text to `out` in lines of at most 80 columns, each after `indent`.
pub fn wrapped(text: &str, indent: &str, out: &mut String) {
    let mut line = String::new();
    for word in plain(text).split(' ') {
        if !line.is_empty()
            && indent.len() + line.chars().count() + 1 + word.chars().count() > WIDTH
        {
            let _ = writeln!(out, "{indent}{line}");
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    let _ = writeln!(out, "{indent}{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_apart() {
        for (count, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (33_673_817, "33,673,817"),
        ] {
            assert_eq!(thousands(count), text);
        }
    }
}
