//! Comparing, copying and searching short stretches of bytes without a call: most of what intake meets is
//! shorter than what a call costs.

use wide::u8x16;

/// One in each of eight bytes.
const ONES: u64 = 0x0101_0101_0101_0101;
/// The high bit of each of eight bytes.
const HIGH: u64 = 0x8080_8080_8080_8080;

/// A bit for each of 64 bytes, as `look` says of sixteen at a time.
#[inline(always)]
pub(crate) fn bits(chunk: &[u8; 64], look: impl Fn(u8x16) -> u8x16) -> u64 {
    let (parts, _) = chunk.as_chunks::<16>();
    parts.iter().rev().fold(0, |bits, part| {
        bits << 16 | u64::from(look(u8x16::new(*part)).to_bitmask())
    })
}

/// The place of the first bit at `at` or after that is set in `words`, of which there are as many as it gives.
#[inline(always)]
pub(crate) fn first_bit(at: usize, words: impl Fn(usize) -> Option<u64>) -> Option<usize> {
    let (mut index, shift) = (at / 64, at % 64);
    // The next 64 bits, wherever a word ends, are looked at in one step.
    let next = words(index + 1).unwrap_or(0);
    let window = words(index)? >> shift | next << 1 << (63 - shift);
    if window != 0 {
        return Some(at + window.trailing_zeros() as usize);
    }
    let mut bits = next >> shift << shift;
    loop {
        index += 1;
        if bits != 0 {
            return Some(index * 64 + bits.trailing_zeros() as usize);
        }
        bits = words(index + 1)?;
    }
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
        33..=64 => same_ends::<32>(a, b),
        _ => a == b,
    }
}

/// Whether the first `N` bytes are the same, and the last.
#[inline(always)]
fn same_ends<const N: usize>(a: &[u8], b: &[u8]) -> bool {
    (a.first_chunk::<N>() == b.first_chunk()) & (a.last_chunk::<N>() == b.last_chunk())
}

/// Appends a stretch.
#[inline]
pub(crate) fn append(bytes: &mut Vec<u8>, value: &[u8]) {
    match value.len() {
        0..4 => value.iter().for_each(|byte| bytes.push(*byte)),
        4..8 => append_ends::<4>(bytes, value),
        8..=16 => append_ends::<8>(bytes, value),
        17..=32 => append_ends::<16>(bytes, value),
        33..=64 => append_ends::<32>(bytes, value),
        _ => bytes.extend_from_slice(value),
    }
}

/// Appends the first `N` bytes and the last, which lie over one another or side by side.
#[inline(always)]
fn append_ends<const N: usize>(bytes: &mut Vec<u8>, value: &[u8]) {
    if let (Some(first), Some(last)) = (value.first_chunk::<N>(), value.last_chunk::<N>()) {
        let length = bytes.len() + value.len();
        bytes.extend_from_slice(first);
        bytes.truncate(length - N);
        bytes.extend_from_slice(last);
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
        1..4 => text.iter().try_fold(0, |number, byte| {
            let digit = byte.wrapping_sub(b'0');
            (digit <= 9).then(|| number * 10 + u64::from(digit))
        }),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_slices_own_comparison() {
        for length in 0..140 {
            let a: Vec<u8> = (0..length).map(|index| index as u8).collect();
            assert!(same(&a, &a.clone()));
            let mut appended = b"before".to_vec();
            append(&mut appended, &a);
            assert_eq!(appended, [b"before", &a[..]].concat());
            assert!(!same(&a, &[&a[..], b"x"].concat()));
            for at in 0..length {
                let mut b = a.clone();
                b[at] ^= 0x80;
                assert!(!same(&a, &b), "{length} {at}");
            }
        }
    }

    #[test]
    fn the_first_bit_is_found_from_any_place() {
        for places in [
            &[][..],
            &[0],
            &[63],
            &[64],
            &[127, 128],
            &[5, 70, 200, 255],
            &[191, 250],
        ] {
            let mut words = [0u64; 4];
            for place in places {
                words[place / 64] |= 1 << (place % 64);
            }
            for at in 0..300 {
                let found = first_bit(at, |index| words.get(index).copied());
                let first = places.iter().copied().find(|place| *place >= at);
                assert_eq!(found, first, "{places:?} from {at}");
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
