//! Moves over JSON text (RFC 8259), checks its syntax, and says where values begin and end.

use crate::bytes::{special, word};
use crate::intake::reject::{Reason, Reject};

/// A place in JSON text.
pub(super) struct Cursor<'a> {
    pub(super) text: &'a str,
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
}

/// A string as it stands between its quotes.
pub(super) struct Quoted<'a> {
    pub(super) raw: &'a str,
    pub(super) start: usize,
    pub(super) escaped: bool,
}

impl Quoted<'_> {
    pub(super) fn end(&self) -> usize {
        self.start + self.raw.len()
    }
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str, at: usize) -> Self {
        Cursor {
            text,
            bytes: text.as_bytes(),
            at,
        }
    }

    /// The reject for text that is no JSON here.
    #[cold]
    pub(super) fn syntax(&self, what: &str) -> Reject {
        Reject::new(Reason::JsonSyntax, format!("{what} at byte {}", self.at))
    }

    /// Returns the byte here, or 0 at the end: no JSON outside of strings has a zero byte.
    #[inline]
    pub(super) fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    #[inline]
    pub(super) fn white_space(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\r' | b'\n') {
            self.at += 1;
        }
    }

    #[inline]
    pub(super) fn expect(&mut self, byte: u8) -> Result<(), Reject> {
        if self.peek() != byte {
            return Err(self.syntax(&format!("no `{}`", byte as char)));
        }
        self.at += 1;
        Ok(())
    }

    /// Moves over a string.
    #[inline]
    pub(super) fn string(&mut self) -> Result<Quoted<'a>, Reject> {
        self.expect(b'"')?;
        let start = self.at;
        let mut escaped = false;
        loop {
            self.plain_text();
            match self.bytes.get(self.at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                // Zeros are what a crash leaves of a line. Other control characters are no JSON either,
                // but some writers leave those that clients send as they are.
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

    /// Moves to the next byte that ends plain text, or to fewer than eight bytes before the end.
    #[inline(always)]
    fn plain_text(&mut self) {
        while let Some(chunk) = self.bytes.get(self.at..self.at + 8) {
            let found = special(word(chunk, 0));
            if found != 0 {
                // One bit in eight can be set, the high one of a byte: the first one's byte is meant.
                self.at += found.trailing_zeros() as usize / 8;
                return;
            }
            self.at += 8;
        }
    }

    fn escape(&mut self) -> Result<(), Reject> {
        match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            // JSON has no `\xHH`, but servers that write a JSON template put their own escapes into it.
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

    /// Moves over a number.
    #[inline]
    pub(super) fn number(&mut self) -> Result<(), Reject> {
        if self.peek() == b'-' {
            self.at += 1;
        }
        match self.peek() {
            // A number has no leading zeros: more digits are then more text behind the value.
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

    /// Moves over `null`, `true` or `false`.
    pub(super) fn literal(&mut self) -> Result<(), Reject> {
        for word in ["null", "true", "false"] {
            if self.text[self.at..].starts_with(word) {
                self.at += word.len();
                return Ok(());
            }
        }
        Err(self.syntax("no value"))
    }

    /// Moves over a key and its colon.
    fn key(&mut self) -> Result<(), Reject> {
        self.string()?;
        self.white_space();
        self.expect(b':')
    }

    /// Whether the value here is an object whose member `name` is this text, both without escapes.
    pub(super) fn has_member(&mut self, name: &str, text: &str) -> Result<bool, Reject> {
        self.expect(b'{')?;
        loop {
            self.white_space();
            let is_named = self.string()?.raw == name;
            self.white_space();
            self.expect(b':')?;
            self.white_space();
            if is_named {
                return Ok(self.string()?.raw == text);
            }
            self.skip()?;
            self.white_space();
            self.expect(b',')?;
        }
    }

    /// Moves over a value that is neither an object nor an array.
    fn scalar(&mut self) -> Result<(), Reject> {
        match self.peek() {
            b'"' => self.string().map(drop),
            b'-' | b'0'..=b'9' => self.number(),
            _ => self.literal(),
        }
    }

    /// Moves over any value. It does not recurse, so a deep value costs memory and no stack.
    pub(super) fn skip(&mut self) -> Result<(), Reject> {
        if !matches!(self.peek(), b'{' | b'[') {
            return self.scalar();
        }
        let mut open: Vec<u8> = Vec::new();
        loop {
            self.white_space();
            let inside = self.enter(&mut open)?;
            if !inside && !self.next_value(&mut open)? {
                return Ok(());
            }
        }
    }

    /// Moves to the first value of an object or an array and tells so, or else over the whole value.
    /// `open` holds the opening brackets of what the cursor is in.
    fn enter(&mut self, open: &mut Vec<u8>) -> Result<bool, Reject> {
        let bracket = self.peek();
        if !matches!(bracket, b'{' | b'[') {
            self.scalar()?;
            return Ok(false);
        }
        self.at += 1;
        self.white_space();
        if self.peek() == closing(bracket) {
            self.at += 1;
            return Ok(false);
        }
        open.push(bracket);
        if bracket == b'{' {
            self.key()?;
        }
        Ok(true)
    }

    /// Moves from the end of a value to the next one, out of all that ends in between. Tells whether there
    /// is a next one.
    fn next_value(&mut self, open: &mut Vec<u8>) -> Result<bool, Reject> {
        while let Some(bracket) = open.last().copied() {
            self.white_space();
            match self.peek() {
                b',' => {
                    self.at += 1;
                    if bracket == b'{' {
                        self.white_space();
                        self.key()?;
                    }
                    return Ok(true);
                }
                byte if byte == closing(bracket) => {
                    self.at += 1;
                    open.pop();
                }
                _ => return Err(self.syntax("no `,` or closing bracket")),
            }
        }
        Ok(false)
    }
}

/// The bracket that closes `{` or `[`: in ASCII it stands two places behind.
#[inline]
fn closing(bracket: u8) -> u8 {
    bracket + 2
}
