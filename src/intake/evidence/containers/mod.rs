//! Unpacks what evidence comes in: gzip, zstd, bzip2, xz, zip and tar, in any nesting.
//!
//! The first bytes say what a container is, not its name. Files are opened read-only and unpacked as a
//! stream. Only a zip inside another container is set aside on disk, for its directory stands at its end.
//!
//! Each member of an archive is found, whatever its name: two members of one name are two logs, and one
//! that cannot be unpacked is a log of which nothing can be read.

mod archives;
mod sparse;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::Path;

use crate::error::{Error, Result};
use crate::intake::evidence::names;
use crate::intake::evidence::readers::{CHUNK, Failing, GzipReader, HashingReader, PeekedReader};

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
    ///
    /// No two logs of a file have the same: behind the second of one path stands `#2`.
    pub(crate) member: Option<String>,
    /// The same path as the archives have it; several members may have one.
    pub(crate) named: Option<String>,
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

/// What a look through a file found beside its logs.
#[derive(Debug, Default)]
pub(crate) struct Listed {
    /// What kept an archive from being read to its end.
    pub(crate) damage: Option<String>,
    /// Members of archives that are no files, such as links, each with what it is.
    pub(crate) no_files: Vec<String>,
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
    let mut walk = Walk::new(spool, visit);
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
pub(crate) fn list(path: &Path, spool: &Path, visit: &mut Visit<'_>) -> Result<Listed> {
    let mut file = File::open(path).map_err(|e| Error::io("open the evidence", path, e))?;
    let probe = file
        .try_clone()
        .map_err(|e| Error::io("open the evidence", path, e))?;
    let zipped = is_zip(probe);
    file.rewind()
        .map_err(|e| Error::io("read the evidence", path, e))?;
    let mut walk = Walk::new(spool, visit);
    let damage = if zipped {
        walk.zip(file, Level::default())?
    } else {
        walk.stream(&mut file, Level::default())?
    };
    Ok(Listed {
        damage,
        no_files: walk.no_files,
    })
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
        let name = names::shown(name);
        let path = match &self.member {
            Some(outer) => format!("{outer}!{name}"),
            None => name,
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
    /// How many logs were found.
    found: usize,
    /// The paths of the members found, none of them twice.
    members: HashSet<String>,
    /// See [`Listed::no_files`].
    no_files: Vec<String>,
}

impl<'w, 'v> Walk<'w, 'v> {
    fn new(spool: &'w Path, visit: &'w mut Visit<'v>) -> Self {
        Walk {
            spool,
            visit,
            found: 0,
            members: HashSet::new(),
            no_files: Vec::new(),
        }
    }

    /// Visits one log.
    fn log(&mut self, path: Option<String>, packed: String, content: &mut dyn Read) -> Result<()> {
        self.found += 1;
        let member = path.as_ref().map(|path| {
            let numbered = (2..).map(|number| format!("{path}#{number}"));
            let member = std::iter::once(path.clone())
                .chain(numbered)
                .find(|member| !self.members.contains(member))
                .expect("some number is free");
            self.members.insert(member.clone());
            member
        });
        (self.visit)(FoundLog {
            member,
            named: path,
            packed,
            content,
        })
    }

    /// Visits the logs in a member of an archive; `level` is its own.
    ///
    /// A member in which no log can be found for its damage is a log all the same, and has the damage.
    fn member(&mut self, content: &mut dyn Read, level: Level) -> Result<Option<String>> {
        let before = self.found;
        let (path, packed) = (level.member.clone(), level.packed.clone());
        match self.stream(content, level)? {
            Some(damage) if self.found == before => {
                self.unreadable(path, packed, damage)?;
                Ok(None)
            }
            Some(damage) => Ok(Some(match path {
                Some(path) => format!("member {path}: {damage}"),
                None => damage,
            })),
            None => Ok(None),
        }
    }

    /// Visits a log of which nothing can be read, for this reason.
    fn unreadable(&mut self, path: Option<String>, packed: String, reason: String) -> Result<()> {
        self.log(path, packed, &mut Failing::new(reason))
    }

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
                let packed = if outside { inside.packed } else { level.packed };
                self.log(level.member, packed, &mut peeked)?;
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
}
