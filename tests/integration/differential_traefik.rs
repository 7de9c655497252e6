//! Traefik's text lines against a slow, obvious reading of the same mutated lines.

use crate::differential::{Said, hold, row, slow_unescaped};

/// Where `until` first stands in `text`; between quotes a backslash takes the next character along.
fn slow_end(text: &str, until: &str, quoted: bool) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().map(|(at, _)| at).find(|at| {
        let rest = &text[*at..];
        let skipped = std::mem::take(&mut escaped);
        escaped = quoted && !skipped && rest.starts_with('\\');
        !skipped && !escaped && rest.starts_with(until)
    })
}

/// Traefik's line, whose referer stands in quotes, or else as Traefik 1 writes it. Nothing is left open.
fn slow_traefik(line: &str) -> Said {
    match slow_version(line, [("body_bytes", " \""), ("referer", "\" \"")]) {
        Said::Reject(_) => slow_version(line, [("body_bytes", " "), ("referer", " \"")]),
        row => row,
    }
}

/// The line from left to right: a value ends where what stands behind it begins. A size of `-` is none sent.
fn slow_version(line: &str, [bytes, referer]: [(&'static str, &'static str); 2]) -> Said {
    let parts = [
        ("source_ip", " "),
        ("identity", " "),
        ("user", " ["),
        ("event_time", "] \""),
        ("request_line", "\" "),
        ("status", " "),
        bytes,
        referer,
        ("user_agent", "\" "),
        ("count", " \""),
        ("router", "\" \""),
        ("server", "\" "),
        ("duration", "ms"),
    ];
    let columns = [
        "source_ip",
        "event_time",
        "request_line",
        "status",
        "body_bytes",
        "user_agent",
    ];
    let mut values = Vec::new();
    let mut rest = line;
    let mut quoted = false;
    for (part, until) in parts {
        let Some(end) = slow_end(rest, until, quoted) else {
            return Said::Reject("log_syntax");
        };
        let value = match (&rest[..end], quoted) {
            ("-", _) => Some("0".to_string()).filter(|_| part == "body_bytes"),
            (text, true) => Some(slow_unescaped(text)),
            (text, false) => Some(text.to_string()),
        };
        if columns.contains(&part) {
            values.push((part, value));
        }
        rest = &rest[end + until.len()..];
        quoted = until.ends_with('"');
    }
    match rest {
        "" => row(values),
        _ => Said::Reject("log_syntax"),
    }
}

#[test]
fn traefik_lines_are_what_a_walk_by_character_finds() {
    let lines = [
        r#"192.0.2.7 - - [14/Apr/2025:00:00:00 +0000] "GET /a HTTP/1.1" 404 19 "-" "cur\"l \x22é" 6 "shop@docker" "http://198.51.100.9:80" 1ms"#,
        r#"2001:db8::1f - anna b [14/Apr/2025:00:00:01 +0900] "POST /é HTTP/2.0" 200 - "-" "-" 7 "-" "-" 12ms"#,
    ];
    hold(
        "traefik_text",
        &[],
        &lines.map(|line| ("", line)),
        |_, line| slow_traefik(line),
    );
}
