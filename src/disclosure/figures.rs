//! The figures: each with an id, a unit, three bounds and the rule behind it.
//!
//! `confirmed <= probable <= possible` always: a bound includes those before it.

use std::path::Path;

use roaring::RoaringTreemap;
use serde::Serialize;

use crate::case::{AccountKey, Accounts, Catalogue};
use crate::error::Result;
use crate::exposure::{Exposure, PageTally};
use crate::frames::{self, FrameWriter, Value};
use crate::results::Manifest;
use crate::tokens::Tokens;

/// A figure of the disclosure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Figure {
    /// A stable name, such as `page.order-list.views`.
    pub id: String,
    /// What is counted: `view`, `account`, `record` (an account and a page), `person`, `token`,
    /// `subject`, `address`, `request` or `line`.
    pub unit: &'static str,
    /// What is proven.
    pub confirmed: u64,
    /// What is proven or likely.
    pub probable: u64,
    /// All that cannot be excluded.
    pub possible: u64,
    /// How the figure is counted.
    pub rule: String,
}

impl Figure {
    fn new(id: impl Into<String>, unit: &'static str, bounds: [u64; 3], rule: &str) -> Self {
        let [confirmed, probable, possible] = bounds;
        let id = id.into();
        assert!(
            confirmed <= probable && probable <= possible,
            "the bounds of {id} are in order"
        );
        Figure {
            id,
            unit,
            confirmed,
            probable,
            possible,
            rule: rule.into(),
        }
    }
}

/// All figures, in a fixed order.
///
/// What cannot be determined without a registry is no figure: a zero would be a claim.
pub fn figures(
    catalogue: &Catalogue,
    accounts: &Accounts,
    manifest: &Manifest,
    tokens: &Tokens,
    exposure: &Exposure,
) -> Vec<Figure> {
    let mut all = of_exposure(catalogue, accounts, exposure);
    if tokens.stolen > 0 && !exposure.stolen.is_empty() {
        let tallies: Vec<&PageTally> = exposure.stolen.iter().collect();
        let shown = "any page, to a stolen token";
        let unknown = &exposure.stolen_unknown_page;
        all.extend(block("stolen", (&tallies, unknown), shown, accounts));
    }
    all.extend(of_tokens(tokens));
    if accounts.known {
        all.extend(of_subjects(tokens));
    }
    all.extend(of_requests(exposure));
    all.extend(of_fleet(tokens, exposure));
    all.extend(of_intake(manifest));
    all
}

/// A count without doubt: all bounds are the same.
fn same(count: u64) -> [u64; 3] {
    [count; 3]
}

/// A count that is proven, beside one that cannot be excluded.
fn possible(sure: u64, doubtful: u64) -> [u64; 3] {
    [sure, sure, sure + doubtful]
}

/// What all pages, each page and each field of the catalogue showed.
fn of_exposure(catalogue: &Catalogue, accounts: &Accounts, exposure: &Exposure) -> Vec<Figure> {
    let mut all = Vec::new();
    let unknown = &exposure.unknown_page;
    let tallies: Vec<&PageTally> = exposure.pages.iter().collect();
    if !tallies.is_empty() {
        let shown = "any page of the catalogue";
        all.extend(block("total", (&tallies, unknown), shown, accounts));
    }
    for (page, tally) in catalogue.pages.iter().zip(&exposure.pages) {
        let (prefix, shown) = (format!("page.{}", page.id), format!("the page {}", page.id));
        all.extend(block(&prefix, (&[tally], unknown), &shown, accounts));
    }
    for field in &catalogue.fields {
        let pages = catalogue.pages.iter().zip(&exposure.pages);
        let with_field = pages.filter(|(page, _)| page.fields.contains(field));
        let tallies: Vec<&PageTally> = with_field.map(|(_, tally)| tally).collect();
        let (name, form) = (&field.name, field.form_name());
        let shown = format!("a page with the field {name} ({form})");
        all.extend(block(
            &format!("field.{name}.{form}"),
            (&tallies, unknown),
            &shown,
            accounts,
        ));
    }
    all
}

/// The accounts of each bound, with those of the bounds before it.
fn cumulative(tallies: &[&PageTally]) -> [RoaringTreemap; 3] {
    let mut so_far = RoaringTreemap::new();
    [0, 1, 2].map(|bound: usize| {
        for tally in tallies {
            so_far |= &tally.accounts[bound];
        }
        so_far.clone()
    })
}

/// Views, accounts, records and persons of some pages together; `shown` names the pages.
///
/// What requests for an `unknown` page may have shown may be of any of them.
fn block(
    prefix: &str,
    (pages, unknown): (&[&PageTally], &PageTally),
    shown: &str,
    accounts: &Accounts,
) -> Vec<Figure> {
    let tallies = &[pages, &[unknown]].concat();
    let mut so_far = 0;
    let views = [0, 1, 2].map(|bound: usize| {
        so_far += tallies.iter().map(|tally| tally.views[bound]).sum::<u64>();
        so_far
    });
    let mut records = [0; 3];
    for tally in pages {
        for (sum, set) in records.iter_mut().zip(cumulative(&[tally])) {
            *sum += set.len();
        }
    }
    // Each account that an unknown page may have shown is one more record, unless it has one for every page.
    let every = pages.iter().map(|tally| cumulative(&[tally])[2].clone());
    let every = every.reduce(|every, page| every & page).unwrap_or_default();
    records[2] += (&unknown.accounts[2] - every).len();
    let sets = cumulative(tallies);
    let persons = |set: &RoaringTreemap| {
        let person = |key| {
            accounts
                .find(AccountKey(key))
                .map(|account| account.person.0)
        };
        set.iter()
            .filter_map(person)
            .collect::<RoaringTreemap>()
            .len()
    };
    let rule = |what: &str| {
        format!(
            "{what} {shown}; confirmed: the application logged items; probable: or the gateway delivered the page; possible: or under an indeterminate token, a lost gateway line or a cut delivery"
        )
    };
    let figure = |name: &str, unit, bounds, what: &str| {
        Figure::new(format!("{prefix}.{name}"), unit, bounds, &rule(what))
    };
    let mut all = vec![
        figure("views", "view", views, "requests that showed"),
        figure(
            "accounts",
            "account",
            sets.each_ref().map(RoaringTreemap::len),
            "distinct registered accounts whose data was shown by",
        ),
        figure(
            "records",
            "record",
            records,
            "distinct pairs of account and page shown by",
        ),
    ];
    if accounts.known {
        all.push(figure(
            "persons",
            "person",
            sets.each_ref().map(persons),
            "distinct persons, by the account registry, whose accounts were shown by",
        ));
    }
    all
}

/// Tokens by verdict.
fn of_tokens(tokens: &Tokens) -> [Figure; 4] {
    let [strongly, forged] = tokens.forged;
    [
        Figure::new(
            "tokens.forged",
            "token",
            [strongly, forged, forged + tokens.indeterminate],
            "distinct tokens that a deciding rule calls forged; confirmed: with strong confidence; probable: or moderate; possible: or indeterminate",
        ),
        Figure::new(
            "tokens.indeterminate",
            "token",
            same(tokens.indeterminate),
            "distinct tokens neither shown forged nor shown issued",
        ),
        Figure::new(
            "tokens.legitimate",
            "token",
            same(tokens.legitimate),
            "distinct tokens with an issuance record that names their subject",
        ),
        Figure::new(
            "tokens.stolen",
            "token",
            possible(tokens.stolen, tokens.indeterminate),
            "distinct tokens that were issued and then used from an address of the attacker's own; possible: or indeterminate",
        ),
    ]
}

/// Whom forged tokens name, against the account registry.
fn of_subjects(tokens: &Tokens) -> [Figure; 3] {
    let unknown = tokens.unknown_subjects.len();
    let or_doubtful = tokens
        .unknown_subjects
        .union_len(&tokens.doubtful_unknown_subjects);
    [
        Figure::new(
            "tokens.nonexistent_subject",
            "token",
            possible(
                tokens.forged_unknown_subject,
                tokens.doubtful_unknown_subject,
            ),
            "forged tokens naming no account of the registry; possible: or indeterminate ones",
        ),
        Figure::new(
            "subjects.nonexistent",
            "subject",
            [unknown, unknown, or_doubtful],
            "distinct subjects of forged tokens that are no account of the registry; possible: or of indeterminate ones; none is an affected account",
        ),
        Figure::new(
            "subjects.not_open",
            "account",
            same(tokens.closed_accounts.len()),
            "registered accounts that were not open when a forged token naming them was first used",
        ),
    ]
}

/// Requests by the verdict of their token.
fn of_requests(exposure: &Exposure) -> [Figure; 4] {
    let [forged, doubtful, legitimate, stolen] = exposure.requests;
    let [dedicated, shared] = exposure.by_address;
    [
        Figure::new(
            "requests.forged",
            "request",
            [
                forged - exposure.likely_forged,
                forged + dedicated,
                forged + dedicated + shared + doubtful + exposure.rejected,
            ],
            "gateway requests with a forged token; probable: or, where no token is logged, from an address of the attacker alone; possible: or from a shared one, with an indeterminate token, or lines that could not be read",
        ),
        Figure::new(
            "requests.legitimate",
            "request",
            same(legitimate),
            "gateway requests with a legitimate token",
        ),
        Figure::new(
            "requests.stolen",
            "request",
            possible(stolen, doubtful + exposure.rejected),
            "gateway requests of the attacker with a stolen token, whose exposures are counted apart; possible: or with an indeterminate token, or lines that could not be read",
        ),
        Figure::new(
            "requests.without_gateway_line",
            "request",
            same(exposure.without_gateway),
            "requests known from another tier only",
        ),
    ]
}

/// The addresses that the forged tokens came from.
fn of_fleet(tokens: &Tokens, exposure: &Exposure) -> [Figure; 3] {
    let addresses = exposure.fleet.addresses.len() as u64;
    let doubtful = tokens
        .doubtful_addresses
        .difference(&tokens.forged_addresses)
        .count();
    let shared = exposure.fleet.shared_count();
    [
        Figure::new(
            "fleet.addresses",
            "address",
            possible(addresses, doubtful as u64),
            "distinct addresses that carried a forged token; possible: or an indeterminate one",
        ),
        Figure::new(
            "fleet.dedicated",
            "address",
            possible(addresses - shared, doubtful as u64),
            "addresses of the fleet from which no legitimate token was seen; possible: or addresses with indeterminate tokens only",
        ),
        Figure::new(
            "fleet.shared",
            "address",
            possible(shared, doubtful as u64),
            "addresses of the fleet from which a legitimate token was seen too; possible: or addresses with indeterminate tokens only",
        ),
    ]
}

/// How much of the evidence was read.
fn of_intake(manifest: &Manifest) -> [Figure; 2] {
    let lines = manifest.totals;
    [
        Figure::new(
            "intake.lines",
            "line",
            same(lines.lines),
            "lines read from the evidence, copies of a file aside",
        ),
        Figure::new(
            "intake.rejects",
            "line",
            same(lines.rejects),
            "lines kept as rejects",
        ),
    ]
}

/// Writes the frame `figures` below `frames_dir`.
pub fn write_figures(figures: &[Figure], frames_dir: &Path) -> Result<()> {
    let mut writer = FrameWriter::create(frames_dir, &frames::FIGURES, 0)?;
    for figure in figures {
        writer.push(&[
            Value::Text(&figure.id),
            Value::Text(figure.unit),
            Value::Number(figure.confirmed),
            Value::Number(figure.probable),
            Value::Number(figure.possible),
            Value::Text(&figure.rule),
        ])?;
    }
    writer.finish().map(drop)
}
