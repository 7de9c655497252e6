//! What the tests share: replicas, runs of the program, and figures as plain maps.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use breachscope::progress::Quiet;
use breachscope::synth::{self, Plan};
use tempfile::TempDir;

/// Figures by id: confirmed, probable, possible.
pub(crate) type Figures = BTreeMap<String, [u64; 3]>;

/// The program.
pub(crate) fn breachscope(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_breachscope"))
        .args(arguments)
        .output()
        .unwrap()
}

/// The repository.
pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A replica in a folder of its own, and room for results beside it.
pub(crate) struct Replica {
    pub(crate) dir: TempDir,
}

impl Replica {
    pub(crate) fn new(scale: f64, seed: u64, attack: bool) -> Self {
        let dir = tempfile::tempdir().unwrap();
        synth::write(
            &Plan {
                scale,
                seed,
                attack,
                scenario: None,
            },
            &dir.path().join("case"),
            &Quiet,
        )
        .unwrap();
        Replica { dir }
    }

    /// A small one.
    pub(crate) fn small() -> Self {
        Replica::new(0.00001, 5, true)
    }

    pub(crate) fn case(&self) -> PathBuf {
        self.dir.path().join("case")
    }

    pub(crate) fn out(&self) -> PathBuf {
        self.dir.path().join("out")
    }

    pub(crate) fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.case().join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} has {from:?}");
        std::fs::write(&path, text.replace(from, to)).unwrap();
    }

    /// Runs `scope` with these further arguments.
    pub(crate) fn scope(&self, more: &[&str]) -> Output {
        let (case, out) = (self.case(), self.out());
        let mut arguments = vec![
            "scope",
            case.to_str().unwrap(),
            "--out",
            out.to_str().unwrap(),
        ];
        arguments.extend(more);
        breachscope(&arguments)
    }

    /// Runs `scope`, which must finish with `code`, and reads its figures.
    pub(crate) fn figures(&self, code: i32) -> Figures {
        let output = self.scope(&[]);
        assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
        figures(&self.out())
    }

    pub(crate) fn query(&self, sql: &str) -> String {
        query(&self.out(), &[sql])
    }

    pub(crate) fn expected(&self) -> Figures {
        expected(&self.case())
    }
}

pub(crate) fn query(out: &Path, arguments: &[&str]) -> String {
    let mut all = vec!["query", out.to_str().unwrap(), "--format", "csv"];
    all.extend(arguments);
    let output = breachscope(&all);
    assert!(output.status.success(), "{}", stderr(&output));
    String::from_utf8(output.stdout).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The disclosure in the folder of results.
pub(crate) fn disclosure(out: &Path) -> serde_json::Value {
    let text = std::fs::read_to_string(out.join("disclosure.json")).unwrap();
    let disclosure: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(disclosure["schema"], "breachscope.disclosure/3");
    disclosure
}

/// Whether `disclosure` has this finding.
pub(crate) fn has_finding(disclosure: &serde_json::Value, finding: &serde_json::Value) -> bool {
    disclosure["findings"].as_array().unwrap().contains(finding)
}

/// The figures of `disclosure.json`.
pub(crate) fn figures(out: &Path) -> Figures {
    let disclosure = disclosure(out);
    let figures = disclosure["figures"].as_array().unwrap();
    let bound = |figure: &serde_json::Value, name: &str| figure[name].as_u64().unwrap();
    let all: Figures = figures
        .iter()
        .map(|figure| {
            assert!(!figure["unit"].as_str().unwrap().is_empty());
            assert!(!figure["rule"].as_str().unwrap().is_empty());
            let bounds = ["confirmed", "probable", "possible"].map(|name| bound(figure, name));
            (figure["id"].as_str().unwrap().to_string(), bounds)
        })
        .collect();
    assert_eq!(all.len(), figures.len(), "no id is there twice");
    all
}

/// The planted truth of `expected.toml`.
pub(crate) fn expected(case: &Path) -> Figures {
    let text = std::fs::read_to_string(case.join("expected.toml")).unwrap();
    let table: toml::Table = toml::from_str(&text).unwrap();
    let bound = |figure: &toml::Value, name: &str| {
        u64::try_from(figure[name].as_integer().unwrap()).unwrap()
    };
    let figures = table["figures"].as_table().unwrap().iter();
    figures
        .map(|(id, figure)| {
            (
                id.clone(),
                ["confirmed", "probable", "possible"].map(|name| bound(figure, name)),
            )
        })
        .collect()
}

/// Every file below `dir` with its bytes; receipts aside, which know when a file was last changed.
pub(crate) fn contents(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let found = files(dir).into_iter();
    let found = found.filter(|path| !path.parent().unwrap().ends_with("receipts"));
    let of = |path: PathBuf| {
        let bytes = std::fs::read(&path).unwrap();
        (path.strip_prefix(dir).unwrap().to_path_buf(), bytes)
    };
    found.map(of).collect()
}

/// All files below a folder; none if it is not there.
pub(crate) fn files(dir: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                all.push(path);
            }
        }
    }
    all.sort();
    all
}

/// A sequence of numbers that is the same in each run.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn below(&mut self, most: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % most.max(1)
    }
}

/// Runs a script of this folder in Python with DuckDB, and fails if it finds a difference.
///
/// Where Python or its module is not there, a line says that nothing was compared.
pub(crate) fn held_by_duckdb(script: &str, arguments: &[&Path]) {
    let script = repository().join("tests/integration").join(script);
    let python = std::env::var("BREACHSCOPE_PYTHON").unwrap_or_else(|_| "python3".to_string());
    match Command::new(&python).arg(script).args(arguments).output() {
        Ok(output) if output.status.code() == Some(77) => eprintln!(
            "skipped: {python} has no module duckdb; install it with pip, or name another in BREACHSCOPE_PYTHON"
        ),
        Ok(output) => {
            let told = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success(), "{told}{}", stderr(&output));
        }
        Err(error) => eprintln!("skipped: {python} cannot be run: {error}"),
    }
}
