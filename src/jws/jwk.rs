//! Reads JSON Web Keys (RFC 7517).
//!
//! A key with a member that is not known is unusable, which is no error: a set may hold keys for other
//! programs (section 5).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::material::{CURVES, Kind, Material};

/// A key and what its owner says of it.
pub(super) struct Jwk {
    pub(super) material: Material,
    /// The `kid` (section 4.5).
    pub(super) id: Option<String>,
    /// The `alg` (section 4.4).
    pub(super) algorithm: Option<String>,
    /// Whether `use` and `key_ops` allow the key to verify signatures (sections 4.2 and 4.3).
    pub(super) for_signatures: bool,
    /// What in it is not known.
    pub(super) unknown: Option<String>,
}

impl Jwk {
    /// Reads a key; `None` for a private one.
    pub(super) fn read(members: &Map<String, Value>) -> Option<Self> {
        // `d` is the private member of every kind but a shared secret (RFC 7518 section 6, RFC 8037
        // section 2).
        if members.get("kty").and_then(Value::as_str) != Some("oct") && members.contains_key("d") {
            return None;
        }
        let mut unknown = None;
        let mut text = |name: &str| match members.get(name) {
            None => None,
            Some(Value::String(text)) => Some(text.clone()),
            Some(_) => {
                unknown = Some(format!("its `{name}` is no text"));
                None
            }
        };
        let (id, algorithm, purpose) = (text("kid"), text("alg"), text("use"));
        let mut for_signatures = match purpose.as_deref() {
            None | Some("sig") => true,
            Some("enc") => false,
            Some(other) => {
                unknown = Some(format!("the use `{other}` is not known"));
                true
            }
        };
        match members.get("key_ops") {
            None => {}
            Some(Value::Array(operations)) => {
                for_signatures &= operations.iter().any(|operation| operation == "verify");
            }
            Some(_) => unknown = Some("its `key_ops` is no list".to_string()),
        }
        Some(Jwk {
            material: material(members),
            id,
            algorithm,
            for_signatures,
            unknown,
        })
    }
}

/// What a key consists of (RFC 7518 section 6, RFC 8037 section 2).
fn material(members: &Map<String, Value>) -> Material {
    let kind = match members.get("kty").and_then(Value::as_str) {
        Some("RSA") => Kind::Rsa,
        Some("EC") => Kind::Ec,
        Some("OKP") => Kind::Okp,
        Some("oct") => Kind::Oct,
        _ => Kind::Other,
    };
    usable(kind, members).unwrap_or_else(|why| Material::Unusable {
        kind,
        bytes: Value::Object(members.clone()).to_string().into_bytes(),
        why,
    })
}

/// The material of a usable key; or why it is not usable.
fn usable(kind: Kind, members: &Map<String, Value>) -> Result<Material, String> {
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    let bytes = |name: &str| {
        text(name)
            .and_then(|text| URL_SAFE_NO_PAD.decode(text).ok())
            .ok_or_else(|| format!("its `{name}` is missing or no base64url"))
    };
    let crv = text("crv").unwrap_or_default();
    match kind {
        Kind::Rsa => Ok(Material::rsa(&bytes("n")?, &bytes("e")?)),
        Kind::Ec => {
            let Some(curve) = CURVES.iter().find(|curve| curve.name == crv) else {
                return Err(format!("the curve `{crv}` is not supported"));
            };
            let (x, y) = (bytes("x")?, bytes("y")?);
            if x.len() != curve.size || y.len() != curve.size {
                return Err(format!(
                    "a coordinate on {crv} is {} bytes long",
                    curve.size
                ));
            }
            // 4 says that both coordinates follow (SEC 1 section 2.3.3).
            let mut point = vec![4];
            point.extend(x);
            point.extend(y);
            Ok(Material::Ec { curve, point })
        }
        Kind::Okp if crv == "Ed25519" => Ok(Material::Ed25519(bytes("x")?)),
        Kind::Okp => Err(format!("the curve `{crv}` is not supported")),
        Kind::Oct => Ok(Material::Secret(bytes("k")?)),
        Kind::Other => {
            let kty = text("kty").unwrap_or_default();
            Err(format!("the kind of key `{kty}` is not known"))
        }
    }
}
