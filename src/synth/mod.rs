//! Generates a replica of the reference incident, at any scale, and further worlds, with their truth.
//!
//! The same plan gives the same bytes: all chance is `chance::Chance`, seeded by the plan and by what
//! it decides. Events are planned and logged hour by hour, so that memory grows with the scale only by
//! one hour's events and by a few bits for each customer number. Under a [`Scenario`] it also holds the
//! identity of each token and, where the scenario plans ahead, up to two days of events.
//!
//! # Which file does what
//!
//! A file imports only from files above it in this table.
//!
//! | file | what it does |
//! |---|---|
//! | `chance` | random numbers that never change, and a list of what they decide |
//! | `figures` | planted figures and their text |
//! | `networks` | the network database |
//! | `pages` | the pages that show an account's data, and the catalogue of them |
//! | `keys` | issuers and signing keys |
//! | `scenario` | the scenarios: names and meaning, and nothing of what they change |
//! | `world` | the calendar, which accounts exist and when, and how much of everything there is |
//! | `clocks` | how logs write times |
//! | `logs` | log files, and the lines of gateway and edge |
//! | `addresses` | where customers, services and the attacker's fleet send requests from |
//! | `truth` | what an analyzer must count; `expected.toml` |
//! | `events` | tokens, requests and other events, and the agenda that they are put on |
//! | `changes` | what each scenario changes |
//! | `people` | what a person does: a session, a login, the uses of a token |
//! | `scenes` | activity that only scenarios have, and what forged tokens claim |
//! | `honest` | all honest sessions and services of an hour |
//! | `attack` | the attacker's tests, crawl and later visits |
//! | `ledger` | the login log and `truth.csv`, which only scenarios have |
//! | `evidence` | what each log keeps of each event, with its flaws |
//! | `registry` | registries of accounts and keys, catalogue, network database |
//! | `case` | `case.toml` |
//! | `worlds` | further worlds, each with the logs of other products |
//! | `mod` | the way through: plan an hour, log what is due, and write the truth at the end |
//!
//! # How to add a scenario
//!
//! 1. In `scenario`: a variant of [`Scenario`] whose doc says what it plants, what that looks like and
//!    what an analyzer must make of it; and its line in [`Scenario::ALL`], at the same place.
//! 2. In `changes`: an arm in each function whose answer it changes, or in `World::resize` if it
//!    changes how much there is.
//! 3. In `scenes`: a function of its own, if people or forged tokens do something that the replica
//!    lacks, called by `scenes::hour` or `scenes::guise`.
//! 4. A kind of its own in `chance::Kind`, if it draws: the other draws must stay as they are.
//!
//! No other file names a scenario. The matrix of the integration tests then runs it with ten seeds.

mod addresses;
mod attack;
mod case;
mod chance;
mod changes;
mod clocks;
mod events;
mod evidence;
mod figures;
mod honest;
mod keys;
mod ledger;
mod logs;
mod networks;
mod pages;
mod people;
mod registry;
mod scenario;
mod scenes;
#[cfg(test)]
mod tests;
mod truth;
mod world;
mod worlds;

use std::fs;
use std::path::Path;

use crate::error::{Error, Result};
use crate::progress::Progress;
use events::Agenda;
use evidence::Evidence;
pub use evidence::Written;
pub use scenario::Scenario;
pub use world::Plan;
use world::{HOURS, Millis, World};
pub use worlds::{WorldName, WorldPlan};

/// The scale of `sample-data/replica`.
pub const SAMPLE_SCALE: f64 = 0.00003;

/// Writes the replica of `plan` into `out`, which must be new or empty.
///
/// Fails if the scale is not above 0 and at most 1, or if a file cannot be written.
pub fn write(plan: &Plan, out: &Path, progress: &dyn Progress) -> Result<Written> {
    if !(plan.scale > 0.0 && plan.scale <= 1.0) {
        return Err(Error::user(format!(
            "the scale {} is not above 0 and at most 1",
            plan.scale
        ))
        .hint("--scale 1 is the published incident; --scale 0.0005 takes seconds"));
    }
    prepare(out)?;
    let world = World::new(plan);
    registry::write_all(&world, &out.join("registry"))?;
    case::write(&world, &out.join("case.toml"), &case_id(plan))?;
    let mut agenda = Agenda::new(&world);
    let mut evidence = Evidence::new(&world, out)?;
    generate(&mut agenda, &mut evidence, progress)?;
    let lines = evidence.finish()?;
    if let Some(name) = evidence.late_file() {
        put_aside(&out.join("evidence/issuance"), &out.join("late"), &name)?;
    }
    // These figures hold only for the replica itself: no scenario changes the evidence behind them.
    if plan.scenario.is_none() {
        let path = out.join("expected.toml");
        fs::write(&path, agenda.truth.expected(lines))
            .map_err(|e| Error::io("write the file", &path, e))?;
    }
    Ok(evidence.written())
}

/// Writes the world of `plan` into `out`, which must be new or empty.
///
/// Fails if a file cannot be written.
pub fn write_world(plan: &WorldPlan, out: &Path) -> Result<Written> {
    prepare(out)?;
    worlds::write(plan, out)
}

/// Makes the output folder, unless there is one that has something in it.
fn prepare(out: &Path) -> Result<()> {
    let failed = |e: std::io::Error| Error::io("prepare the folder", out, e);
    if out.exists() && fs::read_dir(out).map_err(failed)?.next().is_some() {
        return Err(Error::user("the folder is not empty; nothing was written")
            .in_file(out)
            .hint("name a new folder with --out"));
    }
    fs::create_dir_all(out).map_err(failed)
}

/// The id of the plan's case, which names all of the plan.
fn case_id(plan: &Plan) -> String {
    let mut id = format!("replica-{}-{}", plan.scale, plan.seed);
    if !plan.attack {
        id.push_str("-honest");
    }
    if let Some(scenario) = plan.scenario {
        id.push('-');
        id.push_str(scenario.name());
    }
    id
}

/// Moves the file `name` out of the evidence.
fn put_aside(from: &Path, to: &Path, name: &str) -> Result<()> {
    let file = from.join(name);
    fs::create_dir_all(to)
        .and_then(|()| fs::rename(&file, to.join(name)))
        .map_err(|e| Error::io("put the file aside", &file, e))
}

/// Lets the world happen, hour by hour.
fn generate(
    agenda: &mut Agenda<'_>,
    evidence: &mut Evidence<'_>,
    progress: &dyn Progress,
) -> Result<()> {
    let world = agenda.world;
    progress.begin("replica", HOURS);
    let mut crawl = attack::Crawl::new(world);
    for hour in 0..HOURS {
        let (_, end) = world::hour(hour);
        honest::hour(agenda, hour);
        if world.attack {
            crawl.until(agenda, end + changes::ahead(world));
        }
        log_until(end, agenda, evidence)?;
        // Some seven times in all, at no particular time of day.
        if hour % 1_103 == 500 {
            evidence.garbage()?;
        }
        progress.advance(1);
    }
    // Sessions of the last hours go on after the end.
    log_until(Millis::MAX, agenda, evidence)?;
    progress.end();
    Ok(())
}

/// Logs what happens before `end`, and counts what the logs show of it.
fn log_until(end: Millis, agenda: &mut Agenda<'_>, evidence: &mut Evidence<'_>) -> Result<()> {
    for (at, event) in agenda.take_until(end) {
        if let Some(shown) = evidence.record(at, &event)? {
            agenda.truth.request(&shown);
        }
    }
    Ok(())
}
