//! Findings and gaps as English sentences, the same in the terminal and in Markdown.
//!
//! They end with what to do next, where something can be done. Values from logs stand in them as they are:
//! whoever shows a sentence escapes it.

use jiff::tz::TimeZone;

use super::problems::{
    by_address, gateway_rejected, may_be_honest, no_line_taken, nothing_confirmed, scope_never_met,
    scope_not_told, values_unreadable, without_address,
};
use crate::disclosure::{Effect, Finding, Gap, Missing, Registry, Touched};
use crate::moment::local;
use crate::terminal::{counted, thousands};
use crate::tokens::coverage::Basis;

/// One or more sentences, and a command that shows more.
pub(super) struct Sentence {
    /// The text; it ends with a colon where a command follows.
    pub(super) text: String,
    /// The command, to be shown unbroken after the text.
    ///
    /// `RESULTS` stands in it for the folder of results, which is not named: a report is the same
    /// wherever it is written.
    pub(super) command: Option<String>,
}

impl Sentence {
    pub(super) fn new(mut text: String, command: Option<String>) -> Self {
        if command.is_some() {
            text.push_str(" See them with:");
        }
        Sentence { text, command }
    }
}

/// A command that shows rows of frames.
pub(super) fn query(sql: &str) -> Option<String> {
    Some(format!("breachscope query RESULTS \"{sql}\""))
}

/// What a reader must know beside the figures; times in `zone`.
pub(super) fn finding(finding: &Finding, zone: &TimeZone) -> Sentence {
    let command = match finding {
        Finding::LinesRejected { .. } => Some("breachscope rejects RESULTS".to_string()),
        Finding::MoreKeysUnlisted { .. } => query("SELECT * FROM key_timeline WHERE listed = 'no'"),
        Finding::TokensUnreadable { problem, .. } => query(&format!(
            "SELECT * FROM requests WHERE token_problem = '{problem}'"
        )),
        _ => None,
    };
    Sentence::new(what_was_found(finding, zone), command)
}

/// The sentence of a finding.
///
/// It is long, for it is a table with one arm for each kind; in parts, nobody would see that one is missing.
fn what_was_found(finding: &Finding, zone: &TimeZone) -> String {
    match finding {
        Finding::EvidenceDamaged {
            subject,
            count,
            damage,
        } => damaged(subject, *count, damage),
        Finding::EvidenceDuplicated { subject, of } => {
            format!("{subject} is a copy of {of}. Its lines count once.")
        }
        Finding::EvidenceOverlaps {
            subject,
            count,
            first_line,
            of,
            of_first_line,
        } => format!(
            "{subject} repeats {} of {of}: from line {} there, from line {} here. Each counts once.",
            counted(*count, "line", "lines"),
            thousands(*of_first_line),
            thousands(*first_line),
        ),
        Finding::EvidenceUnclaimed { count } => unclaimed(*count),
        Finding::LinesOfOthers {
            subject,
            count,
            place,
            text,
        } => lines_of_others(subject, *count, place, text.as_deref()),
        Finding::NoLineTaken { subject, count } => no_line_taken(subject, *count),
        Finding::RegistryMissing { subject } => registry_missing(*subject),
        Finding::LinesRejected { count, line_count } => format!(
            "{} of {} could not be read.",
            thousands(*count),
            counted(*line_count, "line", "lines"),
        ),
        Finding::MoreKeysUnlisted { count } => more_keys_unlisted(*count),
        Finding::KeyUnlisted {
            subject,
            issuer,
            count,
        } => key_unlisted(&key(subject, issuer), *count),
        Finding::KeyOutlivedCustodian {
            subject,
            issuer,
            left_at,
            day_count,
            count,
        } => format!(
            "{} outlived a custodian, who left on {}, by {}. {} used after the custodian left.",
            key(subject, issuer),
            local(*left_at, zone),
            counted(*day_count, "day", "days"),
            counted(*count, "forged token was", "forged tokens were"),
        ),
        Finding::KeyStoredOutside {
            subject,
            issuer,
            place,
        } => format!(
            "{} was stored outside the key management system: {place}.",
            key(subject, issuer)
        ),
        Finding::RequestsWithoutCookie { count } => without_cookie(*count),
        Finding::TokensUnreadable { problem, count } => tokens_unreadable(problem, *count),
        Finding::WordUnknown {
            subject,
            source,
            column,
            count,
        } => word_unknown(subject, source, column, *count),
        Finding::ValuesUnreadable {
            subject,
            problem,
            line_no,
            value,
            count,
        } => values_unreadable((subject, *line_no), problem, value, *count),
        Finding::ForgedRequestsWithoutAddress { count } => without_address(*count),
        Finding::GatewayLinesRejected { count } => gateway_rejected(*count),
        Finding::NothingConfirmed { count, reason } => nothing_confirmed(*count, reason),
        Finding::TokensMayBeHonest {
            subject,
            from,
            to,
            count,
            at_most,
            witness_count,
        } => may_be_honest(
            subject,
            [*from, *to].map(|time| local(time, zone)),
            [*count, *at_most, *witness_count],
        ),
        Finding::RequestsByAddress {
            dedicated_count,
            shared_count,
        } => by_address(*dedicated_count, *shared_count),
        Finding::AccountsSpelledOtherwise { count } => accounts_spelled_otherwise(*count),
        Finding::IssuanceRecordsAstray { subject, count } => records_astray(subject, *count),
        Finding::NoLoginLog => NO_LOGIN_LOG.to_string(),
        Finding::SigningKeyUnsupported { subject, why } => match subject {
            Some(id) => format!("The key \"{id}\" is not used to check signatures: {why}."),
            None => format!("A key without an id is not used to check signatures: {why}."),
        },
        Finding::SigningKeysIdle { count, keys } => keys_idle(*count, keys),
        Finding::KeyScopeNeverMet {
            subject,
            setting,
            count,
            example,
        } => scope_never_met((subject, setting), *count, example),
        Finding::KeyScopeNotTold {
            subject,
            setting,
            column,
            count,
        } => scope_not_told((subject, setting), column, *count),
        Finding::LoggedKeyUnknown { subject, issuer } => logged_key_unknown(subject, issuer),
        Finding::GatewayLinesLost { count } => lines_lost(*count),
        Finding::LinesCopied { count } => format!(
            "{} not counted again.",
            counted(
                *count,
                "line is a copy of another and was",
                "lines are copies of others and were"
            )
        ),
        Finding::ViewsOfUnlistedAccounts { count } => views_of_unlisted(*count),
        Finding::OutflowUndetermined => OUTFLOW.to_string(),
    }
}

const NO_LOGIN_LOG: &str = "The case has no login log, so nothing apart from the issuance log checks whether it is complete, and a second issuer with a log of its own would go unseen. If there is a login log, add it to the case file as a source of kind login.";

const OUTFLOW: &str =
    "Whether the attacker carried the data away cannot be determined from these logs.";

/// The subject of a sentence about a key.
fn key(id: &str, issuer: &str) -> String {
    format!("The key \"{id}\" of {issuer}")
}

fn damaged(file: &str, rows: u64, damage: &str) -> String {
    let kept = match rows {
        0 => "No row of it could be read".to_string(),
        _ => format!(
            "The {} kept",
            counted(
                rows,
                "row that could be read is",
                "rows that could be read are"
            )
        ),
    };
    format!("{file} is damaged: {damage}. {kept}. If you can, collect the file again.")
}

fn unclaimed(files: u64) -> String {
    format!(
        "{} not read. See unclaimed in manifest.json; to have one read, name it in a source of the case file.",
        counted(
            files,
            "file or member of an archive belongs to no source of the case, or is no regular file, and was",
            "files or members of archives belong to no source of the case, or are no regular files, and were"
        )
    )
}

fn lines_of_others(source: &str, count: u64, place: &str, text: Option<&str>) -> String {
    let example = text.map_or_else(String::new, |text| format!(": {text}"));
    format!(
        "{} of {source} no event of it: a message of the server itself, or left out by `where`. The first is {place}{example}",
        counted(count, "line is", "lines are"),
    )
}

fn registry_missing(registry: Registry) -> String {
    let (name, effect, member) = match registry {
        Registry::Pages => (
            "page catalogue",
            "it is not determined which requests showed data, and views and accounts are not counted",
            "pages",
        ),
        Registry::Accounts => (
            "account registry",
            "it is not determined whether an account exists: persons are not counted, and what only the gateway shows counts as possible at most",
            "accounts",
        ),
        Registry::Keys => (
            "key inventory",
            "a token without an issuance record is indeterminate, unless another rule decides",
            "keys",
        ),
        Registry::Networks => (
            "network database",
            "addresses are named without their network",
            "networks",
        ),
    };
    format!(
        "The case has no {name}, so {effect}. If there is one, name it under [registry] in the case file: {member} = \"FILE\""
    )
}

fn more_keys_unlisted(keys: u64) -> String {
    format!(
        "{} by tokens and not in the key inventory.",
        counted(keys, "more key is named", "more keys are named")
    )
}

fn key_unlisted(key: &str, tokens: u64) -> String {
    format!(
        "{key} is named by {}, and the key inventory does not list it for that issuer. Without an issuance record such a token is indeterminate, unless another rule decides. If that issuer signs with the key, add it to the inventory; if another one does, say so with `issuers` under [[signing_key]].",
        counted(tokens, "token", "tokens")
    )
}

fn without_cookie(lines: u64) -> String {
    format!(
        "{} no token cookie. Such a request counts as a visitor's who was not logged in, and is in no figure.",
        counted(lines, "gateway line has", "gateway lines have")
    )
}

fn tokens_unreadable(problem: &str, lines: u64) -> String {
    format!(
        "{} no token that can be read ({problem}). Where a page answered, what it showed counts as possible at most.",
        counted(lines, "gateway line has", "gateway lines have")
    )
}

fn word_unknown(text: &str, source: &str, column: &str, count: u64) -> String {
    format!(
        "{} of the source `{source}` {} the {column} `{text}`, which is on no list: nobody knows whether a token \
         was handed out or a login succeeded. Add the text to `granted`, `refused`, `revoked` or `ignored` of \
         this source in the case file.",
        counted(count, "line", "lines"),
        if count == 1 { "has" } else { "have" },
    )
}

fn accounts_spelled_otherwise(count: u64) -> String {
    format!(
        "{} showed an account that the registry spells otherwise: with another letter case, zeros in front or \
         another Unicode form. They count as `possible`.",
        counted(count, "view", "views"),
    )
}

fn records_astray(issuer: &str, records: u64) -> String {
    format!(
        "{} more than a week away from all other records of {issuer}. The log is taken to begin and end without them. Check the clock of the machine that wrote them.",
        counted(records, "issuance record lies", "issuance records lie")
    )
}

fn keys_idle(count: u64, keys: &[Option<String>]) -> String {
    let named: Vec<&str> = keys
        .iter()
        .map(|id| id.as_deref().unwrap_or("one without an id"))
        .collect();
    let more = match count.saturating_sub(keys.len() as u64) {
        0 => String::new(),
        more => format!(" and {} more", thousands(more)),
    };
    format!(
        "{} no token: {}{more}. If tokens name them, check that each key file is the right one and that the log holds whole tokens.",
        counted(
            count,
            "key given to check signatures verified",
            "keys given to check signatures verified"
        ),
        named.join(", ")
    )
}

fn logged_key_unknown(key: &str, issuer: &str) -> String {
    format!(
        "keys_logged of {issuer} names the key \"{key}\", which no issuance record, no token and no key inventory names. Check its spelling in the case file."
    )
}

fn lines_lost(requests: u64) -> String {
    format!(
        "{} known from another log only, because the gateway's line is lost. What such a request showed counts as possible at most.",
        counted(requests, "request is", "requests are")
    )
}

fn views_of_unlisted(views: u64) -> String {
    format!(
        "{} of an account that the account registry lacks. Such a view counts as a view, and its account is not counted.",
        counted(views, "view is", "views are")
    )
}

/// What is missing, how that is known, and which figures it touches.
pub(super) fn gap(gap: &Gap) -> Sentence {
    let command = match gap.missing {
        Missing::MoreIssuanceRecords { .. } => query("SELECT * FROM holes"),
        Missing::MoreSilences { .. } => query("SELECT * FROM silences"),
        _ => None,
    };
    let text = format!("{} {}", missing(&gap.missing, gap.basis), effect(gap));
    Sentence::new(text, command)
}

fn missing(missing: &Missing, basis: Basis) -> String {
    match missing {
        Missing::IssuanceRecords { issuer, count } => {
            format!(
                "{} missing, {}.",
                records_are(*count, issuer),
                known_by(basis)
            )
        }
        Missing::MoreIssuanceRecords {
            issuer,
            count,
            stretch_count,
        } => format!(
            "{} missing in {}, {}.",
            records_are(*count, issuer),
            counted(*stretch_count, "more stretch", "more stretches"),
            known_by(basis)
        ),
        Missing::Silence { source, count } => format!("{}.", silence(source, *count)),
        Missing::MoreSilences {
            count,
            stretch_count,
        } => format!(
            "In {} sources logged nothing, where about {} to be expected by their rhythm.",
            counted(*stretch_count, "more stretch", "more stretches"),
            counted(*count, "event was", "events were"),
        ),
        Missing::DeletedLines { source, reason } => {
            let reason = reason.trim_end_matches('.');
            format!("The case file says that lines of the source {source} are deleted: {reason}.")
        }
    }
}

/// The subject and verb of a sentence about records of an issuer's log.
fn records_are(count: Option<u64>, issuer: &str) -> String {
    match count {
        None => format!("An unknown number of issuance records of {issuer} is"),
        Some(1) => format!("1 issuance record of {issuer} is"),
        Some(count) => format!("{} issuance records of {issuer} are", thousands(count)),
    }
}

/// A source fell silent, as the beginning of a sentence.
pub(super) fn silence(source: &str, events: u64) -> String {
    format!(
        "The source {source} logged nothing, where about {} to be expected by its rhythm",
        counted(events, "event was", "events were")
    )
}

/// How a gap is known, as the end of a sentence.
fn known_by(basis: Basis) -> &'static str {
    match basis {
        Basis::Sequence => "as its record numbers show",
        Basis::CaseFile => "as the case file says",
        Basis::Silence => "as its rhythm lets expect others",
        Basis::HonestPopulation => "as tokens show that were certainly issued",
        Basis::Log => "as the log begins too late or ends too early",
    }
}

fn effect(gap: &Gap) -> String {
    match gap.effect {
        Effect::TokensUndecided => {
            "A token issued then without a record is indeterminate, so it is possible at most.".into()
        }
        Effect::RequestsUncounted if matches!(gap.missing, Missing::DeletedLines { .. }) => {
            "A request of that time that no other log shows is in no figure.".into()
        }
        Effect::RequestsUncounted => {
            "A request of that time that no other log shows is in no figure. Find out why nothing was logged; if lines were deleted, name the range under [[deleted]] in the case file.".into()
        }
        Effect::AttackUnseen => {
            "No forged request is known, and one of that time would not be.".into()
        }
        Effect::GatewayAlone => {
            let parts: Vec<String> = gap.figures.iter().map(part).collect();
            format!("For that time the gateway's log alone shows {}.", parts.join(", "))
        }
        Effect::BeforeAttack => {
            "That was before the first forged request, and touches no figure.".into()
        }
        Effect::None => "That touches no figure.".into(),
    }
}

/// The part of a figure that a gap touches: `51 views in page.order-list.views`.
fn part(touched: &Touched) -> String {
    let Touched { id, unit, count } = touched;
    match count {
        Some(count) => format!("{} in {id}", counted(*count, unit, &format!("{unit}s"))),
        None => id.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_has_its_count_its_unit_and_what_to_do() {
        let told = |found: Finding| {
            let Sentence { text, command } = finding(&found, &TimeZone::UTC);
            [text, command.unwrap_or_default()].join(" ")
        };
        assert_eq!(
            told(Finding::LinesRejected {
                count: 57,
                line_count: 44_808
            }),
            "57 of 44,808 lines could not be read. See them with: breachscope rejects RESULTS"
        );
        for (count, begins) in [
            (1, "1 request is known"),
            (2000, "2,000 requests are known"),
        ] {
            let text = told(Finding::GatewayLinesLost { count });
            assert!(text.starts_with(begins), "{text}");
        }
        let idle = told(Finding::SigningKeysIdle {
            count: 3,
            keys: vec![Some("a".into()), None],
        });
        let begins =
            "3 keys given to check signatures verified no token: a, one without an id and 1 more.";
        assert!(idle.starts_with(begins), "{idle}");
    }

    #[test]
    fn a_gap_says_what_is_missing_and_what_that_touches() {
        let deleted = Gap {
            missing: Missing::DeletedLines {
                source: "app".into(),
                reason: "rotated away.".into(),
            },
            basis: Basis::CaseFile,
            from: 0,
            to: 1,
            effect: Effect::GatewayAlone,
            figures: vec![Touched {
                id: "page.a.views".into(),
                unit: "view",
                count: Some(1234),
            }],
        };
        assert_eq!(
            gap(&deleted).text,
            "The case file says that lines of the source app are deleted: rotated away. For that time the gateway's log alone shows 1,234 views in page.a.views."
        );
        let hole = Missing::IssuanceRecords {
            issuer: "i".into(),
            count: None,
        };
        let hole = missing(&hole, Basis::Silence);
        assert!(hole.starts_with("An unknown number of issuance records of i is missing,"));
    }
}
