//! Blocks hold whole lines and records, wherever a buffer ends.

use super::*;
use crate::intake::blocks::buffers::BLOCK;
use crate::intake::blocks::records::{LONGEST_RECORD, Quotes};

fn lines(bytes: &[u8], framing: Framing, size: usize) -> Vec<(u64, u64, Vec<u8>)> {
    let pool = Arc::default();
    let mut all = Vec::new();
    let mut whole = Vec::new();
    let mut blocks = Vec::new();
    let mut reader = bytes;
    let ended = cut(&mut reader, framing, size, &pool, |block| {
        blocks.push(block);
        Ok::<(), ()>(())
    });
    assert_eq!(
        ended,
        Ok(Ended {
            size: bytes.len() as u64,
            damage: None
        })
    );
    for block in &blocks {
        let filled = block.buffer.filled();
        assert_eq!(block.offset, whole.len() as u64);
        whole.extend_from_slice(filled);
        let before = all.len() as u64;
        assert_eq!(block.first_line, before + 1);
        match &block.spans {
            Some(spans) => all.extend(spans.iter().zip(block.first_line..).map(
                |((start, end), number)| {
                    (
                        number,
                        block.offset + u64::from(*start),
                        filled[*start as usize..*end as usize].to_vec(),
                    )
                },
            )),
            None => {
                let mut at = 0;
                while at < filled.len() {
                    let end =
                        memchr::memchr(b'\n', &filled[at..]).map_or(filled.len(), |end| at + end);
                    all.push((
                        all.len() as u64 + 1,
                        block.offset + at as u64,
                        filled[at..end].to_vec(),
                    ));
                    at = end + 1;
                }
            }
        }
        assert_eq!(all.len() as u64 - before, block.lines);
    }
    assert_eq!(whole, bytes, "no byte is lost");
    assert!(blocks.last().is_some_and(|block| block.last));
    assert_eq!(blocks.iter().filter(|block| block.last).count(), 1);
    all
}

#[test]
fn lines_do_not_depend_on_where_blocks_end() {
    let text = b"one\r\n\ntwo\nthree is a longer line\nfour";
    let expected = lines(text, Framing::Lines, 1 << 20);
    assert_eq!(expected.len(), 5);
    assert_eq!(expected[2], (3, 6, b"two".to_vec()));
    for size in 1..40 {
        assert_eq!(lines(text, Framing::Lines, size), expected, "{size}");
    }
    assert!(lines(b"", Framing::Lines, 8).is_empty());
}

#[test]
fn objects_are_found_in_arrays_and_envelopes() {
    let record = |text: &str| text.as_bytes().to_vec();
    for document in [
        r#"[{"a":"]}\""},{"b":[{}]}, 7 ,{"c":1}]"#,
        "[\n {\"a\":\"]}\\\"\"},\n {\"b\":[{}]},\n7,{\"c\":1}\n]\n",
        r#"{"Records":[{"a":"]}\""},{"b":[{}]},7,{"c":1}]}"#,
        r#"{"@odata.context":"x","n":1,"value": [{"a":"]}\""},{"b":[{}]},7,{"c":1}]}"#,
    ] {
        for size in [4, 9, 1 << 20] {
            let found: Vec<Vec<u8>> = lines(document.as_bytes(), Framing::Objects, size.max(60))
                .into_iter()
                .map(|(_, _, text)| text.trim_ascii().to_vec())
                .collect();
            assert_eq!(
                found,
                [
                    record(r#"{"a":"]}\""}"#),
                    record(r#"{"b":[{}]}"#),
                    record("7"),
                    record(r#"{"c":1}"#)
                ],
                "{document}"
            );
        }
    }
    let lines_of_envelopes = "{\"Records\":[{\"a\":1}]}\n{\"Records\":[{\"a\":2},{\"a\":3}]}\n";
    assert_eq!(
        lines(lines_of_envelopes.as_bytes(), Framing::Objects, 1 << 20).len(),
        3
    );
    let cut = lines(br#"[{"a":1},{"b":"#, Framing::Objects, 1 << 20);
    assert_eq!(cut[1].2, br#"{"b":"#);
    let unclosed = lines(
        b"[{\"a\":\"x},\n{\"b\":2},\n{\"c\":3}]",
        Framing::Objects,
        1 << 20,
    );
    assert_eq!(
        unclosed.len(),
        3,
        "a string that is not closed costs its own record only"
    );
    let plain = lines(b"{\"a\":1}\n{\"value\":[1]}\n", Framing::Objects, 1 << 20);
    assert_eq!(plain.len(), 2, "lines of objects are lines");
}

const CSV: Framing = Framing::Records(Shape {
    delimiter: b',',
    quotes: Quotes::Doubled,
});

fn records(text: &[u8]) -> Vec<String> {
    let found = |size| -> Vec<String> {
        lines(text, CSV, size)
            .into_iter()
            .map(|(_, _, text)| String::from_utf8_lossy(&text).into_owned())
            .collect()
    };
    let all = found(1 << 20);
    for size in 1..40 {
        assert_eq!(found(size), all, "{size}");
    }
    all
}

#[test]
fn records_may_hold_line_ends_and_a_stray_quote_costs_one_line() {
    for (text, expected) in [
        ("a,b\n1,\"x\ny\"\n2,z\n", &["a,b", "1,\"x\ny\"", "2,z"][..]),
        ("a\n\"open\nb\nc\n", &["a", "\"open", "b", "c"]),
        // Text behind a closing quote, and another stray quote later: all between are records.
        (
            "1,\"x\"y,\"\n2,b\n3,c\n4,\"z\n",
            &["1,\"x\"y,\"", "2,b", "3,c", "4,\"z"],
        ),
        ("\"a\nb\"c\nd\n", &["\"a", "b\"c", "d"]),
        (
            "\u{feff}\r\n\na,b\n1,\"x\ny\"\n",
            &["\u{feff}\r", "", "a,b", "1,\"x\ny\""],
        ),
        // A quote inside a bare field opens nothing.
        ("5\" disk,a\nb\n\"c\nd\n", &["5\" disk,a", "b", "\"c", "d"]),
        (
            "\u{feff}\"a\nb\",c\r\n\"d\"\r\n",
            &["\u{feff}\"a\nb\",c\r", "\"d\"\r"],
        ),
        ("x\",\",\nx\",\",\ny\n", &["x\",\",", "x\",\",", "y"]),
        // Two clients' quotes, and what lies between: each line is a record's.
        (
            "a,b,c\n1,\",x\n2,b,y\n3,\",z\n4,\"q\nr\",w\n",
            &["a,b,c", "1,\",x", "2,b,y", "3,\",z", "4,\"q\nr\",w"],
        ),
        ("a,b\n1,\"x\n2,\",y\n", &["a,b", "1,\"x", "2,\",y"]),
    ] {
        assert_eq!(records(text.as_bytes()), expected, "{text}");
    }
}

#[test]
fn a_record_beyond_the_longest_costs_one_line() {
    let long = "\"".to_string() + &"x\n".repeat(LONGEST_RECORD / 2 + 1) + "\"\nb\n";
    let count = lines(long.as_bytes(), CSV, 1 << 22).len();
    assert_eq!(count, LONGEST_RECORD / 2 + 3);
    assert_eq!(lines(long.as_bytes(), CSV, 1 << 12).len(), count);
    let short = "\"".to_string() + &"x\n".repeat(LONGEST_RECORD / 2 - 2) + "\"\nb\n";
    for size in [1 << 22, 1 << 12] {
        assert_eq!(lines(short.as_bytes(), CSV, size).len(), 2);
    }
    // On one line, any length is a record's.
    let line = format!("a,\"{}\"\nb\n", "x".repeat(LONGEST_RECORD * 2));
    assert_eq!(lines(line.as_bytes(), CSV, 1 << 12).len(), 2);
}

#[test]
fn quotes_that_open_on_every_line_take_no_longer() {
    let hostile = "x\",\",\n".repeat(1 << 20);
    assert_eq!(lines(hostile.as_bytes(), CSV, BLOCK).len(), 1 << 20);
}

#[test]
fn the_header_in_force_goes_with_each_block() {
    let pool = Arc::default();
    let mut headers = Vec::new();
    let mut reader = &b"#Fields: a b\n1 2\n#Fields: b a\n2 1\n2 1\n"[..];
    let ended = cut(&mut reader, Framing::Directives, 14, &pool, |block| {
        headers.push(
            block
                .header
                .map(|header| String::from_utf8_lossy(&header).into_owned()),
        );
        Ok::<(), ()>(())
    });
    assert!(ended.is_ok());
    assert_eq!(headers.first(), Some(&None));
    assert_eq!(headers[1].as_deref(), Some("#Fields: a b"));
    assert_eq!(
        headers.last().and_then(|header| header.as_deref()),
        Some("#Fields: b a")
    );
}
