//! `breachscope synth`: the replica of the reference incident.

use std::path::PathBuf;
use std::process::ExitCode;

use breachscope::error::Error;
use breachscope::synth::{self, Scenario};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

/// Writes a scaled replica of the reference incident, with its planted truth.
///
/// The same scale and seed give the same bytes. DIR gets case.toml, evidence/, registry/ and
/// expected.toml: the figures that `breachscope scope DIR` must give, counted while generating.
///
/// With --scenario there is no expected.toml. Instead there are truth.csv, which says of every token
/// seen at a gateway whether it is honest or forged, whatever the evidence shows of it, and
/// evidence/logins/, the application's own login log.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  breachscope synth --scale 0.0005 --seed 99 --out REPLICA
  breachscope synth --no-attack --out HONEST
  breachscope synth --scenario clock-skew --out SKEWED")]
pub(crate) struct Arguments {
    /// Where the replica goes: a new or empty folder.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Size: 1 is the published incident (33,673,817 accounts).
    #[arg(long, value_name = "F", default_value_t = synth::SAMPLE_SCALE)]
    scale: f64,
    /// Seed of all that is left to chance.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// The same honest world with nobody forging.
    #[arg(long)]
    no_attack: bool,
    /// A condition that puts verdicts in doubt.
    #[arg(long, value_name = "NAME", value_parser = scenarios())]
    scenario: Option<Scenario>,
}

/// Reads a scenario's name; the help lists them all.
fn scenarios() -> impl TypedValueParser<Value = Scenario> {
    let values = Scenario::ALL
        .map(|(scenario, ..)| PossibleValue::new(scenario.name()).help(scenario.what()));
    PossibleValuesParser::new(values)
        .try_map(|name| Scenario::from_name(&name).ok_or("there is no such scenario"))
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let plan = synth::Plan {
        scale: arguments.scale,
        seed: arguments.seed,
        attack: !arguments.no_attack,
        scenario: arguments.scenario,
    };
    let written = synth::write(&plan, &arguments.out, &super::Bars::new())?;
    eprintln!(
        "written to {}: {} requests, {} of them the attacker's",
        arguments.out.display(),
        breachscope::terminal::thousands(written.requests),
        breachscope::terminal::thousands(written.attack_requests)
    );
    Ok(ExitCode::SUCCESS)
}
