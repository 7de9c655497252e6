//! Lines of all tiers, and how those of one request are brought together.

use crate::case::AccountKey;
use crate::digest::fingerprint;
use crate::error::Result;
use crate::lines::Verdict;
use crate::shuffle::{Decoder, Encoder, Shuffle};

/// Who wrote a line; if that was the gateway, what the verdict on its token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tier {
    /// The gateway, with a token of this verdict; `true` if that has moderate confidence.
    Judged(Verdict, bool),
    /// The gateway, without a token.
    NoToken,
    /// The edge, which sees no tokens.
    Edge,
    /// The application.
    Application,
    /// The gateway, with a token that cannot be read, for the log masks or spoils it.
    Unreadable,
}

impl Tier {
    /// Whether the gateway wrote the line, with or without a token.
    pub fn is_gateway(self) -> bool {
        matches!(self, Tier::Judged(..) | Tier::NoToken | Tier::Unreadable)
    }

    fn code(self) -> u8 {
        match self {
            Tier::Judged(verdict, moderate) => verdict as u8 * 2 + u8::from(moderate),
            Tier::NoToken => 16,
            Tier::Edge => 17,
            Tier::Application => 18,
            Tier::Unreadable => 19,
        }
    }

    fn from_code(code: u8) -> Self {
        match code {
            16 => Tier::NoToken,
            17 => Tier::Edge,
            18 => Tier::Application,
            19 => Tier::Unreadable,
            code => Tier::Judged(Verdict::ALL[usize::from(code / 2)], code % 2 == 1),
        }
    }
}

/// The most microseconds by which clocks are set back: a local time that happened twice is no later than that.
pub const LONGEST_FOLD: i64 = 3_600_000_000;

/// A line of a log, as far as counting needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Line {
    /// Who wrote it.
    pub tier: Tier,
    /// Fingerprint of the request id.
    ///
    /// Where the line has none, it is that of page and time, or for the application that of its place.
    pub request: u128,
    /// The time of the event, in microseconds since 1970 UTC.
    pub event_time: i64,
    /// The number of the evidence file.
    pub evidence_id: u32,
    /// The number of the line in that file.
    pub line_no: u64,
    /// The client's address as IPv6 bits, IPv4 mapped; `None` if it cannot be read, and for the application.
    pub source_ip: Option<u128>,
    /// The page of the catalogue that the line is for.
    pub page: Option<u16>,
    /// Whether no page of the catalogue has the method, so that the line is for none whatever its path.
    pub other_method: bool,
    /// Whether the log does not say which page was asked for, so that it may be any.
    pub page_unknown: bool,
    /// Whether the local time happened twice, so that the line may be later than it says.
    pub time_twice: bool,
    /// HTTP status; `None` if it cannot be read, and for the application.
    pub status: Option<u16>,
    /// Bytes of the response body, if they were logged.
    pub body_bytes: Option<u64>,
    /// The account that the token names, or whose page the application served.
    pub account: Option<AccountKey>,
    /// How many items the application served.
    pub items: u64,
    /// A hash of all that the line says: two copies of one line have the same.
    pub identity: u64,
}

/// Stands for the number of a page where the line is for none.
const NO_PAGE: u16 = u16::MAX;
/// Stands for the number of a page where the line is for none because of its method.
const OTHER_METHOD: u16 = NO_PAGE - 1;
/// Stands for the number of a page where the log does not say for which the line is.
const PAGE_UNKNOWN: u16 = NO_PAGE - 2;

impl Line {
    /// The latest moment that the time of the event can be.
    pub fn latest(&self) -> i64 {
        let fold = if self.time_twice { LONGEST_FOLD } else { 0 };
        self.event_time.saturating_add(fold)
    }

    /// Whether the server delivered what was asked for; `None` if the status cannot be read.
    pub fn delivered(&self) -> Option<bool> {
        self.status.map(|status| (200..300).contains(&status))
    }

    /// Appends the line's fields to a record of the shuffle.
    pub fn encode(&self, into: &mut Encoder) {
        into.u8(self.tier.code())
            .u128(self.request)
            .i64(self.event_time)
            .u32(self.evidence_id)
            .u64(self.line_no)
            .u8(u8::from(self.source_ip.is_some()) | u8::from(self.time_twice) << 1)
            .packed(self.source_ip.unwrap_or_default())
            .u16(self.page.unwrap_or(match self.other_method {
                _ if self.page_unknown => PAGE_UNKNOWN,
                true => OTHER_METHOD,
                false => NO_PAGE,
            }))
            .maybe(self.status.map(u64::from))
            .maybe(self.body_bytes)
            .maybe(self.account.map(AccountKey::packed))
            .packed(self.items.into())
            .u64(self.identity);
    }

    /// Takes the fields from a record, in the order of [`encode`](Self::encode).
    pub fn decode(from: &mut Decoder<'_>) -> Self {
        let tier = Tier::from_code(from.u8());
        let request = from.u128();
        let event_time = from.i64();
        let evidence_id = from.u32();
        let line_no = from.u64();
        let flags = from.u8();
        let source_ip = from.packed();
        let page = from.u16();
        Line {
            tier,
            request,
            event_time,
            evidence_id,
            line_no,
            source_ip: Some(source_ip).filter(|_| flags & 1 != 0),
            page: Some(page).filter(|page| *page < PAGE_UNKNOWN),
            other_method: page == OTHER_METHOD,
            page_unknown: page == PAGE_UNKNOWN,
            time_twice: flags & 2 != 0,
            // What was encoded there had 16 bits.
            status: from.maybe().map(|status| status as u16),
            body_bytes: from.maybe(),
            account: from.maybe().map(AccountKey::unpacked),
            items: from.packed() as u64,
            identity: from.u64(),
        }
    }
}

/// The shuffle that brings the lines of each request together.
pub struct ByRequest<'a>(pub &'a Shuffle);

impl ByRequest<'_> {
    /// Sends a line on.
    pub fn push(&self, line: &Line) -> Result<()> {
        thread_local! {
            static RECORD: std::cell::RefCell<Encoder> = std::cell::RefCell::default();
        }
        RECORD.with_borrow_mut(|record| {
            record.0.clear();
            line.encode(record);
            self.0.push(line.request, &record.0)
        })
    }
}

/// How many microseconds lines without an id are put together for: those of a page, and those of none.
///
/// There are many more lines for no page, so their stretches are shorter. Few requests lie across a border.
const STRETCHES: [i64; 2] = [600_000_000, 60_000_000];

/// A fingerprint of page and time, for lines of the edge and the gateway without a request id.
///
/// Lines that share it are told apart later, as those of one id are.
pub fn of_page_and_time(page: Option<u16>, event_time: i64) -> u128 {
    let stretch = STRETCHES[usize::from(page.is_none())];
    let stretch = event_time.div_euclid(stretch).to_le_bytes();
    fingerprint(&[b"no id", &page.unwrap_or(NO_PAGE).to_le_bytes(), &stretch])
}
