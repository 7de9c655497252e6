//! Where the issuance log is shown complete, so that the absence of a record means something.
//!
//! This is asked for every issuer, key and moment. Three things speak for or against the log:
//!
//! - *Record numbers.* If an issuer numbers its records, the numbers show where none is missing. A
//!   missing number opens a hole between the times of its neighbours. Clocks of several instances that
//!   share one sequence disagree; the records show how far, and holes are widened by that.
//! - *The case file*, which names ranges known to be deleted. In a log without numbers, silences count
//!   as holes too.
//! - *The honest population*: tokens with a login behind them, from an address that then used them. They
//!   were issued for certain, so each must have a record. If one has none, the log lacks records that
//!   its numbers do not know of, such as those of a second data centre. In a log without numbers, only
//!   these tokens can show that it is complete. Forged tokens have no login behind them, so they do not
//!   count here, however many there are.
//!
//! A log is one: what its honest tokens show of it holds for all keys alike, even for one that nobody honest
//! uses any more. Keys are set apart only where something sets them apart:
//!
//! - The log names keys in its records, or the case file does in `keys_logged`. Of a key that is not among
//!   them the log says nothing.
//! - Tokens of a key that were issued for certain lack their records, as those of a second data centre do.
//!   Such a key has only its own witnesses.

mod holes;
mod measure;
#[cfg(test)]
mod tests;
mod with_login;

pub use holes::{Hole, Holes};
pub use with_login::WithLogin;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use super::claims::IdKind;
use super::profile::Profile;
use crate::case::{AccountKey, Case, Interner};
use crate::error::Result;
use crate::frames::{self, FrameWriter, Value};

/// Microseconds of an hour.
pub const HOUR: i64 = 3_600_000_000;
/// How many witnesses are looked at on either side of a moment.
const NEAREST: usize = 15;
/// How many witnesses are looked at for one moment, at most.
const MOST_WITNESSES: u32 = 2 * NEAREST as u32;

/// Checks that the policy asks for a number of witnesses that can be found.
pub fn check(case: &Case) -> Result<()> {
    let wanted = &case.file.policy.coverage_witnesses;
    if (1..=MOST_WITNESSES).contains(wanted.get_ref()) {
        return Ok(());
    }
    let message = format!(
        "coverage_witnesses is {}, not a number of tokens from 1 to {MOST_WITNESSES}",
        wanted.get_ref()
    );
    Err(case.error_at(wanted.span(), message))
}

/// How near to a moment, in microseconds, a witness must be to show the log complete: two weeks.
const NEAR: i64 = 14 * 24 * HOUR;
/// In a log with record numbers, one witness in so many may lack its record: its line may be damaged.
const ONE_IN: usize = 20;

/// What the issuance log can say about a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Status {
    /// The log is complete: a token issued then has a record.
    Complete,
    /// Records are missing around then.
    Hole,
    /// It is before the first record or after the last.
    OutsideLog,
    /// The issuer's issuances are not in the evidence.
    NotLogged,
    /// The log names keys in its records, and this key in none.
    KeyNotNamed,
    /// Tokens that were issued for certain lack their record around then.
    Contradicted,
    /// Nothing shows that records are missing, and nothing shows that none is.
    NotShown,
}

impl Status {
    /// All statuses.
    pub const ALL: [Status; 7] = [
        Status::Complete,
        Status::Hole,
        Status::OutsideLog,
        Status::NotLogged,
        Status::KeyNotNamed,
        Status::Contradicted,
        Status::NotShown,
    ];

    /// The name in outputs.
    pub fn name(self) -> &'static str {
        match self {
            Status::Complete => "complete",
            Status::Hole => "hole",
            Status::OutsideLog => "outside_log",
            Status::NotLogged => "not_logged",
            Status::KeyNotNamed => "key_not_named",
            Status::Contradicted => "contradicted",
            Status::NotShown => "not_shown",
        }
    }
}

/// What the status of a moment rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Basis {
    /// The numbers of the records.
    Sequence,
    /// The case file.
    CaseFile,
    /// A silence of the log that its own rhythm does not explain.
    Silence,
    /// Tokens that were issued for certain.
    HonestPopulation,
    /// Where the log begins and ends, and which issuers, keys and ids it names.
    Log,
}

impl Basis {
    /// The name in outputs.
    pub fn name(self) -> &'static str {
        match self {
            Basis::Sequence => "sequence",
            Basis::CaseFile => "case_file",
            Basis::Silence => "silence",
            Basis::HonestPopulation => "honest_population",
            Basis::Log => "log",
        }
    }
}

/// What the issuance log can say about a moment, and what that rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cover {
    /// What it can say.
    pub status: Status,
    /// What that rests on.
    pub basis: Basis,
}

impl Cover {
    const fn of(status: Status, basis: Basis) -> Self {
        Cover { status, basis }
    }
}

/// A token that was issued for certain: when, and whether it has a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Witness {
    /// Its claimed issue time.
    pub issued_at: i64,
    /// Whether it has a record.
    pub recorded: bool,
}

/// Witnesses by issuer and key.
pub type Witnesses = HashMap<(String, Option<AccountKey>), Vec<Witness>>;

/// What the tokens look like that were issued for certain, by issuer and key.
pub type Profiles = HashMap<(String, Option<AccountKey>), Profile>;

/// How many tokens in use meet an issuance record, and how many such records agree.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Meeting {
    /// Tokens whose id no record has.
    pub absent: u64,
    /// Tokens that agree with a record of their id.
    pub agree: u64,
    /// Tokens that differ from all records of their id.
    pub differ: u64,
    /// Those of them that a record names another subject of, and that it agrees with in all else.
    pub named_otherwise: u64,
    /// Issued tokens that were used from an address that a record of theirs has.
    pub at_home: u64,
    /// Issued tokens that were used from other addresses only.
    pub away: u64,
}

/// How many tokens it takes to say that tokens and records do not meet.
const MANY: u64 = 20;

impl Meeting {
    /// Adds what another sample showed.
    pub fn merge(&mut self, other: Meeting) {
        self.absent += other.absent;
        self.agree += other.agree;
        self.differ += other.differ;
        self.named_otherwise += other.named_otherwise;
        self.at_home += other.at_home;
        self.away += other.away;
    }

    /// Whether no token meets a record, because the logs write ids in different ways.
    pub(super) fn apart(self) -> bool {
        self.absent >= MANY && self.agree + self.differ == 0
    }

    /// Whether most tokens differ from their records, so that a difference means nothing.
    ///
    /// The logs then write subjects, times or scopes in different ways.
    fn incomparable(self) -> bool {
        self.differ >= MANY && self.agree * 4 < self.differ
    }

    /// Whether it is the subject alone that the logs write in different ways.
    fn names_otherwise(self) -> bool {
        self.incomparable() && self.named_otherwise * 5 >= self.differ * 4
    }
}

/// What is known of one issuer's log.
#[derive(Debug, Clone, Default)]
pub struct IssuerLog {
    /// Time of the first record.
    pub first: i64,
    /// Time of the last record.
    pub last: i64,
    /// How many records it has.
    pub records: u64,
    /// How many records have a time so far from all others that it is taken to be wrong.
    pub strays: u64,
    /// Whether its records are numbered.
    pub numbered: bool,
    /// By how many microseconds the clocks of its instances disagree.
    pub skew: i64,
    /// Where it lacks records.
    pub holes: Holes,
    /// How many records it has by key and hour since 1970 UTC; `None` is for those that name no key.
    pub hours: BTreeMap<(Option<AccountKey>, i64), u64>,
    /// The keys that its records name, and those that the case file says they would.
    pub keys: BTreeSet<AccountKey>,
    /// Whether any record names a key.
    pub names_keys: bool,
    /// The kinds of ids that its records have.
    pub kinds: BTreeSet<IdKind>,
    /// How tokens in use meet its records.
    pub meeting: Meeting,
    /// The witnesses of each key, by time.
    pub witnesses: BTreeMap<Option<AccountKey>, Vec<Witness>>,
    /// Those of all keys that none of their own sets apart, by time.
    together: Vec<Witness>,
    /// What the tokens of each key look like that were issued for certain.
    pub profiles: BTreeMap<Option<AccountKey>, Profile>,
    /// How many issued tokens have a login.
    pub with_login: WithLogin,
}

/// The coverage of all issuers.
#[derive(Debug, Default)]
pub struct Coverage {
    /// The log of each issuer.
    pub issuers: BTreeMap<String, IssuerLog>,
    /// By how many microseconds clocks may disagree, by the policy.
    tolerance: i64,
    /// How many witnesses show a log without record numbers complete, by the policy.
    witnesses_wanted: usize,
}

impl Coverage {
    /// Adds witnesses, but for those issued when the log is known to lack records: they say nothing.
    pub fn hear(&mut self, witnesses: impl IntoIterator<Item = Witnesses>) {
        for ((issuer, key), mut heard) in witnesses.into_iter().flatten() {
            if let Some(log) = self.issuers.get_mut(&issuer) {
                heard.retain(|witness| log.itself(witness.issued_at, self.tolerance).is_none());
                if !heard.is_empty() {
                    log.witnesses.entry(key).or_default().append(&mut heard);
                }
            }
        }
        for log in self.issuers.values_mut() {
            for heard in log.witnesses.values_mut() {
                heard.sort_unstable();
            }
            let together = log.witnesses.values().filter(|heard| !is_apart(heard));
            log.together = together.flatten().copied().collect();
            log.together.sort_unstable();
        }
    }

    /// Takes in what the tokens of each key look like that were issued for certain.
    pub fn learn(&mut self, profiles: Profiles) {
        for ((issuer, key), profile) in profiles {
            if let Some(log) = self.issuers.get_mut(&issuer) {
                match log.profiles.entry(key) {
                    Entry::Occupied(mut known) => known.get_mut().merge(&profile),
                    Entry::Vacant(none) => drop(none.insert(profile)),
                }
            }
        }
    }

    /// Takes in how many issued tokens of each issuer have a login.
    pub fn count_logins(&mut self, counts: impl IntoIterator<Item = HashMap<String, WithLogin>>) {
        for (issuer, more) in counts.into_iter().flatten() {
            if let Some(log) = self.issuers.get_mut(&issuer) {
                log.with_login.merge(more);
            }
        }
        for log in self.issuers.values_mut() {
            log.with_login.sum_up();
        }
    }

    /// Takes in how the tokens of each issuer meet its records.
    pub fn compare(&mut self, meetings: BTreeMap<String, Meeting>) {
        for (issuer, meeting) in meetings {
            if let Some(log) = self.issuers.get_mut(&issuer) {
                log.meeting = meeting;
            }
        }
    }

    /// Whether a record of `issuer` that differs from a token means something.
    pub fn comparable(&self, issuer: &str) -> bool {
        self.issuers
            .get(issuer)
            .is_none_or(|log| !log.meeting.incomparable())
    }

    /// Whether the records of any issuer call subjects by other names than its tokens, and are alike else.
    pub(super) fn names_otherwise(&self, issuer: &str) -> bool {
        self.issuers
            .get(issuer)
            .is_some_and(|log| log.meeting.names_otherwise())
    }

    /// Whether the addresses in the records of `issuer` are those of the tokens' holders.
    ///
    /// They are if most tokens are used from there. Those of a back end, which fetches tokens for its
    /// customers, say nothing of where a holder lives.
    pub fn tells_homes(&self, issuer: &str) -> bool {
        self.issuers
            .get(issuer)
            .is_some_and(|log| log.meeting.at_home > log.meeting.away)
    }

    /// What the log can say about a token of `issuer`, signed with `key`, with an id of this kind, issued
    /// at `at`.
    pub fn of(&self, issuer: &str, key: Option<AccountKey>, kind: IdKind, at: i64) -> Cover {
        let cover = self.at(issuer, key, at);
        let meets = |log: &IssuerLog| log.kinds.contains(&kind) && !log.meeting.apart();
        if cover.status == Status::Complete && !self.issuers.get(issuer).is_some_and(meets) {
            return Cover::of(Status::NotShown, Basis::Log);
        }
        cover
    }

    /// What the log can say about a token of `issuer`, signed with `key`, issued at `at`, whatever its id.
    pub fn at(&self, issuer: &str, key: Option<AccountKey>, at: i64) -> Cover {
        let Some(log) = self.issuers.get(issuer) else {
            return Cover::of(Status::NotLogged, Basis::Log);
        };
        if let Some(cover) = log.itself(at, self.tolerance) {
            return cover;
        }
        let tells_keys = log.names_keys || !log.keys.is_empty();
        if tells_keys && key.is_some_and(|key| !log.keys.contains(&key)) {
            return Cover::of(Status::KeyNotNamed, Basis::Log);
        }
        let (heard, lacking) = log.nearest(key, at);
        if lacking > heard / ONE_IN {
            return Cover::of(Status::Contradicted, Basis::HonestPopulation);
        }
        if log.numbered {
            return Cover::of(Status::Complete, Basis::Sequence);
        }
        if log.heard_near(key, at) >= self.witnesses_wanted && lacking == 0 {
            Cover::of(Status::Complete, Basis::HonestPopulation)
        } else {
            Cover::of(Status::NotShown, Basis::HonestPopulation)
        }
    }

    /// The stretches of an issuer's log in which no witness lacks its record: the times of the first and the
    /// last witness, and how many there are.
    ///
    /// A stretch ends at a witness that lacks its record, at a hole, and where no witness is near.
    pub fn stretches(&self, issuer: &str) -> Vec<(i64, i64, u64)> {
        let mut stretches: Vec<(i64, i64, u64)> = Vec::new();
        let Some(log) = self.issuers.get(issuer) else {
            return stretches;
        };
        let mut goes_on = false;
        for witness in &log.together {
            let at = witness.issued_at;
            match stretches.last_mut().filter(|_| goes_on && witness.recorded) {
                Some((_, last, count))
                    if at - *last <= NEAR && log.holes.edges(*last, at).is_empty() =>
                {
                    *last = at;
                    *count += 1;
                }
                _ if witness.recorded => stretches.push((at, at, 1)),
                _ => {}
            }
            goes_on = witness.recorded;
        }
        stretches
    }

    /// Writes the frame `coverage`, one row for each issuer, key and hour, and the frame `holes`.
    pub fn write(&self, interner: &Interner, frames_dir: &Path) -> Result<()> {
        let mut holes = FrameWriter::create(frames_dir, &frames::HOLES, 0)?;
        let mut hours = FrameWriter::create(frames_dir, &frames::COVERAGE, 0)?;
        for (issuer, log) in &self.issuers {
            for hole in log.holes.iter() {
                holes.push(&[
                    Value::Text(issuer),
                    Value::Text(hole.basis.name()),
                    Value::Time(hole.from),
                    Value::Time(hole.to),
                    hole.missing.map_or(Value::Null, Value::Number),
                ])?;
            }
            let rows = self.hours(issuer, log).into_iter();
            let spelt = rows.map(|row| (row.key.map(|key| interner.text(key)), row));
            let mut rows: Vec<(Option<String>, HourCover)> = spelt.collect();
            rows.sort_by(|a, b| (&a.0, a.1.hour).cmp(&(&b.0, b.1.hour)));
            for (key, row) in rows {
                hours.push(&[
                    Value::Text(issuer),
                    key.as_deref().into(),
                    Value::Time(row.hour * HOUR),
                    Value::Text(row.cover.status.name()),
                    Value::Text(row.cover.basis.name()),
                    Value::Number(row.records),
                    Value::Number(row.witnesses),
                    Value::Number(row.unrecorded),
                ])?;
            }
        }
        holes.finish()?;
        hours.finish().map(drop)
    }

    /// The hours of one issuer's log, by key.
    ///
    /// An hour that is not complete throughout has the status of its worst moment.
    pub fn hours(&self, issuer: &str, log: &IssuerLog) -> Vec<HourCover> {
        let mut keys: BTreeSet<Option<AccountKey>> = BTreeSet::new();
        if log.names_keys {
            keys.extend(log.keys.iter().copied().map(Some));
            keys.extend(log.witnesses.keys());
        } else {
            // Its records are of any key, so one row tells of all but those that are apart.
            let apart = log.witnesses.iter().filter(|(_, heard)| is_apart(heard));
            keys.extend(apart.map(|(key, _)| *key));
            keys.insert(None);
        }
        let mut rows = Vec::new();
        for key in keys {
            let own = log.witnesses.get(&key).map_or(&[][..], Vec::as_slice);
            let heard = match log.names_keys || is_apart(own) {
                true => own,
                false => &log.together,
            };
            for hour in log.span() {
                let (from, to) = (hour * HOUR, hour * HOUR + HOUR - 1);
                let within = log.holes.edges(from, to).iter().copied();
                let worst = within
                    .chain([from, to, from + HOUR / 2])
                    .map(|at| self.at(issuer, key, at))
                    .filter(|cover| cover.status != Status::OutsideLog)
                    .max_by_key(|cover| (cover.status != Status::Complete, cover.status));
                let before = |at| heard.partition_point(|witness| witness.issued_at < at);
                let heard = &heard[before(from)..before(to + 1)];
                rows.push(HourCover {
                    key,
                    hour,
                    cover: worst.unwrap_or(Cover::of(Status::OutsideLog, Basis::Log)),
                    records: log.hours.get(&(key, hour)).copied().unwrap_or_default(),
                    witnesses: heard.len() as u64,
                    unrecorded: heard.iter().filter(|witness| !witness.recorded).count() as u64,
                });
            }
        }
        rows
    }
}

/// What a log can say about tokens of one key issued in one hour.
#[derive(Debug, Clone, Copy)]
pub struct HourCover {
    /// The key.
    pub key: Option<AccountKey>,
    /// Hours since 1970 UTC.
    pub hour: i64,
    /// What the log can say at the worst moment of the hour.
    pub cover: Cover,
    /// How many records the log has of the key and hour.
    pub records: u64,
    /// How many tokens were issued then for certain.
    pub witnesses: u64,
    /// How many of these have no record.
    pub unrecorded: u64,
}

impl IssuerLog {
    /// The hours from the log's begin to its end, since 1970 UTC.
    ///
    /// Of a log that claims more than twenty years, only the hours that have records.
    fn span(&self) -> Vec<i64> {
        const MOST: i64 = 20 * 366 * 24;
        let (first, last) = (self.first.div_euclid(HOUR), self.last.div_euclid(HOUR));
        if last - first <= MOST {
            return (first..=last).collect();
        }
        let hours: BTreeSet<i64> = self.hours.keys().map(|(_, hour)| *hour).collect();
        hours.into_iter().collect()
    }

    /// What the log's own ends and holes say against a moment; `None` if nothing.
    fn itself(&self, at: i64, tolerance: i64) -> Option<Cover> {
        let wide = tolerance.max(self.skew);
        if at < self.first + wide || at > self.last - wide {
            return Some(Cover::of(Status::OutsideLog, Basis::Log));
        }
        let hole = self.holes.at(at, wide)?;
        Some(Cover::of(Status::Hole, hole.basis))
    }

    /// The witnesses that speak for tokens of a key: its own if they set it apart, else those of all keys.
    fn witnesses_for(&self, key: Option<AccountKey>) -> &[Witness] {
        let own = self.witnesses.get(&key);
        own.filter(|own| is_apart(own)).unwrap_or(&self.together)
    }

    /// How many of the nearest witnesses of a moment are near enough to show the log complete.
    fn heard_near(&self, key: Option<AccountKey>, at: i64) -> usize {
        let heard = self.witnesses_for(key);
        let before = |at: i64| heard.partition_point(|witness| witness.issued_at < at);
        let (middle, from, to) = (before(at), before(at - NEAR), before(at + NEAR));
        (middle - from).min(NEAREST) + (to - middle).min(NEAREST)
    }

    /// How many witnesses are nearest to a moment, and how many of these lack a record.
    fn nearest(&self, key: Option<AccountKey>, at: i64) -> (usize, usize) {
        let heard = self.witnesses_for(key);
        let middle = heard.partition_point(|witness| witness.issued_at < at);
        let near = &heard[middle.saturating_sub(NEAREST)..(middle + NEAREST).min(heard.len())];
        (
            near.len(),
            near.iter().filter(|witness| !witness.recorded).count(),
        )
    }
}

/// Whether the witnesses of a key show that the log lacks its records, so that the key is apart.
fn is_apart(own: &[Witness]) -> bool {
    let lacking = own.iter().filter(|witness| !witness.recorded).count();
    lacking > own.len() / ONE_IN
}
