//! The scenarios: conditions that put verdicts in doubt.
//!
//! This file knows their names and nothing of the generator. What each changes is in `changes.rs` and,
//! where a scenario plays a scene of its own, in `scenes.rs`; `mod.rs` tells how to add one.

/// A condition under which the replica is logged or attacked.
///
/// In the first fourteen something honest looks wrong; in the last four the forged tokens hide. In all
/// of them the attack goes on as well, unless the plan has none. The application's login log is there
/// and complete, and the attacker is not in it, for forging takes no login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scenario {
    /// The replica as it is, with a login log added.
    ///
    /// The verdicts must be those of the replica.
    Baseline,
    /// The issuer has two instances, and the clock of one is four minutes fast.
    ///
    /// Both take their numbers from one sequence. Half of the honest tokens claim an issue time after
    /// their login and their first uses, and so do their records. Records in order of number are not in
    /// order of time. That is neither a hole in the log nor a sign of forgery.
    ClockSkew,
    /// One rotated file of the issuance log is missing, and arrives late.
    ///
    /// It is of the middle of the harvest and lies in `late/`, and the sequence has a hole of some
    /// days. Without the file the tokens of these days are in doubt; with it they are not.
    LateFile,
    /// The issuance records of one whole day of the harvest are lost.
    ///
    /// The sequence goes on, so that the hole shows. The honest tokens of the day look as unissued as
    /// the forged ones.
    LostDay,
    /// Two customers in five get their tokens from a second data centre.
    ///
    /// It signs with the same keys. Its log is not in the evidence, and its issuances take no number of
    /// the first log's sequence. So that log looks complete, although many honest tokens have no record
    /// in it.
    SecondDataCentre,
    /// As before, but the second data centre signs with a key of its own.
    ///
    /// The key inventory lists that key, and no record names it: the log says nothing about its tokens.
    SecondDataCentreOwnKey,
    /// Customers logged in before the logs begin, and go on renewing their tokens.
    ///
    /// Their logins are up to twelve hours before. The first token of each lives thirteen hours, and
    /// each renewal follows fifty minutes after the one before. The first tokens have no record because
    /// there was no issuance log yet. Their logins are in the login log, which goes back as far.
    RefreshChain,
    /// One honest token in eight is used once more, hours or a day after its expiry.
    ///
    /// The use comes from the same address: a client kept the token, and the gateway does not check
    /// the expiry. Such a use is no forgery.
    CachedToken,
    /// All honest customers share a carrier's addresses with the whole fleet.
    ///
    /// An address says nothing about who uses it.
    CarrierNat,
    /// The company runs a load test that looks like a crawl with a hole.
    ///
    /// Within two hours one of its own addresses logs in hundreds of times, to fifty accounts. The
    /// issuance log records each login but those of ten minutes, whose records are lost.
    LoadTest,
    /// The issuance log has no sequence, and one record in twenty is lost at random.
    ///
    /// Nothing shows which are missing, so that the absence of a record means little.
    Unnumbered,
    /// The issuance log has no sequence, and is complete but for six hours.
    ///
    /// These are the hours that the replica's log lacks too. Only the records of honest tokens show
    /// that it is complete.
    UnnumberedComplete,
    /// Three issuance records in five were never written, and the sequence hides it.
    ///
    /// It counts only the records that were written: it shows no hole, and proves nothing.
    BrokenLog,
    /// The attack outnumbers the customers: there are few honest sessions.
    ///
    /// They are a twentieth of the replica's, but at least 200. What is rare is not therefore forged,
    /// and what is usual is not therefore honest.
    Outnumbered,
    /// The crawl's tokens claim to be issued in the hours whose log is lost.
    ///
    /// These hours are up to months before or after the use. The missing record proves nothing; the
    /// time of the use does.
    HiddenInGap,
    /// Each forged token has id, subject and key of a token that was recorded.
    ///
    /// That token was issued one or two days before, and its owner never used it at these gateways.
    /// Only issue and expiry times differ. There is a record, but it is not that of the forged token.
    RealIds,
    /// Each forged token names an account that was already closed.
    ///
    /// Some were closed before the logs begin. Nobody can log in to a closed account.
    ClosedAccounts,
    /// One request a day, each with a new forged token for an open account.
    ///
    /// It comes from a carrier's address that a customer uses too. Neither numbers nor addresses give
    /// the attacker away.
    OneADay,
}

impl Scenario {
    /// All scenarios in the variants' order, each with its name and its line of help.
    pub const ALL: [(Scenario, &'static str, &'static str); 18] = [
        (
            Scenario::Baseline,
            "baseline",
            "The replica with a login log added, to compare the others with",
        ),
        (
            Scenario::ClockSkew,
            "clock-skew",
            "One of the issuer's two instances is four minutes fast",
        ),
        (
            Scenario::LateFile,
            "late-file",
            "A file of the issuance log is missing from evidence/ and lies in late/",
        ),
        (
            Scenario::LostDay,
            "lost-day",
            "The issuance records of a whole day are lost",
        ),
        (
            Scenario::SecondDataCentre,
            "second-data-centre",
            "Two customers in five get their tokens from a data centre whose log is missing",
        ),
        (
            Scenario::SecondDataCentreOwnKey,
            "second-data-centre-own-key",
            "As second-data-centre, and that data centre signs with its own key",
        ),
        (
            Scenario::RefreshChain,
            "refresh-chain",
            "Customers who logged in before the logs begin go on renewing their tokens",
        ),
        (
            Scenario::CachedToken,
            "cached-token",
            "Honest tokens are used again long after their expiry",
        ),
        (
            Scenario::CarrierNat,
            "carrier-nat",
            "Customers and the attacker's fleet share one carrier's addresses",
        ),
        (
            Scenario::LoadTest,
            "load-test",
            "The company runs a load test, ten minutes of which have no issuance records",
        ),
        (
            Scenario::Unnumbered,
            "unnumbered",
            "The issuance log has no sequence numbers and lost one record in twenty",
        ),
        (
            Scenario::UnnumberedComplete,
            "unnumbered-complete",
            "The issuance log has no sequence numbers and lacks only six hours",
        ),
        (
            Scenario::BrokenLog,
            "broken-log",
            "Three issuance records in five were never written, and no number is missing",
        ),
        (
            Scenario::Outnumbered,
            "outnumbered",
            "The attacker outnumbers the customers: a twentieth of the honest sessions",
        ),
        (
            Scenario::HiddenInGap,
            "hidden-in-gap",
            "Forged tokens claim to be issued in the hours whose issuance log is lost",
        ),
        (
            Scenario::RealIds,
            "real-ids",
            "Forged tokens have the id and subject of tokens that were really issued",
        ),
        (
            Scenario::ClosedAccounts,
            "closed-accounts",
            "Forged tokens name accounts that were already closed",
        ),
        (
            Scenario::OneADay,
            "one-a-day",
            "One forged token and one request a day, from an address that a customer uses",
        ),
    ];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        Scenario::ALL[self as usize].1
    }

    /// What the scenario plants, in a line.
    pub fn what(self) -> &'static str {
        Scenario::ALL[self as usize].2
    }

    /// The scenario that has this name on the command line.
    pub fn from_name(name: &str) -> Option<Self> {
        let mut all = Scenario::ALL.into_iter();
        all.find(|(_, other, _)| *other == name)
            .map(|(scenario, ..)| scenario)
    }
}
