//! Where requests come from, in the replica and in the worlds.
//!
//! All addresses are reserved for documentation, and of the networks that `networks.rs` lists.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::chance::mix;
use super::world::{Customer, World};

/// The address that the services ask for stock from.
pub(super) const SERVICES: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0xe000, 0, 0, 0, 0, 7);
/// The company's own address that the load test comes from.
pub(super) const LOAD_TEST: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0xe000, 0, 0, 0, 0, 0x99);

/// The `index`-th of the carrier's addresses, each shared by many customers.
pub(super) fn carrier(index: u64) -> IpAddr {
    Ipv4Addr::from_bits(0xc000_0201 + index as u32).into()
}

/// A customer's address at home, where `seed` decides everything.
pub(super) fn home(seed: u64, customer: Customer) -> IpAddr {
    let home = mix(seed ^ mix(customer));
    let (network, place) = (0x1000 | (home >> 52) as u16, home as u16);
    Ipv6Addr::new(0x2001, 0xdb8, network, place, 0, 0, 0, 1).into()
}

/// The `index`-th address of the attacker's fleet, over and over again.
///
/// The first ones are the carrier's, shared with customers; the others are rented.
pub(super) fn fleet(world: &World, index: u64) -> IpAddr {
    let index = index % world.fleet;
    let shared = world.carriers - 1;
    if index < shared {
        return carrier(index);
    }
    rented(index - shared)
}

/// The `index`-th address that the attacker rents.
///
/// Two IPv4 networks of 254 addresses are rented before any IPv6 address.
pub(super) fn rented(index: u64) -> IpAddr {
    match index {
        rented @ 0..254 => Ipv4Addr::from_bits(0xc633_6401 + rented as u32).into(),
        rented @ 254..508 => Ipv4Addr::from_bits(0xcb00_7101 + (rented - 254) as u32).into(),
        rented => Ipv6Addr::new(0x2001, 0xdb8, 0xf000, rented as u16, 0, 0, 0, 1).into(),
    }
}

/// Whether the attacker may use this address: it is the carrier's or rented.
pub(super) fn may_be_the_fleets(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(_) => true,
        IpAddr::V6(v6) => v6.segments()[2] >= 0xf000,
    }
}
