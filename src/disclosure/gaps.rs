//! Gaps: what is missing from the evidence, and which figures that touches, as data.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::figures::Figure;
use super::found::Found;
use crate::case::{Deleted, SourceKind};
use crate::moment::{micros, serialize_utc};
use crate::results::Silence;
use crate::tokens::coverage::{Basis, Hole};

/// Holes of an issuer's log, and silences, that are listed one by one.
const MOST_LISTED: usize = 100;

/// Something that is missing from the evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// What is missing.
    #[serde(flatten)]
    pub missing: Missing,
    /// How the gap is known.
    #[serde(serialize_with = "serialize_basis")]
    pub basis: Basis,
    /// The last moment before the gap.
    #[serde(serialize_with = "serialize_utc")]
    pub from: i64,
    /// The first moment after the gap.
    #[serde(serialize_with = "serialize_utc")]
    pub to: i64,
    /// What the gap does to figures.
    pub effect: Effect,
    /// The figures that it touches or may touch.
    ///
    /// Those of single pages and fields are left out where the totals, of which they are parts, are named.
    pub figures: Vec<Touched>,
}

/// What is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "id", rename_all = "snake_case")]
pub enum Missing {
    /// Records of an issuer's log.
    IssuanceRecords {
        /// The issuer.
        issuer: String,
        /// Records, where the log numbers them.
        count: Option<u64>,
    },
    /// Records of an issuer's log in the stretches that are too many to be listed.
    MoreIssuanceRecords {
        /// The issuer.
        issuer: String,
        /// Records, where the log numbers them.
        count: Option<u64>,
        /// Stretches that lack records.
        stretch_count: u64,
    },
    /// The events of a source that fell silent against its own rhythm.
    Silence {
        /// The source.
        source: String,
        /// Events that the rhythm lets expect.
        count: u64,
    },
    /// The events of all sources in the silences that are too many to be listed.
    MoreSilences {
        /// Events that the rhythms let expect.
        count: u64,
        /// Silences.
        stretch_count: u64,
    },
    /// Lines of a source that the case file calls deleted.
    DeletedLines {
        /// The source.
        source: String,
        /// Who says so, or why, from the case file.
        reason: String,
    },
}

/// What a gap does to figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Tokens issued in the gap have no record, and count in `possible` only.
    TokensUndecided,
    /// Requests in the gap that no other log shows are in no figure.
    RequestsUncounted,
    /// As [`Effect::RequestsUncounted`]; moreover no forged request is known at all.
    AttackUnseen,
    /// What these figures count in the gap rests on the gateway's log alone.
    GatewayAlone,
    /// The gap ends before the first forged request: no figure is touched.
    BeforeAttack,
    /// No figure is touched.
    None,
}

/// A figure that a gap touches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Touched {
    /// The figure.
    pub id: String,
    /// The figure's unit.
    pub unit: &'static str,
    /// How much of the figure the gap touches, where that is known.
    pub count: Option<u64>,
}

fn serialize_basis<S: Serializer>(basis: &Basis, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(basis.name())
}

/// All gaps: holes of the issuance logs, silences, and what the case file calls deleted.
pub(super) fn gaps(found: &Found<'_>, figures: &[Figure]) -> Vec<Gap> {
    let mut gaps = Vec::new();
    let undecided = touched(figures, |id| id != "requests.without_gateway_line");
    for (issuer, log) in &found.coverage.issuers {
        gaps.extend(holes(issuer, log.holes.iter(), &undecided));
    }
    let uncounted = touched(figures, |_| true);
    gaps.extend(silences(&found.manifest.silences, &uncounted));
    let deleted = found.context.case.file.deleted.iter();
    gaps.extend(deleted.filter_map(|range| deletion(found, range, &uncounted)));
    gaps
}

/// The figures that follow from tokens and requests; pages and fields are parts of the totals.
fn touched(figures: &[Figure], also: impl Fn(&str) -> bool) -> Vec<Touched> {
    let of_requests = |id: &str| {
        let parts = ["total.", "tokens.", "subjects.", "requests.", "fleet."];
        parts.iter().any(|part| id.starts_with(part))
    };
    let touched = figures
        .iter()
        .filter(|figure| of_requests(&figure.id) && also(&figure.id));
    let touched = touched.map(|figure| Touched {
        id: figure.id.clone(),
        unit: figure.unit,
        count: None,
    });
    touched.collect()
}

/// Splits `gaps` into the largest, as many as are listed, and the others; each part keeps its order.
fn largest<'g, T, S: Ord>(
    gaps: impl Iterator<Item = &'g T>,
    size: impl Fn(&T) -> S,
) -> (Vec<&'g T>, Vec<&'g T>) {
    let mut all: Vec<(usize, &T)> = gaps.enumerate().collect();
    all.sort_by_key(|(_, gap)| std::cmp::Reverse(size(gap)));
    let mut rest = all.split_off(all.len().min(MOST_LISTED));
    let in_order = |gaps: &mut Vec<(usize, &'g T)>| {
        gaps.sort_by_key(|(place, _)| *place);
        gaps.iter().map(|(_, gap)| *gap).collect()
    };
    (in_order(&mut all), in_order(&mut rest))
}

/// The holes of one issuer's log: the longest one by one, the others in one gap for each basis.
fn holes<'h>(issuer: &str, holes: impl Iterator<Item = &'h Hole>, touched: &[Touched]) -> Vec<Gap> {
    let gap = |missing, basis, from, to| Gap {
        missing,
        basis,
        from,
        to,
        effect: Effect::TokensUndecided,
        figures: touched.to_vec(),
    };
    let (listed, rest) = largest(holes, |hole| hole.to - hole.from);
    let listed = listed.into_iter().map(|hole| {
        let missing = Missing::IssuanceRecords {
            issuer: issuer.to_string(),
            count: hole.missing,
        };
        gap(missing, hole.basis, hole.from, hole.to)
    });
    let mut gaps: Vec<Gap> = listed.collect();
    let mut by_basis: BTreeMap<Basis, Vec<&Hole>> = BTreeMap::new();
    for hole in rest {
        by_basis.entry(hole.basis).or_default().push(hole);
    }
    for (basis, holes) in by_basis {
        let missing = Missing::MoreIssuanceRecords {
            issuer: issuer.to_string(),
            count: all_missing(&holes),
            stretch_count: holes.len() as u64,
        };
        let from = holes.iter().map(|hole| hole.from).min();
        let to = holes.iter().map(|hole| hole.to).max();
        gaps.extend(from.zip(to).map(|(from, to)| gap(missing, basis, from, to)));
    }
    gaps
}

/// The number of records that `holes` lack together, where it is known of each.
fn all_missing(holes: &[&Hole]) -> Option<u64> {
    let mut missing = holes.iter().map(|hole| hole.missing);
    // Only a log whose numbers jump by nearly 2^64 again and again reaches the bound.
    missing.try_fold(0_u64, |sum, more| Some(sum.saturating_add(more?)))
}

/// The silences: the largest one by one, the others in one gap.
fn silences(all: &[Silence], touched: &[Touched]) -> Vec<Gap> {
    let moment = |utc: &String| micros(utc).expect("a time that `moment::utc` wrote");
    let gap = |missing, from, to| Gap {
        missing,
        basis: Basis::Silence,
        from,
        to,
        effect: Effect::RequestsUncounted,
        figures: touched.to_vec(),
    };
    let (listed, rest) = largest(all.iter(), |silence| silence.expected);
    let listed = listed.into_iter().map(|silence| {
        let missing = Missing::Silence {
            source: silence.source.clone(),
            count: silence.expected,
        };
        gap(missing, moment(&silence.from), moment(&silence.to))
    });
    let mut gaps: Vec<Gap> = listed.collect();
    let from = rest.iter().map(|silence| moment(&silence.from)).min();
    let to = rest.iter().map(|silence| moment(&silence.to)).max();
    let missing = Missing::MoreSilences {
        count: rest.iter().map(|silence| silence.expected).sum(),
        stretch_count: rest.len() as u64,
    };
    gaps.extend(from.zip(to).map(|(from, to)| gap(missing, from, to)));
    gaps
}

/// A range that the case file calls deleted. In an issuer's log it is a hole, and told as one.
fn deletion(found: &Found<'_>, range: &Deleted, uncounted: &[Touched]) -> Option<Gap> {
    let id = range.source.get_ref();
    let mut sources = found.context.case.file.source.iter();
    let source = sources.find(|source| source.id.get_ref() == id);
    let (effect, figures) = match source.map(|source| source.kind) {
        Some(SourceKind::Issuance) => return None,
        Some(SourceKind::Application) => match on_gateway_alone(found, range) {
            figures if figures.is_empty() => (Effect::None, figures),
            figures => (Effect::GatewayAlone, figures),
        },
        _ => match found.phases.first() {
            Some(first) if range.to.as_microsecond() <= first.whole.first => {
                (Effect::BeforeAttack, Vec::new())
            }
            Some(_) => (Effect::RequestsUncounted, uncounted.to_vec()),
            None => (Effect::AttackUnseen, uncounted.to_vec()),
        },
    };
    Some(Gap {
        missing: Missing::DeletedLines {
            source: id.clone(),
            reason: range.reason.clone(),
        },
        basis: Basis::CaseFile,
        from: range.from.as_microsecond(),
        to: range.to.as_microsecond(),
        effect,
        figures,
    })
}

/// What pages count on the gateway's word alone, because the application's lines in `range` are deleted.
fn on_gateway_alone(found: &Found<'_>, range: &Deleted) -> Vec<Touched> {
    let case = found.context.case;
    let mut ranges = case.deleted(SourceKind::Application).into_iter();
    let index = ranges.position(|(_, _, other)| std::ptr::eq(other, range));
    let touched = found.exposure.touched.iter();
    let in_range = touched.filter(|((place, _), _)| Some(*place) == index);
    let figures = in_range.flat_map(|((_, page), touched)| {
        let page = &case.catalogue.pages[*page].id;
        let of = |name: &str, unit, count| Touched {
            id: format!("page.{page}.{name}"),
            unit,
            count: Some(count),
        };
        [
            of("views", "view", touched.views),
            of("accounts", "account", touched.accounts.len()),
        ]
    });
    figures.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::coverage::Holes;

    fn hole(nth: i64) -> Hole {
        Hole {
            from: nth * 100,
            to: nth * 100 + nth % 50,
            missing: Some(1),
            basis: Basis::Sequence,
        }
    }

    #[test]
    fn of_very_many_holes_the_longest_are_listed() {
        let all = |count: i64| Holes::from((0..count).map(hole).collect::<Vec<_>>());
        let (holes, few) = (all(1000), all(100));
        let length = |hole: &Hole| hole.to - hole.from;
        let (shown, rest) = largest(holes.iter(), length);
        assert_eq!((shown.len(), rest.len()), (MOST_LISTED, 900));
        let length = |hole: &&Hole| hole.to - hole.from;
        assert!(shown.iter().map(length).min() >= rest.iter().map(length).max());
        assert!(
            shown.is_sorted_by_key(|hole| hole.from) && rest.is_sorted_by_key(|hole| hole.from)
        );
        assert_eq!(largest(few.iter(), |hole| hole.to).1, Vec::<&Hole>::new());
    }

    #[test]
    fn the_other_holes_are_one_gap_for_each_basis() {
        let mut all: Vec<Hole> = (0..105).map(hole).collect();
        all.iter_mut().step_by(50).for_each(|short| {
            short.missing = None;
            short.basis = Basis::Silence;
        });
        let gaps = holes("i", all.iter(), &[]);
        let rest: Vec<_> = gaps[MOST_LISTED..]
            .iter()
            .map(|gap| (gap.missing.clone(), gap.basis, gap.from, gap.to))
            .collect();
        let more = |count, stretch_count| Missing::MoreIssuanceRecords {
            issuer: "i".into(),
            count,
            stretch_count,
        };
        assert_eq!(
            rest,
            [
                (more(Some(2), 2), Basis::Sequence, 5100, 10101),
                (more(None, 3), Basis::Silence, 0, 10000),
            ]
        );
    }

    #[test]
    fn a_gap_is_an_object_with_names_and_times() {
        let gaps = holes("i", [hole(1)].iter(), &[]);
        let expected = serde_json::json!([{
            "id": "issuance_records",
            "issuer": "i",
            "count": 1,
            "basis": "sequence",
            "from": "1970-01-01T00:00:00.0001Z",
            "to": "1970-01-01T00:00:00.000101Z",
            "effect": "tokens_undecided",
            "figures": [],
        }]);
        assert_eq!(serde_json::to_value(&gaps).expect("JSON"), expected);
    }
}
