//! Tells a log of requests by the values of its fields, whatever their names are.
//!
//! A gateway's log names the id of each token, as an issuance log does. Read as one, it would hand out every
//! token that was used, and each forged one would count as issued.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::sample::Sample;
use crate::case::{Case, SourceKind};
use crate::error::{Error, Result};
use crate::intake::evidence::{containers, names};
use crate::intake::formats::{ANY_KINDS, list};
use crate::results::{EvidenceFile, Manifest};

/// Lines of a log that are looked at.
const LINES: usize = 500;
/// A token endpoint answers requests for this many paths at most, and has a log of its own in some servers.
const FEW_PATHS: usize = 3;

/// The fields that show a log to be one of requests.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RequestFields {
    /// The field with the method, or with the whole request line.
    pub(super) method: String,
    /// The field with the path; the same as `method` for a request line.
    pub(super) path: String,
    /// The field with the status.
    pub(super) status: String,
}

/// Refuses a source of kind issuance whose lines are requests, unless `where` says which of them are meant.
///
/// Only formats whose fields the case file names can be mistaken so.
pub fn refuse_requests_as_issuances(case: &Case, manifest: &Manifest) -> Result<()> {
    let spool = tempfile::tempdir()
        .map_err(|e| Error::io("make room for archives", &std::env::temp_dir(), e))?;
    for source in &case.file.source {
        let format = list::find(source.format.get_ref());
        let generic = format.is_some_and(|format| format.kinds.len() == ANY_KINDS);
        if source.kind != SourceKind::Issuance || !generic || !source.filter.is_empty() {
            continue;
        }
        let id = source.id.get_ref();
        let mut files = manifest.evidence.iter();
        let Some(file) = files.find(|file| file.source == *id && file.lines.rows > 0) else {
            continue;
        };
        let Some(sample) = sample_of(case, file, spool.path()) else {
            continue;
        };
        if let Some(fields) = sample.request_fields() {
            let RequestFields {
                method,
                path,
                status,
            } = fields;
            let message = format!(
                "source `{id}` has kind = \"issuance\", and its lines are requests: `{method}` is a method, `{path}` a \
                 path, `{status}` a status. Every token used in them would count as issued, a forged one too"
            );
            return Err(case
                .error_at(source.id.span(), message)
                .hint("if it is the log of the server that checks the tokens, write kind = \"gateway\"")
                .hint(format!(
                    "if some of its lines hand out tokens, take only those: where = {{ {} = \"/oauth/token\" }}",
                    toml::Value::String(path)
                )));
        }
    }
    Ok(())
}

/// The first lines of a log; none if it cannot be opened.
fn sample_of(case: &Case, file: &EvidenceFile, spool: &std::path::Path) -> Option<Sample> {
    let path = names::find(&case.dir, &file.path);
    let mut sample = None;
    // The error ends the look at an archive once its log was found.
    let _ = containers::list(&path, spool, &mut |log| {
        if log.member != file.member {
            return Ok(());
        }
        sample = Some(Sample::take_head(log.content, spool));
        Err(Error::user("enough was seen"))
    });
    sample
}

/// The fields that show lines to be requests; none if they are not, or only those of a token endpoint.
///
/// `lines` are the fields of each line by name. At least half of the lines must have all of them.
pub(super) fn request_fields(lines: &[BTreeMap<String, String>]) -> Option<RequestFields> {
    let names: BTreeSet<&String> = lines.iter().flat_map(BTreeMap::keys).collect();
    let mostly = |name: &str, is: &dyn Fn(&str) -> bool| {
        let values = || lines.iter().filter_map(|line| line.get(name));
        let fit = values().filter(|value| is(value)).count();
        fit * 2 >= lines.len() && fit * 10 >= values().count() * 9 && fit > 0
    };
    let named = |is: &dyn Fn(&str) -> bool| names.iter().find(|name| mostly(name, is));
    // A whole address may be the issuer's, which is the same in each line.
    let varied = |name: &str| {
        let values = lines.iter().filter_map(|line| line.get(name));
        values.collect::<BTreeSet<_>>().len() > 1
    };
    let address = || {
        let mut varied = names.iter().filter(|name| varied(name));
        varied.find(|name| mostly(name, &is_address))
    };
    let status = named(&is_status)?;
    let (method, path) = match named(&is_request_line) {
        Some(line) => (line, line),
        None => (named(&is_method)?, named(&is_path).or_else(address)?),
    };
    let asked = lines
        .iter()
        .filter_map(|line| Some((line.get(*method)?, line.get(*path)?)));
    let asked: BTreeSet<(&str, &str)> = asked
        .map(|(method, path)| match is_request_line(method) {
            true => method.split_once(' ').unwrap_or_default(),
            false => (method.as_str(), path.as_str()),
        })
        .map(|(method, path)| (method, path.split(['?', ' ']).next().unwrap_or_default()))
        .collect();
    let is_endpoint = asked.len() <= FEW_PATHS && asked.iter().all(|(method, _)| *method == "POST");
    (!is_endpoint).then(|| RequestFields {
        method: (*method).clone(),
        path: (*path).clone(),
        status: (*status).clone(),
    })
}

fn is_method(value: &str) -> bool {
    matches!(
        value,
        "GET" | "POST" | "PUT" | "DELETE" | "PATCH" | "HEAD" | "OPTIONS"
    )
}

fn is_path(value: &str) -> bool {
    value.starts_with('/')
}

fn is_address(value: &str) -> bool {
    value.starts_with("http://") || value.starts_with("https://")
}

fn is_request_line(value: &str) -> bool {
    let parts = value.split_once(' ');
    parts.is_some_and(|(method, rest)| is_method(method) && (is_path(rest) || is_address(rest)))
}

fn is_status(value: &str) -> bool {
    value.len() == 3
        && value
            .parse()
            .is_ok_and(|status| (100..600).contains(&status))
}

/// The fields of each line of a text, by name: of JSON objects, or of records below a header.
pub(super) fn fields_of(text: &str, delimiter: Option<u8>) -> Vec<BTreeMap<String, String>> {
    let Some(delimiter) = delimiter else {
        let lines = text.lines().take(LINES);
        return lines.filter_map(fields_of_object).collect();
    };
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .from_reader(text.as_bytes());
    let header = reader.headers().cloned().unwrap_or_default();
    let records = reader.records().flatten().take(LINES);
    let fields = records.map(|record| {
        let pairs = header.iter().zip(record.iter());
        pairs
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect()
    });
    fields.collect()
}

/// The fields of an object by their dotted paths; of an array the first element counts.
fn fields_of_object(line: &str) -> Option<BTreeMap<String, String>> {
    let line = line
        .trim()
        .trim_start_matches('[')
        .trim_end_matches([',', ']']);
    let object: Value = serde_json::from_str(line).ok()?;
    let mut fields = BTreeMap::new();
    let mut pending = vec![(String::new(), object)];
    while let Some((path, value)) = pending.pop() {
        let below = |key: &str| match path.as_str() {
            "" => key.to_string(),
            path => format!("{path}.{key}"),
        };
        match value {
            Value::Object(members) => {
                pending.extend(members.into_iter().map(|(key, value)| (below(&key), value)));
            }
            Value::Array(elements) => {
                pending.extend(elements.into_iter().next().map(|value| (below("0"), value)));
            }
            Value::String(text) => drop(fields.insert(path, text)),
            Value::Number(number) => drop(fields.insert(path, number.to_string())),
            Value::Null | Value::Bool(_) => {}
        }
    }
    Some(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(lines: &[&str]) -> Option<String> {
        let fields = request_fields(&fields_of(&lines.join("\n"), None))?;
        Some(format!(
            "{} {} {}",
            fields.method, fields.path, fields.status
        ))
    }

    #[test]
    fn requests_are_told_by_their_values() {
        let odd = [
            r#"{"m":"GET","u":"/a","s":200,"t":{"jti":"1","iss":"https://a.example"}}"#,
            r#"{"m":"POST","u":"/b?x=1","s":"404","t":{"jti":"2","iss":"https://a.example"}}"#,
        ];
        assert_eq!(found(&odd).as_deref(), Some("m u s"));
        let line = [r#"{"http":{"request":"GET /a HTTP/1.1","code":200}}"#; 3];
        let request = "http.request http.request http.code";
        assert_eq!(found(&line).as_deref(), Some(request));
        let whole = [
            r#"{"iss":"https://a.example","m":"GET","u":"https://b.example/1","s":200}"#,
            r#"{"iss":"https://a.example","m":"GET","u":"https://b.example/2","s":200}"#,
        ];
        assert_eq!(found(&whole).as_deref(), Some("m u s"));
        let csv = "when,verb,url,code,jti\n1,GET,/a,200,x\n2,GET,/b,302,y\n";
        let fields = request_fields(&fields_of(csv, Some(b',')));
        assert_eq!(fields.map(|fields| fields.path).as_deref(), Some("url"));
    }

    #[test]
    fn issuances_are_not_requests() {
        for near in [
            r#"{"event":"issue","jti":"1","sub":"7","status":"200"}"#,
            // A login with a method and a target of its own.
            r#"{"method":"password","target":"shop","status":"ok","jti":"1"}"#,
            r#"{"method":"POST","redirect":"/member","jti":"1","status":"success"}"#,
            // The log of a token endpoint hands out a token with each line.
            r#"{"method":"POST","path":"/oauth/token","status":200,"jti":"1"}"#,
            "no object",
        ] {
            assert_eq!(found(&[near; 4]), None, "{near}");
        }
    }
}
