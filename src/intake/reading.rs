//! How one source is read: its parser, its clock, and the columns that its rows must have.

use super::formats::{LineParser, LogFormat, Wanted, vocabulary};
use crate::case::{SourceKind, TimeFormat, Words};
use crate::frames::{Column, Frame};
use crate::intake::blocks::fields::{PARTS, Part, slot};
use crate::intake::blocks::framing::Framing;
use crate::intake::line_filter::LineFilter;
use crate::intake::values::assembler::Assembler;
use crate::intake::values::clock::Clock;
use crate::intake::values::token::{TokenSlots, token_slots};
use crate::jws::ClaimNames;

/// What a log writes around the ids of tokens, and other logs do not.
#[derive(Debug, Default)]
pub(crate) struct Affixes {
    /// What may stand before an id.
    pub(crate) before: Vec<String>,
    /// What may stand behind it.
    pub(crate) behind: Vec<String>,
}

impl Affixes {
    /// Whether nothing is taken off.
    pub(crate) fn is_empty(&self) -> bool {
        self.before.is_empty() && self.behind.is_empty()
    }

    /// The id without what stands around it.
    pub(crate) fn take_off<'t>(&self, id: &'t str) -> &'t str {
        let before = |id: &'t str| self.before.iter().find_map(|text| id.strip_prefix(&**text));
        let behind = |id: &'t str| self.behind.iter().find_map(|text| id.strip_suffix(&**text));
        let id = before(id).unwrap_or(id);
        behind(id).unwrap_or(id)
    }
}

/// How one source is read.
#[derive(Debug)]
pub struct Reading {
    /// The frame that its rows fill.
    pub(crate) frame: &'static Frame,
    /// The tier that its rows name.
    pub(crate) tier: &'static str,
    /// Which of its lines are taken, if not all are.
    pub(crate) filter: Option<LineFilter>,
    /// The log's own names of its fields, but for those of the time, where lines are JSON.
    pub(crate) own_names: Vec<String>,
    /// Takes its lines apart.
    pub(crate) parser: Box<dyn LineParser>,
    /// What its bytes are made of.
    pub(crate) framing: Framing,
    /// Reads its times.
    pub(crate) clock: Clock,
    /// Puts columns together from their parts.
    pub(crate) assembler: Assembler,
    /// Where its lines hold tokens, if they do.
    pub(crate) token: Option<TokenSlots>,
    /// What stands around its token ids and is taken off.
    pub(crate) affixes: Affixes,
    /// What the words of its events and outcomes mean.
    pub(crate) words: Words,
    /// By column: the value of rows that have none of their own.
    pub(crate) constants: Vec<Option<String>>,
    /// By column: whether the log must have it; a row may lack it all the same.
    pub(crate) required: Vec<bool>,
}

/// The constants that `format` has for the columns of `frame`.
pub(crate) fn constants_of(format: &LogFormat, frame: &Frame) -> Vec<Option<String>> {
    let mut constants = vec![None; frame.columns.len()];
    for (name, value) in format.constants {
        let column = frame.index(name).expect("a format's constants are columns");
        constants[column] = Some(value.to_string());
    }
    constants
}

/// Whether a log of `kind` in this format must have `column`.
pub(crate) fn is_required(format: &LogFormat, kind: SourceKind, column: &Column) -> bool {
    !kind.derived().contains(&column.name) && (column.needed || format.needs.contains(&column.name))
}

/// Whether one of the slots that a parser `fills` is a part that `picks` wants.
pub(crate) fn fills_part(frame: &Frame, fills: &[usize], picks: impl Fn(&Part) -> bool) -> bool {
    let filled = |name| slot(frame, name).is_some_and(|slot| fills.contains(&slot));
    PARTS.iter().any(|part| picks(part) && filled(part.name))
}

impl Reading {
    /// Prepares to try `format` on a log that no case file describes.
    ///
    /// `fields` are columns beside those that the format knows, `time` and `zone` how times are written
    /// if the format does not say. The error says what is not known.
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
            claims: token_slots(frame),
            log_format: None,
        };
        let parser = (format.parser)(frame, &wanted)?;
        let time = parser
            .time()
            .or(format.time)
            .or(time)
            .ok_or("how its times are written is not known")?;
        let required = frame.columns.iter();
        let required = required.map(|column| is_required(format, kind, column));
        Ok(Reading {
            required: required.collect(),
            frame,
            tier: kind.name(),
            filter: None,
            own_names: Vec::new(),
            parser,
            framing: format.framing,
            clock: Clock {
                format: time,
                zone,
                correction: 0,
            },
            // The last address of a forwarding list will do to see whether the format fits.
            assembler: Assembler::new(frame, Some(0)),
            token: TokenSlots::new(frame, None, ClaimNames::default()),
            affixes: Affixes::default(),
            words: Words::new([], vocabulary::of_format(format.name)),
            constants: constants_of(format, frame),
        })
    }

    /// Whether lines are JSON objects.
    pub(crate) fn is_json(&self) -> bool {
        matches!(self.framing, Framing::Objects | Framing::Parquet)
    }

    /// Which lines are taken, as a text that differs if others are.
    pub(crate) fn takes(&self) -> String {
        let filter = self.filter.as_ref();
        filter.map_or_else(String::new, |filter| filter.described())
    }

    /// The columns that lines can fill, and those that they cannot.
    ///
    /// Columns that this program works out itself are in neither list.
    pub(crate) fn columns(&self, kind: SourceKind) -> (Vec<&'static str>, Vec<&'static str>) {
        let fills = self.parser.fills();
        let filled = |index: usize, name: &str| {
            let part = fills_part(self.frame, &fills, |part| {
                part.fills.contains(&name) || part.column == name
            });
            fills.contains(&index) || part || self.constants[index].is_some()
        };
        let columns = self.frame.columns.iter().enumerate();
        let columns = columns.filter(|(_, column)| !kind.derived().contains(&column.name));
        let (fills, lacks): (Vec<_>, Vec<_>) =
            columns.partition(|(index, column)| filled(*index, column.name));
        let name = |(_, column): (usize, &Column)| column.name;
        (
            fills.into_iter().map(name).collect(),
            lacks.into_iter().map(name).collect(),
        )
    }
}
