//! How one source is read: its parser, clock and required columns, checked against the frame it fills.

use std::path::Path;

use super::formats::{ANY_KINDS, LineParser, LogFormat, Takes, Wanted, list};
use crate::case::{Case, Source, SourceKind, TimeFormat, named_zone, suggest};
use crate::error::{Error, Position, Result};
use crate::frames::{Frame, Kind};
use crate::intake::blocks::fields::{FORWARDED_FOR, PARTS, gives, slot};
use crate::intake::blocks::framing::Framing;
use crate::intake::values::clock::Clock;
use crate::intake::values::parts::Parts;
use crate::intake::values::token::{TokenParts, telling};

/// How a source is read.
#[derive(Debug)]
pub struct Reading {
    /// The frame that its rows fill.
    pub(crate) frame: &'static Frame,
    /// The tier that its rows name.
    pub(crate) tier: &'static str,
    /// Takes its lines apart.
    pub(crate) parser: Box<dyn LineParser>,
    /// How its bytes are cut.
    pub(crate) framing: Framing,
    /// Reads its times.
    pub(crate) clock: Clock,
    /// Puts columns together from their parts.
    pub(crate) parts: Parts,
    /// Takes its tokens.
    pub(crate) token: Option<TokenParts>,
    /// By column: the value of rows that have none of their own.
    pub(crate) constants: Vec<Option<String>>,
    /// By column: whether a row without it is a reject.
    pub(crate) required: Vec<bool>,
}

/// Columns that a part or a column of this name fills.
fn columns_of(name: &str) -> Vec<&str> {
    match gives(name) {
        [] => vec![name],
        columns => columns.to_vec(),
    }
}

/// Prepares to read each source of `case`, in order: finds its format and checks its settings.
pub fn readings(case: &Case) -> Result<Vec<Reading>> {
    let sources = case.file.source.iter();
    sources
        .map(|source| Reading::new(source, &case.path, &case.text))
        .collect()
}

impl Reading {
    /// Prepares `source` of the case file at `path`, whose text is for the places of errors.
    fn new(source: &Source, path: &Path, text: &str) -> Result<Self> {
        let place = |span: std::ops::Range<usize>| Position::of(text, span.start);
        let id = source.id.get_ref();
        let of_source = |message: String| Error::case(path, message).at(place(source.id.span()));
        let name = source.format.get_ref();
        let Some(format) = list::find(name) else {
            let error = Error::case(path, format!("`{name}` is no log format"))
                .at(place(source.format.span()))
                .hint("`breachscope formats` lists them all");
            let known = list::ALL.iter().map(|format| format.name);
            return Err(suggest(error, name, known));
        };
        let frame = source.kind.frame();
        if !format.kinds.contains(&source.kind) {
            let kinds: Vec<&str> = format.kinds.iter().map(|kind| kind.name()).collect();
            return Err(of_source(format!(
                "source `{id}`: the format `{}` is no {} log; its kind is {}",
                format.name,
                source.kind.name(),
                kinds.join(" or ")
            )));
        }
        if source.paths.is_empty() {
            return Err(of_source(format!("source `{id}` names no paths")));
        }
        let takes: Vec<&str> = frame
            .columns
            .iter()
            .map(|column| column.name)
            .filter(|name| !source.kind.derived().contains(name))
            .chain(
                PARTS
                    .iter()
                    .filter(|part| frame.index(part.column).is_some())
                    .map(|part| part.name),
            )
            .collect();
        for name in source.fields.keys().chain(source.constants.keys()) {
            if !takes.contains(&name.get_ref().as_str()) {
                let message = format!(
                    "`{}` is no column that a {} log fills",
                    name.get_ref(),
                    source.kind.name()
                );
                let error = Error::case(path, message).at(place(name.span()));
                return Err(suggest(error, name.get_ref(), takes.iter().copied()));
            }
        }
        if let Some(name) = source
            .constants
            .keys()
            .find(|name| source.fields.contains_key(*name))
        {
            let message = format!("`{}` has both a field and a constant", name.get_ref());
            return Err(Error::case(path, message).at(place(name.span())));
        }
        let cookie = source.fields.keys().any(|name| name.get_ref() == "cookie");
        if cookie != source.token_cookie.is_some() {
            return Err(of_source(format!(
                "source `{id}`: a field `cookie` and the setting `token_cookie` go together"
            ))
            .hint("add token_cookie = \"<the name of the cookie that holds the token>\""));
        }
        match (format.log_format, &source.log_format) {
            (Takes::Must, None) => {
                return Err(of_source(format!(
                    "source `{id}` does not give the server's log_format"
                ))
                .hint("add log_format = '''<as in the server's configuration>'''"));
            }
            (Takes::No, Some(given)) => {
                let message = format!("the format `{}` takes no log_format", format.name);
                return Err(Error::case(path, message).at(place(given.span())));
            }
            _ => {}
        }
        let wanted = wanted(source, format, frame);
        let parser = (format.parser)(frame, &wanted).map_err(|message| {
            let span = source
                .log_format
                .as_ref()
                .map_or(source.id.span(), |given| given.span());
            Error::case(path, format!("source `{id}`: {message}")).at(place(span))
        })?;
        if source.forwarded_hops.is_some() && !parser.fills().contains(&FORWARDED_FOR) {
            return Err(of_source(format!(
                "source `{id}`: forwarded_hops counts in a forwarding list, and no field is one"
            ))
            .hint("map the list with forwarded_for = \"<the log's field>\", or take forwarded_hops out"));
        }
        let clock = clock(source, format, &*parser, path, text)?;
        let mut constants = vec![None; frame.columns.len()];
        for (name, value) in format.constants {
            constants[frame.index(name).expect("a format's constants are columns")] =
                Some(value.to_string());
        }
        for (name, value) in &source.constants {
            let index = frame.index(name.get_ref()).ok_or_else(|| {
                Error::case(
                    path,
                    format!(
                        "`{}` is a part of a column and has no constant",
                        name.get_ref()
                    ),
                )
                .at(place(name.span()))
            })?;
            constants[index] = Some(value.get_ref().clone());
        }
        let generic = format.kinds.len() == ANY_KINDS;
        let needs_token = generic && source.kind == SourceKind::Issuance;
        let required: Vec<bool> = frame
            .columns
            .iter()
            .map(|column| {
                !source.kind.derived().contains(&column.name)
                    && (column.required
                        || format.needs.contains(&column.name)
                        || (needs_token && matches!(column.name, "token_id" | "subject")))
            })
            .collect();
        let fills = parser.fills();
        let known = |name: &str| {
            let own = slot(frame, name).is_some_and(|slot| fills.contains(&slot));
            let parts = PARTS.iter().any(|part| {
                part.fills.contains(&name)
                    && slot(frame, part.name).is_some_and(|slot| fills.contains(&slot))
            });
            own || parts
                || frame
                    .index(name)
                    .is_some_and(|index| constants[index].is_some())
        };
        let needed = frame
            .columns
            .iter()
            .zip(&required)
            .filter(|(_, required)| **required);
        let needed = needed.map(|(column, _)| column.name);
        // Whose an opaque token is only its issuance record says.
        let whole = source.fields.keys().any(|name| {
            let gives = gives(name.get_ref());
            gives.first() == Some(&"token_id")
        });
        for name in needed.chain(source.kind.needs().iter().copied()) {
            let by_record = whole && matches!(name, "token_subject" | "subject");
            if !known(name) && !by_record {
                return Err(of_source(format!("source `{id}` does not say which field is its `{name}`"))
                    .hint(format!("add `{name} = \"<the log's field>\"` to its [source.fields], or a value of all rows to its [source.constants]")));
            }
        }
        Ok(Reading {
            frame,
            tier: source.kind.name(),
            parser,
            framing: format.framing,
            clock,
            parts: Parts::new(frame, source.forwarded_hops),
            token: TokenParts::new(frame, source.token_cookie.as_deref()),
            constants,
            required,
        })
    }
}

/// What the case file maps, then what the format knows and the case file does not say otherwise.
fn wanted(source: &Source, format: &LogFormat, frame: &Frame) -> Wanted {
    let mapped: Vec<&str> = source
        .fields
        .keys()
        .chain(source.constants.keys())
        .flat_map(|name| columns_of(name.get_ref()))
        .collect();
    let own = source
        .fields
        .iter()
        .map(|(name, own)| (name.get_ref().as_str(), own.get_ref().clone()));
    let known = format
        .fields
        .iter()
        .filter(|(name, _)| {
            columns_of(name)
                .iter()
                .all(|column| !mapped.contains(column))
        })
        .map(|(name, own)| (*name, own.to_string()));
    Wanted {
        fields: own
            .chain(known)
            .filter_map(|(name, own)| Some((slot(frame, name)?, own)))
            .collect(),
        claims: telling(frame),
        log_format: source
            .log_format
            .as_ref()
            .map(|text| text.get_ref().clone()),
    }
}

/// A correction of more than these microseconds, a hundred years, is a mistake.
const FARTHEST: i64 = 100 * 366 * 86_400_000_000;

/// Whether the case file names fields for times that tokens claim.
fn claims_times(source: &Source) -> bool {
    let frame = source.kind.frame();
    let mut names = source.fields.keys().map(|name| name.get_ref().as_str());
    names.any(|name| {
        let column = frame.index(name).map(|index| &frame.columns[index]);
        name != "event_time" && column.is_some_and(|column| column.kind == Kind::Time)
    })
}

fn clock(
    source: &Source,
    format: &LogFormat,
    parser: &dyn LineParser,
    path: &Path,
    text: &str,
) -> Result<Clock> {
    let place = Position::of(text, source.id.span().start);
    let error = |message: String| Error::case(path, message).at(place);
    let id = source.id.get_ref();
    let own_time = source
        .fields
        .keys()
        .any(|name| name.get_ref() == "event_time");
    let fixed = parser
        .time()
        .or(format.time.filter(|_| !own_time || source.time.is_none()));
    let time: TimeFormat = match (fixed, source.time) {
        (Some(_), Some(_)) => {
            return Err(error(format!(
                "source `{id}`: the {} format fixes how times are written",
                format.name
            ))
            .hint("remove the line `time = ...`"));
        }
        (Some(fixed), None) => fixed,
        (None, Some(given)) => given,
        (None, None) => {
            return Err(error(format!("source `{id}` does not say how its times are written"))
                .hint("add time = \"rfc3339\", \"epoch_seconds\", \"epoch_milliseconds\", \"common\" or another way that `breachscope help case` lists"));
        }
    };
    let zone = match &source.zone {
        Some(zone)
            if matches!(time, TimeFormat::Utc | TimeFormat::Common) && !claims_times(source) =>
        {
            let message = format!("source `{id}`: its times say their zone themselves");
            return Err(Error::case(path, message)
                .at(Position::of(text, zone.span().start))
                .hint("remove the line `zone = ...`"));
        }
        Some(zone) => Some(named_zone(zone, path, text)?),
        None if time.needs_zone() => {
            return Err(error(format!(
                "source `{id}`: the times of this format carry no zone"
            ))
            .hint("add zone = \"<IANA name>\" to this source: the zone its clock showed"));
        }
        None => None,
    };
    let correction = source
        .clock_correction_seconds
        .checked_mul(1_000_000)
        .filter(|micros| micros.abs() <= FARTHEST)
        .ok_or_else(|| {
            error(format!("source `{id}`: no clock is {} seconds wrong", source.clock_correction_seconds))
                .hint("clock_correction_seconds is what to add to a logged time to get the true one, in seconds")
        })?;
    Ok(Clock {
        format: time,
        zone,
        correction,
    })
}

impl Reading {
    /// Prepares to try `format` on a log that no case file describes, with these fields beside the
    /// format's own, and this zone for times that carry none.
    pub(crate) fn attempt(
        format: &'static LogFormat,
        kind: SourceKind,
        fields: &[(&str, String)],
        time: Option<TimeFormat>,
        zone: Option<jiff::tz::TimeZone>,
    ) -> Result<Self, String> {
        let frame = kind.frame();
        let known = format
            .fields
            .iter()
            .map(|(name, own)| (*name, own.to_string()));
        let all = fields.iter().cloned().chain(known);
        let wanted = Wanted {
            fields: all
                .filter_map(|(name, own)| Some((slot(frame, name)?, own)))
                .collect(),
            claims: telling(frame),
            log_format: None,
        };
        let parser = (format.parser)(frame, &wanted)?;
        let time = parser
            .time()
            .or(format.time)
            .or(time)
            .ok_or("how its times are written is not known")?;
        let mut constants = vec![None; frame.columns.len()];
        for (name, value) in format.constants {
            constants[frame.index(name).expect("a format's constants are columns")] =
                Some(value.to_string());
        }
        let required = frame.columns.iter().map(|column| {
            !kind.derived().contains(&column.name)
                && (column.required || format.needs.contains(&column.name))
        });
        Ok(Reading {
            required: required.collect(),
            frame,
            tier: kind.name(),
            parser,
            framing: format.framing,
            clock: Clock {
                format: time,
                zone,
                correction: 0,
            },
            parts: Parts::new(frame, Some(0)),
            token: TokenParts::new(frame, None),
            constants,
        })
    }

    /// The columns that lines can fill and those that they cannot, this program's own aside.
    pub(crate) fn columns(&self, kind: SourceKind) -> (Vec<&'static str>, Vec<&'static str>) {
        let fills = self.parser.fills();
        let filled = |index: usize, name: &str| {
            let part = PARTS.iter().any(|part| {
                (part.fills.contains(&name) || part.column == name)
                    && slot(self.frame, part.name).is_some_and(|slot| fills.contains(&slot))
            });
            fills.contains(&index) || part || self.constants[index].is_some()
        };
        let names = self.frame.columns.iter().enumerate();
        let names = names.filter(|(_, column)| !kind.derived().contains(&column.name));
        let (fills, lacks): (Vec<_>, Vec<_>) =
            names.partition(|(index, column)| filled(*index, column.name));
        let name = |(_, column): (usize, &crate::frames::Column)| column.name;
        (
            fills.into_iter().map(name).collect(),
            lacks.into_iter().map(name).collect(),
        )
    }
}
