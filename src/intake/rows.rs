//! Fields of text -> a typed row of the frame, the same for all formats.
//!
//! Reasons: `field_missing`, `bad_time`, `time_without_zone`, `time_in_fold`, `bad_number`,
//! `bad_address`.

use std::net::{IpAddr, Ipv6Addr};

use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use hashbrown::HashTable;

use super::fields::Fields;
use super::formats::Reject;
use super::reading::Reading;
use crate::bytes::same;
use crate::case::Catalogue;
use crate::frames::{Batch, Kind, Value};

/// As many columns as any event frame has, and some.
const MOST_COLUMNS: usize = 24;
/// Spellings of addresses remembered; more begin anew.
const REMEMBERED: usize = 1 << 16;

/// How one column of a row comes about.
#[derive(Debug, Clone, Copy)]
enum Fill {
    EvidenceId,
    LineNo,
    Tier,
    Page,
    Text,
    Bytes,
    /// A number of at most this.
    Number(u64),
    EventTime,
    Claim,
    Address,
}

/// Types rows of one evidence file.
pub(super) struct Rows<'a> {
    reading: &'a Reading,
    catalogue: &'a Catalogue,
    evidence_id: u32,
    fills: Vec<Fill>,
    /// Bit by bit, the columns that are looked at whatever a line has: those that intake fills itself, those
    /// that are required, and constants.
    always: u64,
    event_time: usize,
    method_and_path: Option<(usize, usize)>,
    /// The column for what is wrong with a token.
    problem: Option<usize>,
    addresses: Addresses,
    /// Bit by bit, the columns that any line had.
    pub(super) present: u32,
}

impl<'a> Rows<'a> {
    /// Rows of the evidence file `evidence_id`.
    pub(super) fn new(reading: &'a Reading, catalogue: &'a Catalogue, evidence_id: u32) -> Self {
        let frame = reading.frame;
        let event_time = frame
            .index("event_time")
            .expect("every event frame has a time");
        let fills = frame.columns.iter().enumerate().map(|(index, column)| {
            match (column.name, column.kind) {
                ("evidence_id", _) => Fill::EvidenceId,
                ("line_no", _) => Fill::LineNo,
                ("tier", _) => Fill::Tier,
                ("page", _) => Fill::Page,
                (_, Kind::Text | Kind::Identifier) => Fill::Text,
                (_, Kind::Bytes) => Fill::Bytes,
                (_, Kind::Unsigned) => Fill::Number(u64::MAX),
                (_, Kind::Small) => Fill::Number(u64::from(u32::MAX)),
                (_, Kind::Code) => Fill::Number(u64::from(u16::MAX)),
                (_, Kind::Time) if index == event_time => Fill::EventTime,
                (_, Kind::Time) => Fill::Claim,
                (_, Kind::Address) => Fill::Address,
            }
        });
        let fills: Vec<Fill> = fills.collect();
        let always = fills.iter().enumerate().filter(|(index, fill)| {
            matches!(fill, Fill::EvidenceId | Fill::LineNo | Fill::Tier)
                || reading.required[*index]
                || reading.constants[*index].is_some()
        });
        Rows {
            reading,
            catalogue,
            evidence_id,
            always: always.fold(0, |bits, (index, _)| bits | 1 << index),
            fills,
            event_time,
            method_and_path: frame
                .index("page")
                .and(frame.index("method").zip(frame.index("path"))),
            problem: frame.index("token_problem"),
            addresses: Addresses::default(),
            present: 0,
        }
    }

    /// Types one line's fields and appends the row; returns its time.
    #[inline]
    pub(super) fn push(
        &mut self,
        batch: &mut Batch,
        line_no: u64,
        fields: &Fields<'_>,
    ) -> Result<i64, Reject> {
        let columns = self.fills.len();
        let mut row = [Value::Null; MOST_COLUMNS];
        let mut present = 0;
        let (mut bad_claim, mut unusual_address) = (false, None);
        let mut wanted = (fields.filled() | self.always) & ((1 << columns) - 1);
        while wanted != 0 {
            let index = wanted.trailing_zeros() as usize;
            wanted &= wanted - 1;
            let fill = &self.fills[index];
            let text = fields
                .get(index)
                .or(self.reading.constants[index].as_deref());
            present |= u32::from(text.is_some()) << index;
            row[index] = match (fill, text) {
                (Fill::EvidenceId, _) => Value::Number(u64::from(self.evidence_id)),
                (Fill::LineNo, _) => Value::Number(line_no),
                (Fill::Tier, _) => Value::Text(self.reading.tier),
                (Fill::Page, _) => Value::Null,
                (_, None) if self.reading.required[index] => {
                    self.present |= present;
                    return Err(missing(self.name(index)));
                }
                (_, None) => Value::Null,
                (Fill::Text, Some(text)) => Value::Text(text),
                (Fill::Bytes, Some(text)) => Value::Bytes(text.as_bytes()),
                // An empty value of a column that may be missing is a missing value.
                (_, Some("")) if !self.reading.required[index] => Value::Null,
                (Fill::Number(most), Some(text)) => match unsigned(text, *most) {
                    Some(number) => Value::Number(number),
                    None => return Err(bad_number(self.name(index), text)),
                },
                (Fill::EventTime, Some(text)) => Value::Time(self.reading.clock.read(text)?),
                (Fill::Claim, Some(text)) => match self.reading.clock.read_claim(text) {
                    Ok(time) => Value::Time(time),
                    // What a client claims must not take its request out of the counts.
                    Err(reject) if reject.reason == "bad_time" && self.problem.is_some() => {
                        bad_claim = true;
                        Value::Null
                    }
                    Err(reject) => return Err(reject),
                },
                (Fill::Address, Some(text)) => {
                    if is_plain_ipv4(text.as_bytes()) || is_plain_ipv6(text.as_bytes()) {
                        Value::Text(text)
                    } else {
                        // Looked up below, when nothing else of `self` is borrowed.
                        unusual_address = Some((index, text));
                        Value::Null
                    }
                }
            };
        }
        if let (true, Some(problem)) = (bad_claim, self.problem)
            && matches!(row[problem], Value::Null)
        {
            row[problem] = Value::Text("claim_time");
        }
        self.present |= present;
        if let Some((index, text)) = unusual_address {
            row[index] = Value::Text(self.addresses.canonical(text)?);
        }
        if let Some((method, path)) = self.method_and_path
            && let (Value::Text(method), Value::Text(path)) = (row[method], row[path])
            && let Some(page) = self.catalogue.find(method, path)
        {
            let index = self
                .fills
                .iter()
                .position(|fill| matches!(fill, Fill::Page));
            row[index.expect("a frame with pages")] = Value::Text(&self.catalogue.pages[page].id);
        }
        let Value::Time(time) = row[self.event_time] else {
            unreachable!("the time is required");
        };
        batch.push(&row[..columns]);
        Ok(time)
    }

    fn name(&self, index: usize) -> &'static str {
        self.reading.frame.columns[index].name
    }
}

#[cold]
fn missing(name: &str) -> Reject {
    Reject::new("field_missing", format!("`{name}` is not there"))
}

#[cold]
fn bad_number(name: &str, text: &str) -> Reject {
    let shown: String = text.chars().take(40).collect();
    Reject::new("bad_number", format!("`{name}` is `{shown}`"))
}

fn unsigned(text: &str, most: u64) -> Option<u64> {
    if text.is_empty() || text.len() > 20 {
        return None;
    }
    let mut number = 0u64;
    for byte in text.bytes() {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number.checked_mul(10)?.checked_add(u64::from(digit))?;
    }
    (number <= most).then_some(number)
}

/// Whether `text` is an IPv4 address as it is written canonically.
#[inline]
fn is_plain_ipv4(text: &[u8]) -> bool {
    if text.len() > 15 {
        return false;
    }
    let (mut parts, mut value, mut digits) = (1, 0u32, 0);
    for byte in text {
        match byte {
            b'0'..=b'9' => {
                if digits > 0 && value == 0 {
                    return false;
                }
                value = value * 10 + u32::from(byte - b'0');
                digits += 1;
                if value > 255 {
                    return false;
                }
            }
            b'.' if digits > 0 => {
                parts += 1;
                (value, digits) = (0, 0);
            }
            _ => return false,
        }
    }
    parts == 4 && digits > 0
}

/// Whether `text` is an IPv6 address as it is written canonically (RFC 5952): the longest run of zeros
/// is left out, digits are small and have no zeros before them. Mapped IPv4 has another spelling.
#[inline]
fn is_plain_ipv6(text: &[u8]) -> bool {
    let mut groups = [0u16; 8];
    let (mut count, mut gap, mut at) = (0, None, 0);
    if text.starts_with(b"::") {
        (gap, at) = (Some(0), 2);
    }
    while at < text.len() {
        let (begin, mut value) = (at, 0u16);
        while let Some(byte) = text.get(at) {
            let digit = match byte {
                b'0'..=b'9' => byte - b'0',
                b'a'..=b'f' => byte - b'a' + 10,
                _ => break,
            };
            if at - begin == 4 {
                return false;
            }
            value = value << 4 | u16::from(digit);
            at += 1;
        }
        let padded = text.get(begin) == Some(&b'0') && at - begin > 1;
        if at == begin || count == 8 || padded {
            return false;
        }
        groups[count] = value;
        count += 1;
        match &text[at..] {
            [] => {}
            [b':', b':', ..] if gap.is_none() => {
                gap = Some(count);
                at += 2;
            }
            [b':', rest @ ..] if !rest.is_empty() => at += 1,
            _ => return false,
        }
    }
    // The run of zeros that is left out, and the longest that there is.
    let Some(gap) = gap else {
        return count == 8 && !groups.windows(2).any(|pair| pair == [0, 0]);
    };
    if count > 6 {
        return false;
    }
    groups.copy_within(gap..count, gap + 8 - count);
    groups[gap..gap + 8 - count].fill(0);
    let (mut best, mut run) = ((0, 0), 0);
    for (index, group) in groups.iter().enumerate() {
        run = if *group == 0 { run + 1 } else { 0 };
        if run > best.1 {
            best = (index + 1 - run, run);
        }
    }
    best == (gap, 8 - count) && groups[..5] != [0; 5]
}

/// Addresses in their one canonical spelling: IPv4-mapped IPv6 is the IPv4 address it stands for, and a
/// zone id, which means something on the logging host alone, is left out.
#[derive(Default)]
struct Addresses {
    /// Hash and index of each spelling.
    index: HashTable<(u64, u32)>,
    /// As logged, and canonical.
    known: Vec<(Box<str>, Box<str>)>,
}

impl Addresses {
    fn canonical(&mut self, text: &str) -> Result<&str, Reject> {
        let hash = FixedState::default().hash_one(text);
        let Addresses { index, known } = self;
        let found = index.find(hash, |(mark, at)| {
            *mark == hash && same(known[*at as usize].0.as_bytes(), text.as_bytes())
        });
        let at = match found {
            Some((_, at)) => *at as usize,
            None => {
                let canonical = canonical(text).ok_or_else(|| {
                    let shown: String = text.chars().take(40).collect();
                    Reject::new("bad_address", format!("`{shown}` is no address"))
                })?;
                if known.len() >= REMEMBERED {
                    known.clear();
                    index.clear();
                }
                index.insert_unique(hash, (hash, known.len() as u32), |(mark, _)| *mark);
                known.push((text.into(), canonical.to_string().into()));
                known.len() - 1
            }
        };
        Ok(&self.known[at].1)
    }
}

fn canonical(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|inner| inner.strip_suffix(']'))
        .unwrap_or(text);
    match bare.split_once('%') {
        Some((address, zone)) if !zone.is_empty() => {
            let address: Ipv6Addr = address.parse().ok()?;
            Some(IpAddr::V6(address).to_canonical())
        }
        _ => Some(bare.parse::<IpAddr>().ok()?.to_canonical()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_one_spelling() {
        let mut addresses = Addresses::default();
        for (given, expected) in [
            ("192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("fe80::1%12", "fe80::1"),
        ] {
            assert_eq!(addresses.canonical(given), Ok(expected));
        }
        for bad in [
            "192.0.2.01",
            "192.0.2.1, 198.51.100.1",
            "fe80::1%",
            "192.0.2.1%a",
            "",
            "host",
        ] {
            let reason = addresses
                .canonical(bad)
                .map(str::to_string)
                .map_err(|reject| reject.reason);
            assert_eq!(reason, Err("bad_address"), "{bad}");
        }
    }

    #[test]
    fn the_quick_look_at_ipv4_agrees_with_the_standard_library() {
        let parts = [
            "", "0", "00", "1", "01", "9", "99", "255", "256", "999", "-1", "a", "1 ",
        ];
        for a in parts {
            for b in parts {
                for text in [
                    format!("{a}.{b}.2.1"),
                    format!("192.0.{a}.{b}"),
                    format!("{a}.1.{b}"),
                    format!("1.{a}.{b}.1.1"),
                ] {
                    let known = text
                        .parse::<std::net::Ipv4Addr>()
                        .is_ok_and(|parsed| parsed.to_string() == text);
                    assert_eq!(is_plain_ipv4(text.as_bytes()), known, "{text}");
                }
            }
        }
    }

    #[test]
    fn the_quick_look_at_ipv6_agrees_with_the_standard_library() {
        let parts = [
            "", "0", "1", "00", "0a", "a", "A", "ffff", "12345", ":", "g",
        ];
        let mut plain = 0;
        for number in 0..11usize.pow(5) {
            let part = |place: u32| parts[number / 11usize.pow(place) % 11];
            let [a, b, c, d, e] = [0, 1, 2, 3, 4].map(part);
            for text in [
                format!("{a}:{b}:{c}:{d}:{e}"),
                format!("1:{a}:{b}:{c}:0:{d}:{e}:0"),
            ] {
                let known = text.parse::<Ipv6Addr>().is_ok_and(|parsed| {
                    parsed.to_string() == text && parsed.to_canonical().is_ipv6()
                });
                let quick = is_plain_ipv6(text.as_bytes());
                // What the quick look does not know goes the slow way.
                assert!(known || !quick, "{text}");
                assert!(quick || !known || text.starts_with("::"), "{text}");
                plain += usize::from(quick);
            }
        }
        assert!(plain > 1000);
    }

    #[test]
    fn numbers_are_plain_and_in_range() {
        assert_eq!(unsigned("200", 65535), Some(200));
        assert_eq!(unsigned("18446744073709551615", u64::MAX), Some(u64::MAX));
        for bad in [
            "",
            "-1",
            "+1",
            "70000",
            "1e3",
            "20 ",
            "18446744073709551616",
        ] {
            assert_eq!(unsigned(bad, 65535), None, "{bad}");
        }
    }
}
