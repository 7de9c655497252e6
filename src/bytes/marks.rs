//! Marks the bytes of a text that are of one kind, so that the next of them is found without a search.

use fearless_simd::{Level, Simd, dispatch, mask8x64, prelude::*, u8x64};

/// Bytes of the longest text that can be marked.
pub(crate) const MOST_MARKED: usize = 64 * WORDS;
/// Words of marks, 64 in each. A power of two, so that a remainder by it is a mask.
const WORDS: usize = 1 << 10;

/// One bit for each byte of a text, set where a byte is of a certain kind.
///
/// There is one word more than [`WORDS`], so that a look across the end of the last word stays in
/// bounds. Words behind those of the text may hold marks of earlier texts: a mark that is found there lies
/// behind the text, which means that there is none.
#[derive(Debug, Clone)]
pub(crate) struct Marks {
    words: Box<[u64; WORDS + 1]>,
    /// How many words belong to the text that was marked last.
    count: usize,
}

impl Default for Marks {
    fn default() -> Self {
        Marks {
            words: Box::new([0; WORDS + 1]),
            count: 0,
        }
    }
}

impl Marks {
    /// Marks each byte of `text` for which `look` says so.
    ///
    /// `look` gets 64 bytes at once. Behind the end of the text it gets zeros, up to the end of the last
    /// word, or one whole word of zeros if the text ends with a word.
    #[inline(always)]
    pub(crate) fn mark<S: Simd>(
        &mut self,
        simd: S,
        text: &[u8],
        look: impl Fn(u8x64<S>) -> mask8x64<S>,
    ) {
        let bits = |chunk: &[u8; 64]| look(u8x64::from_slice(simd, chunk)).to_bitmask();
        let (chunks, rest) = text.as_chunks::<64>();
        let (marks, rest_marks) = self.words.split_at_mut(chunks.len());
        for (marks, chunk) in marks.iter_mut().zip(chunks) {
            *marks = bits(chunk);
        }
        let mut last = [0; 64];
        last[..rest.len()].copy_from_slice(rest);
        rest_marks[0] = bits(&last);
        self.count = chunks.len() + 1;
    }

    /// For each of the first `count` places of `from`, what [`Marks::first`] gives.
    ///
    /// Nearly every mark is less than 64 bytes away. These are found in a first loop without branches;
    /// the others are found one by one afterwards.
    #[inline(always)]
    pub(crate) fn first_each(&self, from: &[u32; 64], count: usize) -> [u32; 64] {
        let mut found = [0; 64];
        let mut far = 0u64;
        for index in 0..count.min(found.len()) {
            let window = self.window(from[index] as usize);
            found[index] = from[index].wrapping_add(window.trailing_zeros());
            far |= u64::from(window == 0) << index;
        }
        while far != 0 {
            let index = far.trailing_zeros() as usize;
            found[index] = self.first_far(from[index] as usize) as u32;
            // Clears the lowest bit that is set.
            far &= far - 1;
        }
        found
    }

    /// The place of the first mark at or after `at`; any place behind the text if there is none.
    #[inline(always)]
    pub(crate) fn first(&self, at: usize) -> usize {
        match self.window(at) {
            0 => self.first_far(at),
            window => at + window.trailing_zeros() as usize,
        }
    }

    /// The marks of the 64 bytes from `at` on, which may lie in two words.
    #[inline(always)]
    fn window(&self, at: usize) -> u64 {
        // The remainder keeps places behind the text in bounds; whatever is found there is behind the text.
        // Two shifts, as one shift by 64 (where `shift` is 0) would overflow.
        let (index, shift) = (at / 64 % WORDS, at % 64);
        self.words[index] >> shift | self.words[index + 1] << 1 << (63 - shift)
    }

    /// As [`Marks::first`], for a mark that is not among the next 64 bytes.
    #[inline(never)]
    fn first_far(&self, at: usize) -> usize {
        let words = &self.words[..self.count];
        let own = words.get(at / 64).map_or(0, |word| word >> (at % 64));
        if own != 0 {
            return at + own.trailing_zeros() as usize;
        }
        let mut rest = words.iter().enumerate().skip(at / 64 + 1);
        match rest.find(|(_, word)| **word != 0) {
            Some((index, word)) => index * 64 + word.trailing_zeros() as usize,
            None => at.max(words.len() * 64),
        }
    }
}

/// Appends each place of `byte` in `text` to `found`, with `base` added to it.
pub(crate) fn find_all(text: &[u8], byte: u8, base: usize, found: &mut Vec<u32>) {
    dispatch!(Level::new(), simd => find_all_as(simd, text, byte, base, found));
}

#[inline(always)]
fn find_all_as<S: Simd>(simd: S, text: &[u8], byte: u8, base: usize, found: &mut Vec<u32>) {
    let (chunks, rest) = text.as_chunks::<64>();
    // A block, in which places are counted, is shorter than 4 GiB.
    let mut at = base as u32;
    for chunk in chunks {
        let mut bits = u8x64::from_slice(simd, chunk).simd_eq(byte).to_bitmask();
        while bits != 0 {
            found.push(at + bits.trailing_zeros());
            // Clears the lowest bit that is set.
            bits &= bits - 1;
        }
        at += 64;
    }
    let rest = rest.iter().enumerate().filter(|(_, there)| **there == byte);
    found.extend(rest.map(|(place, _)| at + place as u32));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_mark_is_found_from_any_place() {
        for places in [
            &[][..],
            &[0],
            &[63],
            &[64],
            &[127, 128],
            &[5, 70, 200, 255],
            &[191, 250],
        ] {
            let mut text = [b'.'; 256];
            places.iter().for_each(|place| text[*place] = b'x');
            let mut marks = Marks::default();
            dispatch!(Level::new(), simd => marks.mark(simd, &text, |bytes| bytes.simd_eq(b'x')));
            for at in (0..300).chain([MOST_MARKED - 1, MOST_MARKED, MOST_MARKED + 9]) {
                let each = marks.first_each(&[at as u32; 64], 64);
                assert_eq!(each, [marks.first(at) as u32; 64]);
                match places.iter().copied().find(|place| *place >= at) {
                    Some(first) => assert_eq!(marks.first(at), first, "{places:?} from {at}"),
                    None => assert!(marks.first(at) >= text.len(), "{places:?} from {at}"),
                }
            }
        }
    }

    #[test]
    fn all_places_of_a_byte_are_found() {
        for length in [0, 1, 63, 64, 65, 200] {
            let text: Vec<u8> = (0..length).map(|at| b"ab\0\xff"[at * at % 4]).collect();
            for byte in [b'a', b'b', b'x'] {
                let mut found = vec![3];
                find_all(&text, byte, 7, &mut found);
                let places = memchr::memchr_iter(byte, &text).map(|at| at as u32 + 7);
                assert!(std::iter::once(3).chain(places).eq(found));
            }
        }
    }

    #[test]
    fn each_byte_that_is_looked_for_is_marked() {
        let mut marks = Marks::default();
        for length in [200, 65, 64, 63, 1, 0] {
            let text: Vec<u8> = (0..length).map(|at| b"ab\0\xff"[at % 4]).collect();
            for byte in [b'a', 0xff, b'x'] {
                let level = Level::new();
                dispatch!(level, simd => marks.mark(simd, &text, |bytes| bytes.simd_eq(byte)));
                for at in 0..(length / 64 + 1) * 64 {
                    let there = marks.words[at / 64] >> (at % 64) & 1 == 1;
                    assert_eq!(there, text.get(at) == Some(&byte), "{byte} at {at}");
                }
            }
        }
    }
}
