//! All that was counted -> the disclosure, as data.
//!
//! The disclosure holds figures with unit, bounds and rule, and what they rest on: gaps in the evidence
//! and findings beside the figures. Nothing here writes a sentence; `report` does, where one is shown.

mod coverage;
mod figures;
mod finding;
mod findings;
mod found;
mod gaps;
mod keys;
mod misfits;

pub use coverage::CoverageRow;
pub use figures::{Figure, figures, write_figures};
pub use finding::{Finding, Registry};
pub use findings::about_evidence;
pub use found::Found;
pub use gaps::{Effect, Gap, Missing, Touched};

use serde::Serialize;

use crate::case::{Awareness, Policy};
use crate::fleet::Attributed;
use crate::intake::TOKEN_COOKIE_ABSENT;
use crate::misfits::Misfit;
use crate::moment::serialize_utc;
use crate::tokens::timeline::KeyLife;

/// Name and version of the shape of `disclosure.json`.
pub const SCHEMA: &str = "breachscope.disclosure/3";

/// The disclosure of a run, as in `disclosure.json`.
///
/// Times are microseconds since 1970 UTC here, and RFC 3339 in UTC in the file.
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
    /// Whether all evidence was read (no rejects, no damage, nothing known to be missing) and fits together.
    pub complete: bool,
    /// Whether all evidence was read, whether or not it fits together.
    #[serde(skip)]
    pub evidence_complete: bool,
    /// What does not fit together, so that the figures are most likely wrong until a setting is changed.
    pub misfits: Vec<Misfit>,
    /// Every figure.
    pub figures: Vec<Figure>,
    /// Phases of the attack.
    pub phases: Vec<PhaseRow>,
    /// Tokens by verdict and reason.
    pub verdicts: Vec<VerdictRow>,
    /// Gateway lines whose token no issuance record hands out, whether or not the logs are complete: the
    /// anti-join of the two logs.
    pub uses_without_record: u64,
    /// What the issuance logs can say, by issuer and key.
    pub coverage: Vec<CoverageRow>,
    /// Each signing key's life against its use.
    pub keys: Vec<KeyLife>,
    /// What is missing from the evidence, and which figures that touches.
    pub gaps: Vec<Gap>,
    /// What a reader must know beside the figures.
    pub findings: Vec<Finding>,
    /// Times at which somebody became aware, each with its source.
    pub awareness: Vec<Awareness>,
    /// The thresholds that the run used.
    pub policy: Policy,
    /// The addresses of the fleet, most requests first.
    pub fleet: Vec<Attributed>,
}

/// A phase of the attack.
#[derive(Debug, Serialize)]
pub struct PhaseRow {
    /// `test`, `harvest` or `aftermath`.
    pub name: &'static str,
    /// Time of the first forged request.
    #[serde(serialize_with = "serialize_utc")]
    pub first: i64,
    /// Time of the last forged request.
    #[serde(serialize_with = "serialize_utc")]
    pub last: i64,
    /// Forged requests.
    pub request_count: u64,
    /// Crawl runs.
    pub run_count: u64,
}

/// The number of tokens that have one verdict for one reason.
#[derive(Debug, Serialize)]
pub struct VerdictRow {
    /// The verdict.
    pub verdict: &'static str,
    /// How sure the verdict is.
    pub confidence: &'static str,
    /// The rule that decided, or the doubt that remains.
    pub reason: &'static str,
    /// Distinct tokens.
    pub token_count: u64,
}

/// Puts the disclosure together.
pub fn disclose(found: Found<'_>, figures: Vec<Figure>) -> Disclosure {
    let head = &found.context.case.file;
    let gaps = gaps::gaps(&found, &figures);
    let misfits = misfits::misfits(&found);
    let evidence_complete = gaps.is_empty() && all_was_read(&found);
    Disclosure {
        schema: SCHEMA,
        tool: crate::results::TOOL.to_string(),
        case_id: head.case.id.clone(),
        title: head.case.title.clone(),
        complete: evidence_complete && misfits.is_empty(),
        evidence_complete,
        misfits,
        figures,
        phases: phases(&found),
        verdicts: verdicts(&found),
        uses_without_record: found.tokens.uses_without_record,
        coverage: coverage::rows(found.coverage, found.context.interner),
        gaps,
        findings: findings::findings(&found),
        keys: keys::shown(found.keys),
        awareness: head.awareness.clone(),
        policy: head.policy.clone(),
        fleet: found.fleet,
    }
}

/// Whether every line, and every token that a gateway line should have, could be read.
///
/// A request without the token's cookie is a visitor's who was not logged in: nothing is missing.
fn all_was_read(found: &Found<'_>) -> bool {
    let mut problems = found.without_token.keys();
    found.manifest.complete() && problems.all(|problem| problem == TOKEN_COOKIE_ABSENT)
}

fn phases(found: &Found<'_>) -> Vec<PhaseRow> {
    let phases = found.phases.iter().map(|phase| PhaseRow {
        name: phase.name,
        first: phase.whole.first,
        last: phase.whole.last,
        request_count: phase.whole.requests,
        run_count: phase.runs.len() as u64,
    });
    phases.collect()
}

fn verdicts(found: &Found<'_>) -> Vec<VerdictRow> {
    let verdicts = found.tokens.by_reason.iter();
    let verdicts = verdicts.map(|((verdict, confidence, reason), count)| VerdictRow {
        verdict,
        confidence,
        reason,
        token_count: *count,
    });
    verdicts.collect()
}
