//! Turns the settings of a source in the case file into a [`Reading`], and checks each of them.
//!
//! Every error has its place in the case file, and says what to change there.

use std::collections::BTreeMap;

use toml::Spanned;

use super::formats::{ANY_KINDS, LineParser, LogFormat, Takes, Wanted, list, vocabulary};
use super::line_filter::LineFilter;
use super::reading::{Affixes, Reading, constants_of, fills_part, is_required};
use crate::case::{
    Case, Meaning, ScopeLimit, Source, SourceKind, Texts, TimeFormat, Words, named_zone, suggest,
};
use crate::error::{Error, Result};
use crate::frames::{Frame, Kind};
use crate::intake::blocks::fields::{FORWARDED_FOR, PARTS, columns_filled_by, slot};
use crate::intake::blocks::framing::Framing;
use crate::intake::values::assembler::Assembler;
use crate::intake::values::clock::Clock;
use crate::intake::values::token::{TokenSlots, token_slots};
use crate::jws::ClaimNames;

/// Prepares to read each source of `case`, in the order of the case file.
pub fn readings(case: &Case) -> Result<Vec<Reading>> {
    let sources = case.file.source.iter();
    sources
        .map(|source| Settings::of(case, source)?.reading())
        .collect()
}

/// A correction of more than a hundred years, in microseconds, is a mistake.
const FARTHEST: i64 = 100 * 366 * 86_400_000_000;

/// The settings of one source, with the format and the frame that they name.
struct Settings<'a> {
    case: &'a Case,
    source: &'a Source,
    id: &'a str,
    format: &'static LogFormat,
    frame: &'static Frame,
}

impl<'a> Settings<'a> {
    /// Finds the format of `source`.
    fn of(case: &'a Case, source: &'a Source) -> Result<Self> {
        let name = source.format.get_ref();
        let Some(format) = list::find(name) else {
            let error = case
                .error_at(source.format.span(), format!("`{name}` is no log format"))
                .hint("`breachscope formats` lists them all");
            let known = list::ALL.iter().map(|format| format.name);
            return Err(suggest(error, name, known));
        };
        Ok(Settings {
            case,
            source,
            id: source.id.get_ref(),
            format,
            frame: source.kind.frame(),
        })
    }

    /// Checks all settings and makes the reading.
    fn reading(&self) -> Result<Reading> {
        self.check_kind()?;
        self.check_columns()?;
        self.check_cookie()?;
        self.check_log_format()?;
        let filter = self.filter()?;
        let parser = self.parser()?;
        self.check_forwarded_hops(&*parser)?;
        let clock = self.clock(&*parser)?;
        let constants = self.constants()?;
        let required = self.required();
        self.check_required(&*parser, &constants, &required)?;
        let source = self.source;
        Ok(Reading {
            frame: self.frame,
            tier: source.kind.name(),
            filter,
            own_names: self.own_names(),
            parser,
            framing: self.format.framing,
            clock,
            assembler: Assembler::new(self.frame, source.forwarded_hops),
            token: TokenSlots::new(
                self.frame,
                source.token_cookie.as_deref(),
                self.claim_names()?,
            ),
            affixes: self.affixes()?,
            words: words(source),
            constants,
            required,
        })
    }

    /// An error about the source as a whole.
    fn error(&self, message: &str) -> Error {
        let message = format!("source `{}`: {message}", self.id);
        self.case.error_at(self.source.id.span(), message)
    }

    /// The format must be one of this kind of log, and the source must name files.
    fn check_kind(&self) -> Result<()> {
        let (source, format) = (self.source, self.format);
        if !format.kinds.contains(&source.kind) {
            let kinds: Vec<&str> = format.kinds.iter().map(|kind| kind.name()).collect();
            return Err(self.error(&format!(
                "the format `{}` is no {} log; its kind is {}",
                format.name,
                source.kind.name(),
                kinds.join(" or ")
            )));
        }
        if source.paths.is_empty() {
            let message = format!("source `{}` names no paths", self.id);
            let error = self.case.error_at(source.id.span(), message);
            return Err(error.hint("add paths = [\"<file, folder or pattern>\"]"));
        }
        Ok(())
    }

    /// Each mapped column must be one that this kind of log fills, and be mapped once.
    fn check_columns(&self) -> Result<()> {
        let source = self.source;
        let derived = source.kind.derived();
        let columns = self.frame.columns.iter().map(|column| column.name);
        let columns = columns.filter(|name| !derived.contains(name));
        let parts = PARTS
            .iter()
            .filter(|part| self.frame.index(part.column).is_some());
        let takes: Vec<&str> = columns.chain(parts.map(|part| part.name)).collect();
        for name in source.fields.keys().chain(source.constants.keys()) {
            let (given, kind) = (name.get_ref(), source.kind.name());
            if !takes.contains(&given.as_str()) {
                let message = format!("`{given}` is no column that a {kind} log fills");
                let error = self.case.error_at(name.span(), message);
                return Err(suggest(error, given, takes.iter().copied()));
            }
        }
        let mut constants = source.constants.keys();
        if let Some(name) = constants.find(|name| source.fields.contains_key(*name)) {
            let message = format!("`{}` has both a field and a constant", name.get_ref());
            let error = self.case.error_at(name.span(), message);
            return Err(error.hint("remove one of the two"));
        }
        Ok(())
    }

    /// A field for cookies needs the name of the one that holds the token, and the other way round.
    fn check_cookie(&self) -> Result<()> {
        let mut fields = self.source.fields.keys();
        let cookie = fields.any(|name| name.get_ref() == "cookie");
        if cookie == self.source.token_cookie.is_some() {
            return Ok(());
        }
        let error = self.error("a field `cookie` and the setting `token_cookie` go together");
        Err(error.hint("add token_cookie = \"<the name of the cookie that holds the token>\""))
    }

    /// Which claims of tokens are the id and the subject; each name must be one, and the two differ.
    ///
    /// What keys are for is read from tokens only if the case says it of any key.
    fn claim_names(&self) -> Result<ClaimNames> {
        let scopes = &self.case.key_scopes;
        let mut names = ClaimNames {
            audience: scopes.limit(ScopeLimit::Audiences),
            algorithm: scopes.limit(ScopeLimit::Algorithms),
            ..ClaimNames::default()
        };
        let Some(given) = &self.source.token_claims else {
            return Ok(names);
        };
        for (name, given) in [
            (&mut names.id, &given.id),
            (&mut names.subject, &given.subject),
        ] {
            if let Some(given) = given {
                name.clone_from(given);
            }
        }
        names.customer_kind.clone_from(&given.customer_kind);
        if names.customer_kind.as_deref() == Some("") {
            let error = self.error("`customer_kind` of `token_claims` names no claim");
            return Err(error.hint("write for instance customer_kind = \"tid\", or leave it out"));
        }
        if names.id.is_empty() || names.subject.is_empty() || names.id == names.subject {
            let error = self
                .error("`token_claims` must name one claim for the id and another for the subject");
            return Err(
                error.hint("write for instance token_claims = { id = \"uti\", subject = \"oid\" }")
            );
        }
        Ok(names)
    }

    /// What is taken off the ids of tokens; an empty text would be taken off for ever.
    fn affixes(&self) -> Result<Affixes> {
        let all = |given: &Option<Texts>| {
            given
                .as_ref()
                .map_or(Vec::new(), |given| given.all().to_vec())
        };
        let affixes = Affixes {
            before: all(&self.source.id_prefix),
            behind: all(&self.source.id_suffix),
        };
        let mut texts = affixes.before.iter().chain(&affixes.behind);
        if texts.any(String::is_empty) {
            let error = self.error("`id_prefix` and `id_suffix` are texts of one sign or more");
            return Err(
                error.hint("write for instance id_prefix = \"onrtna:\", or leave the setting out")
            );
        }
        Ok(affixes)
    }

    /// A format either needs the server's `log_format`, may have it, or does not take it.
    fn check_log_format(&self) -> Result<()> {
        match (self.format.log_format, &self.source.log_format) {
            (Takes::Must, None) => {
                let message = format!("source `{}` does not give the server's log_format", self.id);
                let error = self.case.error_at(self.source.id.span(), message);
                Err(error.hint("add log_format = '''<as in the server's configuration>'''"))
            }
            (Takes::No, Some(given)) => {
                let message = format!("the format `{}` takes no log_format", self.format.name);
                let error = self.case.error_at(given.span(), message);
                Err(error.hint("remove the line `log_format = ...`"))
            }
            _ => Ok(()),
        }
    }

    /// Which lines the source takes.
    fn filter(&self) -> Result<Option<LineFilter>> {
        let named = &self.source.filter;
        let log_format = self.source.log_format.as_ref();
        let log_format = log_format.map(|text| text.get_ref().as_str());
        let make = |named: &BTreeMap<Spanned<String>, Texts>| {
            LineFilter::new(self.format, self.frame, log_format, named)
        };
        for (name, texts) in named {
            let bad = |message: String| {
                let message = format!("source `{}`: where: {message}", self.id);
                self.case.error_at(name.span(), message)
            };
            if texts.all().is_empty() {
                let message = format!("`{}` has no text to match", name.get_ref());
                return Err(bad(message).hint("give it a text, or a list of some"));
            }
            let alone = BTreeMap::from([(name.clone(), texts.clone())]);
            if let Err(message) = make(&alone) {
                let known = (self.format.parser)(self.frame, &self.wanted());
                let known = known.map_or_else(|_| Vec::new(), |parser| parser.field_names(""));
                let error = bad(message);
                return Err(match known.is_empty() {
                    true => error,
                    false => suggest(error, name.get_ref(), known.iter().map(String::as_str)),
                });
            }
        }
        make(named).map_err(|message| self.error(&message))
    }

    /// The log's own names of its fields, but for those of the time, where lines are JSON.
    fn own_names(&self) -> Vec<String> {
        if self.format.framing != Framing::Objects {
            return Vec::new();
        }
        let times = ["event_time", "date", "time_of_day"];
        let times = times.map(|name| slot(self.frame, name));
        let fields = self.wanted().fields.into_iter();
        let others = fields.filter(|(field, _)| !times.contains(&Some(*field)));
        others.map(|(_, own)| own).collect()
    }

    /// The parser of the format for the columns that are wanted.
    fn parser(&self) -> Result<Box<dyn LineParser>> {
        (self.format.parser)(self.frame, &self.wanted()).map_err(|message| {
            let given = self.source.log_format.as_ref();
            let span = given.map_or(self.source.id.span(), |given| given.span());
            self.case
                .error_at(span, format!("source `{}`: {message}", self.id))
        })
    }

    /// What the case file maps, and what the format knows of the columns that it does not map.
    fn wanted(&self) -> Wanted {
        let source = self.source;
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
        let is_left = |name: &str| {
            let columns = columns_of(name);
            columns.iter().all(|column| !mapped.contains(column))
        };
        let known = self.format.fields.iter();
        let known = known.filter(|(name, _)| is_left(name));
        let known = known.map(|(name, own)| (*name, own.to_string()));
        let log_format = source.log_format.as_ref();
        Wanted {
            fields: own
                .chain(known)
                .filter_map(|(name, own)| Some((slot(self.frame, name)?, own)))
                .collect(),
            claims: token_slots(self.frame),
            log_format: log_format.map(|text| text.get_ref().clone()),
        }
    }

    /// `forwarded_hops` needs a forwarding list to count in.
    fn check_forwarded_hops(&self, parser: &dyn LineParser) -> Result<()> {
        if self.source.forwarded_hops.is_none() || parser.fills().contains(&FORWARDED_FOR) {
            return Ok(());
        }
        let error = self.error("forwarded_hops counts in a forwarding list, and no field is one");
        Err(error.hint(
            "map the list with forwarded_for = \"<the log's field>\", or take forwarded_hops out",
        ))
    }

    /// How times are read: their format, their zone, and what to add to them.
    fn clock(&self, parser: &dyn LineParser) -> Result<Clock> {
        let format = self.time_format(parser)?;
        let zone = self.zone(format)?;
        let seconds = self.source.clock_correction_seconds;
        let correction = seconds
            .checked_mul(1_000_000)
            .filter(|micros| micros.abs() <= FARTHEST)
            .ok_or_else(|| {
                let error = self.error(&format!("no clock is {seconds} seconds wrong"));
                error.hint(
                    "clock_correction_seconds is what to add to a logged time to get the true one, \
                     in seconds",
                )
            })?;
        Ok(Clock {
            format,
            zone,
            correction,
        })
    }

    /// How times are written: either the format fixes it, or the case file says it.
    fn time_format(&self, parser: &dyn LineParser) -> Result<TimeFormat> {
        let mut fields = self.source.fields.keys();
        let own_time = fields.any(|name| name.get_ref() == "event_time");
        let given = self.source.time;
        // A field of the log's own may be written in another way than the format's.
        let of_format = self.format.time.filter(|_| !own_time || given.is_none());
        match (parser.time().or(of_format), given) {
            (Some(_), Some(_)) => {
                let message = format!(
                    "the {} format fixes how times are written",
                    self.format.name
                );
                Err(self.error(&message).hint("remove the line `time = ...`"))
            }
            (Some(fixed), None) => Ok(fixed),
            (None, Some(given)) => Ok(given),
            (None, None) => {
                let message = format!(
                    "source `{}` does not say how its times are written",
                    self.id
                );
                let error = self.case.error_at(self.source.id.span(), message);
                Err(error.hint(
                    "add time = \"rfc3339\", \"epoch_seconds\", \"epoch_milliseconds\", \"common\" \
                     or another way that `breachscope help case` lists",
                ))
            }
        }
    }

    /// The zone of times without an offset: needed where no time has one, wrong where all do.
    fn zone(&self, time: TimeFormat) -> Result<Option<jiff::tz::TimeZone>> {
        let case = self.case;
        let with_offset = matches!(time, TimeFormat::Utc | TimeFormat::Common);
        match &self.source.zone {
            Some(zone) if with_offset && !claims_times(self.source) => {
                let message = format!("source `{}`: its times say their zone themselves", self.id);
                let error = self.case.error_at(zone.span(), message);
                Err(error.hint("remove the line `zone = ...`"))
            }
            Some(zone) => named_zone(zone, &case.path, &case.text).map(Some),
            None if time.needs_zone() => {
                let error = self.error("the times of this format carry no zone");
                Err(error
                    .hint("add zone = \"<IANA name>\" to this source: the zone its clock showed"))
            }
            None => Ok(None),
        }
    }

    /// By column: the constant of the format, or else of the case file.
    fn constants(&self) -> Result<Vec<Option<String>>> {
        let mut constants = constants_of(self.format, self.frame);
        for (name, value) in &self.source.constants {
            let column = self.frame.index(name.get_ref()).ok_or_else(|| {
                let name_of = name.get_ref();
                let message = format!("`{name_of}` is a part of a column and has no constant");
                let error = self.case.error_at(name.span(), message);
                error.hint("give a constant to the column itself")
            })?;
            constants[column] = Some(value.get_ref().clone());
        }
        Ok(constants)
    }

    /// By column: whether the log must have it.
    fn required(&self) -> Vec<bool> {
        let (format, kind) = (self.format, self.source.kind);
        // A format of issuance logs knows which records issue a token; in one of any kind each must.
        let generic = format.kinds.len() == ANY_KINDS;
        let needs_token = generic && kind == SourceKind::Issuance;
        let of_token = |name| needs_token && matches!(name, "token_id" | "subject");
        let columns = self.frame.columns.iter();
        columns
            .map(|column| is_required(format, kind, column) || of_token(column.name))
            .collect()
    }

    /// Each required column, and what else this kind of log needs, must have a field or a constant.
    fn check_required(
        &self,
        parser: &dyn LineParser,
        constants: &[Option<String>],
        required: &[bool],
    ) -> Result<()> {
        let (source, frame) = (self.source, self.frame);
        let fills = parser.fills();
        let is_known = |name: &str| {
            let own = slot(frame, name).is_some_and(|slot| fills.contains(&slot));
            let constant = |column: usize| constants[column].is_some();
            own || fills_part(frame, &fills, |part| part.fills.contains(&name))
                || frame.index(name).is_some_and(constant)
        };
        let columns = frame.columns.iter().zip(required);
        let needed = columns.filter(|(_, required)| **required);
        let needed = needed.map(|(column, _)| column.name);
        // Only its issuance record says whose an opaque token is.
        let has_token = source.fields.keys().any(|name| {
            let fills = columns_filled_by(name.get_ref());
            fills.first() == Some(&"token_id")
        });
        // A gateway may log no tokens; one that logs them must say whose they are.
        let tokens = ["token_id", "token_issuer"].into_iter().any(is_known);
        let of_kind = match source.kind {
            SourceKind::Gateway if !tokens => &[],
            kind => kind.needs(),
        };
        for name in needed.chain(of_kind.iter().copied()) {
            let by_record = has_token && matches!(name, "token_subject" | "subject");
            if !is_known(name) && !by_record {
                let message = format!(
                    "source `{}` does not say which field is its `{name}`",
                    self.id
                );
                let error = self.case.error_at(source.id.span(), message);
                return Err(error.hint(format!(
                    "add `{name} = \"<the log's field>\"` to its [source.fields], or a value of all \
                     rows to its [source.constants]"
                )));
            }
        }
        Ok(())
    }
}

/// The columns that the part `name` fills; a column fills itself.
fn columns_of(name: &str) -> Vec<&str> {
    match columns_filled_by(name) {
        [] => vec![name],
        columns => columns.to_vec(),
    }
}

/// Whether the case file maps a field to a time that tokens claim.
fn claims_times(source: &Source) -> bool {
    let frame = source.kind.frame();
    let mut names = source.fields.keys().map(|name| name.get_ref().as_str());
    names.any(|name| {
        let column = frame.index(name).map(|index| &frame.columns[index]);
        name != "event_time" && column.is_some_and(|column| column.kind == Kind::Time)
    })
}

/// What the case file says of the words of a source, and what its format knows.
fn words(source: &Source) -> Words {
    let lists = [
        (&source.granted, Meaning::Granted),
        (&source.refused, Meaning::Refused),
        (&source.revoked, Meaning::Revoked),
        (&source.ignored, Meaning::Other),
    ];
    let listed = lists
        .into_iter()
        .flat_map(|(texts, meaning)| texts.iter().map(move |text| (text.clone(), meaning)));
    Words::new(listed, vocabulary::of_format(source.format.get_ref()))
}
