//! Each command shown in the README is run.

use std::process::Command;

use crate::support::{repository, stderr};

#[test]
fn every_command_of_the_readme_runs() {
    let readme = std::fs::read_to_string(repository().join("README.md")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    for name in ["sample-data", "queries"] {
        std::os::unix::fs::symlink(repository().join(name), dir.path().join(name)).unwrap();
    }
    let mut commands = Vec::new();
    let mut shell = false;
    for line in readme.lines() {
        match line {
            "```sh" => shell = true,
            "```" => shell = false,
            _ if shell => commands.push(line),
            _ => {}
        }
    }
    let program = env!("CARGO_BIN_EXE_breachscope");
    let mut count = 0;
    for command in commands {
        // The tests run themselves already; the benchmark needs gigabytes.
        if command == "cargo test --release" {
            continue;
        }
        let own = command.replace("cargo run --release -- ", "breachscope ");
        assert!(own.starts_with("breachscope "), "{command}");
        let script = format!("{}{}", program, own.strip_prefix("breachscope").unwrap());
        let output = Command::new("sh")
            .args(["-c", &script])
            .current_dir(dir.path())
            .output()
            .unwrap();
        let code = output.status.code();
        // `scope` on a replica finishes with 3: its evidence has holes, as planted.
        let expected = if ["scope", "intake"]
            .iter()
            .any(|name| own.starts_with(&format!("breachscope {name}")))
        {
            3
        } else {
            0
        };
        assert_eq!(code, Some(expected), "{command}: {}", stderr(&output));
        assert!(
            !output.stdout.is_empty() || own.starts_with("breachscope synth"),
            "{command}"
        );
        count += 1;
    }
    assert!(count >= 15, "{count} commands");
    let lines = readme.lines().count();
    assert!(
        lines <= 180,
        "the README has {lines} lines, and is to have 180 at most"
    );
    let ci = std::fs::read_to_string(repository().join(".ci/run")).unwrap();
    assert!(ci.contains("cargo test --release") && readme.contains("\ncargo test --release\n"));
}
