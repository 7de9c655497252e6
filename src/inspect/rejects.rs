//! The rejects of a run by reason, with examples that lead to file, line and byte offset.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Serialize;

use crate::error::{Error, Result, closest};
use crate::frames::{self, Piece, part_files, pieces, small, text, unsigned};
use crate::results;

/// The rejected lines of one reason.
#[derive(Debug, Clone, Serialize)]
pub struct Group {
    /// The reason.
    pub reason: String,
    /// How many lines were rejected for it.
    pub lines: u64,
    /// How many files these lines are in.
    pub files: u64,
    /// The first of these lines, by evidence file and line.
    pub examples: Vec<Example>,
}

/// A rejected line.
#[derive(Debug, Clone, Serialize)]
pub struct Example {
    /// The file.
    pub path: String,
    /// The number of the line, from 1.
    pub line_no: u64,
    /// The offset of its first byte in the unpacked file.
    pub byte_offset: u64,
    /// What exactly is wrong with it.
    pub detail: String,
    /// The line as found; U+FFFD stands for bytes that are no UTF-8.
    pub raw: String,
}

/// What was found of one reason so far.
#[derive(Default)]
struct Counted {
    lines: u64,
    files: BTreeSet<u32>,
    examples: Vec<Example>,
}

/// The rejects of the run whose results are in `out`, by reason, the most frequent first.
///
/// Keeps `examples` lines of each reason. With `only`, leaves all other reasons out; it is an error if no
/// line was rejected for it.
pub fn groups(out: &Path, only: Option<&str>, examples: usize) -> Result<Vec<Group>> {
    let frames_dir = results::open(out)?.join("frames");
    let paths = paths(&frames_dir)?;
    let mut found: BTreeMap<String, Counted> = BTreeMap::new();
    for piece in pieces(&part_files(&frames_dir, &frames::REJECTS)?)? {
        collect(&piece, &paths, examples, &mut found)?;
    }
    if let Some(only) = only.filter(|only| !found.contains_key(*only)) {
        return Err(no_such(only, &found));
    }
    let wanted = found
        .into_iter()
        .filter(|(reason, _)| only.is_none_or(|only| only == reason));
    let mut groups: Vec<Group> = wanted
        .map(|(reason, found)| Group {
            reason,
            lines: found.lines,
            files: found.files.len() as u64,
            examples: found.examples,
        })
        .collect();
    groups.sort_by(|a, b| b.lines.cmp(&a.lines).then_with(|| a.reason.cmp(&b.reason)));
    Ok(groups)
}

/// The path of each evidence file, by its number.
fn paths(frames_dir: &Path) -> Result<BTreeMap<u32, String>> {
    let mut paths = BTreeMap::new();
    for piece in pieces(&part_files(frames_dir, &frames::EVIDENCE)?)? {
        let batch = piece.read(&["evidence_id", "path"])?;
        let rows = small(&batch, "evidence_id")?
            .iter()
            .zip(text(&batch, "path")?.iter());
        paths.extend(rows.filter_map(|(id, path)| Some((id?, path?.to_string()))));
    }
    Ok(paths)
}

/// Adds the rejects of a piece to what was found.
fn collect(
    piece: &Piece,
    paths: &BTreeMap<u32, String>,
    examples: usize,
    found: &mut BTreeMap<String, Counted>,
) -> Result<()> {
    let names = [
        "evidence_id",
        "line_no",
        "byte_offset",
        "reason",
        "detail",
        "raw",
    ];
    let batch = piece.read(&names)?;
    let raw = batch
        .column("raw")
        .and_then(|column| column.binary().cloned());
    let raw = raw.map_err(|e| Error::frame("read a column", e))?;
    let places = small(&batch, names[0])?
        .iter()
        .zip(unsigned(&batch, names[1])?.iter())
        .zip(unsigned(&batch, names[2])?.iter());
    let why = text(&batch, names[3])?
        .iter()
        .zip(text(&batch, names[4])?.iter());
    for ((((id, line_no), byte_offset), (reason, detail)), raw) in places.zip(why).zip(raw.iter()) {
        let required = "the intake writes every required column";
        let (id, reason) = (id.expect(required), reason.expect(required));
        if !found.contains_key(reason) {
            found.insert(reason.to_string(), Counted::default());
        }
        let of_reason = found.get_mut(reason).expect("just put there");
        of_reason.lines += 1;
        of_reason.files.insert(id);
        if of_reason.examples.len() < examples {
            of_reason.examples.push(Example {
                path: paths.get(&id).cloned().unwrap_or_default(),
                line_no: line_no.expect(required),
                byte_offset: byte_offset.expect(required),
                detail: detail.expect(required).to_string(),
                raw: String::from_utf8_lossy(raw.expect(required)).into_owned(),
            });
        }
    }
    Ok(())
}

/// The error for a reason that no line was rejected for.
fn no_such(only: &str, found: &BTreeMap<String, Counted>) -> Error {
    let known: Vec<&str> = found.keys().map(String::as_str).collect();
    let error = Error::user(format!("no line was rejected for `{only}`"));
    match closest(only, known.iter().copied()) {
        Some(meant) => error.hint(format!("did you mean `{meant}`?")),
        None if known.is_empty() => error.hint("no line of this run was rejected at all"),
        None => error.hint(format!("lines were rejected for: {}", known.join(", "))),
    }
}
