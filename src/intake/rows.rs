//! Slots of text -> a typed row of the frame, the same for all formats.
//!
//! Reasons: `field_missing`, `bad_time`, `time_without_zone`, `time_in_fold`, `bad_number`,
//! `bad_address`.

use std::borrow::Cow;
use std::net::IpAddr;

use super::clock::Clock;
use super::formats::{Reject, Slots};
use crate::case::Catalogue;
use crate::frames::{Frame, FrameWriter, Kind, Value};

/// Types rows of one source and writes them.
pub(super) struct Rows<'a> {
    frame: &'static Frame,
    clock: &'a Clock,
    catalogue: &'a Catalogue,
    tier: &'static str,
    evidence_id: u32,
    event_time: usize,
    /// How many lines had each column.
    pub(super) present: Vec<u64>,
}

impl<'a> Rows<'a> {
    /// Rows of the evidence file `evidence_id`.
    pub(super) fn new(
        frame: &'static Frame,
        clock: &'a Clock,
        catalogue: &'a Catalogue,
        tier: &'static str,
        evidence_id: u32,
    ) -> Self {
        let event_time = frame
            .index("event_time")
            .expect("every event frame has a time");
        Rows {
            frame,
            clock,
            catalogue,
            tier,
            evidence_id,
            event_time,
            present: vec![0; frame.columns.len()],
        }
    }

    /// Types one line's slots and appends the row; returns its time.
    pub(super) fn push(
        &mut self,
        writer: &mut FrameWriter,
        line_no: u64,
        slots: &Slots<'_>,
    ) -> crate::error::Result<Result<i64, Reject>> {
        let mut addresses: [Option<String>; 1] = [None];
        let row = match self.typed(line_no, slots, &mut addresses) {
            Ok(row) => row,
            Err(reject) => return Ok(Err(reject)),
        };
        let Value::Time(time) = row[self.event_time] else {
            unreachable!("the time is required");
        };
        writer.push(&row[..self.frame.columns.len()])?;
        Ok(Ok(time))
    }

    fn typed<'v>(
        &mut self,
        line_no: u64,
        slots: &'v Slots<'_>,
        addresses: &'v mut [Option<String>; 1],
    ) -> Result<[Value<'v>; super::formats::MAX_COLUMNS], Reject>
    where
        'a: 'v,
    {
        for (present, slot) in self.present.iter_mut().zip(slots) {
            *present += u64::from(slot.is_some());
        }
        let mut row = [Value::Null; super::formats::MAX_COLUMNS];
        let mut spare = addresses.iter_mut();
        for (index, column) in self.frame.columns.iter().enumerate() {
            row[index] = match (column.name, slots[index].as_deref()) {
                ("evidence_id", _) => Value::Number(u64::from(self.evidence_id)),
                ("line_no", _) => Value::Number(line_no),
                ("tier", _) => Value::Text(self.tier),
                ("page", _) => Value::Null,
                (name, None) if column.required => {
                    return Err(Reject::new(
                        "field_missing",
                        format!("`{name}` is not there"),
                    ));
                }
                (_, None) => Value::Null,
                (name, Some(text)) => match column.kind {
                    Kind::Text | Kind::Identifier => Value::Text(text),
                    Kind::Bytes => Value::Bytes(text.as_bytes()),
                    Kind::Unsigned => Value::Number(unsigned(name, text, u64::MAX)?),
                    Kind::Small => Value::Number(unsigned(name, text, u64::from(u32::MAX))?),
                    Kind::Code => Value::Number(unsigned(name, text, u64::from(u16::MAX))?),
                    Kind::Time if index == self.event_time => Value::Time(self.clock.read(text)?),
                    Kind::Time => Value::Time(self.clock.read_claim(text)?),
                    Kind::Address => match address(text)? {
                        Cow::Borrowed(text) => Value::Text(text),
                        Cow::Owned(text) => {
                            let place = spare.next().expect("a frame of events has one address");
                            Value::Text(place.insert(text))
                        }
                    },
                },
            };
        }
        if let Some(page) = self.frame.index("page") {
            let of = |name| {
                self.frame
                    .index(name)
                    .and_then(|index| slots[index].as_deref())
            };
            if let (Some(method), Some(path)) = (of("method"), of("path")) {
                let found = self.catalogue.find(method, path);
                row[page] = found
                    .map(|index| self.catalogue.pages[index].id.as_str())
                    .into();
            }
        }
        Ok(row)
    }
}

fn unsigned(name: &str, text: &str, most: u64) -> Result<u64, Reject> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse()
        .ok()
        .filter(|number| plain && *number <= most)
        .ok_or_else(|| {
            Reject::new(
                "bad_number",
                format!(
                    "`{name}` is `{}`",
                    text.chars().take(40).collect::<String>()
                ),
            )
        })
}

/// The address in its one canonical spelling; IPv4-mapped IPv6 is the IPv4 address it stands for.
fn address(text: &str) -> Result<Cow<'_, str>, Reject> {
    match text.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => Ok(Cow::Borrowed(text)),
        Ok(v6) => Ok(Cow::Owned(v6.to_canonical().to_string())),
        Err(_) => {
            let shown: String = text.chars().take(40).collect();
            Err(Reject::new(
                "bad_address",
                format!("`{shown}` is no address"),
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_one_spelling() {
        for (given, canonical) in [
            ("192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"),
        ] {
            assert_eq!(address(given).as_deref(), Ok(canonical));
        }
        for bad in [
            "192.0.2.01",
            "192.0.2.1, 198.51.100.1",
            "fe80::1%eth0",
            "",
            "host",
        ] {
            assert_eq!(
                address(bad).map_err(|reject| reject.reason),
                Err("bad_address"),
                "{bad}"
            );
        }
    }

    #[test]
    fn numbers_are_plain_and_in_range() {
        assert_eq!(unsigned("status", "200", 65535), Ok(200));
        for bad in ["", "-1", "+1", "70000", "1e3", "20 "] {
            assert!(unsigned("status", bad, 65535).is_err(), "{bad}");
        }
    }
}
