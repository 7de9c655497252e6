//! The *combined* log format of nginx and Apache, with `name=value` fields after the user agent.
//!
//! `address ident user [time] "request" status bytes "referer" "agent" name=value ...`
//! <https://httpd.apache.org/docs/2.4/logs.html#combined>. Inside quotes a backslash keeps the next
//! character from ending the field. Reasons: `combined_syntax`, `request_line`, `duplicate_field`.

use std::borrow::Cow;

use super::{LineParser, Reject, Slots};
use crate::frames::Frame;

/// Columns that the format fills itself.
pub const PROVIDES: &[&str] = &[
    "source_ip",
    "event_time",
    "method",
    "path",
    "status",
    "body_bytes",
    "user_agent",
];

/// The parser.
#[derive(Debug)]
pub struct Combined {
    /// Slots of [`PROVIDES`], in its order.
    fixed: [usize; 7],
    tail: Vec<(Box<str>, usize)>,
}

impl Combined {
    /// A parser for `frame` that takes the mapped fields from the tail.
    pub fn new(frame: &Frame, mapping: &[(usize, &str)]) -> Self {
        let fixed = std::array::from_fn(|index| {
            frame
                .index(PROVIDES[index])
                .expect("combined lines fill a frame with these columns")
        });
        let tail = mapping
            .iter()
            .map(|(slot, name)| ((*name).into(), *slot))
            .collect();
        Combined { fixed, tail }
    }
}

struct Cursor<'a> {
    rest: &'a str,
    length: usize,
}

impl<'a> Cursor<'a> {
    fn error(&self, what: &str) -> Reject {
        Reject::new(
            "combined_syntax",
            format!("{what} at byte {}", self.length - self.rest.len()),
        )
    }

    fn take(&mut self, end: usize, skip: usize) -> &'a str {
        let taken = &self.rest[..end];
        self.rest = &self.rest[end + skip..];
        taken
    }

    fn word(&mut self, what: &str) -> Result<&'a str, Reject> {
        let end = memchr::memchr(b' ', self.rest.as_bytes()).unwrap_or(self.rest.len());
        if end == 0 {
            return Err(self.error(&format!("no {what}")));
        }
        let word = self.take(end, 0);
        self.rest = self.rest.strip_prefix(' ').unwrap_or(self.rest);
        Ok(word)
    }

    fn enclosed(&mut self, open: char, close: u8, what: &str) -> Result<&'a str, Reject> {
        if !self.rest.starts_with(open) {
            return Err(self.error(&format!("no {what}")));
        }
        self.rest = &self.rest[1..];
        let bytes = self.rest.as_bytes();
        let mut from = 0;
        loop {
            let Some(found) = memchr::memchr2(close, b'\\', &bytes[from..]) else {
                return Err(self.error(&format!("the {what} does not end")));
            };
            let at = from + found;
            if bytes[at] == close {
                let inside = self.take(at, 1);
                self.rest = self.rest.strip_prefix(' ').unwrap_or(self.rest);
                return Ok(inside);
            }
            from = (at + 2).min(bytes.len());
        }
    }
}

impl LineParser for Combined {
    fn parse<'a>(&self, line: &'a str, slots: &mut Slots<'a>) -> Result<(), Reject> {
        let mut cursor = Cursor {
            rest: line,
            length: line.len(),
        };
        let address = cursor.word("address")?;
        cursor.word("identity")?;
        cursor.word("user")?;
        let time = cursor.enclosed('[', b']', "time")?;
        let request = cursor.enclosed('"', b'"', "request")?;
        let status = cursor.word("status")?;
        let bytes = cursor.word("size")?;
        cursor.enclosed('"', b'"', "referer")?;
        let agent = cursor.enclosed('"', b'"', "user agent")?;
        let mut parts = request.split(' ');
        let (Some(method), Some(path), Some(_), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Reject::new(
                "request_line",
                "the request is not `METHOD target HTTP/x`",
            ));
        };
        let bytes = if bytes == "-" { "0" } else { bytes };
        for (slot, value) in self
            .fixed
            .iter()
            .zip([address, time, method, path, status, bytes, agent])
        {
            slots[*slot] = Some(Cow::Borrowed(value));
        }
        while !cursor.rest.is_empty() {
            let equals = memchr::memchr2(b'=', b' ', cursor.rest.as_bytes());
            let Some(equals) = equals.filter(|at| cursor.rest.as_bytes()[*at] == b'=') else {
                cursor.word("field")?;
                continue;
            };
            let name = cursor.take(equals, 1);
            let value = if cursor.rest.starts_with('"') {
                cursor.enclosed('"', b'"', "field")?
            } else {
                cursor.word("value")?
            };
            for (_, slot) in self.tail.iter().filter(|(known, _)| **known == *name) {
                if slots[*slot].is_some() {
                    return Err(Reject::new(
                        "duplicate_field",
                        format!("`{name}` is there twice"),
                    ));
                }
                slots[*slot] = Some(Cow::Borrowed(value)).filter(|value| value != "-");
            }
        }
        Ok(())
    }

    fn field_names(&self, line: &str) -> Vec<String> {
        let after = line.rsplit('"').next().unwrap_or_default();
        let tail = after.split(' ').filter_map(|field| field.split_once('='));
        PROVIDES
            .iter()
            .map(ToString::to_string)
            .chain(tail.map(|(name, _)| name.to_string()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frames::REQUESTS;

    fn parse(line: &str) -> Result<Vec<Option<String>>, &'static str> {
        let request_id = REQUESTS.index("request_id").expect("a column");
        let parser = Combined::new(&REQUESTS, &[(request_id, "rid")]);
        let mut slots = Slots::default();
        parser
            .parse(line, &mut slots)
            .map_err(|reject| reject.reason)?;
        let names = [
            "source_ip",
            "path",
            "body_bytes",
            "user_agent",
            "request_id",
        ];
        Ok(names
            .map(|name| {
                slots[REQUESTS.index(name).expect("a column")]
                    .as_deref()
                    .map(str::to_string)
            })
            .to_vec())
    }

    #[test]
    fn reads_a_line_with_a_tail() {
        let row = parse(
            r#"192.0.2.7 - - [14/Apr/2025:00:00:00 +0900] "GET /a HTTP/1.1" 200 - "-" "a \" b" x rid=17 z="q r""#,
        );
        let expected = ["192.0.2.7", "/a", "0", r#"a \" b"#, "17"];
        assert_eq!(
            row,
            Ok(expected.map(|text| Some(text.to_string())).to_vec())
        );
    }

    #[test]
    fn says_why_a_line_is_no_row() {
        for (line, reason) in [
            ("192.0.2.7 - - [14/Apr/2025:00:00", "combined_syntax"),
            (
                r#"192.0.2.7 - - [t] "GET /a HTTP/1.1" 200 5 "-" "agent\"#,
                "combined_syntax",
            ),
            (
                r#"192.0.2.7 - - [t] "\x16\x03" 400 5 "-" "-""#,
                "request_line",
            ),
            (
                r#"192.0.2.7 - - [t] "GET /a HTTP/1.1" 200 5 "-" "-" rid=1 rid=2"#,
                "duplicate_field",
            ),
            ("", "combined_syntax"),
        ] {
            assert_eq!(parse(line), Err(reason), "{line}");
        }
    }
}
