//! Tables and wrapped text for the terminal, in which no value of a log can steer it.

use std::fmt::Write as _;

use comfy_table::{Cell, CellAlignment, Table};

use crate::escape::plain;

/// The columns of a terminal that wrapped text fills.
const WIDTH: usize = 80;

/// Writes a count with its thousands apart: `33,673,817`.
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

/// A count with its unit: `1 line`, `57 lines`. The unit may go on with a verb: `line is`, `lines are`.
pub fn counted(count: u64, one: &str, many: &str) -> String {
    let unit = if count == 1 { one } else { many };
    format!("{} {unit}", thousands(count))
}

/// An empty table; its columns from `numbers_from` on hold numbers and are aligned to the right.
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

/// A table's cell with a count in it.
pub fn number(count: u64) -> Cell {
    Cell::new(thousands(count)).set_alignment(CellAlignment::Right)
}

/// Appends the table to `out`, followed by an empty line.
pub fn push(table: &Table, out: &mut String) {
    for line in table.lines() {
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out.push('\n');
}

/// Appends `text` to `out` in lines of at most 80 columns, each after `indent`.
pub fn wrapped(text: &str, indent: &str, out: &mut String) {
    wrapped_after([indent, indent], plain(text).split(' '), out);
}

/// Appends `text` to `out` as an item of a list: the first line after `- `, the others below it.
///
/// A `command` follows the text on one line, so that it can be copied.
pub fn item(text: &str, command: Option<&str>, out: &mut String) {
    let (text, command) = (plain(text), command.map(plain));
    let words = text.split(' ').chain(command.as_deref());
    wrapped_after(["- ", "  "], words, out);
}

/// Appends lines of at most 80 columns that begin with the first, then with the second of `starts`.
///
/// A word that is longer than a line stays whole.
fn wrapped_after<'w>(starts: [&str; 2], words: impl Iterator<Item = &'w str>, out: &mut String) {
    let [mut start, next] = starts;
    let mut line = String::new();
    for word in words {
        let width = start.len() + line.chars().count() + 1 + word.chars().count();
        if !line.is_empty() && width > WIDTH {
            let _ = writeln!(out, "{start}{line}");
            line.clear();
            start = next;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    let _ = writeln!(out, "{start}{line}");
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

    #[test]
    fn an_item_hangs_below_its_first_line() {
        let mut out = String::new();
        item(
            &vec!["word"; 20].join(" "),
            Some(&"x y ".repeat(19)),
            &mut out,
        );
        let lines: Vec<&str> = out.lines().collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(
            lines[2],
            format!("  {}", "x y ".repeat(19)),
            "a command stays whole"
        );
        assert!(lines[0].starts_with("- word") && lines[1].starts_with("  word"));
        assert!(lines[0].len() <= WIDTH && lines[0].len() + 5 > WIDTH);
        assert_eq!(counted(1, "line is", "lines are"), "1 line is");
        assert_eq!(counted(1000, "line is", "lines are"), "1,000 lines are");
    }
}
