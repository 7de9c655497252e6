//! Writes what the replica's logs are read with: registries, networks, catalogue and case file.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::net::IpAddr;
use std::path::Path;

use maxminddb_writer::Database;
use maxminddb_writer::paths::IpAddrWithMask;

use super::chance::mix;
use super::logs::korean;
use super::scenario;
use super::world::{APP_HOLE, BEGIN, DAY, DEPARTURE, EARLY_HOLE, STANDBY_KEY, World};
use super::{ISSUER, KEYS, SERVICE_ISSUER, pages};
use crate::error::{Error, Result};
use crate::fleet::Network;

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).map_err(|e| Error::io("write the file", path, e))
}

/// Writes all of it below `dir`.
pub(super) fn write_all(world: &World, dir: &Path, id: &str) -> Result<()> {
    let registry = dir.join("registry");
    fs::create_dir_all(&registry).map_err(|e| Error::io("create the folder", &registry, e))?;
    accounts(world, &registry.join("accounts.csv"))?;
    write(&registry.join("keys.csv"), &keys(world))?;
    write(&registry.join("pages.toml"), &pages::catalogue())?;
    networks(&registry.join("networks.mmdb"))?;
    write(&dir.join("case.toml"), &case(world, id))
}

fn accounts(world: &World, path: &Path) -> Result<()> {
    let failed = |e: std::io::Error| Error::io("write the account registry", path, e);
    let mut file = BufWriter::new(File::create(path).map_err(failed)?);
    let mut text = String::from("account,person,region,opened_at,closed_at\n");
    for customer in 1..=world.highest() {
        let Some(fate) = world.fate(customer) else {
            continue;
        };
        let (opened, closed) = world.life(customer, fate);
        let region = ["KR-11", "KR-26", "KR-41", "KR-28", "KR-30"][(mix(customer) % 5) as usize];
        let closed = closed.map(korean).unwrap_or_default();
        text.push_str(&format!(
            "{customer},{},{region},{},{closed}\n",
            world.person(customer),
            korean(opened)
        ));
        if text.len() > 1 << 16 {
            file.write_all(text.as_bytes()).map_err(failed)?;
            text.clear();
        }
    }
    file.write_all(text.as_bytes())
        .and_then(|()| file.flush())
        .map_err(failed)
}

fn keys(world: &World) -> String {
    let (made, withdrawn) = (korean(STANDBY_KEY.0), korean(STANDBY_KEY.1));
    let (left, old) = (korean(DEPARTURE), korean(BEGIN - 600 * DAY));
    let mut text = format!(
        "key_id,issuer,created_at,retired_at,custodian,custodian_left_at,stored_in\n\
         {primary},{ISSUER},{old},,Authentication team,,key management system\n\
         {standby},{ISSUER},{made},{withdrawn},Authentication team,,key management system\n\
         {standby},{ISSUER},{made},{withdrawn},Back-end engineer (standby authentication),{left},laptop\n\
         {service},{SERVICE_ISSUER},{old},,Platform team,,key management system\n",
        primary = KEYS[0],
        standby = KEYS[1],
        service = KEYS[2],
    );
    if let Some(key) = scenario::further_key(world) {
        let made = korean(BEGIN);
        text.push_str(&format!(
            "{key},{ISSUER},{made},,Authentication team,,key management system\n"
        ));
    }
    text
}

fn networks(path: &Path) -> Result<()> {
    let mut database = Database::default();
    database.metadata.ip_version = maxminddb_writer::metadata::IpVersion::V6;
    database.metadata.database_type = "breachscope-replica-networks".into();
    database.metadata.binary_format_major_version = 2;
    database.metadata.build_epoch = (BEGIN / 1_000) as u64;
    let failed = |e: &dyn std::fmt::Display| {
        Error::case(path, format!("cannot write the network database: {e}"))
    };
    for (prefix, name, kind, country) in [
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
    ] {
        let network = Network {
            autonomous_system_organization: Some(name.into()),
            kind: Some(kind.into()),
            country: Some(country.into()),
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

/// The application's own login log, which only scenarios have.
const LOGINS: &str = r#"
[[source]]
id = "logins"
kind = "login"
paths = ["evidence/logins/*.jsonl.gz"]
format = "jsonl"
time = "rfc3339"
clock_correction_seconds = 0
[source.fields]
event_time = "at"
subject = "member"
source_ip = "client"
event = "event"
"#;

fn case(world: &World, id: &str) -> String {
    let gateway = |node: &str, correction: i64| {
        format!(
            r#"
[[source]]
id = "gateway-{node}"
kind = "gateway"
paths = ["evidence/gateway-{node}/*.jsonl.gz"]
format = "jsonl"
time = "rfc3339"
clock_correction_seconds = {correction}
[source.fields]
event_time = "ts"
request_id = "rid"
source_ip = "client"
method = "method"
path = "path"
status = "status"
body_bytes = "bytes"
user_agent = "ua"
token_id = "pass.jti"
token_issuer = "pass.iss"
key_id = "pass.kid"
token_subject = "pass.sub"
token_issued_at = "pass.iat"
token_expires_at = "pass.exp"
"#
        )
    };
    let deleted = |source: &str, (from, to): (i64, i64), reason: &str| {
        format!(
            "\n[[deleted]]\nsource = \"{source}\"\nfrom = {}\nto = {}\nreason = \"{reason}\"\n",
            quoted(from),
            quoted(to)
        )
    };
    format!(
        r#"# A replica of the reference incident, with invented customers and documentation addresses.

[case]
id = "{id}"
title = "Forged access passes at an online shop (synthetic replica)"
report_zone = "Asia/Seoul"
collected_by = "Example Response Team"
collected_at = "2025-11-20T10:00:00+09:00"

# Awareness is a list of times, each with its source.
[[awareness]]
time = "2025-11-17T16:00:00+09:00"
source = "joint investigation"

[[awareness]]
time = "2025-11-18T22:52:00+09:00"
source = "the company's own report"

[policy]
# How far a token's issue time may lie from a hole's edges before absence means something again.
clock_tolerance_seconds = 5
# A pause in forged requests longer than this begins a new crawl run.
run_pause_hours = 24
# A pause longer than this begins a new phase.
phase_pause_days = 30

[[issuer]]
id = "{ISSUER}"
subjects = "accounts"

# Internal services; nobody logs what is issued to them.
[[issuer]]
id = "{SERVICE_ISSUER}"
subjects = "services"

[registry]
keys = "registry/keys.csv"
accounts = "registry/accounts.csv"
pages = "registry/pages.toml"
networks = "registry/networks.mmdb"
{gateway_a}
# The clock of this node is 90 seconds ahead.{gateway_b}
[[source]]
id = "edge"
kind = "edge"
paths = ["evidence/edge/*.log.gz"]
format = "combined"
clock_correction_seconds = 0
[source.fields]
request_id = "rid"

[[source]]
id = "application"
kind = "application"
paths = ["evidence/application/*.jsonl.gz"]
format = "jsonl"
time = "epoch_milliseconds"
clock_correction_seconds = 0
[source.fields]
event_time = "t"
request_id = "rid"
account = "member"
path = "page"
item_count = "items"

[[source]]
id = "issuance"
kind = "issuance"
paths = ["evidence/issuance/*.jsonl.gz"]
format = "jsonl"
time = "rfc3339"
clock_correction_seconds = 0
[source.fields]
event_time = "time"
issuer = "iss"
key_id = "kid"
token_id = "jti"
subject = "sub"
event = "event"
expires_at = "exp"
{sequence}{logins}{early}{hole}"#,
        sequence = if scenario::numbered(world) {
            "sequence = \"seq\"\n"
        } else {
            ""
        },
        logins = if world.scenario.is_some() { LOGINS } else { "" },
        gateway_a = gateway("a", 0),
        gateway_b = gateway("b", -90),
        early = deleted(
            "gateway-a",
            EARLY_HOLE,
            "web access logs deleted after the order to preserve them"
        ),
        hole = deleted("application", APP_HOLE, "application logs deleted"),
    )
}

fn quoted(at: i64) -> String {
    format!("\"{}\"", korean(at))
}
