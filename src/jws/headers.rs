//! Finds tokens in request headers.

/// Whether `token` is written like a compact JWS.
///
/// It has three parts of base64url characters, or the five of an encrypted token, and the first begins as a JSON object does: with `eyJ` for
/// `{"`, or with `eyA`, `ewo`, `ewk` or `ew0` if white space follows the brace. The signature may be
/// missing. Parts may be padded.
pub fn looks_like_jws(token: &str) -> bool {
    let begins = ["eyJ", "eyA", "ewo", "ewk", "ew0"];
    let base64url =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'=');
    begins.iter().any(|begin| token.starts_with(begin))
        && matches!(token.bytes().filter(|byte| *byte == b'.').count(), 2 | 4)
        && token.bytes().all(base64url)
}

/// The token in an `Authorization` header.
///
/// It stands after the scheme `Bearer` (RFC 6750 section 2.1) or `DPoP` (RFC 9449 section 7.1), in any
/// letter case. Other schemes carry no token.
pub fn in_authorization(header: &str) -> Option<&str> {
    // In a form or a cookie, a blank may be written as a plus sign.
    let (scheme, token) = header.trim().split_once([' ', '+'])?;
    let known = scheme.eq_ignore_ascii_case("Bearer") || scheme.eq_ignore_ascii_case("DPoP");
    let token = token.trim_start();
    (known && !token.is_empty() && !token.contains(char::is_whitespace)).then_some(token)
}

/// The values of the cookie `name` in a `Cookie` header (RFC 6265 section 4.2.1).
pub fn in_cookies<'a>(header: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    cookies(header).filter_map(move |(own, value)| (own == name).then_some(value))
}

/// What a `Cookie` header has of a value that was split over several cookies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chunks {
    /// It has no such cookies.
    Absent,
    /// One of them is missing, or is there with two values.
    Incomplete,
    /// The value, put together.
    Whole(String),
}

/// Puts together the value that was split over several cookies named after `name`.
///
/// Values over 4 KiB are split into `name.0`, `name.1` (Auth.js), `name_0`, `name_1` (oauth2-proxy), or
/// `nameC1`, `nameC2` beside `name=chunks-2` (ASP.NET). A single one of them is taken for part of a value
/// only if its number is 0 or `name` itself tells of chunks.
pub fn in_cookie_chunks(header: &str, name: &str) -> Chunks {
    let mut chunks: Vec<(char, usize, &str)> = cookies(header)
        .filter_map(|(own, value)| {
            let (separator, number) = chunk_number(own.strip_prefix(name)?)?;
            Some((separator, number, value))
        })
        .collect();
    chunks.sort_unstable();
    chunks.dedup();
    let announced = in_cookies(header, name).find_map(announced_chunks);
    let Some((separator, first, _)) = chunks.first().copied() else {
        return announced.map_or(Chunks::Absent, |_| Chunks::Incomplete);
    };
    if chunks.len() == 1 && first != 0 && announced.is_none() {
        return Chunks::Absent;
    }
    let in_order = chunks
        .iter()
        .zip(first..)
        .all(|((own, number, _), wanted)| *own == separator && *number == wanted);
    let enough = announced.map_or(chunks.len() > 1, |count| count == chunks.len());
    match in_order && first <= 1 && enough {
        true => Chunks::Whole(chunks.iter().map(|(_, _, value)| *value).collect()),
        false => Chunks::Incomplete,
    }
}

/// What stands between a cookie's name and the number of a chunk, and that number.
fn chunk_number(rest: &str) -> Option<(char, usize)> {
    let separator = rest.chars().next()?;
    let digits = rest.strip_prefix(['.', '_', '-', 'C'])?;
    let plain = digits.len() <= 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
    Some((separator, digits.parse().ok().filter(|_| plain)?))
}

/// How many chunks the value of the cookie itself tells of.
pub fn announced_chunks(value: &str) -> Option<usize> {
    let count = value.strip_prefix("chunks")?;
    count.strip_prefix(['-', ':'])?.parse().ok()
}

/// The names and values of a `Cookie` header.
///
/// Several headers are joined by `;` (RFC 9113 section 8.2.3). Some servers join them by a comma, as they
/// join other headers: a comma separates cookies if the name of a cookie follows it.
fn cookies(header: &str) -> impl Iterator<Item = (&str, &str)> {
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
    pairs.filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        let value = value.trim();
        let quoted = value
            .strip_prefix('"')
            .and_then(|value| value.strip_suffix('"'));
        Some((name.trim(), quoted.unwrap_or(value)))
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
            ((fine.clone() + ".A.A").as_str(), true),
            ((fine.clone() + ".A").as_str(), false),
            (fine.replace(".c2ln", ".c2k=").as_str(), true),
            (fine.replace(".c2ln", ".c2+n").as_str(), false),
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
            ("bearer+a.b.c", Some("a.b.c")),
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

    #[test]
    fn puts_together_what_stands_in_several_cookies() {
        let whole = |text: &str| Chunks::Whole(text.to_string());
        for (header, wanted) in [
            ("t.1=b; x=y; t.0=a", whole("ab")),
            ("t_0=a; t_1=b; t_2=c", whole("abc")),
            ("t=chunks-2; tC1=a; tC2=b", whole("ab")),
            ("t=chunks:1; tC1=a", whole("a")),
            ("t.10=k; t.9=j; t.0=a", Chunks::Incomplete),
            ("t.0=a", Chunks::Incomplete),
            ("t.0=a; t.2=c", Chunks::Incomplete),
            ("t.0=a; t.1=b; t.1=c", Chunks::Incomplete),
            ("t=chunks-3; tC1=a; tC2=b", Chunks::Incomplete),
            ("t=chunks-3", Chunks::Incomplete),
            ("t_1=a; tx=b; t.x=c", Chunks::Absent),
            ("x.0=a; x.1=b", Chunks::Absent),
        ] {
            assert_eq!(in_cookie_chunks(header, "t"), wanted, "{header}");
        }
    }
}
