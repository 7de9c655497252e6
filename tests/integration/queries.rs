//! Every script of `queries/` runs, and says the same as the figures.

use std::path::Path;

use crate::support::{Replica, breachscope, held_by_duckdb, query, repository, stderr};

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
fn every_query_of_the_library_has_a_header_and_runs_by_its_name() {
    let replica = Replica::small();
    replica.figures(3);
    let library = breachscope::query::library();
    let mut files = 0;
    for entry in std::fs::read_dir(repository().join("queries")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "sql") {
            let name = path.file_stem().unwrap().to_str().unwrap().to_string();
            assert!(
                library.iter().any(|saved| saved.name == name),
                "{name} is in the program"
            );
            files += 1;
        }
    }
    assert_eq!(files, library.len());
    assert!(files >= 40);
    for saved in library {
        for part in [saved.title, saved.question, saved.columns, saved.order] {
            assert!(!part.is_empty(), "{}: {saved:?}", saved.name);
        }
        assert!(saved.sql.contains("\n-- unit: "), "{}", saved.name);
        let csv = query(&replica.out(), &[saved.name]);
        assert!(csv.lines().count() >= 1, "{}", saved.name);
    }
    let listed = breachscope(&["query", "--list", "account", "region"]);
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.contains("accounts-by-page-and-region"), "{listed}");
    assert!(!listed.contains("rejects-by-reason"), "{listed}");
}

/// The answers of DuckDB to the same statements on the same Parquet.
#[test]
fn statements_are_answered_as_by_duckdb_or_refused() {
    let replica = Replica::new(0.00003, 12, true);
    replica.figures(3);
    let out = replica.out();
    let program = Path::new(env!("CARGO_BIN_EXE_breachscope"));
    held_by_duckdb("statements.py", &[program, &out]);
}

#[test]
fn a_script_is_checked_whole_before_any_of_it_runs() {
    let replica = Replica::small();
    replica.figures(3);
    let out = replica.out();
    let file = replica.dir.path().join("rows.csv");
    let run = |sql: &str| {
        breachscope(&[
            "query",
            out.to_str().unwrap(),
            sql,
            "-o",
            file.to_str().unwrap(),
        ])
    };
    let script = "CREATE TABLE a AS SELECT 1 AS x;\nSELECT x FROM a;\nSELECT y FROM a";
    let output = run(script);
    assert_eq!(output.status.code(), Some(1));
    let told = stderr(&output);
    assert!(
        told.contains("statement 3 of 3") && told.contains("line 3, column 8"),
        "{told}"
    );
    assert!(!file.exists());
    let output = run("CREATE TABLE a AS SELECT 7 / 2 AS x; SELECT x FROM a");
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "x\n3.5\n");
    assert!(stderr(&run("SELECT 1 AS x")).contains("the file exists"));
}

#[test]
fn parameters_are_values_and_never_text_of_the_statement() {
    let replica = Replica::small();
    replica.figures(3);
    let count = |value: &str| {
        let sql = "SELECT COUNT(*) AS n FROM requests WHERE path = $path";
        query(&replica.out(), &["--param", &format!("path={value}"), sql])
    };
    assert_eq!(count("x' OR '1' = '1"), "n\n0\n");
    let sql = "SELECT COUNT(*) AS n FROM requests WHERE status = $status";
    let out = replica.out();
    let output = breachscope(&[
        "query",
        out.to_str().unwrap(),
        "--param",
        "status=many",
        sql,
    ]);
    assert!(
        stderr(&output).contains("a whole number"),
        "{}",
        stderr(&output)
    );
    let output = breachscope(&["query", out.to_str().unwrap(), sql]);
    assert!(
        stderr(&output).contains("--param status=VALUE"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_result_has_the_form_that_was_asked_for() {
    let replica = Replica::small();
    replica.figures(3);
    let out = replica.out();
    let sql = "SELECT 1 AS a, 'x|y' AS b, CAST(NULL AS BIGINT) AS c, TIMESTAMPTZ '2025-11-19 01:00:00Z' AS d";
    let run = |more: &[&str]| {
        let arguments = [&["query", out.to_str().unwrap(), sql], more].concat();
        let output = breachscope(&arguments);
        assert!(output.status.success(), "{}", stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    for (format, expected) in [
        ("csv", "a,b,c,d\n1,x|y,,2025-11-19T01:00:00Z\n"),
        ("tsv", "a\tb\tc\td\n1\tx|y\t\t2025-11-19T01:00:00Z\n"),
        (
            "jsonl",
            "{\"a\":1,\"b\":\"x|y\",\"c\":null,\"d\":\"2025-11-19T01:00:00Z\"}\n",
        ),
        ("table", "a  b    c  d\n1  x|y  -  2025-11-19T01:00:00Z\n"),
    ] {
        assert_eq!(run(&["--format", format]), expected, "{format}");
    }
    assert!(run(&["--format", "md"]).contains(r"x\|y"));
    assert!(run(&["--vertical"]).contains("  b  x|y\n"));
    assert!(run(&["--zone", "Asia/Seoul"]).contains("2025-11-19T10:00:00+09:00"));
    assert!(run(&["--explain"]).contains("Projection"));
    let json: serde_json::Value = serde_json::from_str(&run(&["--format", "json"])).unwrap();
    assert_eq!(json[0]["a"], 1);
}

#[test]
fn a_prompt_without_a_terminal_reads_statements() {
    use std::io::Write as _;
    let replica = Replica::small();
    replica.figures(3);
    let mut prompt = std::process::Command::new(env!("CARGO_BIN_EXE_breachscope"))
        .arg("sql")
        .arg(replica.out())
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = prompt.stdin.take().unwrap();
    input
        .write_all(b"CREATE TABLE t AS SELECT 2 AS x; SELECT x * 21 AS y FROM t;")
        .unwrap();
    drop(input);
    let output = prompt.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), " y\n42\n");
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
        (
            "SELECT user_agent FROM exposures",
            "`user_agent` is a column of requests",
        ),
        ("SELECT path LIKE raw FROM rejects, requests", "error: "),
        ("SELEC 1", "begin with SELECT"),
        ("DROP TABLE requests", "only reads"),
        (
            "SELECT * FROM read_parquet('https://192.0.2.1/a')",
            "frames of this run only",
        ),
        ("SELECT * FROM '/etc/passwd'", "frames of this run only"),
        ("COPY requests TO '/tmp/a.csv'", "only reads"),
        ("SELECT 1 / 0", "division by zero"),
        (
            "SELECT account FROM exposures AS x JOIN accounts AS a ON x.account = a.account",
            "in several tables",
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
