//! Evidence -> frames. Opens each file read-only, hashes it, takes each line apart, and keeps what it
//! cannot read as a reject: per file, lines read = rows + rejects + blanks.

pub mod clock;
pub mod formats;
mod manifest;
mod open;
mod rows;

pub use manifest::{EvidenceFile, Lines, Manifest};
pub use open::hex;

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::case::{Case, Source, SourceKind};
use crate::error::{Error, Result, closest};
use crate::frames::{self, FrameWriter, Value};
use crate::progress::Progress;
use clock::Clock;
use formats::{LineParser, Reject, Slots};
use open::Evidence;
use rows::Rows;

/// Name and version of `manifest.json`.
pub const MANIFEST_SCHEMA: &str = "breachscope.manifest/1";

struct Job<'a> {
    evidence_id: u32,
    source: &'a Source,
    relative: String,
    path: PathBuf,
    size: u64,
}

/// Reads all evidence of `case` into frames below `frames_dir` on `threads` threads.
pub fn run(
    case: &Case,
    frames_dir: &Path,
    threads: usize,
    progress: &dyn Progress,
) -> Result<Manifest> {
    let jobs = jobs(case)?;
    progress.begin("intake", jobs.iter().map(|job| job.size).sum());
    let mut order: Vec<&Job<'_>> = jobs.iter().collect();
    order.sort_by_key(|job| std::cmp::Reverse(job.size));
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<Result<EvidenceFile>>> = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                while let Some(job) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let file = read(case, job, frames_dir, progress);
                    done.lock().expect("no panic while reading").push(file);
                }
            });
        }
    });
    progress.end();
    let results = done.into_inner().expect("no panic while reading");
    let mut evidence = Vec::new();
    let mut errors = Vec::new();
    for result in results {
        match result {
            Ok(file) => evidence.push(file),
            Err(error) => errors.push(error),
        }
    }
    // The same error whatever thread met it first.
    errors.sort_by_key(ToString::to_string);
    if let Some(error) = errors.into_iter().next() {
        return Err(error);
    }
    evidence.sort_by_key(|file| file.evidence_id);
    drop_duplicates(&mut evidence, frames_dir)?;
    write_evidence(&evidence, frames_dir)?;
    let mut totals = Lines::default();
    for file in evidence.iter().filter(|file| file.duplicate_of.is_none()) {
        totals.lines += file.lines.lines;
        totals.rows += file.lines.rows;
        totals.rejects += file.lines.rejects;
        totals.blanks += file.lines.blanks;
    }
    Ok(Manifest {
        schema: MANIFEST_SCHEMA,
        tool: crate::TOOL.to_string(),
        case_id: case.file.case.id.clone(),
        case_sha256: hex(&Sha256::digest(case.text.as_bytes())),
        collected_by: case.file.case.collected_by.clone(),
        collected_at: case.file.case.collected_at.to_string(),
        totals,
        evidence,
        deleted: case
            .file
            .deleted
            .iter()
            .map(|range| manifest::DeletedRange {
                source: range.source.get_ref().clone(),
                from: range.from.to_string(),
                to: range.to.to_string(),
                reason: range.reason.clone(),
            })
            .collect(),
    })
}

/// The evidence files of the case, numbered by source and path.
fn jobs(case: &Case) -> Result<Vec<Job<'_>>> {
    let mut owner: BTreeMap<PathBuf, &str> = BTreeMap::new();
    let mut found: Vec<(usize, String, PathBuf)> = Vec::new();
    for (index, source) in case.file.source.iter().enumerate() {
        for pattern in &source.paths {
            let text = case.dir.join(pattern.get_ref());
            let bad = |what: String| case.error_at(pattern.span(), what);
            let matches = glob::glob(&text.to_string_lossy())
                .map_err(|e| bad(format!("`{}` is no pattern: {e}", pattern.get_ref())))?;
            let before = found.len();
            for path in matches {
                let path = path.map_err(|e| Error::io("list the folder", e.path(), e.error()))?;
                if !path.is_file() {
                    continue;
                }
                let id = source.id.get_ref().as_str();
                match owner.insert(path.clone(), id) {
                    None => {
                        let relative = path.strip_prefix(&case.dir).unwrap_or(&path);
                        found.push((index, relative.to_string_lossy().into_owned(), path));
                    }
                    Some(other) if other == id => {}
                    Some(other) => {
                        return Err(bad(format!(
                            "`{}` belongs to source `{other}` too",
                            path.display()
                        ))
                        .hint("one file is evidence of one source; make the patterns disjoint"));
                    }
                }
            }
            if found.len() == before {
                let error = bad(format!("no evidence matches `{}`", pattern.get_ref()));
                return Err(crate::case::suggest_file(error, &text));
            }
        }
    }
    found.sort();
    let jobs = found
        .into_iter()
        .zip(1..)
        .map(|((index, relative, path), evidence_id)| {
            let size = fs::metadata(&path)
                .map_err(|e| Error::io("open the evidence", &path, &e))?
                .len();
            Ok(Job {
                evidence_id,
                source: &case.file.source[index],
                relative,
                path,
                size,
            })
        });
    jobs.collect()
}

/// Reads one evidence file.
fn read(
    case: &Case,
    job: &Job<'_>,
    frames_dir: &Path,
    progress: &dyn Progress,
) -> Result<EvidenceFile> {
    let source = job.source;
    let frame = source.kind.frame();
    let parser = formats::parser(source);
    let zone = source.zone.as_ref().map(|zone| zone.get_ref().clone());
    let clock = Clock {
        format: source.time,
        zone: zone
            .as_deref()
            .and_then(|name| jiff::tz::TimeZone::get(name).ok()),
        correction: source
            .clock_correction_seconds
            .checked_mul(1_000_000)
            .ok_or_else(|| {
                case.error_at(source.id.span(), "the clock correction is out of range")
            })?,
    };
    let mut rows = Rows::new(
        frame,
        &clock,
        &case.catalogue,
        source.kind.name(),
        job.evidence_id,
    );
    let mut writer = FrameWriter::create(frames_dir, frame, job.evidence_id)?;
    let mut rejects = FrameWriter::create(frames_dir, &frames::REJECTS, job.evidence_id)?;
    let mut evidence = Evidence::open(&job.path)?;
    let mut lines = Lines::default();
    let mut span: Option<(i64, i64)> = None;
    let mut first_line: Option<String> = None;
    let mut without_zone = None;
    let mut reported = 0;
    while let Some(line) = evidence.next_line() {
        lines.lines += 1;
        let number = line.number;
        let bytes = if number == 1 {
            line.bytes
                .strip_prefix(b"\xef\xbb\xbf")
                .unwrap_or(line.bytes)
        } else {
            line.bytes
        };
        if bytes.trim_ascii().is_empty() {
            lines.blanks += 1;
            continue;
        }
        match row(&*parser, bytes, number, &mut rows, &mut writer)? {
            Ok(time) => {
                lines.rows += 1;
                let (first, last) = span.get_or_insert((time, time));
                (*first, *last) = ((*first).min(time), (*last).max(time));
            }
            Err(reject) => {
                lines.rejects += 1;
                if reject.reason == "time_without_zone" && without_zone.is_none() {
                    without_zone = Some((number, reject.detail.clone()));
                }
                if reject.reason == "field_missing" && first_line.is_none() {
                    first_line = Some(String::from_utf8_lossy(bytes).into_owned());
                }
                rejects.push(&[
                    Value::Number(u64::from(job.evidence_id)),
                    Value::Number(number),
                    Value::Number(line.offset),
                    Value::Text(reject.reason),
                    Value::Text(&reject.detail),
                    Value::Bytes(line.bytes),
                ])?;
            }
        }
        if lines.lines.is_multiple_of(8192) {
            let position = evidence.position();
            progress.advance(position - reported);
            reported = position;
        }
    }
    if let Some((number, detail)) = without_zone {
        return Err(case
            .error_at(
                source.id.span(),
                format!("{}:{number}: {detail}", job.relative),
            )
            .hint("add zone = \"<IANA name>\" to this source: the zone its clock showed"));
    }
    if let Some(line) = first_line {
        missing_from_all(case, job, &rows, &*parser, &line)?;
    }
    writer.finish()?;
    rejects.finish()?;
    let custody = evidence.finish(&job.path)?;
    progress.advance(custody.size.saturating_sub(reported));
    assert!(
        lines.balance(),
        "every line of {} is a row, a reject or blank",
        job.relative
    );
    let time = |micros: i64| {
        Timestamp::from_microsecond(micros)
            .map(|time| time.to_string())
            .ok()
    };
    Ok(EvidenceFile {
        evidence_id: job.evidence_id,
        source: source.id.get_ref().clone(),
        kind: source.kind.name(),
        path: job.relative.clone(),
        size: custody.size,
        sha256: custody.sha256,
        compression: custody.compression,
        content_size: custody.content_size,
        content_sha256: custody.content_sha256,
        lines,
        first_event: span.and_then(|(first, _)| time(first)),
        last_event: span.and_then(|(_, last)| time(last)),
        zone,
        clock_correction_seconds: source.clock_correction_seconds,
        damage: custody.damage,
        duplicate_of: None,
    })
}

fn row(
    parser: &dyn LineParser,
    bytes: &[u8],
    number: u64,
    rows: &mut Rows<'_>,
    writer: &mut FrameWriter,
) -> Result<Result<i64, Reject>> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Ok(Err(Reject::new("not_utf8", "the line is not UTF-8")));
    };
    let mut slots = Slots::default();
    match parser.parse(text, &mut slots) {
        Ok(()) => rows.push(writer, number, &slots),
        Err(reject) => Ok(Err(reject)),
    }
}

/// A required column that no line of the file had: the mapping is wrong, not the lines.
fn missing_from_all(
    case: &Case,
    job: &Job<'_>,
    rows: &Rows<'_>,
    parser: &dyn LineParser,
    line: &str,
) -> Result<()> {
    let frame = job.source.kind.frame();
    for (column, present) in frame.columns.iter().zip(&rows.present) {
        let mapped = job
            .source
            .fields
            .iter()
            .find(|(name, _)| name.get_ref() == column.name);
        let (true, 0, Some((_, field))) = (column.required, *present, mapped) else {
            continue;
        };
        let there = parser.field_names(line);
        let error = case.error_at(
            field.span(),
            format!(
                "no line of {} has the field `{}` for `{}`",
                job.relative,
                field.get_ref(),
                column.name
            ),
        );
        let error = error.hint(format!("its fields are {}", there.join(", ")));
        return Err(
            match closest(field.get_ref(), there.iter().map(String::as_str)) {
                Some(meant) => error.hint(format!("did you mean `{meant}`?")),
                None => error,
            },
        );
    }
    Ok(())
}

/// The same bytes twice are counted once: the later file's parts go.
fn drop_duplicates(evidence: &mut [EvidenceFile], frames_dir: &Path) -> Result<()> {
    let mut seen: HashMap<String, u32> = HashMap::new();
    for file in evidence.iter_mut().filter(|file| file.content_size > 0) {
        let first = *seen
            .entry(file.content_sha256.clone())
            .or_insert(file.evidence_id);
        if first == file.evidence_id {
            continue;
        }
        file.duplicate_of = Some(first);
        for frame in [
            &frames::REQUESTS,
            &frames::APP_EVENTS,
            &frames::ISSUANCES,
            &frames::REJECTS,
        ] {
            let part = frames_dir
                .join(frame.name)
                .join(format!("{:06}.parquet", file.evidence_id));
            if part.exists() {
                fs::remove_file(&part).map_err(|e| Error::io("remove the file", &part, &e))?;
            }
        }
    }
    Ok(())
}

fn write_evidence(evidence: &[EvidenceFile], frames_dir: &Path) -> Result<()> {
    let mut writer = FrameWriter::create(frames_dir, &frames::EVIDENCE, 0)?;
    for file in evidence {
        writer.push(&[
            Value::Number(u64::from(file.evidence_id)),
            Value::Text(&file.source),
            Value::Text(file.kind),
            Value::Text(&file.path),
            Value::Text(&file.sha256),
            Value::Number(file.lines.lines),
            Value::Number(file.lines.rows),
            Value::Number(file.lines.rejects),
            Value::Number(file.lines.blanks),
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

/// Whether any source of the case is of `kind`.
pub fn has(case: &Case, kind: SourceKind) -> bool {
    case.file.source.iter().any(|source| source.kind == kind)
}
