//! The planted truth: what an analyzer must count.
//!
//! It is counted while generating, and nothing here is shared with the analyzer. The generator says of
//! each request what the logs show of it, and of each token what the evidence can show it to be. Sets
//! of customer numbers are plain bit vectors.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::IpAddr;

use super::addresses;
use super::figures::{self, Figures};
use super::logs::PlantedLines;
use super::pages::{PAGES, PageId};
use super::world::{Customer, HARVEST, Millis, World};

/// The verdict that a token deserves, as far as the evidence can show it.
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
    /// The page of the catalogue that was asked for, if it was one.
    pub(super) page: Option<PageId>,
    pub(super) status: u16,
    pub(super) bytes: u64,
    /// Whether the gateway's line can be read.
    pub(super) gateway: bool,
    /// Account and items of the application's line, if there is one and it can be read.
    pub(super) application: Option<(Customer, u64)>,
    /// The customer that the token names; 0 if it names none.
    pub(super) subject: Customer,
    /// Whether that customer has an account.
    pub(super) subject_exists: bool,
}

/// A set of customer numbers.
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

/// How sure it is that a page showed an account.
///
/// Each view is counted once, under the surest bound that holds for it.
#[derive(Clone, Copy)]
enum Bound {
    Confirmed,
    Probable,
    Possible,
}

/// What was seen on a page, for each [`Bound`] without those before it.
struct Page {
    views: [u64; 3],
    accounts: [Bits; 3],
}

/// Times of the first and last forged request of a phase, and the number of them.
struct Phase {
    first: Millis,
    last: Millis,
    requests: u64,
}

/// The counts so far.
pub(super) struct Truth<'w> {
    world: &'w World,
    /// In the order of [`PAGES`].
    pages: Vec<Page>,
    nonexistent: Bits,
    not_open: Bits,
    /// Tokens in use, by [`Planted`].
    tokens: [u64; 3],
    nonexistent_tokens: u64,
    /// Requests whose gateway line can be read, by what their token is planted to be.
    requests: [u64; 3],
    without_gateway: u64,
    forged_addresses: BTreeSet<IpAddr>,
    doubtful_addresses: BTreeSet<IpAddr>,
    /// Those with a legitimate token, among the addresses that may be the fleet's.
    honest_addresses: BTreeSet<IpAddr>,
    phases: BTreeMap<&'static str, Phase>,
}

impl<'w> Truth<'w> {
    /// Nothing is counted yet.
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
        }
    }

    /// Counts a token that is used at least once.
    pub(super) fn token(&mut self, planted: Planted) {
        self.tokens[planted as usize] += 1;
    }

    /// Counts a forged token for a number that nobody has.
    pub(super) fn nonexistent(&mut self, customer: Customer) {
        self.nonexistent_tokens += 1;
        self.nonexistent.insert(customer);
    }

    /// Counts a forged token for an account that was not open.
    pub(super) fn not_open(&mut self, customer: Customer) {
        self.not_open.insert(customer);
    }

    /// Counts a request, and what it may have exposed.
    pub(super) fn request(&mut self, shown: &Shown) {
        // Only the gateway sees tokens.
        let token = shown.token.filter(|_| shown.gateway);
        match token {
            Some(planted) => self.requests[planted as usize] += 1,
            None if !shown.gateway => self.without_gateway += 1,
            None => {}
        }
        match token {
            Some(Planted::Forged) => {
                self.forged_addresses.insert(shown.address);
                self.forged_at(shown.at);
            }
            Some(Planted::Indeterminate) => {
                self.doubtful_addresses.insert(shown.address);
            }
            Some(Planted::Legitimate) if addresses::may_be_the_fleets(shown.address) => {
                self.honest_addresses.insert(shown.address);
            }
            Some(Planted::Legitimate) | None => {}
        }
        if let Some(page) = shown.page
            && let Some((bound, account)) = exposure(shown, token, page)
        {
            let page = &mut self.pages[page as usize];
            page.views[bound as usize] += 1;
            if let Some(account) = account {
                page.accounts[bound as usize].insert(account);
            }
        }
    }

    /// Counts a forged request in its phase.
    fn forged_at(&mut self, at: Millis) {
        let name = if at < HARVEST.0 { "test" } else { "harvest" };
        let phase = self.phases.entry(name).or_insert(Phase {
            first: at,
            last: at,
            requests: 0,
        });
        phase.first = phase.first.min(at);
        phase.last = phase.last.max(at);
        phase.requests += 1;
    }

    /// The accounts that these pages expose: confirmed, at least probable, and all.
    fn accounts(&self, pages: &[usize]) -> [Bits; 3] {
        let mut so_far = Bits::new(self.world.highest());
        [0, 1, 2].map(|bound| {
            for page in pages {
                so_far.join(&self.pages[*page].accounts[bound]);
            }
            so_far.clone()
        })
    }

    /// How many persons hold these accounts.
    fn persons(&self, accounts: &Bits) -> u64 {
        let mut persons = Bits::new(self.world.highest());
        accounts
            .iter()
            .for_each(|account| persons.insert(self.world.person(account)));
        persons.count()
    }

    /// Adds the figures for these pages taken together.
    ///
    /// They are views, accounts, (account, page) records and persons.
    fn exposed(&self, prefix: &str, pages: &[usize], figures: &mut Figures) {
        let mut views = [0; 3];
        let mut records = [0; 3];
        for page in pages {
            let [a, b, c] = self.pages[*page].views;
            for (sum, more) in views.iter_mut().zip([a, a + b, a + b + c]) {
                *sum += more;
            }
            for (sum, set) in records.iter_mut().zip(self.accounts(&[*page])) {
                *sum += set.count();
            }
        }
        let accounts = self.accounts(pages);
        let counts = accounts.each_ref().map(Bits::count);
        let persons = accounts.each_ref().map(|set| self.persons(set));
        figures.insert(format!("{prefix}.views"), views);
        figures.insert(format!("{prefix}.accounts"), counts);
        figures.insert(format!("{prefix}.records"), records);
        figures.insert(format!("{prefix}.persons"), persons);
    }

    /// All figures; `lines` are those of all logs.
    fn figures(&self, lines: PlantedLines) -> Figures {
        let mut figures = Figures::new();
        let all: Vec<usize> = (0..PAGES.len()).collect();
        self.exposed("total", &all, &mut figures);
        let mut fields: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
        for (index, page) in PAGES.iter().enumerate() {
            self.exposed(&format!("page.{}", page.id), &[index], &mut figures);
            for (name, form) in page.fields {
                fields.entry((name, form)).or_default().push(index);
            }
        }
        for ((name, form), pages) in fields {
            self.exposed(&format!("field.{name}.{form}"), &pages, &mut figures);
        }
        let certain = |count: u64| [count; 3];
        let [forged, doubtful, honest] = self.tokens;
        let [forged_requests, doubtful_requests, honest_requests] = self.requests;
        let possible_requests = forged_requests + doubtful_requests + lines.gateway_rejects;
        let (by_forged, by_honest) = (&self.forged_addresses, &self.honest_addresses);
        let fleet = by_forged.len() as u64;
        let shared = by_forged.intersection(by_honest).count() as u64;
        let suspects = by_forged.union(&self.doubtful_addresses).count() as u64;
        for (id, bounds) in [
            ("tokens.forged", [forged, forged, forged + doubtful]),
            ("tokens.indeterminate", certain(doubtful)),
            ("tokens.legitimate", certain(honest)),
            ("tokens.stolen", [0, 0, doubtful]),
            (
                "tokens.nonexistent_subject",
                certain(self.nonexistent_tokens),
            ),
            ("subjects.nonexistent", certain(self.nonexistent.count())),
            ("subjects.not_open", certain(self.not_open.count())),
            (
                "requests.forged",
                [forged_requests, forged_requests, possible_requests],
            ),
            ("requests.legitimate", certain(honest_requests)),
            (
                "requests.stolen",
                [0, 0, doubtful_requests + lines.gateway_rejects],
            ),
            (
                "requests.without_gateway_line",
                certain(self.without_gateway),
            ),
            ("fleet.addresses", [fleet, fleet, suspects]),
            (
                "fleet.dedicated",
                [fleet - shared, fleet - shared, suspects - shared],
            ),
            ("fleet.shared", [shared, shared, shared + suspects - fleet]),
            ("intake.lines", certain(lines.lines)),
            ("intake.rejects", certain(lines.rejects)),
        ] {
            figures.insert(id.to_string(), bounds);
        }
        figures
    }

    /// The text of `expected.toml`; `lines` are those of all logs.
    pub(super) fn expected(&self, lines: PlantedLines) -> String {
        let mut text = figures::text(&self.figures(lines));
        for (name, phase) in &self.phases {
            let time = |at| jiff::Timestamp::from_millisecond(at).map(|time| time.to_string());
            if let (Ok(first), Ok(last)) = (time(phase.first), time(phase.last)) {
                let _ = write!(
                    text,
                    "\n[phases.{name}]\nfirst = \"{first}\"\nlast = \"{last}\"\nrequest_count = {}\n",
                    phase.requests
                );
            }
        }
        text
    }
}

/// What a request for `page` exposes; `None` if nothing.
///
/// Returns the surest bound, and the account if any log names it. `token` is what the gateway's line
/// shows.
fn exposure(
    shown: &Shown,
    token: Option<Planted>,
    page: PageId,
) -> Option<(Bound, Option<Customer>)> {
    match token {
        Some(Planted::Legitimate) => return None,
        // The gateway shows that the request had no token.
        None if shown.gateway => return None,
        _ => {}
    }
    let delivered = (200..300).contains(&shown.status);
    let bound = match shown.application {
        Some((_, 0)) => return None,
        Some(_) if delivered => Bound::Confirmed,
        Some(_) => Bound::Possible,
        None if delivered && shown.bytes >= PAGES[page as usize].empty_below_bytes => {
            Bound::Probable
        }
        None => return None,
    };
    let bound = match token {
        Some(Planted::Forged) => bound,
        _ => Bound::Possible,
    };
    match (shown.application, token) {
        (Some((account, _)), _) => Some((bound, Some(account))),
        (None, Some(_)) if shown.subject_exists => Some((bound, Some(shown.subject))),
        (None, Some(_)) => None,
        // Only the edge has a line of it, and an edge sees no tokens: the account is unknown.
        (None, None) => Some((bound, None)),
    }
}
