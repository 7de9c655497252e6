//! How identifiers compare: one function for accounts, subjects, token ids, sessions and keys.
//!
//! Systems write one identifier in several ways. Some of these differences mean nothing anywhere, and
//! [`canonical`] takes them away; two texts with one canonical form are one identity. Others mean nothing in
//! most systems and something in a few, such as the case of a letter; [`folded`] takes these away as well.
//! Two identities that meet only when folded are most likely one, which is less certain and must be told.
//!
//! | difference | where it comes from | taken away by |
//! |---|---|---|
//! | blanks around the text | columns of fixed width (SQL `CHAR`) | `canonical` |
//! | a UUID in capitals or braces | SQL Server, .NET; RFC 9562 section 4 reads any case | `canonical` |
//! | `7.0`, `1.0000001E7` for a whole number | doubles as pandas and Java print them | `canonical` |
//! | the case of letters | e-mail addresses as somebody typed them | `folded` |
//! | zeros or a plus before a number | a column of text that is read as a number | `folded` |
//! | Unicode forms of one text | macOS decomposes names, keyboards of Asia write full width | `folded` |

use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization, is_nfkc_quick};

/// The identifier without the differences that mean nothing in any system.
pub fn canonical(text: &str) -> Cow<'_, str> {
    let text = text.trim_matches(|c: char| c.is_ascii_whitespace() || c == '\0');
    if let Some(uuid) = uuid(text) {
        return uuid;
    }
    match whole_number(text) {
        Some(digits) => digits,
        None => Cow::Borrowed(text),
    }
}

/// The identifier without the differences that mean nothing in most systems either.
///
/// `text` is a canonical identifier. It borrows where nothing is taken away.
pub fn folded(text: &str) -> Cow<'_, str> {
    if text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'+')
    {
        let digits = text.trim_start_matches(['+', '0']);
        return Cow::Borrowed(if digits.is_empty() { text } else { digits });
    }
    let is_plain = |byte: u8| byte.is_ascii() && !byte.is_ascii_uppercase();
    if text.bytes().all(is_plain) {
        return Cow::Borrowed(text);
    }
    if text.is_ascii() {
        return Cow::Owned(text.to_ascii_lowercase());
    }
    // Lower case may leave a text that is not normal any more, so it goes first.
    let lower = text.to_lowercase();
    match is_nfkc_quick(lower.chars()) {
        unicode_normalization::IsNormalized::Yes => Cow::Owned(lower),
        _ => Cow::Owned(lower.nfkc().collect()),
    }
}

/// Whether a text is a word that programs write where there is none: no identifier, and no number.
pub fn is_nothing(text: &str) -> bool {
    const WORDS: [&str; 6] = ["null", "none", "nil", "nan", r"\n", "undefined"];
    text.len() <= 9 && WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// A UUID in the form of RFC 9562: small letters, no braces; none if the text is no UUID.
fn uuid(text: &str) -> Option<Cow<'_, str>> {
    const HYPHENS: [usize; 4] = [8, 13, 18, 23];
    let bare = text
        .strip_prefix('{')
        .and_then(|inner| inner.strip_suffix('}'))
        .unwrap_or(text);
    if bare.len() != 36 {
        return None;
    }
    let fits = |(at, byte): (usize, u8)| match HYPHENS.contains(&at) {
        true => byte == b'-',
        false => byte.is_ascii_hexdigit(),
    };
    if !bare.bytes().enumerate().all(fits) {
        return None;
    }
    let is_small = !bare.bytes().any(|byte| byte.is_ascii_uppercase());
    Some(match is_small {
        true => Cow::Borrowed(bare),
        false => Cow::Owned(bare.to_ascii_lowercase()),
    })
}

/// The digits of a whole number that was written as a fraction; none if the text is no such number.
///
/// A number needs its point: `4e8` may be a hexadecimal id, `4.0E8` is what a double looks like.
fn whole_number(text: &str) -> Option<Cow<'_, str>> {
    let (whole, rest) = text.split_once('.')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) {
        return None;
    }
    let (fraction, exponent) = match rest.split_once(['E', 'e']) {
        Some((fraction, exponent)) => (fraction, exponent.strip_prefix('+').unwrap_or(exponent)),
        None => (rest, "0"),
    };
    // A double has 17 digits at most; what is longer was not printed from one.
    if !digits(fraction) || !digits(exponent) || whole.len() + fraction.len() > 18 {
        return None;
    }
    let exponent: usize = exponent.parse().ok().filter(|places| *places <= 18)?;
    let said = fraction.trim_end_matches('0');
    if said.len() > exponent {
        return None;
    }
    if exponent == 0 {
        return Some(Cow::Borrowed(whole));
    }
    let all = format!("{whole}{said:0<exponent$}");
    let number = all.trim_start_matches('0');
    Some(Cow::Owned(
        if number.is_empty() { "0" } else { number }.to_string(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_nothing_are_no_identifiers() {
        for word in ["null", "NULL", "None", r"\N", "NaN", "undefined"] {
            assert!(is_nothing(word), "{word}");
        }
        for id in ["", "-1", "nothing", "null-7", "0"] {
            assert!(!is_nothing(id), "{id}");
        }
    }

    #[test]
    fn what_means_nothing_anywhere_is_taken_away() {
        for (written, meant) in [
            ("u-17", "u-17"),
            ("10001     ", "10001"),
            ("\t10001\0\0", "10001"),
            (
                "3F2504E0-4F89-11D3-9A0C-0305E82C3301",
                "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
            ),
            (
                "{3F2504E0-4F89-11D3-9A0C-0305E82C3301}",
                "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
            ),
            ("7.0", "7"),
            ("1.0000001E7", "10000001"),
            ("1.5e+3", "1500"),
            ("0.0", "0"),
        ] {
            assert_eq!(canonical(written), meant, "{written}");
        }
    }

    #[test]
    fn what_may_mean_something_stays() {
        for text in [
            "4e8",
            "Kim@shop.example",
            "0215",
            "1.5",
            "1.23E1",
            "1.2.3",
            ".0",
            "7.",
            "v7.0",
            "3F2504E0-4F89-11D3-9A0C-0305E82C330G",
            "{abc}",
            "1.0E400",
            "",
        ] {
            assert_eq!(canonical(text), text, "{text}");
        }
    }

    #[test]
    fn spellings_meet_when_they_are_folded() {
        for (one, other) in [
            ("Kim@Shop.example", "kim@shop.example"),
            ("0215", "215"),
            ("+215", "215"),
            ("caf\u{e9}", "cafe\u{301}"),
            ("ＫＩＭ", "kim"),
            ("İzmir", "i\u{307}zmir"),
        ] {
            assert_eq!(folded(one), folded(other), "{one} {other}");
        }
        for (one, other) in [("kim", "kin"), ("0", "00a"), ("2150", "215"), ("", "0")] {
            assert_ne!(folded(one), folded(other), "{one} {other}");
        }
    }
}
