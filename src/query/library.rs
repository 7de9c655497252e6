//! The queries of `queries/`, which are part of the program.

use super::Parameters;
use crate::error::{Error, Result};

/// A query of the library, with what its header says.
#[derive(Debug, Clone)]
pub struct Saved {
    /// The name of its file, without `.sql`.
    pub name: &'static str,
    /// Its text.
    pub sql: &'static str,
    /// What it is called in lists.
    pub title: &'static str,
    /// The question that it answers.
    pub question: &'static str,
    /// Its parameters as the header has them, each with a default and what it is.
    pub parameters: Vec<&'static str>,
    /// What its columns are.
    pub columns: &'static str,
    /// The order of its rows.
    pub order: &'static str,
}

/// Lists the files of `queries/` with their texts.
macro_rules! files {
    ($($name:literal)*) => {
        &[$(($name, include_str!(concat!("../../queries/", $name, ".sql")))),*]
    };
}

/// Every query of the library by name.
const FILES: &[(&str, &str)] = files! {
    "accounts-by-bound"
    "accounts-by-page"
    "accounts-by-page-and-region"
    "accounts-with-most-views"
    "addresses-of-many-accounts"
    "addresses-shared-with-customers"
    "attack-by-hour"
    "attacker-paths-outside-pages"
    "attacker-statuses"
    "attacker-user-agents"
    "busiest-hour-by-minute"
    "coverage-by-hour"
    "evidence-counts"
    "evidence-span"
    "exposures-by-rule"
    "fields-shown"
    "figures"
    "first-and-last-access"
    "first-forged-requests"
    "fleet-by-network"
    "forged-passes-by-key-and-day"
    "gaps"
    "headline-figures"
    "honest-use-at-the-same-time"
    "indeterminate-tokens"
    "issuance-coverage"
    "key-timeline"
    "longest-sessions"
    "nonexistent-subjects"
    "nonexistent-subjects-by-range"
    "overlapping-files"
    "people-by-region"
    "people-with-several-accounts"
    "rejects-by-reason"
    "requests-of-account"
    "requests-of-address"
    "requests-of-token"
    "runs-and-phases"
    "stolen-tokens"
    "timeline"
    "tokens-by-key"
    "tokens-of-many-addresses"
    "uses-after-withdrawal"
    "verdicts-by-reason"
    "views-by-day"
    "views-by-hour-of-day"
    "views-without-application-line"
    "who-saw-field"
};

/// All queries of the library, in the order of their names.
pub fn all() -> Vec<Saved> {
    FILES.iter().map(|(name, sql)| saved(name, sql)).collect()
}

/// The query of this name.
pub fn find(name: &str) -> Result<Saved> {
    let asked = name.strip_suffix(".sql").unwrap_or(name);
    let found = FILES.iter().find(|(known, _)| *known == asked);
    found.map(|(name, sql)| saved(name, sql)).ok_or_else(|| {
        Error::user(format!("there is no query `{asked}`"))
            .did_you_mean(asked, FILES.iter().map(|(known, _)| *known))
            .hint("`breachscope query --list` lists the queries; a statement has a blank in it")
    })
}

/// The queries in whose header each of the words stands.
pub fn search(words: &[String]) -> Vec<Saved> {
    let mut found = all();
    found.retain(|query| {
        let header = query.sql.lines().take_while(|line| line.starts_with("--"));
        let text = header.collect::<Vec<_>>().join(" ").to_lowercase() + " " + query.name;
        words.iter().all(|word| text.contains(&word.to_lowercase()))
    });
    found
}

impl Saved {
    /// The defaults of its parameters.
    pub fn defaults(&self) -> Result<Parameters> {
        defaults(self.sql)
    }
}

/// The defaults of a script's parameters: lines such as `-- param: page = order-list  The page.`
pub fn defaults(sql: &str) -> Result<Parameters> {
    let mut defaults = Parameters::default();
    for line in header(sql, "param") {
        let (parameter, _) = line.split_once("  ").unwrap_or((line, ""));
        if let Some((name, default)) = parameter.split_once('=') {
            let default = default.trim();
            let default = (default != "NULL").then_some(default);
            defaults.set(name.trim(), default)?;
        }
    }
    Ok(defaults)
}

/// The lines of a script's header with this key.
fn header<'s>(sql: &'s str, key: &'s str) -> impl Iterator<Item = &'s str> {
    let header = sql.lines().take_while(|line| line.starts_with("--"));
    header.filter_map(move |line| {
        line.strip_prefix("-- ")?
            .strip_prefix(key)?
            .strip_prefix(": ")
    })
}

fn saved(name: &'static str, sql: &'static str) -> Saved {
    let lines = |key| header(sql, key);
    let line = |key| lines(key).next().unwrap_or_default();
    Saved {
        name,
        sql,
        title: line("title"),
        question: line("question"),
        parameters: lines("param").collect(),
        columns: line("columns"),
        order: line("order"),
    }
}
