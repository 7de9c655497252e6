//! What logs seem to be, for the terminal.

use std::fmt::Write as _;

use crate::survey::detect::Detected;
use crate::terminal::wrapped;

/// What files are.
pub fn detected(found: &[Detected]) -> String {
    let mut out = String::new();
    for one in found {
        let member = one
            .member
            .as_deref()
            .map(|member| format!("!{member}"))
            .unwrap_or_default();
        wrapped(&format!("{}{member}", one.path.display()), "", &mut out);
        let packed = if one.packed == "none" {
            String::new()
        } else {
            format!(", in {}", one.packed)
        };
        let name = one
            .format
            .map(|name| format!("{name}: "))
            .unwrap_or_default();
        let kind = one
            .kind
            .map(|kind| format!(" ({kind})"))
            .unwrap_or_default();
        wrapped(
            &format!("{name}{}{kind}{packed}", one.title),
            "  ",
            &mut out,
        );
        wrapped(&format!("why    {}", one.why), "  ", &mut out);
        if let (Some(first), Some(last)) = (&one.first_event, &one.last_event) {
            let seen = match (one.all_seen, one.end_seen) {
                (true, _) => "",
                (false, true) => ", by its first and last lines",
                (false, false) => ", by its first lines",
            };
            wrapped(&format!("time   {first} to {last}{seen}"), "  ", &mut out);
            wrapped(&format!("zone   {}", one.zone), "  ", &mut out);
        }
        if !one.fills.is_empty() {
            let fills = one.fills.iter().map(|column| {
                match one.fields.iter().find(|(known, _)| known == column) {
                    Some((_, field)) => format!("{column} ({field})"),
                    None => (*column).to_string(),
                }
            });
            let part = |known: &&(&str, String)| !one.fills.contains(&known.0);
            let parts = one.fields.iter().filter(part);
            let parts = parts.map(|(part, field)| format!("{part} ({field})"));
            let fills: Vec<String> = fills.chain(parts).collect();
            wrapped(&format!("fills  {}", fills.join(", ")), "  ", &mut out);
            wrapped(&format!("lacks  {}", one.lacks.join(", ")), "  ", &mut out);
        } else if !one.names.is_empty() {
            wrapped(&format!("fields {}", one.names.join(", ")), "  ", &mut out);
        }
        for note in &one.notes {
            wrapped(&format!("note   {note}"), "  ", &mut out);
        }
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
