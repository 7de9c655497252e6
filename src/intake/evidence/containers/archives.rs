//! Walks through the members of tar and zip archives.

use std::fs::File;
use std::io::{BufReader, Read};

use tar::EntryType;
use zip::read::{Config, ZipReadOptions};
use zip::unstable::read::ZipIterable;

use super::sparse::Sparse;
use super::{Level, Packing, Walk};
use crate::error::Result;
use crate::intake::evidence::readers::CHUNK;

impl Walk<'_, '_> {
    /// Visits the logs in a tar archive; `inside` is the level of its members.
    ///
    /// Behind the two blocks of zeros that end an archive another may stand, as `cat` joins them. Anything
    /// else that is no zeros is damage.
    pub(super) fn tar(&mut self, reader: &mut dyn Read, inside: &Level) -> Result<Option<String>> {
        let mut archive = tar::Archive::new(reader);
        archive.set_ignore_zeros(true);
        let entries = match archive.entries() {
            Ok(entries) => entries,
            Err(error) => return Ok(Some(error.to_string())),
        };
        let mut damage = None;
        for entry in entries {
            let mut entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    let stopped = format!("the tar archive cannot be read on: {error}");
                    return Ok(damage.or(Some(stopped)));
                }
            };
            let path = entry.path_bytes().into_owned();
            let level = inside.member(&path);
            match TarMember::of(entry.header().entry_type(), &path) {
                TarMember::Nothing => {}
                TarMember::NoFile(what) => {
                    let member = level.member.unwrap_or_default();
                    self.no_files.push(format!("{member} ({what})"));
                }
                TarMember::File => match Sparse::of(&mut entry) {
                    Ok(None) => damage = damage.or(self.member(&mut entry, level)?),
                    Ok(Some((name, mut content))) => {
                        let level = name.map_or(level, |name| inside.member(&name));
                        damage = damage.or(self.member(&mut content, level)?);
                    }
                    Err(error) => {
                        let reason = format!("its map of holes cannot be read: {error}");
                        self.unreadable(level.member, level.packed, reason)?;
                    }
                },
            }
        }
        Ok(damage)
    }

    /// Visits the logs in the zip archive `file`, which is at `level`.
    ///
    /// It goes by the archive's directory, in which several members may have one name.
    pub(super) fn zip(&mut self, file: File, level: Level) -> Result<Option<String>> {
        let reader = BufReader::with_capacity(CHUNK, file);
        let mut archive = match ZipIterable::try_new(reader, Config::default()) {
            Ok(archive) => archive,
            Err(error) => return Ok(Some(error.to_string())),
        };
        let members = match archive.files() {
            Ok(members) => members,
            Err(error) => return Ok(Some(error.to_string())),
        };
        let inside = level.inside(Packing::Zip);
        let mut damage = None;
        while let Some(entry) = members.next() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    let stopped = format!("the zip's directory cannot be read on: {error}");
                    damage = damage.or(Some(stopped));
                    continue;
                }
            };
            let level = inside.member(entry.name_raw());
            if entry.is_dir() {
                continue;
            }
            if entry.is_symlink() {
                let member = level.member.unwrap_or_default();
                self.no_files.push(format!("{member} (a symbolic link)"));
                continue;
            }
            match entry.with_reader(members.reader_mut(), ZipReadOptions::new()) {
                Ok(mut content) => damage = damage.or(self.member(&mut content, level)?),
                Err(error) => self.unreadable(level.member, level.packed, error.to_string())?,
            }
        }
        Ok(damage)
    }
}

/// What a member of a tar archive is to a reader of logs.
enum TarMember {
    /// A file.
    File,
    /// A folder, or a note about other members: it holds no evidence.
    Nothing,
    /// Neither; what it is, for people.
    NoFile(&'static str),
}

impl TarMember {
    /// What the member `path` of this type is.
    fn of(kind: EntryType, path: &[u8]) -> Self {
        match kind {
            // Old archives mark a folder by its name alone.
            EntryType::Regular if path.ends_with(b"/") => TarMember::Nothing,
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => TarMember::File,
            EntryType::Directory | EntryType::XGlobalHeader => TarMember::Nothing,
            EntryType::Link => TarMember::NoFile("a link to another member"),
            EntryType::Symlink => TarMember::NoFile("a symbolic link"),
            EntryType::Char | EntryType::Block => TarMember::NoFile("a device"),
            EntryType::Fifo => TarMember::NoFile("a pipe"),
            // The name of the archive itself.
            other if other.as_byte() == b'V' => TarMember::Nothing,
            _ => TarMember::NoFile("of a type that is not known"),
        }
    }
}
