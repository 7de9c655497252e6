//! Takes off what other programs wrapped around the lines of a log.
//!
//! Container runtimes, syslog and collectors put a prefix before each line (`blocks::prefixes`), or put the
//! line into a text of a JSON object. Several of them may do so, one around the other. A few lines of each
//! block show whether there is such a wrapping: the block is read without it if that makes more rows of
//! those lines. So no format has to say whether its own lines may look wrapped, and a log that is not
//! wrapped costs one look at a few lines of a block.

mod lines;

use std::borrow::Cow;

use crate::bytes::{escape_invalid, without_bom};
use crate::frames::REQUESTS;
use crate::intake::blocks::fields::Fields;
use crate::intake::blocks::framing::Block;
use crate::intake::blocks::prefixes::{self, Behind, DOCKER_CUTS};
use crate::intake::formats::{Header, LineParser, Wanted, json};
use lines::BlockLines;
pub(crate) use lines::Places;

/// The members of JSON objects in which collectors keep a line as it was.
const MEMBERS: [&str; 12] = [
    // Docker, and Fluent Bit behind it.
    "log",
    // Logstash, Filebeat, Graylog; and what logs JSON itself keeps its text there.
    "message",
    // journald.
    "MESSAGE",
    "msg",
    // Loki.
    "line",
    // Google Cloud Logging.
    "textPayload",
    // CloudWatch Logs Insights.
    "@message",
    // Splunk.
    "_raw",
    "result._raw",
    // Elasticsearch.
    "_source.message",
    "event.original",
    // OpenTelemetry.
    "body",
];
/// The slot of Docker's `stream`, behind those of [`MEMBERS`].
const STREAM: usize = MEMBERS.len();
/// The place of Docker's `log` in [`MEMBERS`].
const LOG: usize = 0;

/// Lines of a block by which its wrapping is found.
const SAMPLE: usize = 48;
/// How many of them are looked at before anything is tried.
const FIRST_LOOK: usize = 8;
/// How many wrappings may be around each other.
const DEEPEST: usize = 3;

/// What is wrapped around each line of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrapping {
    /// The prefix of a container runtime.
    Cri,
    /// The header of syslog.
    Syslog,
    /// The name of a container.
    Name,
    /// A member of a JSON object, by its place in [`MEMBERS`].
    Member(usize),
    /// A time.
    Time,
}

/// What reading some lines came to: how many rows, and how many columns had a value.
pub(crate) type Score = (u64, u32);

/// Takes wrappings off lines.
#[derive(Debug)]
pub(crate) struct Unwrapper {
    /// Finds the [`MEMBERS`] of an object.
    members: Box<dyn LineParser>,
}

/// A line without one wrapping.
struct Inner<'l> {
    line: Cow<'l, [u8]>,
    goes_on: bool,
    is_error: bool,
    /// Whether nothing but this wrapping looks like it.
    is_sure: bool,
}

impl<'l> Inner<'l> {
    fn of(behind: Behind<'l>, is_sure: bool) -> Self {
        Inner {
            line: behind.line.into(),
            goes_on: behind.goes_on,
            is_error: behind.is_error,
            is_sure,
        }
    }
}

impl Wrapping {
    /// All wrappings; of two that fit the first is taken.
    fn all() -> impl Iterator<Item = Wrapping> {
        let members = (0..MEMBERS.len()).map(Wrapping::Member);
        [Wrapping::Cri, Wrapping::Syslog, Wrapping::Name]
            .into_iter()
            .chain(members)
            .chain([Wrapping::Time])
    }

    /// What it is, for people.
    fn name(self) -> String {
        match self {
            Wrapping::Cri => "the prefix of a container runtime".into(),
            Wrapping::Syslog => "the header of syslog".into(),
            Wrapping::Name => "the name of a container".into(),
            Wrapping::Member(place) => format!("the member `{}` of JSON", MEMBERS[place]),
            Wrapping::Time => "a time of the collector".into(),
        }
    }
}

/// What wrappings are, for people, the outermost first.
pub(crate) fn described(chain: &[Wrapping]) -> String {
    let names: Vec<String> = chain.iter().map(|wrapping| wrapping.name()).collect();
    names.join(", then ")
}

impl Unwrapper {
    pub(crate) fn new() -> Self {
        let names = MEMBERS.iter().chain([&"stream"]);
        let wanted = Wanted {
            fields: names.map(ToString::to_string).enumerate().collect(),
            ..Wanted::default()
        };
        let members = json::plain(&REQUESTS, &wanted).expect("a parser of any JSON");
        Unwrapper { members }
    }

    /// The line inside of `line`; `None` if that is not wrapped so.
    fn inner<'l>(&self, wrapping: Wrapping, line: &'l [u8]) -> Option<Inner<'l>> {
        let inner = |line: &'l [u8]| Inner::of(line.into(), false);
        match wrapping {
            Wrapping::Cri => prefixes::behind_cri(line).map(|behind| Inner::of(behind, true)),
            Wrapping::Syslog => {
                let (line, is_sure) = prefixes::behind_syslog(line)?;
                Some(Inner::of(line.into(), is_sure))
            }
            Wrapping::Name => prefixes::behind_name(line).map(inner),
            Wrapping::Time => prefixes::behind_time(line).map(inner),
            Wrapping::Member(place) => self.member(place, line),
        }
    }

    /// The text of a member of the JSON object `line`.
    fn member<'l>(&self, place: usize, line: &[u8]) -> Option<Inner<'l>> {
        if line.first() != Some(&b'{') {
            return None;
        }
        let object = match std::str::from_utf8(line) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => Cow::Owned(escape_invalid(line, r"\\")),
        };
        let mut fields = Fields::default();
        fields.begin(&object);
        let found = self.members.parse(&object, &Header::default(), &mut fields);
        let is_doubted = |(slots, _): &(u64, _)| slots >> place & 1 == 1;
        if found.is_err() || fields.doubts().iter().any(is_doubted) {
            return None;
        }
        let text = fields.get(place)?;
        let stream = fields.get(STREAM).filter(|_| place == LOG);
        let line = text.trim_end_matches(['\n', '\r']);
        // A text of several lines is no line.
        if line.is_empty() || line.contains('\n') && !line.starts_with('{') {
            return None;
        }
        let is_docker = stream.is_some_and(|stream| matches!(stream, "stdout" | "stderr"));
        Some(Inner {
            goes_on: is_docker && line.len() == text.len() && text.len() >= DOCKER_CUTS,
            is_error: stream == Some("stderr"),
            is_sure: is_docker,
            line: line.as_bytes().to_vec().into(),
        })
    }

    /// The wrappings that at least half of `lines` have.
    fn candidates(&self, lines: &[Cow<'_, [u8]>]) -> Vec<Wrapping> {
        let is_common = |wrapping: &Wrapping| {
            let wrapped = |line: &&Cow<'_, [u8]>| self.inner(*wrapping, line).is_some();
            let count = lines.iter().filter(wrapped).count();
            count > 0 && count * 2 >= lines.len()
        };
        Wrapping::all().filter(is_common).collect()
    }

    /// The lines without `wrapping`; those that do not have it stay.
    fn without<'l>(&self, wrapping: Wrapping, lines: &[Cow<'l, [u8]>]) -> Vec<Cow<'l, [u8]>> {
        let inner = |line: &Cow<'l, [u8]>| -> Cow<'l, [u8]> {
            match self.inner(wrapping, line) {
                Some(inner) => inner.line.into_owned().into(),
                None => line.clone(),
            }
        };
        lines.iter().map(inner).collect()
    }

    /// The wrappings around the lines of `block`, the outermost first; mostly none.
    ///
    /// `score` says what reading some lines comes to.
    pub(crate) fn chain(
        &self,
        block: &Block,
        score: impl Fn(&[Cow<'_, [u8]>]) -> Score,
    ) -> Vec<Wrapping> {
        let count = block.count();
        let taken = count.min(SAMPLE);
        let places = (0..taken).map(|place| place * count / taken);
        let lines = places.map(|index| block.line(index)).map(Cow::Borrowed);
        let lines: Vec<Cow<'_, [u8]>> = lines.filter(|line| !line.is_empty()).collect();
        let step = lines.len().div_ceil(FIRST_LOOK).max(1);
        let few: Vec<Cow<'_, [u8]>> = lines.iter().step_by(step).cloned().collect();
        if self.candidates(&few).is_empty() {
            return Vec::new();
        }
        self.best_chain(lines, score)
    }

    /// The wrappings without which the most rows come of `lines`.
    fn best_chain(
        &self,
        mut lines: Vec<Cow<'_, [u8]>>,
        score: impl Fn(&[Cow<'_, [u8]>]) -> Score,
    ) -> Vec<Wrapping> {
        let mut chain = Vec::new();
        let mut best = (score(&lines), 0);
        while chain.len() < DEEPEST {
            let candidates = self.candidates(&lines).into_iter();
            let tried = candidates.map(|wrapping| {
                let inner = self.without(wrapping, &lines);
                (score(&inner), wrapping, inner)
            });
            // Of equals the first counts.
            let better = |a: &(Score, Wrapping, _), b: (Score, Wrapping, _)| b.0 > a.0;
            let mut found = None;
            for one in tried {
                if found
                    .as_ref()
                    .is_none_or(|known| better(known, (one.0, one.1, ())))
                {
                    found = Some(one);
                }
            }
            let Some((score, wrapping, inner)) = found else {
                break;
            };
            // Where nothing can be read at all, what is surely no line of the format goes off.
            let is_sure = || {
                let sure = |line: &Cow<'_, [u8]>| {
                    self.inner(wrapping, line)
                        .is_some_and(|inner| inner.is_sure)
                };
                chain.len() == best.1 && score.0 == 0 && lines.iter().any(sure)
            };
            let is_best = score > best.0 || score >= best.0 && is_sure();
            chain.push(wrapping);
            if is_best {
                best = (score, chain.len());
            }
            lines = inner;
        }
        chain.truncate(best.1);
        chain
    }

    /// The lines of `block` without these wrappings.
    pub(crate) fn unwrap(&self, block: &Block, chain: &[Wrapping]) -> BlockLines {
        let mut lines = BlockLines::begin(block);
        let (Some(outermost), inside) = (chain.first(), chain.get(1..).unwrap_or_default()) else {
            return lines;
        };
        // By stream: the parts of a line that is not whole yet.
        let mut open: [Option<Vec<u8>>; 2] = [None, None];
        for index in 0..block.count() {
            let line = block.line(index);
            let Some(inner) = self.inner(*outermost, without_bom(line)) else {
                lines.add(line);
                continue;
            };
            let stream = usize::from(inner.is_error);
            if inner.goes_on {
                let parts = open[stream].get_or_insert_default();
                parts.extend_from_slice(&inner.line);
                lines.add_part(stream);
                continue;
            }
            let line = match open[stream].take() {
                Some(mut parts) => {
                    parts.extend_from_slice(&inner.line);
                    lines.close_parts(stream);
                    parts.into()
                }
                None => inner.line,
            };
            let line = inside.iter().fold(line, |line, wrapping| {
                let inner = self
                    .inner(*wrapping, &line)
                    .map(|inner| inner.line.into_owned());
                inner.map_or(line, Cow::Owned)
            });
            lines.add(&line);
        }
        lines.finish();
        lines
    }

    /// The lines as they are, and without each wrapping that most of them have, for a look at them.
    pub(crate) fn variants(&self, lines: &[String]) -> Vec<Vec<String>> {
        let bytes = |line: &String| Cow::Owned(line.clone().into_bytes());
        let mut level: Vec<Vec<Cow<'_, [u8]>>> = vec![lines.iter().map(bytes).collect()];
        let mut all = level.clone();
        for _ in 0..DEEPEST {
            let inner = level.iter().flat_map(|lines| {
                let candidates = self.candidates(lines).into_iter();
                candidates.map(|wrapping| self.without(wrapping, lines))
            });
            level = inner.collect();
            all.extend(level.iter().cloned());
        }
        let text = |line: Cow<'_, [u8]>| String::from_utf8_lossy(&line).into_owned();
        let texts = |lines: Vec<Cow<'_, [u8]>>| lines.into_iter().map(text).collect();
        all.into_iter().map(texts).collect()
    }
}
