//! The run: puts all stages in order, from a case to a folder of results.
//!
//! The results are frames, the manifest, the report and the disclosure.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;

use crate::case::{Accounts, Case, Context, Interner, SourceKind};
use crate::digest::{hash_file, hash_text};
use crate::disclosure::{self, Disclosure, Found};
use crate::error::{Error, Result};
use crate::exposure::{self, Counter};
use crate::fleet::Networks;
use crate::intake::{self, Reading};
use crate::lines::ByRequest;
use crate::misfits::{self, Misfit};
use crate::progress::Progress;
use crate::results::{Draft, files_below};
use crate::results::{FrameFile, Hashed, Manifest};
use crate::shuffle::{Shuffle, partitions};
use crate::tokens::coverage::Coverage;
use crate::tokens::logins::Logins;
use crate::tokens::timeline::KeyLife;
use crate::tokens::{self, Judge, Spread, Tokens, Unmet, antijoin, timeline};
use crate::{fleet, report, sessions, survey};

/// What a run found, and what it read.
pub struct Answer {
    /// The figures, and what they rest on.
    pub disclosure: Disclosure,
    /// The evidence, with hashes and counts.
    pub manifest: Manifest,
}

/// Begins to write results below `out`.
///
/// Fails if `out` holds the results of another case, which would be replaced.
fn begin(case: &Case, out: &Path) -> Result<Draft> {
    let earlier = std::fs::read_to_string(out.join("manifest.json")).ok();
    let earlier = earlier.and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok());
    let other = earlier
        .as_ref()
        .and_then(|manifest| manifest["case_id"].as_str());
    if let Some(other) = other.filter(|other| *other != case.file.case.id) {
        let says = format!("the output folder holds the results of another case, `{other}`");
        return Err(Error::user(says)
            .in_file(out)
            .hint("name another folder with --out; nothing was changed in this one"));
    }
    Draft::begin(out, &case.dir)
}

/// Checks those settings in `case` that only the stages know, before anything is read or written.
///
/// Gives how each source is read.
pub fn check(case: &Case) -> Result<Vec<Reading>> {
    tokens::check(case)?;
    intake::readings(case)
}

/// Runs intake alone on `case` and writes frames and the manifest below `out`.
pub fn intake(
    case: &Case,
    out: &Path,
    threads: usize,
    progress: &dyn Progress,
) -> Result<Manifest> {
    let readings = check(case)?;
    let draft = begin(case, out)?;
    let command = format!("breachscope intake {}", case.dir.display());
    let mut manifest = prepare(case, &readings, &draft, threads, &command, progress)?;
    publish(draft, &mut manifest)?;
    Ok(manifest)
}

/// Evidence, page catalogue and key inventory -> frames and the manifest.
fn prepare(
    case: &Case,
    readings: &[Reading],
    draft: &Draft,
    threads: usize,
    command: &str,
    progress: &dyn Progress,
) -> Result<Manifest> {
    let manifest = intake::run(case, readings, draft, threads, command, progress)?;
    intake::write_pages(case, &draft.frames())?;
    case.keys.write(&draft.frames())?;
    Ok(manifest)
}

/// Completes the manifest with what was written, and puts the results in their place.
fn publish(draft: Draft, manifest: &mut Manifest) -> Result<()> {
    let frames_dir = draft.frames();
    // What intake wrote was hashed while it was written.
    let mut hashed: HashMap<String, FrameFile> = std::mem::take(&mut manifest.frames)
        .into_iter()
        .map(|frame| (frame.path.clone(), frame))
        .collect();
    for path in files_below(&frames_dir)? {
        let failed = |e: std::io::Error| Error::io("read the frame", &path, e);
        let name = path.strip_prefix(&frames_dir).unwrap_or(&path);
        let name = name.to_string_lossy().into_owned();
        if let Some(frame) = hashed.remove(&name) {
            manifest.frames.push(frame);
            continue;
        }
        manifest.frames.push(FrameFile {
            path: name,
            size: fs::metadata(&path).map_err(failed)?.len(),
            sha256: hash_file(&path).map_err(failed)?,
        });
    }
    assert!(hashed.is_empty(), "every part that intake wrote is there");
    draft.write("manifest.json", &report::json(&manifest))?;
    draft.publish()
}

/// The number of the source of each evidence file, by `evidence_id`. Sources are numbered in order.
fn sources(manifest: &Manifest) -> HashMap<u32, usize> {
    let of_one = manifest.evidence.chunk_by(|a, b| a.source == b.source);
    let numbered = of_one.enumerate();
    numbered
        .flat_map(|(number, files)| files.iter().map(move |file| (file.evidence_id, number)))
        .collect()
}

/// The evidence files of gateways in whose logs no line has a token.
fn tokenless(manifest: &Manifest, with_tokens: &HashSet<u32>) -> HashSet<u32> {
    let files = manifest.evidence.iter();
    let of_gateways = files.filter(|file| file.kind == SourceKind::Gateway.name());
    let logs_tokens = |source: &str| {
        let mut files = manifest.evidence.iter();
        files.any(|file| file.source == source && with_tokens.contains(&file.evidence_id))
    };
    let tokenless = of_gateways.filter(|file| !logs_tokens(&file.source));
    tokenless.map(|file| file.evidence_id).collect()
}

/// Runs every stage on `case` and writes the results below `out`.
pub fn run(case: &Case, out: &Path, threads: usize, progress: &dyn Progress) -> Result<Answer> {
    let readings = check(case)?;
    let networks = case.resolve(&case.file.registry.networks);
    let networks = networks.map(|path| Networks::open(&path)).transpose()?;
    let draft = begin(case, out)?;
    let frames_dir = draft.frames();
    let command = format!("breachscope scope {}", case.dir.display());
    let mut manifest = prepare(case, &readings, &draft, threads, &command, progress)?;
    survey::refuse_requests_as_issuances(case, &manifest)?;
    let interner = Interner::default();
    let accounts = match case.resolve(&case.file.registry.accounts) {
        Some(path) => Accounts::load(&path, &interner, &frames_dir)?,
        None => Accounts::unknown(),
    };
    let context = Context {
        case,
        accounts: &accounts,
        interner: &interner,
        frames_dir: &frames_dir,
        threads,
        progress,
    };
    let misfits = misfits::look(&context, &manifest)?;
    let by_request = Shuffle::new(&draft.work(), "request", partitions(manifest.totals.rows));
    let verdicts = judge(&context, &manifest, &draft.work(), &by_request)?;
    let disclosure = count(
        &context,
        &manifest,
        (misfits, verdicts),
        &by_request,
        networks.as_ref(),
    )?;
    for (name, text) in [
        (
            "report.md",
            report::markdown(&disclosure, &manifest, &case.zone),
        ),
        ("disclosure.json", report::json(&disclosure)),
    ] {
        manifest.outputs.push(Hashed {
            path: name.to_string(),
            sha256: hash_text(&text),
        });
        draft.write(name, &text)?;
    }
    publish(draft, &mut manifest)?;
    Ok(Answer {
        disclosure,
        manifest,
    })
}

/// What is known of every token, and of the logs and keys that say so.
struct Verdicts {
    tokens: Tokens,
    coverage: Coverage,
    keys: Vec<KeyLife>,
    unmet: Vec<Unmet>,
    spread: Spread,
}

/// Frames -> verdicts. Puts the lines of all tiers into `by_request` for the count that follows.
fn judge(
    context: &Context<'_>,
    manifest: &Manifest,
    work: &Path,
    by_request: &Shuffle,
) -> Result<Verdicts> {
    let Context {
        case,
        interner,
        frames_dir,
        threads,
        progress,
        ..
    } = *context;
    progress.begin("verdicts", 4);
    let rows = manifest.totals.rows;
    let without_record = antijoin::uses_without_record(frames_dir, work, threads, rows)?;
    progress.advance(1);
    let mut coverage = Coverage::measure(case, &manifest.silences, interner, frames_dir)?;
    let logins = Logins::load(interner, frames_dir)?;
    let [by_token, held] = ["token", "held"].map(|name| Shuffle::new(work, name, partitions(rows)));
    let lines = ByRequest(by_request);
    let spread = tokens::spread(context, manifest, &by_token, &lines)?;
    progress.advance(1);
    tokens::spread_issuances(context, &by_token)?;
    progress.advance(1);
    let judge = Judge {
        context,
        proven: &spread.proven,
        logins: &logins,
    };
    let tokens = judge.run(&mut coverage, &by_token, &held, &lines)?;
    assert_eq!(
        tokens.uses_without_record, without_record,
        "two ways of counting uses of tokens without a record agree"
    );
    coverage.write(interner, frames_dir)?;
    let unmet = tokens::unmet(&coverage, frames_dir)?;
    let keys = timeline::timeline(case, &tokens.keys, interner);
    timeline::write(&keys, frames_dir)?;
    progress.end();
    Ok(Verdicts {
        tokens,
        coverage,
        keys,
        unmet,
        spread,
    })
}

/// Verdicts and the requests of all tiers -> exposure, phases, addresses and the disclosure.
fn count(
    context: &Context<'_>,
    manifest: &Manifest,
    (misfits, verdicts): (Vec<Misfit>, Verdicts),
    by_request: &Shuffle,
    networks: Option<&Networks>,
) -> Result<Disclosure> {
    let Verdicts {
        tokens,
        coverage,
        keys,
        unmet,
        spread,
    } = verdicts;
    let (case, frames_dir) = (context.case, context.frames_dir);
    context.progress.begin("exposure", 2);
    let counter = Counter {
        context,
        sources: &sources(manifest),
        suspects: &tokens.forged_addresses,
        tokenless: &tokenless(manifest, &spread.with_tokens),
    };
    let mut exposure = counter.run(by_request)?;
    exposure.rejected = exposure::rejected_requests(manifest, frames_dir)?;
    context.progress.advance(1);
    let phases = exposure.activity.phases(&case.file.policy);
    sessions::write_runs(&phases, frames_dir)?;
    let fleet = fleet::attribute(&exposure.fleet, networks, frames_dir)?;
    let accounts = context.accounts;
    let figures = disclosure::figures(&case.catalogue, accounts, manifest, &tokens, &exposure);
    disclosure::write_figures(&figures, frames_dir)?;
    context.progress.end();
    let found = Found {
        context,
        manifest,
        misfits,
        tokens: &tokens,
        coverage: &coverage,
        unmet: &unmet,
        without_token: &spread.without_token,
        keys,
        proven: &spread.proven,
        exposure: &exposure,
        phases: &phases,
        fleet,
    };
    Ok(disclosure::disclose(found, figures))
}
