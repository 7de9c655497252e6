//! The disclosure as `report.md`: one function a section.

use std::fmt::Write as _;

use jiff::tz::TimeZone;

use super::misfits::{self, HEADING, INTRODUCTION};
use super::sentences::{self, Sentence};
use crate::disclosure::Disclosure;
use crate::escape::plain;
use crate::moment::local;
use crate::results::Manifest;
use crate::terminal::{counted, thousands};

/// Writes the report, with times in `zone`.
pub fn markdown(disclosure: &Disclosure, manifest: &Manifest, zone: &TimeZone) -> String {
    let sections = [
        head(disclosure, zone),
        first(disclosure),
        figures(disclosure),
        when(disclosure, zone),
        tokens(disclosure),
        keys(disclosure, zone),
        coverage(disclosure),
        fleet(disclosure, zone),
        missing(disclosure, zone),
        findings(disclosure, zone),
        rules(disclosure),
        thresholds(disclosure),
        evidence(manifest),
    ];
    let there = sections.into_iter().filter(|section| !section.is_empty());
    there.collect::<Vec<_>>().join("\n")
}

/// Escapes text so that no character of it means anything to Markdown or HTML.
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

/// A sentence with its command as code. Commands hold names of this program only, and no backtick.
fn sentence(sentence: &Sentence) -> String {
    let text = escape(&sentence.text);
    match &sentence.command {
        Some(command) => format!("{text} `{command}`"),
        None => text,
    }
}

/// A table, or the sentence `none` where there are no rows.
///
/// The columns from `numbers_from` on hold numbers and are aligned to the right. Cells are escaped already.
fn table<const WIDTH: usize>(
    header: [&str; WIDTH],
    numbers_from: usize,
    rows: impl Iterator<Item = [String; WIDTH]>,
    none: &str,
) -> String {
    let mut out = format!("| {} |\n", header.join(" | "));
    let align = |column: usize| {
        if column >= numbers_from {
            "---:"
        } else {
            "---"
        }
    };
    let rule: Vec<&str> = (0..WIDTH).map(align).collect();
    let _ = writeln!(out, "| {} |", rule.join(" | "));
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        return format!("{none}\n");
    }
    for row in rows {
        let _ = writeln!(out, "| {} |", row.join(" | "));
    }
    out
}

/// A list with one item a line.
fn list(items: impl Iterator<Item = String>) -> String {
    items.map(|item| format!("- {item}\n")).collect()
}

fn head(disclosure: &Disclosure, zone: &TimeZone) -> String {
    let mut out = format!("# {}\n\n", escape(&disclosure.title));
    let _ = writeln!(
        out,
        "Case {}, counted by {}. Times are in {}.",
        escape(&disclosure.case_id),
        disclosure.tool,
        zone.iana_name().unwrap_or("the case's zone")
    );
    if !disclosure.evidence_complete {
        out.push_str("\n**The evidence is incomplete.** Before you quote a figure, read [what is missing](#what-is-missing) and [what else to know](#what-else-to-know).\n");
    }
    out
}

/// What does not fit together; nothing if all does.
fn first(disclosure: &Disclosure) -> String {
    if disclosure.misfits.is_empty() {
        return String::new();
    }
    let sentences = disclosure.misfits.iter();
    let sentences = sentences.map(|misfit| sentence(&misfits::misfit(misfit)));
    format!("## {HEADING}\n\n{INTRODUCTION}\n\n{}", list(sentences))
}

fn figures(disclosure: &Disclosure) -> String {
    let rows = disclosure.figures.iter().map(|figure| {
        let [confirmed, probable, possible] =
            [figure.confirmed, figure.probable, figure.possible].map(thousands);
        let (id, unit) = (escape(&figure.id), figure.unit.to_string());
        [id, unit, confirmed, probable, possible]
    });
    let header = ["figure", "unit", "confirmed", "probable", "possible"];
    format!(
        "## Figures\n\n\
         *Confirmed* is what the evidence proves, *probable* adds what is likely, and *possible* adds all \
         that cannot be excluded. [How each figure is counted](#how-each-figure-is-counted) says how.\n\n{}",
        table(header, 2, rows, "Nothing was counted.")
    )
}

fn when(disclosure: &Disclosure, zone: &TimeZone) -> String {
    let rows = disclosure.phases.iter().map(|phase| {
        [
            phase.name.to_string(),
            local(phase.first, zone),
            local(phase.last, zone),
            thousands(phase.request_count),
            thousands(phase.run_count),
        ]
    });
    let header = ["phase", "first", "last", "requests", "runs"];
    let mut out = format!(
        "## When the attack took place\n\n{}",
        table(header, 3, rows, "No forged request was found.")
    );
    if !disclosure.awareness.is_empty() {
        let aware = disclosure.awareness.iter().map(|aware| {
            let time = local(aware.time.as_microsecond(), zone);
            format!("{time}, by {}", escape(&aware.source))
        });
        let _ = write!(out, "\nSomebody became aware of it:\n\n{}", list(aware));
    }
    out
}

fn tokens(disclosure: &Disclosure) -> String {
    let rows = disclosure.verdicts.iter().map(|row| {
        [
            row.verdict.to_string(),
            row.confidence.to_string(),
            escape(row.reason),
            thousands(row.token_count),
        ]
    });
    let header = ["verdict", "confidence", "reason", "tokens"];
    format!(
        "## Tokens\n\n{}\n\
         {} a token that no issuance record hands out, whether or not the logs are complete. Two ways of \
         counting agree on that number; one is an anti-join of the two logs.\n",
        table(header, 3, rows, "No token was found."),
        counted(
            disclosure.uses_without_record,
            "gateway line has",
            "gateway lines have"
        )
    )
}

fn keys(disclosure: &Disclosure, zone: &TimeZone) -> String {
    let time = |at: Option<i64>| at.map_or("-".to_string(), |at| local(at, zone));
    let rows = disclosure.keys.iter().map(|key| {
        let listed = if key.listed {
            ""
        } else {
            " (not in the inventory)"
        };
        [
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
    });
    let header = [
        "key",
        "created",
        "withdrawn",
        "custodian left",
        "days outlived",
        "last honest use",
        "first forged use",
        "last forged use",
        "honest tokens",
        "forged tokens",
        "indeterminate tokens",
    ];
    let none = "No key is in the inventory, and no token names one.";
    format!("## Signing keys\n\n{}", table(header, 8, rows, none))
}

fn coverage(disclosure: &Disclosure) -> String {
    let rows = disclosure.coverage.iter().map(|row| {
        [
            escape(&row.issuer),
            row.key_id.as_deref().map_or("-".into(), escape),
            escape(row.status),
            escape(row.basis),
            thousands(row.hour_count),
            thousands(row.record_count),
            thousands(row.witness_count),
            thousands(row.unrecorded_witness_count),
        ]
    });
    let header = [
        "issuer",
        "key",
        "status",
        "known by",
        "hours",
        "records",
        "tokens certainly issued",
        "of these without a record",
    ];
    format!(
        "## What the issuance logs can say\n\n\
         That a token has no record counts against it only in hours for which the log is complete.\n\n{}",
        table(header, 4, rows, "The evidence has no issuance log.")
    )
}

fn fleet(disclosure: &Disclosure, zone: &TimeZone) -> String {
    let rows = disclosure.fleet.iter().map(|address| {
        let or_dash = |text: &Option<String>| escape(text.as_deref().unwrap_or("-"));
        [
            address.source_ip.clone(),
            address.nature.to_string(),
            or_dash(&address.about.autonomous_system_organization),
            or_dash(&address.about.country),
            local(address.first_seen, zone),
            local(address.last_seen, zone),
            thousands(address.request_count),
            thousands(address.account_count),
        ]
    });
    let header = [
        "address", "nature", "network", "country", "first", "last", "requests", "accounts",
    ];
    format!(
        "## Where the requests came from\n\n\
         These addresses sent forged tokens. From a *shared* address a legitimate token came too.\n\n{}",
        table(header, 6, rows, "No address sent a forged token.")
    )
}

fn missing(disclosure: &Disclosure, zone: &TimeZone) -> String {
    let rows = disclosure.gaps.iter().map(|gap| {
        [
            local(gap.from, zone),
            local(gap.to, zone),
            sentence(&sentences::gap(gap)),
        ]
    });
    let header = ["from", "to", "what is missing, and what that touches"];
    let none = "No stretch of time is known to be missing from the evidence.";
    format!("## What is missing\n\n{}", table(header, 3, rows, none))
}

fn findings(disclosure: &Disclosure, zone: &TimeZone) -> String {
    let sentences = disclosure.findings.iter();
    let sentences = sentences.map(|finding| sentence(&sentences::finding(finding, zone)));
    format!("## What else to know\n\n{}", list(sentences))
}

fn rules(disclosure: &Disclosure) -> String {
    let rules = disclosure.figures.iter().map(|figure| {
        let [id, rule] = [&figure.id, &figure.rule].map(|text| escape(text));
        format!("{id} ({}): {rule}", figure.unit)
    });
    format!("## How each figure is counted\n\n{}", list(rules))
}

fn thresholds(disclosure: &Disclosure) -> String {
    let told = disclosure.policy.told().into_iter();
    let thresholds = told.map(|(name, value, tuned)| {
        let tuned = if tuned {
            ", set by the case file to another value than the usual one"
        } else {
            ""
        };
        format!("{} = {}{tuned}", escape(name), escape(&value))
    });
    format!("## Thresholds\n\n{}", list(thresholds))
}

fn evidence(manifest: &Manifest) -> String {
    let rows = manifest.evidence.iter().map(|file| {
        let lines = file.lines;
        [
            file.evidence_id.to_string(),
            escape(&file.source),
            escape(&file.place()),
            file.sha256.clone(),
            thousands(lines.lines),
            thousands(lines.rows),
            thousands(lines.rejects),
            thousands(lines.blanks),
            thousands(lines.others),
        ]
    });
    let header = [
        "id", "source", "file", "SHA-256", "lines", "rows", "rejects", "blanks", "others",
    ];
    let none = "There is no evidence.";
    format!("## Evidence\n\n{}", table(header, 4, rows, none))
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

    #[test]
    fn a_table_without_rows_is_a_sentence() {
        let row = ["x".to_string(), "1".to_string()];
        assert_eq!(
            table(["a", "b"], 1, [row].into_iter(), "None."),
            "| a | b |\n| --- | ---: |\n| x | 1 |\n"
        );
        assert_eq!(table(["a", "b"], 1, std::iter::empty(), "None."), "None.\n");
    }
}
