//! Walks a JSON object (RFC 8259) once, checks all of it, and fills the slots of the wanted fields.

use std::borrow::Cow;

use super::escapes::unescape;
use super::{Child, Fields, Node};
use crate::bytes::{quote_end, same, special, word};
use crate::intake::blocks::fields::{says_nothing, slots};
use crate::intake::reject::{Reason, Reject};

/// The registered claims of RFC 7519, section 4.1: whatever has one of them is about a token.
const REGISTERED: [&str; 7] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];

/// Walks JSON text.
pub(crate) struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// What makes a line other than those of its layout.
    others: Vec<Other>,
}

/// A stretch of a line that stands beside a token's claims, or in their place: where it says something and they do
/// not, there is a token that cannot be read. Without claims it is an array that says nothing, as another line's
/// may not.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Other {
    /// The slots of the claims, bit by bit.
    pub(crate) claims: u64,
    pub(crate) start: usize,
    pub(crate) end: usize,
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
    pub(crate) fn at(text: &'a str, at: usize) -> Self {
        Scanner {
            text,
            bytes: text.as_bytes(),
            at,
            others: Vec::new(),
        }
    }

    /// What makes a line other than those of its layout.
    pub(crate) fn others(&self) -> &[Other] {
        &self.others
    }

    /// Where it is.
    pub(crate) fn place(&self) -> usize {
        self.at
    }

    #[cold]
    fn syntax(&self, what: &str) -> Reject {
        Reject::new(Reason::JsonSyntax, format!("{what} at byte {}", self.at))
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

    /// Walks a text that is one object.
    pub(crate) fn whole(&mut self, node: &Node, fields: &mut Fields<'a>) -> Result<(), Reject> {
        self.white_space();
        self.object(node, fields)?;
        self.white_space();
        if self.at != self.bytes.len() {
            return Err(self.syntax("more text after the object"));
        }
        self.doubt_claims(fields);
        Ok(())
    }

    /// Doubts claims that say nothing where something else does.
    #[inline]
    fn doubt_claims(&self, fields: &mut Fields<'a>) {
        for other in &self.others {
            let mut claims = slots(other.claims);
            let mut said = || claims.any(|slot| fields.says(slot));
            if !said() && tells(&self.text[other.start..other.end]) {
                let detail = "there is something, but no claim that is known";
                fields.doubt(other.claims, Reject::new(Reason::NoClaims, detail));
            }
        }
    }

    /// Notes what begins at `start` and ends here.
    fn other(&mut self, claims: u64, start: usize) {
        self.others.push(Other {
            claims,
            start,
            end: self.at,
        });
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
                    self.child(node, child, fields)?;
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
                self.child(node, &node.children[index], fields)
            }
            None => {
                let start = self.at;
                self.skip()?;
                let claims = beside(node, &key);
                if claims != 0 {
                    self.other(claims, start);
                }
                Ok(())
            }
        }
    }

    /// Walks a wanted member of an object.
    #[inline]
    fn child(&mut self, node: &Node, child: &Child, fields: &mut Fields<'a>) -> Result<(), Reject> {
        let start = self.at;
        self.wanted(child, fields)?;
        if child.is_other {
            self.other(node.claims, start);
        }
        Ok(())
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
        if node.children.is_empty() {
            return self.value(child, fields);
        }
        let start = self.at;
        match self.peek() {
            b'{' => return self.object(node, fields),
            b'[' => {
                self.array(node, fields)?;
                if node.has_elements() {
                    return Ok(());
                }
            }
            _ if node.slots.is_empty() => self.skip()?,
            _ => return self.value(child, fields),
        }
        if node.claims != 0 {
            self.other(node.claims, start);
        }
        Ok(())
    }

    /// Takes a text or a number, or an array of them.
    #[inline]
    fn value(&mut self, child: &Child, fields: &mut Fields<'a>) -> Result<(), Reject> {
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
            _ => {
                let start = self.at;
                self.skip()?;
                self.list(child, start, fields)
            }
        }
    }

    /// Takes the texts of an array as one: so a header that was sent several times reads (RFC 9110, section
    /// 5.3), and some writers make an array of each header.
    #[cold]
    fn list(&mut self, child: &Child, start: usize, fields: &mut Fields<'a>) -> Result<(), Reject> {
        let raw = &self.text[start..self.at];
        let mut texts = Vec::new();
        let mut inner = Scanner::at(raw, 0);
        let mut plain = inner.peek() == b'[';
        inner.at += 1;
        inner.white_space();
        while plain && inner.peek() != b']' {
            match inner.peek() {
                b'"' => {
                    let string = inner.string()?;
                    let text = unescape(string.raw).ok_or_else(|| self.syntax("a bad escape"))?;
                    texts.push(text);
                }
                b'-' | b'0'..=b'9' => {
                    let start = inner.at;
                    inner.number()?;
                    texts.push(raw[start..inner.at].to_string());
                }
                b'n' => inner.literal()?,
                _ => plain = false,
            }
            inner.white_space();
            if inner.peek() == b',' {
                inner.at += 1;
                inner.white_space();
            }
        }
        let slots = child.node.slots.iter();
        let slots = slots.fold(0, |slots, (slot, _)| slots | 1 << slot);
        if !plain {
            let detail = format!("`{}` is neither text nor a number", child.name());
            fields.doubt(slots, Reject::new(Reason::FieldType, detail));
            return Ok(());
        }
        if texts.iter().all(|text| says_nothing(text)) {
            // Another line may say something there.
            self.other(0, start);
            return Ok(());
        }
        let text = texts.join(", ");
        let detail = format!("`{}` is an array", child.name());
        fields.doubt(slots, Reject::new(Reason::Joined, detail));
        fill(child, fields, |fields, slot| fields.copy(slot, &text))
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
                // Zeros are what a crash leaves of a line; other control characters are what some writers leave
                // of what clients send.
                Some(0) => return Err(self.syntax("a zero byte in a string")),
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
            // JSON has no `\xHH`; servers that escape for their own formats write it into a template of JSON.
            Some(kind @ (b'u' | b'x')) => {
                let end = self.at + if *kind == b'u' { 6 } else { 4 };
                let hex = self.bytes.get(self.at + 2..end);
                if !hex.is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)) {
                    return Err(self.syntax("a bad escape"));
                }
                self.at = end;
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
    pub(crate) fn number(&mut self) -> Result<(), Reject> {
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
                let twice = format!("`{}` is there twice", child.name());
                fields.doubt(1 << slot, Reject::new(Reason::DuplicateField, twice));
            }
            Some(before) if before < *rank => fields.keep_rank(*slot, before),
            Some(_) => put(fields, *slot),
        }
    }
    Ok(())
}

/// The slots of the claims beside which a member that is not wanted stands, if it is a claim too: in their object,
/// or where names have its path (`pass.aud`).
#[inline]
fn beside(node: &Node, key: &str) -> u64 {
    if node.claims != 0 && is_registered(key.as_bytes()) {
        return node.claims;
    }
    match key.rsplit_once('.') {
        Some((object, name)) if is_registered(name.as_bytes()) => {
            let object = find(&node.children, object.as_bytes());
            object.map_or(0, |index| node.children[index].node.claims)
        }
        _ => 0,
    }
}

/// Whether a name is that of a registered claim.
pub(crate) fn is_registered(name: &[u8]) -> bool {
    REGISTERED.iter().any(|claim| claim.as_bytes() == name)
}

#[inline]
fn find(children: &[Child], key: &[u8]) -> Option<usize> {
    children.iter().position(|child| same(&child.key, key))
}

/// Whether any value in a stretch of JSON tells of anything: by what is written, as a layout knows it.
#[cold]
fn tells(raw: &str) -> bool {
    let bytes = raw.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                let Some(end) = quote_end(bytes, at + 1) else {
                    return true;
                };
                let is_key = bytes[end + 1..].trim_ascii_start().first() == Some(&b':');
                if !is_key && !says_nothing(&raw[at + 1..end]) {
                    return true;
                }
                at = end + 1;
            }
            // A number, or `true`.
            b'-' | b'0'..=b'9' | b't' => return true,
            _ => at += 1,
        }
    }
    false
}
