//! HAProxy's text lines against a slow, obvious reading of the same mutated lines.

use crate::differential::{Said, hold, row};

/// A line of HAProxy's.
struct Httplog {
    /// The columns that every line has.
    values: [(&'static str, Option<String>); 5],
    /// The captured headers, of the request first.
    captured: Vec<Vec<String>>,
}

/// HAProxy's httplog word by word, in the order of its documentation: client, `[accept date]`,
/// frontend, `backend/server`, five timers, status, size, two cookies, termination state, connections,
/// queues, captured headers in braces, `"request"`, and with httpslog what TLS came to. Any field may be
/// quoted. Nothing is left open.
fn slow_httplog(line: &str) -> Option<Httplog> {
    let words: Vec<&str> = line.split(' ').collect();
    let begin = (1..words.len()).find(|place| words[*place].starts_with('['))?;
    let end = (begin..words.len() - 1).find(|place| words[*place].ends_with(']'))?;
    let date = words[begin..=end].join(" ");
    let date = date.strip_prefix('[')?.strip_suffix(']')?.to_string();
    let words_after = &words[end + 1..];
    let [frontend, server, timers, status, size, ..] = words_after else {
        return None;
    };
    let named = [frontend, server, timers, status]
        .iter()
        .all(|word| !word.is_empty());
    if !named || !server.contains('/') || timers.split('/').count() < 5 {
        return None;
    }
    let [status, size] = [status, size].map(|word| word.trim_matches('"'));
    let [_, _, _, connections, queues] = words_after.get(5..10)? else {
        return None;
    };
    if connections.split('/').count() != 5 || queues.split('/').count() != 2 {
        return None;
    }
    let mut rest = words_after[10..].iter();
    let mut captured = Vec::new();
    let mut word = rest.next()?;
    loop {
        let next = rest.clone().next().copied();
        let goes_on = next.is_some_and(|next| next.starts_with(['"', '{']) || next == "-");
        if ["-", "\"\"", "\"-\""].contains(word) && goes_on {
            captured.push(Vec::new());
        } else if word.starts_with('{') || word.starts_with("\"{") {
            let (begin, end) = match word.starts_with('{') {
                true => ("{", "}"),
                false => ("\"{", "}\""),
            };
            let mut group = vec![*word];
            while !group.last()?.ends_with(end) {
                group.push(rest.next()?);
            }
            let group = group.join(" ");
            let headers = group[begin.len()..group.len() - end.len()].split('|');
            captured.push(headers.map(str::to_string).collect());
        } else {
            break;
        }
        word = rest.next()?;
    }
    let request: Vec<&str> = std::iter::once(*word).chain(rest.copied()).collect();
    let request = slow_request(&request)?;
    Some(Httplog {
        values: [
            ("client_endpoint", Some(words[begin - 1].replace('"', ""))),
            ("event_time", Some(date)),
            (
                "status",
                Some(
                    if ["-1", "-"].contains(&status) {
                        "0"
                    } else {
                        status
                    }
                    .to_string(),
                ),
            ),
            (
                "body_bytes",
                Some(
                    if size == "-" {
                        "0"
                    } else {
                        size.trim_start_matches('+')
                    }
                    .to_string(),
                ),
            ),
            ("request_line", Some(request)),
        ],
        captured,
    })
}

/// The request between quotes, from these words on: up to the line's end, or else up to the first quote
/// before a blank, behind which stand five numbers with `/` between them, a blank, and three texts or more.
fn slow_request(words: &[&str]) -> Option<String> {
    let text = words.join(" ");
    let inner = text.strip_prefix('"')?;
    if let Some(request) = inner.strip_suffix('"') {
        return Some(request.to_string());
    }
    let words: Vec<&str> = inner.split(' ').collect();
    let last = words.iter().position(|word| word.ends_with('"'))?;
    let request = words[..=last].join(" ");
    let (errors, session) = (words.get(last + 1)?, words.get(last + 2..)?.join(" "));
    let is_of_tls = errors.split('/').count() == 5
        && session.split('/').count() >= 3
        && !session.contains("] ");
    is_of_tls.then(|| request[..request.len() - 1].to_string())
}

#[test]
fn haproxy_lines_are_what_their_words_say() {
    let lines = [
        r#"192.0.2.7:33317 [14/Apr/2025:00:00:00.655] http-in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {shop.example|r-7|-} {|cache} "GET /a?b HTTP/1.1""#,
        r#"Apr 14 00:00:05 lb1 haproxy[1423]: 2001:db8::1f:54321 [14/Apr/2025:00:00:05.000] https-in~ web/<NOSRV> 0/-1/-1/-1/+13 -1 +212 SID=a SID=b SC-- 3/3/1/1/0 0/0 "GET /é?q=#22y#22 HTTP/1.1""#,
        r#"192.0.2.230:5 [14/Apr/2025:00:00:10.000] in web/web1 0/0/1/12/13 429 287 - - PT-- 3/3/1/1/0 0/0 {Probe "quoted" back\slash (X11; x)} "POST /graphql HTTP/1.1""#,
        r#""192.0.2.1":61818 [27/Jan/2021:21:52:56.086] fe "be"/"s1" 0/0/1/1/2 "200" - - - ---- 1/1/0/0/0 0/0 - "{k|r}" "GET /a HTTP/1.1" 0/0/0/0/0 1wt.eu/TLSv1.3/TLS_AES_256"#,
    ];
    let seeds = lines.map(|line| ("", line));
    hold("haproxy", &[], &seeds, |_, line| match slow_httplog(line) {
        Some(httplog) => row(httplog.values),
        None => Said::Reject("log_syntax"),
    });
    let more = [
        ("key_id", "request_capture.1"),
        ("request_id", "request_capture.2"),
        ("user_agent", "response_capture.2"),
    ];
    hold("haproxy", &more, &seeds, |_, line| {
        let Some(httplog) = slow_httplog(line) else {
            return Said::Reject("log_syntax");
        };
        let captured = httplog.captured;
        let header = |group: usize, place: usize| {
            let text = captured.get(group)?.get(place)?;
            Some(text.clone()).filter(|text| !text.is_empty() && text != "-")
        };
        row(httplog.values.into_iter().chain([
            ("key_id", header(0, 0)),
            ("request_id", header(0, 1)),
            ("user_agent", header(1, 1)),
        ]))
    });
}
