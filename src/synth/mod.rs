//! The replica of the reference incident: the same world at any scale, with its planted truth.
//!
//! The logs are generated hour by hour and written as they come, so that memory does not grow with the
//! scale beyond one hour's events and the truth's bit vectors. All chance is `chance::Chance` over
//! plan and identifier: the same plan gives the same bytes.
//!
//! A [`Scenario`] is a condition under which the same world is logged or attacked. Only with one are
//! there a login log and `truth.csv`, for which all token identities are held in memory; with some, up to
//! two days' events are held too.

mod attack;
mod chance;
mod honest;
mod ledger;
mod logs;
mod pages;
mod registry;
mod scenario;
mod scenes;
#[cfg(test)]
mod tests;
mod truth;
mod world;

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use crate::error::{Error, Result};
use crate::progress::Progress;
use chance::mix;
use ledger::Ledger;
use logs::{AGENTS, Log, Logged, Pass};
use pages::{PAGES, PageId};
pub use scenario::Scenario;
use truth::{Planted, Shown, Truth};
use world::{APP_HOLE, BEGIN, Customer, END, HOUR, Issuance, Millis, SECOND, World};

/// The scale of `sample-data/replica`.
pub const SAMPLE_SCALE: f64 = 0.00003;

const ISSUER: &str = "https://login.shop.example";
const SERVICE_ISSUER: &str = "https://internal.shop.example";
/// Primary key, standby key (the stolen one), services' key, second data centre's key (of one scenario).
const KEYS: [&str; 4] = [
    "primary-2023-05",
    "standby-2024-05",
    "services-2023-05",
    "primary-2025-dc2",
];

/// What to generate.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// 1 is the published incident.
    pub scale: f64,
    /// Seed of all that is left to chance.
    pub seed: u64,
    /// Whether anybody forges.
    pub attack: bool,
    /// The condition under which it is logged or attacked; none is the replica itself.
    pub scenario: Option<Scenario>,
}

/// What was written.
#[derive(Debug, Clone, Copy, Default)]
pub struct Written {
    /// Requests.
    pub requests: u64,
    /// Of these, the attacker's.
    pub attack_requests: u64,
}

/// A flaw in what the logs keep of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    None,
    GatewayLineCut,
    EdgeLineCut,
    ApplicationLineCut,
    GatewayLineTwice,
}

#[derive(Debug, Clone, Copy)]
enum Target {
    Page(PageId),
    Home,
    Product(u64),
    Login,
    Stock(u64),
}

#[derive(Debug, Clone, Copy)]
enum Subject {
    Customer(Customer),
    Stock,
}

#[derive(Debug, Clone, Copy)]
struct Token {
    id: u64,
    key: usize,
    subject: Subject,
    /// As the token claims.
    issued_at: Millis,
    lifetime: Millis,
    planted: Planted,
}

#[derive(Debug, Clone, Copy)]
struct Request {
    address: IpAddr,
    target: Target,
    status: u16,
    bytes: u64,
    agent: usize,
    token: Option<Token>,
    /// Account and items that the application served.
    served: Option<(Customer, u64)>,
    flaw: Flaw,
    forged: bool,
}

#[derive(Debug, Clone, Copy)]
enum Event {
    Request(Request),
    Issued {
        token: Token,
        refresh: bool,
    },
    Login {
        customer: Customer,
        address: IpAddr,
        refresh: bool,
    },
}

const LIFETIME: Millis = HOUR;

/// A carrier's address, shared by many customers.
fn carrier(index: u64) -> IpAddr {
    Ipv4Addr::from_bits(0xc000_0201 + index as u32).into()
}

/// Whether an address may be the fleet's or shared with it.
fn is_shared_or_fleet(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(_) => true,
        IpAddr::V6(v6) => v6.segments()[2] >= 0xf000,
    }
}

/// An address of the attacker's fleet: first those of carriers, then rented ones.
fn fleet(world: &World, index: u64) -> IpAddr {
    let index = index % world.fleet;
    let shared = world.carriers - 1;
    if index < shared {
        return carrier(index);
    }
    match index - shared {
        rented @ 0..254 => Ipv4Addr::from_bits(0xc633_6401 + rented as u32).into(),
        rented @ 254..508 => Ipv4Addr::from_bits(0xcb00_7101 + (rented - 254) as u32).into(),
        rented => Ipv6Addr::new(0x2001, 0xdb8, 0xf000, rented as u16, 0, 0, 0, 1).into(),
    }
}

/// The evidence being written.
struct Evidence<'w> {
    world: &'w World,
    gateways: [Log; 2],
    edge: Log,
    application: Log,
    issuance: Log,
    /// What only scenarios have.
    ledger: Option<Ledger>,
    /// The issuance file that arrives late.
    late: Option<u32>,
    truth: Truth<'w>,
    requests: u64,
    sequence: u64,
    written: Written,
}

/// Writes the replica into `out`, which must be new or empty.
pub fn write(plan: &Plan, out: &Path, progress: &dyn Progress) -> Result<Written> {
    if !(plan.scale > 0.0 && plan.scale <= 1.0) {
        return Err(Error::user(format!(
            "the scale {} is not above 0 and at most 1",
            plan.scale
        ))
        .hint("--scale 1 is the published incident; --scale 0.0005 takes seconds"));
    }
    let failed = |e: std::io::Error| Error::io("prepare the folder", out, e);
    if out.exists() && fs::read_dir(out).map_err(failed)?.next().is_some() {
        return Err(Error::user("the folder is not empty; nothing was written")
            .in_file(out)
            .hint("name a new folder with --out"));
    }
    fs::create_dir_all(out).map_err(failed)?;
    let world = World::new(plan);
    let mut id = format!(
        "replica-{}-{}{}",
        plan.scale,
        plan.seed,
        if plan.attack { "" } else { "-honest" }
    );
    if let Some(scenario) = plan.scenario {
        id.push('-');
        id.push_str(scenario.name());
    }
    registry::write_all(&world, out, &id)?;
    let logs = out.join("evidence");
    let rotate = (world.sessions * 2).clamp(2_000, 250_000);
    let log = |name, extension| Log::new(&logs.join(name), name, extension, rotate);
    let issued = scenario::issuance_rotation(&world, rotate);
    let ledger = match plan.scenario {
        Some(_) => Some(Ledger::new(
            &out.join("truth.csv"),
            log("logins", "jsonl")?,
        )?),
        None => None,
    };
    let mut evidence = Evidence {
        world: &world,
        gateways: [log("gateway-a", "jsonl")?, log("gateway-b", "jsonl")?],
        edge: log("edge", "log")?,
        application: log("application", "jsonl")?,
        issuance: Log::new(&logs.join("issuance"), "issuance", "jsonl", issued)?,
        ledger,
        late: None,
        truth: Truth::new(&world),
        requests: 0,
        sequence: 0,
        written: Written::default(),
    };
    evidence.generate(progress)?;
    if let Some(number) = evidence.late {
        let name = evidence.issuance.file_name(number);
        put_aside(&logs.join("issuance").join(&name), &out.join("late"), &name)?;
    }
    // The figures are those of the replica's own conditions.
    if plan.scenario.is_none() {
        let path = out.join("expected.toml");
        fs::write(&path, evidence.truth.expected())
            .map_err(|e| Error::io("write the file", &path, e))?;
    }
    Ok(evidence.written)
}

/// Moves a file out of the evidence.
fn put_aside(file: &Path, folder: &Path, name: &str) -> Result<()> {
    fs::create_dir_all(folder)
        .and_then(|()| fs::rename(file, folder.join(name)))
        .map_err(|e| Error::io("put the file aside", file, e))
}

impl Evidence<'_> {
    fn generate(&mut self, progress: &dyn Progress) -> Result<()> {
        let world = self.world;
        let hours = ((END - BEGIN) / HOUR) as u64;
        progress.begin("replica", hours);
        let mut crawl = attack::Crawl::new(world);
        let mut pending: Vec<(Millis, Event)> = Vec::new();
        for hour in 0..hours {
            let end = BEGIN + (hour as i64 + 1) * HOUR;
            honest::hour(world, hour, &mut pending, &mut self.truth);
            if world.attack {
                crawl.until(end + scenario::ahead(world), &mut pending, &mut self.truth);
            }
            // Stable, so that events of one moment keep the order they were made in.
            pending.sort_by_key(|(at, _)| *at);
            let due = pending.partition_point(|(at, _)| *at < end);
            for (at, event) in pending.drain(..due) {
                self.event(at, &event)?;
            }
            if hour % 1_103 == 500 {
                self.garbage()?;
            }
            progress.advance(1);
        }
        for (at, event) in std::mem::take(&mut pending) {
            self.event(at, &event)?;
        }
        let lines = &mut self.truth.lines;
        for log in self.gateways.iter_mut().chain([
            &mut self.edge,
            &mut self.application,
            &mut self.issuance,
        ]) {
            log.rotate(lines)?;
        }
        if let Some(ledger) = &mut self.ledger {
            ledger.finish(lines)?;
        }
        progress.end();
        Ok(())
    }

    /// Lines that no request wrote: a failing disk's zeros, and a line from elsewhere.
    fn garbage(&mut self) -> Result<()> {
        let lines = &mut self.truth.lines;
        self.gateways[0].line(&[0; 64], false, lines)?;
        self.edge.line(b"\xff\xfe broken \x80 pipe", false, lines)?;
        self.application
            .line(b"{\"t\":\"soon\",\"rid\":1", false, lines)
    }

    fn event(&mut self, at: Millis, event: &Event) -> Result<()> {
        match event {
            Event::Request(request) => self.request(at, request),
            Event::Issued { token, refresh } => self.issued(at, token, *refresh),
            Event::Login {
                customer,
                address,
                refresh,
            } => match &mut self.ledger {
                Some(ledger) => {
                    ledger.login(at, *customer, *address, *refresh, &mut self.truth.lines)
                }
                None => Ok(()),
            },
        }
    }

    fn issued(&mut self, at: Millis, token: &Token, refresh: bool) -> Result<()> {
        let issuance = scenario::record(self.world, at, token);
        self.sequence += u64::from(issuance != Issuance::Unwritten);
        if matches!(issuance, Issuance::Lost | Issuance::Unwritten) {
            return Ok(());
        }
        let Subject::Customer(customer) = token.subject else {
            return Ok(());
        };
        let sequence = if scenario::numbered(self.world) {
            format!("\"seq\":{},", self.sequence)
        } else {
            String::new()
        };
        let line = format!(
            "{{{sequence}\"time\":\"{}\",\"event\":\"{}\",\"iss\":\"{ISSUER}\",\"kid\":\"{}\",\"jti\":\"{}\",\"sub\":\"{customer}\",\"exp\":{}}}",
            logs::korean(token.issued_at),
            if refresh { "refresh" } else { "login" },
            KEYS[token.key],
            token_id(self.world, token.id),
            (token.issued_at + token.lifetime) / SECOND,
        );
        let damaged = issuance == Issuance::Damaged;
        let kept = if damaged {
            &line.as_bytes()[..line.len() / 2]
        } else {
            line.as_bytes()
        };
        self.issuance.line(kept, !damaged, &mut self.truth.lines)?;
        if self.late.is_none() && scenario::arrives_late(self.world, at) {
            self.late = Some(self.issuance.files());
        }
        Ok(())
    }

    fn request(&mut self, at: Millis, request: &Request) -> Result<()> {
        self.requests += 1;
        self.written.requests += 1;
        self.written.attack_requests += u64::from(request.forged);
        let request_id = format!(
            "{:016x}",
            mix(self.world.seed.rotate_left(32) ^ self.requests)
        );
        let number;
        let (method, path, page) = match request.target {
            Target::Page(page) => ("GET", PAGES[page as usize].path, Some(page)),
            Target::Home => ("GET", "/", None),
            Target::Login => ("POST", "/login", None),
            Target::Product(product) => {
                number = format!("/products/{product}?from=search");
                ("GET", number.as_str(), None)
            }
            Target::Stock(item) => {
                number = format!("/internal/stock/{item}");
                ("GET", number.as_str(), None)
            }
        };
        let node = (mix(self.requests) % 2) as usize;
        let mut logged = Logged {
            at,
            request_id: &request_id,
            address: request.address,
            method,
            path,
            status: request.status,
            bytes: request.bytes,
            agent: AGENTS[request.agent],
        };
        let lines = &mut self.truth.lines;
        if !matches!(request.target, Target::Stock(_)) {
            let line = logs::edge(&logged);
            let cut = request.flaw == Flaw::EdgeLineCut;
            self.edge.line(
                if cut {
                    &line.as_bytes()[..40]
                } else {
                    line.as_bytes()
                },
                !cut,
                lines,
            )?;
        }
        let claims = request.token.map(|token| {
            let subject = match token.subject {
                Subject::Customer(customer) => customer.to_string(),
                Subject::Stock => "service-stock".to_string(),
            };
            (token, token_id(self.world, token.id), subject)
        });
        let pass = claims.as_ref().map(|(token, id, subject)| Pass {
            issuer: if token.key == 2 {
                SERVICE_ISSUER
            } else {
                ISSUER
            },
            key: KEYS[token.key],
            id,
            subject,
            issued_at: token.issued_at / SECOND,
            expires_at: (token.issued_at + token.lifetime) / SECOND,
        });
        // The second node's clock is 90 seconds ahead.
        logged.at += if node == 1 { 90 * SECOND } else { 0 };
        let line = logs::gateway(&logged, pass.as_ref());
        let cut = request.flaw == Flaw::GatewayLineCut;
        let kept = if cut {
            &line.as_bytes()[..line.len() / 2]
        } else {
            line.as_bytes()
        };
        self.gateways[node].line(kept, !cut, lines)?;
        if request.flaw == Flaw::GatewayLineTwice {
            self.gateways[node].line(kept, true, lines)?;
        }
        if let (Some(ledger), Some((token, ..)), Some(pass), false) =
            (&mut self.ledger, &claims, &pass, cut)
        {
            ledger.token(token, pass, request.forged)?;
        }
        let mut application = request
            .served
            .filter(|_| !(APP_HOLE.0..APP_HOLE.1).contains(&at));
        if let Some((account, items)) = application {
            let line = format!(
                "{{\"t\":{},\"rid\":\"{request_id}\",\"member\":\"{account}\",\"page\":\"{path}\",\"items\":{items}}}",
                at + 3
            );
            let cut = request.flaw == Flaw::ApplicationLineCut;
            let kept = if cut {
                &line.as_bytes()[..line.len() / 2]
            } else {
                line.as_bytes()
            };
            self.application.line(kept, !cut, lines)?;
            application = application.filter(|_| !cut);
        }
        let subject = match request.token.map(|token| token.subject) {
            Some(Subject::Customer(customer)) => customer,
            _ => 0,
        };
        self.truth.request(&Shown {
            at,
            token: request.token.map(|token| token.planted),
            address: request.address,
            page,
            status: request.status,
            bytes: request.bytes,
            gateway: !cut,
            application,
            subject,
            subject_exists: self.world.fate(subject).is_some(),
        });
        Ok(())
    }
}

/// A token id as text: no two of a world are the same.
fn token_id(world: &World, id: u64) -> String {
    let unique = mix(world.seed ^ 0x746f_6b65_6e00 ^ id);
    format!("{unique:016x}{:08x}", mix(unique) as u32)
}
