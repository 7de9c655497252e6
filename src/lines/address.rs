//! Addresses as numbers.

use std::net::IpAddr;

/// An address as IPv6 bits, IPv4 mapped.
pub fn address_bits(address: &str) -> Option<u128> {
    Some(match address.parse().ok()? {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    })
}

/// The address behind the bits.
pub fn address_of(bits: u128) -> IpAddr {
    IpAddr::V6(bits.into()).to_canonical()
}
