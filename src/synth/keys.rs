//! The issuers of the replica and the keys that they sign with.

/// Issues the customers' tokens.
pub(super) const ISSUER: &str = "https://login.shop.example";
/// Issues the tokens of the company's own services.
pub(super) const SERVICE_ISSUER: &str = "https://internal.shop.example";

/// A key that tokens are signed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// The key that most customers' tokens are signed with.
    Primary,
    /// The key that the attacker has, and a third of the honest tokens too.
    ///
    /// It left the company with an engineer.
    Standby,
    /// The key of the services' tokens.
    Services,
    /// The second data centre's own key, which one scenario has.
    SecondDataCentre,
}

impl Key {
    /// The key's id, as logs and the key inventory write it.
    pub(super) fn id(self) -> &'static str {
        match self {
            Key::Primary => "primary-2023-05",
            Key::Standby => "standby-2024-05",
            Key::Services => "services-2023-05",
            Key::SecondDataCentre => "primary-2025-dc2",
        }
    }

    /// The issuer that signs with it.
    pub(super) fn issuer(self) -> &'static str {
        match self {
            Key::Services => SERVICE_ISSUER,
            Key::Primary | Key::Standby | Key::SecondDataCentre => ISSUER,
        }
    }
}
