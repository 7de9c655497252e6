//! Worlds beside the replica: services whose logs are those of real products.
//!
//! What happens in them is planned by one file, `play`; what differs is how large they are and how their
//! products log it. Their forgers do what the products let them do.
//!
//! | file | what it does |
//! |---|---|
//! | `events` | what happens, as the logs are told of it |
//! | `text` | ids and names |
//! | `play` | sessions and the attack, planned ahead |
//! | `signing` | signs tokens where logs hold them whole |
//! | `planted` | the truth, counted from what happens |
//! | `folder` | registries and case file, as any world has them |
//! | `name` | the worlds by name |
//! | `product` | what a world must be able to do |
//! | `keycloak_saas` | a portal behind nginx with Keycloak |
//! | `okta_api` | an API behind API Gateway with Okta |
//! | `mod` | the way through: plan, log, and write the truth at the end |
//!
//! A further world is a file of its own, a variant in `name`, and an arm in [`write`].

mod events;
mod folder;
mod keycloak_saas;
mod name;
mod okta_api;
mod planted;
mod play;
mod product;
mod signing;
mod text;

use std::path::Path;

use super::evidence::Written;
use crate::error::Result;
use events::Event;
use keycloak_saas::KeycloakSaas;
pub use name::{WorldName, WorldPlan};
use okta_api::OktaApi;
use product::Product;

/// Writes the world of `plan` into the empty folder `out`.
pub(super) fn write(plan: &WorldPlan, out: &Path) -> Result<Written> {
    match plan.name {
        WorldName::KeycloakSaas => happen::<KeycloakSaas>(plan, out),
        WorldName::OktaApi => happen::<OktaApi>(plan, out),
    }
}

/// Lets the world happen, and logs it as its product does.
fn happen<P: Product>(plan: &WorldPlan, out: &Path) -> Result<Written> {
    let mut shape = P::shape();
    shape.attack = shape.attack.filter(|_| plan.attack);
    let mut product = P::begin(plan, &shape, out)?;
    let mut planted = planted::Planted::new(P::PAGES, P::person_of);
    let mut written = Written::default();
    for (at, event) in play::play(plan.seed, &shape) {
        if let Event::Request(request) = &event {
            planted.request(request, |token| product.pass(token));
            written.requests += 1;
            written.attack_requests += u64::from(request.by_attacker);
        }
        product.log(at, &event)?;
    }
    product.finish()?;
    planted.write(out, |person| product.account(person))?;
    Ok(written)
}
