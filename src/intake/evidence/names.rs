//! Names of files and members in any bytes, as text.
//!
//! Archives of other systems and old disks have names that are no UTF-8. They are shown, matched and kept
//! with `\xHH` for each byte that is none, and found again by that text.

use std::path::{Path, PathBuf};

/// The name as text: bytes that are no UTF-8 become `\xHH`.
pub(crate) fn shown(name: &[u8]) -> String {
    let mut text = String::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            use std::fmt::Write as _;
            write!(text, "\\x{byte:02X}").expect("writing to a string");
        }
    }
    text
}

/// The path as text; see [`shown`].
pub(crate) fn shown_path(path: &Path) -> String {
    shown(path.as_os_str().as_encoded_bytes())
}

/// The path below `dir` that is shown as `text`.
pub(crate) fn find(dir: &Path, text: &str) -> PathBuf {
    let plain = dir.join(text);
    if plain.symlink_metadata().is_ok() || !text.contains("\\x") {
        return plain;
    }
    let mut path = dir.to_path_buf();
    for part in Path::new(text) {
        let plain = path.join(part);
        let is_shown_so = |entry: &std::fs::DirEntry| {
            shown(entry.file_name().as_encoded_bytes()).as_bytes() == part.as_encoded_bytes()
        };
        let listed = if plain.symlink_metadata().is_ok() {
            None
        } else {
            std::fs::read_dir(&path).ok()
        };
        let found = listed.and_then(|mut listed| {
            listed.find_map(|entry| entry.ok().filter(is_shown_so).map(|entry| entry.path()))
        });
        path = found.unwrap_or(plain);
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_text_are_shown_by_their_number() {
        assert_eq!(shown("게이.log".as_bytes()), "게이.log");
        assert_eq!(shown(b"\xb0\xd4.log"), r"\xB0\xD4.log");
        assert_eq!(shown(b"caf\xe9"), r"caf\xE9");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_path_is_found_by_what_is_shown_of_it() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;
        let dir = tempfile::tempdir().expect("a folder");
        let folder = dir.path().join(OsStr::from_bytes(b"\xb0\xd4"));
        std::fs::create_dir(&folder).expect("created");
        let path = folder.join(OsStr::from_bytes(b"caf\xe9.log"));
        std::fs::write(&path, "x").expect("written");
        assert_eq!(find(dir.path(), r"\xB0\xD4/caf\xE9.log"), path);
        // A name that has a backslash is itself.
        let plain = dir.path().join(r"a\xB0");
        std::fs::write(&plain, "x").expect("written");
        assert_eq!(find(dir.path(), r"a\xB0"), plain);
    }
}
