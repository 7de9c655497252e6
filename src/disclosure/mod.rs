//! All that was counted -> the disclosure: figures with unit, bounds and rule, and what they rest on.

mod figures;
mod gaps;

pub use figures::{Figure, figures};

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use crate::case::{Awareness, Context, Interner, Policy, SourceKind};
use crate::error::Result;
use crate::exposure::Exposure;
use crate::fleet::Attributed;
use crate::frames::{self, FrameWriter, Value};
use crate::intake::TOKEN_COOKIE_ABSENT;
use crate::moment::utc;
use crate::results::Manifest;
use crate::sessions::Phase;
use crate::tokens::ProvenKeys;
use crate::tokens::Tokens;
use crate::tokens::coverage::{Basis, Coverage, Status};
use crate::tokens::timeline::KeyLife;

/// Name and version of `disclosure.json`.
pub const SCHEMA: &str = "breachscope.disclosure/2";

/// Keys that the inventory lacks and that are named one by one: a forger can name any number.
const MOST_KEYS: usize = 20;

/// The disclosure of a run, as in `disclosure.json`. Times are UTC, RFC 3339.
#[derive(Debug, Serialize)]
pub struct Disclosure {
    /// Name and version of this shape.
    pub schema: &'static str,
    /// Program and version.
    pub tool: String,
    /// The case's identifier.
    pub case_id: String,
    /// The case's title.
    pub title: String,
    /// Whether all evidence was read: no rejects, no damage, nothing known missing.
    pub complete: bool,
    /// Every figure.
    pub figures: Vec<Figure>,
    /// Phases of the attack.
    pub phases: Vec<PhaseRow>,
    /// Tokens by verdict and reason.
    pub verdicts: Vec<VerdictRow>,
    /// Gateway lines whose token no issuance record hands out, whether or not the logs are complete: the
    /// anti-join of the two.
    pub uses_without_record: u64,
    /// What the issuance logs can say, by issuer and key.
    pub coverage: Vec<CoverageRow>,
    /// Each signing key's life against its use.
    pub keys: Vec<KeyLife>,
    /// What is missing from the evidence, and which figures that touches.
    pub gaps: Vec<Gap>,
    /// What a reader must know beside the figures.
    pub findings: Vec<String>,
    /// Times at which somebody became aware, each with its source.
    pub awareness: Vec<Awareness>,
    /// The thresholds the run used.
    pub policy: Policy,
    /// The addresses of the fleet, most requests first.
    pub fleet: Vec<Attributed>,
}

/// A phase.
#[derive(Debug, Serialize)]
pub struct PhaseRow {
    /// `test`, `harvest` or `aftermath`.
    pub name: &'static str,
    /// First forged request.
    pub first: String,
    /// Last forged request.
    pub last: String,
    /// Forged requests.
    pub request_count: u64,
    /// Crawl runs.
    pub run_count: u64,
}

/// How many tokens have a verdict for a reason.
#[derive(Debug, Serialize)]
pub struct VerdictRow {
    /// The verdict.
    pub verdict: &'static str,
    /// How sure it is.
    pub confidence: &'static str,
    /// The deciding rule, or the doubt.
    pub reason: &'static str,
    /// Distinct tokens.
    pub token_count: u64,
}

/// Hours of an issuer's log and a key with one status.
#[derive(Debug, Serialize)]
pub struct CoverageRow {
    /// The issuer.
    pub issuer: String,
    /// The key; none where the log names none.
    pub key_id: Option<String>,
    /// What the log can say.
    pub status: &'static str,
    /// What that rests on.
    pub basis: &'static str,
    /// Hours.
    pub hour_count: u64,
    /// Records.
    pub record_count: u64,
    /// Tokens that were issued for certain.
    pub witness_count: u64,
    /// Of these, those without a record.
    pub unrecorded_witness_count: u64,
}

/// Something missing from the evidence.
#[derive(Debug, Serialize)]
pub struct Gap {
    /// What is missing.
    pub what: String,
    /// How it is known.
    pub basis: String,
    /// Last moment before.
    pub from: String,
    /// First moment after.
    pub to: String,
    /// Which figures it touches, and by how much.
    pub effect: String,
}

/// What the stages found.
pub struct Found<'a> {
    /// The run.
    pub context: &'a Context<'a>,
    /// The custody manifest.
    pub manifest: &'a Manifest,
    /// The verdicts.
    pub tokens: &'a Tokens,
    /// The issuance log's coverage.
    pub coverage: &'a Coverage,
    /// Gateway lines whose token could not be taken from the log, by problem.
    pub without_token: &'a BTreeMap<String, u64>,
    /// Each key's life.
    pub keys: Vec<KeyLife>,
    /// Keys that verified a token.
    pub proven: &'a ProvenKeys,
    /// The counts.
    pub exposure: &'a Exposure,
    /// The phases.
    pub phases: &'a [Phase],
    /// The fleet, attributed.
    pub fleet: Vec<Attributed>,
}

/// Puts the disclosure together.
pub fn disclose(found: Found<'_>, figures: Vec<Figure>) -> Disclosure {
    let case = found.context.case;
    let gaps = gaps::gaps(&found);
    let findings = findings(&found);
    let verdicts = found.tokens.by_reason.iter();
    let verdicts = verdicts.map(|((verdict, confidence, reason), count)| VerdictRow {
        verdict,
        confidence,
        reason,
        token_count: *count,
    });
    let verdicts = verdicts.collect();
    Disclosure {
        schema: SCHEMA,
        tool: crate::results::TOOL.to_string(),
        case_id: case.file.case.id.clone(),
        title: case.file.case.title.clone(),
        complete: found.manifest.complete()
            && gaps.is_empty()
            && !without_any_token(&found)
            && found
                .without_token
                .keys()
                .all(|problem| problem == TOKEN_COOKIE_ABSENT),
        figures,
        phases: found
            .phases
            .iter()
            .map(|phase| PhaseRow {
                name: phase.name,
                first: utc(phase.whole.first),
                last: utc(phase.whole.last),
                request_count: phase.whole.requests,
                run_count: phase.runs.len() as u64,
            })
            .collect(),
        verdicts,
        uses_without_record: found.tokens.uses_without_record,
        coverage: coverage(found.coverage, found.context.interner),
        keys: shown_keys(found.keys),
        gaps,
        findings,
        awareness: case.file.awareness.clone(),
        policy: case.file.policy.clone(),
        fleet: found.fleet,
    }
}

fn findings(found: &Found<'_>) -> Vec<String> {
    let mut findings = Vec::new();
    for file in &found.manifest.evidence {
        if let Some(damage) = &file.damage {
            findings.push(format!(
                "{} is damaged: {damage}; what came before was kept",
                file.place()
            ));
        }
        if let Some(first) = file.duplicate_of {
            findings.push(format!(
                "{} holds the same bytes as evidence file {first} and was counted once",
                file.place()
            ));
        }
        for overlap in &file.overlaps {
            findings.push(format!(
                "{} lines of {}, from line {}, repeat evidence file {} from its line {}; a request is counted once",
                overlap.lines, file.place(), overlap.first_line, overlap.of_evidence_id, overlap.of_first_line
            ));
        }
    }
    if !found.manifest.unclaimed.is_empty() {
        findings.push(format!(
            "{} members of archives are of no source of the case, or are no files, and were not read; the manifest lists them",
            found.manifest.unclaimed.len()
        ));
    }
    let registry = &found.context.case.file.registry;
    for (missing, effect) in [
        (
            registry.pages.is_none(),
            "page catalogue: which requests showed data is not determined, so views and accounts are not counted",
        ),
        (
            registry.accounts.is_none(),
            "account registry: whether an account exists is not determined; persons are not counted, and what only the gateway shows is `possible` at most",
        ),
        (
            registry.keys.is_none(),
            "key inventory: a token without an issuance record is indeterminate",
        ),
        (
            registry.networks.is_none(),
            "network database: addresses are named without their network",
        ),
    ] {
        if missing {
            findings.push(format!("the case has no {effect}"));
        }
    }
    let totals = found.manifest.totals;
    if totals.rejects > 0 {
        findings.push(format!(
            "{} of {} lines could not be read; they are kept in the frame `rejects`",
            totals.rejects, totals.lines
        ));
    }
    let unlisted = || found.keys.iter().filter(|life| !life.listed);
    if let Some(more) = unlisted()
        .count()
        .checked_sub(MOST_KEYS)
        .filter(|more| *more > 0)
    {
        findings.push(format!(
            "{more} more keys are named by tokens and not in the key inventory; the frame `key_timeline` has them"
        ));
    }
    for life in unlisted().take(MOST_KEYS) {
        let count = life.honest_tokens + life.forged_tokens + life.indeterminate_tokens;
        findings.push(format!(
            "{count} tokens name the key `{}` of `{}`, which the key inventory lacks; without a record they are indeterminate; add the key to decide",
            life.key_id, life.issuer
        ));
    }
    for life in &found.keys {
        findings.extend(key_findings(life));
    }
    for (problem, count) in found.without_token {
        findings.push(format!(
            "{count} gateway lines have no token, for the log has none that can be read ({problem}); what they showed counts in `possible` where a page answered"
        ));
    }
    for (issuer, log) in &found.coverage.issuers {
        if log.strays > 0 {
            findings.push(format!(
                "{} issuance records of {issuer} lie over a week away from all others; the log is taken to begin and end without them",
                log.strays
            ));
        }
    }
    if without_any_token(found) {
        findings.push("no gateway line has a token: is the field that holds it named rightly? Until then every count of tokens and views is 0 for that reason alone".into());
    }
    let sources = &found.context.case.file.source;
    let has = |kind| sources.iter().any(|source| source.kind == kind);
    if has(SourceKind::Issuance) && !has(SourceKind::Login) {
        findings.push("the case has no login log: only its own record numbers show the issuance log complete, and a second issuer with a log of its own would not be seen".into());
    }
    for key in found.context.case.signing_keys.unsupported() {
        findings.push(format!(
            "the key `{}` is not used to check signatures: {}",
            key.key_id.unwrap_or("without an id"),
            key.why
        ));
    }
    findings.extend(idle_keys(found));
    findings.extend(unknown_keys_logged(found));
    let exposure = found.exposure;
    if exposure.without_gateway > 0 {
        findings.push(format!(
            "{} requests are known from another tier only, for the gateway's line is lost; what they showed counts in `possible`",
            exposure.without_gateway
        ));
    }
    if exposure.copies > 0 {
        findings.push(format!(
            "{} lines are copies of another and were counted once",
            exposure.copies
        ));
    }
    if exposure.unregistered_views > 0 {
        findings.push(format!(
            "{} views showed accounts that the registry lacks; they count as views, not as accounts",
            exposure.unregistered_views
        ));
    }
    findings.push("whether data left with the attacker is not determinable from these logs".into());
    findings
}

/// The keys that were given to check signatures, and verified none.
fn idle_keys(found: &Found<'_>) -> Option<String> {
    let spelt: Vec<[Option<String>; 2]> = found
        .proven
        .iter()
        .map(|(issuer, key)| {
            [*issuer, *key].map(|key| key.map(|key| found.context.interner.text(key)))
        })
        .collect();
    let verified = |issuer: Option<&str>, id: Option<&str>| {
        spelt.iter().any(|[of, named]| {
            let same_key = named.is_none() || id.is_none() || named.as_deref() == id;
            same_key && (issuer.is_none() || of.as_deref() == issuer)
        })
    };
    let keys = found.context.case.signing_keys.supported();
    let idle: Vec<&str> = keys
        .filter(|(issuer, id)| !verified(*issuer, *id))
        .map(|(_, id)| id.unwrap_or("without an id"))
        .collect();
    let more = match idle.len().checked_sub(MOST_KEYS) {
        Some(more @ 1..) => format!(" and {more} more"),
        _ => String::new(),
    };
    let named = &idle[..idle.len().min(MOST_KEYS)];
    (!idle.is_empty()).then(|| {
        format!(
            "of the keys given to check signatures these verified no token: {}{more}; if tokens name them, see whether the file is the right one, and whether the log has tokens whole",
            named.join(", ")
        )
    })
}

/// Keys that the case file says an issuer's log would hold, and that nothing names: misspelt, perhaps.
fn unknown_keys_logged<'a>(found: &'a Found<'_>) -> impl Iterator<Item = String> + 'a {
    let issuers = found.context.case.file.issuer.iter();
    let said = issuers.flat_map(|issuer| issuer.keys_logged.iter().map(|key| (&issuer.id, key)));
    let known = |issuer: &String, key: &String| {
        let mut lives = found.keys.iter();
        let log = found.coverage.issuers.get(issuer);
        let interned = Some(found.context.interner.key(key));
        lives.any(|life| life.issuer == *issuer && life.key_id == *key)
            || log.is_some_and(|log| log.hours.keys().any(|(named, _)| *named == interned))
    };
    said.filter(move |(issuer, key)| !known(issuer, key))
        .map(|(issuer, key)| {
            format!("`keys_logged` of `{issuer}` names the key `{key}`, which no record, no token and not the inventory names: is it misspelt?")
        })
}

/// Whether there is a gateway log, and no token in it.
fn without_any_token(found: &Found<'_>) -> bool {
    let mut evidence = found.manifest.evidence.iter();
    let lines = evidence.any(|file| file.kind == "gateway" && file.lines.rows > 0);
    lines && found.tokens.by_reason.is_empty()
}

/// The keys of the inventory, and of the others those with the most tokens.
fn shown_keys(keys: Vec<KeyLife>) -> Vec<KeyLife> {
    let (mut shown, mut others): (Vec<_>, Vec<_>) = keys.into_iter().partition(|life| life.listed);
    let tokens =
        |life: &KeyLife| life.honest_tokens + life.forged_tokens + life.indeterminate_tokens;
    others.sort_by_key(|life| std::cmp::Reverse(tokens(life)));
    shown.extend(others.into_iter().take(MOST_KEYS));
    shown
}

/// What a key's life says against how it was kept.
fn key_findings(life: &KeyLife) -> Vec<String> {
    let mut findings = Vec::new();
    let key = format!("the key `{}` of `{}`", life.key_id, life.issuer);
    if let (Some(left), Some(days)) = (life.custodian_left_at, life.outlived_days) {
        findings.push(format!(
            "{key} outlived a custodian, who left on {}, by {days} days; {} forged tokens were used after that",
            utc(left),
            life.forged_after_departure
        ));
    }
    if let Some(place) = &life.stored_outside {
        findings.push(format!(
            "{key} was stored outside the key management system: {place}"
        ));
    }
    findings
}

/// The hours of each issuer's log and key by status.
fn coverage(coverage: &Coverage, interner: &Interner) -> Vec<CoverageRow> {
    let mut rows = Vec::new();
    for (issuer, log) in &coverage.issuers {
        let mut sums: BTreeMap<(Option<String>, Status, Basis), [u64; 4]> = BTreeMap::new();
        for hour in coverage.hours(issuer, log) {
            let key = hour.key.map(|key| interner.text(key));
            let sum = sums
                .entry((key, hour.cover.status, hour.cover.basis))
                .or_default();
            let more = [1, hour.records, hour.witnesses, hour.unrecorded];
            sum.iter_mut()
                .zip(more)
                .for_each(|(sum, more)| *sum += more);
        }
        rows.extend(
            sums.into_iter()
                .map(|((key_id, status, basis), sum)| CoverageRow {
                    issuer: issuer.clone(),
                    key_id,
                    status: status.name(),
                    basis: basis.name(),
                    hour_count: sum[0],
                    record_count: sum[1],
                    witness_count: sum[2],
                    unrecorded_witness_count: sum[3],
                }),
        );
    }
    rows
}

/// Writes the `figures` frame.
pub fn write_figures(figures: &[Figure], frames_dir: &Path) -> Result<()> {
    let mut writer = FrameWriter::create(frames_dir, &frames::FIGURES, 0)?;
    for figure in figures {
        writer.push(&[
            Value::Text(&figure.id),
            Value::Text(figure.unit),
            Value::Number(figure.confirmed),
            Value::Number(figure.probable),
            Value::Number(figure.possible),
            Value::Text(&figure.rule),
        ])?;
    }
    writer.finish().map(drop)
}
