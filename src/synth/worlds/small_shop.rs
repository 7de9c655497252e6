//! A small shop with two hundred customers and a dozen tokens an hour.
//!
//! nginx logs the cookies of a request. The shop's framework splits a session over two cookies, because its
//! token holds the cart. What was issued and what was shown are tables that somebody saved from Excel in
//! Germany: semicolons, a byte order mark, lines that end with CR LF, and times of the shop's own clock.
//!
//! Somebody knows the secret that signs. So little happens here that nothing statistical can be shown.

use std::path::Path;

use serde_json::json;

use super::events::{AGENTS, Event, Grant, Holder, Person, Request, Target, Token};
use super::folder::{Folder, ListedKey, REGISTRIES, head};
use super::name::WorldPlan;
use super::planted::Pass;
use super::play::{Attack, Shape};
use super::product::Product;
use super::signing::{PrivateKey, Signer};
use super::text::{Of, hex};
use crate::error::Result;
use crate::synth::clocks::{iso, wall};
use crate::synth::logs::Log;
use crate::synth::pages::Page;
use crate::synth::world::{DAY, HOUR, Millis, SECOND};

/// 2 June 2025, 00:00 UTC.
const BEGIN: Millis = 1_748_822_400_000;
/// The shop's clock in summer: two hours ahead of UTC.
const BERLIN: Millis = 2 * HOUR;
const ISSUER: &str = "https://teeladen.example";
const KEY: &str = "shop-2023";
/// Bytes that the framework puts into one cookie.
const PIECE: usize = 700;

static PAGES: [Page; 2] = [
    Page {
        id: "orders",
        title: "Orders",
        route: "/konto/bestellungen",
        path: "/konto/bestellungen",
        empty_below_bytes: 200,
        fields: &[("name", "plain"), ("address", "plain"), ("order", "plain")],
    },
    Page {
        id: "details",
        title: "Details",
        route: "/konto/daten",
        path: "/konto/daten",
        empty_below_bytes: 200,
        fields: &[("name", "plain"), ("email", "plain"), ("phone", "plain")],
    },
];

/// The world being logged.
pub(super) struct SmallShop {
    seed: u64,
    signer: Signer,
    gateway: Log,
    /// The tables saved from Excel, as they grow.
    issued: String,
    shown: String,
    folder: Folder,
}

/// A customer's number, which is account and subject.
fn customer(holder: Holder) -> String {
    match holder {
        Holder::Person(person) => (20_001 + person).to_string(),
        Holder::Nobody(number) => (70_001 + number).to_string(),
    }
}

impl SmallShop {
    fn token_id(&self, token: &Token) -> String {
        format!("T-{}", hex(self.seed, Of::Token, token.number, 20))
    }

    /// The whole token, signed.
    fn signed(&mut self, token: &Token) -> Result<String> {
        let (id, seed) = (self.token_id(token), self.seed);
        let issued = token.issued_at.div_euclid(SECOND);
        let cart: Vec<String> = (0..12)
            .map(|item| hex(seed, Of::Session, token.session * 12 + item, 32))
            .collect();
        let claims = || {
            json!({
                "iss": ISSUER,
                "sub": customer(token.holder),
                "jti": id,
                "iat": issued,
                "exp": issued + token.lifetime / SECOND,
                "cart": cart,
            })
        };
        Ok(self.signer.token(token.number, 0, claims)?.to_string())
    }

    fn request(&mut self, at: Millis, request: &Request) -> Result<()> {
        let path = match request.target {
            Target::Page(page) => PAGES[page].path.to_string(),
            Target::Article(article) => format!("/tee/{article}"),
        };
        let token = self.signed(&request.token)?;
        let (first, second) = token.split_at(PIECE);
        let id = hex(self.seed, Of::Request, request.number, 32);
        let client = request.client;
        let line = format!(
            "{} [{}] \"GET {path} HTTP/1.1\" {} {} \"{}\" \"consent=1; laden.0={first}; laden.1={second}\" {id}",
            client.address,
            iso(at),
            request.status,
            request.bytes,
            AGENTS[client.agent],
        );
        self.gateway.line(&line)?;
        if let (Target::Page(_), Some(items)) = (request.target, request.items) {
            let customer = customer(request.token.holder);
            self.shown.push_str(&format!(
                "{};{id};{customer};{path};{items}\r\n",
                wall(at, BERLIN)
            ));
        }
        Ok(())
    }

    /// Adds a row to the table of what was issued.
    fn row(&mut self, at: Millis, what: &str, holder: Holder, id: &str) {
        let row = format!("{};{what};{};{id}\r\n", wall(at, BERLIN), customer(holder));
        self.issued.push_str(&row);
    }
}

impl Product for SmallShop {
    const PAGES: &'static [Page] = &PAGES;

    fn shape() -> Shape {
        Shape {
            people: 200,
            span: (BEGIN, BEGIN + 14 * DAY),
            sessions: 2_700,
            renewals: 1,
            lifetime: HOUR,
            carriers: 4,
            key_of: |_, _| 0,
            pages: PAGES.len(),
            lost: Vec::new(),
            attack: Some(Attack {
                span: (BEGIN + 6 * DAY, BEGIN + 8 * DAY),
                tokens: 90,
                key: 0,
                rented: 3,
                shared: 1,
            }),
        }
    }

    fn begin(plan: &WorldPlan, shape: &Shape, out: &Path) -> Result<Self> {
        let folder = Folder::new(out)?;
        let account = |person| customer(Holder::Person(person));
        folder.registries(&PAGES, shape.people, BEGIN, account, Self::person_of)?;
        folder.keys(&[ListedKey {
            id: KEY.to_string(),
            issuer: ISSUER,
            created: Some(BEGIN - 700 * DAY),
            rotated: None,
            retired: None,
            custodian: "Owner",
        }])?;
        let secret = hex(plan.seed, Of::Key, 0, 32);
        folder.write("registry/secret.txt", &secret)?;
        folder.write("case.toml", &case(plan, shape))?;
        let header = json!({ "alg": "HS256", "typ": "JWT", "kid": KEY });
        Ok(SmallShop {
            seed: plan.seed,
            signer: Signer::new(vec![(header, PrivateKey::hs256(secret.as_bytes()))]),
            gateway: folder.log("nginx", "log")?,
            issued: "\u{feff}Zeit;Vorgang;Kunde;Token\r\n".to_string(),
            shown: "\u{feff}Zeit;Anfrage;Kunde;Seite;Zeilen\r\n".to_string(),
            folder,
        })
    }

    fn log(&mut self, at: Millis, event: &Event) -> Result<()> {
        match event {
            Event::Login { .. } => Ok(()),
            Event::Refused { person, .. } => {
                self.row(at, "abgelehnt", Holder::Person(*person), "");
                Ok(())
            }
            Event::Issued { token, .. } => {
                let what = match token.grant {
                    Grant::Login => "ausgestellt",
                    Grant::Refresh => "erneuert",
                };
                self.row(token.issued_at, what, token.holder, &self.token_id(token));
                Ok(())
            }
            Event::Request(request) => self.request(at, request),
        }
    }

    fn pass(&self, token: &Token) -> Pass {
        Pass {
            token_id: self.token_id(token),
            subject: customer(token.holder),
            issuer: ISSUER.to_string(),
            key_id: KEY.to_string(),
        }
    }

    fn account(&self, person: Person) -> String {
        customer(Holder::Person(person))
    }

    fn finish(&mut self) -> Result<()> {
        self.folder
            .write("evidence/ausgestellt.csv", &self.issued)?;
        self.folder.write("evidence/seiten.csv", &self.shown)?;
        self.gateway.finish()?;
        Ok(())
    }
}

/// The text of the case file.
fn case(plan: &WorldPlan, shape: &Shape) -> String {
    let id = format!("small-shop-{}", plan.seed);
    let title = "Forged sessions at a small shop (synthetic world)";
    let head = head(&id, title, shape.span.1 + DAY);
    format!(
        r#"{head}
[[issuer]]
id = "{ISSUER}"
subjects = "accounts"
{REGISTRIES}
[[signing_key]]
file = "registry/secret.txt"
kind = "secret"
issuer = "{ISSUER}"
key_id = "{KEY}"

[[source]]
id = "nginx"
kind = "gateway"
paths = ["evidence/nginx/*.log.gz"]
format = "nginx"
log_format = '$remote_addr [$time_iso8601] "$request" $status $body_bytes_sent "$http_user_agent" "$http_cookie" $request_id'
clock_correction_seconds = 0
token_cookie = "laden"
[source.fields]
cookie = "$http_cookie"

[[source]]
id = "seiten"
kind = "application"
paths = ["evidence/seiten.csv"]
format = "csv_semicolon"
time = "local_iso"
zone = "Europe/Berlin"
clock_correction_seconds = 0
[source.fields]
event_time = "Zeit"
request_id = "Anfrage"
account = "Kunde"
path = "Seite"
item_count = "Zeilen"

[[source]]
id = "ausgestellt"
kind = "issuance"
paths = ["evidence/ausgestellt.csv"]
format = "csv_semicolon"
time = "local_iso"
zone = "Europe/Berlin"
clock_correction_seconds = 0
[source.fields]
event_time = "Zeit"
event = "Vorgang"
subject = "Kunde"
token_id = "Token"
[source.constants]
issuer = "{ISSUER}"
"#
    )
}
