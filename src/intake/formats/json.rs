//! Engine for JSON objects (RFC 8259), with dotted paths to the wanted fields.
//!
//! The scanner walks an object once and copies nothing but strings with escapes. It checks all of it,
//! so what is called a row is valid JSON; it recurses as deep as the wanted paths, so depth costs no
//! stack. In a path `a.b` leads to the member `b` of `a`, or to a member whose name is
//! `a.b`; a number leads to an element of an array, from 0.
//!
//! Reasons: `json_syntax`, `field_type` (a wanted field is an object, an array or a truth value),
//! `duplicate_field` (a wanted field is there twice: which one counts cannot be known).

use std::borrow::Cow;

use super::{Fields, Header, LineParser, Reject};
use crate::bytes::{Mark, same, special, word};

/// A key, its mark, and where it leads.
#[derive(Debug)]
struct Child {
    key: Box<[u8]>,
    mark: Mark,
    node: Node,
}

/// A node of the wanted paths: where a key leads.
#[derive(Debug, Default)]
struct Node {
    children: Vec<Child>,
    /// The slots to fill, each with its rank: 0 is the best source.
    slots: Vec<(usize, u8)>,
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
            });
            self.children.len() - 1
        });
        &mut self.children[index].node
    }

    fn insert(&mut self, path: &str, slot: (usize, u8)) {
        for (at, _) in path.match_indices('.') {
            self.child(&path[..at]).insert(&path[at + 1..], slot);
        }
        self.child(path).slots.push(slot);
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
    pub fn new(fields: &[(usize, String)], finish: Option<Finish>) -> Self {
        let mut root = Node::default();
        let mut fills: Vec<usize> = Vec::new();
        for (slot, path) in fields {
            let rank = fills.iter().filter(|filled| *filled == slot).count();
            root.insert(path, (*slot, u8::try_from(rank).unwrap_or(u8::MAX)));
            fills.push(*slot);
        }
        Json {
            root,
            fills,
            finish,
        }
    }

    /// Walks a line that is like none before.
    fn walk<'l>(&self, line: &'l str, fields: &mut Fields<'l>) -> Result<(), Reject> {
        let mut scanner = Scanner::at(line, 0);
        scanner.white_space();
        scanner.object(&self.root, fields)?;
        scanner.white_space();
        if scanner.at != scanner.bytes.len() {
            return Err(scanner.syntax("more text after the object"));
        }
        Ok(())
    }
}

impl LineParser for Json {
    fn parse<'l>(
        &self,
        line: &'l str,
        _header: &Header,
        fields: &mut Fields<'l>,
    ) -> Result<(), Reject> {
        let mut layouts = std::mem::take(&mut fields.layouts);
        let read = if layouts.read(line, fields) {
            Ok(())
        } else {
            let read = self.walk(line, fields);
            if read.is_ok() {
                layouts.learn(line, fields);
            }
            read
        };
        fields.layouts = layouts;
        read?;
        match self.finish {
            Some(finish) => finish(fields),
            None => Ok(()),
        }
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

/// Walks JSON text.
pub(super) struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

/// A string as it stands between its quotes.
struct Quoted<'a> {
    raw: &'a str,
    start: usize,
    escaped: bool,
}

impl Quoted<'_> {
    fn end(&self) -> usize {
        self.start + self.raw.len()
    }
}

impl<'a> Scanner<'a> {
    /// Begins at an offset of `text`.
    pub(super) fn at(text: &'a str, at: usize) -> Self {
        Scanner {
            text,
            bytes: text.as_bytes(),
            at,
        }
    }

    /// Where it is.
    pub(super) fn place(&self) -> usize {
        self.at
    }

    #[cold]
    fn syntax(&self, what: &str) -> Reject {
        Reject::new("json_syntax", format!("{what} at byte {}", self.at))
    }

    #[inline]
    fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    #[inline]
    fn white_space(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\r' | b'\n') {
            self.at += 1;
        }
    }

    #[inline]
    fn expect(&mut self, byte: u8) -> Result<(), Reject> {
        if self.peek() != byte {
            return Err(self.syntax(&format!("no `{}`", byte as char)));
        }
        self.at += 1;
        Ok(())
    }

    /// Walks an object; the recursion is as deep as the wanted paths, never as the line.
    fn object(&mut self, node: &Node, fields: &mut Fields<'a>) -> Result<(), Reject> {
        self.expect(b'{')?;
        self.white_space();
        if self.peek() == b'}' {
            self.at += 1;
            return Ok(());
        }
        let mut guess = 0;
        loop {
            self.white_space();
            // Fields come in the same order line after line.
            match node
                .children
                .get(guess)
                .filter(|child| child.mark.at(self.bytes, self.at))
            {
                Some(child) => {
                    self.at += child.mark.length;
                    guess += 1;
                    self.white_space();
                    self.wanted(child, fields)?;
                }
                None => self.member(node, &mut guess, fields)?,
            }
            self.white_space();
            match self.peek() {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.syntax("no `,` or `}`")),
            }
        }
    }

    /// Walks one member, whatever its key.
    fn member(
        &mut self,
        node: &Node,
        guess: &mut usize,
        fields: &mut Fields<'a>,
    ) -> Result<(), Reject> {
        let key = self.string()?;
        let key = if key.escaped {
            Cow::Owned(unescape(key.raw).ok_or_else(|| self.syntax("a bad escape"))?)
        } else {
            Cow::Borrowed(key.raw)
        };
        self.white_space();
        self.expect(b':')?;
        self.white_space();
        match find(&node.children, key.as_bytes()) {
            Some(index) => {
                *guess = index + 1;
                self.wanted(&node.children[index], fields)
            }
            None => self.skip(),
        }
    }

    /// Walks an array of which some elements are wanted.
    fn array(&mut self, node: &Node, fields: &mut Fields<'a>) -> Result<(), Reject> {
        self.expect(b'[')?;
        self.white_space();
        if self.peek() == b']' {
            self.at += 1;
            return Ok(());
        }
        for index in 0usize.. {
            self.white_space();
            let name = index.to_string();
            match find(&node.children, name.as_bytes()) {
                Some(child) => self.wanted(&node.children[child], fields)?,
                None => self.skip()?,
            }
            self.white_space();
            match self.peek() {
                b',' => self.at += 1,
                b']' => {
                    self.at += 1;
                    break;
                }
                _ => return Err(self.syntax("no `,` or `]`")),
            }
        }
        Ok(())
    }

    #[inline]
    fn wanted(&mut self, child: &Child, fields: &mut Fields<'a>) -> Result<(), Reject> {
        let node = &child.node;
        match self.peek() {
            b'"' => {
                let string = self.string()?;
                if !string.escaped {
                    return fill(child, fields, |fields, slot| {
                        fields.set(slot, string.start, string.end())
                    });
                }
                let text = unescape(string.raw).ok_or_else(|| self.syntax("a bad escape"))?;
                fill(child, fields, |fields, slot| fields.copy(slot, &text))
            }
            b'-' | b'0'..=b'9' => {
                let start = self.at;
                self.number()?;
                let end = self.at;
                fill(child, fields, |fields, slot| fields.set(slot, start, end))
            }
            b'n' => self.literal(),
            b'{' if !node.children.is_empty() => self.object(node, fields),
            b'[' if !node.children.is_empty() => self.array(node, fields),
            _ if node.slots.is_empty() => self.skip(),
            _ => {
                self.skip()?;
                Err(Reject::new(
                    "field_type",
                    format!("`{}` is neither text nor a number", child.name()),
                ))
            }
        }
    }

    #[inline]
    fn string(&mut self) -> Result<Quoted<'a>, Reject> {
        self.expect(b'"')?;
        let start = self.at;
        let mut escaped = false;
        loop {
            while let Some(chunk) = self.bytes.get(self.at..self.at + 8) {
                let found = special(word(chunk, 0));
                if found != 0 {
                    self.at += found.trailing_zeros() as usize / 8;
                    break;
                }
                self.at += 8;
            }
            match self.bytes.get(self.at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                Some(0..=0x1f) => return Err(self.syntax("a control character in a string")),
                Some(_) => self.at += 1,
                None => return Err(self.syntax("the string does not end")),
            }
        }
        let raw = &self.text[start..self.at];
        self.at += 1;
        Ok(Quoted {
            raw,
            start,
            escaped,
        })
    }

    fn escape(&mut self) -> Result<(), Reject> {
        match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => {
                let hex = self.bytes.get(self.at + 2..self.at + 6);
                if !hex.is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)) {
                    return Err(self.syntax("a bad escape"));
                }
                self.at += 6;
            }
            _ => return Err(self.syntax("a bad escape")),
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Reject> {
        if !self.peek().is_ascii_digit() {
            return Err(self.syntax("a bad number"));
        }
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
        Ok(())
    }

    #[inline]
    pub(super) fn number(&mut self) -> Result<(), Reject> {
        if self.peek() == b'-' {
            self.at += 1;
        }
        match self.peek() {
            b'0' => self.at += 1,
            _ => self.digits()?,
        }
        if self.peek() == b'.' {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), b'e' | b'E') {
            self.at += 1;
            if matches!(self.peek(), b'+' | b'-') {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn literal(&mut self) -> Result<(), Reject> {
        for word in ["null", "true", "false"] {
            if self.text[self.at..].starts_with(word) {
                self.at += word.len();
                return Ok(());
            }
        }
        Err(self.syntax("no value"))
    }

    /// Walks over any value. Open brackets are kept in a vector, so depth costs memory, not stack.
    fn skip(&mut self) -> Result<(), Reject> {
        match self.peek() {
            b'"' => return self.string().map(drop),
            b'-' | b'0'..=b'9' => return self.number(),
            b'{' | b'[' => {}
            _ => return self.literal(),
        }
        let mut open: Vec<u8> = Vec::new();
        loop {
            self.white_space();
            match self.peek() {
                b'{' | b'[' => {
                    let bracket = self.peek();
                    self.at += 1;
                    self.white_space();
                    if self.peek() == bracket + 2 {
                        self.at += 1;
                    } else {
                        open.push(bracket);
                        if bracket == b'{' {
                            self.key()?;
                        }
                        continue;
                    }
                }
                b'"' => {
                    self.string()?;
                }
                b'-' | b'0'..=b'9' => self.number()?,
                _ => self.literal()?,
            }
            loop {
                let Some(bracket) = open.last().copied() else {
                    return Ok(());
                };
                self.white_space();
                let next = self.peek();
                self.at += 1;
                if next == b',' {
                    if bracket == b'{' {
                        self.white_space();
                        self.key()?;
                    }
                    break;
                } else if next == bracket + 2 {
                    open.pop();
                } else {
                    self.at -= 1;
                    return Err(self.syntax("no `,` or closing bracket"));
                }
            }
        }
    }

    fn key(&mut self) -> Result<(), Reject> {
        self.string()?;
        self.white_space();
        self.expect(b':')
    }
}

impl Child {
    fn name(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.key)
    }
}

/// Fills the slots of a key, a better source over a worse one; the same source twice is a reject.
#[inline]
fn fill<'a>(
    child: &Child,
    fields: &mut Fields<'a>,
    put: impl Fn(&mut Fields<'a>, usize),
) -> Result<(), Reject> {
    for (slot, rank) in &child.node.slots {
        match fields.rank(*slot, *rank) {
            None => put(fields, *slot),
            Some(before) if before == *rank => {
                return Err(Reject::new(
                    "duplicate_field",
                    format!("`{}` is there twice", child.name()),
                ));
            }
            Some(before) if before < *rank => fields.keep_rank(*slot, before),
            Some(_) => put(fields, *slot),
        }
    }
    Ok(())
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

#[inline]
fn find(children: &[Child], key: &[u8]) -> Option<usize> {
    children.iter().position(|child| same(&child.key, key))
}

/// The text that a JSON string stands for; `None` for a lone surrogate, which no text can hold.
fn unescape(raw: &str) -> Option<String> {
    serde_json::from_str(&format!("\"{raw}\"")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<[Option<String>; 4], &'static str> {
        let fields = [(0, "a"), (1, "b.c"), (2, "d"), (2, "e"), (3, "f.0.g")];
        let parser = Json::new(&fields.map(|(slot, path)| (slot, path.to_string())), None);
        let mut fields = Fields::default();
        fields.begin(line);
        parser
            .parse(line, &Header::default(), &mut fields)
            .map_err(|reject| reject.reason)?;
        Ok([0, 1, 2, 3].map(|slot: usize| fields.get(slot).map(str::to_string)))
    }

    #[test]
    fn fills_slots_by_dotted_path() {
        let row = parse(r#" {"x":[1,{"a":2}],"a":"é\n","b":{"z":{},"c":-1.5e3},"d":null} "#);
        assert_eq!(
            row,
            Ok([Some("é\n".into()), Some("-1.5e3".into()), None, None])
        );
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
    fn says_why_a_line_is_no_row() {
        for (line, reason) in [
            (r#"{"a":1"#, "json_syntax"),
            (r#"{"a":1}}"#, "json_syntax"),
            (r#"{"a":01}"#, "json_syntax"),
            (r#"{"a":"\q"}"#, "json_syntax"),
            (r#"{"a":"\ud800"}"#, "json_syntax"),
            (r#"{"x":[1,]}"#, "json_syntax"),
            (r#"{"x":{"y"}}"#, "json_syntax"),
            ("{\"a\":\"tab\there\"}", "json_syntax"),
            ("\0\0\0", "json_syntax"),
            (r#"{"a":1,"a":2}"#, "duplicate_field"),
            (r#"{"b.c":1,"b":{"c":2}}"#, "duplicate_field"),
            (r#"{"a":true}"#, "field_type"),
            (r#"{"a":[1]}"#, "field_type"),
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
