//! Each parser on mutated lines of its sample: it neither panics nor takes long, and the fast engines say
//! what a slow, obvious parser says.

use std::time::Instant;

use breachscope::case::SourceKind;
use breachscope::intake::formats::{
    self, Fields, Framing, Header, LineParser, LineSet, Reason, SLOTS, Stretch, Wanted, slot,
};

use crate::support::{Chance, repository};

/// The line with a few bytes changed, left out, doubled, or cut off.
fn mutated(chance: &mut Chance, line: &str) -> String {
    let mut bytes = line.as_bytes().to_vec();
    for _ in 0..1 + chance.below(3) {
        let at = chance.below(bytes.len());
        match chance.below(6) {
            0 => bytes.truncate(at),
            1 if at < bytes.len() => drop(bytes.remove(at)),
            2 => bytes.insert(at, b"\"\\{}[]:, \t-#%\0"[chance.below(14)]),
            3 if at < bytes.len() => bytes[at] = chance.below(128) as u8,
            4 => bytes.extend_from_within(..at),
            _ => bytes
                .splice(at..at, b"\\u00e9".iter().copied())
                .for_each(drop),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn parser(name: &str, fields: &[(&str, &str)]) -> Box<dyn LineParser> {
    let format = formats::list::find(name).unwrap();
    let frame = format.kinds[0].frame();
    let all = fields.iter().chain(format.fields);
    let wanted = Wanted {
        fields: all
            .map(|(column, own)| (slot(frame, column).unwrap(), own.to_string()))
            .collect(),
        log_format: match name {
            "nginx" => Some("$remote_addr [$time_iso8601] \"$request\" $status".into()),
            "apache" => Some("%h %t \"%r\" %>s %D".into()),
            _ => None,
        },
        claims: ["token_id", "token_subject"]
            .iter()
            .filter_map(|column| slot(frame, column))
            .fold(0, |claims, slot| claims | 1 << slot),
    };
    (format.parser)(frame, &wanted).unwrap()
}

fn lines_of(sample: &str) -> Vec<String> {
    let folder = repository().join("tests/samples").join(sample);
    let path = std::fs::read_dir(folder)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let bytes = std::fs::read(path).unwrap();
    String::from_utf8_lossy(&bytes)
        .lines()
        .map(str::to_string)
        .collect()
}

#[test]
fn no_parser_panics_or_takes_long_on_mutated_lines() {
    for format in formats::list::ALL {
        let sample = match format.name {
            "nginx" => "nginx_log_format",
            "apache" => "apache_log_format",
            "envoy" => "envoy_text",
            "traefik" => "traefik_json",
            "keycloak" => "keycloak_json",
            "parquet" => "jsonl",
            other => other,
        };
        let parser = parser(format.name, &[]);
        let mut chance = Chance(7);
        let header = Header::of(vec![vec![0]; 9]);
        for line in lines_of(sample) {
            for _ in 0..200 {
                let line = mutated(&mut chance, &line);
                let mut fields = Fields::default();
                fields.begin(&line);
                let _ = parser.parse(&line, &header, &mut fields);
                parser.field_names(&line);
            }
        }
        // A hundred times the length takes no more than a few hundred times as long.
        for pattern in [
            "{\"a\":", "[", "\"", "\\", "\"\\", " ", "a=", "\" ", "-", "{", "x\t", ",\"\"",
        ] {
            let line = pattern.repeat(1 << 19);
            let mut fields = Fields::default();
            fields.begin(&line);
            let began = Instant::now();
            let _ = parser.parse(&line, &header, &mut fields);
            assert!(
                began.elapsed().as_secs() < 5,
                "{} on {pattern:?}",
                format.name
            );
        }
    }
}

#[test]
fn every_format_of_lines_has_a_fuzz_target() {
    let text = std::fs::read_to_string(repository().join("tests/fuzz/Cargo.toml")).unwrap();
    let manifest: toml::Table = toml::from_str(&text).unwrap();
    let binaries = manifest["bin"].as_array().unwrap().iter();
    let targets: Vec<&str> = binaries
        .map(|binary| binary["name"].as_str().unwrap())
        .collect();
    for format in formats::list::ALL {
        let of_lines = format.framing != Framing::Parquet;
        assert_eq!(targets.contains(&format.name), of_lines, "{}", format.name);
    }
}

/// What a DOM parser finds at a dotted path: text and numbers as they stand.
fn at_path(document: &serde_json::Value, path: &str) -> Option<String> {
    let found = path
        .split('.')
        .try_fold(document, |value, name| value.get(name))?;
    let text = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    match found {
        serde_json::Value::Array(values) => {
            let texts: Vec<String> = values.iter().filter_map(text).collect();
            let says = texts.iter().any(|text| !matches!(&**text, "" | "-"));
            Some(texts.join(", ")).filter(|_| says)
        }
        value => text(value),
    }
}

/// The line with the control characters of its strings, but for zeros, as JSON has them.
fn controls_escaped(line: &str) -> String {
    let (mut inside, mut escaped) = (false, false);
    let mut text = String::new();
    for c in line.chars() {
        match c {
            '\u{1}'..' ' if inside && !escaped => {
                text.push_str(&format!("\\u{:04x}", u32::from(c)))
            }
            c => text.push(c),
        }
        inside ^= c == '"' && !escaped;
        escaped = inside && c == '\\' && !escaped;
    }
    text
}

#[test]
fn the_json_engine_agrees_with_a_dom_parser() {
    let paths = [("path", "p"), ("user_agent", "a.b"), ("request_id", "c")];
    let parser = parser("jsonl", &paths);
    let frame = SourceKind::Edge.frame();
    let mut chance = Chance(1);
    let (mut good, mut bad) = (0, 0);
    let seeds = [
        r#"{"p":"/x","a":{"z":[1,{"b":2}],"b":"é\n\u00e9"},"c":12,"d":{"p":"no"}}"#,
        r#" { "c" : "r-7" , "p":"a\"b\\c" , "q":[true,false,null,-1.5e3,[],{}] } "#,
        r#"{"p":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx","c":null}"#,
        r#"{"p":"/x","q":-1.5e3,"a":{"b":"y","z":[true,{}, ""]},"c":12,"d":0}"#,
        r#"{"p":["/x", null,"y\t",3],"a":{"b":[]},"c":["z"]}"#,
    ];
    for round in 0..80_000 {
        let seed = seeds[round % seeds.len()];
        let line = mutated(&mut chance, seed);
        // Mostly after a line that looks like it: the layout of that one is known then.
        let mut fields = Fields::default();
        if round % 16 > 3 {
            fields.begin(seed);
            assert_eq!(parser.parse(seed, &Header::default(), &mut fields), Ok(()));
        }
        fields.begin(&line);
        let fast = parser.parse(&line, &Header::default(), &mut fields);
        let mut rejects = fields.doubts().iter().map(|(_, reject)| reject.clone());
        let doubt = rejects.find(|reject| reject.reason != Reason::Joined);
        let fast = fast.and_then(|()| doubt.map_or(Ok(()), Err));
        let slow: Result<serde_json::Value, _> = serde_json::from_str(&controls_escaped(&line));
        match (&fast, &slow) {
            (Ok(()), Ok(document)) => {
                good += 1;
                for (column, path) in paths {
                    let found = fields.get(slot(frame, column).unwrap()).map(str::to_string);
                    // A name with a dot may stand for a path, and numbers keep their spelling.
                    let same = found == at_path(document, path)
                        || document.get("a.b").is_some()
                        || found.as_deref().and_then(|text| text.parse::<f64>().ok())
                            == at_path(document, path).and_then(|text| text.parse().ok());
                    assert!(same, "{line}: {path} is {found:?}");
                }
            }
            // The engine refuses what has no one meaning; a DOM parser takes the last.
            (Err(reject), Ok(document)) => {
                bad += 1;
                let known = ["duplicate_field", "field_type", "no_claims"]
                    .contains(&reject.reason.name())
                    || !document.is_object();
                assert!(known, "{line}: {reject:?}");
            }
            (Err(_), Err(_)) => bad += 1,
            // Numbers beyond f64 and depth beyond the DOM parser's stack are JSON all the same.
            (Ok(()), Err(error)) => {
                let text = error.to_string();
                let known = text.contains("out of range")
                    || text.contains("surrogate")
                    || text.contains("escape");
                assert!(known, "{line}: {error}");
            }
        }
    }
    assert!(good > 1_000 && bad > 1_000, "{good} {bad}");
}

#[test]
fn lines_read_together_are_what_they_are_one_by_one() {
    let combined = |agent: &str, tail: &str| {
        format!(
            r#"192.0.2.7 - - [14/Apr/2025:00:00:00 +0900] "GET /a?b HTTP/1.1" 200 - "-" "{agent}"{tail}"#
        )
    };
    let json = |path: &str, id: &str| format!(r#"{{"p":"{path}","a":{{"b":"y"}},"c":{id}}}"#);
    type Asked = &'static [(&'static str, &'static str)];
    let claims =
        |claims: &str| format!(r#"{{"p":"/a","t":{{"u":{{{claims}}},"v":[""]}},"c":"7"}}"#);
    let cases: [(&str, Asked, Vec<String>); 7] = [
        (
            "combined",
            &[("request_id", "rid")],
            vec![
                combined("agent", " rid=1"),
                combined("-", ""),
                combined("x y", " rid=-"),
                combined("a", " rid=[14/Apr/2025:00:00:00"),
            ],
        ),
        (
            "combined",
            &[("request_id", "rid"), ("key_id", "tail.2")],
            vec![
                combined("agent", " rid=1 \"k 1\""),
                combined("agent", " a=1 rid=\"x\""),
            ],
        ),
        (
            "combined",
            &[],
            vec![
                combined("agent", " rid=1"),
                combined(r"a\x22", ""),
                combined("a", " x [14/Apr/2025:00:00:00 +0900] \"GET"),
                combined("a", " \"x [14/Apr/2025:00:00:00 +0900] \\\"GET\""),
            ],
        ),
        (
            "common",
            &[],
            vec![r#"192.0.2.7 - u [14/Apr/2025:00:00:00 +0900] "GET /a HTTP/1.1" 200 5"#.into()],
        ),
        (
            "apache",
            &[],
            vec![
                r#"192.0.2.7 [14/Apr/2025:00:00:00 +0900] "GET /a HTTP/1.1" 200 5"#.into(),
                r#"192.0.2.7 [14/Apr/2025:00:00:00 +0900] "GET /a HTTP/1.1" 200 519 [14/Apr/2025:00:00:00 +0900] "G"#.into(),
            ],
        ),
        (
            "jsonl",
            &[("path", "p"), ("user_agent", "a.b"), ("request_id", "c")],
            vec![json("/x", "12"), json("/é", "-1.5e3"), json("", "\"r-7\"")],
        ),
        (
            "jsonl",
            &[
                ("token_id", "t.u.jti"),
                ("token_subject", "t.u.s"),
                ("request_id", "t.u.r"),
                ("user_agent", "t.v"),
                ("session_id", "t.u.exp"),
            ],
            vec![
                claims(r#""jti":"x","s":"","aud":"","r":"1""#),
                claims(r#""jti":"","s":"-","aud":"w","r":"1""#),
                claims(r#""r":"1","aud":["",true],"s":7"#),
                claims(r#""jti":"x","aud":{"\x41\ud800":"","b\tc":""}"#),
                claims(&format!(
                    r#""jti":"x","aud":{}{}"#,
                    "[".repeat(200),
                    "]".repeat(200)
                )),
                claims(r#""jti":"x","exp":7"#),
                claims("").replace("\"u\":{}", r#""u.jti":"x","u.aud":"w""#),
                claims("").replace("{}", "[\"\",3]"),
                claims("").replace("{}", "\"x\""),
            ],
        ),
    ];
    let mut chance = Chance(5);
    for (name, fields, seeds) in cases {
        let parser = parser(name, fields);
        let (mut together, mut alone, mut refused) = (0, 0, 0);
        for _ in 0..400 {
            let lines: Vec<String> = (0..1 + chance.below(64))
                .map(|_| {
                    let seed = &seeds[chance.below(seeds.len())];
                    match chance.below(3) {
                        0 => mutated(&mut chance, seed).replace('\n', " "),
                        _ => seed.clone(),
                    }
                })
                .collect();
            let text = lines.join("\n");
            let mut stretch = Stretch::of(&text);
            assert_eq!(stretch.count(), lines.len());
            let taken = parser.parse_many(&mut stretch);
            assert_eq!(
                taken - stretch.all(),
                LineSet::EMPTY,
                "{name}: lines that are none"
            );
            for (place, line) in lines.iter().enumerate() {
                let mut fields = Fields::default();
                fields.begin(line);
                let parsed = parser.parse(line, &Header::default(), &mut fields);
                let is_taken = taken.contains(place);
                match parsed {
                    Ok(()) if is_taken => together += 1,
                    Ok(()) => alone += 1,
                    Err(_) => refused += 1,
                }
                let plain = parsed.is_ok() && fields.doubts().is_empty();
                assert!(plain || !is_taken, "{name}: {line}");
                for slot in 0..SLOTS {
                    let found = stretch.get(place, slot);
                    let expected = fields.get(slot).filter(|_| is_taken);
                    assert_eq!(found, expected, "{name}: {slot} of {line}");
                }
            }
        }
        // Of JSON all that are rows, and not doubted, are read together.
        let enough = together > 1_000 && (alone > 20 || name == "jsonl") && refused > 100;
        assert!(enough, "{name}: {together} {alone} {refused}");
    }
}

/// Combined lines taken apart character by character.
fn slow_combined(line: &str) -> Option<Vec<String>> {
    let mut words: Vec<String> = Vec::new();
    let mut chars = line.chars().peekable();
    while words.len() < 3 {
        let word: String = std::iter::from_fn(|| chars.next_if(|c| *c != ' ')).collect();
        words.push(word);
        chars.next()?;
    }
    let mut quoted = |open: char, close: char| -> Option<String> {
        (chars.next()? == open).then_some(())?;
        let mut text = String::new();
        loop {
            match chars.next()? {
                '\\' if close == '"' => {
                    text.push('\\');
                    text.push(chars.next()?);
                }
                c if c == close => return Some(text),
                c => text.push(c),
            }
        }
    };
    let time = quoted('[', ']')?;
    Some(vec![words[0].clone(), time])
}

#[test]
fn the_template_engine_agrees_with_a_walk_by_character() {
    let parser = parser("combined", &[]);
    let frame = SourceKind::Edge.frame();
    let line = r#"192.0.2.7 - - [14/Apr/2025:00:00:00 +0900] "GET /a HTTP/1.1" 200 5 "-" "agent \"x\"" rid=1"#;
    let mut chance = Chance(3);
    let mut good = 0;
    for _ in 0..60_000 {
        let line = mutated(&mut chance, line);
        let mut fields = Fields::default();
        fields.begin(&line);
        if parser
            .parse(&line, &Header::default(), &mut fields)
            .is_err()
        {
            continue;
        }
        let of = |name: &str| fields.get(slot(frame, name).unwrap()).map(str::to_string);
        // A user's name may have blanks; the walk by character knows it without.
        if line
            .splitn(4, ' ')
            .nth(3)
            .is_some_and(|rest| rest.starts_with('['))
            && !line.contains("] [")
        {
            let slow = slow_combined(&line).unwrap_or_else(|| panic!("{line}"));
            let dash = |text: &String| Some(text.clone()).filter(|text| text != "-");
            assert_eq!(of("source_ip"), dash(&slow[0]), "{line}");
            if !slow[1].contains(']') && of("event_time").is_some_and(|time| !time.contains(']')) {
                assert_eq!(of("event_time"), dash(&slow[1]), "{line}");
            }
            good += 1;
        }
    }
    assert!(good > 1_000, "{good}");
}

/// What a slow reading says of a line.
pub(crate) enum Said {
    /// It is a row; these columns have a value.
    Row(Vec<(&'static str, String)>),
    /// It is no row, for this reason.
    Reject(&'static str),
    /// The reading does not decide.
    Open,
}

/// A row of those columns that have a value.
pub(crate) fn row(values: impl IntoIterator<Item = (&'static str, Option<String>)>) -> Said {
    let there = values
        .into_iter()
        .filter_map(|(column, value)| Some((column, value?)));
    Said::Row(there.collect())
}

const ROUNDS: usize = 30_000;

/// Holds the parser of a format, asked for these fields beside its own, against a slow reading, on
/// mutations of these headers and lines. One `Fields` serves all lines, as in a run, so that nothing
/// of a line may be left over in the next.
pub(crate) fn hold(
    name: &str,
    more: &[(&str, &str)],
    seeds: &[(&str, &str)],
    slow: impl Fn(&str, &str) -> Said,
) {
    let parser = parser(name, more);
    let frame = formats::list::find(name).unwrap().kinds[0].frame();
    let mut chance = Chance(11);
    let pairs: Vec<(String, String)> = (0..ROUNDS)
        .map(|round| {
            let (header, line) = seeds[round % seeds.len()];
            let header = match chance.below(4) {
                0 => mutated(&mut chance, header),
                _ => header.to_string(),
            };
            let line = match chance.below(8) {
                0 => line.to_string(),
                _ => mutated(&mut chance, line),
            };
            (header, line)
        })
        .collect();
    let mut fields = Fields::default();
    let (mut rows, mut rejects, mut open) = (0, 0, 0);
    for (header, line) in &pairs {
        let named = parser.header(header).unwrap_or_default();
        fields.begin(line);
        let fast = parser.parse(line, &named, &mut fields);
        let fast = fast.map_err(|reject| reject.reason.name());
        match slow(header, line) {
            Said::Row(values) => {
                rows += 1;
                assert_eq!(fast, Ok(()), "{name}: {header}\n{line}");
                let mut expected: Vec<Option<String>> = vec![None; SLOTS];
                for (column, value) in values {
                    expected[slot(frame, column).unwrap()] = Some(value);
                }
                for (index, value) in expected.iter().enumerate() {
                    let found = fields.get(index);
                    assert_eq!(found, value.as_deref(), "{name}: {index} {header}\n{line}");
                }
            }
            Said::Reject(reason) => {
                rejects += 1;
                assert_eq!(fast, Err(reason), "{name}: {header}\n{line}");
            }
            Said::Open => open += 1,
        }
    }
    let enough = rows > 1_000 && rejects > 1_000 && open < ROUNDS / 4;
    assert!(
        enough,
        "{name}: {rows} rows, {rejects} rejects, {open} open"
    );
}

/// A quoted value without its escapes; as it stands where no text would come out.
pub(crate) fn slow_unescaped(text: &str) -> String {
    let undone = || {
        let mut plain = Vec::new();
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            let c = if c == '\\' {
                match chars.next()? {
                    'x' => {
                        let (high, low) =
                            (chars.next()?.to_digit(16)?, chars.next()?.to_digit(16)?);
                        plain.push(u8::try_from(high * 16 + low).ok()?);
                        continue;
                    }
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    'v' => '\u{b}',
                    'b' => '\u{8}',
                    other => other,
                }
            } else {
                c
            };
            plain.extend(c.to_string().into_bytes());
        }
        String::from_utf8(plain).ok()
    };
    undone().unwrap_or_else(|| text.to_string())
}
