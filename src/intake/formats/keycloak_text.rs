//! Keycloak's events as its server log has them (the listener `jboss-logging`).
//!
//! `2025-04-14 00:00:00,123 INFO  [org.keycloak.events] (thread) type="LOGIN", realmId="shop", ...`
//!
//! <https://www.keycloak.org/docs/latest/server_admin/#auditing-and-events>. Rows of issuances get their
//! time, event, issuer (the realm), subject, token id, session and address.
//!
//! * Times carry no zone, so the case file names one.
//! * Keycloak may log JSON instead (`--log-console-output=json`): the event then is the text of `message`, and
//!   the time, with its zone, that of `timestamp`.
//! * Successful refreshes are logged at DEBUG by default, so they are often missing.
//! * Only events that hand out a token keep its id.
//! * Newer versions quote all values, older ones none.
//!
//! Rejects: `log_syntax`, for a line that is no event or is damaged; `duplicate_field`, for a wanted field
//! that is there twice.

use std::borrow::Cow;

use serde::Deserialize;

use super::keycloak::keep_issued_tokens;
use super::{
    Fields, Framing, Header, ISSUANCES, LineParser, LogFormat, Reason, Reject, Takes, Wanted, slot,
};
use crate::case::TimeFormat;
use crate::frames::Frame;

pub(super) static FORMAT: LogFormat = LogFormat {
    name: "keycloak_text",
    title: "Keycloak events, server log",
    documentation: "https://www.keycloak.org/docs/latest/server_admin/#auditing-and-events",
    about: super::About {
        products: "Keycloak events in its server log (the listener `jboss-logging`), as text or as JSON.",
        detected_by: "Lines with `[org.keycloak.events`, or JSON objects whose `loggerName` begins so.",
        note: "Keycloak logs successful refreshes at DEBUG by default, so they are often missing. Only events that hand out a token keep its id. The realm's name stands for the issuer: say in `[source.constants]` what the tokens' `iss` is.",
        variables: &[],
        example: r#"2025-04-14 00:00:00,456 DEBUG [org.keycloak.events] (executor-thread-7) type="CODE_TO_TOKEN", realmId="7d4e02d3", realmName="shop", userId="a298c916", sessionId="7aeeb576", ipAddress="203.0.113.5", token_id="26cb3659-3777-41a7-a31f-86639e3894b6""#,
        settings: r#"zone = "Asia/Seoul""#,
    },
    kinds: ISSUANCES,
    framing: Framing::Lines,
    fields: &[
        ("event", "type"),
        ("event", "operationType"),
        ("issuer", "realmName"),
        ("issuer", "realmId"),
        ("subject", "userId"),
        ("token_id", "token_id"),
        ("session_id", "sessionId"),
        ("source_ip", "ipAddress"),
    ],
    constants: &[],
    // A time without a zone is one of RFC 3339 that needs the case file's.
    time: Some(TimeFormat::Rfc3339),
    log_format: Takes::No,
    needs: &[],
    mark: |line| {
        line.contains("[org.keycloak.events")
            || line.contains("\"loggerName\"") && line.contains("\"org.keycloak.events")
    },
    parser,
};

/// The parser.
#[derive(Debug)]
struct Events {
    time: usize,
    /// Each slot with the name of its field, the best first if several fill one slot.
    wanted: Vec<(usize, String)>,
}

fn parser(frame: &'static Frame, wanted: &Wanted) -> Result<Box<dyn LineParser>, String> {
    let time = slot(frame, "event_time").ok_or("every event has a time")?;
    Ok(Box::new(Events {
        time,
        wanted: wanted.fields.clone(),
    }))
}

/// A record of Keycloak's log as JSON.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Logged<'l> {
    #[serde(borrow)]
    timestamp: Cow<'l, str>,
    #[serde(borrow)]
    logger_name: Cow<'l, str>,
    #[serde(borrow)]
    message: Cow<'l, str>,
}

fn syntax(what: impl Into<String>) -> Reject {
    Reject::new(Reason::LogSyntax, what)
}

/// A field of an event.
struct Field<'l> {
    name: &'l str,
    value: &'l str,
    quoted: bool,
}

impl<'l> Field<'l> {
    /// Takes the first field off `text`, which begins with its name.
    fn take(text: &mut &'l str) -> Result<Self, Reject> {
        let Some((name, after)) = text.split_once('=') else {
            let start: String = text.chars().take(40).collect();
            return Err(syntax(format!("`{start}` has no value")));
        };
        let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
        if name.is_empty() || !name.bytes().all(is_of_name) {
            return Err(syntax("the name of a field has other signs than letters"));
        }
        let inner = after.strip_prefix('"');
        let (value, after) = match inner {
            Some(inner) => {
                let end = closing_quote(inner)
                    .ok_or_else(|| syntax(format!("the value of `{name}` does not end")))?;
                (&inner[..end], &inner[end + 1..])
            }
            None => after.split_at(after.find(", ").unwrap_or(after.len())),
        };
        *text = match after.strip_prefix(", ") {
            Some("") => return Err(syntax("the line ends in a comma")),
            Some(more) => more,
            None if after.is_empty() => after,
            None => return Err(syntax(format!("no comma after `{name}`"))),
        };
        Ok(Field {
            name,
            value,
            quoted: inner.is_some(),
        })
    }
}

impl Events {
    /// Puts the time into its slot, and returns the fields that follow it.
    fn head<'l>(&self, line: &'l str, fields: &mut Fields<'l>) -> Result<&'l str, Reject> {
        let Some((head, rest)) = line.split_once(" [org.keycloak.events") else {
            return Err(syntax("no event of Keycloak"));
        };
        let mut words = head.splitn(3, ' ');
        let (Some(date), Some(time)) = (words.next(), words.next()) else {
            return Err(syntax("no time"));
        };
        fields.put(self.time, &line[..date.len() + 1 + time.len()]);
        // The worst rank: a field that the case file maps to the time goes before.
        fields.swap_rank(self.time, u8::MAX);
        // The thread's name in parentheses stands before the first field.
        let (_, fields) = rest.split_once(") ").ok_or_else(|| syntax("no fields"))?;
        Ok(fields)
    }

    /// Reads an event that stands as text in the `message` of a JSON object.
    fn parse_object(&self, line: &str, fields: &mut Fields<'_>) -> Result<(), Reject> {
        let object: Logged = serde_json::from_str(line)
            .map_err(|error| Reject::new(Reason::JsonSyntax, error.to_string()))?;
        if !object.logger_name.starts_with("org.keycloak.events") {
            return Err(syntax("no event of Keycloak"));
        }
        fields.copy(self.time, &object.timestamp);
        fields.swap_rank(self.time, u8::MAX);
        self.parse_fields(&object.message, fields)
    }

    /// Reads the fields of an event.
    fn parse_fields(&self, mut rest: &str, fields: &mut Fields<'_>) -> Result<(), Reject> {
        let mut all_quoted = None;
        while !rest.is_empty() {
            let field = Field::take(&mut rest)?;
            // Keycloak quotes all values or none. A client that writes a backslash and a quote into two
            // values in a row could begin a bare one of its own.
            if *all_quoted.get_or_insert(field.quoted) != field.quoted {
                return Err(syntax(format!(
                    "`{}` is quoted otherwise than the first value",
                    field.name
                )));
            }
            self.put(&field, fields)?;
        }
        keep_issued_tokens(fields);
        Ok(())
    }

    /// Puts a field into each slot that it is wanted for.
    fn put(&self, field: &Field<'_>, fields: &mut Fields<'_>) -> Result<(), Reject> {
        let Field { name, value, .. } = *field;
        if value == "null" {
            return Ok(());
        }
        let known = self.wanted.iter().enumerate();
        for (rank, (slot, _)) in known.filter(|(_, (_, wanted))| wanted == name) {
            // A format and its case file name fewer than 255 fields.
            let rank = rank as u8;
            match fields.swap_rank(*slot, rank) {
                Some(before) if before == rank => {
                    let twice = format!("`{name}` is there twice");
                    return Err(Reject::new(Reason::DuplicateField, twice));
                }
                Some(before) if before < rank => fields.restore_rank(*slot, before),
                _ if value.contains("\\\"") => fields.copy(*slot, &value.replace("\\\"", "\"")),
                _ => fields.copy(*slot, value),
            }
        }
        Ok(())
    }
}

impl LineParser for Events {
    fn parse<'l>(
        &self,
        line: &'l str,
        _header: &Header,
        fields: &mut Fields<'l>,
    ) -> Result<(), Reject> {
        if line.starts_with('{') {
            return self.parse_object(line, fields);
        }
        let rest = self.head(line, fields)?;
        self.parse_fields(rest, fields)
    }

    fn fills(&self) -> Vec<usize> {
        let wanted = self.wanted.iter().map(|(slot, _)| *slot);
        wanted.chain([self.time]).collect()
    }

    fn field_names(&self, line: &str) -> Vec<String> {
        let fields = line.split(", ").filter_map(|field| field.split_once('='));
        fields
            .map(|(name, _)| name.rsplit(' ').next().unwrap_or(name).to_string())
            .collect()
    }

    fn time(&self) -> Option<TimeFormat> {
        FORMAT.time
    }
}

/// Returns where a quoted value ends. Keycloak puts a backslash before a quote and leaves backslashes
/// alone, so a quote with a backslash right before it never ends a value.
fn closing_quote(text: &str) -> Option<usize> {
    let mut quotes = memchr::memchr_iter(b'"', text.as_bytes());
    quotes.find(|at| *at == 0 || text.as_bytes()[at - 1] != b'\\')
}

#[cfg(test)]
mod tests {
    use super::super::testing::{parser, read, row};
    use super::*;

    #[test]
    fn reads_quoted_and_bare_values() {
        let parser = parser(&FORMAT, &[]);
        let columns = ["event_time", "event", "subject", "token_id", "session_id"];
        let head = "2025-04-14 00:00:00,123 DEBUG [org.keycloak.events] (executor-thread-1) ";
        for line in [
            r#"type="REFRESH_TOKEN", realmId="shop", userId="u-7", sessionId="s-7", token_id="t-7", error="null", x="a, b""#,
            "type=REFRESH_TOKEN, realmId=shop, userId=u-7, sessionId=s-7, token_id=t-7",
        ] {
            let expected = [
                "2025-04-14 00:00:00,123",
                "REFRESH_TOKEN",
                "u-7",
                "t-7",
                "s-7",
            ];
            let found = read(&FORMAT, &*parser, &format!("{head}{line}"), &columns);
            assert_eq!(found, row(expected));
        }
        let text = r#"type=\"REFRESH_TOKEN\", userId=\"u-7\", sessionId=\"s-7\", token_id=\"t-7\""#;
        let logged = |logger: &str| {
            format!(
                r#"{{"timestamp":"2025-04-14T00:00:00.1+09:00","loggerName":"{logger}","message":"{text}"}}"#
            )
        };
        let expected = [
            "2025-04-14T00:00:00.1+09:00",
            "REFRESH_TOKEN",
            "u-7",
            "t-7",
            "s-7",
        ];
        let found = read(&FORMAT, &*parser, &logged("org.keycloak.events"), &columns);
        assert_eq!(found, row(expected));
        for (line, reason) in [
            (logged("io.quarkus"), "log_syntax"),
            (
                logged("org.keycloak.events").replace("}", ""),
                "json_syntax",
            ),
            (format!("{head}type=\"LOGIN\", userId=\"u"), "log_syntax"),
            (
                format!("{head}type=LOGIN, userId=u, userId=v"),
                "duplicate_field",
            ),
            (
                "2025-04-14 00:00:00,123 INFO  [io.quarkus] started".to_string(),
                "log_syntax",
            ),
        ] {
            assert_eq!(
                read(&FORMAT, &*parser, &line, &columns),
                Err(reason),
                "{line}"
            );
        }
    }

    #[test]
    fn a_client_cannot_write_fields_of_its_own() {
        let parser = parser(&FORMAT, &[]);
        let head = "2025-04-14 00:00:00,123 INFO [org.keycloak.events] (t) ";
        let columns = ["issuer", "subject"];
        let read = |line: &str| read(&FORMAT, &*parser, &format!("{head}{line}"), &columns);
        let honest = |subject: &str| Ok(vec![Some("shop".to_string()), Some(subject.to_string())]);
        // The client sent `x\", realmName="evil`; Keycloak escapes the quotes alone.
        let sent =
            r#"type="LOGIN", realmName="shop", userId="u", username="x\\", realmName=\"evil""#;
        assert_eq!(read(sent), honest("u"));
        // The same over two values in a row.
        let sent = r#"type="LOGIN", realmName="shop", a="x\", b=", userId=\"evil", userId="u""#;
        assert_eq!(read(sent), Err("log_syntax"));
        assert_eq!(
            read(r#"type="LOGIN", realmName="shop", userId="a\"b""#),
            honest("a\"b")
        );
        for bad in [
            r#"type="LOGIN", realmName=shop"#,
            r#"type="LOGIN", user"Id="u""#,
            r#"type="LOGIN", "#,
        ] {
            assert_eq!(read(bad), Err("log_syntax"), "{bad}");
        }
    }

    #[test]
    fn only_events_that_hand_out_a_token_keep_its_id() {
        let parser = parser(&FORMAT, &[]);
        for (event, kept) in [
            ("CODE_TO_TOKEN", true),
            ("REVOKE_GRANT", false),
            ("REFRESH_TOKEN_ERROR", false),
        ] {
            let line = format!(
                "2025-04-14 00:00:00,123 INFO  [org.keycloak.events] (t) type={event}, token_id=t-7"
            );
            let row = read(&FORMAT, &*parser, &line, &["token_id"]).expect("a row");
            assert_eq!(row[0].is_some(), kept, "{event}");
        }
    }
}
