//! What was found when results were looked at again, and the verdict rules, for the terminal.

use std::fmt::Write as _;

use comfy_table::Cell;

use super::explain::{Explained, Line};
use super::rejects::Group;
use super::verify::Verified;
use crate::escape::plain;
use crate::terminal::{number, push, table, wrapped};
use crate::tokens::rules;

/// The explanation of one token.
pub fn explained(explained: &Explained) -> String {
    let mut out = String::new();
    let of = |name: &str| explained.token.get(name).map_or("-", String::as_str);
    let _ = writeln!(out, "token {}\n", of("fingerprint"));
    let confidence = match of("confidence") {
        "none" => String::new(),
        confidence => format!(" ({confidence} confidence)"),
    };
    let _ = writeln!(out, "{}{confidence}: {}", of("verdict"), of("reason"));
    wrapped(&explained.because, "  ", &mut out);
    out.push('\n');
    for (label, name) in [
        ("id", "token_id"),
        ("issuer", "token_issuer"),
        ("key", "key_id"),
        ("subject", "token_subject"),
        ("issued", "token_issued_at"),
        ("expires", "token_expires_at"),
        ("scope", "token_scope"),
        ("session", "session_id"),
        ("signature", "token_signature"),
        ("problem", "token_problem"),
        ("login", "login"),
        ("first use", "first_seen"),
        ("last use", "last_seen"),
    ] {
        if let Some(value) = explained.token.get(name) {
            wrapped(&format!("{label:10} {value}"), "  ", &mut out);
        }
    }
    out.push_str("\nrules\n");
    let mut seen = table(&["", "rule", "looks for"], 3);
    for rule in &explained.rules {
        let mark = match rule.outcome.as_str() {
            "fires" => "FIRES",
            "silent" => "silent",
            "off" => "off",
            _ => "no evidence",
        };
        seen.add_row([Cell::new(mark), Cell::new(&rule.rule), Cell::new(rule.sees)]);
    }
    seen.set_content_arrangement(comfy_table::ContentArrangement::Dynamic)
        .set_width(78);
    push(&seen, &mut out);
    out.push_str("issuance\n");
    match &explained.record {
        Some(record) => line(record, &mut out),
        None => {
            let text = format!(
                "no record; the log's status at the claimed issue time: {}, by {}",
                of("coverage"),
                of("coverage_basis")
            );
            wrapped(&text, "  ", &mut out);
        }
    }
    if let Some(hour) = &explained.coverage {
        let of = |name: &str| hour.get(name).map_or("-", String::as_str);
        let text = format!(
            "hour from {}: {} by {}; records of the key: {}; tokens issued for certain: {}, of these without a record: {}",
            of("hour"),
            of("status"),
            of("basis"),
            of("record_count"),
            of("witness_count"),
            of("unrecorded_witness_count")
        );
        wrapped(&text, "  ", &mut out);
    }
    if let Some(hole) = &explained.hole {
        let of = |name: &str| hole.get(name).map_or("unknown", String::as_str);
        let text = format!(
            "hole from {} to {}: records missing: {}; known by {}",
            of("from"),
            of("to"),
            of("missing_count"),
            of("basis")
        );
        wrapped(&text, "  ", &mut out);
    }
    let shown = explained.uses.len() as u64;
    let more = if shown < explained.use_count {
        format!(", the first {shown} of them here")
    } else {
        String::new()
    };
    let _ = writeln!(out, "\nused in {} gateway lines{more}", explained.use_count);
    for one in &explained.uses {
        line(one, &mut out);
    }
    out
}

fn line(line: &Line, out: &mut String) {
    wrapped(
        &format!("{}:{}  {}", line.path, line.line_no, line.event_time),
        "  ",
        out,
    );
    wrapped(&format!("sha256 {}", line.sha256), "    ", out);
    match &line.raw {
        Some(raw) => wrapped(&format!("| {raw}"), "    ", out),
        None => wrapped(
            "the evidence is not where it was, or changed; name the case folder with --case, or see `breachscope verify`",
            "    ",
            out,
        ),
    }
}

/// All rules, in order of precedence.
pub fn verdict_rules() -> String {
    let mut out = String::from(
        "A deciding rule that fires gives the token its verdict, the first in this order; a\n\
         supporting rule is named beside the verdict. `policy.switched_off` in the case file\n\
         switches rules off.\n\n",
    );
    for rule in &rules::list::ALL {
        let decides = match rule.decides {
            Some(verdict) => format!("decides: {}", verdict.name()),
            None => "supports".to_string(),
        };
        let _ = writeln!(out, "{} ({decides})", rule.id);
        for (label, text) in [
            ("sees", rule.sees),
            ("innocent", rule.innocent),
            ("source", rule.source),
        ] {
            wrapped(&format!("{label:9} {text}"), "  ", &mut out);
        }
        out.push('\n');
    }
    out
}

/// Rejects by reason, with examples.
pub fn rejects(groups: &[Group]) -> String {
    let mut out = String::new();
    let mut rows = table(&["reason", "lines", "files"], 1);
    for group in groups {
        rows.add_row([
            Cell::new(&group.reason),
            number(group.lines),
            number(group.files),
        ]);
    }
    if groups.is_empty() {
        return "no line was rejected\n".to_string();
    }
    push(&rows, &mut out);
    for group in groups {
        for example in &group.examples {
            let place = format!(
                "{}, {}:{} at byte {}",
                group.reason, example.path, example.line_no, example.byte_offset
            );
            wrapped(&place, "", &mut out);
            wrapped(&example.detail, "  ", &mut out);
            let shown: String = example.raw.chars().take(200).collect();
            let more = if shown.len() < example.raw.len() {
                " ..."
            } else {
                ""
            };
            wrapped(&format!("| {shown}{more}"), "  ", &mut out);
        }
    }
    out
}

/// What changed since the run, a line each, and how much was looked at.
pub fn verified(verified: &Verified) -> String {
    let mut out = String::new();
    for change in &verified.changes {
        let line = format!("{} {}: {}", change.what, change.path, change.how);
        let _ = writeln!(out, "{}", plain(&line));
    }
    let _ = writeln!(
        out,
        "{} evidence files and {} frame parts hashed; {} changed",
        verified.evidence,
        verified.frames,
        verified.changes.len()
    );
    out
}
