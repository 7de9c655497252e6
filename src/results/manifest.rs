//! The custody manifest, `manifest.json`: each log with its hashes and counts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The name and version of this program, as outputs give them.
pub const TOOL: &str = concat!("breachscope ", env!("CARGO_PKG_VERSION"));

/// The name and version of the manifest's schema.
pub const SCHEMA: &str = "breachscope.manifest/2";

/// The manifest of a run. Times are RFC 3339 text in UTC.
#[derive(Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// The name and version of this file's schema.
    pub schema: String,
    /// The name and version of the program that wrote it.
    pub tool: String,
    /// The command that wrote it, without options that change no result.
    pub command: String,
    /// The case folder, as the command named it.
    pub case: String,
    /// The case's identifier.
    pub case_id: String,
    /// SHA-256 of each file that says how to read and count: the case file and its registries.
    pub configuration: Vec<Hashed>,
    /// Who collected the evidence, from the case file.
    pub collected_by: String,
    /// When they collected it, from the case file.
    pub collected_at: String,
    /// Sums over the logs that are counted; a duplicate is not.
    pub totals: LineCounts,
    /// The logs, in the order of `evidence_id`.
    pub evidence: Vec<EvidenceFile>,
    /// What was not read, as no source of the case names it: members of archives, and files beside evidence.
    pub unclaimed: Vec<String>,
    /// How many of these, the last ones, are files in a folder of which a pattern names others.
    ///
    /// Such a folder may hold anything, so they do not make the evidence incomplete.
    #[serde(default)]
    pub unclaimed_beside: u64,
    /// Ranges that are known to be deleted, from the case file.
    pub deleted: Vec<DeletedRange>,
    /// Times at which a source logged nothing although its own rhythm makes events expected.
    pub silences: Vec<Silence>,
    /// Columns for which the case file names a field that no line has.
    #[serde(default)]
    pub unfilled: Vec<Unfilled>,
    /// Texts of events and outcomes in identity logs that are on no list.
    #[serde(default)]
    pub unknown_words: Vec<UnknownWord>,
    /// Values of rows that could not be read and are null, by file and problem.
    #[serde(default)]
    pub row_problems: Vec<RowProblem>,
    /// The parts of all frames, as files.
    pub frames: Vec<FrameFile>,
    /// The reports.
    pub outputs: Vec<Hashed>,
}

impl Manifest {
    /// Whether all evidence was read whole and nothing is known to be missing.
    pub fn complete(&self) -> bool {
        self.totals.rejects == 0
            && self.evidence.iter().all(|file| file.damage.is_none())
            && self.unclaimed.len() as u64 == self.unclaimed_beside
            && self.sources_without_rows().is_empty()
            && self.deleted.is_empty()
            && self.silences.is_empty()
    }

    /// The sources all of whose lines are other lines, with the number of these: a wrong setting looks so.
    pub fn sources_without_rows(&self) -> Vec<(&str, u64)> {
        let mut lines: BTreeMap<&str, LineCounts> = BTreeMap::new();
        for file in self
            .evidence
            .iter()
            .filter(|file| file.duplicate_of.is_none())
        {
            lines.entry(&file.source).or_default().add(file.lines);
        }
        let without = lines
            .into_iter()
            .filter(|(_, lines)| lines.rows == 0 && lines.others > 0);
        without
            .map(|(source, lines)| (source, lines.others))
            .collect()
    }
}

/// The first line of a log that is no event of its source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherLine {
    /// Its number.
    pub line_no: u64,
    /// Its beginning, if it is a message of the server itself and holds no token.
    pub text: Option<String>,
}

/// A column that stays empty: the case file maps a field to it that no line of the source has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unfilled {
    /// The source's id.
    pub source: String,
    /// The column.
    pub column: String,
    /// The log's own field.
    pub field: String,
}

/// A text of an identity log that is on no list, so that what it tells of is not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnknownWord {
    /// The source.
    pub source: String,
    /// The column, `event` or `outcome`.
    pub column: String,
    /// The text.
    pub text: String,
    /// How many lines have it.
    pub count: u64,
}

/// Values in the rows of a file that could not be read and are null.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowProblem {
    /// What is wrong, as in the column `row_problem`.
    pub problem: String,
    /// The file.
    pub place: String,
    /// The first line that has it.
    pub line_no: u64,
    /// The beginning of the text there; empty where there is none.
    pub value: String,
    /// How many rows have it.
    pub count: u64,
}

/// A file and its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hashed {
    /// Its path, in the case folder or in the folder of results.
    pub path: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
}

/// A part of a frame on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameFile {
    /// Its path below the folder of frames.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 of its bytes.
    pub sha256: String,
}

/// How the lines of one log or of all logs were read: `lines = rows + rejects + blanks + others`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineCounts {
    /// Lines read, or records where a format's records are not lines.
    pub lines: u64,
    /// Lines that became a row.
    pub rows: u64,
    /// Lines that could not be read and are kept as rejects.
    pub rejects: u64,
    /// Lines of white space, and lines that name columns.
    pub blanks: u64,
    /// Messages of the server itself, and lines that `where` leaves to other sources.
    #[serde(default)]
    pub others: u64,
}

impl LineCounts {
    /// Whether every line read is accounted for.
    pub fn balance(&self) -> bool {
        self.lines == self.rows + self.rejects + self.blanks + self.others
    }

    /// Adds the counts of another part of the evidence.
    pub fn add(&mut self, other: LineCounts) {
        self.lines += other.lines;
        self.rows += other.rows;
        self.rejects += other.rejects;
        self.blanks += other.blanks;
        self.others += other.others;
    }
}

/// A log: a file, or a member of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceFile {
    /// Its number in the frames, from 1, in the order of sources and paths.
    pub evidence_id: u32,
    /// The source's id.
    pub source: String,
    /// The source's kind.
    pub kind: String,
    /// Its format.
    pub format: String,
    /// The file, relative to the case folder.
    pub path: String,
    /// Its path inside the archive, if the file is one.
    pub member: Option<String>,
    /// Bytes of the file as it was found.
    pub size: u64,
    /// SHA-256 of the file as it was found.
    pub sha256: String,
    /// What it is packed in, the outermost first; `none` if it is not packed.
    pub packed: String,
    /// Bytes of the log, unpacked.
    pub content_size: u64,
    /// SHA-256 of the log, unpacked.
    pub content_sha256: String,
    /// The first of its lines that is another line: see [`LineCounts::others`].
    #[serde(default)]
    pub first_other: Option<OtherLine>,
    /// How its lines were read.
    #[serde(flatten)]
    pub lines: LineCounts,
    /// Time of its earliest row.
    pub first_event: Option<String>,
    /// Time of its latest row.
    pub last_event: Option<String>,
    /// The zone in which times without one were read.
    pub zone: Option<String>,
    /// Seconds that were added to each logged time.
    pub clock_correction_seconds: i64,
    /// What kept the log from being read to its end.
    pub damage: Option<String>,
    /// The `evidence_id` of a log that this one is a copy of, and that was counted instead.
    pub duplicate_of: Option<u32>,
    /// Stretches of lines that repeat lines of other logs of its source.
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
    /// The number of the first line that repeats another.
    pub first_line: u64,
    /// How many lines repeat others.
    pub lines: u64,
    /// The `evidence_id` of the log whose lines they repeat.
    pub of_evidence_id: u32,
    /// The number of the first of these lines there.
    pub of_first_line: u64,
}

/// A range of a source that is known to be deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeletedRange {
    /// The source's id.
    pub source: String,
    /// The first moment that is missing.
    pub from: String,
    /// The first moment that is there again.
    pub to: String,
    /// Who says so, or why it was deleted.
    pub reason: String,
}

/// A time in which a source logged nothing, although its own rhythm makes events expected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// The source's id.
    pub source: String,
    /// The time of the last event before it.
    pub from: String,
    /// The time of the first event after it.
    pub to: String,
    /// How many events the source's own rhythm makes expected.
    pub expected: u64,
    /// Which rhythm that is.
    pub basis: String,
}
