//! JSON lines (RFC 8259, one object a line), with dotted paths to the mapped fields.
//!
//! The scanner walks a line once and copies nothing but strings with escapes. It checks all of the
//! line, so what is called a row is valid JSON; it does not recurse, so depth costs no stack.
//!
//! Reasons: `json_syntax`, `field_type` (a mapped field is an object, an array or a truth value),
//! `duplicate_field` (a mapped field is there twice: which one counts cannot be known).

use std::borrow::Cow;

use super::{LineParser, Reject, Slots};

/// A node of the mapping: where a key leads.
#[derive(Debug, Default)]
struct Node {
    children: Vec<(Box<[u8]>, Node)>,
    slots: Vec<usize>,
}

/// The parser.
#[derive(Debug)]
pub struct JsonLines {
    root: Node,
}

impl JsonLines {
    /// A parser that puts the field at each dotted path into its slot.
    pub fn new(mapping: &[(usize, &str)]) -> Self {
        let mut root = Node::default();
        for (slot, path) in mapping {
            let mut node = &mut root;
            for name in path.split('.') {
                let known = node
                    .children
                    .iter()
                    .position(|(key, _)| **key == *name.as_bytes());
                let index = known.unwrap_or_else(|| {
                    node.children
                        .push((name.as_bytes().into(), Node::default()));
                    node.children.len() - 1
                });
                node = &mut node.children[index].1;
            }
            node.slots.push(*slot);
        }
        JsonLines { root }
    }
}

impl LineParser for JsonLines {
    fn parse<'a>(&self, line: &'a str, slots: &mut Slots<'a>) -> Result<(), Reject> {
        let mut scanner = Scanner {
            text: line,
            bytes: line.as_bytes(),
            at: 0,
        };
        scanner.white_space();
        scanner.object(&self.root, slots)?;
        scanner.white_space();
        if scanner.at != scanner.bytes.len() {
            return Err(scanner.syntax("more text after the object"));
        }
        Ok(())
    }

    fn field_names(&self, line: &str) -> Vec<String> {
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
                _ => names.push(name),
            }
        }
        names.sort();
        names
    }
}

struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

/// A string as it stands between its quotes.
struct Quoted<'a> {
    raw: &'a str,
    escaped: bool,
}

impl<'a> Scanner<'a> {
    fn syntax(&self, what: &str) -> Reject {
        Reject::new("json_syntax", format!("{what} at byte {}", self.at))
    }

    fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    fn white_space(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\r' | b'\n') {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), Reject> {
        if self.peek() != byte {
            return Err(self.syntax(&format!("no `{}`", byte as char)));
        }
        self.at += 1;
        Ok(())
    }

    /// Walks an object; the recursion is as deep as the mapping, never as the line.
    fn object(&mut self, node: &Node, slots: &mut Slots<'a>) -> Result<(), Reject> {
        self.expect(b'{')?;
        self.white_space();
        if self.peek() == b'}' {
            self.at += 1;
            return Ok(());
        }
        let mut guess = 0;
        loop {
            self.white_space();
            let key = self.string()?;
            let key = if key.escaped {
                Cow::Owned(unescape(key.raw).ok_or_else(|| self.syntax("a bad escape"))?)
            } else {
                Cow::Borrowed(key.raw)
            };
            self.white_space();
            self.expect(b':')?;
            self.white_space();
            let found = find(&node.children, key.as_bytes(), guess);
            match found {
                Some(index) => {
                    guess = index + 1;
                    self.mapped(&node.children[index].1, &key, slots)?;
                }
                None => self.skip()?,
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

    fn mapped(&mut self, node: &Node, key: &str, slots: &mut Slots<'a>) -> Result<(), Reject> {
        if self.peek() == b'{' && !node.children.is_empty() {
            return self.object(node, slots);
        }
        let value = match self.peek() {
            b'"' => {
                let string = self.string()?;
                Some(if string.escaped {
                    Cow::Owned(unescape(string.raw).ok_or_else(|| self.syntax("a bad escape"))?)
                } else {
                    Cow::Borrowed(string.raw)
                })
            }
            b'-' | b'0'..=b'9' => {
                let start = self.at;
                self.number()?;
                Some(Cow::Borrowed(&self.text[start..self.at]))
            }
            b'n' => {
                self.literal()?;
                None
            }
            _ if node.slots.is_empty() => {
                self.skip()?;
                None
            }
            _ => {
                self.skip()?;
                return Err(Reject::new(
                    "field_type",
                    format!("`{key}` is neither text nor a number"),
                ));
            }
        };
        if let Some(value) = value {
            for slot in &node.slots {
                if slots[*slot].is_some() {
                    return Err(Reject::new(
                        "duplicate_field",
                        format!("`{key}` is there twice"),
                    ));
                }
                slots[*slot] = Some(value.clone());
            }
        }
        Ok(())
    }

    fn string(&mut self) -> Result<Quoted<'a>, Reject> {
        self.expect(b'"')?;
        let start = self.at;
        let mut escaped = false;
        loop {
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
        Ok(Quoted { raw, escaped })
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

    fn number(&mut self) -> Result<(), Reject> {
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

/// Looks for `key`, first where it is likely: fields come in the same order line after line.
fn find(children: &[(Box<[u8]>, Node)], key: &[u8], guess: usize) -> Option<usize> {
    if children.get(guess).is_some_and(|(name, _)| **name == *key) {
        return Some(guess);
    }
    children.iter().position(|(name, _)| **name == *key)
}

/// The text that a JSON string stands for; `None` for a lone surrogate, which no text can hold.
fn unescape(raw: &str) -> Option<String> {
    serde_json::from_str(&format!("\"{raw}\"")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<[Option<String>; 3], &'static str> {
        let parser = JsonLines::new(&[(0, "a"), (1, "b.c"), (2, "d")]);
        let mut slots = Slots::default();
        parser
            .parse(line, &mut slots)
            .map_err(|reject| reject.reason)?;
        Ok([0, 1, 2].map(|slot: usize| slots[slot].as_deref().map(str::to_string)))
    }

    #[test]
    fn fills_slots_by_dotted_path() {
        let row = parse(r#" {"x":[1,{"a":2}],"a":"é\n","b":{"z":{},"c":-1.5e3},"d":null} "#);
        assert_eq!(row, Ok([Some("é\n".into()), Some("-1.5e3".into()), None]));
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
            ("\0\0\0", "json_syntax"),
            (r#"{"a":1,"a":2}"#, "duplicate_field"),
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
