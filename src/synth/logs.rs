//! The replica's logs: gzip files, and the lines that a request leaves in them.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::clocks::{KOREA, common, utc};
use super::world::Millis;
use crate::error::{Error, Result};

/// Lines planted in logs, and how many of them no reader can make sense of.
///
/// Blank lines count as lines, and not as rejects.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PlantedLines {
    pub(super) lines: u64,
    pub(super) rejects: u64,
    /// Those of them in logs of gateways, each of which may be a request.
    pub(super) gateway_rejects: u64,
}

impl PlantedLines {
    /// Adds the lines of another log.
    pub(super) fn add(&mut self, other: PlantedLines) {
        self.lines += other.lines;
        self.rejects += other.rejects;
        self.gateway_rejects += other.gateway_rejects;
    }
}

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
        common(request.at, KOREA),
        request.method,
        request.path,
        request.status,
        request.bytes,
        request.agent,
        request.request_id
    )
}
