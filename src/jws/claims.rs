//! Reads the claims of a compact JWS (RFC 7515 section 7.1) without trusting it.
//!
//! The first problem found is named; the claims that can be read are given all the same.
//!
//! | problem | what it means |
//! |---|---|
//! | `jws_too_large` | over 64 KiB, or a header part over 8 KiB |
//! | `jws_encrypted` | five parts: an encrypted token (RFC 7516), whose claims cannot be read |
//! | `jws_not_three_parts` | another number of parts than three |
//! | `jws_base64` | a part is no base64url, or has stray bits at its end |
//! | `jws_not_utf8` | the header or the payload is no UTF-8 |
//! | `jws_not_json` | the header or the payload is no JSON object, or is nested too deep to read |
//! | `jws_duplicate_member` | a name is there twice: which of the two counts cannot be known |
//! | `jws_no_algorithm` | the header names no algorithm |
//! | `jws_algorithm_none` | the header says that nobody signed (RFC 8725 section 2.1) |
//! | `jws_critical` | the header demands an extension (RFC 7515 section 4.1.11); none is understood |
//! | `jws_claim_type` | a claim has a type that cannot be read, or a time is out of range |
//!
//! Issuers write numbers where RFC 7519 wants texts (`sub`, `jti`, `kid`), and the other way round. A number
//! is read as the text of its digits. A time may be a text, and may count milliseconds or microseconds: what
//! would lie after the year 9999 in seconds is read as one of these.

use base64::Engine;
use jiff::Timestamp;
use serde_json::Value;

use super::members::{Members, microseconds};
use super::parts::{BASE64URL, Header, TOKEN_LIMIT, text_of, text_or_number};

/// What a token says of itself.
///
/// Nothing of it is proven: anybody can write it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decoded {
    /// The header's `alg` (RFC 7515 section 4.1.1).
    pub algorithm: Option<String>,
    /// The header's `kid` (RFC 7515 section 4.1.4).
    pub key_id: Option<String>,
    /// The claim `jti` (RFC 7519 section 4.1.7), or the one that [`ClaimNames`] names.
    pub token_id: Option<String>,
    /// The claim `iss` (RFC 7519 section 4.1.1).
    pub issuer: Option<String>,
    /// The claim `sub` (RFC 7519 section 4.1.2), or the one that [`ClaimNames`] names.
    pub subject: Option<String>,
    /// The claim `sid` (OpenID Connect Front-Channel Logout 1.0 section 3).
    pub session_id: Option<String>,
    /// The claim `scope` (RFC 8693 section 4.2), or `scp` if there is none.
    ///
    /// Each value stands once, in order, with a space between two.
    pub scope: Option<String>,
    /// The claim `aud` (RFC 7519 section 4.1.3), if [`ClaimNames`] asks for it.
    ///
    /// Each audience stands once, in order, with a space between two.
    pub audience: Option<String>,
    /// The claim that [`ClaimNames`] names for the kind of customer.
    pub customer_kind: Option<String>,
    /// The claim `iat` (RFC 7519 section 4.1.6), microseconds since 1970 UTC.
    pub issued_at: Option<i64>,
    /// The claim `exp` (RFC 7519 section 4.1.4), microseconds since 1970 UTC.
    pub expires_at: Option<i64>,
    /// The claim `nbf` (RFC 7519 section 4.1.5), microseconds since 1970 UTC.
    pub not_before: Option<i64>,
    /// The first problem found.
    pub problem: Option<&'static str>,
}

/// Which claims hold a token's id and its subject, and which others are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimNames {
    /// The claim with the id: `jti`, unless the issuer has another.
    pub id: String,
    /// The claim with the subject: `sub`, unless the issuer has another.
    pub subject: String,
    /// The claim with the kind of customer, such as `tid`, if it is wanted.
    pub customer_kind: Option<String>,
    /// Whether the audience is wanted.
    pub audience: bool,
    /// Whether the algorithm is wanted beside the check of the signature.
    pub algorithm: bool,
}

impl Default for ClaimNames {
    fn default() -> Self {
        ClaimNames {
            id: "jti".to_string(),
            subject: "sub".to_string(),
            customer_kind: None,
            audience: false,
            algorithm: false,
        }
    }
}

/// Reads the header and the claims of `token`; `names` says which claims are read as what.
///
/// A member that is there twice is left out. The signature is not checked.
pub fn decode(token: &str, names: &ClaimNames) -> Decoded {
    let mut decoded = Decoded::default();
    if token.len() > TOKEN_LIMIT {
        decoded.note("jws_too_large");
        return decoded;
    }
    // Five parts are an encrypted token, and a sixth shows that there are more.
    let parts: Vec<&str> = token.splitn(6, '.').collect();
    match parts.len() {
        3 => {}
        5 => decoded.note("jws_encrypted"),
        _ => decoded.note("jws_not_three_parts"),
    }
    decoded.read_header(parts[0]);
    if parts.len() == 5 {
        // It names the key for which the token is encrypted, and not the one that signed it.
        decoded.key_id = None;
    }
    if parts.len() != 5
        && let Some(payload) = parts.get(1)
    {
        decoded.read_payload(payload, names);
    }
    if parts.len() == 3 && BASE64URL.decode(parts[2]).is_err() {
        decoded.note("jws_base64");
    }
    decoded
}

impl Decoded {
    /// Notes a problem, unless another one was found before.
    fn note(&mut self, problem: &'static str) {
        self.problem = self.problem.or(Some(problem));
    }

    fn read_header(&mut self, part: &str) {
        let header = Header::read(part);
        if let Some(problem) = header.problem {
            self.note(problem);
        }
        self.algorithm = header.algorithm;
        self.key_id = header.key_id;
    }

    fn read_payload(&mut self, part: &str, names: &ClaimNames) {
        let text = match text_of(part) {
            Ok(text) => text,
            Err(problem) => return self.note(problem),
        };
        let Some(members) = Members::of(&text) else {
            return self.note("jws_not_json");
        };
        if members.twice() {
            self.note("jws_duplicate_member");
        }
        self.token_id = self.text(&members, &names.id);
        self.issuer = self.text(&members, "iss");
        self.subject = self.text(&members, &names.subject);
        self.session_id = self.text(&members, "sid");
        self.scope = self
            .scope(&members, "scope")
            .or_else(|| self.scope(&members, "scp"));
        if names.audience {
            self.audience = self.audience(&members);
        }
        if let Some(name) = &names.customer_kind {
            self.customer_kind = self.kind(&members, name);
        }
        self.issued_at = self.time(&members, "iat");
        self.expires_at = self.time(&members, "exp");
        self.not_before = self.time(&members, "nbf");
    }

    /// A claim that must be a text or a number.
    fn text(&mut self, members: &Members<'_>, name: &str) -> Option<String> {
        let text = text_or_number(members.get(name)?);
        if text.is_none() {
            self.note("jws_claim_type");
        }
        text
    }

    /// A claim that must be a text or a list of texts, each of which may hold several values.
    fn scope(&mut self, members: &Members<'_>, name: &str) -> Option<String> {
        let texts: Option<Vec<&str>> = match &members.get(name)?.value {
            Value::String(text) => Some(vec![text.as_str()]),
            Value::Array(values) => values.iter().map(Value::as_str).collect(),
            _ => None,
        };
        let Some(texts) = texts else {
            self.note("jws_claim_type");
            return None;
        };
        let mut scopes: Vec<&str> = texts
            .into_iter()
            .flat_map(|text| text.split(' '))
            .filter(|scope| !scope.is_empty())
            .collect();
        scopes.sort_unstable();
        scopes.dedup();
        Some(scopes.join(" "))
    }

    /// The claim `aud`: a text, or a list of texts, none of which is taken apart.
    fn audience(&mut self, members: &Members<'_>) -> Option<String> {
        let texts: Option<Vec<&str>> = match &members.get("aud")?.value {
            Value::String(text) => Some(vec![text.as_str()]),
            Value::Array(values) => values.iter().map(Value::as_str).collect(),
            _ => None,
        };
        let Some(mut texts) = texts else {
            self.note("jws_claim_type");
            return None;
        };
        texts.sort_unstable();
        texts.dedup();
        Some(texts.join(" "))
    }

    /// A claim with a kind of customer: a text, a number or a truth value.
    fn kind(&mut self, members: &Members<'_>, name: &str) -> Option<String> {
        match members.get(name)?.value {
            Value::Bool(value) => Some(value.to_string()),
            _ => self.text(members, name),
        }
    }

    /// A claim that must be a time, as microseconds since 1970 UTC.
    fn time(&mut self, members: &Members<'_>, name: &str) -> Option<i64> {
        let member = members.get(name)?;
        let time = match &member.value {
            Value::Number(_) => moment(member.raw),
            Value::String(text) => moment_in_text(text.trim()),
            _ => None,
        };
        if time.is_none() {
            self.note("jws_claim_type");
        }
        time
    }
}

/// A number of seconds as microseconds since 1970 UTC.
///
/// What no calendar shows in seconds is a number of milliseconds or, if that is too much too, of
/// microseconds.
fn moment(number: &str) -> Option<i64> {
    let finer = |power: &str| match number.contains(['e', 'E']) {
        true => None,
        false => microseconds(&format!("{number}{power}")),
    };
    microseconds(number)
        .or_else(|| finer("e-3"))
        .or_else(|| finer("e-6"))
}

/// A time that is written as a text: a number of seconds, or as RFC 3339 has it.
fn moment_in_text(text: &str) -> Option<i64> {
    if serde_json::from_str::<serde_json::Number>(text).is_ok() {
        return moment(text);
    }
    text.parse::<Timestamp>()
        .ok()
        .map(Timestamp::as_microsecond)
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    fn decode(token: &str) -> Decoded {
        super::decode(token, &ClaimNames::default())
    }

    const HEADER: &str = r#"{"alg":"HS256","kid":"k1"}"#;

    fn part(text: &str) -> String {
        URL_SAFE_NO_PAD.encode(text)
    }

    fn token(header: &str, payload: &str) -> String {
        format!("{}.{}.c2ln", part(header), part(payload))
    }

    fn problem(header: &str, payload: &str) -> Option<&'static str> {
        decode(&token(header, payload)).problem
    }

    #[test]
    fn reads_all_claims() {
        let payload = r#"{"jti":"t1","iss":"https:\/\/a","sub":"é","sid":"s","scope":"b a  b",
            "iat":1700000000,"exp":1.70000000012e9 ,"nbf":1699999999.9999999}"#;
        let wanted = Decoded {
            algorithm: Some("HS256".into()),
            key_id: Some("k1".into()),
            token_id: Some("t1".into()),
            issuer: Some("https://a".into()),
            subject: Some("é".into()),
            session_id: Some("s".into()),
            scope: Some("a b".into()),
            audience: None,
            customer_kind: None,
            issued_at: Some(1_700_000_000_000_000),
            expires_at: Some(1_700_000_000_120_000),
            not_before: Some(1_699_999_999_999_999),
            problem: None,
        };
        assert_eq!(decode(&token(HEADER, payload)), wanted);
        assert_eq!(decode(&token(HEADER, "{ }")).problem, None);
    }

    #[test]
    fn scope_is_a_text_or_a_list() {
        let scope = |payload: &str| decode(&token(HEADER, payload)).scope;
        assert_eq!(scope(r#"{"scp":["w","r"]}"#), Some("r w".into()));
        assert_eq!(scope(r#"{"scp":"w r"}"#), Some("r w".into()));
        assert_eq!(scope(r#"{"scp":"r","scope":"w"}"#), Some("w".into()));
        assert_eq!(scope(r#"{"scope":""}"#), Some(String::new()));
        assert_eq!(
            problem(HEADER, r#"{"scp":["w",1]}"#),
            Some("jws_claim_type")
        );
    }

    #[test]
    fn audience_and_kind_of_customer_are_read_where_they_are_wanted() {
        let names = ClaimNames {
            customer_kind: Some("tid".into()),
            audience: true,
            ..ClaimNames::default()
        };
        let read = |payload: &str| {
            let decoded = super::decode(&token(HEADER, payload), &names);
            (decoded.audience, decoded.customer_kind, decoded.problem)
        };
        let (audience, kind, problem) = read(r#"{"aud":["shop","my mail","shop"],"tid":7}"#);
        assert_eq!(audience.as_deref(), Some("my mail shop"));
        assert_eq!((kind.as_deref(), problem), (Some("7"), None));
        let (audience, kind, _) = read(r#"{"aud":"shop","tid":true}"#);
        assert_eq!(
            (audience.as_deref(), kind.as_deref()),
            (Some("shop"), Some("true"))
        );
        assert_eq!(read("{}"), (None, None, None));
        assert_eq!(read(r#"{"aud":7}"#), (None, None, Some("jws_claim_type")));
        let unwanted = decode(&token(HEADER, r#"{"aud":7,"tid":"t"}"#));
        assert_eq!((unwanted.audience, unwanted.problem), (None, None));
    }

    #[test]
    fn each_problem_of_the_form_fires_and_a_near_miss_does_not() {
        let fine = token(HEADER, "{}");
        assert_eq!(decode(&fine).problem, None);
        let long = |length: usize| format!("{}{}", &fine, "A".repeat(length - fine.len()));
        for (token, wanted) in [
            (long(TOKEN_LIMIT), None),
            (long(TOKEN_LIMIT + 4), Some("jws_too_large")),
            (fine.clone() + ".AA", Some("jws_not_three_parts")),
            (fine.clone() + ".AA.AA", Some("jws_encrypted")),
            (fine.clone() + ".AA.AA.AA", Some("jws_not_three_parts")),
            (
                fine.trim_end_matches(".c2ln").to_string(),
                Some("jws_not_three_parts"),
            ),
            (String::new(), Some("jws_not_three_parts")),
            (fine.clone() + "=", Some("jws_base64")),
            (fine.clone() + "AA==", None),
            (fine.clone() + "AA===", Some("jws_base64")),
            (fine.clone() + "AA", None),
            (fine.clone() + "AB", Some("jws_base64")),
            (fine.clone() + "A+A_", Some("jws_base64")),
            (fine.clone() + "A-A_", None),
            (fine.clone() + " ", Some("jws_base64")),
            (fine.replace(".c2ln", "."), None),
        ] {
            assert_eq!(decode(&token).problem, wanted, "{token:.80}");
        }
        let wide = |length: usize| format!(r#"{{"alg":"HS256","x":"{}"}}"#, "a".repeat(length));
        assert_eq!(problem(&wide(6144 - 22), "{}"), None);
        assert_eq!(problem(&wide(6144 - 21), "{}"), Some("jws_too_large"));
        let bytes = format!(
            "{}.{}.c2ln",
            part(HEADER),
            URL_SAFE_NO_PAD.encode(b"{\xff}")
        );
        assert_eq!(decode(&bytes).problem, Some("jws_not_utf8"));
    }

    #[test]
    fn each_problem_of_the_content_fires_and_a_near_miss_does_not() {
        let deep =
            |levels: usize| format!(r#"{{"x":{}{}}}"#, "[".repeat(levels), "]".repeat(levels));
        for (payload, wanted) in [
            ("[]", Some("jws_not_json")),
            ("foo", Some("jws_not_json")),
            ("", Some("jws_not_json")),
            (r#"{"a":1,}"#, Some("jws_not_json")),
            (r#"{"a":1"#, Some("jws_not_json")),
            (r#"{"a":1}}"#, Some("jws_not_json")),
            (r#"{"a":1 2}"#, Some("jws_not_json")),
            (r#"{a:1}"#, Some("jws_not_json")),
            (r#"{"a":01}"#, Some("jws_not_json")),
            (r#"{"a":"\ud800"}"#, Some("jws_not_json")),
            ("\u{feff}{}", Some("jws_not_json")),
            (" {\r\n\t} ", None),
            (r#"{"a":1,"b":[true,null]}"#, None),
            (deep(100).as_str(), None),
            (deep(20_000).as_str(), Some("jws_not_json")),
            (r#"{"a":1,"\u0061":2}"#, Some("jws_duplicate_member")),
            (r#"{"a":1,"A":2,"b":{"c":1,"c":2}}"#, None),
            (r#"{"jti":1}"#, None),
            (r#"{"jti":[1]}"#, Some("jws_claim_type")),
            (r#"{"sub":{}}"#, Some("jws_claim_type")),
            (r#"{"iss":null}"#, Some("jws_claim_type")),
            (r#"{"sid":["s"]}"#, Some("jws_claim_type")),
            (r#"{"jti":"1","sub":"1","iss":"","sid":"s","aud":1}"#, None),
            (r#"{"iat":"1"}"#, None),
            (r#"{"iat":"soon"}"#, Some("jws_claim_type")),
            (r#"{"exp":true}"#, Some("jws_claim_type")),
            (r#"{"nbf":1e15}"#, Some("jws_claim_type")),
            (r#"{"iat":1,"exp":-1.5,"nbf":1e9}"#, None),
        ] {
            assert_eq!(problem(HEADER, payload), wanted, "{payload:.80}");
        }
        for (header, wanted) in [
            ("[]", Some("jws_not_json")),
            (r#"{"alg":"A","alg":"A"}"#, Some("jws_duplicate_member")),
            (r#"{"typ":"JWT"}"#, Some("jws_no_algorithm")),
            (r#"{"alg":256}"#, Some("jws_no_algorithm")),
            (r#"{"alg":"none"}"#, Some("jws_algorithm_none")),
            (r#"{"alg":"nOnE"}"#, Some("jws_algorithm_none")),
            (r#"{"alg":"none "}"#, None),
            (r#"{"alg":"A","crit":["b64"]}"#, Some("jws_critical")),
            (r#"{"alg":"A","crit":null}"#, Some("jws_critical")),
            (r#"{"alg":"A","Crit":["b64"]}"#, None),
            (r#"{"alg":"A","kid":1}"#, None),
            (r#"{"alg":"A","kid":[]}"#, Some("jws_claim_type")),
            (r#"{"alg":"A","kid":"1"}"#, None),
        ] {
            assert_eq!(problem(header, "{}"), wanted, "{header}");
        }
    }

    #[test]
    fn a_problem_hides_no_claim_that_can_be_read() {
        let decoded = decode(&token(
            r#"{"alg":"none","kid":"k"}"#,
            r#"{"sub":[7],"jti":"t","exp":"x","iat":5,"iss":"a","iss":"b"}"#,
        ));
        assert_eq!(decoded.problem, Some("jws_algorithm_none"));
        assert_eq!(decoded.key_id.as_deref(), Some("k"));
        assert_eq!(decoded.token_id.as_deref(), Some("t"));
        assert_eq!(decoded.issued_at, Some(5_000_000));
        assert_eq!(decoded.subject, None);
        assert_eq!(decoded.issuer, None, "two issuers are none");

        let cut = format!("{}.{}", part(HEADER), part(r#"{"jti":"t"}"#));
        assert_eq!(decode(&cut).token_id.as_deref(), Some("t"));
        let encrypted = decode(&format!("{}.{}.A.A.A", part(HEADER), part("{}")));
        assert_eq!(encrypted.algorithm.as_deref(), Some("HS256"));
        let bad = format!("?.{}.c2ln", part(r#"{"jti":"t"}"#));
        assert_eq!(decode(&bad).token_id.as_deref(), Some("t"));
    }

    #[test]
    fn numbers_are_read_as_texts_and_texts_as_times() {
        let decoded = decode(&token(
            r#"{"alg":"A","kid":7}"#,
            r#"{"sub":12345678901234567890,"jti":1 ,"iat":"1744588860","exp":1744592460000,
               "nbf":"2025-04-14T00:01:00Z"}"#,
        ));
        assert_eq!(decoded.problem, None);
        assert_eq!(decoded.key_id.as_deref(), Some("7"));
        assert_eq!(decoded.subject.as_deref(), Some("12345678901234567890"));
        assert_eq!(decoded.token_id.as_deref(), Some("1"));
        assert_eq!(decoded.issued_at, Some(1_744_588_860_000_000));
        assert_eq!(decoded.expires_at, Some(1_744_592_460_000_000));
        assert_eq!(decoded.not_before, Some(1_744_588_860_000_000));
        let micros = decode(&token(HEADER, r#"{"iat":1744588860000001}"#));
        assert_eq!(micros.issued_at, Some(1_744_588_860_000_001));
    }

    #[test]
    fn the_claims_with_the_id_and_the_subject_can_be_named() {
        let names = ClaimNames {
            id: "uti".to_string(),
            subject: "oid".to_string(),
            ..ClaimNames::default()
        };
        let payload = r#"{"jti":"j","uti":"u","sub":"s","oid":"o"}"#;
        let decoded = super::decode(&token(HEADER, payload), &names);
        assert_eq!(decoded.token_id.as_deref(), Some("u"));
        assert_eq!(decoded.subject.as_deref(), Some("o"));
        let without = super::decode(&token(HEADER, r#"{"jti":"j"}"#), &names);
        assert_eq!(without.token_id, None);
    }
}
