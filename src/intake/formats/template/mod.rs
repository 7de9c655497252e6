//! Engine for text lines that a template describes: literals, and variables between them.
//!
//! A variable's value ends where the next literal begins. Between double quotes a backslash keeps the
//! next character from ending the value, and what it escapes (`\"`, `\\`, `\xHH`) is undone. A value
//! of `-` is no value.
//!
//! Reasons: `log_syntax`, `duplicate_field`.

mod joined;
mod quick;
mod tail;

use quick::{Known, Quick};
use tail::Tail;

use super::{Fields, Header, LineParser, LineSet, Stretch, Wanted, slot};
use crate::bytes::same;
use crate::case::TimeFormat;
use crate::frames::{Frame, Kind};
use crate::intake::reject::{Reason, Reject};

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text that stands in each line.
    Literal(String),
    /// A variable by its name.
    Variable(String),
}

/// What a variable of a dialect means.
#[derive(Debug, Clone, Copy)]
pub struct Meaning {
    /// The variable.
    pub variable: &'static str,
    /// The column, or part of one, that it fills.
    pub column: &'static str,
    /// How it writes a time.
    pub time: Option<TimeFormat>,
}

/// A variable that fills a column.
pub const fn is(variable: &'static str, column: &'static str) -> Meaning {
    Meaning {
        variable,
        column,
        time: None,
    }
}

/// A variable that writes a time.
pub const fn at(variable: &'static str, time: TimeFormat) -> Meaning {
    Meaning {
        variable,
        column: "event_time",
        time: Some(time),
    }
}

/// How a server writes its lines.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// Whether more may follow what the template describes.
    pub tail: bool,
    /// Whether it escapes a quote inside quotes, so that one that is not escaped ends the value.
    pub escapes: bool,
    /// Variables whose values have no blank.
    pub words: &'static [&'static str],
}

#[derive(Debug)]
struct Variable {
    name: String,
    /// The slot to fill and its rank: 0 is the best source.
    slot: Option<(usize, u8)>,
    /// What ends the value; nothing for the last.
    until: Box<[u8]>,
    quoted: bool,
    /// Whether an unescaped quote ends the value, whatever follows.
    strict: bool,
    /// A list of values with `, ` or ` : ` between them.
    list: bool,
    /// `-` stands for no bytes.
    dash_is_zero: bool,
    /// Whether the line's end ends the value too.
    may_end: bool,
    /// Whether a time in the common log's format follows: clients choose the names of users, which may look as what
    /// ends them does.
    before_time: bool,
    /// Whether it is a request line that blanks, and no quotes, set apart: it ends behind its version.
    bare_request: bool,
}

impl Variable {
    /// Whether it takes all that is left of a line and fills nothing, so that no one would miss another
    /// line in it.
    fn is_open(&self) -> bool {
        self.until.is_empty() && self.slot.is_none()
    }
}

/// The parser.
#[derive(Debug)]
pub struct Template {
    begin: Box<[u8]>,
    variables: Vec<Variable>,
    quick: Option<Quick>,
    tail: Option<Tail>,
    fills: Vec<usize>,
    time: Option<TimeFormat>,
}

impl Template {
    /// A parser of lines as `pieces` describe them. What a variable means is in `meanings`, the best
    /// source of a column first; what the case file maps goes before.
    pub fn new(
        pieces: &[Piece],
        meanings: &[Meaning],
        style: Style,
        frame: &Frame,
        wanted: &Wanted,
    ) -> Result<Self, String> {
        let mut template = Template {
            begin: Box::default(),
            variables: Vec::new(),
            quick: None,
            tail: None,
            fills: Vec::new(),
            time: None,
        };
        let mut before = String::new();
        for piece in pieces {
            match piece {
                Piece::Literal(text) => before.push_str(text),
                Piece::Variable(name) => {
                    match template.variables.last_mut() {
                        Some(last) if before.is_empty() => {
                            return Err(format!(
                                "nothing stands between `{}` and `{name}`, so no line could be taken apart",
                                last.name
                            ));
                        }
                        Some(last) => last.until = before.as_bytes().into(),
                        None => template.begin = before.as_bytes().into(),
                    }
                    template.variables.push(Variable {
                        name: name.clone(),
                        slot: None,
                        until: Box::default(),
                        quoted: before.ends_with('"'),
                        strict: style.escapes,
                        list: name.contains("upstream"),
                        dash_is_zero: matches!(name.as_str(), "$body_bytes_sent" | "%b"),
                        may_end: false,
                        before_time: false,
                        bare_request: false,
                    });
                    before.clear();
                }
            }
        }
        match template.variables.last_mut() {
            Some(last) => {
                last.until = before.as_bytes().into();
                // A tail may be missing, and with it the space before it.
                last.may_end = style.tail && before == " ";
            }
            None => return Err("it names no variable".into()),
        }
        for variable in &mut template.variables {
            variable.bare_request = matches!(variable.name.as_str(), "$request" | "%r")
                && !variable.quoted
                && variable.until.starts_with(b" ");
        }
        let is_time = |variable: &Variable| {
            let name = variable.name.as_str();
            let mut times = meanings
                .iter()
                .filter(|meaning| meaning.time == Some(TimeFormat::Common));
            times.any(|meaning| meaning.variable == name)
        };
        for time in 1..template.variables.len() {
            template.variables[time - 1].before_time = is_time(&template.variables[time]);
        }
        template.want(wanted, style.tail)?;
        let mut ranks = [1u8; super::SLOTS];
        for meaning in meanings {
            let Some(slot) = slot(frame, meaning.column) else {
                continue;
            };
            let mapped = template.fills.contains(&slot);
            let variable = template
                .variables
                .iter_mut()
                .find(|variable| variable.name == meaning.variable && variable.slot.is_none());
            if let (Some(variable), false) = (variable, mapped && ranks[slot] == 1) {
                variable.slot = Some((slot, ranks[slot]));
                ranks[slot] += 1;
                template.fills.push(slot);
                template.time = template.time.or(meaning.time);
            }
        }
        template.end_words(frame, style.words);
        template.quick = Quick::new(&template.begin, &template.variables, template.tail.as_ref());
        Ok(template)
    }

    /// Whether its last variable is open.
    fn is_open(&self) -> bool {
        self.tail.is_none() && self.variables.last().is_some_and(Variable::is_open)
    }

    /// Has a last variable that is a word end with it: where two lines became one, the second is not part of an id.
    fn end_words(&mut self, frame: &Frame, known: &[&str]) {
        let Some(last) = self.variables.last_mut() else {
            return;
        };
        let column = last.slot.and_then(|(slot, _)| frame.columns.get(slot));
        let is_known = known.contains(&last.name.as_str());
        let words = [
            Kind::Identifier,
            Kind::Address,
            Kind::Unsigned,
            Kind::Small,
            Kind::Code,
        ];
        let is_word = column.is_some_and(|column| words.contains(&column.kind));
        if last.until.is_empty() && !last.quoted && (is_word || is_known) {
            last.until = Box::new(*b" ");
            last.may_end = true;
        }
    }

    fn want(&mut self, wanted: &Wanted, tail: bool) -> Result<(), String> {
        let mut fields = Tail::default();
        let mut seen: Vec<&String> = Vec::new();
        for (slot, name) in &wanted.fields {
            if seen.contains(&name) {
                return Err(format!("`{name}` is to fill two columns; it can fill one"));
            }
            seen.push(name);
            self.fills.push(*slot);
            let variable = self
                .variables
                .iter_mut()
                .find(|variable| variable.name == *name);
            if let Some(variable) = variable {
                variable.slot = Some((*slot, 0));
            } else if !tail {
                let known: Vec<&str> = self.variables.iter().map(|v| v.name.as_str()).collect();
                let variable = format!("${name}");
                return Err(match known.contains(&variable.as_str()) {
                    true => format!("`{name}` is not in its log_format, but `{variable}` is"),
                    false => format!(
                        "`{name}` is not in its log_format, which has {}",
                        known.join(" ")
                    ),
                });
            } else if let Some(place) = name.strip_prefix("tail.") {
                let place = place.parse().ok().filter(|place| *place > 0);
                let place: usize =
                    place.ok_or("the fields of the tail are tail.1, tail.2 and so on")?;
                fields.placed.push((place, *slot));
            } else {
                fields.named.push((name.clone(), *slot));
            }
        }
        self.tail = tail.then_some(fields);
        Ok(())
    }
}

#[cold]
fn syntax(what: String, at: usize) -> Reject {
    Reject::new(Reason::LogSyntax, format!("{what} at byte {at}"))
}

/// Where `until` begins in `bytes` from `from` on, escapes passed over.
#[inline]
fn find_end(bytes: &[u8], from: usize, variable: &Variable) -> Option<usize> {
    let until = &*variable.until;
    let Some(first) = until.first().copied() else {
        return Some(bytes.len());
    };
    if variable.bare_request && !bytes[from..].starts_with(b"- ") {
        let number_follows =
            |end: &usize| bytes.get(end + until.len()).is_some_and(u8::is_ascii_digit);
        // A client that sends two versions could choose the status that it is said to have got.
        if version_ends(bytes, from, until)
            .filter(number_follows)
            .nth(1)
            .is_some()
        {
            return None;
        }
        if let Some(end) = version_ends(bytes, from, until).next() {
            return Some(end);
        }
    }
    let mut at = from;
    // Where no time follows, it is the time that is wrong.
    let mut without_time = None;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let found = if variable.quoted {
            memchr::memchr2(first, b'\\', rest)
        } else {
            memchr::memchr(first, rest)
        };
        let Some(found) = found else {
            return without_time;
        };
        at += found;
        if variable.quoted && bytes[at] == b'\\' && first != b'\\' {
            at += 2;
            continue;
        }
        if bytes
            .get(at..at + until.len())
            .is_some_and(|there| same(there, until))
        {
            let goes_on = variable.list
                && first == b' '
                && (bytes[..at].ends_with(b",")
                    || bytes[..at].ends_with(b" :")
                    || bytes[at..].starts_with(b" : "));
            let timely = !variable.before_time || begins_time(&bytes[at + until.len()..]);
            if !goes_on && timely {
                return match without_time {
                    Some(first) if is_another_line(&bytes[first..at]) => without_time,
                    _ => Some(at),
                };
            }
            if !timely {
                without_time.get_or_insert(at);
            }
        }
        if variable.strict && variable.quoted && first == b'"' {
            return None;
        }
        at += 1;
    }
}

/// Bytes of a time of the common log, such as `14/Apr/2025:00:00:00 +0900`.
const TIME: usize = 26;

/// Whether what stands before a time seems to be the end of one line and the beginning of the next: names have no
/// quotes as they are logged.
fn is_another_line(text: &[u8]) -> bool {
    memchr::memchr(b'"', text).is_some() || memchr::memmem::find(text, b" - ").is_some()
}

/// Whether text begins as such a time does, whole or not.
fn begins_time(text: &[u8]) -> bool {
    matches!(text, [b'0'..=b'3', b'0'..=b'9', b'/', ..])
}

/// Where the version of a request line ends, with `until` behind it.
fn version_ends<'l>(
    bytes: &'l [u8],
    from: usize,
    until: &'l [u8],
) -> impl Iterator<Item = usize> + 'l {
    memchr::memmem::find_iter(&bytes[from..], b" HTTP/").filter_map(move |at| {
        let version = from + at + b" HTTP/".len();
        let end = version + memchr::memchr(b' ', bytes.get(version..)?)?;
        let is_version = matches!(
            bytes[version..end],
            [b'0'..=b'9'] | [b'0'..=b'9', b'.', b'0'..=b'9']
        );
        (is_version && bytes[end..].starts_with(until)).then_some(end)
    })
}

/// Puts a value into its slot, unescaped.
#[inline]
pub(crate) fn put(
    fields: &mut Fields<'_>,
    slot: usize,
    line: &str,
    start: usize,
    end: usize,
    escaped: bool,
) {
    let value = &line[start..end];
    if escaped
        && memchr::memchr(b'\\', value.as_bytes()).is_some()
        && let Some(text) = unescape(value)
    {
        fields.copy(slot, &text);
    } else {
        fields.set(slot, start, end);
    }
}

impl Template {
    /// Reads what a line of a stretch has behind its variables, from `at` on; `text` ends where it does. Tells whether
    /// that is as it should be.
    fn rest<'l>(
        &self,
        text: &'l str,
        at: usize,
        stretch: &mut Stretch<'l>,
        line: usize,
        fields: &mut Fields<'l>,
    ) -> bool {
        let rest = &text.as_bytes()[at..];
        let Some(tail) = &self.tail else {
            return rest.is_empty();
        };
        let apart = rest.is_empty() || rest[0] == b' ' || text.as_bytes()[at - 1] == b' ';
        fields.begin(text);
        let fits = apart && tail.parse(text, at, fields).is_ok() && fields.doubts().is_empty();
        if fits {
            stretch.take(line, Some(0), fields);
        }
        fits
    }

    /// Takes a line apart, variable by variable; gives where the last one begins, and what comes after it.
    fn walk(&self, line: &str, fields: &mut Fields<'_>) -> Result<(usize, usize), Reject> {
        let bytes = line.as_bytes();
        if !bytes.starts_with(&self.begin) {
            return Err(syntax(
                format!("no `{}`", String::from_utf8_lossy(&self.begin)),
                0,
            ));
        }
        let mut at = self.begin.len();
        let mut start = at;
        for variable in &self.variables {
            start = at;
            let end = find_end(bytes, start, variable);
            let end = end.or(variable.may_end.then_some(bytes.len()));
            let Some(end) = end else {
                return Err(syntax(
                    format!("the value of `{}` does not end", variable.name),
                    start,
                ));
            };
            at = (end + variable.until.len()).min(bytes.len());
            let Some((slot, rank)) = variable.slot else {
                continue;
            };
            if &bytes[start..end] == b"-" {
                if variable.dash_is_zero && fields.rank(slot, rank).is_none() {
                    fields.copy(slot, "0");
                }
                continue;
            }
            match fields.rank(slot, rank) {
                Some(before) if before < rank => fields.keep_rank(slot, before),
                _ => put(fields, slot, line, start, end, variable.quoted),
            }
        }
        Ok((start, at))
    }
}

impl LineParser for Template {
    fn parse<'l>(
        &self,
        line: &'l str,
        _header: &Header,
        fields: &mut Fields<'l>,
    ) -> Result<(), Reject> {
        let bytes = line.as_bytes();
        let (last, at) = self.walk(line, fields)?;
        match &self.tail {
            Some(_) if bytes.get(at).is_some_and(|byte| *byte != b' ') && bytes[at - 1] != b' ' => {
                Err(syntax("no space before the tail".into(), at))
            }
            Some(tail) => tail.parse(line, at, fields),
            None if at < bytes.len() => Err(syntax("more text than the log_format has".into(), at)),
            None if self.is_open() => joined::check(bytes, last),
            None => Ok(()),
        }
    }

    fn parse_many(&self, stretch: &mut Stretch<'_>) -> LineSet {
        let Some(quick) = &self.quick else {
            return LineSet::EMPTY;
        };
        let Known {
            mut fit,
            whole,
            last,
            at,
        } = quick.read(stretch);
        let text = stretch.text().unwrap_or_default();
        if self.is_open() && !fit.is_empty() {
            let bytes = text.as_bytes();
            let two = |line: &usize| {
                joined::check(&bytes[..at[*line] as usize], last[*line] as usize).is_err()
            };
            for line in fit.iter().filter(two) {
                fit.remove(line);
                stretch.empty(line);
            }
        }
        let mut fields = Fields::default();
        for line in (fit - whole).iter() {
            let (at, end) = (at[line] as usize, stretch.lines()[line].end as usize);
            if !self.rest(&text[..end], at, stretch, line, &mut fields) {
                fit.remove(line);
                stretch.empty(line);
            }
        }
        fit
    }

    fn fills(&self) -> Vec<usize> {
        self.fills.clone()
    }

    fn field_names(&self, line: &str) -> Vec<String> {
        let names = self.variables.iter().map(|variable| variable.name.clone());
        let after = line.rsplit('"').next().unwrap_or_default();
        let tail = after.split(' ').filter_map(|field| field.split_once('='));
        names
            .chain(
                tail.map(|(name, _)| name.to_string())
                    .filter(|_| self.tail.is_some()),
            )
            .collect()
    }

    fn time(&self) -> Option<TimeFormat> {
        self.time
    }
}

/// Undoes `\"`, `\\`, `\xHH` and C's escapes; `None` where what comes out is no text.
pub(crate) fn unescape(text: &str) -> Option<String> {
    let mut plain = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            plain.push(byte);
            continue;
        }
        match bytes.next()? {
            b'x' => {
                let digit = |byte: Option<u8>| Some(char::from(byte?).to_digit(16)? as u8);
                let (high, low) = (digit(bytes.next())?, digit(bytes.next())?);
                plain.push(high * 16 + low);
            }
            b'n' => plain.push(b'\n'),
            b'r' => plain.push(b'\r'),
            b't' => plain.push(b'\t'),
            b'v' => plain.push(0x0b),
            b'b' => plain.push(0x08),
            other => plain.push(other),
        }
    }
    String::from_utf8(plain).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone_where_text_comes_out() {
        assert_eq!(
            unescape(r#"a \"b\" \\ \x22\xEA\xB0\x80"#).as_deref(),
            Some("a \"b\" \\ \"가")
        );
        assert_eq!(unescape(r"\xff"), None);
        assert_eq!(unescape(r"\x2"), None);
    }
}
