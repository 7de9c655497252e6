//! The truth of a world: what each token, account and address really is.
//!
//! It is counted from what happens, whatever the logs keep of it. So a figure of it must lie within the
//! bounds that an analyzer gives, and need not be any of them. The files are those of the replica where it
//! has them: `truth.csv` with a row for each token in use and `expected.toml` with the figures; beside them
//! `truth-accounts.csv` and `truth-addresses.csv`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::net::IpAddr;
use std::path::Path;

use super::events::{Holder, Person, Request, Target};
use crate::error::{Error, Result};
use crate::synth::figures::{self, Figures};
use crate::synth::pages::Page;

/// What a token says of itself in the gateway's log.
#[derive(Debug, Clone, Default)]
pub(super) struct Pass {
    pub(super) token_id: String,
    pub(super) subject: String,
    pub(super) issuer: String,
    /// Empty where the log has none.
    pub(super) key_id: String,
}

/// A token in use.
struct UsedToken {
    pass: Pass,
    forged: bool,
    stolen: bool,
    in_hole: bool,
}

/// The truth so far.
pub(super) struct Planted {
    pages: &'static [Page],
    has_accounts: bool,
    /// The person behind each account.
    person_of: fn(Person) -> u64,
    tokens: BTreeMap<u64, UsedToken>,
    /// Views that the attacker got, by account and page.
    views: BTreeMap<(Person, usize), u64>,
    nonexistent: BTreeSet<u64>,
    /// Requests with a forged token, and with a stolen one.
    requests: [u64; 2],
    attackers: BTreeSet<IpAddr>,
    customers: BTreeSet<IpAddr>,
}

impl Planted {
    /// Nothing is counted yet.
    pub(super) fn new(
        pages: &'static [Page],
        has_accounts: bool,
        person_of: fn(Person) -> u64,
    ) -> Self {
        Planted {
            pages,
            has_accounts,
            person_of,
            tokens: BTreeMap::new(),
            views: BTreeMap::new(),
            nonexistent: BTreeSet::new(),
            requests: [0; 2],
            attackers: BTreeSet::new(),
            customers: BTreeSet::new(),
        }
    }

    /// Counts a request; `pass` is what a gateway's log has of its token, if one has any.
    ///
    /// A token that no log has is none of the tokens in use; what it showed counts all the same.
    pub(super) fn request(&mut self, request: &Request, pass: Option<Pass>) {
        let (token, address) = (&request.token, request.client.address);
        let stolen = request.by_attacker && !token.is_forged();
        if let Some(pass) = pass {
            let used = self.tokens.entry(token.number).or_insert(UsedToken {
                pass,
                forged: token.is_forged(),
                stolen: false,
                in_hole: token.in_hole,
            });
            used.stolen |= stolen;
            self.requests[usize::from(stolen)] += u64::from(request.by_attacker);
            if let (Holder::Nobody(number), true) = (token.holder, request.by_attacker) {
                self.nonexistent.insert(number);
            }
        }
        if !request.by_attacker {
            self.customers.insert(address);
            return;
        }
        if stolen {
            return;
        }
        self.attackers.insert(address);
        if let (Holder::Person(person), Target::Page(page)) = (token.holder, request.target)
            && request.status == 200
            && request.items.is_some_and(|items| items > 0)
        {
            *self.views.entry((person, page)).or_default() += 1;
        }
    }

    /// Adds views, accounts, records and persons of these pages together.
    fn exposed(&self, prefix: &str, pages: &[usize], figures: &mut Figures) {
        let seen = self
            .views
            .iter()
            .filter(|((_, page), _)| pages.contains(page));
        let (mut views, mut records) = (0, 0);
        let (mut accounts, mut persons) = (BTreeSet::new(), BTreeSet::new());
        for ((account, _), count) in seen {
            views += count;
            records += 1;
            accounts.insert(*account);
            persons.insert((self.person_of)(*account));
        }
        for (unit, count) in [
            ("views", views),
            ("accounts", accounts.len() as u64),
            ("records", records),
            ("persons", persons.len() as u64),
        ] {
            figures.insert(format!("{prefix}.{unit}"), [count; 3]);
        }
    }

    /// All figures, each without doubt.
    fn figures(&self) -> Figures {
        let mut figures = Figures::new();
        let all: Vec<usize> = (0..self.pages.len()).collect();
        self.exposed("total", &all, &mut figures);
        let mut fields: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
        for (index, page) in self.pages.iter().enumerate() {
            self.exposed(&format!("page.{}", page.id), &[index], &mut figures);
            for (name, form) in page.fields {
                fields.entry((name, form)).or_default().push(index);
            }
        }
        for ((name, form), pages) in fields {
            self.exposed(&format!("field.{name}.{form}"), &pages, &mut figures);
        }
        let tokens = |wanted: fn(&UsedToken) -> bool| {
            self.tokens.values().filter(|token| wanted(token)).count() as u64
        };
        let shared = self.attackers.intersection(&self.customers).count() as u64;
        let [forged_requests, stolen_requests] = self.requests;
        for (id, count) in [
            ("tokens.forged", tokens(|token| token.forged)),
            ("tokens.stolen", tokens(|token| token.stolen)),
            ("tokens.nonexistent_subject", self.nonexistent.len() as u64),
            ("subjects.nonexistent", self.nonexistent.len() as u64),
            ("requests.forged", forged_requests),
            ("requests.stolen", stolen_requests),
            ("fleet.addresses", self.attackers.len() as u64),
            ("fleet.dedicated", self.attackers.len() as u64 - shared),
            ("fleet.shared", shared),
        ] {
            figures.insert(id.to_string(), [count; 3]);
        }
        if !self.has_accounts {
            figures.retain(|id, _| !id.ends_with(".persons") && !id.contains("nonexistent"));
        }
        figures
    }

    /// Writes the files of truth into the folder `out`; `account` spells an account as the registry does.
    pub(super) fn write(&self, out: &Path, account: impl Fn(Person) -> String) -> Result<()> {
        let write = |name: &str, text: &str| {
            let path = out.join(name);
            fs::write(&path, text).map_err(|e| Error::io("write the truth", &path, e))
        };
        let mut tokens = String::from("token_id,subject,issuer,key_id,truth,in_hole\n");
        for token in self.tokens.values() {
            let Pass {
                token_id,
                subject,
                issuer,
                key_id,
            } = &token.pass;
            let truth = match token {
                UsedToken { forged: true, .. } => "forged",
                UsedToken { stolen: true, .. } => "stolen",
                _ => "honest",
            };
            let in_hole = if token.in_hole { "yes" } else { "no" };
            // Writing to a string cannot fail.
            let _ = writeln!(
                tokens,
                "{token_id},{subject},{issuer},{key_id},{truth},{in_hole}"
            );
        }
        write("truth.csv", &tokens)?;
        let mut accounts = String::from("account,page,view_count\n");
        for ((person, page), count) in &self.views {
            let _ = writeln!(
                accounts,
                "{},{},{count}",
                account(*person),
                self.pages[*page].id
            );
        }
        write("truth-accounts.csv", &accounts)?;
        let mut addresses = String::from("source_ip,nature\n");
        for address in &self.attackers {
            let nature = match self.customers.contains(address) {
                true => "shared",
                false => "dedicated",
            };
            let _ = writeln!(addresses, "{address},{nature}");
        }
        write("truth-addresses.csv", &addresses)?;
        write("expected.toml", &figures::text(&self.figures()))
    }
}
