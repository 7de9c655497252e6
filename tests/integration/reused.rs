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

/// A request for the page of an account of its own.
struct Request<'t> {
    id: String,
    /// Whether the edge, the gateway and the application logged it.
    logged: [bool; 3],
    method: &'static str,
    /// What the gateway has for the path, and of a token.
    path: &'static str,
    token: &'t str,
}

impl Request<'_> {
    fn new(id: impl Into<String>, logged: [bool; 3]) -> Self {
        Request {
            id: id.into(),
            logged,
            method: "GET",
            path: "/me/a",
            token: "",
        }
    }
}

/// Accounts of the page, views of it, and requests without a line at the gateway; the requests are two minutes
/// apart. The account registry has the rows that are given, if any are.
fn counted(requests: &[Request], accounts: &str) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let mut logs = [String::new(), String::new(), String::new()];
    for (number, request) in requests.iter().enumerate() {
        let Request {
            id,
            method,
            path,
            token,
            ..
        } = request;
        let head = format!("{{\"at\":{},\"rid\":\"{id}\"", BEGIN + number as u64 * 120);
        let answer = format!("\"ip\":\"192.0.2.7\",\"m\":\"{method}\",\"s\":200,\"b\":512");
        let rest = [
            // The same bytes twice would count once.
            format!("{answer},\"p\":\"/me/a\",\"from\":\"edge\""),
            format!("{answer},\"p\":\"{path}\"{token}"),
            format!("\"who\":\"m{number}\",\"p\":\"/me/a\",\"n\":1"),
        ];
        for tier in (0..3).filter(|tier| request.logged[*tier]) {
            writeln!(logs[tier], "{head},{}}}", rest[tier]).unwrap();
        }
    }
    // What is of another id, and lost nowhere.
    for (log, tier) in logs.iter_mut().zip(["edge", "gateway"]) {
        writeln!(log, "{{\"at\":{BEGIN},\"rid\":\"o\",\"ip\":\"192.0.2.9\",\"m\":\"GET\",\"p\":\"/\",\"s\":200,\"b\":5,\"jti\":\"t\",\"iss\":\"shop\",\"sub\":\"m1\",\"from\":\"{tier}\"}}").unwrap();
    }
    let mut case = format!("{HEAD}[registry]\npages = \"pages.toml\"\n");
    if !accounts.is_empty() {
        case += "accounts = \"accounts.csv\"\n";
        let rows = format!("account,person,region,opened_at,closed_at\n{accounts}");
        std::fs::write(dir.path().join("accounts.csv"), rows).unwrap();
    }
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

fn figures(views: u64, lost: u64) -> Vec<String> {
    [
        ("page.profile.accounts", views),
        ("page.profile.views", views),
        ("requests.without_gateway_line", lost),
    ]
    .map(|(id, count)| format!("{id},{count}"))
    .to_vec()
}

#[test]
fn the_figures_are_the_same_whatever_ids_a_client_chooses() {
    // Every third line of the gateway is lost, or all are, and with them those of the edge.
    for (all, edge, lost) in [
        (false, true, 10),
        (true, true, 30),
        (false, false, 10),
        (true, false, 30),
    ] {
        for ids in [30, 7, 2, 1] {
            let requests = (0..30).map(|number| {
                let there = !all && number % 3 > 0;
                Request::new(format!("r{}", number % ids), [edge || there, there, true])
            });
            let counted = counted(&requests.collect::<Vec<_>>(), "");
            assert_eq!(counted, figures(lost, lost), "{ids} ids, {all} {edge}");
        }
    }
}

#[test]
fn what_the_application_served_is_shown_whatever_the_path_was() {
    let token = ",\"jti\":\"x\",\"iss\":\"shop\",\"sub\":\"m0\"";
    for (method, path, served, views) in [
        ("GET", "/me/a", false, 1),
        ("get", "/me\\\\a%20", false, 1),
        ("GET", "/me/ab", false, 0),
        ("GET", "/me/ab", true, 1),
        ("POST", "/me/ab", true, 1),
        ("POST", "/me/a", false, 0),
    ] {
        let request = Request {
            method,
            path,
            token,
            ..Request::new("r", [false, true, served])
        };
        assert_eq!(
            counted(&[request], ""),
            figures(views, 0),
            "{method} {path}"
        );
    }
}

#[test]
fn a_subject_with_zeros_before_it_may_be_the_account_without() {
    let token = |subject| format!(",\"jti\":\"x\",\"iss\":\"shop\",\"sub\":\"{subject}\"");
    for (subject, views) in [
        ("7", 1),
        ("007", 1),
        (" +7", 1),
        ("70", 0),
        ("0", 0),
        ("7a", 0),
    ] {
        let token = token(subject);
        let request = Request {
            token: &token,
            ..Request::new("r", [false, true, false])
        };
        let found = counted(&[request], "7,p,KR,,\n");
        assert_eq!(found, figures(views, 0), "{subject}");
    }
}

#[test]
fn lines_without_an_id_are_told_apart_by_page_and_time() {
    // All have their line at the gateway, or every third has not.
    for (id, lost) in [("", 0), ("-", 0), ("NULL", 0), ("", 10), ("null", 10)] {
        let requests = (0..30).map(|number| {
            let is_lost = lost > 0 && number % 3 == 0;
            Request::new(id, [true, !is_lost, false])
        });
        let found = counted(&requests.collect::<Vec<_>>(), "");
        let mut expected = figures(lost, lost);
        // The edge knows no accounts.
        expected[0] = "page.profile.accounts,0".into();
        assert_eq!(found, expected, "{id} {lost}");
    }
}
