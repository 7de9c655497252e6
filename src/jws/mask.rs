//! Tokens in texts are secrets: what is written shows their hash instead.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use memchr::memmem::Finder;

use super::hash;

/// No signed token is shorter.
const SHORTEST: usize = 40;

/// Whether a signed token may be in a text: cheap, and sometimes true for nothing.
#[inline]
pub(crate) fn may_hold_token(text: &[u8]) -> bool {
    static BEGINS: LazyLock<[Finder<'static>; 2]> = LazyLock::new(|| ["ey", "ew"].map(Finder::new));
    text.len() >= SHORTEST && BEGINS.iter().any(|begin| begin.find(text).is_some())
}

/// The text with the tokens in it that can be told replaced by their hash: a JWS wherever it stands, and the
/// very token whose id is `token_id`, where that is its hash.
pub(crate) fn masked(line: &str, token_id: &str) -> String {
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
            word.len() >= 8 && token_id.starts_with("sha256:") && hash(word) == token_id
        });
        match itself {
            Some(token) => {
                out.push_str(&format!("[{token_id}]"));
                rest = &rest[token.len()..];
            }
            None => {
                out.push_str(&word[..jws.unwrap_or(end)]);
                if let Some(at) = jws {
                    out.push_str(&format!("[{}]", hash(&word[at..])));
                }
                rest = &rest[end..];
            }
        }
    }
    out
}

/// Where a compact JWS or JWE begins in a word, after `%20`, say: its header is a JSON object, and two parts
/// follow, were they cut.
fn begin(word: &str) -> Option<usize> {
    let header = |at: usize| {
        let (header, rest) = word[at..].split_once('.')?;
        let bytes = URL_SAFE_NO_PAD.decode(header).ok()?;
        let object = bytes.starts_with(b"{") && bytes.trim_ascii_end().ends_with(b"}");
        (object && rest.contains('.')).then_some(at)
    };
    let places = word.match_indices('e').map(|(at, _)| at);
    places
        .filter(|at| matches!(word.as_bytes().get(at + 1), Some(b'y' | b'w')))
        .find_map(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_masked_and_nothing_else() {
        let id = hash("opaque-secret-token==");
        let line = r#"{"auth":"Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiI3In0.c2ln","t":"opaque-secret-token==","path":"/a.b/c?x=1"}"#;
        let shown = masked(line, &id);
        assert!(
            !shown.contains("eyJ") && !shown.contains("opaque"),
            "{shown}"
        );
        assert!(shown.contains(&format!("\"t\":\"[{id}]\"")), "{shown}");
        assert!(shown.contains(&hash("eyJhbGciOiJub25lIn0.eyJzdWIiOiI3In0.c2ln")));
        let encoded = masked(
            "GET /cb/eyJhbGciOiJub25lIn0.eyJz.c2ln?t=Bearer%20eyJhbGciOiJub25lIn0.eyJzdWIiOiI3In0.",
            &id,
        );
        assert!(!encoded.contains("eyJ"), "{encoded}");
        let innocent = r#"192.0.2.1 - - "GET /a.b.c/d=e HTTP/1.1" 200 "shop.example" ey.a /js/SurveyJs.min.v2.js"#;
        assert_eq!(masked(innocent, &id), innocent);
    }
}
