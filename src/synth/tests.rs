//! What scenarios write, read back.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use serde_json::Value;
use tempfile::TempDir;

use super::world::{BEGIN, LOST};
use super::{Plan, Scenario, write};
use crate::progress::Quiet;

fn written(scenario: Scenario, attack: bool) -> TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    let plan = Plan {
        scale: 0.00001,
        seed: 5,
        attack,
        scenario: Some(scenario),
    };
    write(&plan, dir.path(), &Quiet).expect("it is written");
    dir
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    files
}

/// The objects of a log's lines that can be read, in order.
fn objects(dir: &Path, log: &str) -> Vec<Value> {
    let mut all = Vec::new();
    for file in files(&dir.join("evidence").join(log)) {
        let mut bytes = Vec::new();
        MultiGzDecoder::new(File::open(file).expect("a file"))
            .read_to_end(&mut bytes)
            .expect("gzip");
        let lines = bytes.split(|byte| *byte == b'\n');
        all.extend(lines.filter_map(|line| serde_json::from_slice(line).ok()));
    }
    all
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_default()
}

/// The tokens of all gateway lines that can be read.
///
/// Each with id, subject, key and issue time in seconds.
fn passes(dir: &Path) -> Vec<(String, String, String, i64)> {
    let mut lines = objects(dir, "gateway-a");
    lines.extend(objects(dir, "gateway-b"));
    let passes = lines.iter().map(|line| &line["pass"]);
    let parts = passes.filter(|pass| pass.is_object()).map(|pass| {
        let [id, subject, key] = ["jti", "sub", "kid"].map(|name| text(pass, name).to_string());
        (id, subject, key, pass["iat"].as_i64().expect("a number"))
    });
    parts.collect()
}

/// The truth by id, subject and key.
fn truth(dir: &Path) -> BTreeMap<(String, String, String), String> {
    let mut rows = csv::Reader::from_path(dir.join("truth.csv")).expect("a file");
    let header: Vec<&str> = rows.headers().expect("a header").iter().collect();
    assert_eq!(header.join(","), "token_id,subject,issuer,key_id,truth");
    let mut truth = BTreeMap::new();
    for row in rows.records() {
        let row = row.expect("a row");
        let [id, subject, _, key, what] = [0, 1, 2, 3, 4].map(|at| row[at].to_string());
        let before = truth.insert((id, subject, key), what);
        assert_eq!(before, None, "a token has one row");
    }
    truth
}

#[test]
fn names_lead_back_to_their_scenarios() {
    for (index, (scenario, name, what)) in Scenario::ALL.into_iter().enumerate() {
        assert_eq!(scenario as usize, index, "{name} has its place");
        assert_eq!((scenario.name(), scenario.what()), (name, what));
        assert_eq!(Scenario::from_name(name), Some(scenario));
        assert!(
            name.bytes()
                .all(|byte| byte == b'-' || byte.is_ascii_lowercase())
        );
    }
    assert_eq!(Scenario::from_name("no-such"), None);
}

#[test]
fn every_token_seen_has_its_truth_and_the_attacker_never_logs_in() {
    for (scenario, attack) in [
        (Scenario::Baseline, true),
        (Scenario::Baseline, false),
        (Scenario::LoadTest, true),
        (Scenario::OneADay, true),
        (Scenario::ClosedAccounts, true),
        (Scenario::RealIds, true),
    ] {
        let dir = written(scenario, attack);
        let dir = dir.path();
        let truth = truth(dir);
        let seen: BTreeSet<_> = passes(dir)
            .into_iter()
            .map(|(id, subject, key, _)| (id, subject, key))
            .collect();
        assert!(
            seen.iter().eq(truth.keys()),
            "{}: a row for each token seen",
            scenario.name()
        );
        let count = |what: &str| truth.values().filter(|truth| *truth == what).count();
        assert_eq!(count("forged") + count("honest"), truth.len());
        assert!(count("honest") > 200);
        assert_eq!(count("forged") > 100, attack);
        let logins = objects(dir, "logins");
        assert!(logins.len() > 300);
        let customers: HashSet<&str> = logins.iter().map(|line| text(line, "member")).collect();
        for ((_, subject, _), what) in &truth {
            if what == "honest" && subject != "service-stock" {
                assert!(customers.contains(subject.as_str()), "{subject} logged in");
            }
            if scenario == Scenario::ClosedAccounts && what == "forged" {
                assert!(!customers.contains(subject.as_str()), "{subject} is closed");
            }
        }
        assert!(!dir.join("expected.toml").exists());
        let case = fs::read_to_string(dir.join("case.toml")).expect("a case file");
        assert!(case.contains("kind = \"login\"") && case.contains("sequence = \"seq\""));
    }
}

#[test]
fn forged_tokens_hide_behind_records_and_in_the_gap() {
    let dir = written(Scenario::RealIds, true);
    let records: BTreeMap<(String, String, String), Value> = objects(dir.path(), "issuance")
        .into_iter()
        .map(|record| {
            let [id, subject, key] =
                ["jti", "sub", "kid"].map(|name| text(&record, name).to_string());
            ((id, subject, key), record)
        })
        .collect();
    for (token, what) in truth(dir.path()) {
        assert!(
            what == "honest" || records.contains_key(&token),
            "{token:?} was issued"
        );
    }
    let dir = written(Scenario::HiddenInGap, true);
    let truth = truth(dir.path());
    let mut hidden = 0;
    for (id, subject, key, issued_at) in passes(dir.path()) {
        let within = (LOST.0 / 1_000..LOST.1 / 1_000).contains(&issued_at);
        hidden += u64::from(within && truth[&(id, subject, key)] == "forged");
    }
    assert!(hidden > 500);
}

#[test]
fn chains_begin_before_the_logs_and_a_file_arrives_late() {
    let dir = written(Scenario::RefreshChain, true);
    let early: HashSet<String> = passes(dir.path())
        .into_iter()
        .filter(|(.., issued_at)| *issued_at < BEGIN / 1_000)
        .map(|(id, ..)| id)
        .collect();
    assert!(early.len() >= 20);
    let recorded = objects(dir.path(), "issuance");
    assert!(
        recorded
            .iter()
            .all(|record| !early.contains(text(record, "jti")))
    );

    let dir = written(Scenario::LateFile, true);
    let late = files(&dir.path().join("late"));
    assert_eq!(late.len(), 1);
    let kept = files(&dir.path().join("evidence/issuance"));
    assert!(kept.len() > 10);
    let name = late[0].file_name();
    assert!(kept.iter().all(|file| file.file_name() != name));
}

#[test]
fn logs_without_a_sequence_do_not_map_one_and_a_broken_one_shows_no_hole() {
    let dir = written(Scenario::Unnumbered, true);
    let case = fs::read_to_string(dir.path().join("case.toml")).expect("a case file");
    assert!(!case.contains("sequence ="));
    let records = objects(dir.path(), "issuance");
    assert!(records.len() > 300 && records.iter().all(|record| record["seq"].is_null()));

    let dir = written(Scenario::BrokenLog, true);
    let records = objects(dir.path(), "issuance");
    assert!(records.len() > 100);
    for (number, record) in (1u64..).zip(&records) {
        assert_eq!(record["seq"].as_u64(), Some(number));
    }
}
