//! How most lines of a template are taken apart: those without escapes. Where the bytes stand that end
//! values is found for the whole line first, sixteen bytes at once. A line that does not fit, for
//! whatever reason, is left to the walk.

use wide::u8x16;

use super::{Fields, Variable};
use crate::bytes::{bits, first_bit, word};

/// Different bytes that end values.
const STOPS: usize = 3;
/// The most that a line may have of 64 bytes.
const CHUNKS: usize = 8;

/// The steps through a line, and what they look for.
#[derive(Debug)]
pub(super) struct Quick {
    begin: Text,
    stops: [u8; STOPS],
    steps: Vec<Step>,
}

/// A variable.
#[derive(Debug)]
struct Step {
    /// The place among the stops of the byte that ends the value; none if the line's end does.
    stop: Option<usize>,
    /// What ends the value.
    until: Text,
    /// `-` and what ends the value.
    dash: Text,
    slot: Option<usize>,
    dash_is_zero: bool,
}

impl Quick {
    /// The steps of a template, if it is simple enough.
    pub(super) fn new(begin: &[u8], variables: &[Variable]) -> Option<Self> {
        let mut stops: Vec<u8> = Vec::new();
        let mut slots = Vec::new();
        let mut steps = Vec::new();
        for variable in variables {
            let slot = variable.slot.map(|(slot, _)| slot);
            // Which of several variables counts, and where a list or an empty value ends, is for the walk.
            let twice = slot.is_some_and(|slot| slots.contains(&slot));
            if twice || variable.list || variable.until.starts_with(b"-") {
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
                dash: Text::new(&[b"-", &*variable.until].concat())?,
                slot,
                dash_is_zero: variable.dash_is_zero,
            });
        }
        let first = *stops.first()?;
        stops.resize(STOPS.max(stops.len()), first);
        Some(Quick {
            begin: Text::new(begin)?,
            stops: stops.try_into().ok()?,
            steps,
        })
    }

    /// Fills `fields` from a line; gives where its last variable ends, or nothing if the line does not fit.
    #[inline]
    pub(super) fn read(&self, line: &[u8], fields: &mut Fields<'_>) -> Option<usize> {
        if line.len() < 8 || line.len() >= CHUNKS * 64 || !self.begin.is_at(line, 0) {
            return None;
        }
        let mut places = [[0; STOPS]; CHUNKS];
        let (chunks, rest) = line.as_chunks::<64>();
        let mut last = [0; 64];
        last[..rest.len()].copy_from_slice(rest);
        let mut escapes = 0;
        for (chunk, places) in chunks.iter().chain([&last]).zip(&mut places) {
            for (stop, places) in self.stops.iter().zip(places) {
                *places = bits(chunk, |bytes| bytes.simd_eq(u8x16::splat(*stop)));
            }
            escapes |= bits(chunk, |bytes| bytes.simd_eq(u8x16::splat(b'\\')));
        }
        if escapes != 0 {
            return None;
        }
        let mut at = self.begin.length;
        for step in &self.steps {
            let start = at;
            let dash = step.dash.is_at(line, start);
            if dash && (step.stop.is_some() || line.len() == start + 1) {
                at += step.dash.length;
                if let Some(slot) = step.slot.filter(|_| step.dash_is_zero) {
                    fields.copy(slot, "0");
                }
                continue;
            }
            let end = match step.stop {
                Some(stop) => first_bit(at, |index| Some(places.get(index)?[stop]))?,
                None => line.len(),
            };
            if !step.until.is_at(line, end) {
                return None;
            }
            at = end + step.until.length;
            if let Some(slot) = step.slot {
                fields.set(slot, start, end);
            }
        }
        Some(at)
    }
}

/// Up to eight bytes.
#[derive(Debug)]
struct Text {
    word: u64,
    mask: u64,
    length: usize,
}

impl Text {
    fn new(text: &[u8]) -> Option<Self> {
        // Zeros stand beyond a line's end.
        if text.len() > 8 || text.contains(&0) {
            return None;
        }
        let (mut word, mut mask) = ([0; 8], [0; 8]);
        word[..text.len()].copy_from_slice(text);
        mask[..text.len()].fill(0xff);
        Some(Text {
            word: u64::from_le_bytes(word),
            mask: u64::from_le_bytes(mask),
            length: text.len(),
        })
    }

    /// Whether it stands at `at` in a line of at least eight bytes.
    #[inline(always)]
    fn is_at(&self, line: &[u8], at: usize) -> bool {
        let there = match line.get(at..at + 8) {
            Some(there) => word(there, 0),
            None => {
                let beyond = (at + 8 - line.len()) as u32;
                word(line, line.len() - 8)
                    .checked_shr(beyond * 8)
                    .unwrap_or(0)
            }
        };
        (there ^ self.word) & self.mask == 0
    }
}
