//! The escapes of JSON strings, and what some writers make of what clients send.

/// The text that a JSON string stands for; `None` for a lone surrogate, which no text can hold.
pub(crate) fn unescape(raw: &str) -> Option<String> {
    let plain = |raw: &str| serde_json::from_str(&format!("\"{raw}\"")).ok();
    plain(raw).or_else(|| plain(&mended(raw)))
}

/// A string as JSON has it, of what some writers make of what clients send: half of a surrogate pair, which stays
/// as it is written, a byte as servers escape it, and control characters as they are.
fn mended(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len() + 16);
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = match rest.as_bytes().get(1) {
            Some(b'u') => 6,
            Some(b'x') => 4,
            _ => 2,
        };
        let hex = |text: &str| u32::from_str_radix(text.get(2..6)?, 16).ok();
        let is_low = |code: u32| (0xdc00..0xe000).contains(&code);
        let half = hex(rest).filter(|code| length == 6 && (0xd800..0xe000).contains(code));
        let pair = half.is_some_and(|code| !is_low(code))
            && rest.get(6..8) == Some("\\u")
            && rest.get(6..).and_then(hex).is_some_and(is_low);
        let (escape, after) = rest.split_at(if pair { 12 } else { length.min(rest.len()) });
        match escape.strip_prefix("\\x") {
            Some(byte) if byte < "8" => text.push_str(&format!("\\u00{byte}")),
            Some(_) => text.push_str(&format!("\\{escape}")),
            None if half.is_some() && !pair => text.push_str(&format!("\\{escape}")),
            None => text.push_str(escape),
        }
        rest = after;
    }
    text.push_str(rest);
    let controls = |c: char| match c {
        '\0'..' ' => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    };
    text.chars().map(controls).collect()
}
