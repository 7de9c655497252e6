//! Conventions kept by a test, not by memory.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
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
        "CHANGELOG.md",
    ];
    for entry in std::fs::read_dir(repository()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let ours =
            agreed.contains(&name.as_str()) || name.starts_with("LICENSE") || name.starts_with('.');
        let built = name == "target" || name.starts_with("breachscope-");
        assert!(ours || built, "{name}");
    }
}

/// The floors of the house, from the ground up: a module imports only from floors below its own.
const FLOORS: [&[&str]; 11] = [
    &[
        "bytes", "digest", "error", "escape", "identity", "moment", "progress",
    ],
    &["frames", "jws", "results", "shuffle", "terminal"],
    &["case"],
    &["intake", "lines"],
    &["misfits", "survey", "tokens"],
    &["fleet", "sessions"],
    &["exposure"],
    &["disclosure"],
    &["inspect", "query", "reference", "report", "synth"],
    &["scope"],
    &["cli"],
];

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

/// The modules of this crate that a file's code names, each with its line, from 1.
fn named_modules(text: &str) -> Vec<(usize, String)> {
    let code: Vec<&str> = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect();
    let mut found = Vec::new();
    for (index, line) in code.iter().enumerate() {
        for root in ["crate::", "breachscope::"] {
            for (at, _) in line.match_indices(root) {
                let before = line[..at].chars().next_back();
                if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$') {
                    continue;
                }
                // A group may go on over several lines, up to its brace.
                let rest = line[at + root.len()..].to_string() + &code[index + 1..].join(" ");
                let names: Vec<&str> = match rest.strip_prefix('{') {
                    Some(group) => group[..group.find('}').unwrap_or(group.len())]
                        .split(',')
                        .collect(),
                    None => vec![&*rest],
                };
                for name in names {
                    let word = |c: char| c.is_ascii_lowercase() || c == '_';
                    let name = name.trim();
                    let end = name.find(|c| !word(c)).unwrap_or(name.len());
                    found.push((index + 1, name[..end].to_string()));
                }
            }
        }
    }
    found
}

/// Each import of `text`, a file of `module`, that goes upwards or sideways: its line and what is wrong.
fn not_downwards(module: &str, text: &str) -> Vec<(usize, String)> {
    let own = floor(module).unwrap_or_else(|| panic!("`{module}` has no floor"));
    let imports = named_modules(text).into_iter();
    let others = imports.filter(|(_, name)| name != module && !name.is_empty());
    others
        .filter_map(|(line, name)| match floor(&name) {
            Some(other) if other < own => None,
            Some(other) => Some((
                line,
                format!("`{module}` is on floor {own}, `{name}` on floor {other}"),
            )),
            None => Some((line, format!("`{name}` has no floor"))),
        })
        .collect()
}

#[test]
fn imports_go_down() {
    let source = repository().join("src");
    let mut modules = BTreeSet::new();
    let mut wrong = Vec::new();
    for path in sources() {
        let Ok(inside) = path.strip_prefix(&source) else {
            continue;
        };
        let first = inside.components().next().unwrap().as_os_str();
        let module = Path::new(first).file_stem().unwrap().to_str().unwrap();
        if matches!(module, "lib" | "main") {
            continue;
        }
        modules.insert(module.to_string());
        let text = std::fs::read_to_string(&path).unwrap();
        for (line, why) in not_downwards(module, &text) {
            let code = text.lines().nth(line - 1).unwrap_or_default().trim();
            wrong.push(format!(
                "src/{}:{line}: {code}\n    {why}",
                inside.display()
            ));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    let listed: BTreeSet<String> = FLOORS
        .iter()
        .flat_map(|floor| floor.iter().map(|name| name.to_string()))
        .collect();
    assert_eq!(
        modules, listed,
        "each module has a floor, and each name is one"
    );
}

#[test]
fn an_import_upwards_or_sideways_is_found() {
    let found = |module: &str, text: &str| -> Vec<usize> {
        let wrong = not_downwards(module, text).into_iter();
        wrong.map(|(line, _)| line).collect()
    };
    assert_eq!(found("tokens", "\nuse crate::exposure::Counter;\n"), [2]);
    assert_eq!(found("sessions", "use crate::{\n    case, fleet,\n};"), [1]);
    assert_eq!(found("frames", "fn f() { crate::results::open() }"), [1]);
    assert_eq!(
        found("case", "use crate::shelf::Book;"),
        [1],
        "no such module"
    );
    assert!(found("tokens", "use crate::{case, error};\n// crate::scope\n").is_empty());
}
