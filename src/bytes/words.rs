//! Eight bytes at once: short texts as one number, marks of bytes, and the numbers that digits write.

/// One in each of eight bytes.
const ONES: u64 = 0x0101_0101_0101_0101;
/// The high bit of each of eight bytes.
const HIGH: u64 = 0x8080_8080_8080_8080;

/// The eight bytes from `at` on, the first as the lowest byte. They must be there.
#[inline]
pub(crate) fn word(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

/// The four bytes from `at` on, the first as the lowest byte. They must be there.
#[inline]
fn half_word(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32::from_le_bytes(
        bytes[at..at + 4].try_into().expect("four bytes"),
    ))
}

/// Fewer than eight bytes as one number, which is different for different bytes of the same length.
#[inline]
pub(crate) fn short(bytes: &[u8]) -> u64 {
    match bytes.len() {
        0 => 0,
        // For one byte all three are the same; for two, two of them.
        1..4 => {
            let (first, middle, last) = (bytes[0], bytes[bytes.len() / 2], bytes[bytes.len() - 1]);
            u64::from(first) | u64::from(middle) << 8 | u64::from(last) << 16
        }
        // Four to seven bytes: the first four and the last four, which may overlap.
        length => half_word(bytes, 0) | half_word(bytes, length - 4) << 32,
    }
}

/// The high bit of each of eight bytes that ends a plain stretch of a JSON string.
///
/// That is a quote, a backslash or a control character. Exact up to the first such byte: the borrow of
/// its subtraction may reach the bytes after it.
#[inline]
pub(crate) fn special(word: u64) -> u64 {
    // A byte that is equal becomes 0. Only 0 has its high bit set after 1 is taken off, and not before.
    let equal = |byte: u8| {
        let difference = word ^ (ONES * u64::from(byte));
        difference.wrapping_sub(ONES) & !difference
    };
    // The same for a byte below 0x20, from which 0x20 is taken off.
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    (equal(b'"') | equal(b'\\') | control) & HIGH
}

/// The high bit of each of eight bytes that is no digit.
#[inline]
pub(crate) fn no_digits(word: u64) -> u64 {
    // Digits become 0 to 9, and every other byte becomes more than nine.
    over_nine(word ^ (ONES * u64::from(b'0')))
}

/// The high bit of each of eight bytes that is more than nine.
#[inline]
fn over_nine(values: u64) -> u64 {
    // 0x76 more takes 10 and above to the high bit. The low seven bits alone are added to, so that no
    // byte carries into the next; a high bit that was set already is put back.
    (((values & (ONES * 0x7f)) + ONES * 0x76) | values) & HIGH
}

/// The number that `text` writes, if it is one to sixteen digits and nothing else.
#[inline]
pub(crate) fn decimal(text: &[u8]) -> Option<u64> {
    match text.len() {
        length @ 1..4 => eight_digits(short(text), length),
        length @ 4..8 => {
            // The halves overlap; where they do, both have the same bytes in the same place.
            let last = half_word(text, length - 4) << (8 * (length - 4));
            eight_digits(half_word(text, 0) | last, length)
        }
        8 => eight_digits(word(text, 0), 8),
        length @ 9..=16 => {
            // First the digits before the last eight, which are one to eight.
            let first = eight_digits(word(text, 0), length - 8)?;
            Some(first * 100_000_000 + eight_digits(word(text, length - 8), 8)?)
        }
        _ => None,
    }
}

/// The number that the first `length` of eight bytes write, if all of these are digits.
#[inline(always)]
fn eight_digits(bytes: u64, length: usize) -> Option<u64> {
    // The digits move to the last bytes, and zeros stand before them as leading zeros would. Bytes beyond
    // `length` are shifted out.
    let digits = (bytes ^ (ONES * u64::from(b'0'))) << (8 * (8 - length));
    if over_nine(digits) != 0 {
        return None;
    }
    // Neighbours are put together: digits to pairs, pairs to fours, fours to eight. The first of two is the
    // lower one, so it is multiplied by the weight that it has over the second; a mask keeps every other
    // sum, and the shift moves it down.
    let pairs = digits.wrapping_mul(10 << 8 | 1) >> 8;
    let fours = (pairs & 0x00ff_00ff_00ff_00ff).wrapping_mul(100 << 16 | 1) >> 16;
    Some((fours & 0x0000_ffff_0000_ffff).wrapping_mul(10_000 << 32 | 1) >> 32)
}

/// The three numbers of a text such as `12:34:56`; nothing if it is written otherwise.
#[inline(always)]
pub(crate) fn two_digits_thrice(text: &[u8; 8]) -> Option<[i64; 3]> {
    // Where both have the same sign, a colon, 0 is left; a digit leaves its value.
    let digits = u64::from_le_bytes(*text) ^ u64::from_le_bytes(*b"00:00:00");
    let colons = u64::from_le_bytes([0, 0, 0xff, 0, 0, 0xff, 0, 0]);
    if over_nine(digits) | digits & colons != 0 {
        return None;
    }
    // Two neighbouring bytes, of which only the low four bits can be set.
    let number = |at: u32| ((digits >> at & 15) * 10 + (digits >> (at + 8) & 15)) as i64;
    Some([number(0), number(24), number(48)])
}

#[cfg(test)]
mod tests {
    use super::*;

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
