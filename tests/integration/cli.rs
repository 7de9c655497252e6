//! The command line as a stranger meets it: help, formats, exit codes.

use crate::support::{Replica, breachscope, stderr};

fn stdout(arguments: &[&str]) -> String {
    let output = breachscope(arguments);
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        stderr(&output)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// The subcommands that the help lists, in its order.
fn subcommands() -> Vec<String> {
    let help = stdout(&["--help"]);
    let (_, list) = help.split_once("Commands:\n").unwrap();
    let (list, _) = list.split_once("\n\n").unwrap();
    let names = list
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names
        .map(|line| line.split_whitespace().next().unwrap().to_string())
        .collect()
}

#[test]
fn help_has_examples_and_exit_codes() {
    let help = stdout(&["--help"]);
    for part in [
        "Examples, in the order of an investigation:",
        "breachscope scope sample-data/replica",
        "Exit codes:",
    ] {
        assert!(help.contains(part), "{part}");
    }
    let subcommands = subcommands();
    assert_eq!(
        subcommands,
        [
            "detect", "init", "formats", "fields", "intake", "rejects", "scope", "schema", "query",
            "sql", "explain", "rules", "verify", "synth", "help"
        ]
    );
    for name in &subcommands {
        let example = format!("breachscope {name}");
        assert!(help.contains(&example), "{name} has an example");
        let own = stdout(&[name, "--help"]);
        assert!(
            own.contains("Examples:") && own.contains(&example),
            "{name}"
        );
    }
    assert!(stdout(&["--version"]).starts_with("breachscope "));
}

#[test]
fn usage_errors_exit_with_2() {
    for arguments in [
        &["scoop", "x"][..],
        &["scope"],
        &["scope", "x", "--format", "pdf"],
        &["scope", "x", "--threads", "0"],
        &["query", "x"],
        &["synth", "--out", "x", "--scale", "much"],
        &["synth", "--out", "x", "--world", "no-such"],
        &["synth", "--out", "x", "--world", "okta-api", "--scale", "1"],
    ] {
        assert_eq!(
            breachscope(arguments).status.code(),
            Some(2),
            "{arguments:?}"
        );
    }
}

#[test]
fn the_printed_formats_are_the_written_files() {
    let replica = Replica::small();
    let json = replica.scope(&["--format", "json"]);
    assert_eq!(
        json.stdout,
        std::fs::read(replica.out().join("disclosure.json")).unwrap()
    );
    let markdown = replica.scope(&["--format", "md"]);
    assert_eq!(
        markdown.stdout,
        std::fs::read(replica.out().join("report.md")).unwrap()
    );
    let text = String::from_utf8(replica.scope(&[]).stdout).unwrap();
    for part in [
        "confirmed",
        "delivery-address-list",
        "harvest",
        "dedicated",
        "What is missing:",
        "could not be read. See them with:",
        "breachscope rejects RESULTS",
        "cannot be determined",
    ] {
        assert!(text.contains(part), "{part}");
    }
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn outputs_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let replica = Replica::small();
    replica.figures(3);
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&replica.out()), 0o700);
    for file in ["disclosure.json", "report.md", "manifest.json"] {
        assert_eq!(mode(&replica.out().join(file)), 0o600, "{file}");
    }
}

#[test]
fn synth_says_what_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let taken = dir.path().to_str().unwrap();
    std::fs::write(dir.path().join("mine"), "").unwrap();
    for (arguments, part) in [
        (&["synth", "--out", taken][..], "not empty"),
        (&["synth", "--out", "new", "--scale", "2"], "at most 1"),
        (&["synth", "--out", "new", "--scale", "0"], "above 0"),
    ] {
        let output = breachscope(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(stderr(&output).contains(part), "{}", stderr(&output));
    }
}
