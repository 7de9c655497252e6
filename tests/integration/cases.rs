//! Small cases that once came out wrong, each with the right values in `expected.toml` and the reason for
//! them in `EXPECTED.md`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::support::{breachscope, figures, query, repository, stderr};

/// What a case must give.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    /// The exit code of `scope`.
    exit: i32,
    /// Rows, rejects and blanks of all evidence, where the case is about them.
    lines: Option<[u64; 3]>,
    /// Figures: confirmed, probable, possible.
    figures: BTreeMap<String, [u64; 3]>,
    /// Texts that the summary on the terminal must have.
    #[serde(default)]
    says: Vec<String>,
    /// Statements, each with the CSV that it must print.
    #[serde(default)]
    queries: BTreeMap<String, String>,
}

/// Copies a folder: cases are changed by their own scripts.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).unwrap();
        }
    }
}

/// Runs one case and says what is not as expected.
fn wrong(folder: &Path, expected: &Expected) -> Vec<String> {
    let work = tempfile::tempdir().unwrap();
    let (case, out) = (work.path().join("case"), work.path().join("out"));
    copy(folder, &case);
    if case.join("make.sh").exists() {
        let made = Command::new("bash").arg(case.join("make.sh")).status();
        assert!(made.unwrap().success(), "{}", folder.display());
    }
    let [case, results] = [&case, &out].map(|path| path.to_str().unwrap());
    let output = breachscope(&["scope", case, "--out", results]);
    let mut wrong = Vec::new();
    if output.status.code() != Some(expected.exit) {
        let (code, said) = (output.status.code(), stderr(&output));
        wrong.push(format!("exit {code:?}, not {}: {said}", expected.exit));
    }
    if !out.join("disclosure.json").exists() {
        return wrong;
    }
    let found = figures(&out);
    for (id, bounds) in &expected.figures {
        let has = found.get(id);
        if has != Some(bounds) {
            wrong.push(format!("{id} is {has:?}, not {bounds:?}"));
        }
    }
    let manifest = std::fs::read_to_string(out.join("manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    if let Some(lines) = expected.lines {
        let count = |name: &str| manifest["totals"][name].as_u64().unwrap();
        let has = ["rows", "rejects", "blanks"].map(count);
        if has != lines {
            wrong.push(format!("rows, rejects, blanks are {has:?}, not {lines:?}"));
        }
    }
    let shown = String::from_utf8_lossy(&output.stdout);
    let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    for text in &expected.says {
        if !shown.contains(text.as_str()) {
            wrong.push(format!("does not say: {text}"));
        }
    }
    for (sql, csv) in &expected.queries {
        let has = query(&out, &[sql]);
        if has.trim() != csv.trim() {
            wrong.push(format!("{sql}\n{has}not\n{csv}"));
        }
    }
    wrong
}

#[test]
fn each_case_comes_out_right() {
    let mut folders: Vec<PathBuf> = std::fs::read_dir(repository().join("tests/cases"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    let mut all = Vec::new();
    for folder in folders {
        let path = folder.join("expected.toml");
        let text = std::fs::read_to_string(&path);
        let text = text.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let expected: Expected = toml::from_str(&text).unwrap();
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let wrong = wrong(&folder, &expected);
        all.extend(wrong.iter().map(|one| format!("{name}: {one}")));
    }
    assert!(all.is_empty(), "\n{}", all.join("\n"));
}
