//! What container runtimes, syslog and the like put before each line of a program.
//!
//! | prefix | who writes it |
//! |---|---|
//! | `2025-04-14T00:00:00.1+09:00 stdout F ` | containerd and CRI-O, on the nodes of Kubernetes; `P` marks a part of a line |
//! | `<13>1 2025-04-14T00:00:00Z host app 71 - - ` | syslog (RFC 5424) |
//! | `<13>Apr 14 00:00:00 host app[71]: ` | syslog (RFC 3164); in files mostly without the number |
//! | `web-1  \| ` | Docker Compose; `[pod/name/container] ` is `kubectl logs --prefix` |
//! | `2025-04-14T00:00:00.1Z ` | `docker logs --timestamps`, `kubectl logs --timestamps` |
//!
//! The functions look at the first bytes of a line only, and say nothing about the rest.

use crate::bytes::without_bom;

/// A line behind its prefix.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Behind<'l> {
    /// The line that the program wrote, or a part of it.
    pub(crate) line: &'l [u8],
    /// Whether more of the line follows in the next lines of the same stream.
    pub(crate) goes_on: bool,
    /// Whether the program wrote it to its standard error.
    pub(crate) is_error: bool,
}

impl<'l> From<&'l [u8]> for Behind<'l> {
    fn from(line: &'l [u8]) -> Self {
        Behind {
            line,
            goes_on: false,
            is_error: false,
        }
    }
}

/// Bytes of a message from which Docker cuts it into parts: it cuts at 16 KiB, and may replace some bytes.
pub(crate) const DOCKER_CUTS: usize = 16_000;

/// Whether `line` is a part of a longer one that the next lines complete.
///
/// A block must not end behind such a line.
pub(crate) fn goes_on(line: &[u8]) -> bool {
    match line.first() {
        Some(b'0'..=b'9') => behind_cri(line).is_some_and(|behind| behind.goes_on),
        // Docker ends a whole line with a line end inside of its `log`.
        Some(b'{') if line.len() > DOCKER_CUTS => {
            let Some(at) = memchr::memmem::rfind(line, b"\"stream\"") else {
                return false;
            };
            let before = line[..at].trim_ascii_end();
            let text = before.strip_suffix(b",").unwrap_or_default();
            let text = text.trim_ascii_end().strip_suffix(b"\"");
            line.starts_with(b"{\"log\":") && text.is_some_and(|text| !text.ends_with(b"\\n"))
        }
        _ => false,
    }
}

/// Splits off the first word, which ends with a blank and has `most` bytes at most.
fn word(text: &[u8], most: usize) -> Option<(&[u8], &[u8])> {
    let end = memchr::memchr(b' ', &text[..text.len().min(most + 1)])?;
    (end > 0).then(|| (&text[..end], &text[end + 1..]))
}

/// Whether a word begins as a time of RFC 3339 does.
fn is_time(word: &[u8]) -> bool {
    let digits = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_digit);
    word.len() >= 19
        && digits(&word[..4])
        && (word[4], word[7], word[10]) == (b'-', b'-', b'T')
        && digits(&word[11..13])
}

/// The line behind the prefix of a container runtime.
pub(crate) fn behind_cri(line: &[u8]) -> Option<Behind<'_>> {
    if !line.first().is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let (time, rest) = word(line, 40)?;
    let (stream, rest) = word(rest, 6)?;
    let is_error = match stream {
        b"stdout" => false,
        b"stderr" => true,
        _ => return None,
    };
    // A line of nothing may have no blank behind its tag.
    let (tag, line) = word(rest, 40).unwrap_or((rest, b""));
    let goes_on = match tag {
        [b'F'] | [b'F', b':', ..] => false,
        [b'P'] | [b'P', b':', ..] => true,
        _ => return None,
    };
    is_time(time).then_some(Behind {
        line,
        goes_on,
        is_error,
    })
}

/// The line behind the header of syslog, and whether the header has its number, which nothing else looks like.
pub(crate) fn behind_syslog(line: &[u8]) -> Option<(&[u8], bool)> {
    // Over TCP the length of the message may stand before it (RFC 6587).
    let counted = word(line, 6).filter(|(count, rest)| {
        count.iter().all(u8::is_ascii_digit) && rest.first() == Some(&b'<')
    });
    let line = counted.map_or(line, |(_, rest)| rest);
    let numbered = line.strip_prefix(b"<").and_then(|rest| {
        let end = memchr::memchr(b'>', &rest[..rest.len().min(4)])?;
        rest[..end]
            .iter()
            .all(u8::is_ascii_digit)
            .then(|| &rest[end + 1..])
    });
    let Some(rest) = numbered else {
        return behind_old_header(line).map(|line| (line, false));
    };
    let inner = match rest.strip_prefix(b"1 ") {
        Some(rest) => behind_new_header(rest),
        None => behind_old_header(rest),
    };
    inner.map(|line| (line, true))
}

/// The message behind `TIME HOST APP PROCESS MESSAGE-ID STRUCTURED-DATA` of RFC 5424.
fn behind_new_header(rest: &[u8]) -> Option<&[u8]> {
    let (time, mut rest) = word(rest, 40)?;
    if !is_time(time) && time != b"-" {
        return None;
    }
    for most in [255, 48, 128, 32] {
        (_, rest) = word(rest, most)?;
    }
    rest = match rest.strip_prefix(b"-") {
        Some(rest) => rest,
        None => behind_elements(rest)?,
    };
    Some(without_bom(rest.trim_ascii_start()))
}

/// What stands behind the elements `[id name="value" ...]` of structured data.
fn behind_elements(mut rest: &[u8]) -> Option<&[u8]> {
    if rest.first() != Some(&b'[') {
        return None;
    }
    while rest.first() == Some(&b'[') {
        let (mut at, mut is_quoted) = (1, false);
        loop {
            match *rest.get(at)? {
                b'\\' if is_quoted => at += 1,
                b'"' => is_quoted = !is_quoted,
                b']' if !is_quoted => break,
                _ => {}
            }
            at += 1;
        }
        rest = &rest[at + 1..];
    }
    Some(rest)
}

/// The message behind `Apr 14 00:00:00 host app[71]: ` of RFC 3164, or with a time of RFC 3339.
fn behind_old_header(line: &[u8]) -> Option<&[u8]> {
    let rest = match line {
        [b'A'..=b'Z', b'a'..=b'z', b'a'..=b'z', b' ', ..] => {
            let (time, rest) = line.split_at_checked(16)?;
            let is_clock = (time[6], time[9], time[12], time[15]) == (b' ', b':', b':', b' ');
            (is_clock && time[13].is_ascii_digit()).then_some(rest)?
        }
        _ => {
            let (time, rest) = word(line, 40)?;
            is_time(time).then_some(rest)?
        }
    };
    let (first, behind_first) = word(rest, 255)?;
    if is_tag(first) {
        return Some(behind_first);
    }
    let (second, behind_second) = word(behind_first, 255)?;
    is_tag(second).then_some(behind_second)
}

/// Whether a word is the name of a program with a colon behind it: `app[71]:`.
fn is_tag(word: &[u8]) -> bool {
    let is_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"[]()/._-@%{}:".contains(byte);
    word.len() > 1 && word.ends_with(b":") && word.iter().all(is_of_name)
}

/// The line behind the name of a container.
pub(crate) fn behind_name(line: &[u8]) -> Option<&[u8]> {
    if let Some(rest) = line.strip_prefix(b"[pod/") {
        let end = memchr::memchr(b']', &rest[..rest.len().min(400)])?;
        let name = &rest[..end];
        let line = rest[end + 1..].strip_prefix(b" ")?;
        return (!name.contains(&b' ')).then_some(line);
    }
    // Names are coloured where a terminal was taken for the reader.
    let plain = behind_colour(line);
    let is_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-".contains(byte);
    let end = plain.iter().take(129).position(|byte| !is_of_name(byte))?;
    let rest = &plain[end..];
    let bar = rest.iter().position(|byte| *byte != b' ')?;
    let rest = rest[bar..].strip_prefix(b"|")?;
    let rest = behind_colour(rest);
    (end > 0 && bar > 0).then(|| rest.strip_prefix(b" ").unwrap_or(rest))
}

/// What stands behind a change of colour: `ESC [ 36 m`.
fn behind_colour(text: &[u8]) -> &[u8] {
    let Some(rest) = text.strip_prefix(b"\x1b[") else {
        return text;
    };
    let end = rest
        .iter()
        .take(12)
        .position(|byte| !byte.is_ascii_digit() && *byte != b';');
    match end {
        Some(end) if rest[end] == b'm' => &rest[end + 1..],
        _ => text,
    }
}

/// The line behind a time and a blank.
pub(crate) fn behind_time(line: &[u8]) -> Option<&[u8]> {
    let (time, rest) = word(line, 40)?;
    is_time(time).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_containers_are_found_behind_their_tag() {
        let of = |line: &'static str| {
            let behind = behind_cri(line.as_bytes())?;
            Some((behind.line, behind.goes_on, behind.is_error))
        };
        let time = "2025-12-31T17:37:40.493035218+01:00";
        for (line, expected) in [
            ("stdout F {}", Some(("{}", false, false))),
            ("stderr P:x a b", Some(("a b", true, true))),
            ("stdout F", Some(("", false, false))),
            ("stdout F ", Some(("", false, false))),
            ("stdout X a", None),
            ("stdin F a", None),
        ] {
            let line = format!("{time} {line}").leak();
            let expected = expected.map(|(line, part, error)| (line.as_bytes(), part, error));
            assert_eq!(of(line), expected, "{line}");
        }
        assert_eq!(of("192.0.2.7 stdout F a"), None);
    }

    #[test]
    fn messages_of_syslog_are_found_behind_their_header() {
        let of = |line: &'static str| {
            let found = behind_syslog(line.as_bytes());
            found.map(|(line, _)| std::str::from_utf8(line).expect("text"))
        };
        for (line, expected) in [
            (
                "<15>1 2025-10-30T17:27:03.414+05:30 sso kc 8 log -  {}",
                Some("{}"),
            ),
            ("<15>1 - - - - - - x", Some("x")),
            (
                "<1>1 2025-10-30T17:27:03Z h a 1 - [x y=\"\\\"] \"][z] \u{feff}m",
                Some("m"),
            ),
            ("31 <1>1 2025-10-30T17:27:03Z h a 1 - [x] m", Some("m")),
            ("<13>Oct 11 22:14:15 host app[1]: a b", Some("a b")),
            ("<13>Oct  1 22:14:15 app: a", Some("a")),
            ("Oct 11 22:14:15 host app[1]: a", Some("a")),
            ("2025-10-11T22:14:15.1+09:00 host app[1]: a", Some("a")),
            ("Oct 11 22:14:15 host message without a tag", None),
            ("<13>1 soon h a 1 - - m", None),
            ("<13>1 2025-10-30T17:27:03Z h a 1 - [x m", None),
            ("<img src=x>", None),
            ("May the client be short", None),
            ("Mär 11 22:14:15 h a: b", None),
        ] {
            assert_eq!(of(line), expected, "{line}");
        }
    }

    #[test]
    fn lines_are_found_behind_names_and_times() {
        let text =
            |line: Option<&'static [u8]>| line.map(|line| std::str::from_utf8(line).unwrap_or(""));
        for (line, expected) in [
            ("web-1  | a | b", Some("a | b")),
            ("web |", Some("")),
            ("\u{1b}[36mweb |\u{1b}[0m a", Some("a")),
            ("[pod/web-5f/app] a", Some("a")),
            ("a b | c", None),
            ("| c", None),
            ("a|b", None),
        ] {
            assert_eq!(text(behind_name(line.as_bytes())), expected, "{line}");
        }
        assert_eq!(text(behind_time(b"2025-10-30T17:27:03Z a b")), Some("a b"));
        assert_eq!(text(behind_time(b"2025-10-30 17:27:03 a b")), None);
    }

    #[test]
    fn a_line_that_goes_on_says_so() {
        let docker = |end: &str| {
            let text = "x".repeat(16_384);
            format!("{{\"log\":\"{text}{end}\",\"stream\":\"stdout\",\"time\":\"t\"}}")
        };
        assert!(goes_on(docker("").as_bytes()));
        assert!(!goes_on(docker("\\n").as_bytes()));
        assert!(!goes_on(b"{\"log\":\"x\",\"stream\":\"stdout\"}"));
        assert!(goes_on(b"2025-10-30T17:27:03Z stdout P a"));
        assert!(!goes_on(b"2025-10-30T17:27:03Z stdout F a"));
        assert!(!goes_on(b""));
    }
}
