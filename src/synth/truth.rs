//! The planted truth: what an analyzer that knows its evidence must count, counted while generating.
//!
//! Nothing here is shared with the analyzer. A request is told with what each log shows of it; sets are
//! plain bit vectors over the customer numbers.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::IpAddr;

use super::pages::{PAGES, PageId};
use super::world::{Customer, Millis, World};

/// What a token is known to be by whoever planted it, as far as the evidence can show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Planted {
    Forged,
    Indeterminate,
    Legitimate,
}

/// What the logs show of one request.
pub(super) struct Shown {
    pub(super) at: Millis,
    pub(super) token: Option<Planted>,
    pub(super) address: IpAddr,
    pub(super) page: Option<PageId>,
    pub(super) status: u16,
    pub(super) bytes: u64,
    /// Whether the gateway's line can be read.
    pub(super) gateway: bool,
    /// Account and items of the application's line, if there is one that can be read.
    pub(super) application: Option<(Customer, u64)>,
    pub(super) subject: Customer,
    pub(super) subject_exists: bool,
}

#[derive(Clone)]
struct Bits(Vec<u64>);

impl Bits {
    fn new(highest: Customer) -> Self {
        Bits(vec![0; (highest / 64 + 1) as usize])
    }

    fn insert(&mut self, number: u64) {
        self.0[(number / 64) as usize] |= 1 << (number % 64);
    }

    fn join(&mut self, other: &Bits) {
        for (word, more) in self.0.iter_mut().zip(&other.0) {
            *word |= more;
        }
    }

    fn count(&self) -> u64 {
        self.0.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    fn iter(&self) -> impl Iterator<Item = u64> {
        let words = (0u64..).zip(&self.0);
        words.flat_map(|(index, word)| {
            let word = *word;
            (0..64)
                .filter(move |bit| word >> bit & 1 == 1)
                .map(move |bit| index * 64 + bit)
        })
    }
}

/// By page and bound, exclusive of the bounds before.
struct Page {
    views: [u64; 3],
    accounts: [Bits; 3],
}

/// Lines of a kind of log.
#[derive(Default)]
pub(super) struct LineCounts {
    pub(super) lines: u64,
    pub(super) rejects: u64,
}

/// The counts so far.
pub(super) struct Truth<'w> {
    world: &'w World,
    pages: Vec<Page>,
    nonexistent: Bits,
    not_open: Bits,
    tokens: [u64; 3],
    nonexistent_tokens: u64,
    requests: [u64; 3],
    without_gateway: u64,
    forged_addresses: BTreeSet<IpAddr>,
    doubtful_addresses: BTreeSet<IpAddr>,
    /// Of the addresses that may be the fleet's, those that carried a legitimate token.
    honest_addresses: BTreeSet<IpAddr>,
    phases: BTreeMap<&'static str, (Millis, Millis, u64)>,
    pub(super) lines: LineCounts,
}

impl<'w> Truth<'w> {
    pub(super) fn new(world: &'w World) -> Self {
        let bits = || Bits::new(world.highest());
        let page = || Page {
            views: [0; 3],
            accounts: [bits(), bits(), bits()],
        };
        Truth {
            world,
            pages: PAGES.iter().map(|_| page()).collect(),
            nonexistent: bits(),
            not_open: bits(),
            tokens: [0; 3],
            nonexistent_tokens: 0,
            requests: [0; 3],
            without_gateway: 0,
            forged_addresses: BTreeSet::new(),
            doubtful_addresses: BTreeSet::new(),
            honest_addresses: BTreeSet::new(),
            phases: BTreeMap::new(),
            lines: LineCounts::default(),
        }
    }

    /// A token that is used at least once.
    pub(super) fn token(&mut self, planted: Planted) {
        self.tokens[planted as usize] += 1;
    }

    /// A forged token for a number that nobody has.
    pub(super) fn nonexistent(&mut self, customer: Customer) {
        self.nonexistent_tokens += 1;
        self.nonexistent.insert(customer);
    }

    /// A forged token for an account that was not open.
    pub(super) fn not_open(&mut self, customer: Customer) {
        self.not_open.insert(customer);
    }

    /// A request.
    pub(super) fn request(&mut self, shown: &Shown) {
        let token = if shown.gateway { shown.token } else { None };
        match token {
            Some(planted) => self.requests[planted as usize] += 1,
            None if !shown.gateway => self.without_gateway += 1,
            None => {}
        }
        match token {
            Some(Planted::Forged) => {
                self.forged_addresses.insert(shown.address);
                let phase = if shown.at < super::world::HARVEST.0 {
                    "test"
                } else {
                    "harvest"
                };
                let span = self.phases.entry(phase).or_insert((shown.at, shown.at, 0));
                *span = (span.0.min(shown.at), span.1.max(shown.at), span.2 + 1);
            }
            Some(Planted::Indeterminate) => drop(self.doubtful_addresses.insert(shown.address)),
            Some(Planted::Legitimate) => {
                if super::is_shared_or_fleet(shown.address) {
                    self.honest_addresses.insert(shown.address);
                }
                return;
            }
            None if shown.gateway => return,
            None => {}
        }
        let Some(page) = shown.page else { return };
        let delivered = (200..300).contains(&shown.status);
        let bound = match shown.application {
            Some((_, 0)) => return,
            Some(_) if delivered => 0,
            Some(_) => 2,
            None if delivered && shown.bytes >= PAGES[page as usize].empty_below_bytes => 1,
            None => return,
        };
        let bound = if token == Some(Planted::Forged) {
            bound
        } else {
            2
        };
        let account = match (shown.application, token) {
            (Some((account, _)), _) => Some(account),
            (None, Some(_)) if shown.subject_exists => Some(shown.subject),
            (None, Some(_)) => return,
            // Only the edge saw it, which sees no tokens.
            (None, None) => None,
        };
        let page = &mut self.pages[page as usize];
        page.views[bound] += 1;
        if let Some(account) = account {
            page.accounts[bound].insert(account);
        }
    }

    fn cumulative(&self, pages: &[usize]) -> [Bits; 3] {
        let mut so_far = Bits::new(self.world.highest());
        [0, 1, 2].map(|bound| {
            for page in pages {
                so_far.join(&self.pages[*page].accounts[bound]);
            }
            so_far.clone()
        })
    }

    fn persons(&self, accounts: &Bits) -> u64 {
        let mut persons = Bits::new(self.world.highest());
        accounts
            .iter()
            .for_each(|account| persons.insert(self.world.person(account)));
        persons.count()
    }

    fn block(&self, prefix: &str, pages: &[usize], into: &mut BTreeMap<String, [u64; 3]>) {
        let mut views = [0; 3];
        for page in pages {
            let [a, b, c] = self.pages[*page].views;
            for (sum, more) in views.iter_mut().zip([a, a + b, a + b + c]) {
                *sum += more;
            }
        }
        let mut records = [0; 3];
        for page in pages {
            for (sum, set) in records.iter_mut().zip(self.cumulative(&[*page])) {
                *sum += set.count();
            }
        }
        let sets = self.cumulative(pages);
        into.insert(format!("{prefix}.views"), views);
        into.insert(
            format!("{prefix}.accounts"),
            sets.each_ref().map(Bits::count),
        );
        into.insert(format!("{prefix}.records"), records);
        into.insert(
            format!("{prefix}.persons"),
            sets.each_ref().map(|set| self.persons(set)),
        );
    }

    /// `expected.toml`.
    pub(super) fn expected(&self) -> String {
        let mut figures = BTreeMap::new();
        let all: Vec<usize> = (0..PAGES.len()).collect();
        self.block("total", &all, &mut figures);
        let mut fields: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
        for (index, page) in PAGES.iter().enumerate() {
            self.block(&format!("page.{}", page.id), &[index], &mut figures);
            for (name, form) in page.fields {
                fields.entry((name, form)).or_default().push(index);
            }
        }
        for ((name, form), pages) in fields {
            self.block(&format!("field.{name}.{form}"), &pages, &mut figures);
        }
        let [forged, doubtful, honest] = self.tokens;
        let fleet = self.forged_addresses.len() as u64;
        let shared = self
            .forged_addresses
            .intersection(&self.honest_addresses)
            .count() as u64;
        let suspects = self
            .forged_addresses
            .union(&self.doubtful_addresses)
            .count() as u64;
        let [forged_requests, doubtful_requests, honest_requests] = self.requests;
        let same = |count: u64| [count; 3];
        for (id, bounds) in [
            ("tokens.forged", [forged, forged, forged + doubtful]),
            ("tokens.indeterminate", same(doubtful)),
            ("tokens.legitimate", same(honest)),
            ("tokens.stolen", same(0)),
            ("tokens.nonexistent_subject", same(self.nonexistent_tokens)),
            ("subjects.nonexistent", same(self.nonexistent.count())),
            ("subjects.not_open", same(self.not_open.count())),
            (
                "requests.forged",
                [
                    forged_requests,
                    forged_requests,
                    forged_requests + doubtful_requests,
                ],
            ),
            ("requests.legitimate", same(honest_requests)),
            ("requests.stolen", same(0)),
            ("requests.without_gateway_line", same(self.without_gateway)),
            ("fleet.addresses", [fleet, fleet, suspects]),
            ("fleet.dedicated", same(fleet - shared)),
            ("fleet.shared", same(shared)),
            ("intake.lines", same(self.lines.lines)),
            ("intake.rejects", same(self.lines.rejects)),
        ] {
            figures.insert(id.to_string(), bounds);
        }
        let mut text = String::from(
            "# The planted truth, counted while generating and never by the analyzer.\n\n[figures]\n",
        );
        for (id, [confirmed, probable, possible]) in figures {
            let _ = writeln!(
                text,
                "\"{id}\" = {{ confirmed = {confirmed}, probable = {probable}, possible = {possible} }}"
            );
        }
        for (name, (first, last, requests)) in &self.phases {
            let time =
                |at: &Millis| jiff::Timestamp::from_millisecond(*at).map(|time| time.to_string());
            if let (Ok(first), Ok(last)) = (time(first), time(last)) {
                let _ = write!(
                    text,
                    "\n[phases.{name}]\nfirst = \"{first}\"\nlast = \"{last}\"\nrequest_count = {requests}\n"
                );
            }
        }
        text
    }
}
