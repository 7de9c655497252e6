//! The explanation of one token, part by part: verdict, claims, rules, issuance, uses, next steps.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use comfy_table::{Cell, ContentArrangement};

use super::next;
use crate::inspect::explain::{Explained, RuleSeen};
use crate::inspect::proof::Proof;
use crate::lines::Verdict;
use crate::terminal::{push, table, wrapped};

/// Columns of `tokens` that are shown if the token has a value, each with its label.
const CLAIMS: [(&str, &str); 17] = [
    ("id", "token_id"),
    ("issuer", "token_issuer"),
    ("key", "key_id"),
    ("subject", "token_subject"),
    ("issued", "token_issued_at"),
    ("expires", "token_expires_at"),
    ("scope", "token_scope"),
    ("audience", "token_audience"),
    ("algorithm", "token_algorithm"),
    ("customer", "token_customer_kind"),
    ("not for", "outside_key_scope"),
    ("session", "session_id"),
    ("signature", "token_signature"),
    ("problem", "token_problem"),
    ("login", "login"),
    ("first use", "first_seen"),
    ("last use", "last_seen"),
];

/// The explanation of one token.
pub fn explained(explained: &Explained) -> String {
    let mut out = String::new();
    verdict(explained, &mut out);
    rules(&explained.rules, &mut out);
    issuance(explained, &mut out);
    uses(explained, &mut out);
    next(&steps(explained), &mut out);
    out
}

/// The value of a column, or a dash for none.
fn value<'a>(row: &'a BTreeMap<&'static str, String>, name: &str) -> &'a str {
    row.get(name).map_or("-", String::as_str)
}

/// The verdict, its reason, and what the token says of itself.
fn verdict(explained: &Explained, out: &mut String) {
    let of = |name: &str| value(&explained.token, name);
    let _ = writeln!(out, "token {}\n", of("fingerprint"));
    let confidence = match of("confidence") {
        "none" => String::new(),
        confidence => format!(" ({confidence} confidence)"),
    };
    let _ = writeln!(out, "{}{confidence}: {}", of("verdict"), of("reason"));
    wrapped(&explained.because, "  ", out);
    out.push('\n');
    for (label, name) in CLAIMS {
        if let Some(value) = explained.token.get(name) {
            wrapped(&format!("{label:10} {value}"), "  ", out);
        }
    }
}

/// Each rule and what it made of the token.
fn rules(rules: &[RuleSeen], out: &mut String) {
    out.push_str("\nrules\n");
    let mut seen = table(&["", "rule", "looks for"], 3);
    for rule in rules {
        let mark = match rule.outcome.as_str() {
            "fires" => "FIRES",
            "silent" => "silent",
            "off" => "off",
            _ => "no evidence",
        };
        seen.add_row([Cell::new(mark), Cell::new(&rule.rule), Cell::new(rule.sees)]);
    }
    seen.set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(78);
    push(&seen, out);
}

/// The token's issuance record, or what the issuance log can say where there is none.
fn issuance(explained: &Explained, out: &mut String) {
    out.push_str("issuance\n");
    match &explained.record {
        Some(record) => proof(record, out),
        None => {
            let text = format!(
                "no record; the log's status at the claimed issue time: {}, by {}",
                value(&explained.token, "coverage"),
                value(&explained.token, "coverage_basis")
            );
            wrapped(&text, "  ", out);
        }
    }
    if let Some(hour) = &explained.coverage {
        let text = format!(
            "hour from {}: {} by {}; records: {}; tokens issued for certain: {}, of these without a record: {}",
            value(hour, "hour"),
            value(hour, "status"),
            value(hour, "basis"),
            value(hour, "record_count"),
            value(hour, "witness_count"),
            value(hour, "unrecorded_witness_count")
        );
        wrapped(&text, "  ", out);
    }
    if let Some(hole) = &explained.hole {
        let missing = hole.get("missing_count").map_or("unknown", String::as_str);
        let text = format!(
            "hole from {} to {}: records missing: {missing}; known by {}",
            value(hole, "from"),
            value(hole, "to"),
            value(hole, "basis")
        );
        wrapped(&text, "  ", out);
    }
}

/// The gateway lines that carried the token.
fn uses(explained: &Explained, out: &mut String) {
    let shown = explained.uses.len() as u64;
    let lines = match explained.use_count {
        1 => "1 gateway line".to_string(),
        several => format!("{several} gateway lines"),
    };
    let more = match shown < explained.use_count {
        true => format!(", of which the first {shown} are shown"),
        false => String::new(),
    };
    let _ = writeln!(out, "\nused in {lines}{more}");
    for line in &explained.uses {
        proof(line, out);
    }
}

/// A line of the evidence: where it stands, and as it was found.
fn proof(proof: &Proof, out: &mut String) {
    let place = format!("{}:{}  {}", proof.path, proof.line_no, proof.event_time);
    wrapped(&place, "  ", out);
    wrapped(&format!("sha256 {}", proof.sha256), "    ", out);
    let text = match &proof.raw {
        Some(raw) => format!("| {raw}"),
        None => "the evidence is not where it was, or changed; name the case folder with --case, or see \
                 `breachscope verify`"
            .to_string(),
    };
    wrapped(&text, "    ", out);
}

/// What the reader may ask next.
fn steps(explained: &Explained) -> Vec<(&'static str, String)> {
    let fingerprint = value(&explained.token, "fingerprint");
    let digits = fingerprint.get(..12).unwrap_or(fingerprint);
    let mut steps = Vec::new();
    if (explained.uses.len() as u64) < explained.use_count {
        let count = explained.use_count;
        let all = format!("breachscope explain RESULTS --token {digits} --uses {count}");
        steps.push(("see all its uses", all));
    }
    if explained.hole.is_some() {
        let holes = "breachscope query RESULTS \"SELECT * FROM holes\"".to_string();
        steps.push(("see where the issuance log lacks records", holes));
    }
    if value(&explained.token, "verdict") == Verdict::Forged.name() {
        let shown = "breachscope query RESULTS \"SELECT * FROM exposures LIMIT 20\"".to_string();
        steps.push(("see what requests with such tokens showed", shown));
    }
    let rules = "breachscope rules".to_string();
    steps.push((
        "read what each rule means, and what innocently looks the same",
        rules,
    ));
    let verify = "breachscope verify RESULTS".to_string();
    steps.push(("check that the evidence is unchanged", verify));
    steps
}
