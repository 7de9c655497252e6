//! `breachscope help`: the help of a subcommand, and every setting of the case file.

use std::process::ExitCode;

use breachscope::error::{Error, closest};
use breachscope::reference;
use clap::CommandFactory as _;
use clap::error::ErrorKind;

/// Prints this help, the help of a subcommand, or every setting of the case file.
///
/// `help case` lists the settings of case.toml with their defaults and examples, and the columns of the
/// files that it names: page catalogue, key inventory and account registry. As JSON it is the JSON Schema of
/// the case file, which editors can check it with.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  breachscope help case
  breachscope help case --format json > case.schema.json
  breachscope help scope")]
pub(crate) struct Arguments {
    /// `case`, or a subcommand.
    topic: Option<String>,
    /// How the settings are printed; for the topic `case` only.
    #[arg(long, value_enum)]
    format: Option<super::PageFormat>,
}

/// The topic that is no subcommand.
const CASE: &str = "case";

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let topic = arguments.topic.as_deref();
    if topic == Some(CASE) {
        let format = arguments.format.unwrap_or(super::PageFormat::Text);
        super::print(&format.of(&reference::settings()))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut program = super::Arguments::command();
    program.build();
    if arguments.format.is_some() {
        let wrong = "--format is for `breachscope help case` only";
        program.error(ErrorKind::ArgumentConflict, wrong).exit();
    }
    let Some(topic) = topic else {
        super::print(&program.render_long_help().to_string())?;
        return Ok(ExitCode::SUCCESS);
    };
    if let Some(subcommand) = program.find_subcommand_mut(topic) {
        super::print(&subcommand.render_long_help().to_string())?;
        return Ok(ExitCode::SUCCESS);
    }
    let names = program.get_subcommands().map(clap::Command::get_name);
    let meant = closest(topic, names.chain([CASE]));
    let hint = meant.map_or(String::new(), |meant| format!("; did you mean `{meant}`?"));
    let wrong = format!("`{topic}` is no subcommand and not `{CASE}`{hint}");
    program.error(ErrorKind::InvalidSubcommand, wrong).exit();
}
