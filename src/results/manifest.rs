//! The custody manifest: each log with its hashes and counts, written as `manifest.json`.

use serde::{Deserialize, Serialize};

/// Program and version, as outputs name them.
pub const TOOL: &str = concat!("breachscope ", env!("CARGO_PKG_VERSION"));

/// Name and version of the manifest's shape.
pub const SCHEMA: &str = "breachscope.manifest/2";

/// The manifest of a run. Times are UTC, RFC 3339.
#[derive(Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// Name and version of this file's shape.
    pub schema: String,
    /// Program and version that wrote it.
    pub tool: String,
    /// The command, without what changes no result.
    pub command: String,
    /// The case folder, as it was named.
    pub case: String,
    /// The case's identifier.
    pub case_id: String,
    /// SHA-256 of each file that says how to read and count: the case file and its registries.
    pub configuration: Vec<Hashed>,
    /// Who collected the evidence, from the case file.
    pub collected_by: String,
    /// When, from the case file.
    pub collected_at: String,
    /// Sums over the logs that count.
    pub totals: LineCounts,
    /// The logs, by `evidence_id`.
    pub evidence: Vec<EvidenceFile>,
    /// Members of archives that no source of the case takes: not read.
    pub unclaimed: Vec<String>,
    /// Ranges known to be deleted, from the case file.
    pub deleted: Vec<DeletedRange>,
    /// Sources that fell silent against their own rhythm.
    pub silences: Vec<Silence>,
    /// Columns for which the case file names a field that no line has.
    #[serde(default)]
    pub unfilled: Vec<Unfilled>,
    /// The parts of all frames.
    pub frames: Vec<FrameFile>,
    /// The reports.
    pub outputs: Vec<Hashed>,
}

impl Manifest {
    /// Whether all evidence was read whole and nothing is known to be missing.
    pub fn complete(&self) -> bool {
        self.totals.rejects == 0
            && self.evidence.iter().all(|file| file.damage.is_none())
            && self.unclaimed.is_empty()
            && self.deleted.is_empty()
            && self.silences.is_empty()
    }
}

/// A column for which the case file names a field that no line of the source has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unfilled {
    /// The source.
    pub source: String,
    /// The column.
    pub column: String,
    /// The log's own field.
    pub field: String,
}

/// A file and its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hashed {
    /// Its path: in the case folder, or in the folder of results.
    pub path: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
}

/// A part of a frame on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameFile {
    /// Path below the folder of frames.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256 of its bytes.
    pub sha256: String,
}

/// How the lines of a log, or of all, were read: `lines = rows + rejects + blanks`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineCounts {
    /// Lines read; records, where the format's records are no lines.
    pub lines: u64,
    /// Lines that became a row.
    pub rows: u64,
    /// Lines kept as rejects.
    pub rejects: u64,
    /// Lines with nothing but white space, and lines that name columns.
    pub blanks: u64,
}

impl LineCounts {
    /// Whether every line read is accounted for.
    pub fn balance(&self) -> bool {
        self.lines == self.rows + self.rejects + self.blanks
    }

    /// Adds the lines of another part of the evidence.
    pub fn add(&mut self, other: LineCounts) {
        self.lines += other.lines;
        self.rows += other.rows;
        self.rejects += other.rejects;
        self.blanks += other.blanks;
    }
}

/// A log: a file, or a member of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceFile {
    /// Its number in the frames, from 1, by source and path.
    pub evidence_id: u32,
    /// The source's id.
    pub source: String,
    /// The source's kind.
    pub kind: String,
    /// Its format.
    pub format: String,
    /// The file, relative to the case folder.
    pub path: String,
    /// Its path inside the archive.
    pub member: Option<String>,
    /// Bytes of the file as found.
    pub size: u64,
    /// SHA-256 of the file as found.
    pub sha256: String,
    /// What it is packed in, outermost first.
    pub packed: String,
    /// Bytes of the log, unpacked.
    pub content_size: u64,
    /// SHA-256 of the log, unpacked.
    pub content_sha256: String,
    /// How its lines were read.
    #[serde(flatten)]
    pub lines: LineCounts,
    /// Time of its earliest row.
    pub first_event: Option<String>,
    /// Time of its latest row.
    pub last_event: Option<String>,
    /// Zone assumed for times that carry none.
    pub zone: Option<String>,
    /// Seconds added to each logged time.
    pub clock_correction_seconds: i64,
    /// What cut reading short.
    pub damage: Option<String>,
    /// The log with the same bytes, which was counted instead of this one.
    pub duplicate_of: Option<u32>,
    /// Lines that repeat lines of other logs of its source.
    pub overlaps: Vec<Overlap>,
}

impl EvidenceFile {
    /// The path as people read it, with the member of an archive after a `!`.
    pub fn place(&self) -> String {
        match &self.member {
            Some(member) => format!("{}!{member}", self.path),
            None => self.path.clone(),
        }
    }
}

/// A stretch of lines that repeats lines of another log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overlap {
    /// Number of the first line that repeats.
    pub first_line: u64,
    /// How many lines do.
    pub lines: u64,
    /// The log whose lines they repeat.
    pub of_evidence_id: u32,
    /// Number of the first line there.
    pub of_first_line: u64,
}

/// A range known to be deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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

/// A stretch in which a source logged nothing, against its own rhythm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// The source's id.
    pub source: String,
    /// The last event before.
    pub from: String,
    /// The first event after.
    pub to: String,
    /// How many events its rhythm lets expect.
    pub expected: u64,
    /// Which rhythm.
    pub basis: String,
}
