//! Reads evidence into frames: each line becomes a row, a reject or a blank.
//!
//! # The path of a byte
//!
//! ```text
//! evidence file     evidence/jobs        which files, which source, which number
//!   | open, hash    evidence/containers  gzip, zstd, zip, tar, ... in any nesting (readers)
//!   v
//! log               a stream of bytes; a Parquet file becomes lines of JSON (evidence/parquet_rows)
//!   | cut           blocks/framing       into blocks of about 8 MiB that end where a line ends
//!   v                                    (objects, records: where records are no lines)
//! block             block                the unit of work of a thread, and of a row group; first, what
//!   |               wrapping             containers, syslog and collectors put around its lines goes off
//!   | 64 lines      blocks/stretch       a stretch: at most 64 lines, or 32 KiB
//!   v
//! slots             formats/             a text for each slot: all lines at once (`parse_many`), or,
//!   |                                    for lines that this leaves, one by one (`parse`)
//!   | assemble      values/assembler     parts -> columns: a request line, an address with a port
//!   | tokens        values/token         a token -> its id, its claims, what its signature says
//!   v
//! typed columns     rows                 times, numbers, addresses; a line that fails is a reject
//!   | append        crate::frames        a batch of 64 values for each column at a time
//!   v
//! pages, Parquet    pipeline             blocks in their order: rows and rejects of each log
//! ```
//!
//! `pipeline` has the threads. `run`, below, puts the rest around it: `resume` finds what an earlier run
//! has read, `receipts` note what this one reads, `checks` look at all logs together (with `copies`,
//! `overlap` and `rhythm`), and `custody` writes down what was read. `settings` turns a source of the case file into a
//! `reading`, which says how its lines are read; `line_filter` and `own_messages` know the lines that are none of
//! its events.
//!
//! # Words
//!
//! | word | what it is |
//! |---|---|
//! | evidence file | a file on disk, with its hash; it may be packed, or an archive |
//! | log | the bytes of one file or archive member, unpacked; its number is the `evidence_id` |
//! | source | what the case file says about logs of one kind and format |
//! | reading | a source, ready: parser, clock, required columns |
//! | framing | what a log is made of: lines, records, JSON objects |
//! | block | a part of a log that ends where a line ends |
//! | line | a line of text, or a record or object where those are no lines |
//! | stretch | up to 64 lines of a block that are parsed together |
//! | line set | some lines of a stretch, as bits |
//! | field | the text that one line has for one slot |
//! | slot | a column of the frame, or a part |
//! | part | what a log has in place of columns: a request line, a `Cookie` header |
//! | column | a column of the frame that the log's kind fills |
//! | doubt | what is wrong with one field, before it is known whether that matters |
//! | row | a line of which the required columns could be read |
//! | reject | a line that is no row, with its place, its bytes and its [`Reason`] |
//! | blank | an empty line, or a header |
//! | other line | a message of the server itself, or a line that the setting `where` leaves out |
//! | tally | counts and facts about the lines of a block, added up to those of the log |
//! | receipt | a log's entry in the manifest, its tally and its frame parts, kept for later runs |
//! | frame part | a Parquet file of a frame; each log has its own |
//!
//! # Invariants
//!
//! - **Lines = rows + rejects + blanks + others**, for each log. `Receipt::of` in `receipts` asserts it in
//!   every run, and that as many rows and rejects were written.
//! - **The fast parser and the slow one give the same.** What `parse_many` gives for a line, `parse` gives
//!   for it alone. Held by `tests/integration/differential.rs` (JSON) and `differential_text.rs` (all
//!   formats of text).
//! - **The same input gives the same bytes**, on any number of threads: where a block ends follows from
//!   the bytes of the log alone, and blocks are written in their order.
//! - **What a client sends cannot take its request out of the counts**: a bad claim or user agent is noted
//!   in the row, and the row stays.
//! - **Evidence is only read.** Copies that must be seekable are set aside in the draft of the results.

pub(crate) mod block;
pub(crate) mod blocks;
mod checks;
mod copies;
mod custody;
pub(crate) mod evidence;
pub mod formats;
mod in_order;
pub(crate) mod line_filter;
mod overlap;
mod own_messages;
mod pipeline;
mod problem;
pub(crate) mod reading;
mod receipts;
mod reject;
mod resume;
mod rhythm;
mod rows;
mod settings;
mod taken;
pub(crate) mod tally;
pub(crate) mod values;
pub(crate) mod wrapping;

pub use custody::write_pages;
pub use evidence::raw;
pub use problem::{TIME_TWICE, has_problem};
pub use reading::Reading;
pub use reject::{Reason, Reject};
pub(crate) use rows::NO_REQUEST;
pub use settings::readings;
pub(crate) use values::token::TOKEN_COOKIE_ABSENT;

use std::collections::HashMap;
use std::sync::Mutex;

use evidence::jobs::{self, Job, Jobs};
use pipeline::Pipeline;
use receipts::Receipt;

use crate::case::Case;
use crate::error::Result;
use crate::progress::Progress;
use crate::results::{Draft, EvidenceFile, FrameFile, Manifest};

/// Reads all evidence of `case` into the frames of `draft`, on `threads` threads.
///
/// Each source is read as its entry in `readings` says. The manifest returned lacks what only the end of
/// the run knows: later frames and reports.
pub fn run(
    case: &Case,
    readings: &[Reading],
    draft: &Draft,
    threads: usize,
    command: &str,
    progress: &dyn Progress,
) -> Result<Manifest> {
    let Jobs {
        jobs,
        unclaimed,
        beside,
    } = jobs::find(case, &draft.work())?;
    let (mut receipts, missing) = resume::find_receipts(case, draft, &jobs)?;
    receipts.extend(read(case, readings, draft, &missing, threads, progress)?);
    receipts.sort_by_key(|receipt| receipt.file.evidence_id);
    for receipt in &receipts {
        checks::time_needs_zone(case, receipt)?;
    }
    for (source, reading) in case.file.source.iter().zip(readings) {
        checks::filter_fields(case, source, reading, &receipts)?;
        checks::missing_from_all(case, source, reading, &receipts)?;
    }
    compare_logs(&mut receipts, &jobs, readings, draft)?;
    let silences = checks::silences(case, &receipts);
    let unfilled = checks::unfilled(case, readings, &receipts);
    let unknown_words = checks::unknown_words(case, &receipts);
    let row_problems = checks::row_problems(&receipts);
    let frames = counted_parts(&receipts);
    let evidence: Vec<EvidenceFile> = receipts.into_iter().map(|receipt| receipt.file).collect();
    custody::write_evidence(&evidence, &silences, &draft.frames())?;
    let manifest = custody::manifest(case, evidence, silences, (unclaimed, beside), command)?;
    Ok(Manifest {
        frames,
        unfilled,
        unknown_words,
        row_problems,
        ..manifest
    })
}

/// Reads the files that no earlier run has read, and writes a receipt for each log in them.
fn read(
    case: &Case,
    readings: &[Reading],
    draft: &Draft,
    missing: &[&Job],
    threads: usize,
    progress: &dyn Progress,
) -> Result<Vec<Receipt>> {
    progress.begin("intake", missing.iter().map(|job| job.size).sum());
    let logs = |job: &'_ &'_ Job| -> Vec<u32> {
        let logs = job.logs.iter().flatten();
        logs.map(|log| log.evidence_id).collect()
    };
    let by_id: HashMap<u32, &Job> = missing
        .iter()
        .flat_map(|job| logs(job).into_iter().map(|id| (id, *job)))
        .collect();
    let pipeline = Pipeline {
        readings,
        catalogue: &case.catalogue,
        signing_keys: &case.signing_keys,
        frames_dir: &draft.frames(),
        spool: &draft.work(),
        progress,
    };
    let done: Mutex<Vec<Receipt>> = Mutex::default();
    pipeline.run(missing, threads, &|log, read| {
        let key = receipts::key(case, by_id[&log.evidence_id], log);
        let receipt = Receipt::of(case, log, read, key);
        // At once, so that a run that is cut off need not read this log again.
        receipt.write(&draft.receipts())?;
        done.lock().expect("no panic while reading").push(receipt);
        Ok(())
    })?;
    progress.end();
    Ok(done.into_inner().expect("no panic while reading"))
}

/// Notes which logs are copies of others or overlap with them; the frames of copies go.
fn compare_logs(
    receipts: &mut [Receipt],
    jobs: &[Job],
    readings: &[Reading],
    draft: &Draft,
) -> Result<()> {
    let before: Vec<EvidenceFile> = receipts.iter().map(|one| one.file.clone()).collect();
    copies::find(receipts, jobs, readings, &draft.work())?;
    checks::find_overlaps(receipts, jobs, readings, draft)?;
    for (receipt, before) in receipts.iter().zip(before) {
        if receipt.file != before {
            receipt.write(&draft.receipts())?;
        }
        if receipt.file.duplicate_of.is_some() {
            resume::remove_parts(&draft.frames(), receipt.file.evidence_id)?;
        }
    }
    Ok(())
}

/// The frame parts of all logs that are no copies.
fn counted_parts(receipts: &[Receipt]) -> Vec<FrameFile> {
    let counted = receipts
        .iter()
        .filter(|receipt| receipt.file.duplicate_of.is_none());
    let parts = counted.flat_map(|receipt| receipt.parts.iter().flatten());
    parts
        .map(|part| FrameFile {
            path: part.path.clone(),
            size: part.size,
            sha256: part.sha256.clone(),
        })
        .collect()
}
