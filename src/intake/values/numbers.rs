//! Reads the numbers and status codes that servers write.

use crate::bytes::decimal;
use crate::identity::is_nothing;
use crate::intake::blocks::fields::says_nothing;

/// Reads a whole number from 0 to `most`.
///
/// Returns `None` where the server did not know it, which some write as `-1` or as a word for nothing.
#[inline]
pub(crate) fn unsigned(text: &[u8], most: u64) -> Result<Option<u64>, NoNumber> {
    let number = decimal(text).or_else(|| long_number(without_decimal_zeros(text)));
    match number.filter(|number| *number <= most) {
        None if is_unknown(text) => Ok(None),
        number => number.map(Some).ok_or(NoNumber),
    }
}

/// Whether `text` is what programs write where they have no number.
#[cold]
fn is_unknown(text: &[u8]) -> bool {
    without_decimal_zeros(text) == b"-1" || str::from_utf8(text).is_ok_and(is_nothing)
}

/// Says that a text is no number, or one that is out of range.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NoNumber;

/// Reads a status code: three digits, by RFC 9110, section 15.
///
/// Servers write `0` or `000` where the client left before there was one.
#[inline]
pub(crate) fn status_code(text: &[u8]) -> Option<u64> {
    let plain = |text: &[u8]| decimal(text).filter(|_| text.len() == 3 || text == b"0");
    plain(text).or_else(|| plain(without_decimal_zeros(text)))
}

/// Whether the server refused a request: it answered with an error, or with nothing.
///
/// A status of 0 alone does not say so: a connection that is no HTTP has it too, and then the size says
/// whether anything was sent.
pub(crate) fn server_refused(status: Option<&str>, body_bytes: Option<&str>) -> bool {
    match status.and_then(|status| status_code(status.as_bytes())) {
        Some(0) => body_bytes.is_none_or(|size| {
            let size_is = |size: Option<u64>| size.is_none_or(|size| size == 0);
            says_nothing(size) || unsigned(size.as_bytes(), u64::MAX).is_ok_and(size_is)
        }),
        Some(status) => status >= 400,
        None => false,
    }
}

/// Strips `.0` from a number: a writer of tables turns 7 into `7.0` where a column has gaps.
#[cold]
fn without_decimal_zeros(text: &[u8]) -> &[u8] {
    let point = text.iter().rposition(|byte| *byte != b'0');
    match point.filter(|at| text[*at] == b'.' && at + 1 < text.len()) {
        Some(at) => &text[..at],
        None => text,
    }
}

/// Reads a number with more digits than the quick way takes, up to those of [`u64::MAX`].
#[cold]
fn long_number(text: &[u8]) -> Option<u64> {
    let digits = text.len() <= 20 && text.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(text).ok().filter(|_| digits)?;
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_plain_and_in_range() {
        for (text, number) in [
            ("200", Some(200)),
            ("18446744073709551615", Some(u64::MAX)),
            ("512.0", Some(512)),
            ("5.00", Some(5)),
            ("100", Some(100)),
            ("-1", None),
            ("-1.0", None),
            ("NULL", None),
            ("\\N", None),
            ("NaN", None),
            ("None", None),
        ] {
            assert_eq!(unsigned(text.as_bytes(), u64::MAX), Ok(number), "{text}");
        }
        for bad in [
            "",
            "-",
            "-0",
            "-2",
            "-10",
            "+1",
            "70000",
            "1e3",
            "2 0",
            " 20",
            "20 ",
            "nul",
            "\\",
            " ",
            "20.5",
            "20.",
            "20.01",
            "20.0.",
            ".0",
            ".",
            "1.0.0",
            "70000.0",
            "18446744073709551616",
        ] {
            assert_eq!(unsigned(bad.as_bytes(), 65535), Err(NoNumber), "{bad}");
        }
    }

    #[test]
    fn a_status_has_three_digits_or_is_none() {
        for (text, status) in [
            ("200", 200),
            ("599", 599),
            ("0", 0),
            ("000", 0),
            ("999", 999),
            ("200.0", 200),
            ("200.00", 200),
            ("0.0", 0),
        ] {
            assert_eq!(status_code(text.as_bytes()), Some(status), "{text}");
        }
        for bad in [
            "", "20", "2000", "0200", "-1", "2e2", "20x", "00", "20.0", "200.1", ".0",
        ] {
            assert_eq!(status_code(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn what_was_refused_showed_nothing() {
        for status in ["400", "599", "999", "408.0"] {
            assert!(server_refused(Some(status), Some("512")), "{status}");
        }
        for status in ["0", "000", "0.0"] {
            for size in ["", "-", "0", "-1", "0.0", "-1.0"] {
                assert!(server_refused(Some(status), Some(size)), "{status} {size}");
            }
            assert!(server_refused(Some(status), None), "{status}");
            for size in ["1", "5.0", "x", "-2"] {
                assert!(!server_refused(Some(status), Some(size)), "{status} {size}");
            }
        }
        for status in ["200", "302", "399", "40", "4000", "-", ""] {
            assert!(!server_refused(Some(status), Some("0")), "{status}");
        }
        assert!(!server_refused(None, None));
    }
}
