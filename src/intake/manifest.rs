//! The custody manifest: each evidence file with its hashes and counts, written as `manifest.json`.

use serde::Serialize;

/// The manifest of a run.
#[derive(Debug, Serialize)]
pub struct Manifest {
    /// Name and version of this file's shape.
    pub schema: &'static str,
    /// Program and version that wrote it.
    pub tool: String,
    /// The case's identifier.
    pub case_id: String,
    /// SHA-256 of the case file.
    pub case_sha256: String,
    /// Who collected the evidence, from the case file.
    pub collected_by: String,
    /// When, from the case file.
    pub collected_at: String,
    /// Sums over the files that count.
    pub totals: Lines,
    /// The evidence files, by `evidence_id`.
    pub evidence: Vec<EvidenceFile>,
    /// Ranges known to be deleted, from the case file.
    pub deleted: Vec<DeletedRange>,
}

/// How the lines of a file, or of all, were read: `lines = rows + rejects + blanks`.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Lines {
    /// Lines read.
    pub lines: u64,
    /// Lines that became a row.
    pub rows: u64,
    /// Lines kept as rejects.
    pub rejects: u64,
    /// Lines with nothing but white space.
    pub blanks: u64,
}

impl Lines {
    /// Whether every line read is accounted for.
    pub fn balance(&self) -> bool {
        self.lines == self.rows + self.rejects + self.blanks
    }
}

/// An evidence file.
#[derive(Debug, Serialize)]
pub struct EvidenceFile {
    /// Its number in the frames, from 1, by source and path.
    pub evidence_id: u32,
    /// The source's id.
    pub source: String,
    /// The source's kind.
    pub kind: &'static str,
    /// Path, relative to the case folder.
    pub path: String,
    /// Bytes as found.
    pub size: u64,
    /// SHA-256 as found.
    pub sha256: String,
    /// How it is compressed.
    pub compression: &'static str,
    /// Bytes after decompression.
    pub content_size: u64,
    /// SHA-256 after decompression.
    pub content_sha256: String,
    /// How its lines were read.
    #[serde(flatten)]
    pub lines: Lines,
    /// Time of its earliest row, UTC.
    pub first_event: Option<String>,
    /// Time of its latest row, UTC.
    pub last_event: Option<String>,
    /// Zone assumed for times that carry none.
    pub zone: Option<String>,
    /// Seconds added to each logged time.
    pub clock_correction_seconds: i64,
    /// What cut reading short.
    pub damage: Option<String>,
    /// The evidence file with the same bytes, which was counted instead of this one.
    pub duplicate_of: Option<u32>,
}

/// A range known to be deleted.
#[derive(Debug, Serialize)]
pub struct DeletedRange {
    /// The source's id.
    pub source: String,
    /// First moment missing.
    pub from: String,
    /// First moment present again.
    pub to: String,
    /// Who says so, or why.
    pub reason: String,
}
