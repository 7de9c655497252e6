//! Lines of the event frames, sent to where they meet: uses of tokens by token id, others by request.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::BuildHasher;

use polars::prelude::{DataFrame, StaticArray};

use super::claimed::{self, Claimed};
use super::claims::Claims;
use super::facts::{ProvenKeys, Record};
use crate::case::Context;
use crate::digest::{fingerprint, id_fingerprint};
use crate::error::Result;
use crate::frames::{self, Piece, Texts, code, part_files, pieces, small, text, time, unsigned};
use crate::identity::{canonical, is_nothing};
use crate::intake::{NO_REQUEST, TIME_TWICE, TOKEN_COOKIE_ABSENT, has_problem};
use crate::jws::Signature;
use crate::lines::{ByRequest, Line, Tier, address_bits, of_page_and_time};
use crate::results::{EvidenceFile, Manifest, Overlap};
use crate::shuffle::{Decoder, Encoder, Shuffle, each_partition};

/// A use of a token: a gateway line and the claims it logged.
pub struct Use<'a> {
    /// The fingerprint of issuer and token id.
    pub id: u128,
    /// The line.
    pub line: Line,
    /// What the token says of itself.
    pub claims: Claims,
    /// The token's id, as logged.
    pub token_id: &'a str,
    /// The token's session id, as logged.
    pub session: Option<&'a str>,
}

/// Opens a record of the token shuffle that holds an issuance record.
pub(super) const RECORD: u8 = 0;
/// Opens one that holds a use.
const USE: u8 = 1;

impl<'a> Use<'a> {
    /// Writes the use as a record of the token shuffle.
    pub fn encode(&self, into: &mut Encoder) {
        into.0.clear();
        into.u8(USE).u128(self.id);
        self.line.encode(into);
        self.claims.encode(into);
        into.maybe_text(self.session);
        into.0.extend_from_slice(self.token_id.as_bytes());
    }

    /// Takes the use of the token id `id` from a record, after kind and id.
    pub(super) fn decode(id: u128, mut from: Decoder<'a>) -> Self {
        Use {
            id,
            line: Line::decode(&mut from),
            claims: Claims::decode(&mut from),
            session: from.maybe_text(),
            token_id: from.text(),
        }
    }
}

impl Record {
    /// Writes the issuance record of the token id `id` as a record of the token shuffle.
    pub(super) fn encode_for(&self, id: u128, into: &mut Encoder) {
        into.0.clear();
        into.u8(RECORD).u128(id);
        self.encode(into);
    }
}

/// The stretches of each evidence file that repeat lines of another file of the same source.
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

    /// The line that a line repeats, or that this one repeats in turn; a line that repeats none is its own.
    fn original(&self, mut evidence_id: u32, mut line_no: u64) -> (u32, u64) {
        // No chain of repeated lines is longer than the list of files, so this ends.
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

/// The request id, if it is one: requests without one are not the same.
fn said(request_id: Option<&str>) -> Option<&str> {
    request_id.filter(|id| !is_nothing(id))
}

/// What was found while the lines were sent on.
#[derive(Debug, Default)]
pub struct Spread {
    /// Keys that verify tokens of the evidence.
    pub proven: ProvenKeys,
    /// How many lines have a token that could not be taken from the log, by problem.
    pub without_token: BTreeMap<String, u64>,
    /// The evidence files in which any line has a token, if only one that cannot be read.
    pub with_tokens: HashSet<u32>,
}

impl Spread {
    fn merge(&mut self, other: Spread) {
        self.proven.extend(other.proven);
        self.with_tokens.extend(other.with_tokens);
        for (problem, count) in other.without_token {
            *self.without_token.entry(problem).or_default() += count;
        }
    }
}

/// Columns of the frame `requests` that are read beside those of the token.
const LINE_COLUMNS: [&str; 13] = [
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
    "row_problem",
];

/// Columns that are read of the application's records.
const RECORD_COLUMNS: [&str; 7] = [
    "evidence_id",
    "line_no",
    "event_time",
    "item_count",
    "request_id",
    "account",
    "path",
];

/// Why a required column has a value in every row.
const REQUIRED: &str = "the intake writes every required column";

/// Reads the event frames and sends uses of tokens to `by_token`, and all other lines to `by_request`.
pub fn spread(
    context: &Context<'_>,
    manifest: &Manifest,
    by_token: &Shuffle,
    by_request: &ByRequest<'_>,
) -> Result<Spread> {
    let pages = context.case.catalogue.pages.iter();
    let spreader = Spreader {
        context,
        repeated: Repeated::new(&manifest.evidence),
        identities: foldhash::quality::RandomState::default(),
        pages: pages.map(|page| page.id.as_str()).zip(0..).collect(),
        by_token,
        by_request,
    };
    let requests = pieces(&part_files(context.frames_dir, &frames::REQUESTS)?)?;
    let found = each_partition(requests.len(), context.threads, |index| {
        spreader.requests(&requests[index])
    })?;
    let records = pieces(&part_files(context.frames_dir, &frames::APP_EVENTS)?)?;
    each_partition(records.len(), context.threads, |index| {
        spreader.records(&records[index])
    })?;
    let mut all = Spread::default();
    found.into_iter().for_each(|one| all.merge(one));
    Ok(all)
}

/// What sending the lines on needs.
struct Spreader<'a> {
    context: &'a Context<'a>,
    repeated: Repeated,
    identities: foldhash::quality::RandomState,
    pages: HashMap<&'a str, u16>,
    by_token: &'a Shuffle,
    by_request: &'a ByRequest<'a>,
}

/// A line of the edge or the gateway, and whether its server could not read the request.
struct RequestLine {
    line: Line,
    no_request: bool,
}

impl Spreader<'_> {
    /// Sends on the lines of the edge and the gateway.
    fn requests(&self, piece: &Piece) -> Result<Spread> {
        let names: Vec<&str> = LINE_COLUMNS.into_iter().chain(claimed::COLUMNS).collect();
        let batch = piece.read(&names)?;
        let hash = |text: Option<&str>| self.identities.hash_one(text);
        let mut tokens = claimed::read(&batch, self.context.interner, hash)?;
        let mut lines = self.lines(&batch)?;
        let mut record = Encoder::default();
        let mut found = Spread::default();
        for row in 0..batch.height() {
            let token = tokens(row);
            let claims = token.claims;
            if claims.signature == Signature::Valid {
                found.proven.insert((claims.issuer, claims.key_id));
            }
            let RequestLine { line, no_request } = lines(row, &token);
            if token.token_id.is_some() || token.problem.is_some() {
                found.with_tokens.insert(line.evidence_id);
            }
            match token.token_id {
                Some(token_id) if line.tier == Tier::NoToken => {
                    self.send_use(line, &token, token_id, &mut record)?;
                }
                // What was no request is on no other tier, and shows nothing.
                _ if no_request && line.page.is_none() => {}
                _ => self.send_line(line, token.problem, &mut found)?,
            }
        }
        Ok(found)
    }

    /// Prepares to read the lines of `batch`; the function returned reads that of a row and its token.
    fn lines<'b>(
        &'b self,
        batch: &'b DataFrame,
    ) -> Result<impl FnMut(usize, &Claimed<'_>) -> RequestLine + 'b> {
        let hash = move |text: Option<&str>| self.identities.hash_one(text);
        let column = |index: usize| Texts::of(batch, LINE_COLUMNS[index]);
        let mut tiers = column(0)?.once(move |tier| match tier {
            Some("edge") => (Tier::Edge, hash(tier)),
            _ => (Tier::NoToken, hash(tier)),
        });
        let mut request_ids = column(1)?.once(move |id| (id, hash(id)));
        let mut addresses =
            column(2)?.once(move |address| (address.and_then(address_bits), hash(address)));
        let page = |page: Option<&str>| page.and_then(|page| self.pages.get(page).copied());
        let mut pages = column(3)?.once(move |text| (page(text), hash(text)));
        let catalogue = &self.context.case.catalogue;
        let mut methods = column(4)?.once(move |method| {
            let no_request = method == Some(NO_REQUEST);
            let other = method.is_some_and(|method| !catalogue.has(method));
            (no_request, other, method.is_none(), hash(method))
        });
        let mut paths = column(5)?.once(move |path| (path.is_none(), hash(path)));
        let mut agents = column(6)?.once(hash);
        let evidence_ids = small(batch, LINE_COLUMNS[7])?.downcast_as_array();
        let numbers = unsigned(batch, LINE_COLUMNS[8])?.downcast_as_array();
        let times = time(batch, LINE_COLUMNS[9])?.downcast_as_array();
        let statuses = code(batch, LINE_COLUMNS[10])?.downcast_as_array();
        let sizes = unsigned(batch, LINE_COLUMNS[11])?.downcast_as_array();
        let mut times_twice = column(12)?.once(|problem| has_problem(problem, TIME_TWICE));
        Ok(move |row, token: &Claimed<'_>| {
            let evidence_id = evidence_ids.get(row).expect(REQUIRED);
            let line_no = numbers.get(row).expect(REQUIRED);
            let event_time = times.get(row).expect(REQUIRED);
            let (tier, tier_hash) = tiers(row);
            let (request_id, id_hash) = request_ids(row);
            let (source_ip, address_hash) = addresses(row);
            let (page, page_hash) = pages(row);
            let (no_request, other_method, no_method, method_hash) = methods(row);
            let (no_path, path_hash) = paths(row);
            let (request, place) = match said(request_id) {
                Some(id) => (fingerprint(&[id.as_bytes()]), None),
                // Without an id, two lines that say the same are two requests, unless one file repeats the
                // other's lines. So the place of the line is part of its identity.
                None => {
                    let place = self.repeated.original(evidence_id, line_no);
                    (of_page_and_time(page, event_time), Some(place))
                }
            };
            let of_line = [tier_hash, id_hash, address_hash, page_hash];
            let of_request = [method_hash, path_hash, agents(row)];
            let claimed = [token.claims.issued_at, token.claims.expires_at];
            let identity = (of_line, of_request, token.hashes, claimed, place);
            let line = Line {
                tier,
                request,
                event_time,
                evidence_id,
                line_no,
                source_ip,
                page,
                other_method: other_method && page.is_none(),
                page_unknown: page.is_none() && !other_method && (no_method || no_path),
                time_twice: times_twice(row),
                status: statuses.get(row),
                body_bytes: sizes.get(row),
                account: token.claims.subject,
                items: 0,
                identity: self.identities.hash_one(identity),
            };
            RequestLine { line, no_request }
        })
    }

    /// Sends the use of a token to where the others of its id are.
    fn send_use(
        &self,
        line: Line,
        token: &Claimed<'_>,
        token_id: &str,
        record: &mut Encoder,
    ) -> Result<()> {
        let issuer = canonical(token.issuer.unwrap_or_default());
        let id = id_fingerprint(&issuer, &canonical(token_id));
        let one = Use {
            id,
            line,
            claims: token.claims,
            token_id,
            session: token.session,
        };
        one.encode(record);
        self.by_token.push(id, &record.0)
    }

    /// Sends a line without a readable token to where the others of its request are.
    fn send_line(&self, mut line: Line, problem: Option<&str>, found: &mut Spread) -> Result<()> {
        if let Some(problem) = problem {
            *found.without_token.entry(problem.to_string()).or_default() += 1;
            if line.tier == Tier::NoToken && problem != TOKEN_COOKIE_ABSENT {
                line.tier = Tier::Unreadable;
            }
        }
        self.by_request.push(&line)
    }

    /// Sends on the application's records.
    fn records(&self, piece: &Piece) -> Result<()> {
        let batch = piece.read(&RECORD_COLUMNS)?;
        let evidence_ids = small(&batch, RECORD_COLUMNS[0])?.downcast_as_array();
        let numbers = unsigned(&batch, RECORD_COLUMNS[1])?.downcast_as_array();
        let times = time(&batch, RECORD_COLUMNS[2])?.downcast_as_array();
        let items = unsigned(&batch, RECORD_COLUMNS[3])?.downcast_as_array();
        let request_ids = text(&batch, RECORD_COLUMNS[4])?.downcast_as_array();
        let accounts = text(&batch, RECORD_COLUMNS[5])?.downcast_as_array();
        let paths = text(&batch, RECORD_COLUMNS[6])?.downcast_as_array();
        for row in 0..batch.height() {
            let evidence_id = evidence_ids.get(row).expect(REQUIRED);
            let line_no = numbers.get(row).expect(REQUIRED);
            let (account, path) = (accounts.get(row), paths.get(row));
            let page = path.and_then(|path| self.context.case.catalogue.find("GET", path));
            self.by_request.push(&Line {
                tier: Tier::Application,
                request: match said(request_ids.get(row)) {
                    Some(id) => fingerprint(&[id.as_bytes()]),
                    None => {
                        let (evidence_id, line_no) = self.repeated.original(evidence_id, line_no);
                        fingerprint(&[&evidence_id.to_le_bytes(), &line_no.to_le_bytes()])
                    }
                },
                event_time: times.get(row).expect(REQUIRED),
                evidence_id,
                line_no,
                source_ip: None,
                page: page.map(|page| u16::try_from(page).expect("few pages")),
                other_method: false,
                page_unknown: false,
                time_twice: false,
                status: None,
                body_bytes: None,
                account: account.map(|account| self.context.interner.key(account)),
                items: items.get(row).expect(REQUIRED),
                identity: self.identities.hash_one((account, path)),
            })?;
        }
        Ok(())
    }
}
