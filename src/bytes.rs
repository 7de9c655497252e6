//! Comparing short stretches of bytes without a call, eight at a time: most of what intake compares is
//! shorter than what a call costs.

/// Whether two stretches are the same.
#[inline]
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    if a.len() < 8 {
        return short(a) == short(b);
    }
    let mut at = 0;
    while at + 8 <= a.len() {
        if word(a, at) != word(b, at) {
            return false;
        }
        at += 8;
    }
    word(a, a.len() - 8) == word(b, b.len() - 8)
}

/// The eight bytes from `at` on, which must be there.
#[inline]
pub(crate) fn word(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

/// Fewer than eight bytes as one number, different for different bytes of the same length.
#[inline]
pub(crate) fn short(bytes: &[u8]) -> u64 {
    let half = |at: usize| {
        u64::from(u32::from_le_bytes(
            bytes[at..at + 4].try_into().expect("four bytes"),
        ))
    };
    match bytes.len() {
        0 => 0,
        1..4 => {
            let (first, middle, last) = (bytes[0], bytes[bytes.len() / 2], bytes[bytes.len() - 1]);
            u64::from(first) | u64::from(middle) << 8 | u64::from(last) << 16
        }
        length => half(0) | half(length - 4) << 32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_slices_own_comparison() {
        for length in 0..40 {
            let a: Vec<u8> = (0..length).map(|index| index as u8).collect();
            assert!(same(&a, &a.clone()));
            assert!(!same(&a, &[&a[..], b"x"].concat()));
            for at in 0..length {
                let mut b = a.clone();
                b[at] ^= 0x80;
                assert!(!same(&a, &b), "{length} {at}");
            }
        }
    }
}
