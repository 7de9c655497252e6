//! Knows the lines in which a server tells of itself, in a log that is otherwise of requests or events.
//!
//! Such a line is an *other line*: counted apart, and no lost evidence. The rule is narrow, for an event that
//! is damaged must stay a reject:
//!
//! * a line that is no line of its format, and begins exactly as one of the known servers begins its own
//!   messages (time, level and process of nginx's error log, and the like);
//! * a whole JSON object that has none of the fields that the source reads, but for the time.
//!
//! No client can write such a line: servers escape what clients send, and never begin a line with it.

use super::reading::Reading;
use super::reject::{Reason, Reject};
use crate::bytes::escape_invalid;
use crate::digest::may_hold_token;

/// The levels of messages, as servers write them.
const LEVELS: [&str; 15] = [
    "debug",
    "info",
    "information",
    "notice",
    "warn",
    "warning",
    "error",
    "err",
    "crit",
    "critical",
    "alert",
    "emerg",
    "trace",
    "fatal",
    "panic",
];

/// Characters of a message that are shown.
const MOST_SHOWN: usize = 100;

/// Whether a line that was rejected for `reject` is a message of the server itself.
#[cold]
pub(crate) fn is_own_message(reading: &Reading, reject: &Reject, raw: &[u8]) -> bool {
    let line = escape_invalid(raw, r"\");
    if reading.is_json() && reject.reason == Reason::FieldMissing {
        return has_none_of(&reading.parser.field_names(&line), &reading.own_names);
    }
    begins_as_message(reject, &line)
}

/// The beginning of a message, for people; `None` if there may be a token in it.
pub(crate) fn shown(raw: &[u8]) -> Option<String> {
    let text = (!may_hold_token(raw)).then(|| escape_invalid(raw, r"\"))?;
    Some(text.chars().take(MOST_SHOWN).collect())
}

/// Whether a line that is none of its format begins as the messages of a known server.
fn begins_as_message(reject: &Reject, line: &str) -> bool {
    let is_no_event = matches!(
        reject.reason,
        Reason::LogSyntax | Reason::JsonSyntax | Reason::FieldCount | Reason::BadTime
    );
    is_no_event
        && [nginx, apache, haproxy, envoy, logrus]
            .iter()
            .any(|begins| begins(line).is_some())
}

/// Whether a JSON object with these field names has none of the fields that are read.
///
/// `read` has the names of the source's fields but for those of the time. A name counts with whatever is in it,
/// and as a part of a longer one.
fn has_none_of(names: &[String], read: &[String]) -> bool {
    let meets = |name: &String, own: &String| {
        let inside = |outer: &str, inner: &str| {
            let rest = inner.strip_prefix(outer);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        inside(name, own) || inside(own, name)
    };
    // An object without any field says nothing of whose it is.
    !names.is_empty()
        && !read.is_empty()
        && !names
            .iter()
            .any(|name| read.iter().any(|own| meets(name, own)))
}

/// Takes `pattern` off the front of `text`: `0` stands for a digit, `a` for a letter, all else for itself.
fn after<'t>(text: &'t str, pattern: &str) -> Option<&'t str> {
    let (front, rest) = text.split_at_checked(pattern.len())?;
    let mut pairs = front.bytes().zip(pattern.bytes());
    pairs
        .all(|(byte, wanted)| match wanted {
            b'0' => byte.is_ascii_digit(),
            b'a' => byte.is_ascii_alphabetic(),
            _ => byte == wanted,
        })
        .then_some(rest)
}

/// Takes digits off the front of `text`, one at least.
fn after_digits(text: &str) -> Option<&str> {
    let rest = text.trim_start_matches(|character: char| character.is_ascii_digit());
    (rest.len() < text.len()).then_some(rest)
}

/// Takes a level off the front of `text`, and what stands up to `end` behind it.
fn after_level<'t>(text: &'t str, end: &str) -> Option<&'t str> {
    let (level, rest) = text.split_once(end)?;
    let is_level = LEVELS.iter().any(|known| known.eq_ignore_ascii_case(level));
    is_level.then_some(rest)
}

/// nginx: `2025/04/14 00:00:00 [error] 31#31: `.
fn nginx(line: &str) -> Option<&str> {
    let rest = after_level(after(line, "0000/00/00 00:00:00 [")?, "] ")?;
    after_digits(after_digits(rest)?.strip_prefix('#')?)?.strip_prefix(": ")
}

/// Apache: `[Mon Apr 14 00:00:00.123456 2025] [core:error] [pid 7`.
fn apache(line: &str) -> Option<&str> {
    let (time, rest) = after(line, "[aaa aaa 00 00:00:00")?.split_once("] [")?;
    let is_year = time
        .get(time.len().checked_sub(4)?..)?
        .bytes()
        .all(|byte| byte.is_ascii_digit());
    let (module, rest) = rest.split_once("] ")?;
    let level = module.rsplit(':').next().unwrap_or(module);
    let is_level = LEVELS.contains(&level) || level.starts_with("trace");
    (is_year && is_level).then_some(rest)
}

/// HAProxy, behind a syslog header or none: `Proxy web started.`, `Server web/a is DOWN, `.
fn haproxy(line: &str) -> Option<&str> {
    let behind = line
        .split_once("haproxy[")
        .and_then(|(_, rest)| after_digits(rest)?.strip_prefix("]: "));
    let text = behind.unwrap_or(line);
    let mut words = text.split(' ');
    let (first, _, third) = (words.next()?, words.next()?, words.next()?);
    let fourth = words.next().unwrap_or_default();
    let is_known = match (first, third) {
        ("Proxy", "started." | "stopped") => true,
        ("Server", "is") => fourth.starts_with("UP") || fourth.starts_with("DOWN"),
        ("backend", "has") => text.ends_with("has no server available!"),
        ("Stopping" | "Pausing", _) => text
            .split(' ')
            .nth(1)
            .is_some_and(|what| matches!(what, "proxy" | "frontend" | "backend" | "listener")),
        _ => false,
    };
    is_known.then_some(text)
}

/// Envoy: `[2025-04-14 00:00:00.123][7][info][main] `.
fn envoy(line: &str) -> Option<&str> {
    let rest = after(line, "[0000-00-00 00:00:00.000][")?;
    after_level(after_digits(rest)?.strip_prefix("][")?, "][")
}

/// Traefik and others that write with logrus: `time="2025-04-14T00:00:00Z" level=info msg=`.
fn logrus(line: &str) -> Option<&str> {
    let rest = after(line, "time=\"0000-00-00a00:00:00")?;
    let (_, rest) = rest.split_once("\" level=")?;
    let rest = after_level(rest, " ")?;
    rest.starts_with("msg=").then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_own(line: &str) -> bool {
        begins_as_message(&Reject::new(Reason::LogSyntax, ""), line)
    }

    #[test]
    fn messages_of_servers_are_known_by_how_they_begin() {
        for own in [
            "2025/04/14 00:00:00 [error] 31#31: *7 open() \"/x\" failed (2: No such file), client: 192.0.2.7",
            "2025/04/14 00:00:00 [notice] 1#1: signal process started",
            "[Mon Apr 14 00:00:00.123456 2025] [core:notice] [pid 7:tid 8] AH00094: Command line: 'httpd'",
            "[Mon Apr 14 00:00:00 2025] [error] [client 192.0.2.7] File does not exist: /x",
            "Proxy web started.",
            "Apr 14 00:00:00 lb haproxy[14389]: Proxy web stopped (cumulated conns: FE: 7, BE: 0).",
            "Server app/a is DOWN, reason: Layer4 timeout, check duration: 2001ms.",
            "backend app has no server available!",
            "[2025-04-14 00:00:00.123][7][info][main] starting main dispatch loop",
            "time=\"2025-04-14T00:00:00Z\" level=info msg=\"Configuration loaded\"",
        ] {
            assert!(is_own(own), "{own}");
        }
    }

    #[test]
    fn damaged_events_are_no_messages() {
        for damaged in [
            "192.0.2.7 - - [14/Apr/2025:00:00:00 +0000] \"GET /x HTT",
            "25/04/14 00:00:00 [error] 31#31: x",
            "2025/04/14 00:00:00 [shop] 31#31: x",
            "2025/04/14 00:00:00 [error] a request",
            "[14/Apr/2025:00:00:00 +0000] [core:error] x",
            "Proxy web served 192.0.2.7",
            "Server app/a is 192.0.2.7",
            "time=\"2025-04-14T00:00:00Z\" level=info path=/x",
            "{\"level\":\"info\"",
            "é",
            "",
        ] {
            assert!(!is_own(damaged), "{damaged}");
        }
        let other = Reject::new(Reason::FieldMissing, "");
        assert!(
            !begins_as_message(&other, "Proxy web started."),
            "its fields are known"
        );
    }

    #[test]
    fn an_object_without_any_field_that_is_read_is_no_event() {
        let names = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
        let read = names(&["path", "pass.jti", "request.headers.0.name"]);
        for (has, expected) in [
            (&["level", "msg"][..], true),
            (&["level", "msg", "paths"], true),
            (&["msg", "path"], false),
            (&["pass"], false),
            (&["pass.jti"], false),
            (&["pass.jti.x"], false),
            (&["passport.x"], true),
            (&[], false),
        ] {
            assert_eq!(has_none_of(&names(has), &read), expected, "{has:?}");
        }
        assert!(!has_none_of(&names(&["msg"]), &[]));
    }
}
