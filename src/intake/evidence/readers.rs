//! Readers that evidence goes through: hashed, looked at before it is read, unpacked from gzip, failing.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;
use sha2::{Digest, Sha256};

use crate::digest::hex;

/// Bytes handed to a decoder at once: few enough to stay in the processor's cache while they are hashed.
pub(crate) const CHUNK: usize = 1 << 18;
/// Bytes that tell what a container is: the mark of tar, at byte 257, stands last.
const HEAD: usize = 512;

/// A reader that hashes and counts what passes through it, and tells how much that is.
pub(crate) struct HashingReader<'a, R> {
    inner: R,
    hash: Sha256,
    size: u64,
    on_read: &'a (dyn Fn(u64) + Sync),
}

impl<'a, R: Read> HashingReader<'a, R> {
    /// Hashes what is read from `inner`; `on_read` gets the number of bytes of each read.
    pub(crate) fn new(inner: R, on_read: &'a (dyn Fn(u64) + Sync)) -> Self {
        HashingReader {
            inner,
            hash: Sha256::new(),
            size: 0,
            on_read,
        }
    }

    /// Reads what is left, and returns the size and the SHA-256 of all.
    pub(crate) fn finish(mut self) -> io::Result<(u64, String)> {
        let mut rest = vec![0; CHUNK];
        while self.read(&mut rest)? > 0 {}
        Ok((self.size, hex(&self.hash.finalize())))
    }
}

impl<R: Read> Read for HashingReader<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(CHUNK);
        let length = self.inner.read(&mut buffer[..most])?;
        self.hash.update(&buffer[..length]);
        self.size += length as u64;
        (self.on_read)(length as u64);
        Ok(length)
    }
}

/// A reader whose first bytes can be looked at; it gives them all the same.
pub(super) struct PeekedReader<'r> {
    head: Vec<u8>,
    /// How many bytes of the head are given.
    at: usize,
    /// An error behind the head.
    failed: Option<io::Error>,
    inner: &'r mut dyn Read,
}

impl<'r> PeekedReader<'r> {
    /// Reads the first bytes of `inner`.
    pub(super) fn new(inner: &'r mut dyn Read) -> Self {
        let mut head = vec![0; HEAD];
        let mut length = 0;
        let mut failed = None;
        while length < HEAD {
            match inner.read(&mut head[length..]) {
                Ok(0) => break,
                Ok(more) => length += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        head.truncate(length);
        PeekedReader {
            head,
            at: 0,
            failed,
            inner,
        }
    }

    /// The first bytes.
    pub(super) fn head(&self) -> &[u8] {
        &self.head
    }
}

impl Read for PeekedReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at < self.head.len() {
            let length = buffer.len().min(self.head.len() - self.at);
            buffer[..length].copy_from_slice(&self.head[self.at..self.at + length]);
            self.at += length;
            return Ok(length);
        }
        match self.failed.take() {
            Some(error) => Err(error),
            None => self.inner.read(buffer),
        }
    }
}

/// The content of a log of which nothing can be read: an error, then its end.
pub(crate) struct Failing(Option<io::Error>);

impl Failing {
    /// A content that cannot be read for this `reason`.
    pub(crate) fn new(reason: String) -> Self {
        Failing(Some(io::Error::other(reason)))
    }
}

impl Read for Failing {
    fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// Unpacks the members of a gzip file, one after the other.
///
/// Zeros behind a member are padding: tapes have them, and files whose end was not written before the
/// power went. Anything else that is no member is damage.
pub(super) struct GzipReader<R> {
    /// The member that is being unpacked; `None` at the end and behind damage.
    member: Option<GzDecoder<R>>,
}

impl<R: BufRead> GzipReader<R> {
    /// Unpacks `packed`.
    pub(super) fn new(packed: R) -> Self {
        GzipReader {
            member: Some(GzDecoder::new(packed)),
        }
    }

    /// Goes on to the next member, behind any padding; an error if something else is there.
    fn next_member(&mut self) -> io::Result<()> {
        let Some(member) = &mut self.member else {
            return Ok(());
        };
        let rest = member.get_mut();
        loop {
            let packed = rest.fill_buf()?;
            let zeros = packed.iter().take_while(|byte| **byte == 0).count();
            let (is_end, is_padding) = (packed.is_empty(), zeros == packed.len());
            // The first byte of a member.
            let is_gzip = packed.get(zeros) == Some(&0x1f);
            rest.consume(zeros);
            if is_end {
                self.member = None;
                return Ok(());
            }
            if is_padding {
                continue;
            }
            let rest = self.member.take().map(GzDecoder::into_inner);
            if !is_gzip {
                let behind = "what stands behind its last gzip member is no gzip";
                return Err(io::Error::new(io::ErrorKind::InvalidData, behind));
            }
            self.member = rest.map(GzDecoder::new);
            return Ok(());
        }
    }
}

impl<R: BufRead> Read for GzipReader<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let length = match member.read(into) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                    // Behind damage nothing can be told apart from what the damage made.
                    self.member = None;
                    return Err(error);
                }
                length => length?,
            };
            if length > 0 || into.is_empty() {
                return Ok(length);
            }
            self.next_member()?;
        }
        Ok(0)
    }
}
