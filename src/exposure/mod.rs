//! Requests x page catalogue -> views and accounts, with bounds.
//!
//! All lines of a request lie in one partition. Copies of a line count once, and the gateway's line is
//! joined to the application's. What a request showed whose gateway line is lost counts as *possible*.
//! Accounts are exact sets (roaring bitmaps), one for each page and bound.

mod by_address;
mod judge;
mod rejected;
mod together;

use by_address::Addresses;
pub use judge::{Bound, Carrier, PageRequest, judge};
pub use rejected::rejected_requests;
use together::JoinedRequest;

use std::collections::{BTreeMap, HashMap, HashSet};

use roaring::RoaringTreemap;

use crate::case::{AccountKey, Context, SourceKind};
use crate::error::Result;
use crate::fleet::Fleet;
use crate::frames::{self, FrameWriter, Value};
use crate::lines::{Line, Tier, Verdict};
use crate::sessions::Activity;
use crate::shuffle::{Decoder, Records, Shuffle, each_partition};

/// What one page showed, by bound.
///
/// An entry has what is of that bound alone: what is *confirmed* is not in *probable* too.
#[derive(Debug, Clone, Default)]
pub struct PageTally {
    /// Requests that showed the page.
    pub views: [u64; 3],
    /// Accounts whose page was shown.
    pub accounts: [RoaringTreemap; 3],
}

/// What a page showed by the gateway's word alone, because the application's logs were deleted.
#[derive(Debug, Clone, Default)]
pub struct Touched {
    /// Probable views inside the deleted range.
    pub views: u64,
    /// The accounts of these views.
    pub accounts: RoaringTreemap,
}

/// What counting found over all requests.
#[derive(Debug, Default)]
pub struct Exposure {
    /// What each page showed, in the catalogue's order.
    pub pages: Vec<PageTally>,
    /// What requests may have shown that cannot be read, so that any page may be theirs.
    pub unknown_page: PageTally,
    /// What rests on the gateway alone, by deleted range (in the case file's order) and page.
    pub touched: BTreeMap<(usize, usize), Touched>,
    /// The addresses that carried a forged token.
    pub fleet: Fleet,
    /// Forged requests by minute.
    pub activity: Activity,
    /// What stolen tokens showed, by page; it is in no other count.
    pub stolen: Vec<PageTally>,
    /// What requests with stolen tokens may have shown that cannot be read.
    pub stolen_unknown_page: PageTally,
    /// Requests with a token of each verdict, in the order of [`Verdict::ALL`].
    pub requests: [u64; 4],
    /// Requests with a token that is forged with moderate confidence; they are in `requests` too.
    pub likely_forged: u64,
    /// Requests at gateways that log no tokens, from the attacker's own addresses and from shared ones, while
    /// these carried forged tokens elsewhere.
    pub by_address: [u64; 2],
    /// Lines of gateways that could not be read, each of which may be a request of the attacker.
    pub rejected: u64,
    /// Requests without a line at the gateway.
    pub without_gateway: u64,
    /// Second and further copies of a line.
    pub copies: u64,
    /// Views of accounts that the registry spells otherwise.
    pub respelled_views: u64,
    /// Views of pages that the application served for accounts the registry lacks.
    pub unregistered_views: u64,
}

impl Exposure {
    fn new(pages: usize) -> Self {
        Exposure {
            pages: vec![PageTally::default(); pages],
            stolen: vec![PageTally::default(); pages],
            ..Exposure::default()
        }
    }

    /// Adds what another partition showed.
    fn merge(&mut self, other: Exposure) {
        let stolen = self.stolen.iter_mut().zip(other.stolen);
        let unknown = [
            (&mut self.unknown_page, other.unknown_page),
            (&mut self.stolen_unknown_page, other.stolen_unknown_page),
        ];
        let pages = self.pages.iter_mut().zip(other.pages).chain(stolen);
        for (page, from) in pages.chain(unknown) {
            for (views, more) in page.views.iter_mut().zip(from.views) {
                *views += more;
            }
            for (accounts, more) in page.accounts.iter_mut().zip(from.accounts) {
                *accounts |= more;
            }
        }
        for (key, from) in other.touched {
            let touched = self.touched.entry(key).or_default();
            touched.views += from.views;
            touched.accounts |= from.accounts;
        }
        self.fleet.merge(other.fleet);
        self.activity.merge(other.activity);
        for (requests, more) in self.requests.iter_mut().zip(other.requests) {
            *requests += more;
        }
        self.likely_forged += other.likely_forged;
        for (requests, more) in self.by_address.iter_mut().zip(other.by_address) {
            *requests += more;
        }
        self.without_gateway += other.without_gateway;
        self.copies += other.copies;
        self.respelled_views += other.respelled_views;
        self.unregistered_views += other.unregistered_views;
    }
}

/// What counting needs beside the lines.
pub struct Counter<'a> {
    /// The run.
    pub context: &'a Context<'a>,
    /// The source of each evidence file, by its id.
    pub sources: &'a HashMap<u32, usize>,
    /// Addresses that carried a forged token.
    pub suspects: &'a HashSet<u128>,
    /// The evidence files of gateways that log no tokens.
    pub tokenless: &'a HashSet<u32>,
}

/// A row of the frame `exposures`, before it is written.
struct Exposed<'l> {
    line: &'l Line,
    application: Option<&'l Line>,
    page: Option<u16>,
    account: Option<AccountKey>,
    bound: Bound,
    rule: &'static str,
}

/// How many lines of one request id are compared each with each.
///
/// Of more lines a table is made, for a client may send one request id as often as it likes.
const FEW: usize = 16;

/// Leaves out copies: of lines that say the same in several places, the first stays.
fn distinct(lines: &[Line]) -> Vec<&Line> {
    let bare = |line: &Line| Line {
        evidence_id: 0,
        line_no: 0,
        ..*line
    };
    if lines.len() > FEW {
        let mut seen = HashSet::new();
        return lines
            .iter()
            .filter(|line| seen.insert(bare(line)))
            .collect();
    }
    let mut distinct: Vec<&Line> = Vec::new();
    for line in lines {
        if !distinct.iter().any(|other| bare(other) == bare(line)) {
            distinct.push(line);
        }
    }
    distinct
}

impl Counter<'_> {
    /// Counts all requests of the shuffle and writes the `exposures` frame.
    pub fn run(&self, by_request: &Shuffle) -> Result<Exposure> {
        let addresses = match self.tokenless.is_empty() {
            true => Addresses::default(),
            false => Addresses::find(self.context, by_request)?,
        };
        let found = each_partition(by_request.count(), self.context.threads, |index| {
            self.partition(&addresses, &by_request.take(index)?, index)
        })?;
        let mut all = Exposure::new(self.context.case.catalogue.pages.len());
        for exposure in found {
            all.merge(exposure);
        }
        Ok(all)
    }

    /// Counts the requests of one partition and writes its part of the frame.
    fn partition(
        &self,
        addresses: &Addresses,
        records: &Records,
        index: usize,
    ) -> Result<Exposure> {
        let mut lines: Vec<Line> = records
            .iter()
            .map(|record| Line::decode(&mut Decoder(record)))
            .collect();
        lines.sort_unstable_by_key(|line| (line.request, line.evidence_id, line.line_no));
        let mut found = Exposure::new(self.context.case.catalogue.pages.len());
        let mut exposed = Vec::new();
        for request in lines.chunk_by(|a, b| a.request == b.request) {
            self.request(addresses, request, &mut found, &mut exposed);
        }
        exposed.sort_unstable_by_key(|e| (e.line.event_time, e.line.evidence_id, e.line.line_no));
        self.write(&exposed, u32::try_from(index).expect("few partitions"))?;
        Ok(found)
    }

    /// Writes a part of the frame `exposures`.
    fn write(&self, exposed: &[Exposed<'_>], part: u32) -> Result<()> {
        let mut writer = FrameWriter::create(self.context.frames_dir, &frames::EXPOSURES, part)?;
        for one in exposed {
            let account = one
                .account
                .map(|account| self.context.interner.text(account));
            let place = |value: Option<u64>| value.map_or(Value::Null, Value::Number);
            writer.push(&[
                Value::Number(u64::from(one.line.evidence_id)),
                Value::Number(one.line.line_no),
                place(one.application.map(|line| u64::from(line.evidence_id))),
                place(one.application.map(|line| line.line_no)),
                Value::Time(one.line.event_time),
                one.page
                    .map(|page| &*self.context.case.catalogue.pages[usize::from(page)].id)
                    .into(),
                account.as_deref().into(),
                Value::Text(one.bound.name()),
                Value::Number(one.bound.rank()),
                Value::Text(one.rule),
            ])?;
        }
        writer.finish().map(drop)
    }

    /// Counts the lines that share one request id.
    fn request<'l>(
        &self,
        addresses: &Addresses,
        lines: &'l [Line],
        found: &mut Exposure,
        exposed: &mut Vec<Exposed<'l>>,
    ) {
        let distinct = distinct(lines);
        found.copies += (lines.len() - distinct.len()) as u64;
        let source = |evidence_id: u32| self.sources[&evidence_id];
        let farthest = self.context.case.file.policy.tolerance() + together::LONGEST;
        for request in together::requests(&distinct, source, farthest) {
            match request.line.tier {
                Tier::Judged(verdict, moderate) => {
                    self.judged(&request, (verdict, moderate), found, exposed);
                }
                Tier::NoToken => {
                    let line = request.line;
                    let is_tokenless = self.tokenless.contains(&line.evidence_id);
                    let carrier = is_tokenless.then(|| addresses.carrier(line)).flatten();
                    if let Some(carrier) = carrier {
                        let shared = carrier == Carrier::OfSharedAddress;
                        found.by_address[usize::from(shared)] += 1;
                        self.exposure(&request, carrier, found, exposed);
                    }
                }
                Tier::Unreadable => {
                    self.exposure(&request, Carrier::Unknown, found, exposed);
                }
                Tier::Edge | Tier::Application if request.beside => {
                    self.exposure(&request, Carrier::Beside, found, exposed);
                }
                Tier::Edge | Tier::Application => {
                    found.without_gateway += 1;
                    self.exposure(&request, Carrier::Unknown, found, exposed);
                }
            }
        }
    }

    /// Counts a request with a judged token; `moderate` says that the verdict has moderate confidence.
    fn judged<'l>(
        &self,
        request: &JoinedRequest<'l>,
        (verdict, moderate): (Verdict, bool),
        found: &mut Exposure,
        exposed: &mut Vec<Exposed<'l>>,
    ) {
        found.requests[verdict as usize] += 1;
        let carrier = match verdict {
            Verdict::Forged if moderate => {
                found.likely_forged += 1;
                Carrier::LikelyForged
            }
            Verdict::Forged => Carrier::Forged,
            Verdict::Stolen => Carrier::Stolen,
            Verdict::Indeterminate => Carrier::Indeterminate,
            Verdict::Legitimate => {
                found
                    .fleet
                    .legitimate(request.line.source_ip, self.suspects);
                return;
            }
        };
        let line = request.line;
        let account = self.exposure(request, carrier, found, exposed);
        // Where the application served another account, the token's own may have been shown too.
        let own = line.account.filter(|own| self.account(*own).is_some());
        let another = |served: &Line| {
            let meets = |served| own.is_some_and(|own| self.context.interner.meet(own, served));
            own.is_some() && !served.account.is_some_and(meets)
        };
        if request.served.is_some_and(another) {
            let own = JoinedRequest {
                served: None,
                ..*request
            };
            self.exposure(&own, Carrier::Beside, found, exposed);
        }
        if verdict == Verdict::Forged {
            found.fleet.forged(line.source_ip, line.event_time, account);
            found.activity.add(line.event_time);
        }
    }

    /// The account that a subject stands for; without a registry, none is known to be missing.
    fn account(&self, subject: AccountKey) -> Option<AccountKey> {
        let accounts = self.context.accounts;
        if !accounts.known {
            return Some(subject);
        }
        let found = accounts.meet(subject, self.context.interner);
        found.map(|account| account.key)
    }

    /// Counts what one request showed, if it showed anything, and returns whose data that was.
    fn exposure<'l>(
        &self,
        request: &JoinedRequest<'l>,
        carrier: Carrier,
        found: &mut Exposure,
        exposed: &mut Vec<Exposed<'l>>,
    ) -> Option<AccountKey> {
        let JoinedRequest {
            line,
            served: application,
            ..
        } = *request;
        // An application may serve a page for a path that the catalogue knows as none.
        let page = request.page.or(application.and_then(|served| served.page));
        let pages = &self.context.case.catalogue.pages;
        let index = page.map(usize::from);
        let empty_below_bytes = match index {
            Some(index) => pages[index].empty_below_bytes,
            None if line.page_unknown => {
                let sizes = pages.iter().map(|page| page.empty_below_bytes);
                sizes.min()?
            }
            None => return None,
        };
        let subject = application.map_or(line.account, |served| served.account);
        let account = subject.and_then(|subject| self.account(subject));
        let spelled_otherwise = account.is_some() && account != subject;
        let (bound, rule) = judge(&PageRequest {
            carrier,
            response: (line.tier != Tier::Application).then_some((line.status, line.body_bytes)),
            items: application.map(|served| served.items),
            empty_below_bytes,
            // Only a token names an account that may be missing; without one, what was served exists.
            account_exists: match (self.context.accounts.known, carrier) {
                (_, Carrier::Unknown | Carrier::Beside) => Some(true),
                // A token that names nobody names no account that could be looked up.
                (true, _) if subject.is_none() => None,
                (true, _) => Some(account.is_some()),
                (false, _) => None,
            },
            spelled_otherwise,
            other_method: line.other_method,
            page_unknown: page.is_none(),
            time_twice: line.time_twice,
        })?;
        let tally = match (carrier, index) {
            (Carrier::Stolen, Some(index)) => &mut found.stolen[index],
            (Carrier::Stolen, None) => &mut found.stolen_unknown_page,
            (_, Some(index)) => &mut found.pages[index],
            (_, None) => &mut found.unknown_page,
        };
        tally.views[bound as usize] += 1;
        found.respelled_views += u64::from(spelled_otherwise);
        if let Some(account) = account {
            tally.accounts[bound as usize].insert(account.0);
        } else if application.is_some() {
            found.unregistered_views += 1;
        }
        if bound == Bound::Probable
            && carrier != Carrier::Stolen
            && let Some(index) = index
            && let Some(range) = self.deleted_at(line.event_time)
        {
            let touched = found.touched.entry((range, index)).or_default();
            touched.views += 1;
            touched.accounts.extend(account.map(|account| account.0));
        }
        exposed.push(Exposed {
            line,
            application,
            page,
            account,
            bound,
            rule,
        });
        account
    }

    /// Which deleted range of the application's logs a moment lies in, by its place in the case file.
    fn deleted_at(&self, at: i64) -> Option<usize> {
        let deleted = self.context.case.deleted(SourceKind::Application);
        let inside = |(from, to, _): &(i64, i64, _)| (*from..*to).contains(&at);
        deleted.iter().position(inside)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_lines_of_one_request_are_told_apart_as_few_are() {
        let line = |number: u64| Line {
            tier: if number.is_multiple_of(2) {
                Tier::Application
            } else {
                Tier::NoToken
            },
            request: 1,
            event_time: 0,
            evidence_id: 1,
            line_no: number,
            source_ip: None,
            page: None,
            other_method: false,
            page_unknown: false,
            time_twice: false,
            status: Some(200),
            body_bytes: None,
            account: Some(AccountKey(number % 10)),
            items: 0,
            identity: 0,
        };
        for count in [FEW as u64, 100_000] {
            let lines: Vec<Line> = (0..count).map(line).collect();
            let distinct = distinct(&lines);
            let numbers: Vec<u64> = distinct.iter().map(|line| line.line_no).collect();
            assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        }
    }
}
