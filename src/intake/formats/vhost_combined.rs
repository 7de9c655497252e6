//! Apache's *combined* log format with the virtual host before it.
//!
//! `host:port address ident user [time] "request" status bytes "referer" "agent" tail`
//!
//! <https://httpd.apache.org/docs/2.4/logs.html#virtualhost>; Debian names it `vhost_combined` and writes
//! `other_vhosts_access.log` with it. Rows of requests get their time, address, method, path, status, bytes and
//! user agent. The case file maps fields of the tail as for [`super::combined`].
//!
//! The bytes are `%O` in Debian's line, which counts the headers too. The port may be missing.
//!
//! Rejects: those of [`super::template`], and `request_line` for a request that the server answered although it
//! is not `METHOD target HTTP/x`.

use std::net::IpAddr;

use super::template::Style;
use super::{Framing, LogFormat, REQUESTS, Takes, common, nginx};
use crate::case::TimeFormat;

pub(super) static FORMAT: LogFormat = LogFormat {
    name: "vhost_combined",
    title: "Apache combined, with the virtual host",
    documentation: "https://httpd.apache.org/docs/2.4/logs.html#virtualhost",
    about: super::About {
        products: "Apache, combined log format with the virtual host before it (`vhost_combined`, `other_vhosts_access.log`), and whatever fields follow the user agent.",
        detected_by: r#"Lines that begin with a name and an address, and have `] "` before the request."#,
        note: r#"Debian's line counts the headers in the bytes: where this log is the gateway's, let a page's `empty_below_bytes` allow for them. The case file maps the fields behind the user agent by name (`request_id = "rid"` for `rid=17`) or by place (`request_id = "tail.1"`)."#,
        variables: &[],
        example: r#"shop.example:443 203.0.113.5 - - [14/Apr/2025:11:00:00 +0900] "GET /cart?item=42 HTTP/1.1" 200 5410 "-" "Mozilla/5.0""#,
        settings: "",
    },
    kinds: REQUESTS,
    framing: Framing::Lines,
    fields: &[],
    constants: &[],
    time: Some(TimeFormat::Common),
    log_format: Takes::No,
    needs: &[],
    mark,
    parser: |frame, wanted| nginx::fixed(TEMPLATE, &STYLE, frame, wanted),
};

const TEMPLATE: &str = r#"$virtual_host $remote_addr $ident $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent""#;

const STYLE: Style = Style {
    meanings: common::MEANINGS,
    tail: true,
    escapes: true,
    words: &[],
};

/// Whether a line begins with a name that is no address, and an address.
fn mark(line: &str) -> bool {
    let is_address = |word: Option<&str>| word.is_some_and(|word| word.parse::<IpAddr>().is_ok());
    let mut words = line.split(' ');
    line.contains("] \"") && !is_address(words.next()) && is_address(words.next())
}

#[cfg(test)]
mod tests {
    use super::super::combined;
    use super::super::testing::{assert_reads, assert_refuses, parser, read};
    use super::*;

    #[test]
    fn reads_a_line_of_each_host_and_no_line_without_one() {
        let line = r#"www.shop.example:443 192.0.2.7 - anna [14/Apr/2025:00:00:00 +0900] "GET /a?b HTTP/1.1" 200 512 "https://shop.example/" "a \"b\"" rid=17"#;
        let row = [
            ("event_time", "14/Apr/2025:00:00:00 +0900"),
            ("source_ip", "192.0.2.7"),
            ("method", "GET"),
            ("path", "/a?b"),
            ("status", "200"),
            ("body_bytes", "512"),
            ("user_agent", "a \"b\""),
        ];
        assert_reads(&FORMAT, line, &row);
        for host in ["shop.example", "[2001:db8::1]:443", "192.0.2.200:80"] {
            assert_reads(&FORMAT, &line.replace("www.shop.example:443", host), &row);
        }
        assert_reads(
            &FORMAT,
            &line.replace(" 192.0.2.7 ", " 2001:db8::7 "),
            &[("source_ip", "2001:db8::7")],
        );
        let without = line.split_once(' ').map_or("", |(_, line)| line);
        assert!(!mark(without), "{without}");
        for bad in [without, &line[..60], &format!("{line}{line}")] {
            assert_refuses(&FORMAT, bad, "log_syntax");
        }
        // The other way round, the host would be the client's address.
        let other = parser(&combined::FORMAT, &[]);
        assert!(read(&combined::FORMAT, &*other, line, &[]).is_ok());
    }

    #[test]
    fn maps_fields_of_the_tail() {
        let parser = parser(&FORMAT, &[("request_id", "rid")]);
        let line = r#"a:80 192.0.2.7 - - [14/Apr/2025:00:00:00 +0900] "GET / HTTP/1.1" 200 5 "-" "-" rid=17"#;
        let found = read(&FORMAT, &*parser, line, &["request_id"]);
        assert_eq!(found, Ok(vec![Some("17".to_string())]));
    }
}
