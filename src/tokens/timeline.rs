//! Each signing key's life by the inventory, and its use in the logs beside it.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use super::facts::TokenFacts;
use crate::case::{AccountKey, Case, Interner, Key};
use crate::error::Result;
use crate::frames::{self, FrameWriter, Value};
use crate::lines::Verdict;
use crate::moment::serialize_some_utc;

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// Times of the first and last use of some tokens, and how many tokens there are.
#[derive(Debug, Clone, Copy, Default)]
struct UseSpan {
    times: Option<(i64, i64)>,
    tokens: u64,
}

impl UseSpan {
    fn add(&mut self, other: UseSpan) {
        self.times = match (self.times, other.times) {
            (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
            (a, b) => a.or(b),
        };
        self.tokens += other.tokens;
    }
}

/// How many tokens of each kind one key signed, and when they were used.
#[derive(Debug, Clone, Copy, Default)]
struct KeyUse {
    honest: UseSpan,
    forged: UseSpan,
    indeterminate: u64,
    forged_after_departure: u64,
}

/// How each key was used, by issuer and key.
#[derive(Debug, Default)]
pub struct KeyUses(BTreeMap<(Option<AccountKey>, AccountKey), KeyUse>);

impl KeyUses {
    /// Adds a judged token.
    pub(super) fn add(&mut self, facts: &TokenFacts<'_>, verdict: Verdict) {
        let Some(key_id) = facts.claims.key_id else {
            return;
        };
        let used = self.0.entry((facts.claims.issuer, key_id)).or_default();
        let span = UseSpan {
            times: Some(facts.used),
            tokens: 1,
        };
        match verdict {
            Verdict::Forged => {
                used.forged.add(span);
                let left = facts.key.and_then(departure);
                used.forged_after_departure += u64::from(left.is_some_and(|at| facts.used.1 >= at));
            }
            Verdict::Indeterminate => used.indeterminate += 1,
            Verdict::Legitimate | Verdict::Stolen => used.honest.add(span),
        }
    }

    /// Adds what another partition found.
    pub(super) fn merge(&mut self, other: KeyUses) {
        for (key, more) in other.0 {
            let used = self.0.entry(key).or_default();
            used.honest.add(more.honest);
            used.forged.add(more.forged);
            used.indeterminate += more.indeterminate;
            used.forged_after_departure += more.forged_after_departure;
        }
    }
}

/// When the first of a key's custodians left, if one did.
fn departure(key: &Key) -> Option<i64> {
    key.custodians
        .iter()
        .filter_map(|custodian| custodian.left)
        .min()
}

/// A key's life and use; times are microseconds since 1970 UTC.
#[derive(Debug, Clone, Default, Serialize)]
pub struct KeyLife {
    /// The issuer whose tokens name it.
    pub issuer: String,
    /// The key's id.
    pub key_id: String,
    /// Whether the inventory lists it.
    pub listed: bool,
    /// When the key was made.
    #[serde(serialize_with = "serialize_some_utc")]
    pub created_at: Option<i64>,
    /// When it began to sign.
    #[serde(serialize_with = "serialize_some_utc")]
    pub activated_at: Option<i64>,
    /// When another key took its place.
    #[serde(serialize_with = "serialize_some_utc")]
    pub rotated_at: Option<i64>,
    /// When it was withdrawn.
    #[serde(serialize_with = "serialize_some_utc")]
    pub retired_at: Option<i64>,
    /// When it was declared compromised.
    #[serde(serialize_with = "serialize_some_utc")]
    pub revoked_at: Option<i64>,
    /// When the first of its custodians left.
    #[serde(serialize_with = "serialize_some_utc")]
    pub custodian_left_at: Option<i64>,
    /// Whole days from that departure to the first of its rotation, withdrawal and revocation.
    ///
    /// For a key that had none of these, to its last use.
    pub outlived_days: Option<u64>,
    /// Where it is stored outside the key management system, if anywhere.
    pub stored_outside: Option<String>,
    /// When an honest token was first used.
    #[serde(serialize_with = "serialize_some_utc")]
    pub first_honest_use: Option<i64>,
    /// When an honest token was last used.
    #[serde(serialize_with = "serialize_some_utc")]
    pub last_honest_use: Option<i64>,
    /// How many honest tokens name it, stolen ones among them.
    pub honest_tokens: u64,
    /// When a forged token was first used.
    #[serde(serialize_with = "serialize_some_utc")]
    pub first_forged_use: Option<i64>,
    /// When a forged token was last used.
    #[serde(serialize_with = "serialize_some_utc")]
    pub last_forged_use: Option<i64>,
    /// How many forged tokens name it.
    pub forged_tokens: u64,
    /// How many indeterminate tokens name it.
    pub indeterminate_tokens: u64,
    /// How many forged tokens were used after a custodian left.
    pub forged_after_departure: u64,
}

/// Whether a place of the inventory is a key management system, by its name.
fn managed(place: &str) -> bool {
    let place = place.to_ascii_lowercase();
    ["key management", "kms", "hsm", "vault"]
        .iter()
        .any(|word| place.contains(word))
}

/// The life and use of every key that the inventory lists or a token names, by issuer and key.
pub fn timeline(case: &Case, uses: &KeyUses, interner: &Interner) -> Vec<KeyLife> {
    let mut lives: BTreeMap<(String, String), KeyLife> = BTreeMap::new();
    for key in &case.keys.keys {
        let [created_at, activated_at, rotated_at, retired_at, revoked_at] = key.life();
        let outside: Vec<&str> = key
            .custodians
            .iter()
            .filter_map(|custodian| custodian.stored_in.as_deref())
            .filter(|place| !managed(place))
            .collect();
        let life = KeyLife {
            issuer: key.issuer.clone(),
            key_id: key.id.clone(),
            listed: true,
            created_at,
            activated_at,
            rotated_at,
            retired_at,
            revoked_at,
            custodian_left_at: departure(key),
            stored_outside: (!outside.is_empty()).then(|| outside.join(", ")),
            ..KeyLife::default()
        };
        lives.insert((key.issuer.clone(), key.id.clone()), life);
    }
    for ((issuer, key_id), used) in &uses.0 {
        let issuer = issuer
            .map(|issuer| interner.text(issuer))
            .unwrap_or_default();
        let key_id = interner.text(*key_id);
        let life = lives
            .entry((issuer.clone(), key_id.clone()))
            .or_insert_with(|| KeyLife {
                issuer,
                key_id,
                ..KeyLife::default()
            });
        life.first_honest_use = used.honest.times.map(|times| times.0);
        life.last_honest_use = used.honest.times.map(|times| times.1);
        life.honest_tokens = used.honest.tokens;
        life.first_forged_use = used.forged.times.map(|times| times.0);
        life.last_forged_use = used.forged.times.map(|times| times.1);
        life.forged_tokens = used.forged.tokens;
        life.indeterminate_tokens = used.indeterminate;
        life.forged_after_departure = used.forged_after_departure;
    }
    for life in lives.values_mut() {
        let ended = [life.rotated_at, life.retired_at, life.revoked_at];
        let ended = ended.into_iter().flatten().min();
        let last_use = life.last_honest_use.max(life.last_forged_use);
        let outlived = life.custodian_left_at.zip(ended.or(last_use));
        life.outlived_days =
            outlived.map(|(left, end)| u64::try_from((end - left) / DAY).unwrap_or(0));
    }
    lives.into_values().collect()
}

/// Writes the frame `key_timeline`.
pub fn write(lives: &[KeyLife], frames_dir: &Path) -> Result<()> {
    let mut writer = FrameWriter::create(frames_dir, &frames::KEY_TIMELINE, 0)?;
    for life in lives {
        writer.push(&[
            Value::Text(&life.issuer),
            Value::Text(&life.key_id),
            Value::Text(if life.listed { "yes" } else { "no" }),
            life.created_at.into(),
            life.activated_at.into(),
            life.rotated_at.into(),
            life.retired_at.into(),
            life.revoked_at.into(),
            life.custodian_left_at.into(),
            life.outlived_days.map_or(Value::Null, Value::Number),
            life.stored_outside.as_deref().into(),
            life.first_honest_use.into(),
            life.last_honest_use.into(),
            Value::Number(life.honest_tokens),
            life.first_forged_use.into(),
            life.last_forged_use.into(),
            Value::Number(life.forged_tokens),
            Value::Number(life.indeterminate_tokens),
            Value::Number(life.forged_after_departure),
        ])?;
    }
    writer.finish().map(drop)
}
