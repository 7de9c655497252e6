//! The main job: a case -> a folder with frames, manifest, report and disclosure.

use std::fs;
use std::io::Write;
use std::path::Path;

use crate::case::{Accounts, Case, Interner};
use crate::disclosure::{self, Disclosure, Found};
use crate::error::{Error, Result};
use crate::exposure::Counter;
use crate::intake::{self, Manifest};
use crate::progress::Progress;
use crate::requests::{self, Lines};
use crate::shuffle::{Shuffle, partitions};
use crate::tokens::coverage::Coverage;
use crate::tokens::{self, Judge};
use crate::{fleet, output, sessions};

/// Marks a folder as an output of this program, so that it may be written over.
const MARKER: &str = ".breachscope";

/// What a run gave.
pub struct Outcome {
    /// The disclosure.
    pub disclosure: Disclosure,
    /// The manifest.
    pub manifest: Manifest,
}

/// Runs every stage on `case` and writes the results below `out`.
pub fn run(case: &Case, out: &Path, threads: usize, progress: &dyn Progress) -> Result<Outcome> {
    prepare(case, out)?;
    let frames_dir = out.join("frames");
    let manifest = intake::run(case, &frames_dir, threads, progress)?;
    write_private(&out.join("manifest.json"), &output::json(&manifest))?;
    intake::write_pages(case, &frames_dir)?;
    case.keys.write(&frames_dir)?;
    let interner = Interner::default();
    let accounts = Accounts::load(
        &case.resolve(&case.file.registry.accounts),
        &interner,
        &frames_dir,
    )?;

    progress.begin("verdicts", 3);
    let coverage = Coverage::measure(case, &frames_dir)?;
    coverage.write(&frames_dir)?;
    let work = out.join("work");
    let count = partitions(manifest.totals.rows);
    let (by_token, by_request) = (
        Shuffle::new(&work, "token", count),
        Shuffle::new(&work, "request", count),
    );
    let lines = Lines(&by_request);
    requests::spread(case, &frames_dir, threads, &interner, &by_token, &lines)?;
    progress.advance(1);
    tokens::spread_issuances(&frames_dir, threads, &interner, &by_token)?;
    progress.advance(1);
    let judge = Judge {
        case,
        accounts: &accounts,
        interner: &interner,
        coverage: &coverage,
        frames_dir: &frames_dir,
    };
    let tokens = judge.run(&by_token, threads, &lines)?;
    progress.end();

    progress.begin("exposure", 2);
    let counter = Counter {
        case,
        accounts: &accounts,
        interner: &interner,
        suspects: &tokens.forged_addresses,
        frames_dir: &frames_dir,
    };
    let exposure = counter.run(&by_request, threads)?;
    progress.advance(1);
    let phases = exposure.activity.phases(&case.file.policy);
    sessions::write_runs(&phases, &frames_dir)?;
    let networks = case.resolve(&case.file.registry.networks);
    let fleet = fleet::attribute(&exposure.fleet, &networks, &frames_dir)?;
    let figures = disclosure::figures(&case.catalogue, &accounts, &manifest, &tokens, &exposure);
    disclosure::write_figures(&figures, &frames_dir)?;
    progress.end();
    if work.exists() {
        fs::remove_dir_all(&work).map_err(|e| Error::io("remove the folder", &work, &e))?;
    }

    let found = Found {
        case,
        manifest: &manifest,
        tokens: &tokens,
        coverage: &coverage,
        exposure: &exposure,
        phases: &phases,
        fleet,
    };
    let disclosure = disclosure::disclose(found, figures);
    write_private(
        &out.join("report.md"),
        &output::markdown(&disclosure, &manifest, &case.zone),
    )?;
    write_private(&out.join("disclosure.json"), &output::json(&disclosure))?;
    Ok(Outcome {
        disclosure,
        manifest,
    })
}

/// Makes `out` ready: new, empty, or an earlier output of this program.
fn prepare(case: &Case, out: &Path) -> Result<()> {
    let failed = |e: std::io::Error| Error::io("prepare the output folder", out, &e);
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    if out.exists() && real(out) == real(&case.dir) {
        return Err(Error::user(
            "the output folder is the case folder, where nothing may be written",
        )
        .in_file(out)
        .hint("name another folder with --out"));
    }
    if out.exists() {
        if !out.is_dir() {
            return Err(Error::user("the output is a file, not a folder").in_file(out));
        }
        let empty = fs::read_dir(out).map_err(failed)?.next().is_none();
        if !empty && !out.join(MARKER).exists() {
            return Err(Error::user(
                "the output folder exists and is not an output of breachscope",
            )
            .in_file(out)
            .hint("name a new folder with --out; nothing was changed in this one"));
        }
        for name in ["frames", "work"] {
            let folder = out.join(name);
            if folder.exists() {
                fs::remove_dir_all(&folder).map_err(failed)?;
            }
        }
        for name in ["manifest.json", "disclosure.json", "report.md"] {
            let file = out.join(name);
            if file.exists() {
                fs::remove_file(&file).map_err(failed)?;
            }
        }
    }
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    if !out.exists() {
        builder.recursive(true).create(out).map_err(failed)?;
    }
    write_private(&out.join(MARKER), crate::TOOL)
}

/// Writes a file that only its owner may read, in one step.
fn write_private(path: &Path, text: &str) -> Result<()> {
    let failed = |e: std::io::Error| Error::io("write the file", path, &e);
    let partial = path.with_extension("partial");
    let mut options = fs::File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&partial).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    fs::rename(&partial, path).map_err(failed)
}
