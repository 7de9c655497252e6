//! Lines of all tiers -> requests. A request is logged at the edge, at the gateway and by the
//! application; its request id brings the lines together, and it is counted once.

use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher;
use std::net::IpAddr;
use std::path::Path;

use crate::case::{AccountKey, Case, Interner};
use crate::error::Result;
use crate::frames::{self, code, part_files, pieces, small, text, time, unsigned};
use crate::intake::{EvidenceFile, Manifest, Overlap};
use crate::jws::Signature;
use crate::shuffle::{Decoder, Encoder, Shuffle, each_partition};
use crate::tokens::passes::ProvenKeys;
use crate::tokens::{CLAIM_TIMES, CLAIMS, Use, Verdict, claims, fingerprint, id_fingerprint};

/// Who wrote a line, and for the gateway, what its token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// Who wrote it.
    pub tier: Tier,
    /// Fingerprint of the request id; of the line's own place where it has none.
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

impl Line {
    /// Writes the line's fields.
    pub fn encode(&self, into: &mut Encoder) {
        into.u8(self.tier.code())
            .u128(self.request)
            .i64(self.event_time)
            .u32(self.evidence_id)
            .u64(self.line_no)
            .u128(self.source_ip)
            .u16(self.page.unwrap_or(u16::MAX))
            .u16(self.status)
            .maybe(self.body_bytes)
            .maybe(self.account.map(|account| account.0))
            .u64(self.items)
            .u64(self.identity);
    }

    /// Reads the fields back.
    pub fn decode(from: &mut Decoder<'_>) -> Self {
        Line {
            tier: Tier::from_code(from.u8()),
            request: from.u128(),
            event_time: from.i64(),
            evidence_id: from.u32(),
            line_no: from.u64(),
            source_ip: from.u128(),
            page: Some(from.u16()).filter(|page| *page != u16::MAX),
            status: from.u16(),
            body_bytes: from.maybe(),
            account: from.maybe().map(AccountKey),
            items: from.u64(),
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

fn request_fingerprint(
    request_id: Option<&str>,
    evidence_id: u32,
    line_no: u64,
    repeated: &Repeated,
) -> u128 {
    match request_id {
        Some(id) => fingerprint(&[id.as_bytes()]),
        None => {
            let (evidence_id, line_no) = repeated.original(evidence_id, line_no);
            fingerprint(&[&evidence_id.to_le_bytes(), &line_no.to_le_bytes()])
        }
    }
}

/// What bringing the lines together showed.
#[derive(Debug, Default)]
pub struct Spread {
    /// Keys that verify tokens of the evidence.
    pub proven: ProvenKeys,
    /// Lines whose token could not be taken from the log, by problem.
    pub without_token: BTreeMap<String, u64>,
}

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
        let names = [
            "evidence_id",
            "line_no",
            "event_time",
            "status",
            "body_bytes",
            "tier",
            "request_id",
            "source_ip",
            "page",
            "method",
            "path",
            "user_agent",
        ];
        let mut found = Spread::default();
        let names: Vec<&str> = names.into_iter().chain(CLAIMS).chain(CLAIM_TIMES).collect();
        let batch = batches[index].read(&names)?;
        let mut ids = small(&batch, "evidence_id")?.iter();
        let mut numbers = unsigned(&batch, "line_no")?.iter();
        let mut times = time(&batch, "event_time")?.iter();
        let mut statuses = code(&batch, "status")?.iter();
        let mut sizes = unsigned(&batch, "body_bytes")?.iter();
        let mut texts = Vec::new();
        for name in &names[5..20] {
            texts.push(text(&batch, name)?.iter());
        }
        let mut issued = time(&batch, CLAIM_TIMES[0])?.iter();
        let mut expires = time(&batch, CLAIM_TIMES[1])?.iter();
        for _ in 0..batch.height() {
            let required = "the intake writes every required column";
            let evidence_id = ids.next().flatten().expect(required);
            let line_no = numbers.next().flatten().expect(required);
            let mut next = [None; 15];
            for (value, column) in next.iter_mut().zip(&mut texts) {
                *value = column.next().flatten();
            }
            let [tier, request_id, source_ip, page, ..] = next;
            let told: [Option<&str>; 8] = next[7..].try_into().expect("eight claims");
            let claimed = [issued.next().flatten(), expires.next().flatten()];
            let claims = claims(told, claimed, interner);
            let line = Line {
                tier: if tier == Some("edge") {
                    Tier::Edge
                } else {
                    Tier::NoToken
                },
                request: request_fingerprint(request_id, evidence_id, line_no, &repeated),
                event_time: times.next().flatten().expect(required),
                evidence_id,
                line_no,
                source_ip: source_ip.and_then(address_bits).expect(required),
                page: page.and_then(|page| pages.get(page).copied()),
                status: statuses.next().flatten().expect(required),
                body_bytes: sizes.next().flatten(),
                account: claims.subject,
                items: 0,
                identity: identities.hash_one((next, claimed)),
            };
            if claims.signature == Signature::Valid {
                found.proven.insert((claims.issuer, claims.key_id));
            }
            match told[0] {
                Some(token_id) if line.tier == Tier::NoToken => {
                    let id = id_fingerprint(told[1].unwrap_or_default(), token_id);
                    let one = Use {
                        id,
                        line,
                        claims,
                        token_id,
                    };
                    one.encode(&mut record);
                    by_token.push(id, &record.0)?;
                }
                _ => {
                    let mut line = line;
                    if let Some(problem) = told[7] {
                        *found.without_token.entry(problem.to_string()).or_default() += 1;
                        if line.tier == Tier::NoToken && problem != "token_cookie_absent" {
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
                request: request_fingerprint(request_id, evidence_id, line_no, &repeated),
                event_time: at.expect(required),
                evidence_id,
                line_no,
                source_ip: 0,
                page: page.map(|page| u16::try_from(page).expect("few pages")),
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
