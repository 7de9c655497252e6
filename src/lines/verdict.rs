//! What a token is, and how sure that is.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Not issued as it says it was.
    Forged,
    /// The evidence does not decide.
    Indeterminate,
    /// Issued to the subject it names.
    Legitimate,
    /// Issued to the subject it names, and used by the attacker.
    Stolen,
}

/// How sure a verdict is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Confidence {
    /// By a record, a signature or record numbers without a hole.
    Strong,
    /// By what the honest population shows of the log.
    Moderate,
    /// Nothing is decided.
    None,
}

impl Verdict {
    /// All, in the order of their numbers.
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
