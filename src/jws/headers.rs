//! Finds tokens in request headers.

/// Whether `token` is written like a compact JWS.
///
/// It has three parts of base64url characters, and the first begins as a JSON object does: with `eyJ` for
/// `{"`, or with `eyA`, `ewo`, `ewk` or `ew0` if white space follows the brace. The signature may be
/// missing. An encrypted token has five parts, so it is none.
pub fn looks_like_jws(token: &str) -> bool {
    let begins = ["eyJ", "eyA", "ewo", "ewk", "ew0"];
    let base64url = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    begins.iter().any(|begin| token.starts_with(begin))
        && token.bytes().filter(|byte| *byte == b'.').count() == 2
        && token.bytes().all(base64url)
}

/// The token in an `Authorization` header.
///
/// It stands after the scheme `Bearer` (RFC 6750 section 2.1) or `DPoP` (RFC 9449 section 7.1), in any
/// letter case. Other schemes carry no token.
pub fn in_authorization(header: &str) -> Option<&str> {
    let (scheme, token) = header.trim().split_once(' ')?;
    let known = scheme.eq_ignore_ascii_case("Bearer") || scheme.eq_ignore_ascii_case("DPoP");
    let token = token.trim_start();
    (known && !token.is_empty() && !token.contains(char::is_whitespace)).then_some(token)
}

/// The values of the cookie `name` in a `Cookie` header (RFC 6265 section 4.2.1).
///
/// Several headers are joined by `;` (RFC 9113 section 8.2.3). Some servers join them by a comma, as they
/// join other headers: a comma separates cookies if the name of a cookie follows it.
pub fn in_cookies<'a>(header: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let pairs = header.split(';').flat_map(|pairs| {
        let mut rest = Some(pairs);
        std::iter::from_fn(move || {
            let pair = rest?;
            let commas = pair.match_indices(',').map(|(comma, _)| comma);
            let end = commas
                .into_iter()
                .find(|comma| begins_cookie(&pair[comma + 1..]));
            rest = end.map(|end| &pair[end + 1..]);
            Some(&pair[..end.unwrap_or(pair.len())])
        })
    });
    pairs.filter_map(move |pair| {
        let (own, value) = pair.split_once('=')?;
        let value = value.trim();
        let quoted = value
            .strip_prefix('"')
            .and_then(|value| value.strip_suffix('"'));
        (own.trim() == name).then_some(quoted.unwrap_or(value))
    })
}

/// Whether `text` begins with the name of a cookie (a token of RFC 9110 section 5.6.2) and `=`.
fn begins_cookie(text: &str) -> bool {
    let text = text.trim_start();
    let sign = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    let length = text.bytes().take_while(|byte| sign(byte)).count();
    length > 0 && text[length..].starts_with('=')
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    #[test]
    fn tells_tokens_by_their_looks() {
        let token = |header: &str| {
            let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
            format!("{}.{}.c2ln", part(header), part("{}"))
        };
        let fine = token(r#"{"alg":"HS256","kid":"k1"}"#);
        for (token, wanted) in [
            (fine.as_str(), true),
            (token("{\n \"alg\":\"HS256\"}").as_str(), true),
            (token("{ \"alg\":\"HS256\"}").as_str(), true),
            (fine.replace(".c2ln", ".").as_str(), true),
            (fine.replace(".c2ln", "").as_str(), false),
            ((fine.clone() + ".A.A").as_str(), false),
            (fine.replace(".c2ln", ".c2l=").as_str(), false),
            ("www.example.com", false),
            ("eyJ", false),
        ] {
            assert_eq!(looks_like_jws(token), wanted, "{token}");
        }
    }

    #[test]
    fn finds_tokens_in_headers() {
        for (header, wanted) in [
            ("Bearer a.b.c", Some("a.b.c")),
            ("bEARER   a", Some("a")),
            ("DPoP a", Some("a")),
            ("Basic YTpi", None),
            ("Bearer", None),
            ("Bearer  ", None),
            ("Bearer a b", None),
            ("Bearera b", None),
        ] {
            assert_eq!(in_authorization(header), wanted, "{header}");
        }
        for (header, wanted) in [
            ("t=a", &["a"][..]),
            ("x=1; t=\"a.b\"; y=2", &["a.b"]),
            ("t=a; t=b", &["a", "b"]),
            ("xt=1;t=a==", &["a=="]),
            ("T=a", &[]),
            ("t", &[]),
            ("t=\"", &["\""]),
            // Several headers, as other headers are joined; and commas within a value.
            ("x=1, t=a", &["a"]),
            ("t=a,x=1,t=b; y=2", &["a", "b"]),
            ("t=a,b, c", &["a,b, c"]),
            ("x=1,2,t, =3", &[]),
        ] {
            let values: Vec<&str> = in_cookies(header, "t").collect();
            assert_eq!(values, wanted, "{header}");
        }
        let many = format!("{}t=a", ", ,x".repeat(1_000_000));
        assert_eq!(in_cookies(&many, "t").count(), 0);
        let many = format!("{}t=a", "x=1,".repeat(1_000_000));
        assert_eq!(in_cookies(&many, "t").count(), 1);
    }
}
