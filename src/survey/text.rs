//! Shows on the terminal what logs seem to be.

use std::fmt::Write as _;

use super::detected::Detected;
use crate::terminal::wrapped;

/// What each log seems to be, one paragraph for each, and how many there are.
pub fn detected(found: &[Detected]) -> String {
    let mut out = String::new();
    for one in found {
        paragraph(one, &mut out);
        out.push('\n');
    }
    let unknown = found.iter().filter(|one| one.format.is_none()).count();
    let _ = writeln!(
        out,
        "{} logs, {unknown} of them of no known format",
        found.len()
    );
    out
}

fn paragraph(one: &Detected, out: &mut String) {
    wrapped(&one.place(), "", out);
    let mut line = |text: String| wrapped(&text, "  ", out);
    let packed = match one.packed.as_str() {
        "none" => String::new(),
        packed => format!(", in {packed}"),
    };
    let name = one.format.map(|name| format!("{name}: "));
    let kind = one.kind.map(|kind| format!(" ({kind})"));
    let (name, kind) = (name.unwrap_or_default(), kind.unwrap_or_default());
    line(format!("{name}{}{kind}{packed}", one.title));
    line(format!("why    {}", one.why));
    if let (Some(first), Some(last)) = (&one.first_event, &one.last_event) {
        let seen = match (one.all_seen, one.end_seen) {
            (true, _) => "",
            (false, true) => ", by its first and last lines",
            (false, false) => ", by its first lines",
        };
        line(format!("time   {first} to {last}{seen}"));
        line(format!("zone   {}", one.zone));
    }
    if !one.fills.is_empty() {
        line(format!("fills  {}", filled(one).join(", ")));
        line(format!("lacks  {}", one.lacks.join(", ")));
    } else if !one.names.is_empty() {
        line(format!("fields {}", one.names.join(", ")));
    }
    for note in &one.notes {
        line(format!("note   {note}"));
    }
}

/// The columns that a log can fill, then the parts of columns, with the field that was mapped to each.
fn filled(one: &Detected) -> Vec<String> {
    let columns =
        one.fills.iter().map(
            |column| match one.fields.iter().find(|(known, _)| known == column) {
                Some((_, field)) => format!("{column} ({field})"),
                None => (*column).to_string(),
            },
        );
    let parts = one.fields.iter();
    let parts = parts.filter(|(part, _)| !one.fills.contains(part));
    columns
        .chain(parts.map(|(part, field)| format!("{part} ({field})")))
        .collect()
}
