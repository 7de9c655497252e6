//! Every planted figure comes back exactly, at several scales and seeds, however the run is made.

use crate::support::{Replica, breachscope, contents, expected, figures, repository};

#[test]
fn planted_figures_come_back_exactly() {
    for (scale, seed) in [
        (0.00001, 2),
        (0.00002, 3),
        (0.00003, 4),
        (0.00005, 5),
        (0.0001, 6),
        (0.0005, 99),
    ] {
        let replica = Replica::new(scale, seed, true);
        assert_eq!(
            replica.figures(3),
            replica.expected(),
            "scale {scale}, seed {seed}"
        );
    }
}

#[test]
fn without_an_attack_nothing_is_forged() {
    for seed in [1, 8, 21] {
        let replica = Replica::new(0.00003, seed, false);
        let figures = replica.figures(3);
        assert_eq!(figures, replica.expected());
        assert_eq!(figures["tokens.forged"][..2], [0, 0]);
        assert_eq!(figures["total.accounts"][..2], [0, 0]);
        assert!(figures["tokens.legitimate"][0] > 0 && figures["tokens.indeterminate"][0] > 0);
    }
}

#[test]
fn every_planted_feature_is_in_the_sample() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let case = repository().join("sample-data/replica");
    let run = breachscope(&[
        "scope",
        case.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
    ]);
    assert_eq!(run.status.code(), Some(3));
    let found = figures(&out);
    assert_eq!(found, expected(&case));
    for (id, least) in [
        ("fleet.addresses", 20),
        ("fleet.shared", 2),
        ("tokens.nonexistent_subject", 1_000),
        ("subjects.not_open", 3),
        ("requests.without_gateway_line", 3),
        ("intake.rejects", 20),
    ] {
        assert!(found[id][0] >= least, "{id}: {:?}", found[id]);
    }
    let [confirmed, probable, possible] = found["page.delivery-address-list.accounts"];
    assert!(
        confirmed < probable && probable < possible,
        "the hole and the lost log widen the bounds"
    );
    assert!(
        found["page.delivery-address-list.views"][1]
            > found["page.delivery-address-list.accounts"][1]
    );
    assert!(found["total.persons"][1] < found["total.accounts"][1]);
    let count = |sql: &str| -> u64 {
        let csv = crate::support::query(&out, &[sql]);
        csv.lines().nth(1).unwrap().parse().unwrap()
    };
    for (what, sql) in [
        (
            "passes with a real id",
            "SELECT COUNT(*) FROM tokens WHERE reason = 'issued_to_another_subject'",
        ),
        (
            "refreshes",
            "SELECT COUNT(*) FROM issuances WHERE event = 'refresh'",
        ),
        (
            "redirects",
            "SELECT COUNT(*) FROM requests WHERE status = 302 AND page IS NOT NULL",
        ),
        ("429", "SELECT COUNT(*) FROM requests WHERE status = 429"),
        ("5xx", "SELECT COUNT(*) FROM requests WHERE status >= 500"),
        (
            "empty 200s",
            "SELECT COUNT(*) FROM requests WHERE status = 200 AND body_bytes < 50 AND page IS NOT NULL",
        ),
        (
            "accounts closed",
            "SELECT COUNT(*) FROM accounts WHERE closed_at IS NOT NULL",
        ),
        (
            "services' tokens",
            "SELECT COUNT(*) FROM tokens WHERE reason = 'issuer_not_logged'",
        ),
        (
            "tokens of the lost hours",
            "SELECT COUNT(*) FROM tokens WHERE reason = 'issued_in_a_hole_of_the_log'",
        ),
    ] {
        assert!(count(sql) >= 3, "{what}: {}", count(sql));
    }
}

#[test]
fn the_committed_sample_is_what_the_generator_writes() {
    let dir = tempfile::tempdir().unwrap();
    let made = dir.path().join("replica");
    assert!(
        breachscope(&["synth", "--out", made.to_str().unwrap()])
            .status
            .success()
    );
    let (made, committed) = (
        contents(&made),
        contents(&repository().join("sample-data/replica")),
    );
    assert_eq!(
        made.keys().collect::<Vec<_>>(),
        committed.keys().collect::<Vec<_>>()
    );
    for (path, bytes) in &committed {
        assert!(made[path] == *bytes, "{} differs", path.display());
    }
    assert!(committed.values().map(Vec::len).sum::<usize>() < 5 << 20);
}

#[test]
fn threads_and_the_order_of_files_change_no_byte() {
    let replica = Replica::small();
    let mut runs = Vec::new();
    for threads in ["1", "2", "5"] {
        let _ = std::fs::remove_dir_all(replica.out());
        assert_eq!(
            replica.scope(&["--threads", threads]).status.code(),
            Some(3)
        );
        runs.push(contents(&replica.out()));
    }
    // The folder's own order changes: each file is taken away and put back, last first.
    for folder in ["gateway-a", "gateway-b", "edge", "application", "issuance"] {
        let folder = replica.case().join("evidence").join(folder);
        let mut files: Vec<_> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        for file in files.iter().rev() {
            let bytes = std::fs::read(file).unwrap();
            std::fs::remove_file(file).unwrap();
            std::fs::write(file, bytes).unwrap();
        }
    }
    assert_eq!(replica.scope(&[]).status.code(), Some(3));
    runs.push(contents(&replica.out()));
    assert!(runs.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn seeds_make_different_worlds_and_the_same_seed_the_same() {
    let [a, b, c] = [(1, true), (1, true), (2, true)]
        .map(|(seed, attack)| contents(&Replica::new(0.00001, seed, attack).case()));
    assert!(a == b);
    assert!(a != c);
}
