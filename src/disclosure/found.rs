//! What the stages before found: all that a disclosure is made from.

use std::collections::BTreeMap;

use crate::case::Context;
use crate::exposure::Exposure;
use crate::fleet::Attributed;
use crate::misfits::Misfit;
use crate::results::Manifest;
use crate::sessions::Phase;
use crate::tokens::coverage::Coverage;
use crate::tokens::timeline::KeyLife;
use crate::tokens::{ProvenKeys, Tokens, Unmet};

/// The results of all stages of one run.
pub struct Found<'a> {
    /// What the stages share: the case, its registries, the folder of frames.
    pub context: &'a Context<'a>,
    /// The custody manifest.
    pub manifest: &'a Manifest,
    /// What does not fit together in the evidence and the case file.
    pub misfits: Vec<Misfit>,
    /// The verdicts.
    pub tokens: &'a Tokens,
    /// Where the issuance logs are complete.
    pub coverage: &'a Coverage,
    /// Issuers whose records meet no token.
    pub unmet: &'a [Unmet],
    /// The number of gateway lines whose token could not be read, by problem.
    pub without_token: &'a BTreeMap<String, u64>,
    /// Each signing key's life against its use.
    pub keys: Vec<KeyLife>,
    /// The keys that verified a token.
    pub proven: &'a ProvenKeys,
    /// What the requests showed.
    pub exposure: &'a Exposure,
    /// The phases of the attack.
    pub phases: &'a [Phase],
    /// The addresses of the fleet with their networks.
    pub fleet: Vec<Attributed>,
}
