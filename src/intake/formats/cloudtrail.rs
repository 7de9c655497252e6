//! AWS CloudTrail: tokens that STS and Cognito hand out, and every other event beside them.
//!
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>,
//! records of version 1 (`eventVersion` 1.x). A file is an object with all `Records`, or has one event a
//! line. Rows of issuances get their time, event, issuer, token id (the access key), subject, address and
//! outcome.
//!
//! * CloudTrail logs a part of all calls, so an access key without a record is nothing unusual.
//! * A call that failed (`errorCode`) hands out no token, whatever id it names.
//! * `sourceIPAddress` names a service if one called; the row then has no address.
//!
//! Rejects: those of [`super::json`], and `field_missing` for an event without a name.

use std::net::IpAddr;

use super::issuance::{column, forget_token_if};
use super::{Fields, Framing, ISSUANCES, LogFormat, Takes, has_keys, json};
use crate::case::TimeFormat;

pub(super) static FORMAT: LogFormat = LogFormat {
    name: "cloudtrail",
    title: "AWS CloudTrail",
    documentation: "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html",
    about: super::About {
        products: "AWS CloudTrail events, in the `Records` envelope or one a line: tokens that STS and Cognito hand out.",
        detected_by: "JSON objects with the keys `eventTime`, `eventSource` and `eventName`.",
        note: "CloudTrail logs a part of all calls, so an access key without a record is nothing unusual. `sourceIPAddress` may name an AWS service; then the row has no address. An event with an `errorCode` hands out no token.",
        variables: &[],
        example: r#"{"eventTime":"2025-04-14T04:00:00Z","eventSource":"sts.amazonaws.com","eventName":"AssumeRole","sourceIPAddress":"203.0.113.5","responseElements":{"credentials":{"accessKeyId":"ASIA000000001EXAMPLE"},"assumedRoleUser":{"arn":"arn:aws:sts::123456789012:assumed-role/deploy/s1"}}}"#,
        settings: "",
    },
    kinds: ISSUANCES,
    framing: Framing::Objects,
    fields: &[
        ("event_time", "eventTime"),
        ("event", "eventName"),
        ("issuer", "eventSource"),
        ("token_id", "responseElements.credentials.accessKeyId"),
        ("subject", "responseElements.assumedRoleUser.arn"),
        ("subject", "responseElements.federatedUser.arn"),
        ("subject", "requestParameters.identityId"),
        ("subject", "userIdentity.arn"),
        ("subject", "userIdentity.principalId"),
        ("source_ip", "sourceIPAddress"),
        ("outcome", "errorCode"),
    ],
    constants: &[],
    time: Some(TimeFormat::Rfc3339),
    log_format: Takes::No,
    needs: &["event"],
    mark: |line| has_keys(line, &["eventTime", "eventSource", "eventName"]),
    parser: |_, wanted| json::finished(wanted, finish),
};

fn finish(fields: &mut Fields<'_>) {
    // Only a call that failed has an error code.
    forget_token_if(fields, "outcome", |_| true);
    let source_ip = column("source_ip");
    let is_service = |text: &str| text.parse::<IpAddr>().is_err();
    if fields.get(source_ip).is_some_and(is_service) {
        fields.clear(source_ip);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_reads, assert_refuses};
    use super::*;

    #[test]
    fn reads_a_good_event_and_refuses_a_bad_one() {
        let line = r#"{"eventVersion":"1.08","eventTime":"2025-04-14T00:00:00Z","eventSource":"sts.amazonaws.com","eventName":"AssumeRole","sourceIPAddress":"ec2.amazonaws.com","responseElements":{"credentials":{"accessKeyId":"ASIAEXAMPLE"},"assumedRoleUser":{"arn":"arn:a"}}}"#;
        let row = [
            ("event_time", "2025-04-14T00:00:00Z"),
            ("event", "AssumeRole"),
            ("subject", "arn:a"),
            ("token_id", "ASIAEXAMPLE"),
        ];
        assert_reads(&FORMAT, line, &row);
        let bad = r#"{"eventTime":"2025-04-14T00:00:00Z",}"#;
        assert_refuses(&FORMAT, bad, "json_syntax");
    }
}
