//! Reads the lines of a stretch together: one variable after another, each in all lines.
//!
//! Most lines have no escapes. For them it is enough to know where the bytes stand that can end a value, and
//! those are found first, for the whole stretch, many bytes at once. A loop that then does one thing to all
//! lines is faster than many things done to each line. A line that does not fit, for whatever reason, is
//! left to the walk.

use fearless_simd::{Level, Simd, dispatch, prelude::*};

use super::tail::Tail;
use super::variable::{COMMON_TIME, Content, Ends, Variable};
use crate::bytes::{Marks, same, word};
use crate::intake::blocks::fields::Place;
use crate::intake::blocks::line_set::{LineSet, MOST_LINES};
use crate::intake::blocks::stretch::Stretch;

/// A template that is simple enough to be read in all lines at once.
#[derive(Debug)]
pub(super) struct Quick {
    /// What each line begins with.
    begin: ShortText,
    /// The different bytes that begin what ends a value.
    end_bytes: Vec<u8>,
    steps: Vec<Step>,
    field: Option<TailField>,
}

/// The one field of the tail that is wanted.
#[derive(Debug)]
struct TailField {
    /// What stands before its value: ` name=`.
    before: Box<[u8]>,
    /// The place of the blank in [`Quick::end_bytes`].
    blank: usize,
    slot: usize,
}

/// A variable.
#[derive(Debug)]
struct Step {
    /// The place in [`Quick::end_bytes`] of the byte that ends the value; none if the line's end does.
    end_byte: Option<usize>,
    /// What ends the value.
    until: ShortText,
    /// Whether the line's end ends the value if nothing else does.
    or_line_end: bool,
    slot: Option<usize>,
    dash_is_zero: bool,
    /// How many bytes the value must have, if that is known.
    length: Option<u32>,
}

impl Quick {
    /// Makes the steps of a template; none if it is not simple enough.
    pub(super) fn new(begin: &[u8], variables: &[Variable], tail: Option<&Tail>) -> Option<Self> {
        let mut end_bytes: Vec<u8> = Vec::new();
        let mut slots: Vec<usize> = tail.into_iter().flat_map(Tail::slots).collect();
        let mut steps = Vec::new();
        let mut is_time = false;
        for variable in variables {
            let slot = variable.slot.map(|(slot, _)| slot);
            // The walk knows which of several sources counts, where a list or a bare request ends, and
            // where a value ends that is a `-` itself.
            let is_rival = slot.is_some_and(|slot| slots.contains(&slot));
            let is_hard = matches!(variable.content, Content::List | Content::BareRequest);
            if is_rival || is_hard || variable.until.starts_with(b"-") {
                return None;
            }
            slots.extend(slot);
            let end_byte = variable.until.first().map(|first| {
                let known = end_bytes.iter().position(|byte| byte == first);
                known.unwrap_or_else(|| {
                    end_bytes.push(*first);
                    end_bytes.len() - 1
                })
            });
            steps.push(Step {
                end_byte,
                until: ShortText::new(&variable.until)?,
                or_line_end: matches!(variable.ends, Ends::WithLine | Ends::AtTextOrLineEnd),
                slot,
                dash_is_zero: variable.content == Content::Count,
                // Only a whole time proves that the value before it ended where it seems to.
                length: is_time.then_some(COMMON_TIME as u32),
            });
            is_time = variable.ends == Ends::BeforeTime;
        }
        let blank = end_bytes.iter().position(|byte| *byte == b' ');
        let field = tail.and_then(Tail::only_named_field).zip(blank);
        Some(Quick {
            begin: ShortText::new(begin)?,
            end_bytes,
            steps,
            field: field.map(|((name, slot), blank)| TailField {
                before: format!(" {name}=").into_bytes().into(),
                blank,
                slot,
            }),
        })
    }

    /// Reads the variables of each line of a stretch, and the tail where that is easy.
    pub(super) fn read(&self, stretch: &mut Stretch<'_>) -> QuickRead {
        let mut read = QuickRead::default();
        let text = stretch.short_text().unwrap_or_default().as_bytes();
        // Short texts are compared eight bytes at a time.
        if text.len() < 8 {
            return read;
        }
        let mut marks = std::mem::take(&mut stretch.marks);
        marks.resize_with(self.end_bytes.len().max(marks.len()), Marks::default);
        let level = Level::new();
        dispatch!(level, simd => self.read_as(simd, stretch, text, &mut marks, &mut read));
        stretch.marks = marks;
        for slot in self.steps.iter().filter_map(|step| step.slot) {
            stretch.set_lines_with(slot, stretch.lines_with(slot) & read.fit);
        }
        read
    }

    #[inline(always)]
    fn read_as<S: Simd>(
        &self,
        simd: S,
        stretch: &mut Stretch<'_>,
        text: &[u8],
        marks: &mut [Marks],
        read: &mut QuickRead,
    ) {
        for (byte, marks) in self.end_bytes.iter().zip(marks.iter_mut()) {
            marks.mark(simd, text, |bytes| bytes.simd_eq(*byte));
        }
        let at = &mut read.rest;
        read.fit = self.begin(stretch, text, at);
        for (index, step) in self.steps.iter().enumerate() {
            if index + 1 == self.steps.len() {
                read.last_start = *at;
            }
            let ends = match step.end_byte {
                Some(byte) => marks[byte].first_each(at, stretch.count()),
                None => stretch.ends(),
            };
            read.fit &= step.read(stretch, text, at, &ends);
        }
        // What ends a value is looked for in the whole stretch, so it may stand in a later line. The next
        // value begins there too then: steps only move on, and one that ends with its line looks itself.
        for (line, whole) in stretch.lines().iter().enumerate() {
            read.fit.remove_if(line, at[line] > whole.end);
        }
        if let Some(field) = &self.field {
            read.complete = field.read(stretch, text, &marks[field.blank], read);
        }
    }

    /// Returns the lines that begin as the template does and have no escapes. Sets `at` behind that.
    #[inline(always)]
    fn begin(&self, stretch: &Stretch<'_>, text: &[u8], at: &mut [u32; MOST_LINES]) -> LineSet {
        let has_escapes = memchr::memchr(b'\\', text).is_some();
        let mut fit = LineSet::EMPTY;
        for (line, place) in stretch.lines().iter().enumerate() {
            let begins = self.begin.is_at(text, place.start as usize);
            let plain = !has_escapes || memchr::memchr(b'\\', &text[place.range()]).is_none();
            // `&` and not `&&`: both are known by now, and a branch for each line would cost more.
            fit.insert_if(line, begins & plain);
            at[line] = place.start + self.begin.length;
        }
        fit
    }
}

/// What was read of the lines of a stretch.
#[derive(Debug)]
pub(super) struct QuickRead {
    /// The lines whose variables fit the template.
    pub(super) fit: LineSet,
    /// Those of them whose tail is read, too.
    pub(super) complete: LineSet,
    /// By line: where the last variable's value begins.
    pub(super) last_start: [u32; MOST_LINES],
    /// By line: where what follows the last variable begins.
    pub(super) rest: [u32; MOST_LINES],
}

impl Default for QuickRead {
    fn default() -> Self {
        QuickRead {
            fit: LineSet::EMPTY,
            complete: LineSet::EMPTY,
            last_start: [0; MOST_LINES],
            rest: [0; MOST_LINES],
        }
    }
}

impl TailField {
    /// Reads the field in those lines that have nothing else in their tail, and returns which they are.
    #[inline(always)]
    fn read(
        &self,
        stretch: &mut Stretch<'_>,
        text: &[u8],
        blanks: &Marks,
        read: &QuickRead,
    ) -> LineSet {
        let mut starts = read.rest;
        let length = self.before.len() as u32;
        // Places of lines that do not fit may be anything, so their sum may overflow. It is not used.
        starts
            .iter_mut()
            .for_each(|start| *start = start.wrapping_add(length));
        let next = blanks.first_each(&starts, stretch.count());
        let mut places = *stretch.places(self.slot);
        let (mut complete, mut filled) = (LineSet::EMPTY, LineSet::EMPTY);
        for line in read.fit.iter() {
            let (start, end) = (starts[line], stretch.lines()[line].end);
            let before = text.get(read.rest[line] as usize..start as usize);
            let first = text.get(start as usize).filter(|_| start < end);
            // The value goes on to the line's end: no blank sets another field apart, and no quote opens.
            let fits = before.is_some_and(|before| same(before, &self.before))
                & (start <= end)
                & (next[line] >= end)
                & (first != Some(&b'"'));
            let is_dash = (start + 1 == end) & (first == Some(&b'-'));
            places[line] = Place { start, end };
            complete.insert_if(line, fits);
            filled.insert_if(line, !is_dash);
        }
        *stretch.places(self.slot) = places;
        stretch.set_lines_with(self.slot, complete & filled);
        complete
    }
}

impl Step {
    /// Reads the value of each line, which begins at `at`. What ends it may stand at `ends`; if it does, the
    /// line fits and is returned. Moves `at` behind it.
    #[inline(always)]
    fn read(
        &self,
        stretch: &mut Stretch<'_>,
        text: &[u8],
        at: &mut [u32; MOST_LINES],
        ends: &[u32; MOST_LINES],
    ) -> LineSet {
        // The count is never more. That it is said here spares the loops a check for each line.
        let count = stretch.count().min(MOST_LINES);
        let until = self.until;
        let mut fit = LineSet::EMPTY;
        if self.or_line_end {
            // A value whose end would stand behind its line ends with the line, and nothing follows.
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
                let differs = ends[line].wrapping_sub(at[line]) != length;
                fitting.remove_if(line, differs);
            }
        }
        // Mostly all lines fit, which one number tells; only otherwise it is asked which ones do.
        let mut differ = 0;
        for line in 0..count {
            differ |= until.differs(text, ends[line] as usize);
            // Where nothing ends the value, this is behind the text and nothing more fits, or it wraps
            // around; then the line does not fit for what differs here.
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

    /// Puts the values between `starts` and `ends` into their slot. Lines that turn out not to fit are
    /// taken out of it later.
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
            // Wraps around where a line does not fit and its value would end before it begins.
            short.insert_if(line, end.wrapping_sub(start) == 1);
        }
        let is_dash = |line: &usize| text.get(starts[*line] as usize) == Some(&b'-');
        let dashes: LineSet = short.iter().filter(is_dash).collect();
        if self.dash_is_zero && !dashes.is_empty() {
            let zero = Place::of_copy(&mut stretch.copies, "0");
            let places = stretch.places(slot);
            dashes.iter().for_each(|line| places[line] = zero);
            stretch.set_lines_with(slot, stretch.all());
        } else {
            stretch.set_lines_with(slot, stretch.all() - dashes);
        }
    }
}

/// Up to eight bytes, compared in one step.
#[derive(Debug, Clone, Copy)]
struct ShortText {
    /// The bytes, the first one lowest, and zeros behind them.
    word: u64,
    /// All bits of each byte that counts.
    mask: u64,
    length: u32,
}

impl ShortText {
    /// The short text of these bytes; none if there are more than eight, or a zero among them: zeros are
    /// what is read behind the end of a text, and they must not be found there.
    fn new(text: &[u8]) -> Option<Self> {
        if text.len() > 8 || text.contains(&0) {
            return None;
        }
        let (mut word, mut mask) = ([0; 8], [0; 8]);
        word[..text.len()].copy_from_slice(text);
        mask[..text.len()].fill(0xff);
        Some(ShortText {
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

    /// Returns zero if it stands at `at` in a text of at least eight bytes, and else the bits that differ.
    #[inline(always)]
    fn differs(&self, text: &[u8], at: usize) -> u64 {
        let there = match text.get(at..).and_then(<[u8]>::first_chunk) {
            Some(there) => u64::from_le_bytes(*there),
            None => last_bytes(text, at),
        };
        (there ^ self.word) & self.mask
    }
}

/// Returns the bytes from `at` on to the end of a text, fewer than eight, with zeros behind them.
#[cold]
fn last_bytes(text: &[u8], at: usize) -> u64 {
    // The last eight bytes begin this many bytes before `at`; places are under 2^32, so it fits.
    let before = (at + 8 - text.len()) as u32;
    let last = word(text, text.len() - 8);
    // A shift by 64 bits or more is not defined: nothing is left then.
    last.checked_shr(before.saturating_mul(8)).unwrap_or(0)
}
