//! Takes only those lines of a log that a source wants: the setting `where` of the case file.
//!
//! A parser of its own, of the source's format, looks for the fields that `where` names, so that any field
//! will do, whether it fills a column or not. A line that does not match is an *other line*. One whose fields
//! cannot be told apart is taken, and becomes the reject that it is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::formats::{Header, LineParser, LogFormat, Wanted};
use crate::case::Texts;
use crate::frames::Frame;
use crate::intake::blocks::fields::{Fields, LONGEST_LINE, SLOTS};

/// The conditions that a line must meet, all of them.
#[derive(Debug)]
pub(crate) struct LineFilter {
    parser: Box<dyn LineParser>,
    conditions: Vec<Condition>,
}

/// One field, and the texts of which it must have one.
#[derive(Debug)]
struct Condition {
    slot: usize,
    texts: Vec<String>,
}

/// What a filter made of some lines.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct FilterTally {
    /// A bit for each condition whose field any line had.
    pub(crate) present: u32,
    /// How many lines matched.
    pub(crate) matched: u64,
    /// The first line that lacked a field, or the header above it; for a message.
    pub(crate) lacking: Option<String>,
}

impl FilterTally {
    /// Adds the tally of the lines behind these.
    pub(crate) fn add(&mut self, other: FilterTally) {
        self.present |= other.present;
        self.matched += other.matched;
        self.lacking = self.lacking.take().or(other.lacking);
    }
}

/// What a filter says of one line.
pub(crate) enum Judged {
    /// It matches.
    Taken {
        /// A bit for each condition whose field the line has.
        present: u32,
    },
    /// Its fields cannot be told apart.
    Unreadable,
    /// It does not match.
    Other {
        /// A bit for each condition whose field the line has.
        present: u32,
    },
}

impl LineFilter {
    /// Prepares the conditions of `named`, none if there are none; the error says what is wrong with one.
    pub(crate) fn new(
        format: &LogFormat,
        frame: &'static Frame,
        log_format: Option<&str>,
        named: &BTreeMap<Spanned<String>, Texts>,
    ) -> Result<Option<Self>, String> {
        if named.is_empty() {
            return Ok(None);
        }
        let with = |fields: Vec<(usize, String)>| {
            let wanted = Wanted {
                fields,
                claims: 0,
                log_format: log_format.map(str::to_string),
            };
            (format.parser)(frame, &wanted)
        };
        // A format may fill slots whatever is asked for; the conditions take others, from the last on.
        let taken = with(Vec::new()).map_or_else(|_| Vec::new(), |parser| parser.fills());
        let free = (0..SLOTS).rev().filter(|slot| !taken.contains(slot));
        let conditions: Vec<Condition> = free
            .zip(named.values())
            .map(|(slot, texts)| Condition {
                slot,
                texts: texts.all().to_vec(),
            })
            .collect();
        if conditions.len() < named.len() || conditions.len() > 32 {
            return Err("`where` names too many fields".into());
        }
        let names = named.keys().map(|name| name.get_ref().clone());
        let fields = conditions.iter().map(|one| one.slot).zip(names);
        Ok(Some(LineFilter {
            parser: with(fields.collect())?,
            conditions,
        }))
    }

    /// The conditions as a text that differs if one of them does.
    pub(crate) fn described(&self) -> String {
        format!("{self:?}")
    }

    /// The parser that finds the fields; it reads headers too.
    pub(crate) fn parser(&self) -> &dyn LineParser {
        &*self.parser
    }

    /// A bit for each condition.
    fn all(&self) -> u32 {
        // Fewer than there are slots, and those are fewer than 64; `new` takes no more than 32.
        (0..self.conditions.len()).fold(0, |bits, place| bits | 1 << place)
    }

    /// Whether a line with these fields lacks any.
    pub(crate) fn lacks_any(&self, present: u32) -> bool {
        present != self.all()
    }

    /// Says whether `line` matches.
    pub(crate) fn judge(&self, line: &str, header: &Header) -> Judged {
        if line.len() > LONGEST_LINE {
            return Judged::Unreadable;
        }
        let mut fields = Fields::default();
        fields.begin(line);
        let parsed = self.parser.parse(line, header, &mut fields);
        if parsed.is_err() || !fields.doubts().is_empty() {
            return Judged::Unreadable;
        }
        let (mut present, mut matches) = (0, true);
        for (place, condition) in self.conditions.iter().enumerate() {
            let text = fields.get(condition.slot);
            present |= u32::from(text.is_some()) << place;
            let has = |text: &str| condition.texts.iter().any(|wanted| wanted == text);
            matches &= text.is_some_and(has);
        }
        match matches {
            true => Judged::Taken { present },
            false => Judged::Other { present },
        }
    }
}
