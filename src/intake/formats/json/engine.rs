//! The parser of JSON objects: alone by the scanner, many at once by their layouts.

use super::layout::find_specials;
use super::layouts::Layouts;
use super::names::names;
use super::paths::Node;
use super::scanner::Scanner;
use crate::frames::Frame;
use crate::intake::blocks::fields::Fields;
use crate::intake::blocks::line_set::LineSet;
use crate::intake::blocks::stretch::Stretch;
use crate::intake::formats::parser::{Header, LineParser, Wanted};
use crate::intake::reject::Reject;

/// What a format still does to the fields once they are found, if renaming them is not enough.
pub type Finish = fn(&mut Fields<'_>);

/// Makes the parser of a format that only renames fields.
pub fn plain(_frame: &'static Frame, wanted: &Wanted) -> Result<Box<dyn LineParser>, String> {
    Ok(Box::new(Json::new(wanted, None)))
}

/// Makes the parser of a format that still changes the fields once they are found.
pub fn finished(wanted: &Wanted, finish: Finish) -> Result<Box<dyn LineParser>, String> {
    Ok(Box::new(Json::new(wanted, Some(finish))))
}

/// Puts the field at each wanted path into its slot.
#[derive(Debug)]
struct Json {
    root: Node,
    /// Whether lines may be read by their layouts. A layout does not look at the text by which an element
    /// of an array is wanted.
    has_layouts: bool,
    fills: Vec<usize>,
    finish: Option<Finish>,
}

impl Json {
    fn new(wanted: &Wanted, finish: Option<Finish>) -> Self {
        let root = Node::root(wanted);
        Json {
            has_layouts: !root.has_selected_below(),
            root,
            fills: wanted.fields.iter().map(|(slot, _)| *slot).collect(),
            finish,
        }
    }

    /// Reads lines by the layouts that are known, and learns more from those that none fits.
    fn read_alike(&self, stretch: &mut Stretch<'_>, text: &str, layouts: &mut Layouts) -> LineSet {
        let mut read = layouts.read(stretch, stretch.all());
        let mut left = stretch.all() - read;
        let mut fields = Fields::default();
        // The first line that is left may have the layout of some others.
        while let Some(line) = left.iter().next().filter(|_| layouts.may_learn()) {
            left.remove(line);
            let place = stretch.lines()[line];
            let alone = &text[place.range()];
            fields.begin(alone);
            let mut scanner = Scanner::new(alone);
            let found = scanner.line(&self.root, &mut fields);
            if found.is_err() || !fields.doubts().is_empty() {
                layouts.pay_for_miss();
                continue;
            }
            stretch.store_fields(line, Some(place.start as usize), &fields);
            read.insert(line);
            if layouts.learn(alone, &fields, scanner.watched()) {
                let alike = layouts.read_by_newest(stretch, left);
                read |= alike;
                left -= alike;
            }
        }
        read
    }
}

impl LineParser for Json {
    fn parse<'l>(
        &self,
        line: &'l str,
        _header: &Header,
        fields: &mut Fields<'l>,
    ) -> Result<(), Reject> {
        Scanner::new(line).line(&self.root, fields)?;
        if let Some(finish) = self.finish {
            finish(fields);
        }
        Ok(())
    }

    fn parse_many(&self, stretch: &mut Stretch<'_>) -> LineSet {
        let Some(text) = stretch.short_text().filter(|_| self.has_layouts) else {
            return LineSet::EMPTY;
        };
        let memory = stretch.memory.take();
        let known = memory.and_then(|memory| memory.downcast::<Layouts>().ok());
        let mut layouts = known.unwrap_or_default();
        find_specials(stretch);
        let read = self.read_alike(stretch, text, &mut layouts);
        stretch.memory = Some(layouts);
        let Some(finish) = self.finish else {
            return read;
        };
        let mut fields = Fields::default();
        for line in read.iter() {
            stretch.load_fields(line, &mut fields);
            stretch.clear_line(line);
            finish(&mut fields);
            // The text of `fields` is the whole stretch now, so its places count from there.
            stretch.store_fields(line, Some(0), &fields);
        }
        read
    }

    fn fills(&self) -> Vec<usize> {
        self.fills.clone()
    }

    fn field_names(&self, line: &str) -> Vec<String> {
        names(line)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::wanted;
    use super::*;
    use crate::intake::reject::Reason;

    fn parse(line: &str) -> Result<[Option<String>; 4], &'static str> {
        let fields = [(0, "a"), (1, "b.c"), (2, "d"), (2, "e"), (3, "f.0.g")];
        let parser = Json::new(&wanted(&fields, 0b10), None);
        let mut fields = Fields::default();
        fields.begin(line);
        parser
            .parse(line, &Header::default(), &mut fields)
            .map_err(|reject| reject.reason.name())?;
        let mut doubts = fields.doubts().iter();
        if let Some((_, reject)) = doubts.find(|(_, reject)| reject.reason != Reason::Joined) {
            return Err(reject.reason.name());
        }
        Ok([0, 1, 2, 3].map(|slot: usize| fields.get(slot).map(str::to_string)))
    }

    #[test]
    fn fills_slots_by_dotted_path() {
        let row = parse(r#" {"x":[1,{"a":2}],"a":"é\n","b":{"z":{},"c":-1.5e3},"d":null} "#);
        assert_eq!(
            row,
            Ok([Some("é\n".into()), Some("-1.5e3".into()), None, None])
        );
        // Escapes that are no JSON's, as clients bring them about.
        for (raw, expected) in [
            (r"\ud800", r"\ud800"),
            (r"\udc00\n", "\\udc00\n"),
            (r"\ud83d\ude00\ud83dx", "\u{1f600}\\ud83dx"),
            (r"\x22\x5Cq\xEA\\x22", r#""\q\xEA\x22"#),
        ] {
            let row = parse(&format!(r#"{{"a":"{raw}"}}"#));
            assert_eq!(row, Ok([Some(expected.into()), None, None, None]), "{raw}");
        }
        // Control characters as they are, with and without escapes beside them.
        for (raw, expected) in [("x\ty", "x\ty"), ("\u{1b}\\\"\u{1}", "\u{1b}\"\u{1}")] {
            let row = parse(&format!(r#"{{"a":"{raw}"}}"#));
            assert_eq!(
                row,
                Ok([Some(expected.into()), None, None, None]),
                "{raw:?}"
            );
        }
        for (raw, expected) in [
            (r#"["x"]"#, Some("x")),
            ("[\"x\n\", null, 7 ]", Some("x\n, 7")),
            (r#"["","x"]"#, Some(", x")),
            (r#"["","-"]"#, None),
            ("[ ]", None),
            ("[null]", None),
        ] {
            let row = parse(&format!(r#"{{"a":{raw}}}"#));
            assert_eq!(
                row,
                Ok([expected.map(str::to_string), None, None, None]),
                "{raw}"
            );
        }
        for nothing in [
            r#""""#,
            r#""-""#,
            "null",
            "false",
            "{}",
            r#"[null,""]"#,
            r#"{"x":1}"#,
            r#"{"sub":""}"#,
        ] {
            let row = parse(&format!(r#"{{"a":1,"b":{nothing}}}"#));
            assert_eq!(row, Ok([Some("1".into()), None, None, None]), "{nothing}");
        }
        let row = parse(r#"{"b.c":"flat","f":[{"y":[],"g":"first"},{"g":"second"}]}"#);
        assert_eq!(
            row,
            Ok([None, Some("flat".into()), None, Some("first".into())])
        );
    }

    #[test]
    fn of_several_sources_the_better_wins_wherever_it_stands() {
        for line in [r#"{"d":1,"e":2}"#, r#"{"e":2,"d":1}"#] {
            assert_eq!(
                parse(line).map(|row| row[2].clone()),
                Ok(Some("1".into())),
                "{line}"
            );
        }
        assert_eq!(
            parse(r#"{"e":2}"#).map(|row| row[2].clone()),
            Ok(Some("2".into()))
        );
        assert_eq!(parse(r#"{"e":2,"d":1,"d":3}"#), Err("duplicate_field"));
    }

    #[test]
    fn claims_that_say_nothing_are_doubted_where_something_else_does() {
        let fields = [
            (0, "a.b.jti"),
            (1, "a.b.sub"),
            (2, "a.b.sid"),
            (3, "f.0.jti"),
            (4, "a.b.exp"),
        ];
        let parser = Json::new(&wanted(&fields, 0b1011), None);
        let doubted = |line: &str| {
            let mut fields = Fields::default();
            fields.begin(line);
            let found = parser.parse(line, &Header::default(), &mut fields);
            assert_eq!(found, Ok(()), "{line}");
            let reasons = fields.doubts().iter().map(|(_, reject)| reject.reason);
            assert!(
                reasons.clone().all(|reason| reason == Reason::NoClaims),
                "{line}"
            );
            reasons.count() > 0
        };
        for (claims, expected) in [
            (r#""jti":"x","aud":"q""#, false),
            (r#""aud":"q","jti":"x""#, false),
            (r#""sub":7,"aud":"q""#, false),
            (r#""aud":"q""#, true),
            (r#""jti":"","aud":"q""#, true),
            (r#""jti":"-","sub":null,"nbf":1"#, true),
            (r#""jti":"","\u0061ud":["",{"x":true}]"#, true),
            (r#""jti":"","aud":{"x":"q","x":""}"#, true),
            (r#""jti":"","aud":{"\x41\ud800":""}"#, false),
            (r#""jti":"","exp":7"#, true),
            (r#""jti":"","exp":"-""#, false),
            (r#""jti":"x","exp":7"#, false),
            (r#""sid":"s","aud":"q""#, true),
            (r#""jti":"","sub":"","aud":"","nbf":null,"exp":"-""#, false),
            (r#""jti":"","aud":["",{}]"#, false),
            (r#""jti":"","sid":"s","other":"q""#, false),
            ("", false),
        ] {
            for line in [
                format!(r#"{{"a":{{"b":{{{claims}}}}}}}"#),
                format!(r#"{{"a":{{"b":{{"iat":"",{claims}}}}}}}"#).replace(",}", "}"),
            ] {
                assert_eq!(doubted(&line), expected, "{line}");
            }
        }
        for (line, expected) in [
            (r#"{"a":{"b":"x"}}"#, true),
            (r#"{"a":{"b":[{"jti":"x"}]}}"#, true),
            (r#"{"a":"x"}"#, true),
            (r#"{"a":[{"b":{"jti":"x"}}]}"#, true),
            (r#"{"a":{"sub":"x"}}"#, true),
            (r#"{"a.b.aud":"x"}"#, true),
            (r#"{"a":{"b.aud":"x"}}"#, true),
            (r#"{"a.b.jti":"x","a.b.aud":"x"}"#, false),
            (r#"{"a.b.other":"x","c.aud":"x"}"#, false),
            (r#"{"a":{"b":null,"c":"x"},"sub":"x","aud":"y"}"#, false),
            (r#"{"a":{"b":[]}}"#, false),
            (r#"{"a":{"b":["",null,{}]}}"#, false),
            (r#"{"a":"-"}"#, false),
            (r#"{"a":false,"c":"x"}"#, false),
            (r#"{"f":[{"x":"y"}]}"#, false),
            (r#"{"f":[{"aud":"y"}]}"#, true),
            (r#"{"f":["y"]}"#, true),
            (r#"{"f":[{"jti":"x"},"y"]}"#, false),
            // What counts is the line, not one object of several.
            (r#"{"a":"x","f":[{"jti":"x"}]}"#, true),
        ] {
            assert_eq!(doubted(line), expected, "{line}");
        }
    }

    #[test]
    fn says_why_a_line_is_no_row() {
        for (line, reason) in [
            (r#"{"a":1"#, "json_syntax"),
            (r#"{"a":1}}"#, "json_syntax"),
            (r#"{"a":01}"#, "json_syntax"),
            (r#"{"a":"\q"}"#, "json_syntax"),
            (r#"{"a":"\ud80"}"#, "json_syntax"),
            (r#"{"a":"\x2"}"#, "json_syntax"),
            (r#"{"x":[1,]}"#, "json_syntax"),
            (r#"{"x":{"y"}}"#, "json_syntax"),
            ("{\"a\":\"zero\0here\"}", "json_syntax"),
            ("\0\0\0", "json_syntax"),
            (r#"{"a":1,"a":2}"#, "duplicate_field"),
            (r#"{"b.c":1,"b":{"c":2}}"#, "duplicate_field"),
            (r#"{"a":true}"#, "field_type"),
            (r#"{"a":[[1]]}"#, "field_type"),
            (r#"{"a":["x",false]}"#, "field_type"),
            (r#"{"a":["x"],"a":"y"}"#, "duplicate_field"),
        ] {
            assert_eq!(parse(line), Err(reason), "{line}");
        }
    }

    #[test]
    fn depth_costs_no_stack() {
        let deep = format!(
            "{{\"x\":{}{}}}",
            "[".repeat(1_000_000),
            "]".repeat(1_000_000)
        );
        assert!(parse(&deep).is_ok());
        assert_eq!(parse(&deep[..1_500_000]), Err("json_syntax"));
    }

    #[test]
    fn a_line_whose_claims_say_nothing_fits_where_nothing_else_says_anything() {
        let asked = wanted(&[(0, "t.jti"), (1, "t.exp")], 0b1);
        let parser = Json::new(&asked, None);
        let line = |jti: &str, aud: &str, exp: &str| {
            format!(r#"{{"t":{{"jti":"{jti}","aud":["{aud}","-"],"exp":"{exp}","x":"y"}}}}"#)
        };
        let lines = [
            (line("a", "b", "c"), true),
            (line("a", "", ""), true),
            (line("", "", "-"), true),
            (line("-", "b", ""), false),
            (line("", "", "c"), false),
        ];
        let text = lines.clone().map(|(line, _)| line).join("\n");
        let mut stretch = Stretch::of(&text);
        let read = parser.parse_many(&mut stretch);
        for (place, (line, fits)) in lines.iter().enumerate() {
            assert_eq!(read.contains(place), *fits, "{line}");
        }
    }
}
