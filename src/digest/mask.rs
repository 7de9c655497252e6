//! Replaces tokens in texts by their hash, as a token is a secret that no output may hold.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::token_hash;

/// Bytes of the shortest signed token: any header and signature take more.
const SHORTEST: usize = 40;

/// Whether a signed token may be in a text.
///
/// A cheap look that misses no token, but may be true for a text that holds none.
#[inline(always)]
pub(crate) fn may_hold_token(text: &[u8]) -> bool {
    text.len() >= SHORTEST && may_begin_one(text)
}

/// Whether a text has the first letters of a token's header: in base64url, `{` with a quote or white space
/// after it begins with `ey` or `ew`.
fn may_begin_one(text: &[u8]) -> bool {
    static BEGINS: LazyLock<[Finder<'static>; 2]> = LazyLock::new(|| ["ey", "ew"].map(Finder::new));
    BEGINS.iter().any(|begin| begin.find(text).is_some())
}

/// The text with each token in it replaced by its hash in brackets.
///
/// Two kinds of tokens are recognized: a JWS or JWE wherever it stands, and the one token whose id is
/// `token_id`, if that id is a hash.
pub(crate) fn masked(line: &str, token_id: &str) -> String {
    // The dots of a token in a path may be percent-encoded.
    let dotted = line.replace("%2E", ".").replace("%2e", ".");
    if dotted.len() < line.len() {
        let out = masked(&dotted, token_id);
        return if out == dotted { line.into() } else { out };
    }
    // The characters of a bearer token (RFC 6750 section 2.1), but for the slash, which parts a path.
    let part = |c: char| c.is_ascii_alphanumeric() || "-_.~+".contains(c);
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while !rest.is_empty() {
        let end = rest.find(|c| !part(c)).unwrap_or(rest.len());
        if end == 0 {
            let c = rest.chars().next().unwrap_or_default();
            out.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        }
        let word = &rest[..end];
        let padding = rest[end..].chars().take_while(|c| *c == '=').count();
        let padded = &rest[..end + padding];
        let jws = begin(word);
        let itself = [word, padded].into_iter().find(|word| {
            word.len() >= 8 && token_id.starts_with("sha256:") && token_hash(word) == token_id
        });
        match itself {
            Some(token) => {
                out.push_str(&format!("[{token_id}]"));
                rest = &rest[token.len()..];
            }
            None => {
                out.push_str(&word[..jws.unwrap_or(end)]);
                if let Some(at) = jws {
                    out.push_str(&format!("[{}]", token_hash(&word[at..])));
                }
                rest = &rest[end..];
            }
        }
    }
    out
}

/// The place in a word at which a compact JWS or JWE begins, which may be after an escape such as `%20`.
///
/// Its header is a JSON object in base64url, and at least two parts follow, which may have been cut
/// short. Only the first and last bytes of a header are decoded, so that no word takes long.
fn begin(word: &str) -> Option<usize> {
    let bytes = word.as_bytes();
    let mut from = 0;
    for (dot, _) in word.match_indices('.') {
        // After the dot that ends the header another one must follow.
        if !word[dot + 1..].contains('.') {
            return None;
        }
        let coded = |byte: &u8| sextet(*byte).is_some();
        from += bytes[from..dot]
            .iter()
            .rposition(|byte| !coded(byte))
            .map_or(0, |at| at + 1);
        let header = |at: &usize| object(&bytes[*at..dot]);
        if let Some(at) = (from..dot).find(header) {
            return Some(at);
        }
        from = dot + 1;
    }
    None
}

/// Whether base64url text begins and ends like a JSON object once decoded: `{` and `"` or white space,
/// then `}` or white space. Bits left over at its end may be anything.
fn object(coded: &[u8]) -> bool {
    let white = |byte: u32| matches!(byte, 0x20 | 0x09 | 0x0a | 0x0d);
    // Each character holds six bits; a byte is put together from two neighbours.
    let value = |at: usize| coded.get(at).and_then(|byte| sextet(*byte)).unwrap_or(0);
    if coded.len() < 4 || value(0) << 2 | value(1) >> 4 != u32::from(b'{') {
        return false;
    }
    let second = (value(1) & 15) << 4 | value(2) >> 2;
    let (b, c) = (coded.len() - 2, coded.len() - 1);
    // How many bits of the last two characters belong to the last byte depends on the length. A rest of one
    // character encodes no byte.
    let last = match coded.len() % 4 {
        0 => (value(b) & 3) << 6 | value(c),
        2 => value(b) << 2 | value(c) >> 4,
        3 => (value(b) & 15) << 4 | value(c) >> 2,
        _ => return false,
    };
    (second == u32::from(b'"') || white(second)) && (last == u32::from(b'}') || white(last))
}

/// The six bits that a character of base64url stands for.
fn sextet(byte: u8) -> Option<u32> {
    let value = match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'-' => 62,
        b'_' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_masked_and_nothing_else() {
        let id = token_hash("opaque-secret-token==");
        let line = r#"{"auth":"Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiI3In0.c2ln","t":"opaque-secret-token==","path":"/a.b/c?x=1"}"#;
        let shown = masked(line, &id);
        assert!(
            !shown.contains("eyJ") && !shown.contains("opaque"),
            "{shown}"
        );
        assert!(shown.contains(&format!("\"t\":\"[{id}]\"")), "{shown}");
        assert!(shown.contains(&token_hash("eyJhbGciOiJub25lIn0.eyJzdWIiOiI3In0.c2ln")));
        let encoded = masked(
            "GET /cb/eyJhbGciOiJub25lIn0.eyJz.c2ln?t=Bearer%20eyJhbGciOiJub25lIn0.eyJzdWIiOiI3In0.",
            &id,
        );
        assert!(!encoded.contains("eyJ"), "{encoded}");
        let dotted = masked("/a%2eb/eyJhbGciOiJub25lIn0%2eeyJz%2Ec2ln", &id);
        assert!(!dotted.contains("eyJ"), "{dotted}");
        assert_eq!(masked("/a%2eb%2Ec/eyJhbGci", &id), "/a%2eb%2Ec/eyJhbGci");
        let innocent = r#"192.0.2.1 - - "GET /a.b.c/d=e HTTP/1.1" 200 "shop.example" ey.a /js/SurveyJs.min.v2.js"#;
        assert_eq!(masked(innocent, &id), innocent);
    }

    #[test]
    fn headers_are_found_however_they_are_written_and_padded() {
        use base64::Engine;
        use base64::engine::general_purpose::URL_SAFE_NO_PAD;
        for header in [
            r#"{"alg":"none"}"#,
            r#"{"alg":"RS256"}"#,
            r#"{"alg":"ES256","kid":"k"}"#,
            "{\n  \"alg\": \"HS256\" }",
            "{\t\"alg\":\"HS256\"}\n",
        ] {
            let coded = URL_SAFE_NO_PAD.encode(header);
            for before in ["", "x", "ey", "Bearer%20", "a.b", "key_"] {
                let word = format!("{before}{coded}.e30.c2ln");
                let shown = masked(&word, "");
                assert!(!shown.contains("c2ln"), "{word}: {shown}");
            }
        }
        for innocent in [
            "eyJs.min.js",
            "ey.a.b",
            "eyJ..",
            "money.market.v2",
            "eyJhbGciOiJub25lIn0.e30",
        ] {
            assert_eq!(masked(innocent, ""), innocent);
        }
    }

    #[test]
    fn no_word_takes_long() {
        for word in [
            "ey".repeat(1 << 19),
            "ey.".repeat(1 << 18),
            "ew.x~".repeat(1 << 17),
        ] {
            let text = format!("{word}.x.y");
            assert!(!masked(&text, "").contains("sha256"));
        }
    }
}
