//! Lines of one request id -> requests.
//!
//! Mostly the lines of one id are one request, seen by several tiers. But a client may choose the id, and
//! send it as often as it likes. Then each line of the gateway is a request, and so is each line of the
//! edge that no line of the gateway answers, for the gateway has lost its own.
//!
//! `farthest` is always how many microseconds apart two tiers may log one request.

mod known;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

use known::KnownRequests;

use crate::lines::{Line, Tier};

/// The most microseconds that a request takes.
///
/// Proxies wait a minute for an answer unless told otherwise (nginx's `proxy_read_timeout`), and one tier
/// may log the begin of a request, another its end.
pub(super) const LONGEST: i64 = 60_000_000;

/// A request, joined from the lines of several tiers.
#[derive(Debug, PartialEq)]
pub(super) struct JoinedRequest<'l> {
    /// The line that tells of the request: the gateway's, or where that is lost, another tier's.
    pub(super) line: &'l Line,
    /// The application's record of what it served.
    pub(super) served: Option<&'l Line>,
    /// The page that the request asked for by its line; if that has none, for a path may be rewritten
    /// behind the edge, the page by the edge's line.
    pub(super) page: Option<u16>,
    /// Whether a line of the gateway is there too, but for another account or page.
    pub(super) beside: bool,
}

impl<'l> JoinedRequest<'l> {
    fn new(line: &'l Line, served: Option<&'l Line>) -> Self {
        JoinedRequest {
            line,
            served,
            page: line.page,
            beside: false,
        }
    }
}

/// Lines by time; of one time, by their place in the list that they came from.
type ByTime<'l> = BTreeMap<(i64, usize), &'l Line>;

/// Finds the requests among lines of one id, no two of which say the same.
///
/// `source` gives the source of an evidence file.
pub(super) fn requests<'l>(
    lines: &[&'l Line],
    source: impl Fn(u32) -> usize,
    farthest: i64,
) -> Vec<JoinedRequest<'l>> {
    let of = |is_one: fn(Tier) -> bool| lines.iter().copied().filter(move |line| is_one(line.tier));
    let records: Vec<&Line> = of(|tier| tier == Tier::Application).collect();
    let edge = of_fullest_source(of(|tier| tier == Tier::Edge).collect(), &source);
    let mut gateway: Vec<&Line> = of(Tier::is_gateway).collect();
    if edge.len() <= 1 {
        gateway = merged_gateways(gateway, &source, farthest);
    }
    let sent_again = edge.len() > 1 || gateway.len() > 1;
    let (mut requests, left) = match gateway[..] {
        [] => (Vec::new(), records),
        [line] if !sent_again => join_one(line, records, farthest),
        _ => join_several(&gateway, &records, farthest),
    };
    let edge = match edge[..] {
        [] => edge,
        [line] if !gateway.is_empty() && !sent_again && !of_another_page(line, &gateway) => {
            for request in &mut requests {
                request.page = request.page.or(line.page);
            }
            Vec::new()
        }
        _ => unanswered(edge, &gateway, farthest),
    };
    if edge.is_empty() && left.is_empty() {
        return requests;
    }
    let known = KnownRequests::of(&gateway, sent_again, farthest);
    let mut lost = lost(edge, left, known, (gateway.is_empty(), farthest));
    if !sent_again {
        mark_beside(&mut lost, &gateway, farthest);
    }
    requests.extend(lost);
    requests
}

/// Whether a line is for another page than each line of the gateway.
fn of_another_page(line: &Line, gateway: &[&Line]) -> bool {
    let another = |page: u16| line.page.is_some_and(|own| own != page);
    gateway.iter().all(|other| other.page.is_some_and(another))
}

/// Marks the requests that only the application tells of and that have a line of the gateway near.
fn mark_beside(lost: &mut [JoinedRequest<'_>], gateway: &[&Line], farthest: i64) {
    for request in lost {
        let far = |line: &&Line| line.event_time.abs_diff(request.line.event_time);
        let near = gateway
            .iter()
            .any(|line| far(line) <= farthest.unsigned_abs());
        request.beside = near && request.line.tier == Tier::Application;
    }
}

/// Joins a single line of the gateway to its record, and returns the other records too.
///
/// Of several records the best is for the account that the token names, for the line's page, shows
/// something, and is nearest, in this order. A record for another page is never the line's own; one for
/// another account is so only if it is near and shows something.
fn join_one<'l>(
    line: &'l Line,
    mut records: Vec<&'l Line>,
    farthest: i64,
) -> (Vec<JoinedRequest<'l>>, Vec<&'l Line>) {
    let unlike = |record: &Line| {
        let far = record.event_time.abs_diff(line.event_time);
        (
            record.account != line.account,
            record.page != line.page,
            record.items == 0,
            far,
        )
    };
    let is_own = |record: &Line| {
        let (unlike, _, nothing, far) = unlike(record);
        let another = unlike && line.account.is_some();
        let another_page = line.page.is_some() && record.page.is_some() && line.page != record.page;
        !another_page && (!another || (far <= farthest.unsigned_abs() && !nothing))
    };
    let own = (0..records.len())
        .filter(|place| is_own(records[*place]))
        .min_by_key(|place| unlike(records[*place]));
    let served = own.map(|place| records.remove(place));
    (vec![JoinedRequest::new(line, served)], records)
}

/// Joins each of several lines of the gateway to its record, and returns the other records too.
fn join_several<'l>(
    gateway: &[&'l Line],
    records: &[&'l Line],
    farthest: i64,
) -> (Vec<JoinedRequest<'l>>, Vec<&'l Line>) {
    let request = |line: &&'l Line| JoinedRequest::new(line, None);
    let mut requests: Vec<JoinedRequest> = gateway.iter().map(request).collect();
    let (showing, empty): (Vec<&Line>, Vec<&Line>) =
        records.iter().partition(|record| record.items > 0);
    let mut left = serve(&mut requests, &showing, farthest);
    left.extend(serve(&mut requests, &empty, farthest));
    // A path that no page of the catalogue has may be one to the application.
    let mut of_account = group_by(&left, |record| record.account);
    let unpaged = requests.iter_mut().filter(|request| {
        request.served.is_none() && request.line.page.is_none() && !request.line.other_method
    });
    for request in unpaged {
        let records = of_account.get_mut(&request.line.account);
        request.served =
            records.and_then(|records| take_nearest(records, request.line.event_time, farthest));
    }
    // A token that names nobody may be that of another record of the page and time. This is not known, so
    // the record is not the request's, but it tells of no request of its own either.
    let mut of_page = group_by(&rest(of_account), |record| record.page);
    let nameless = requests
        .iter()
        .filter(|request| request.served.is_none() && request.line.account.is_none());
    for request in nameless {
        if let Some(records) = of_page.get_mut(&request.line.page) {
            take_nearest(records, request.line.event_time, farthest);
        }
    }
    (requests, rest(of_page))
}

/// Gives records to the requests of their account and page that have none, and returns those left over.
///
/// Delivered requests choose first, and near records go before far ones: else a line whose own record is
/// lost would take another's.
fn serve<'l>(
    requests: &mut [JoinedRequest<'l>],
    records: &[&'l Line],
    farthest: i64,
) -> Vec<&'l Line> {
    let delivered = |line: &Line| line.delivered() == Some(true);
    let mut records = group_by(records, |record| (record.account, record.page));
    for is_delivered in [true, false] {
        for reach in [farthest / 64, farthest / 8, farthest] {
            let open = requests.iter_mut().filter(|request| {
                request.served.is_none() && delivered(request.line) == is_delivered
            });
            for request in open {
                let line = request.line;
                let mut own = |page| {
                    let records = records.get_mut(&(line.account, page))?;
                    take_nearest(records, line.event_time, reach)
                };
                request.served = own(line.page).or_else(|| own(None));
            }
        }
    }
    rest(records)
}

/// All lines that are left in their groups, in order of time and place.
fn rest<'l, K>(groups: HashMap<K, ByTime<'l>>) -> Vec<&'l Line> {
    let lines = groups.into_values().flatten().map(|(_, line)| line);
    let mut rest: Vec<&Line> = lines.collect();
    rest.sort_by_key(|line| time_and_place(line));
    rest
}

/// When a line was written, and where it stands in the evidence.
fn time_and_place(line: &Line) -> (i64, u32, u64) {
    (line.event_time, line.evidence_id, line.line_no)
}

/// Keeps the lines of the source that has the most, so that no request is counted twice.
///
/// Several logs of one tier may each record every request.
fn of_fullest_source(tier: Vec<&Line>, source: impl Fn(u32) -> usize) -> Vec<&Line> {
    // Most ids have one line of a tier.
    if tier.len() < 2 {
        return tier;
    }
    let mut by_source: BTreeMap<usize, Vec<&Line>> = BTreeMap::new();
    for line in tier {
        let lines = by_source.entry(source(line.evidence_id)).or_default();
        lines.push(line);
    }
    // `max_by_key` gives the last of several, so in reverse order the first.
    let fullest = by_source.into_values().rev().max_by_key(Vec::len);
    fullest.unwrap_or_default()
}

/// Leaves out lines of gateways that logged a request which another gateway logged too.
///
/// One gateway may stand behind another, and both log the request. So where each source has one line of
/// the id, the line that tells most of a token and a page stays, and those that may be of its request go.
/// Tokens with two verdicts are of two requests.
fn merged_gateways(
    mut gateway: Vec<&Line>,
    source: impl Fn(u32) -> usize,
    farthest: i64,
) -> Vec<&Line> {
    if gateway.len() < 2 {
        return gateway;
    }
    let mut sources: Vec<usize> = gateway
        .iter()
        .map(|line| source(line.evidence_id))
        .collect();
    sources.sort_unstable();
    sources.dedup();
    let tells = |line: &&&Line| {
        (
            line.tier != Tier::NoToken,
            line.account.is_some(),
            line.page.is_some(),
        )
    };
    let most = gateway.iter().rev().max_by_key(tells).copied();
    if let Some(most) = most.filter(|_| sources.len() == gateway.len()) {
        let may_be = |line: &Line| {
            line.event_time.abs_diff(most.event_time) <= farthest.unsigned_abs()
                && (line.tier == most.tier || !matches!(line.tier, Tier::Judged(..)))
                && (line.account.is_none() || line.account == most.account)
                && (line.page.is_none() || most.page.is_none() || line.page == most.page)
        };
        gateway.retain(|line| std::ptr::eq(*line, most) || !may_be(line));
    }
    gateway
}

/// The lines of the edge that no line of the gateway answers, in order of time.
///
/// Each line of the gateway answers the nearest line for its page.
fn unanswered<'l>(edge: Vec<&'l Line>, gateway: &[&Line], farthest: i64) -> Vec<&'l Line> {
    let mut of_page = group_by(&edge, |line| line.page);
    let mut others = Vec::new();
    for line in gateway {
        let lines = of_page.get_mut(&line.page);
        let nearest = lines.and_then(|lines| take_nearest(lines, line.event_time, farthest));
        if nearest.is_none() {
            others.push(line);
        }
    }
    // A path that is rewritten on the way is for a page at one tier only, and never for another page.
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

/// Joins lines of the edge to records of the application where the gateway's line is lost.
///
/// The nearest for a page go together. A record that is left then, and that no `known` request explains,
/// is a request of its own. `all` says that the gateway has no line of the id at all.
fn lost<'l>(
    edge: Vec<&'l Line>,
    records: Vec<&'l Line>,
    mut known: KnownRequests,
    (all, farthest): (bool, i64),
) -> Vec<JoinedRequest<'l>> {
    // If the edge has the only request of the id, whatever the application logged is of it.
    let first = records
        .iter()
        .copied()
        .min_by_key(|record| time_and_place(record));
    let first = first.filter(|_| all && edge.len() == 1);
    let mut of_page = group_by(&records, |record| record.page);
    let mut lost = Vec::with_capacity(edge.len());
    for line in edge {
        let of_page = of_page.get_mut(&line.page);
        let nearest = of_page.and_then(|records| take_nearest(records, line.event_time, farthest));
        let served = nearest.or(first);
        if let Some(record) = served.filter(|record| record.items > 0) {
            known.add(record);
        }
        // The application's path may be for a page where the edge's is not.
        let told_by = served.filter(|record| line.page.is_none() && record.page.is_some());
        let line = told_by.unwrap_or(line);
        lost.push(JoinedRequest::new(line, served));
    }
    for record in rest(of_page) {
        if !known.explains(record) {
            lost.push(JoinedRequest::new(record, Some(record)));
        }
    }
    lost
}

/// Groups lines by `key`, each group by time.
fn group_by<'l, K: Eq + Hash>(
    lines: &[&'l Line],
    key: impl Fn(&Line) -> K,
) -> HashMap<K, ByTime<'l>> {
    let mut groups: HashMap<K, ByTime<'l>> = HashMap::new();
    for (place, line) in lines.iter().enumerate() {
        let lines = groups.entry(key(line)).or_default();
        lines.insert((line.event_time, place), line);
    }
    groups
}

/// Takes out the line nearest to `time`, if it is within `farthest`.
fn take_nearest<'l>(lines: &mut ByTime<'l>, time: i64, farthest: i64) -> Option<&'l Line> {
    let before = lines.range(..(time, 0)).next_back();
    let after = lines.range((time, 0)..).next();
    let far = |key: &(i64, usize)| key.0.abs_diff(time);
    let near = before.into_iter().chain(after).map(|(key, _)| *key);
    let nearest = near.min_by_key(far);
    lines.remove(&nearest.filter(|key| far(key) <= farthest.unsigned_abs())?)
}
