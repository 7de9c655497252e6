//! A stretch of a log: lines that are read together, and their fields, slot by slot. A loop that does one
//! thing to many lines is faster than many things done to each line.

use std::any::Any;

use crate::bytes::{MOST_MARKED, Marks};
use crate::intake::blocks::fields::{Fields, Place, SLOTS, says_nothing, slots};
use crate::intake::blocks::line_set::{LineSet, MOST_LINES};

/// Bytes from which on a stretch has no more lines.
pub(crate) const MOST_BYTES: usize = 1 << 15;

/// LineSet of a log, one after another, and where the text of each field is.
#[derive(Debug)]
pub struct Stretch<'t> {
    /// Where it begins in its block.
    base: usize,
    text: Option<&'t str>,
    count: usize,
    numbers: [u64; MOST_LINES],
    /// By line: where it is in the stretch.
    lines: [Place; MOST_LINES],
    /// By slot: the lines that fill it.
    there: [LineSet; SLOTS],
    /// By slot and line: where the text is, in the stretch or among the copies.
    places: Box<[[Place; MOST_LINES]; SLOTS]>,
    pub(crate) copies: String,
    /// For parsers: where bytes of some kinds stand in the text, by kind.
    pub(crate) marks: Vec<Marks>,
    /// For parsers: what they remember of the stretches before, of whatever type they like.
    pub(crate) memory: Option<Box<dyn Any>>,
}

impl Default for Stretch<'_> {
    fn default() -> Self {
        const NOWHERE: Place = Place { start: 0, end: 0 };
        Stretch {
            base: 0,
            text: None,
            count: 0,
            numbers: [0; MOST_LINES],
            lines: [NOWHERE; MOST_LINES],
            there: [LineSet::EMPTY; SLOTS],
            places: Box::new([[NOWHERE; MOST_LINES]; SLOTS]),
            copies: String::new(),
            marks: Vec::new(),
            memory: None,
        }
    }
}

/// A text of each line, and nothing for lines that have none.
pub(crate) type Texts<'t> = [&'t [u8]; MOST_LINES];
pub(crate) const NO_TEXTS: Texts<'static> = [b""; MOST_LINES];

impl<'t> Stretch<'t> {
    /// The lines of `text`, as many as a stretch has at most.
    pub fn of(text: &'t str) -> Self {
        let mut stretch = Stretch::default();
        stretch.begin(text.as_bytes(), 0, text.len());
        let mut start = 0;
        for (number, line) in (1..).zip(text.split('\n')).take(MOST_LINES) {
            stretch.add(number, start, start + line.len());
            start += line.len() + 1;
        }
        stretch
    }

    /// Goes on to what is between these places of a block, and has no lines yet.
    pub(crate) fn begin(&mut self, block: &'t [u8], start: usize, end: usize) {
        self.clear();
        self.base = start;
        // Valid as a whole is the usual case, and cheaper to find out than line by line.
        self.text = simdutf8::basic::from_utf8(&block[start..end]).ok();
    }

    /// Forgets all lines.
    pub(crate) fn clear(&mut self) {
        self.count = 0;
        self.there = [LineSet::EMPTY; SLOTS];
        self.copies.clear();
    }

    /// Takes one more line: its number, and where it begins and ends in its block.
    #[inline]
    pub(crate) fn add(&mut self, number: u64, start: usize, end: usize) {
        self.numbers[self.count] = number;
        self.lines[self.count] = Place {
            start: (start - self.base) as u32,
            end: (end - self.base) as u32,
        };
        self.count += 1;
    }

    /// What the lines stand in, if all of it is UTF-8 and not longer than can be marked.
    pub(crate) fn short_text(&self) -> Option<&'t str> {
        self.text.filter(|text| text.len() < MOST_MARKED)
    }

    /// What the lines stand in, if all of it is UTF-8.
    #[inline]
    pub fn text(&self) -> Option<&'t str> {
        self.text
    }

    /// How many lines there are.
    #[inline]
    pub fn count(&self) -> usize {
        self.count
    }

    /// All lines.
    #[inline]
    pub fn all(&self) -> LineSet {
        LineSet::first(self.count)
    }

    /// The numbers of the lines.
    pub(crate) fn numbers(&self) -> &[u64; MOST_LINES] {
        &self.numbers
    }

    /// Where the lines are in the stretch.
    #[inline]
    pub(crate) fn lines(&self) -> &[Place] {
        &self.lines[..self.count]
    }

    /// Where a line is in its block.
    #[inline]
    pub(crate) fn in_block(&self, line: usize) -> std::ops::Range<usize> {
        let place = self.lines[line];
        self.base + place.start as usize..self.base + place.end as usize
    }

    /// The lines that fill `slot`.
    #[inline]
    pub fn there(&self, slot: usize) -> LineSet {
        self.there[slot]
    }

    /// Where the texts of `slot` are; [`Stretch::fill`] says for which lines.
    #[inline]
    pub(crate) fn places(&mut self, slot: usize) -> &mut [Place; MOST_LINES] {
        &mut self.places[slot]
    }

    /// Where the lines end in the stretch.
    #[inline]
    pub(crate) fn ends(&self) -> [u32; MOST_LINES] {
        self.lines.map(|line| line.end)
    }

    /// Notes that `lines` fill `slot`, and no others.
    #[inline]
    pub(crate) fn fill(&mut self, slot: usize, lines: LineSet) {
        self.there[slot] = lines;
    }

    /// Forgets the texts in `slot` that say nothing: empty ones, and the `-` of servers.
    #[inline]
    pub(crate) fn forget_nothing(&mut self, slot: usize) {
        if self.there[slot].is_empty() {
            return;
        }
        let places = &self.places[slot][..self.count];
        if !places
            .iter()
            .fold(false, |any, place| any | place.is_short())
        {
            return;
        }
        for line in self.there[slot].iter() {
            if self.get(line, slot).is_some_and(says_nothing) {
                self.there[slot].remove(line);
            }
        }
    }

    /// Puts a text of `line` into `slot`.
    #[inline]
    pub(crate) fn set(&mut self, line: usize, slot: usize, place: Place) {
        self.there[slot].insert(line);
        self.places[slot][line] = place;
    }

    /// Takes the fields of a line, of which `base` is where its text begins in the stretch, if it stands there.
    pub(crate) fn take(&mut self, line: usize, base: Option<usize>, fields: &Fields<'_>) {
        for slot in slots(fields.filled()) {
            let place = fields.place_of(slot);
            let place = match base {
                Some(base) if !place.is_copied() => place.after(base),
                // It would be gone with the next line.
                _ => Place::of_copy(&mut self.copies, fields.get(slot).unwrap_or_default()),
            };
            self.set(line, slot, place);
        }
    }

    /// Gives the fields of a line to `fields`, whose text becomes that of the stretch.
    pub(crate) fn give(&self, line: usize, fields: &mut Fields<'t>) {
        fields.begin(self.text.unwrap_or_default());
        for (slot, there) in self.there.iter().enumerate() {
            if there.contains(line) {
                let place = self.places[slot][line];
                if place.is_copied() {
                    fields.copy(slot, &self.copies[place.range()]);
                } else {
                    fields.set(slot, place.start as usize, place.end as usize);
                }
            }
        }
    }

    /// Empties all slots of `line`.
    pub(crate) fn empty(&mut self, line: usize) {
        self.there.iter_mut().for_each(|there| there.remove(line));
    }

    /// The text of a line in `slot`.
    #[inline]
    pub fn get(&self, line: usize, slot: usize) -> Option<&str> {
        if !self.there[slot].contains(line) {
            return None;
        }
        let place = self.places[slot][line];
        let from = if place.is_copied() {
            &self.copies
        } else {
            self.text.unwrap_or_default()
        };
        Some(&from[place.range()])
    }

    /// The texts in `slot`, or else `constant`, and the lines that have one; what lines without one get is of no
    /// matter.
    #[inline]
    pub(crate) fn texts<'o>(
        &'o self,
        slot: usize,
        constant: Option<&'o str>,
        out: &mut Texts<'o>,
    ) -> LineSet {
        let mut there = LineSet::EMPTY;
        self.each_text(slot, constant, |line, text| {
            out[line] = text;
            there.insert(line);
        });
        there
    }

    /// Shows `read` each line's text in `slot`, or else `constant`.
    #[inline(always)]
    pub(crate) fn each_text<'o>(
        &'o self,
        slot: usize,
        constant: Option<&'o str>,
        mut read: impl FnMut(usize, &'o [u8]),
    ) {
        let there = self.there[slot];
        let text = self.text.unwrap_or_default().as_bytes();
        let places = self.places[slot][..self.count].iter().enumerate();
        if there == self.all() && self.copies.is_empty() {
            // What is copied, then, is empty.
            places.for_each(|(line, place)| read(line, &text[place.range()]));
            return;
        }
        let constant = constant.map(str::as_bytes);
        for (line, place) in places {
            let from = match there.contains(line) {
                true if place.is_copied() => Some(&self.copies.as_bytes()[place.range()]),
                true => Some(&text[place.range()]),
                false => constant,
            };
            if let Some(text) = from {
                read(line, text);
            }
        }
    }

    /// Keeps what `kept` lines fill, side by side.
    #[cold]
    pub(crate) fn keep(&mut self, kept: LineSet) {
        for (there, places) in self.there.iter_mut().zip(self.places.iter_mut()) {
            if !there.is_empty() {
                keep(places, kept);
                *there = there.side_by_side(kept);
            }
        }
        keep(&mut self.numbers, kept);
        self.count = (kept & self.all()).len();
    }
}

/// Moves the items at the places `kept` to the front.
pub(crate) fn keep<T: Copy>(items: &mut [T; MOST_LINES], kept: LineSet) {
    for (to, from) in kept.iter().enumerate() {
        items[to] = items[from];
    }
}
