//! Opens an evidence file read-only: hash as found, decompress, hash the decompressed bytes, split
//! into lines. Memory is one buffer, which grows only to hold the longest line.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

const CHUNK: usize = 1 << 18;

/// A reader that hashes and counts what passes through.
struct Hashing<R> {
    inner: R,
    hash: Sha256,
    size: u64,
}

impl<R: Read> Hashing<R> {
    fn new(inner: R) -> Self {
        Hashing {
            inner,
            hash: Sha256::new(),
            size: 0,
        }
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.hash.update(&buffer[..length]);
        self.size += length as u64;
        Ok(length)
    }
}

/// The bytes of a hash, in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            write!(text, "{byte:02x}").expect("writing to a string");
            text
        })
}

enum Content {
    Plain(Hashing<File>),
    Gzip(Box<MultiGzDecoder<io::BufReader<Hashing<File>>>>),
}

impl Read for Content {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Content::Plain(file) => file.read(buffer),
            Content::Gzip(decoder) => decoder.read(buffer),
        }
    }
}

/// What is known of an evidence file once it is read to its end.
#[derive(Debug)]
pub(super) struct Custody {
    /// Bytes as found.
    pub(super) size: u64,
    /// SHA-256 of the bytes as found.
    pub(super) sha256: String,
    /// Bytes after decompression.
    pub(super) content_size: u64,
    /// SHA-256 of the bytes after decompression.
    pub(super) content_sha256: String,
    /// How it is compressed.
    pub(super) compression: &'static str,
    /// What cut reading short, if anything did.
    pub(super) damage: Option<String>,
}

/// A line and where it begins in the decompressed bytes.
#[derive(Debug)]
pub(super) struct Line<'a> {
    /// Number, from 1.
    pub(super) number: u64,
    /// Offset of its first byte.
    pub(super) offset: u64,
    /// Its bytes, without the line end.
    pub(super) bytes: &'a [u8],
}

/// An evidence file being read.
pub(super) struct Evidence {
    content: Hashing<Content>,
    compression: &'static str,
    buffer: Vec<u8>,
    start: usize,
    scanned: usize,
    end: usize,
    offset: u64,
    number: u64,
    ended: bool,
    damage: Option<String>,
}

impl Evidence {
    /// Opens `path`; the compression is known by the first bytes, not by the name.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let failed = |e: io::Error| Error::io("open the evidence", path, &e);
        let mut magic = [0u8; 2];
        let mut probe = File::open(path).map_err(failed)?;
        let known = probe.read(&mut magic).map_err(failed)?;
        let file = Hashing::new(File::open(path).map_err(failed)?);
        let (content, compression) = if magic[..known] == [0x1f, 0x8b] {
            let buffered = io::BufReader::with_capacity(CHUNK, file);
            (
                Content::Gzip(Box::new(MultiGzDecoder::new(buffered))),
                "gzip",
            )
        } else {
            (Content::Plain(file), "none")
        };
        Ok(Evidence {
            content: Hashing::new(content),
            compression,
            buffer: vec![0; CHUNK],
            start: 0,
            scanned: 0,
            end: 0,
            offset: 0,
            number: 0,
            ended: false,
            damage: None,
        })
    }

    /// The next line. What cannot be read ends the file, and is told by [`Evidence::finish`].
    pub(super) fn next_line(&mut self) -> Option<Line<'_>> {
        loop {
            if let Some(found) = memchr::memchr(b'\n', &self.buffer[self.scanned..self.end]) {
                let at = self.scanned + found;
                return Some(self.line(at, 1));
            }
            self.scanned = self.end;
            if self.ended {
                if self.start == self.end {
                    return None;
                }
                return Some(self.line(self.end, 0));
            }
            self.fill();
        }
    }

    fn line(&mut self, end: usize, terminator: usize) -> Line<'_> {
        let (start, offset) = (self.start, self.offset);
        self.start = end + terminator;
        self.scanned = self.start;
        self.offset += (self.start - start) as u64;
        self.number += 1;
        let bytes = &self.buffer[start..end];
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        Line {
            number: self.number,
            offset,
            bytes,
        }
    }

    fn fill(&mut self) {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.scanned -= self.start;
            self.start = 0;
        }
        if self.end == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        match self.content.read(&mut self.buffer[self.end..]) {
            Ok(0) => self.ended = true,
            Ok(length) => self.end += length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                self.damage = Some(format!(
                    "reading stopped after {} bytes: {error}",
                    self.content.size
                ));
                self.ended = true;
            }
        }
    }

    /// Bytes of the file as found that have been read, for progress.
    pub(super) fn position(&self) -> u64 {
        match &self.content.inner {
            Content::Plain(file) => file.size,
            Content::Gzip(decoder) => decoder.get_ref().get_ref().size,
        }
    }

    /// Hashes what is left of the file as found and tells all that is known of it.
    pub(super) fn finish(self, path: &Path) -> Result<Custody> {
        let Hashing {
            inner,
            hash,
            size: content_size,
        } = self.content;
        let content_sha256 = hex(&hash.finalize());
        let mut file = match inner {
            Content::Plain(file) => file,
            Content::Gzip(decoder) => decoder.into_inner().into_inner(),
        };
        io::copy(&mut file, &mut io::sink())
            .map_err(|e| Error::io("read the evidence", path, &e))?;
        Ok(Custody {
            size: file.size,
            sha256: hex(&file.hash.finalize()),
            content_size,
            content_sha256,
            compression: self.compression,
            damage: self.damage,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn lines(bytes: &[u8]) -> (Vec<(u64, Vec<u8>)>, Custody) {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(bytes).expect("written");
        let mut evidence = Evidence::open(file.path()).expect("opened");
        let mut lines = Vec::new();
        while let Some(line) = evidence.next_line() {
            lines.push((line.offset, line.bytes.to_vec()));
        }
        (lines, evidence.finish(file.path()).expect("finished"))
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).expect("compressed");
        encoder.finish().expect("compressed")
    }

    #[test]
    fn lines_keep_their_offsets_and_the_last_needs_no_end() {
        let (lines, custody) = lines(b"a\r\n\nlong");
        assert_eq!(
            lines,
            [(0, b"a".to_vec()), (3, b"".to_vec()), (4, b"long".to_vec())]
        );
        assert_eq!((custody.size, custody.compression), (8, "none"));
        // printf 'a\r\n\nlong' | sha256sum
        assert_eq!(custody.sha256, custody.content_sha256);
    }

    #[test]
    fn a_line_longer_than_the_buffer_is_whole() {
        let long = vec![b'x'; 10 << 20];
        let (lines, _) = lines(&[&long[..], b"\ny"].concat());
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0].1, long);
    }

    #[test]
    fn gzip_members_are_one_file_and_a_cut_one_keeps_what_came_before() {
        let whole = [gzip(b"one\n"), gzip(b"two\n")].concat();
        let (found, custody) = lines(&whole);
        assert_eq!(found.len(), 2);
        assert!(custody.damage.is_none());
        let (found, custody) = lines(&whole[..whole.len() - 9]);
        assert_eq!(found[0].1, b"one");
        assert!(custody.damage.is_some());
        assert_eq!(custody.size, whole.len() as u64 - 9);
    }
}
