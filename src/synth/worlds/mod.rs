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
//! | `two_gateways` | a bank of which one gateway logs no tokens |
//! | `entra_sso` | a company portal with Entra behind a load balancer |
//! | `cloud_keys` | services in a public cloud |
//! | `small_shop` | a small shop |
//! | `mod` | the way through: plan, log, and write the truth at the end |
//!
//! A further world is a file of its own, a variant in `name`, and an arm in [`write`].

mod cloud_keys;
mod entra_sso;
mod events;
mod folder;
mod keycloak_saas;
mod name;
mod okta_api;
mod planted;
mod play;
mod product;
mod signing;
mod small_shop;
mod text;
mod two_gateways;

use std::path::Path;

use super::evidence::Written;
use crate::error::Result;
use cloud_keys::CloudKeys;
use entra_sso::EntraSso;
use events::Event;
use keycloak_saas::KeycloakSaas;
pub use name::{WorldName, WorldPlan};
use okta_api::OktaApi;
use product::Product;
use small_shop::SmallShop;
use two_gateways::TwoGateways;

/// Writes the world of `plan` into the empty folder `out`.
pub(super) fn write(plan: &WorldPlan, out: &Path) -> Result<Written> {
    match plan.name {
        WorldName::KeycloakSaas => happen::<KeycloakSaas>(plan, out),
        WorldName::OktaApi => happen::<OktaApi>(plan, out),
        WorldName::TwoGateways => happen::<TwoGateways>(plan, out),
        WorldName::EntraSso => happen::<EntraSso>(plan, out),
        WorldName::CloudKeys => happen::<CloudKeys>(plan, out),
        WorldName::SmallShop => happen::<SmallShop>(plan, out),
    }
}

/// Lets the world happen, and logs it as its product does.
fn happen<P: Product>(plan: &WorldPlan, out: &Path) -> Result<Written> {
    let mut shape = P::shape();
    shape.attack = shape.attack.filter(|_| plan.attack);
    let mut product = P::begin(plan, &shape, out)?;
    let mut planted = planted::Planted::new(P::PAGES, P::HAS_ACCOUNTS, P::person_of);
    let mut written = Written::default();
    for (at, event) in play::play(plan.seed, &shape) {
        let event = P::adapt(event);
        if let Event::Request(request) = &event {
            let token = &request.token;
            let pass = product.logs_token(token).then(|| product.pass(token));
            planted.request(request, pass);
            written.requests += 1;
            written.attack_requests += u64::from(request.by_attacker);
        }
        product.log(at, &event)?;
    }
    product.finish()?;
    planted.write(out, |person| product.account(person))?;
    Ok(written)
}
