//! The disclosure for the terminal, 80 columns wide, ending with what to do next.

use std::cmp::Reverse;
use std::fmt::Write as _;

use comfy_table::Cell;
use jiff::tz::TimeZone;

use super::evidence::line_counts;
use super::misfits::{self, HEADING, INTRODUCTION};
use super::sentences::{self, Sentence};
use crate::disclosure::{Disclosure, Figure, Gap, Missing};
use crate::escape::plain;
use crate::moment::local;
use crate::results::Manifest;
use crate::terminal::{item, number, push, table, thousands, wrapped};

/// Addresses of the fleet that are shown; the report has them all.
const MOST_ADDRESSES: usize = 5;
/// Silences that are shown; the report has them all.
const MOST_SILENCES: usize = 5;

/// Shows the disclosure as text, with times in `zone`.
pub fn summary(disclosure: &Disclosure, manifest: &Manifest, zone: &TimeZone) -> String {
    let mut out = String::new();
    let (case, title) = (plain(&disclosure.case_id), plain(&disclosure.title));
    let _ = writeln!(out, "{case}: {title}\n{}\n", line_counts(manifest));
    first(disclosure, &mut out);
    figures(disclosure, &mut out);
    phases(disclosure, zone, &mut out);
    verdicts(disclosure, &mut out);
    fleet(disclosure, &mut out);
    gaps(&disclosure.gaps, zone, &mut out);
    out.push_str("What else to know:\n");
    for finding in &disclosure.findings {
        let Sentence { text, command } = sentences::finding(finding, zone);
        item(&text, command.as_deref(), &mut out);
    }
    out
}

/// What does not fit together, above everything that it may make wrong.
fn first(disclosure: &Disclosure, out: &mut String) {
    if disclosure.misfits.is_empty() {
        return;
    }
    wrapped(
        &format!("{}. {INTRODUCTION}", HEADING.to_uppercase()),
        "",
        out,
    );
    for misfit in &disclosure.misfits {
        let Sentence { text, command } = misfits::misfit(misfit);
        item(&text, command.as_deref(), out);
    }
    out.push('\n');
}

/// What is missing: of the silences only the longest, for the report has them all.
fn gaps(all: &[Gap], zone: &TimeZone, out: &mut String) {
    if all.is_empty() {
        return;
    }
    out.push_str("What is missing:\n");
    let lines = |gap: &Gap| match gap.missing {
        Missing::Silence { count, .. } => Some(count),
        _ => None,
    };
    let mut longest: Vec<u64> = all.iter().filter_map(lines).collect();
    longest.sort_unstable_by_key(|count| Reverse(*count));
    let more = longest.split_off(longest.len().min(MOST_SILENCES));
    for gap in all {
        if let Some(count) = lines(gap) {
            let Some(at) = longest.iter().position(|shown| *shown == count) else {
                continue;
            };
            longest.swap_remove(at);
        }
        let [from, to] = [gap.from, gap.to].map(|time| local(time, zone));
        let Sentence { text, command } = sentences::gap(gap);
        item(&format!("{from} to {to}: {text}"), command.as_deref(), out);
    }
    if !more.is_empty() {
        let (count, lines) = (more.len() as u64, more.iter().sum());
        let text = format!(
            "{} more silences, in which some {} lines were expected; report.md lists them.",
            thousands(count),
            thousands(lines)
        );
        item(&text, None, out);
    }
    out.push('\n');
}

/// The figures in three tables. Of a field only its accounts are shown; the report has the rest.
fn figures(disclosure: &Disclosure, out: &mut String) {
    let exposure = ["total.", "page.", "stolen."];
    let attack = ["tokens.", "subjects.", "requests.", "fleet."];
    for (title, prefixes) in [
        ("exposure", &exposure[..]),
        ("field", &["field."]),
        ("attack", &attack),
    ] {
        let of_table = |figure: &&Figure| {
            let starts = prefixes.iter().any(|prefix| figure.id.starts_with(prefix));
            starts && (title != "field" || figure.unit == "account")
        };
        let mut rows = table(&[title, "unit", "confirmed", "probable", "possible"], 2);
        for figure in disclosure.figures.iter().filter(of_table) {
            rows.add_row([
                Cell::new(plain(&figure.id)),
                Cell::new(figure.unit),
                number(figure.confirmed),
                number(figure.probable),
                number(figure.possible),
            ]);
        }
        if !rows.is_empty() {
            push(&rows, out);
        }
    }
}

fn phases(disclosure: &Disclosure, zone: &TimeZone, out: &mut String) {
    if disclosure.phases.is_empty() {
        return;
    }
    let mut rows = table(&["phase", "first", "last", "requests", "runs"], 3);
    for phase in &disclosure.phases {
        rows.add_row([
            Cell::new(phase.name),
            Cell::new(local(phase.first, zone)),
            Cell::new(local(phase.last, zone)),
            number(phase.request_count),
            number(phase.run_count),
        ]);
    }
    push(&rows, out);
}

fn verdicts(disclosure: &Disclosure, out: &mut String) {
    if disclosure.verdicts.is_empty() {
        return;
    }
    let mut rows = table(&["verdict", "reason", "tokens"], 2);
    for row in &disclosure.verdicts {
        rows.add_row([
            Cell::new(row.verdict),
            Cell::new(row.reason),
            number(row.token_count),
        ]);
    }
    push(&rows, out);
}

/// The addresses with the most forged requests.
fn fleet(disclosure: &Disclosure, out: &mut String) {
    if disclosure.fleet.is_empty() {
        return;
    }
    let mut rows = table(&["address", "nature", "network", "requests", "accounts"], 3);
    for address in disclosure.fleet.iter().take(MOST_ADDRESSES) {
        let network = address.about.autonomous_system_organization.as_deref();
        rows.add_row([
            Cell::new(&address.source_ip),
            Cell::new(address.nature),
            Cell::new(plain(network.unwrap_or("-"))),
            number(address.request_count),
            number(address.account_count),
        ]);
    }
    push(&rows, out);
    let more = disclosure.fleet.len().saturating_sub(MOST_ADDRESSES) as u64;
    if more > 0 {
        // The note belongs to the table above it.
        out.pop();
        let more = thousands(more);
        wrapped(&format!("{more} more: see report.md"), " ", out);
        out.push('\n');
    }
}
