//! What the fuzz targets share: a parser of each format, and what must hold of any line it is given.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::LazyLock;

use breachscope::case::{CASE_FILE, Case};
use breachscope::frames::Frame;
use breachscope::intake::formats::{self, Fields, Framing, Stretch, Header, LineParser, LineSet, slot, Wanted, LogFormat, SLOTS};

/// A format and its parser, made once.
struct Reader {
    framing: Framing,
    mark: fn(&str) -> bool,
    parser: Box<dyn LineParser>,
}

/// By name, all formats that read lines.
static READERS: LazyLock<BTreeMap<&'static str, Reader>> = LazyLock::new(|| {
    let of_lines = formats::list::ALL
        .iter()
        .filter(|format| format.framing != Framing::Parquet);
    of_lines
        .map(|format| (format.name, Reader::new(format)))
        .collect()
});

/// Fields beside the format's own, so that all that it can do is asked of it.
fn further(format: &LogFormat, frame: &'static Frame) -> Vec<(&'static str, &'static str)> {
    match format.name {
        "haproxy" => vec![
            ("request_id", "request_capture.2"),
            ("user_agent", "response_capture.1"),
        ],
        "combined" | "common" | "vhost_combined" => vec![("request_id", "rid"), ("key_id", "tail.2")],
        "alb" => vec![("request_id", "conn_trace_id")],
        "csv" | "csv_backslash" | "csv_semicolon" | "tsv" | "tsv_unquoted" | "jsonl" => {
            let own = frame
                .columns
                .iter()
                .map(|column| (column.name, column.name));
            // Paths into objects and arrays; for tables these are names like others.
            own.chain([
                ("request_line", "a.b.c"),
                ("client_endpoint", "a.0"),
                ("token_id", "a.b.jti"),
                ("token_subject", "request.jwt.sub"),
            ])
            .collect()
        }
        "kong" => vec![
            ("token_id", "request.jwt.jti"),
            ("token_scope", "request.jwt.scope"),
        ],
        _ => Vec::new(),
    }
}

impl Reader {
    fn new(format: &'static LogFormat) -> Self {
        let frame = format.kinds[0].frame();
        let all = further(format, frame);
        let all = all.iter().chain(format.fields);
        let log_format = match format.name {
            "nginx" => Some(
                r#"$remote_addr [$time_iso8601] "$request" $status $body_bytes_sent $upstream_response_time "$http_user_agent""#,
            ),
            "apache" => Some(r#"%h %t "%r" %>s %b "%{User-Agent}i" %{X-Request-Id}o"#),
            _ => None,
        };
        let wanted = Wanted {
            fields: all
                .map(|(column, own)| (slot(frame, column).expect("a slot"), own.to_string()))
                .collect(),
            log_format: log_format.map(str::to_string),
            claims: ["token_id", "token_subject", "token_scope"]
                .iter()
                .filter_map(|column| slot(frame, column))
                .fold(0, |claims, slot| claims | 1 << slot),
        };
        Reader {
            framing: format.framing,
            mark: format.mark,
            parser: (format.parser)(frame, &wanted).expect("a parser"),
        }
    }
}

/// Reads data as a log of this format.
pub fn line(format: &str, data: &[u8]) {
    let reader = &READERS[format];
    read(
        &*reader.parser,
        reader.framing,
        reader.mark,
        &String::from_utf8_lossy(data),
    );
}

/// Takes the first line of data as a `log_format`, and reads the others by it.
pub fn log_format(format: &str, data: &[u8]) {
    let format = formats::list::find(format).expect("a format");
    let text = String::from_utf8_lossy(data);
    let (log_format, log) = text.split_once('\n').unwrap_or((&*text, ""));
    let wanted = Wanted {
        fields: Vec::new(),
        log_format: Some(log_format.to_string()),
        ..Wanted::default()
    };
    match (format.parser)(format.kinds[0].frame(), &wanted) {
        Ok(parser) => read(&*parser, format.framing, format.mark, log),
        Err(message) => assert!(!message.is_empty()),
    }
}

/// Reads each line of a log, and all of it as one record: the parser fills no slot but its own, with
/// text of the line or copies, and finds the same whatever it read before.
fn read(parser: &dyn LineParser, framing: Framing, mark: fn(&str) -> bool, log: &str) {
    let fills = parser.fills();
    let mut header = Header::default();
    let mut fields = Fields::default();
    for (number, line) in log.lines().chain([log]).enumerate() {
        let names_columns = match framing {
            Framing::Records { .. } => number == 0,
            Framing::Directives => line.starts_with('#'),
            Framing::Lines | Framing::Objects | Framing::Parquet => false,
        };
        if names_columns && let Some(named) = parser.header(line) {
            header = named;
        }
        mark(line);
        parser.field_names(line);
        fields.begin(line);
        let found = parser.parse(line, &header, &mut fields);
        let mut fresh = Fields::default();
        fresh.begin(line);
        assert_eq!(found, parser.parse(line, &header, &mut fresh));
        for slot in 0..SLOTS {
            let text = fields.get(slot);
            assert!(text.is_none() || fills.contains(&slot), "slot {slot}");
            assert!(found.is_err() || text == fresh.get(slot), "slot {slot}");
        }
    }
    together(parser, log);
}

/// Reads the first lines of a log together: those that are taken are what they are one by one.
fn together(parser: &dyn LineParser, log: &str) {
    let mut stretch = Stretch::of(log);
    let taken = parser.parse_many(&mut stretch);
    assert_eq!(taken - stretch.all(), LineSet::EMPTY, "lines that are none");
    let header = Header::default();
    for (place, line) in log.split('\n').take(stretch.count()).enumerate() {
        let is_taken = taken.contains(place);
        let mut alone = Fields::default();
        alone.begin(line);
        let found = parser.parse(line, &header, &mut alone);
        let plain = found.is_ok() && alone.doubts().is_empty();
        assert!(plain || !is_taken, "{line}");
        for slot in 0..SLOTS {
            let expected = alone.get(slot).filter(|_| is_taken);
            assert_eq!(stretch.get(place, slot), expected, "slot {slot} of {line}");
        }
    }
}

/// Loads data as a case file, of which an error names a place.
pub fn case(data: &[u8]) {
    static FILE: LazyLock<PathBuf> = LazyLock::new(|| {
        let name = format!("breachscope-fuzz-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).expect("room for a case");
        folder.join(CASE_FILE)
    });
    std::fs::write(&*FILE, data).expect("room for a case");
    match Case::load(&FILE) {
        Ok(case) => assert_eq!(case.text.as_bytes(), data),
        Err(error) => {
            assert!(!error.message.is_empty());
            let lines = data.split(|byte| *byte == b'\n').count();
            let of_case = error.path.as_ref() == Some(&*FILE);
            if let Some(position) = error.position.filter(|_| of_case) {
                assert!((1..=lines).contains(&position.line), "{error:?}");
                assert!(position.column > 0, "{error:?}");
            }
        }
    }
}
