//! `breachscope synth`: writes a replica of the reference incident.

use std::path::PathBuf;
use std::process::ExitCode;

use breachscope::error::Error;
use breachscope::synth::{self, Scenario, WorldName};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

/// Writes a synthetic replica of a real breach, with the true answers beside it.
///
/// A stolen key forges access tokens of an online shop. DIR gets the shop's case: case.toml,
/// evidence/ with its logs, and registry/. Beside them expected.toml has the figures that
/// `breachscope scope DIR` must give, counted while generating. The same scale, seed and options give
/// the same bytes.
///
/// A scenario makes the verdicts harder. With one there is no expected.toml; instead truth.csv says of
/// each token that a gateway logged whether it is honest or forged, whether or not the evidence can
/// show it. The evidence then has the shop's login log too, in evidence/logins/.
///
/// A world is another service, with the logs of other products and an attack of its own. Its figures in
/// expected.toml are what really happened, so each lies within the bounds of `breachscope scope DIR`; its
/// truth.csv, truth-accounts.csv and truth-addresses.csv say the same token by token, view by view and address
/// by address. Keys and signatures of its tokens are new each time; all else is the same for the same seed.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  breachscope synth --scale 0.0005 --seed 99 --out REPLICA
  breachscope synth --no-attack --out HONEST
  breachscope synth --scenario clock-skew --out SKEWED
  breachscope synth --world keycloak-saas --out PORTAL")]
pub(crate) struct Arguments {
    /// Where to write the replica: a new or empty folder.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The size, above 0: 1 is the published incident, with 33,673,817 accounts.
    #[arg(long, value_name = "F", default_value_t = synth::SAMPLE_SCALE)]
    scale: f64,
    /// A number that decides everything left to chance.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Leave the attacker out: the same honest customers, and nobody forges.
    #[arg(long)]
    no_attack: bool,
    /// Log or attack the shop under a condition that puts verdicts in doubt.
    #[arg(long, value_name = "NAME", value_parser = scenarios())]
    scenario: Option<Scenario>,
    /// Write another world in place of the replica.
    #[arg(long, value_name = "NAME", value_parser = worlds(), conflicts_with_all = ["scale", "scenario"])]
    world: Option<WorldName>,
}

/// Reads a scenario's name; the help lists them all.
fn scenarios() -> impl TypedValueParser<Value = Scenario> {
    let values = Scenario::ALL
        .map(|(scenario, ..)| PossibleValue::new(scenario.name()).help(scenario.what()));
    PossibleValuesParser::new(values)
        .try_map(|name| Scenario::from_name(&name).ok_or("there is no such scenario"))
}

/// Reads a world's name; the help lists them all.
fn worlds() -> impl TypedValueParser<Value = WorldName> {
    let values =
        WorldName::ALL.map(|(world, ..)| PossibleValue::new(world.name()).help(world.what()));
    PossibleValuesParser::new(values)
        .try_map(|name| WorldName::from_name(&name).ok_or("there is no such world"))
}

/// Writes the replica or the world, and says how much was written.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let (seed, attack) = (arguments.seed, !arguments.no_attack);
    let written = match arguments.world {
        Some(name) => {
            let plan = synth::WorldPlan { name, seed, attack };
            synth::write_world(&plan, &arguments.out)?
        }
        None => {
            let plan = synth::Plan {
                scale: arguments.scale,
                seed,
                attack,
                scenario: arguments.scenario,
            };
            synth::write(&plan, &arguments.out, &super::Bars::new())?
        }
    };
    eprintln!(
        "written to {}: {} requests, {} of them the attacker's",
        arguments.out.display(),
        breachscope::terminal::thousands(written.requests),
        breachscope::terminal::thousands(written.attack_requests)
    );
    Ok(ExitCode::SUCCESS)
}
