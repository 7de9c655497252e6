//! The outcomes of a check of a signature.

/// What is known of a token's signature.
///
/// The order matters: where several keys are tried, the least outcome counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Signature {
    /// The log does not hold the token, so there is nothing to check.
    NotLogged,
    /// A key of the token's issuer made it (RFC 7515 section 5.2).
    Valid,
    /// No key of that name and issuer made it.
    Invalid,
    /// There is no signature: the algorithm is `none` (RFC 7515 appendix A.5), or the part is empty.
    Unsigned,
    /// No key of that name and issuer is known.
    NoKey,
    /// The key is for another algorithm, or not for signatures (RFC 8725 section 3.1).
    Mismatch,
    /// The algorithm, the key, or an extension that the token demands is not supported.
    Unsupported,
    /// It is no compact JWS, or two programs could read its header differently.
    Unreadable,
}

impl Signature {
    /// Every value, in the order of the type.
    pub const ALL: [Signature; 8] = [
        Signature::NotLogged,
        Signature::Valid,
        Signature::Invalid,
        Signature::Unsigned,
        Signature::NoKey,
        Signature::Mismatch,
        Signature::Unsupported,
        Signature::Unreadable,
    ];

    /// The outcome with this number, which `as u8` gave. Panics for a number that is none.
    pub(crate) fn from_code(code: u8) -> Self {
        Self::ALL[usize::from(code)]
    }

    /// The name, as in frames.
    pub fn name(self) -> &'static str {
        match self {
            Signature::NotLogged => "not_logged",
            Signature::Valid => "valid",
            Signature::Invalid => "invalid",
            Signature::Unsigned => "unsigned",
            Signature::NoKey => "no_key",
            Signature::Mismatch => "mismatch",
            Signature::Unsupported => "unsupported",
            Signature::Unreadable => "unreadable",
        }
    }

    /// The outcome of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|value| value.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_values() {
        for value in Signature::ALL {
            assert_eq!(Signature::from_name(value.name()), Some(value));
        }
        assert_eq!(Signature::from_name("Valid"), None);
    }
}
