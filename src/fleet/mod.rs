//! The fleet: every address that carried a forged token.
//!
//! An address is *dedicated* if no legitimate token came from it, and *shared* if one did. The address of a
//! mobile carrier or an office carries victims too, so a shared address alone shows no attacker.

mod networks;

pub use networks::{Network, Networks};

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use ipnetwork::IpNetwork;
use roaring::RoaringTreemap;
use serde::Serialize;

use crate::case::AccountKey;
use crate::error::Result;
use crate::frames::{self, FrameWriter, Value};
use crate::lines::address_of;

/// How one address was used.
#[derive(Debug, Clone, Default)]
pub struct Address {
    /// Requests with a forged token.
    pub requests: u64,
    /// Accounts whose data those requests showed.
    pub accounts: RoaringTreemap,
    /// Requests with a legitimate token.
    pub legitimate_requests: u64,
    /// Times of the first and the last request with a forged token, in microseconds since 1970 UTC.
    pub seen: Option<(i64, i64)>,
}

impl Address {
    /// Whether the address carried a legitimate token too.
    pub fn shared(&self) -> bool {
        self.legitimate_requests > 0
    }
}

/// The addresses that carried a forged token.
#[derive(Debug, Default)]
pub struct Fleet {
    /// Each address as IPv6 bits, IPv4 mapped, with its use.
    pub addresses: BTreeMap<u128, Address>,
    /// Requests with a forged token whose address cannot be read.
    pub without_address: u64,
}

impl Fleet {
    /// Counts a request with a forged token at the time `at`, which showed data of the account `exposed`.
    pub fn forged(&mut self, address: Option<u128>, at: i64, exposed: Option<AccountKey>) {
        let Some(address) = address else {
            self.without_address += 1;
            return;
        };
        let entry = self.addresses.entry(address).or_default();
        entry.requests += 1;
        if let Some(account) = exposed {
            entry.accounts.insert(account.0);
        }
        let (first, last) = entry.seen.get_or_insert((at, at));
        (*first, *last) = ((*first).min(at), (*last).max(at));
    }

    /// Counts a request with a legitimate token, if its address is one of `suspects`.
    pub fn legitimate(&mut self, address: Option<u128>, suspects: &HashSet<u128>) {
        if let Some(address) = address.filter(|address| suspects.contains(address)) {
            self.addresses
                .entry(address)
                .or_default()
                .legitimate_requests += 1;
        }
    }

    /// Adds what another part of the evidence showed.
    pub fn merge(&mut self, other: Fleet) {
        self.without_address += other.without_address;
        for (bits, address) in other.addresses {
            let entry = self.addresses.entry(bits).or_default();
            entry.requests += address.requests;
            entry.legitimate_requests += address.legitimate_requests;
            entry.accounts |= address.accounts;
            entry.seen = match (entry.seen, address.seen) {
                (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
                (a, b) => a.or(b),
            };
        }
    }

    /// Counts the shared addresses.
    pub fn shared_count(&self) -> u64 {
        self.addresses
            .values()
            .filter(|address| address.shared())
            .count() as u64
    }
}

/// An address of the fleet with its network, for outputs.
#[derive(Debug, Clone, Serialize)]
pub struct Attributed {
    /// The address.
    pub source_ip: String,
    /// `dedicated` or `shared`.
    pub nature: &'static str,
    /// Requests with a forged token.
    pub request_count: u64,
    /// Accounts whose data those requests showed.
    pub account_count: u64,
    /// Requests with a legitimate token.
    pub legitimate_request_count: u64,
    /// Time of the first request with a forged token, in microseconds since 1970 UTC.
    #[serde(serialize_with = "crate::moment::serialize_utc")]
    pub first_seen: i64,
    /// Time of the last request with a forged token, in microseconds since 1970 UTC.
    #[serde(serialize_with = "crate::moment::serialize_utc")]
    pub last_seen: i64,
    /// The prefix under which the network database has the address.
    pub network: Option<IpNetwork>,
    /// What the database says about this network.
    #[serde(flatten)]
    pub about: Network,
}

/// Looks each address up in the network database and writes the `fleet` frame.
///
/// Returns the addresses with the most requests first. Without `networks` they have no networks.
pub fn attribute(
    fleet: &Fleet,
    networks: Option<&Networks>,
    frames_dir: &Path,
) -> Result<Vec<Attributed>> {
    let mut all = Vec::new();
    for (bits, address) in &fleet.addresses {
        let ip = address_of(*bits);
        let found = networks.and_then(|networks| networks.of(ip));
        let (network, about) = found.unzip();
        let (first_seen, last_seen) = address.seen.unwrap_or_default();
        let nature = match address.shared() {
            true => "shared",
            false => "dedicated",
        };
        all.push(Attributed {
            source_ip: ip.to_string(),
            nature,
            request_count: address.requests,
            account_count: address.accounts.len(),
            legitimate_request_count: address.legitimate_requests,
            first_seen,
            last_seen,
            network,
            about: about.unwrap_or_default(),
        });
    }
    all.sort_by(|a, b| {
        b.request_count
            .cmp(&a.request_count)
            .then_with(|| a.source_ip.cmp(&b.source_ip))
    });
    write(&all, frames_dir)?;
    Ok(all)
}

/// Writes the `fleet` frame.
fn write(all: &[Attributed], frames_dir: &Path) -> Result<()> {
    let mut writer = FrameWriter::create(frames_dir, &frames::FLEET, 0)?;
    for address in all {
        let network = address.network.map(|network| network.to_string());
        let about = &address.about;
        writer.push(&[
            Value::Text(&address.source_ip),
            Value::Text(address.nature),
            Value::Number(address.request_count),
            Value::Number(address.account_count),
            Value::Number(address.legitimate_request_count),
            Value::Time(address.first_seen),
            Value::Time(address.last_seen),
            network.as_deref().into(),
            about
                .autonomous_system_number
                .map_or(Value::Null, Value::Number),
            about.autonomous_system_organization.as_deref().into(),
            about.kind.as_deref().into(),
            about.country.as_deref().into(),
        ])?;
    }
    writer.finish().map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_honest_customer_makes_an_address_shared() {
        let suspects = HashSet::from([1, 2]);
        let (mut fleet, mut rest) = (Fleet::default(), Fleet::default());
        fleet.forged(Some(1), 10, Some(AccountKey(5)));
        rest.forged(Some(1), 4, Some(AccountKey(5)));
        rest.forged(Some(2), 20, None);
        rest.legitimate(Some(2), &suspects);
        rest.legitimate(Some(3), &suspects);
        rest.forged(None, 5, None);
        rest.legitimate(None, &suspects);
        fleet.merge(rest);
        assert_eq!(fleet.without_address, 1);
        assert_eq!(
            fleet.addresses.len(),
            2,
            "an address without a forged token is none of the fleet"
        );
        assert_eq!(fleet.shared_count(), 1);
        assert!(!fleet.addresses[&1].shared());
        assert_eq!(fleet.addresses[&1].seen, Some((4, 10)));
        assert_eq!(fleet.addresses[&1].accounts.len(), 1);
    }
}
