//! Functions of network addresses.

use std::net::IpAddr;
use std::sync::Arc;

use datafusion::arrow::array::{AsArray, BooleanArray, StringViewBuilder};
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::common::{Result, exec_datafusion_err};
use datafusion::logical_expr::{ColumnarValue, ScalarUDF};
use ipnetwork::IpNetwork;

use super::texts::texts;
use super::{Function, constant};

/// The functions of this file that a statement may call.
pub(super) fn all() -> Vec<Arc<ScalarUDF>> {
    vec![ip_in(), network(), is_private()]
}

/// `ip_in(address, prefix)`: whether an address lies in a prefix.
fn ip_in() -> Arc<ScalarUDF> {
    let takes = [DataType::Utf8View, DataType::Utf8View];
    Function::new("ip_in", &takes, DataType::Boolean, |args, rows| {
        let given = constant("ip_in", "prefix", &args[1])?;
        let prefix: IpNetwork = given.parse().map_err(|_| {
            exec_datafusion_err!(
                "ip_in: '{given}' is no prefix; write one such as '203.0.113.0/24'"
            )
        })?;
        let addresses = texts(&args[0], rows)?;
        let inside: BooleanArray = addresses
            .iter()
            .map(|text| Some(prefix.contains(text?.parse().ok()?)))
            .collect();
        Ok(ColumnarValue::Array(Arc::new(inside)))
    })
    .udf()
}

/// `network(address, bits)`: the prefix around an address.
fn network() -> Arc<ScalarUDF> {
    let (text, bits) = (DataType::Utf8View, DataType::Int64);
    let takes: [&[DataType]; 2] = [
        &[text.clone(), bits.clone()],
        &[text.clone(), bits.clone(), bits],
    ];
    Function::either("network", &takes, text, |args, rows| {
        let bits = |value: &ColumnarValue, most: u8| -> Result<u8> {
            let given = value.to_array(1)?.as_primitive::<Int64Type>().value(0);
            let fits = u8::try_from(given).ok().filter(|bits| *bits <= most);
            fits.ok_or_else(|| {
                exec_datafusion_err!("network: a prefix has 0 to {most} bits, not {given}")
            })
        };
        let of_v4 = bits(&args[1], 32)?;
        let of_v6 = args.get(2).map_or(Ok(48), |value| bits(value, 128))?;
        let mut networks = StringViewBuilder::with_capacity(rows);
        for text in &texts(&args[0], rows)? {
            let address = text.and_then(|text| text.parse().ok());
            networks.append_option(address.and_then(|address| around(address, of_v4, of_v6)));
        }
        Ok(ColumnarValue::Array(Arc::new(networks.finish())))
    })
    .udf()
}

/// The prefix around an address, with so many bits for IPv4 and for IPv6.
fn around(address: IpAddr, of_v4: u8, of_v6: u8) -> Option<String> {
    let bits = if address.is_ipv4() { of_v4 } else { of_v6 };
    let network = IpNetwork::new(address, bits).ok()?;
    Some(format!("{}/{bits}", network.network()))
}

/// `is_private(address)`: whether an address cannot be a client on the internet.
fn is_private() -> Arc<ScalarUDF> {
    let takes = [DataType::Utf8View];
    Function::new("is_private", &takes, DataType::Boolean, |args, rows| {
        let reserved = reserved();
        let within = |address: IpAddr| reserved.iter().any(|prefix| prefix.contains(address));
        let addresses = texts(&args[0], rows)?;
        let private: BooleanArray = addresses
            .iter()
            .map(|text| text?.parse().ok().map(within))
            .collect();
        Ok(ColumnarValue::Array(Arc::new(private)))
    })
    .udf()
}

/// The prefixes for private networks, carriers' own use, hosts themselves and links (RFC 1918, 6598, 4193
/// and others).
fn reserved() -> Vec<IpNetwork> {
    let prefixes = [
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "::/128",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    ];
    prefixes
        .iter()
        .filter_map(|prefix| prefix.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_lies_around_its_address() {
        let around = |text: &str| around(text.parse().expect("an address"), 24, 56);
        assert_eq!(around("203.0.113.77").as_deref(), Some("203.0.113.0/24"));
        assert_eq!(
            around("2001:db8:1:2ff::9").as_deref(),
            Some("2001:db8:1:200::/56")
        );
    }

    #[test]
    fn every_reserved_prefix_is_one() {
        assert_eq!(reserved().len(), 11);
    }
}
