//! What evidence comes packed in: gzip, zstd, bzip2, xz, zip and tar, in any nesting, known by the
//! first bytes and not by the name. Files are opened read-only and unpacked as a stream; only a zip
//! inside another container is set aside on disk, for its directory stands at its end.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::path::Path;

use flate2::bufread::GzDecoder;
use sha2::{Digest, Sha256};

use crate::digest::hex;
use crate::error::{Error, Result};

/// Bytes handed to a decoder at once; small enough to stay in the processor's cache while hashed.
const CHUNK: usize = 1 << 18;
/// Containers inside containers beyond this depth are taken as they are.
const DEPTH: usize = 8;
/// Bytes that tell what a container is: the mark of tar stands last.
const HEAD: usize = 512;

/// A reader that hashes and counts what passes through, and tells how far it is.
pub(crate) struct Hashing<'a, R> {
    inner: R,
    hash: Sha256,
    size: u64,
    told: &'a (dyn Fn(u64) + Sync),
}

impl<'a, R: Read> Hashing<'a, R> {
    pub(crate) fn new(inner: R, told: &'a (dyn Fn(u64) + Sync)) -> Self {
        Hashing {
            inner,
            hash: Sha256::new(),
            size: 0,
            told,
        }
    }

    /// Reads what is left, and gives size and hash of all.
    pub(crate) fn finish(mut self) -> io::Result<(u64, String)> {
        let mut rest = vec![0; CHUNK];
        while self.read(&mut rest)? > 0 {}
        Ok((self.size, hex(&self.hash.finalize())))
    }
}

impl<R: Read> Read for Hashing<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(CHUNK);
        let length = self.inner.read(&mut buffer[..most])?;
        self.hash.update(&buffer[..length]);
        self.size += length as u64;
        (self.told)(length as u64);
        Ok(length)
    }
}

/// A reader whose first bytes have been looked at.
struct Peeked<'r> {
    head: Vec<u8>,
    at: usize,
    failed: Option<io::Error>,
    inner: &'r mut dyn Read,
}

impl<'r> Peeked<'r> {
    fn new(inner: &'r mut dyn Read) -> Self {
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
        Peeked {
            head,
            at: 0,
            failed,
            inner,
        }
    }
}

impl Read for Peeked<'_> {
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Plain,
    Gzip,
    Zstd,
    Bzip2,
    Xz,
    Zip,
    Tar,
}

impl Shape {
    fn of(head: &[u8]) -> Self {
        match head {
            [0x1f, 0x8b, ..] => Shape::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Shape::Zstd,
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, ..] => Shape::Bzip2,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Shape::Xz,
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Shape::Zip,
            _ if head.get(257..262) == Some(b"ustar") => Shape::Tar,
            _ => Shape::Plain,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Shape::Plain => "none",
            Shape::Gzip => "gzip",
            Shape::Zstd => "zstd",
            Shape::Bzip2 => "bzip2",
            Shape::Xz => "xz",
            Shape::Zip => "zip",
            Shape::Tar => "tar",
        }
    }
}

/// A log found in a container.
pub(crate) struct Found<'r> {
    /// Its path inside the archives it is in, joined by `!`; nothing for a file of its own.
    pub(crate) member: Option<String>,
    /// What it is packed in, outermost first, joined by `+`; `none` if in nothing.
    pub(crate) packed: String,
    /// Its bytes, unpacked.
    pub(crate) content: &'r mut dyn Read,
}

/// What is known of a file once it is read to its end.
#[derive(Debug, Clone, Default)]
pub(crate) struct Whole {
    /// Bytes as found.
    pub(crate) size: u64,
    /// SHA-256 of the bytes as found.
    pub(crate) sha256: String,
    /// What kept an archive from being read to its end.
    pub(crate) damage: Option<String>,
}

/// What is told each log that is found; it may read as much of the content as it likes.
pub(crate) type Visit<'v> = dyn FnMut(Found<'_>) -> Result<()> + 'v;

/// Opens `path`, tells `visit` each log in it, and hashes it whole.
pub(crate) fn read(
    path: &Path,
    spool: &Path,
    told: &(dyn Fn(u64) + Sync),
    visit: &mut Visit<'_>,
) -> Result<Whole> {
    let failed = |e: io::Error| Error::io("read the evidence", path, e);
    let open = || File::open(path).map_err(|e| Error::io("open the evidence", path, e));
    let mut raw = Hashing::new(open()?, told);
    let damage = if is_zip(open()?) {
        zip(open()?, None, "", 0, spool, visit)?
    } else {
        stream(&mut raw, None, String::new(), 0, spool, visit)?
    };
    let (size, sha256) = raw.finish().map_err(failed)?;
    Ok(Whole {
        size,
        sha256,
        damage,
    })
}

/// Tells `visit` each log in `path`, reading no more than it must to find them.
pub(crate) fn list(path: &Path, spool: &Path, visit: &mut Visit<'_>) -> Result<Option<String>> {
    let mut file = File::open(path).map_err(|e| Error::io("open the evidence", path, e))?;
    let probe = file
        .try_clone()
        .map_err(|e| Error::io("open the evidence", path, e))?;
    let zipped = is_zip(probe);
    file.rewind()
        .map_err(|e| Error::io("read the evidence", path, e))?;
    if zipped {
        zip(file, None, "", 0, spool, visit)
    } else {
        stream(&mut file, None, String::new(), 0, spool, visit)
    }
}

fn is_zip(mut file: File) -> bool {
    Shape::of(&Peeked::new(&mut file).head) == Shape::Zip
}

fn joined(outer: &str, shape: Shape) -> String {
    if outer.is_empty() {
        shape.name().to_string()
    } else {
        format!("{outer}+{}", shape.name())
    }
}

fn inside(outer: Option<&str>, name: &[u8]) -> String {
    let name = String::from_utf8_lossy(name);
    outer.map_or(name.to_string(), |outer| format!("{outer}!{name}"))
}

fn stream(
    reader: &mut dyn Read,
    member: Option<String>,
    packed: String,
    depth: usize,
    spool: &Path,
    visit: &mut Visit<'_>,
) -> Result<Option<String>> {
    let mut peeked = Peeked::new(reader);
    let shape = if depth > DEPTH {
        Shape::Plain
    } else {
        Shape::of(&peeked.head)
    };
    let inner = joined(&packed, shape);
    match shape {
        Shape::Plain => {
            let packed = if packed.is_empty() { inner } else { packed };
            visit(Found {
                member,
                packed,
                content: &mut peeked,
            })?;
            Ok(None)
        }
        Shape::Gzip => {
            let mut decoder = GzipMembers::new(BufReader::with_capacity(CHUNK, peeked));
            stream(&mut decoder, member, inner, depth + 1, spool, visit)
        }
        Shape::Zstd => {
            let decoder = zstd::stream::read::Decoder::new(peeked).and_then(|mut decoder| {
                // Logs packed with `--long` need a wider window than the default.
                decoder.window_log_max(31)?;
                Ok(decoder)
            });
            match decoder {
                Ok(mut decoder) => stream(&mut decoder, member, inner, depth + 1, spool, visit),
                Err(error) => Ok(Some(error.to_string())),
            }
        }
        Shape::Bzip2 => {
            let mut decoder =
                bzip2::read::MultiBzDecoder::new(BufReader::with_capacity(CHUNK, peeked));
            stream(&mut decoder, member, inner, depth + 1, spool, visit)
        }
        Shape::Xz => {
            let mut decoder = liblzma::read::XzDecoder::new_multi_decoder(
                BufReader::with_capacity(CHUNK, peeked),
            );
            stream(&mut decoder, member, inner, depth + 1, spool, visit)
        }
        Shape::Tar => tar(&mut peeked, member.as_deref(), &inner, depth, spool, visit),
        Shape::Zip => {
            let failed = |e: io::Error| Error::io("set a zip aside", spool, e);
            let mut aside = tempfile::tempfile_in(spool).map_err(failed)?;
            if let Err(error) = io::copy(&mut peeked, &mut aside) {
                return Ok(Some(error.to_string()));
            }
            aside.rewind().map_err(failed)?;
            zip(aside, member.as_deref(), &packed, depth, spool, visit)
        }
    }
}

/// The members of a gzip file, one after another. Zeros behind a member are padding, as of tapes and of
/// files whose end was not written before the power went.
struct GzipMembers<R> {
    member: Option<GzDecoder<R>>,
}

impl<R: BufRead> GzipMembers<R> {
    fn new(packed: R) -> Self {
        GzipMembers {
            member: Some(GzDecoder::new(packed)),
        }
    }
}

impl<R: BufRead> Read for GzipMembers<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let length = match member.read(into) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                    // What comes after damage is no member that anyone wrote as such.
                    self.member = None;
                    return Err(error);
                }
                length => length?,
            };
            if length > 0 || into.is_empty() {
                return Ok(length);
            }
            loop {
                let rest = member.get_mut();
                let packed = rest.fill_buf()?;
                let zeros = packed.iter().take_while(|byte| **byte == 0).count();
                let (is_end, is_padding) = (packed.is_empty(), zeros == packed.len());
                rest.consume(zeros);
                if is_end || !is_padding {
                    if !is_end && rest.fill_buf()?.first() != Some(&0x1f) {
                        self.member = None;
                        let behind = "what stands behind its last gzip member is no gzip";
                        return Err(io::Error::new(io::ErrorKind::InvalidData, behind));
                    }
                    let rest = self.member.take().map(GzDecoder::into_inner);
                    self.member = rest.filter(|_| !is_end).map(GzDecoder::new);
                    break;
                }
            }
        }
        Ok(0)
    }
}

fn tar(
    reader: &mut dyn Read,
    member: Option<&str>,
    packed: &str,
    depth: usize,
    spool: &Path,
    visit: &mut Visit<'_>,
) -> Result<Option<String>> {
    let mut archive = tar::Archive::new(reader);
    let entries = match archive.entries() {
        Ok(entries) => entries,
        Err(error) => return Ok(Some(error.to_string())),
    };
    let mut damage = None;
    for entry in entries {
        let mut entry = match entry {
            Ok(entry) => entry,
            Err(error) => return Ok(Some(error.to_string())),
        };
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let name = inside(member, &entry.path_bytes());
        let inner = stream(
            &mut entry,
            Some(name),
            packed.to_string(),
            depth + 1,
            spool,
            visit,
        )?;
        damage = damage.or(inner);
    }
    Ok(damage)
}

fn zip(
    file: File,
    member: Option<&str>,
    packed: &str,
    depth: usize,
    spool: &Path,
    visit: &mut Visit<'_>,
) -> Result<Option<String>> {
    let mut archive = match zip::ZipArchive::new(BufReader::with_capacity(CHUNK, file)) {
        Ok(archive) => archive,
        Err(error) => return Ok(Some(error.to_string())),
    };
    let packed = joined(packed, Shape::Zip);
    let mut damage = None;
    for index in 0..archive.len() {
        let mut entry = match archive.by_index(index) {
            Ok(entry) => entry,
            Err(error) => {
                damage = damage.or(Some(format!("member {}: {error}", index + 1)));
                continue;
            }
        };
        if !entry.is_file() {
            continue;
        }
        let name = inside(member, entry.name_raw());
        let inner = stream(
            &mut entry,
            Some(name),
            packed.clone(),
            depth + 1,
            spool,
            visit,
        )?;
        damage = damage.or(inner);
    }
    Ok(damage)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// Member, packing, content, and whether reading it failed.
    type Seen = (Option<String>, String, Vec<u8>, bool);

    fn logs(bytes: &[u8]) -> (Vec<Seen>, Whole) {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("evidence");
        std::fs::write(&path, bytes).expect("written");
        let mut found = Vec::new();
        let whole = read(&path, dir.path(), &|_| {}, &mut |log| {
            let mut content = Vec::new();
            let failed = log.content.read_to_end(&mut content).is_err();
            found.push((log.member, log.packed, content, failed));
            Ok(())
        });
        (found, whole.expect("read"))
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).expect("packed");
        encoder.finish().expect("packed")
    }

    fn tarred(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, bytes) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o600);
            builder
                .append_data(&mut header, name, *bytes)
                .expect("packed");
        }
        builder.into_inner().expect("packed")
    }

    fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
        for (name, bytes) in files {
            let options = zip::write::SimpleFileOptions::default();
            writer.start_file(*name, options).expect("packed");
            writer.write_all(bytes).expect("packed");
        }
        writer.finish().expect("packed").into_inner()
    }

    #[test]
    fn every_container_gives_its_bytes() {
        let text = b"one\ntwo\n";
        let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 1);
        xz.write_all(text).expect("packed");
        let mut bz = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        bz.write_all(text).expect("packed");
        for (packed, bytes) in [
            ("none", text.to_vec()),
            ("gzip", [gzip(b"one\n"), gzip(b"two\n")].concat()),
            (
                "zstd",
                [
                    zstd::encode_all(&b"one\n"[..], 1).expect("packed"),
                    zstd::encode_all(&b"two\n"[..], 1).expect("packed"),
                ]
                .concat(),
            ),
            ("xz", xz.finish().expect("packed")),
            ("bzip2", bz.finish().expect("packed")),
        ] {
            let (found, whole) = logs(&bytes);
            assert_eq!(found, [(None, packed.to_string(), text.to_vec(), false)]);
            assert_eq!(whole.size, bytes.len() as u64);
            assert_eq!(whole.sha256, hex(&Sha256::digest(&bytes)));
        }
    }

    #[test]
    fn archives_give_their_members_in_any_nesting() {
        let inner = zipped(&[("c.log", b"three")]);
        let packed = gzip(b"two");
        let bytes = gzip(&tarred(&[
            ("a.log", b"one"),
            ("b.log.gz", &packed),
            ("more.zip", &inner),
        ]));
        let (found, whole) = logs(&bytes);
        let member = |name: &str, packed: &str, text: &str| {
            (
                Some(name.to_string()),
                packed.to_string(),
                text.as_bytes().to_vec(),
                false,
            )
        };
        assert_eq!(
            found,
            [
                member("a.log", "gzip+tar", "one"),
                member("b.log.gz", "gzip+tar+gzip", "two"),
                member("more.zip!c.log", "gzip+tar+zip", "three"),
            ]
        );
        assert_eq!(whole.damage, None);
        let (found, _) = logs(&zipped(&[
            ("x/a.log", b"one"),
            ("b.tar", &tarred(&[("b.log", b"two")])),
        ]));
        assert_eq!(
            found,
            [
                member("x/a.log", "zip", "one"),
                member("b.tar!b.log", "zip+tar", "two")
            ]
        );
    }

    #[test]
    fn zeros_behind_a_gzip_member_are_padding_and_anything_else_is_damage() {
        for (between, end, lines, damaged) in [
            (0, &b""[..], b"one\ntwo\n", false),
            (512, &[0; 70_000], b"one\ntwo\n", false),
            (0, b"\0\0x", b"one\ntwo\n", true),
            (3, b"\x1f\x8b", b"one\ntwo\n", true),
        ] {
            let zeros = vec![0; between];
            let bytes = [&gzip(b"one\n"), &zeros[..], &gzip(b"two\n"), end].concat();
            let (found, _) = logs(&bytes);
            let (_, _, content, failed) = &found[0];
            assert_eq!(content, lines, "{between} {end:?}");
            assert_eq!(*failed, damaged, "{between} {end:?}");
        }
    }

    #[test]
    fn what_is_cut_gives_what_came_before() {
        let whole = [gzip(b"one\n"), gzip(b"two\n")].concat();
        let (found, read) = logs(&whole[..whole.len() - 9]);
        assert!(found[0].2.starts_with(b"one\n") && found[0].3);
        assert_eq!(read.size, whole.len() as u64 - 9);
        let archive = tarred(&[("a", &[b'x'; 2000]), ("b", &[b'y'; 2000])]);
        let (found, read) = logs(&archive[..3600]);
        assert_eq!(found.len(), 2);
        assert!(found[1].3 || read.damage.is_some(), "the cut is told");
        let (found, read) = logs(&zipped(&[("a", b"one")])[..20]);
        assert!(found.is_empty() && read.damage.is_some());
    }
}
