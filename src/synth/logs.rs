//! Writes the replica's logs: each a gzip file, rotated by lines.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::truth::LineCounts;
use super::world::Millis;
use crate::error::{Error, Result};

/// A log, rotated.
pub(super) struct Log {
    dir: PathBuf,
    name: &'static str,
    extension: &'static str,
    rotate_after: u64,
    file: Option<GzEncoder<BufWriter<File>>>,
    files: u32,
    lines: u64,
}

impl Log {
    pub(super) fn new(
        dir: &Path,
        name: &'static str,
        extension: &'static str,
        rotate_after: u64,
    ) -> Result<Self> {
        fs::create_dir_all(dir).map_err(|e| Error::io("create the folder", dir, e))?;
        Ok(Log {
            dir: dir.to_path_buf(),
            name,
            extension,
            rotate_after,
            file: None,
            files: 0,
            lines: 0,
        })
    }

    /// Files begun so far.
    pub(super) fn files(&self) -> u32 {
        self.files
    }

    /// The name of the `number`-th file, counted from 1.
    pub(super) fn file_name(&self, number: u32) -> String {
        format!("{}-{number:04}.{}.gz", self.name, self.extension)
    }

    /// Appends a line; `readable` says whether any reader of the format could make sense of it.
    pub(super) fn line(
        &mut self,
        line: &[u8],
        readable: bool,
        counts: &mut LineCounts,
    ) -> Result<()> {
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
        self.lines += 1;
        counts.lines += 1;
        counts.rejects += u64::from(!readable);
        if self.lines.is_multiple_of(self.rotate_after) {
            self.rotate(counts)?;
        }
        Ok(())
    }

    /// Ends the current file, with a blank line as its last.
    pub(super) fn rotate(&mut self, counts: &mut LineCounts) -> Result<()> {
        let Some(mut file) = self.file.take() else {
            return Ok(());
        };
        counts.lines += 1;
        let ended = file
            .write_all(b"\n")
            .and_then(|()| file.finish())
            .and_then(|mut inner| inner.flush());
        ended.map_err(|e| Error::io("end the log", &self.dir, e))
    }
}

/// Year, month, day, hour, minute, second, millisecond of a moment, `offset` east of Greenwich.
fn civil(at: Millis, offset: Millis) -> [i64; 7] {
    let local = at + offset;
    let (days, rest) = (local.div_euclid(86_400_000), local.rem_euclid(86_400_000));
    // Civil from days, counting years from 1 March.
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

const KOREA: Millis = 9 * 3_600_000;

/// RFC 3339, UTC.
pub(super) fn utc(at: Millis) -> String {
    let [year, month, day, hour, minute, second, milli] = civil(at, 0);
    format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

/// RFC 3339, Korean time.
pub(super) fn korean(at: Millis) -> String {
    let [year, month, day, hour, minute, second, milli] = civil(at, KOREA);
    format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}+09:00")
}

/// The common log's time, Korean.
pub(super) fn common(at: Millis) -> String {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let [year, month, day, hour, minute, second, _] = civil(at, KOREA);
    let month = MONTHS[(month - 1) as usize];
    format!("{day:02}/{month}/{year}:{hour:02}:{minute:02}:{second:02} +0900")
}

/// What a browser or a script says it is.
pub(super) static AGENTS: [&str; 5] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) ExampleBrowser/131.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) ExampleBrowser/18.1",
    "ExampleShop/7.4.1 (Android 15)",
    "ExampleShop/7.4.0 (iOS 18.3)",
    "stock-client/2.2",
];

/// A pass as the gateway logs it.
pub(super) struct Pass<'a> {
    pub(super) issuer: &'a str,
    pub(super) key: &'a str,
    pub(super) id: &'a str,
    pub(super) subject: &'a str,
    pub(super) issued_at: i64,
    pub(super) expires_at: i64,
}

/// What all tiers log of a request.
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

/// The gateway's line.
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

/// The edge's line.
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
