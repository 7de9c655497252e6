//! What clients choose to send hides no request.

use crate::hostile::{JSON, Run, combined, json};

#[test]
fn a_claim_that_is_no_time_does_not_hide_its_request() {
    let settings = "format = \"jsonl\"\ntime = \"rfc3339\"\n[source.constants]\ntoken_issuer = \"i\"\n[source.fields]\nevent_time = \"t\"\nsource_ip = \"ip\"\nmethod = \"m\"\npath = \"p\"\nstatus = \"s\"\ntoken_id = \"jti\"\ntoken_subject = \"sub\"\ntoken_expires_at = \"exp\"\n";
    let expiries = [
        "1744588800",
        "2026-01-01T00:00:00",
        "2025-10-26T02:30:00",
        "never",
    ];
    let log: String = expiries
        .map(|exp| {
            json(
                1,
                &format!(",\"jti\":\"a\",\"sub\":\"1\",\"exp\":\"{exp}\""),
            )
        })
        .concat();
    for zone in ["", "zone = \"Europe/Berlin\"\n"] {
        let settings = settings.replacen("time =", &format!("{zone}time ="), 1);
        let run = Run::new(&[("a.jsonl", log.as_bytes())], &settings);
        run.go("intake", 0);
        let problems =
            run.query("SELECT COALESCE(token_problem, 'none') FROM requests ORDER BY line_no");
        let of_a_zone = if zone.is_empty() {
            "claim_time"
        } else {
            "none"
        };
        assert_eq!(
            problems,
            ["none", of_a_zone, "claim_time", "claim_time"].map(String::from)
        );
    }
}

#[test]
fn bytes_and_types_that_clients_choose_hide_no_request() {
    let settings = JSON.replacen("time =", "zone = \"UTC\"\ntime =", 1)
        + "token_id = \"jti\"\ntoken_issuer = \"iss\"\ntoken_subject = \"sub\"\nbody_bytes = \"b\"\n";
    let mut log = Vec::new();
    for (second, rest) in [
        &b",\"late\":\"a\xffb\",\"other\":\"\xc3\""[..],
        b",\"jti\":true,\"sub\":\"7\"",
        b",\"jti\":\"a\",\"sub\":[\"7\"],\"iss\":{}",
        b",\"b\":[1,{}]",
        b",\"jti\":\"-\",\"iss\":\"\"",
        b",\"jti\":\"a\",\"sub\":\"7\",\"sub\":\"8\"",
        b",\"late\":\"\\x22\\ud800\"",
        b",\"late\":[\"one\",\"two\"],\"b\":-1",
        b",\"late\":\"tab\there\",\"b\":[12.0]",
        b",\"jti\":[\"a\"],\"sub\":\"7\"",
    ]
    .iter()
    .enumerate()
    {
        let line = json(second, "");
        let line = line.replace("\"/a\"", "\"-\"");
        log.extend([line.trim_end_matches("}\n").as_bytes(), rest, b"}\n"].concat());
    }
    let run = Run::new(&[("a.jsonl", &log)], &settings);
    run.go("intake", 0);
    let rows = "SELECT line_no, COALESCE(user_agent, '') AS a, COALESCE(token_problem, '') AS b FROM requests ORDER BY line_no";
    let expected = [
        "1,a\\xFFb,",
        "2,,claim_type",
        "3,,claim_type",
        "4,,",
        "5,,",
        "6,,claim_twice",
        "7,\"\"\"\\ud800\",",
        "8,\"one, two\",",
        "9,tab\there,",
        "10,,claim_type",
    ];
    assert_eq!(run.query(rows), expected);
    let sizes = "SELECT line_no, body_bytes FROM requests WHERE body_bytes IS NOT NULL";
    assert_eq!(run.query(sizes), ["9,12"]);
    let problems = "SELECT line_no, row_problem FROM requests WHERE row_problem IS NOT NULL";
    assert_eq!(run.query(problems), ["4,type_body_bytes"]);
}

#[test]
fn what_a_server_refused_unread_is_a_row_and_no_lost_request() {
    let sent = [
        ("-", "408 0", Some("'-,'-")),
        ("", "400 0", Some("'-,'-")),
        (r"\x03\x00/*", "400 157", Some("'-,\u{3}\0/*")),
        ("GET /a HTTP/1.1", "408 0", Some("GET,/a")),
        ("-", "200 5", Some(",")),
        (r"\x03\x00/*", "302 5", Some(",\u{3}\0/*")),
    ];
    let good = combined("14/Apr/2025:00:00:00 +0000", "/a", "x");
    let log = sent.map(|(request, answer, _)| {
        good.replace("GET /a HTTP/1.1", request)
            .replace("200 5", answer)
    });
    let run = Run::new(
        &[("a.log", log.concat().as_bytes())],
        "format = \"combined\"\n",
    );
    // It is the edge's log alone, which stands above the figures.
    run.go("scope", 3);
    let rows = run.query("SELECT method, path FROM requests ORDER BY line_no");
    // A dash that a table program could take for a formula is written with a quote before it.
    let expected: Vec<&str> = sent.iter().filter_map(|(.., row)| *row).collect();
    assert_eq!(rows, expected);
    // Nobody knows what the server showed to the last two.
    let problems =
        "SELECT line_no, row_problem FROM requests WHERE row_problem IS NOT NULL ORDER BY line_no";
    assert_eq!(
        run.query(problems),
        ["5,no_method no_path", "6,request_line"]
    );
    let lost = "SELECT confirmed FROM figures WHERE id = 'requests.without_gateway_line'";
    assert_eq!(run.query(lost), ["3"]);
}

#[test]
fn a_method_that_says_nothing_is_none_in_any_format() {
    let sent = [
        (r#""-","p":"-","s":400"#, Some("'-,'-")),
        (r#""","p":"","s":408"#, Some("'-,'-")),
        (r#""","p":"","s":"408.0""#, Some("'-,'-")),
        (r#"null,"p":"/x","s":400,"b":157"#, Some("'-,/x")),
        (r#""-","p":null,"s":0.0,"b":-1"#, Some("'-,'-")),
        (r#""","p":"","s":"000","b":"0.0""#, Some("'-,'-")),
        (r#""GET","p":"-","s":200"#, Some("GET,'-")),
        (r#""GET","p":"","s":200"#, Some("GET,")),
        (r#""GET","p":"","s":400"#, Some("GET,")),
        (r#""GET","s":400"#, Some("GET,'-")),
        (r#""-","p":"/x","s":200"#, Some(",/x")),
        (r#""","p":"","s":200"#, Some(",")),
        (r#""","p":"","s":0,"b":5"#, Some(",")),
        (r#""GET","s":302"#, Some("GET,")),
    ];
    let lines =
        sent.map(|(request, _)| json(0, "").replace(r#""GET","p":"/a","s":"200""#, request));
    let settings = format!("{JSON}body_bytes = \"b\"\n");
    let run = Run::new(&[("a.jsonl", lines.concat().as_bytes())], &settings);
    // It is the edge's log alone, which stands above the figures.
    run.go("scope", 3);
    let rows = run.query("SELECT method, path FROM requests ORDER BY line_no");
    let expected: Vec<&str> = sent.iter().filter_map(|(_, row)| *row).collect();
    assert_eq!(rows, expected);
    // The server refused none of the last four, so nobody knows what it showed.
    let problems =
        "SELECT line_no, row_problem FROM requests WHERE row_problem IS NOT NULL ORDER BY line_no";
    assert_eq!(
        run.query(problems),
        ["11,no_method", "12,no_method", "13,no_method", "14,no_path"]
    );
    let lost = "SELECT confirmed FROM figures WHERE id = 'requests.without_gateway_line'";
    assert_eq!(run.query(lost), ["8"]);
}

#[test]
fn what_stands_for_a_token_and_has_no_id_is_a_token() {
    let settings = JSON.replacen("time =", "zone = \"UTC\"\ntime =", 1)
        + "token_id = \"pass.jti\"\ntoken_subject = \"pass.sub\"\ntoken_scope = \"pass.scope\"\nsession_id = \"pass.sid\"\nuser_agent = \"client.agent\"\n";
    let passes = [
        (r#"{"jti":"a","sub":"7"}"#, "none"),
        (r#""x""#, "token_id_absent"),
        (r#""""#, "none"),
        (r#""x""#, "token_id_absent"),
        ("null", "none"),
        ("{}", "none"),
        (r#"{"active":"no"}"#, "none"),
        (r#"{"iss":"shop","aud":"web"}"#, "token_id_absent"),
        (r#"{"jti":"","sub":"7"}"#, "token_id_absent"),
        (r#"{"jti":"a","aud":"web"}"#, "none"),
        (r#"{"jti":"","aud":"web"}"#, "token_id_absent"),
        (r#"{"jti":"-","aud":"web"}"#, "token_id_absent"),
        (r#"{"jti":"-","aud":""}"#, "none"),
        (r#"{"scope":"all"}"#, "token_id_absent"),
        (r#"{"sid":"s","aud":"web"}"#, "token_id_absent"),
        (r#"{"sid":"s"}"#, "none"),
        (r#"["x"]"#, "token_id_absent"),
        ("true", "token_id_absent"),
        ("false", "none"),
    ];
    let log: String = (0..)
        .zip(passes)
        .map(|(second, (pass, _))| {
            let line = json(second, "");
            let line = line.trim_end_matches("}\n");
            format!("{line},\"pass\":{pass},\"client\":\"no object\"}}\n")
        })
        .collect();
    let settings = settings.replace("user_agent = \"late\"\n", "");
    let run = Run::new(&[("a.jsonl", log.as_bytes())], &settings);
    run.go("intake", 0);
    let rows = "SELECT COALESCE(token_problem, 'none') AS a FROM requests ORDER BY line_no";
    assert_eq!(run.query(rows), passes.map(|(_, problem)| problem));
}

#[test]
fn a_blank_in_an_id_or_a_bracket_in_a_name_hides_no_request() {
    let good = combined("14/Apr/2025:00:00:00 +0000", "/a", "x");
    let with = |tail: &str| good.replace('\n', &format!(" {tail}\n"));
    let log = [
        with("rid=1 jti=a sub=7"),
        with("rid=x jti=b jti=a sub=7"),
        with("rid=x sub=\"\" sub=8 jti=a sub=7"),
        with("rid=1 rid=2 jti=a sub=7"),
        good.replacen("- - [", "- x [y] [", 1),
        good.replacen("HTTP/1.1", "HTTP/1.1 ", 1),
        good.replacen("- - [", "- x [14/Apr/2025:00:00:00 +0000] [", 1),
        // Two writers at once.
        good.replacen("- - [", "- - [192.0.2.9 - - [", 1),
    ];
    let settings = "format = \"combined\"\n[source.fields]\nrequest_id = \"rid\"\ntoken_id = \"jti\"\ntoken_subject = \"sub\"\n";
    let run = Run::new(&[("a.log", log.concat().as_bytes())], settings);
    run.go("intake", 3);
    let rows = "SELECT line_no, path, COALESCE(token_id, '') AS a, COALESCE(token_subject, '') AS b, COALESCE(token_problem, '') AS c FROM requests ORDER BY line_no";
    let expected = [
        "1,/a,a,7,",
        "2,/a,,7,claim_twice",
        "3,/a,a,,claim_twice",
        "4,/a,a,7,",
        "5,/a,,,",
        "6,/a,,,",
    ];
    assert_eq!(run.query(rows), expected);
    let rejects = run.query("SELECT line_no, reason FROM rejects ORDER BY line_no");
    assert_eq!(rejects, ["7,bad_time", "8,bad_time"]);
}

#[test]
fn another_field_for_tokens_hides_none_whose_claims_are_logged() {
    let settings = JSON.replacen("format =", "token_cookie = \"pass\"\nformat =", 1)
        + "token_id = \"pass.jti\"\ntoken_subject = \"pass.sub\"\ncookie = \"cookies\"\n";
    let lines = [
        ("", "pass=opaque-token-1", "none"),
        ("", "a=b", "token_cookie_absent"),
        (r#""sub":"7""#, "pass=opaque-token-1", "none"),
        (r#""sub":"7""#, "a=b", "token_id_absent"),
        (r#""aud":"q""#, "pass=opaque-token-1", "none"),
        (r#""aud":"q""#, "a=b", "token_id_absent"),
        (r#""jti":"","aud":"q""#, "a=b", "token_id_absent"),
        (r#""aud":"q""#, "", "token_id_absent"),
    ];
    let log: String = (0..)
        .zip(lines)
        .map(|(second, (claims, cookies, _))| {
            let more = format!(",\"pass\":{{{claims}}},\"cookies\":\"{cookies}\"");
            json(second, &more)
        })
        .collect();
    let run = Run::new(&[("a.jsonl", log.as_bytes())], &settings);
    run.go("intake", 0);
    let rows = "SELECT COALESCE(token_problem, 'none') AS a FROM requests ORDER BY line_no";
    assert_eq!(run.query(rows), lines.map(|(.., problem)| problem));
}

#[test]
fn a_token_whose_claims_are_empty_is_a_row_wherever_it_stands() {
    // {"alg":"HS256"} and {"jti":""}
    let token = ",\"late\":\"x\",\"auth\":\"Bearer eyJhbGciOiJIUzI1NiJ9.eyJqdGkiOiIifQ.AAAA\"";
    let log: String = (0..5).map(|second| json(second, token)).collect();
    let settings = format!("{JSON}authorization = \"auth\"\n");
    let run = Run::new(&[("a.jsonl", log.as_bytes())], &settings);
    run.go("intake", 0);
    assert_eq!(
        run.query("SELECT line_no, path FROM requests ORDER BY line_no"),
        ["1,/a", "2,/a", "3,/a", "4,/a", "5,/a"]
    );
}

#[test]
fn bytes_that_are_no_text_do_not_hide_a_request() {
    let bad = combined("14/Apr/2025:00:00:00 +0000", "/a", "x\u{1}y")
        .replace('\u{1}', "#")
        .into_bytes();
    let bad: Vec<u8> = bad
        .into_iter()
        .map(|byte| if byte == b'#' { 0xff } else { byte })
        .collect();
    let run = Run::new(&[("a.log", &bad)], "format = \"combined\"\n");
    run.go("intake", 0);
    assert_eq!(
        run.query("SELECT path, user_agent FROM requests"),
        [r"/a,x\xFFy"]
    );
}
