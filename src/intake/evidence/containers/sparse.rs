//! Sparse members of tar archives whose map of holes is written the PAX way.
//!
//! GNU tar and bsdtar store of a file with holes only what is no hole, and where that belongs. Version 1.0
//! has the map before the data, 0.1 and 0.0 have it in the extended header. (The older way, a member of
//! type `S`, is read by the `tar` crate.)

use std::collections::VecDeque;
use std::io::{self, Read};

/// The content of a sparse file: its parts, and zeros between them.
#[derive(Debug)]
pub(super) struct Sparse<R> {
    stored: R,
    /// Where each part that is not yet read to its end begins, and how long it is, in order.
    parts: VecDeque<(u64, u64)>,
    /// How many bytes of the file were given.
    at: u64,
    /// How many bytes the file has.
    size: u64,
}

/// What an extended header says about holes.
#[derive(Default)]
struct Notes {
    name: Option<Vec<u8>>,
    size: Option<u64>,
    /// Whether the map stands before the data.
    in_data: bool,
    numbers: Vec<u64>,
}

impl<'e, 'a, R: Read> Sparse<&'e mut tar::Entry<'a, R>> {
    /// The name and the content of `entry` if it is sparse the PAX way.
    ///
    /// The error says what is wrong with its map.
    pub(super) fn of(
        entry: &'e mut tar::Entry<'a, R>,
    ) -> io::Result<Option<(Option<Vec<u8>>, Self)>> {
        let mut notes = Notes::default();
        if let Some(records) = entry.pax_extensions()? {
            for record in records {
                let record = record?;
                notes.add(record.key_bytes(), record.value_bytes())?;
            }
        }
        let Some(size) = notes.size else {
            return Ok(None);
        };
        if notes.in_data {
            notes.numbers = map_before_data(entry)?;
        }
        let parts = parts(&notes.numbers, size)?;
        let content = Sparse {
            stored: entry,
            parts,
            at: 0,
            size,
        };
        Ok(Some((notes.name, content)))
    }
}

impl Notes {
    /// Adds a record of the extended header.
    fn add(&mut self, key: &[u8], value: &[u8]) -> io::Result<()> {
        match key {
            b"GNU.sparse.name" => self.name = Some(value.to_vec()),
            b"GNU.sparse.size" | b"GNU.sparse.realsize" => self.size = Some(number(value)?),
            b"GNU.sparse.major" => self.in_data = number(value)? > 0,
            b"GNU.sparse.map" => {
                let numbers = value.split(|byte| *byte == b',').map(number);
                self.numbers = numbers.collect::<io::Result<_>>()?;
            }
            b"GNU.sparse.offset" | b"GNU.sparse.numbytes" => self.numbers.push(number(value)?),
            _ => {}
        }
        Ok(())
    }
}

/// Reads the map that stands before the data, and the zeros that fill its last block of 512 bytes.
fn map_before_data(stored: &mut dyn Read) -> io::Result<Vec<u64>> {
    let mut length = 0;
    let mut line = |stored: &mut dyn Read| -> io::Result<u64> {
        let mut digits = Vec::new();
        loop {
            let mut byte = [0];
            stored.read_exact(&mut byte)?;
            length += 1;
            match byte[0] {
                b'\n' => return number(&digits),
                digit if digits.len() < 20 => digits.push(digit),
                _ => return Err(bad("a number is too long")),
            }
        }
    };
    let mut numbers = Vec::new();
    for _ in 0..line(stored)? {
        numbers.extend([line(stored)?, line(stored)?]);
    }
    let padding = (512 - length % 512) % 512;
    io::copy(&mut stored.take(padding), &mut io::sink())?;
    Ok(numbers)
}

/// The parts of a file of `size` bytes, of which `numbers` has the begin and the length of each.
fn parts(numbers: &[u64], size: u64) -> io::Result<VecDeque<(u64, u64)>> {
    let (pairs, rest) = numbers.as_chunks::<2>();
    let mut end = 0;
    let mut parts = VecDeque::new();
    for [from, length] in pairs {
        let behind = from.checked_add(*length).filter(|behind| *behind <= size);
        let in_order = *from >= end;
        end = behind
            .filter(|_| in_order)
            .ok_or_else(|| bad("its parts are in no order"))?;
        parts.push_back((*from, *length));
    }
    if rest.is_empty() {
        Ok(parts)
    } else {
        Err(bad("a part has no length"))
    }
}

fn number(text: &[u8]) -> io::Result<u64> {
    let text = std::str::from_utf8(text).ok();
    let number = text.and_then(|text| text.parse().ok());
    number.ok_or_else(|| bad("there is no number"))
}

#[cold]
fn bad(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

impl<R: Read> Read for Sparse<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self
            .parts
            .pop_front_if(|(from, length)| self.at >= *from + *length)
            .is_some()
        {}
        // How far the hole or the part goes that is next.
        let (is_hole, end) = match self.parts.front() {
            Some((from, length)) if self.at >= *from => (false, *from + *length),
            Some((from, _)) => (true, *from),
            None => (true, self.size),
        };
        let most = usize::try_from(end - self.at).map_or(into.len(), |most| most.min(into.len()));
        let into = &mut into[..most];
        let length = if is_hole {
            into.fill(0);
            most
        } else {
            self.stored.read(into)?
        };
        if length == 0 && most > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.at += length as u64;
        Ok(length)
    }
}
