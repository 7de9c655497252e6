//! Lines of one request id -> requests.
//!
//! Mostly they are one request, seen by several tiers. But a client may choose the id, and send it as often
//! as it likes: then each line of the gateway is a request, and so is each line of the edge that none of
//! them answers, for the gateway has lost its own.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

use super::explained::Explained;
use crate::requests::{Line, Tier};

/// Microseconds that a request takes at most: proxies wait a minute for an answer unless told otherwise (nginx's
/// `proxy_read_timeout`), and one tier may log its begin, another its end.
pub(super) const LONGEST: i64 = 60_000_000;

/// A request.
#[derive(Debug, PartialEq)]
pub(super) struct Request<'l> {
    /// The line that tells of it: the gateway's, or where that is lost, another tier's.
    pub(super) line: &'l Line,
    /// What the application served.
    pub(super) served: Option<&'l Line>,
}

/// Lines by time, and by their place among those of one time.
type ByTime<'l> = BTreeMap<(i64, usize), &'l Line>;

/// The requests among lines of one id that say different things; `source` tells which log's a file is, and
/// `farthest` how far apart two tiers may log a request of several.
pub(super) fn requests<'l>(
    lines: &[&'l Line],
    source: impl Fn(u32) -> usize,
    farthest: i64,
) -> Vec<Request<'l>> {
    let of = |is_one: fn(Tier) -> bool| lines.iter().copied().filter(move |line| is_one(line.tier));
    let gateway: Vec<&Line> = of(Tier::is_gateway).collect();
    let records: Vec<&Line> = of(|tier| tier == Tier::Application).collect();
    let edge = fullest(of(|tier| tier == Tier::Edge), &source);
    let sent_again =
        edge.len() > 1 || gateway.len() > 1 && fullest(gateway.iter().copied(), &source).len() > 1;
    let (mut requests, left) = match gateway[..] {
        [] => (Vec::new(), records),
        [line] if !sent_again => one(line, records, farthest),
        _ => several(&gateway, &records, farthest),
    };
    let of_another_page = |line: &Line| {
        let another = |page: u16| line.page.is_some_and(|own| own != page);
        gateway.iter().all(|other| other.page.is_some_and(another))
    };
    let edge = match edge[..] {
        [line] if !gateway.is_empty() && !sent_again && !of_another_page(line) => Vec::new(),
        _ => unanswered(edge, &gateway, farthest),
    };
    if !edge.is_empty() || !left.is_empty() {
        let explained = Explained::by(&gateway, sent_again, farthest);
        requests.extend(lost(edge, left, explained, farthest));
    }
    requests
}

/// The request of a single line of the gateway, and the records that are not of it: of several, the one is for
/// the account that its token names, its page, and nearest to it. Of another account it is near.
fn one<'l>(
    line: &'l Line,
    mut records: Vec<&'l Line>,
    farthest: i64,
) -> (Vec<Request<'l>>, Vec<&'l Line>) {
    let unlike = |record: &Line| {
        let far = record.event_time.abs_diff(line.event_time);
        (
            record.account != line.account,
            record.page != line.page,
            far,
        )
    };
    let is_own = |record: &Line| {
        let (another, _, far) = unlike(record);
        far <= farthest.unsigned_abs() || line.account.is_none() || !another
    };
    let own = (0..records.len())
        .filter(|place| is_own(records[*place]))
        .min_by_key(|place| unlike(records[*place]));
    let served = own.map(|place| records.remove(place));
    (vec![Request { line, served }], records)
}

/// The requests of several lines of the gateway, and the records that are of none of them.
fn several<'l>(
    gateway: &[&'l Line],
    records: &[&'l Line],
    farthest: i64,
) -> (Vec<Request<'l>>, Vec<&'l Line>) {
    let mut of_account = by(records, |record| (record.account, record.page));
    let request = |line: &&'l Line| Request { line, served: None };
    let mut requests: Vec<Request> = gateway.iter().map(request).collect();
    // The nearest go together first: a line whose own record is lost does not take another's.
    for farthest in [farthest / 64, farthest / 8, farthest] {
        for request in requests
            .iter_mut()
            .filter(|request| request.served.is_none())
        {
            let Line {
                account,
                page,
                event_time,
                ..
            } = *request.line;
            let mut own = |page| {
                let records = of_account.get_mut(&(account, page))?;
                take_nearest(records, event_time, farthest)
            };
            request.served = own(page).or_else(|| own(None));
        }
    }
    // A path that no page of the catalogue has may be one to the application.
    let mut of_account = by(&rest(of_account), |record| record.account);
    for request in requests.iter_mut().filter(|request| {
        request.served.is_none() && request.line.page.is_none() && !request.line.other_method
    }) {
        let records = of_account.get_mut(&request.line.account);
        request.served =
            records.and_then(|records| take_nearest(records, request.line.event_time, farthest));
    }
    // What else was served at that time may be of a token that names nobody. It is not known to be.
    let mut of_page = by(&rest(of_account), |record| record.page);
    for request in requests
        .iter()
        .filter(|request| request.served.is_none() && request.line.account.is_none())
    {
        if let Some(records) = of_page.get_mut(&request.line.page) {
            take_nearest(records, request.line.event_time, farthest);
        }
    }
    (requests, rest(of_page))
}

/// All that is left of some lines, in order of time.
fn rest<'l, K>(lines: HashMap<K, ByTime<'l>>) -> Vec<&'l Line> {
    let lines = lines.into_values().flatten().map(|(_, line)| line);
    let mut rest: Vec<&Line> = lines.collect();
    rest.sort_by_key(|line| in_order(line));
    rest
}

/// When a line was written, and where.
fn in_order(line: &Line) -> (i64, u32, u64) {
    (line.event_time, line.evidence_id, line.line_no)
}

/// Of the lines of each source of a tier, all of which see the requests, those of the one that saw the most.
fn fullest<'l>(
    tier: impl Iterator<Item = &'l Line>,
    source: impl Fn(u32) -> usize,
) -> Vec<&'l Line> {
    let mut by_source: BTreeMap<usize, Vec<&Line>> = BTreeMap::new();
    for line in tier {
        let lines = by_source.entry(source(line.evidence_id)).or_default();
        lines.push(line);
    }
    // The first of several such.
    let fullest = by_source.into_values().rev().max_by_key(Vec::len);
    fullest.unwrap_or_default()
}

/// The lines of the edge that are left when each line of the gateway has answered the nearest for its page; by
/// time.
fn unanswered<'l>(edge: Vec<&'l Line>, gateway: &[&Line], farthest: i64) -> Vec<&'l Line> {
    let mut of_page = by(&edge, |line| line.page);
    let mut others = Vec::new();
    for line in gateway {
        let lines = of_page.get_mut(&line.page);
        let nearest = lines.and_then(|lines| take_nearest(lines, line.event_time, farthest));
        if nearest.is_none() {
            others.push(line);
        }
    }
    // A path that is rewritten on the way is for a page at one tier alone, and never for another page.
    let mut without_page = of_page.remove(&None).unwrap_or_default();
    let mut left: ByTime = of_page.into_values().flatten().collect();
    for line in others {
        let nearest = take_nearest(&mut without_page, line.event_time, farthest);
        if nearest.is_none() && line.page.is_none() {
            take_nearest(&mut left, line.event_time, farthest);
        }
    }
    left.append(&mut without_page);
    left.into_values().collect()
}

/// The requests of lines of the edge and records of the application whose line at the gateway is lost: the nearest
/// for a page go together, and what is not explained by then is a request of its own.
fn lost<'l>(
    edge: Vec<&'l Line>,
    records: Vec<&'l Line>,
    mut explained: Explained,
    farthest: i64,
) -> Vec<Request<'l>> {
    // A request alone has whatever the application logged of it.
    let first = records
        .iter()
        .copied()
        .min_by_key(|record| in_order(record));
    let first = first.filter(|_| explained.nothing() && edge.len() == 1);
    let mut of_page = by(&records, |record| record.page);
    let mut lost = Vec::with_capacity(edge.len());
    for line in edge {
        let of_page = of_page.get_mut(&line.page);
        let nearest = of_page.and_then(|records| take_nearest(records, line.event_time, farthest));
        let served = nearest.or(first);
        if let Some(record) = served {
            explained.add(record);
        }
        // The application's path may be for a page where the edge's is not.
        let told_by = served.filter(|record| line.page.is_none() && record.page.is_some());
        let line = told_by.unwrap_or(line);
        lost.push(Request { line, served });
    }
    for record in rest(of_page) {
        if !explained.has(record) {
            explained.add(record);
            lost.push(Request {
                line: record,
                served: Some(record),
            });
        }
    }
    lost
}

fn by<'l, K: Eq + Hash>(lines: &[&'l Line], key: impl Fn(&Line) -> K) -> HashMap<K, ByTime<'l>> {
    let mut found: HashMap<K, ByTime<'l>> = HashMap::new();
    for (place, line) in lines.iter().enumerate() {
        let lines = found.entry(key(line)).or_default();
        lines.insert((line.event_time, place), line);
    }
    found
}

/// Takes the line nearest to a time out, if it is not farther than that.
fn take_nearest<'l>(lines: &mut ByTime<'l>, time: i64, farthest: i64) -> Option<&'l Line> {
    let before = lines.range(..(time, 0)).next_back();
    let after = lines.range((time, 0)..).next();
    let far = |key: &(i64, usize)| key.0.abs_diff(time);
    let near = before.into_iter().chain(after).map(|(key, _)| *key);
    let nearest = near.min_by_key(far);
    lines.remove(&nearest.filter(|key| far(key) <= farthest.unsigned_abs())?)
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
            other_method: false,
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
        let mut requests = requests(&lines, |evidence_id| evidence_id as usize / 2, 5);
        let all = requests.len();
        requests.retain(|request| !request.line.tier.is_gateway());
        let at_gateway = lines.iter().filter(|line| line.tier.is_gateway()).count();
        assert_eq!(all - requests.len(), at_gateway);
        let shown = |one: &Request| (one.line.event_time, one.served.and_then(account));
        requests.iter().map(shown).collect()
    }

    /// When the application served what each line of the gateway asked for.
    fn served(lines: &[Line], farthest: i64) -> Vec<Option<i64>> {
        let lines: Vec<&Line> = lines.iter().collect();
        let mut requests = requests(&lines, |_| 0, farthest);
        requests.retain(|request| request.line.tier.is_gateway());
        let time = |one: &Request| one.served.map(|record| record.event_time);
        requests.iter().map(time).collect()
    }

    fn account(line: &Line) -> Option<u64> {
        line.account.map(|account| account.0)
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
        // Whatever the clocks say; but not for another page.
        assert_eq!(found(&[edge(10, 1), gateway(90, 1, 7)]), []);
        assert_eq!(found(&[edge(10, 2), gateway(10, 1, 7)]), [(10, None)]);
        let rewritten = line(Tier::NoToken, 8, 10, None, 0);
        assert_eq!(found(&[edge(10, 2), rewritten]), []);
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
        // Where the edge has lost a line too, its other pages are still told apart.
        let lines = [
            edge(10, 1),
            edge(20, 2),
            gateway(20, 2, 0),
            gateway(30, 2, 0),
        ];
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
        // Where the edge lost lines too, the application alone tells of a request.
        let lost = [(10, Some(4)), (30, Some(6)), (32, Some(7))];
        assert_eq!(found(&lines), lost);
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
    fn of_several_lines_at_the_gateway_each_has_the_record_of_its_account_page_and_time() {
        let lines = [
            gateway(10, 1, 4),
            gateway(20, 1, 4),
            gateway(21, 2, 4),
            gateway(30, 1, 5),
            gateway(31, 1, 0),
            gateway(40, 1, 8),
            application(22, 1, 4),
            application(30, 1, 6),
            application(46, 1, 8),
            line(Tier::Application, 9, 30, None, 5),
        ];
        assert_eq!(
            served(&lines, 5),
            [None, Some(22), None, Some(30), None, None]
        );
        // The record of the first is lost.
        let lines = [
            gateway(10_000, 1, 4),
            gateway(12_000, 1, 4),
            application(12_001, 1, 4),
        ];
        assert_eq!(served(&lines, 5_000), [None, Some(12_001)]);
    }

    #[test]
    fn of_several_records_one_is_of_a_single_line_at_the_gateway() {
        let records = [
            application(10, 2, 4),
            application(90, 1, 4),
            application(25, 1, 4),
            application(20, 1, 5),
        ];
        for (line, records, expected) in [
            (gateway(20, 1, 4), &records[..], Some(25)),
            (gateway(20, 3, 4), &records, Some(25)),
            (gateway(20, 2, 0), &records, Some(10)),
            (gateway(20, 3, 9), &records[3..], Some(20)),
            (gateway(26, 3, 9), &records[3..], None),
            (gateway(26, 3, 0), &records[3..], Some(20)),
            (gateway(26, 3, 5), &records[3..], Some(20)),
            (gateway(20, 1, 4), &[], None),
        ] {
            assert_eq!(served(&[&[line], records].concat(), 5), [expected]);
        }
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
    fn what_the_application_alone_tells_of_is_lost_where_no_line_explains_it() {
        // An id sent again: each account is of a request, but one that a line is for, or that names nobody.
        let lines = [
            gateway(10, 1, 4),
            gateway(20, 1, 5),
            application(10, 1, 4),
            application(20, 1, 5),
            application(13, 2, 4),
            application(15, 1, 6),
            application(18, 1, 6),
            application(19, 2, 6),
            application(26, 2, 5),
        ];
        let lost = [(15, Some(6)), (19, Some(6)), (26, Some(5))];
        assert_eq!(found(&lines), lost);
        // A token for one account, and the page of another: both may have been seen.
        let another = [&lines[..], &[gateway(16, 1, 7)]].concat();
        assert_eq!(found(&another), lost);
        let nameless = [&lines[..], &[gateway(16, 1, 0)]].concat();
        assert_eq!(found(&nameless), [(19, Some(6)), (26, Some(5))]);
        let rewritten = line(Tier::NoToken, 8, 18, None, 0);
        let nameless = [&lines[..], &[rewritten]].concat();
        assert_eq!(found(&nameless), [(26, Some(5))]);
        // Two gateways one behind the other each saw the one request, and an agent's page showed many accounts.
        let behind = line(GATEWAY, 6, 11, Some(1), 4);
        let honest = |line: Line| Line {
            tier: Tier::Judged(Verdict::Legitimate, false),
            ..line
        };
        let agent = [
            honest(gateway(10, 1, 4)),
            honest(behind),
            application(10, 1, 4),
            application(12, 1, 5),
            application(13, 2, 4),
        ];
        assert_eq!(found(&agent), []);
        assert_eq!(found(&agent[1..]), []);
        // To the attacker, one request may have shown several accounts.
        let suspect = [&[behind], &agent[2..]].concat();
        assert_eq!(found(&suspect), [(12, Some(5))]);
        // Long after it, but for its own account, it was sent again.
        let later = [
            gateway(10, 1, 4),
            application(10, 1, 4),
            application(90, 2, 4),
            application(90, 1, 5),
        ];
        assert_eq!(found(&later), [(90, Some(5))]);
        // The edge has lines of it, and one of them is lost.
        let seen = [edge(90, 1), edge(10, 1)];
        assert_eq!(
            found(&[&seen[..], &later].concat()),
            [(90, Some(5)), (90, Some(4))]
        );
    }

    #[test]
    fn a_path_that_is_no_page_to_the_gateway_has_the_record_of_its_account() {
        let odd = |time, account| line(GATEWAY, 8, time, None, account);
        let other_method = Line {
            other_method: true,
            ..odd(20, 5)
        };
        let lines = [
            odd(10, 4),
            other_method,
            odd(30, 6),
            application(11, 1, 4),
            application(20, 1, 5),
            application(60, 1, 6),
        ];
        assert_eq!(served(&lines, 5), [Some(11), None, None]);
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
