//! The escapes of JSON strings, and those that some writers put there instead.

/// Returns the text that a JSON string stands for; `None` if an escape stands for no character.
pub(super) fn unescape(raw: &str) -> Option<String> {
    let decode = |raw: &str| serde_json::from_str(&format!("\"{raw}\"")).ok();
    decode(raw).or_else(|| decode(&mended(raw)))
}

/// Rewrites a string that is not quite JSON as a JSON string.
///
/// Clients send bytes that are no text, and writers differ in what they make of them:
///
/// * half of a surrogate pair, which stands for no character, stays as it is written: `\ud800`;
/// * a byte as servers escape it, `\xHH`, becomes its character if it is ASCII, and stays as it is written
///   otherwise;
/// * a control character is escaped.
fn mended(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len() + 16);
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let (escape, after) = rest.split_at(escape_length(rest));
        match escape.strip_prefix("\\x") {
            // Compared as text: the first digit of an ASCII character's byte is 7 at most.
            Some(byte) if byte < "8" => text.push_str(&format!("\\u00{byte}")),
            Some(_) => text.push_str(&format!("\\{escape}")),
            None if is_half_of_pair(escape) => text.push_str(&format!("\\{escape}")),
            None => text.push_str(escape),
        }
        rest = after;
    }
    text.push_str(rest);
    let escaped = |c: char| match c {
        '\0'..' ' => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    };
    text.chars().map(escaped).collect()
}

/// Returns how many bytes the escape has that `text` begins with. Both halves of a surrogate pair are one.
fn escape_length(text: &str) -> usize {
    let length = match text.as_bytes().get(1) {
        Some(b'u') => 6,
        Some(b'x') => 4,
        _ => 2,
    };
    let is_pair = surrogate(text).is_some_and(|code| code < FIRST_LOW)
        && text
            .get(6..)
            .and_then(surrogate)
            .is_some_and(|code| code >= FIRST_LOW);
    if is_pair { 12 } else { length.min(text.len()) }
}

/// Surrogates from here on are the second half of a pair; those before are the first.
const FIRST_LOW: u32 = 0xdc00;

/// The code of the surrogate whose escape `text` begins with, if it does.
fn surrogate(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    let code = u32::from_str_radix(digits, 16).ok()?;
    (0xd800..0xe000).contains(&code).then_some(code)
}

/// Whether an escape is one half of a surrogate pair alone.
fn is_half_of_pair(escape: &str) -> bool {
    escape.len() == 6 && surrogate(escape).is_some()
}
