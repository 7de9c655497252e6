//! HAProxy's `option httplog` and `option httpslog`, with or without the syslog header before them.
//!
//! <https://docs.haproxy.org/3.0/configuration.html#8.2.3> and 8.2.4, the default lines of HAProxy 3.0. Rows of
//! requests get their time, address, method, path, status and bytes.
//!
//! * The time in brackets is when the request was accepted. It carries no zone, so the case file names one.
//! * Captured headers stand in braces. The case file maps them by place: `request_capture.1`,
//!   `response_capture.1`.
//! * Any field may stand in quotes (`%{+Q}`), and `-` for captured headers that are not there.
//! * What `httpslog` adds behind the request tells of TLS, and fills nothing.
//!
//! Rejects: `log_syntax`, for a line that is not as documented; `request_line`, for a request that the server
//! answered although it is not `METHOD target HTTP/x`.

use super::{
    Fields, Framing, Header, LineParser, LogFormat, REQUESTS, Reason, Reject, Takes, Wanted, slot,
};
use crate::case::TimeFormat;
use crate::frames::Frame;
use crate::intake::blocks::fields::says_nothing;

pub(super) static FORMAT: LogFormat = LogFormat {
    name: "haproxy",
    title: "HAProxy httplog and httpslog",
    documentation: "https://docs.haproxy.org/3.0/configuration.html#8.2.3",
    about: super::About {
        products: "HAProxy `option httplog` and `option httpslog`, with or without the syslog header before them.",
        detected_by: "Lines with an address and port, a time in brackets, and the frontend and server behind it.",
        note: "The time is when the request was accepted. The case file maps captured headers by place: `request_capture.1`, `response_capture.1`. The size counts the headers too: where this log is the gateway's, let a page's `empty_below_bytes` allow for them.",
        variables: &[],
        example: r#"203.0.113.5:54321 [14/Apr/2025:00:00:00.123] https-in~ web/web1 0/0/1/12/13 200 5320 - - ---- 3/3/1/1/0 0/0 "GET /cart HTTP/1.1""#,
        settings: "",
    },
    kinds: REQUESTS,
    framing: Framing::Lines,
    fields: &[],
    constants: &[],
    time: Some(TimeFormat::LocalClf),
    log_format: Takes::No,
    needs: &[],
    mark: |line| line.contains("] ") && line.contains('/'),
    parser,
};

/// The parser: the slots that each part of a line fills.
#[derive(Debug)]
struct Httplog {
    client: usize,
    time: usize,
    status: usize,
    bytes: usize,
    request: usize,
    captures: Vec<Capture>,
}

/// A captured header that is wanted.
#[derive(Debug)]
struct Capture {
    /// Whether it is a header of the request; otherwise it is one of the response.
    of_request: bool,
    /// Its place in its group, counted from 1.
    place: usize,
    slot: usize,
}

fn parser(frame: &'static Frame, wanted: &Wanted) -> Result<Box<dyn LineParser>, String> {
    let column = |name| slot(frame, name).ok_or("it fills a log of requests only");
    let mut captures = Vec::new();
    for (slot, name) in &wanted.fields {
        let (kind, place) = name.split_once('.').unwrap_or((name, ""));
        let place = place.parse().ok().filter(|place: &usize| *place > 0);
        let of_request = match kind {
            "request_capture" => Some(true),
            "response_capture" => Some(false),
            _ => None,
        };
        let Some((of_request, place)) = of_request.zip(place) else {
            return Err(format!(
                "`{name}` is no field of this format; captured headers are request_capture.1, response_capture.1 and so on"
            ));
        };
        captures.push(Capture {
            of_request,
            place,
            slot: *slot,
        });
    }
    Ok(Box::new(Httplog {
        client: column("client_endpoint")?,
        time: column("event_time")?,
        status: column("status")?,
        bytes: column("body_bytes")?,
        request: column("request_line")?,
        captures,
    }))
}

fn syntax(what: &str) -> Reject {
    Reject::new(Reason::LogSyntax, what)
}

/// The parts of a line.
struct Parts<'l> {
    client: &'l str,
    time: &'l str,
    status: &'l str,
    bytes: &'l str,
    /// What stands in each pair of braces: the captured headers of the request, then of the response.
    groups: Vec<&'l str>,
    request: &'l str,
}

impl<'l> Parts<'l> {
    fn of(line: &'l str) -> Result<Self, Reject> {
        let (before, rest) = line
            .split_once(" [")
            .ok_or_else(|| syntax("no time in brackets"))?;
        // Behind a syslog header the client is the last word.
        let client = before.rsplit(' ').next().unwrap_or(before);
        let (time, rest) = rest
            .split_once("] ")
            .ok_or_else(|| syntax("the time does not end"))?;
        let (status, rest) = status(rest)?;
        let (bytes, rest) = bytes(rest)?;
        let (groups, rest) = groups(rest)?;
        let request = request(rest).ok_or_else(|| syntax("the request does not end"))?;
        Ok(Parts {
            client,
            time,
            status,
            bytes,
            groups,
            request,
        })
    }
}

/// Reads `frontend backend/server timers status`; returns the status, and what follows it.
fn status(text: &str) -> Result<(&str, &str), Reject> {
    let mut words = text.splitn(5, ' ');
    let mut word = |what: &str| {
        let word = words.next().filter(|word| !word.is_empty());
        word.ok_or_else(|| syntax(what))
    };
    word("no frontend")?;
    let server = word("no backend")?;
    let timers = word("no timers")?;
    let status = word("no status")?;
    let rest = word("no size")?;
    if !server.contains('/') || timers.matches('/').count() < 4 {
        return Err(syntax("no `backend/server` and timers after the time"));
    }
    Ok((status, rest))
}

/// Reads the size, two cookies as clients sent them, the termination state, connections and queues;
/// returns the size, and what follows the queues.
fn bytes(text: &str) -> Result<(&str, &str), Reject> {
    let mut words = text.splitn(7, ' ');
    let mut word = |what| words.next().ok_or_else(|| syntax(what));
    let bytes = word("no size")?;
    word("no request cookie")?;
    word("no response cookie")?;
    word("no termination state")?;
    let connections = word("no connections")?;
    let slashes = |text: &str| text.matches('/').count();
    if slashes(connections) != 4 || slashes(word("no queues")?) != 1 {
        return Err(syntax(
            "no connections and queues after the termination state",
        ));
    }
    Ok((bytes, word("no request")?))
}

/// Reads captured headers; returns their groups, and what follows. HAProxy writes braces, bars and quotes
/// inside them as `#7B` and so on, so a brace ends its group.
fn groups(text: &str) -> Result<(Vec<&str>, &str), Reject> {
    let mut groups = Vec::new();
    let mut rest = text;
    loop {
        if let Some(after) = behind_no_headers(rest) {
            groups.push("");
            rest = after;
            continue;
        }
        let (begin, end) = match rest.as_bytes() {
            [b'{', ..] => ("{", "} "),
            [b'"', b'{', ..] => ("\"{", "}\" "),
            _ => return Ok((groups, rest)),
        };
        let (group, after) = rest[begin.len()..]
            .split_once(end)
            .ok_or_else(|| syntax("captured headers do not end"))?;
        groups.push(group);
        rest = after;
    }
}

/// What stands behind a `-` for captured headers that are not there: more headers, or the request.
fn behind_no_headers(text: &str) -> Option<&str> {
    let mut written = ["- ", "\"\" ", "\"-\" "].into_iter();
    let rest = written.find_map(|none| text.strip_prefix(none))?;
    let goes_on = rest.starts_with(['"', '{']) || rest.starts_with("- ");
    goes_on.then_some(rest)
}

/// Reads the request between its quotes, up to the line's end or to what `httpslog` has behind it.
fn request(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('"')?;
    if let Some(request) = inner.strip_suffix('"') {
        return Some(request);
    }
    // HAProxy writes a quote inside the request as `#22`.
    let (request, behind) = inner.split_once("\" ")?;
    is_of_tls(behind).then_some(request)
}

/// Whether text is what `httpslog` adds: five numbers on errors, then server name, version and cipher. The
/// server name is what the client sent, but no other line's time may stand in it.
fn is_of_tls(text: &str) -> bool {
    let slashes = |text: &str| text.matches('/').count();
    text.split_once(' ').is_some_and(|(errors, session)| {
        slashes(errors) == 4 && slashes(session) >= 2 && !session.contains("] ")
    })
}

impl LineParser for Httplog {
    fn parse<'l>(
        &self,
        line: &'l str,
        _header: &Header,
        fields: &mut Fields<'l>,
    ) -> Result<(), Reject> {
        let parts = Parts::of(line)?;
        match parts.client.contains('"') {
            // Address and port may be quoted together, or each.
            true => fields.copy(self.client, &parts.client.replace('"', "")),
            false => fields.put(self.client, parts.client),
        }
        fields.put(self.time, parts.time);
        match parts.status.trim_matches('"') {
            // The connection ended before there was a status.
            "-1" | "-" => fields.copy(self.status, "0"),
            status => fields.put(self.status, status),
        }
        match parts.bytes.trim_matches('"') {
            "-" => fields.copy(self.bytes, "0"),
            // With `option logasap` a size is logged before all is sent, as `+2750`.
            bytes => fields.put(self.bytes, bytes.trim_start_matches('+')),
        }
        fields.put(self.request, parts.request);
        self.put_captures(&parts.groups, fields);
        Ok(())
    }

    fn fills(&self) -> Vec<usize> {
        let fixed = [
            self.client,
            self.time,
            self.status,
            self.bytes,
            self.request,
        ];
        fixed
            .into_iter()
            .chain(self.captures.iter().map(|capture| capture.slot))
            .collect()
    }

    fn field_names(&self, line: &str) -> Vec<String> {
        let groups = line.matches('{').count();
        let kinds = ["request_capture.1", "response_capture.1"];
        kinds.iter().take(groups).map(ToString::to_string).collect()
    }

    fn time(&self) -> Option<TimeFormat> {
        FORMAT.time
    }
}

impl Httplog {
    /// Puts captured headers into their slots. A line with one group does not say whose it is: it is the
    /// response's if the case file names captures of responses only.
    fn put_captures<'l>(&self, groups: &[&'l str], fields: &mut Fields<'l>) {
        let only_responses = self.captures.iter().all(|capture| !capture.of_request);
        for capture in &self.captures {
            let group = match (capture.of_request, groups) {
                (true, groups) => groups.first(),
                (false, [only]) if only_responses => Some(only),
                (false, groups) => groups.get(1),
            };
            let value = group.and_then(|group| group.split('|').nth(capture.place - 1));
            if let Some(value) = value.filter(|value| !says_nothing(value)) {
                fields.put(capture.slot, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{parser, read, row};
    use super::*;

    #[test]
    fn cookies_are_no_captured_headers() {
        let read_with = |more: &[(&str, &str)], line: &str| {
            let parser = parser(&FORMAT, more);
            read(&FORMAT, &*parser, line, &["request_id", "path"])
        };
        let line = |cookie: &str, groups: &str| {
            format!(
                "192.0.2.7:1 [14/Apr/2025:00:00:00.655] in back/srv1 1/0/3/6/9 200 27 {cookie} - ---- 1/1/1/1/0 0/0 {groups}\"GET /a HTTP/1.1\""
            )
        };
        let row = |id: Option<&str>| Ok(vec![id.map(str::to_string), Some("/a".to_string())]);
        let request = [("request_id", "request_capture.1")];
        let response = [("request_id", "response_capture.1")];
        assert_eq!(
            read_with(&request, &line("pass=a{forged}b", "{r-7} ")),
            row(Some("r-7"))
        );
        assert_eq!(read_with(&request, &line("pass=a{forged}b", "")), row(None));
        assert_eq!(
            read_with(&response, &line("-", "{r-8} ")),
            row(Some("r-8")),
            "responses only"
        );
        assert_eq!(
            read_with(&response, &line("-", "{r-7} {r-8} ")),
            row(Some("r-8"))
        );
        for cut in [
            line("-", "{r-7"),
            line("-", "{r-7} ").replace("\"GET", "GET"),
        ] {
            assert_eq!(read_with(&request, &cut), Err("log_syntax"), "{cut}");
        }
    }

    #[test]
    fn reads_httpslog_and_fields_in_quotes_or_with_a_dash() {
        let more = [
            ("request_id", "request_capture.1"),
            ("user_agent", "response_capture.1"),
        ];
        let parser = parser(&FORMAT, &more);
        let columns = [
            "source_ip",
            "path",
            "status",
            "body_bytes",
            "request_id",
            "user_agent",
        ];
        let read = |line: &str| read(&FORMAT, &*parser, line, &columns);
        // The line of the documentation.
        let line = r#"Feb  6 12:14:14 localhost hapee-lb[3098]: 192.0.2.1:61818 [27/Jan/2021:21:52:56.086] fe_main be_servers/s1 0/0/1/1/2 200 517 - - ---- 1/1/0/0/0 0/0 {r-7} {cache} "GET /a HTTP/1.1" 0/0/0/0/0 1wt.eu/TLSv1.3/TLS_AES_256_GCM_SHA384"#;
        assert_eq!(
            read(line),
            row(["192.0.2.1", "/a", "200", "517", "r-7", "cache"])
        );
        for (from, to) in [
            (
                "0/0/0/0/0 1wt.eu/TLSv1.3/TLS_AES_256_GCM_SHA384",
                "-/-/-/-/- -/-/-",
            ),
            // What a client may send as server name.
            ("1wt.eu", "a/b \"c"),
            ("192.0.2.1:61818", "\"192.0.2.1\":61818"),
            ("200 517", "\"200\" \"517\""),
            ("{r-7} {cache}", "\"{r-7}\" \"{cache}\""),
            ("fe_main be_servers/s1", "\"fe_main\" \"be_servers\"/\"s1\""),
        ] {
            let expected = row(["192.0.2.1", "/a", "200", "517", "r-7", "cache"]);
            assert_eq!(read(&line.replace(from, to)), expected, "{to}");
        }
        for (dashed, id, agent) in [
            ("- {cache}", None, Some("cache")),
            ("{r-7} -", Some("r-7"), None),
            ("\"-\" \"-\"", None, None),
        ] {
            let line = line
                .replace("{r-7} {cache}", dashed)
                .replace("200 517", "- -");
            let fixed = ["192.0.2.1", "/a", "0", "0"].map(Some);
            let expected = fixed.into_iter().chain([id, agent]);
            let expected = expected.map(|text| text.map(str::to_string)).collect();
            assert_eq!(read(&line), Ok(expected), "{dashed}");
        }
        for cut in [&line[..line.len() - 30], &format!("{line}{line}")] {
            assert_eq!(read(cut), Err("log_syntax"), "{cut}");
        }
    }

    #[test]
    fn reads_a_line_with_captures_and_with_or_without_a_syslog_header() {
        let parser = parser(
            &FORMAT,
            &[
                ("request_id", "request_capture.2"),
                ("user_agent", "response_capture.1"),
            ],
        );
        let columns = [
            "source_ip",
            "event_time",
            "method",
            "path",
            "status",
            "body_bytes",
            "request_id",
            "user_agent",
        ];
        let plain = r#"192.0.2.7:33317 [14/Apr/2025:00:00:00.655] http-in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {shop.example|r-7} {cache} "GET /a?b HTTP/1.1""#;
        for line in [
            plain.to_string(),
            format!("Apr 14 00:00:00 lb haproxy[14389]: {plain}"),
        ] {
            let expected = [
                "192.0.2.7",
                "14/Apr/2025:00:00:00.655",
                "GET",
                "/a?b",
                "200",
                "2750",
                "r-7",
                "cache",
            ];
            let found = read(&FORMAT, &*parser, &line, &columns);
            assert_eq!(found, row(expected));
        }
        for (line, reason) in [
            (&plain[..60], "log_syntax"),
            (&plain[..plain.len() - 1], "log_syntax"),
            (
                &plain.replace("GET /a?b HTTP/1.1", "<BADREQ>"),
                "request_line",
            ),
        ] {
            assert_eq!(
                read(&FORMAT, &*parser, line, &columns),
                Err(reason),
                "{line}"
            );
        }
    }
}
