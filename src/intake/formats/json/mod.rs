//! Engine for JSON objects (RFC 8259), with dotted paths to the wanted fields.
//!
//! The scanner walks an object once and copies nothing but strings with escapes. It checks all of it,
//! so what is called a row is valid JSON; it recurses as deep as the wanted paths, so depth costs no
//! stack. Lines that look alike are walked once: their layout finds the values of the others. In a path
//! `a.b` leads to the member `b` of `a`, or to a member whose name is `a.b`; a number leads to an element
//! of an array, from 0.
//!
//! Reasons: `json_syntax`, `duplicate_field` (a wanted field is there twice: which one counts cannot be
//! known), `field_type`, and `no_claims` (where claims of a token should be, there is something else), which
//! makes no reject: it may be a token.

mod escapes;
mod layout;
mod scanner;

use std::borrow::Cow;

use layout::{Layouts, find_specials};
use scanner::{Scanner, is_registered};

use super::{Fields, Header, LineParser, LineSet, Stretch, Wanted};
use crate::bytes::Mark;
use crate::intake::reject::Reject;

/// A key, its mark, and where it leads.
#[derive(Debug)]
struct Child {
    key: Box<[u8]>,
    mark: Mark,
    node: Node,
    /// Whether it is a registered claim that fills no slot by which a token is known.
    is_other: bool,
}

/// A node of the wanted paths: where a key leads.
#[derive(Debug, Default)]
struct Node {
    children: Vec<Child>,
    /// The slots to fill, each with its rank: 0 is the best source.
    slots: Vec<(usize, u8)>,
    /// The slots of a token's claims that what is below it fills, bit by bit.
    claims: u64,
}

impl Node {
    fn child(&mut self, name: &str) -> &mut Node {
        let known = self
            .children
            .iter()
            .position(|child| *child.key == *name.as_bytes());
        let index = known.unwrap_or_else(|| {
            self.children.push(Child {
                key: name.as_bytes().into(),
                mark: Mark::new(&before_value(name)),
                node: Node::default(),
                is_other: false,
            });
            self.children.len() - 1
        });
        &mut self.children[index].node
    }

    fn insert(&mut self, path: &str, slot: (usize, u8), claims: u64) {
        for (at, _) in path.match_indices('.') {
            let child = self.child(&path[..at]);
            child.insert(&path[at + 1..], slot, claims);
            child.claims |= 1 << slot.0 & claims;
        }
        self.child(path).slots.push(slot);
    }

    /// Marks the claims that tell of no token by their slots.
    fn mark(&mut self, claims: u64) {
        for child in &mut self.children {
            let mut slots = child.node.slots.iter();
            let known = child.node.claims != 0 || slots.any(|(slot, _)| claims >> slot & 1 == 1);
            child.is_other = self.claims != 0 && !known && is_registered(&child.key);
            child.node.mark(claims);
        }
    }

    /// Whether elements of an array are wanted.
    fn has_elements(&self) -> bool {
        let is_index =
            |child: &Child| !child.key.is_empty() && child.key.iter().all(u8::is_ascii_digit);
        self.children.iter().any(is_index)
    }
}

/// What becomes of the fields once found, where they need more than a name.
pub type Finish = fn(&mut Fields<'_>) -> Result<(), Reject>;

/// The parser.
#[derive(Debug)]
pub struct Json {
    root: Node,
    fills: Vec<usize>,
    finish: Option<Finish>,
}

impl Json {
    /// A parser that puts the field at each dotted path into its slot; of several paths for one slot
    /// the earlier wins.
    pub fn new(wanted: &Wanted, finish: Option<Finish>) -> Self {
        let mut root = Node::default();
        let mut fills: Vec<usize> = Vec::new();
        for (slot, path) in &wanted.fields {
            let rank = fills.iter().filter(|filled| *filled == slot).count();
            let rank = u8::try_from(rank).unwrap_or(u8::MAX);
            root.insert(path, (*slot, rank), wanted.claims);
            fills.push(*slot);
        }
        root.mark(wanted.claims);
        Json {
            root,
            fills,
            finish,
        }
    }
}

impl LineParser for Json {
    fn parse<'l>(
        &self,
        line: &'l str,
        _header: &Header,
        fields: &mut Fields<'l>,
    ) -> Result<(), Reject> {
        Scanner::at(line, 0).whole(&self.root, fields)?;
        match self.finish {
            Some(finish) => finish(fields),
            None => Ok(()),
        }
    }

    fn parse_many(&self, stretch: &mut Stretch<'_>) -> LineSet {
        let Some(text) = stretch.short_text() else {
            return LineSet::EMPTY;
        };
        let mut fields = Fields::default();
        let memory = stretch.memory.take();
        let known = memory.and_then(|memory| memory.downcast::<Layouts>().ok());
        let mut layouts = known.unwrap_or_default();
        find_specials(stretch);
        let mut read = layouts.read(stretch, stretch.all());
        let mut left = stretch.all() - read;
        // The first of the others may look as some of them do.
        while let Some(line) = left.iter().next().filter(|_| layouts.may_learn()) {
            left.remove(line);
            let whole = &text[stretch.lines()[line].range()];
            fields.begin(whole);
            let mut scanner = Scanner::at(whole, 0);
            let found = scanner.whole(&self.root, &mut fields);
            if found.is_err() || !fields.doubts().is_empty() {
                layouts.miss();
                continue;
            }
            let base = stretch.lines()[line].start as usize;
            stretch.take(line, Some(base), &fields);
            read.insert(line);
            if layouts.learn(whole, &fields, scanner.others()) {
                let alike = layouts.read_by_newest(stretch, left);
                read |= alike;
                left -= alike;
            }
        }
        stretch.memory = Some(layouts);
        let Some(finish) = self.finish else {
            return read;
        };
        for line in read.iter() {
            stretch.give(line, &mut fields);
            stretch.empty(line);
            match finish(&mut fields) {
                Ok(()) => stretch.take(line, Some(0), &fields),
                Err(_) => read.remove(line),
            }
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

/// The dotted paths of all fields of an object.
pub fn names(line: &str) -> Vec<String> {
    let mut names = Vec::new();
    let Ok(serde_json::Value::Object(object)) = serde_json::from_str(line) else {
        return names;
    };
    let mut pending: Vec<(String, serde_json::Value)> = object.into_iter().collect();
    while let Some((name, value)) = pending.pop() {
        match value {
            serde_json::Value::Object(inner) => {
                pending.extend(
                    inner
                        .into_iter()
                        .map(|(key, value)| (format!("{name}.{key}"), value)),
                );
            }
            serde_json::Value::Array(inner) => {
                pending.extend(
                    inner
                        .into_iter()
                        .take(1)
                        .map(|value| (format!("{name}.0"), value)),
                );
            }
            _ => names.push(name),
        }
    }
    names.sort();
    names
}

impl Child {
    fn name(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.key)
    }
}

/// A key as it mostly stands before its value; nothing where it may be written in several ways.
fn before_value(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
    if name.bytes().all(plain) {
        format!("\"{name}\":")
    } else {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::reject::Reason;

    pub(crate) fn wanted(fields: &[(usize, &str)], claims: u64) -> Wanted {
        let fields = fields.iter().map(|(slot, path)| (*slot, path.to_string()));
        Wanted {
            fields: fields.collect(),
            claims,
            log_format: None,
        }
    }

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
}
