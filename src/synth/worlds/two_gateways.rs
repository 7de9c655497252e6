//! A bank whose customers come through two gateways, with one application behind both.
//!
//! The new gateway, Envoy, logs what a token claims. The old one, Apache, logs the user's name and address and
//! no token. The issuer has two nodes, each with a key of its own, and numbers no records; logins are in a log
//! apart. Two hours of the issuer's log were lost with a disk, which the case file says.
//!
//! Somebody signs with the standby node's key. A quarter of the forged tokens go through the old gateway, so
//! that only the application and the addresses show what they saw.

use std::path::Path;

use serde_json::json;

use super::events::{AGENTS, Event, Grant, Holder, Person, Request, Target, Token};
use super::folder::{Folder, ListedKey, REGISTRIES, head};
use super::name::WorldPlan;
use super::planted::Pass;
use super::play::{Attack, Shape};
use super::product::Product;
use super::text::{Of, hex, uuid};
use crate::error::Result;
use crate::synth::clocks::{common, utc};
use crate::synth::logs::Log;
use crate::synth::pages::Page;
use crate::synth::world::{DAY, HOUR, Millis, SECOND, Span};

/// 3 November 2025, 00:00 UTC.
const BEGIN: Millis = 1_762_128_000_000;
/// The issuer's records that were lost with a disk.
const LOST: Span = (BEGIN + 12 * DAY + 9 * HOUR, BEGIN + 12 * DAY + 11 * HOUR);
const ISSUER: &str = "https://sso.bank.example";
const KEYS: [&str; 2] = ["node-a-2024", "node-b-2024"];

static PAGES: [Page; 3] = [
    Page {
        id: "overview",
        title: "Accounts, overview",
        route: "/banking/overview",
        path: "/banking/overview",
        empty_below_bytes: 200,
        fields: &[("name", "plain"), ("balance", "plain")],
    },
    Page {
        id: "statement",
        title: "Statement",
        route: "/banking/statements/{statement}",
        path: "/banking/statements/latest",
        empty_below_bytes: 200,
        fields: &[("balance", "plain"), ("transaction", "plain")],
    },
    Page {
        id: "contact",
        title: "Contact details",
        route: "/banking/contact",
        path: "/banking/contact",
        empty_below_bytes: 200,
        fields: &[("name", "plain"), ("address", "plain"), ("phone", "masked")],
    },
];

/// The world being logged.
pub(super) struct TwoGateways {
    seed: u64,
    envoy: Log,
    apache: Log,
    application: Log,
    issuance: Log,
    logins: Log,
}

/// A customer's number, which is account and subject.
fn customer(holder: Holder) -> String {
    match holder {
        Holder::Person(person) => format!("C{}", 100_000 + person),
        Holder::Nobody(number) => format!("C{}", 900_000 + number),
    }
}

/// Whether the requests of a token go through the old gateway.
fn is_old(token: &Token) -> bool {
    token.session % 4 == 3
}

impl TwoGateways {
    fn token_id(&self, token: &Token) -> String {
        hex(self.seed, Of::Token, token.number, 24)
    }

    fn issued(&mut self, token: &Token, client: String) -> Result<()> {
        if token.in_hole {
            return Ok(());
        }
        let line = json!({
            "@timestamp": utc(token.issued_at + 2),
            "logger": "audit.token",
            "action": if token.grant == Grant::Login { "issued" } else { "renewed" },
            "node": KEYS[token.key],
            "token": { "id": self.token_id(token), "expires": token.expires_at().div_euclid(SECOND) },
            "customer": customer(token.holder),
            "remote": client,
        });
        self.issuance.line(&line.to_string())
    }

    fn login(&mut self, at: Millis, person: Person, client: String, result: &str) -> Result<()> {
        let line = json!({
            "@timestamp": utc(at),
            "logger": "audit.login",
            "customer": customer(Holder::Person(person)),
            "remote": client,
            "result": result,
        });
        self.logins.line(&line.to_string())
    }

    fn request(&mut self, at: Millis, request: &Request) -> Result<()> {
        let id = uuid(self.seed, Of::Request, request.number);
        let path = match request.target {
            Target::Page(page) => PAGES[page].path.to_string(),
            Target::Article(article) => format!("/rates/{article}"),
        };
        let (token, client) = (&request.token, request.client);
        let (status, bytes) = (request.status, request.bytes);
        if is_old(token) {
            let line = format!(
                "{} - {} [{}] \"GET {path} HTTP/1.1\" {status} {bytes} \"-\" \"{}\" rid={id}",
                client.address,
                customer(token.holder),
                common(at, 0),
                AGENTS[client.agent],
            );
            self.apache.line(&line)?;
        } else {
            let line = json!({
                "start_time": utc(at),
                "method": "GET",
                "path": path,
                "protocol": "HTTP/2",
                "response_code": status,
                "bytes_sent": bytes,
                "duration": 12,
                "x_forwarded_for": client.address,
                "user_agent": AGENTS[client.agent],
                "request_id": id,
                "jwt": {
                    "iss": ISSUER,
                    "kid": KEYS[token.key],
                    "jti": self.token_id(token),
                    "sub": customer(token.holder),
                    "iat": token.issued_at.div_euclid(SECOND),
                    "exp": token.expires_at().div_euclid(SECOND),
                },
            });
            self.envoy.line(&line.to_string())?;
        }
        let (Target::Page(_), Some(items)) = (request.target, request.items) else {
            return Ok(());
        };
        let line = json!({
            "@timestamp": utc(at + 11),
            "logger": "banking.view",
            "requestId": id,
            "account": customer(token.holder),
            "url": path,
            "rows": items,
        });
        self.application.line(&line.to_string())
    }
}

impl Product for TwoGateways {
    const PAGES: &'static [Page] = &PAGES;

    fn shape() -> Shape {
        Shape {
            people: 2_800,
            span: (BEGIN, BEGIN + 21 * DAY),
            sessions: 4_600,
            renewals: 4,
            lifetime: 30 * 60 * SECOND,
            carriers: 10,
            // The standby node serves one session in five.
            key_of: |session, _| usize::from(session % 5 == 2),
            pages: PAGES.len(),
            lost: vec![LOST],
            attack: Some(Attack {
                span: (BEGIN + 10 * DAY, BEGIN + 15 * DAY),
                tokens: 1_600,
                key: 1,
                rented: 36,
                shared: 3,
            }),
        }
    }

    fn begin(plan: &WorldPlan, shape: &Shape, out: &Path) -> Result<Self> {
        let folder = Folder::new(out)?;
        let account = |person| customer(Holder::Person(person));
        folder.registries(&PAGES, shape.people, BEGIN, account, Self::person_of)?;
        folder.keys(&KEYS.map(|id| ListedKey {
            id: id.to_string(),
            issuer: ISSUER,
            created: Some(BEGIN - 500 * DAY),
            rotated: None,
            retired: None,
            custodian: "Identity team",
        }))?;
        folder.write("case.toml", &case(plan, shape))?;
        Ok(TwoGateways {
            seed: plan.seed,
            envoy: folder.log("envoy", "json")?,
            apache: folder.log("apache", "log")?,
            application: folder.log("banking", "json")?,
            issuance: folder.log("issuer", "json")?,
            logins: folder.log("logins", "json")?,
        })
    }

    fn log(&mut self, at: Millis, event: &Event) -> Result<()> {
        match event {
            Event::Login { person, client, .. } => {
                self.login(at, *person, client.address.to_string(), "success")
            }
            Event::Refused { person, client } => {
                self.login(at, *person, client.address.to_string(), "failure")
            }
            Event::Issued { token, client } => self.issued(token, client.address.to_string()),
            Event::Request(request) => self.request(at, request),
        }
    }

    fn pass(&self, token: &Token) -> Pass {
        Pass {
            token_id: self.token_id(token),
            subject: customer(token.holder),
            issuer: ISSUER.to_string(),
            key_id: KEYS[token.key].to_string(),
        }
    }

    fn logs_token(&self, token: &Token) -> bool {
        !is_old(token)
    }

    fn account(&self, person: Person) -> String {
        customer(Holder::Person(person))
    }

    fn finish(&mut self) -> Result<()> {
        for log in [
            &mut self.envoy,
            &mut self.apache,
            &mut self.application,
            &mut self.issuance,
            &mut self.logins,
        ] {
            log.finish()?;
        }
        Ok(())
    }
}

/// The text of the case file.
fn case(plan: &WorldPlan, shape: &Shape) -> String {
    let id = format!("two-gateways-{}", plan.seed);
    let title = "Forged access tokens at a bank with two gateways (synthetic world)";
    let head = head(&id, title, shape.span.1 + DAY);
    let (from, to) = (utc(LOST.0), utc(LOST.1));
    format!(
        r#"{head}
[[issuer]]
id = "{ISSUER}"
subjects = "accounts"
{REGISTRIES}
[[source]]
id = "envoy"
kind = "gateway"
paths = ["evidence/envoy/*.json.gz"]
format = "envoy_json"
clock_correction_seconds = 0
[source.fields]
token_issuer = "jwt.iss"
key_id = "jwt.kid"
token_id = "jwt.jti"
token_subject = "jwt.sub"
token_issued_at = "jwt.iat"
token_expires_at = "jwt.exp"

# The old gateway logs the user's name, and no token.
[[source]]
id = "apache"
kind = "edge"
paths = ["evidence/apache/*.log.gz"]
format = "combined"
clock_correction_seconds = 0
[source.fields]
request_id = "rid"

[[source]]
id = "banking"
kind = "application"
paths = ["evidence/banking/*.json.gz"]
format = "jsonl"
time = "rfc3339"
clock_correction_seconds = 0
[source.fields]
event_time = "@timestamp"
request_id = "requestId"
account = "account"
path = "url"
item_count = "rows"

[[source]]
id = "issuer"
kind = "issuance"
paths = ["evidence/issuer/*.json.gz"]
format = "jsonl"
time = "rfc3339"
clock_correction_seconds = 0
[source.fields]
event_time = "@timestamp"
event = "action"
key_id = "node"
token_id = "token.id"
expires_at = "token.expires"
subject = "customer"
source_ip = "remote"
[source.constants]
issuer = "{ISSUER}"

[[source]]
id = "logins"
kind = "login"
paths = ["evidence/logins/*.json.gz"]
format = "jsonl"
time = "rfc3339"
clock_correction_seconds = 0
[source.fields]
event_time = "@timestamp"
subject = "customer"
source_ip = "remote"
outcome = "result"

[[deleted]]
source = "issuer"
from = "{from}"
to = "{to}"
reason = "lost with the disk of the audit server"
"#
    )
}
