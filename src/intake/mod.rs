//! Evidence -> frames. Opens each file read-only, hashes it, takes each line apart, and keeps what it
//! cannot read as a reject: per log, lines read = rows + rejects + blanks.
//!
//! `jobs` finds the files, `containers` unpacks them, `framing` cuts them into blocks, `block` those into
//! a `stretch` of lines after the other, [`formats`] takes lines apart, `rows` types them, `pipeline` puts
//! threads to all of it. `receipts` let a run that was cut off go on; `overlap` and `rhythm` look at what
//! was read.

mod addresses;
mod block;
mod buffers;
pub mod clock;
mod containers;
pub mod detect;
mod fields;
pub mod formats;
mod framing;
mod guess;
mod jobs;
mod manifest;
mod numbers;
mod overlap;
mod parquet_rows;
mod parts;
mod pipeline;
pub mod raw;
mod reading;
mod receipts;
mod records;
mod rhythm;
mod rows;
mod stretch;
mod token;

pub use containers::hex;
pub use manifest::{
    DeletedRange, EvidenceFile, FrameFile, Hashed, Lines, Manifest, Overlap, SCHEMA, Silence,
    Unfilled,
};
pub use reading::Reading;
pub(crate) use rows::NO_REQUEST;
pub(crate) use token::TOKEN_COOKIE_ABSENT;

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use clock::utc;
use jobs::{Job, Jobs, Log};
use pipeline::{Pipeline, Read};
use receipts::Receipt;
use rhythm::Pulses;

use crate::case::{Case, Source, SourceKind};
use crate::error::{Error, Result, closest};
use crate::frames::{self, FrameWriter, Value, numbered_parts};
use crate::progress::Progress;
use crate::results::{Draft, hash_file};

/// Reads all evidence of `case` into the frames of `draft` on `threads` threads. The manifest lacks
/// what only the end of the run knows: the frames and reports.
pub fn run(
    case: &Case,
    draft: &Draft,
    threads: usize,
    command: &str,
    progress: &dyn Progress,
) -> Result<Manifest> {
    let readings = case
        .file
        .source
        .iter()
        .map(|source| Reading::new(source, &case.path, &case.text))
        .collect::<Result<Vec<_>>>()?;
    let Jobs { jobs, unclaimed } = jobs::find(case, &draft.work())?;
    let (mut receipts, missing) = known(case, draft, &jobs)?;
    progress.begin("intake", missing.iter().map(|job| job.size).sum());
    let frames_dir = draft.frames();
    let pipeline = Pipeline {
        readings: &readings,
        catalogue: &case.catalogue,
        signing_keys: &case.signing_keys,
        frames_dir: &frames_dir,
        spool: &draft.work(),
        progress,
    };
    let by_id: HashMap<u32, &Job> = jobs
        .iter()
        .flat_map(|job| {
            job.logs
                .iter()
                .flatten()
                .map(move |log| (log.evidence_id, job))
        })
        .collect();
    let done: Mutex<Vec<Receipt>> = Mutex::default();
    pipeline.run(&missing, threads, &|log, read| {
        let key = receipts::key(case, by_id[&log.evidence_id], log);
        let receipt = receipt(case, log, read, key);
        receipt.write(&draft.receipts())?;
        done.lock().expect("no panic while reading").push(receipt);
        Ok(())
    })?;
    progress.end();
    receipts.extend(done.into_inner().expect("no panic while reading"));
    receipts.sort_by_key(|receipt| receipt.file.evidence_id);
    for receipt in &receipts {
        time_needs_zone(case, receipt)?;
    }
    for (source, reading) in case.file.source.iter().zip(&readings) {
        missing_from_all(case, source, reading, &receipts)?;
    }
    let written: Vec<EvidenceFile> = receipts.iter().map(|one| one.file.clone()).collect();
    find_duplicates(&mut receipts);
    find_overlaps(&mut receipts, &jobs, &readings, draft)?;
    for (receipt, written) in receipts.iter().zip(written) {
        if receipt.file != written {
            receipt.write(&draft.receipts())?;
        }
        if receipt.file.duplicate_of.is_some() {
            remove_parts(&frames_dir, receipt.file.evidence_id)?;
        }
    }
    let silences = silences(case, &receipts);
    let unfilled = unfilled(case, &readings, &receipts);
    let counted = receipts
        .iter()
        .filter(|receipt| receipt.file.duplicate_of.is_none());
    let parts = counted.flat_map(|receipt| receipt.parts.iter().flatten());
    let parts = parts.map(|part| FrameFile {
        path: part.path.clone(),
        size: part.size,
        sha256: part.sha256.clone(),
    });
    let frames = parts.collect();
    let evidence: Vec<EvidenceFile> = receipts.into_iter().map(|receipt| receipt.file).collect();
    write_evidence(&evidence, &silences, &frames_dir)?;
    let manifest = manifest(case, evidence, silences, unclaimed, command)?;
    Ok(Manifest {
        frames,
        unfilled,
        ..manifest
    })
}

/// The logs that are read already, and the files that have another.
fn known<'j>(case: &Case, draft: &Draft, jobs: &'j [Job]) -> Result<(Vec<Receipt>, Vec<&'j Job>)> {
    let (frames_dir, dir) = (draft.frames(), draft.receipts());
    let (earlier_frames, earlier_receipts) = draft.earlier();
    let mut read: Vec<(&Job, Vec<Receipt>)> = Vec::new();
    let mut missing = Vec::new();
    for job in jobs {
        let logs: Vec<&Log> = job.logs.iter().flatten().collect();
        let mut found = Vec::new();
        for log in &logs {
            let key = receipts::key(case, job, log);
            let receipt = match Receipt::find(&dir, &frames_dir, log.evidence_id, &key) {
                Some(receipt) => Some(receipt),
                None => {
                    let earlier =
                        Receipt::find(&earlier_receipts, &earlier_frames, log.evidence_id, &key);
                    if let Some(receipt) = &earlier {
                        remove_parts(&frames_dir, log.evidence_id)?;
                        receipt.take_over(&earlier_frames, &frames_dir)?;
                        receipt.write(&dir)?;
                    }
                    earlier
                }
            };
            found.extend(receipt);
        }
        // A file is read as a whole: an archive cannot be entered in the middle.
        if found.len() == logs.len() {
            read.push((job, found));
        } else {
            missing.push(job);
        }
    }
    // A copy has no frames of its own, so without the log it is a copy of it is read again.
    let there: Vec<u32> = read
        .iter()
        .flat_map(|(_, found)| found)
        .map(|one| one.file.evidence_id)
        .collect();
    let (read, orphaned): (Vec<_>, Vec<_>) = read.into_iter().partition(|(_, found)| {
        found.iter().all(|one| {
            one.file
                .duplicate_of
                .is_none_or(|first| there.contains(&first))
        })
    });
    missing.extend(orphaned.into_iter().map(|(job, _)| job));
    let receipts: Vec<Receipt> = read.into_iter().flat_map(|(_, found)| found).collect();
    clear(&frames_dir, &dir, &receipts)?;
    // The largest first, so that no thread begins on it when the others are done.
    missing.sort_by(|a, b| b.size.cmp(&a.size).then_with(|| a.path.cmp(&b.path)));
    Ok((receipts, missing))
}

/// Removes what an earlier run left that does not count: all but `kept` and their parts.
fn clear(frames_dir: &Path, dir: &Path, kept: &[Receipt]) -> Result<()> {
    let parts = kept
        .iter()
        .flat_map(|receipt| receipt.parts.iter().flatten());
    let mut count: HashSet<PathBuf> = parts.map(|part| frames_dir.join(&part.path)).collect();
    count.extend(kept.iter().map(|receipt| receipt.path(dir)));
    let there = crate::results::files_below(frames_dir)?.into_iter();
    let there = there.chain(crate::results::files_below(dir)?);
    for path in there.filter(|path| !count.contains(path)) {
        fs::remove_file(&path).map_err(|e| Error::io("remove the file", &path, &e))?;
    }
    Ok(())
}

/// Frames whose parts are named by the log they came from.
fn event_frames() -> impl Iterator<Item = &'static frames::Frame> {
    let of_kinds = SourceKind::ALL.into_iter().map(SourceKind::frame);
    of_kinds.chain([&frames::REJECTS])
}

fn remove_parts(frames_dir: &Path, evidence_id: u32) -> Result<()> {
    for frame in event_frames() {
        // The last first: were the program killed here, those that are left would still be found one by one.
        for part in numbered_parts(frames_dir, frame, evidence_id).iter().rev() {
            fs::remove_file(part).map_err(|e| Error::io("remove the file", part, &e))?;
        }
    }
    Ok(())
}

fn receipt(case: &Case, log: &Log, read: Read, key: String) -> Receipt {
    let source = &case.file.source[log.source];
    let lines = read.tally.lines;
    assert!(
        lines.balance(),
        "every line of {} is a row, a reject or blank",
        log.path
    );
    assert!(
        [lines.rows, lines.rejects]
            == read
                .parts
                .each_ref()
                .map(|parts| parts.iter().map(|part| part.row_count).sum::<u64>()),
        "every row and reject of {} is written",
        log.path
    );
    let file = EvidenceFile {
        evidence_id: log.evidence_id,
        source: source.id.get_ref().clone(),
        kind: source.kind.name().to_string(),
        format: source.format.0.name.to_string(),
        path: log.path.clone(),
        member: log.member.clone(),
        size: read.whole.size,
        sha256: read.whole.sha256,
        packed: read.packed,
        content_size: read.ended.size,
        content_sha256: read.content_sha256,
        lines,
        first_event: read.tally.span.map(|(first, _)| utc(first)),
        last_event: read.tally.span.map(|(_, last)| utc(last)),
        zone: source.zone.as_ref().map(|zone| zone.get_ref().clone()),
        clock_correction_seconds: source.clock_correction_seconds,
        damage: read.ended.damage,
        duplicate_of: None,
        overlaps: Vec::new(),
    };
    Receipt::new(key, file, read.tally, read.parts)
}

fn of_source<'r>(receipts: &'r [Receipt], source: &Source) -> impl Iterator<Item = &'r Receipt> {
    let id = source.id.get_ref().clone();
    receipts.iter().filter(move |one| one.file.source == id)
}

fn source_of(case: &Case, file: &EvidenceFile) -> usize {
    case.file
        .source
        .iter()
        .position(|source| *source.id.get_ref() == file.source)
        .expect("a source of the case")
}

/// A log most of whose times need a zone. A few such lines in a log of others are rejects.
fn time_needs_zone(case: &Case, receipt: &Receipt) -> Result<()> {
    let tally = &receipt.tally;
    let Some((number, detail)) = &tally.without_zone else {
        return Ok(());
    };
    if tally.zoneless < tally.lines.rows {
        return Ok(());
    }
    let source = &case.file.source[source_of(case, &receipt.file)];
    Err(case
        .error_at(
            source.id.span(),
            format!("{}:{number}: {detail}", receipt.file.place()),
        )
        .hint("add zone = \"<IANA name>\" to this source: the zone its clock showed"))
}

/// A required column that no line has of logs with most of a source's lines: the mapping is wrong, not the lines.
/// A log of another kind among many is rejects.
fn missing_from_all(
    case: &Case,
    source: &Source,
    reading: &Reading,
    receipts: &[Receipt],
) -> Result<()> {
    let receipts: Vec<&Receipt> = of_source(receipts, source).collect();
    let lines = |receipts: &[&Receipt]| -> u64 {
        let lines = receipts.iter().map(|receipt| receipt.tally.lines);
        lines.map(|lines| lines.rows + lines.rejects).sum()
    };
    for (index, column) in reading.frame.columns.iter().enumerate() {
        let mapped = source
            .fields
            .iter()
            .find(|(name, _)| name.get_ref() == column.name);
        let (true, Some((_, field))) = (reading.required[index], mapped) else {
            continue;
        };
        let lacks = |receipt: &&&Receipt| {
            let tally = &receipt.tally;
            tally.present >> index & 1 == 0 && tally.incomplete.is_some()
        };
        let lacking: Vec<&Receipt> = receipts.iter().filter(lacks).copied().collect();
        let first = lacking.first().and_then(|receipt| {
            let line = receipt.tally.incomplete.as_ref();
            line.map(|line| (&receipt.file, line))
        });
        let Some((file, line)) = first.filter(|_| lines(&lacking) * 2 > lines(&receipts)) else {
            continue;
        };
        let (place, name, fills) = (file.place(), field.get_ref(), column.name);
        let there = reading.parser.field_names(line);
        if there.contains(name) {
            let says =
                format!("no line of {place} has a value in the field `{name}` for `{fills}`");
            return Err(case.error_at(field.span(), says));
        }
        let says = format!("no line of {place} has the field `{name}` for `{fills}`");
        let error = case.error_at(field.span(), says);
        let error = error.hint(format!("its fields are {}", there.join(", ")));
        let other = guess::separated(name, &there);
        let other = other.map(|format| format!("is `{format}` the log's format?"));
        let meant = closest(name, there.iter().map(String::as_str));
        let meant = meant.map(|meant| format!("did you mean `{meant}`?"));
        return Err(other.or(meant).into_iter().fold(error, Error::hint));
    }
    Ok(())
}

/// The same bytes twice are counted once: in the log with the lower number.
fn find_duplicates(receipts: &mut [Receipt]) {
    let mut seen: HashMap<String, u32> = HashMap::new();
    for receipt in receipts {
        let file = &mut receipt.file;
        file.duplicate_of = None;
        if file.content_size > 0 {
            let first = *seen
                .entry(file.content_sha256.clone())
                .or_insert(file.evidence_id);
            file.duplicate_of = Some(first).filter(|first| *first != file.evidence_id);
        }
    }
}

fn find_overlaps(
    receipts: &mut [Receipt],
    jobs: &[Job],
    readings: &[Reading],
    draft: &Draft,
) -> Result<()> {
    let logs: HashMap<u32, (&Job, &Log)> = jobs
        .iter()
        .flat_map(|job| {
            job.logs
                .iter()
                .flatten()
                .map(move |log| (log.evidence_id, (job, log)))
        })
        .collect();
    let candidates: Vec<overlap::Candidate<'_>> = receipts
        .iter()
        .map(|receipt| {
            let (job, log) = logs[&receipt.file.evidence_id];
            overlap::Candidate {
                job,
                log,
                tally: &receipt.tally,
                file: &receipt.file,
            }
        })
        .collect();
    let mut found = overlap::find(&candidates, readings, &draft.frames(), &draft.work())?;
    for receipt in receipts {
        receipt.file.overlaps = found.remove(&receipt.file.evidence_id).unwrap_or_default();
    }
    Ok(())
}

fn silences(case: &Case, receipts: &[Receipt]) -> Vec<Silence> {
    let mut found = Vec::new();
    for source in &case.file.source {
        let id = source.id.get_ref();
        let mut pulses = Pulses::default();
        let receipts = of_source(receipts, source);
        for receipt in receipts.filter(|receipt| receipt.file.duplicate_of.is_none()) {
            pulses.append(receipt.tally.pulses.clone());
        }
        let deleted: Vec<(i64, i64)> = case
            .file
            .deleted
            .iter()
            .filter(|range| range.source.get_ref() == id)
            .map(|range| (range.from.as_microsecond(), range.to.as_microsecond()))
            .collect();
        for pause in rhythm::silences(pulses) {
            // What the case file explains is no finding; a pause that goes beyond it is.
            let slack = rhythm::STRETCH;
            if deleted
                .iter()
                .any(|(from, to)| from - slack <= pause.from && pause.to <= to + slack)
            {
                continue;
            }
            found.push(Silence {
                source: id.clone(),
                from: utc(pause.from),
                to: utc(pause.to),
                expected: pause.expected,
                basis: pause.basis.to_string(),
            });
        }
    }
    found
}

/// What the case file maps and no line of its source has: most often a name with a typo.
fn unfilled(case: &Case, readings: &[Reading], receipts: &[Receipt]) -> Vec<Unfilled> {
    let mut found = Vec::new();
    for (source, reading) in case.file.source.iter().zip(readings) {
        let (mut rows, mut present) = (0, 0);
        for receipt in of_source(receipts, source) {
            rows += receipt.file.lines.rows;
            present |= receipt.tally.present;
        }
        for (name, field) in source.fields.iter().filter(|_| rows > 0) {
            // Parts leave no trace of their own.
            let column = reading.frame.index(name.get_ref());
            if column.is_some_and(|column| present >> column & 1 == 0) {
                found.push(Unfilled {
                    source: source.id.get_ref().clone(),
                    column: name.get_ref().clone(),
                    field: field.get_ref().clone(),
                });
            }
        }
    }
    found
}

fn manifest(
    case: &Case,
    evidence: Vec<EvidenceFile>,
    silences: Vec<Silence>,
    unclaimed: Vec<String>,
    command: &str,
) -> Result<Manifest> {
    let mut totals = Lines::default();
    for file in evidence.iter().filter(|file| file.duplicate_of.is_none()) {
        totals.add(file.lines);
    }
    let registry = &case.file.registry;
    let mut configuration = Vec::new();
    let registries = [
        &registry.keys,
        &registry.accounts,
        &registry.pages,
        &registry.networks,
    ];
    let registries = registries
        .into_iter()
        .flatten()
        .map(|path| case.dir.join(path.get_ref()));
    let key_files = case
        .signing_key_files
        .iter()
        .map(|(path, _)| case.dir.join(path));
    for path in std::iter::once(case.path.clone())
        .chain(registries)
        .chain(key_files)
    {
        let sha256 = hash_file(&path).map_err(|e| Error::io("read the file", &path, &e))?;
        let path = path
            .strip_prefix(&case.dir)
            .unwrap_or(&path)
            .to_string_lossy()
            .into_owned();
        configuration.push(Hashed { path, sha256 });
    }
    let deleted = case.file.deleted.iter().map(|range| DeletedRange {
        source: range.source.get_ref().clone(),
        from: range.from.to_string(),
        to: range.to.to_string(),
        reason: range.reason.clone(),
    });
    Ok(Manifest {
        schema: SCHEMA.to_string(),
        tool: crate::TOOL.to_string(),
        command: command.to_string(),
        case: case.dir.to_string_lossy().into_owned(),
        case_id: case.file.case.id.clone(),
        configuration,
        collected_by: case.file.case.collected_by.clone(),
        collected_at: case.file.case.collected_at.to_string(),
        totals,
        evidence,
        unclaimed,
        deleted: deleted.collect(),
        silences,
        unfilled: Vec::new(),
        frames: Vec::new(),
        outputs: Vec::new(),
    })
}

fn write_evidence(
    evidence: &[EvidenceFile],
    silences: &[Silence],
    frames_dir: &Path,
) -> Result<()> {
    let mut writer = FrameWriter::create(frames_dir, &frames::EVIDENCE, 0)?;
    let mut overlaps = FrameWriter::create(frames_dir, &frames::OVERLAPS, 0)?;
    for file in evidence {
        writer.push(&[
            Value::Number(u64::from(file.evidence_id)),
            Value::Text(&file.source),
            Value::Text(&file.kind),
            Value::Text(&file.place()),
            Value::Text(&file.sha256),
            Value::Number(file.lines.lines),
            Value::Number(file.lines.rows),
            Value::Number(file.lines.rejects),
            Value::Number(file.lines.blanks),
            file.duplicate_of
                .map_or(Value::Null, |first| Value::Number(u64::from(first))),
        ])?;
        for overlap in &file.overlaps {
            overlaps.push(&[
                Value::Number(u64::from(file.evidence_id)),
                Value::Number(overlap.first_line),
                Value::Number(overlap.lines),
                Value::Number(u64::from(overlap.of_evidence_id)),
                Value::Number(overlap.of_first_line),
            ])?;
        }
    }
    writer.finish()?;
    overlaps.finish()?;
    let mut writer = FrameWriter::create(frames_dir, &frames::SILENCES, 0)?;
    for silence in silences {
        let time = |text: &str| {
            let time: jiff::Timestamp = text.parse().expect("written by this program");
            Value::Time(time.as_microsecond())
        };
        writer.push(&[
            Value::Text(&silence.source),
            time(&silence.from),
            time(&silence.to),
            Value::Number(silence.expected),
            Value::Text(&silence.basis),
        ])?;
    }
    writer.finish().map(drop)
}

/// Writes the `pages` frame: one row a page and field.
pub fn write_pages(case: &Case, frames_dir: &Path) -> Result<()> {
    let mut writer = FrameWriter::create(frames_dir, &frames::PAGES, 0)?;
    for page in &case.catalogue.pages {
        for field in &page.fields {
            writer.push(&[
                Value::Text(&page.id),
                Value::Text(&page.title),
                Value::Text(&page.method),
                Value::Text(&page.route),
                Value::Number(page.empty_below_bytes),
                Value::Text(&field.name),
                Value::Text(field.form_name()),
            ])?;
        }
    }
    writer.finish().map(drop)
}
