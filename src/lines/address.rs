//! Addresses as numbers, so that they compare and sort fast.

use std::net::IpAddr;

/// Reads an address as IPv6 bits, IPv4 mapped; `None` if the text is no address.
pub fn address_bits(address: &str) -> Option<u128> {
    Some(match address.parse().ok()? {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    })
}

/// The address of these bits; one that is mapped becomes IPv4 again.
pub fn address_of(bits: u128) -> IpAddr {
    IpAddr::V6(bits.into()).to_canonical()
}
