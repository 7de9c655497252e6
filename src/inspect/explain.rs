//! Why a token has its verdict: the rules, the record or its absence, the lines that prove it.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use super::proof::{Proof, RawLines};
use super::rows::{FrameRow, place, rows};
use crate::error::{Error, Result};
use crate::frames;
use crate::moment::utc;
use crate::results;
use crate::tokens::coverage::HOUR;
use crate::tokens::{VerdictReason, rules};

/// A token's verdict and what it rests on.
#[derive(Debug, Serialize)]
pub struct Explained {
    /// The token's row of the frame `tokens`, by column.
    pub token: BTreeMap<&'static str, String>,
    /// What the reason means, in one sentence.
    pub because: String,
    /// Every rule and what it made of the token.
    pub rules: Vec<RuleSeen>,
    /// The token's issuance record.
    pub record: Option<Proof>,
    /// What the issuance log can say about the hour of the claimed issue time: a row of `coverage`.
    pub coverage: Option<BTreeMap<&'static str, String>>,
    /// If the status is `hole`, the hole of the log that is nearest to the claimed issue time.
    pub hole: Option<BTreeMap<&'static str, String>>,
    /// The first gateway lines that carried the token, in order of time.
    pub uses: Vec<Proof>,
    /// How many gateway lines carried the token, shown here or not.
    pub use_count: u64,
}

/// A rule and what it made of the token.
#[derive(Debug, Serialize)]
pub struct RuleSeen {
    /// The rule's name.
    pub rule: String,
    /// `fires`, `silent`, `no_evidence` or `off`.
    pub outcome: String,
    /// What the rule looks for.
    pub sees: &'static str,
    /// What innocent thing looks the same.
    pub innocent: &'static str,
}

/// Explains the token of the results in `out` whose fingerprint begins with `fingerprint`.
///
/// Shows at most `uses` of the lines that carried it. Raw lines come from the evidence below `case`, or
/// where the manifest says it was. It is an error if no token or more than one has such a fingerprint.
pub fn explain(
    out: &Path,
    case: Option<&Path>,
    fingerprint: &str,
    uses: usize,
) -> Result<Explained> {
    let manifest = results::manifest(out)?;
    let frames_dir = results::open(out)?.join("frames");
    if !frames_dir.join(frames::TOKENS.name).is_dir() {
        return Err(Error::user("these results have no tokens yet")
            .in_file(out)
            .hint("judge them first: breachscope scope CASE --out RESULTS"));
    }
    let token = find_token(out, &frames_dir, &fingerprint.to_ascii_lowercase())?;
    let id = token.get("token_id").cloned().unwrap_or_default();
    let mut lines = uses_of(&frames_dir, &token, &id)?;
    let use_count = lines.len() as u64;
    lines.truncate(uses);
    let record = record_of(&frames_dir, &token, &id)?;
    let mut evidence = RawLines::new(&manifest, case, &id)?;
    for row in record.iter().chain(&lines) {
        evidence.want(row);
    }
    evidence.read();
    Ok(Explained {
        because: because(&token),
        rules: outcomes(token.get("rules").map_or("", String::as_str)),
        record: record.map(|row| evidence.proof(&row)),
        coverage: hour_of(&frames_dir, &token)?,
        hole: hole_of(&frames_dir, &token)?,
        uses: lines.iter().map(|row| evidence.proof(row)).collect(),
        use_count,
        token,
    })
}

/// The one token whose fingerprint begins with `fingerprint`.
fn find_token(out: &Path, frames_dir: &Path, fingerprint: &str) -> Result<FrameRow> {
    let begins = |known: &str| !fingerprint.is_empty() && known.starts_with(fingerprint);
    let all = |_: &FrameRow| true;
    let mut found = rows(frames_dir, &frames::TOKENS, "fingerprint", begins, all)?;
    match (found.pop(), found.len()) {
        (Some(token), 0) => Ok(token),
        (None, _) => Err(Error::user(format!("no token has the fingerprint `{fingerprint}`"))
            .in_file(out)
            .hint("list some: breachscope query RESULTS \"SELECT fingerprint, verdict, reason FROM tokens LIMIT 10\"")),
        (Some(last), _) => {
            found.push(last);
            let several = found.len();
            let what = "tokens have a fingerprint that begins with";
            Err(Error::user(format!("{several} {what} `{fingerprint}`"))
                .hint(format!("give more of its digits: {}", fingerprints(&found))))
        }
    }
}

/// The fingerprints of the first few tokens, for a hint.
fn fingerprints(tokens: &[FrameRow]) -> String {
    const SHOWN: usize = 5;
    let all = tokens.iter().filter_map(|row| row.get("fingerprint"));
    let mut shown: Vec<&str> = all.take(SHOWN).map(String::as_str).collect();
    if tokens.len() > SHOWN {
        shown.push("...");
    }
    shown.join(", ")
}

/// The gateway lines that carried the token, in order of time.
///
/// Other tokens may have the same id, so a line must agree in all that the token says of itself.
fn uses_of(frames_dir: &Path, token: &FrameRow, id: &str) -> Result<Vec<FrameRow>> {
    const CLAIMS: [&str; 12] = [
        "token_issuer",
        "key_id",
        "token_subject",
        "token_issued_at",
        "token_expires_at",
        "token_scope",
        "token_audience",
        "token_algorithm",
        "token_customer_kind",
        "session_id",
        "token_signature",
        "token_problem",
    ];
    let same = |row: &FrameRow| {
        row.get("tier").map(String::as_str) == Some("gateway")
            && CLAIMS.iter().all(|name| row.get(name) == token.get(name))
    };
    let of_id = |known: &str| known == id;
    let mut lines = rows(frames_dir, &frames::REQUESTS, "token_id", of_id, same)?;
    lines.sort_by_key(|row| (row.get("event_time").cloned(), place(row)));
    Ok(lines)
}

/// The issuance record that the token's row names, if it names one.
fn record_of(frames_dir: &Path, token: &FrameRow, id: &str) -> Result<Option<FrameRow>> {
    let at =
        |row: &FrameRow, file: &str, line: &str| row.get(line).cloned().zip(row.get(file).cloned());
    let named = at(token, "record_evidence_id", "record_line_no");
    let is_named = |row: &FrameRow| at(row, "evidence_id", "line_no") == named;
    let of_id = |known: &str| known == id;
    let found = rows(frames_dir, &frames::ISSUANCES, "token_id", of_id, is_named)?;
    Ok(found.into_iter().next())
}

/// What the token's reason means, in one sentence.
fn because(token: &FrameRow) -> String {
    let name = token.get("reason").map_or("", String::as_str);
    match VerdictReason::from_name(name) {
        Some(reason) => reason.sentence().to_string(),
        None => "another version of breachscope gave this reason".to_string(),
    }
}

/// Takes the column `rules` apart: `rule=outcome`, with commas between.
fn outcomes(spelt: &str) -> Vec<RuleSeen> {
    let pairs = spelt.split(',').filter_map(|pair| pair.split_once('='));
    let known = |id: &str| rules::list::ALL.iter().find(|rule| rule.id == id);
    pairs
        .map(|(rule, outcome)| RuleSeen {
            rule: rule.to_string(),
            outcome: outcome.to_string(),
            sees: known(rule).map_or("", |rule| rule.sees),
            innocent: known(rule).map_or("", |rule| rule.innocent),
        })
        .collect()
}

/// A time of a row in microseconds since 1970 UTC.
fn moment(row: &FrameRow, name: &str) -> Option<i64> {
    let time: jiff::Timestamp = row.get(name)?.parse().ok()?;
    Some(time.as_microsecond())
}

/// The row of `coverage` for the issuer, the key and the hour of the claimed issue time.
fn hour_of(frames_dir: &Path, token: &FrameRow) -> Result<Option<FrameRow>> {
    let (Some(issuer), Some(at)) = (token.get("token_issuer"), moment(token, "token_issued_at"))
    else {
        return Ok(None);
    };
    let hour = utc(at.div_euclid(HOUR) * HOUR);
    let is_it = |row: &FrameRow| {
        // A log that names no keys has hours without one.
        let of_key = |key| Some(key) == token.get("key_id");
        row.get("hour") == Some(&hour) && row.get("key_id").is_none_or(of_key)
    };
    let of_issuer = |known: &str| known == issuer;
    let found = rows(frames_dir, &frames::COVERAGE, "issuer", of_issuer, is_it)?;
    Ok(found.into_iter().next())
}

/// The hole nearest to the claimed issue time, if the token's coverage is `hole`.
fn hole_of(frames_dir: &Path, token: &FrameRow) -> Result<Option<FrameRow>> {
    let in_a_hole = token.get("coverage").map(String::as_str) == Some("hole");
    let (Some(issuer), Some(at)) = (token.get("token_issuer"), moment(token, "token_issued_at"))
    else {
        return Ok(None);
    };
    if !in_a_hole {
        return Ok(None);
    }
    let of_issuer = |known: &str| known == issuer;
    let holes = rows(frames_dir, &frames::HOLES, "issuer", of_issuer, |_| true)?;
    let distance = |row: &FrameRow| {
        let before = moment(row, "from").map_or(0, |from| from - at);
        let after = moment(row, "to").map_or(0, |to| at - to);
        before.max(after).max(0)
    };
    Ok(holes.into_iter().min_by_key(distance))
}
