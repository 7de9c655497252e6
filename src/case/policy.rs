//! Thresholds of the analysis and the switches of its rules.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Spanned;

/// Thresholds of the analysis, and rules that are not to be applied.
///
/// Every report prints all of them and says which differ from this program's own.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// How far two clocks may differ after correction, seconds; usually 5.
    ///
    /// Seconds by which a token's claimed times may differ from its record's, and from the edges of a hole in the log.
    #[schemars(example = 5)]
    pub clock_tolerance_seconds: u32,
    /// A pause in forged requests longer than this begins a new crawl run, hours; usually 24.
    #[schemars(example = 24)]
    pub run_pause_hours: u32,
    /// A pause in forged requests longer than this begins a new phase, days; usually 30.
    #[schemars(example = 30)]
    pub phase_pause_days: u32,
    /// The longest lifetime that the issuer gives a token, seconds.
    ///
    /// The rule `lifetime_beyond_policy` names longer ones; without it lifetimes are not judged.
    #[serde(default)]
    #[schemars(example = 3600)]
    pub token_lifetime_seconds: Option<u32>,
    /// How long after its expiry a token may still be in use, seconds: gateways and apps cache.
    #[serde(default = "expiry_grace")]
    #[schemars(example = 300)]
    pub expiry_grace_seconds: u32,
    /// A login this close to a token's issue time, before or after, is behind it, seconds.
    #[serde(default = "login_window")]
    #[schemars(example = 600)]
    pub login_window_seconds: u32,
    /// How long one login carries a customer through refreshed tokens, hours.
    #[serde(default = "session_hours")]
    #[schemars(example = 24)]
    pub session_hours: u32,
    /// How many tokens issued for certain must have a record, 1 to 30.
    ///
    /// An issuance log without record numbers counts as complete only where at least this many tokens are
    /// near that have a login or an older record behind them, and every one of them has its record.
    #[serde(default = "witnesses", serialize_with = "plain_number")]
    #[schemars(with = "u32", example = 20)]
    pub coverage_witnesses: Spanned<u32>,
    /// Verdict rules that are not to be applied; `breachscope rules` lists them.
    #[serde(default, serialize_with = "plain")]
    #[schemars(with = "Vec<String>", example = ["no_login"])]
    pub switched_off: Vec<Spanned<String>>,
}

fn expiry_grace() -> u32 {
    300
}

fn login_window() -> u32 {
    600
}

fn session_hours() -> u32 {
    24
}

fn coverage_witnesses() -> u32 {
    20
}

fn witnesses() -> Spanned<u32> {
    Spanned::new(0..0, coverage_witnesses())
}

fn plain_number<S: serde::Serializer>(number: &Spanned<u32>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u32(*number.get_ref())
}

fn plain<S: serde::Serializer>(names: &[Spanned<String>], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(names.iter().map(Spanned::get_ref))
}

impl Policy {
    /// The clock tolerance, in microseconds.
    pub fn tolerance(&self) -> i64 {
        i64::from(self.clock_tolerance_seconds) * 1_000_000
    }

    /// Whether the case file switches off the rule of this name.
    pub fn off(&self, rule: &str) -> bool {
        self.switched_off.iter().any(|name| name.get_ref() == rule)
    }

    /// Every threshold with its value, and whether that differs from the program's own value.
    pub fn told(&self) -> Vec<(&'static str, String, bool)> {
        let number = |name, value: u32, own: u32| (name, value.to_string(), value != own);
        let lifetime = self.token_lifetime_seconds;
        let off: Vec<&str> = self
            .switched_off
            .iter()
            .map(|name| name.get_ref().as_str())
            .collect();
        let none = |text: String| if text.is_empty() { "none".into() } else { text };
        vec![
            number("clock_tolerance_seconds", self.clock_tolerance_seconds, 5),
            number("run_pause_hours", self.run_pause_hours, 24),
            number("phase_pause_days", self.phase_pause_days, 30),
            (
                "token_lifetime_seconds",
                none(lifetime.map_or(String::new(), |value| value.to_string())),
                lifetime.is_some(),
            ),
            number(
                "expiry_grace_seconds",
                self.expiry_grace_seconds,
                expiry_grace(),
            ),
            number(
                "login_window_seconds",
                self.login_window_seconds,
                login_window(),
            ),
            number("session_hours", self.session_hours, session_hours()),
            number(
                "coverage_witnesses",
                *self.coverage_witnesses.get_ref(),
                coverage_witnesses(),
            ),
            ("switched_off", none(off.join(", ")), !off.is_empty()),
        ]
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use super::Policy;

    /// The thresholds of a case file that sets only what it must.
    pub(crate) fn policy() -> Policy {
        toml::from_str("clock_tolerance_seconds = 5\nrun_pause_hours = 24\nphase_pause_days = 30")
            .expect("a policy")
    }

    #[test]
    fn what_the_case_file_sets_is_told_apart() {
        assert!(policy().told().iter().all(|(_, _, tuned)| !tuned));
        let mut tuned = policy();
        tuned.session_hours = 1;
        let told = tuned.told();
        let changed: Vec<_> = told.iter().filter(|(_, _, tuned)| *tuned).collect();
        assert_eq!(changed, [&("session_hours", "1".to_string(), true)]);
    }
}
