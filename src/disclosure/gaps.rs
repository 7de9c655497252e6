//! What is missing from the evidence, and which figures that touches.

use super::{Found, Gap};
use crate::case::SourceKind;
use crate::moment::utc;
use crate::sessions::Phase;
use crate::tokens::coverage::Basis;

/// Holes of an issuer's log, and silences, that are listed one by one.
const MOST_LISTED: usize = 100;
/// What a silence does.
const UNCOUNTED: &str = "requests of that time, if there were any, are in no figure; name the range as deleted, or say why nothing was logged";
/// What a hole in an issuance log does.
const UNDECIDED: &str =
    "tokens issued then without a record are indeterminate; they count in `possible` only";

/// The largest, as many as are listed, and the others, each in their order.
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

/// All gaps.
pub(super) fn gaps(found: &Found<'_>) -> Vec<Gap> {
    let mut gaps = Vec::new();
    for (issuer, log) in &found.coverage.issuers {
        let (shown, rest) = largest(log.holes.iter(), |hole| hole.to - hole.from);
        for hole in shown {
            let records = hole
                .missing
                .map_or("an unknown number of".to_string(), |n| n.to_string());
            gaps.push(Gap {
                what: format!("{records} issuance records of {issuer}"),
                basis: match hole.basis {
                    Basis::Sequence => "missing record numbers",
                    Basis::Silence => "a silence against the log's rhythm",
                    _ => "case file",
                }
                .into(),
                from: utc(hole.from),
                to: utc(hole.to),
                effect: UNDECIDED.into(),
            });
        }
        if let (Some(first), Some(last)) = (rest.first(), rest.iter().map(|hole| hole.to).max()) {
            let missing = rest.iter().filter_map(|hole| hole.missing);
            let records: u128 = missing.map(u128::from).sum();
            gaps.push(Gap {
                what: format!(
                    "{records} issuance records of {issuer}, in {} more stretches; the frame `holes` has each",
                    rest.len()
                ),
                basis: "as the longest, which are listed".into(),
                from: utc(first.from),
                to: utc(last),
                effect: UNDECIDED.into(),
            });
        }
    }
    let (shown, rest) = largest(found.manifest.silences.iter(), |silence| silence.expected);
    for silence in shown {
        gaps.push(Gap {
            what: format!(
                "logs of {}: silent, where about {} events were to be expected",
                silence.source, silence.expected
            ),
            basis: silence.basis.clone(),
            from: silence.from.clone(),
            to: silence.to.clone(),
            effect: UNCOUNTED.into(),
        });
    }
    let from = rest.iter().map(|silence| &silence.from).min();
    if let Some((from, to)) = from.zip(rest.iter().map(|silence| &silence.to).max()) {
        let expected: u64 = rest.iter().map(|silence| silence.expected).sum();
        gaps.push(Gap {
            what: format!(
                "logs: silent in {} more stretches, where about {expected} events were to be expected; the frame `silences` has each",
                rest.len()
            ),
            basis: "as the largest, which are listed".into(),
            from: from.clone(),
            to: to.clone(),
            effect: UNCOUNTED.into(),
        });
    }
    let pages = &found.context.case.catalogue.pages;
    for range in &found.context.case.file.deleted {
        let id = range.source.get_ref();
        let kind = found
            .context
            .case
            .file
            .source
            .iter()
            .find(|source| source.id.get_ref() == id)
            .map(|source| source.kind);
        let effect = match kind {
            Some(SourceKind::Issuance) => continue,
            Some(SourceKind::Application) => {
                let index = found
                    .context
                    .case
                    .deleted(SourceKind::Application)
                    .iter()
                    .position(|(_, _, other)| std::ptr::eq(*other, range));
                let touched = found
                    .exposure
                    .touched
                    .iter()
                    .filter(|((hole, _), _)| Some(*hole) == index);
                let parts: Vec<String> = touched
                    .map(|((_, page), touched)| {
                        format!(
                            "page.{0}.views: {1} and page.{0}.accounts: {2} rest on the gateway alone",
                            pages[*page].id, touched.views, touched.accounts.len()
                        )
                    })
                    .collect();
                if parts.is_empty() {
                    "touches no figure".to_string()
                } else {
                    parts.join("; ")
                }
            }
            _ => {
                let before = |phase: &Phase| range.to.as_microsecond() <= phase.whole.first;
                match found.phases.first() {
                    Some(first) if before(first) => {
                        "before the first forged request; touches no figure".to_string()
                    }
                    Some(_) => "requests of that time are not counted in any figure".to_string(),
                    None => "no forged request is known; one of that time would not be".to_string(),
                }
            }
        };
        gaps.push(Gap {
            what: format!("logs of {id}: {}", range.reason),
            basis: "case file".into(),
            from: range.from.to_string(),
            to: range.to.to_string(),
            effect,
        });
    }
    gaps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::coverage::{Hole, Holes};

    #[test]
    fn of_very_many_holes_the_longest_are_listed() {
        let hole = |nth: i64| Hole {
            from: nth * 100,
            to: nth * 100 + nth % 50,
            missing: Some(1),
            basis: Basis::Sequence,
        };
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
}
