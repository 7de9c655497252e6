//! Verdicts under doubt: every scenario with ten seeds, held against what each token really is.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Mutex;

use breachscope::progress::Quiet;
use breachscope::synth::{self, Plan, Scenario};

use crate::support::{breachscope, query, repository, stderr};

const SEEDS: std::ops::RangeInclusive<u64> = 1..=10;

/// Tokens by truth, verdict and reason.
type Counts = BTreeMap<(String, String, String), u64>;

/// The fields of a line of CSV in which nothing is quoted.
fn fields(line: &str) -> Vec<String> {
    assert!(!line.contains('"'), "{line}");
    line.split(',').map(str::to_string).collect()
}

fn run(scenario: Scenario, seed: u64, prepare: impl Fn(&std::path::Path)) -> Counts {
    let dir = tempfile::tempdir().unwrap();
    let (case, out) = (dir.path().join("case"), dir.path().join("out"));
    let plan = Plan {
        scale: 0.00001,
        seed,
        attack: true,
        scenario: Some(scenario),
    };
    synth::write(&plan, &case, &Quiet).unwrap();
    prepare(&case);
    let arguments = ["scope", case.to_str().unwrap(), "--threads", "1", "--out"];
    let output = breachscope(&[&arguments[..], &[out.to_str().unwrap()]].concat());
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let truth = std::fs::read_to_string(case.join("truth.csv")).unwrap();
    let mut truth: BTreeMap<Vec<String>, String> = truth
        .lines()
        .skip(1)
        .map(|line| {
            let mut fields = fields(line);
            let truth = fields.pop().unwrap();
            (fields, truth)
        })
        .collect();
    let sql = "SELECT token_id, token_subject, token_issuer, key_id, verdict, reason FROM tokens";
    let mut counts = Counts::new();
    for line in query(&out, &[sql]).lines().skip(1) {
        let mut fields = fields(line);
        let (reason, verdict) = (fields.pop().unwrap(), fields.pop().unwrap());
        let truth = truth.remove(&fields);
        let truth =
            truth.unwrap_or_else(|| panic!("{line}: a token that nobody planted, or twice"));
        *counts.entry((truth, verdict, reason)).or_default() += 1;
    }
    assert!(truth.is_empty(), "tokens that got no verdict: {truth:?}");
    counts
}

fn sum(counts: &Counts, truth: &str, verdict: &str) -> u64 {
    let of = counts
        .iter()
        .filter(|((t, v, _), _)| t == truth && v == verdict);
    of.map(|(_, count)| count).sum()
}

fn reasons<'a>(counts: &'a Counts, truth: &str, verdict: &str) -> Vec<&'a str> {
    let of = counts.keys().filter(|(t, v, _)| t == truth && v == verdict);
    of.map(|(_, _, reason)| reason.as_str()).collect()
}

#[test]
#[allow(clippy::print_stdout, reason = "the table is the test's output")]
fn no_honest_token_is_forged_and_no_forged_token_legitimate() {
    let jobs: Vec<(Scenario, u64)> = Scenario::ALL
        .iter()
        .flat_map(|(scenario, ..)| SEEDS.map(|seed| (*scenario, seed)))
        .collect();
    let (next, found) = (Mutex::new(jobs.iter()), Mutex::new(BTreeMap::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Some((scenario, seed)) = next.lock().unwrap().next() else {
                        break;
                    };
                    let counts = run(*scenario, *seed, |_| {});
                    let mut found = found.lock().unwrap();
                    let sums: &mut Counts = found.entry(scenario.name()).or_default();
                    counts
                        .into_iter()
                        .for_each(|(key, count)| *sums.entry(key).or_default() += count);
                }
            });
        }
    });
    let found = found.into_inner().unwrap();
    let mut table = String::from(
        "| scenario | honest: legitimate | indeterminate | forged | forged: forged | indeterminate | legitimate |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for (scenario, ..) in Scenario::ALL {
        let counts = &found[scenario.name()];
        let of = |truth, verdict| sum(counts, truth, verdict);
        let _ = writeln!(
            table,
            "| `{}` | {} | {} | {} | {} | {} | {} |",
            scenario.name(),
            of("honest", "legitimate"),
            of("honest", "indeterminate"),
            of("honest", "forged"),
            of("forged", "forged"),
            of("forged", "indeterminate"),
            of("forged", "legitimate"),
        );
        assert_eq!(
            of("honest", "forged") + of("honest", "stolen"),
            0,
            "{}: {counts:?}",
            scenario.name()
        );
        assert_eq!(
            of("forged", "legitimate") + of("forged", "stolen"),
            0,
            "{}: {counts:?}",
            scenario.name()
        );
    }
    println!("{table}");
    // Doubt is not the answer to everything.
    for name in [
        "baseline",
        "clock-skew",
        "cached-token",
        "carrier-nat",
        "outnumbered",
        "one-a-day",
        "closed-accounts",
        "second-data-centre",
        "second-data-centre-own-key",
        "unnumbered",
        "unnumbered-complete",
    ] {
        let (forged, doubtful) = (
            sum(&found[name], "forged", "forged"),
            sum(&found[name], "forged", "indeterminate"),
        );
        assert!(
            forged > 20 * doubtful,
            "{name}: {forged} forged, {doubtful} in doubt"
        );
    }
    for name in [
        "baseline",
        "cached-token",
        "carrier-nat",
        "load-test",
        "one-a-day",
    ] {
        let (issued, doubtful) = (
            sum(&found[name], "honest", "legitimate"),
            sum(&found[name], "honest", "indeterminate"),
        );
        assert!(
            issued > 5 * doubtful,
            "{name}: {issued} legitimate, {doubtful} in doubt"
        );
    }
    assert_eq!(
        reasons(&found["broken-log"], "forged", "forged"),
        ["issued_to_another_subject"],
        "where records are lost, only records decide"
    );
    // Each for the right reason.
    assert!(
        reasons(&found["unnumbered"], "forged", "forged").contains(&"no_record_no_login"),
        "the login log tells what a log that lost records cannot"
    );
    assert_eq!(
        reasons(&found["real-ids"], "forged", "forged"),
        ["claims_differ"]
    );
    assert_eq!(
        reasons(&found["one-a-day"], "forged", "forged"),
        ["never_issued"]
    );
    assert_eq!(
        reasons(&found["hidden-in-gap"], "forged", "indeterminate"),
        ["issued_in_a_hole_of_the_log"]
    );
    let hidden = &found["hidden-in-gap"];
    assert!(sum(hidden, "forged", "indeterminate") > 20 * sum(hidden, "forged", "forged"));
    assert!(
        reasons(&found["second-data-centre"], "honest", "indeterminate")
            .contains(&"log_lacks_living_tokens")
    );
    assert!(
        reasons(
            &found["second-data-centre-own-key"],
            "honest",
            "indeterminate"
        )
        .contains(&"key_not_named_by_the_log")
    );
    assert!(
        reasons(&found["refresh-chain"], "honest", "indeterminate")
            .contains(&"issued_outside_the_log")
    );
    let measured = repository().join("tests/integration/matrix.md");
    let measured = std::fs::read_to_string(measured).unwrap();
    assert!(
        measured.contains(&table),
        "matrix.md shows this table:\n{table}"
    );
}

#[test]
fn a_late_file_settles_what_its_absence_left_open() {
    let in_a_hole = |counts: &Counts| -> u64 {
        let of = counts
            .iter()
            .filter(|((_, _, reason), _)| reason == "issued_in_a_hole_of_the_log");
        of.map(|(_, count)| count).sum()
    };
    let without = run(Scenario::LateFile, 1, |_| {});
    let with = run(Scenario::LateFile, 1, |case| {
        for file in std::fs::read_dir(case.join("late")).unwrap() {
            let file = file.unwrap();
            std::fs::rename(
                file.path(),
                case.join("evidence/issuance").join(file.file_name()),
            )
            .unwrap();
        }
    });
    assert!(
        in_a_hole(&without) > 3 * in_a_hole(&with),
        "{without:?} {with:?}"
    );
    assert_eq!(sum(&with, "honest", "forged"), 0);
    assert!(sum(&with, "honest", "legitimate") > sum(&without, "honest", "legitimate"));
    assert!(sum(&with, "forged", "forged") > sum(&without, "forged", "forged"));
}
