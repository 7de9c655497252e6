//! A request id that a client chooses, and sends again, hides no request.

use std::fmt::Write as _;

use crate::hostile::HEAD;
use crate::support::{breachscope, query, stderr};

/// 2025-04-14T00:00:00Z.
const BEGIN: u64 = 1_744_588_800;

const PAGES: &str = r#"
[[page]]
id = "profile"
title = "Profile"
method = "GET"
route = "/me/a"
empty_below_bytes = 100
fields = [{ name = "email", form = "plain" }]
"#;

/// Views of the page, accounts of it, and requests without a line at the gateway, for thirty requests of as
/// many accounts; every third line of the gateway is lost, or all are.
fn counted(id: impl Fn(u64) -> String, all_lost: bool) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let mut logs = [String::new(), String::new(), String::new()];
    for number in 0..30 {
        let (at, id) = (BEGIN + number * 60, id(number));
        let request = r#""ip":"192.0.2.7","m":"GET","p":"/me/a","s":200,"b":512"#;
        let is_lost = all_lost || number % 3 == 0;
        for (log, there) in logs.iter_mut().zip([true, !is_lost]) {
            if there {
                writeln!(log, "{{\"at\":{at},\"rid\":\"{id}\",{request}}}").unwrap();
            }
        }
        writeln!(
            logs[2],
            "{{\"at\":{at},\"rid\":\"{id}\",\"who\":\"m{number}\",\"p\":\"/me/a\",\"n\":1}}"
        )
        .unwrap();
    }
    // What is of another id, and lost nowhere.
    for log in &mut logs[..2] {
        writeln!(log, "{{\"at\":{BEGIN},\"rid\":\"o\",\"ip\":\"192.0.2.9\",\"m\":\"GET\",\"p\":\"/\",\"s\":200,\"b\":5,\"jti\":\"t\",\"iss\":\"shop\",\"sub\":\"m1\"}}").unwrap();
    }
    let mut case = format!("{HEAD}[registry]\npages = \"pages.toml\"\n");
    for (kind, log) in ["edge", "gateway", "application"].iter().zip(&logs) {
        let fields = match *kind {
            "application" => "account = \"who\"\nitem_count = \"n\"\n",
            "gateway" => {
                "source_ip = \"ip\"\nmethod = \"m\"\nstatus = \"s\"\nbody_bytes = \"b\"\ntoken_id = \"jti\"\ntoken_issuer = \"iss\"\ntoken_subject = \"sub\"\nkey_id = \"kid\"\ntoken_issued_at = \"iat\"\n"
            }
            _ => "source_ip = \"ip\"\nmethod = \"m\"\nstatus = \"s\"\nbody_bytes = \"b\"\n",
        };
        std::fs::write(dir.path().join(format!("{kind}.jsonl")), log).unwrap();
        write!(case, "[[source]]\nid = \"{kind}\"\nkind = \"{kind}\"\npaths = [\"{kind}.jsonl\"]\nformat = \"jsonl\"\ntime = \"epoch_seconds\"\nclock_correction_seconds = 0\n[source.fields]\nevent_time = \"at\"\nrequest_id = \"rid\"\npath = \"p\"\n{fields}").unwrap();
    }
    std::fs::write(dir.path().join("case.toml"), case).unwrap();
    std::fs::write(dir.path().join("pages.toml"), PAGES).unwrap();
    let out = dir.path().join("out");
    let ended = breachscope(&[
        "scope",
        dir.path().to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
    ]);
    assert!(
        matches!(ended.status.code(), Some(0 | 3)),
        "{}",
        stderr(&ended)
    );
    let sql = "SELECT id, possible FROM figures WHERE id IN ('page.profile.views', 'page.profile.accounts', 'requests.without_gateway_line') ORDER BY id";
    query(&out, &[sql])
        .lines()
        .skip(1)
        .map(str::to_string)
        .collect()
}

fn figures(count: u64) -> Vec<String> {
    [
        "page.profile.accounts",
        "page.profile.views",
        "requests.without_gateway_line",
    ]
    .map(|id| format!("{id},{count}"))
    .to_vec()
}

#[test]
fn the_figures_are_the_same_whatever_ids_a_client_chooses() {
    for (all_lost, lost) in [(false, 10), (true, 30)] {
        for ids in [30, 7, 2, 1] {
            let id = |number: u64| format!("r{}", number % ids);
            assert_eq!(counted(id, all_lost), figures(lost), "{ids} ids");
        }
    }
}
