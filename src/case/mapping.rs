//! How a source's own fields map to the canonical columns, checked against the frame they fill.

use std::path::Path;

use serde::Deserialize;

use super::{Source, named_zone, suggest};
use crate::error::{Error, Position, Result};
use crate::frames::{self, Frame};

/// What a source logs: decides the frame that its rows fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// The gateway that checks the tokens: fills `requests`.
    Gateway,
    /// A tier in front of the gateway, which sees no tokens: fills `requests`.
    Edge,
    /// The application behind the gateway: fills `app_events`.
    Application,
    /// The issuer of tokens: fills `issuances`.
    Issuance,
}

impl SourceKind {
    /// The name, as in the case file.
    pub fn name(self) -> &'static str {
        match self {
            SourceKind::Gateway => "gateway",
            SourceKind::Edge => "edge",
            SourceKind::Application => "application",
            SourceKind::Issuance => "issuance",
        }
    }

    /// The frame that rows of such a source fill.
    pub fn frame(self) -> &'static Frame {
        match self {
            SourceKind::Gateway | SourceKind::Edge => &frames::REQUESTS,
            SourceKind::Application => &frames::APP_EVENTS,
            SourceKind::Issuance => &frames::ISSUANCES,
        }
    }

    /// Columns that intake fills itself.
    pub fn derived(self) -> &'static [&'static str] {
        &["evidence_id", "line_no", "tier", "page"]
    }

    /// Columns that this kind needs beyond those every row of its frame needs.
    fn needs(self) -> &'static [&'static str] {
        match self {
            SourceKind::Gateway => &["token_id", "token_issuer", "token_subject"],
            SourceKind::Issuance => &["sequence"],
            SourceKind::Edge | SourceKind::Application => &[],
        }
    }
}

/// The formats that intake reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// A JSON object a line, any field names.
    Jsonl,
    /// nginx or Apache *combined*, with `name=value` fields after the user agent.
    Combined,
}

/// How times are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeFormat {
    /// RFC 3339, `2025-04-14T00:00:00+09:00`; without an offset the source's `zone` is used.
    Rfc3339,
    /// Seconds since 1970 UTC, fractions allowed.
    EpochSeconds,
    /// Milliseconds since 1970 UTC.
    EpochMilliseconds,
}

/// Checks a source's mapping against the frame it fills.
pub(super) fn check(source: &Source, path: &Path, text: &str) -> Result<()> {
    let place = |span: std::ops::Range<usize>| Position::of(text, span.start);
    let frame = source.kind.frame();
    let id = source.id.get_ref();
    let takes: Vec<&str> = frame
        .columns
        .iter()
        .map(|column| column.name)
        .filter(|name| !source.kind.derived().contains(name))
        .collect();
    for name in source.fields.keys() {
        if !takes.contains(&name.get_ref().as_str()) {
            let error = Error::case(
                path,
                format!(
                    "`{}` is no column that a {} log fills",
                    name.get_ref(),
                    source.kind.name()
                ),
            )
            .at(place(name.span()));
            return Err(suggest(error, name.get_ref(), takes.iter().copied()));
        }
    }
    if source.paths.is_empty() {
        return Err(
            Error::case(path, format!("source `{id}` names no paths")).at(place(source.id.span()))
        );
    }
    if let Some(zone) = &source.zone {
        named_zone(zone, path, text)?;
    }
    let mapped = |name: &str| source.fields.keys().any(|key| key.get_ref() == name);
    let provided = crate::intake::formats::provides(source.format);
    if let Some(fixed) = source
        .fields
        .keys()
        .find(|key| provided.contains(&key.get_ref().as_str()))
    {
        return Err(Error::case(
            path,
            format!(
                "`{}` has a fixed place in this format and takes no mapping",
                fixed.get_ref()
            ),
        )
        .at(place(fixed.span())));
    }
    let needed = frame
        .columns
        .iter()
        .filter(|column| column.required)
        .map(|column| column.name);
    for name in needed.chain(source.kind.needs().iter().copied()) {
        if takes.contains(&name) && !mapped(name) && !provided.contains(&name) {
            return Err(Error::case(
                path,
                format!("source `{id}` does not say which field is its `{name}`"),
            )
            .at(place(source.id.span()))
            .hint(format!(
                "add `{name} = \"<the log's field>\"` to its [source.fields]"
            )));
        }
    }
    match (source.format, source.time) {
        (Format::Jsonl, None) => Err(Error::case(
            path,
            format!("source `{id}` does not say how its times are written"),
        )
        .at(place(source.id.span()))
        .hint("add time = \"rfc3339\", \"epoch_seconds\" or \"epoch_milliseconds\"")),
        (Format::Combined, Some(_)) => Err(Error::case(
            path,
            format!("source `{id}`: the combined format fixes how times are written"),
        )
        .at(place(source.id.span()))
        .hint("remove the line `time = ...`")),
        _ => Ok(()),
    }
}
