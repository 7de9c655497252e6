//! Comparing, copying and searching short stretches of bytes without a call: most of what intake meets is
//! shorter than what a call costs.

use fearless_simd::{Level, Simd, dispatch, mask8x64, prelude::*, u8x64};

/// One in each of eight bytes.
const ONES: u64 = 0x0101_0101_0101_0101;
/// The high bit of each of eight bytes.
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Bytes of the longest text that can be marked.
pub(crate) const MOST_MARKED: usize = 64 * WORDS;
const WORDS: usize = 1 << 10;

/// A bit for each byte of a text, 64 in a word, and a word more. What stands beyond is of no matter.
#[derive(Debug, Clone)]
pub(crate) struct Marks {
    words: Box<[u64; WORDS + 1]>,
    /// How many of them are those of the text.
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
    /// Marks each byte of `text` as `look` says, and zeros behind it up to the word's end, or a word of them.
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

    /// For each of `count` places, the first mark there or after, as of [`Marks::first`].
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
            far &= far - 1;
        }
        found
    }

    /// The first mark at `at` or after; some place behind the text if there is none.
    #[inline(always)]
    pub(crate) fn first(&self, at: usize) -> usize {
        match self.window(at) {
            0 => self.first_far(at),
            window => at + window.trailing_zeros() as usize,
        }
    }

    /// The marks of the 64 bytes from `at` on, wherever a word ends.
    #[inline(always)]
    fn window(&self, at: usize) -> u64 {
        let (index, shift) = (at / 64 % WORDS, at % 64);
        self.words[index] >> shift | self.words[index + 1] << 1 << (63 - shift)
    }

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

/// Adds the places where `byte` stands in `text` to `found`, counted from `base` before it.
pub(crate) fn find_all(text: &[u8], byte: u8, base: usize, found: &mut Vec<u32>) {
    dispatch!(Level::new(), simd => find_all_as(simd, text, byte, base, found));
}

#[inline(always)]
fn find_all_as<S: Simd>(simd: S, text: &[u8], byte: u8, base: usize, found: &mut Vec<u32>) {
    let (chunks, rest) = text.as_chunks::<64>();
    let mut at = base as u32;
    for chunk in chunks {
        let mut bits = u8x64::from_slice(simd, chunk).simd_eq(byte).to_bitmask();
        while bits != 0 {
            found.push(at + bits.trailing_zeros());
            bits &= bits - 1;
        }
        at += 64;
    }
    let rest = rest.iter().enumerate().filter(|(_, there)| **there == byte);
    found.extend(rest.map(|(place, _)| at + place as u32));
}

/// Whether two stretches are the same.
#[inline(always)]
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    match a.len() {
        0..8 => short(a) == short(b),
        8..=16 => same_ends::<8>(a, b),
        17..=32 => same_ends::<16>(a, b),
        // Many texts are some more or less than 64 bytes long: one look at all of them, and no guess.
        length @ 33..=96 => {
            let middle = (length - 32) / 2;
            let same_middle = a[middle..].first_chunk::<32>() == b[middle..].first_chunk();
            same_ends::<32>(a, b) & same_middle
        }
        _ => a == b,
    }
}

/// Whether the first `N` bytes are the same, and the last.
#[inline(always)]
fn same_ends<const N: usize>(a: &[u8], b: &[u8]) -> bool {
    (a.first_chunk::<N>() == b.first_chunk()) & (a.last_chunk::<N>() == b.last_chunk())
}

/// Stretches one after another, each behind its length in four bytes: Parquet's plain encoding.
#[derive(Debug, Default)]
pub(crate) struct Lengthed {
    /// They, and room for more.
    bytes: Vec<u8>,
    length: usize,
}

impl Lengthed {
    const LENGTH: usize = size_of::<u32>();
    /// Bytes by which the room for more grows, which are at hand when they are filled.
    const ROOM: usize = 1 << 12;

    /// None yet, behind some bytes, and memory for so many.
    pub(crate) fn new(before: &[u8], capacity: usize) -> Self {
        let mut bytes = Vec::with_capacity(before.len() + capacity);
        bytes.extend_from_slice(before);
        Lengthed {
            length: bytes.len(),
            bytes,
        }
    }

    /// Bytes so far.
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    pub(crate) fn into_bytes(mut self) -> Vec<u8> {
        self.bytes.truncate(self.length);
        self.bytes
    }

    /// Appends a stretch. What was written is not read again, for which the processor would have to wait.
    #[inline]
    pub(crate) fn push(&mut self, value: &[u8]) {
        let length = u32::try_from(value.len()).expect("a value is shorter than its block");
        let (start, end) = (
            self.length + Self::LENGTH,
            self.length + Self::LENGTH + value.len(),
        );
        if self.bytes.len() < end {
            self.bytes.resize(end + Self::ROOM, 0);
        }
        self.bytes[self.length..start].copy_from_slice(&length.to_le_bytes());
        let room = &mut self.bytes[start..end];
        match value.len() {
            0..4 => {
                for (to, from) in room.iter_mut().zip(value) {
                    *to = *from;
                }
            }
            4..8 => put_ends::<4>(room, value),
            8..=16 => put_ends::<8>(room, value),
            17..=32 => put_ends::<16>(room, value),
            33..=64 => put_ends::<32>(room, value),
            _ => room.copy_from_slice(value),
        }
        self.length = end;
    }
}

/// Puts the first `N` bytes and the last, which lie over one another or side by side.
#[inline(always)]
fn put_ends<const N: usize>(room: &mut [u8], value: &[u8]) {
    if let (Some(room), Some(value)) = (room.first_chunk_mut::<N>(), value.first_chunk::<N>()) {
        *room = *value;
    }
    if let (Some(room), Some(value)) = (room.last_chunk_mut::<N>(), value.last_chunk::<N>()) {
        *room = *value;
    }
}

/// The eight bytes from `at` on, which must be there.
#[inline]
pub(crate) fn word(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

/// The four bytes from `at` on, which must be there.
#[inline]
fn half_word(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32::from_le_bytes(
        bytes[at..at + 4].try_into().expect("four bytes"),
    ))
}

/// Fewer than eight bytes as one number, different for different bytes of the same length.
#[inline]
pub(crate) fn short(bytes: &[u8]) -> u64 {
    match bytes.len() {
        0 => 0,
        1..4 => {
            let (first, middle, last) = (bytes[0], bytes[bytes.len() / 2], bytes[bytes.len() - 1]);
            u64::from(first) | u64::from(middle) << 8 | u64::from(last) << 16
        }
        length => half_word(bytes, 0) | half_word(bytes, length - 4) << 32,
    }
}

/// Eight bytes at once: the high bit of each byte that ends a plain stretch of a string, which is a
/// quote, a backslash or a control character. Exact up to the first such byte.
#[inline]
pub(crate) fn special(word: u64) -> u64 {
    let equal = |byte: u8| {
        let difference = word ^ (ONES * u64::from(byte));
        difference.wrapping_sub(ONES) & !difference
    };
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    (equal(b'"') | equal(b'\\') | control) & HIGH
}

/// The high bit of each of eight bytes that is no digit.
#[inline]
pub(crate) fn no_digits(word: u64) -> u64 {
    over_nine(word ^ (ONES * u64::from(b'0')))
}

/// The high bit of each of eight bytes that is more than nine.
#[inline]
fn over_nine(values: u64) -> u64 {
    (((values & (ONES * 0x7f)) + ONES * 0x76) | values) & HIGH
}

/// The number that up to sixteen digits write, and nothing else.
#[inline]
pub(crate) fn decimal(text: &[u8]) -> Option<u64> {
    match text.len() {
        length @ 1..4 => eight_digits(short(text), length),
        length @ 4..8 => {
            // The halves lie over one another where both have the same bytes.
            let last = half_word(text, length - 4) << (8 * (length - 4));
            eight_digits(half_word(text, 0) | last, length)
        }
        8 => eight_digits(word(text, 0), 8),
        length @ 9..=16 => {
            let first = eight_digits(word(text, 0), length - 8)?;
            Some(first * 100_000_000 + eight_digits(word(text, length - 8), 8)?)
        }
        _ => None,
    }
}

/// The number that the first of eight bytes write, up to all of them.
#[inline(always)]
fn eight_digits(bytes: u64, length: usize) -> Option<u64> {
    // Moved to the end, behind zeros.
    let digits = (bytes ^ (ONES * u64::from(b'0'))) << (8 * (8 - length));
    if over_nine(digits) != 0 {
        return None;
    }
    // Neighbours are put together: digits to pairs, pairs to fours, fours to eight.
    let pairs = digits.wrapping_mul(10 << 8 | 1) >> 8;
    let fours = (pairs & 0x00ff_00ff_00ff_00ff).wrapping_mul(100 << 16 | 1) >> 16;
    Some((fours & 0x0000_ffff_0000_ffff).wrapping_mul(10_000 << 32 | 1) >> 32)
}

/// The numbers of `12:34:56`, and nothing else.
#[inline(always)]
pub(crate) fn two_digits_thrice(text: &[u8; 8]) -> Option<[i64; 3]> {
    let digits = u64::from_le_bytes(*text) ^ u64::from_le_bytes(*b"00:00:00");
    let colons = u64::from_le_bytes([0, 0, 0xff, 0, 0, 0xff, 0, 0]);
    if over_nine(digits) | digits & colons != 0 {
        return None;
    }
    let number = |at: u32| ((digits >> at & 15) * 10 + (digits >> (at + 8) & 15)) as i64;
    Some([number(0), number(24), number(48)])
}

/// A short text that is compared in three steps, whatever its length.
#[derive(Debug)]
pub(crate) struct Mark {
    words: [u64; 3],
    masks: [u64; 3],
    /// Bytes of it; 0 if it is empty or too long, and then it is found nowhere.
    pub(crate) length: usize,
}

impl Mark {
    /// Of a text of up to 24 bytes.
    pub(crate) fn new(text: &str) -> Self {
        let length = if text.len() <= 24 { text.len() } else { 0 };
        let mut bytes = [0; 24];
        let mut mask = [0; 24];
        bytes[..length].copy_from_slice(&text.as_bytes()[..length]);
        mask[..length].fill(0xff);
        Mark {
            words: [0, 8, 16].map(|at| word(&bytes, at)),
            masks: [0, 8, 16].map(|at| word(&mask, at)),
            length,
        }
    }

    /// Whether it stands at `at`, with enough bytes after to look at all of it at once.
    #[inline]
    pub(crate) fn at(&self, bytes: &[u8], at: usize) -> bool {
        let Some(there) = bytes.get(at..at + 24).filter(|_| self.length > 0) else {
            return false;
        };
        let differs =
            |index: usize| (word(there, index * 8) ^ self.words[index]) & self.masks[index];
        differs(0) | differs(1) | differs(2) == 0
    }
}

/// The bytes without the byte-order mark that some writers put first.
pub(crate) fn without_bom(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// Where the quote that opened before `from` closes.
pub(crate) fn quote_end(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_slices_own_comparison() {
        for length in 0..140 {
            let a: Vec<u8> = (0..length).map(|index| index as u8).collect();
            assert!(same(&a, &a.clone()));
            let mut appended = Lengthed::new(b"before", 0);
            let one = [&[length as u8, 0, 0, 0], &a[..]].concat();
            for _ in 0..100 {
                appended.push(&a);
            }
            let all = [b"before", &one.repeat(100)[..]].concat();
            assert_eq!(appended.as_slice(), all);
            assert_eq!(appended.into_bytes(), all);
            assert!(!same(&a, &[&a[..], b"x"].concat()));
            for at in 0..length {
                let mut b = a.clone();
                b[at] ^= 0x80;
                assert!(!same(&a, &b), "{length} {at}");
            }
        }
    }

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

    #[test]
    fn a_mark_is_found_where_it_stands() {
        let mark = Mark::new("\"status\":");
        let text = b"{\"statuz\":1,\"status\":200,\"more\":\"................\"}";
        let found: Vec<usize> = (0..text.len()).filter(|at| mark.at(text, *at)).collect();
        assert_eq!(found, [12]);
        assert!((0..text.len()).all(|at| !Mark::new("").at(text, at)));
    }

    #[test]
    fn three_numbers_stand_between_colons_and_nothing_else_does() {
        assert_eq!(two_digits_thrice(b"12:34:56"), Some([12, 34, 56]));
        assert_eq!(two_digits_thrice(b"00:99:07"), Some([0, 99, 7]));
        for at in 0..8 {
            for byte in 0..=255u8 {
                let mut text = *b"12:34:56";
                text[at] = byte;
                let right = match at {
                    2 | 5 => byte == b':',
                    _ => byte.is_ascii_digit(),
                };
                assert_eq!(two_digits_thrice(&text).is_some(), right, "{text:?}");
            }
        }
    }

    #[test]
    fn decimals_are_what_the_standard_library_reads() {
        for text in [
            "",
            "0",
            "7",
            "00",
            "1735655163",
            "12345678",
            "9999999999999999",
            "10000000000000000",
        ] {
            let known = text.parse().ok().filter(|_| text.len() <= 16);
            assert_eq!(decimal(text.as_bytes()), known, "{text}");
        }
        for length in 1..=16 {
            for at in 0..length {
                for byte in 0..=255u8 {
                    let mut text = vec![b'4'; length];
                    text[at] = byte;
                    let known = std::str::from_utf8(&text).ok();
                    let known = known.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
                    let known = known.and_then(|text| text.parse().ok());
                    assert_eq!(decimal(&text), known, "{text:?}");
                }
            }
        }
    }

    #[test]
    fn eight_bytes_at_once_find_the_first_special_byte() {
        for special_byte in [b'"', b'\\', 0, 1, 0x1f] {
            for at in 0..8 {
                for other in [b' ', b'!', b'#', b'[', b']', 0x7f, 0x80, 0xa2, 0xdc, 0xff] {
                    let mut word = [other; 8];
                    assert_eq!(special(u64::from_le_bytes(word)), 0, "{other}");
                    word[at] = special_byte;
                    let found = special(u64::from_le_bytes(word)).trailing_zeros() as usize / 8;
                    assert_eq!(found, at, "{special_byte} at {at} among {other}");
                }
            }
        }
    }
}
