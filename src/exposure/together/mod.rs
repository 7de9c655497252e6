//! Lines of one request id -> requests.
//!
//! Mostly they are one request, seen by several tiers. But a client may choose the id, and send it as often
//! as it likes: then each line of the gateway is a request, and so is each line of the edge that none of
//! them answers, for the gateway has lost its own.

mod known;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

use known::KnownRequests;

use crate::lines::{Line, Tier};

/// Microseconds that a request takes at most: proxies wait a minute for an answer unless told otherwise (nginx's
/// `proxy_read_timeout`), and one tier may log its begin, another its end.
pub(super) const LONGEST: i64 = 60_000_000;

/// A request.
#[derive(Debug, PartialEq)]
pub(super) struct JoinedRequest<'l> {
    /// The line that tells of it: the gateway's, or where that is lost, another tier's.
    pub(super) line: &'l Line,
    /// What the application served.
    pub(super) served: Option<&'l Line>,
    /// The page that it asked for, as the line has it, or where a path is rewritten behind the edge, the edge's.
    pub(super) page: Option<u16>,
    /// Whether its line at the gateway is there, and told of another account or page.
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

/// Lines by time, and by their place among those of one time.
type ByTime<'l> = BTreeMap<(i64, usize), &'l Line>;

/// The requests among lines of one id that say different things; `source` tells which log's a file is, and
/// `farthest` how far apart two tiers may log a request of several.
pub(super) fn requests<'l>(
    lines: &[&'l Line],
    source: impl Fn(u32) -> usize,
    farthest: i64,
) -> Vec<JoinedRequest<'l>> {
    let of = |is_one: fn(Tier) -> bool| lines.iter().copied().filter(move |line| is_one(line.tier));
    let records: Vec<&Line> = of(|tier| tier == Tier::Application).collect();
    let edge = fullest(of(|tier| tier == Tier::Edge).collect(), &source);
    let mut gateway: Vec<&Line> = of(Tier::is_gateway).collect();
    if edge.len() <= 1 {
        gateway = seen_once(gateway, &source, farthest);
    }
    let sent_again = edge.len() > 1 || gateway.len() > 1;
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
        [] => edge,
        [line] if !gateway.is_empty() && !sent_again && !of_another_page(line) => {
            for request in &mut requests {
                request.page = request.page.or(line.page);
            }
            Vec::new()
        }
        _ => unanswered(edge, &gateway, farthest),
    };
    if !edge.is_empty() || !left.is_empty() {
        let explained = KnownRequests::by(&gateway, sent_again, farthest);
        let mut lost = lost(edge, left, explained, (gateway.is_empty(), farthest));
        if !sent_again {
            for request in &mut lost {
                let far = |line: &&Line| line.event_time.abs_diff(request.line.event_time);
                let near = gateway
                    .iter()
                    .any(|line| far(line) <= farthest.unsigned_abs());
                request.beside = near && request.line.tier == Tier::Application;
            }
        }
        requests.extend(lost);
    }
    requests
}

/// The request of a single line of the gateway, and the records that are not of it: of several, the one is for
/// the account that its token names, its page, shows something, and is nearest to it. It is for no other page; if it
/// is for another account it is near, and shows something.
fn one<'l>(
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

/// The requests of several lines of the gateway, and the records that are of none of them.
fn several<'l>(
    gateway: &[&'l Line],
    records: &[&'l Line],
    farthest: i64,
) -> (Vec<JoinedRequest<'l>>, Vec<&'l Line>) {
    let mut left = records.to_vec();
    let request = |line: &&'l Line| JoinedRequest::new(line, None);
    let mut requests: Vec<JoinedRequest> = gateway.iter().map(request).collect();
    // What shows something goes first with what was delivered, and the nearest together: a line whose own record is
    // lost does not take another's.
    let delivered = |line: &Line| (200..300).contains(&line.status);
    let some = |record: &Line| record.items > 0;
    for shows in [true, false] {
        let wanted: Vec<&Line> = left
            .extract_if(.., |record| some(record) == shows)
            .collect();
        let mut of_account = by(&wanted, |record| (record.account, record.page));
        for is_delivered in [true, false] {
            for farthest in [farthest / 64, farthest / 8, farthest] {
                for request in requests.iter_mut().filter(|request| {
                    request.served.is_none() && delivered(request.line) == is_delivered
                }) {
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
        }
        left.extend(rest(of_account));
    }
    // A path that no page of the catalogue has may be one to the application.
    let mut of_account = by(&left, |record| record.account);
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
fn fullest(tier: Vec<&Line>, source: impl Fn(u32) -> usize) -> Vec<&Line> {
    // One is the usual case.
    if tier.len() < 2 {
        return tier;
    }
    let mut by_source: BTreeMap<usize, Vec<&Line>> = BTreeMap::new();
    for line in tier {
        let lines = by_source.entry(source(line.evidence_id)).or_default();
        lines.push(line);
    }
    // The first of several such.
    let fullest = by_source.into_values().rev().max_by_key(Vec::len);
    fullest.unwrap_or_default()
}

/// Lines of the gateway, of which one may stand behind another: where each source has but one line of the id, those
/// that may be of the same request are left out beside the one that tells the most of a token and a page. Tokens of
/// two verdicts are of two requests.
fn seen_once(mut gateway: Vec<&Line>, source: impl Fn(u32) -> usize, farthest: i64) -> Vec<&Line> {
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
    mut explained: KnownRequests,
    (all, farthest): (bool, i64),
) -> Vec<JoinedRequest<'l>> {
    // A request alone has whatever the application logged of it.
    let first = records
        .iter()
        .copied()
        .min_by_key(|record| in_order(record));
    let first = first.filter(|_| all && edge.len() == 1);
    let mut of_page = by(&records, |record| record.page);
    let mut lost = Vec::with_capacity(edge.len());
    for line in edge {
        let of_page = of_page.get_mut(&line.page);
        let nearest = of_page.and_then(|records| take_nearest(records, line.event_time, farthest));
        let served = nearest.or(first);
        if let Some(record) = served.filter(|record| record.items > 0) {
            explained.add(record);
        }
        // The application's path may be for a page where the edge's is not.
        let told_by = served.filter(|record| line.page.is_none() && record.page.is_some());
        let line = told_by.unwrap_or(line);
        lost.push(JoinedRequest::new(line, served));
    }
    for record in rest(of_page) {
        if !explained.takes(record) {
            lost.push(JoinedRequest::new(record, Some(record)));
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
