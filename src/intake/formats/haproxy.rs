//! HAProxy's `option httplog`, with or without the syslog header before it.
//!
//! <https://docs.haproxy.org/3.0/configuration.html#8.2.3>. The time in brackets is when the request
//! was accepted and carries no zone, so the case file must say it. Captured headers stand in braces;
//! the case file names them by place: `request_capture.1`, `response_capture.1`.
//!
//! Reasons: `log_syntax`, `request_line`.

use super::{
    Fields, Framing, Header, LineParser, LogFormat, REQUESTS, Reason, Reject, Takes, Wanted, slot,
};
use crate::case::TimeFormat;
use crate::frames::Frame;
use crate::intake::blocks::fields::says_nothing;

pub(super) static FORMAT: LogFormat = LogFormat {
    name: "haproxy",
    title: "HAProxy httplog",
    documentation: "https://docs.haproxy.org/3.0/configuration.html#8.2.3",
    about: super::About {
        products: "HAProxy `option httplog`, with or without the syslog header before it.",
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

#[derive(Debug)]
struct Httplog {
    client: usize,
    time: usize,
    status: usize,
    bytes: usize,
    request: usize,
    /// Captured headers: whether of the request, the place from 1, the slot.
    captures: Vec<(bool, usize, usize)>,
}

fn parser(frame: &'static Frame, wanted: &Wanted) -> Result<Box<dyn LineParser>, String> {
    let column = |name| slot(frame, name).ok_or("it fills a log of requests only");
    let mut captures = Vec::new();
    for (slot, name) in &wanted.fields {
        let (kind, place) = name.split_once('.').unwrap_or((name, ""));
        let place = place.parse().ok().filter(|place: &usize| *place > 0);
        match (kind, place) {
            ("request_capture", Some(place)) => captures.push((true, place, *slot)),
            ("response_capture", Some(place)) => captures.push((false, place, *slot)),
            _ => {
                return Err(format!(
                    "`{name}` is no field of this format; captured headers are request_capture.1, response_capture.1 and so on"
                ));
            }
        }
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

impl LineParser for Httplog {
    fn parse<'l>(
        &self,
        line: &'l str,
        _header: &Header,
        fields: &mut Fields<'l>,
    ) -> Result<(), Reject> {
        // The accept date is the first bracket that is followed by frontend, backend and timers.
        let open = line
            .find(" [")
            .ok_or_else(|| syntax("no time in brackets"))?;
        let before = &line[..open];
        // After a syslog header the client is its last word.
        let client = before.rsplit(' ').next().unwrap_or(before);
        let rest = &line[open + 2..];
        let (time, rest) = rest
            .split_once("] ")
            .ok_or_else(|| syntax("the time does not end"))?;
        let mut words = rest.splitn(5, ' ');
        let mut word = |what: &str| {
            words
                .next()
                .filter(|word| !word.is_empty())
                .ok_or_else(|| syntax(what))
        };
        word("no frontend")?;
        let server = word("no backend")?;
        let timers = word("no timers")?;
        let status = word("no status")?;
        let rest = word("no size")?;
        if !server.contains('/') || timers.matches('/').count() < 4 {
            return Err(syntax("no `backend/server` and timers after the time"));
        }
        // Size, two cookies as clients sent them, termination state, connections, queues.
        let mut words = rest.splitn(7, ' ');
        let mut word = |what| words.next().ok_or_else(|| syntax(what));
        let bytes = word("no size")?;
        for what in [
            "no request cookie",
            "no response cookie",
            "no termination state",
        ] {
            word(what)?;
        }
        if word("no connections")?.matches('/').count() != 4
            || word("no queues")?.matches('/').count() != 1
        {
            return Err(syntax(
                "no connections and queues after the termination state",
            ));
        }
        let mut rest = word("no request")?;
        // Braces, bars and quotes inside captured headers and the request are written as `#7B` and so on.
        let mut groups = Vec::new();
        while let Some(group) = rest.strip_prefix('{') {
            let (group, after) = group
                .split_once("} ")
                .ok_or_else(|| syntax("captured headers do not end"))?;
            groups.push(group);
            rest = after;
        }
        let request = rest
            .strip_prefix('"')
            .and_then(|request| request.strip_suffix('"'))
            .ok_or_else(|| syntax("the request does not end"))?;
        fields.put(self.client, client);
        fields.put(self.time, time);
        // The connection ended before there was a status.
        match status {
            "-1" => fields.copy(self.status, "0"),
            _ => fields.put(self.status, status),
        }
        fields.put(self.bytes, bytes.trim_start_matches('+'));
        fields.put(self.request, request);
        if !self.captures.is_empty() {
            self.captured(&groups, fields);
        }
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
            .chain(self.captures.iter().map(|(.., slot)| *slot))
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
    /// One group alone is the response's where the case file names captures of the response only.
    fn captured<'l>(&self, groups: &[&'l str], fields: &mut Fields<'l>) {
        let of_responses = self.captures.iter().all(|(of_request, ..)| !of_request);
        for (of_request, place, slot) in &self.captures {
            let group = match (of_request, groups) {
                (true, groups) => groups.first(),
                (false, [only]) if of_responses => Some(only),
                (false, groups) => groups.get(1),
            };
            let value = group.and_then(|group| group.split('|').nth(place - 1));
            if let Some(value) = value.filter(|value| !says_nothing(value)) {
                fields.put(*slot, value);
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
