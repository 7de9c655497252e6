//! Reads logs without what differs between two copies of one text: line ends and byte-order marks.

use std::io::Read;

use sha2::{Digest, Sha256};

use crate::intake::evidence::readers::CHUNK;

/// The byte-order mark that some editors and exports put in front of a text.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Calls `visit` with the bytes of `content` piece by piece, each line ended by `\n` alone.
///
/// A byte-order mark in front is passed over. An error ends the content: it was told when the log was read
/// for its lines.
pub(crate) fn visit(content: &mut dyn Read, visit: &mut dyn FnMut(&[u8])) {
    let mut chunk = vec![0; CHUNK];
    // Bytes at the chunk's beginning that wait for what follows them.
    let mut kept = 0;
    let mut is_front = true;
    loop {
        let length = content.read(&mut chunk[kept..]).unwrap_or(0);
        let filled = kept + length;
        if is_front && length > 0 && filled < MARK.len() {
            kept = filled;
            continue;
        }
        let begin = match std::mem::take(&mut is_front) && chunk[..filled].starts_with(MARK) {
            true => MARK.len(),
            false => 0,
        };
        // Only what follows a `\r` at the end says whether it belongs to a line end.
        let waits = length > 0 && chunk[begin..filled].ends_with(b"\r");
        let end = filled - usize::from(waits);
        let mut start = begin;
        for at in memchr::memchr_iter(b'\r', &chunk[begin..end]).map(|at| begin + at) {
            if chunk[..end].get(at + 1) == Some(&b'\n') {
                visit(&chunk[start..at]);
                start = at + 1;
            }
        }
        visit(&chunk[start..end]);
        if length == 0 {
            return;
        }
        chunk.copy_within(end..filled, 0);
        kept = filled - end;
    }
}

/// A hash that two copies of one text share, whatever their line ends, and with or without blank lines
/// and a line end behind the last line.
pub(crate) fn fingerprint(content: &mut dyn Read) -> [u8; 32] {
    let mut hash = Sha256::new();
    // Line ends that count only if something follows them.
    let mut ends = 0u64;
    visit(content, &mut |piece| {
        let text = match piece.iter().rposition(|byte| *byte != b'\n') {
            Some(last) => &piece[..=last],
            None => &piece[..0],
        };
        if !text.is_empty() {
            (0..std::mem::take(&mut ends)).for_each(|_| hash.update(b"\n"));
            hash.update(text);
        }
        ends += (piece.len() - text.len()) as u64;
    });
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte at a time, so that every boundary lies between two pieces.
    struct Slow<'b>(&'b [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            let most = into.len().min(1);
            self.0.read(&mut into[..most])
        }
    }

    fn of(text: &str) -> [u8; 32] {
        let slow = fingerprint(&mut Slow(text.as_bytes()));
        assert_eq!(slow, fingerprint(&mut text.as_bytes()), "{text:?}");
        slow
    }

    #[test]
    fn line_ends_marks_and_the_last_line_do_not_matter() {
        let first = of("a\n\nb\n");
        for copy in [
            "a\r\n\r\nb\r\n",
            "\u{feff}a\n\nb\n",
            "\u{feff}a\r\n\nb",
            "a\n\nb\n\r\n\n",
        ] {
            assert_eq!(of(copy), first, "{copy:?}");
        }
        for other in [
            "a\nb\n",
            "\na\n\nb",
            "a\r\r\n\nb",
            "a\n\nb\r",
            "a\n\nb ",
            "",
        ] {
            assert_ne!(of(other), first, "{other:?}");
        }
    }

    #[test]
    fn a_line_end_may_lie_between_two_chunks() {
        for before in [CHUNK - 2, CHUNK - 1, CHUNK, CHUNK + 1] {
            let [unix, text_mode] =
                ["\n", "\r\n"].map(|end| format!("{}{end}b{end}", "a".repeat(before)));
            let shared = fingerprint(&mut unix.as_bytes());
            assert_eq!(fingerprint(&mut text_mode.as_bytes()), shared, "{before}");
        }
    }
}
