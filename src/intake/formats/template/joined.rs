//! Two lines that became one. Where the first one ends in free text, nothing else would tell.

use super::value::syntax;
use crate::intake::reject::Reject;

/// Refuses a line if the time and the request of another line stand in it from `at` on.
///
/// They must look as the common log writes them. Between quotes they may be what a client sent; but the
/// server escapes the quotes of clients, so there the quote behind the time, which seems to close the
/// value, must open another request.
#[inline]
pub(super) fn refuse_second_line(line: &[u8], mut at: usize) -> Result<(), Reject> {
    let mut quoted = false;
    while let Some(found) = memchr::memchr3(b'[', b'"', b'\\', line.get(at..).unwrap_or_default()) {
        at += found + 1;
        match line[at - 1] {
            b'\\' => at += 1,
            b'"' => quoted = !quoted,
            _ if is_time_of_request(&line[at..], quoted) => {
                return Err(syntax("another line's time", at));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whether text begins with a time of the common log behind which a quote opens, such as
/// `14/Apr/2025:00:00:00 +0000] "`. With `needs_method` the method of a request must follow.
fn is_time_of_request(text: &[u8], needs_method: bool) -> bool {
    const SHAPE: &[u8; 29] = b"dd/mmm/dddd:dd:dd:dd +dddd] \"";
    let alike = |(byte, shape): (&u8, &u8)| match shape {
        b'd' => byte.is_ascii_digit(),
        b'm' => byte.is_ascii_alphabetic(),
        b'+' => matches!(byte, b'+' | b'-'),
        other => byte == other,
    };
    let has_method = text.get(SHAPE.len()).is_some_and(u8::is_ascii_uppercase);
    // `zip` stops at the shorter one, so the length is compared apart.
    text.len() >= SHAPE.len() && text.iter().zip(SHAPE).all(alike) && (has_method || !needs_method)
}

/// Whether the text before a time seems to be the rest of one line and the beginning of the next. A user's
/// name is not: servers log its quotes escaped.
pub(super) fn is_another_line(text: &[u8]) -> bool {
    memchr::memchr(b'"', text).is_some() || memchr::memmem::find(text, b" - ").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_seen_where_a_client_could_not_have_written_it() {
        const NEXT: &str =
            r#"192.0.2.7 - - [14/Apr/2025:00:00:00 +0900] "GET /a HTTP/1.1" 200 5 "-" "-""#;
        let is_one = |rest: &str| refuse_second_line(rest.as_bytes(), 0).is_ok();
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
