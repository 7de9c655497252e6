//! The replica's logs: gzip files, and the lines that a request leaves in them.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::truth::PlantedLines;
use super::world::Millis;
use crate::error::{Error, Result};

/// A log being written, in gzip files of `rotate_after` lines each.
pub(super) struct Log {
    dir: PathBuf,
    name: &'static str,
    extension: &'static str,
    rotate_after: u64,
    file: Option<GzEncoder<BufWriter<File>>>,
    /// Files begun.
    files: u32,
    /// Lines written, without the blank ones.
    written: u64,
    planted: PlantedLines,
}

impl Log {
    /// Begins a log in a folder of its name below `evidence`.
    pub(super) fn new(
        evidence: &Path,
        name: &'static str,
        extension: &'static str,
        rotate_after: u64,
    ) -> Result<Self> {
        let dir = evidence.join(name);
        fs::create_dir_all(&dir).map_err(|e| Error::io("create the folder", &dir, e))?;
        Ok(Log {
            dir,
            name,
            extension,
            rotate_after,
            file: None,
            files: 0,
            written: 0,
            planted: PlantedLines::default(),
        })
    }

    /// The number of the file begun last, from 1.
    pub(super) fn files(&self) -> u32 {
        self.files
    }

    /// The name of the `number`-th file, from 1.
    pub(super) fn file_name(&self, number: u32) -> String {
        format!("{}-{number:04}.{}.gz", self.name, self.extension)
    }

    /// Appends a line that a reader of the format can make sense of.
    pub(super) fn line(&mut self, line: &str) -> Result<()> {
        self.append(line.as_bytes())
    }

    /// Appends a line that no reader of the format can make sense of.
    pub(super) fn broken_line(&mut self, line: &[u8]) -> Result<()> {
        self.planted.rejects += 1;
        self.append(line)
    }

    /// Appends a line or, if it was cut while it was written, its first half.
    pub(super) fn line_or_half(&mut self, line: &str, cut: bool) -> Result<()> {
        if cut {
            self.broken_line(&line.as_bytes()[..line.len() / 2])
        } else {
            self.line(line)
        }
    }

    fn append(&mut self, line: &[u8]) -> Result<()> {
        if self.file.is_none() {
            self.files += 1;
            let path = self.dir.join(self.file_name(self.files));
            let file =
                File::create_new(&path).map_err(|e| Error::io("create the log", &path, e))?;
            self.file = Some(GzEncoder::new(BufWriter::new(file), Compression::new(6)));
        }
        if let Some(file) = &mut self.file {
            let written = file.write_all(line).and_then(|()| file.write_all(b"\n"));
            written.map_err(|e| Error::io("write the log", &self.dir, e))?;
        }
        self.written += 1;
        self.planted.lines += 1;
        if self.written.is_multiple_of(self.rotate_after) {
            self.rotate()?;
        }
        Ok(())
    }

    /// Ends the file begun last, with a blank line; the next line begins another.
    fn rotate(&mut self) -> Result<()> {
        let Some(mut file) = self.file.take() else {
            return Ok(());
        };
        self.planted.lines += 1;
        let ended = file
            .write_all(b"\n")
            .and_then(|()| file.finish())
            .and_then(|mut inner| inner.flush());
        ended.map_err(|e| Error::io("end the log", &self.dir, e))
    }

    /// Ends the log and says what was planted in all its files.
    pub(super) fn finish(&mut self) -> Result<PlantedLines> {
        self.rotate()?;
        Ok(self.planted)
    }
}

/// A moment as year, month, day, hour, minute, second and millisecond.
///
/// `offset` is the zone's distance from UTC in milliseconds, positive in the east.
fn civil(at: Millis, offset: Millis) -> [i64; 7] {
    let local = at + offset;
    let (days, rest) = (local.div_euclid(86_400_000), local.rem_euclid(86_400_000));
    // Counting years from 1 March puts the leap day at a year's end; eras are of 400 years.
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    [
        year,
        month,
        day,
        rest / 3_600_000,
        rest / 60_000 % 60,
        rest / 1_000 % 60,
        rest % 1_000,
    ]
}

/// Korean time's distance from UTC.
const KOREA: Millis = 9 * 3_600_000;

/// A moment in UTC, as RFC 3339 writes it.
pub(super) fn utc(at: Millis) -> String {
    let [year, month, day, hour, minute, second, milli] = civil(at, 0);
    format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

/// A moment in Korean time, as RFC 3339 writes it.
pub(super) fn korean(at: Millis) -> String {
    let [year, month, day, hour, minute, second, milli] = civil(at, KOREA);
    format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}+09:00")
}

/// A moment in Korean time, as the common log format writes it.
pub(super) fn common(at: Millis) -> String {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let [year, month, day, hour, minute, second, _] = civil(at, KOREA);
    let month = MONTHS[(month - 1) as usize];
    format!("{day:02}/{month}/{year}:{hour:02}:{minute:02}:{second:02} +0900")
}

/// What browsers, the shop's apps and its stock service say they are.
pub(super) static AGENTS: [&str; 5] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) ExampleBrowser/131.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) ExampleBrowser/18.1",
    "ExampleShop/7.4.1 (Android 15)",
    "ExampleShop/7.4.0 (iOS 18.3)",
    "stock-client/2.2",
];

/// A token as the gateway logs it.
///
/// The shop calls its access tokens passes. Times are in seconds.
pub(super) struct Pass<'a> {
    pub(super) issuer: &'a str,
    pub(super) key: &'a str,
    pub(super) id: &'a str,
    pub(super) subject: &'a str,
    pub(super) issued_at: i64,
    pub(super) expires_at: i64,
}

/// What gateway and edge log of a request.
pub(super) struct Logged<'a> {
    pub(super) at: Millis,
    pub(super) request_id: &'a str,
    pub(super) address: IpAddr,
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) status: u16,
    pub(super) bytes: u64,
    pub(super) agent: &'a str,
}

/// The gateway's line of a request, a JSON object.
pub(super) fn gateway(request: &Logged<'_>, pass: Option<&Pass<'_>>) -> String {
    let pass = pass.map_or("null".to_string(), |pass| {
        format!(
            "{{\"iss\":\"{}\",\"kid\":\"{}\",\"jti\":\"{}\",\"sub\":\"{}\",\"iat\":{},\"exp\":{}}}",
            pass.issuer, pass.key, pass.id, pass.subject, pass.issued_at, pass.expires_at
        )
    });
    format!(
        "{{\"ts\":\"{}\",\"rid\":\"{}\",\"client\":\"{}\",\"method\":\"{}\",\"path\":\"{}\",\"status\":{},\"bytes\":{},\"ua\":\"{}\",\"pass\":{pass}}}",
        utc(request.at),
        request.request_id,
        request.address,
        request.method,
        request.path,
        request.status,
        request.bytes,
        request.agent
    )
}

/// The edge's line of a request: the combined log format, then the request id.
pub(super) fn edge(request: &Logged<'_>) -> String {
    format!(
        "{} - - [{}] \"{} {} HTTP/1.1\" {} {} \"-\" \"{}\" rid={}",
        request.address,
        common(request.at),
        request.method,
        request.path,
        request.status,
        request.bytes,
        request.agent,
        request.request_id
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_agree_with_jiff() {
        for at in (-2_000_000_000_000..4_000_000_000_000).step_by(86_399_999 * 7) {
            let expected = jiff::Timestamp::from_millisecond(at).expect("a time");
            assert_eq!(
                utc(at).parse::<jiff::Timestamp>().expect("a time"),
                expected
            );
            assert_eq!(
                korean(at).parse::<jiff::Timestamp>().expect("a time"),
                expected
            );
        }
        assert_eq!(common(1_744_556_400_000), "14/Apr/2025:00:00:00 +0900");
    }
}
