//! Tests of unpacking: each container, in any nesting, whole and damaged.

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
