//! `breachscope formats`: the log formats, each by its own definition and its parser.

use serde_json::{Value, json};

use super::page::{Entry, Page, Part};
use super::{fields, settings, unknown};
use crate::case::{SourceKind, TimeFormat};
use crate::error::Result;
use crate::frames::Frame;
use crate::intake::blocks::fields::{FIRST_PART, PARTS, columns_filled_by};
use crate::intake::formats::{ANY_KINDS, LogFormat, Takes, Wanted, list, slot};

/// The page on the format `name`, or on all formats.
///
/// `full` says whether all of each format is told, or its name and products only.
pub fn formats(name: Option<&str>, full: bool) -> Result<Page> {
    let Some(name) = name else {
        return Ok(all(full));
    };
    let Some(format) = list::find(name) else {
        let known: Vec<&str> = list::ALL.iter().map(|format| format.name).collect();
        return Err(unknown(name, "log format", &known));
    };
    let known = Known::of(format);
    let mut parts = vec![Part::Title(format!("Format `{name}`"))];
    parts.extend(known.parts());
    Ok(Page {
        parts,
        data: known.data(),
    })
}

fn all(full: bool) -> Page {
    let mut parts = vec![
        Part::Title("Log formats: `format` of a [[source]] in the case file".into()),
        Part::Paragraph(
            "Logs may be packed in gzip, zstd, bzip2, xz, zip and tar, in any nesting. A line that is not UTF-8 is \
             read with `\\xHH` for its bad bytes. An empty value and `-` are none in any format, but in a method or \
             path. `breachscope detect` says which format a log has, and `breachscope formats NAME` says all of one."
                .into(),
        ),
    ];
    if full {
        for format in in_order() {
            parts.push(Part::Heading(format.name.to_string()));
            parts.extend(Known::of(format).parts());
        }
    } else {
        let entry = |format: &'static LogFormat| Entry {
            name: format.name.to_string(),
            remark: kinds(format),
            what: format.about.products.to_string(),
        };
        parts.push(Part::Entries(in_order().into_iter().map(entry).collect()));
    }
    let data = in_order()
        .into_iter()
        .map(|format| Known::of(format).data());
    Page {
        parts,
        data: Value::Array(data.collect()),
    }
}

/// Whether the case file names the format's fields.
fn is_generic(format: &LogFormat) -> bool {
    format.kinds.len() == ANY_KINDS
}

/// The formats in the order in which they are read about: those of requests, of issuances, of anything.
fn in_order() -> Vec<&'static LogFormat> {
    let mut formats = list::ALL.to_vec();
    formats.sort_by_key(|format| {
        let kind = SourceKind::ALL
            .iter()
            .position(|kind| *kind == format.kinds[0]);
        (is_generic(format), kind, format.name)
    });
    formats
}

/// What a source of the format can be.
fn kinds(format: &LogFormat) -> String {
    if is_generic(format) {
        return "any kind".into();
    }
    let names: Vec<&str> = format.kinds.iter().map(|kind| kind.name()).collect();
    names.join(" or ")
}

/// What there is to say of a format.
struct Known {
    format: &'static LogFormat,
    /// Columns, or parts of one, each with where the values come from.
    fills: Vec<(&'static str, String)>,
    /// What the case file must say.
    needs: Vec<String>,
    /// A source that reads the example, as in the case file.
    source: String,
}

impl Known {
    fn of(format: &'static LogFormat) -> Self {
        Known {
            format,
            fills: fills(format),
            needs: needs(format),
            source: source(format),
        }
    }

    fn parts(&self) -> Vec<Part> {
        let about = &self.format.about;
        let needs = match self.needs.as_slice() {
            [] => "nothing beside the settings that every source has".to_string(),
            needs => needs.join("; "),
        };
        let entry = |(column, from): &(&'static str, String)| Entry {
            name: column.to_string(),
            remark: from.clone(),
            what: meaning(self.format, column),
        };
        let filled = match self.fills.as_slice() {
            [] => Part::Paragraph("Only what the case file maps in [source.fields].".into()),
            fills => Part::Entries(fills.iter().map(entry).collect()),
        };
        vec![
            Part::Facts(vec![
                ("reads", about.products.to_string()),
                ("kind", kinds(self.format)),
                ("detected by", about.detected_by.to_string()),
                ("times", times(self.format)),
                ("needs", needs),
                ("note", about.note.to_string()),
                ("see", self.format.documentation.to_string()),
            ]),
            Part::Heading("Fills".into()),
            filled,
            Part::Heading("Example".into()),
            Part::Code(about.example.to_string()),
            Part::Heading("A source that reads it, in the case file".into()),
            Part::Code(self.source.clone()),
        ]
    }

    fn data(&self) -> Value {
        let about = &self.format.about;
        let fills = self
            .fills
            .iter()
            .map(|(column, from)| json!({ "column": column, "from": from }));
        json!({
            "name": self.format.name,
            "title": self.format.title,
            "reads": about.products,
            "kinds": self.format.kinds,
            "detected_by": about.detected_by,
            "times": times(self.format),
            "needs_zone": needs_zone(self.format),
            "fills": fills.collect::<Vec<_>>(),
            "needs": self.needs,
            "note": about.note,
            "documentation": self.format.documentation,
            "example": about.example,
            "source": self.source,
        })
    }
}

/// How times are written: by the format, by the `log_format`, or by the case file.
fn time(format: &LogFormat) -> Option<TimeFormat> {
    format.time.filter(|_| format.log_format != Takes::Must)
}

fn times(format: &LogFormat) -> String {
    if format.log_format == Takes::Must {
        return "as the variables of its log_format write them; see below".into();
    }
    match time(format) {
        None => "as the setting `time` says; `breachscope help case` lists the ways".into(),
        Some(time) if time.needs_zone() || time == TimeFormat::Rfc3339 => {
            settings::time_format(time)
        }
        Some(time) => format!("{} It needs no `zone`.", settings::time_format(time)),
    }
}

fn needs_zone(format: &LogFormat) -> bool {
    time(format).is_some_and(TimeFormat::needs_zone)
}

/// The slots that the format's parser fills for a source of its first kind, without more fields.
fn parsed(format: &LogFormat, frame: &'static Frame) -> Vec<usize> {
    let own = format
        .fields
        .iter()
        .filter_map(|(name, own)| Some((slot(frame, name)?, own.to_string())));
    let wanted = Wanted {
        fields: own.collect(),
        log_format: None,
        ..Wanted::default()
    };
    let parser = (format.parser)(frame, &wanted);
    parser.map(|parser| parser.fills()).unwrap_or_default()
}

/// Columns that the format fills by itself, each with where its values come from.
fn fills(format: &'static LogFormat) -> Vec<(&'static str, String)> {
    let frame = format.kinds[0].frame();
    let mut found: Vec<(&'static str, Vec<String>)> = Vec::new();
    let mut add = |column: &'static str, from: Option<String>| {
        let index = found.iter().position(|(known, _)| *known == column);
        let index = index.unwrap_or_else(|| {
            found.push((column, Vec::new()));
            found.len() - 1
        });
        found[index].1.extend(from);
    };
    for (column, own) in format.fields {
        add(column, Some(format!("`{own}`")));
    }
    for meaning in format.about.variables {
        add(meaning.column, Some(format!("`{}`", meaning.variable)));
    }
    for (column, value) in format.constants {
        add(column, Some(format!("always `{value}`")));
    }
    if format.about.variables.is_empty() {
        for slot in parsed(format, frame) {
            let name = match slot.checked_sub(FIRST_PART) {
                Some(part) => PARTS[part].name,
                None => frame.columns[slot].name,
            };
            add(name, None);
        }
    }
    let from = |(column, from): (&'static str, Vec<String>)| match from.as_slice() {
        [] => (column, String::new()),
        from => (column, format!("from {}", from.join(" or "))),
    };
    found.into_iter().map(from).collect()
}

/// What the case file must say beside the settings that every source has.
fn needs(format: &'static LogFormat) -> Vec<String> {
    let mut needs = Vec::new();
    match format.log_format {
        Takes::Must => needs.push("`log_format`, the server's own".into()),
        Takes::May => needs.push("`log_format`, if it is not the product's default".into()),
        Takes::No => {}
    }
    if format.time.is_none() && format.log_format == Takes::No {
        needs.push("`time`".into());
    }
    if needs_zone(format) {
        needs.push("`zone`, for its times carry none".into());
    }
    if is_generic(format) {
        needs.push(
            "a field for each required column of its kind, which `breachscope fields KIND` lists; an issuance log \
             needs token_id and subject too"
                .into(),
        );
        return needs;
    }
    if format.log_format == Takes::Must {
        needs.push("a field for each required column that its log_format does not have".into());
    }
    for kind in format.kinds {
        let lacking = lacking(format, *kind);
        if !lacking.is_empty() && format.log_format != Takes::Must {
            let of = match format.kinds {
                [_] => String::new(),
                _ => format!(" as a log of kind {}", kind.name()),
            };
            needs.push(format!("fields for {}{of}", lacking.join(", ")));
        }
    }
    if format.log_format == Takes::Must && format.kinds.contains(&SourceKind::Gateway) {
        let tokens = SourceKind::Gateway.needs().join(", ");
        needs.push(format!("fields for {tokens} as a log of kind gateway"));
    }
    needs
}

/// Required columns of a kind that the format does not fill.
fn lacking(format: &'static LogFormat, kind: SourceKind) -> Vec<&'static str> {
    let filled: Vec<&str> = fills(format)
        .iter()
        .flat_map(|(name, _)| match columns_filled_by(name) {
            [] => vec![*name],
            columns => columns.to_vec(),
        })
        .collect();
    let needed = fields::columns(kind)
        .filter(|column| fields::needed(kind, column) || format.needs.contains(&column.name));
    let needed = needed.map(|column| column.name);
    needed.filter(|name| !filled.contains(name)).collect()
}

/// What a column, or a part of one, means.
fn meaning(format: &LogFormat, name: &str) -> String {
    let part = PARTS.iter().find(|part| part.name == name);
    if let Some(part) = part {
        return fields::sentence(part.what);
    }
    let frame = format.kinds[0].frame();
    let column = frame.columns.iter().find(|column| column.name == name);
    column.map_or(String::new(), |column| column.what.to_string())
}

/// A source of the case file that reads the example.
fn source(format: &LogFormat) -> String {
    let mut text = format!(
        "[[source]]\nid = \"{name}\"\nkind = \"{}\"\npaths = [\"evidence/{name}/*\"]\nformat = \"{name}\"\n",
        format.kinds[0].name(),
        name = format.name
    );
    if needs_zone(format) {
        text.push_str("zone = \"Asia/Seoul\"\n");
    }
    text.push_str("clock_correction_seconds = 0\n");
    text.push_str(format.about.settings);
    text.trim_end().to_string()
}
