//! Every frame with its columns: the one table that writers, readers, `schema` and `fields` share.

use super::shape::{Column, Frame, Kind};

/// How much a column is needed, by the words of `frame!`.
#[allow(
    non_camel_case_types,
    reason = "the words that stand in the tables below"
)]
enum Need {
    must,
    need,
    may,
}

/// Defines a frame: its constant, its name, what one row is, and its columns in order.
///
/// A column is `must` (every row has it), `need` (every log has it, yet a row may lack it) or `may`, its name, its kind, what its numbers count (`in`), and
/// a sentence that says what it means. The sentence of an event frame's column says too what it decides.
macro_rules! frame {
    ($constant:ident $name:literal $what:literal
        $($need:ident $column:literal $kind:ident $(in $unit:literal)? $meaning:expr;)*) => {
        #[doc = $what]
        pub static $constant: Frame = Frame {
            name: $name,
            what: $what,
            columns: &[$(Column {
                name: $column,
                kind: Kind::$kind,
                unit: frame!(@unit $($unit)?),
                required: matches!(Need::$need, Need::must),
                needed: !matches!(Need::$need, Need::may),
                what: $meaning,
            }),*],
        };
    };
    (@unit) => { None };
    (@unit $unit:literal) => { Some($unit) };
}

const EVIDENCE_ID: &str =
    "The number of the evidence file; the frame `evidence` has its path and SHA-256.";
const LINE_NO: &str =
    "The line in that file, from 1; in CSV, TSV, Parquet and JSON arrays the record.";
const TOKEN_ID: &str = "The token's id (`jti`), or its SHA-256 where it has none or is opaque; finds its issuance record.";
const FINGERPRINT: &str = "The token's own identity: a hash of its id and claims; `breachscope explain --token` takes it.";
const FIRST_SEEN: &str = "The first request.";
const LAST_SEEN: &str = "The last request.";

frame! { REQUESTS "requests" "A line of a gateway's or an edge's log: a request as one tier saw it."
    must "evidence_id" Small EVIDENCE_ID;
    must "line_no" Unsigned LINE_NO;
    must "tier" Text "The kind of the source, `gateway` or `edge`: only a gateway's line tells of a token.";
    must "event_time" Time
        "When the request was made, after clock correction; places it in runs and phases.";
    may "request_id" Identifier
        "The id that all tiers log for one request; brings their lines together, so that it counts once.";
    need "source_ip" Address "The client's address; names the attacker's fleet and its networks.";
    need "method" Text
        "The request's method; together with the path it decides which page was asked for. `-` for a request that the server could not read and refused.";
    need "path" Text "The request's path and query as logged; decides which page was asked for.";
    may "page" Text "The page of the catalogue that method and path ask for; intake fills it.";
    need "status" Code
        "The HTTP status, 0 where there was none; only a 2xx can show data. Without it, what a request showed is `possible`.";
    may "body_bytes" Unsigned in "byte"
        "The size of the response; one below the page's `empty_below_bytes` shows nothing, none at all makes a view `possible`.";
    may "user_agent" Text "What the client called itself; decides nothing.";
    may "token_id" Identifier TOKEN_ID;
    may "token_issuer" Text
        "The issuer that the token claims (`iss`); decides whose issuance log is asked.";
    may "key_id" Text
        "The key that the token claims (`kid`); decides which entry of the key inventory it is held against.";
    may "token_subject" Identifier
        "Whose token it claims to be (`sub`): the account whose data the request shows.";
    may "token_issued_at" Time
        "When it claims to be issued (`iat`); decides which hour of the issuance log must have its record.";
    may "token_expires_at" Time
        "When it claims to expire (`exp`); a record with another expiry makes it forged.";
    may "token_scope" Text
        "The scope that it claims (`scope`); a record with another scope makes it forged.";
    may "token_audience" Text
        "The services that it claims to be for (`aud`), with a blank between two; one outside its key's `audiences` makes it forged.";
    may "token_algorithm" Text
        "The algorithm that its header names (`alg`); one outside its key's `algorithms` makes it forged.";
    may "token_customer_kind" Text
        "The kind of customer that it claims to be for, such as a tenant; one outside its key's `customer_kinds` makes it forged.";
    may "session_id" Identifier
        "The session that it claims (`sid`); finds the login and the earlier tokens behind it.";
    may "token_signature" Text
        "Whether its signature is its key's, where the log holds the token: `valid`, `invalid` and so on; an invalid one that was let in is forged.";
    may "token_problem" Text
        "Why the token cannot be read, such as `token_id_absent`; what such a request showed is `possible`.";
    may "row_problem" Text ROW_PROBLEM;
}

/// The column `row_problem` of event frames.
const ROW_PROBLEM: &str = "Which values of the line could not be read and are null, such as `bad_source_ip`, or `time_twice` for a local time that happened twice.";
/// The column `meaning` of identity logs.
const MEANING: &str = "What event and outcome say that was done: `granted`, `refused`, `revoked`, `other`, or `unknown` for words on no list.";

frame! { ISSUANCES "issuances" "An event of an issuer's log: a token handed out or taken back, or an event without a token."
    must "evidence_id" Small EVIDENCE_ID;
    must "line_no" Unsigned LINE_NO;
    must "event_time" Time
        "When the issuer logged it; stands for the issue time where the log has none.";
    must "issuer" Text "The issuer (`iss`); tokens of other issuers are not looked for in its log.";
    may "key_id" Text "The key that signed the token; a token under another key is not this one.";
    may "token_id" Identifier TOKEN_ID;
    may "subject" Identifier
        "Whose token it is; a token of this id that names somebody else is forged.";
    may "event" Text
        "What happened; one with `revoke` or `logout` takes a token back, one that failed hands none out.";
    may "issued_at" Time "When the token was issued (`iat`); another issue time is another token.";
    may "expires_at" Time
        "When the token expires (`exp`); a token in use with another expiry is forged.";
    may "scope" Text "The token's scope; a token in use with another scope is forged.";
    may "sequence" Unsigned
        "The number of the record; a missing number is a hole, and no missing number shows the log complete.";
    may "session_id" Identifier
        "The session; an older record of it shows that a token's holder was there.";
    may "source_ip" Address "The address that the token was handed to.";
    may "outcome" Text "How the event ended; one that failed hands no token out.";
    must "meaning" Text MEANING;
    may "row_problem" Text ROW_PROBLEM;
}

frame! { LOGINS "logins" "A login at the service: proof, apart from the issuer's log, that a customer was there."
    must "evidence_id" Small EVIDENCE_ID;
    must "line_no" Unsigned LINE_NO;
    must "event_time" Time
        "When the login was; a token issued within `login_window_seconds` of it has a login behind it.";
    must "subject" Identifier "Who logged in, spelled as in the tokens' subject.";
    may "source_ip" Address
        "The address that logged in; where logins have addresses, one is behind a token only if the same address used the token.";
    may "session_id" Identifier "The session that the login opened; finds its tokens.";
    may "event" Text "What happened.";
    may "outcome" Text "How it ended; a login that failed is none.";
    must "meaning" Text MEANING;
    may "row_problem" Text ROW_PROBLEM;
}

frame! { APP_EVENTS "app_events" "A page that the application served, and whose data it showed."
    must "evidence_id" Small EVIDENCE_ID;
    must "line_no" Unsigned LINE_NO;
    must "event_time" Time "When the page was served; finds the request among those of one id.";
    must "request_id" Identifier "The id of the request; brings the record to the gateway's line.";
    must "account" Identifier "The account whose data the page showed; it is counted.";
    may "path" Text "The path as the application saw it; decides which page it served.";
    must "item_count" Unsigned in "item"
        "How many items the page showed; with 1 or more the view is `confirmed`, with 0 nothing was shown.";
    may "row_problem" Text ROW_PROBLEM;
}

frame! { REJECTS "rejects" "A line of the evidence that could not be read as a row, kept whole."
    must "evidence_id" Small EVIDENCE_ID;
    must "line_no" Unsigned LINE_NO;
    must "byte_offset" Unsigned in "byte" "Where the line begins in the log as unpacked.";
    must "reason" Text "Why it is no row, by a fixed list of reasons such as `bad_time`.";
    must "detail" Identifier "What exactly is wrong, and where in the line.";
    must "raw" Bytes "The bytes of the line as found, with whatever token is in it; no other frame holds tokens.";
}

frame! { EVIDENCE "evidence" "An evidence file, or a member of an archive, with its counts: lines = rows + rejects + blanks + others."
    must "evidence_id" Small "The number of the file in this run.";
    must "source" Text "The `id` of its source in the case file.";
    must "kind" Text "The kind of its source, such as `gateway`.";
    must "path" Text "The path, relative to the case folder; behind `!` the path within the archive.";
    must "sha256" Text "SHA-256 of the file as found.";
    must "line_count" Unsigned in "line" "Lines, or records, that were read.";
    must "row_count" Unsigned in "line" "Those that became rows.";
    must "reject_count" Unsigned in "line" "Those that could not be read; the frame `rejects` keeps them.";
    must "blank_count" Unsigned in "line" "Empty lines, headers and directives.";
    must "other_count" Unsigned in "line" "Messages of the server itself, and lines that `where` leaves to other sources.";
    may "duplicate_of" Small "The file that this one is a copy of, and that is counted instead.";
}

frame! { OVERLAPS "overlaps" "A stretch of lines that repeats lines of another file of its source, as overlapping rotations do; it counts once."
    must "evidence_id" Small "The file that repeats.";
    must "first_line_no" Unsigned "The first repeated line.";
    must "line_count" Unsigned in "line" "How many lines are repeated.";
    must "of_evidence_id" Small "The file that has the same lines.";
    must "of_first_line_no" Unsigned "The first of them there.";
}

frame! { SILENCES "silences" "A stretch in which a source fell silent against its own rhythm; it is a gap of the evidence."
    must "source" Text "The `id` of the source in the case file.";
    must "from" Time "The first moment without lines.";
    must "to" Time "The first moment with lines again.";
    must "expected_count" Unsigned in "line" "How many lines its rhythm promised there.";
    must "basis" Text "The rhythm that it fell out of, such as `the median of the same hour of the week`.";
}

frame! { KEYS "keys" "A signing key of the key inventory and one of its custodians."
    must "key_id" Text "The key (`kid`).";
    must "issuer" Text "The issuer whose tokens it signs.";
    may "created_at" Time "When it was made.";
    may "activated_at" Time "When it began to sign.";
    may "rotated_at" Time "When another took its place for new tokens.";
    may "retired_at" Time "When it was withdrawn.";
    may "revoked_at" Time "When it was declared compromised.";
    may "custodian" Text "Who held it.";
    may "custodian_left_at" Time "When that custodian left.";
    may "stored_in" Text "Where that custodian kept it.";
}

frame! { ACCOUNTS "accounts" "An account of the account registry."
    must "account" Identifier "The account.";
    must "person" Identifier "The person who holds it.";
    may "region" Text "Where the person lives, as the registry says.";
    may "opened_at" Time "When it was opened; none if that is not known.";
    may "closed_at" Time "When it was closed; none while it is open.";
}

frame! { PAGES "pages" "A page of the page catalogue and one of the fields that it shows."
    must "page" Text "The `id` of the page.";
    must "title" Text "The page's title for people.";
    must "method" Text "The method that asks for it.";
    must "route" Text "The path that asks for it; a segment in braces matches any one segment.";
    must "empty_below_bytes" Unsigned in "byte" "A response below this size shows nothing.";
    must "field" Text "A field of an account that it shows, such as `email`.";
    must "form" Text "How it shows the field: `plain` or `masked`.";
}

frame! { COVERAGE "coverage" "An hour of an issuer's log for one key, and what the log can say about tokens issued then."
    must "issuer" Text "The issuer.";
    may "key_id" Text "The key; none for tokens that name no key.";
    must "hour" Time "The beginning of the hour.";
    must "status" Text
        "`complete`, `hole`, `outside_log`, `not_logged`, `key_not_named`, `contradicted` or `not_shown`; only in a `complete` hour does absence prove forgery.";
    must "basis" Text
        "What shows it: `sequence`, `case_file`, `silence`, `honest_population` or `log`.";
    must "record_count" Unsigned in "record" "Records of the key in that hour.";
    must "witness_count" Unsigned in "token"
        "Tokens that were issued for certain, because a login or an older record stands behind them.";
    must "unrecorded_witness_count" Unsigned in "token"
        "Those of them without a record; they contradict the log.";
}

frame! { HOLES "holes" "A stretch in which an issuer's log lacks records."
    must "issuer" Text "The issuer.";
    must "basis" Text "What shows it: `sequence`, `case_file` or `silence`.";
    must "from" Time "The first moment at which a record may be missing.";
    must "to" Time "The first moment at which none is missing again.";
    may "missing_count" Unsigned in "record" "How many numbers are missing; none if records have no number.";
}

frame! { TOKENS "tokens" "A token seen in use, with its verdict."
    must "fingerprint" Identifier FINGERPRINT;
    must "token_id" Identifier "The token's id (`jti`) or SHA-256.";
    may "token_issuer" Text "The issuer that it claims.";
    may "key_id" Text "The key that it claims.";
    may "token_subject" Identifier "Whose it claims to be.";
    may "token_issued_at" Time "When it claims to be issued.";
    may "token_expires_at" Time "When it claims to expire.";
    may "token_scope" Text "The scope that it claims.";
    may "token_audience" Text "The audience that it claims, as far as its key's scope limits audiences.";
    may "token_algorithm" Text "The algorithm that it claims, as far as its key's scope limits algorithms.";
    may "token_customer_kind" Text "The kind of customer that it claims.";
    may "outside_key_scope" Text
        "What its key is not for by the key's scope: `issuers`, `audiences`, `customer_kinds`, `algorithms`.";
    may "session_id" Identifier "The session that it claims.";
    may "token_signature" Text "Whether its signature is its key's.";
    may "token_problem" Text "Why it cannot be read.";
    must "verdict" Text "`legitimate`, `forged`, `stolen` or `indeterminate`.";
    must "confidence" Text "`strong` or `moderate`; `none` for an indeterminate token.";
    must "reason" Text
        "The rule that decided, `issued` for a legitimate token, or why nothing could be decided.";
    may "supporting" Text "Rules that fired beside the deciding one.";
    must "rules" Text "What every rule made of it.";
    must "coverage" Text "What the issuance log can say about its claimed issue time, as in `coverage`.";
    must "coverage_basis" Text "What shows that.";
    must "login" Text
        "The login behind it: `behind`, `earlier`, `absent` or `not_logged`.";
    may "record_evidence_id" Small "The evidence file that holds its issuance record.";
    may "record_line_no" Unsigned "The line of that record.";
    must "line_count" Unsigned in "line" "Lines of gateways that carry it.";
    must "first_seen" Time FIRST_SEEN;
    must "last_seen" Time LAST_SEEN;
    must "evidence_id" Small "The evidence file of its first use.";
    must "line_no" Unsigned "The line of its first use.";
}

frame! { KEY_TIMELINE "key_timeline" "A signing key: its life by the key inventory, and its use in the logs."
    must "issuer" Text "The issuer whose tokens name it.";
    must "key_id" Text "The key.";
    must "listed" Text "`yes` if the key inventory lists it, otherwise `no`.";
    may "created_at" Time "When it was made.";
    may "activated_at" Time "When it began to sign.";
    may "rotated_at" Time "When another took its place for new tokens.";
    may "retired_at" Time "When it was withdrawn.";
    may "revoked_at" Time "When it was declared compromised.";
    may "custodian_left_at" Time "When the first of its custodians left.";
    may "outlived_days" Unsigned in "day"
        "Whole days from that departure until the key was rotated, withdrawn or revoked, or else until its last use.";
    may "stored_outside" Text "Where it is stored outside the key management system.";
    may "first_honest_use" Time "The first use of a legitimate or stolen token.";
    may "last_honest_use" Time "The last use of one.";
    must "honest_token_count" Unsigned in "token" "Legitimate and stolen tokens.";
    may "first_forged_use" Time "The first use of a forged token.";
    may "last_forged_use" Time "The last use of one.";
    must "forged_token_count" Unsigned in "token" "Forged tokens.";
    must "indeterminate_token_count" Unsigned in "token" "Indeterminate tokens.";
    must "forged_after_departure_count" Unsigned in "token" "Forged tokens in use after a custodian left.";
}

frame! { SESSIONS "sessions" "The use of one forged token, from its first request to its last."
    must "fingerprint" Identifier FINGERPRINT;
    may "token_subject" Identifier "Whose it claims to be.";
    must "first_seen" Time FIRST_SEEN;
    must "last_seen" Time LAST_SEEN;
    must "line_count" Unsigned in "line" "Lines of gateways that carry it.";
    must "address_count" Unsigned in "address" "Distinct addresses that used it.";
}

frame! { RUNS "runs" "A crawl run: forged requests without a pause of more than `run_pause_hours`."
    must "run" Unsigned "The number of the run, in order of time.";
    must "phase" Text
        "`harvest` for the phase with the most requests, `test` before it, `aftermath` after it.";
    must "first_seen" Time FIRST_SEEN;
    must "last_seen" Time LAST_SEEN;
    must "request_count" Unsigned in "request" "Requests with a forged token.";
}

frame! { FLEET "fleet" "An address that carried a forged token."
    must "source_ip" Address "The address.";
    must "nature" Text
        "`dedicated`, or `shared` if legitimate tokens were seen from it too, as behind a carrier's NAT.";
    must "request_count" Unsigned in "request" "Requests with a forged token.";
    must "account_count" Unsigned in "account" "Distinct accounts whose data those requests showed.";
    must "legitimate_request_count" Unsigned in "request" "Requests with a legitimate token.";
    must "first_seen" Time "The first request with a forged token.";
    must "last_seen" Time "The last request with a forged token.";
    may "network" Text "The prefix that the network database has for the address.";
    may "network_asn" Unsigned "The number of the network's autonomous system.";
    may "network_name" Text "The network's name.";
    may "network_kind" Text "What the network is used for, such as `hosting`.";
    may "network_country" Text "The network's country, ISO 3166; never where affected people live.";
}

frame! { EXPOSURES "exposures" "A request that showed, or may have shown, a page of an account's data."
    must "evidence_id" Small "The evidence file of the gateway's or edge's line.";
    must "line_no" Unsigned "That line.";
    may "app_evidence_id" Small "The evidence file of the application's record.";
    may "app_line_no" Unsigned "The line of that record.";
    must "event_time" Time "When the request was made.";
    may "page" Text "The page of the catalogue; none if the log does not say which one was asked for.";
    may "account" Identifier "The account; none if the evidence does not say whose data it was.";
    must "bound" Text "`confirmed`, `probable` or `possible`: the surest bound that holds. The figure `probable` counts what is confirmed, too: take `bound_rank <= 2` for it.";
    must "bound_rank" Unsigned "1 for `confirmed`, 2 for `probable`, 3 for `possible`; `bound_rank <= 2` gives the figure `probable`.";
    must "rule" Text "The exposure rule that gave the bound, such as `served_by_application`.";
}

frame! { FIGURES "figures" "A figure of the disclosure, with its unit, its three bounds and its rule."
    must "id" Text "The figure's name, such as `total.accounts`.";
    must "unit" Text "What is counted, such as `account`; units are never mixed.";
    must "confirmed" Unsigned in "the row's unit" "What is proven.";
    must "probable" Unsigned in "the row's unit" "Confirmed, and what is very likely.";
    must "possible" Unsigned in "the row's unit" "Probable, and what cannot be excluded.";
    must "rule" Text "How it is counted.";
}

/// Every frame, in the order the program fills them.
pub static ALL: &[&Frame] = &[
    &EVIDENCE,
    &REQUESTS,
    &ISSUANCES,
    &LOGINS,
    &APP_EVENTS,
    &REJECTS,
    &OVERLAPS,
    &SILENCES,
    &KEYS,
    &ACCOUNTS,
    &PAGES,
    &COVERAGE,
    &HOLES,
    &TOKENS,
    &KEY_TIMELINE,
    &SESSIONS,
    &RUNS,
    &FLEET,
    &EXPOSURES,
    &FIGURES,
];
