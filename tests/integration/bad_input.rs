//! Bad input: each gives a clear message and the right exit code, and what was good is kept.

use std::io::{Read, Write};
use std::path::PathBuf;

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;

use crate::support::{Replica, breachscope, contents, disclosure, figures, stderr};

/// Runs `scope`, which must fail with exit code 1, and gives its message.
fn refused(replica: &Replica) -> String {
    let output = replica.scope(&[]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(output.stdout.is_empty());
    stderr(&output)
}

fn gateway(replica: &Replica, part: u32) -> PathBuf {
    replica
        .case()
        .join(format!("evidence/gateway-a/gateway-a-{part:04}.jsonl.gz"))
}

fn unpack(path: &PathBuf) -> Vec<u8> {
    let mut bytes = Vec::new();
    MultiGzDecoder::new(std::fs::File::open(path).unwrap())
        .read_to_end(&mut bytes)
        .unwrap();
    bytes
}

fn pack(path: &PathBuf, bytes: &[u8]) {
    let mut encoder = GzEncoder::new(std::fs::File::create(path).unwrap(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap();
}

#[test]
fn mistakes_in_the_case_file_name_their_place_and_what_was_meant() {
    for (from, to, parts) in [
        (
            "report_zone = ",
            "report_zon = ",
            &["case.toml:6:1", "did you mean `report_zone`?"][..],
        ),
        (
            "\"Asia/Seoul\"",
            "\"Asia/Soul\"",
            &["case.toml:6:15", "did you mean `Asia/Seoul`?"],
        ),
        (
            "report_zone = \"Asia/Seoul\"",
            "report_zone = 9",
            &["case.toml:6:15", "write it between quotes: \"9\""],
        ),
        (
            "keys = \"registry/keys.csv\"",
            "keys = \"registry/key.csv\"",
            &["case.toml:", "did you mean `keys.csv`"],
        ),
        (
            "format = \"combined\"",
            "format = \"combine\"",
            &["case.toml:", "did you mean `combined`?"],
        ),
        (
            "status = \"status\"",
            "statis = \"status\"",
            &["case.toml:", "did you mean `status`?"],
        ),
        (
            "evidence/edge/*.log.gz",
            "evidence/edge/*.txt",
            &["no evidence matches `evidence/edge/*.txt`", "case.toml:"],
        ),
        (
            "time = \"epoch_milliseconds\"\n",
            "",
            &["case.toml:", "add time = "],
        ),
        (
            "token_id = \"pass.jti\"\n",
            "",
            &["which field is its `token_id`"],
        ),
        (
            "id = \"gateway-b\"",
            "id = \"gateway-a\"",
            &["source `gateway-a` is there twice"],
        ),
        (
            "source = \"application\"",
            "source = \"aplication\"",
            &["did you mean `application`?"],
        ),
        (
            "clock_tolerance_seconds = 5",
            "clock_tolerance_seconds = \"5\"",
            &["case.toml:", "invalid type"],
        ),
        ("[case]", "[case", &["case.toml:3:"]),
    ] {
        let replica = Replica::small();
        replica.edit("case.toml", from, to);
        let message = refused(&replica);
        for part in parts {
            assert!(message.contains(part), "{to}: {message}");
        }
    }
}

#[test]
fn results_of_another_case_are_not_replaced() {
    let replica = Replica::small();
    replica.figures(3);
    let before = std::fs::read(replica.out().join("manifest.json")).unwrap();
    let text = std::fs::read_to_string(replica.case().join("case.toml")).unwrap();
    let id = text.lines().find(|line| line.starts_with("id = ")).unwrap();
    replica.edit(
        "case.toml",
        &format!("[case]\n{id}"),
        "[case]\nid = \"other\"",
    );
    let message = refused(&replica);
    assert!(message.contains("results of another case"), "{message}");
    let after = std::fs::read(replica.out().join("manifest.json")).unwrap();
    assert_eq!(before, after);
}

#[test]
fn a_case_file_that_is_no_text_or_lacks_a_part_says_where_and_what_to_do() {
    let replica = Replica::small();
    let path = replica.case().join("case.toml");
    let good = std::fs::read(&path).unwrap();
    let mut latin = good.clone();
    let at = good.iter().position(|byte| *byte == b'R').unwrap();
    latin[at] = 0xe9;
    std::fs::write(&path, latin).unwrap();
    let line = good[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
    let message = refused(&replica);
    assert!(message.contains(&format!("case.toml:{line}:")), "{message}");
    assert!(message.contains("save it as UTF-8"), "{message}");
    let text = String::from_utf8(good).unwrap();
    std::fs::write(&path, text.replace("[policy]", "[polity]")).unwrap();
    assert!(refused(&replica).contains("did you mean `policy`?"));
    for (setting, expected) in [
        (
            "clock_correction_seconds = 0\nforwarded_hops = 1",
            "no field is one",
        ),
        // The edge's times have their offset.
        (
            "clock_correction_seconds = 0\nzone = \"UTC\"",
            "say their zone themselves",
        ),
        (
            "clock_correction_seconds = -9223372036854",
            "no clock is -9223372036854 seconds wrong",
        ),
    ] {
        let wrong = text.replace("clock_correction_seconds = 0", setting);
        std::fs::write(&path, wrong).unwrap();
        let message = refused(&replica);
        assert!(message.contains(expected), "{message}");
        assert!(message.contains("case.toml:"), "{message}");
    }
    std::fs::write(&path, "[case]\n").unwrap();
    assert!(refused(&replica).contains("breachscope init"));
}

#[cfg(unix)]
#[test]
fn a_link_to_nothing_among_the_evidence_is_said() {
    let replica = Replica::small();
    let link = replica.case().join("evidence/gateway-a/gone.jsonl.gz");
    std::os::unix::fs::symlink("/nowhere/gone", &link).unwrap();
    let folder = link.parent().unwrap().to_str().unwrap();
    let detected = breachscope(&["detect", folder]);
    assert!(detected.status.success(), "{}", stderr(&detected));
    let text = String::from_utf8_lossy(&detected.stdout);
    assert!(
        text.contains("it is no file, or a link to nothing"),
        "{text}"
    );
    let whole = gateway(&replica, 1);
    assert!(text.contains(whole.to_str().unwrap()), "{text}");
    let output = replica.scope(&[]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let manifest = std::fs::read_to_string(replica.out().join("manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    let expected = serde_json::json!(["evidence/gateway-a/gone.jsonl.gz"]);
    assert_eq!(manifest["unclaimed"], expected);
}

#[test]
fn a_missing_case_is_said() {
    let output = breachscope(&["scope", "/nonexistent"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("no case file"));
}

#[test]
fn a_field_missing_from_every_line_names_the_fields_that_are_there() {
    let replica = Replica::small();
    replica.edit("case.toml", "event_time = \"ts\"", "event_time = \"tss\"");
    let message = refused(&replica);
    for part in [
        "no line of evidence/gateway-a/",
        "`tss`",
        "pass.jti",
        "did you mean `ts`?",
    ] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn a_field_missing_from_one_line_is_a_reject_with_its_place() {
    let replica = Replica::small();
    let before = replica.figures(3);
    let path = gateway(&replica, 1);
    let bytes = unpack(&path);
    let line = b"{\"rid\":\"x\",\"client\":\"192.0.2.9\",\"method\":\"GET\",\"path\":\"/\",\"status\":200}\n";
    pack(&path, &[line, &bytes[..]].concat());
    let after = replica.figures(3);
    assert_eq!(after["intake.rejects"][0], before["intake.rejects"][0] + 1);
    assert_eq!(after["tokens.forged"], before["tokens.forged"]);
    let csv = replica.query(
        "SELECT line_no, byte_offset, reason, detail, raw FROM rejects WHERE reason = 'field_missing'",
    );
    let row = csv.lines().nth(1).unwrap();
    assert!(
        row.starts_with("1,0,field_missing,the line has no `event_time`,"),
        "{csv}"
    );
    assert!(row.contains("192.0.2.9"));
}

#[test]
fn times_without_a_zone_are_an_error_until_the_case_says_the_zone() {
    let replica = Replica::small();
    let path = gateway(&replica, 1);
    let text = String::from_utf8(
        unpack(&path)
            .into_iter()
            .filter(|byte| *byte != 0)
            .collect(),
    )
    .unwrap();
    pack(&path, text.replace("Z\",\"rid\"", "\",\"rid\"").as_bytes());
    let message = refused(&replica);
    assert!(
        message.contains("gateway-a-0001.jsonl.gz:1:") && message.contains("add zone = "),
        "{message}"
    );
    replica.edit(
        "case.toml",
        "id = \"gateway-a\"\n",
        "id = \"gateway-a\"\nzone = \"UTC\"\n",
    );
    let figures = replica.figures(3);
    assert_eq!(
        figures["tokens.forged"],
        replica.expected()["tokens.forged"]
    );
}

#[test]
fn one_time_without_a_zone_among_others_is_a_reject() {
    let replica = Replica::small();
    let before = replica.figures(3);
    let path = gateway(&replica, 1);
    let line = b"{\"ts\":\"2025-04-14T00:00:00\",\"rid\":\"x\",\"client\":\"192.0.2.9\",\"method\":\"GET\",\"path\":\"/\",\"status\":200}\n";
    pack(&path, &[line, &unpack(&path)[..]].concat());
    let after = replica.figures(3);
    assert_eq!(after["intake.rejects"][0], before["intake.rejects"][0] + 1);
    assert_eq!(after["tokens.forged"], before["tokens.forged"]);
    let rejects = "SELECT line_no, detail FROM rejects WHERE reason = 'time_without_zone'";
    let csv = replica.query(rejects);
    assert!(
        csv.contains("\n1,`2025-04-14T00:00:00` has no offset"),
        "{csv}"
    );
}

#[test]
fn objects_without_any_field_of_the_source_are_other_lines() {
    let replica = Replica::small();
    let before = replica.figures(3);
    let path = gateway(&replica, 1);
    let name = path.file_name().unwrap().to_str().unwrap();
    let odd = path.with_file_name(name.replace("0001", "odd"));
    pack(&odd, b"{\"note\":\"rotated\"}\n{\"note\":\"done\"}\n");
    let after = replica.figures(3);
    assert_eq!(after["intake.rejects"], before["intake.rejects"]);
    assert_eq!(after["tokens.forged"], before["tokens.forged"]);
    let others = replica.query("SELECT SUM(other_count) AS others FROM evidence");
    assert_eq!(others, "others\n2\n");
}

#[test]
fn a_key_that_the_inventory_lacks_decides_nothing_and_is_said() {
    let replica = Replica::small();
    let path = replica.case().join("registry/keys.csv");
    let text = std::fs::read_to_string(&path).unwrap();
    let kept: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with("standby"))
        .collect();
    std::fs::write(&path, kept.join("\n")).unwrap();
    let figures = replica.figures(3);
    let expected = replica.expected();
    // What rests on a record is decided all the same; what rests on absence is not.
    assert!(figures["tokens.forged"][0] < expected["tokens.forged"][0]);
    assert_eq!(figures["tokens.forged"][2], expected["tokens.forged"][2]);
    assert_eq!(figures["tokens.legitimate"], expected["tokens.legitimate"]);
    let disclosure = disclosure(&replica.out());
    let unlisted = disclosure["findings"].as_array().unwrap().iter();
    let unlisted = unlisted.filter(|finding| finding["id"] == "key_unlisted");
    let keys: Vec<_> = unlisted.map(|finding| &finding["subject"]).collect();
    assert_eq!(keys, ["standby-2024-05"]);
}

#[test]
fn an_empty_account_registry_is_refused() {
    let replica = Replica::small();
    std::fs::write(
        replica.case().join("registry/accounts.csv"),
        "account,person,region,opened_at,closed_at\n",
    )
    .unwrap();
    assert!(refused(&replica).contains("the account registry is empty"));
    std::fs::write(
        replica.case().join("registry/accounts.csv"),
        "acount,person\n",
    )
    .unwrap();
    assert!(refused(&replica).contains("did you mean `acount`?"));
}

#[test]
fn an_output_folder_that_is_not_ours_is_left_alone() {
    let replica = Replica::small();
    std::fs::create_dir(replica.out()).unwrap();
    std::fs::write(replica.out().join("thesis.txt"), "mine").unwrap();
    assert!(refused(&replica).contains("holds no results of breachscope"));
    assert_eq!(contents(&replica.out()).len(), 1);
    let case = replica.case();
    let before = contents(&case);
    let output = breachscope(&[
        "scope",
        case.to_str().unwrap(),
        "--out",
        case.to_str().unwrap(),
    ]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("the case folder"));
    assert!(before == contents(&case));
}

#[test]
fn evidence_is_never_written_to() {
    let replica = Replica::small();
    let before = contents(&replica.case());
    replica.figures(3);
    assert!(before == contents(&replica.case()));
}

#[test]
fn the_same_bytes_twice_count_once() {
    let replica = Replica::small();
    let before = replica.figures(3);
    // The same content, compressed anew: other bytes as found, the same lines.
    let bytes = unpack(&gateway(&replica, 1));
    pack(&gateway(&replica, 90), &bytes);
    assert_eq!(replica.figures(3), before);
    let manifest = std::fs::read_to_string(replica.out().join("manifest.json")).unwrap();
    assert!(manifest.contains("\"duplicate_of\": 1"));
}

#[test]
fn overlapping_rotations_count_once() {
    let replica = Replica::small();
    let before = replica.figures(3);
    let bytes = unpack(&gateway(&replica, 1));
    let half: Vec<u8> = bytes
        .split_inclusive(|byte| *byte == b'\n')
        .take(200)
        .flatten()
        .copied()
        .collect();
    pack(&gateway(&replica, 90), &half);
    let after = replica.figures(3);
    for (id, bounds) in &before {
        if !id.starts_with("intake.") {
            assert_eq!(after[id], *bounds, "{id}");
        }
    }
    assert!(after["intake.lines"][0] > before["intake.lines"][0]);
}

#[test]
fn a_truncated_gzip_keeps_what_came_before_and_says_so() {
    let replica = Replica::small();
    let path = gateway(&replica, 1);
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let output = replica.scope(&[]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let manifest: serde_json::Value =
        serde_json::from_slice(&std::fs::read(replica.out().join("manifest.json")).unwrap())
            .unwrap();
    let file = &manifest["evidence"][0];
    assert!(
        file["damage"].as_str().unwrap().contains("reading stopped"),
        "{file}"
    );
    assert!(file["rows"].as_u64().unwrap() > 100);
    // What only the other tiers still tell of is bounded, not lost.
    let (found, whole) = (figures(&replica.out()), replica.expected());
    assert!(found["page.my-information.views"][0] < whole["page.my-information.views"][0]);
    assert!(found["page.my-information.views"][2] >= whole["page.my-information.views"][2]);
}

#[test]
fn every_line_is_accounted_for() {
    let replica = Replica::small();
    replica.figures(3);
    let manifest: serde_json::Value =
        serde_json::from_slice(&std::fs::read(replica.out().join("manifest.json")).unwrap())
            .unwrap();
    let evidence = manifest["evidence"].as_array().unwrap();
    assert!(evidence.len() >= 5);
    for file in evidence {
        let count = |name: &str| file[name].as_u64().unwrap();
        assert_eq!(
            count("lines"),
            count("rows") + count("rejects") + count("blanks") + count("others")
        );
        let bytes = unpack(&replica.case().join(file["path"].as_str().unwrap()));
        let counted = bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
        assert_eq!(count("lines"), counted);
        assert_eq!(count("content_size"), bytes.len() as u64);
    }
}
