//! Reads a logged token: its id, its claims, and what its signature says.
//!
//! A log may hold the token alone, in an `Authorization` header, in a cookie, as a hash or as a prefix.
//! The token itself goes into no frame: whoever reads it there could use it. A token that is no JWS, or
//! that has no `jti`, gets its SHA-256 as id.
//!
//! The column `token_problem` has what is wrong, beside the problems of [`crate::jws`]:
//!
//! | problem | what it says | the request |
//! |---|---|---|
//! | `token_redacted` | the log masks the token | has no token |
//! | `token_cookie_ambiguous` | the cookie is there with several values | has no token |
//! | `token_cookie_incomplete` | some of the cookies over which the token was split are missing | has no token |
//! | `token_ambiguous` | two fields hold two tokens | has no token |
//! | `token_cookie_absent` | there are cookies, and none holds a token | has no token |
//! | `token_scheme` | the header is there without a bearer token | has no token |
//! | `token_id_absent` | there are claims, or something in their place, and no id | has no token |
//! | `claim_time`, `claim_type`, `claim_twice` | a claim that the log tells cannot be read | keeps its token |

mod columns;
mod logged;

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;

pub(crate) use columns::{ID_FIELDS, TokenSlots, claim_columns, token_slots};
pub(crate) use logged::{TOKEN_COOKIE_ABSENT, TOKEN_ID_ABSENT};

use crate::digest::token_hash;
use crate::intake::blocks::fields::{Fields, says_nothing};
use crate::jws::{self, ClaimNames, Decoded, Signature, SigningKeys};
use logged::{
    TOKEN_AMBIGUOUS, TOKEN_REDACTED, gravest, has_foreign_signature, id_in, is_ambiguous, token_in,
};

/// How many tokens a reader remembers; with one more it forgets all and begins anew.
const REMEMBERED: usize = 1 << 14;

/// A token's hash, claims and signature.
#[derive(Debug)]
struct ReadToken {
    hash: String,
    /// Its claims, if it is a JWS.
    decoded: Option<Decoded>,
    signature: Signature,
}

/// Reads the tokens of one block, each once.
pub(crate) struct TokenReader<'a> {
    keys: &'a SigningKeys,
    known: HashMap<Box<str>, Arc<ReadToken>, FixedState>,
}

impl<'a> TokenReader<'a> {
    /// A reader that checks signatures with `keys`.
    pub(crate) fn new(keys: &'a SigningKeys) -> Self {
        TokenReader {
            keys,
            known: HashMap::default(),
        }
    }

    /// Fills the columns of a line from its token, if a part of it holds one.
    ///
    /// A column that has a value stays: the case file maps it to a field of the log's own.
    pub(crate) fn fill_columns(&mut self, slots: &TokenSlots, fields: &mut Fields<'_>) {
        // That there is no id was noted before anything looked for a token.
        let noted = slots
            .problem
            .filter(|slot| fields.get(*slot) == Some(TOKEN_ID_ABSENT));
        if let Some(problem) = noted {
            fields.clear(problem);
        }
        self.fill_from_parts(slots, fields);
        let is_told = |slot: &usize| {
            fields.has_value(slots.token_id)
                || fields
                    .get(*slot)
                    .is_some_and(|why| why != TOKEN_COOKIE_ABSENT)
        };
        if let Some(problem) = noted.filter(|slot| !is_told(slot)) {
            fields.copy(problem, TOKEN_ID_ABSENT);
        }
    }

    fn fill_from_parts(&mut self, slots: &TokenSlots, fields: &mut Fields<'_>) {
        let mut found: Option<Arc<ReadToken>> = None;
        let mut problem = None;
        for (slot, holds) in &slots.parts {
            let text = fields.get(*slot).filter(|text| !says_nothing(text));
            let Some(token) = text.and_then(|text| token_in(slots, *holds, text)) else {
                continue;
            };
            match token.map(|token| self.read(&token, &slots.claims)) {
                Ok(token) => {
                    let first = found.get_or_insert_with(|| Arc::clone(&token));
                    if first.hash != token.hash {
                        problem = gravest(problem, TOKEN_AMBIGUOUS);
                    }
                }
                Err(why) => problem = gravest(problem, why),
            }
        }
        if problem.is_some_and(is_ambiguous) {
            return set_if_empty(fields, slots.problem, problem);
        }
        if let Some(token) = &found {
            fill_from_token(slots, token, fields);
        }
        // Where one field holds a token, others need not. Only that the log masks one is told.
        let has_id = fields.has_value(slots.token_id);
        let told = problem.filter(|problem| !has_id || *problem == TOKEN_REDACTED);
        set_if_empty(fields, slots.problem, told);
        for (slot, holds) in &slots.parts {
            let text = fields.get(*slot).filter(|text| !says_nothing(text));
            if let Some(id) = text.and_then(|text| id_in(*holds, text)) {
                set_if_empty(fields, Some(slots.token_id), Some(&id));
            }
        }
    }

    /// Reads `token`, or remembers what it read.
    fn read(&mut self, token: &str, names: &ClaimNames) -> Arc<ReadToken> {
        if let Some(known) = self.known.get(token) {
            return Arc::clone(known);
        }
        let decoded = jws::looks_like_jws(token).then(|| jws::decode(token, names));
        let signature = match &decoded {
            Some(decoded) if !self.keys.is_empty() => match self.keys.check(token, decoded) {
                Signature::Invalid if has_foreign_signature(token, decoded) => {
                    Signature::Unreadable
                }
                // Without a key id, a key of the issuer that is not at hand may have made it.
                Signature::Invalid if decoded.key_id.is_none() => Signature::NoKey,
                signature => signature,
            },
            _ => Signature::NotLogged,
        };
        let read = Arc::new(ReadToken {
            hash: token_hash(token),
            decoded,
            signature,
        });
        if self.known.len() >= REMEMBERED {
            self.known.clear();
        }
        self.known.insert(token.into(), Arc::clone(&read));
        read
    }
}

/// Puts `text` into `slot`, unless a value is there.
fn set_if_empty(fields: &mut Fields<'_>, slot: Option<usize>, text: Option<&str>) {
    if let (Some(slot), Some(text)) = (slot, text)
        && fields.get(slot).is_none_or(says_nothing)
    {
        fields.copy(slot, text);
    }
}

/// Fills the columns of a line from the token that it holds.
fn fill_from_token(slots: &TokenSlots, token: &ReadToken, fields: &mut Fields<'_>) {
    let Some(decoded) = &token.decoded else {
        return set_if_empty(fields, Some(slots.token_id), Some(&token.hash));
    };
    // A `jti` that looks like a hash would make this token the same as the one with that hash.
    let is_reserved = |id: &&str| {
        ["sha256:", "hash:", "prefix:"]
            .iter()
            .any(|kind| id.starts_with(kind))
    };
    let id = decoded.token_id.as_deref().filter(|id| {
        // A claim of an odd type says nothing against the others.
        matches!(decoded.problem, None | Some("jws_claim_type"))
            && !says_nothing(id)
            && !is_reserved(id)
    });
    let issued_at = decoded.issued_at.map(seconds);
    let expires_at = decoded.expires_at.map(seconds);
    for (slot, text) in [
        (Some(slots.token_id), Some(id.unwrap_or(&token.hash))),
        (slots.issuer, decoded.issuer.as_deref()),
        (slots.key_id, decoded.key_id.as_deref()),
        (slots.subject, decoded.subject.as_deref()),
        (slots.issued_at, issued_at.as_deref()),
        (slots.expires_at, expires_at.as_deref()),
        (slots.scope, decoded.scope.as_deref()),
        (slots.audience, decoded.audience.as_deref()),
        (slots.algorithm, decoded.algorithm.as_deref()),
        (slots.customer_kind, decoded.customer_kind.as_deref()),
        (slots.session_id, decoded.session_id.as_deref()),
        (slots.problem, decoded.problem),
    ] {
        set_if_empty(fields, slot, text);
    }
    // That a token is unsigned is known without any key.
    let unsigned = decoded.problem == Some("jws_algorithm_none");
    let signature = match token.signature {
        Signature::NotLogged if unsigned => Signature::Unsigned,
        signature => signature,
    };
    if signature != Signature::NotLogged {
        set_if_empty(fields, slots.signature, Some(signature.name()));
    }
}

/// Microseconds as seconds with six decimals, as exact as claims are.
fn seconds(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    let all = micros.unsigned_abs();
    format!("{sign}{}.{:06}", all / 1_000_000, all % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frames::REQUESTS;
    use crate::intake::blocks::fields::slot;

    /// Fills a line of one part and gives the columns asked for.
    fn read(part: &str, text: &str, columns: &[&str]) -> Vec<Option<String>> {
        read_all(&[(part, text)], columns)
    }

    /// Fills a line of these parts and gives the columns asked for.
    fn read_all(given: &[(&str, &str)], columns: &[&str]) -> Vec<Option<String>> {
        let slots = TokenSlots::new(&REQUESTS, Some("pass"), ClaimNames::default())
            .expect("requests have tokens");
        let mut fields = Fields::default();
        for (part, text) in given {
            fields.copy(slot(&REQUESTS, part).expect("a part"), text);
        }
        let keys = SigningKeys::default();
        TokenReader::new(&keys).fill_columns(&slots, &mut fields);
        let of = |name: &&str| fields.get(REQUESTS.index(name)?).map(str::to_string);
        columns.iter().map(of).collect()
    }

    #[test]
    fn what_keys_are_for_is_read_of_a_token_if_it_is_wanted() {
        use base64::Engine as _;
        let encode = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
        let token = format!(
            "{}.{}.c2ln",
            encode(r#"{"alg":"RS256"}"#),
            encode(r#"{"jti":"t-1","aud":["shop","mail"],"tid":"c"}"#)
        );
        let read = |names: ClaimNames| {
            let slots = TokenSlots::new(&REQUESTS, None, names).expect("requests have tokens");
            let mut fields = Fields::default();
            fields.copy(slot(&REQUESTS, "token").expect("a part"), &token);
            TokenReader::new(&SigningKeys::default()).fill_columns(&slots, &mut fields);
            let columns = ["token_audience", "token_algorithm", "token_customer_kind"];
            columns.map(|name| fields.get(REQUESTS.index(name)?).map(str::to_string))
        };
        assert_eq!(read(ClaimNames::default()), [None, None, None]);
        let wanted = ClaimNames {
            customer_kind: Some("tid".into()),
            audience: true,
            algorithm: true,
            ..ClaimNames::default()
        };
        let found = ["mail shop", "RS256", "c"].map(|text| Some(text.to_string()));
        assert_eq!(read(wanted), found);
    }

    const HASH_OF_ABC: &str =
        "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn opaque_tokens_are_known_by_their_hash_wherever_they_stand() {
        // By `sha256sum`.
        let expected = "sha256:012da0f5361db46893d0b08815fbbca6796d1b93982fe5154132d88d21300c60";
        let id = |part, text: &str| read(part, text, &["token_id"])[0].clone();
        let alone = id("token", "opaque-token-1");
        assert_eq!(alone.as_deref(), Some(expected));
        assert_eq!(id("token", "Bearer opaque-token-1"), alone);
        assert_eq!(id("authorization", "bearer opaque-token-1"), alone);
        assert_eq!(id("cookie", "a=b; pass=opaque-token-1; c=d"), alone);
        let digits = alone
            .as_deref()
            .and_then(|id| id.strip_prefix("sha256:"))
            .expect("a hash");
        assert_eq!(id("token_hash", &digits.to_uppercase()), alone);
        assert_eq!(id("token_hash", HASH_OF_ABC).as_deref(), Some(HASH_OF_ABC));
        assert_eq!(
            id("token_hash", "a9993e36").as_deref(),
            Some("hash:a9993e36")
        );
        assert_eq!(
            id("token_prefix", "opaq").as_deref(),
            Some(format!("prefix:{}", &token_hash("opaq")[7..]).as_str())
        );
    }

    #[test]
    fn a_masked_or_absent_token_is_none() {
        let columns = ["token_id", "token_problem"];
        let problem = |part, text: &str| {
            let mut row = read(part, text, &columns);
            assert_eq!(row[0], None, "{text}");
            row.remove(1)
        };
        for masked in ["[REDACTED]", "Bearer ****", "xxxxxxxxxxxx", "short"] {
            assert_eq!(
                problem("token", masked).as_deref(),
                Some("token_redacted"),
                "{masked}"
            );
        }
        let basic = problem("authorization", "Basic dXNlcjpwYXNz");
        assert_eq!(basic.as_deref(), Some("token_scheme"));
        assert_eq!(
            problem("cookie", "other=1").as_deref(),
            Some("token_cookie_absent")
        );
        assert_eq!(problem("token", "-"), None);
    }

    #[test]
    fn of_several_fields_for_tokens_one_that_holds_none_changes_nothing() {
        let (one, other) = ("Bearer opaque-token-1", "a=b; pass=opaque-token-2");
        let id = |text: &str| Some(token_hash(text));
        let (first, second) = (id("opaque-token-1"), id("opaque-token-2"));
        for (authorization, cookie, token, problem) in [
            (one, "pass=opaque-token-1", &first, None),
            (one, "a=b", &first, None),
            (one, "-", &first, None),
            ("Basic dXNlcjpwYXNz", other, &second, None),
            (one, other, &None, Some("token_ambiguous")),
            (
                one,
                "pass=opaque-token-1; pass=opaque-token-2",
                &None,
                Some("token_cookie_ambiguous"),
            ),
            ("Bearer ****", other, &second, Some("token_redacted")),
            ("Bearer ****", "a=b", &None, Some("token_redacted")),
            ("Basic dXNlcjpwYXNz", "a=b", &None, Some("token_scheme")),
        ] {
            let given = [("authorization", authorization), ("cookie", cookie)];
            let row = read_all(&given, &["token_id", "token_problem"]);
            let told = row[1].as_deref();
            assert_eq!(
                (&row[0], told),
                (token, problem),
                "{authorization} {cookie}"
            );
        }
        // What the log itself tells of a token does not say which of two it was.
        let given = [
            ("authorization", one),
            ("cookie", other),
            ("token_hash", HASH_OF_ABC),
        ];
        assert_eq!(read_all(&given, &["token_id"]), [None]);
        assert_eq!(read_all(&given[1..], &["token_id"]), [second]);
    }

    #[test]
    fn a_signed_token_gives_its_claims_and_not_itself() {
        use base64::Engine as _;
        let encode = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
        let header = encode(r#"{"alg":"RS256","kid":"k1"}"#);
        let claims = encode(r#"{"iss":"i","sub":"7","jti":"t-1","iat":1000,"exp":4600.5}"#);
        let token = format!("{header}.{claims}.c2lnbmF0dXJl");
        let columns = [
            "token_id",
            "token_issuer",
            "key_id",
            "token_subject",
            "token_issued_at",
            "token_expires_at",
            "token_signature",
            "token_problem",
        ];
        let row = read("authorization", &format!("Bearer {token}"), &columns);
        let row: Vec<Option<&str>> = row.iter().map(Option::as_deref).collect();
        assert_eq!(row[..4], [Some("t-1"), Some("i"), Some("k1"), Some("7")]);
        assert_eq!(row[4], Some("1000.000000"));
        assert_eq!(row[5], Some("4600.500000"));
        assert_eq!(row[6..], [None, None], "no key was given");
        let unsigned = format!("{}.{claims}.", encode(r#"{"alg":"none"}"#));
        let row = read(
            "token",
            &unsigned,
            &["token_id", "token_signature", "token_problem"],
        );
        assert!(
            row[0]
                .as_deref()
                .is_some_and(|id| id.starts_with("sha256:"))
        );
        assert_eq!(row[1].as_deref(), Some("unsigned"));
        assert_eq!(row[2].as_deref(), Some("jws_algorithm_none"));
    }

    #[test]
    fn a_token_is_the_same_however_a_client_writes_it() {
        let plain = read("token", "opaque=token-1", &["token_id"]);
        for (part, text) in [
            ("cookie", "pass=Bearer%20opaque%3Dtoken-1"),
            ("cookie", "pass.1=token-1; pass.0=opaque="),
            (
                "cookie",
                "pass=chunks-2; passC1=bearer+opa; passC2=que%3dtoken-1",
            ),
            ("token", "opaque%3Dtoken-1"),
            ("authorization", "Bearer%20opaque=token-1"),
        ] {
            assert_eq!(read(part, text, &["token_id"]), plain, "{text}");
        }
        let odd = read("token", "100%-opaque", &["token_id"]);
        assert_eq!(odd, [Some(token_hash("100%-opaque"))]);
        let cut = read("cookie", "pass.0=opaque=", &["token_id", "token_problem"]);
        assert_eq!(cut, [None, Some("token_cookie_incomplete".to_string())]);
    }

    #[test]
    fn an_encrypted_token_is_told_and_known_by_its_hash() {
        let token = "eyJhbGciOiJkaXIiLCJraWQiOiJrIn0..aXY.Y2lwaGVy.dGFn";
        let row = read("token", token, &["token_id", "key_id", "token_problem"]);
        let problem = Some("jws_encrypted".to_string());
        assert_eq!(row, [Some(token_hash(token)), None, problem]);
    }
}
