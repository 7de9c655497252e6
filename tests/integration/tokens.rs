//! Tokens as gateways log them, from the line to the verdict: signed, opaque, hashed, unreadable, stolen.

use std::fmt::Write as _;
use std::path::Path;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use tempfile::TempDir;

use crate::support::{breachscope, contents, disclosure, has_finding, query, stderr};

const SECRET: &[u8] = b"a shared secret of the test, 32+ bytes long";
/// 2025-04-14T00:00:00Z.
const BEGIN: i64 = 1_744_588_800;

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A case in a folder: its gateway lines and issuance lines, numbered and complete.
pub(crate) struct Case {
    pub(crate) dir: TempDir,
    gateway: String,
    issuance: String,
    records: u64,
    key: EcdsaKeyPair,
}

impl Case {
    pub(crate) fn new() -> Self {
        let mut case = Case {
            dir: tempfile::tempdir().unwrap(),
            gateway: String::new(),
            issuance: String::new(),
            records: 0,
            key: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
        };
        // The issuance log reaches well before and after all that is used.
        case.issued(-7200, "first", "1", "es", None);
        case
    }

    /// A record of the issuance log, so many seconds after the beginning.
    pub(crate) fn issued(
        &mut self,
        at: i64,
        id: &str,
        subject: &str,
        key: &str,
        address: Option<&str>,
    ) {
        self.records += 1;
        let address = address.map_or("null".into(), |address| format!("\"{address}\""));
        let (number, time, expiry) = (self.records, BEGIN + at, BEGIN + at + 3600);
        writeln!(self.issuance, "{{\"seq\":{number},\"at\":{time},\"iss\":\"shop\",\"kid\":\"{key}\",\"jti\":\"{id}\",\"sub\":\"{subject}\",\"exp\":{expiry},\"ip\":{address}}}").unwrap();
    }

    /// A gateway line that carries `token`.
    pub(crate) fn used(&mut self, at: i64, address: &str, status: u16, token: &str) {
        let time = BEGIN + at;
        writeln!(self.gateway, "{{\"at\":{time},\"ip\":\"{address}\",\"m\":\"GET\",\"p\":\"/me\",\"s\":{status},\"auth\":\"{token}\"}}").unwrap();
    }

    pub(crate) fn claims(id: &str, subject: &str, at: i64) -> String {
        let (iat, exp) = (BEGIN + at, BEGIN + at + 3600);
        format!(
            "{{\"iss\":\"shop\",\"jti\":\"{id}\",\"sub\":\"{subject}\",\"iat\":{iat},\"exp\":{exp}}}"
        )
    }

    pub(crate) fn es256(&self, claims: &str) -> String {
        let signed = format!(
            "{}.{}",
            encode(r#"{"alg":"ES256","kid":"es"}"#),
            encode(claims)
        );
        let signature = self
            .key
            .sign(&SystemRandom::new(), signed.as_bytes())
            .unwrap();
        format!("{signed}.{}", encode(signature))
    }

    fn hs256(claims: &str) -> String {
        let signed = format!(
            "{}.{}",
            encode(r#"{"alg":"HS256","kid":"hs"}"#),
            encode(claims)
        );
        let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET);
        format!("{signed}.{}", encode(hmac::sign(&key, signed.as_bytes())))
    }

    pub(crate) fn write(&mut self, field: &str, more: &str) {
        self.issued(7200, "last", "1", "es", None);
        let dir = self.dir.path();
        let public = self.key.public_key().as_ref();
        let jwk = format!(
            "{{\"keys\":[{{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"es\",\"alg\":\"ES256\",\"x\":\"{}\",\"y\":\"{}\"}}]}}",
            encode(&public[1..33]),
            encode(&public[33..])
        );
        for (name, text) in [
            ("gateway.jsonl", self.gateway.as_bytes()),
            ("issuance.jsonl", self.issuance.as_bytes()),
            ("keys.json", jwk.as_bytes()),
            ("secret", SECRET),
            ("keys.csv", b"key_id,issuer,created_at,retired_at,custodian,custodian_left_at,stored_in\nes,shop,,,,,\nhs,shop,,,,,\n"),
        ] {
            std::fs::write(dir.join(name), text).unwrap();
        }
        let case = format!(
            r#"
[case]
id = "tokens"
title = "tokens"
report_zone = "UTC"
collected_by = "test"
collected_at = "2025-11-20T10:00:00Z"
[policy]
clock_tolerance_seconds = 5
run_pause_hours = 24
phase_pause_days = 30
[[issuer]]
id = "shop"
subjects = "accounts"
keys_logged = ["hs"]
[registry]
keys = "keys.csv"
[[signing_key]]
file = "keys.json"
kind = "jwks"
issuer = "shop"
[[signing_key]]
file = "secret"
kind = "secret"
issuer = "shop"
key_id = "hs"
algorithm = "HS256"
[[source]]
id = "gateway"
kind = "gateway"
paths = ["gateway.jsonl"]
format = "jsonl"
time = "epoch_seconds"
clock_correction_seconds = 0
{more}
[source.fields]
event_time = "at"
source_ip = "ip"
method = "m"
path = "p"
status = "s"
{field} = "auth"
[[source]]
id = "issuance"
kind = "issuance"
paths = ["issuance.jsonl"]
format = "jsonl"
time = "epoch_seconds"
clock_correction_seconds = 0
[source.fields]
event_time = "at"
issuer = "iss"
key_id = "kid"
token_id = "jti"
subject = "sub"
expires_at = "exp"
sequence = "seq"
source_ip = "ip"
"#
        );
        std::fs::write(dir.join("case.toml"), case).unwrap();
    }

    pub(crate) fn out(&self) -> std::path::PathBuf {
        self.dir.path().join("out")
    }

    pub(crate) fn scope(&self) {
        let (case, out) = (self.dir.path(), self.out());
        let output = breachscope(&[
            "scope",
            case.to_str().unwrap(),
            "--out",
            out.to_str().unwrap(),
        ]);
        assert!(
            matches!(output.status.code(), Some(0 | 3)),
            "{}",
            stderr(&output)
        );
    }

    /// Subject, verdict, reason, supporting rules of each token, by subject.
    pub(crate) fn verdicts(&self) -> Vec<String> {
        let sql = "SELECT token_subject, verdict, reason, token_signature, token_problem FROM tokens ORDER BY token_subject, reason";
        query(&self.out(), &[sql])
            .lines()
            .skip(1)
            .map(str::to_string)
            .collect()
    }
}

#[test]
fn signatures_are_evidence() {
    let mut case = Case::new();
    let honest = case.es256(&Case::claims("t1", "1", 0));
    let shared = Case::hs256(&Case::claims("t2", "2", 0));
    case.issued(0, "t1", "1", "es", None);
    case.issued(0, "t2", "2", "hs", None);
    // The mark of a stolen key: signed, and never issued.
    let stolen_key = case.es256(&Case::claims("t3", "3", 10));
    // The mark of a gateway that does not check.
    let (head, signature) = honest.rsplit_once('.').unwrap();
    let (header, _) = head.split_once('.').unwrap();
    let altered = format!(
        "{header}.{}.{signature}",
        encode(Case::claims("t4", "4", 20))
    );
    let refused = format!(
        "{header}.{}.{signature}",
        encode(Case::claims("t5", "5", 20))
    );
    let none = format!(
        "{}.{}.",
        encode(r#"{"alg":"none","kid":"es"}"#),
        encode(Case::claims("t6", "6", 20))
    );
    // A public key used as a shared secret.
    let signed = format!(
        "{}.{}",
        encode(r#"{"alg":"HS256","kid":"es"}"#),
        encode(Case::claims("t7", "7", 20))
    );
    let key = hmac::Key::new(hmac::HMAC_SHA256, case.key.public_key().as_ref());
    let confused = format!("{signed}.{}", encode(hmac::sign(&key, signed.as_bytes())));
    let tokens = [&honest, &shared, &stolen_key, &altered, &none, &confused];
    for (nth, token) in (0..).zip(tokens) {
        case.used(60 + nth, "192.0.2.1", 200, &format!("Bearer {token}"));
    }
    case.used(90, "192.0.2.1", 401, &format!("Bearer {refused}"));
    case.used(
        91,
        "192.0.2.1",
        200,
        "Bearer eyJhbGciOiJFUzI1NiJ9.bm8ganNvbg.c2ln",
    );
    case.used(92, "192.0.2.1", 200, "Basic dXNlcjpwYXNz");
    case.write("authorization", "");
    case.scope();
    assert_eq!(
        case.verdicts(),
        [
            "1,legitimate,issued,valid,",
            "2,legitimate,issued,valid,",
            "3,forged,never_issued,valid,",
            "4,forged,signature_invalid,invalid,",
            "5,forged,never_issued,invalid,",
            "6,forged,signature_invalid,unsigned,jws_algorithm_none",
            "7,forged,signature_invalid,mismatch,",
            ",indeterminate,token_not_readable,no_key,jws_not_json",
        ]
    );
    let supporting = query(
        &case.out(),
        &["SELECT supporting FROM tokens WHERE token_subject = '3'"],
    );
    assert!(supporting.contains("signature_valid"), "{supporting}");
    // No output holds a token, or so much of one that it could be used.
    for (path, bytes) in contents(&case.out()) {
        for token in tokens {
            let signature = token.rsplit_once('.').unwrap().1;
            let there = !signature.is_empty()
                && bytes
                    .windows(signature.len())
                    .any(|window| window == signature.as_bytes());
            assert!(!there, "{} holds a token", path.display());
        }
    }
}

#[test]
fn a_token_in_a_path_is_not_copied_and_an_idle_key_is_told() {
    let mut case = Case::new();
    let token = case.es256(&Case::claims("t1", "1", 0));
    case.issued(0, "t1", "1", "es", None);
    case.used(60, "192.0.2.1", 200, &format!("Bearer {token}"));
    let line = |at: i64, path: &str, id: &str| {
        format!(
            "{{\"at\":{},\"ip\":\"192.0.2.1\",\"m\":\"GET\",\"p\":\"{path}\",\"rid\":\"{id}\",\"s\":200}}\n",
            BEGIN + at
        )
    };
    let path = format!("/callback?access_token={token}&x=1");
    case.gateway += &line(61, &path, "one");
    case.gateway += &line(62, &path, &token);
    let innocent = "/js/SurveyJs.min.v2.js?padding=00000000000000000000000000000000";
    case.gateway += &line(63, innocent, "three");
    case.write("authorization", "");
    let toml = case.dir.path().join("case.toml");
    let text = std::fs::read_to_string(&toml).unwrap();
    let text = text.replace("path = \"p\"", "path = \"p\"\nrequest_id = \"rid\"");
    let text = text.replace("keys_logged = [\"hs\"]", "keys_logged = [\"hz\"]");
    std::fs::write(&toml, text).unwrap();
    case.scope();
    let paths = query(&case.out(), &["SELECT path FROM requests ORDER BY line_no"]);
    let hidden = "/callback?access_token=[sha256:";
    let paths: Vec<&str> = paths.lines().skip(1).collect();
    assert_eq!(paths[0], "/me");
    assert!(paths[1].starts_with(hidden), "{}", paths[1]);
    assert!(
        paths[1].ends_with("]&x=1") && paths[1] == paths[2],
        "{paths:?}"
    );
    assert_eq!(paths[3], innocent);
    let signature = token.rsplit_once('.').unwrap().1;
    for (path, bytes) in contents(&case.out()) {
        let mut windows = bytes.windows(signature.len());
        let there = windows.any(|window| window == signature.as_bytes());
        assert!(!there, "{} holds a token", path.display());
    }
    let found = disclosure(&case.out());
    for finding in [
        json!({"id": "signing_keys_idle", "count": 1, "keys": ["hs"]}),
        json!({"id": "logged_key_unknown", "subject": "hz", "issuer": "shop"}),
    ] {
        assert!(has_finding(&found, &finding), "{found}");
    }
}

#[test]
fn explain_shows_the_proof_and_hides_the_token() {
    let mut case = Case::new();
    let token = case.es256(&Case::claims("t3", "3", 10));
    case.used(60, "192.0.2.1", 200, &format!("Bearer {token}"));
    case.write("authorization", "");
    case.scope();
    let fingerprint = query(&case.out(), &["SELECT fingerprint FROM tokens"]);
    let fingerprint = fingerprint.lines().nth(1).unwrap();
    let out = case.out();
    let output = breachscope(&[
        "explain",
        out.to_str().unwrap(),
        "--token",
        &fingerprint[..10],
    ]);
    let text = String::from_utf8(output.stdout).unwrap();
    let sha256 = query(
        &out,
        &["SELECT sha256 FROM evidence WHERE source = 'gateway'"],
    );
    for expected in [
        "forged (strong confidence): never_issued",
        "no record; the log's status at the claimed issue time: complete, by sequence",
        "gateway.jsonl:1  2025-04-14T00:01:00Z",
        sha256.lines().nth(1).unwrap(),
        "FIRES",
        "[sha256:",
        "\"p\":\"/me\"",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    assert!(!text.contains(&token[..40]), "{text}");
    assert!(
        text.lines()
            .all(|line| line.chars().count() <= 80 || line.contains("{\"at\"")),
        "{text}"
    );
    let unknown = breachscope(&["explain", out.to_str().unwrap(), "--token", "zz"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(stderr(&unknown).contains("no token has the fingerprint `zz`"));
}

#[test]
fn a_key_file_of_another_time_forges_nothing() {
    let mut case = Case::new();
    let honest = case.es256(&Case::claims("t1", "1", 0));
    case.issued(0, "t1", "1", "es", None);
    case.used(60, "192.0.2.1", 200, &format!("Bearer {honest}"));
    case.key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    case.write("authorization", "");
    case.scope();
    assert_eq!(
        case.verdicts(),
        ["1,indeterminate,signature_invalid_and_issued,invalid,"]
    );
}

#[test]
fn opaque_tokens_meet_their_records_by_hash() {
    let mut case = Case::new();
    let hash = |token: &str| breachscope::digest::token_hash(token);
    let (honest, forged) = ("opaque-token-of-one", "opaque-token-of-nobody");
    case.issued(0, &hash(honest), "1", "es", None);
    case.used(60, "192.0.2.1", 200, &format!("a=b; pass={honest}"));
    case.used(61, "192.0.2.2", 200, &format!("pass={forged}"));
    case.write("cookie", "token_cookie = \"pass\"");
    let path = case.dir.path().join("case.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let constants = text.replace(
        "cookie = \"auth\"\n",
        "cookie = \"auth\"\n[source.constants]\ntoken_issuer = \"shop\"\n",
    );
    std::fs::write(&path, constants).unwrap();
    case.scope();
    let sql = "SELECT token_id, verdict, reason FROM tokens ORDER BY verdict";
    let rows = query(&case.out(), &[sql]);
    // Without an issue time nothing says that an opaque token was not issued.
    let expected = format!(
        "token_id,verdict,reason\n{},indeterminate,issue_time_not_logged\n{},legitimate,issued\n",
        hash(forged),
        hash(honest)
    );
    assert_eq!(rows, expected);
}

#[test]
fn masked_tokens_and_a_wrong_field_are_said_and_are_no_clean_bill() {
    let told = |field: &str, token: &str| {
        let mut case = Case::new();
        case.used(60, "192.0.2.1", 200, token);
        case.write(field, "");
        let (dir, out) = (case.dir.path(), case.out());
        let output = breachscope(&[
            "scope",
            dir.to_str().unwrap(),
            "--out",
            out.to_str().unwrap(),
        ]);
        assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
        disclosure(&out)
    };
    let unreadable =
        |problem: &str| json!({"id": "tokens_unreadable", "problem": problem, "count": 1});
    let masked = told("authorization", "Bearer ********");
    assert!(has_finding(&masked, &unreadable("token_redacted")));
    // A claim without an id is a token's; without a field for ids, or with no claim either, it is nothing.
    let unnamed = unreadable("token_id_absent");
    let claimed = "token_id = \"jti\"\ntoken_issuer = \"iss\"\ntoken_subject";
    assert!(has_finding(&told(claimed, "1"), &unnamed));
    let id = "token_issuer = \"iss\"\ntoken_subject = \"sub\"\ntoken_id";
    for (field, value) in [
        (claimed, "-"),
        (id, "-"),
        ("token_subject = \"sub\"\ntoken", "-"),
    ] {
        let found = told(field, value);
        assert!(!has_finding(&found, &unnamed), "{field} {value}");
    }
    let mut case = Case::new();
    let token = case.es256(&Case::claims("t3", "3", 10));
    let typo = told(
        "authorization = \"ath\"\nuser_agent",
        &format!("Bearer {token}"),
    );
    assert_eq!(typo["misfits"][0]["id"], "gateway_without_token", "{typo}");
    assert_eq!(typo["complete"], false);
    // A claim that is no time does not take its request out of the counts.
    let claims = r#"{"iss":"shop","jti":"t4","sub":"4","iat":-1,"exp":99999999999999}"#;
    let wild = case.es256(claims);
    case.used(60, "192.0.2.1", 200, &format!("Bearer {wild}"));
    case.write("authorization", "");
    case.scope();
    let rejects = query(&case.out(), &["SELECT COUNT(*) AS n FROM rejects"]);
    assert_eq!(rejects, "n\n0\n");
    assert_eq!(case.verdicts().len(), 1);
    assert!(
        case.verdicts()[0].contains("indeterminate,token_not_readable,valid,claim_time"),
        "{:?}",
        case.verdicts()
    );
}

/// An issued token that moves to an address which carries so many forged ones; `neighbours` issued tokens
/// live on that address alone.
fn moved(forgeries: usize, neighbours: usize) -> Vec<String> {
    let mut case = Case::new();
    let token = case.es256(&Case::claims("t1", "1", 0));
    case.issued(0, "t1", "1", "es", Some("192.0.2.1"));
    case.used(60, "192.0.2.1", 200, &format!("Bearer {token}"));
    case.used(600, "198.51.100.7", 200, &format!("Bearer {token}"));
    for nth in 0..forgeries {
        let forged = case.es256(&Case::claims(&format!("f{nth}"), "9", 500));
        case.used(601, "198.51.100.7", 200, &format!("Bearer {forged}"));
    }
    for nth in 0..neighbours {
        let id = format!("n{nth}");
        let token = case.es256(&Case::claims(&id, "2", 0));
        case.issued(0, &id, "2", "es", Some("198.51.100.7"));
        case.used(700, "198.51.100.7", 200, &format!("Bearer {token}"));
    }
    case.write("authorization", "");
    case.scope();
    let requests = crate::support::figures(&case.out())["requests.stolen"];
    let mut verdicts = case.verdicts();
    verdicts.push(format!("{requests:?}"));
    verdicts
}

#[test]
fn an_issued_token_on_the_attackers_own_address_is_stolen() {
    let forged = "9,forged,never_issued,valid,";
    let (stolen, legitimate) = ("1,stolen,stolen,valid,", "1,legitimate,issued,valid,");
    let all = moved(5, 0);
    assert_eq!((all[0].as_str(), all[1].as_str()), (stolen, forged));
    assert_eq!(all.last().unwrap(), "[1, 1, 1]");
    let passing = moved(4, 0);
    assert_eq!(
        passing[0], legitimate,
        "few forged tokens may have passed through the address"
    );
    let shared = moved(5, 1);
    assert_eq!(
        shared[0], legitimate,
        "an address on which a customer lives is not the attacker's own"
    );
    assert_eq!(shared.last().unwrap(), "[0, 0, 0]");
}

#[test]
fn rules_are_listed_and_can_be_switched_off() {
    let output = breachscope(&["rules", "--format", "json"]);
    let rules: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let rules = rules.as_array().unwrap();
    assert_eq!(rules.len(), breachscope::tokens::rules::list::ALL.len());
    for rule in rules {
        for field in ["id", "sees", "innocent", "source"] {
            assert!(
                rule[field].as_str().is_some_and(|text| !text.is_empty()),
                "{rule}"
            );
        }
    }
    let mut case = Case::new();
    let token = case.es256(&Case::claims("t3", "3", 10));
    case.used(60, "192.0.2.1", 200, &format!("Bearer {token}"));
    case.write("authorization", "");
    let path = case.dir.path().join("case.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let off = |name: &str| {
        text.replace(
            "phase_pause_days = 30",
            &format!("phase_pause_days = 30\nswitched_off = [\"{name}\"]"),
        )
    };
    std::fs::write(&path, off("never_issued")).unwrap();
    case.scope();
    assert_eq!(
        case.verdicts(),
        ["3,indeterminate,never_issued_switched_off,valid,"]
    );
    let report = std::fs::read_to_string(case.out().join("report.md")).unwrap();
    let told = "switched\\_off = never\\_issued, set by the case file";
    assert!(report.contains(told), "{report}");
    std::fs::write(&path, off("never_isued")).unwrap();
    let output = breachscope(&["scope", Path::new(case.dir.path()).to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("did you mean `never_issued`?"),
        "{}",
        stderr(&output)
    );
    for wanted in ["0", "31"] {
        let lines = format!("phase_pause_days = 30\ncoverage_witnesses = {wanted}");
        std::fs::write(&path, text.replace("phase_pause_days = 30", &lines)).unwrap();
        let output = breachscope(&["scope", case.dir.path().to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(1));
        let message =
            format!("coverage_witnesses is {wanted}, not a number of tokens from 1 to 30");
        assert!(stderr(&output).contains(&message), "{}", stderr(&output));
        assert!(
            stderr(&output).contains("case.toml:12:"),
            "{}",
            stderr(&output)
        );
    }
}
