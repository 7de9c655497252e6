//! Every script of `queries/` runs, and says the same as the figures.

use crate::support::{Replica, breachscope, query, repository, stderr};

fn script(replica: &Replica, name: &str) -> Vec<Vec<String>> {
    let path = repository().join("queries").join(format!("{name}.sql"));
    let csv = query(&replica.out(), &["-f", path.to_str().unwrap()]);
    csv.lines()
        .map(|line| line.split(',').map(str::to_string).collect())
        .collect()
}

#[test]
fn every_script_agrees_with_the_figures() {
    let replica = Replica::new(0.00003, 12, true);
    let figures = replica.figures(3);
    let number = |text: &str| text.parse::<u64>().unwrap();

    let rows = script(&replica, "headline-figures");
    assert_eq!(rows.len(), 5);
    for row in &rows[1..] {
        let of = |figure: &str| figures[&format!("page.{}.{figure}", row[0])];
        let (views, accounts) = (of("views"), of("accounts"));
        let counted = [&row[1], &row[2], &row[3], &row[4]].map(|text| number(text));
        assert_eq!(
            counted,
            [views[0], views[1], accounts[0], accounts[1]],
            "{}",
            row[0]
        );
    }

    let rows = script(&replica, "accounts-by-page");
    for bound in ["confirmed", "probable", "possible"] {
        let views: u64 = rows[1..]
            .iter()
            .filter(|row| row[1] == bound)
            .map(|row| number(&row[3]))
            .sum();
        let [confirmed, probable, possible] = figures["total.views"];
        let alone = match bound {
            "confirmed" => confirmed,
            "probable" => probable - confirmed,
            _ => possible - probable,
        };
        assert_eq!(views, alone, "{bound}");
    }

    let rows = script(&replica, "fleet-by-network");
    let sum = |column: usize, rows: &[Vec<String>]| {
        rows[1..]
            .iter()
            .map(|row| number(&row[column]))
            .sum::<u64>()
    };
    assert_eq!(sum(3, &rows), figures["fleet.addresses"][0]);
    assert_eq!(sum(4, &rows), figures["requests.forged"][0]);

    let rows = script(&replica, "forged-passes-by-key-and-day");
    assert_eq!(sum(2, &rows), figures["tokens.forged"][0]);
    assert!(rows[1..].iter().all(|row| row[0] == "standby-2024-05"));

    // The keys as the investigation found them, and how many days lie between these dates.
    let rows = script(&replica, "key-timeline");
    let key = &rows[1];
    assert_eq!(key[1], "standby-2024-05");
    assert_eq!(key[7], "322", "2025-01-01 to 2025-11-19 in Korea");
    assert_eq!(key[8], "laptop");
    assert_eq!(
        [13, 15].map(|at| number(&key[at])),
        [figures["tokens.forged"][0]; 2]
    );
    assert_eq!(sum(12, &rows), figures["tokens.legitimate"][0]);
    assert_eq!(sum(14, &rows), figures["tokens.indeterminate"][0]);

    // Every record of the issuance log lies in an hour of a key, and the log's hours are whole.
    let rows = script(&replica, "issuance-coverage");
    let records = replica.query("SELECT COUNT(*) AS n FROM issuances");
    assert_eq!(sum(5, &rows), number(records.lines().nth(1).unwrap()));
    let of = |key: &str, status: &str| -> u64 {
        let rows = rows[1..]
            .iter()
            .filter(|row| row[1] == key && row[2] == status);
        rows.map(|row| number(&row[4])).sum()
    };
    let hours = 323 * 24;
    for key in ["primary-2023-05", "standby-2024-05"] {
        let (complete, hole) = (of(key, "complete"), of(key, "hole"));
        // The last sessions go on for a while after the last day.
        assert!((hours..hours + 6).contains(&(complete + hole)), "{key}");
        // Six lost hours, the hour that each edge touches, and three minutes with damaged lines.
        assert!((9..=14).contains(&hole), "{key}: {hole}");
    }

    let rows = script(&replica, "nonexistent-subjects");
    assert_eq!(rows.len() as u64 - 1, figures["subjects.nonexistent"][0]);
    assert_eq!(sum(1, &rows), figures["tokens.nonexistent_subject"][0]);

    let rows = script(&replica, "rejects-by-reason");
    assert_eq!(sum(2, &rows), figures["intake.rejects"][0]);
}

#[test]
fn every_script_has_a_header_and_a_test() {
    let tests = include_str!("queries.rs");
    let mut count = 0;
    for entry in std::fs::read_dir(repository().join("queries")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "sql") {
            let text = std::fs::read_to_string(&path).unwrap();
            let mut header = text.lines();
            assert!(
                header.next().unwrap().starts_with("-- "),
                "{}",
                path.display()
            );
            assert!(
                header.any(|line| line.starts_with("-- unit: ")),
                "{}",
                path.display()
            );
            let name = path.file_stem().unwrap().to_str().unwrap();
            assert!(
                tests.contains(&format!("script(&replica, \"{name}\")")),
                "{name} is tested"
            );
            count += 1;
        }
    }
    assert!(count >= 6);
}

#[test]
fn a_query_only_reads() {
    let replica = Replica::small();
    replica.figures(3);
    let out = replica.out();
    let before = crate::support::contents(&out);
    for (sql, hint) in [
        ("SELECT * FROM request", "did you mean `requests`?"),
        ("SELECT nothing FROM requests", "error: "),
        ("SELECT length(raw) FROM rejects", "`raw` holds bytes"),
        ("SELEC 1", "begin with SELECT"),
        ("DROP TABLE requests", "only reads"),
        (
            "SELECT * FROM read_parquet('https://192.0.2.1/a')",
            "frames of this run only",
        ),
    ] {
        let output = breachscope(&["query", out.to_str().unwrap(), sql]);
        assert_eq!(output.status.code(), Some(1), "{sql}");
        assert!(stderr(&output).contains(hint), "{sql}: {}", stderr(&output));
    }
    assert!(before == crate::support::contents(&out));
    let nowhere = breachscope(&["query", "/nonexistent", "SELECT 1"]);
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(stderr(&nowhere).contains("--out DIR"));
}
