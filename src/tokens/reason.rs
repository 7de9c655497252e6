//! What a verdict rests on, by name and in a sentence: a rule, a record, or a doubt.
//!
//! The name stands in the column `reason` of the frame `tokens` and in every output; the sentence is
//! what `breachscope explain` says. Both of a doubt stand in one table, [`Doubt`]; those of a rule
//! stand in the rule's own file.

use super::rules::{self, Rule};

/// Defines [`Doubt`] by one table of variant, name and sentence.
macro_rules! doubts {
    ($($doubt:ident, $name:literal, $sentence:expr;)+) => {
        /// Why nothing could be decided about a token.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Doubt {
            $(#[doc = concat!("`", $name, "`; [`Doubt::sentence`] says what it means.")] $doubt,)+
        }

        impl Doubt {
            /// Each doubt, in the order of the table.
            pub const ALL: &'static [Doubt] = &[$(Doubt::$doubt,)+];

            /// The name in the column `reason` and in outputs.
            pub fn name(self) -> &'static str {
                match self { $(Doubt::$doubt => $name,)+ }
            }

            /// What the doubt means, in one sentence.
            pub fn sentence(self) -> &'static str {
                match self { $(Doubt::$doubt => $sentence,)+ }
            }
        }
    };
}

/// The sentence of the doubts that a rule would have decided.
const SWITCHED_OFF: &str = "a rule that would decide is switched off by the case file";

doubts! {
    TokenNotReadable, "token_not_readable",
        "the token is no readable JWS, so what it claims is not certain";
    RecordsWrittenOtherwise, "records_written_otherwise",
        "a record has its id and differs, and so do most records of the issuer: the logs write subjects, \
         times or scopes in two ways";
    SignatureInvalidAndIssued, "signature_invalid_and_issued",
        "a record hands it out, and yet its signature is not the key's; nothing shows whether the key file \
         is the right one";
    ClaimsDifferAndRuleSwitchedOff, "claims_differ_and_rule_switched_off", SWITCHED_OFF;
    RecordNamesAnotherKey, "record_names_another_key",
        "its issuance record names another key";
    OutcomeUnknown, "outcome_unknown",
        "a record has its id, and the words of its event or outcome are on no list, so nobody knows whether it \
         handed the token out; list them in the case file as `granted`, `refused` or `revoked`";
    SubjectNotLogged, "subject_not_logged",
        "the gateway's log does not say whom the token names";
    OnlyAPrefixLogged, "only_a_prefix_logged",
        "the log has only the beginning of the token, which other tokens may share";
    RecordNamesNoSubject, "record_names_no_subject",
        "the issuance log has the id, and does not say to whom it was issued";
    IssuedToAnotherSubjectAndRuleSwitchedOff, "issued_to_another_subject_and_rule_switched_off",
        SWITCHED_OFF;
    ScopeClaimNotLogged, "scope_claim_not_logged",
        "no record, and the log does not tell the audience, kind of customer or algorithm that would show whether \
         its key is for it";
    IssuerNotLogged, "issuer_not_logged",
        "the evidence has no issuance records of its issuer";
    IssueTimeNotLogged, "issue_time_not_logged",
        "the log does not say when it was issued";
    IssuedOutsideTheLog, "issued_outside_the_log",
        "no record, and its issue time is before the issuance log begins or after it ends";
    IssuedInAHoleOfTheLog, "issued_in_a_hole_of_the_log",
        "no record, and its issue time lies where the issuance log lacks records";
    KeyNotNamedByTheLog, "key_not_named_by_the_log",
        "no record, and no record of the issuance log names its key; if the log would hold that key's \
         issuances, say so with `keys_logged` in the case file";
    LogLacksLivingTokens, "log_lacks_living_tokens",
        "no record, and around its issue time the log also lacks tokens that were issued for certain";
    LogNotShownComplete, "log_not_shown_complete",
        "no record, and too few tokens that were issued for certain show the log, which numbers no records, complete there";
    LoginWithoutRecord, "login_without_record",
        "no record, and yet its subject logged in then, from an address that used it";
    KeyNotInInventory, "key_not_in_inventory",
        "no record, and the key inventory does not list its key";
    NeverIssuedSwitchedOff, "never_issued_switched_off", SWITCHED_OFF;
}

impl Doubt {
    /// The doubt of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|doubt| doubt.name() == name)
    }
}

/// What a verdict rests on.
#[derive(Debug, Clone, Copy)]
pub enum VerdictReason {
    /// A rule that decides fired.
    Rule(&'static Rule),
    /// An issuance record hands the token out as it says.
    Issued,
    /// Nothing decides, and this is why.
    Doubt(Doubt),
}

/// The name of [`VerdictReason::Issued`].
const ISSUED: &str = "issued";

impl VerdictReason {
    /// The name in the column `reason` and in outputs.
    pub fn name(self) -> &'static str {
        match self {
            VerdictReason::Rule(rule) => rule.id,
            VerdictReason::Issued => ISSUED,
            VerdictReason::Doubt(doubt) => doubt.name(),
        }
    }

    /// What the reason means, in one sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            VerdictReason::Rule(rule) => rule.sees,
            VerdictReason::Issued => "an issuance record hands it to its subject, under its key",
            VerdictReason::Doubt(doubt) => doubt.sentence(),
        }
    }

    /// The reason of this name; `None` for a name that this version does not give.
    pub fn from_name(name: &str) -> Option<Self> {
        if name == ISSUED {
            return Some(VerdictReason::Issued);
        }
        let rule = rules::list::ALL.iter().find(|rule| rule.id == name);
        rule.map(VerdictReason::Rule)
            .or_else(|| Doubt::from_name(name).map(VerdictReason::Doubt))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_doubt_has_a_name_of_its_own_and_a_sentence() {
        for &doubt in Doubt::ALL {
            assert_eq!(Doubt::from_name(doubt.name()), Some(doubt));
            assert!(doubt.sentence().len() > 20, "{doubt:?}");
        }
        let names: BTreeSet<&str> = Doubt::ALL.iter().map(|doubt| doubt.name()).collect();
        assert_eq!(names.len(), Doubt::ALL.len());
        assert_eq!(Doubt::from_name("issued"), None);
    }

    #[test]
    fn a_rule_is_blamed_as_switched_off_by_the_doubts_that_say_so() {
        for doubt in Doubt::ALL {
            let says = doubt.name().ends_with("switched_off");
            assert_eq!(doubt.sentence() == SWITCHED_OFF, says, "{doubt:?}");
        }
    }

    #[test]
    fn each_reason_is_found_by_its_name() {
        let rules = rules::list::ALL.iter().map(VerdictReason::Rule);
        let doubts = Doubt::ALL.iter().copied().map(VerdictReason::Doubt);
        let all: Vec<VerdictReason> = rules.chain(doubts).chain([VerdictReason::Issued]).collect();
        for reason in &all {
            let found = VerdictReason::from_name(reason.name()).expect("a reason");
            assert_eq!(found.sentence(), reason.sentence(), "{}", reason.name());
        }
        let names: BTreeSet<&str> = all.iter().map(|reason| reason.name()).collect();
        assert_eq!(names.len(), all.len(), "no two reasons share a name");
        assert!(VerdictReason::from_name("of_another_version").is_none());
    }
}
