//! The rejects of a run by reason, each with examples that lead to file, line and offset.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Serialize;

use crate::error::{Error, Result, closest};
use crate::frames::{self, part_files, pieces, small, text, unsigned};
use crate::results;

/// Rejects of one reason.
#[derive(Debug, Clone, Serialize)]
pub struct Group {
    /// The reason.
    pub reason: String,
    /// Rejected lines.
    pub lines: u64,
    /// Files they are in.
    pub files: u64,
    /// The first of them, by evidence and line.
    pub examples: Vec<Example>,
}

/// A reject.
#[derive(Debug, Clone, Serialize)]
pub struct Example {
    /// The file.
    pub path: String,
    /// The line, from 1.
    pub line_no: u64,
    /// Where it begins in the unpacked file.
    pub byte_offset: u64,
    /// What exactly is wrong.
    pub detail: String,
    /// The line as found; bytes that are no text are shown as such.
    pub raw: String,
}

/// The rejects of the run whose results are in `out`, most frequent first, with so many examples each.
pub fn groups(out: &Path, only: Option<&str>, examples: usize) -> Result<Vec<Group>> {
    let frames_dir = results::open(out)?.join("frames");
    let mut paths: BTreeMap<u32, String> = BTreeMap::new();
    for piece in pieces(&part_files(&frames_dir, &frames::EVIDENCE)?)? {
        let batch = piece.read(&["evidence_id", "path"])?;
        let rows = small(&batch, "evidence_id")?
            .iter()
            .zip(text(&batch, "path")?.iter());
        paths.extend(rows.filter_map(|(id, path)| Some((id?, path?.to_string()))));
    }
    let mut found: BTreeMap<String, (u64, BTreeSet<u32>, Vec<Example>)> = BTreeMap::new();
    let names = [
        "evidence_id",
        "line_no",
        "byte_offset",
        "reason",
        "detail",
        "raw",
    ];
    for piece in pieces(&part_files(&frames_dir, &frames::REJECTS)?)? {
        let batch = piece.read(&names)?;
        let raw = batch
            .column("raw")
            .and_then(|column| column.binary().cloned());
        let raw = raw.map_err(|e| Error::frame("read a column", &e))?;
        let places = small(&batch, names[0])?
            .iter()
            .zip(unsigned(&batch, names[1])?.iter())
            .zip(unsigned(&batch, names[2])?.iter());
        let why = text(&batch, names[3])?
            .iter()
            .zip(text(&batch, names[4])?.iter());
        for ((((id, line_no), byte_offset), (reason, detail)), raw) in
            places.zip(why).zip(raw.iter())
        {
            let required = "the intake writes every required column";
            let (id, reason) = (id.expect(required), reason.expect(required));
            if !found.contains_key(reason) {
                found.insert(reason.to_string(), Default::default());
            }
            let (lines, files, kept) = found.get_mut(reason).expect("just put there");
            *lines += 1;
            files.insert(id);
            if kept.len() < examples {
                kept.push(Example {
                    path: paths.get(&id).cloned().unwrap_or_default(),
                    line_no: line_no.expect(required),
                    byte_offset: byte_offset.expect(required),
                    detail: detail.expect(required).to_string(),
                    raw: String::from_utf8_lossy(raw.expect(required)).into_owned(),
                });
            }
        }
    }
    if let Some(only) = only.filter(|only| !found.contains_key(*only)) {
        let known: Vec<&str> = found.keys().map(String::as_str).collect();
        let error = Error::user(format!("no line was rejected for `{only}`"));
        return Err(match closest(only, known.iter().copied()) {
            Some(meant) => error.hint(format!("did you mean `{meant}`?")),
            None => error.hint(format!("reasons here: {}", known.join(", "))),
        });
    }
    let mut groups: Vec<Group> = found
        .into_iter()
        .filter(|(reason, _)| only.is_none_or(|only| only == reason))
        .map(|(reason, (lines, files, examples))| Group {
            reason,
            lines,
            files: files.len() as u64,
            examples,
        })
        .collect();
    groups.sort_by(|a, b| b.lines.cmp(&a.lines).then_with(|| a.reason.cmp(&b.reason)));
    Ok(groups)
}
