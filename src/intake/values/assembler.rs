//! Puts columns together from parts of a line: a request line, an address with its port, a date and a
//! time of day.
//!
//! A client that sends nothing, or something that is no HTTP, is refused. Its request then has no
//! method, and what it sent is the path. If the server answered all the same, nobody knows what it
//! showed; the row says so in the column `row_problem`.

use std::ops::Range;

use crate::frames::Frame;
use crate::intake::blocks::fields::{
    CLIENT_ENDPOINT, DATE, FIRST_PART, FORWARDED_FOR, Fields, QUERY, REQUEST_LINE, SLOTS,
    TIME_OF_DAY, URL, says_nothing,
};
use crate::intake::blocks::line_set::LineSet;
use crate::intake::blocks::stretch::Stretch;
use crate::intake::problem;
use crate::intake::values::numbers::server_refused;

/// Puts the columns of one frame together.
#[derive(Debug, Clone)]
pub(crate) struct Assembler {
    event_time: usize,
    method: Option<usize>,
    path: Option<usize>,
    status: Option<usize>,
    body_bytes: Option<usize>,
    source_ip: Option<usize>,
    row_problem: usize,
    /// Which address of a forwarding list is the client's, counted from the right; 0 is the last.
    forwarded_hops: Option<u32>,
}

impl Assembler {
    /// Prepares to put columns of `frame` together.
    pub(crate) fn new(frame: &Frame, forwarded_hops: Option<u32>) -> Self {
        Assembler {
            event_time: frame
                .index("event_time")
                .expect("every event frame has a time"),
            method: frame.index("method"),
            path: frame.index("path"),
            status: frame.index("status"),
            body_bytes: frame.index("body_bytes"),
            source_ip: frame.index("source_ip"),
            row_problem: frame
                .index("row_problem")
                .expect("every event frame has problems"),
            forwarded_hops,
        }
    }

    /// Fills the columns that have parts in `fields`.
    #[inline]
    pub(crate) fn assemble(&self, fields: &mut Fields<'_>) {
        // Most lines have no parts left to assemble.
        if fields.has_parts() {
            self.assemble_parts(fields);
        }
    }

    /// Fills the method and path of those `lines` whose only part is a plain request line.
    ///
    /// Returns the lines that are done: those, and the ones without any part. Each other line goes
    /// through [`Assembler::assemble`].
    pub(crate) fn assemble_many(&self, mut lines: LineSet, stretch: &mut Stretch<'_>) -> LineSet {
        let others = (FIRST_PART..SLOTS).filter(|slot| *slot != REQUEST_LINE);
        lines -= others.fold(LineSet::EMPTY, |lines, slot| {
            lines | stretch.lines_with(slot)
        });
        let with_request = lines & stretch.lines_with(REQUEST_LINE);
        let (Some(method), Some(path)) = (self.method, self.path) else {
            return lines;
        };
        let known = stretch.lines_with(method) | stretch.lines_with(path);
        let text = stretch.text().unwrap_or_default().as_bytes();
        let mut plain = LineSet::EMPTY;
        for line in (with_request - known).iter() {
            let place = stretch.places(REQUEST_LINE)[line];
            if place.is_copied() {
                continue;
            }
            let request = &text[place.range()];
            // A target that begins with a slash has no authority to strip.
            if let Some((method_end, target)) = split_request_line(request)
                && request[target.start] == b'/'
            {
                stretch.places(method)[line] = place.slice(0..method_end);
                stretch.places(path)[line] = place.slice(target);
                plain.insert(line);
            }
        }
        for slot in [method, path] {
            stretch.set_lines_with(slot, stretch.lines_with(slot) | plain);
        }
        lines - (with_request - plain)
    }

    fn assemble_parts(&self, fields: &mut Fields<'_>) {
        // An empty request line stays: it may make the line a reject.
        for part in (FIRST_PART..SLOTS).filter(|part| *part != REQUEST_LINE) {
            if fields.get(part).is_some_and(says_nothing) {
                fields.clear(part);
            }
        }
        if let (Some(method), Some(path)) = (self.method, self.path) {
            self.assemble_request(fields, method, path);
        }
        if let Some(source_ip) = self.source_ip {
            self.assemble_client(fields, source_ip);
        }
        if fields.has(DATE) && fields.has(TIME_OF_DAY) && !fields.has(self.event_time) {
            let text = format!(
                "{} {}",
                fields.get(DATE).unwrap_or_default(),
                fields.get(TIME_OF_DAY).unwrap_or_default()
            );
            fields.copy(self.event_time, &text);
        }
    }

    /// Adds a problem to those of the row.
    #[cold]
    fn note(&self, fields: &mut Fields<'_>, problem: &str) {
        let cell = match fields.get(self.row_problem) {
            Some(cell) => format!("{cell} {problem}"),
            None => problem.to_string(),
        };
        fields.copy(self.row_problem, &cell);
    }

    /// Fills the columns `method` and `path` from a request line, a URL and a query.
    fn assemble_request(&self, fields: &mut Fields<'_>, method: usize, path: usize) {
        if fields.has(REQUEST_LINE) && !(fields.has(method) && fields.has(path)) {
            let of = |slot| fields.get(slot);
            let text = of(REQUEST_LINE).unwrap_or_default();
            match split_request_line(text.as_bytes()) {
                Some((method_end, target)) => {
                    fields.set_slice(REQUEST_LINE, 0..method_end, method);
                    fields.set_slice(REQUEST_LINE, target, path);
                }
                None if server_refused(self.status.and_then(of), self.body_bytes.and_then(of)) => {
                    let text = text.trim();
                    // `- - HTTP/1.1` is what some servers write for a request of nothing.
                    if !says_nothing(text) && !text.starts_with("- - ") {
                        fields.set_place(path, fields.place_of(REQUEST_LINE));
                    }
                    return;
                }
                None => {
                    if !says_nothing(text) {
                        fields.set_place(path, fields.place_of(REQUEST_LINE));
                    }
                    self.note(fields, problem::REQUEST_LINE);
                    return;
                }
            }
        }
        if fields.has(URL) && !fields.has(path) {
            fields.set_place(path, fields.place_of(URL));
        }
        strip_authority(fields, path);
        append_query(fields, path);
    }

    /// Fills the column `source_ip` from a forwarding list or an address with its port.
    fn assemble_client(&self, fields: &mut Fields<'_>, source_ip: usize) {
        if let (Some(hops), Some(list)) = (self.forwarded_hops, fields.get(FORWARDED_FOR)) {
            let addresses = list.rsplit(',').map(str::trim);
            let from_right = addresses.filter(|address| !address.is_empty());
            // A client that went past the outermost proxies has a shorter list, and is its first address.
            if let Some(client) = from_right.take(hops as usize + 1).last() {
                let address = without_port(client).to_string();
                fields.copy(source_ip, &address);
            }
        } else if !fields.has(source_ip)
            && let Some(list) = fields.get(FORWARDED_FOR)
        {
            if list.contains(',') {
                return self.note(fields, problem::FORWARDED_FOR_LIST);
            }
            let address = without_port(list.trim());
            // The address is a part of the list, so the difference is its offset there.
            let start = address.as_ptr() as usize - list.as_ptr() as usize;
            fields.set_slice(FORWARDED_FOR, start..start + address.len(), source_ip);
        }
        if fields.has(CLIENT_ENDPOINT) && !fields.has(source_ip) {
            let text = fields.get(CLIENT_ENDPOINT).unwrap_or_default();
            // Some products write IPv6 without brackets; the last group is the port all the same.
            let address = match text.strip_prefix('[').and_then(|rest| rest.find(']')) {
                Some(end) => 1..end + 1,
                None => 0..text.rfind(':').unwrap_or(text.len()),
            };
            fields.set_slice(CLIENT_ENDPOINT, address, source_ip);
        }
    }
}

/// Splits `GET /a HTTP/1.1` into where the method ends and where the target is.
///
/// HTTP/0.9 has no version. A line without a method cannot be a request for a page. RFC 9112 allows no
/// further blanks, yet some gateways serve a request with blanks in or around its target: those around
/// it are not part of it.
#[inline]
fn split_request_line(bytes: &[u8]) -> Option<(usize, Range<usize>)> {
    let is_method = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let method_end = match bytes.first_chunk::<4>() {
        Some(b"GET ") => 3,
        Some(b"POST") if bytes.get(4) == Some(&b' ') => 4,
        _ => {
            let end = bytes.iter().position(|byte| !is_method(byte));
            end.filter(|end| bytes[*end] == b' ').unwrap_or(0)
        }
    };
    // The blank behind the target.
    let last = match bytes.last_chunk::<9>().map(|last| last.split_at(6)) {
        // What most requests end with.
        Some((b" HTTP/", [b'1', b'.', b'0' | b'1'] | [b'2', b'.', b'0'])) => bytes.len() - 9,
        _ => {
            // Servers allow blanks behind the version.
            let bytes = bytes.trim_ascii_end();
            match memchr::memrchr(b' ', bytes) {
                Some(last) if bytes[last + 1..].starts_with(b"HTTP/") => last,
                _ => bytes.len(),
            }
        }
    };
    if method_end == 0 || last <= method_end + 1 || !bytes[0].is_ascii_alphabetic() {
        return None;
    }
    let is_blank = |byte: &&u8| **byte == b' ';
    let target = &bytes[method_end + 1..last];
    let start = method_end + 1 + target.iter().take_while(is_blank).count();
    let end = last - target.iter().rev().take_while(is_blank).count();
    (start < end).then_some((method_end, start..end))
}

/// Strips the port that some proxies add to an address; IPv6 then stands in brackets.
fn without_port(text: &str) -> &str {
    match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => match text.split_once(':') {
            Some((address, port)) if !port.contains(':') => address,
            _ => text,
        },
    }
}

/// Strips scheme and host off the path: `https://shop.example:443/a?b` becomes `/a?b`.
fn strip_authority(fields: &mut Fields<'_>, path: usize) {
    let Some(text) = fields.get(path) else { return };
    if text.starts_with('/') {
        return;
    }
    // A scheme is short; a later `://` belongs to a query.
    let Some(scheme) = text.find("://").filter(|at| *at <= 8) else {
        return;
    };
    let authority = scheme + 3;
    match text[authority..].find(['/', '?']) {
        Some(slash) if text.as_bytes()[authority + slash] == b'/' => {
            let from_slash = authority + slash..text.len();
            fields.set_slice(path, from_slash, path);
        }
        Some(question) => {
            let text = format!("/{}", &text[authority + question..]);
            fields.copy(path, &text);
        }
        None => fields.copy(path, "/"),
    }
}

/// Puts the query behind the path, unless the path has one.
fn append_query(fields: &mut Fields<'_>, path: usize) {
    let Some(query) = fields.get(QUERY) else {
        return;
    };
    let Some(target) = fields.get(path).filter(|path| !path.contains('?')) else {
        return;
    };
    let text = format!("{target}?{}", query.strip_prefix('?').unwrap_or(query));
    fields.copy(path, &text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frames::REQUESTS;
    use crate::intake::blocks::fields::slot;

    fn assemble(given: &[(&str, &str)], hops: Option<u32>) -> Result<Vec<String>, &'static str> {
        let line: String = given.iter().map(|(_, text)| *text).collect();
        let mut fields = Fields::default();
        fields.begin(&line);
        let mut at = 0;
        for (name, text) in given {
            fields.set(slot(&REQUESTS, name).expect("a slot"), at, at + text.len());
            at += text.len();
        }
        Assembler::new(&REQUESTS, hops).assemble(&mut fields);
        let problem = fields.get(slot(&REQUESTS, "row_problem").expect("a column"));
        let known = [problem::REQUEST_LINE, problem::FORWARDED_FOR_LIST];
        if let Some(known) = known.into_iter().find(|known| problem == Some(known)) {
            return Err(known);
        }
        let of = |name| {
            fields
                .get(slot(&REQUESTS, name).expect("a slot"))
                .unwrap_or("")
                .to_string()
        };
        Ok(["method", "path", "source_ip", "event_time"]
            .map(of)
            .to_vec())
    }

    #[test]
    fn columns_are_put_together_from_their_parts() {
        let row = |method: &str, path: &str| {
            Ok(vec![
                method.into(),
                path.into(),
                String::new(),
                String::new(),
            ])
        };
        assert_eq!(
            assemble(&[("request_line", "GET /a?b HTTP/1.1")], None),
            row("GET", "/a?b")
        );
        assert_eq!(
            assemble(
                &[("request_line", "GET https://shop.example:443/a HTTP/1.1")],
                None
            ),
            row("GET", "/a")
        );
        assert_eq!(
            assemble(
                &[("url", "http://shop.example?x=1"), ("method", "GET")],
                None
            ),
            row("GET", "/?x=1")
        );
        assert_eq!(
            assemble(
                &[("path", "/a"), ("query", "?b=1"), ("method", "GET")],
                None
            ),
            row("GET", "/a?b=1")
        );
        assert_eq!(
            assemble(&[("path", "/a"), ("query", "-"), ("method", "GET")], None),
            row("GET", "/a")
        );
        assert_eq!(
            assemble(&[("request_line", "GET /a b HTTP/1.1")], None),
            row("GET", "/a b")
        );
        assert_eq!(
            assemble(&[("request_line", "GET /old")], None),
            row("GET", "/old")
        );
        for spaced in [
            "GET  /a HTTP/1.1",
            "GET /a   HTTP/1.1",
            "GET   /a  ",
            "GET  /a b HTTP/2.0",
            "GET /a HTTP/1.1 ",
            "GET /a b HTTP/1.0   ",
        ] {
            let path = if spaced.contains('b') { "/a b" } else { "/a" };
            assert_eq!(
                assemble(&[("request_line", spaced)], None),
                row("GET", path),
                "{spaced}"
            );
        }
    }

    #[test]
    fn what_is_no_request_is_a_problem_unless_the_server_refused_it() {
        let row = |method: &str, path: &str| {
            Ok(vec![
                method.into(),
                path.into(),
                String::new(),
                String::new(),
            ])
        };
        for (line, path) in [
            ("-", ""),
            ("", ""),
            ("- - HTTP/1.1", ""),
            ("\\x16\\x03 /a", "\\x16\\x03 /a"),
            ("GET", "GET"),
        ] {
            let with = |status| assemble(&[("request_line", line), ("status", status)], None);
            for status in ["400", "408", "501", "000", "0"] {
                assert_eq!(with(status), row("", path), "{line} {status}");
            }
            for status in ["200", "304", "40", "4000", "4xx", "-"] {
                assert_eq!(with(status), Err("request_line"), "{line} {status}");
            }
            for (size, expected) in [
                ("0", row("", path)),
                ("-", row("", path)),
                ("5120", Err("request_line")),
            ] {
                let sized = [
                    ("request_line", line),
                    ("status", "0"),
                    ("body_bytes", size),
                ];
                assert_eq!(assemble(&sized, None), expected, "{line} {size}");
            }
        }
        for bad in [
            "",
            "GET",
            "GET  HTTP/1.1",
            "GET     HTTP/1.1",
            "GET  HTTP/1.1  ",
            "GET   ",
            "\\x16\\x03 /a HTTP/1.1",
            "- - HTTP/1.0",
        ] {
            assert_eq!(
                assemble(&[("request_line", bad)], None),
                Err("request_line"),
                "{bad}"
            );
        }
    }

    #[test]
    fn the_client_is_found_without_its_port_and_among_proxies() {
        let address =
            |given: &[(&str, &str)], hops| assemble(given, hops).map(|row| row[2].clone());
        for (endpoint, expected) in [
            ("192.0.2.1:443", "192.0.2.1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("2001:db8::1:2817", "2001:db8::1"),
            ("192.0.2.1", "192.0.2.1"),
        ] {
            assert_eq!(
                address(&[("client_endpoint", endpoint)], None).as_deref(),
                Ok(expected)
            );
        }
        let list = "203.0.113.66, 192.0.2.1, 198.51.100.1";
        assert_eq!(
            address(&[("forwarded_for", list)], None),
            Err("forwarded_for_list")
        );
        assert_eq!(
            address(&[("forwarded_for", list)], Some(1)).as_deref(),
            Ok("192.0.2.1")
        );
        for (list, hops, expected) in [
            (list, 3, "203.0.113.66"),
            ("192.0.2.1", 2, "192.0.2.1"),
            (", 192.0.2.1,,198.51.100.1", 1, "192.0.2.1"),
            (" , ", 1, ""),
        ] {
            let found = address(&[("forwarded_for", list)], Some(hops));
            assert_eq!(found.as_deref(), Ok(expected), "{list} {hops}");
        }
        for (list, expected) in [
            ("192.0.2.1:51234", "192.0.2.1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("2001:db8::1", "2001:db8::1"),
        ] {
            let found = address(&[("forwarded_for", list)], None);
            assert_eq!(found.as_deref(), Ok(expected), "{list}");
            let longer = format!("198.51.100.9:1, {list},203.0.113.9:80");
            let found = address(&[("forwarded_for", &longer)], Some(1));
            assert_eq!(found.as_deref(), Ok(expected), "{longer}");
        }
        assert_eq!(
            address(&[("forwarded_for", "192.0.2.1")], None).as_deref(),
            Ok("192.0.2.1")
        );
    }
}
