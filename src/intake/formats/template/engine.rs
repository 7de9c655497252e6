//! The parser of lines that a template describes.

use super::build;
use super::joined;
use super::pieces::{Piece, Style};
use super::quick::{Quick, QuickRead};
use super::tail::Tail;
use super::value::{put, syntax};
use super::variable::{Content, Variable};
use crate::case::TimeFormat;
use crate::frames::Frame;
use crate::intake::blocks::fields::Fields;
use crate::intake::blocks::line_set::LineSet;
use crate::intake::blocks::stretch::Stretch;
use crate::intake::formats::parser::{Header, LineParser, Wanted};
use crate::intake::reject::Reject;

/// Makes a parser of lines as `pieces` describe them and a server writes them in this style.
pub fn parser(
    pieces: &[Piece],
    style: &Style,
    frame: &Frame,
    wanted: &Wanted,
) -> Result<Box<dyn LineParser>, String> {
    Ok(Box::new(Template::new(pieces, style, frame, wanted)?))
}

/// Takes lines apart by a template.
#[derive(Debug)]
struct Template {
    /// What each line begins with.
    begin: Box<[u8]>,
    variables: Vec<Variable>,
    /// What may follow the variables; `None` if nothing may.
    tail: Option<Tail>,
    /// Reads most lines, if the template is simple enough.
    quick: Option<Quick>,
    fills: Vec<usize>,
    time: Option<TimeFormat>,
}

impl Template {
    fn new(
        pieces: &[Piece],
        style: &Style,
        frame: &Frame,
        wanted: &Wanted,
    ) -> Result<Self, String> {
        let (begin, mut variables) = build::variables(pieces, style)?;
        let tail = build::fill_mapped(&mut variables, wanted, style)?;
        let (meant, time) = build::fill_meant(&mut variables, style.meanings, frame, wanted);
        build::end_last_word(&mut variables, frame, style.words);
        let mapped = wanted.fields.iter().map(|(slot, _)| *slot);
        Ok(Template {
            quick: Quick::new(&begin, &variables, tail.as_ref()),
            fills: mapped.chain(meant).collect(),
            begin,
            variables,
            tail,
            time,
        })
    }

    /// Whether any text may end a line: the last variable takes it, and nobody looks at it.
    fn is_open(&self) -> bool {
        self.tail.is_none() && self.variables.last().is_some_and(Variable::is_open)
    }

    /// Takes a line apart, variable by variable. Returns where the value of the last one begins, and where
    /// what follows it does.
    fn walk(&self, line: &str, fields: &mut Fields<'_>) -> Result<(usize, usize), Reject> {
        let bytes = line.as_bytes();
        if !bytes.starts_with(&self.begin) {
            let begin = String::from_utf8_lossy(&self.begin);
            return Err(syntax(&format!("no `{begin}`"), 0));
        }
        let mut at = self.begin.len();
        let mut start = at;
        for variable in &self.variables {
            start = at;
            let Some(end) = variable.value_end(bytes, start) else {
                let what = format!("the value of `{}` does not end", variable.name);
                return Err(syntax(&what, start));
            };
            // A value that the line's end ended has nothing behind it.
            at = (end + variable.until.len()).min(bytes.len());
            let Some((slot, rank)) = variable.slot else {
                continue;
            };
            if &bytes[start..end] == b"-" {
                let is_zero = variable.content == Content::Count;
                if is_zero && fields.swap_rank(slot, rank).is_none() {
                    fields.copy(slot, "0");
                }
                continue;
            }
            match fields.swap_rank(slot, rank) {
                Some(before) if before < rank => fields.restore_rank(slot, before),
                _ => put(fields, slot, line, start, end, variable.is_quoted()),
            }
        }
        Ok((start, at))
    }

    /// Takes those lines out of `read.fit` in whose last value another line stands.
    fn refuse_second_lines(&self, stretch: &mut Stretch<'_>, text: &str, read: &mut QuickRead) {
        let is_two = |line: &usize| {
            let (start, end) = (read.last_start[*line], read.rest[*line]);
            let bytes = &text.as_bytes()[..end as usize];
            joined::refuse_second_line(bytes, start as usize).is_err()
        };
        let two: LineSet = read.fit.iter().filter(is_two).collect();
        read.fit -= two;
        two.iter().for_each(|line| stretch.clear_line(line));
    }

    /// Reads what a line of a stretch has behind its variables, from `at` on; `text` ends with the line.
    /// Tells whether it is as it should be and has no doubts.
    fn read_rest<'l>(
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
        let is_apart = rest.is_empty() || rest[0] == b' ' || text.as_bytes()[at - 1] == b' ';
        fields.begin(text);
        let fits = is_apart && tail.parse(text, at, fields).is_ok() && fields.doubts().is_empty();
        if fits {
            stretch.store_fields(line, Some(0), fields);
        }
        fits
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
                Err(syntax("no space before the tail", at))
            }
            Some(tail) => tail.parse(line, at, fields),
            None if at < bytes.len() => Err(syntax("more text than the log_format has", at)),
            None if self.is_open() => joined::refuse_second_line(bytes, last),
            None => Ok(()),
        }
    }

    fn parse_many(&self, stretch: &mut Stretch<'_>) -> LineSet {
        let Some(quick) = &self.quick else {
            return LineSet::EMPTY;
        };
        let mut read = quick.read(stretch);
        let text = stretch.text().unwrap_or_default();
        if self.is_open() && !read.fit.is_empty() {
            self.refuse_second_lines(stretch, text, &mut read);
        }
        let mut fields = Fields::default();
        for line in (read.fit - read.complete).iter() {
            let (at, end) = (read.rest[line] as usize, stretch.lines()[line].end as usize);
            if !self.read_rest(&text[..end], at, stretch, line, &mut fields) {
                read.fit.remove(line);
                stretch.clear_line(line);
            }
        }
        read.fit
    }

    fn fills(&self) -> Vec<usize> {
        self.fills.clone()
    }

    fn field_names(&self, line: &str) -> Vec<String> {
        let variables = self.variables.iter().map(|variable| variable.name.clone());
        let behind = line.rsplit('"').next().filter(|_| self.tail.is_some());
        let fields = behind.unwrap_or_default().split(' ');
        let named = fields.filter_map(|field| field.split_once('='));
        variables
            .chain(named.map(|(name, _)| name.to_string()))
            .collect()
    }

    fn time(&self) -> Option<TimeFormat> {
        self.time
    }
}
