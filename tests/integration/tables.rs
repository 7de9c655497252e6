//! Logs whose first record names the columns: damage there, and in the quotes of others.

use crate::hostile::Run;
use crate::support::{breachscope, query, stderr};

#[test]
fn stray_quotes_cost_their_own_lines_and_none_between() {
    let settings = "format = \"csv\"\ntime = \"rfc3339\"\n[source.fields]\nevent_time = \"t\"\nsource_ip = \"ip\"\nmethod = \"m\"\npath = \"p\"\nstatus = \"s\"\nuser_agent = \"ua\"\nrequest_id = \"rid\"\nbody_bytes = \"b\"\n";
    let agents = [
        "\"x\"y",
        "plain",
        "5\" disk",
        "\"two\nlines\"",
        "\"q\"\"q\"",
        "-",
        "z\"",
        "\"open",
        "last",
        "\"",
        "between",
        "\"",
        "end",
    ];
    let mut log = "t,ip,m,p,s,rid,b,ua\n".to_string();
    for (second, agent) in agents.iter().enumerate() {
        log += &format!("2025-04-14T00:00:{second:02}Z,192.0.2.7,GET,/,200,-,-,{agent}\n");
    }
    let run = Run::new(&[("a.csv", log.as_bytes())], settings);
    run.go("intake", 3);
    let rejects = run.query("SELECT line_no, reason FROM rejects ORDER BY line_no");
    assert_eq!(
        rejects,
        [
            "2,stray_quote",
            "9,open_quote",
            "11,open_quote",
            "13,open_quote"
        ]
    );
    // No request id, size or agent is what `-` says, or all of them would be one request.
    let rows = "SELECT line_no, user_agent FROM requests WHERE request_id IS NULL AND body_bytes IS NULL ORDER BY line_no";
    let expected = [
        "3,plain",
        "4,\"5\"\" disk\"",
        "5,\"two",
        "lines\"",
        "6,\"q\"\"q\"",
        "7,",
        "8,\"z\"\"\"",
        "10,last",
        "12,between",
        "14,end",
    ];
    assert_eq!(run.query(rows), expected);
    // A header that is damaged names no columns.
    let damaged = log.replacen("t,ip", "t,\"ip", 1);
    let run = Run::new(
        &[("a.csv", log.as_bytes()), ("b.csv", damaged.as_bytes())],
        settings,
    );
    let manifest = run.go("intake", 3);
    let file = &manifest["evidence"][1];
    let counts = ["lines", "rows", "rejects", "blanks"].map(|name| file[name].as_u64());
    assert_eq!(counts, [14, 0, 14, 0].map(Some));
}

#[test]
fn a_header_is_the_first_record_that_names_columns() {
    let settings = "format = \"csv\"\ntime = \"rfc3339\"\n[source.fields]\nevent_time = \"t\"\nsource_ip = \"ip\"\nmethod = \"m\"\npath = \"p\"\nstatus = \"s\"\nuser_agent = \"agnt\"\n";
    let rows = |from: usize| -> String {
        let row = |second| format!("2025-04-14T00:00:{second:02}Z,192.0.2.7,GET,/,200\n");
        (from..from + 2).map(row).collect()
    };
    let header = "t,ip,m,p,s\n";
    let log = format!("\r\n\n{header}{}\u{feff}{header}{}", rows(0), rows(10));
    let (nameless, returns) = (
        rows(20),
        format!("{header}{}", rows(30)).replace('\n', "\r"),
    );
    let logs = [("a.csv", &log), ("b.csv", &nameless), ("c.csv", &returns)];
    let logs = logs.map(|(name, log)| (name, log.as_bytes()));
    let run = Run::new(&logs, settings);
    let manifest = run.go("intake", 3);
    for (place, expected) in [[8, 4, 0, 4], [2, 0, 2, 0], [1, 0, 1, 0]]
        .iter()
        .enumerate()
    {
        let file = &manifest["evidence"][place];
        let counts = ["lines", "rows", "rejects", "blanks"].map(|name| file[name].as_u64());
        assert_eq!(counts, expected.map(Some), "{place}");
    }
    let unfilled = &manifest["unfilled"];
    assert_eq!(unfilled[0]["field"], "agnt");
    assert!(unfilled[1].is_null(), "{unfilled}");
    // Alone, such a log is a mistake of the case file.
    let run = Run::new(&logs[1..2], settings);
    let case = run.dir.path().join("case");
    let output = breachscope(&[
        "intake",
        case.to_str().unwrap(),
        "--out",
        run.out().to_str().unwrap(),
    ]);
    assert_eq!(output.status.code(), Some(1));
    let message = stderr(&output);
    assert!(
        message.contains("no line of logs/b.csv has the field `t`"),
        "{message}"
    );
    assert!(
        message.contains("its fields are 2025-04-14T00:00:20Z, 192.0.2.7"),
        "{message}"
    );
    // Another separator.
    let run = Run::new(&[("a.csv", log.replace(',', ";").as_bytes())], settings);
    let output = breachscope(&[
        "intake",
        run.dir.path().join("case").to_str().unwrap(),
        "--out",
        run.out().to_str().unwrap(),
    ]);
    assert_eq!(output.status.code(), Some(1));
    let message = stderr(&output);
    assert!(
        message.contains("is `csv_semicolon` the log's format?"),
        "{message}"
    );
}

#[test]
fn a_header_names_the_columns_of_what_follows_it() {
    let settings = "format = \"csv\"\ntime = \"rfc3339\"\n[source.fields]\nevent_time = \"t\"\nsource_ip = \"ip\"\nmethod = \"m\"\npath = \"p\"\nstatus = \"s\"\nuser_agent = \"ua\"\n";
    let row = "2025-04-14T00:00:00Z,192.0.2.7,GET,/,200,";
    // The header in another order, quoted, and with a column of another name, stands within the first 8 MiB, and is
    // in force far behind it too.
    let mut log = format!("sep=,\n# a title\n\nt,ip,m,p,s,ua,x\n{row}a,1\n");
    log += "\"UA\",\"p\",\"m\",\"ip\",\"s\",\"t\",\"y\"\n";
    // A client whose agent, path and referrer are names.
    log += "t,p,m,192.0.2.8,200,2025-04-14T00:00:01Z,ip\n";
    let second = "agent,/b,GET,192.0.2.9,200,2025-04-14T00:00:02Z,z\n";
    let many = (10 << 20) / second.len();
    log += &second.repeat(many);
    let run = Run::new(&[("a.csv", log.as_bytes())], settings);
    let manifest = run.go("intake", 3);
    let file = &manifest["evidence"][0];
    let counts = ["lines", "rows", "rejects", "blanks"].map(|name| file[name].as_u64());
    let many = many as u64;
    assert_eq!(counts, [many + 7, many + 2, 2, 3].map(Some));
    let rows = "SELECT source_ip, path, user_agent, COUNT(*) AS n FROM requests GROUP BY source_ip, path, user_agent ORDER BY source_ip";
    assert_eq!(
        run.query(rows),
        [
            "192.0.2.7,/,a,1".to_string(),
            "192.0.2.8,p,t,1".into(),
            format!("192.0.2.9,/b,agent,{many}"),
        ]
    );
    let rejects = run.query("SELECT line_no, reason FROM rejects ORDER BY line_no");
    assert_eq!(rejects, ["1,no_header", "2,no_header"]);
}

#[test]
fn what_programs_write_for_nothing_and_for_whole_numbers_is_read() {
    let settings = "format = \"csv\"\ntime = \"epoch_seconds\"\n[source.fields]\nevent_time = \"t\"\nsource_ip = \"ip\"\nmethod = \"m\"\npath = \"p\"\nstatus = \"s\"\nbody_bytes = \"b\"\ntoken_subject = \"sub\"\n";
    let log = "t,ip,m,p,s,b,sub\n\
        1744588800,192.0.2.1:443,GET,/,200,NULL,7.0\n\
        1.744588801e9,[2001:db8::1]:5,GET,/,200.0,NaN,0.0\n\
        1744588802,192.0.2.1,GET,/,200,512.0,7.5\n\
        1744588803,192.0.2.1,GET,/,200,,a.0\n\
        1744588804,192.0.2.1,GET,/,NULL,1,7\n";
    let run = Run::new(&[("a.csv", log.as_bytes())], settings);
    run.go("intake", 0);
    let rows =
        "SELECT line_no, source_ip, status, body_bytes, token_subject, row_problem FROM requests";
    assert_eq!(
        run.query(rows),
        [
            "2,192.0.2.1,200,,7,",
            "3,2001:db8::1,200,,0,",
            "4,192.0.2.1,200,512,7.5,",
            "5,192.0.2.1,200,,a.0,",
            "6,192.0.2.1,,1,7,bad_status",
        ]
    );
    // A number that must be there is not, if it is not known.
    let settings = "format = \"csv\"\ntime = \"epoch_seconds\"\n[source.fields]\nevent_time = \"t\"\nrequest_id = \"r\"\naccount = \"who\"\nitem_count = \"n\"\n";
    let log = "t,r,who,n\n1744588800,a,7.0,-1\n1744588801,b,8.0,3.0\n1744588802,c,9,NULL\n";
    let run = Run::new(&[("a.csv", log.as_bytes())], settings);
    let path = run.dir.path().join("case/case.toml");
    let case = std::fs::read_to_string(&path).unwrap();
    std::fs::write(
        &path,
        case.replace("kind = \"edge\"", "kind = \"application\""),
    )
    .unwrap();
    run.go("intake", 3);
    let rows = run.query("SELECT line_no, account, item_count FROM app_events");
    assert_eq!(rows, ["3,8,3"]);
    let rejects = run.query("SELECT line_no, reason FROM rejects ORDER BY line_no");
    assert_eq!(rejects, ["2,field_missing", "4,field_missing"]);
}

#[test]
fn a_clients_path_hides_no_request_whatever_it_says() {
    let settings = "time = \"rfc3339\"\n[source.fields]\nevent_time = \"t\"\nsource_ip = \"ip\"\nmethod = \"m\"\npath = \"p\"\nstatus = \"s\"\nrequest_id = \"r\"\nuser_agent = \"ua\"\n";
    for (format, delimiter) in [("csv_backslash", ","), ("tsv_unquoted", "\t")] {
        let rows = ["\\N", "-", "\\", "/a\\"]
            .map(|path| format!("2025-04-14T00:00:00Z,192.0.2.7,GET,{path},200,\\N,\\N\n"));
        let log = format!("t,ip,m,p,s,r,ua\n{}", rows.concat()).replace(',', delimiter);
        let settings = format!("format = \"{format}\"\n{settings}");
        let run = Run::new(&[("a.csv", log.as_bytes())], &settings);
        run.go("intake", 0);
        let rows = run.query("SELECT path, request_id, user_agent FROM requests ORDER BY line_no");
        // A dash that a table program could take for a formula is written with a quote before it.
        assert_eq!(rows, ["'-,,", "'-,,", "\\,,", "/a\\,,"], "{format}");
    }
}

#[test]
fn what_a_client_sends_makes_no_header() {
    let header = "t,node,ip,m,p,s,ref,ua";
    let swapped = "t,node,ip,m,ua,s,ref,p";
    let settings = "format = \"csv\"\ntime = \"rfc3339\"\n[source.fields]\nevent_time = \"t\"\nsource_ip = \"ip\"\nmethod = \"m\"\npath = \"p\"\nstatus = \"s\"\nuser_agent = \"ua\"\n";
    let row = |second: u8, ua: &str| {
        format!("2025-04-14T00:00:{second:02}Z,n,192.0.2.7,GET,/p,200,-,{ua}\n")
    };
    let agents = "SELECT DISTINCT user_agent FROM requests WHERE path <> '/p'";
    for sent in [
        format!("\"x\n{swapped}\n\""),
        format!("\"x,z\n{swapped}\n\""),
        format!("\"x\"y\n{swapped}"),
        format!("\"x\"y\n{swapped}\n{swapped}\""),
        "\"x\nua,p,ip,t,q,q,q,q\n\"".into(),
        format!("\"x\n{header}\n{swapped}\n\""),
    ] {
        let log = format!(
            "{header}\n{}{}{}",
            row(1, "a"),
            row(2, &sent),
            row(3, "agent")
        );
        let run = Run::new(&[("a.csv", log.as_bytes())], settings);
        let path = run.dir.path().join("case");
        let ended = breachscope(&[
            "intake",
            path.to_str().unwrap(),
            "--out",
            run.out().to_str().unwrap(),
        ]);
        assert!(
            matches!(ended.status.code(), Some(0 | 3)),
            "{}",
            stderr(&ended)
        );
        assert_eq!(run.query(agents), [""; 0], "{sent}");
        let last = run.query("SELECT user_agent FROM requests ORDER BY event_time DESC LIMIT 1");
        assert_eq!(last, ["agent"], "{sent}");
    }
    // A file behind another has its own, with other names at both ends; and the rows in a folder of any name.
    let log = format!(
        "x,{header},y\n1,{}q,{swapped},v\n1,2025-04-14T00:00:09Z,n,192.0.2.7,GET,agent,200,-,/b,2\n",
        row(1, "a,2")
    );
    let run = Run::new(&[("a.csv", log.as_bytes())], settings);
    run.go("intake", 0);
    let rows = "SELECT path, user_agent FROM requests ORDER BY line_no";
    assert_eq!(run.query(rows), ["/p,a", "/b,agent"]);
    let odd = run.dir.path().join("r [x]*");
    std::fs::rename(run.out(), &odd).unwrap();
    assert_eq!(query(&odd, &[rows]).lines().count(), 3);
}
