//! A portal behind nginx whose customers log in at Keycloak.
//!
//! nginx writes JSON with names of its own, a forwarding list and the whole token. Keycloak's events number
//! no records and name no key; ids in them have a prefix that says how the token came about, and the
//! address of a grant is that of the portal's back end. Logins stand in the same log.
//!
//! The key was rotated and withdrawn in the middle of the month; one node went on signing with it for twenty
//! minutes. The gateway never learned of the withdrawal. Later somebody signs with the old key. For half an
//! hour of the attack Keycloak's events did not reach the collector, and nobody noticed.

use std::path::Path;

use serde_json::{Value, json};

use super::events::{AGENTS, Client, Event, Grant, Holder, Person, Request, Target, Token};
use super::folder::{Folder, ListedKey, REGISTRIES, head};
use super::name::WorldPlan;
use super::planted::Pass;
use super::play::{Attack, Shape};
use super::product::Product;
use super::signing::{PrivateKey, Signer};
use super::text::{Of, code, email, hex, uuid};
use crate::error::Result;
use crate::synth::clocks::iso;
use crate::synth::logs::Log;
use crate::synth::pages::Page;
use crate::synth::world::{DAY, HOUR, Millis, SECOND};

/// 1 September 2025, 00:00 UTC.
const BEGIN: Millis = 1_756_684_800_000;
/// When the first key was withdrawn by the inventory.
const ROTATED: Millis = BEGIN + 14 * DAY + 11 * HOUR;
/// When the last node stopped signing with it.
const REALLY_ROTATED: Millis = ROTATED + 20 * 60 * SECOND;
const ISSUER: &str = "https://id.portal.example/realms/portal";
/// The portal's back end, to which Keycloak hands tokens.
const BACK_END: &str = "2001:db8:e000::20";
/// The portal's own proxy in front of nginx.
const PROXY: &str = "2001:db8:e000::10";
const KEY_ID_SIGNS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static PAGES: [Page; 3] = [
    Page {
        id: "profile",
        title: "Profile",
        route: "/api/me/profile",
        path: "/api/me/profile",
        empty_below_bytes: 200,
        fields: &[("name", "plain"), ("email", "plain"), ("phone", "plain")],
    },
    Page {
        id: "invoices",
        title: "Invoices, list",
        route: "/api/me/invoices",
        path: "/api/me/invoices",
        empty_below_bytes: 200,
        fields: &[
            ("name", "plain"),
            ("address", "plain"),
            ("invoice", "plain"),
        ],
    },
    Page {
        id: "payment-methods",
        title: "Payment methods",
        route: "/api/me/payment-methods",
        path: "/api/me/payment-methods",
        empty_below_bytes: 200,
        fields: &[("name", "plain"), ("card", "masked")],
    },
];

/// The world being logged.
pub(super) struct KeycloakSaas {
    seed: u64,
    keys: [String; 2],
    signer: Signer,
    gateway: Log,
    application: Log,
    events: Log,
    /// Keycloak's events so far.
    number: u64,
}

impl KeycloakSaas {
    fn user(&self, holder: Holder) -> String {
        match holder {
            Holder::Person(person) => uuid(self.seed, Of::Person, person),
            Holder::Nobody(number) => uuid(self.seed, Of::Nobody, number),
        }
    }

    fn token_id(&self, token: &Token) -> String {
        uuid(self.seed, Of::Token, token.number)
    }

    fn session(&self, session: u64) -> String {
        uuid(self.seed, Of::Session, session)
    }

    /// Writes an event of Keycloak.
    fn event(&mut self, at: Millis, kind: &str, more: Value) -> Result<()> {
        self.number += 1;
        let mut event = json!({
            "id": uuid(self.seed, Of::Event, self.number),
            "time": at,
            "type": kind,
            "realmId": uuid(self.seed, Of::Event, 0),
            "realmName": "portal",
            "clientId": "portal-web",
        });
        if let (Some(event), Value::Object(more)) = (event.as_object_mut(), more) {
            event.extend(more);
        }
        self.events.line(&event.to_string())
    }

    fn issued(&mut self, token: &Token) -> Result<()> {
        if token.in_hole {
            return Ok(());
        }
        let (kind, prefix, grant) = match token.grant {
            Grant::Login => ("CODE_TO_TOKEN", "onrtac", "authorization_code"),
            Grant::Refresh => ("REFRESH_TOKEN", "onrtrt", "refresh_token"),
        };
        let more = json!({
            "userId": self.user(token.holder),
            "sessionId": self.session(token.session),
            "ipAddress": BACK_END,
            "details": {
                "token_id": format!("{prefix}:{}", self.token_id(token)),
                "grant_type": grant,
                "refresh_token_type": "Refresh",
                "access_token_expiration_time": (token.lifetime / SECOND).to_string(),
                "scope": "openid email profile",
                "client_auth_method": "client-secret",
            },
        });
        self.event(token.issued_at + 4, kind, more)
    }

    fn login(&mut self, at: Millis, session: u64, person: Person, client: Client) -> Result<()> {
        let session = self.session(session);
        let more = json!({
            "userId": self.user(Holder::Person(person)),
            "sessionId": session,
            "ipAddress": client.address,
            "details": {
                "auth_method": "openid-connect",
                "auth_type": "code",
                "redirect_uri": "https://portal.example/callback",
                "code_id": session,
                "username": email(self.seed, person, "portal.example"),
            },
        });
        self.event(at, "LOGIN", more)
    }

    fn refused(&mut self, at: Millis, person: Person, client: Client) -> Result<()> {
        let more = json!({
            "userId": self.user(Holder::Person(person)),
            "ipAddress": client.address,
            "error": "invalid_user_credentials",
            "details": { "auth_method": "openid-connect", "auth_type": "code" },
        });
        self.event(at, "LOGIN_ERROR", more)
    }

    /// The whole token, signed.
    fn signed(&mut self, token: &Token) -> Result<String> {
        let (id, user) = (self.token_id(token), self.user(token.holder));
        let session = self.session(token.session);
        let seconds = |at: Millis| at.div_euclid(SECOND);
        let claims = || {
            json!({
                "exp": seconds(token.issued_at) + token.lifetime / SECOND,
                "iat": seconds(token.issued_at),
                "jti": id,
                "iss": ISSUER,
                "aud": "account",
                "sub": user,
                "typ": "Bearer",
                "azp": "portal-web",
                "sid": session,
                "acr": "1",
                "scope": "openid email profile",
                "email_verified": true,
            })
        };
        Ok(self
            .signer
            .token(token.number, token.key, claims)?
            .to_string())
    }

    fn request(&mut self, at: Millis, request: &Request) -> Result<()> {
        let trace = hex(self.seed, Of::Request, request.number, 32);
        let path = match request.target {
            Target::Page(page) => PAGES[page].path.to_string(),
            Target::Article(article) => format!("/api/articles/{article}?lang=en"),
        };
        let line = json!({
            "t": iso(at),
            "fwd": format!("{}, {PROXY}", request.client.address),
            "conn": "2001:db8:e000::11",
            "verb": "GET",
            "uri": path,
            "code": request.status.to_string(),
            "out": request.bytes.to_string(),
            "agent": AGENTS[request.client.agent],
            "trace": trace,
            "authz": format!("Bearer {}", self.signed(&request.token)?),
        });
        self.gateway.line(&line.to_string())?;
        let (Target::Page(_), Some(items)) = (request.target, request.items) else {
            return Ok(());
        };
        let line = json!({
            "when": at + 6,
            "trace": trace,
            "user": self.user(request.token.holder),
            "view": path,
            "n": items,
        });
        self.application.line(&line.to_string())
    }
}

impl Product for KeycloakSaas {
    const PAGES: &'static [Page] = &PAGES;

    fn shape() -> Shape {
        let outage = BEGIN + 20 * DAY + 10 * HOUR;
        Shape {
            people: 3_000,
            span: (BEGIN, BEGIN + 28 * DAY),
            sessions: 3_600,
            renewals: 4,
            lifetime: 15 * 60 * SECOND,
            carriers: 12,
            key_of: |_, at| usize::from(at >= REALLY_ROTATED),
            pages: PAGES.len(),
            lost: vec![(outage, outage + HOUR / 2)],
            attack: Some(Attack {
                span: (BEGIN + 18 * DAY, BEGIN + 24 * DAY),
                tokens: 1_400,
                key: 0,
                rented: 40,
                shared: 4,
            }),
        }
    }

    fn begin(plan: &WorldPlan, shape: &Shape, out: &Path) -> Result<Self> {
        let folder = Folder::new(out)?;
        let seed = plan.seed;
        let keys = [0, 1].map(|number| code(seed, Of::Key, number, 21, KEY_ID_SIGNS));
        let private = [PrivateKey::es256()?, PrivateKey::es256()?];
        let jwks: Vec<Value> = keys
            .iter()
            .zip(&private)
            .map(|(id, key)| key.jwk(id))
            .collect();
        folder.jwks(&jwks)?;
        folder.registries(
            &PAGES,
            shape.people,
            BEGIN,
            |person| uuid(seed, Of::Person, person),
            Self::person_of,
        )?;
        let listed = |number: usize, rotated| ListedKey {
            id: keys[number].clone(),
            issuer: ISSUER,
            created: Some(if number == 0 {
                BEGIN - 400 * DAY
            } else {
                ROTATED
            }),
            rotated,
            retired: rotated,
            custodian: "Platform team",
        };
        folder.keys(&[listed(0, Some(ROTATED)), listed(1, None)])?;
        folder.write("case.toml", &case(plan, shape))?;
        let headers = keys
            .clone()
            .map(|id| json!({ "alg": "ES256", "typ": "JWT", "kid": id }));
        Ok(KeycloakSaas {
            seed,
            keys,
            signer: Signer::new(headers.into_iter().zip(private).collect()),
            gateway: folder.log("nginx", "json")?,
            application: folder.log("portal", "json")?,
            events: folder.log("keycloak", "json")?,
            number: 0,
        })
    }

    fn log(&mut self, at: Millis, event: &Event) -> Result<()> {
        match event {
            Event::Login {
                session,
                person,
                client,
            } => self.login(at, *session, *person, *client),
            Event::Refused { person, client } => self.refused(at, *person, *client),
            Event::Issued { token, .. } => self.issued(token),
            Event::Request(request) => self.request(at, request),
        }
    }

    fn pass(&self, token: &Token) -> Pass {
        Pass {
            token_id: self.token_id(token),
            subject: self.user(token.holder),
            issuer: ISSUER.to_string(),
            key_id: self.keys[token.key].clone(),
        }
    }

    fn account(&self, person: Person) -> String {
        self.user(Holder::Person(person))
    }

    fn finish(&mut self) -> Result<()> {
        for log in [&mut self.gateway, &mut self.application, &mut self.events] {
            log.finish()?;
        }
        Ok(())
    }
}

/// The text of the case file.
fn case(plan: &WorldPlan, shape: &Shape) -> String {
    let id = format!("keycloak-saas-{}", plan.seed);
    let title = "Forged access tokens at a portal with Keycloak (synthetic world)";
    let head = head(&id, title, shape.span.1 + DAY);
    format!(
        r#"{head}
[[issuer]]
id = "{ISSUER}"
subjects = "accounts"
{REGISTRIES}
[[signing_key]]
file = "registry/jwks.json"
kind = "jwks"
issuer = "{ISSUER}"

[[source]]
id = "nginx"
kind = "gateway"
paths = ["evidence/nginx/*.json.gz"]
format = "jsonl"
time = "rfc3339"
clock_correction_seconds = 0
forwarded_hops = 1
[source.fields]
event_time = "t"
forwarded_for = "fwd"
method = "verb"
path = "uri"
status = "code"
body_bytes = "out"
user_agent = "agent"
request_id = "trace"
authorization = "authz"

[[source]]
id = "portal"
kind = "application"
paths = ["evidence/portal/*.json.gz"]
format = "jsonl"
time = "epoch_milliseconds"
clock_correction_seconds = 0
[source.fields]
event_time = "when"
request_id = "trace"
account = "user"
path = "view"
item_count = "n"

[[source]]
id = "keycloak"
kind = "issuance"
paths = ["evidence/keycloak/*.json.gz"]
format = "keycloak"
clock_correction_seconds = 0
# Keycloak writes how a token came about before its id; the token itself has none of it.
id_prefix = ["onrtac:", "onrtrt:"]
[source.constants]
issuer = "{ISSUER}"
"#
    )
}
