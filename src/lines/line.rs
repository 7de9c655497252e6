//! Lines of all tiers, and how they go to meet the others of their request.

use crate::case::AccountKey;
use crate::digest::fingerprint;
use crate::error::Result;
use crate::lines::Verdict;
use crate::shuffle::{Decoder, Encoder, Shuffle};

/// Who wrote a line, and for the gateway, what its token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tier {
    /// The gateway, with a token of this verdict, and whether it is but moderately sure.
    Judged(Verdict, bool),
    /// The gateway, without a token.
    NoToken,
    /// A tier that sees no tokens.
    Edge,
    /// The application.
    Application,
    /// The gateway, with a token that the log masks or spoils.
    Unreadable,
}

impl Tier {
    /// Whether it is the gateway, whatever its line says of a token.
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

/// A line of a log, as far as counting needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Line {
    /// Who wrote it.
    pub tier: Tier,
    /// Fingerprint of the request id; where it has none, of page and time, or for the application of its place.
    pub request: u128,
    /// When, microseconds since 1970 UTC.
    pub event_time: i64,
    /// The evidence file.
    pub evidence_id: u32,
    /// The line in it.
    pub line_no: u64,
    /// The client's address as IPv6 bits, IPv4 mapped; 0 for the application.
    pub source_ip: u128,
    /// The page of the catalogue.
    pub page: Option<u16>,
    /// Whether no page has the method, so that it asks for none whatever its path.
    pub other_method: bool,
    /// HTTP status; 0 for the application.
    pub status: u16,
    /// Bytes of the response body, where logged.
    pub body_bytes: Option<u64>,
    /// Whom the token names, or whose page the application served.
    pub account: Option<AccountKey>,
    /// How many items the application served.
    pub items: u64,
    /// Equal for two copies of one line.
    pub identity: u64,
}

/// In place of a page's number: the request is for none.
const NO_PAGE: u16 = u16::MAX;
/// Likewise, by its method.
const OTHER_METHOD: u16 = NO_PAGE - 1;

impl Line {
    /// Writes the line's fields.
    pub fn encode(&self, into: &mut Encoder) {
        into.u8(self.tier.code())
            .u128(self.request)
            .i64(self.event_time)
            .u32(self.evidence_id)
            .u64(self.line_no)
            .packed(self.source_ip)
            .u16(self.page.unwrap_or(match self.other_method {
                true => OTHER_METHOD,
                false => NO_PAGE,
            }))
            .u16(self.status)
            .maybe(self.body_bytes)
            .maybe(self.account.map(AccountKey::packed))
            .packed(self.items.into())
            .u64(self.identity);
    }

    /// Reads the fields back.
    pub fn decode(from: &mut Decoder<'_>) -> Self {
        let tier = Tier::from_code(from.u8());
        let request = from.u128();
        let event_time = from.i64();
        let evidence_id = from.u32();
        let line_no = from.u64();
        let source_ip = from.packed();
        let page = from.u16();
        Line {
            tier,
            request,
            event_time,
            evidence_id,
            line_no,
            source_ip,
            page: Some(page).filter(|page| *page < OTHER_METHOD),
            other_method: page == OTHER_METHOD,
            status: from.u16(),
            body_bytes: from.maybe(),
            account: from.maybe().map(AccountKey::unpacked),
            items: from.packed() as u64,
            identity: from.u64(),
        }
    }
}

/// Where lines go to meet the others of their request.
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

/// Microseconds within which lines without an id may be of one request, for a page and for none, of which
/// there are many more. Few requests are at two sides of a border.
const STRETCHES: [i64; 2] = [600_000_000, 60_000_000];

/// In place of an id, for lines of the edge and the gateway that have none: they are told apart by page and
/// time, as those of one id are.
pub fn of_page_and_time(page: Option<u16>, event_time: i64) -> u128 {
    let stretch = STRETCHES[usize::from(page.is_none())];
    let stretch = event_time.div_euclid(stretch).to_le_bytes();
    fingerprint(&[b"no id", &page.unwrap_or(NO_PAGE).to_le_bytes(), &stretch])
}
