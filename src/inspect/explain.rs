//! Why a token has its verdict: the rules, the record or its absence, the lines that prove it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use polars::prelude::AnyValue;
use serde::Serialize;

use crate::digest::masked;
use crate::error::{Error, Result};
use crate::frames::{self, Frame, part_files, pieces, text};
use crate::intake::evidence::raw;
use crate::moment::utc;
use crate::results;
use crate::results::{EvidenceFile, Manifest};
use crate::tokens::coverage::HOUR;
use crate::tokens::{Reason, rules};

/// A token's verdict and what it rests on.
#[derive(Debug, Serialize)]
pub struct Explained {
    /// The token's row of the frame `tokens`, by column.
    pub token: BTreeMap<&'static str, String>,
    /// What the reason says, in a sentence.
    pub because: String,
    /// Every rule and what it made of the token.
    pub rules: Vec<RuleSeen>,
    /// The token's issuance record.
    pub record: Option<Line>,
    /// What the issuance log can say about the hour of the claimed issue time: a row of `coverage`.
    pub coverage: Option<BTreeMap<&'static str, String>>,
    /// The hole of the log that the claimed issue time lies in or beside, if the status is `hole`.
    pub hole: Option<BTreeMap<&'static str, String>>,
    /// Gateway lines that carried the token, in order of time.
    pub uses: Vec<Line>,
    /// How many there are, those not shown included.
    pub use_count: u64,
}

/// A rule and what it made of the token.
#[derive(Debug, Serialize)]
pub struct RuleSeen {
    /// The rule.
    pub rule: String,
    /// `fires`, `silent`, `no_evidence` or `off`.
    pub outcome: String,
    /// What it looks for.
    pub sees: &'static str,
    /// What innocent thing looks the same.
    pub innocent: &'static str,
}

/// A line of the evidence.
#[derive(Debug, Serialize)]
pub struct Line {
    /// The file.
    pub path: String,
    /// SHA-256 of the file as found.
    pub sha256: String,
    /// The line, from 1.
    pub line_no: u64,
    /// When.
    pub event_time: String,
    /// The line as found, signed tokens and this one masked; nothing if the evidence is not at hand.
    pub raw: Option<String>,
}

/// Tokens that are named where a fingerprint is not enough.
const SHOWN: usize = 5;

fn digits(tokens: &[Row]) -> String {
    let fingerprints = tokens.iter().filter_map(|row| row.get("fingerprint"));
    let mut shown: Vec<&str> = fingerprints.take(SHOWN).map(String::as_str).collect();
    if tokens.len() > SHOWN {
        shown.push("...");
    }
    shown.join(", ")
}

type Row = BTreeMap<&'static str, String>;

/// Explains the token of the results in `out` whose fingerprint begins with `fingerprint`, showing so
/// many uses. Raw lines come from the evidence below `case`, or where it was.
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
    let fingerprint = &*fingerprint.to_ascii_lowercase();
    let begins = |known: &str| !fingerprint.is_empty() && known.starts_with(fingerprint);
    let found = rows(&frames_dir, &frames::TOKENS, "fingerprint", begins, |_| {
        true
    })?;
    let token = match found.len() {
        1 => found.into_iter().next().unwrap_or_default(),
        0 => {
            return Err(Error::user(format!("no token has the fingerprint `{fingerprint}`"))
                .in_file(out)
                .hint("list some: breachscope query RESULTS \"SELECT fingerprint, verdict, reason FROM tokens LIMIT 10\""));
        }
        several => {
            return Err(Error::user(format!(
                "{several} tokens have a fingerprint that begins with `{fingerprint}`"
            ))
            .hint(format!("give more of its digits: {}", digits(&found))));
        }
    };
    let of = |name: &str| token.get(name).cloned();
    let id = of("token_id").unwrap_or_default();
    let same = |row: &Row| {
        let columns = [
            "token_issuer",
            "key_id",
            "token_subject",
            "token_issued_at",
            "token_expires_at",
            "token_scope",
            "session_id",
            "token_signature",
            "token_problem",
        ];
        row.get("tier").map(String::as_str) == Some("gateway")
            && columns.iter().all(|name| row.get(name) == token.get(name))
    };
    let mut lines = rows(
        &frames_dir,
        &frames::REQUESTS,
        "token_id",
        |known| known == id,
        same,
    )?;
    lines.sort_by_key(|row| (row.get("event_time").cloned(), place(row)));
    let use_count = lines.len() as u64;
    lines.truncate(uses);
    let record = of("record_line_no").zip(of("record_evidence_id"));
    let records = rows(
        &frames_dir,
        &frames::ISSUANCES,
        "token_id",
        |known| known == id,
        |row| {
            row.get("line_no")
                .cloned()
                .zip(row.get("evidence_id").cloned())
                == record
        },
    )?;
    let mut evidence = Evidence::new(&manifest, case, &id)?;
    for row in records.iter().chain(&lines) {
        evidence.want(row);
    }
    evidence.read();
    let (coverage, hole) = coverage(&frames_dir, &token)?;
    Ok(Explained {
        because: because(&token),
        rules: outcomes(&of("rules").unwrap_or_default()),
        record: records.first().map(|row| evidence.line(row)),
        coverage,
        hole,
        uses: lines.iter().map(|row| evidence.line(row)).collect(),
        use_count,
        token,
    })
}

fn place(row: &Row) -> (u64, u64) {
    let number = |name| {
        row.get(name)
            .and_then(|text: &String| text.parse().ok())
            .unwrap_or(0)
    };
    (number("evidence_id"), number("line_no"))
}

/// The rows of a frame of which one column's text is wanted, and that `keep` wants.
fn rows(
    frames_dir: &Path,
    frame: &Frame,
    by: &str,
    wanted: impl Fn(&str) -> bool,
    keep: impl Fn(&Row) -> bool,
) -> Result<Vec<Row>> {
    let names: Vec<&'static str> = frame.columns.iter().map(|column| column.name).collect();
    let mut found = Vec::new();
    for piece in pieces(&part_files(frames_dir, frame)?)? {
        // Looked for in one column first: a frame may have millions of rows.
        let batch = piece.read(&[by])?;
        let column = text(&batch, by)?.iter().enumerate();
        let hits: Vec<usize> = column
            .filter_map(|(index, value)| value.is_some_and(&wanted).then_some(index))
            .collect();
        if hits.is_empty() {
            continue;
        }
        let whole = piece.read(&names)?;
        for hit in hits {
            let mut row = Row::new();
            for name in &names {
                let value = whole.column(name).and_then(|column| column.get(hit));
                let value = value.map_err(|e| Error::frame("read a column", &e))?;
                if let Some(shown) = shown(&value) {
                    row.insert(*name, shown);
                }
            }
            if keep(&row) {
                found.push(row);
            }
        }
    }
    Ok(found)
}

fn shown(value: &AnyValue<'_>) -> Option<String> {
    match value {
        AnyValue::Null => None,
        AnyValue::Datetime(micros, ..) => Some(utc(*micros)),
        AnyValue::DatetimeOwned(micros, ..) => Some(utc(*micros)),
        AnyValue::String(text) => Some((*text).to_string()),
        AnyValue::StringOwned(text) => Some(text.to_string()),
        other => Some(other.to_string()),
    }
}

/// What the token's reason says, in one sentence.
fn because(token: &Row) -> String {
    let name = token.get("reason").map_or("", String::as_str);
    match Reason::from_name(name) {
        Some(reason) => reason.sentence().to_string(),
        None => "another version of breachscope gave this reason".to_string(),
    }
}

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

/// The hour of the claimed issue time in `coverage`, and the hole it lies in.
fn coverage(frames_dir: &Path, token: &Row) -> Result<(Option<Row>, Option<Row>)> {
    let (Some(issuer), Some(at)) = (token.get("token_issuer"), token.get("token_issued_at")) else {
        return Ok((None, None));
    };
    let Ok(time) = at.parse::<jiff::Timestamp>() else {
        return Ok((None, None));
    };
    let hour = utc(time.as_microsecond().div_euclid(HOUR) * HOUR);
    let hours = rows(
        frames_dir,
        &frames::COVERAGE,
        "issuer",
        |known| known == issuer,
        |row| {
            row.get("hour") == Some(&hour)
                && row
                    .get("key_id")
                    .is_none_or(|key| Some(key) == token.get("key_id"))
        },
    )?;
    let moment = |row: &Row, name: &str| {
        row.get(name)
            .and_then(|at| at.parse::<jiff::Timestamp>().ok())
    };
    let mut hole = None;
    if token.get("coverage").map(String::as_str) == Some("hole") {
        let mut holes = rows(
            frames_dir,
            &frames::HOLES,
            "issuer",
            |known| known == issuer,
            |_| true,
        )?;
        let distance = |row: &Row| {
            let (from, to) = (moment(row, "from"), moment(row, "to"));
            let before = from.map_or(0, |from| from.as_microsecond() - time.as_microsecond());
            let after = to.map_or(0, |to| time.as_microsecond() - to.as_microsecond());
            before.max(after).max(0)
        };
        holes.sort_by_key(distance);
        hole = holes.into_iter().next();
    }
    Ok((hours.into_iter().next(), hole))
}

/// The evidence that lines are read from again.
struct Evidence<'a> {
    files: BTreeMap<u64, &'a EvidenceFile>,
    case: std::path::PathBuf,
    spool: tempfile::TempDir,
    wanted: BTreeMap<u64, BTreeSet<u64>>,
    raw: BTreeMap<(u64, u64), String>,
    token_id: &'a str,
}

impl<'a> Evidence<'a> {
    fn new(manifest: &'a Manifest, case: Option<&Path>, token_id: &'a str) -> Result<Self> {
        let files = manifest.evidence.iter();
        let spool = tempfile::tempdir()
            .map_err(|e| Error::user(format!("there is no room to set evidence aside: {e}")))?;
        Ok(Evidence {
            files: files
                .map(|file| (u64::from(file.evidence_id), file))
                .collect(),
            case: case.map_or_else(
                || Path::new(&manifest.case).to_path_buf(),
                Path::to_path_buf,
            ),
            spool,
            wanted: BTreeMap::new(),
            raw: BTreeMap::new(),
            token_id,
        })
    }

    fn want(&mut self, row: &Row) {
        let (id, line) = place(row);
        self.wanted.entry(id).or_default().insert(line);
    }

    /// Reads what is wanted; a file that is not at hand gives no lines.
    fn read(&mut self) {
        for (id, wanted) in &self.wanted {
            let Some(file) = self.files.get(id) else {
                continue;
            };
            let Ok(lines) = raw::lines(&self.case, file, wanted, self.spool.path()) else {
                continue;
            };
            for (number, line) in lines {
                let line = line
                    .utf8_chunks()
                    .map(|chunk| format!("{}{}", chunk.valid(), chunk.invalid().escape_ascii()));
                let line = masked(&line.collect::<String>(), self.token_id);
                self.raw.insert((*id, number), line);
            }
        }
    }

    fn line(&self, row: &Row) -> Line {
        let (id, line_no) = place(row);
        let file = self.files.get(&id);
        Line {
            path: file.map_or_else(String::new, |file| file.place()),
            sha256: file.map_or_else(String::new, |file| file.sha256.clone()),
            line_no,
            event_time: row.get("event_time").cloned().unwrap_or_default(),
            raw: self.raw.get(&(id, line_no)).cloned(),
        }
    }
}
