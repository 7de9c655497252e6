//! The disclosure as `report.md`.

use std::fmt::Write as _;

use jiff::tz::TimeZone;

use crate::disclosure::Disclosure;
use crate::escape::plain;
use crate::moment::{local, utc};
use crate::results::Manifest;
use crate::terminal::thousands;

/// Text in which no character means anything to Markdown or HTML.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for c in plain(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '!' | '~' => {
                escaped.push('\\');
                escaped.push(c);
            }
            _ => escaped.push(c),
        }
    }
    escaped
}

fn table(
    out: &mut String,
    header: &[&str],
    numbers_from: usize,
    rows: impl Iterator<Item = Vec<String>>,
) {
    let _ = writeln!(out, "| {} |", header.join(" | "));
    let rule: Vec<&str> = (0..header.len())
        .map(|index| if index >= numbers_from { "---:" } else { "---" })
        .collect();
    let _ = writeln!(out, "| {} |", rule.join(" | "));
    for row in rows {
        assert_eq!(row.len(), header.len(), "a row has a cell for each column");
        let _ = writeln!(out, "| {} |", row.join(" | "));
    }
    out.push('\n');
}

/// The report; times in `zone`.
pub fn markdown(disclosure: &Disclosure, manifest: &Manifest, zone: &TimeZone) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "# {}\n", escape(&disclosure.title));
    let _ = writeln!(
        out,
        "Case {}, counted by {}. Times are in {}.\n",
        escape(&disclosure.case_id),
        disclosure.tool,
        zone.iana_name().unwrap_or("the case's zone")
    );
    if !disclosure.complete {
        out.push_str(
            "**The evidence is incomplete**: see *What is missing* before quoting a figure.\n\n",
        );
    }
    out.push_str("## Figures\n\n");
    out.push_str("`confirmed` is proven, `probable` includes what is likely, `possible` all that cannot be excluded.\n\n");
    table(
        &mut out,
        &["figure", "unit", "confirmed", "probable", "possible"],
        2,
        disclosure.figures.iter().map(|figure| {
            let [a, b, c] = [figure.confirmed, figure.probable, figure.possible].map(thousands);
            vec![escape(&figure.id), figure.unit.into(), a, b, c]
        }),
    );
    out.push_str("## When\n\n");
    table(
        &mut out,
        &["phase", "first", "last", "requests", "runs"],
        3,
        disclosure.phases.iter().map(|phase| {
            let times = [&phase.first, &phase.last].map(|time| local(time, zone));
            let [first, last] = times;
            vec![
                phase.name.into(),
                first,
                last,
                thousands(phase.request_count),
                thousands(phase.run_count),
            ]
        }),
    );
    out.push_str("Became aware:\n\n");
    for awareness in &disclosure.awareness {
        let _ = writeln!(
            out,
            "- {}, by {}",
            local(&awareness.time.to_string(), zone),
            escape(&awareness.source)
        );
    }
    out.push_str("\n## Tokens\n\n");
    table(
        &mut out,
        &["verdict", "confidence", "reason", "tokens"],
        3,
        disclosure.verdicts.iter().map(|row| {
            vec![
                row.verdict.into(),
                row.confidence.into(),
                escape(row.reason),
                thousands(row.token_count),
            ]
        }),
    );
    let _ = writeln!(
        out,
        "Gateway lines whose token no issuance record hands out, whether or not the logs are complete: {}. \
         It is what an anti-join of the two logs gives, and was counted in that way too.\n",
        thousands(disclosure.uses_without_record)
    );
    out.push_str("## Signing keys\n\n");
    let time = |at: Option<i64>| at.map_or("-".to_string(), |at| local(&utc(at), zone));
    table(
        &mut out,
        &[
            "key",
            "made",
            "withdrawn",
            "custodian left",
            "outlived by days",
            "last honest use",
            "first forged use",
            "last forged use",
            "honest",
            "forged",
            "indeterminate",
        ],
        8,
        disclosure.keys.iter().map(|key| {
            let listed = if key.listed {
                ""
            } else {
                " (not in the inventory)"
            };
            vec![
                format!("{}{listed}", escape(&key.key_id)),
                time(key.created_at),
                time(key.revoked_at.or(key.retired_at)),
                time(key.custodian_left_at),
                key.outlived_days.map_or("-".into(), thousands),
                time(key.last_honest_use),
                time(key.first_forged_use),
                time(key.last_forged_use),
                thousands(key.honest_tokens),
                thousands(key.forged_tokens),
                thousands(key.indeterminate_tokens),
            ]
        }),
    );
    out.push_str("## What the issuance logs can say\n\n");
    out.push_str("The absence of a record counts only where a log is complete.\n\n");
    table(
        &mut out,
        &[
            "issuer",
            "key",
            "status",
            "by",
            "hours",
            "records",
            "issued for certain",
            "of these without a record",
        ],
        4,
        disclosure.coverage.iter().map(|row| {
            let mut cells = vec![
                escape(&row.issuer),
                row.key_id.as_deref().map_or("-".into(), escape),
                escape(row.status),
                escape(row.basis),
            ];
            let counts = [
                row.hour_count,
                row.record_count,
                row.witness_count,
                row.unrecorded_witness_count,
            ];
            cells.extend(counts.map(thousands));
            cells
        }),
    );
    out.push_str("## From where\n\n");
    table(
        &mut out,
        &[
            "address", "nature", "network", "country", "first", "last", "requests", "accounts",
        ],
        6,
        disclosure.fleet.iter().map(|address| {
            let or_dash = |text: &Option<String>| escape(text.as_deref().unwrap_or("-"));
            vec![
                address.source_ip.clone(),
                address.nature.into(),
                or_dash(&address.about.autonomous_system_organization),
                or_dash(&address.about.country),
                local(&utc(address.first_seen), zone),
                local(&utc(address.last_seen), zone),
                thousands(address.request_count),
                thousands(address.account_count),
            ]
        }),
    );
    out.push_str("## What is missing\n\n");
    table(
        &mut out,
        &["what", "how known", "from", "to", "effect"],
        5,
        disclosure.gaps.iter().map(|gap| {
            vec![
                escape(&gap.what),
                escape(&gap.basis),
                local(&gap.from, zone),
                local(&gap.to, zone),
                escape(&gap.effect),
            ]
        }),
    );
    for finding in &disclosure.findings {
        let _ = writeln!(out, "- {}", escape(finding));
    }
    out.push_str("\n## How each figure is counted\n\n");
    for figure in &disclosure.figures {
        let _ = writeln!(
            out,
            "- {} ({}): {}",
            escape(&figure.id),
            figure.unit,
            escape(&figure.rule)
        );
    }
    out.push_str("\n## Thresholds\n\n");
    for (name, value, tuned) in disclosure.policy.told() {
        let tuned = if tuned {
            ", set by the case file to another value than the usual one"
        } else {
            ""
        };
        let _ = writeln!(out, "- {} = {}{tuned}", escape(name), escape(&value));
    }
    out.push_str("\n## Evidence\n\n");
    table(
        &mut out,
        &[
            "id", "source", "file", "SHA-256", "lines", "rows", "rejects", "blanks",
        ],
        4,
        manifest.evidence.iter().map(|file| {
            let lines = file.lines;
            let mut row = vec![
                file.evidence_id.to_string(),
                escape(&file.source),
                escape(&file.place()),
                file.sha256.clone(),
            ];
            row.extend([lines.lines, lines.rows, lines.rejects, lines.blanks].map(thousands));
            row
        }),
    );
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_stays_text() {
        assert_eq!(
            escape("a|b<script>\u{1b}[31m"),
            "a\\|b&lt;script&gt;\\\\u{1b}\\[31m"
        );
    }
}
