//! Amazon S3's server access logs.
//!
//! `owner bucket [time] address requester id operation key "request" status error bytes size total turn-around "referer" "agent" ...`
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html>. Rows of requests get their time,
//! address, method, path, status, bytes, user agent and request id.
//!
//! * AWS delivers on a best-effort basis, and hours late, so a missing line proves nothing.
//! * What S3 does itself (`BATCH.DELETE.OBJECT`, `S3.EXPIRE.OBJECT`) has no request and no user agent.
//! * AWS adds new fields only at the end. The case file maps those behind the user agent by their place:
//!   `tail.1` is the version of the object.
//!
//! Rejects: those of [`super::template`], and `request_line` for a request that the server answered although it
//! is not `METHOD target HTTP/x`.

use super::template::{AnyOf, Meaning, Style, at, is};
use super::{
    Fields, Framing, Header, LineParser, LogFormat, REQUESTS, Reason, Reject, Takes, Wanted, nginx,
};
use crate::case::TimeFormat;
use crate::frames::Frame;

pub(super) static FORMAT: LogFormat = LogFormat {
    name: "s3",
    title: "Amazon S3 server access log",
    documentation: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html",
    about: super::About {
        products: "Amazon S3 server access logs, as S3 writes them into a bucket.",
        detected_by: "Lines with a time in brackets and an operation such as `REST.GET.OBJECT` behind it.",
        note: "AWS delivers these logs with best effort, so a missing line proves nothing. The path begins with the bucket where the request names it there. The case file maps the fields behind the user agent by place (`tail.1` is the object's version).",
        variables: &[],
        example: r#"79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be shop-files [14/Apr/2025:00:00:38 +0000] 203.0.113.5 - 3E57427F3EXAMPLE REST.GET.OBJECT orders/1001.pdf "GET /orders/1001.pdf HTTP/1.1" 200 - 5120 5120 41 28 "-" "Mozilla/5.0" - s9lzHYrFp76ZVxRcpX9= - ECDHE-RSA-AES128-GCM-SHA256 - shop-files.s3.ap-northeast-2.amazonaws.com TLSv1.2 - -"#,
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
    parser,
};

const TEMPLATE: &str = r#"$bucket_owner $bucket [$time_local] $remote_addr $requester $request_id $operation $key "$request" $status $error_code $body_bytes_sent $object_size $total_time $turn_around_time "$http_referer" "$http_user_agent""#;

/// Referer and user agent of requests.
const AGENTS: &str = r#""$http_referer" "$http_user_agent""#;
/// The same as they stand where S3 itself did something, a `-` each.
const BARE_AGENTS: &str = "$http_referer $http_user_agent ";

/// What the variables mean.
static MEANINGS: &[Meaning] = &[
    is("$remote_addr", "source_ip"),
    at("$time_local", TimeFormat::Common),
    is("$request", "request_line"),
    is("$status", "status"),
    is("$body_bytes_sent", "body_bytes"),
    is("$http_user_agent", "user_agent"),
    is("$request_id", "request_id"),
];

const STYLE: Style = Style {
    meanings: MEANINGS,
    tail: true,
    escapes: true,
    words: &[],
};

/// Whether a line has an operation of S3 behind its time.
fn mark(line: &str) -> bool {
    let behind = line.split_once("] ").map(|(_, behind)| behind);
    let operation = behind.and_then(|behind| behind.split(' ').nth(3));
    let begins = ["REST.", "SOAP.", "WEBSITE.", "BATCH.", "S3."];
    operation.is_some_and(|operation| begins.iter().any(|begin| operation.starts_with(begin)))
}

/// Reads one line, and refuses two that became one.
#[derive(Debug)]
struct One(Box<dyn LineParser>);

fn parser(frame: &'static Frame, wanted: &Wanted) -> Result<Box<dyn LineParser>, String> {
    let own = TEMPLATE
        .replace("\"$request\"", "$request")
        .replace(AGENTS, BARE_AGENTS);
    let templates = [TEMPLATE, &own].map(|text| nginx::fixed(text, &STYLE, frame, wanted));
    Ok(Box::new(One(AnyOf::parser(templates)?)))
}

impl LineParser for One {
    fn parse<'l>(
        &self,
        line: &'l str,
        header: &Header,
        fields: &mut Fields<'l>,
    ) -> Result<(), Reject> {
        let mut times = line.match_indices("] ").skip(1);
        // Between quotes it may be what a client sent.
        let is_outside = |at: usize| line[..at].matches('"').count().is_multiple_of(2);
        if let Some((at, _)) = times.find(|(at, _)| is_outside(*at) && mark(&line[*at..])) {
            let what = format!("another line's time at byte {at}");
            return Err(Reject::new(Reason::LogSyntax, what));
        }
        self.0.parse(line, header, fields)
    }

    fn fills(&self) -> Vec<usize> {
        self.0.fills()
    }

    fn field_names(&self, line: &str) -> Vec<String> {
        self.0.field_names(line)
    }

    fn time(&self) -> Option<TimeFormat> {
        self.0.time()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_reads, assert_refuses, parser, read};
    use super::*;

    #[test]
    fn reads_the_lines_of_the_documentation() {
        let line = r#"79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be amzn-s3-demo-bucket1 [06/Feb/2019:00:00:38 +0000] 192.0.2.3 79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be 3E57427F3EXAMPLE REST.GET.VERSIONING - "GET /amzn-s3-demo-bucket1?versioning HTTP/1.1" 200 - 113 - 7 - "-" "S3Console/0.4" - s9lzHYrFp76ZVxRcpX9+5cjAnEH2ROuNkd2BHfIa6UkFVdtjf5mKR3/eTPFvsiP/XV/VLi31234= SigV4 ECDHE-RSA-AES128-GCM-SHA256 AuthHeader amzn-s3-demo-bucket1.s3.us-west-1.amazonaws.com TLSV1.2 arn:aws:s3:us-west-1:123456789012:accesspoint/example-AP Yes"#;
        let row = [
            ("event_time", "06/Feb/2019:00:00:38 +0000"),
            ("source_ip", "192.0.2.3"),
            ("method", "GET"),
            ("path", "/amzn-s3-demo-bucket1?versioning"),
            ("status", "200"),
            ("body_bytes", "113"),
            ("user_agent", "S3Console/0.4"),
            ("request_id", "3E57427F3EXAMPLE"),
        ];
        assert_reads(&FORMAT, line, &row);
        // As S3 wrote it in its first years, and with no byte sent.
        let old = line.split(" s9lz").next().unwrap_or_default();
        let old = old.replace(" 113 ", " - ");
        assert_reads(&FORMAT, &old, &[("body_bytes", "0"), ("status", "200")]);
        assert_refuses(&FORMAT, &line[..250], "log_syntax");
        assert_refuses(&FORMAT, &format!("{line}{line}"), "log_syntax");
    }

    #[test]
    fn what_s3_does_itself_has_no_request() {
        let line = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be shop [14/Apr/2025:00:00:38 +0000] - AmazonS3 3E57427F3EXAMPLE S3.EXPIRE.OBJECT a/b - 204 - - 1234 - - - - - s9lz= - - - - - - -";
        assert!(mark(line));
        let parser = parser(&FORMAT, &[]);
        let found = read(&FORMAT, &*parser, line, &["status", "path", "user_agent"]);
        assert_eq!(found, Ok(vec![Some("204".to_string()), None, None]));
    }
}
