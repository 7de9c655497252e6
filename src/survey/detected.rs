//! What a log was found to be.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::intake::evidence::names;

/// Columns, each with the field of the log that fills it.
pub(super) type Mapping = Vec<(&'static str, String)>;

/// What a log seems to be, and what a source of it could fill.
#[derive(Debug, Clone, Serialize)]
pub struct Detected {
    /// The file.
    #[serde(serialize_with = "as_shown")]
    pub path: PathBuf,
    /// Its path inside the archive, if the file is one.
    pub member: Option<String>,
    /// What it is packed in.
    pub packed: String,
    /// The name of its format in a case file, if the format is known.
    pub format: Option<&'static str>,
    /// The name of its format, for people.
    pub title: String,
    /// The kind of source that it probably is.
    pub kind: Option<&'static str>,
    /// Why it is taken for that.
    pub why: String,
    /// How its times are written, if a case file must say so.
    pub time: Option<String>,
    /// The zone of its times: `each line says it`, `UTC`, or `not said`.
    pub zone: &'static str,
    /// Time of the earliest event among the lines that were looked at, in UTC. If `zone` is `not said`,
    /// it is what the log's own clock showed.
    pub first_event: Option<String>,
    /// Time of the latest of these events.
    pub last_event: Option<String>,
    /// Whether the end of the log was looked at.
    pub end_seen: bool,
    /// Whether the whole log was looked at, not only its first and last lines.
    pub all_seen: bool,
    /// Canonical columns that it can fill.
    pub fills: Vec<&'static str>,
    /// Canonical columns that it cannot fill.
    pub lacks: Vec<&'static str>,
    /// The mapping proposed for columns that the format does not fill by itself.
    pub fields: Mapping,
    /// The names of its own fields, if it has any.
    pub names: Vec<String>,
    /// What makes reading it uncertain.
    pub notes: Vec<String>,
}

impl Detected {
    /// A log of which nothing is known but where it lies.
    pub(super) fn unknown(path: &Path, member: Option<String>, packed: String) -> Self {
        Detected {
            path: path.to_path_buf(),
            member,
            packed,
            format: None,
            title: "unknown".into(),
            kind: None,
            why: String::new(),
            time: None,
            zone: NO_ZONE,
            first_event: None,
            last_event: None,
            end_seen: false,
            all_seen: false,
            fills: Vec::new(),
            lacks: Vec::new(),
            fields: Vec::new(),
            names: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// The path as people read it, with the member of an archive after a `!`.
    pub(super) fn place(&self) -> String {
        match &self.member {
            Some(member) => format!("{}!{member}", names::shown_path(&self.path)),
            None => names::shown_path(&self.path),
        }
    }

    /// Whether a case file must say in which zone its times are.
    pub(super) fn needs_zone(&self) -> bool {
        self.zone == NO_ZONE
    }
}

/// The zone of a log whose lines do not say it.
pub(super) const NO_ZONE: &str = "not said";

/// Writes a path whose bytes may be no text.
fn as_shown<S: serde::Serializer>(path: &Path, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&names::shown_path(path))
}
