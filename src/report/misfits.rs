//! Misfits as English sentences: what does not fit together, and which setting to change.

use super::problems::no_line_taken;
use super::sentences::{Sentence, query};
use crate::intake::{Reason, TOKEN_COOKIE_ABSENT};
use crate::misfits::{Misfit, Named};
use crate::terminal::{counted, thousands};

/// The heading above the figures.
pub(super) const HEADING: &str = "Look at this first";

/// What stands between the heading and the misfits.
pub(super) const INTRODUCTION: &str = "Something here does not fit together. Most likely a setting of the case \
    is wrong, and the figures below with it: a 0 among them does not say that nothing happened. Change the \
    setting and run again.";

/// What does not fit together, and which setting to change.
pub(super) fn misfit(misfit: &Misfit) -> Sentence {
    let command = match misfit {
        Misfit::SourceUnread { reason, .. } => {
            Some(format!("breachscope rejects RESULTS --reason {reason}"))
        }
        Misfit::GatewayWithoutToken {
            problem: Some(problem),
            ..
        } => query(&format!(
            "SELECT * FROM requests WHERE token_problem = '{problem}'"
        )),
        Misfit::KeyScopeContradicted { setting, .. } => query(&format!(
            "SELECT * FROM tokens WHERE outside_key_scope LIKE '%{setting}%'"
        )),
        _ => None,
    };
    Sentence::new(what(misfit), command)
}

fn what(misfit: &Misfit) -> String {
    match misfit {
        Misfit::NoGatewaySource => NO_GATEWAY.to_string(),
        Misfit::SourceUnread {
            subject,
            count,
            line_count,
            reason,
            detail,
            place,
        } => {
            let means = Reason::of_name(reason).map_or("", Reason::sentence);
            format!(
                "{} of {} of the source `{subject}` could not be read. Most of them are `{reason}`, the first at \
                 {place}: {detail}. {means} Check `format`, `time`, `zone` and [source.fields] of this source.",
                thousands(*count),
                counted(*line_count, "line", "lines"),
            )
        }
        Misfit::NoLineTaken { subject, count } => no_line_taken(subject, *count),
        Misfit::GatewayWithoutToken {
            subject,
            count,
            problem,
            absent_field,
        } => without_token(
            (subject, *count),
            problem.as_deref(),
            absent_field.as_deref(),
        ),
        Misfit::IssuerNamedOtherwise {
            subject,
            other,
            place,
            count,
            example,
        } => named_otherwise((subject, other), *place, *count, example.as_deref()),
        Misfit::RecordTimesShifted {
            subject,
            shift_seconds,
            count,
            example,
        } => records_shifted(subject, *shift_seconds, *count, example),
        Misfit::UseTimesShifted {
            subject,
            count,
            token_count,
            early,
        } => format!(
            "{} of {} that have an issuance record are used at the gateway `{subject}` {}. The clock of `{subject}` \
             is most likely read in the wrong zone: set `zone`, or `time` and `clock_correction_seconds`, of this \
             source. Else see what is mapped to `token_issued_at` and `token_expires_at`.",
            thousands(*count),
            counted(*token_count, "token", "tokens"),
            if *early {
                "before they were issued"
            } else {
                "after they had expired"
            },
        ),
        Misfit::SubjectsUnregistered {
            subject,
            column,
            count,
            subject_count,
            example,
        } => unregistered((subject, column), *count, *subject_count, example),
        Misfit::RecordsRepeat {
            subject,
            count,
            token_count,
        } => format!(
            "{} of {subject} hand out only {}, so each is handed out again and again. A log of requests looks so: \
             if it is one, every forged token in it would count as issued. Write kind = \"gateway\" for its source, or \
             take only the lines that hand out a token, with `where` or the words in `granted` and `ignored`.",
            counted(
                *count,
                "issuance record looked at",
                "issuance records looked at"
            ),
            counted(*token_count, "token", "tokens"),
        ),
        Misfit::KeyScopeContradicted {
            subject,
            setting,
            count,
            other_count,
            example,
        } => scope_contradicted((subject, setting), *count, *other_count, example),
        Misfit::IdsNeverMeet {
            subject,
            of_a_token,
            of_a_record,
        } => format!(
            "No token of {subject} meets any of its issuance records, so no absence of a record means anything: a token \
             has the id `{of_a_token}`, a record `{of_a_record}`. If one is the other with something around it, take \
             that off with `id_prefix` or `id_suffix` of the source. If tokens name their id by another claim than \
             `jti`, say so with `token_claims`."
        ),
    }
}

const NO_GATEWAY: &str = "The case has no source of kind gateway. Only a gateway's log tells which tokens were used, \
    so every count of tokens and views is 0. Add the log of the server that checks the tokens as a source with kind = \
    \"gateway\", and map `token_id`, `token_issuer` and `token_subject`, or the field that holds the whole token.";

fn without_token(
    (source, lines): (&str, u64),
    problem: Option<&str>,
    absent_field: Option<&str>,
) -> String {
    let why = match (problem, absent_field) {
        (_, Some(field)) => format!(
            "The case file maps `token_id` to `{field}`, and no line has that field: see how the log spells it."
        ),
        (Some(TOKEN_COOKIE_ABSENT), None) => "Most of them have no cookie of the name in `token_cookie`: see how the log \
            spells it."
            .to_string(),
        (Some(problem), None) => format!(
            "Most of them have something in its place that cannot be read as a token (`{problem}`): map the field that \
             holds the token, or its id as `token_id`."
        ),
        (None, None) => "Check in [source.fields] that `token_id`, or else `authorization` or `cookie`, names the field \
                         that holds the token; letter case matters. If this tier sees no tokens, write kind = \"edge\"."
            .to_string(),
    };
    format!(
        "None of {} of the gateway `{source}` has a token, so what its requests showed is in no count. {why}",
        counted(lines, "line", "lines"),
    )
}

fn named_otherwise(
    (issuer, other): (&str, &str),
    place: Named,
    count: u64,
    example: Option<&str>,
) -> String {
    let example = example.map_or_else(String::new, |id| format!(", such as `{id}`"));
    match place {
        Named::IssuanceLog => format!(
            "Tokens name the issuer `{issuer}`, which has no issuance records, and records of `{other}` hand out {} of \
             its tokens looked at{example}. Both are most likely one issuer: give the issuance source \
             constants = {{ issuer = \"{issuer}\" }}, or map `issuer` to the field that has the tokens' `iss`.",
            thousands(count),
        ),
        Named::KeyInventory => format!(
            "Tokens name the issuer `{issuer}`, and the key inventory has {} that they name{example}, all under \
             `{other}`, which no token names. So each key counts as unlisted, and nothing is forged for want of a \
             record. In the key inventory, write the tokens' `iss` in the column `issuer`.",
            counted(count, "key", "keys"),
        ),
        Named::CaseFile => format!(
            "{} the issuer `{issuer}`, which the case file does not list. It lists `{other}`, which nothing \
             names. Write the tokens' `iss` as the `id` of [[issuer]]; else their subjects are held against no account \
             registry.",
            counted(count, "token looked at names", "tokens looked at name"),
        ),
    }
}

fn records_shifted(issuer: &str, seconds: i64, count: u64, example: &str) -> String {
    let minutes = seconds.unsigned_abs() / 60;
    let way = if seconds < 0 { "before" } else { "after" };
    format!(
        "The issuance records of {issuer} lie {}:{:02} hours {way} the issue times that their tokens name ({}, such as \
         `{example}`). The log's clock is most likely read in the wrong zone, so a token is looked for at a time at which \
         the log has others, or ends. Set `zone` of the issuance source; where its times carry a zone that is wrong, set \
         clock_correction_seconds = {}.",
        minutes / 60,
        minutes % 60,
        counted(count, "token", "tokens"),
        -seconds,
    )
}

fn scope_contradicted(
    (key, setting): (&str, &str),
    issued: u64,
    others: u64,
    example: &str,
) -> String {
    format!(
        "By `{setting}` the key `{key}` is not for {} that the issuance log handed out; `{setting}` lacks `{example}`, for \
         one. Either it is stated too narrowly, or the log took in forged tokens. So `{setting}` of this key decides \
         nothing: {} too, and {} not forged by it. Look at these tokens; if they are honest, add what they have to \
         `{setting}`, in [[signing_key]] or in the key inventory.",
        counted(issued, "token", "tokens"),
        counted(
            others,
            "token without a record lies outside",
            "tokens without a record lie outside"
        ),
        if others == 1 { "is" } else { "are" },
    )
}

fn unregistered((subject, column): (&str, &str), lacking: u64, all: u64, example: &str) -> String {
    let setting = match column {
        "account" => {
            "Map `account` to the field that has the registry's accounts, or export the registry with them."
        }
        _ => {
            "If the registry has these people under another id, map the subject to the field that has that id (in a \
              token, `token_claims` names the claim), or export the registry with these ids. If the subjects are \
              services, say so with [[issuer]] and subjects = \"services\"."
        }
    };
    format!(
        "The account registry has {} of {} that `{column}` names in `{subject}`; it lacks `{example}`, for one. Logs \
         and registry most likely write different ids, so that no account can be counted. {setting}",
        match all - lacking {
            0 => "none".to_string(),
            known => format!("only {}", thousands(known)),
        },
        counted(all, "subject", "subjects"),
    )
}
