//! Cases that are set wrongly, each in one way: none of them looks as if nothing had happened.

use std::process::Output;

use crate::support::{Replica, breachscope, disclosure, stderr};

/// What `scope` printed, with single blanks.
fn shown(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Runs a case that is set wrongly: the exit code is 3, and `says` stands above the figures.
fn misfits(replica: &Replica, ids: &[&str], says: &[&str]) {
    let output = replica.scope(&[]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let text = shown(&output);
    let (above, _) = text.split_once("total.views").expect("the figures");
    assert!(
        above.contains("LOOK AT THIS FIRST. Something here"),
        "{text}"
    );
    for says in says {
        assert!(above.contains(says), "does not say: {says}\n{above}");
    }
    assert!(
        stderr(&output).contains("a setting of the case looks wrong"),
        "{}",
        stderr(&output)
    );
    let disclosure = disclosure(&replica.out());
    let misfits = disclosure["misfits"].as_array().unwrap();
    let found: Vec<&str> = misfits
        .iter()
        .map(|one| one["id"].as_str().unwrap())
        .collect();
    assert_eq!(found, ids, "{above}");
    assert_eq!(disclosure["complete"], false);
    let report = std::fs::read_to_string(replica.out().join("report.md")).unwrap();
    let (above, _) = report.split_once("## Figures").unwrap();
    assert!(above.contains("## Look at this first"), "{above}");
}

/// The settings of the issuance source up to its fields.
const ISSUANCE: &str =
    "time = \"rfc3339\"\nclock_correction_seconds = 0\n[source.fields]\nevent_time = \"time\"\n";

#[test]
fn a_case_that_is_set_rightly_has_no_heading() {
    let replica = Replica::small();
    let output = replica.scope(&[]);
    assert!(!shown(&output).contains("LOOK AT THIS FIRST"));
    assert!(stderr(&output).contains("the evidence is incomplete"));
    let found = disclosure(&replica.out());
    assert_eq!(found["misfits"].as_array().map(Vec::len), Some(0));
    let report = std::fs::read_to_string(replica.out().join("report.md")).unwrap();
    assert!(!report.contains("Look at this first"), "{report}");
}

#[test]
fn a_case_without_a_gateway() {
    let replica = Replica::small();
    replica.edit("case.toml", "kind = \"gateway\"", "kind = \"edge\"");
    misfits(
        &replica,
        &["no_gateway_source"],
        &[
            "The case has no source of kind gateway.",
            "kind = \"gateway\"",
        ],
    );
}

#[test]
fn a_gateway_whose_token_field_is_misspelt() {
    let replica = Replica::small();
    replica.edit("case.toml", "\"pass.jti\"", "\"pass.JTI\"");
    let says = "The case file maps `token_id` to `pass.JTI`, and no line has that field";
    misfits(
        &replica,
        &["gateway_without_token", "gateway_without_token"],
        &["of the gateway `gateway-a` has a token", says],
    );
}

#[test]
fn a_source_that_is_all_rejects() {
    let replica = Replica::small();
    replica.edit(
        "case.toml",
        ISSUANCE,
        &ISSUANCE.replace("rfc3339", "epoch_seconds"),
    );
    misfits(
        &replica,
        &["source_unread"],
        &[
            "lines of the source `issuance` could not be read. Most of them are `bad_time`, the first at \
             evidence/issuance/issuance-0001.jsonl.gz:1",
            "Check `format`, `time`, `zone` and [source.fields] of this source.",
            "breachscope rejects RESULTS --reason bad_time",
        ],
    );
}

#[test]
fn issuers_that_are_named_otherwise_in_the_issuance_log() {
    let replica = Replica::small();
    replica.edit("case.toml", "issuer = \"iss\"\n", "");
    let sequence = "sequence = \"seq\"\n";
    let constants = format!("{sequence}[source.constants]\nissuer = \"shop-login\"\n");
    replica.edit("case.toml", sequence, &constants);
    misfits(
        &replica,
        &["issuer_named_otherwise"],
        &[
            "Tokens name the issuer `https://login.shop.example`, which has no issuance records, and records of \
             `shop-login` hand out",
            "constants = { issuer = \"https://login.shop.example\" }",
        ],
    );
}

#[test]
fn issuers_that_are_named_otherwise_in_the_inventory_and_the_case_file() {
    let replica = Replica::small();
    let (right, other) = ("https://login.shop.example", "https://login.shop.example/");
    replica.edit("registry/keys.csv", right, other);
    misfits(
        &replica,
        &["issuer_named_otherwise"],
        &["all under `https://login.shop.example/`, which no token names"],
    );
    let replica = Replica::small();
    let listed = |issuer: &str| format!("[[issuer]]\nid = \"{issuer}\"");
    replica.edit("case.toml", &listed(right), &listed(other));
    misfits(
        &replica,
        &["issuer_named_otherwise"],
        &["It lists `https://login.shop.example/`, which nothing names."],
    );
}

#[test]
fn an_issuance_log_in_another_zone() {
    let replica = Replica::small();
    let shifted = |seconds: i64| ISSUANCE.replace("= 0", &format!("= {seconds}"));
    replica.edit("case.toml", ISSUANCE, &shifted(-32_400));
    misfits(
        &replica,
        &["record_times_shifted"],
        &[
            "lie 9:00 hours before the issue times that their tokens name",
            "clock_correction_seconds = 32400.",
        ],
    );
    // A quarter of an hour is the least difference of two zones; a clock that is wrong by less is a clock.
    for (seconds, found) in [(20_700, 1), (400, 0)] {
        let replica = Replica::small();
        replica.edit("case.toml", ISSUANCE, &shifted(seconds));
        replica.scope(&[]);
        let misfits = &disclosure(&replica.out())["misfits"];
        assert_eq!(
            misfits.as_array().unwrap().len(),
            found,
            "{seconds}: {misfits}"
        );
    }
}

#[test]
fn a_gateway_log_in_another_zone() {
    let replica = Replica::small();
    replica.edit(
        "case.toml",
        "clock_correction_seconds = -90\n",
        "clock_correction_seconds = -32490\n",
    );
    misfits(
        &replica,
        &["use_times_shifted"],
        &["are used at the gateway `gateway-b` before they were issued"],
    );
}

#[test]
fn subjects_that_the_registry_never_has() {
    let replica = Replica::small();
    let path = replica.case().join("registry/accounts.csv");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut lines = text.lines();
    let mut other = lines.next().unwrap().to_string();
    for line in lines {
        other.push_str("\nmember-");
        other.push_str(line);
    }
    std::fs::write(&path, other + "\n").unwrap();
    misfits(
        &replica,
        &["subjects_unregistered", "subjects_unregistered"],
        &[
            "The account registry has none of",
            "that `subject` names in `https://login.shop.example`",
            "that `account` names in `application`",
        ],
    );
}

/// Makes the gateway's log the issuance log, as somebody would who sees that its lines have a `jti`.
fn requests_as_issuances(replica: &Replica, filter: &str) {
    let (from, to) = (
        "evidence/issuance/*.jsonl.gz",
        "evidence/gateway-a/*.jsonl.gz",
    );
    replica.edit(
        "case.toml",
        &format!("[\"{from}\"]"),
        &format!("[\"{to}\"]{filter}"),
    );
    for (from, to) in [
        ("event_time = \"time\"", "event_time = \"ts\""),
        ("issuer = \"iss\"", "issuer = \"pass.iss\""),
        ("key_id = \"kid\"", "key_id = \"pass.kid\""),
        ("\"jti\"", "\"pass.jti\""),
        ("\nsubject = \"sub\"", "\nsubject = \"pass.sub\""),
        ("event = \"event\"\n", ""),
        ("\"exp\"", "\"pass.exp\""),
        ("sequence = \"seq\"\n", ""),
    ] {
        replica.edit("case.toml", from, to);
    }
}

#[test]
fn a_log_of_requests_is_no_issuance_log() {
    let replica = Replica::small();
    requests_as_issuances(&replica, "");
    let output = replica.scope(&[]);
    assert_eq!(output.status.code(), Some(1), "{}", shown(&output));
    for says in [
        "source `issuance` has kind = \"issuance\", and its lines are requests: `method` is a method, `path` a path, \
         `status` a status. Every token used in them would count as issued, a forged one too",
        "hint: if it is the log of the server that checks the tokens, write kind = \"gateway\"",
        "take only those: where = { \"path\" = \"/oauth/token\" }",
    ] {
        assert!(
            stderr(&output).contains(says),
            "{says}\n{}",
            stderr(&output)
        );
    }
    // Who says which lines are meant is believed, but not without a word.
    let replica = Replica::small();
    requests_as_issuances(&replica, "\nwhere = { method = \"GET\" }");
    let output = replica.scope(&[]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let text = shown(&output);
    assert!(
        text.contains("so each is handed out again and again"),
        "{text}"
    );
}

#[test]
fn init_proposes_no_issuance_log_that_is_one_of_requests() {
    let dir = tempfile::tempdir().unwrap();
    let logs = dir.path().join("logs");
    std::fs::create_dir(&logs).unwrap();
    let line = |id: usize| {
        format!(
            "{{\"ts\":\"2025-04-14T00:00:{id:02}Z\",\"method\":\"GET\",\"path\":\"/me\",\"status\":200,\
             \"jti\":\"t{id}\",\"sub\":\"{id}\",\"client\":\"192.0.2.1\"}}\n"
        )
    };
    std::fs::write(
        logs.join("access.jsonl"),
        (0..30).map(line).collect::<String>(),
    )
    .unwrap();
    let case = dir.path().join("case.toml");
    let init = [
        "init",
        logs.to_str().unwrap(),
        "--out",
        case.to_str().unwrap(),
    ];
    let output = breachscope(&init);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = std::fs::read_to_string(&case).unwrap();
    assert!(text.contains("kind = \"gateway\""), "{text}");
    assert!(!text.contains("kind = \"issuance\""), "{text}");
    assert!(text.contains("token_id = \"jti\""), "{text}");
    assert!(text.contains("#constants = { token_issuer ="), "{text}");
}
