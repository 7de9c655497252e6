//! The disclosure for the terminal, 80 columns wide, ending with what to do next.

use std::fmt::Write as _;

use comfy_table::Cell;
use jiff::tz::TimeZone;

use crate::disclosure::{Disclosure, Figure};
use crate::escape::plain;
use crate::moment::local;
use crate::results::Manifest;
use crate::terminal::{number, push, table, thousands, wrapped};

fn figures(title: &str, figures: &[&Figure], out: &mut String) {
    let mut rows = table(&[title, "unit", "confirmed", "probable", "possible"], 2);
    for figure in figures {
        rows.add_row([
            Cell::new(plain(&figure.id)),
            Cell::new(figure.unit),
            number(figure.confirmed),
            number(figure.probable),
            number(figure.possible),
        ]);
    }
    push(&rows, out);
}

/// The disclosure as text; times in `zone`.
pub fn summary(disclosure: &Disclosure, manifest: &Manifest, zone: &TimeZone) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{}: {}",
        plain(&disclosure.case_id),
        plain(&disclosure.title)
    );
    let totals = manifest.totals;
    let _ = writeln!(
        out,
        "{} files, {} lines = {} rows + {} rejects + {} blanks\n",
        manifest.evidence.len(),
        thousands(totals.lines),
        thousands(totals.rows),
        thousands(totals.rejects),
        thousands(totals.blanks)
    );
    let starting = |prefixes: &[&str]| -> Vec<&Figure> {
        let of = |figure: &&Figure| prefixes.iter().any(|prefix| figure.id.starts_with(prefix));
        disclosure.figures.iter().filter(of).collect()
    };
    figures("exposure", &starting(&["total.", "page."]), &mut out);
    figures(
        "field",
        &starting(&["field."])
            .into_iter()
            .filter(|f| f.unit == "account")
            .collect::<Vec<_>>(),
        &mut out,
    );
    figures(
        "attack",
        &starting(&["tokens.", "subjects.", "requests.", "fleet."]),
        &mut out,
    );
    if !disclosure.phases.is_empty() {
        let mut rows = table(&["phase", "first", "last", "requests", "runs"], 3);
        for phase in &disclosure.phases {
            rows.add_row([
                Cell::new(phase.name),
                Cell::new(local(&phase.first, zone)),
                Cell::new(local(&phase.last, zone)),
                number(phase.request_count),
                number(phase.run_count),
            ]);
        }
        push(&rows, &mut out);
    }
    let mut rows = table(&["verdict", "reason", "tokens"], 2);
    for row in &disclosure.verdicts {
        rows.add_row([
            Cell::new(row.verdict),
            Cell::new(row.reason),
            number(row.token_count),
        ]);
    }
    push(&rows, &mut out);
    if !disclosure.fleet.is_empty() {
        let mut rows = table(&["address", "nature", "network", "requests", "accounts"], 3);
        for address in disclosure.fleet.iter().take(5) {
            rows.add_row([
                Cell::new(&address.source_ip),
                Cell::new(address.nature),
                Cell::new(plain(
                    address
                        .about
                        .autonomous_system_organization
                        .as_deref()
                        .unwrap_or("-"),
                )),
                number(address.request_count),
                number(address.account_count),
            ]);
        }
        push(&rows, &mut out);
    }
    for gap in &disclosure.gaps {
        let _ = writeln!(
            out,
            "gap: {} to {}",
            local(&gap.from, zone),
            local(&gap.to, zone)
        );
        wrapped(
            &format!("{} ({}); {}", gap.what, gap.basis, gap.effect),
            "  ",
            &mut out,
        );
    }
    for finding in &disclosure.findings {
        wrapped(&format!("note: {finding}"), "", &mut out);
    }
    out
}
