//! A run that is cut off leaves the earlier results or the new ones, and the next goes on with it.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use breachscope::case::Case;
use breachscope::progress::{Progress, Quiet};
use breachscope::scope;
use breachscope::synth::{self, Plan, Scenario};

use crate::support::{Chance, Replica, breachscope, contents, files, stderr};

fn start(replica: &Replica, out: &Path) -> std::process::Child {
    Command::new(env!("CARGO_BIN_EXE_breachscope"))
        .args([
            "scope",
            replica.case().to_str().unwrap(),
            "--out",
            out.to_str().unwrap(),
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Runs that are cut off, and what one makes that is not.
struct Cut {
    replica: Replica,
    out: PathBuf,
    expected: BTreeMap<PathBuf, Vec<u8>>,
    whole: Duration,
    chance: Chance,
}

impl Cut {
    fn new(seed: u64) -> Self {
        let replica = Replica::new(0.0002, seed, true);
        let began = Instant::now();
        assert_eq!(replica.scope(&[]).status.code(), Some(3));
        Cut {
            out: replica.dir.path().join("cut"),
            expected: contents(&replica.out()),
            whole: began.elapsed(),
            replica,
            chance: Chance(seed),
        }
    }

    /// Starts a run and kills it at some moment; tells whether it was still running.
    fn kill(&mut self) -> bool {
        let mut run = start(&self.replica, &self.out);
        let part = self.chance.below(10_000) as f64 / 10_000.0;
        std::thread::sleep(self.whole.mul_f64(part));
        run.kill().unwrap();
        run.wait().unwrap().code().is_none()
    }

    /// Lets a run end, which must make what one makes that is not cut off.
    fn end(&self) {
        let end = breachscope(&[
            "scope",
            self.replica.case().to_str().unwrap(),
            "--out",
            self.out.to_str().unwrap(),
        ]);
        assert_eq!(end.status.code(), Some(3), "{}", stderr(&end));
        let found = contents(&self.out);
        assert_eq!(
            found.keys().collect::<Vec<_>>(),
            self.expected.keys().collect::<Vec<_>>()
        );
        for (path, bytes) in &self.expected {
            assert!(found[path] == *bytes, "{} differs", path.display());
        }
    }
}

#[test]
fn killed_a_hundred_times_it_ends_with_the_same_bytes() {
    let mut cut = Cut::new(11);
    let mut killed = 0;
    let mut published = false;
    let mut round = 0;
    // A run that goes on with much already read may end before it is killed.
    while killed < 100 && round < 500 {
        round += 1;
        // Every tenth round begins anew; the others go on with what the last left.
        if round % 10 == 0 {
            let _ = std::fs::remove_dir_all(&cut.out);
            published = false;
        }
        killed += usize::from(cut.kill());
        let query = breachscope(&[
            "query",
            cut.out.to_str().unwrap(),
            "SELECT COUNT(*) AS n FROM figures",
        ]);
        match query.status.code() {
            Some(0) => published = true,
            _ => assert!(
                !published,
                "results that were there are gone: {}",
                stderr(&query)
            ),
        }
    }
    assert_eq!(killed, 100, "in {round} rounds");
    cut.end();
}

/// What had not reached the disk when the power went may be there, in part, as zeros or not at all. All of that
/// is in the folder of the next results, as long as it is not marked as complete.
#[test]
fn what_a_loss_of_power_takes_is_made_anew() {
    let mut cut = Cut::new(13);
    let next = cut.out.join("next");
    let (mut lost, mut damaged) = (0, [0; 4]);
    for round in 0..40 {
        if round % 6 == 0 {
            let _ = std::fs::remove_dir_all(&cut.out);
        }
        cut.kill();
        if next.join("complete").exists() {
            continue;
        }
        for path in files(&next) {
            let bytes = std::fs::read(&path).unwrap();
            let kind = cut.chance.below(5);
            match kind {
                0 => std::fs::remove_file(&path).unwrap(),
                1 => std::fs::write(&path, b"").unwrap(),
                2 => std::fs::write(&path, &bytes[..cut.chance.below(bytes.len() + 1)]).unwrap(),
                3 => std::fs::write(&path, vec![0; bytes.len()]).unwrap(),
                _ => continue,
            }
            damaged[kind] += 1;
            lost += 1;
        }
    }
    assert!(
        lost > 100 && damaged.iter().all(|count| *count > 10),
        "{damaged:?}"
    );
    cut.end();
}

#[test]
fn an_interrupt_stops_within_a_second_and_says_so() {
    let replica = Replica::new(0.002, 12, true);
    let out = replica.out();
    let run = start(&replica, &out);
    std::thread::sleep(Duration::from_millis(300));
    let asked = Instant::now();
    assert!(
        Command::new("kill")
            .args(["-INT", &run.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
    let ended = run.wait_with_output().unwrap();
    assert!(asked.elapsed() < Duration::from_secs(1));
    assert_eq!(ended.status.code(), Some(130));
    assert!(
        stderr(&ended).contains("stopped at your request"),
        "{}",
        stderr(&ended)
    );
}

#[test]
fn a_full_disk_is_an_error_that_loses_nothing() {
    let replica = Replica::small();
    replica.figures(3);
    let before = contents(&replica.out());
    // No file may grow beyond 8 blocks of 1 KiB, as if the disk were full.
    let script = format!(
        "trap '' XFSZ; ulimit -f 8; exec '{}' scope '{}' --out '{}'",
        env!("CARGO_BIN_EXE_breachscope"),
        replica.case().display(),
        replica.out().display()
    );
    replica.edit(
        "case.toml",
        "clock_correction_seconds = -90",
        "clock_correction_seconds = -91",
    );
    let full = Command::new("bash").args(["-c", &script]).output().unwrap();
    assert_eq!(full.status.code(), Some(1), "{}", stderr(&full));
    assert!(stderr(&full).contains("cannot write"), "{}", stderr(&full));
    let after = contents(&replica.out());
    assert!(
        before.iter().all(|(path, bytes)| after[path] == *bytes),
        "the earlier results are as they were"
    );
    replica.edit(
        "case.toml",
        "clock_correction_seconds = -91",
        "clock_correction_seconds = -90",
    );
    replica.figures(3);
    assert_eq!(contents(&replica.out()).len(), before.len());
}

#[test]
fn a_second_run_ends_with_the_same_frames_of_every_kind_of_log() {
    let dir = tempfile::tempdir().unwrap();
    let (case, out) = (dir.path().join("case"), dir.path().join("out"));
    let plan = Plan {
        scale: 0.00001,
        seed: 6,
        attack: true,
        scenario: Some(Scenario::Baseline),
    };
    synth::write(&plan, &case, &Quiet).unwrap();
    let [case, shown] = [&case, &out].map(|path| path.to_str().unwrap());
    let mut runs = Vec::new();
    for _ in 0..2 {
        let run = breachscope(&["scope", case, "--out", shown]);
        assert_eq!(run.status.code(), Some(3), "{}", stderr(&run));
        runs.push(contents(&out));
    }
    for frame in ["requests", "app_events", "issuances", "logins", "rejects"] {
        let folder = Path::new("frames").join(frame);
        let there = runs[0].keys().any(|path| path.starts_with(&folder));
        assert!(there, "{frame} is written");
    }
    assert!(runs[0] == runs[1]);
}

#[test]
fn a_second_run_reads_nothing_again_and_verify_tells_what_changed() {
    let replica = Replica::small();
    replica.figures(3);
    let out = replica.out();
    let part = out.join("frames/requests/000001.parquet");
    let first = std::fs::metadata(&part).unwrap().modified().unwrap();
    replica.figures(3);
    assert_eq!(
        std::fs::metadata(&part).unwrap().modified().unwrap(),
        first,
        "the part was taken over"
    );
    let verify = || breachscope(&["verify", out.to_str().unwrap()]);
    let same = verify();
    assert_eq!(
        same.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&same.stdout)
    );
    std::fs::write(replica.case().join("registry/keys.csv"), "changed").unwrap();
    let log = replica.case().join("evidence/edge/edge-0001.log.gz");
    let mut bytes = std::fs::read(&log).unwrap();
    bytes.push(0);
    std::fs::write(&log, bytes).unwrap();
    std::fs::write(&part, "changed").unwrap();
    let changed = verify();
    assert_eq!(changed.status.code(), Some(3));
    let text = String::from_utf8(changed.stdout).unwrap();
    for line in [
        "configuration registry/keys.csv",
        "evidence evidence/edge/edge-0001.log.gz",
        "frame requests/000001.parquet",
        "; 3 changed",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
}

/// Panics once, as soon as a byte is read; the other threads go on.
struct PanicsOnce(AtomicBool);

impl Progress for PanicsOnce {
    fn begin(&self, _stage: &'static str, _total: u64) {}
    fn advance(&self, _amount: u64) {
        let before = self.0.swap(true, Ordering::Relaxed);
        assert!(before, "a defect in the middle of reading");
    }
    fn end(&self) {}
}

#[test]
fn a_panic_in_one_thread_ends_the_run() {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let dir = tempfile::tempdir().unwrap();
        let case = Case::load(&root.join("sample-data/replica")).unwrap();
        let progress = PanicsOnce(AtomicBool::new(false));
        let run = AssertUnwindSafe(|| scope::intake(&case, &dir.path().join("out"), 3, &progress));
        let run = catch_unwind(run);
        tell.send((run.is_err(), dir.path().join("out/manifest.json").exists()))
    });
    // A thread that waits for another's work would wait for ever.
    let ended = told.recv_timeout(Duration::from_secs(30));
    assert_eq!(ended, Ok((true, false)));
}
