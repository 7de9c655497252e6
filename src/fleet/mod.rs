//! The fleet: every address that carried a forged token.
//!
//! An address is *dedicated* when no legitimate token was seen from it, and *shared* when one was: a
//! carrier's or an office's address carries victims too, so it is not an attacker by itself.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use maxminddb::Reader;
use roaring::RoaringTreemap;
use serde::{Deserialize, Serialize};

use crate::case::AccountKey;
use crate::error::{Error, Result};
use crate::frames::{self, FrameWriter, Value};
use crate::lines::address_of;

/// What is known of one address.
#[derive(Debug, Clone, Default)]
pub struct Address {
    /// Requests with a forged token.
    pub requests: u64,
    /// Accounts whose data those requests showed.
    pub accounts: RoaringTreemap,
    /// Requests with a legitimate token.
    pub legitimate_requests: u64,
    /// First and last forged request.
    pub seen: Option<(i64, i64)>,
}

impl Address {
    /// Whether honest customers use the address too.
    pub fn shared(&self) -> bool {
        self.legitimate_requests > 0
    }
}

/// The addresses of the fleet, by bits.
#[derive(Debug, Default)]
pub struct Fleet {
    /// By address.
    pub addresses: BTreeMap<u128, Address>,
}

impl Fleet {
    /// Counts a request with a forged token.
    pub fn forged(&mut self, address: u128, at: i64, exposed: Option<AccountKey>) {
        let entry = self.addresses.entry(address).or_default();
        entry.requests += 1;
        if let Some(account) = exposed {
            entry.accounts.insert(account.0);
        }
        let (first, last) = entry.seen.get_or_insert((at, at));
        (*first, *last) = ((*first).min(at), (*last).max(at));
    }

    /// Counts a request with a legitimate token, if its address is one of `suspects`.
    pub fn legitimate(&mut self, address: u128, suspects: &HashSet<u128>) {
        if suspects.contains(&address) {
            self.addresses
                .entry(address)
                .or_default()
                .legitimate_requests += 1;
        }
    }

    /// Adds what another part of the evidence showed.
    pub fn merge(&mut self, other: Fleet) {
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

    /// How many addresses are shared.
    pub fn shared_count(&self) -> u64 {
        self.addresses
            .values()
            .filter(|address| address.shared())
            .count() as u64
    }
}

/// What the network database says about an address; names as GeoLite2-ASN and -Country have them.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
pub struct Network {
    /// The network's name.
    pub autonomous_system_organization: Option<String>,
    /// What it is used for, where the database says.
    pub kind: Option<String>,
    /// ISO 3166 country.
    pub country: Option<String>,
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
    /// First forged request, microseconds since 1970 UTC.
    #[serde(serialize_with = "crate::moment::serialize_utc")]
    pub first_seen: i64,
    /// Last forged request.
    #[serde(serialize_with = "crate::moment::serialize_utc")]
    pub last_seen: i64,
    /// Prefix that the network database has for the address.
    pub network: Option<String>,
    /// What the database says.
    #[serde(flatten)]
    pub about: Network,
}

/// Looks each address up in the network database and writes the `fleet` frame; most requests first.
pub fn attribute(
    fleet: &Fleet,
    database: Option<&Path>,
    frames_dir: &Path,
) -> Result<Vec<Attributed>> {
    let failed = |e: maxminddb::MaxMindDbError| {
        Error::case(
            database.unwrap_or(frames_dir),
            format!("cannot read the network database: {e}"),
        )
        .hint("it must be a MaxMind DB file (MMDB), such as GeoLite2-ASN.mmdb")
    };
    let reader = database
        .map(Reader::open_readfile)
        .transpose()
        .map_err(failed)?;
    let mut all = Vec::new();
    for (bits, address) in &fleet.addresses {
        let ip = address_of(*bits);
        let (mut about, mut network): (Option<Network>, _) = (None, None);
        if let Some(reader) = &reader {
            let found = reader.lookup(ip).map_err(failed)?;
            about = found.decode().map_err(failed)?;
            if about.is_some() {
                network = Some(found.network().map_err(failed)?.to_string());
            }
        }
        let (first_seen, last_seen) = address.seen.unwrap_or_default();
        all.push(Attributed {
            source_ip: ip.to_string(),
            nature: if address.shared() {
                "shared"
            } else {
                "dedicated"
            },
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
    let mut writer = FrameWriter::create(frames_dir, &frames::FLEET, 0)?;
    for address in &all {
        writer.push(&[
            Value::Text(&address.source_ip),
            Value::Text(address.nature),
            Value::Number(address.request_count),
            Value::Number(address.account_count),
            Value::Number(address.legitimate_request_count),
            Value::Time(address.first_seen),
            Value::Time(address.last_seen),
            address.network.as_deref().into(),
            address
                .about
                .autonomous_system_organization
                .as_deref()
                .into(),
            address.about.kind.as_deref().into(),
            address.about.country.as_deref().into(),
        ])?;
    }
    writer.finish()?;
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_honest_customer_makes_an_address_shared() {
        let suspects = HashSet::from([1, 2]);
        let (mut fleet, mut rest) = (Fleet::default(), Fleet::default());
        fleet.forged(1, 10, Some(AccountKey(5)));
        rest.forged(1, 4, Some(AccountKey(5)));
        rest.forged(2, 20, None);
        rest.legitimate(2, &suspects);
        rest.legitimate(3, &suspects);
        fleet.merge(rest);
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
