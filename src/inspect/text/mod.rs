//! What was found when results were looked at again, and the verdict rules, for the terminal.
//!
//! Each text ends with what its reader may do next.

mod explained;

pub use explained::explained;

use std::fmt::Write as _;

use comfy_table::Cell;

use super::rejects::Group;
use super::verify::Verified;
use crate::escape::plain;
use crate::intake::Reason;
use crate::terminal::{number, push, table, wrapped};
use crate::tokens::rules;

/// Characters of a rejected line that are shown.
const MOST_SHOWN: usize = 200;

/// Appends next steps: what each is good for, and its command on a line of its own, to be copied whole.
fn next(steps: &[(&str, String)], out: &mut String) {
    out.push_str("\nnext\n");
    for (purpose, command) in steps {
        let _ = writeln!(out, "  {purpose}:\n    {}", plain(command));
    }
}

/// All rules, in order of precedence.
pub fn verdict_rules() -> String {
    let mut out = String::from(
        "A deciding rule that fires gives the token its verdict; of several, the first in this\n\
         order does. A supporting rule that fires is named beside the verdict. To switch rules\n\
         off, list them in `policy.switched_off` of the case file.\n\n",
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
    out.pop();
    let counts = "breachscope query RESULTS \"SELECT reason, COUNT(*) AS tokens FROM tokens GROUP BY reason\"";
    let steps = [
        (
            "count the tokens that each rule decided",
            counts.to_string(),
        ),
        (
            "see what the rules made of one token",
            "breachscope explain RESULTS --token FINGERPRINT".to_string(),
        ),
    ];
    next(&steps, &mut out);
    out
}

/// Rejects by reason, with examples.
pub fn rejects(groups: &[Group]) -> String {
    let Some(largest) = groups.first() else {
        return "no line was rejected\n".to_string();
    };
    let mut out = String::new();
    let mut rows = table(&["reason", "lines", "files"], 1);
    for group in groups {
        rows.add_row([
            Cell::new(&group.reason),
            number(group.lines),
            number(group.files),
        ]);
    }
    push(&rows, &mut out);
    for group in groups {
        if let Some(reason) = Reason::of_name(&group.reason) {
            let sentence = format!("{}: {}", group.reason, reason.sentence());
            wrapped(&sentence, "", &mut out);
        }
        for example in &group.examples {
            let place = format!(
                "{}, {}:{} at byte {}",
                group.reason, example.path, example.line_no, example.byte_offset
            );
            wrapped(&place, "", &mut out);
            wrapped(&example.detail, "  ", &mut out);
            let shown: String = example.raw.chars().take(MOST_SHOWN).collect();
            let more = if shown.len() < example.raw.len() {
                " ..."
            } else {
                ""
            };
            wrapped(&format!("| {shown}{more}"), "  ", &mut out);
        }
    }
    let reason = &largest.reason;
    let steps = [
        (
            "see more of one reason",
            format!("breachscope rejects RESULTS --reason {reason} --examples 20"),
        ),
        (
            "list them with their places",
            "breachscope query RESULTS \"SELECT evidence_id, line_no, reason, detail FROM rejects\""
                .to_string(),
        ),
        (
            "see which format a log has, where most of its lines are rejected",
            "breachscope detect EVIDENCE".to_string(),
        ),
    ];
    next(&steps, &mut out);
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
    if verified.changes.is_empty() {
        return out;
    }
    let steps = [
        (
            "if the case folder was moved, name the new one",
            "breachscope verify RESULTS --case DIR".to_string(),
        ),
        (
            "to count the evidence as it is now, run again into a new folder",
            "breachscope scope CASE --out NEW_RESULTS".to_string(),
        ),
    ];
    next(&steps, &mut out);
    out
}
