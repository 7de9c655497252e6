//! A sample of each format, good lines and damaged ones: what was planted comes back, in every container.
//!
//! `tests/samples/expected.toml` was written by hand from the products' documentation, apart from the
//! parsers.

use std::io::Write;
use std::path::Path;

use crate::support::{breachscope, query, repository, stderr};

/// Formats whose name in the case file is not the sample's.
fn format_of(sample: &str) -> &str {
    match sample {
        "nginx_log_format" => "nginx",
        "apache_log_format" => "apache",
        "envoy_text" => "envoy",
        "traefik_json" => "traefik",
        "keycloak_json" => "keycloak",
        "cloudtrail_lines" => "cloudtrail",
        "okta_array" => "okta",
        other => other,
    }
}

fn expected() -> toml::Table {
    let path = repository().join("tests/samples/expected.toml");
    toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn text<'t>(table: &'t toml::Value, name: &str) -> Option<&'t str> {
    table.get(name).and_then(toml::Value::as_str)
}

/// A case of one source for a sample; `path` is relative to the case folder.
fn case_of(sample: &str, table: &toml::Value, path: &str) -> String {
    let format = format_of(sample);
    let mut case = format!(
        "[case]\nid = \"sample\"\ntitle = \"\"\nreport_zone = \"UTC\"\ncollected_by = \"\"\ncollected_at = \"2025-11-20T10:00:00Z\"\n\
         [policy]\nclock_tolerance_seconds = 5\nrun_pause_hours = 24\nphase_pause_days = 30\n\
         [[source]]\nid = \"sample\"\nkind = \"{}\"\npaths = [\"{path}\"]\nformat = \"{format}\"\nclock_correction_seconds = 0\n",
        text(table, "kind").unwrap()
    );
    for name in ["zone", "log_format", "time"] {
        if let Some(value) = text(table, name) {
            case += &format!("{name} = {}\n", toml::Value::String(value.into()));
        }
    }
    if format.starts_with("envoy") {
        case += "forwarded_hops = 0\n";
    }
    case += "[source.fields]\n";
    if let Some(fields) = table.get("fields").and_then(toml::Value::as_table) {
        for (column, field) in fields {
            case += &format!("{column} = {field}\n");
        }
    } else if format == "combined" {
        case += "request_id = \"rid\"\n";
    }
    case
}

/// Runs intake on a case folder with one evidence file; gives the results' folder and the manifest.
fn intake(dir: &Path) -> serde_json::Value {
    let (case, out) = (dir.join("case"), dir.join("out"));
    let run = breachscope(&[
        "intake",
        case.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
    ]);
    assert!(
        [Some(0), Some(3)].contains(&run.status.code()),
        "{}: {}",
        dir.display(),
        stderr(&run)
    );
    serde_json::from_str(&std::fs::read_to_string(out.join("manifest.json")).unwrap()).unwrap()
}

/// A planted count; few logs have messages of the server's own.
fn planted_count(table: &toml::Value, name: &str) -> i64 {
    let count = table.get(name).and_then(toml::Value::as_integer);
    count.unwrap_or_else(|| {
        assert_eq!(name, "others");
        0
    })
}

fn counts(sample: &str, table: &toml::Value, manifest: &serde_json::Value) {
    let file = &manifest["evidence"][0];
    let names = ["lines", "rows", "rejects", "blanks", "others"];
    let found = names.map(|name| file[name].as_i64().unwrap());
    let planted = names.map(|name| planted_count(table, name));
    assert_eq!(found, planted, "{sample}: {names:?}");
    for (name, own) in [("first", "first_event"), ("last", "last_event")] {
        let moment = |text: &str| text.parse::<jiff::Timestamp>().unwrap();
        assert_eq!(
            moment(file[own].as_str().unwrap()),
            moment(text(table, name).unwrap()),
            "{sample}: {name}"
        );
    }
}

#[test]
fn every_format_gives_back_what_was_planted() {
    for (sample, table) in &expected() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("case")).unwrap();
        let file = text(table, "file").unwrap();
        std::fs::copy(
            repository().join("tests/samples").join(file),
            dir.path().join("case/evidence"),
        )
        .unwrap();
        std::fs::write(
            dir.path().join("case/case.toml"),
            case_of(sample, table, "evidence"),
        )
        .unwrap();
        let manifest = intake(dir.path());
        counts(sample, table, &manifest);
        let frame = match text(table, "kind").unwrap() {
            "issuance" => "issuances",
            "application" => "app_events",
            _ => "requests",
        };
        for row in table.get("row").and_then(toml::Value::as_array).unwrap() {
            let line = row["line"].as_integer().unwrap();
            for (column, value) in row
                .as_table()
                .unwrap()
                .iter()
                .filter(|(name, _)| *name != "line")
            {
                let sql = format!("SELECT {column} FROM {frame} WHERE line_no = {line}");
                let csv = query(&dir.path().join("out"), &[&sql]);
                let found = csv::Reader::from_reader(csv.as_bytes()).records().next();
                let found = found
                    .unwrap_or_else(|| panic!("{sample} line {line} is a row"))
                    .unwrap()[0]
                    .to_string();
                let same = match (column.as_str(), value) {
                    ("event_time", toml::Value::String(time)) => {
                        let read = |time: &str| time.parse::<jiff::Timestamp>().ok();
                        read(&found).is_some() && read(&found) == read(time)
                    }
                    (_, toml::Value::String(text)) => found == *text || found == format!("'{text}"),
                    (_, other) => found == other.to_string(),
                };
                assert!(
                    same,
                    "{sample} line {line}: {column} is `{found}`, planted {value}"
                );
            }
        }
    }
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn tarred(bytes: &[u8]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o600);
    builder
        .append_data(&mut header, "logs/sample.log", bytes)
        .unwrap();
    builder.into_inner().unwrap()
}

fn zipped(bytes: &[u8]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    writer
        .start_file("logs/sample.log", zip::write::SimpleFileOptions::default())
        .unwrap();
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap().into_inner()
}

#[test]
fn every_format_reads_the_same_in_every_container() {
    for (sample, table) in &expected() {
        let plain = std::fs::read(
            repository()
                .join("tests/samples")
                .join(text(table, "file").unwrap()),
        )
        .unwrap();
        let half = plain.len() / 2;
        let mut bz = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        bz.write_all(&plain).unwrap();
        let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 1);
        xz.write_all(&plain).unwrap();
        for (packed, bytes) in [
            (
                "gzip",
                [gzip(&plain[..half]), gzip(&plain[half..])].concat(),
            ),
            ("zstd", zstd::encode_all(&plain[..], 1).unwrap()),
            ("bzip2", bz.finish().unwrap()),
            ("xz", xz.finish().unwrap()),
            ("zip", zipped(&plain)),
            ("tar", tarred(&plain)),
            (
                "gzip+tar+zstd",
                gzip(&tarred(&zstd::encode_all(&plain[..], 1).unwrap())),
            ),
        ] {
            let dir = tempfile::tempdir().unwrap();
            std::fs::create_dir(dir.path().join("case")).unwrap();
            std::fs::write(dir.path().join("case/evidence"), bytes).unwrap();
            std::fs::write(
                dir.path().join("case/case.toml"),
                case_of(sample, table, "evidence"),
            )
            .unwrap();
            let manifest = intake(dir.path());
            assert_eq!(manifest["evidence"][0]["packed"], packed, "{sample}");
            counts(sample, table, &manifest);
        }
    }
}

#[test]
fn detect_names_each_format_and_init_makes_a_case_of_a_folder_of_them() {
    let dir = tempfile::tempdir().unwrap();
    let logs = dir.path().join("logs");
    let mut planted = Vec::new();
    for (sample, table) in &expected() {
        // A server's own log_format cannot be known from its lines.
        if table.get("log_format").is_some() {
            continue;
        }
        let folder = logs.join(sample);
        std::fs::create_dir_all(&folder).unwrap();
        let plain = std::fs::read(
            repository()
                .join("tests/samples")
                .join(text(table, "file").unwrap()),
        )
        .unwrap();
        std::fs::write(folder.join("sample.gz"), gzip(&plain)).unwrap();
        planted.push((sample.clone(), table.clone()));
    }
    let found = breachscope(&["detect", logs.to_str().unwrap(), "--format", "json"]);
    assert!(found.status.success(), "{}", stderr(&found));
    let found: Vec<serde_json::Value> = serde_json::from_slice(&found.stdout).unwrap();
    assert_eq!(found.len(), planted.len());
    for (one, (sample, _)) in found.iter().zip(&planted) {
        assert_eq!(one["format"], format_of(sample), "{sample}: {one}");
        assert!(!one["fills"].as_array().unwrap().is_empty(), "{sample}");
        // A field of a tail fills what its name says; in `common` there is none.
        let mapped = one["fields"]
            .to_string()
            .contains(r#"["request_id","rid"]"#);
        assert!(mapped == (sample == "combined"), "{sample}: {one}");
    }
    let case = dir.path().join("case.toml");
    let init = breachscope(&[
        "init",
        logs.to_str().unwrap(),
        "--zone",
        "Asia/Seoul",
        "--out",
        case.to_str().unwrap(),
    ]);
    assert!(init.status.success(), "{}", stderr(&init));
    // No field of some logs says who issued the tokens; the case file asks for it.
    let made = std::fs::read_to_string(&case).unwrap();
    let made = made.replace("#constants = { token_issuer", "constants = { token_issuer");
    std::fs::write(&case, made).unwrap();
    let out = dir.path().join("out");
    let scope = breachscope(&[
        "scope",
        case.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
    ]);
    assert_eq!(scope.status.code(), Some(3), "{}", stderr(&scope));
    let manifest: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(out.join("manifest.json")).unwrap()).unwrap();
    let sum = |name: &str| -> i64 {
        planted
            .iter()
            .map(|(_, table)| planted_count(table, name))
            .sum()
    };
    for name in ["lines", "rows", "rejects", "blanks", "others"] {
        assert_eq!(
            manifest["totals"][name].as_i64().unwrap(),
            sum(name),
            "{name}"
        );
    }
}

#[test]
fn detect_says_whether_it_looked_at_all_of_a_log() {
    let dir = tempfile::tempdir().unwrap();
    let line = |second: usize| {
        format!(
            "192.0.2.7 - - [14/Apr/2025:00:{:02}:{:02} +0000] \"GET /a HTTP/1.1\" 200 5 \"-\" \"agent\"\n",
            second / 60 % 60,
            second % 60
        )
    };
    for (count, all) in [(100, true), (60_000, false)] {
        let log = dir.path().join(format!("{count}.log"));
        std::fs::write(&log, (0..count).map(line).collect::<String>()).unwrap();
        let of = |format: &str| {
            let found = breachscope(&["detect", log.to_str().unwrap(), "--format", format]);
            String::from_utf8(found.stdout).unwrap()
        };
        let shown = of("text");
        assert_eq!(shown.contains("by its first and last"), !all, "{shown}");
        let found: Vec<serde_json::Value> = serde_json::from_str(&of("json")).unwrap();
        assert_eq!(found[0]["all_seen"], all, "{found:?}");
        assert_eq!(found[0]["first_event"], "2025-04-14T00:00:00Z");
    }
}
