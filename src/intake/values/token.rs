//! A logged token -> its claims, its fingerprint and what its signature says. The token itself goes
//! into no frame: whoever reads one could use it.
//!
//! A log may hold the token alone, in an `Authorization` header, in a cookie, as a hash or as a prefix.
//! The id of a token that is no JWS, or a JWS without a `jti`, is its SHA-256: it stands for all of it.
//!
//! Problems beside those of [`crate::jws`]: `token_redacted` (the log masks it), `token_cookie_ambiguous`
//! (the cookie is there with several values), `token_ambiguous` (two fields hold two tokens), `token_cookie_absent` and `token_scheme` (the header is there, and no token
//! in it) leave the request without a token, and so does `token_id_absent` (claims are there, or something else
//! where a log has them, and no id).
//! `claim_time`, `claim_type` and `claim_twice` tell of a claim in a field of the log that cannot be read.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;

use crate::digest::token_hash;
use crate::frames::Frame;
use crate::intake::blocks::fields::{Fields, Holds, PARTS, says_nothing, slot};
use crate::jws::{self, Decoded, Signature, SigningKeys};

/// Tokens remembered; more begin anew.
const REMEMBERED: usize = 1 << 14;

/// Why a token that has claims, or something in their place, cannot be told from others.
pub(crate) const TOKEN_ID_ABSENT: &str = "token_id_absent";
/// There are cookies, and none holds a token: as visitors have them.
pub(crate) const TOKEN_COOKIE_ABSENT: &str = "token_cookie_absent";

/// Columns of a request that its token's claims fill, and nothing else.
const CLAIMS: [&str; 6] = [
    "token_issuer",
    "key_id",
    "token_subject",
    "token_issued_at",
    "token_expires_at",
    "token_scope",
];

/// The columns of `frame` that tell of a token, whatever else a line has.
pub(crate) fn claims(frame: &Frame) -> impl Iterator<Item = usize> {
    CLAIMS.iter().filter_map(|name| frame.index(name))
}

/// Fields of a log of which each fills the id of whatever token there is.
pub(crate) const WHOLE: [&str; 4] = ["token_id", "token", "token_hash", "token_prefix"];

/// The slots by which a token is known, bit by bit; none where a token that cannot be read has no column.
pub(crate) fn telling(frame: &Frame) -> u64 {
    if frame.index("token_problem").is_none() {
        return 0;
    }
    let whole = WHOLE.iter().filter_map(|name| slot(frame, name));
    claims(frame)
        .chain(whole)
        .fold(0, |all, slot| all | 1 << slot)
}

/// Where one frame takes tokens from, and the columns that they fill.
#[derive(Debug, Clone)]
pub(crate) struct TokenParts {
    parts: Vec<(usize, Holds)>,
    cookie: Option<String>,
    token_id: usize,
    issuer: Option<usize>,
    key_id: Option<usize>,
    subject: Option<usize>,
    issued_at: Option<usize>,
    expires_at: Option<usize>,
    scope: Option<usize>,
    session_id: Option<usize>,
    signature: Option<usize>,
    problem: Option<usize>,
}

impl TokenParts {
    /// The parts of `frame`, if it has tokens; `cookie` is the name of the cookie that holds one.
    pub(crate) fn new(frame: &Frame, cookie: Option<&str>) -> Option<Self> {
        let token_id = frame.index("token_id")?;
        let either = |a, b| frame.index(a).or_else(|| frame.index(b));
        let parts = PARTS
            .iter()
            .filter_map(|part| Some((slot(frame, part.name)?, part.holds?)));
        Some(TokenParts {
            parts: parts.collect(),
            cookie: cookie.map(str::to_string),
            token_id,
            issuer: either("token_issuer", "issuer"),
            key_id: frame.index("key_id"),
            subject: either("token_subject", "subject"),
            issued_at: either("token_issued_at", "issued_at"),
            expires_at: either("token_expires_at", "expires_at"),
            scope: either("token_scope", "scope"),
            session_id: frame.index("session_id"),
            signature: frame.index("token_signature"),
            problem: frame.index("token_problem"),
        })
    }
}

/// Why it is not known which of several tokens a request used.
const AMBIGUOUS: [&str; 2] = ["token_cookie_ambiguous", "token_ambiguous"];

/// Of two reasons why a field holds no token to be read, the one that tells more of there being one.
fn gravest(known: Option<&'static str>, other: &'static str) -> Option<&'static str> {
    let grave = |problem: &str| match problem {
        TOKEN_COOKIE_ABSENT => 0,
        "token_scheme" => 1,
        "token_redacted" => 2,
        _ => 3,
    };
    known
        .into_iter()
        .chain([other])
        .max_by_key(|problem| grave(problem))
}

/// The token in a `Cookie` header, or why there is none.
fn in_cookie<'a>(header: &'a str, name: &str) -> Result<&'a str, &'static str> {
    let mut values = jws::in_cookies(header, name);
    let first = values.next().ok_or(TOKEN_COOKIE_ABSENT)?;
    match values.any(|value| value != first) {
        true => Err("token_cookie_ambiguous"),
        false => Ok(first),
    }
}

/// A token's hash, claims and signature.
#[derive(Debug)]
struct Looked {
    hash: String,
    decoded: Option<Decoded>,
    signature: Signature,
}

/// Reads the tokens of one block.
pub(crate) struct TokenReader<'a> {
    keys: &'a SigningKeys,
    looked: HashMap<Box<str>, Arc<Looked>, FixedState>,
}

impl<'a> TokenReader<'a> {
    /// Checks signatures with `keys`.
    pub(crate) fn new(keys: &'a SigningKeys) -> Self {
        TokenReader {
            keys,
            looked: HashMap::default(),
        }
    }

    /// Fills columns from the line's token, where a part holds one. What the case file maps to a field
    /// of the log's own stays.
    pub(crate) fn read(&mut self, parts: &TokenParts, fields: &mut Fields<'_>) {
        let problem = parts
            .problem
            .filter(|slot| fields.get(*slot) == Some(TOKEN_ID_ABSENT));
        if let Some(problem) = problem {
            fields.clear(problem);
        }
        self.take(parts, fields);
        let known = |slot: &usize| {
            fields.says(parts.token_id)
                || fields
                    .get(*slot)
                    .is_some_and(|why| why != TOKEN_COOKIE_ABSENT)
        };
        if let Some(problem) = problem.filter(|slot| !known(slot)) {
            fields.copy(problem, TOKEN_ID_ABSENT);
        }
    }

    fn take(&mut self, parts: &TokenParts, fields: &mut Fields<'_>) {
        let mut found: Option<Arc<Looked>> = None;
        let mut problem = None;
        for (slot, holds) in &parts.parts {
            let Some(text) = fields.get(*slot).filter(|text| !says_nothing(text)) else {
                continue;
            };
            let token = match holds {
                Holds::Token => Ok(jws::in_authorization(text).unwrap_or(text)),
                Holds::Authorization => jws::in_authorization(text).ok_or("token_scheme"),
                Holds::Cookie => in_cookie(text, parts.cookie.as_deref().unwrap_or_default()),
                Holds::Hash | Holds::Prefix => continue,
            };
            let token = match token {
                Ok(token) if redacted(token) => Err("token_redacted"),
                token => token,
            };
            match token.map(|token| self.look(token)) {
                Ok(looked) => {
                    let other = found.get_or_insert_with(|| Arc::clone(&looked));
                    if other.hash != looked.hash {
                        problem = gravest(problem, "token_ambiguous");
                    }
                }
                Err(why) => problem = gravest(problem, why),
            }
        }
        if problem.is_some_and(|problem| AMBIGUOUS.contains(&problem)) {
            return put(fields, parts.problem, problem);
        }
        if let Some(looked) = &found {
            fill(parts, looked, fields);
        }
        // Where a token is, it is of no matter where else there is none.
        let is_known = fields.says(parts.token_id);
        put(
            fields,
            parts.problem,
            problem.filter(|problem| !is_known || *problem == "token_redacted"),
        );
        for (slot, holds) in &parts.parts {
            let Some(text) = fields.get(*slot).filter(|text| !says_nothing(text)) else {
                continue;
            };
            let id = match holds {
                Holds::Hash => logged_hash(text),
                Holds::Prefix => token_hash(text).replacen("sha256:", "prefix:", 1),
                _ => continue,
            };
            put(fields, Some(parts.token_id), Some(&id));
        }
    }

    fn look(&mut self, token: &str) -> Arc<Looked> {
        if let Some(looked) = self.looked.get(token) {
            return Arc::clone(looked);
        }
        let decoded = jws::looks_like_jws(token).then(|| jws::decode(token));
        let signature = match &decoded {
            Some(decoded) if !self.keys.is_empty() => match self.keys.check(token, decoded) {
                Signature::Invalid if cut_off(token, decoded) => Signature::Unreadable,
                // Without a key id, another key of the issuer may have made it.
                Signature::Invalid if decoded.key_id.is_none() => Signature::NoKey,
                signature => signature,
            },
            _ => Signature::NotLogged,
        };
        let looked = Arc::new(Looked {
            hash: token_hash(token),
            decoded,
            signature,
        });
        if self.looked.len() >= REMEMBERED {
            self.looked.clear();
        }
        self.looked.insert(token.into(), Arc::clone(&looked));
        looked
    }
}

fn put(fields: &mut Fields<'_>, slot: Option<usize>, text: Option<&str>) {
    if let (Some(slot), Some(text)) = (slot, text)
        && fields.get(slot).is_none_or(says_nothing)
    {
        fields.copy(slot, text);
    }
}

fn fill(parts: &TokenParts, looked: &Looked, fields: &mut Fields<'_>) {
    let Some(decoded) = &looked.decoded else {
        return put(fields, Some(parts.token_id), Some(&looked.hash));
    };
    // An id that looks like a hash of a token would stand for that one.
    let reserved = |id: &&str| {
        ["sha256:", "hash:", "prefix:"]
            .iter()
            .any(|kind| id.starts_with(kind))
    };
    let id = decoded
        .token_id
        .as_deref()
        .filter(|id| decoded.problem.is_none() && !says_nothing(id) && !reserved(id));
    put(
        fields,
        Some(parts.token_id),
        Some(id.unwrap_or(&looked.hash)),
    );
    put(fields, parts.issuer, decoded.issuer.as_deref());
    put(fields, parts.key_id, decoded.key_id.as_deref());
    put(fields, parts.subject, decoded.subject.as_deref());
    put(
        fields,
        parts.issued_at,
        decoded.issued_at.map(seconds).as_deref(),
    );
    put(
        fields,
        parts.expires_at,
        decoded.expires_at.map(seconds).as_deref(),
    );
    put(fields, parts.scope, decoded.scope.as_deref());
    put(fields, parts.session_id, decoded.session_id.as_deref());
    put(fields, parts.problem, decoded.problem);
    // `none` is known without any key.
    let unsigned = decoded.problem == Some("jws_algorithm_none");
    let signature = match looked.signature {
        Signature::NotLogged if unsigned => Signature::Unsigned,
        signature => signature,
    };
    if signature != Signature::NotLogged {
        put(fields, parts.signature, Some(signature.name()));
    }
}

/// Microseconds as seconds, exactly, as claims are written.
fn seconds(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    let all = micros.unsigned_abs();
    format!("{sign}{}.{:06}", all / 1_000_000, all % 1_000_000)
}

/// Whether a log masks its tokens: too short to be one, a single letter over and over, or stars.
fn redacted(token: &str) -> bool {
    let first = token.bytes().next();
    token.len() < 8
        || token.contains("***")
        || token.bytes().all(|byte| Some(byte) == first)
        || ["redacted", "[filtered]", "<hidden>"]
            .iter()
            .any(|word| token.eq_ignore_ascii_case(word))
        || token.eq_ignore_ascii_case("[redacted]")
}

/// Whether a signature has not the length of its algorithm's: the log cut it off or replaced it.
fn cut_off(token: &str, decoded: &Decoded) -> bool {
    let signature = token
        .rsplit_once('.')
        .map_or("", |(_, signature)| signature);
    let bytes = signature.len() * 3 / 4;
    let lengths: &[usize] = match decoded.algorithm.as_deref().unwrap_or_default() {
        "HS256" => &[32],
        "HS384" => &[48],
        "HS512" | "ES256" | "EdDSA" | "Ed25519" => &[64],
        "ES384" => &[96],
        "ES512" => &[132],
        _ => &[256, 384, 512, 1024],
    };
    !lengths.contains(&bytes)
}

/// A hash as logged; SHA-256 is written as this program writes it.
fn logged_hash(text: &str) -> String {
    let digits = text.strip_prefix("sha256:").unwrap_or(text);
    let hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if hex && digits.len() == 64 {
        format!("sha256:{}", digits.to_ascii_lowercase())
    } else if hex {
        format!("hash:{}", digits.to_ascii_lowercase())
    } else {
        // Not a hash as it stands, perhaps the token itself.
        token_hash(text).replacen("sha256:", "hash:", 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frames::REQUESTS;

    /// Fills a line of one part and gives the columns asked for.
    fn read(part: &str, text: &str, columns: &[&str]) -> Vec<Option<String>> {
        read_all(&[(part, text)], columns)
    }

    /// Fills a line of these parts and gives the columns asked for.
    fn read_all(given: &[(&str, &str)], columns: &[&str]) -> Vec<Option<String>> {
        let parts = TokenParts::new(&REQUESTS, Some("pass")).expect("requests have tokens");
        let mut fields = Fields::default();
        for (part, text) in given {
            fields.copy(slot(&REQUESTS, part).expect("a part"), text);
        }
        let keys = SigningKeys::default();
        TokenReader::new(&keys).read(&parts, &mut fields);
        let of = |name: &&str| fields.get(REQUESTS.index(name)?).map(str::to_string);
        columns.iter().map(of).collect()
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
    fn of_several_fields_for_tokens_one_that_holds_none_is_of_no_matter() {
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
}
