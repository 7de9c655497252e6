//! What tokens say of themselves, read row by row from the frame `requests`.

use polars::prelude::{DataFrame, StaticArray};

use super::claims::Claims;
use crate::case::{AccountKey, Interner};
use crate::digest::session_fingerprint;
use crate::error::Result;
use crate::frames::{Texts, time};
use crate::identity::canonical;
use crate::jws::Signature;

/// The columns that hold what tokens say of themselves.
pub(crate) const COLUMNS: [&str; 13] = [
    "token_id",
    "token_issuer",
    "key_id",
    "token_subject",
    "token_scope",
    "session_id",
    "token_signature",
    "token_problem",
    "token_audience",
    "token_algorithm",
    "token_customer_kind",
    "token_issued_at",
    "token_expires_at",
];

/// What the token of a row says of itself, some of it as text too.
pub(crate) struct Claimed<'a> {
    /// All of it, as verdicts need it.
    pub(crate) claims: Claims,
    /// The token's id, if the row has a token.
    pub(crate) token_id: Option<&'a str>,
    /// The token's issuer.
    pub(crate) issuer: Option<&'a str>,
    /// The token's session id.
    pub(crate) session: Option<&'a str>,
    /// Why the token could not be read whole.
    pub(crate) problem: Option<&'a str>,
    /// Hashes of the texts in the first eleven of [`COLUMNS`].
    pub(crate) hashes: [u64; 11],
}

/// Prepares to read the tokens of `batch`; the function returned reads that of a row.
///
/// `hash` is the hash for [`Claimed::hashes`].
pub(crate) fn read<'a>(
    batch: &'a DataFrame,
    interner: &'a Interner,
    hash: impl Fn(Option<&str>) -> u64 + Copy + 'a,
) -> Result<impl FnMut(usize) -> Claimed<'a>> {
    let column = |index: usize| Texts::of(batch, COLUMNS[index]);
    let mut token_id = column(0)?.once(move |text| (text, hash(text)));
    let key = move |text: Option<&str>| text.map(|text| interner.key(text));
    let mut issuer = column(1)?.once(move |text| (text, key(text), hash(text)));
    let mut key_id = column(2)?.once(move |text| (key(text), hash(text)));
    let mut subject = column(3)?.once(move |text| (key(text), hash(text)));
    let mut scopes = column(4)?.once(move |text| (scope(text, interner), hash(text)));
    let mut session = column(5)?.once(move |text| {
        (
            text,
            text.map(|text| session_fingerprint(&canonical(text))),
            hash(text),
        )
    });
    let mut signature = column(6)?.once(move |text| {
        let known = text.and_then(Signature::from_name);
        (known.unwrap_or(Signature::NotLogged), hash(text))
    });
    let mut problem = column(7)?.once(move |text| (text, key(text), hash(text)));
    let interned = move |text: Option<&str>| (key(text), hash(text));
    let absent = interned(None);
    // Most cases state of no key what it is for, and then these three are empty.
    let is_empty = |index: usize| {
        let column = batch.column(COLUMNS[index]);
        column.is_ok_and(|column| column.null_count() == column.len())
    };
    let mut purpose = match [8, 9, 10].into_iter().all(is_empty) {
        true => None,
        false => Some([
            column(8)?.once(interned),
            column(9)?.once(interned),
            column(10)?.once(interned),
        ]),
    };
    let issued_at = time(batch, COLUMNS[11])?.downcast_as_array();
    let expires_at = time(batch, COLUMNS[12])?.downcast_as_array();
    Ok(move |row| {
        let (token_id, id_hash) = token_id(row);
        let (issuer, issuer_key, issuer_hash) = issuer(row);
        let (key_id, key_hash) = key_id(row);
        let (subject, subject_hash) = subject(row);
        let (scope, scope_hash) = scopes(row);
        let (session, session_print, session_hash) = session(row);
        let (signature, signature_hash) = signature(row);
        let (problem, problem_key, problem_hash) = problem(row);
        let [
            (audience, audience_hash),
            (algorithm, algorithm_hash),
            (customer_kind, kind_hash),
        ] = match &mut purpose {
            Some(columns) => columns.each_mut().map(|column| column(row)),
            None => [absent; 3],
        };
        Claimed {
            claims: Claims {
                issuer: issuer_key,
                key_id,
                subject,
                issued_at: issued_at.get(row),
                expires_at: expires_at.get(row),
                scope,
                audience,
                algorithm,
                customer_kind,
                session: session_print,
                signature,
                problem: problem_key,
            },
            token_id,
            issuer,
            session,
            problem,
            hashes: [
                id_hash,
                issuer_hash,
                key_hash,
                subject_hash,
                scope_hash,
                session_hash,
                signature_hash,
                problem_hash,
                audience_hash,
                algorithm_hash,
                kind_hash,
            ],
        }
    })
}

/// Interns a scope so that the order of its words does not matter, nor what stands between them.
///
/// RFC 6749 section 3.3 sets them apart by blanks; some logs write commas or pluses.
pub(super) fn scope(text: Option<&str>, interner: &Interner) -> Option<AccountKey> {
    let text = text?;
    let between = |c: char| c.is_ascii_whitespace() || matches!(c, ',' | '+');
    if !text.contains(between) {
        return Some(interner.key(text));
    }
    let mut words: Vec<&str> = text
        .split(between)
        .filter(|word| !word.is_empty())
        .collect();
    words.sort_unstable();
    words.dedup();
    Some(interner.key(&words.join(" ")))
}
