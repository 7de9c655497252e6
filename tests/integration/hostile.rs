//! Hostile and damaged lines: each becomes a row or a reject with its place, and nothing is lost.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::support::{breachscope, disclosure, query, stderr};

pub(crate) const HEAD: &str = "[case]\nid = \"hostile\"\ntitle = \"\"\nreport_zone = \"UTC\"\ncollected_by = \"\"\ncollected_at = \"2025-11-20T10:00:00Z\"\n[policy]\nclock_tolerance_seconds = 5\nrun_pause_hours = 24\nphase_pause_days = 30\n";
pub(crate) const JSON: &str = "format = \"jsonl\"\ntime = \"rfc3339\"\n[source.fields]\nevent_time = \"t\"\nsource_ip = \"ip\"\nmethod = \"m\"\npath = \"p\"\nstatus = \"s\"\nuser_agent = \"late\"\n";

pub(crate) struct Run {
    pub(crate) dir: tempfile::TempDir,
}

impl Run {
    /// Logs by name, read by one source with these settings.
    pub(crate) fn new(logs: &[(&str, &[u8])], settings: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("case/logs");
        std::fs::create_dir_all(&folder).unwrap();
        for (name, bytes) in logs {
            std::fs::write(folder.join(name), bytes).unwrap();
        }
        let source = format!(
            "[[source]]\nid = \"edge\"\nkind = \"edge\"\npaths = [\"logs\"]\nclock_correction_seconds = 0\n{settings}"
        );
        std::fs::write(dir.path().join("case/case.toml"), format!("{HEAD}{source}")).unwrap();
        Run { dir }
    }

    pub(crate) fn out(&self) -> PathBuf {
        self.dir.path().join("out")
    }

    pub(crate) fn go(&self, command: &str, code: i32) -> serde_json::Value {
        let case = self.dir.path().join("case");
        let run = breachscope(&[
            command,
            case.to_str().unwrap(),
            "--out",
            self.out().to_str().unwrap(),
        ]);
        assert_eq!(run.status.code(), Some(code), "{}", stderr(&run));
        let text = std::fs::read_to_string(self.out().join("manifest.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    pub(crate) fn query(&self, sql: &str) -> Vec<String> {
        query(&self.out(), &[sql])
            .lines()
            .skip(1)
            .map(str::to_string)
            .collect()
    }
}

pub(crate) fn combined(time: &str, path: &str, agent: &str) -> String {
    format!("192.0.2.7 - - [{time}] \"GET {path} HTTP/1.1\" 200 5 \"-\" \"{agent}\"\n")
}

pub(crate) fn json(second: usize, rest: &str) -> String {
    format!(
        "{{\"t\":\"2025-04-14T00:00:{second:02}Z\",\"ip\":\"192.0.2.7\",\"m\":\"GET\",\"p\":\"/a\",\"s\":\"200\"{rest}}}\n"
    )
}

#[test]
fn every_kind_of_damage_is_a_row_or_a_reject() {
    let mut log = b"\xef\xbb\xbf".to_vec();
    let deep = format!(",\"x\":{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let long = format!(",\"x\":\"{}\"", "y".repeat(10 << 20));
    let lines: [(Vec<u8>, &str); 10] = [
        (json(1, "").into_bytes(), ""),
        (json(2, "").trim_end().to_string().into_bytes(), ""),
        (json(3, &deep).into_bytes(), ""),
        (json(4, &long).into_bytes(), ""),
        (json(5, ",\"s\":500").into_bytes(), ""),
        (json(6, ",\"late\":\"\u{0}\"").into_bytes(), "json_syntax"),
        (b"\0\0\0\0\n".to_vec(), "hole"),
        (
            [&json(7, "").as_bytes()[..40], b"\xff\xfe\n"].concat(),
            "json_syntax",
        ),
        (b" \t \r\n".to_vec(), "blank"),
        (json(8, "").into_bytes()[..50].to_vec(), "json_syntax"),
    ];
    for (line, _) in &lines {
        log.extend_from_slice(line);
        if line.len() < 100 && line.last() == Some(&b'}') {
            log.extend_from_slice(b"\r\n");
        }
    }
    let run = Run::new(&[("a.jsonl", &log)], JSON);
    let manifest = run.go("intake", 3);
    let file = &manifest["evidence"][0];
    let counts = ["lines", "rows", "rejects", "blanks"].map(|name| file[name].as_u64().unwrap());
    assert_eq!(counts, [10, 5, 4, 1]);
    assert_eq!(
        run.query("SELECT line_no FROM requests ORDER BY line_no"),
        ["1", "2", "3", "4", "5"]
    );
    // Of a field that is there twice no one can know which counts; the request counts all the same.
    assert_eq!(
        run.query(
            "SELECT line_no, status, row_problem FROM requests WHERE row_problem IS NOT NULL"
        ),
        ["5,,twice_status"]
    );
    let found = run.query("SELECT line_no, reason FROM rejects ORDER BY line_no");
    let planted: Vec<String> = lines
        .iter()
        .zip(1..)
        .filter(|((_, reason), _)| !["", "blank"].contains(reason))
        .map(|((_, reason), number)| format!("{number},{reason}"))
        .collect();
    assert_eq!(found, planted);
    // Each reject leads to its bytes.
    for place in run.query("SELECT byte_offset FROM rejects WHERE line_no = 6") {
        let at: usize = place.parse().unwrap();
        assert!(log[at..].starts_with(&lines[5].0));
    }
    let shown = breachscope(&["rejects", run.out().to_str().unwrap(), "--examples", "1"]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(
        shown.contains("logs/a.jsonl:6 at byte") && shown.lines().all(|line| !line.contains('\0')),
        "{shown}"
    );
}

#[test]
fn damage_among_many_lines_leaves_the_others_as_they_are() {
    let (mut log, mut rows, mut rejects) = (Vec::new(), Vec::new(), Vec::new());
    for number in 1..=1000 {
        let path = format!("/{}", "é".repeat(number % 50));
        let agent = format!("agent {number}");
        let line = |time: &str, agent: &str| combined(time, &path, agent).into_bytes();
        let good = "14/Apr/2025:00:00:00 +0000";
        let kind = if number < 200 { 0 } else { number * 7919 % 11 };
        match kind {
            1 => {
                log.extend(line("14/Foo/2025:00:00:00 +0000", &agent));
                rejects.push(format!("{number},bad_time"));
            }
            2 => {
                log.extend(line(good, "x\u{1}y").into_iter().map(|byte| byte.max(2)));
                log.iter_mut()
                    .rev()
                    .take(20)
                    .filter(|byte| **byte == 2)
                    .for_each(|byte| *byte = 0xff);
                rows.push(format!("{number},{path},x\\xFFy"));
            }
            3 => {
                log.extend(line(good, &format!("a \\\"quoted\\\" {number}")));
                rows.push(format!("{number},{path},\"a \"\"quoted\"\" {number}\""));
            }
            4 => log.extend(b" \r\n"),
            5 => {
                log.extend(b"nothing\n");
                rejects.push(format!("{number},log_syntax"));
            }
            _ => {
                log.extend(line(good, &agent));
                rows.push(format!("{number},{path},{agent}"));
            }
        }
    }
    let run = Run::new(&[("a.log", &log)], "format = \"combined\"\n");
    run.go("intake", 3);
    assert_eq!(
        run.query("SELECT line_no, path, user_agent FROM requests ORDER BY line_no"),
        rows
    );
    assert_eq!(
        run.query("SELECT line_no, reason FROM rejects ORDER BY line_no"),
        rejects
    );
}

#[test]
fn an_empty_id_is_none() {
    let log = ["", " rid=", " rid=\"\"", " rid=-", " rid=7"].map(|tail| {
        let line = combined("14/Apr/2025:00:00:00 +0000", "/a", "x");
        format!("{}{tail}\n", line.trim_end())
    });
    // Once as the first stretch, which is read line by line, and once more behind it.
    let log = log.concat().repeat(20);
    let settings = "format = \"combined\"\n[source.fields]\nrequest_id = \"rid\"\n";
    let run = Run::new(&[("a.log", log.as_bytes())], settings);
    run.go("intake", 0);
    let sql = "SELECT request_id, COUNT(*) AS n FROM requests GROUP BY request_id ORDER BY n";
    assert_eq!(run.query(sql), ["7,20", ",80"]);
    let sql = "SELECT COUNT(*) AS n FROM requests WHERE request_id IS NULL";
    assert_eq!(run.query(sql), ["80"]);
    let log = [",\"rid\":\"\"", ",\"rid\":null", ",\"rid\":\"7\""].map(|rest| json(1, rest));
    let run = Run::new(
        &[(
            "a.jsonl",
            log.concat().replace("}", ",\"late\":\"x\"}").as_bytes(),
        )],
        &format!("{JSON}request_id = \"rid\"\n"),
    );
    run.go("intake", 0);
    assert_eq!(run.query(sql), ["2"]);
}

#[test]
fn lines_that_look_alike_to_no_end_take_no_time() {
    let mut log = json(1, &format!(",\"late\":\"{}\"", "x".repeat(40_000)));
    for blanks in 0..4 {
        let long = format!(",\"x\":[{}1]{}", "1,".repeat(32_000), " ".repeat(blanks));
        log.push_str(&json(2, &long));
    }
    log.push_str(&"{\n".repeat(400_000));
    let run = Run::new(&[("a.jsonl", log.as_bytes())], JSON);
    let began = std::time::Instant::now();
    assert_eq!(run.go("intake", 3)["evidence"][0]["rows"], 5);
    assert!(began.elapsed().as_secs() < 30);
}

#[test]
fn a_line_without_end_comes_in_pieces_that_are_rejects() {
    let mut log = combined("14/Apr/2025:00:00:00 +0000", "/a", "x").into_bytes();
    log.resize(log.len() + (70 << 20), b'z');
    log.push(b'\n');
    log.extend_from_slice(combined("14/Apr/2025:00:00:01 +0000", "/b", "x").as_bytes());
    let run = Run::new(&[("a.log", &log)], "format = \"combined\"\n");
    let manifest = run.go("intake", 3);
    let file = &manifest["evidence"][0];
    assert_eq!(file["rows"], 2);
    assert_eq!(file["lines"], file["rejects"].as_u64().unwrap() + 2);
    let reasons = run.query("SELECT DISTINCT reason FROM rejects");
    assert_eq!(reasons, ["line_too_long"]);
    assert_eq!(file["content_size"].as_u64(), Some(log.len() as u64));
}

#[test]
fn a_field_that_first_appears_in_line_two_million_is_not_lost() {
    let mut log = Vec::new();
    for number in 1..=2_000_001 {
        let late = if number >= 2_000_000 {
            ",\"late\":\"here\""
        } else {
            ""
        };
        writeln!(
            log,
            "{{\"t\":1,\"ip\":\"192.0.2.7\",\"m\":\"GET\",\"p\":\"/\",\"s\":200{late}}}"
        )
        .unwrap();
    }
    let run = Run::new(
        &[("a.jsonl", &log)],
        &JSON.replace("rfc3339", "epoch_seconds"),
    );
    run.go("intake", 0);
    let late = run.query("SELECT line_no FROM requests WHERE user_agent = 'here' ORDER BY line_no");
    assert_eq!(late, ["2000000", "2000001"]);
}

#[test]
fn local_times_that_happened_twice_are_rows_and_others_that_never_did_are_rejects() {
    let settings = "format = \"csv\"\ntime = \"local_iso\"\nzone = \"Europe/Berlin\"\n[source.fields]\nevent_time = \"t\"\nsource_ip = \"ip\"\nmethod = \"m\"\npath = \"p\"\nstatus = \"s\"\n";
    let rows: String = ["01:59:59", "02:30:00", "03:00:00"]
        .map(|time| format!("2025-10-26 {time},192.0.2.7,GET,/,200\n"))
        .concat();
    let run = Run::new(
        &[("a.csv", format!("t,ip,m,p,s\n{rows}").as_bytes())],
        settings,
    );
    run.go("intake", 0);
    assert_eq!(
        run.query("SELECT line_no, row_problem FROM requests ORDER BY line_no"),
        ["2,", "3,time_twice", "4,"]
    );
    let never = rows.replace("2025-10-26 02", "2025-03-30 02");
    let run = Run::new(
        &[("a.csv", format!("t,ip,m,p,s\n{never}").as_bytes())],
        settings,
    );
    run.go("intake", 3);
    assert_eq!(
        run.query("SELECT line_no, reason FROM rejects"),
        ["3,time_in_gap"]
    );
    let without = settings.replace("zone = \"Europe/Berlin\"\n", "");
    let run = Run::new(
        &[("a.csv", format!("t,ip,m,p,s\n{rows}").as_bytes())],
        &without,
    );
    let refused = breachscope(&["intake", run.dir.path().join("case").to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        stderr(&refused).contains("add zone ="),
        "{}",
        stderr(&refused)
    );
}

#[test]
fn text_that_is_no_utf_8_is_told_as_such() {
    let good = combined("14/Apr/2025:00:00:00 +0000", "/a", "x");
    let wide = |order: fn(u16) -> [u8; 2]| -> Vec<u8> {
        let units = std::iter::once(0xfeff).chain(good.encode_utf16());
        units.flat_map(order).collect()
    };
    let settings = "format = \"combined\"\n";
    for wide in [wide(u16::to_le_bytes), wide(u16::to_be_bytes)] {
        let run = Run::new(&[("a.log", good.as_bytes()), ("b.log", &wide)], settings);
        let manifest = run.go("intake", 3);
        assert_eq!(manifest["evidence"][0]["damage"], serde_json::Value::Null);
        let damage = manifest["evidence"][1]["damage"].as_str().unwrap();
        assert!(damage.contains("UTF-16"), "{damage}");
        assert_eq!(manifest["evidence"][1]["rows"], 0);
    }
}

#[test]
fn a_line_in_which_damage_begins_is_no_row() {
    let log: String = (0..40)
        .map(|second| {
            combined(
                &format!("14/Apr/2025:00:00:{second:02} +0000"),
                &format!("/{}", second * 7919 % 1009),
                "x",
            )
        })
        .collect();
    let packed = crate::samples::gzip(log.as_bytes());
    let mut cut_off = 0;
    for end in packed.len() - 60..packed.len() - 8 {
        let settings = "format = \"combined\"\n";
        let run = Run::new(&[("a.log.gz", &packed[..end])], settings);
        let manifest = run.go("intake", 3);
        let file = &manifest["evidence"][0];
        let size = file["content_size"].as_u64().unwrap() as usize;
        let whole = log[..size].matches('\n').count() as u64;
        assert_eq!(file["rows"].as_u64(), Some(whole), "{end}");
        let rejects = run.query("SELECT reason FROM rejects");
        let open = !log[..size].ends_with('\n');
        assert_eq!(rejects, vec!["cut_off"; usize::from(open)], "{end}");
        cut_off += usize::from(open);
    }
    assert!(cut_off > 10, "{cut_off}");
}

#[test]
fn overlapping_rotations_without_request_ids_are_the_same_lines() {
    let line = |second: usize| combined(&format!("14/Apr/2025:00:00:{second:02} +0000"), "/a", "x");
    let lines = |seconds: std::ops::Range<usize>| seconds.map(line).collect::<String>();
    // The rotation ends with what the later log begins with; a third log merely looks alike.
    let (first, second) = (lines(0..30), lines(20..50));
    let alike = line(49) + &combined("14/Apr/2025:00:00:50 +0000", "/other", "x");
    let run = Run::new(
        &[
            ("a.log", first.as_bytes()),
            ("b.log", second.as_bytes()),
            ("c.log", alike.as_bytes()),
        ],
        "format = \"combined\"\n",
    );
    // It is the edge's log alone, which stands above the figures.
    let manifest = run.go("scope", 3);
    assert_eq!(
        manifest["evidence"][1]["overlaps"],
        serde_json::json!([{"first_line": 1, "lines": 10, "of_evidence_id": 1, "of_first_line": 21}])
    );
    assert_eq!(manifest["evidence"][2]["overlaps"], serde_json::json!([]));
    assert_eq!(
        run.query("SELECT confirmed FROM figures WHERE id = 'requests.without_gateway_line'"),
        ["52"]
    );
    assert_eq!(run.query("SELECT line_count FROM overlaps"), ["10"]);
}

#[test]
fn of_very_many_silences_the_largest_are_told() {
    let mut log = String::new();
    for minute in 0..120 * 24 * 60 {
        let (day, hour) = (minute / 1440, minute / 60 % 24);
        // An hour of each day but the first and the last, another than the weeks before; of one day two.
        let silent = hour == (day * 5 + day / 7) % 20 + 2 || (day, hour) == (60, 11);
        if silent && day % 119 != 0 {
            continue;
        }
        let time = jiff::Timestamp::from_second(1_767_225_600 + minute * 60).unwrap();
        let time = time.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string();
        log += &combined(&time, "/", "x");
    }
    let run = Run::new(&[("a.log", log.as_bytes())], "format = \"combined\"\n");
    let (case, out) = (run.dir.path().join("case"), run.out());
    let arguments = [case.to_str().unwrap(), "--out", out.to_str().unwrap()];
    let told = breachscope(&[&["intake"], &arguments[..]].concat());
    let text = String::from_utf8_lossy(&told.stdout);
    assert_eq!(text.matches("edge logged").count(), 20, "{text}");
    let more = "98 more silences: see silences in manifest.json";
    assert!(text.contains(more), "{text}");
    let manifest = run.go("scope", 3);
    assert_eq!(manifest["silences"].as_array().unwrap().len(), 118);
    let disclosure = disclosure(&out);
    let silent = disclosure["gaps"].as_array().unwrap();
    assert_eq!(silent.len(), 101);
    assert!(silent.iter().all(|gap| gap["basis"] == "silence"));
    let of_two_hours = |gap: &&serde_json::Value| gap["to"] == "2026-03-02T12:00:00Z";
    assert_eq!(silent.iter().filter(of_two_hours).count(), 1);
    let rest = &silent[100];
    assert_eq!(rest["id"], "more_silences");
    assert_eq!(
        (&rest["stretch_count"], &rest["count"]),
        (&18.into(), &1044.into())
    );
}

#[test]
fn silences_are_found_and_members_of_no_source_are_said() {
    let mut log = String::new();
    for minute in 0..10 * 24 * 60 {
        let (day, hour) = (1 + minute / 1440, minute / 60 % 24);
        if (day, hour) == (6, 13) || (day, hour) == (6, 14) {
            continue;
        }
        log += &combined(
            &format!("{day:02}/Apr/2025:{hour:02}:{:02}:00 +0000", minute % 60),
            "/",
            "x",
        );
    }
    let mut archive = tar::Builder::new(Vec::new());
    for (name, bytes) in [("access.log", log.as_bytes()), ("notes.txt", b"not a log")] {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o600);
        archive.append_data(&mut header, name, bytes).unwrap();
    }
    let run = Run::new(
        &[("a.tar", &archive.into_inner().unwrap())],
        "format = \"combined\"\n",
    );
    let case = run.dir.path().join("case/case.toml");
    let text = std::fs::read_to_string(&case).unwrap();
    std::fs::write(
        &case,
        text.replace("[\"logs\"]", "[\"logs/a.tar!access*\"]"),
    )
    .unwrap();
    let manifest = run.go("intake", 3);
    let silence = &manifest["silences"][0];
    assert_eq!(manifest["silences"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&silence["from"], &silence["to"]),
        (
            &"2025-04-06T12:59:00Z".into(),
            &"2025-04-06T15:00:00Z".into()
        )
    );
    assert_eq!(
        manifest["unclaimed"],
        serde_json::json!(["logs/a.tar!notes.txt"])
    );
    assert!(Path::new(&run.out()).join("frames/silences").exists());
}

#[test]
fn parquet_rows_are_read_as_they_were_written() {
    let log: String = (0..30)
        .map(|second| {
            combined(
                &format!("14/Apr/2025:00:00:{second:02} +0900"),
                &format!("/{second}"),
                "a \\\"b\\\"",
            )
        })
        .collect();
    let sql = "SELECT event_time, source_ip, method, path, status, body_bytes, user_agent FROM requests ORDER BY line_no";
    let text = Run::new(&[("a.log", log.as_bytes())], "format = \"combined\"\n");
    text.go("intake", 0);
    let parquet = std::fs::read(text.out().join("frames/requests/000001.parquet")).unwrap();
    let names = [
        "event_time",
        "source_ip",
        "method",
        "path",
        "status",
        "body_bytes",
        "user_agent",
    ];
    let fields: String = names
        .iter()
        .map(|name| format!("{name} = \"{name}\"\n"))
        .collect();
    let settings = format!("format = \"parquet\"\ntime = \"rfc3339\"\n[source.fields]\n{fields}");
    let again = Run::new(&[("a.parquet", &parquet)], &settings);
    let manifest = again.go("intake", 0);
    assert_eq!(manifest["evidence"][0]["rows"], 30);
    assert_eq!(again.query(sql), text.query(sql));
    // Cut in the middle it is one damaged log, and nothing is invented.
    let cut = Run::new(&[("a.parquet", &parquet[..parquet.len() / 2])], &settings);
    let manifest = cut.go("intake", 3);
    assert_eq!(manifest["evidence"][0]["lines"], 0);
    assert!(manifest["evidence"][0]["damage"].is_string());
}
