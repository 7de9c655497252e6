//! Lines as Apache writes them by a `LogFormat` of the server's own, which the case file gives.
//!
//! <https://httpd.apache.org/docs/2.4/mod/mod_log_config.html#formats>, Apache 2.4. The case file may quote the
//! whole directive. Rows of requests get what its directives mean (see [`MEANINGS`]), and what the case file
//! maps. Of times, `%t`, `%{sec}t`, `%{msec}t` and `%{usec}t` are read.
//!
//! Rejects: those of [`super::template`], and `request_line` for a request that the server answered although it
//! is not `METHOD target HTTP/x`.

use super::template::{self, Meaning, Piece, Style, at, is};
use super::{Framing, LineParser, LogFormat, REQUESTS, Takes, Wanted, never};
use crate::bytes::quote_end;
use crate::case::TimeFormat;
use crate::frames::Frame;

pub(super) static FORMAT: LogFormat = LogFormat {
    name: "apache",
    title: "Apache, by its own LogFormat",
    documentation: "https://httpd.apache.org/docs/2.4/mod/mod_log_config.html#formats",
    about: super::About {
        products: "Apache httpd, by the `LogFormat` of its configuration.",
        detected_by: "It is never guessed: the case file must give `log_format`.",
        note: "Paste the `LogFormat` line as it stands, or its format string alone. Of times, `%t`, `%{sec}t`, `%{msec}t` and `%{usec}t` are read.",
        variables: MEANINGS,
        example: r#"203.0.113.5 - - [14/Apr/2025:00:00:00 +0900] "GET /cart HTTP/1.1" 200 5370 "Mozilla/5.0" 8d27112b4accc4df"#,
        settings: r#"log_format = '%h %l %u %t "%r" %>s %O "%{User-Agent}i" %{X-Request-Id}o'"#,
    },
    kinds: REQUESTS,
    framing: Framing::Lines,
    fields: &[],
    constants: &[],
    time: None,
    log_format: Takes::Must,
    needs: &[],
    mark: never,
    parser,
};

/// What Apache's directives mean, the best source of a column first.
static MEANINGS: &[Meaning] = &[
    at("%{usec}t", TimeFormat::EpochMicroseconds),
    at("%{msec}t", TimeFormat::EpochMilliseconds),
    at("%{sec}t", TimeFormat::EpochSeconds),
    at("%t", TimeFormat::Common),
    is("%a", "source_ip"),
    is("%h", "source_ip"),
    is("%{X-Forwarded-For}i", "forwarded_for"),
    is("%m", "method"),
    is("%r", "request_line"),
    is("%U", "path"),
    is("%q", "query"),
    is("%>s", "status"),
    is("%s", "status"),
    is("%b", "body_bytes"),
    is("%B", "body_bytes"),
    is("%O", "body_bytes"),
    is("%{User-Agent}i", "user_agent"),
    is("%{UNIQUE_ID}e", "request_id"),
    is("%{X-Request-Id}o", "request_id"),
    is("%{X-Request-Id}i", "request_id"),
    is("%L", "request_id"),
];

/// Directives whose values have no blank.
static WORDS: &[&str] = &[
    "%>s", "%B", "%D", "%I", "%L", "%O", "%P", "%S", "%T", "%V", "%X", "%a", "%b", "%h", "%k",
    "%p", "%s", "%v", "%{ms}T", "%{s}T", "%{us}T",
];

const STYLE: Style = Style {
    meanings: MEANINGS,
    tail: false,
    escapes: true,
    words: WORDS,
};

fn parser(frame: &'static Frame, wanted: &Wanted) -> Result<Box<dyn LineParser>, String> {
    let text = wanted.log_format.as_deref().unwrap_or_default();
    template::parser(&pieces(text)?, &STYLE, frame, wanted)
}

/// Returns the pieces of a `LogFormat`. `%t` writes its own brackets, so they become literals.
fn pieces(text: &str) -> Result<Vec<Piece>, String> {
    let text = unquoted(text).replace("\\\"", "\"").replace("\\t", "\t");
    let mut pieces: Vec<Piece> = Vec::new();
    let mut literal = String::new();
    let mut rest = text.as_str();
    while let Some(percent) = rest.find('%') {
        literal.push_str(&rest[..percent]);
        rest = &rest[percent + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            literal.push('%');
            rest = after;
            continue;
        }
        let name = directive(&mut rest)?;
        let has_brackets = name == "%t";
        if has_brackets {
            literal.push('[');
        }
        if !literal.is_empty() {
            pieces.push(Piece::Literal(std::mem::take(&mut literal)));
        }
        pieces.push(Piece::Variable(name));
        if has_brackets {
            literal.push(']');
        }
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        pieces.push(Piece::Literal(literal));
    }
    Ok(pieces)
}

/// Returns what the quotes of a `LogFormat` directive hold, or the whole text if it is no directive.
fn unquoted(text: &str) -> &str {
    let Some(directive) = text.trim().strip_prefix("LogFormat") else {
        return text;
    };
    let directive = directive.trim();
    let inner = directive.strip_prefix('"').unwrap_or(directive);
    let end = quote_end(inner.as_bytes(), 0).unwrap_or(inner.len());
    &inner[..end]
}

/// Takes one directive off `text`, which begins behind its `%`, and returns its name: `%h`, `%>s`,
/// `%{User-Agent}i`.
fn directive(text: &mut &str) -> Result<String, String> {
    // Conditions on the status and `<` come first: `%!200,304{User-agent}i`. They name no other field.
    let is_condition = |c: char| c.is_ascii_digit() || matches!(c, '!' | ',' | '<');
    let rest = text.trim_start_matches(is_condition);
    let (final_only, rest) = match rest.strip_prefix('>') {
        Some(after) => (">", after),
        None => ("", rest),
    };
    let argument = rest.strip_prefix('{');
    let (argument, rest) = match argument.and_then(|inner| inner.split_once('}')) {
        Some((argument, after)) => (format!("{{{argument}}}"), after),
        None => (String::new(), rest),
    };
    // `%^FB`, `%^ti` and the like have three characters.
    let length = if rest.starts_with('^') { 3 } else { 1 };
    let (kind, after) = rest
        .split_at_checked(length)
        .ok_or("it ends in the middle of a directive")?;
    *text = after;
    // Only `%>s` differs from `%s`; elsewhere `>` changes which of two requests is meant.
    Ok(match kind {
        "s" => format!("%{final_only}{argument}s"),
        _ => format!("%{argument}{kind}"),
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{read, row};
    use super::*;

    #[test]
    fn reads_lines_by_the_servers_own_template() {
        for log_format in [
            r#"%h %l %u %t "%r" %>s %O "%{User-Agent}i" %{X-Request-Id}o %D"#,
            r#"LogFormat "%h %l %u %t \"%r\" %>s %O \"%{User-Agent}i\" %{X-Request-Id}o %D" custom"#,
        ] {
            let wanted = Wanted {
                fields: Vec::new(),
                log_format: Some(log_format.into()),
                ..Wanted::default()
            };
            let parser = parser(&crate::frames::REQUESTS, &wanted).expect("a parser");
            let columns = [
                "source_ip",
                "event_time",
                "method",
                "body_bytes",
                "user_agent",
                "request_id",
            ];
            let line = r#"2001:db8::7 - anna [14/Apr/2025:00:00:00 +0900] "POST /a HTTP/2" 302 0 "a \"b\"" r-7 1500"#;
            let expected = [
                "2001:db8::7",
                "14/Apr/2025:00:00:00 +0900",
                "POST",
                "0",
                "a \"b\"",
                "r-7",
            ];
            let found = read(&FORMAT, &*parser, line, &columns);
            assert_eq!(found, row(expected));
            for broken in [&line[..60], &format!("{line}{line}"), &format!("{line} x")] {
                let row = read(&FORMAT, &*parser, broken, &columns);
                assert_eq!(row, Err("log_syntax"), "{broken}");
            }
        }
    }
}
