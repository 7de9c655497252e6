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

/// A zip whose members, in truth of several names, all have the name `a.log`.
fn zipped_alike(contents: &[&[u8]]) -> Vec<u8> {
    let names: Vec<String> = (0..contents.len()).map(|at| format!("{at}.log")).collect();
    let files: Vec<(&str, &[u8])> = names
        .iter()
        .map(String::as_str)
        .zip(contents.iter().copied())
        .collect();
    let mut bytes = zipped(&files);
    for name in &names {
        let places: Vec<usize> = memchr::memmem::find_iter(&bytes, name).collect();
        for at in places {
            bytes[at] = b'a';
        }
    }
    bytes
}

/// The member, the content and whether reading failed, of each log.
fn members(bytes: &[u8]) -> Vec<(String, Vec<u8>, bool)> {
    let (found, _) = logs(bytes);
    let plain = |(member, _, content, failed): Seen| (member.unwrap_or_default(), content, failed);
    found.into_iter().map(plain).collect()
}

fn whole(member: &str, content: &[u8]) -> (String, Vec<u8>, bool) {
    (member.to_string(), content.to_vec(), false)
}

#[test]
fn zip_members_of_one_name_are_all_found() {
    assert_eq!(
        members(&zipped_alike(&[b"one", b"two", b"three"])),
        [
            whole("a.log", b"one"),
            whole("a.log#2", b"two"),
            whole("a.log#3", b"three")
        ]
    );
}

#[test]
fn a_zip_member_that_cannot_be_read_is_a_log_with_damage() {
    // The second member has no header where the directory says, so nothing of it can be read.
    let mut bytes = zipped_alike(&[b"one", b"two", b"three"]);
    let second = memchr::memmem::find_iter(&bytes, b"PK\x03\x04").nth(1);
    bytes[second.expect("three members")] = b'x';
    let found = members(&bytes);
    assert_eq!(found.len(), 3);
    assert_eq!(found[1], ("a.log#2".to_string(), Vec::new(), true));
    assert_eq!(found[2], whole("a.log#3", b"three"));
    // Neither can an archive inside of one, if it is cut.
    let inner = zipped(&[("c.log", b"three")]);
    let found = members(&tarred(&[("in.zip", &inner[..20]), ("d.log", b"four")]));
    assert_eq!(found[0], ("in.zip".to_string(), Vec::new(), true));
    assert_eq!(found[1], whole("d.log", b"four"));
}

/// A tar archive of one member of this type, with records of an extended header before it.
fn tar_member(kind: tar::EntryType, name: &str, records: &[(&str, &str)], data: &[u8]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    if !records.is_empty() {
        let records = records.iter().map(|(key, value)| (*key, value.as_bytes()));
        builder.append_pax_extensions(records).expect("packed");
    }
    let mut header = tar::Header::new_ustar();
    header.set_size(data.len() as u64);
    header.set_entry_type(kind);
    builder
        .append_data(&mut header, name, data)
        .expect("packed");
    builder.into_inner().expect("packed")
}

#[test]
fn joined_tars_give_the_members_of_both() {
    let joined = [
        tarred(&[("a", b"one")]),
        vec![0; 8192],
        tarred(&[("a", b"two")]),
    ]
    .concat();
    let (_, read) = logs(&joined);
    assert_eq!(read.damage, None);
    assert_eq!(members(&joined), [whole("a", b"one"), whole("a#2", b"two")]);
}

#[test]
fn bytes_behind_a_tar_that_are_no_header_are_told() {
    for end in [vec![b'x'; 512], vec![b'x'; 600], b"tail".to_vec()] {
        let (found, read) = logs(&[tarred(&[("a", b"one")]), end].concat());
        assert_eq!(found.len(), 1);
        assert!(read.damage.is_some());
    }
}

#[test]
fn members_of_any_type_of_file_are_read_and_others_are_listed() {
    let contiguous = tar_member(tar::EntryType::Continuous, "a", &[], b"one");
    assert_eq!(members(&contiguous), [whole("a", b"one")]);
    let link = tar_member(tar::EntryType::Symlink, "b", &[], b"");
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("evidence");
    std::fs::write(&path, [contiguous, link].concat()).expect("written");
    let listed = list(&path, dir.path(), &mut |_| Ok(())).expect("listed");
    assert_eq!(listed.no_files, ["b (a symbolic link)"]);
}

#[test]
fn holes_of_sparse_members_are_zeros() {
    let file = tar::EntryType::Regular;
    let mut mapped = b"2\n4\n3\n9\n2\n".to_vec();
    mapped.resize(512, 0);
    mapped.extend(b"onetw");
    let newest = [
        ("GNU.sparse.major", "1"),
        ("GNU.sparse.minor", "0"),
        ("GNU.sparse.name", "a.log"),
        ("GNU.sparse.realsize", "12"),
    ];
    let older = [
        ("GNU.sparse.size", "12"),
        ("GNU.sparse.name", "a.log"),
        ("GNU.sparse.map", "4,3,9,2"),
    ];
    let oldest = [
        ("GNU.sparse.size", "12"),
        ("GNU.sparse.offset", "4"),
        ("GNU.sparse.numbytes", "3"),
        ("GNU.sparse.offset", "9"),
        ("GNU.sparse.numbytes", "2"),
    ];
    let content = b"\0\0\0\0one\0\0tw\0";
    for (records, data) in [
        (&newest[..], &mapped[..]),
        (&older, b"onetw"),
        (&oldest, b"onetw"),
    ] {
        let found = members(&tar_member(file, "a.log", records, data));
        assert_eq!(found, [whole("a.log", content)], "{records:?}");
    }
    // A map that goes beyond the file is told.
    let records = [("GNU.sparse.size", "12"), ("GNU.sparse.map", "4,30")];
    let found = members(&tar_member(file, "a.log", &records, b"onetw"));
    assert_eq!(found, [("a.log".to_string(), Vec::new(), true)]);
}
