//! What a key is for, from the case file to the verdict on whole tokens that the key signed.

use crate::support::{breachscope, disclosure, query, stderr};
use crate::tokens::Case;

/// The claims of a token with this text as a further claim.
fn claims(id: &str, subject: &str, more: &str) -> String {
    let claims = Case::claims(id, subject, 10);
    let all = claims.strip_suffix('}').unwrap();
    match more {
        "" => claims,
        more => format!("{all},{more}}}"),
    }
}

/// Changes the text of a written case file.
fn change(case: &Case, from: &str, to: &str) {
    let path = case.dir.path().join("case.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{from}");
    std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
}

const KEYS: &str = "file = \"keys.json\"\nkind = \"jwks\"\n";

/// A case whose key signed tokens with these claims, the first of which has a record, and whose log numbers no records.
fn signed(tokens: &[(&str, u16)], scope: &str) -> Case {
    let mut case = Case::new();
    for (nth, (more, status)) in (1..).zip(tokens) {
        let id = format!("t{nth}");
        let token = case.es256(&claims(&id, &nth.to_string(), more));
        case.used(60 + nth, "192.0.2.1", *status, &format!("Bearer {token}"));
    }
    case.issued(10, "t1", "1", "es", None);
    case.write("authorization", "");
    change(&case, "sequence = \"seq\"\n", "");
    change(&case, KEYS, &format!("{KEYS}{scope}\n"));
    case
}

#[test]
fn a_token_that_its_key_signed_and_is_not_for_is_forged_and_its_near_misses_are_not() {
    let tokens = [
        (r#""aud":"shop-api""#, 200),
        (r#""aud":["graph","shop-api"]"#, 200),
        (r#""aud":"mail-api""#, 200),
        ("", 200),
        (r#""aud":7"#, 200),
        // The key signed it, so that it was refused changes nothing.
        (r#""aud":["mail-api","graph"]"#, 401),
        (r#""aud":"Shop-Api""#, 200),
    ];
    let case = signed(&tokens, "audiences = [\"shop-api\"]");
    case.scope();
    let not_shown = "indeterminate,log_not_shown_complete,valid,";
    assert_eq!(
        case.verdicts(),
        [
            "1,legitimate,issued,valid,".to_string(),
            format!("2,{not_shown}"),
            "3,forged,key_out_of_scope,valid,".to_string(),
            "4,indeterminate,scope_claim_not_logged,valid,".to_string(),
            "5,indeterminate,token_not_readable,valid,jws_claim_type".to_string(),
            "6,forged,key_out_of_scope,valid,".to_string(),
            format!("7,{not_shown}"),
        ]
    );
    let sql = "SELECT token_audience, confidence FROM tokens WHERE verdict = 'forged' ORDER BY token_audience";
    let rows = query(&case.out(), &[sql]);
    assert_eq!(
        rows,
        "token_audience,confidence\ngraph mail-api,strong\nmail-api,strong\n"
    );
    let findings = disclosure(&case.out())["findings"].to_string();
    assert!(findings.contains("key_scope_not_told"), "{findings}");
    let fingerprint = query(
        &case.out(),
        &["SELECT fingerprint FROM tokens WHERE token_subject = '3'"],
    );
    let fingerprint = fingerprint.lines().nth(1).unwrap().to_string();
    let out = case.out();
    let output = breachscope(&["explain", out.to_str().unwrap(), "--token", &fingerprint]);
    let said = String::from_utf8(output.stdout).unwrap();
    for part in [
        "forged (strong confidence): key_out_of_scope",
        "audience   mail-api",
        "not for    audiences",
        "used in 1 gateway line",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn a_scope_that_an_issued_token_contradicts_decides_nothing() {
    let tokens = [(r#""aud":"mail-api""#, 200), (r#""aud":"mail-api""#, 200)];
    let case = signed(&tokens, "audiences = [\"shop-api\"]");
    case.scope();
    let verdicts = [
        "1,legitimate,issued,valid,",
        "2,indeterminate,log_not_shown_complete,valid,",
    ];
    assert_eq!(case.verdicts(), verdicts);
    let misfits = disclosure(&case.out())["misfits"].clone();
    let wanted = serde_json::json!([{
        "id": "key_scope_contradicted",
        "subject": "es",
        "setting": "audiences",
        "count": 1,
        "other_count": 1,
        "example": "mail-api",
    }]);
    assert_eq!(misfits, wanted);
    // With the value that the issued token has, everything is inside.
    change(
        &case,
        "audiences = [\"shop-api\"]",
        "audiences = [\"mail-api\"]",
    );
    case.scope();
    assert_eq!(disclosure(&case.out())["misfits"], serde_json::json!([]));
}

#[test]
fn the_kind_of_customer_is_the_claim_that_the_case_names_and_the_rule_can_be_switched_off() {
    let tokens = [
        (r#""tid":"private""#, 200),
        (r#""tid":"work""#, 200),
        (r#""tid":["work"]"#, 200),
    ];
    let case = signed(&tokens, "customer_kinds = [\"private\"]");
    let named = "token_claims = { customer_kind = \"tid\" }\n[source.fields]\nevent_time = \"at\"";
    change(&case, "[source.fields]\nevent_time = \"at\"", named);
    case.scope();
    assert_eq!(
        case.verdicts(),
        [
            "1,legitimate,issued,valid,",
            "2,forged,key_out_of_scope,valid,",
            "3,indeterminate,token_not_readable,valid,jws_claim_type",
        ]
    );
    let pause = "phase_pause_days = 30";
    let off = format!("{pause}\nswitched_off = [\"key_out_of_scope\"]");
    change(&case, pause, &off);
    case.scope();
    let second = "2,indeterminate,log_not_shown_complete,valid,";
    assert_eq!(case.verdicts()[1], second);
}

#[test]
fn what_a_key_is_for_is_stated_with_care() {
    for (scope, more, says) in [
        ("audiences = [\"\"]", "", "has an empty text"),
        ("audience = [\"shop\"]", "", "audience"),
        (
            "algorithms = [\"ES256\"]",
            "token_claims = { customer_kind = \"\" }",
            "`customer_kind` of `token_claims` names no claim",
        ),
    ] {
        let case = signed(&[("", 200)], scope);
        let fields = "[source.fields]\nevent_time = \"at\"";
        change(&case, fields, &format!("{more}\n{fields}"));
        let output = breachscope(&["scope", case.dir.path().to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(1), "{scope}");
        assert!(stderr(&output).contains(says), "{}", stderr(&output));
    }
    let case = signed(&[("", 200)], "issuers = [\"shop\"]");
    let keys = case.dir.path().join("keys.json");
    let text = std::fs::read_to_string(&keys).unwrap();
    std::fs::write(&keys, text.replace("\"kid\":\"es\",", "")).unwrap();
    let output = breachscope(&["scope", case.dir.path().to_str().unwrap()]);
    assert!(
        stderr(&output).contains("a key of this file has no `kid`"),
        "{}",
        stderr(&output)
    );
}
