//! What a reader looks up comes from the program, is complete, and is true of what the program does.

use std::collections::BTreeSet;
use std::path::Path;

use breachscope::query::{MEMORY, Session, Settings};
use polars::prelude::{Column, DataFrame, ParquetWriter};
use serde_json::Value;

use crate::support::{Replica, breachscope, repository, stderr};

fn stdout(arguments: &[&str]) -> String {
    let output = breachscope(arguments);
    let code = output.status.code();
    assert_eq!(code, Some(0), "{arguments:?}: {}", stderr(&output));
    String::from_utf8(output.stdout).unwrap()
}

fn data(arguments: &[&str]) -> Value {
    let arguments = [arguments, &["--format", "json"]].concat();
    serde_json::from_str(&stdout(&arguments)).unwrap()
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name]
        .as_str()
        .unwrap_or_else(|| panic!("{name}: {value}"))
}

/// Every format, as `breachscope formats` tells it.
fn formats() -> Vec<Value> {
    let all = data(&["formats"]);
    let all = all.as_array().unwrap().clone();
    assert!(all.len() >= 30);
    all
}

/// Writes the example of each format where its source looks for it, and gives the case file.
fn examples(folder: &Path) -> String {
    let mut case = String::from(
        "[case]\nid = \"examples\"\ntitle = \"\"\nreport_zone = \"UTC\"\ncollected_by = \"\"\n\
         collected_at = \"2025-11-20T10:00:00Z\"\n\
         [policy]\nclock_tolerance_seconds = 5\nrun_pause_hours = 24\nphase_pause_days = 30\n",
    );
    for format in formats() {
        let evidence = folder.join("evidence").join(text(&format, "name"));
        std::fs::create_dir_all(&evidence).unwrap();
        let example = text(&format, "example");
        if text(&format, "name") == "parquet" {
            as_parquet(example, &evidence.join("log"));
        } else {
            std::fs::write(evidence.join("log"), format!("{example}\n")).unwrap();
        }
        case += &format!("\n{}\n", text(&format, "source"));
    }
    case
}

/// Writes a row, given as a JSON object, as a Parquet file.
fn as_parquet(row: &str, path: &Path) {
    let row: serde_json::Map<String, Value> = serde_json::from_str(row).unwrap();
    let columns = row.iter().map(|(name, value)| match value {
        Value::Number(number) => Column::new(name.into(), [number.as_i64().unwrap()]),
        value => Column::new(name.into(), [value.as_str().unwrap()]),
    });
    let mut frame = DataFrame::new(1, columns.collect()).unwrap();
    let file = std::fs::File::create(path).unwrap();
    ParquetWriter::new(file).finish(&mut frame).unwrap();
}

#[test]
fn each_formats_example_is_a_row_of_the_source_shown_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let case = examples(dir.path());
    std::fs::write(dir.path().join("case.toml"), case).unwrap();
    let out = dir.path().join("out");
    let run = breachscope(&[
        "intake",
        dir.path().to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
    ]);
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    let manifest = std::fs::read_to_string(out.join("manifest.json")).unwrap();
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    let evidence = manifest["evidence"].as_array().unwrap();
    assert_eq!(evidence.len(), formats().len());
    for file in evidence {
        assert_eq!(file["rows"], 1, "{file}");
        assert_eq!(file["rejects"], 0, "{file}");
    }
}

#[test]
fn an_example_is_known_for_its_format() {
    let dir = tempfile::tempdir().unwrap();
    examples(dir.path());
    for format in formats() {
        let name = text(&format, "name");
        let log = dir.path().join("evidence").join(name).join("log");
        let found = data(&["detect", log.to_str().unwrap()]);
        // The two that take a log_format are never guessed; the kin of csv and tsv need quotes to be told apart.
        if !["nginx", "apache", "csv_backslash", "tsv_unquoted"].contains(&name) {
            assert_eq!(found[0]["format"], name, "{}", found[0]);
        }
    }
}

#[test]
fn all_of_each_format_is_told() {
    for format in formats() {
        for part in ["reads", "detected_by", "times", "note", "example", "source"] {
            assert!(!text(&format, part).is_empty(), "{format}: {part}");
        }
        assert!(text(&format, "documentation").starts_with("https://"));
        let page = stdout(&["formats", text(&format, "name")]);
        for part in ["reads", "detected by", "times", "Fills", "Example"] {
            assert!(page.contains(part), "{page}: {part}");
        }
    }
    let nginx = stdout(&["formats", "nginx"]);
    assert!(nginx.contains("from `$body_bytes_sent` or `$bytes_sent`"));
    assert!(stdout(&["formats", "haproxy"]).contains("`zone`, for its times carry none"));
}

#[test]
fn pages_fit_the_terminal() {
    let mut pages = vec![
        vec!["formats"],
        vec!["fields"],
        vec!["schema"],
        vec!["help", "case"],
    ];
    let formats = formats();
    pages.extend(formats.iter().map(|one| vec!["formats", text(one, "name")]));
    for arguments in pages {
        for line in stdout(&arguments).lines() {
            // An address in the web is not broken.
            let fits = line.chars().count() <= 80 || line.contains("https://");
            assert!(fits, "{arguments:?}: {line}");
        }
        let markdown = stdout(&[arguments.as_slice(), &["--format", "md"]].concat());
        assert!(markdown.starts_with("# "), "{arguments:?}");
        assert!(
            markdown.contains("| name | | meaning |\n|---|---|---|\n") || arguments[0] == "formats"
        );
    }
}

/// The type that a column has in SQL, by its name there.
fn sql_type(kind: &str) -> &'static str {
    match kind {
        "Utf8View" | "Utf8" => "VARCHAR",
        "BinaryView" => "BLOB",
        "Int64" => "BIGINT",
        "Timestamp(µs, \"UTC\")" => "TIMESTAMP",
        other => panic!("no frame has {other}"),
    }
}

#[test]
fn the_schema_is_that_of_the_frames_of_a_run() {
    let replica = Replica::small();
    replica.figures(3);
    let settings = Settings {
        memory: MEMORY,
        threads: 2,
        zone: None,
    };
    let session = Session::open(&replica.out(), settings).unwrap();
    let told = data(&["schema"]);
    let mut seen = 0;
    for frame in told.as_array().unwrap() {
        let name = text(frame, "name");
        assert!(text(frame, "row").ends_with('.'), "{frame}");
        let columns = frame["columns"].as_array().unwrap();
        for column in columns {
            assert!(text(column, "meaning").ends_with('.'), "{name}: {column}");
        }
        let found = session.columns(name);
        // A run without logins has no such frame.
        if found.is_empty() {
            assert_eq!(name, "logins");
            continue;
        }
        let found: Vec<(&str, &str)> = found
            .iter()
            .map(|(name, kind)| (name.as_str(), sql_type(&kind.to_string())))
            .collect();
        let told: Vec<(&str, &str)> = columns
            .iter()
            .map(|column| (text(column, "name"), text(column, "type")))
            .collect();
        assert_eq!(told, found, "{name}");
        seen += 1;
    }
    assert!(seen >= 23);
}

#[test]
fn fields_has_every_kind_with_its_columns_and_what_stands_in_for_them() {
    let all = data(&["fields"]);
    let kinds: Vec<&str> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|one| text(one, "kind"))
        .collect();
    assert_eq!(
        kinds,
        ["gateway", "edge", "application", "issuance", "login"]
    );
    let gateway = data(&["fields", "gateway"]);
    let required = |name: &str| {
        let columns = gateway["columns"].as_array().unwrap();
        let column = columns.iter().find(|column| column["name"] == name);
        column.unwrap()["required"].as_bool().unwrap()
    };
    assert!(required("event_time") && required("token_subject") && !required("user_agent"));
    let inputs: BTreeSet<&str> = gateway["instead_of_columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|input| text(input, "name"))
        .collect();
    for name in [
        "request_line",
        "url",
        "query",
        "client_endpoint",
        "forwarded_for",
        "date",
        "time_of_day",
        "token",
        "authorization",
        "cookie",
        "token_hash",
        "token_prefix",
    ] {
        assert!(inputs.contains(name), "{name}");
    }
}

/// Asserts that each setting of a table in the schema has a description and an example, and counts them.
fn described(schema: &Value, table: &Value) -> usize {
    let mut count = 0;
    for (name, property) in table["properties"].as_object().unwrap() {
        let description = property["description"].as_str().unwrap_or_default();
        assert!(description.len() > 5, "{name}: {property}");
        let nested = [&property["items"]["$ref"], &property["$ref"]]
            .into_iter()
            .find_map(Value::as_str)
            .and_then(|reference| schema.pointer(&reference[1..]))
            .filter(|nested| nested.get("properties").is_some());
        match nested {
            Some(nested) => count += described(schema, nested),
            None => {
                assert!(property["examples"].is_array(), "{name} has an example");
                count += 1;
            }
        }
    }
    count
}

/// Asserts that each setting that a case file gives is one of the schema.
fn covers(schema: &Value, table: &Value, given: &toml::Table) {
    for (name, value) in given {
        let property = &table["properties"][name];
        assert!(property.is_object(), "{name} is a setting");
        let nested = [&property["items"]["$ref"], &property["$ref"]]
            .into_iter()
            .find_map(Value::as_str)
            .and_then(|reference| schema.pointer(&reference[1..]));
        match (nested, value) {
            (Some(nested), toml::Value::Table(inner)) => covers(schema, nested, inner),
            (Some(nested), toml::Value::Array(all)) => all
                .iter()
                .filter_map(toml::Value::as_table)
                .for_each(|inner| covers(schema, nested, inner)),
            _ => {}
        }
    }
}

#[test]
fn help_case_has_every_setting_with_default_and_example() {
    let schema = data(&["help", "case"]);
    assert!(described(&schema, &schema) >= 40);
    let case = repository().join("sample-data/replica/case.toml");
    let case: toml::Table = std::fs::read_to_string(case).unwrap().parse().unwrap();
    covers(&schema, &schema, &case);
    let page = stdout(&["help", "case"]);
    for part in [
        "coverage_witnesses  whole number, default 20",
        "Example: report_zone = \"Asia/Seoul\"",
        "clock_correction_seconds  whole number, required",
        "\"epoch_milliseconds\": Milliseconds since 1970 UTC",
        "empty_below_bytes",
        "custodian_left_at",
        "opened_at",
    ] {
        assert!(page.contains(part), "{part}");
    }
}

#[test]
fn what_does_not_exist_is_told_with_what_was_meant() {
    for (arguments, code, part) in [
        (&["formats", "ngnix"][..], 1, "did you mean `nginx`?"),
        (&["fields", "gatway"], 1, "did you mean `gateway`?"),
        (&["schema", "exposure"], 1, "did you mean `exposures`?"),
        (&["help", "scop"], 2, "did you mean `scope`?"),
        (
            &["help", "scope", "--format", "md"],
            2,
            "`breachscope help case`",
        ),
    ] {
        let output = breachscope(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        assert!(stderr(&output).contains(part), "{}", stderr(&output));
    }
}

#[test]
fn help_of_a_subcommand_is_its_own() {
    let by_topic = stdout(&["help", "scope"]);
    assert!(by_topic.contains("Examples:") && by_topic.contains("--threads"));
    assert!(stdout(&["help"]).contains("Exit codes:"));
}
