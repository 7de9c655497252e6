//! Writes the registries of the replica: accounts, keys, pages and networks.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

use super::chance::mix;
use super::changes;
use super::clocks::korean;
use super::keys::{ISSUER, Key, SERVICE_ISSUER};
use super::networks::networks;
use super::pages::{PAGES, catalogue};
use super::world::{BEGIN, DAY, DEPARTURE, STANDBY_KEY_LIFE, World};
use crate::error::{Error, Result};

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).map_err(|e| Error::io("write the file", path, e))
}

/// Writes all registries into the folder `registry`.
pub(super) fn write_all(world: &World, registry: &Path) -> Result<()> {
    fs::create_dir_all(registry).map_err(|e| Error::io("create the folder", registry, e))?;
    accounts(world, &registry.join("accounts.csv"))?;
    write(&registry.join("keys.csv"), &keys(world))?;
    write(&registry.join("pages.toml"), &catalogue(&PAGES))?;
    networks(&registry.join("networks.mmdb"))
}

/// Writes the accounts piece by piece: at full scale there are tens of millions.
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

/// The text of the key inventory; a key has a row for each custodian.
fn keys(world: &World) -> String {
    let (made, withdrawn) = (korean(STANDBY_KEY_LIFE.0), korean(STANDBY_KEY_LIFE.1));
    let (left, old) = (korean(DEPARTURE), korean(BEGIN - 600 * DAY));
    let mut text = format!(
        "key_id,issuer,created_at,retired_at,custodian,custodian_left_at,stored_in\n\
         {primary},{ISSUER},{old},,Authentication team,,key management system\n\
         {standby},{ISSUER},{made},{withdrawn},Authentication team,,key management system\n\
         {standby},{ISSUER},{made},{withdrawn},Back-end engineer (standby authentication),{left},laptop\n\
         {service},{SERVICE_ISSUER},{old},,Platform team,,key management system\n",
        primary = Key::Primary.id(),
        standby = Key::Standby.id(),
        service = Key::Services.id(),
    );
    if let Some(key) = changes::further_key(world) {
        let (key, issuer, made) = (key.id(), key.issuer(), korean(BEGIN));
        text.push_str(&format!(
            "{key},{issuer},{made},,Authentication team,,key management system\n"
        ));
    }
    text
}
