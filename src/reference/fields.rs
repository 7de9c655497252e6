//! `breachscope fields`: which columns a source can fill, and what each decides.

use serde_json::{Value, json};

use super::page::{Entry, Page, Part};
use super::schema::remark;
use super::unknown;
use crate::case::SourceKind;
use crate::error::Result;
use crate::frames::Column;
use crate::intake::blocks::fields::{PARTS, Part as Input};

/// The page on sources of the kind `name`, or of all kinds.
pub fn fields(name: Option<&str>) -> Result<Page> {
    let kinds: Vec<SourceKind> = match name {
        None => SourceKind::ALL.to_vec(),
        Some(name) => {
            let found = SourceKind::ALL.into_iter().find(|kind| kind.name() == name);
            let known = SourceKind::ALL.map(SourceKind::name);
            vec![found.ok_or_else(|| unknown(name, "kind of source", &known))?]
        }
    };
    let mut parts = vec![
        Part::Title("Fields: what a source fills, by its kind".into()),
        Part::Paragraph(
            "`[source.fields]` maps a column to the log's own field, as `column = \"field\"`, and \
             `[source.constants]` gives a column one value for all rows. `breachscope formats NAME` says what a \
             format fills by itself. A log must have its required columns. Where a line has no value for one \
             that its row may lack, `row_problem` says so; without one that each row must have, such as the time, it \
             is a reject: `breachscope schema` tells them apart."
                .into(),
        ),
        Part::Paragraph(
            "No frame holds a token: it is known by its fingerprint or its SHA-256, and a signed token within any \
             other text is written as `[sha256:...]`. Only the frame `rejects` keeps lines as found. Claims are read \
             without trust: what cannot be read is a `token_problem`."
                .into(),
        ),
    ];
    for kind in &kinds {
        parts.push(Part::Heading(format!(
            "kind = \"{}\": fills the frame `{}`",
            kind.name(),
            kind.frame().name
        )));
        parts.push(Part::Paragraph(kind.frame().what.to_string()));
        let (required, optional): (Vec<_>, Vec<_>) =
            columns(*kind).partition(|column| needed(*kind, column));
        parts.push(Part::Heading("Required".into()));
        parts.push(Part::Entries(required.into_iter().map(entry).collect()));
        parts.push(Part::Heading("Optional".into()));
        parts.push(Part::Entries(optional.into_iter().map(entry).collect()));
        if *kind == SourceKind::Issuance {
            parts.push(Part::Paragraph(
                "In a format whose fields the case file names, such as jsonl, `token_id` and `subject` are required too."
                    .into(),
            ));
        }
        if *kind == SourceKind::Gateway {
            parts.push(Part::Paragraph(
                "A gateway that logs no tokens needs no field for `token_id`, `token_issuer` and `token_subject`. If it \
                 names the user, map that to `token_subject`. Its requests are told by address and time alone."
                    .into(),
            ));
        }
        parts.push(Part::Heading("Instead of columns".into()));
        parts.push(Part::Entries(inputs_of(*kind)));
    }
    let data = match (name, kinds.as_slice()) {
        (Some(_), [kind]) => data(*kind),
        _ => Value::Array(kinds.iter().copied().map(data).collect()),
    };
    Ok(Page { parts, data })
}

/// The columns that the case file can map for this kind.
pub(super) fn columns(kind: SourceKind) -> impl Iterator<Item = &'static Column> {
    let columns = kind.frame().columns.iter();
    columns.filter(move |column| !kind.derived().contains(&column.name))
}

/// Whether a source of this kind must fill the column.
pub(super) fn needed(kind: SourceKind, column: &Column) -> bool {
    column.needed || kind.needs().contains(&column.name)
}

/// What a log of this kind may have instead of a column.
fn inputs(kind: SourceKind) -> impl Iterator<Item = &'static Input> {
    PARTS
        .iter()
        .filter(move |part| kind.frame().index(part.column).is_some())
}

fn entry(column: &Column) -> Entry {
    let mut remark = remark(column);
    if let Some(at) = remark.rfind(", ") {
        remark.truncate(at);
    }
    Entry {
        name: column.name.to_string(),
        remark,
        what: column.what.to_string(),
    }
}

/// The columns of the frame that an input field fills, or is a part of.
fn filled(kind: SourceKind, part: &Input) -> Vec<&'static str> {
    let fills: &[&str] = match part.fills {
        [] => &[part.column],
        fills => fills,
    };
    let there = |name: &&&str| kind.frame().index(name).is_some();
    fills.iter().filter(there).copied().collect()
}

fn inputs_of(kind: SourceKind) -> Vec<Entry> {
    let entry = |part: &'static Input| Entry {
        name: part.name.to_string(),
        remark: format!("for {}", filled(kind, part).join(", ")),
        what: sentence(part.what),
    };
    inputs(kind).map(entry).collect()
}

/// A phrase as a sentence.
pub(super) fn sentence(phrase: &str) -> String {
    let mut letters = phrase.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    let sentence = first.unwrap_or_default() + letters.as_str();
    sentence + "."
}

fn data(kind: SourceKind) -> Value {
    let columns = columns(kind).map(|column| {
        json!({
            "name": column.name,
            "type": column.kind.sql(),
            "unit": column.unit(),
            "required": needed(kind, column),
            "meaning": column.what,
        })
    });
    let inputs = inputs(kind).map(|part| {
        json!({
            "name": part.name,
            "fills": filled(kind, part),
            "meaning": sentence(part.what),
        })
    });
    json!({
        "kind": kind.name(),
        "frame": kind.frame().name,
        "columns": columns.collect::<Vec<_>>(),
        "instead_of_columns": inputs.collect::<Vec<_>>(),
    })
}
