//! Two lines that became one: where the end of the first is free text, nothing else would tell.

use super::syntax;
use crate::intake::reject::Reject;

/// Refuses a line in whose rest, from `at` on, the time and the request of another stand, as the common log writes
/// them. Within quotes they are what a client sent, whose own quotes the server escapes: there the quote that
/// seems to close the value must open another request.
#[inline]
pub(crate) fn check(line: &[u8], mut at: usize) -> Result<(), Reject> {
    let mut quoted = false;
    while let Some(found) = memchr::memchr3(b'[', b'"', b'\\', line.get(at..).unwrap_or_default()) {
        at += found + 1;
        match line[at - 1] {
            b'\\' => at += 1,
            b'"' => quoted = !quoted,
            _ if is_time_of_request(&line[at..], quoted) => {
                return Err(syntax("another line's time".into(), at));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whether this begins with a time of the common log, after which a quote opens: `14/Apr/2025:00:00:00 +0000] "`; if
/// `named`, with the request's method behind it.
fn is_time_of_request(text: &[u8], named: bool) -> bool {
    const SHAPE: &[u8; 29] = b"dd/mmm/dddd:dd:dd:dd +dddd] \"";
    let alike = |(byte, shape): (&u8, &u8)| match shape {
        b'd' => byte.is_ascii_digit(),
        b'm' => byte.is_ascii_alphabetic(),
        b'+' => matches!(byte, b'+' | b'-'),
        other => byte == other,
    };
    let method = text.get(SHAPE.len()).is_some_and(u8::is_ascii_uppercase);
    text.len() >= SHAPE.len() && text.iter().zip(SHAPE).all(alike) && (method || !named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_seen_where_a_client_could_not_have_written_it() {
        const NEXT: &str =
            r#"192.0.2.7 - - [14/Apr/2025:00:00:00 +0900] "GET /a HTTP/1.1" 200 5 "-" "-""#;
        let is_one = |rest: &str| check(rest.as_bytes(), 0).is_ok();
        for rest in [
            "",
            " [14/Apr/2025:00:00:01 +0900] 0.1",
            r#" "x [14/Apr/2025:00:00:00 +0900] ""#,
            r#" "x [14/Apr/2025:00:00:00 +0900] \"GET / HTTP/1.1""#,
            r#" [14/Apr/2025:00:00:00 +0900] \"GET /"#,
            " [14/Apr/2025:00:00:00 +0900]",
            "[[[",
        ] {
            assert!(is_one(rest), "{rest}");
        }
        for before in [
            "",
            " ",
            " 0.1",
            " \"-\" ",
            r#" "\"" "#,
            " \"198.51.100.1, 192.0",
            " rid=\"ab",
        ] {
            assert!(!is_one(&format!("{before}{NEXT}")), "{before}");
        }
    }
}
