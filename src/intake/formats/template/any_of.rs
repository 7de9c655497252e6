//! Lines that a product writes by one of several templates, as its versions do.

use crate::intake::blocks::fields::Fields;
use crate::intake::blocks::line_set::LineSet;
use crate::intake::blocks::stretch::Stretch;
use crate::intake::formats::parser::{Header, LineParser};
use crate::intake::reject::Reject;

/// Takes each line apart by the first parser that reads it.
///
/// A line that none reads is a reject for what the first one says.
#[derive(Debug)]
pub struct AnyOf(Vec<Box<dyn LineParser>>);

impl AnyOf {
    /// Makes a parser of those that could be made; the error is that of the first one if none could.
    pub fn parser(
        made: impl IntoIterator<Item = Result<Box<dyn LineParser>, String>>,
    ) -> Result<Box<dyn LineParser>, String> {
        let (mut parsers, mut first_error) = (Vec::new(), None);
        for parser in made {
            match parser {
                Ok(parser) => parsers.push(parser),
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        match first_error {
            Some(error) if parsers.is_empty() => Err(error),
            _ => Ok(Box::new(AnyOf(parsers))),
        }
    }
}

impl LineParser for AnyOf {
    fn parse<'l>(
        &self,
        line: &'l str,
        header: &Header,
        fields: &mut Fields<'l>,
    ) -> Result<(), Reject> {
        let mut first = None;
        for parser in &self.0 {
            match parser.parse(line, header, fields) {
                Ok(()) => return Ok(()),
                Err(reject) => first = first.or(Some(reject)),
            }
            fields.begin(line);
        }
        first.map_or(Ok(()), Err)
    }

    /// The lines of a log are mostly of one version, so the first parser that reads any reads all it can.
    fn parse_many(&self, stretch: &mut Stretch<'_>) -> LineSet {
        let read = self.0.iter().map(|parser| parser.parse_many(stretch));
        read.into_iter()
            .find(|read| !read.is_empty())
            .unwrap_or(LineSet::EMPTY)
    }

    fn fills(&self) -> Vec<usize> {
        let mut fills: Vec<usize> = self.0.iter().flat_map(|parser| parser.fills()).collect();
        fills.sort_unstable();
        fills.dedup();
        fills
    }

    fn field_names(&self, line: &str) -> Vec<String> {
        let names = self.0.iter().map(|parser| parser.field_names(line));
        names.max_by_key(Vec::len).unwrap_or_default()
    }

    fn time(&self) -> Option<crate::case::TimeFormat> {
        self.0.first().and_then(|parser| parser.time())
    }
}
