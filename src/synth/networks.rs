//! The network database of the replica and the worlds.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::net::IpAddr;
use std::path::Path;

use maxminddb_writer::Database;
use maxminddb_writer::paths::IpAddrWithMask;
use serde::Serialize;

use crate::error::{Error, Result};

/// When the database was built, in seconds since 1970 UTC: 1 January 2025 in Korea.
const BUILT: u64 = 1_735_657_200;

/// The networks that addresses are of: prefix, organization, kind and country.
const NETWORKS: [(&str, &str, &str, &str); 6] = [
    (
        "192.0.2.0/24",
        "Example Mobile carrier NAT",
        "carrier",
        "KR",
    ),
    ("198.51.100.0/24", "Example Hosting East", "hosting", "SG"),
    ("203.0.113.0/24", "Example Hosting West", "hosting", "US"),
    ("2001:db8:1000::/36", "Example Broadband", "access", "KR"),
    (
        "2001:db8:e000::/36",
        "Example Shop services",
        "corporate",
        "KR",
    ),
    ("2001:db8:f000::/36", "Example Cloud", "hosting", "JP"),
];

/// A network as the database has it, with the names of GeoLite2 as far as they go.
#[derive(Serialize)]
struct Network {
    autonomous_system_organization: &'static str,
    kind: &'static str,
    country: &'static str,
}

/// Writes the network database.
pub(super) fn networks(path: &Path) -> Result<()> {
    let mut database = Database::default();
    database.metadata.ip_version = maxminddb_writer::metadata::IpVersion::V6;
    database.metadata.database_type = "breachscope-replica-networks".into();
    database.metadata.binary_format_major_version = 2;
    database.metadata.build_epoch = BUILT;
    let failed = |e: &dyn std::fmt::Display| {
        Error::case(path, format!("cannot write the network database: {e}"))
    };
    for (prefix, name, kind, country) in NETWORKS {
        let network = Network {
            autonomous_system_organization: name,
            kind,
            country,
        };
        let reference = database
            .insert_value(&network)
            .map_err(|e| failed(&format!("{e:?}")))?;
        let (address, length) = prefix.split_once('/').expect("a prefix");
        let length: u8 = length.parse().expect("a prefix length");
        // IPv4 lies at ::/96 of an IPv6 tree.
        let (address, length) = match address.parse::<IpAddr>().expect("an address") {
            IpAddr::V4(v4) => (IpAddr::V6(u128::from(v4.to_bits()).into()), length + 96),
            v6 => (v6, length),
        };
        database.insert_node(IpAddrWithMask::new(address, length), reference);
    }
    let file = File::create(path).map_err(|e| Error::io("write the file", path, e))?;
    let mut file = database
        .write_to(BufWriter::new(file))
        .map_err(|e| failed(&format!("{e:?}")))?;
    file.flush()
        .map_err(|e| Error::io("write the file", path, e))
}
