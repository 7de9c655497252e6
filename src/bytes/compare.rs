//! Compares short stretches of bytes without a call.

use super::words::{short, word};

/// Whether two stretches hold the same bytes.
///
/// Up to 96 bytes are compared with a few loads that may overlap, and without a call.
#[inline(always)]
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    match a.len() {
        0..8 => short(a) == short(b),
        8..=16 => same_ends::<8>(a, b),
        17..=32 => same_ends::<16>(a, b),
        // Many texts are about 64 bytes long. One arm for all of them spares a branch that the processor
        // would often guess wrongly. First and last 32 bytes leave at most 32 in the middle.
        length @ 33..=96 => {
            let middle = (length - 32) / 2;
            let same_middle = a[middle..].first_chunk::<32>() == b[middle..].first_chunk();
            same_ends::<32>(a, b) & same_middle
        }
        _ => a == b,
    }
}

/// Whether the first `N` bytes are the same and the last `N` are. `&` compares both without a branch.
#[inline(always)]
fn same_ends<const N: usize>(a: &[u8], b: &[u8]) -> bool {
    (a.first_chunk::<N>() == b.first_chunk()) & (a.last_chunk::<N>() == b.last_chunk())
}

/// A short text that is compared in three steps, whatever its length: eight bytes in each.
#[derive(Debug)]
pub(crate) struct Mark {
    /// The text, with zeros behind its end.
    words: [u64; 3],
    /// All bits set for each byte of the text, and none behind its end.
    masks: [u64; 3],
    /// Bytes of the text; 0 if it is empty or too long, and then it is found nowhere.
    pub(crate) length: usize,
}

impl Mark {
    /// A mark of `text`, which may have up to 24 bytes.
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

    /// Whether the text stands at `at`.
    ///
    /// Also false if fewer than 24 bytes follow `at`, since all of them are compared at once.
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
            assert!(!same(&a, &[&a[..], b"x"].concat()));
            for at in 0..length {
                let mut b = a.clone();
                b[at] ^= 0x80;
                assert!(!same(&a, &b), "{length} {at}");
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
}
