//! How most lines of a template are taken apart: those without escapes. Where the bytes stand that end
//! values is found for a whole stretch first, many bytes at once; then one variable after another is read
//! in all its lines. A line that does not fit, for whatever reason, is left to the walk.

use fearless_simd::{Level, Simd, dispatch, prelude::*};

use super::{TIME, Tail, Variable};
use crate::bytes::{Marks, same, word};
use crate::intake::blocks::fields::Place;
use crate::intake::blocks::line_set::{LineSet, MOST_LINES};
use crate::intake::blocks::stretch::Stretch;

/// The steps through a line, and what they look for.
#[derive(Debug)]
pub(crate) struct Quick {
    begin: Text,
    /// The different bytes that end values.
    stops: Vec<u8>,
    steps: Vec<Step>,
    field: Option<Field>,
}

/// The one field of a tail that is asked for.
#[derive(Debug)]
struct Field {
    /// ` name=`
    before: Box<[u8]>,
    /// The place of the blank among the stops.
    blank: usize,
    slot: usize,
}

/// A variable.
#[derive(Debug)]
struct Step {
    /// The place among the stops of the byte that ends the value; none if the line's end does.
    stop: Option<usize>,
    /// What ends the value.
    until: Text,
    /// Whether the line's end ends the value, if nothing does before.
    or_end: bool,
    slot: Option<usize>,
    dash_is_zero: bool,
    /// The bytes of the value, where it is known how many there are.
    length: Option<u32>,
}

impl Quick {
    /// The steps of a template, if it is simple enough.
    pub(crate) fn new(begin: &[u8], variables: &[Variable], tail: Option<&Tail>) -> Option<Self> {
        let mut stops: Vec<u8> = Vec::new();
        let mut slots: Vec<usize> = tail.into_iter().flat_map(Tail::slots).collect();
        let mut steps = Vec::new();
        let mut is_time = false;
        for variable in variables {
            let slot = variable.slot.map(|(slot, _)| slot);
            // Which of several variables counts, and where a list or an empty value ends, is for the walk.
            let twice = slot.is_some_and(|slot| slots.contains(&slot));
            if twice || variable.list || variable.bare_request || variable.until.starts_with(b"-") {
                return None;
            }
            slots.extend(slot);
            let stop = variable.until.first().map(|first| {
                let known = stops.iter().position(|byte| byte == first);
                known.unwrap_or_else(|| {
                    stops.push(*first);
                    stops.len() - 1
                })
            });
            steps.push(Step {
                stop,
                until: Text::new(&variable.until)?,
                or_end: variable.may_end || stop.is_none(),
                slot,
                dash_is_zero: variable.dash_is_zero,
                length: is_time.then_some(TIME as u32),
            });
            is_time = variable.before_time;
        }
        let blank = stops.iter().position(|stop| *stop == b' ');
        let field = tail.and_then(Tail::only_field).zip(blank);
        Some(Quick {
            begin: Text::new(begin)?,
            stops,
            steps,
            field: field.map(|((name, slot), blank)| Field {
                before: format!(" {name}=").into_bytes().into(),
                blank,
                slot,
            }),
        })
    }

    /// Reads the variables of a stretch.
    pub(crate) fn read(&self, stretch: &mut Stretch<'_>) -> Known {
        let mut known = Known::default();
        let text = stretch.short_text().unwrap_or_default().as_bytes();
        if text.len() < 8 {
            return known;
        }
        let mut marks = std::mem::take(&mut stretch.marks);
        marks.resize_with(self.stops.len().max(marks.len()), Marks::default);
        let level = Level::new();
        dispatch!(level, simd => self.read_as(simd, stretch, text, &mut marks, &mut known));
        stretch.marks = marks;
        for slot in self.steps.iter().filter_map(|step| step.slot) {
            stretch.fill(slot, stretch.there(slot) & known.fit);
        }
        known
    }

    #[inline(always)]
    fn read_as<S: Simd>(
        &self,
        simd: S,
        stretch: &mut Stretch<'_>,
        text: &[u8],
        marks: &mut [Marks],
        known: &mut Known,
    ) {
        for (stop, marks) in self.stops.iter().zip(marks.iter_mut()) {
            marks.mark(simd, text, |bytes| bytes.simd_eq(*stop));
        }
        let at = &mut known.at;
        known.fit = self.begin(stretch, text, at);
        for (index, step) in self.steps.iter().enumerate() {
            if index + 1 == self.steps.len() {
                known.last = *at;
            }
            let ends = match step.stop {
                Some(stop) => marks[stop].first_each(at, stretch.count()),
                None => stretch.ends(),
            };
            known.fit &= step.read(stretch, text, at, &ends);
        }
        // A value may have ended in another line; what comes after it stands there too, then.
        for (line, whole) in stretch.lines().iter().enumerate() {
            known.fit.remove_if(line, at[line] > whole.end);
        }
        if let Some(field) = &self.field {
            known.whole = field.read(stretch, text, &marks[field.blank], known);
        }
    }

    /// The lines that begin as they should and have no escapes.
    #[inline(always)]
    fn begin(&self, stretch: &Stretch<'_>, text: &[u8], at: &mut [u32; MOST_LINES]) -> LineSet {
        let escapes = memchr::memchr(b'\\', text).is_some();
        let mut fit = LineSet::EMPTY;
        for (line, place) in stretch.lines().iter().enumerate() {
            let begins = self.begin.is_at(text, place.start as usize);
            let plain = !escapes || memchr::memchr(b'\\', &text[place.range()]).is_none();
            fit.insert_if(line, begins & plain);
            at[line] = place.start + self.begin.length;
        }
        fit
    }
}

/// What is known of the lines of a stretch.
#[derive(Debug)]
pub(crate) struct Known {
    /// The lines whose variables fit.
    pub(crate) fit: LineSet,
    /// Those of them whose tail is known too.
    pub(crate) whole: LineSet,
    /// Where the last variable of each begins, and what comes after it.
    pub(crate) last: [u32; MOST_LINES],
    pub(crate) at: [u32; MOST_LINES],
}

impl Default for Known {
    fn default() -> Self {
        Known {
            fit: LineSet::EMPTY,
            whole: LineSet::EMPTY,
            last: [0; MOST_LINES],
            at: [0; MOST_LINES],
        }
    }
}

impl Field {
    /// Reads the field of those lines that have nothing else in their tail, and tells which.
    #[inline(always)]
    fn read(
        &self,
        stretch: &mut Stretch<'_>,
        text: &[u8],
        blanks: &Marks,
        known: &Known,
    ) -> LineSet {
        let mut starts = known.at;
        let length = self.before.len() as u32;
        starts
            .iter_mut()
            .for_each(|start| *start = start.wrapping_add(length));
        let next = blanks.first_each(&starts, stretch.count());
        let mut places = *stretch.places(self.slot);
        let (mut whole, mut there) = (LineSet::EMPTY, LineSet::EMPTY);
        for line in known.fit.iter() {
            let (start, end) = (starts[line], stretch.lines()[line].end);
            let before = text.get(known.at[line] as usize..start as usize);
            let first = text.get(start as usize).filter(|_| start < end);
            let fits = before.is_some_and(|before| same(before, &self.before))
                & (start <= end)
                & (next[line] >= end)
                & (first != Some(&b'"'));
            let dash = (start + 1 == end) & (first == Some(&b'-'));
            places[line] = Place { start, end };
            whole.insert_if(line, fits);
            there.insert_if(line, !dash);
        }
        *stretch.places(self.slot) = places;
        stretch.fill(self.slot, whole & there);
        whole
    }
}

impl Step {
    /// Reads the value of each line, which begins at `at` and ends at `ends`; moves `at` behind what ends it. Gives
    /// the lines that fit.
    #[inline(always)]
    fn read(
        &self,
        stretch: &mut Stretch<'_>,
        text: &[u8],
        at: &mut [u32; MOST_LINES],
        ends: &[u32; MOST_LINES],
    ) -> LineSet {
        let count = stretch.count().min(MOST_LINES);
        let until = self.until;
        let mut fit = LineSet::EMPTY;
        if self.or_end {
            // A value that ends beyond its line ends with it, and nothing comes after.
            let mut ends = *ends;
            for line in 0..count {
                let end = stretch.lines()[line].end;
                let within = ends[line] < end;
                let fits =
                    within & until.is_at(text, ends[line] as usize) | (!within & (at[line] <= end));
                ends[line] = ends[line].min(end);
                fit.insert_if(line, fits);
            }
            self.put(stretch, text, at, &ends);
            for line in 0..count {
                at[line] = (ends[line] + until.length).min(stretch.lines()[line].end);
            }
            return fit;
        }
        self.put(stretch, text, at, ends);
        let mut fitting = LineSet::ALL;
        if let Some(length) = self.length {
            for line in 0..count {
                let other = ends[line].wrapping_sub(at[line]) != length;
                fitting.remove_if(line, other);
            }
        }
        let mut differ = 0;
        for line in 0..count {
            differ |= until.differs(text, ends[line] as usize);
            at[line] = ends[line].wrapping_add(until.length);
        }
        if differ == 0 {
            return fitting;
        }
        for (line, end) in ends[..count].iter().enumerate() {
            fit.insert_if(line, until.is_at(text, *end as usize));
        }
        fit & fitting
    }

    /// Puts the values between `starts` and `ends` into their slot.
    #[inline(always)]
    fn put(
        &self,
        stretch: &mut Stretch<'_>,
        text: &[u8],
        starts: &[u32; MOST_LINES],
        ends: &[u32; MOST_LINES],
    ) {
        let Some(slot) = self.slot else { return };
        let count = stretch.count().min(MOST_LINES);
        let places = stretch.places(slot);
        let mut short = LineSet::EMPTY;
        for line in 0..count {
            let (start, end) = (starts[line], ends[line]);
            places[line] = Place { start, end };
            short.insert_if(line, end.wrapping_sub(start) == 1);
        }
        let is_dash = |line: &usize| text.get(starts[*line] as usize) == Some(&b'-');
        let dashes: LineSet = short.iter().filter(is_dash).collect();
        if self.dash_is_zero && !dashes.is_empty() {
            let zero = Place::of_copy(&mut stretch.copies, "0");
            let places = stretch.places(slot);
            dashes.iter().for_each(|line| places[line] = zero);
            stretch.fill(slot, stretch.all());
        } else {
            stretch.fill(slot, stretch.all() - dashes);
        }
    }
}

/// Up to eight bytes.
#[derive(Debug, Clone, Copy)]
struct Text {
    word: u64,
    mask: u64,
    length: u32,
}

impl Text {
    fn new(text: &[u8]) -> Option<Self> {
        // Zeros stand beyond a text's end.
        if text.len() > 8 || text.contains(&0) {
            return None;
        }
        let (mut word, mut mask) = ([0; 8], [0; 8]);
        word[..text.len()].copy_from_slice(text);
        mask[..text.len()].fill(0xff);
        Some(Text {
            word: u64::from_le_bytes(word),
            mask: u64::from_le_bytes(mask),
            length: text.len() as u32,
        })
    }

    /// Whether it stands at `at` in a text of at least eight bytes.
    #[inline(always)]
    fn is_at(&self, text: &[u8], at: usize) -> bool {
        self.differs(text, at) == 0
    }

    /// Zero if it stands at `at` in a text of at least eight bytes.
    #[inline(always)]
    fn differs(&self, text: &[u8], at: usize) -> u64 {
        let there = match text.get(at..).and_then(<[u8]>::first_chunk) {
            Some(there) => u64::from_le_bytes(*there),
            None => last_bytes(text, at),
        };
        (there ^ self.word) & self.mask
    }
}

/// Fewer than eight bytes from `at` on to the end of the text, and zeros.
#[cold]
fn last_bytes(text: &[u8], at: usize) -> u64 {
    let beyond = (at + 8 - text.len()) as u32;
    let last = word(text, text.len() - 8);
    last.checked_shr(beyond.saturating_mul(8)).unwrap_or(0)
}
