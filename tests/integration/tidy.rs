//! Conventions kept by a test, not by memory.

use std::path::PathBuf;
use std::process::Command;

use crate::support::repository;

fn sources() -> Vec<PathBuf> {
    let listed = Command::new("git")
        .args(["ls-files", "*.rs"])
        .current_dir(repository())
        .output()
        .unwrap();
    let files: Vec<PathBuf> = String::from_utf8(listed.stdout)
        .unwrap()
        .lines()
        .map(|line| repository().join(line))
        .collect();
    assert!(files.len() > 30);
    files
}

#[test]
fn every_file_says_what_it_is_for_and_is_short() {
    for path in sources() {
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(
            text.starts_with("//! "),
            "{} opens with //!",
            path.display()
        );
        assert!(
            text.lines().count() <= 600,
            "{} is over 600 lines",
            path.display()
        );
    }
}

#[test]
fn every_test_file_is_wired_in() {
    let main = include_str!("main.rs");
    for path in sources() {
        if path.parent().unwrap().ends_with("tests/integration") {
            let name = path.file_stem().unwrap().to_str().unwrap().to_string();
            assert!(
                name == "main" || main.contains(&format!("mod {name};")),
                "{name}"
            );
        }
    }
}

#[test]
fn the_top_level_is_what_was_agreed() {
    let agreed = [
        "Cargo.toml",
        "Cargo.lock",
        "src",
        "queries",
        "sample-data",
        "tests",
        "README.md",
    ];
    for entry in std::fs::read_dir(repository()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let ours =
            agreed.contains(&name.as_str()) || name.starts_with("LICENSE") || name.starts_with('.');
        let built = name == "target" || name.starts_with("breachscope-");
        assert!(ours || built, "{name}");
    }
}
