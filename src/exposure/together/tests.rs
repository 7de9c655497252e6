//! Which lines of one id go together, and what is lost.

use super::*;
use crate::case::AccountKey;
use crate::lines::Verdict;

const GATEWAY: Tier = Tier::Judged(Verdict::Forged, false);

fn line(tier: Tier, evidence_id: u32, time: i64, page: Option<u16>, account: u64) -> Line {
    Line {
        tier,
        request: 1,
        event_time: time,
        evidence_id,
        line_no: time as u64,
        source_ip: None,
        page,
        other_method: false,
        page_unknown: false,
        time_twice: false,
        status: Some(200),
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
    let shown = |one: &JoinedRequest| (one.line.event_time, one.served.and_then(account));
    requests.iter().map(shown).collect()
}

/// When the application served what each line of the gateway asked for.
fn served(lines: &[Line], farthest: i64) -> Vec<Option<i64>> {
    let lines: Vec<&Line> = lines.iter().collect();
    let mut requests = requests(&lines, |_| 0, farthest);
    requests.retain(|request| request.line.tier.is_gateway());
    let time = |one: &JoinedRequest| one.served.map(|record| record.event_time);
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
        (gateway(20, 2, 0), &records, Some(10)),
        (gateway(20, 1, 9), &records[3..], Some(20)),
        (gateway(26, 1, 9), &records[3..], None),
        (gateway(26, 1, 0), &records[3..], Some(20)),
        (gateway(26, 1, 5), &records[3..], Some(20)),
        // Another page; a path that is none to the gateway may be any.
        (gateway(20, 3, 5), &records, None),
        (line(GATEWAY, 8, 20, None, 4), &records, Some(25)),
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

const HONEST: Tier = Tier::Judged(Verdict::Legitimate, false);

#[test]
fn of_an_id_sent_again_with_a_suspect_token_each_record_left_is_a_request() {
    let lines = [
        gateway(10, 1, 4),
        gateway(20, 1, 5),
        application(10, 1, 4),
        application(20, 1, 5),
        application(13, 2, 4),
        application(15, 1, 6),
        application(18, 1, 6),
        application(22, 1, 5),
    ];
    let lost = [(13, Some(4)), (15, Some(6)), (18, Some(6)), (22, Some(5))];
    assert_eq!(found(&lines), lost);
    // A token for one account, and the page of another: both may have been seen.
    let another = [&lines[..], &[gateway(16, 1, 7)]].concat();
    assert_eq!(found(&another), lost);
    let nameless = [&lines[..], &[gateway(16, 1, 0)]].concat();
    assert_eq!(found(&nameless), [lost[0], lost[2], lost[3]]);
    // One that is legitimate among them changes nothing.
    let honest = [&lines[..], &[line(HONEST, 8, 16, Some(2), 4)]].concat();
    assert_eq!(found(&honest), lost[1..]);
}

#[test]
fn what_the_shops_own_people_see_is_no_lost_request() {
    let honest = |time, page| line(HONEST, 8, time, Some(page), 4);
    let shown = [
        application(10, 1, 4),
        application(12, 1, 5),
        application(13, 2, 4),
        application(900, 1, 6),
    ];
    for lines in [
        &[honest(10, 1)][..],
        &[honest(10, 1), honest(11, 1)],
        &[honest(10, 1), honest(400, 2)],
    ] {
        assert_eq!(found(&[lines, &shown].concat()), []);
    }
    // Without a token, what goes on is of it, and what is done later for its account, but no more.
    let cookie = |account| line(Tier::NoToken, 8, 10, Some(1), account);
    let goes_on: Vec<Line> = (0..9)
        .map(|n| application(10 + n * 4, 1, 20 + n as u64))
        .collect();
    let later = [application(90, 2, 4), application(91, 1, 7)];
    let lines = [&[cookie(4)], &goes_on[..], &later].concat();
    assert_eq!(found(&lines), [(91, Some(7))]);
    let again = [cookie(0), line(Tier::NoToken, 8, 300, Some(1), 0)];
    let records = [
        application(11, 1, 5),
        application(12, 1, 6),
        application(13, 2, 5),
    ];
    assert_eq!(found(&[&again[..], &records].concat()), [(13, Some(5))]);
}

#[test]
fn one_suspect_request_may_have_shown_more_than_its_own() {
    // Two gateways one behind the other each saw it.
    let behind = line(GATEWAY, 6, 11, Some(1), 4);
    let records = [
        application(10, 1, 4),
        application(11, 1, 4),
        application(12, 1, 5),
        application(13, 2, 4),
        application(14, 2, 4),
        application(90, 1, 6),
    ];
    for lines in [&[behind][..], &[behind, gateway(10, 1, 4)]] {
        let lines = [lines, &records].concat();
        let of = |beside| {
            let lines: Vec<&Line> = lines.iter().collect();
            let requests = requests(&lines, |evidence_id| evidence_id as usize / 2, 5);
            let lost = requests.iter().filter(|one| !one.line.tier.is_gateway());
            let some = lost.filter(|one| one.beside == beside);
            some.map(|one| one.line.event_time).collect::<Vec<_>>()
        };
        assert_eq!(of(true), [12, 13]);
        assert_eq!(of(false), [90]);
    }
}

#[test]
fn a_path_that_is_rewritten_behind_the_edge_is_for_the_edges_page() {
    let rewritten = line(GATEWAY, 8, 11, None, 4);
    let lines = [edge(10, 2), rewritten];
    let lines: Vec<&Line> = lines.iter().collect();
    let requests = requests(&lines, |_| 0, 5);
    assert_eq!(requests.len(), 1);
    assert_eq!((requests[0].line, requests[0].page), (lines[1], Some(2)));
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

#[test]
fn a_record_that_shows_something_goes_before_one_that_shows_nothing() {
    let nothing = |time, account| Line {
        items: 0,
        ..application(time, 1, account)
    };
    let shown = application(12, 1, 4);
    for lines in [
        &[gateway(10, 1, 4), nothing(10, 4), shown][..],
        &[gateway(10, 1, 4), nothing(11, 4), nothing(11, 4), shown],
        // An application's own job for another account.
        &[gateway(10, 1, 4), nothing(10, 9), shown],
        // Two gateways, and an id sent again.
        &[
            gateway(10, 1, 4),
            line(GATEWAY, 6, 10, Some(1), 4),
            nothing(10, 4),
            shown,
        ],
        &[gateway(10, 1, 4), gateway(90, 1, 5), nothing(10, 4), shown],
    ] {
        assert_eq!(served(lines, 5)[0], Some(12), "{lines:?}");
    }
    assert_eq!(served(&[gateway(10, 1, 4), nothing(10, 9)], 5), [None]);
    assert_eq!(served(&[gateway(10, 1, 4), nothing(10, 4)], 5), [Some(10)]);
    // Without the gateway's line.
    assert_eq!(
        found(&[nothing(10, 4), shown]),
        [(10, Some(4)), (12, Some(4))]
    );
    assert_eq!(
        found(&[edge(9, 1), nothing(10, 4), shown]),
        [(9, Some(4)), (12, Some(4))]
    );
    // A retry: what was delivered has the record.
    let failed = Line {
        status: Some(503),
        ..gateway(10, 1, 4)
    };
    let lines = [failed, gateway(12, 1, 4), application(11, 1, 4)];
    assert_eq!(served(&lines, 64), [None, Some(11)]);
}

#[test]
fn gateways_one_behind_the_other_see_one_request() {
    let behind = |tier, time, page, account| line(tier, 6, time, page, account);
    let count = |lines: &[Line]| {
        let lines: Vec<&Line> = lines.iter().collect();
        let requests = requests(&lines, |evidence_id| evidence_id as usize / 2, 5);
        let seen = requests.iter().map(|request| request.line.evidence_id);
        seen.collect::<Vec<_>>()
    };
    let first = gateway(10, 1, 4);
    for other in [
        behind(GATEWAY, 11, Some(1), 4),
        behind(GATEWAY, 9, None, 4),
        behind(Tier::NoToken, 11, Some(1), 0),
    ] {
        let as_much = other.page.is_some() && other.tier == GATEWAY;
        // The first of two that tell as much.
        assert_eq!(count(&[first, other, edge(10, 1)]), [8]);
        assert_eq!(count(&[other, first]), if as_much { [6] } else { [8] });
    }
    for other in [
        behind(GATEWAY, 11, Some(1), 5),
        behind(GATEWAY, 11, Some(2), 4),
        behind(GATEWAY, 30, Some(1), 4),
        behind(HONEST, 11, Some(1), 4),
    ] {
        assert_eq!(count(&[first, other]).len(), 2);
        assert_eq!(count(&[other, first]).len(), 2);
    }
    // One source logged two: the id was sent again.
    assert_eq!(count(&[first, gateway(11, 1, 4)]), [8, 8]);
    let behind = behind(GATEWAY, 11, Some(1), 4);
    assert_eq!(count(&[first, gateway(13, 1, 4), behind]).len(), 3);
}
