//! Puts addresses as logged into the one spelling that each has (RFC 5952).
//!
//! Most logged addresses are spelled so already. Quick looks pass those; only the others are parsed, and
//! what comes out of it is remembered.

use std::hash::BuildHasher;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use fearless_simd::{Level, Simd, dispatch, mask8x16, prelude::*, u8x16};
use foldhash::fast::FixedState;
use hashbrown::HashTable;

use crate::bytes::same;
use crate::intake::blocks::line_set::LineSet;

/// How many other spellings are remembered; with one more all are forgotten.
const REMEMBERED: usize = 1 << 16;

/// The lines `among` all whose text surely is an address in its canonical spelling.
///
/// A quick look that most pass; one that does not may be canonical all the same.
pub(crate) fn plain(texts: &[&[u8]], among: LineSet) -> LineSet {
    let level = Level::new();
    dispatch!(level, simd => plain_as(simd, texts, among))
}

#[inline(always)]
fn plain_as<S: Simd>(simd: S, texts: &[&[u8]], among: LineSet) -> LineSet {
    let plain =
        |text: &[u8]| is_clear_ipv6(simd, text) || is_plain_ipv4(text) || is_plain_ipv6(text);
    let mut found = LineSet::EMPTY;
    for line in among.iter() {
        found.insert_if(line, plain(texts[line]));
    }
    found
}

/// Whether the places of colons and zeros alone show that `text` is a canonical IPv6 address.
///
/// They do for most; some of the others are canonical too. Each mask below has a bit for each byte of the
/// text: bit `n` says something about byte `n`, and a shift by one looks at its neighbour.
#[inline(always)]
fn is_clear_ipv6<S: Simd>(simd: S, text: &[u8]) -> bool {
    let (Some(first), Some(last)) = (text.first_chunk::<16>(), text.last_chunk::<16>()) else {
        return false;
    };
    // The first and the last 16 bytes together must be all of them.
    if text.len() > 32 {
        return false;
    }
    let end = text.len() - 16;
    let (first, last) = (
        u8x16::from_slice(simd, first),
        u8x16::from_slice(simd, last),
    );
    // Where the two halves overlap, both say the same.
    let places =
        |first: mask8x16<S>, last: mask8x16<S>| first.to_bitmask() | last.to_bitmask() << end;
    let digit = |bytes: u8x16<S>| {
        let decimal = bytes.simd_ge(b'0') & bytes.simd_le(b'9');
        decimal | bytes.simd_ge(b'a') & bytes.simd_le(b'f')
    };
    let colons = places(first.simd_eq(b':'), last.simd_eq(b':'));
    let zeros = places(first.simd_eq(b'0'), last.simd_eq(b'0'));
    let digits = places(digit(first), digit(last));
    // A digit with none before it begins a group; a colon behind a colon is the gap.
    let begins = digits & !(digits << 1);
    let groups = begins.count_ones();
    let gap = colons & colons << 1;
    // Groups that are one zero, by its place.
    let nought = begins & zeros & !(digits >> 1);
    let pairs = digits & digits << 1;
    // Nothing but digits and colons, with a digit at both ends.
    (colons | digits).trailing_ones() as usize == text.len()
        && digits & 1 == 1
        && digits >> (text.len() - 1) == 1
        // No group of five digits, and none with a zero before another digit.
        && pairs & pairs << 2 & digits << 4 == 0
        && begins & zeros & digits >> 1 == 0
        // No two groups of zero side by side, and none at the gap: the gap is the longest run of zeros.
        && nought & (nought << 2 | gap >> 2 | gap << 1) == 0
        && match gap.count_ones() {
            0 => groups == 8,
            // A gap stands for at least two groups. Three colons count as two gaps.
            1 => groups <= 6,
            _ => false,
        }
}

/// Whether `text` is an IPv4 address in its canonical spelling.
#[inline]
fn is_plain_ipv4(text: &[u8]) -> bool {
    // Four numbers of three digits, and three points.
    if text.len() > 15 {
        return false;
    }
    let (mut parts, mut value, mut digits) = (1, 0u32, 0);
    for byte in text {
        match byte {
            b'0'..=b'9' => {
                if digits > 0 && value == 0 {
                    return false;
                }
                value = value * 10 + u32::from(byte - b'0');
                digits += 1;
                if value > 255 {
                    return false;
                }
            }
            b'.' if digits > 0 => {
                parts += 1;
                (value, digits) = (0, 0);
            }
            _ => return false,
        }
    }
    parts == 4 && digits > 0
}

/// Whether `text` is an IPv6 address in its canonical spelling (RFC 5952).
///
/// The longest run of zero groups is left out, letters are small, and no group begins with a zero. An
/// IPv4 address mapped to IPv6 is spelled as IPv4 instead.
#[inline]
fn is_plain_ipv6(text: &[u8]) -> bool {
    let mut groups = [0u16; 8];
    let (mut count, mut gap, mut at) = (0, None, 0);
    if text.starts_with(b"::") {
        (gap, at) = (Some(0), 2);
    }
    while at < text.len() {
        let (begin, mut value) = (at, 0u16);
        while let Some(byte) = text.get(at) {
            let digit = match byte {
                b'0'..=b'9' => byte - b'0',
                b'a'..=b'f' => byte - b'a' + 10,
                _ => break,
            };
            if at - begin == 4 {
                return false;
            }
            value = value << 4 | u16::from(digit);
            at += 1;
        }
        let padded = text.get(begin) == Some(&b'0') && at - begin > 1;
        if at == begin || count == 8 || padded {
            return false;
        }
        groups[count] = value;
        count += 1;
        match &text[at..] {
            [] => {}
            [b':', b':', ..] if gap.is_none() => {
                gap = Some(count);
                at += 2;
            }
            [b':', rest @ ..] if !rest.is_empty() => at += 1,
            _ => return false,
        }
    }
    // The run of zeros that is left out must be the longest that there is.
    let Some(gap) = gap else {
        return count == 8 && !groups.windows(2).any(|pair| pair == [0, 0]);
    };
    if count > 6 {
        return false;
    }
    groups.copy_within(gap..count, gap + 8 - count);
    groups[gap..gap + 8 - count].fill(0);
    let (mut best, mut run) = ((0, 0), 0);
    for (index, group) in groups.iter().enumerate() {
        run = if *group == 0 { run + 1 } else { 0 };
        if run > best.1 {
            best = (index + 1 - run, run);
        }
    }
    best == (gap, 8 - count) && groups[..5] != [0; 5]
}

/// Finds the canonical spelling of addresses, and remembers it.
///
/// An IPv4 address mapped to IPv6 becomes that IPv4 address. A zone id is left out, for it means something
/// on the host that logged it alone.
#[derive(Default)]
pub(crate) struct Addresses {
    /// The hash of each spelling, and its place in `known`.
    index: HashTable<(u64, u32)>,
    /// Spellings as logged, each with its canonical one.
    known: Vec<(Box<str>, Box<str>)>,
}

impl Addresses {
    /// The canonical spelling of `text`; `None` if it is no address.
    pub(crate) fn canonical(&mut self, text: &str) -> Option<&str> {
        let hash = FixedState::default().hash_one(text);
        let Addresses { index, known } = self;
        let found = index.find(hash, |(mark, at)| {
            *mark == hash && same(known[*at as usize].0.as_bytes(), text.as_bytes())
        });
        let at = match found {
            Some((_, at)) => *at as usize,
            None => {
                let canonical = canonical(text)?;
                if known.len() >= REMEMBERED {
                    known.clear();
                    index.clear();
                }
                index.insert_unique(hash, (hash, known.len() as u32), |(mark, _)| *mark);
                known.push((text.into(), canonical.to_string().into()));
                known.len() - 1
            }
        };
        Some(&self.known[at].1)
    }
}

/// Parses an address, which may have brackets, a port or a zone id.
fn canonical(text: &str) -> Option<IpAddr> {
    // Some products write the port too.
    if let Ok(socket) = text.parse::<SocketAddr>() {
        return Some(socket.ip().to_canonical());
    }
    let bare = text
        .strip_prefix('[')
        .and_then(|inner| inner.strip_suffix(']'))
        .unwrap_or(text);
    match bare.split_once('%') {
        Some((address, zone)) if !zone.is_empty() => {
            let address: Ipv6Addr = address.parse().ok()?;
            Some(IpAddr::V6(address).to_canonical())
        }
        _ => Some(bare.parse::<IpAddr>().ok()?.to_canonical()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_one_spelling() {
        let mut addresses = Addresses::default();
        for (given, expected) in [
            ("192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("fe80::1%12", "fe80::1"),
            ("192.0.2.1:443", "192.0.2.1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("[2001:DB8::1]", "2001:db8::1"),
        ] {
            assert_eq!(addresses.canonical(given), Some(expected));
        }
        for bad in [
            "192.0.2.01",
            "192.0.2.1, 198.51.100.1",
            "fe80::1%",
            "192.0.2.1%a",
            "192.0.2.1:",
            "192.0.2.1:70000",
            // A damaged byte would make another address of it.
            "\t92.0.2.1",
            "",
            "host",
        ] {
            assert_eq!(addresses.canonical(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_quick_look_at_ipv4_agrees_with_the_standard_library() {
        let parts = [
            "", "0", "00", "1", "01", "9", "99", "255", "256", "999", "-1", "a", "1 ",
        ];
        for a in parts {
            for b in parts {
                for text in [
                    format!("{a}.{b}.2.1"),
                    format!("192.0.{a}.{b}"),
                    format!("{a}.1.{b}"),
                    format!("1.{a}.{b}.1.1"),
                ] {
                    let known = text
                        .parse::<std::net::Ipv4Addr>()
                        .is_ok_and(|parsed| parsed.to_string() == text);
                    assert_eq!(is_plain_ipv4(text.as_bytes()), known, "{text}");
                }
            }
        }
    }

    #[test]
    fn the_quick_look_at_ipv6_agrees_with_the_standard_library() {
        let parts = [
            "", "0", "1", "00", "0a", "a", "A", "ffff", "12345", ":", "g",
        ];
        let (mut plain, mut clear_too) = (0, 0);
        for number in 0..11usize.pow(5) {
            let part = |place: u32| parts[number / 11usize.pow(place) % 11];
            let [a, b, c, d, e] = [0, 1, 2, 3, 4].map(part);
            for text in [
                format!("{a}:{b}:{c}:{d}:{e}"),
                format!("1:{a}:{b}:{c}:0:{d}:{e}:0"),
                format!("2001:db8:{a}:{b}:{c}:{d}:{e}:1234"),
                format!("{a}:{b}:{c}:1234:5678:{d}:{e}"),
            ] {
                let known = text.parse::<Ipv6Addr>().is_ok_and(|parsed| {
                    parsed.to_string() == text && parsed.to_canonical().is_ipv6()
                });
                let quick = is_plain_ipv6(text.as_bytes());
                // What the quick look does not know goes the slow way.
                assert!(known || !quick, "{text}");
                assert!(quick || !known || text.starts_with("::"), "{text}");
                plain += usize::from(quick);
                let clear = dispatch!(Level::new(), simd => is_clear_ipv6(simd, text.as_bytes()));
                assert!(known || !clear, "{text}");
                clear_too += usize::from(clear);
            }
        }
        assert!(plain > 1000 && clear_too > 1000, "{plain} {clear_too}");
    }
}
