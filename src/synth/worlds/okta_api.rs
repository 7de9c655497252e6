//! An API behind AWS API Gateway, whose customers log in at Okta.
//!
//! The gateway's access log has what its authorizer read in the token: no key, and as subject the e-mail
//! address as the customer typed it. Okta's System Log has the token's id and its own number of the user in
//! the grant's target; who acts in a grant is the application. Only logins, and the user beside the token,
//! have both number and address. Failed grants and grants of id tokens stand beside those that count.
//!
//! Somebody has stolen the key that is in use, and signs tokens that no record of the log knows.

use std::path::Path;

use serde_json::{Value, json};

use super::events::{AGENTS, Client, Event, Grant, Holder, Person, Request, Target, Token};
use super::folder::{Folder, ListedKey, REGISTRIES, head};
use super::name::WorldPlan;
use super::planted::Pass;
use super::play::{Attack, Shape};
use super::product::Product;
use super::text::{Of, code, email, hex, uuid};
use crate::error::Result;
use crate::synth::chance::{Chance, Kind};
use crate::synth::clocks::{common, utc};
use crate::synth::logs::Log;
use crate::synth::pages::Page;
use crate::synth::world::{DAY, Millis, SECOND};

/// 6 October 2025, 00:00 UTC.
const BEGIN: Millis = 1_759_708_800_000;
const ISSUER: &str = "https://login.courier.example/oauth2/default";
const DOMAIN: &str = "mail.example";
const APPLICATION: &str = "0oa5courierweb0001";
const SIGNS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const ID_SIGNS: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

static PAGES: [Page; 3] = [
    Page {
        id: "account",
        title: "Account",
        route: "/v1/account",
        path: "/v1/account",
        empty_below_bytes: 200,
        fields: &[("name", "plain"), ("email", "plain")],
    },
    Page {
        id: "address-book",
        title: "Address book",
        route: "/v1/address-book",
        path: "/v1/address-book",
        empty_below_bytes: 200,
        fields: &[("name", "plain"), ("address", "plain"), ("phone", "plain")],
    },
    Page {
        id: "parcel",
        title: "Parcel",
        route: "/v1/parcels/{parcel}",
        path: "/v1/parcels/77",
        empty_below_bytes: 200,
        fields: &[("address", "plain"), ("signature", "masked")],
    },
];

/// The world being logged.
pub(super) struct OktaApi {
    seed: u64,
    gateway: Log,
    application: Log,
    system: Log,
    /// Events of the System Log so far.
    number: u64,
}

/// Okta's number of a user.
fn user_id(seed: u64, person: Person) -> String {
    format!("00u{}", code(seed, Of::Person, person, 17, ID_SIGNS))
}

/// The id of a token, or of another thing that Okta grants.
fn granted_id(seed: u64, kind: &str, number: u64) -> String {
    format!("{kind}.{}", code(seed, Of::Token, number, 20, SIGNS))
}

impl OktaApi {
    fn email(&self, person: Person) -> String {
        email(self.seed, person, DOMAIN)
    }

    /// The subject of a token: the address as typed at the login of its session.
    fn subject(&self, token: &Token) -> String {
        let person = match token.holder {
            Holder::Person(person) => person,
            Holder::Nobody(number) => return format!("nobody{number}@{DOMAIN}"),
        };
        let mut text = self.email(person);
        if !token.is_forged() && Chance::of(self.seed, Kind::WorldText, token.session).one_in(3) {
            // A phone's keyboard begins a line with a capital.
            text[..1].make_ascii_uppercase();
        }
        text
    }

    fn user(&self, person: Person) -> Value {
        json!({
            "id": user_id(self.seed, person),
            "type": "User",
            "alternateId": self.email(person),
            "displayName": format!("Customer {person}"),
            "detailEntry": null,
        })
    }

    /// Writes an event of the System Log.
    fn event(
        &mut self,
        at: Millis,
        kind: &str,
        (actor, target): (Value, Value),
        client: Client,
        refused: Option<&str>,
    ) -> Result<()> {
        self.number += 1;
        let result = if refused.is_some() {
            "FAILURE"
        } else {
            "SUCCESS"
        };
        let severity = if refused.is_some() { "WARN" } else { "INFO" };
        let event = json!({
            "actor": actor,
            "client": {
                "userAgent": { "rawUserAgent": AGENTS[client.agent], "os": "Unknown", "browser": "UNKNOWN" },
                "zone": "null",
                "device": "Unknown",
                "id": null,
                "ipAddress": client.address,
                "geographicalContext": null,
            },
            "authenticationContext": { "authenticationStep": 0, "externalSessionId": "unknown" },
            "displayMessage": kind.replace('.', " "),
            "eventType": kind,
            "outcome": { "result": result, "reason": refused },
            "published": utc(at),
            "securityContext": { "asNumber": null, "isProxy": false },
            "severity": severity,
            "debugContext": { "debugData": { "requestUri": "/oauth2/default/v1/token" } },
            "legacyEventType": null,
            "transaction": { "type": "WEB", "id": hex(self.seed, Of::Session, self.number, 24), "detail": {} },
            "uuid": uuid(self.seed, Of::Event, self.number),
            "version": "0",
            "request": { "ipChain": [{ "ip": client.address, "version": "V4", "source": null }] },
            "target": target,
        });
        self.system.line(&event.to_string())
    }

    /// The application as the actor of a grant.
    fn application() -> Value {
        json!({
            "id": APPLICATION,
            "type": "PublicClientApp",
            "alternateId": APPLICATION,
            "displayName": "Courier web",
            "detailEntry": null,
        })
    }

    fn issued(&mut self, token: &Token, client: Client) -> Result<()> {
        let Holder::Person(person) = token.holder else {
            return Ok(());
        };
        let at = token.issued_at + 3;
        let target = |kind: &str, id: String| {
            let name = if kind == "access_token" {
                "Access Token"
            } else {
                "ID Token"
            };
            json!({
                "id": id,
                "type": kind,
                "alternateId": null,
                "displayName": name,
                "detailEntry": {
                    "expires": utc(token.expires_at().div_euclid(SECOND) * SECOND),
                    "subject": user_id(self.seed, person),
                    "hash": hex(self.seed, Of::Token, token.number, 32),
                },
            })
        };
        let access = target("access_token", granted_id(self.seed, "AT", token.number));
        let identity = target("id_token", granted_id(self.seed, "ID", token.number));
        let user = self.user(person);
        let granted = json!([user, access]);
        let kind = "app.oauth2.as.token.grant.access_token";
        self.event(at, kind, (Self::application(), granted), client, None)?;
        if token.grant == Grant::Refresh {
            return Ok(());
        }
        let kind = "app.oauth2.as.token.grant.id_token";
        self.event(
            at + 1,
            kind,
            (Self::application(), json!([user, identity])),
            client,
            None,
        )
    }

    /// A wrong password, or a grant without a valid code.
    fn refused(&mut self, at: Millis, person: Person, client: Client) -> Result<()> {
        if person.is_multiple_of(2) {
            let who = (self.user(person), Value::Null);
            return self.event(
                at,
                "user.session.start",
                who,
                client,
                Some("INVALID_CREDENTIALS"),
            );
        }
        let who = (Self::application(), json!([self.user(person)]));
        self.event(
            at,
            "app.oauth2.as.token.grant",
            who,
            client,
            Some("invalid_grant"),
        )
    }

    fn request(&mut self, at: Millis, request: &Request) -> Result<()> {
        let id = uuid(self.seed, Of::Request, request.number);
        let path = match request.target {
            Target::Page(page) => PAGES[page].path.to_string(),
            Target::Article(article) => format!("/v1/depots/{article}"),
        };
        let token = &request.token;
        let seconds = |at: Millis| at.div_euclid(SECOND).to_string();
        let subject = self.subject(token);
        let line = json!({
            "requestId": id,
            "ip": request.client.address,
            "requestTime": common(at, 0),
            "httpMethod": "GET",
            "path": path,
            "status": request.status.to_string(),
            "protocol": "HTTP/1.1",
            "responseLength": request.bytes.to_string(),
            "userAgent": AGENTS[request.client.agent],
            "iss": ISSUER,
            "jti": granted_id(self.seed, "AT", token.number),
            "sub": subject,
            "cid": APPLICATION,
            "iat": seconds(token.issued_at),
            "exp": seconds(token.expires_at()),
        });
        self.gateway.line(&line.to_string())?;
        let (Target::Page(_), Some(items)) = (request.target, request.items) else {
            return Ok(());
        };
        let line = json!({
            "timestamp": utc(at + 9),
            "level": "INFO",
            "apigwRequestId": id,
            "customer": subject.to_ascii_lowercase(),
            "route": path,
            "returned": items,
        });
        self.application.line(&line.to_string())
    }
}

impl Product for OktaApi {
    const PAGES: &'static [Page] = &PAGES;

    fn shape() -> Shape {
        Shape {
            people: 2_500,
            span: (BEGIN, BEGIN + 21 * DAY),
            sessions: 5_200,
            renewals: 2,
            lifetime: 3_600 * SECOND,
            carriers: 10,
            key_of: |_, _| 0,
            pages: PAGES.len(),
            lost: Vec::new(),
            attack: Some(Attack {
                span: (BEGIN + 9 * DAY, BEGIN + 16 * DAY),
                tokens: 1_200,
                key: 0,
                rented: 30,
                shared: 3,
            }),
        }
    }

    fn begin(plan: &WorldPlan, shape: &Shape, out: &Path) -> Result<Self> {
        let folder = Folder::new(out)?;
        let seed = plan.seed;
        let account = |person| email(seed, person, DOMAIN);
        folder.registries(&PAGES, shape.people, BEGIN, account, Self::person_of)?;
        folder.keys(&[ListedKey {
            id: code(seed, Of::Key, 0, 21, SIGNS),
            issuer: ISSUER,
            created: Some(BEGIN - 60 * DAY),
            rotated: None,
            retired: None,
            custodian: "Okta",
        }])?;
        folder.write("case.toml", &case(plan, shape))?;
        Ok(OktaApi {
            seed,
            gateway: folder.log("api-gateway", "json")?,
            application: folder.log("lambda", "json")?,
            system: folder.log("okta", "json")?,
            number: 0,
        })
    }

    fn log(&mut self, at: Millis, event: &Event) -> Result<()> {
        match event {
            Event::Login { person, client, .. } => {
                let who = (self.user(*person), Value::Null);
                self.event(at, "user.session.start", who, *client, None)
            }
            Event::Refused { person, client } => self.refused(at, *person, *client),
            Event::Issued { token, client } => self.issued(token, *client),
            Event::Request(request) => self.request(at, request),
        }
    }

    fn pass(&self, token: &Token) -> Pass {
        Pass {
            token_id: granted_id(self.seed, "AT", token.number),
            subject: self.subject(token),
            issuer: ISSUER.to_string(),
            key_id: String::new(),
        }
    }

    fn account(&self, person: Person) -> String {
        self.email(person)
    }

    fn finish(&mut self) -> Result<()> {
        for log in [&mut self.gateway, &mut self.application, &mut self.system] {
            log.finish()?;
        }
        Ok(())
    }
}

/// The text of the case file.
fn case(plan: &WorldPlan, shape: &Shape) -> String {
    let id = format!("okta-api-{}", plan.seed);
    let title = "Forged access tokens at an API with Okta (synthetic world)";
    let head = head(&id, title, shape.span.1 + DAY);
    format!(
        r#"{head}
[[issuer]]
id = "{ISSUER}"
subjects = "accounts"
{REGISTRIES}
[[source]]
id = "api-gateway"
kind = "gateway"
paths = ["evidence/api-gateway/*.json.gz"]
format = "api_gateway"
clock_correction_seconds = 0
[source.fields]
token_issuer = "iss"
token_id = "jti"
token_subject = "sub"
token_issued_at = "iat"
token_expires_at = "exp"

[[source]]
id = "lambda"
kind = "application"
paths = ["evidence/lambda/*.json.gz"]
format = "jsonl"
time = "rfc3339"
clock_correction_seconds = 0
[source.fields]
event_time = "timestamp"
request_id = "apigwRequestId"
account = "customer"
path = "route"
item_count = "returned"

[[source]]
id = "okta"
kind = "issuance"
paths = ["evidence/okta/*.json.gz"]
format = "okta"
clock_correction_seconds = 0
[source.constants]
issuer = "{ISSUER}"
"#
    )
}
