//! Unpacks what evidence comes in: gzip, zstd, bzip2, xz, zip and tar, in any nesting.
//!
//! The first bytes say what a container is, not its name. Files are opened read-only and unpacked as a
//! stream. Only a zip inside another container is set aside on disk, for its directory stands at its end.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::Path;

use crate::error::{Error, Result};
use crate::intake::evidence::readers::{CHUNK, GzipReader, HashingReader, PeekedReader};

/// Containers inside so many others are unpacked; one deeper is taken for a log.
///
/// Without a bound, a file that unpacks to itself would never end.
const DEPTH: usize = 8;

/// What some bytes are packed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packing {
    Plain,
    Gzip,
    Zstd,
    Bzip2,
    Xz,
    Zip,
    Tar,
}

impl Packing {
    /// The packing of bytes that begin with `head`.
    fn of(head: &[u8]) -> Self {
        match head {
            [0x1f, 0x8b, ..] => Packing::Gzip,
            // A frame, or one that decoders skip.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Packing::Zstd,
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, ..] => Packing::Bzip2,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Packing::Xz,
            // A member, or the end of an archive without any.
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Packing::Zip,
            _ if head.get(257..262) == Some(b"ustar") => Packing::Tar,
            _ => Packing::Plain,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Packing::Plain => "none",
            Packing::Gzip => "gzip",
            Packing::Zstd => "zstd",
            Packing::Bzip2 => "bzip2",
            Packing::Xz => "xz",
            Packing::Zip => "zip",
            Packing::Tar => "tar",
        }
    }
}

/// A log found in an evidence file.
pub(crate) struct FoundLog<'r> {
    /// Its path inside the archives it is in, joined by `!`; `None` for a file of its own.
    pub(crate) member: Option<String>,
    /// What it is packed in, outermost first, joined by `+`; `none` if in nothing.
    pub(crate) packed: String,
    /// Its bytes, unpacked.
    pub(crate) content: &'r mut dyn Read,
}

/// What is known of an evidence file that was read to its end.
#[derive(Debug, Clone, Default)]
pub(crate) struct WholeFile {
    /// Its bytes, packed as they are.
    pub(crate) size: u64,
    /// Their SHA-256.
    pub(crate) sha256: String,
    /// What kept an archive from being read to its end.
    pub(crate) damage: Option<String>,
}

/// Called for each log that is found; it may read as much of the content as it likes.
pub(crate) type Visit<'v> = dyn FnMut(FoundLog<'_>) -> Result<()> + 'v;

/// Opens `path`, calls `visit` for each log in it, and hashes the whole file.
///
/// `spool` is a folder for what must be set aside; `on_read` gets the number of bytes of each read.
/// Errors are those of `visit` and of the operating system; damage of the evidence is no error.
pub(crate) fn read(
    path: &Path,
    spool: &Path,
    on_read: &(dyn Fn(u64) + Sync),
    visit: &mut Visit<'_>,
) -> Result<WholeFile> {
    let failed = |e: io::Error| Error::io("read the evidence", path, e);
    let open = || File::open(path).map_err(|e| Error::io("open the evidence", path, e));
    let mut raw = HashingReader::new(open()?, on_read);
    let mut walk = Walk { spool, visit };
    let damage = if is_zip(open()?) {
        walk.zip(open()?, Level::default())?
    } else {
        walk.stream(&mut raw, Level::default())?
    };
    let (size, sha256) = raw.finish().map_err(failed)?;
    Ok(WholeFile {
        size,
        sha256,
        damage,
    })
}

/// Calls `visit` for each log in `path`, and reads no more than it must to find them.
///
/// Returns what kept an archive from being read to its end.
pub(crate) fn list(path: &Path, spool: &Path, visit: &mut Visit<'_>) -> Result<Option<String>> {
    let mut file = File::open(path).map_err(|e| Error::io("open the evidence", path, e))?;
    let probe = file
        .try_clone()
        .map_err(|e| Error::io("open the evidence", path, e))?;
    let zipped = is_zip(probe);
    file.rewind()
        .map_err(|e| Error::io("read the evidence", path, e))?;
    let mut walk = Walk { spool, visit };
    if zipped {
        walk.zip(file, Level::default())
    } else {
        walk.stream(&mut file, Level::default())
    }
}

fn is_zip(mut file: File) -> bool {
    Packing::of(PeekedReader::new(&mut file).head()) == Packing::Zip
}

/// Where some bytes are in the containers around them.
#[derive(Debug, Clone, Default)]
struct Level {
    /// The path inside the archives, joined by `!`; `None` outside of any.
    member: Option<String>,
    /// What the bytes were packed in, outermost first, joined by `+`.
    packed: String,
    /// How many containers are around.
    depth: usize,
}

impl Level {
    /// The level inside a container of this packing.
    fn inside(&self, packing: Packing) -> Self {
        let packed = match &*self.packed {
            "" => packing.name().to_string(),
            outer => format!("{outer}+{}", packing.name()),
        };
        Level {
            member: self.member.clone(),
            packed,
            depth: self.depth + 1,
        }
    }

    /// The level of the member `name` of the archive whose inside this is.
    fn member(&self, name: &[u8]) -> Self {
        let name = String::from_utf8_lossy(name);
        let path = match &self.member {
            Some(outer) => format!("{outer}!{name}"),
            None => name.into_owned(),
        };
        Level {
            member: Some(path),
            ..self.clone()
        }
    }
}

/// A walk through the containers of one file.
///
/// Each step returns what kept a container from being read to its end.
struct Walk<'w, 'v> {
    spool: &'w Path,
    visit: &'w mut Visit<'v>,
}

impl Walk<'_, '_> {
    /// Visits the logs in `reader`, whatever that is packed in.
    fn stream(&mut self, reader: &mut dyn Read, level: Level) -> Result<Option<String>> {
        let mut peeked = PeekedReader::new(reader);
        let packing = if level.depth > DEPTH {
            Packing::Plain
        } else {
            Packing::of(peeked.head())
        };
        let inside = level.inside(packing);
        match packing {
            Packing::Plain => {
                let outside = level.packed.is_empty();
                (self.visit)(FoundLog {
                    member: level.member,
                    packed: if outside { inside.packed } else { level.packed },
                    content: &mut peeked,
                })?;
                Ok(None)
            }
            Packing::Gzip => {
                let mut decoder = GzipReader::new(BufReader::with_capacity(CHUNK, peeked));
                self.stream(&mut decoder, inside)
            }
            Packing::Zstd => {
                let decoder = zstd::stream::read::Decoder::new(peeked).and_then(|mut decoder| {
                    // Logs packed with `--long` need a wider window than the default.
                    decoder.window_log_max(31)?;
                    Ok(decoder)
                });
                match decoder {
                    Ok(mut decoder) => self.stream(&mut decoder, inside),
                    Err(error) => Ok(Some(error.to_string())),
                }
            }
            Packing::Bzip2 => {
                let buffered = BufReader::with_capacity(CHUNK, peeked);
                self.stream(&mut bzip2::read::MultiBzDecoder::new(buffered), inside)
            }
            Packing::Xz => {
                let buffered = BufReader::with_capacity(CHUNK, peeked);
                let mut decoder = liblzma::read::XzDecoder::new_multi_decoder(buffered);
                self.stream(&mut decoder, inside)
            }
            Packing::Tar => self.tar(&mut peeked, &inside),
            Packing::Zip => {
                let failed = |e: io::Error| Error::io("set a zip aside", self.spool, e);
                let mut aside = tempfile::tempfile_in(self.spool).map_err(failed)?;
                if let Err(error) = io::copy(&mut peeked, &mut aside) {
                    return Ok(Some(error.to_string()));
                }
                aside.rewind().map_err(failed)?;
                self.zip(aside, level)
            }
        }
    }

    /// Visits the logs in a tar archive; `inside` is the level of its members.
    fn tar(&mut self, reader: &mut dyn Read, inside: &Level) -> Result<Option<String>> {
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
            let member = inside.member(&entry.path_bytes());
            let inner = self.stream(&mut entry, member)?;
            damage = damage.or(inner);
        }
        Ok(damage)
    }

    /// Visits the logs in the zip archive `file`, which is at `level`.
    fn zip(&mut self, file: File, level: Level) -> Result<Option<String>> {
        let mut archive = match zip::ZipArchive::new(BufReader::with_capacity(CHUNK, file)) {
            Ok(archive) => archive,
            Err(error) => return Ok(Some(error.to_string())),
        };
        let inside = level.inside(Packing::Zip);
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
            let member = inside.member(entry.name_raw());
            let inner = self.stream(&mut entry, member)?;
            damage = damage.or(inner);
        }
        Ok(damage)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use sha2::{Digest, Sha256};

    use super::*;
    use crate::digest::hex;

    /// Member, packing, content, and whether reading it failed.
    type Seen = (Option<String>, String, Vec<u8>, bool);

    fn logs(bytes: &[u8]) -> (Vec<Seen>, WholeFile) {
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
