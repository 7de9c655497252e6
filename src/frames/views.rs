//! Views over the frames: the joins that most questions begin with, each with its columns.

use super::shape::{Column, Kind};

/// A query over frames that `query` offers as a table.
#[derive(Debug)]
pub struct View {
    /// Name, as in SQL.
    pub name: &'static str,
    /// What one row is.
    pub what: &'static str,
    /// The frames and views that it reads.
    pub of: &'static [&'static str],
    /// The query.
    pub sql: &'static str,
    /// Its columns, in order.
    pub columns: &'static [Column],
}

/// Columns of views: name, kind, and what they mean; one may be null after `may`.
macro_rules! columns {
    ($($need:ident $name:literal $kind:ident $what:literal;)*) => {
        &[$(Column {
            name: $name,
            kind: Kind::$kind,
            unit: None,
            required: columns!(@$need),
            needed: columns!(@$need),
            what: $what,
        }),*]
    };
    (@must) => { true };
    (@may) => { false };
}

/// The columns of `accesses`.
const ACCESSES: &[Column] = columns! {
    must "evidence_id" Small "The evidence file of the request.";
    must "line_no" Unsigned "Its line.";
    must "event_time" Time "When the request was made.";
    may "request_id" Identifier "The id of the request.";
    must "source_ip" Address "The client's address.";
    must "method" Text "The request's method.";
    must "path" Text "The request's path and query.";
    may "page" Text "The page of the catalogue that it asks for.";
    must "status" Code "The HTTP status.";
    may "body_bytes" Unsigned "The size of the response in bytes.";
    may "user_agent" Text "What the client called itself.";
    must "token_id" Identifier "The token's id.";
    may "key_id" Text "The key that the token claims.";
    may "token_subject" Identifier "Whose token it claims to be.";
    may "session_id" Identifier "The session that the token claims.";
    must "fingerprint" Identifier "The token's own identity, as in `tokens`.";
    must "verdict" Text "The verdict on the token.";
    must "confidence" Text "How sure the verdict is.";
    must "reason" Text "The rule that decided.";
};

/// Every view; one that reads another stands after it.
pub static ALL: &[View] = &[
    View {
        name: "accesses",
        what: "A gateway's request that carried a token, with the verdict on that token.",
        of: &["requests", "tokens"],
        sql: "\
SELECT r.evidence_id, r.line_no, r.event_time, r.request_id, r.source_ip, r.method, r.path, r.page,
       r.status, r.body_bytes, r.user_agent, r.token_id, r.key_id, r.token_subject, r.session_id,
       t.fingerprint, t.verdict, t.confidence, t.reason
FROM requests AS r
JOIN tokens AS t
  ON r.token_id = t.token_id
 AND (r.token_issuer IS NOT DISTINCT FROM t.token_issuer)
 AND (r.key_id IS NOT DISTINCT FROM t.key_id)
 AND (r.token_subject IS NOT DISTINCT FROM t.token_subject)
 AND (r.token_issued_at IS NOT DISTINCT FROM t.token_issued_at)
 AND (r.token_expires_at IS NOT DISTINCT FROM t.token_expires_at)
 AND (r.token_scope IS NOT DISTINCT FROM t.token_scope)
 AND (r.session_id IS NOT DISTINCT FROM t.session_id)
 AND (r.token_signature IS NOT DISTINCT FROM t.token_signature)
 AND (r.token_problem IS NOT DISTINCT FROM t.token_problem)
WHERE r.tier = 'gateway'",
        columns: ACCESSES,
    },
    View {
        name: "attacker_requests",
        what: "A gateway's request with a forged or stolen token.",
        of: &["requests", "tokens", "accesses"],
        sql: "SELECT * FROM accesses WHERE verdict IN ('forged', 'stolen')",
        columns: ACCESSES,
    },
    View {
        name: "affected_accounts",
        what: "An account of which data was shown, or may have been.",
        of: &["exposures", "accounts"],
        sql: "\
SELECT x.account, a.person, a.region, x.bound_rank,
       CASE x.bound_rank WHEN 1 THEN 'confirmed' WHEN 2 THEN 'probable' ELSE 'possible' END AS bound,
       x.view_count, x.page_count, x.first_seen, x.last_seen
FROM (
  SELECT account, MIN(bound_rank) AS bound_rank, CAST(SUM(view_count) AS BIGINT) AS view_count,
         COUNT(*) AS page_count, MIN(first_seen) AS first_seen, MAX(last_seen) AS last_seen
  FROM (
    SELECT account, page, MIN(bound_rank) AS bound_rank, COUNT(*) AS view_count,
           MIN(event_time) AS first_seen, MAX(event_time) AS last_seen
    FROM exposures WHERE account IS NOT NULL GROUP BY account, page
  ) AS p
  GROUP BY account
) AS x
LEFT JOIN accounts AS a ON x.account = a.account",
        columns: columns! {
            must "account" Identifier "The account.";
            may "person" Identifier "The person who holds it, where the registry knows the account.";
            may "region" Text "Where the person lives.";
            must "bound_rank" Unsigned "The surest bound of its views: 1 confirmed, 2 probable, 3 possible. `bound_rank <= 2` gives the probable figure.";
            must "bound" Text "The same in words.";
            must "view_count" Unsigned "Views of its data, of all bounds.";
            must "page_count" Unsigned "Distinct pages of it that were shown.";
            must "first_seen" Time "The first of these views.";
            must "last_seen" Time "The last of them.";
        },
    },
    View {
        name: "timeline",
        what: "A moment of the incident: what happened to keys, and when forged tokens were used.",
        of: &["key_timeline", "runs"],
        sql: "\
SELECT created_at AS event_time, 'key created' AS event, key_id AS subject FROM key_timeline WHERE created_at IS NOT NULL
UNION ALL SELECT activated_at, 'key activated', key_id FROM key_timeline WHERE activated_at IS NOT NULL
UNION ALL SELECT rotated_at, 'key rotated', key_id FROM key_timeline WHERE rotated_at IS NOT NULL
UNION ALL SELECT retired_at, 'key retired', key_id FROM key_timeline WHERE retired_at IS NOT NULL
UNION ALL SELECT revoked_at, 'key revoked', key_id FROM key_timeline WHERE revoked_at IS NOT NULL
UNION ALL SELECT custodian_left_at, 'custodian left', key_id FROM key_timeline WHERE custodian_left_at IS NOT NULL
UNION ALL SELECT last_honest_use, 'last honest use', key_id FROM key_timeline WHERE last_honest_use IS NOT NULL
UNION ALL SELECT first_forged_use, 'first forged use', key_id FROM key_timeline WHERE first_forged_use IS NOT NULL
UNION ALL SELECT last_forged_use, 'last forged use', key_id FROM key_timeline WHERE last_forged_use IS NOT NULL
UNION ALL SELECT first_seen, 'run begins', phase FROM runs
UNION ALL SELECT last_seen, 'run ends', phase FROM runs",
        columns: columns! {
            must "event_time" Time "When it happened.";
            must "event" Text "What happened, such as `key revoked` or `run begins`.";
            must "subject" Text "The key, or the phase of the run.";
        },
    },
];
