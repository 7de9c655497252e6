//! Lines of gateways that could not be read: each may be a request of the attacker.

use std::path::Path;

use polars::prelude::StaticArray;

use crate::case::SourceKind;
use crate::error::Result;
use crate::frames::{self, part_files, pieces, small, unsigned};
use crate::results::{EvidenceFile, Manifest};

/// Counts the rejects of gateways' logs, each once: not those of a copied log, nor those among lines that
/// repeat another log's.
pub fn rejected_requests(manifest: &Manifest, frames_dir: &Path) -> Result<u64> {
    let of_gateways = |file: &&EvidenceFile| {
        file.kind == SourceKind::Gateway.name() && file.duplicate_of.is_none()
    };
    let files: Vec<&EvidenceFile> = manifest.evidence.iter().filter(of_gateways).collect();
    let all: u64 = files.iter().map(|file| file.lines.rejects).sum();
    let repeats = files.into_iter().filter(|file| !file.overlaps.is_empty());
    let repeats: Vec<&EvidenceFile> = repeats.collect();
    if repeats.is_empty() {
        return Ok(all);
    }
    let is_repeated = |evidence_id: u32, line_no: u64| {
        let mut files = repeats.iter();
        let file = files.find(|file| file.evidence_id == evidence_id);
        file.is_some_and(|file| {
            let mut stretches = file.overlaps.iter();
            stretches.any(|repeated| {
                (repeated.first_line..repeated.first_line + repeated.lines).contains(&line_no)
            })
        })
    };
    let mut repeated = 0;
    for piece in pieces(&part_files(frames_dir, &frames::REJECTS)?)? {
        let batch = piece.read(&["evidence_id", "line_no"])?;
        let files = small(&batch, "evidence_id")?.downcast_as_array();
        let lines = unsigned(&batch, "line_no")?.downcast_as_array();
        let places = (0..batch.height()).filter_map(|row| files.get(row).zip(lines.get(row)));
        repeated += places
            .filter(|(file, line)| is_repeated(*file, *line))
            .count() as u64;
    }
    Ok(all - repeated)
}
