//! What is known of the networks that addresses belong to, from a database of any shape in use.
//!
//! A file is a MaxMind DB (MMDB), or a table of ranges in CSV or TSV. Vendors name the same things
//! differently, and put them into maps or beside each other; [`ORGANIZATION`] and the tables after it list
//! the paths where each is looked for, the best first. The shape is looked at when the file is opened, which
//! is before the analysis: nothing that the file holds can end a run later.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::path::Path;

use ipnetwork::{IpNetwork, Ipv4Network, Ipv6Network};
use maxminddb::Reader;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::error::{Error, Result};

/// What a database says about an address.
///
/// The fields are named as in GeoLite2-ASN and GeoLite2-Country.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Network {
    /// The number of the autonomous system.
    pub autonomous_system_number: Option<u64>,
    /// The organization that runs the network.
    pub autonomous_system_organization: Option<String>,
    /// What the network is used for, such as hosting.
    pub kind: Option<String>,
    /// The country, as a code of ISO 3166.
    pub country: Option<String>,
}

/// Where databases have the organization: ASN, ISP, Enterprise, IPinfo, IP2Location, Domain.
const ORGANIZATION: &[&str] = &[
    "autonomous_system_organization",
    "traits.autonomous_system_organization",
    "as_organization",
    "as_name",
    "asname",
    "organization",
    "traits.organization",
    "org",
    "isp",
    "traits.isp",
    "name",
    "as",
    "domain",
    "traits.domain",
];
/// Where they have the number of the autonomous system, bare or as `AS64500`.
const NUMBER: &[&str] = &[
    "autonomous_system_number",
    "traits.autonomous_system_number",
    "asn",
    "as_number",
    "number",
];
/// Where they have the country's code: in a map of its own, or flat.
const COUNTRY: &[&str] = &[
    "country.iso_code",
    "country_code",
    "country_iso_code",
    "country_code2",
    "country",
    "registered_country.iso_code",
    "represented_country.iso_code",
];
/// Where they say what the network is used for.
const KIND: &[&str] = &[
    "kind",
    "traits.user_type",
    "user_type",
    "usage_type",
    "type",
    "connection_type",
    "traits.connection_type",
];
/// Flags of the anonymous-IP shape, bare or among the traits, and the kind that each stands for.
const FLAGS: &[(&str, &str)] = &[
    ("is_tor_exit_node", "tor exit node"),
    ("is_anonymous_vpn", "vpn"),
    ("is_residential_proxy", "residential proxy"),
    ("is_public_proxy", "public proxy"),
    ("is_hosting_provider", "hosting"),
    ("is_anonymous", "anonymous"),
    ("is_anycast", "anycast"),
];
/// Records of a database that are looked at before the analysis.
const LOOKED_AT: usize = 2_000;

/// A network database.
pub struct Networks {
    shape: Shape,
}

enum Shape {
    Database(Box<Reader<Vec<u8>>>),
    Ranges(Vec<Range>),
}

/// A range of addresses, both ends included.
struct Range {
    from: IpAddr,
    to: IpAddr,
    about: Network,
}

impl Networks {
    /// Opens the database at `path` and looks at its shape.
    ///
    /// It is an error of the case if the file is neither a MaxMind DB nor a table of ranges, or if nothing
    /// in it names a network.
    pub fn open(path: &Path) -> Result<Self> {
        let bytes =
            std::fs::read(path).map_err(|e| Error::io("read the network database", path, e))?;
        // The marker before the metadata, which stand in the last 128 KiB of each MaxMind DB.
        let tail = &bytes[bytes.len().saturating_sub(128 << 10)..];
        if memchr::memmem::find(tail, b"\xab\xcd\xefMaxMind.com").is_some() {
            return Self::of_database(path, bytes);
        }
        let ranges = ranges(path)?;
        Ok(Networks {
            shape: Shape::Ranges(ranges),
        })
    }

    fn of_database(path: &Path, bytes: Vec<u8>) -> Result<Self> {
        let failed = |e: maxminddb::MaxMindDbError| {
            Error::case(path, format!("the network database cannot be read: {e}"))
                .hint("fetch the file again; it is damaged or cut off")
        };
        let reader = Reader::from_source(bytes).map_err(failed)?;
        let mut names: BTreeMap<String, ()> = BTreeMap::new();
        let mut named = false;
        let all = reader.networks(Default::default()).map_err(failed)?;
        for found in all.take(LOOKED_AT) {
            let Some(fields) = found.map_err(failed)?.decode::<Field>().map_err(failed)? else {
                continue;
            };
            named |= network(&fields) != Network::default();
            if let Field::Map(map) = fields {
                names.extend(map.into_keys().map(|name| (name, ())));
            }
        }
        if !named {
            let names: Vec<String> = names.into_keys().collect();
            let says = "nothing in the network database names a network, its country or its use";
            return Err(Error::case(path, says).hint(format!(
                "its fields are {}; take a database of countries, autonomous systems or kinds of use",
                names.join(", ")
            )));
        }
        Ok(Networks {
            shape: Shape::Database(Box::new(reader)),
        })
    }

    /// The most specific prefix that has an address, and what the database says about it; none if the
    /// database does not hold the address or what it holds of it cannot be read.
    pub fn of(&self, ip: IpAddr) -> Option<(IpNetwork, Network)> {
        match &self.shape {
            Shape::Database(reader) => {
                let found = reader.lookup(ip).ok()?;
                let about = network(&found.decode::<Field>().ok()??);
                let prefix = found.network().ok()?;
                (about != Network::default()).then_some((prefix, about))
            }
            Shape::Ranges(ranges) => {
                let after = ranges.partition_point(|range| range.from <= ip);
                let range = &ranges[after.checked_sub(1)?];
                (ip <= range.to).then(|| (prefix(ip, range), range.about.clone()))
            }
        }
    }
}

/// The widest prefix around an address that lies in its range.
fn prefix(ip: IpAddr, range: &Range) -> IpNetwork {
    let within = |length: u8| {
        let network = IpNetwork::new(ip, length).ok()?;
        // The network of an address has the address itself inside; its own ends are what counts.
        let (first, last) = (network.network(), network.broadcast());
        (range.from <= first && last <= range.to).then(|| match (first, length) {
            (IpAddr::V4(first), _) => Ipv4Network::new(first, length).ok().map(IpNetwork::V4),
            (IpAddr::V6(first), _) => Ipv6Network::new(first, length).ok().map(IpNetwork::V6),
        })?
    };
    let longest = if ip.is_ipv4() { 32 } else { 128 };
    (0..=longest)
        .find_map(within)
        .unwrap_or_else(|| IpNetwork::from(ip))
}

/// A value of a database, of whatever type.
#[derive(Debug)]
enum Field {
    Text(String),
    Number(u64),
    Flag(bool),
    Map(BTreeMap<String, Field>),
    /// What nothing here is looked for in.
    Other,
}

impl Field {
    /// The value at a dotted path.
    fn at(&self, path: &str) -> Option<&Field> {
        path.split('.').try_fold(self, |field, name| match field {
            Field::Map(map) => map.get(name),
            _ => None,
        })
    }

    fn text(&self) -> Option<&str> {
        match self {
            Field::Text(text) => Some(text.trim()).filter(|text| !matches!(*text, "" | "-")),
            _ => None,
        }
    }
}

/// What a record says, wherever it says it.
fn network(fields: &Field) -> Network {
    let texts = |paths: &'static [&str]| {
        let found = paths.iter().filter_map(|path| fields.at(path));
        found.filter_map(Field::text)
    };
    let number = |field: &Field| match field {
        Field::Number(number) => Some(*number),
        _ => as_number(field.text()?),
    };
    let is_set = |name: &str| {
        let places = [name.to_string(), format!("traits.{name}")];
        let mut found = places.iter().filter_map(|path| fields.at(path));
        found.any(|field| matches!(field, Field::Flag(true)))
    };
    let flag = || FLAGS.iter().find(|(name, _)| is_set(name));
    let is_code = |code: &&str| code.len() == 2 && code.bytes().all(|b| b.is_ascii_alphabetic());
    // `AS64500 Example Ltd` is a number and a name in one.
    let bare = |text: &str| match text.split_once(' ') {
        Some((number, name)) if as_number(number).is_some() => name.to_string(),
        _ => text.to_string(),
    };
    Network {
        autonomous_system_number: NUMBER
            .iter()
            .chain(ORGANIZATION)
            .filter_map(|path| fields.at(path))
            .find_map(number),
        autonomous_system_organization: texts(ORGANIZATION)
            .map(bare)
            .find(|name| as_number(name).is_none()),
        kind: texts(KIND)
            .next()
            .map(str::to_string)
            .or_else(|| flag().map(|(_, kind)| kind.to_string())),
        country: texts(COUNTRY)
            .find(is_code)
            .map(|code| code.to_ascii_uppercase()),
    }
}

/// The number in `AS64500`, alone or before a name.
fn as_number(text: &str) -> Option<u64> {
    let number = text.split(' ').next()?;
    let digits = number
        .strip_prefix("AS")
        .or_else(|| number.strip_prefix("as"))
        .unwrap_or(number);
    digits.parse().ok()
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Field;

            fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str("a value of a MaxMind DB")
            }

            fn visit_str<E>(self, text: &str) -> std::result::Result<Field, E> {
                Ok(Field::Text(text.to_string()))
            }

            fn visit_u64<E>(self, number: u64) -> std::result::Result<Field, E> {
                Ok(Field::Number(number))
            }

            fn visit_i64<E>(self, number: i64) -> std::result::Result<Field, E> {
                Ok(u64::try_from(number).map_or(Field::Other, Field::Number))
            }

            fn visit_u128<E>(self, _number: u128) -> std::result::Result<Field, E> {
                Ok(Field::Other)
            }

            fn visit_f64<E>(self, _number: f64) -> std::result::Result<Field, E> {
                Ok(Field::Other)
            }

            fn visit_bool<E>(self, flag: bool) -> std::result::Result<Field, E> {
                Ok(Field::Flag(flag))
            }

            fn visit_bytes<E>(self, _bytes: &[u8]) -> std::result::Result<Field, E> {
                Ok(Field::Other)
            }

            fn visit_seq<A: SeqAccess<'de>>(
                self,
                mut all: A,
            ) -> std::result::Result<Field, A::Error> {
                while all.next_element::<Field>()?.is_some() {}
                Ok(Field::Other)
            }

            fn visit_map<A: MapAccess<'de>>(
                self,
                mut all: A,
            ) -> std::result::Result<Field, A::Error> {
                let mut map = BTreeMap::new();
                while let Some((name, field)) = all.next_entry::<String, Field>()? {
                    map.insert(name, field);
                }
                Ok(Field::Map(map))
            }
        }

        from.deserialize_any(Any)
    }
}

/// Reads a table of ranges: first address, last address, then what is said of them.
///
/// A header names the columns; without one, a table of four is `start, end, asn, name`, and one of five has
/// the country before the name. A column with prefixes (`192.0.2.0/24`) stands for both ends.
fn ranges(path: &Path) -> Result<Vec<Range>> {
    let neither = |why: &str| {
        Error::case(path, format!("the network database cannot be read: {why}")).hint(
            "it must be a MaxMind DB file (.mmdb), or a table of ranges: CSV or TSV with the columns start, end, asn, name",
        )
    };
    let head = std::fs::read(path).map_err(|e| Error::io("read the network database", path, e))?;
    let Ok(text) = String::from_utf8(head) else {
        return Err(neither("it is no text and no MaxMind DB"));
    };
    let first = text.lines().next().unwrap_or_default();
    let delimiter = if first.contains('\t') { b'\t' } else { b',' };
    let mut table = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut names: Option<Vec<String>> = None;
    let mut found = Vec::new();
    for (number, record) in (1..).zip(table.records()) {
        let record = record.map_err(|e| neither(&e.to_string()))?;
        let ends = |a: &str, b: &str| Some((address(a)?, address(b)?));
        if number == 1 && record.iter().take(2).all(|cell| address(cell).is_none()) {
            let is_prefix = record
                .get(0)
                .is_some_and(|cell| cell.parse::<IpNetwork>().is_ok());
            if !is_prefix {
                names = Some(
                    record
                        .iter()
                        .map(|cell| cell.trim().to_lowercase())
                        .collect(),
                );
                continue;
            }
        }
        let names = names.get_or_insert_with(|| {
            let known: &[&str] = match record.len() {
                5 => &["start", "end", "asn", "country", "name"],
                _ => &["start", "end", "asn", "name"],
            };
            known.iter().map(|name| name.to_string()).collect()
        });
        let cell = |wanted: &[&str]| {
            let at = names
                .iter()
                .position(|name| wanted.contains(&name.as_str()))?;
            record.get(at).map(str::trim)
        };
        let prefix = cell(&["network", "cidr", "prefix", "range"])
            .or(record.get(0))
            .filter(|text| text.contains('/'))
            .and_then(|text| text.parse::<IpNetwork>().ok());
        let (from, to) = prefix
            .map(|prefix| (prefix.network(), prefix.broadcast()))
            .or_else(|| {
                let start = cell(&["start", "start_ip", "range_start", "ip_from", "first"])?;
                let end = cell(&["end", "end_ip", "range_end", "ip_to", "last"])?;
                ends(start, end)
            })
            .ok_or_else(|| neither(&format!("line {number} names no range of addresses")))?;
        let fields = names.iter().cloned().zip(record.iter());
        let fields = fields.map(|(name, text)| (name, Field::Text(text.to_string())));
        found.push(Range {
            from,
            to,
            about: network(&Field::Map(fields.collect())),
        });
    }
    if found.iter().all(|range| range.about == Network::default()) {
        return Err(neither("it has no range whose network is named"));
    }
    found.sort_by_key(|range| range.from);
    Ok(found)
}

/// An address as text, or IPv4 as a number.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let number = || text.parse::<u32>().ok().map(|bits| IpAddr::V4(bits.into()));
    text.parse().ok().or_else(number)
}

#[cfg(test)]
mod tests {
    use maxminddb_writer::Database;
    use maxminddb_writer::paths::IpAddrWithMask;

    use super::*;

    /// A database of one record for 192.0.2.0/24 and, where it can hold it, 2001:db8::/32.
    fn database(record: &serde_json::Value, ipv4_only: bool) -> tempfile::NamedTempFile {
        let mut database = Database::default();
        database.metadata.binary_format_major_version = 2;
        let data = database.insert_value(record).expect("a record");
        // In a tree for both, IPv4 lies at ::/96.
        let prefixes: &[&str] = match ipv4_only {
            true => &["192.0.2.0/24"],
            false => &["::c000:200/120", "2001:db8::/32"],
        };
        if ipv4_only {
            database.metadata.ip_version = maxminddb_writer::metadata::IpVersion::V4;
        } else {
            database.metadata.ip_version = maxminddb_writer::metadata::IpVersion::V6;
        }
        for prefix in prefixes {
            let network: IpAddrWithMask = prefix.parse().expect("a prefix");
            database.insert_node(network, data);
        }
        let file = tempfile::NamedTempFile::new().expect("a file");
        database.write_to(&file).expect("written");
        file
    }

    fn of(record: serde_json::Value) -> Network {
        let file = database(&record, false);
        let networks = Networks::open(file.path()).expect("a database");
        let (prefix, about) = networks.of([192, 0, 2, 7].into()).expect("a network");
        assert_eq!(prefix.to_string(), "192.0.2.0/24");
        about
    }

    fn told(number: Option<u64>, name: &str, kind: &str, country: &str) -> Network {
        let some = |text: &str| Some(text.to_string()).filter(|text| !text.is_empty());
        Network {
            autonomous_system_number: number,
            autonomous_system_organization: some(name),
            kind: some(kind),
            country: some(country),
        }
    }

    #[test]
    fn every_shape_in_use_is_read() {
        use serde_json::json;
        let asn = json!({"autonomous_system_number": 64500, "autonomous_system_organization": "Example Net"});
        assert_eq!(of(asn), told(Some(64500), "Example Net", "", ""));
        let country = json!({"country": {"iso_code": "KR", "names": {"en": "South Korea"}}, "continent": {"code": "AS"}});
        assert_eq!(of(country), told(None, "", "", "KR"));
        let enterprise = json!({
            "country": {"iso_code": "DE", "is_in_european_union": true},
            "traits": {"autonomous_system_number": 64501, "isp": "Example ISP", "user_type": "residential"},
            "subdivisions": [{"iso_code": "BE"}], "location": {"latitude": 52.5},
        });
        assert_eq!(
            of(enterprise),
            told(Some(64501), "Example ISP", "residential", "DE")
        );
        let anonymous = json!({"is_anonymous": true, "is_anonymous_vpn": true});
        assert_eq!(of(anonymous), told(None, "", "vpn", ""));
        let connection = json!({"connection_type": "Cellular"});
        assert_eq!(of(connection), told(None, "", "Cellular", ""));
        let domain = json!({"domain": "carrier.example"});
        assert_eq!(of(domain), told(None, "carrier.example", "", ""));
        let flat = json!({"asn": "AS64502", "as_name": "Example Cloud", "country_code": "us", "country": "United States"});
        assert_eq!(of(flat), told(Some(64502), "Example Cloud", "", "US"));
        let joined = json!({"org": "AS64503 Example Hosting Ltd", "country": "NL"});
        assert_eq!(
            of(joined),
            told(Some(64503), "Example Hosting Ltd", "", "NL")
        );
    }

    #[test]
    fn an_address_that_the_database_cannot_hold_has_no_network() {
        let file = database(&serde_json::json!({"country_code": "JP"}), true);
        let networks = Networks::open(file.path()).expect("a database");
        assert!(
            networks
                .of("2001:db8::1".parse().expect("an address"))
                .is_none()
        );
        assert!(networks.of([198, 51, 100, 1].into()).is_none());
        let (prefix, about) = networks.of([192, 0, 2, 1].into()).expect("a network");
        assert_eq!(
            (prefix.to_string().as_str(), about.country.as_deref()),
            ("192.0.2.0/24", Some("JP"))
        );
    }

    #[test]
    fn tables_of_ranges_are_read() {
        let of = |text: &str, ip: [u8; 4]| {
            let file = tempfile::NamedTempFile::new().expect("a file");
            std::fs::write(file.path(), text).expect("written");
            Networks::open(file.path()).expect("a table").of(ip.into())
        };
        let bare =
            "192.0.2.0,192.0.2.255,64500,Example Net\n198.51.100.0,198.51.100.5,64501,Other\n";
        let (prefix, about) = of(bare, [192, 0, 2, 9]).expect("a network");
        assert_eq!(prefix.to_string(), "192.0.2.0/24");
        assert_eq!(about, told(Some(64500), "Example Net", "", ""));
        let (prefix, _) = of(bare, [198, 51, 100, 4]).expect("a network");
        assert_eq!(
            prefix.to_string(),
            "198.51.100.4/31",
            "the widest inside of the range"
        );
        assert!(of(bare, [198, 51, 100, 6]).is_none());
        let tsv = "3221225984\t3221226239\t64500\tKR\tExample Net\n";
        let (_, about) = of(tsv, [192, 0, 2, 9]).expect("a network");
        assert_eq!(about, told(Some(64500), "Example Net", "", "KR"));
        let headed = "network,country_code,as_name\n192.0.2.0/25,DE,Example\n";
        let (prefix, about) = of(headed, [192, 0, 2, 9]).expect("a network");
        assert_eq!(
            (prefix.to_string().as_str(), about),
            ("192.0.2.0/25", told(None, "Example", "", "DE"))
        );
    }

    #[test]
    fn what_names_no_network_is_told_at_once() {
        let file = database(&serde_json::json!({"postal": {"code": "1"}}), false);
        let error = Networks::open(file.path())
            .err()
            .expect("an error")
            .to_string();
        assert!(error.contains("postal"), "{error}");
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), [0xff, 0xfe, 0, 1]).expect("written");
        assert!(Networks::open(file.path()).is_err());
    }
}
