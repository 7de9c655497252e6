//! Writes the evidence: what each log keeps of an event, flaws included.

use std::path::Path;

use super::chance::mix;
use super::changes;
use super::clocks::korean;
use super::events::{Event, Flaw, Grant, Request, Target, Token};
use super::ledger::Ledger;
use super::logs::{self, AGENTS, Log, Logged, Pass, PlantedLines};
use super::pages::{PAGES, PageId};
use super::truth::Shown;
use super::world::{APP_HOLE, Customer, Issuance, Millis, SECOND, World, within};
use crate::error::Result;

/// How far the clock of each gateway node is ahead.
const CLOCKS: [Millis; 2] = [0, 90 * SECOND];

/// What was written.
#[derive(Debug, Clone, Copy, Default)]
pub struct Written {
    /// All requests.
    pub requests: u64,
    /// Those of the attacker, among them.
    pub attack_requests: u64,
}

/// The evidence being written.
pub(super) struct Evidence<'w> {
    world: &'w World,
    gateways: [Log; 2],
    edge: Log,
    application: Log,
    issuance: Log,
    /// Login log and truth of the tokens, which only scenarios have.
    ledger: Option<Ledger>,
    /// The number of the issuance file that arrives late.
    late: Option<u32>,
    /// The number of the issuance record written last.
    sequence: u64,
    written: Written,
}

impl<'w> Evidence<'w> {
    /// Begins all logs below `evidence/` in `out`, and a scenario's `truth.csv`.
    pub(super) fn new(world: &'w World, out: &Path) -> Result<Self> {
        let folder = out.join("evidence");
        let rotate = (world.sessions * 2).clamp(2_000, 250_000);
        let log = |name, extension| Log::new(&folder, name, extension, rotate);
        let ledger = if changes::logs_logins(world) {
            let logins = log("logins", "jsonl")?;
            Some(Ledger::new(&out.join("truth.csv"), logins)?)
        } else {
            None
        };
        let rotate_issuance = changes::issuance_rotation(world, rotate);
        Ok(Evidence {
            world,
            gateways: [log("gateway-a", "jsonl")?, log("gateway-b", "jsonl")?],
            edge: log("edge", "log")?,
            application: log("application", "jsonl")?,
            issuance: Log::new(&folder, "issuance", "jsonl", rotate_issuance)?,
            ledger,
            late: None,
            sequence: 0,
            written: Written::default(),
        })
    }

    /// What was written so far.
    pub(super) fn written(&self) -> Written {
        self.written
    }

    /// The name of the issuance file that arrives late, if the scenario has one.
    pub(super) fn late_file(&self) -> Option<String> {
        self.late.map(|number| self.issuance.file_name(number))
    }

    /// Writes lines that no request left: a failing disk's zeros and other broken ones.
    pub(super) fn garbage(&mut self) -> Result<()> {
        self.gateways[0].broken_line(&[0; 64])?;
        self.edge.broken_line(b"\xff\xfe broken \x80 pipe")?;
        self.application.broken_line(b"{\"t\":\"soon\",\"rid\":1")
    }

    /// Writes what the logs keep of an event.
    ///
    /// Returns what they show of it, if it is a request.
    pub(super) fn record(&mut self, at: Millis, event: &Event) -> Result<Option<Shown>> {
        match event {
            Event::Request(request) => return self.request(at, request).map(Some),
            Event::Issued { token, grant } => self.issued(at, token, *grant)?,
            Event::Login {
                customer,
                address,
                grant,
            } => {
                if let Some(ledger) = &mut self.ledger {
                    ledger.login(at, *customer, *address, *grant)?;
                }
            }
        }
        Ok(None)
    }

    /// Ends all logs, and says what was planted in them.
    pub(super) fn finish(&mut self) -> Result<PlantedLines> {
        let mut lines = PlantedLines::default();
        for log in &mut self.gateways {
            let of_gateway = log.finish()?;
            lines.add(of_gateway);
            lines.gateway_rejects += of_gateway.rejects;
        }
        for log in [&mut self.edge, &mut self.application, &mut self.issuance] {
            lines.add(log.finish()?);
        }
        if let Some(ledger) = &mut self.ledger {
            lines.add(ledger.finish()?);
        }
        Ok(lines)
    }

    fn issued(&mut self, at: Millis, token: &Token, grant: Grant) -> Result<()> {
        let issuance = changes::record(self.world, at, token);
        self.sequence += u64::from(issuance != Issuance::Unwritten);
        if matches!(issuance, Issuance::Lost | Issuance::Unwritten) {
            return Ok(());
        }
        let sequence = if changes::numbered(self.world) {
            format!("\"seq\":{},", self.sequence)
        } else {
            String::new()
        };
        let line = format!(
            "{{{sequence}\"time\":\"{}\",\"event\":\"{}\",\"iss\":\"{}\",\"kid\":\"{}\",\"jti\":\"{}\",\"sub\":\"{}\",\"exp\":{}}}",
            korean(token.issued_at),
            grant.event(),
            token.key.issuer(),
            token.key.id(),
            token_id(self.world, token.id),
            token.subject,
            token.expires_at() / SECOND,
        );
        self.issuance
            .line_or_half(&line, issuance == Issuance::Damaged)?;
        if self.late.is_none() && changes::arrives_late(self.world, at) {
            self.late = Some(self.issuance.files());
        }
        Ok(())
    }

    fn request(&mut self, at: Millis, request: &Request) -> Result<Shown> {
        self.written.requests += 1;
        self.written.attack_requests += u64::from(request.forged);
        let number = self.written.requests;
        let request_id = format!("{:016x}", mix(self.world.seed.rotate_left(32) ^ number));
        let (method, path, page) = request_line(request.target);
        let logged = Logged {
            at,
            request_id: &request_id,
            address: request.client.address,
            method,
            path: &path,
            status: request.status,
            bytes: request.bytes,
            agent: AGENTS[request.client.agent],
        };
        self.edge_line(request, &logged)?;
        let node = (mix(number) % 2) as usize;
        let gateway = self.gateway_line(node, request, &logged)?;
        let application = self.application_line(request, &logged)?;
        // No customer has the number 0.
        let subject = request.token.and_then(|token| token.customer());
        let subject = subject.unwrap_or(0);
        Ok(Shown {
            at,
            token: request.token.map(|token| token.planted),
            address: request.client.address,
            page,
            status: request.status,
            bytes: request.bytes,
            gateway,
            application,
            subject,
            subject_exists: self.world.fate(subject).is_some(),
        })
    }

    fn edge_line(&mut self, request: &Request, logged: &Logged<'_>) -> Result<()> {
        if matches!(request.target, Target::Stock(_)) {
            return Ok(());
        }
        let line = logs::edge(logged);
        match request.flaw {
            // Byte 40 is within the time, however long the address before it is.
            Flaw::EdgeLineCut => self.edge.broken_line(&line.as_bytes()[..40]),
            _ => self.edge.line(&line),
        }
    }

    /// Writes the gateway's line, and its token's row of `truth.csv`.
    ///
    /// Returns whether the line can be read.
    fn gateway_line(
        &mut self,
        node: usize,
        request: &Request,
        logged: &Logged<'_>,
    ) -> Result<bool> {
        let token = request.token.as_ref();
        let texts = token.map(|token| (token_id(self.world, token.id), token.subject.to_string()));
        let pass = token
            .zip(texts.as_ref())
            .map(|(token, (id, subject))| Pass {
                issuer: token.key.issuer(),
                key: token.key.id(),
                id,
                subject,
                issued_at: token.issued_at / SECOND,
                expires_at: token.expires_at() / SECOND,
            });
        let logged = Logged {
            at: logged.at + CLOCKS[node],
            ..*logged
        };
        let line = logs::gateway(&logged, pass.as_ref());
        let cut = request.flaw == Flaw::GatewayLineCut;
        self.gateways[node].line_or_half(&line, cut)?;
        if request.flaw == Flaw::GatewayLineTwice {
            self.gateways[node].line(&line)?;
        }
        if let (Some(ledger), Some(token), Some(pass), false) =
            (&mut self.ledger, token, &pass, cut)
        {
            ledger.token(token, pass, request.forged)?;
        }
        Ok(!cut)
    }

    /// Writes the application's line, if it served anything and the log is not deleted.
    ///
    /// Returns account and items, if the line can be read.
    fn application_line(
        &mut self,
        request: &Request,
        logged: &Logged<'_>,
    ) -> Result<Option<(Customer, u64)>> {
        let deleted = within(APP_HOLE, logged.at);
        let Some((account, items)) = request.served.filter(|_| !deleted) else {
            return Ok(None);
        };
        let line = format!(
            "{{\"t\":{},\"rid\":\"{}\",\"member\":\"{account}\",\"page\":\"{}\",\"items\":{items}}}",
            logged.at + 3,
            logged.request_id,
            logged.path
        );
        let cut = request.flaw == Flaw::ApplicationLineCut;
        self.application.line_or_half(&line, cut)?;
        Ok((!cut).then_some((account, items)))
    }
}

/// Method and path of a request for `target`, and its page if it has one.
fn request_line(target: Target) -> (&'static str, String, Option<PageId>) {
    match target {
        Target::Page(page) => ("GET", PAGES[page as usize].path.to_string(), Some(page)),
        Target::Home => ("GET", "/".to_string(), None),
        Target::Login => ("POST", "/login".to_string(), None),
        Target::Product(product) => ("GET", format!("/products/{product}?from=search"), None),
        Target::Stock(item) => ("GET", format!("/internal/stock/{item}"), None),
    }
}

/// A token's id as the logs write it, different for each token of a world.
fn token_id(world: &World, id: u64) -> String {
    let unique = mix(world.seed ^ 0x746f_6b65_6e00 ^ id);
    format!("{unique:016x}{:08x}", mix(unique) as u32)
}
