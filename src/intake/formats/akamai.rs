//! Akamai DataStream 2, as JSON lines with named fields.
//!
//! <https://techdocs.akamai.com/datastream2/docs/data-set-parameters>. Rows of requests get their time,
//! address, method, path with query, status, bytes, user agent and request id.
//!
//! * Fields without a value are left out, and numbers may be strings.
//! * The user agent is form-encoded, and is decoded here.
//! * A path may be logged without its first slash, which is put back.
//!
//! Rejects: those of [`super::json`].

use super::columns::form_decoded;
use super::{Fields, Framing, LogFormat, REQUESTS, Takes, has_keys, json};
use crate::case::TimeFormat;
use crate::frames;

pub(super) static FORMAT: LogFormat = LogFormat {
    name: "akamai",
    title: "Akamai DataStream 2",
    documentation: "https://techdocs.akamai.com/datastream2/docs/data-set-parameters",
    about: super::About {
        products: "Akamai DataStream 2, as JSON objects.",
        detected_by: "JSON objects with the keys `reqTimeSec` and `cliIP`.",
        note: "DataStream leaves out keys that have no value, and encodes the user agent as forms do; this is undone.",
        variables: &[],
        example: r#"{"reqId":"338f305c","reqTimeSec":"1744612200.123","cliIP":"203.0.113.5","reqMethod":"GET","reqPath":"/cart","queryStr":"item=42","statusCode":"200","bytes":"734","UA":"Mozilla%2F5.0+%28X11%29"}"#,
        settings: "",
    },
    kinds: REQUESTS,
    framing: Framing::Objects,
    fields: &[
        ("event_time", "reqTimeSec"),
        ("source_ip", "cliIP"),
        ("method", "reqMethod"),
        ("path", "reqPath"),
        ("query", "queryStr"),
        ("status", "statusCode"),
        ("body_bytes", "bytes"),
        ("user_agent", "UA"),
        ("request_id", "reqId"),
    ],
    constants: &[],
    time: Some(TimeFormat::EpochSeconds),
    log_format: Takes::No,
    needs: &[],
    mark: |line| has_keys(line, &["reqTimeSec", "cliIP"]),
    parser: |_, wanted| json::finished(wanted, finish),
};

fn finish(fields: &mut Fields<'_>) {
    let user_agent = column("user_agent");
    let decoded = fields
        .get(user_agent)
        .filter(|text| text.contains(['%', '+']))
        .and_then(form_decoded);
    if let Some(text) = decoded {
        fields.copy(user_agent, &text);
    }
    let path = column("path");
    if let Some(text) = fields.get(path).filter(|text| !text.starts_with('/')) {
        let text = format!("/{text}");
        fields.copy(path, &text);
    }
}

fn column(name: &str) -> usize {
    frames::REQUESTS.index(name).expect("a column of requests")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_reads, assert_refuses};
    use super::*;

    #[test]
    fn reads_a_good_event_and_refuses_a_bad_one() {
        let line = r#"{"reqTimeSec":"1744556400.123","cliIP":"192.0.2.7","reqMethod":"GET","reqPath":"/a","queryStr":"b=1","statusCode":"200","UA":"Mozilla%2F5.0+%28X%29"}"#;
        let row = [
            ("event_time", "1744556400.123"),
            ("source_ip", "192.0.2.7"),
            ("method", "GET"),
            ("path", "/a?b=1"),
            ("status", "200"),
            ("user_agent", "Mozilla/5.0 (X)"),
        ];
        assert_reads(&FORMAT, line, &row);
        let bad = r#"{"cliIP":"192.0.2.7","cliIP":"192.0.2.8"}"#;
        assert_refuses(&FORMAT, bad, "duplicate_field");
    }
}
