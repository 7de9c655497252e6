//! The worlds by name.

/// A service whose logs are those of real products.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorldName {
    /// A portal behind nginx with Keycloak, whose retired key is stolen.
    KeycloakSaas,
    /// An API behind AWS API Gateway with Okta, whose current key is stolen.
    OktaApi,
    /// A bank with two gateways of which one logs no tokens.
    TwoGateways,
    /// A company portal with Microsoft Entra behind a load balancer.
    EntraSso,
    /// Services in a public cloud, of whose keys none is forged.
    CloudKeys,
    /// A small shop where nothing statistical can be shown.
    SmallShop,
}

impl WorldName {
    /// Every world with its name, and in a few words what it is.
    pub const ALL: [(WorldName, &'static str, &'static str); 6] = [
        (
            WorldName::KeycloakSaas,
            "keycloak-saas",
            "A portal behind nginx with Keycloak: signed tokens, unnumbered events, a stolen retired key",
        ),
        (
            WorldName::OktaApi,
            "okta-api",
            "An API behind API Gateway with Okta: e-mail as subject, user ids in the log, a stolen current key",
        ),
        (
            WorldName::TwoGateways,
            "two-gateways",
            "A bank with two gateways: one logs tokens, one only user names and addresses; a stolen standby key",
        ),
        (
            WorldName::EntraSso,
            "entra-sso",
            "A company portal with Entra behind a load balancer: a stolen key of another kind of customer",
        ),
        (
            WorldName::CloudKeys,
            "cloud-keys",
            "Services in a public cloud: most keys without a record, none forged, one of them stolen",
        ),
        (
            WorldName::SmallShop,
            "small-shop",
            "A small shop: cookies split in two, tables saved from Excel, too little to count on",
        ),
    ];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// What the world is, in a few words.
    pub fn what(self) -> &'static str {
        Self::ALL[self as usize].2
    }

    /// The world of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        let found = Self::ALL.iter().find(|(_, own, _)| *own == name);
        found.map(|(world, ..)| *world)
    }
}

/// Which world to make.
#[derive(Debug, Clone, Copy)]
pub struct WorldPlan {
    /// Its name.
    pub name: WorldName,
    /// Decides everything that is left to chance.
    pub seed: u64,
    /// Whether anybody forges tokens.
    pub attack: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_world_is_found_by_its_name() {
        for (world, name, _) in WorldName::ALL {
            assert_eq!(world.name(), name);
            assert_eq!(WorldName::from_name(name), Some(world));
        }
        assert_eq!(WorldName::from_name("no-such"), None);
    }
}
