//! At most 64 lines of a log that are read together, and where the text of each of their fields is.
//!
//! The fields lie slot by slot, not line by line: a loop that does one thing to many lines is faster
//! than many things done to each line.

use std::any::Any;
use std::ops::Range;

use crate::bytes::{MOST_MARKED, Marks};
use crate::intake::blocks::fields::{Fields, Place, SLOTS, says_nothing, slots};
use crate::intake::blocks::line_set::{LineSet, MOST_LINES};

/// A stretch that has this many bytes takes no further line.
///
/// The text, and the places of all fields in it, then stay in the processor's nearest caches.
pub(crate) const MOST_BYTES: usize = 1 << 15;

/// Lines that follow each other in a log, and where the text of each of their fields is.
#[derive(Debug)]
pub struct Stretch<'t> {
    /// Where the stretch begins in its block.
    base: usize,
    text: Option<&'t str>,
    count: usize,
    line_numbers: [u64; MOST_LINES],
    /// By line: where it is in the stretch.
    lines: [Place; MOST_LINES],
    /// By slot: the lines that fill it.
    filled: [LineSet; SLOTS],
    /// By slot and line: where the text is, in the stretch or among the copies.
    places: Box<[[Place; MOST_LINES]; SLOTS]>,
    /// Texts that do not stand in the log as they are, such as unescaped ones.
    pub(crate) copies: String,
    /// For parsers: where bytes of some kinds stand in the text, by kind.
    pub(crate) marks: Vec<Marks>,
    /// For parsers: what they remember from earlier stretches, of whatever type they like.
    pub(crate) memory: Option<Box<dyn Any>>,
}

impl Default for Stretch<'_> {
    fn default() -> Self {
        const NOWHERE: Place = Place { start: 0, end: 0 };
        Stretch {
            base: 0,
            text: None,
            count: 0,
            line_numbers: [0; MOST_LINES],
            lines: [NOWHERE; MOST_LINES],
            filled: [LineSet::EMPTY; SLOTS],
            places: Box::new([[NOWHERE; MOST_LINES]; SLOTS]),
            copies: String::new(),
            marks: Vec::new(),
            memory: None,
        }
    }
}

/// One text for each line of a stretch. Nobody reads the entry of a line that has none.
pub(crate) type Texts<'t> = [&'t [u8]; MOST_LINES];
/// Room for the texts of a stretch.
pub(crate) const NO_TEXTS: Texts<'static> = [b""; MOST_LINES];

impl<'t> Stretch<'t> {
    /// A stretch of the lines of `text`, 64 of them at most, without any field.
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

    /// Forgets all lines; the next ones lie between `start` and `end` of `block`.
    pub(crate) fn begin(&mut self, block: &'t [u8], start: usize, end: usize) {
        self.clear();
        self.base = start;
        // Nearly every stretch is valid UTF-8, and one check of all is cheaper than one for each line.
        self.text = simdutf8::basic::from_utf8(&block[start..end]).ok();
    }

    /// Forgets all lines and their fields.
    pub(crate) fn clear(&mut self) {
        self.count = 0;
        self.filled = [LineSet::EMPTY; SLOTS];
        self.copies.clear();
    }

    /// Adds the line `number`, which lies between `start` and `end` of the block.
    #[inline]
    pub(crate) fn add(&mut self, number: u64, start: usize, end: usize) {
        self.line_numbers[self.count] = number;
        // A block has at most `framing::LONGEST` bytes, far below 4 GiB: its places fit into 32 bits.
        self.lines[self.count] = Place {
            start: (start - self.base) as u32,
            end: (end - self.base) as u32,
        };
        self.count += 1;
    }

    /// The text of the stretch, if it is valid UTF-8 and short enough for [`Marks`].
    pub(crate) fn short_text(&self) -> Option<&'t str> {
        self.text.filter(|text| text.len() < MOST_MARKED)
    }

    /// The text of the stretch, if all of it is valid UTF-8.
    #[inline]
    pub fn text(&self) -> Option<&'t str> {
        self.text
    }

    /// How many lines the stretch has.
    #[inline]
    pub fn count(&self) -> usize {
        self.count
    }

    /// The set of all its lines.
    #[inline]
    pub fn all(&self) -> LineSet {
        LineSet::first(self.count)
    }

    /// The number of each line in the log.
    pub(crate) fn line_numbers(&self) -> &[u64; MOST_LINES] {
        &self.line_numbers
    }

    /// The place of each line in the stretch.
    #[inline]
    pub(crate) fn lines(&self) -> &[Place] {
        &self.lines[..self.count]
    }

    /// Where `line` lies in its block.
    #[inline]
    pub(crate) fn range_in_block(&self, line: usize) -> Range<usize> {
        let place = self.lines[line];
        self.base + place.start as usize..self.base + place.end as usize
    }

    /// The lines that fill `slot`.
    #[inline]
    pub fn lines_with(&self, slot: usize) -> LineSet {
        self.filled[slot]
    }

    /// Says that `lines` fill `slot`, and no others.
    ///
    /// Their places must be set: see [`Stretch::places`].
    #[inline]
    pub(crate) fn set_lines_with(&mut self, slot: usize, lines: LineSet) {
        self.filled[slot] = lines;
    }

    /// Where the texts of `slot` are, line by line; valid for [`Stretch::lines_with`] alone.
    #[inline]
    pub(crate) fn places(&mut self, slot: usize) -> &mut [Place; MOST_LINES] {
        &mut self.places[slot]
    }

    /// Where each line ends in the stretch.
    #[inline]
    pub(crate) fn ends(&self) -> [u32; MOST_LINES] {
        self.lines.map(|line| line.end)
    }

    /// Empties `slot` for the lines whose text in it is empty or the `-` of servers.
    #[inline]
    pub(crate) fn forget_empty_texts(&mut self, slot: usize) {
        if self.filled[slot].is_empty() {
            return;
        }
        // Such a text has one byte at most, so most columns need no look at their texts. The fold has
        // no early exit and is therefore done for many lines at once.
        let places = &self.places[slot][..self.count];
        if !places
            .iter()
            .fold(false, |any, place| any | place.is_short())
        {
            return;
        }
        for line in self.filled[slot].iter() {
            if self.get(line, slot).is_some_and(says_nothing) {
                self.filled[slot].remove(line);
            }
        }
    }

    /// Says that the text of `line` for `slot` is at `place`.
    #[inline]
    pub(crate) fn set(&mut self, line: usize, slot: usize, place: Place) {
        self.filled[slot].insert(line);
        self.places[slot][line] = place;
    }

    /// Copies `text` and puts it into `slot` of `line`.
    pub(crate) fn set_copy(&mut self, line: usize, slot: usize, text: &str) {
        let place = Place::of_copy(&mut self.copies, text);
        self.set(line, slot, place);
    }

    /// Moves the fields of one line into the slots of `line`.
    ///
    /// `base` is where the text of `fields` begins in the stretch; `None` if it stands elsewhere, as
    /// that of a line with bytes that had to be escaped. Then all its texts are copied.
    pub(crate) fn store_fields(&mut self, line: usize, base: Option<usize>, fields: &Fields<'_>) {
        for slot in slots(fields.filled()) {
            let place = fields.place_of(slot);
            let place = match base {
                Some(base) if !place.is_copied() => place.shifted(base),
                // `fields` is used again for the next line, and its copies are gone then.
                _ => Place::of_copy(&mut self.copies, fields.get(slot).unwrap_or_default()),
            };
            self.set(line, slot, place);
        }
    }

    /// Reads the slots of `line` into `fields`, whose text becomes that of the whole stretch.
    pub(crate) fn load_fields(&self, line: usize, fields: &mut Fields<'t>) {
        fields.begin(self.text.unwrap_or_default());
        for (slot, filled) in self.filled.iter().enumerate() {
            if !filled.contains(line) {
                continue;
            }
            let place = self.places[slot][line];
            if place.is_copied() {
                fields.copy(slot, &self.copies[place.range()]);
            } else {
                fields.set(slot, place.start as usize, place.end as usize);
            }
        }
    }

    /// Empties all slots of `line`.
    pub(crate) fn clear_line(&mut self, line: usize) {
        self.filled
            .iter_mut()
            .for_each(|filled| filled.remove(line));
    }

    /// The text of `line` in `slot`.
    #[inline]
    pub fn get(&self, line: usize, slot: usize) -> Option<&str> {
        if !self.filled[slot].contains(line) {
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

    /// Writes each line's text in `slot`, or else `constant`, to `out`; returns the lines that have one.
    #[inline]
    pub(crate) fn texts<'o>(
        &'o self,
        slot: usize,
        constant: Option<&'o str>,
        out: &mut Texts<'o>,
    ) -> LineSet {
        let mut with_text = LineSet::EMPTY;
        self.each_text(slot, constant, |line, text| {
            out[line] = text;
            with_text.insert(line);
        });
        with_text
    }

    /// Calls `read` with each line's text in `slot`, or else with `constant`.
    ///
    /// Lines that have neither are passed over.
    #[inline(always)]
    pub(crate) fn each_text<'o>(
        &'o self,
        slot: usize,
        constant: Option<&'o str>,
        mut read: impl FnMut(usize, &'o [u8]),
    ) {
        let filled = self.filled[slot];
        let text = self.text.unwrap_or_default().as_bytes();
        let places = self.places[slot][..self.count].iter().enumerate();
        if filled == self.all() && self.copies.is_empty() {
            // The usual case, without a branch for each line. A place among the copies can only be that
            // of an empty text here, and its range is empty in the stretch too.
            places.for_each(|(line, place)| read(line, &text[place.range()]));
            return;
        }
        let constant = constant.map(str::as_bytes);
        for (line, place) in places {
            let from = match filled.contains(line) {
                true if place.is_copied() => Some(&self.copies.as_bytes()[place.range()]),
                true => Some(&text[place.range()]),
                false => constant,
            };
            if let Some(text) = from {
                read(line, text);
            }
        }
    }

    /// Takes all lines but `kept` out, so that those stand at the places from 0 on.
    ///
    /// [`Stretch::range_in_block`] still goes by the old places: whoever reports the lines that were taken
    /// out asks for them.
    #[cold]
    pub(crate) fn retain_lines(&mut self, kept: LineSet) {
        for (filled, places) in self.filled.iter_mut().zip(self.places.iter_mut()) {
            if !filled.is_empty() {
                compact(places, kept);
                *filled = filled.compacted(kept);
            }
        }
        compact(&mut self.line_numbers, kept);
        self.count = (kept & self.all()).len();
    }
}

/// Moves the items of the lines `kept` to the front, in their order.
pub(crate) fn compact<T: Copy>(items: &mut [T; MOST_LINES], kept: LineSet) {
    for (to, from) in kept.iter().enumerate() {
        items[to] = items[from];
    }
}
