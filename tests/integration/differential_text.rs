//! The parsers of text lines against slow, obvious readings of the same mutated lines: the same rows,
//! the same values in the same slots, the same rejects for the same reasons. What a reading leaves
//! open, because what is documented does not decide it, stands above the reading.

use breachscope::intake::formats::{self, Quotes};

use crate::differential::{Said, hold, row, slow_unescaped};

/// The words of a line, and whether each was quoted. One space stands between two words. A word that
/// begins with a quote goes on to the next quote, of which a backslash robs its meaning.
fn slow_words(line: &str) -> Option<Vec<(String, bool)>> {
    #[derive(Clone, Copy)]
    enum At {
        Begin,
        Bare,
        Quoted,
        Escaped,
        Closed,
    }
    let mut words: Vec<(String, bool)> = Vec::new();
    let mut at = At::Begin;
    for c in line.chars() {
        if let At::Begin = at {
            words.push((String::new(), c == '"'));
        }
        at = match (at, c) {
            (At::Begin, '"') => At::Quoted,
            (At::Begin | At::Bare | At::Closed, ' ') => At::Begin,
            (At::Closed, _) => return None,
            (At::Quoted, '"') => At::Closed,
            _ => {
                words.last_mut()?.0.push(c);
                match (at, c) {
                    (At::Begin | At::Bare, _) => At::Bare,
                    (At::Quoted, '\\') => At::Escaped,
                    _ => At::Quoted,
                }
            }
        };
    }
    matches!(at, At::Begin | At::Bare | At::Closed).then_some(words)
}

/// A load balancer's line by the order of fields in its documentation. Of two fields for one column
/// the one that the case file names counts, wherever it stands. Nothing is left open.
fn slow_alb(line: &str) -> Said {
    let Some(words) = slow_words(line) else {
        return Said::Reject("log_syntax");
    };
    if words.len() < 22 {
        return Said::Reject("field_count");
    }
    let value = |place: usize| {
        let (text, quoted) = words.get(place).filter(|(text, _)| text != "-")?;
        Some(if *quoted {
            slow_unescaped(text)
        } else {
            text.clone()
        })
    };
    row([
        ("client_endpoint", value(3)),
        ("status", value(9).or(value(8))),
        ("body_bytes", value(10).or(value(11))),
        ("request_line", value(12)),
        ("user_agent", value(13)),
        ("request_id", value(29).or(value(17))),
        ("event_time", value(21)),
    ])
}

#[test]
fn words_are_what_a_walk_by_character_finds() {
    let lines = [
        r#"https 2025-04-14T00:00:09.186641Z app/shop/50dc [2001:db8::7]:2817 198.51.100.9:80 0.086 0.048 0.037 200 404 0 57 "GET https://shop.example:443/a?b HTTP/1.1" "cur\"l \\ \x22\xEA\xB0\x80" TLS_AES tls arn:x "Root=1-58337281" "shop.example" "-" 1 2025-04-14T00:00:00.186000Z "forward" "-" "-" "198.51.100.9:80" "200" "-" "-" TID_1"#,
        r#"http 2025-04-14T00:00:02Z app/shop 192.0.2.14:52817 - -1 -1 -1 460 - - 453 "- - - " "-" - - arn:x "Root=1-67fc5180" "-" "-" 1 2025-04-14T00:00:02Z "forward" "-" "-" "-" "-" "-" "-" - "-" more"#,
        r#"h2 2025-04-14T00:00:03Z app/shop 203.0.113.5:5 - 0 0 0 200 - 3 9 "GET /é HTTP/2.0" "\xff" - - - "Root=1-é" - - 0 2025-04-14T00:00:03Z"#,
    ];
    let more = [
        ("status", "target_status_code"),
        ("body_bytes", "received_bytes"),
        ("request_id", "conn_trace_id"),
    ];
    hold("alb", &more, &lines.map(|line| ("", line)), |_, line| {
        slow_alb(line)
    });
}

/// A classic load balancer's line by the order of fields in its documentation. Nothing is left open.
fn slow_elb_classic(line: &str) -> Said {
    let Some(words) = slow_words(line) else {
        return Said::Reject("log_syntax");
    };
    if words.len() < 12 {
        return Said::Reject("field_count");
    }
    let value = |place: usize| {
        let (text, quoted) = words.get(place).filter(|(text, _)| text != "-")?;
        Some(match quoted {
            true => slow_unescaped(text),
            false => text.clone(),
        })
    };
    row([
        ("event_time", value(0)),
        ("client_endpoint", value(2)),
        ("status", value(7)),
        ("body_bytes", value(10)),
        ("request_line", value(11)),
        ("user_agent", value(12)),
    ])
}

#[test]
fn words_of_a_classic_load_balancer_are_what_a_walk_finds() {
    let lines = [
        r#"2025-04-14T00:00:00.364958Z shop-lb 203.0.113.5:2817 192.0.2.205:80 0.000073 0.001048 0.000057 200 200 0 57 "GET https://shop.example:443/a?b HTTP/1.1" "cur\"l \\ \xEA\xB0\x80" TLS_AES TLSv1.3"#,
        r#"2025-04-14T00:00:01Z shop-lb 2001:db8::7:5 - -1 -1 -1 503 0 0 0 "GET http://shop.example:80/é HTTP/1.1""#,
        r#"2025-04-14T00:00:02Z tcp-lb 192.0.2.14:52817 192.0.2.205:80 0.001069 0.000028 0.000041 - - 82 305 "- - - " "-" - -"#,
    ];
    let seeds = lines.map(|line| ("", line));
    hold("elb_classic", &[], &seeds, |_, line| slow_elb_classic(line));
}

/// A row of the wanted columns, found by name among the names of the header. What a value says is
/// given by its column's name and its text.
fn slow_columns(
    names: &[String],
    values: &[String],
    wanted: &[(&'static str, &str)],
    says: impl Fn(&str, &str) -> Option<String>,
) -> Said {
    if names.is_empty() {
        return Said::Reject("no_header");
    }
    if names.len() != values.len() {
        return Said::Reject("field_count");
    }
    row(wanted.iter().map(|(column, own)| {
        let spelled = |name: &str| name.trim().to_lowercase();
        let like = || {
            let mut like = (0..names.len()).filter(|at| spelled(&names[*at]) == spelled(own));
            like.next().filter(|_| like.next().is_none())
        };
        let place = names.iter().position(|name| name == own).or_else(like);
        let text = place.map(|place| values[place].as_str());
        let text = text.filter(|text| !text.is_empty());
        (*column, text.and_then(|text| says(own, text)))
    }))
}

/// The values of a record of RFC 4180, or why it is none. Left open: line ends outside quotes.
fn slow_record(delimiter: char, quotes: Quotes, line: &str) -> Result<Vec<String>, Said> {
    #[derive(Clone, Copy)]
    enum At {
        Begin,
        Bare,
        Quoted,
        Quote,
    }
    if line.is_empty() {
        return Ok(Vec::new());
    }
    if quotes == Quotes::None {
        return match line.contains('\n') {
            true => Err(Said::Open),
            false => Ok(line.split(delimiter).map(str::to_string).collect()),
        };
    }
    let mut value = String::new();
    let mut values = Vec::new();
    let mut at = At::Begin;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        at = match (at, c) {
            (At::Quoted, '\\') if quotes == Quotes::Backslash => {
                let escaped = chars.next_if(|next| matches!(next, '"' | '\\' | '\n' | '\r'));
                value.push(escaped.unwrap_or(c));
                At::Quoted
            }
            (At::Quoted, '"') => At::Quote,
            (At::Begin, '"') => At::Quoted,
            (At::Begin | At::Bare | At::Quote, c) if c == delimiter => {
                values.push(std::mem::take(&mut value));
                At::Begin
            }
            (At::Begin | At::Bare | At::Quote, '\n') | (At::Quote, '\r') => return Err(Said::Open),
            (At::Quote, c) if c != '"' => return Err(Said::Reject("stray_quote")),
            _ => {
                value.push(c);
                match at {
                    At::Quoted | At::Quote => At::Quoted,
                    At::Begin | At::Bare => At::Bare,
                }
            }
        };
    }
    values.push(value);
    match at {
        At::Quoted => Err(Said::Reject("open_quote")),
        _ => Ok(values),
    }
}

/// A record below a header, both as records.
fn slow_table(
    (delimiter, quotes): (char, Quotes),
    wanted: &[(&'static str, &str)],
    header: &str,
    line: &str,
) -> Said {
    let [header, line] = [header, line].map(|text| text.trim_end_matches('\r'));
    let is_none = |text: &str| quotes != Quotes::Doubled && text == r"\N";
    match slow_record(delimiter, quotes, header) {
        Err(Said::Open) => Said::Open,
        Err(_) => Said::Reject("no_header"),
        Ok(names) => match slow_record(delimiter, quotes, line) {
            _ if names.is_empty() || header.contains('\r') => Said::Reject("no_header"),
            Err(said) => said,
            Ok(values) => slow_columns(&names, &values, wanted, |_, text| {
                Some(if is_none(text) { "-" } else { text }.to_string())
            }),
        },
    }
}

#[test]
fn records_are_what_a_walk_by_character_finds() {
    let wanted = [
        ("event_time", "When"),
        ("source_ip", "Client IP"),
        ("method", "Verb"),
        ("path", "URL, \"full\""),
        ("user_agent", "Agent"),
        ("status", "Code"),
    ];
    let commas = [
        (
            r#"When,Client IP,Verb,"URL, ""full""",Agent,Code"#,
            r#"2025-04-14 00:30:01,192.0.2.77,GET,"/a?expand=lines,customer","Probe ""q"" é\",200"#,
        ),
        (
            r#""Agent",x,Client IP,When,x,Verb"#,
            r#"-,"",2001:db8::1f,"2025-04-14
00:30:01","a"b,"#,
        ),
        ("Code,When", "200,2025-04-14 00:30:00"),
    ];
    for (format, delimiter, quotes) in [
        ("csv", ',', Quotes::Doubled),
        ("csv_semicolon", ';', Quotes::Doubled),
        ("csv_backslash", ',', Quotes::Backslash),
        ("tsv", '\t', Quotes::Doubled),
        ("tsv_unquoted", '\t', Quotes::None),
    ] {
        let written = |text: &str| match quotes {
            Quotes::Doubled => text.replace(',', &delimiter.to_string()),
            Quotes::Backslash => text.replace("\"\"", "\\\""),
            // No value has a delimiter or a line end.
            Quotes::None => {
                let bare = text.replace(['"', '\n'], "").replace(", ", " ");
                bare.replace("lines,", "lines").replace(',', "\t")
            }
        };
        let seeds = commas.map(|(header, line)| (written(header), written(line)));
        let seeds: Vec<(&str, &str)> = seeds
            .iter()
            .map(|(header, line)| (&**header, &**line))
            .collect();
        let own = wanted.map(|(column, own)| match quotes {
            Quotes::None => (column, own.replace(['"', ','], "")),
            _ => (column, own.replace(',', &delimiter.to_string())),
        });
        let wanted: Vec<(&'static str, &str)> = own
            .iter()
            .map(|(column, own)| (*column, own.as_str()))
            .collect();
        hold(format, &wanted, &seeds, |header, line| {
            slow_table((delimiter, quotes), &wanted, header, line)
        });
    }
}

/// A line whose columns a `#Fields:` line names; `-` is no value. Nothing is left open.
fn slow_directives(
    format: &str,
    separator: char,
    header: &str,
    line: &str,
    says: impl Fn(&str, &str) -> Option<String>,
) -> Said {
    let names = header.strip_prefix("#Fields:").unwrap_or_default();
    let names: Vec<String> = names
        .split(|c: char| c.is_ascii_whitespace())
        .filter(|name| !name.is_empty())
        .map(str::to_string)
        .collect();
    let values: Vec<String> = line.split(separator).map(str::to_string).collect();
    let wanted = formats::list::find(format).unwrap().fields;
    slow_columns(&names, &values, wanted, |own, text| {
        if text == "-" { None } else { says(own, text) }
    })
}

/// Percent-encoding undone; nothing where no text comes out.
fn slow_percent(text: &str) -> Option<String> {
    let chars: Vec<char> = text.chars().collect();
    let digit = |place: usize| chars.get(place).and_then(|c| c.to_digit(16));
    let mut plain = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        match (chars[at], digit(at + 1), digit(at + 2)) {
            ('%', Some(high), Some(low)) => {
                plain.push(u8::try_from(high * 16 + low).ok()?);
                at += 3;
            }
            (c, ..) => {
                plain.extend(c.to_string().into_bytes());
                at += 1;
            }
        }
    }
    String::from_utf8(plain).ok()
}

#[test]
fn columns_between_spaces_and_tabs_are_what_a_split_finds() {
    let spaces = [
        (
            "#Fields: date time cs-method cs-uri-stem cs-uri-query c-ip cs(User-Agent) cs(Referer) sc-status sc-bytes",
            "2025-04-14 23:59:50 GET /a+b c=1+2 203.0.113.5 Mozilla/5.0+(X11;+é) - 200 5120",
        ),
        (
            "#Fields:  cs(User-Agent)\tc-ip date",
            "- 2001:db8::1f 2025-04-14",
        ),
    ];
    hold("w3c", &[], &spaces, |header, line| {
        slow_directives("w3c", ' ', header, line, |own, text| {
            Some(match own {
                "cs(User-Agent)" => text.split('+').collect::<Vec<_>>().join(" "),
                _ => text.to_string(),
            })
        })
    });
    let tabs = [
        (
            "#Fields: date time sc-bytes c-ip cs-method cs-uri-stem sc-status cs(User-Agent) cs-uri-query x-edge-request-id",
            "2025-04-14\t11:20:00\t5520\t203.0.113.5\tGET\t/a%20b\t200\tA%20(%ED%95%9C%EA%B8%80)%2520%25\tx=%20\t529e==",
        ),
        (
            "#Fields: x-edge-request-id cs(User-Agent) time",
            "-\t100%\t11:20:01",
        ),
    ];
    hold("cloudfront", &[], &tabs, |header, line| {
        slow_directives("cloudfront", '\t', header, line, |own, text| {
            let once = slow_percent(text);
            // CloudFront encodes a space as `%2520`: what was encoded twice has `%25`.
            let plain = if text.contains("%25") {
                once.and_then(|once| slow_percent(&once))
            } else {
                once
            };
            Some(match own {
                "cs(User-Agent)" => plain.unwrap_or_else(|| text.to_string()),
                _ => text.to_string(),
            })
        })
    });
}

/// How a list of fields ends.
#[derive(PartialEq)]
enum End {
    Whole,
    Broken,
}

/// The fields `name=value` and `name="value"`, a comma and a space between two, up to where they break.
fn slow_pairs(text: &str) -> (Vec<(String, String)>, End) {
    let mut pairs = Vec::new();
    let mut quoted = None;
    let mut chars = text.chars().peekable();
    while chars.peek().is_some() {
        let name: String = std::iter::from_fn(|| chars.next_if(|c| *c != '=')).collect();
        if chars.next().is_none() {
            return (pairs, End::Broken);
        }
        let letter = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
        if name.is_empty() || !name.chars().all(letter) {
            return (pairs, End::Broken);
        }
        let mut value = String::new();
        let is_quoted = chars.next_if_eq(&'"').is_some();
        if *quoted.get_or_insert(is_quoted) != is_quoted {
            return (pairs, End::Broken);
        }
        if is_quoted {
            loop {
                match chars.next() {
                    Some('"') if !value.ends_with('\\') => break,
                    Some(c) => value.push(c),
                    None => return (pairs, End::Broken),
                }
            }
            match (chars.next(), chars.next()) {
                (None, _) => {}
                (Some(','), Some(' ')) if chars.peek().is_some() => {}
                _ => return (pairs, End::Broken),
            }
        } else {
            loop {
                match chars.next() {
                    Some(',') if chars.next_if_eq(&' ').is_some() => {
                        if chars.peek().is_none() {
                            return (pairs, End::Broken);
                        }
                        break;
                    }
                    Some(c) => value.push(c),
                    None => break,
                }
            }
        }
        pairs.push((name, value));
    }
    (pairs, End::Whole)
}

/// Columns and the fields that fill them, the best first.
static KEYCLOAK: [(&str, &[&str]); 6] = [
    ("event", &["type", "operationType"]),
    ("issuer", &["realmName", "realmId"]),
    ("subject", &["userId"]),
    ("token_id", &["token_id"]),
    ("session_id", &["sessionId"]),
    ("source_ip", &["ipAddress"]),
];

/// Keycloak's event: date, time, level, `[org.keycloak.events]`, `(thread)`, fields. Keycloak escapes
/// quotes and nothing else, and quotes all values or none. Left open: fields that are there twice where
/// another counts or where the line breaks later on.
fn slow_keycloak(line: &str) -> Said {
    if line.starts_with('{') {
        // No mutation of a text line makes a JSON object.
        return Said::Reject("json_syntax");
    }
    let Some((head, after)) = line.split_once(" [org.keycloak.events") else {
        return Said::Reject("log_syntax");
    };
    let head: Vec<&str> = head.split(' ').collect();
    let ([date, time, ..], Some((_, text))) = (head.as_slice(), after.split_once(") ")) else {
        return Said::Reject("log_syntax");
    };
    let (pairs, end) = slow_pairs(text);
    let values = |own: &str| -> Vec<String> {
        let there = pairs.iter().filter(|(name, _)| name == own);
        let there = there.map(|(_, value)| value.clone());
        there.filter(|value| value != "null").collect()
    };
    let best = |names: &[&str]| {
        names
            .iter()
            .map(|name| values(name))
            .find(|v| !v.is_empty())
    };
    let twice = KEYCLOAK
        .iter()
        .any(|(_, names)| names.iter().any(|name| values(name).len() > 1));
    let best_twice = KEYCLOAK
        .iter()
        .any(|(_, names)| best(names).is_some_and(|values| values.len() > 1));
    match (end, twice) {
        (End::Whole, _) if best_twice => return Said::Reject("duplicate_field"),
        (_, true) => return Said::Open,
        (End::Whole, false) => {}
        (_, false) => return Said::Reject("log_syntax"),
    }
    let value = |names: &[&str]| best(names).map(|values| values[0].replace("\\\"", "\""));
    let handed_out = value(KEYCLOAK[0].1).is_none_or(|event| {
        let tokens = [
            "CODE_TO_TOKEN",
            "REFRESH_TOKEN",
            "CLIENT_LOGIN",
            "TOKEN_EXCHANGE",
        ];
        tokens.contains(&event.as_str())
    });
    let columns = KEYCLOAK
        .iter()
        .filter(|(column, _)| *column != "token_id" || handed_out)
        .map(|(column, names)| (*column, value(names)));
    let columns: Vec<_> = columns.collect();
    row(columns
        .into_iter()
        .chain([("event_time", Some(format!("{date} {time}")))]))
}

#[test]
fn keycloak_lines_are_what_a_walk_by_character_finds() {
    let lines = [
        r#"2025-04-14 00:00:02,000 WARN  [org.keycloak.events] (executor-thread-1) type="LOGIN_ERROR", realmId="7d4e", realmName="shop", userId="null", ipAddress="2001:db8::1f", username="x\", ipAddress=\"192.0.2.99", token_id="t-1", error="a, b""#,
        r#"2025-04-14 00:00:00,456 DEBUG [org.keycloak.events] (default task-3) type=CODE_TO_TOKEN, realmName=shop, realmId=7d4e, userId=u-7, sessionId=s-7, ipAddress=203.0.113.66, token_id=t-7, custom='a b', username=é"#,
        r#"2025-04-14 00:00:12,000 INFO  [org.keycloak.events] (executor-thread-46) operationType="CREATE", type="null", realmId="7d4e", userId="u-7", token_id="t-2", realmName="null", representation="[{\"name\":\"ops\"}]""#,
        r#"2025-04-14 00:00:13,000 INFO  [org.keycloak.events] (t) type="REFRESH_TOKEN", userId="null", userId="u-7", token_id="onrtrt:t-8", userId="u-9""#,
    ];
    hold(
        "keycloak_text",
        &[],
        &lines.map(|line| ("", line)),
        |_, line| slow_keycloak(line),
    );
}
