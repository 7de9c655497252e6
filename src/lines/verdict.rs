//! The verdicts on a token, and how sure they are.

/// What a token is, as far as the evidence says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It was not issued as it says.
    Forged,
    /// The evidence does not decide.
    Indeterminate,
    /// It was issued to the subject that it names.
    Legitimate,
    /// It was issued to the subject that it names, and the attacker used it.
    Stolen,
}

/// How sure a verdict is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Confidence {
    /// A record, a signature, or record numbers without a hole show it.
    Strong,
    /// Only what honest tokens show of the issuance log speaks for it.
    Moderate,
    /// There is none, for nothing is decided.
    None,
}

impl Verdict {
    /// All verdicts, in the order of their numbers.
    pub const ALL: [Verdict; 4] = [
        Verdict::Forged,
        Verdict::Indeterminate,
        Verdict::Legitimate,
        Verdict::Stolen,
    ];

    /// The name in outputs.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Forged => "forged",
            Verdict::Indeterminate => "indeterminate",
            Verdict::Legitimate => "legitimate",
            Verdict::Stolen => "stolen",
        }
    }
}

impl Confidence {
    /// The name in outputs.
    pub fn name(self) -> &'static str {
        match self {
            Confidence::Strong => "strong",
            Confidence::Moderate => "moderate",
            Confidence::None => "none",
        }
    }
}
