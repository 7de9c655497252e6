//! Lines of all tiers -> requests. A request is logged at the edge, at the gateway and by the
//! application; its request id brings the lines together, and it is counted once.

use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher;
use std::net::IpAddr;
use std::path::Path;

use polars::prelude::StaticArray;

use crate::case::{AccountKey, Case, Interner};
use crate::error::Result;
use crate::frames::{self, Texts, code, part_files, pieces, small, text, time, unsigned};
use crate::intake::{EvidenceFile, Manifest, NO_REQUEST, Overlap, TOKEN_COOKIE_ABSENT};
use crate::jws::Signature;
use crate::shuffle::{Decoder, Encoder, Shuffle, each_partition};
use crate::tokens::passes::ProvenKeys;
use crate::tokens::{Use, Verdict, claimed, fingerprint, id_fingerprint};

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
pub struct Lines<'a>(pub &'a Shuffle);

impl Lines<'_> {
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

/// An address as IPv6 bits, IPv4 mapped.
pub fn address_bits(address: &str) -> Option<u128> {
    Some(match address.parse().ok()? {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    })
}

/// The address behind the bits.
pub fn address_of(bits: u128) -> IpAddr {
    IpAddr::V6(bits.into()).to_canonical()
}

/// Lines that repeat lines of another log of their source, by log: the stretch, and what it repeats.
struct Repeated(HashMap<u32, Vec<Overlap>>);

impl Repeated {
    fn new(evidence: &[EvidenceFile]) -> Self {
        let with_overlaps = evidence.iter().filter(|file| !file.overlaps.is_empty());
        Repeated(
            with_overlaps
                .map(|file| (file.evidence_id, file.overlaps.clone()))
                .collect(),
        )
    }

    /// The line that a line stands for: itself, or the one it repeats, or that one's in turn.
    fn original(&self, mut evidence_id: u32, mut line_no: u64) -> (u32, u64) {
        // A log repeats one with other lines before it, so this ends; no chain is longer than the list.
        for _ in 0..=self.0.len() {
            let overlaps = self.0.get(&evidence_id).map_or(&[][..], Vec::as_slice);
            let Some(overlap) = overlaps.iter().find(|overlap| {
                (overlap.first_line..overlap.first_line + overlap.lines).contains(&line_no)
            }) else {
                break;
            };
            line_no = overlap.of_first_line + (line_no - overlap.first_line);
            evidence_id = overlap.of_evidence_id;
        }
        (evidence_id, line_no)
    }
}

/// Whether an id is what programs write where there is none: requests with it are not one.
fn is_nothing(id: &str) -> bool {
    let nothing = ["null", "none", "nil", "nan", r"\n", "undefined"];
    id.len() <= 9
        && nothing
            .iter()
            .any(|nothing| id.eq_ignore_ascii_case(nothing))
}

/// The id, if it says something.
fn said(request_id: Option<&str>) -> Option<&str> {
    request_id.filter(|id| !is_nothing(id))
}

/// Microseconds within which lines without an id may be of one request, for a page and for none, of which there are
/// many more. Few requests are at two sides of a border.
const STRETCHES: [i64; 2] = [600_000_000, 60_000_000];

/// In place of an id for lines of the edge and the gateway that have none: they are told apart by page and time, as
/// those of one id are.
fn of_no_id(page: Option<u16>, event_time: i64) -> u128 {
    let stretch = STRETCHES[usize::from(page.is_none())];
    let stretch = event_time.div_euclid(stretch).to_le_bytes();
    fingerprint(&[b"no id", &page.unwrap_or(NO_PAGE).to_le_bytes(), &stretch])
}

/// What bringing the lines together showed.
#[derive(Debug, Default)]
pub struct Spread {
    /// Keys that verify tokens of the evidence.
    pub proven: ProvenKeys,
    /// Lines whose token could not be taken from the log, by problem.
    pub without_token: BTreeMap<String, u64>,
}

/// Columns of a line that are read beside what its token says.
const LINE_COLUMNS: [&str; 12] = [
    "tier",
    "request_id",
    "source_ip",
    "page",
    "method",
    "path",
    "user_agent",
    "evidence_id",
    "line_no",
    "event_time",
    "status",
    "body_bytes",
];

/// Reads the event frames and sends each line on: uses of tokens to `by_token`, the rest to
/// `by_request`.
pub fn spread(
    case: &Case,
    manifest: &Manifest,
    frames_dir: &Path,
    threads: usize,
    interner: &Interner,
    by_token: &Shuffle,
    by_request: &Lines<'_>,
) -> Result<Spread> {
    let repeated = Repeated::new(&manifest.evidence);
    let identities = foldhash::quality::RandomState::default();
    let pages: HashMap<&str, u16> = case
        .catalogue
        .pages
        .iter()
        .map(|page| page.id.as_str())
        .zip(0..)
        .collect();
    let batches = pieces(&part_files(frames_dir, &frames::REQUESTS)?)?;
    let found = each_partition(batches.len(), threads, |index| {
        let mut record = Encoder::default();
        let mut found = Spread::default();
        let names: Vec<&str> = LINE_COLUMNS.into_iter().chain(claimed::COLUMNS).collect();
        let batch = batches[index].read(&names)?;
        let hash = |text: Option<&str>| identities.hash_one(text);
        let column = |index: usize| Texts::of(&batch, LINE_COLUMNS[index]);
        let mut tiers = column(0)?.once(|tier| match tier {
            Some("edge") => (Tier::Edge, hash(tier)),
            _ => (Tier::NoToken, hash(tier)),
        });
        let mut request_ids = column(1)?.once(|id| (id, hash(id)));
        let mut addresses =
            column(2)?.once(|address| (address.and_then(address_bits), hash(address)));
        let page = |page: Option<&str>| page.and_then(|page| pages.get(page).copied());
        let mut shown = column(3)?.once(|text| (page(text), hash(text)));
        let of_a_page =
            |method: Option<&str>| method.is_some_and(|method| case.catalogue.has(method));
        let mut methods = column(4)?.once(|method| {
            let no_request = method == Some(NO_REQUEST);
            (no_request, !of_a_page(method), hash(method))
        });
        let mut paths = column(5)?.once(hash);
        let mut agents = column(6)?.once(hash);
        let ids = small(&batch, LINE_COLUMNS[7])?.downcast_as_array();
        let numbers = unsigned(&batch, LINE_COLUMNS[8])?.downcast_as_array();
        let times = time(&batch, LINE_COLUMNS[9])?.downcast_as_array();
        let statuses = code(&batch, LINE_COLUMNS[10])?.downcast_as_array();
        let sizes = unsigned(&batch, LINE_COLUMNS[11])?.downcast_as_array();
        let mut tokens = claimed::read(&batch, interner, hash)?;
        for row in 0..batch.height() {
            let required = "the intake writes every required column";
            let evidence_id = ids.get(row).expect(required);
            let line_no = numbers.get(row).expect(required);
            let (tier, tier_hash) = tiers(row);
            let (request_id, id_hash) = request_ids(row);
            let (source_ip, address_hash) = addresses(row);
            let (page, page_hash) = shown(row);
            let token = tokens(row);
            let claims = token.claims;
            let of_line = [tier_hash, id_hash, address_hash, page_hash];
            let (no_request, other_method, method_hash) = methods(row);
            let of_request = [method_hash, paths(row), agents(row)];
            let claimed = [claims.issued_at, claims.expires_at];
            let event_time = times.get(row).expect(required);
            let (request, place) = match said(request_id) {
                Some(id) => (fingerprint(&[id.as_bytes()]), None),
                // Two lines that say the same are of two requests then, unless one repeats the other.
                None => {
                    let place = repeated.original(evidence_id, line_no);
                    (of_no_id(page, event_time), Some(place))
                }
            };
            let line = Line {
                tier,
                request,
                event_time,
                evidence_id,
                line_no,
                source_ip: source_ip.expect(required),
                page,
                other_method: other_method && page.is_none(),
                status: statuses.get(row).expect(required),
                body_bytes: sizes.get(row),
                account: claims.subject,
                items: 0,
                identity: identities.hash_one((of_line, of_request, token.hashes, claimed, place)),
            };
            if claims.signature == Signature::Valid {
                found.proven.insert((claims.issuer, claims.key_id));
            }
            match token.token_id {
                Some(token_id) if line.tier == Tier::NoToken => {
                    let id = id_fingerprint(token.issuer.unwrap_or_default(), token_id);
                    let one = Use {
                        id,
                        line,
                        claims,
                        token_id,
                        session: token.session,
                    };
                    one.encode(&mut record);
                    by_token.push(id, &record.0)?;
                }
                _ => {
                    let mut line = line;
                    // What never was a request has no line at the gateway that could be lost, and answers none.
                    if no_request && page.is_none() {
                        continue;
                    }
                    if let Some(problem) = token.problem {
                        *found.without_token.entry(problem.to_string()).or_default() += 1;
                        if line.tier == Tier::NoToken && problem != TOKEN_COOKIE_ABSENT {
                            line.tier = Tier::Unreadable;
                        }
                    }
                    by_request.push(&line)?;
                }
            }
        }
        Ok(found)
    })?;
    let mut all = Spread::default();
    for one in found {
        all.proven.extend(one.proven);
        for (problem, count) in one.without_token {
            *all.without_token.entry(problem).or_default() += count;
        }
    }
    let batches = pieces(&part_files(frames_dir, &frames::APP_EVENTS)?)?;
    each_partition(batches.len(), threads, |index| {
        let names = [
            "evidence_id",
            "line_no",
            "event_time",
            "item_count",
            "request_id",
            "account",
            "path",
        ];
        let batch = batches[index].read(&names)?;
        let places = small(&batch, names[0])?
            .iter()
            .zip(unsigned(&batch, names[1])?.iter());
        let values = time(&batch, names[2])?
            .iter()
            .zip(unsigned(&batch, names[3])?.iter());
        let whose = text(&batch, names[4])?
            .iter()
            .zip(text(&batch, names[5])?.iter());
        let rows = places
            .zip(values)
            .zip(whose)
            .zip(text(&batch, names[6])?.iter());
        for ((((evidence_id, line_no), (at, items)), (request_id, account)), path) in rows {
            let required = "the intake writes every required column";
            let (evidence_id, line_no) = (evidence_id.expect(required), line_no.expect(required));
            let page = path.and_then(|path| case.catalogue.find("GET", path));
            by_request.push(&Line {
                tier: Tier::Application,
                request: match said(request_id) {
                    Some(id) => fingerprint(&[id.as_bytes()]),
                    None => {
                        let (evidence_id, line_no) = repeated.original(evidence_id, line_no);
                        fingerprint(&[&evidence_id.to_le_bytes(), &line_no.to_le_bytes()])
                    }
                },
                event_time: at.expect(required),
                evidence_id,
                line_no,
                source_ip: 0,
                page: page.map(|page| u16::try_from(page).expect("few pages")),
                other_method: false,
                status: 0,
                body_bytes: None,
                account: account.map(|account| interner.key(account)),
                items: items.expect(required),
                identity: identities.hash_one((account, path)),
            })?;
        }
        Ok(())
    })
    .map(|_| all)
}
