//! Sentences about values and lines that could not be read, and are counted all the same.

use crate::terminal::{counted, thousands};
use crate::tokens::Doubt;

/// Says which value of `file` at `line_no` could not be read, how many are like it, and what to change.
pub(super) fn values_unreadable(
    (file, line_no): (&str, u64),
    problem: &str,
    value: &str,
    count: u64,
) -> String {
    let (what, advice) = meaning(problem);
    let first = match value {
        "" => format!("{file}:{line_no}"),
        value => format!("{file}:{line_no}, `{value}`"),
    };
    format!(
        "{} {what} (first: {first}). {advice} The rows are counted all the same, with `{problem}` in the column \
         `row_problem`.",
        counted(count, "row has", "rows have"),
    )
}

/// Says that all lines of a source are other lines.
pub(super) fn no_line_taken(source: &str, lines: u64) -> String {
    format!(
        "No line of {source} is an event: {} none of its fields, or `where` leaves them all out. Check its format, \
         its fields and its `where` in the case file.",
        counted(lines, "line has", "lines have"),
    )
}

/// Says why no token is forged for sure, and which evidence would change that.
pub(super) fn nothing_confirmed(count: u64, reason: &str) -> String {
    let tokens = counted(count, "token", "tokens");
    match Doubt::from_name(reason) {
        Some(doubt) => format!(
            "No token is forged for sure, so nothing is `confirmed`. Of {tokens} nothing is known: {}.",
            doubt.sentence()
        ),
        None => format!(
            "No token is forged for sure, so nothing is `confirmed`: {tokens} are so by `{reason}` with moderate \
             confidence only, for honest tokens alone show the log complete, or what is stated of a key alone shows its \
             life or what it is for. \
             A public key under [[signing_key]], tokens in the gateway's log that it can check, or an issuance log \
             with record numbers would settle it."
        ),
    }
}

/// Says how many of an issuer's tokens without a record could be honest ones whose record was lost.
pub(super) fn may_be_honest(issuer: &str, [from, to]: [String; 2], counts: [u64; 3]) -> String {
    let [count, at_most, witnesses] = counts;
    let (most, kept) = match at_most {
        0 => ("none".to_string(), ""),
        _ => (
            format!("at most {}", thousands(at_most)),
            " As many, those with the most requests, count as `probable` only.",
        ),
    };
    format!(
        "Of {} of {issuer} without a record, issued from {from} to {to}, {most} can be honest with a lost record: of \
         that time, {} and none lacks its record (99.9 % confidence).{kept}",
        counted(count, "token", "tokens"),
        counted(
            witnesses,
            "token was issued for certain",
            "tokens were issued for certain"
        ),
    )
}

/// Says that no token of a key keeps to what the key is for, which a misspelt setting shows too.
pub(super) fn scope_never_met((key, setting): (&str, &str), count: u64, example: &str) -> String {
    format!(
        "{} outside of what the key `{key}` is for by its `{setting}`, and none inside; one has `{example}`. A key that \
         nobody but the attacker uses here shows that. So does a setting that writes the value otherwise than tokens do: \
         compare the two.",
        counted(count, "token lies", "tokens lie"),
    )
}

/// Says that what a key is for could not be held against its tokens, and what to map.
pub(super) fn scope_not_told((key, setting): (&str, &str), column: &str, count: u64) -> String {
    let whole = match setting {
        "customer_kinds" => {
            "name the claim as `customer_kind` in the source's `token_claims` where the log has whole tokens"
        }
        _ => "map the field that has the whole token",
    };
    format!(
        "The key `{key}` is limited by `{setting}`, and of {} of it nothing is decided and the log does not tell that \
         claim: such a token is not taken to be outside. Map `{column}` in [source.fields], or {whole}.",
        counted(count, "token", "tokens"),
    )
}

/// Says how many requests without a logged token are told by their address.
pub(super) fn by_address(dedicated: u64, shared: u64) -> String {
    format!(
        "{} at gateways that log no tokens came from addresses of the attacker alone while these carried forged tokens \
         elsewhere: they are `probable` at most. {} came from addresses that carry customers too: they are `possible`.",
        counted(dedicated, "request", "requests"),
        counted(shared, "request", "requests"),
    )
}

/// What a problem is, behind "3 rows have", and what can be done.
fn meaning(problem: &str) -> (String, String) {
    let map = |column: &str| {
        format!("If most rows have this, map `{column}` to another field in [source.fields].")
    };
    match problem {
        "time_twice" => (
            "a local time that happened twice, as clocks were set back; the earlier is taken"
                .into(),
            "What they showed counts as `possible`; a log with offsets in its times would tell."
                .into(),
        ),
        "forwarded_for_list" => (
            "a forwarding list with several addresses, so that the client's is not known".into(),
            "Say with `forwarded_hops` of this source how many of your own proxies added one."
                .into(),
        ),
        "request_line" => (
            "a request that is not `METHOD target HTTP/x`, yet the server did not refuse it".into(),
            "Which page it showed is not known, so it counts as `possible`: read the lines.".into(),
        ),
        _ => match problem.split_once('_') {
            Some(("no", column)) => (format!("no `{column}`"), map(column)),
            Some(("twice", column)) => (
                format!("the field for `{column}` twice, so that no one can know which counts"),
                "Two writers may share the log, or a client may have sent the field.".into(),
            ),
            Some(("type", column)) => (
                format!("an object, an array or a truth value for `{column}`"),
                format!("Map the field inside of it to `{column}` in [source.fields]."),
            ),
            Some((_, column @ "source_ip")) => (
                format!("a `{column}` that cannot be read"),
                format!(
                    "{} In a forwarding list, `forwarded_hops` of the source says which address is the client's.",
                    map(column)
                ),
            ),
            Some((_, column)) => (format!("a `{column}` that cannot be read"), map(column)),
            None => (format!("the problem `{problem}`"), String::new()),
        },
    }
}

/// Says how many forged requests are missing from the fleet.
pub(super) fn without_address(count: u64) -> String {
    format!(
        "{} no address that could be read, and so {} no part of the fleet; the figures of pages and accounts count \
         what they showed.",
        counted(count, "forged request has", "forged requests have"),
        if count == 1 { "is" } else { "are" },
    )
}

/// Says that rejects of gateways may be requests of the attacker.
pub(super) fn gateway_rejected(count: u64) -> String {
    format!(
        "{} could not be read. Each may be a request of the attacker: they count as `possible` in \
         `requests.forged`, and there may be as many views more.",
        counted(count, "line of a gateway's log", "lines of gateways' logs"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_that_could_not_be_compared_names_the_column_and_the_setting() {
        let says = scope_not_told(("k1", "customer_kinds"), "token_customer_kind", 3);
        for part in [
            "`k1`",
            "3 tokens",
            "`token_customer_kind`",
            "`token_claims`",
        ] {
            assert!(says.contains(part), "{part}: {says}");
        }
    }

    #[test]
    fn a_sentence_names_file_line_value_and_setting() {
        let place = ("evidence/g.jsonl", 7);
        let says = values_unreadable(place, "bad_source_ip", "() { :; }", 6);
        assert_eq!(
            says,
            "6 rows have a `source_ip` that cannot be read (first: evidence/g.jsonl:7, `() { :; }`). If most rows \
             have this, map `source_ip` to another field in [source.fields]. In a forwarding list, `forwarded_hops` of \
             the source says which address is the client's. The rows are counted all the same, \
             with `bad_source_ip` in the column `row_problem`."
        );
        let says = values_unreadable(place, "no_status", "", 1);
        assert!(
            says.starts_with("1 row has no `status` (first: evidence/g.jsonl:7)."),
            "{says}"
        );
        let says = values_unreadable(place, "forwarded_for_list", "1.2.3.4, 5.6.7.8", 1);
        assert!(says.contains("`forwarded_hops`"), "{says}");
    }
}
