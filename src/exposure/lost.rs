//! Requests whose gateway line is lost, among the lines that share one request id.
//!
//! A client may choose the id, and send it as often as it likes: then its lines are those of several
//! requests, and a line of the gateway answers one of them. Where a source at the edge has more lines
//! than the gateway, those that are left when each line of the gateway has answered the nearest for its
//! page are of requests that the gateway's log has lost.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use crate::requests::{Line, Tier};

/// A request without a line of the gateway.
#[derive(Debug, PartialEq)]
pub(super) struct Lost<'l> {
    /// The line that tells of it.
    pub(super) line: &'l Line,
    /// What the application served.
    pub(super) served: Option<&'l Line>,
}

/// Lines by time, and by their place among those of one time.
type ByTime<'l> = BTreeMap<(i64, usize), &'l Line>;

/// The lost requests among lines of one id that say different things; `source` tells which log's a file is.
pub(super) fn lost<'l>(lines: &[&'l Line], source: impl Fn(u32) -> usize) -> Vec<Lost<'l>> {
    let at = |tier: Tier| lines.iter().filter(move |line| line.tier == tier);
    let at_gateway = || lines.iter().filter(|line| line.tier.is_gateway());
    // One line each is the usual case.
    let answers = at_gateway().count();
    if answers > 0 && at(Tier::Edge).count() <= answers {
        return Vec::new();
    }
    let mut by_source: BTreeMap<usize, Vec<&Line>> = BTreeMap::new();
    for line in at(Tier::Edge) {
        let lines = by_source.entry(source(line.evidence_id)).or_default();
        lines.push(line);
    }
    // Each source at the edge sees the requests; of several, the one that saw the most. The first, if equal.
    let edge = by_source.into_values().rev().max_by_key(Vec::len);
    let edge = edge.unwrap_or_default();
    if answers > 0 && edge.len() <= answers {
        return Vec::new();
    }
    let gateway: Vec<&Line> = at_gateway().copied().collect();
    let left = unanswered(&edge, &gateway);
    let application: Vec<&Line> = at(Tier::Application).copied().collect();
    serve(left, unclaimed(application, &gateway), gateway.is_empty())
}

/// The lines of the edge that no line of the gateway answers, by time.
fn unanswered<'l>(edge: &[&'l Line], gateway: &[&Line]) -> Vec<&'l Line> {
    let mut pages: HashMap<Option<u16>, ByTime<'l>> = HashMap::new();
    for (place, line) in edge.iter().enumerate() {
        let of_page = pages.entry(line.page).or_default();
        of_page.insert((line.event_time, place), line);
    }
    let mut others = Vec::new();
    for line in gateway {
        let of_page = pages.get_mut(&line.page);
        if !of_page.is_some_and(|of_page| take_nearest(of_page, line.event_time)) {
            others.push(line);
        }
    }
    // A path that is rewritten on the way is for a page at one tier alone.
    let mut without_page = pages.remove(&None).unwrap_or_default();
    let mut left: ByTime = pages.into_values().flatten().collect();
    for line in others {
        if !take_nearest(&mut without_page, line.event_time) {
            take_nearest(&mut left, line.event_time);
        }
    }
    left.append(&mut without_page);
    left.into_values().collect()
}

/// Takes out the line nearest to a time; tells whether there was any.
fn take_nearest(lines: &mut ByTime<'_>, time: i64) -> bool {
    let before = lines.range(..(time, 0)).next_back();
    let after = lines.range((time, 0)..).next();
    let found = before.into_iter().chain(after).map(|(key, _)| *key);
    match found.min_by_key(|(at, _)| at.abs_diff(time)) {
        Some(key) => lines.remove(&key).is_some(),
        None => false,
    }
}

/// The application's records that are of no line of the gateway.
fn unclaimed<'l>(application: Vec<&'l Line>, gateway: &[&Line]) -> VecDeque<&'l Line> {
    let named: HashSet<_> = gateway.iter().map(|line| line.account).collect();
    let is_named = |line: &&Line| named.contains(&line.account);
    // A single line of the gateway goes with the first record, whomever it names.
    let first = usize::from(gateway.len() == 1 && !application.iter().any(|line| is_named(&line)));
    let rest = application.into_iter().skip(first);
    rest.filter(|line| !is_named(line)).collect()
}

/// Brings lines of the edge and records of the application together, page by page in order of time.
fn serve<'l>(
    edge: Vec<&'l Line>,
    mut records: VecDeque<&'l Line>,
    all_lost: bool,
) -> Vec<Lost<'l>> {
    // A request alone has whatever the application logged of it.
    let alone = all_lost && edge.len() == 1;
    records
        .make_contiguous()
        .sort_by_key(|line| line.event_time);
    let mut by_page: BTreeMap<Option<u16>, VecDeque<&Line>> = BTreeMap::new();
    for record in &records {
        by_page.entry(record.page).or_default().push_back(record);
    }
    let mut seen = HashSet::new();
    let mut lost = Vec::new();
    for line in edge {
        let of_page = by_page.get_mut(&line.page).and_then(VecDeque::pop_front);
        let served = of_page.or_else(|| records.front().copied().filter(|_| alone));
        seen.extend(served.map(|record| (record.page, record.account)));
        // The application's path may be for a page where the edge's is not.
        let told_by = served.filter(|record| line.page.is_none() && record.page.is_some());
        let line = told_by.unwrap_or(line);
        lost.push(Lost { line, served });
    }
    if all_lost {
        for record in records {
            if seen.insert((record.page, record.account)) {
                let served = Some(record);
                lost.push(Lost {
                    line: record,
                    served,
                });
            }
        }
    }
    lost
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::AccountKey;
    use crate::tokens::Verdict;

    const GATEWAY: Tier = Tier::Judged(Verdict::Forged, false);

    fn line(tier: Tier, evidence_id: u32, time: i64, page: Option<u16>, account: u64) -> Line {
        Line {
            tier,
            request: 1,
            event_time: time,
            evidence_id,
            line_no: time as u64,
            source_ip: 0,
            page,
            status: 200,
            body_bytes: None,
            account: Some(AccountKey(account)).filter(|_| account > 0),
            items: 1,
            identity: 0,
        }
    }

    /// Time of each lost request's line, and whose page the application served.
    fn found(lines: &[Line]) -> Vec<(i64, Option<u64>)> {
        let lines: Vec<&Line> = lines.iter().collect();
        // Two files each are of one source.
        let lost = lost(&lines, |evidence_id| evidence_id as usize / 2);
        let account = |line: &Line| line.account.map(|account| account.0);
        let shown = |one: &Lost| (one.line.event_time, one.served.and_then(account));
        lost.iter().map(shown).collect()
    }

    fn edge(time: i64, page: u16) -> Line {
        line(Tier::Edge, 2, time, Some(page), 0)
    }

    fn gateway(time: i64, page: u16, account: u64) -> Line {
        line(GATEWAY, 8, time, Some(page), account)
    }

    fn application(time: i64, page: u16, account: u64) -> Line {
        line(Tier::Application, 9, time, Some(page), account)
    }

    #[test]
    fn a_line_at_the_gateway_answers_one_at_the_edge() {
        assert_eq!(found(&[edge(10, 1), gateway(11, 1, 7)]), []);
        assert_eq!(
            found(&[edge(10, 1), gateway(11, 1, 7), gateway(12, 1, 7)]),
            []
        );
        assert_eq!(found(&[application(10, 1, 7), gateway(11, 1, 7)]), []);
        assert_eq!(found(&[gateway(11, 1, 7)]), []);
        // Two sources at the edge saw one request, or a rotation has the other file of it.
        let second = line(Tier::Edge, 4, 9, Some(1), 0);
        assert_eq!(found(&[edge(10, 1), second, gateway(11, 1, 7)]), []);
        let rotated = line(Tier::Edge, 3, 20, Some(1), 0);
        let lines = [edge(10, 1), rotated, second, gateway(11, 1, 7)];
        assert_eq!(found(&lines), [(20, None)]);
    }

    #[test]
    fn of_requests_that_share_an_id_the_unanswered_are_lost() {
        let edges = [edge(10, 1), edge(20, 1), edge(30, 1), edge(40, 2)];
        let with = |gateway: &[Line]| found(&[&edges[..], gateway].concat());
        assert_eq!(
            with(&[gateway(41, 2, 0), gateway(12, 1, 0), gateway(29, 1, 0)]),
            [(20, None)]
        );
        // A path that is rewritten behind the edge is for no page there.
        let rewritten = |time| line(Tier::NoToken, 8, time, None, 0);
        assert_eq!(
            with(&[rewritten(39), rewritten(19), rewritten(9)]),
            [(30, None)]
        );
        let without = line(Tier::Edge, 2, 15, None, 0);
        let lines = [edge(10, 1), without, gateway(10, 2, 0)];
        assert_eq!(found(&lines), [(10, None)]);
    }

    #[test]
    fn what_the_application_served_goes_with_the_lost_lines_of_its_page() {
        let lines = [
            edge(10, 1),
            edge(20, 1),
            edge(30, 2),
            gateway(21, 1, 5),
            application(9, 1, 4),
            application(22, 1, 5),
            application(31, 2, 6),
            application(32, 2, 7),
        ];
        assert_eq!(found(&lines), [(10, Some(4)), (30, Some(6))]);
        // A single line at the gateway goes with the first record if none is of its account.
        let lines = [
            edge(10, 1),
            edge(20, 1),
            line(GATEWAY, 8, 11, Some(1), 0),
            application(10, 1, 4),
            application(20, 1, 5),
        ];
        assert_eq!(found(&lines), [(20, Some(5))]);
    }

    #[test]
    fn without_a_line_at_the_gateway_all_is_lost() {
        assert_eq!(found(&[edge(10, 1)]), [(10, None)]);
        assert_eq!(
            found(&[edge(10, 1), application(11, 2, 4)]),
            [(10, Some(4))]
        );
        assert_eq!(found(&[application(11, 2, 4)]), [(11, Some(4))]);
        let unpaged = line(Tier::Edge, 2, 10, None, 0);
        assert_eq!(found(&[unpaged, application(11, 2, 4)]), [(11, Some(4))]);
        let lines = [
            edge(10, 1),
            edge(20, 1),
            application(21, 1, 5),
            application(11, 1, 4),
            application(31, 1, 6),
            application(32, 1, 6),
        ];
        assert_eq!(found(&lines), [(10, Some(4)), (20, Some(5)), (31, Some(6))]);
    }

    #[test]
    fn very_many_lines_of_one_id_take_no_time() {
        let mut lines: Vec<Line> = Vec::new();
        for time in 0..100_000 {
            lines.push(edge(time, (time % 3) as u16));
            lines.push(application(time, (time % 3) as u16, time as u64 + 1));
            if time % 2 == 0 {
                lines.push(gateway(time, (time % 3) as u16, time as u64 + 1));
            }
        }
        let odd = (0..50_000).map(|half| (half * 2 + 1, Some(half as u64 * 2 + 2)));
        assert_eq!(found(&lines), odd.collect::<Vec<_>>());
    }
}
