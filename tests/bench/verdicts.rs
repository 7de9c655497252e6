//! Times the verdict stage on frames that an intake wrote; `verdicts.sh` runs it.
//!
//! Usage: `verdicts CASE FRAMES WORK THREADS ROWS`. CASE is a case folder, FRAMES the folder of its frames,
//! WORK an empty folder for what is written, and ROWS how many rows the frames have. Prints, as one line of
//! JSON, how many tokens have each verdict and how many seconds each step took.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::path::Path;
use std::time::Instant;

use breachscope::case::{Accounts, Case, Context, Interner};
use breachscope::lines::ByRequest;
use breachscope::progress::Quiet;
use breachscope::results::{LineCounts, Manifest, SCHEMA};
use breachscope::shuffle::{Shuffle, partitions};
use breachscope::tokens::coverage::Coverage;
use breachscope::tokens::logins::Logins;
use breachscope::tokens::{self, Judge, antijoin};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [case, frames, work, threads, rows] = &arguments[..] else {
        eprintln!("usage: verdicts CASE FRAMES WORK THREADS ROWS");
        std::process::exit(2);
    };
    let (frames, work) = (Path::new(frames), Path::new(work));
    let threads: usize = threads.parse().unwrap();
    let rows: u64 = rows.parse().unwrap();
    let case = Case::load(Path::new(case)).unwrap();
    let manifest = no_evidence();
    let (unrecorded, joined) = anti_join(frames, work, threads, rows);
    let (interner, accounts) = (Interner::default(), Accounts::unknown());
    let begin = Instant::now();
    let seconds = |from: Instant| from.elapsed().as_secs_f64();
    let mut coverage = Coverage::measure(&case, &[], &interner, frames).unwrap();
    let logins = Logins::load(&interner, frames).unwrap();
    let covered = seconds(begin);
    let count = partitions(rows);
    let [by_token, held, by_request] =
        ["token", "held", "request"].map(|name| Shuffle::new(&work.join("spread"), name, count));
    let lines = ByRequest(&by_request);
    let context = Context {
        case: &case,
        accounts: &accounts,
        interner: &interner,
        frames_dir: frames,
        threads,
        progress: &Quiet,
    };
    let step = Instant::now();
    let spread_found = tokens::spread(&context, &manifest, &by_token, &lines).unwrap();
    tokens::spread_issuances(&context, &by_token).unwrap();
    let spread = seconds(step);
    let step = Instant::now();
    let judged = Context {
        frames_dir: work,
        ..context
    };
    let judge = Judge {
        context: &judged,
        proven: &spread_found.proven,
        logins: &logins,
    };
    let found = judge.run(&mut coverage, &by_token, &held, &lines).unwrap();
    println!(
        "{{\"forged\":{},\"indeterminate\":{},\"legitimate\":{},\"unrecorded\":{unrecorded},\"anti_join_seconds\":{joined:.2},\"coverage_seconds\":{covered:.2},\"spread_seconds\":{spread:.2},\"judge_seconds\":{:.2},\"seconds\":{:.2}}}",
        found.forged[1],
        found.indeterminate,
        found.legitimate,
        seconds(step),
        seconds(begin)
    );
}

/// Runs the anti-join three times; returns what it counted, and the median of its seconds.
fn anti_join(frames: &Path, work: &Path, threads: usize, rows: u64) -> (u64, f64) {
    let mut unrecorded = 0;
    let mut seconds = [(); 3].map(|()| {
        let begin = Instant::now();
        let ids = work.join("ids");
        unrecorded = antijoin::uses_without_record(frames, &ids, threads, rows).unwrap();
        begin.elapsed().as_secs_f64()
    });
    seconds.sort_by(f64::total_cmp);
    (unrecorded, seconds[1])
}

/// A manifest that lists no evidence: the stage asks it only for lines that repeat others.
fn no_evidence() -> Manifest {
    Manifest {
        schema: SCHEMA.into(),
        tool: String::new(),
        command: String::new(),
        case: String::new(),
        case_id: String::new(),
        configuration: Vec::new(),
        collected_by: String::new(),
        collected_at: String::new(),
        totals: LineCounts::default(),
        evidence: Vec::new(),
        unclaimed: Vec::new(),
        unclaimed_beside: 0,
        deleted: Vec::new(),
        silences: Vec::new(),
        unfilled: Vec::new(),
        unknown_words: Vec::new(),
        row_problems: Vec::new(),
        frames: Vec::new(),
        outputs: Vec::new(),
    }
}
