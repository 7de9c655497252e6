//! What a world must be able to do: say how large it is, and log what happens.

use std::path::Path;

use super::events::{Event, Person, Token};
use super::name::WorldPlan;
use super::planted::Pass;
use super::play::Shape;
use crate::error::Result;
use crate::synth::pages::Page;
use crate::synth::world::Millis;

/// The products that a world logs with.
pub(super) trait Product: Sized {
    /// The pages of its catalogue.
    const PAGES: &'static [Page];
    /// Whether it has a registry of accounts: without one nobody can count persons.
    const HAS_ACCOUNTS: bool = true;

    /// How large it is, and the attack on it.
    fn shape() -> Shape;

    /// Writes registries and case file into the folder `out`, and begins the logs.
    fn begin(plan: &WorldPlan, shape: &Shape, out: &Path) -> Result<Self>;

    /// Changes what happens to what happens in this world.
    fn adapt(event: Event) -> Event {
        event
    }

    /// Writes what the logs keep of an event.
    fn log(&mut self, at: Millis, event: &Event) -> Result<()>;

    /// What the gateway's log has of a token.
    fn pass(&self, token: &Token) -> Pass;

    /// Whether a log has the token of a request.
    fn logs_token(&self, _token: &Token) -> bool {
        true
    }

    /// A person's account, spelled as in the registry.
    fn account(&self, person: Person) -> String;

    /// Who holds the account; about one person in forty holds two.
    fn person_of(account: Person) -> u64 {
        if account % 40 == 1 {
            account - 1
        } else {
            account
        }
    }

    /// Ends the logs.
    fn finish(&mut self) -> Result<()>;
}
