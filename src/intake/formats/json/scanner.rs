//! Walks a JSON object once, checks all of it, and fills the slots of the wanted fields.

use std::borrow::Cow;

use super::cursor::Cursor;
use super::escapes::unescape;
use super::paths::{Child, Node};
use super::watched::{Watched, says_something};
use crate::intake::blocks::fields::{Fields, says_nothing, slots};
use crate::intake::reject::{Reason, Reject};

/// Walks one line.
pub(super) struct Scanner<'a> {
    cursor: Cursor<'a>,
    watched: Vec<Watched>,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(line: &'a str) -> Self {
        Scanner {
            cursor: Cursor::new(line, 0),
            watched: Vec::new(),
        }
    }

    /// The parts found so far that a layout of the line must look at in every other line.
    pub(super) fn watched(&self) -> &[Watched] {
        &self.watched
    }

    /// Walks the whole line, which must be one object.
    pub(super) fn line(&mut self, node: &Node, fields: &mut Fields<'a>) -> Result<(), Reject> {
        self.cursor.white_space();
        self.object(node, fields)?;
        self.cursor.white_space();
        if self.cursor.at != self.cursor.bytes.len() {
            return Err(self.cursor.syntax("more text after the object"));
        }
        self.doubt_claims(fields);
        Ok(())
    }

    /// Doubts the claims that say nothing although something beside them, or in their place, does.
    #[inline]
    fn doubt_claims(&self, fields: &mut Fields<'a>) {
        for part in &self.watched {
            let claims_say = slots(part.claims).any(|slot| fields.has_value(slot));
            if !claims_say && says_something(&self.cursor.text[part.start..part.end]) {
                let detail = "there is something, but no claim that is known";
                fields.doubt(part.claims, Reject::new(Reason::NoClaims, detail));
            }
        }
    }

    /// Notes a part of the line that begins at `start` and ends here.
    fn watch(&mut self, claims: u64, start: usize) {
        self.watched.push(Watched {
            claims,
            start,
            end: self.cursor.at,
        });
    }

    /// Walks an object. The recursion is as deep as the wanted paths, however deep the line is.
    fn object(&mut self, node: &Node, fields: &mut Fields<'a>) -> Result<(), Reject> {
        self.cursor.expect(b'{')?;
        self.cursor.white_space();
        if self.cursor.peek() == b'}' {
            self.cursor.at += 1;
            return Ok(());
        }
        let mut guess = 0;
        loop {
            self.cursor.white_space();
            // Writers keep the order of fields line after line, so the next wanted key is tried first.
            let guessed = node.children.get(guess);
            let (bytes, at) = (self.cursor.bytes, self.cursor.at);
            match guessed.filter(|child| child.mark.at(bytes, at)) {
                Some(child) => {
                    self.cursor.at += child.mark.length;
                    guess += 1;
                    self.cursor.white_space();
                    self.child(node, child, fields)?;
                }
                None => self.member(node, &mut guess, fields)?,
            }
            self.cursor.white_space();
            match self.cursor.peek() {
                b',' => self.cursor.at += 1,
                b'}' => {
                    self.cursor.at += 1;
                    return Ok(());
                }
                _ => return Err(self.cursor.syntax("no `,` or `}`")),
            }
        }
    }

    /// Walks one member, whatever its key is. If it is wanted, the next guess is the child after it.
    fn member(
        &mut self,
        node: &Node,
        guess: &mut usize,
        fields: &mut Fields<'a>,
    ) -> Result<(), Reject> {
        let key = self.cursor.string()?;
        let key = if key.escaped {
            Cow::Owned(unescape(key.raw).ok_or_else(|| self.cursor.syntax("a bad escape"))?)
        } else {
            Cow::Borrowed(key.raw)
        };
        self.cursor.white_space();
        self.cursor.expect(b':')?;
        self.cursor.white_space();
        if let Some(index) = node.find(key.as_bytes()) {
            *guess = index + 1;
            return self.child(node, &node.children[index], fields);
        }
        let start = self.cursor.at;
        self.cursor.skip()?;
        let claims = node.claims_beside(&key);
        if claims != 0 {
            self.watch(claims, start);
        }
        Ok(())
    }

    /// Walks the value of a wanted member.
    #[inline]
    fn child(&mut self, node: &Node, child: &Child, fields: &mut Fields<'a>) -> Result<(), Reject> {
        let start = self.cursor.at;
        self.wanted(child, fields)?;
        if child.is_watched {
            self.watch(node.claims, start);
        }
        Ok(())
    }

    /// Walks an array of which some elements are wanted.
    fn array(&mut self, node: &Node, fields: &mut Fields<'a>) -> Result<(), Reject> {
        self.cursor.expect(b'[')?;
        self.cursor.white_space();
        if self.cursor.peek() == b']' {
            self.cursor.at += 1;
            return Ok(());
        }
        for index in 0usize.. {
            self.cursor.white_space();
            let by_place = node.find(index.to_string().as_bytes());
            match by_place.or_else(|| self.selected(node)) {
                Some(child) => self.wanted(&node.children[child], fields)?,
                None => self.cursor.skip()?,
            }
            self.cursor.white_space();
            match self.cursor.peek() {
                b',' => self.cursor.at += 1,
                b']' => {
                    self.cursor.at += 1;
                    break;
                }
                _ => return Err(self.cursor.syntax("no `,` or `]`")),
            }
        }
        Ok(())
    }

    /// Returns the child that wants the element here for a member of its own.
    fn selected(&self, node: &Node) -> Option<usize> {
        if !node.has_selected() {
            return None;
        }
        let mut children = node.children.iter();
        children.position(|child| {
            child.selects().is_some_and(|(name, text)| {
                let mut cursor = Cursor::new(self.cursor.text, self.cursor.at);
                cursor.has_member(name, text).unwrap_or(false)
            })
        })
    }

    /// Takes the wanted fields out of the object that a text holds, and tells whether it holds one.
    #[cold]
    fn object_in_text(&mut self, raw: &str, child: &Child, fields: &mut Fields<'a>) -> bool {
        let Some(text) = unescape(raw) else {
            return false;
        };
        let mut inside = Fields::default();
        inside.begin(&text);
        let mut scanner = Scanner::new(&text);
        if scanner.line(&child.node, &mut inside).is_err() {
            return false;
        }
        for slot in slots(inside.filled()) {
            let text = inside.get(slot).unwrap_or_default();
            let source = (slot, inside.rank(slot));
            fill_slot(child, source, fields, |fields| fields.copy(slot, text));
        }
        for (slots, reject) in inside.doubts() {
            fields.doubt(*slots, reject.clone());
        }
        true
    }

    /// Walks a value that is wanted, or of which some parts are.
    #[inline]
    fn wanted(&mut self, child: &Child, fields: &mut Fields<'a>) -> Result<(), Reject> {
        let node = &child.node;
        if node.children.is_empty() {
            return self.value(child, fields);
        }
        let start = self.cursor.at;
        match self.cursor.peek() {
            b'{' => {
                if let Some(child) = self.selected(node) {
                    self.object(&node.children[child].node, fields)?;
                    self.cursor.at = start;
                }
                return self.object(node, fields);
            }
            b'[' => {
                self.array(node, fields)?;
                if node.has_elements() {
                    return Ok(());
                }
            }
            b'"' => {
                let string = self.cursor.string()?;
                // Without an escaped quote there is no member in it.
                let may_hold = string.escaped && string.raw.trim_start().starts_with('{');
                let holds = may_hold && self.object_in_text(string.raw, child, fields);
                if !node.slots.is_empty() {
                    self.cursor.at = start;
                    return self.value(child, fields);
                }
                if holds {
                    return Ok(());
                }
            }
            _ if node.slots.is_empty() => self.cursor.skip()?,
            _ => return self.value(child, fields),
        }
        // Something else stands where an object with claims should be.
        if node.claims != 0 {
            self.watch(node.claims, start);
        }
        Ok(())
    }

    /// Takes a text, a number, or an array of them. `null` fills nothing.
    #[inline]
    fn value(&mut self, child: &Child, fields: &mut Fields<'a>) -> Result<(), Reject> {
        let start = self.cursor.at;
        match self.cursor.peek() {
            b'"' => {
                let string = self.cursor.string()?;
                if string.escaped {
                    let text = unescape(string.raw);
                    let text = text.ok_or_else(|| self.cursor.syntax("a bad escape"))?;
                    fill(child, fields, |fields, slot| fields.copy(slot, &text));
                } else {
                    let (start, end) = (string.start, string.end());
                    fill(child, fields, |fields, slot| fields.set(slot, start, end));
                }
            }
            b'-' | b'0'..=b'9' => {
                self.cursor.number()?;
                let end = self.cursor.at;
                fill(child, fields, |fields, slot| fields.set(slot, start, end));
            }
            b'n' => self.cursor.literal()?,
            _ => {
                self.cursor.skip()?;
                self.list(child, start, fields)?;
            }
        }
        Ok(())
    }

    /// Takes the texts of an array, which begins at `start` and ends here, as one text with commas.
    ///
    /// A header that was sent several times reads so (RFC 9110, section 5.3), and some writers make an
    /// array of every header. Any other value where a text should be is a doubt.
    #[cold]
    fn list(&mut self, child: &Child, start: usize, fields: &mut Fields<'a>) -> Result<(), Reject> {
        let raw = &self.cursor.text[start..self.cursor.at];
        let texts = match texts_of(raw) {
            Ok(texts) => texts,
            Err(NoTexts::BadEscape) => return Err(self.cursor.syntax("a bad escape")),
            Err(NoTexts::OtherValue) => {
                let detail = format!("`{}` is neither text nor a number", child.name());
                fields.doubt(slots_of(child), Reject::new(Reason::FieldType, detail));
                return Ok(());
            }
        };
        if texts.iter().all(|text| says_nothing(text)) {
            self.watch(0, start);
            return Ok(());
        }
        let text = texts.join(", ");
        let detail = format!("`{}` is an array", child.name());
        fields.doubt(slots_of(child), Reject::new(Reason::Joined, detail));
        fill(child, fields, |fields, slot| fields.copy(slot, &text));
        Ok(())
    }
}

/// Why a value is no array of texts.
enum NoTexts {
    /// It has a text with an escape that stands for no character.
    BadEscape,
    /// It is no array, or has elements that are neither texts nor numbers.
    OtherValue,
}

/// Returns the texts and numbers of an array that is known to be JSON.
fn texts_of(raw: &str) -> Result<Vec<String>, NoTexts> {
    let mut texts = Vec::new();
    let mut cursor = Cursor::new(raw, 1);
    if !raw.starts_with('[') {
        return Err(NoTexts::OtherValue);
    }
    cursor.white_space();
    while cursor.peek() != b']' {
        let start = cursor.at;
        match cursor.peek() {
            b'"' => {
                let string = cursor.string().map_err(|_| NoTexts::OtherValue)?;
                texts.push(unescape(string.raw).ok_or(NoTexts::BadEscape)?);
            }
            b'-' | b'0'..=b'9' => {
                cursor.number().map_err(|_| NoTexts::OtherValue)?;
                texts.push(raw[start..cursor.at].to_string());
            }
            b'n' => cursor.literal().map_err(|_| NoTexts::OtherValue)?,
            _ => return Err(NoTexts::OtherValue),
        }
        cursor.white_space();
        if cursor.peek() == b',' {
            cursor.at += 1;
            cursor.white_space();
        }
    }
    Ok(texts)
}

/// A bit for each slot that a child fills.
fn slots_of(child: &Child) -> u64 {
    let slots = child.node.slots.iter();
    slots.fold(0, |slots, (slot, _)| slots | 1 << slot)
}

/// Fills the slots of a child from one value. A better source replaces a worse one; the same source twice
/// is a doubt, because nothing says which of the two values counts.
#[inline]
fn fill<'a>(child: &Child, fields: &mut Fields<'a>, put: impl Fn(&mut Fields<'a>, usize)) {
    for (slot, rank) in &child.node.slots {
        fill_slot(child, (*slot, *rank), fields, |fields| put(fields, *slot));
    }
}

/// Fills one slot from a source of this rank.
#[inline]
fn fill_slot<'a>(
    child: &Child,
    (slot, rank): (usize, u8),
    fields: &mut Fields<'a>,
    put: impl FnOnce(&mut Fields<'a>),
) {
    match fields.swap_rank(slot, rank) {
        None => put(fields),
        Some(before) if before == rank => {
            let twice = format!("`{}` is there twice", child.name());
            fields.doubt(1 << slot, Reject::new(Reason::DuplicateField, twice));
        }
        Some(before) if before < rank => fields.restore_rank(slot, before),
        Some(_) => put(fields),
    }
}
