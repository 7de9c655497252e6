//! A company portal for customers who log in at Microsoft Entra, behind an AWS load balancer.
//!
//! The portal's gateway logs whole tokens of version 2.0: their id is `uti`, `sub` differs for each
//! application, and who holds them is `oid`. Entra issues them five minutes back. Its sign-in logs have `uti`
//! and `oid` by other names, one log for logins and one for renewals. The load balancer sees no tokens; a
//! trace id brings its lines to the gateway's.
//!
//! Somebody has a key of the kind that signs the tokens of private accounts, and signs tokens of the company's
//! tenant with it. The gateway knows both keys and does not ask which kind a key is for. The responders do: Entra
//! publishes for each key the issuer whose tokens it signs, and all private accounts are of one tenant.

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
use crate::synth::clocks::utc;
use crate::synth::logs::Log;
use crate::synth::pages::Page;
use crate::synth::world::{DAY, Millis, SECOND};

/// 12 May 2025, 00:00 UTC.
const BEGIN: Millis = 1_747_008_000_000;
/// The issuer of the company's tenant.
const ISSUER: &str = "https://login.microsoftonline.com/3f1c9a52-0d7e-4b66-9c1b-5a2e7d48c901/v2.0";
const TENANT: &str = "3f1c9a52-0d7e-4b66-9c1b-5a2e7d48c901";
/// The tenant of all private accounts, and their issuer.
const PRIVATE_TENANT: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";
const PRIVATE_ISSUER: &str =
    "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0";
const APPLICATION: &str = "6d1b40b7-2f4e-4d8c-8a39-c05d1e7f2b10";
/// How long before its record a token claims to be issued.
const BACKDATED: Millis = 300 * SECOND;
const SIGNS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static PAGES: [Page; 3] = [
    Page {
        id: "mailbox",
        title: "Messages",
        route: "/portal/messages",
        path: "/portal/messages",
        empty_below_bytes: 200,
        fields: &[("name", "plain"), ("message", "plain")],
    },
    Page {
        id: "contract",
        title: "Contract",
        route: "/portal/contracts/{contract}",
        path: "/portal/contracts/1",
        empty_below_bytes: 200,
        fields: &[
            ("name", "plain"),
            ("address", "plain"),
            ("contract", "plain"),
        ],
    },
    Page {
        id: "colleagues",
        title: "Colleagues",
        route: "/portal/colleagues",
        path: "/portal/colleagues",
        empty_below_bytes: 200,
        fields: &[("name", "plain"), ("phone", "masked")],
    },
];

/// The world being logged.
pub(super) struct EntraSso {
    seed: u64,
    keys: [String; 2],
    signer: Signer,
    balancer: Log,
    gateway: Log,
    application: Log,
    sign_ins: Log,
    /// Sign-ins so far.
    number: u64,
}

impl EntraSso {
    fn user(&self, holder: Holder) -> String {
        match holder {
            Holder::Person(person) => uuid(self.seed, Of::Person, person),
            Holder::Nobody(number) => uuid(self.seed, Of::Nobody, number),
        }
    }

    fn token_id(&self, token: &Token) -> String {
        code(self.seed, Of::Token, token.number, 22, SIGNS)
    }

    /// Writes a sign-in as a diagnostic setting does.
    fn sign_in(
        &mut self,
        at: Millis,
        person: Person,
        client: Client,
        category: &str,
        more: Value,
    ) -> Result<()> {
        self.number += 1;
        let id = uuid(self.seed, Of::Event, self.number);
        let mut properties = json!({
            "id": id,
            "createdDateTime": utc(at),
            "userDisplayName": format!("Person {person}"),
            "userPrincipalName": email(self.seed, person, "works.example"),
            "userId": self.user(Holder::Person(person)),
            "appId": APPLICATION,
            "appDisplayName": "Works portal",
            "ipAddress": client.address,
            "clientAppUsed": "Browser",
            "userAgent": AGENTS[client.agent],
            "correlationId": hex(self.seed, Of::Session, self.number, 32),
            "conditionalAccessStatus": "notApplied",
            "isInteractive": category == "SignInLogs",
            "incomingTokenType": if category == "SignInLogs" { "none" } else { "refreshToken" },
            "tokenIssuerType": "AzureAD",
            "resourceTenantId": TENANT,
        });
        if let (Some(properties), Value::Object(more)) = (properties.as_object_mut(), more) {
            properties.extend(more);
        }
        let line = json!({
            "time": utc(at + 40 * SECOND),
            "resourceId": format!("/tenants/{TENANT}/providers/Microsoft.aadiam"),
            "operationName": "Sign-in activity",
            "category": category,
            "tenantId": TENANT,
            "properties": properties,
        });
        self.sign_ins.line(&line.to_string())
    }

    fn issued(&mut self, token: &Token, client: Client) -> Result<()> {
        let Holder::Person(person) = token.holder else {
            return Ok(());
        };
        let category = match token.grant {
            Grant::Login => "SignInLogs",
            Grant::Refresh => "NonInteractiveUserSignInLogs",
        };
        let more = json!({
            "uniqueTokenIdentifier": self.token_id(token),
            "sessionId": uuid(self.seed, Of::Session, token.session),
            "status": { "errorCode": 0 },
        });
        self.sign_in(token.issued_at - 250, person, client, category, more)
    }

    fn refused(&mut self, at: Millis, person: Person, client: Client) -> Result<()> {
        let more = json!({
            "uniqueTokenIdentifier": code(self.seed, Of::Request, at.unsigned_abs(), 22, SIGNS),
            "status": { "errorCode": 50126, "failureReason": "Invalid username or password." },
        });
        self.sign_in(at, person, client, "SignInLogs", more)
    }

    /// The whole token, signed.
    fn signed(&mut self, token: &Token) -> Result<String> {
        let (id, user) = (self.token_id(token), self.user(token.holder));
        let session = uuid(self.seed, Of::Session, token.session);
        // Another id of the same person, for this application alone.
        let pairwise = code(self.seed, Of::Nobody, token.session, 43, SIGNS);
        let issued = (token.issued_at - BACKDATED).div_euclid(SECOND);
        let expires = token.expires_at().div_euclid(SECOND);
        let claims = || {
            json!({
                "aud": APPLICATION,
                "iss": ISSUER,
                "iat": issued,
                "nbf": issued,
                "exp": expires,
                "azp": APPLICATION,
                "azpacr": "0",
                "oid": user,
                "scp": "access_as_user",
                "sid": session,
                "sub": pairwise,
                "tid": TENANT,
                "uti": id,
                "ver": "2.0",
            })
        };
        Ok(self
            .signer
            .token(token.number, token.key, claims)?
            .to_string())
    }

    fn request(&mut self, at: Millis, request: &Request) -> Result<()> {
        let trace = format!(
            "Root=1-{:08x}-{}",
            at.div_euclid(SECOND),
            hex(self.seed, Of::Request, request.number, 24)
        );
        let path = match request.target {
            Target::Page(page) => PAGES[page].path.to_string(),
            Target::Article(article) => format!("/portal/news/{article}"),
        };
        let (client, status) = (request.client, request.status);
        let agent = AGENTS[client.agent];
        let address = match client.address {
            std::net::IpAddr::V4(v4) => format!("{v4}:{}", 20_000 + request.number % 40_000),
            std::net::IpAddr::V6(v6) => format!("[{v6}]:{}", 20_000 + request.number % 40_000),
        };
        let target = "192.0.2.205:8080";
        let balanced = format!(
            "https {} app/portal-lb/50dc6c495c0c9188 {address} {target} 0.001 0.011 0.000 {status} {status} 2312 {} \"GET https://portal.works.example:443{path} HTTP/2.0\" \"{agent}\" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/portal/73e2d6bc24d8a067 \"{trace}\" \"portal.works.example\" \"-\" 1 {} \"forward\" \"-\" \"-\" \"{target}\" \"{status}\" \"-\" \"-\"",
            utc(at + 12),
            request.bytes + 310,
            utc(at - 1),
        );
        self.balancer.line(&balanced)?;
        let line = json!({
            "@timestamp": utc(at),
            "client": client.address,
            "http": { "method": "GET", "path": path, "status": status, "bytes": request.bytes },
            "userAgent": agent,
            "trace": trace,
            "authorization": format!("Bearer {}", self.signed(&request.token)?),
        });
        self.gateway.line(&line.to_string())?;
        let (Target::Page(_), Some(items)) = (request.target, request.items) else {
            return Ok(());
        };
        let line = json!({
            "@timestamp": utc(at + 5),
            "trace": trace,
            "oid": self.user(request.token.holder),
            "path": path,
            "entries": items,
        });
        self.application.line(&line.to_string())
    }
}

impl Product for EntraSso {
    const PAGES: &'static [Page] = &PAGES;

    fn shape() -> Shape {
        Shape {
            people: 1_800,
            span: (BEGIN, BEGIN + 21 * DAY),
            sessions: 3_600,
            renewals: 3,
            lifetime: 75 * 60 * SECOND,
            carriers: 8,
            key_of: |_, _| 0,
            pages: PAGES.len(),
            lost: Vec::new(),
            attack: Some(Attack {
                span: (BEGIN + 8 * DAY, BEGIN + 13 * DAY),
                tokens: 900,
                key: 1,
                rented: 24,
                shared: 3,
            }),
        }
    }

    fn begin(plan: &WorldPlan, shape: &Shape, out: &Path) -> Result<Self> {
        let folder = Folder::new(out)?;
        let seed = plan.seed;
        let keys = [0, 1].map(|number| code(seed, Of::Key, number, 21, SIGNS));
        let private = [PrivateKey::rs256()?, PrivateKey::rs256()?];
        folder.jwks(&[private[0].jwk(&keys[0])])?;
        folder.jwks_of("registry/private", &[private[1].jwk(&keys[1])])?;
        let account = |person| uuid(seed, Of::Person, person);
        folder.registries(&PAGES, shape.people, BEGIN, account, Self::person_of)?;
        let listed = |number: usize, issuer| ListedKey {
            id: keys[number].clone(),
            issuer,
            created: Some(BEGIN - 90 * DAY),
            rotated: None,
            retired: None,
            custodian: "Microsoft",
        };
        folder.keys(&[listed(0, ISSUER), listed(1, PRIVATE_ISSUER)])?;
        folder.write("case.toml", &case(plan, shape))?;
        let headers = keys
            .clone()
            .map(|id| json!({ "typ": "JWT", "alg": "RS256", "kid": id }));
        Ok(EntraSso {
            seed,
            keys,
            signer: Signer::new(headers.into_iter().zip(private).collect()),
            balancer: folder.log("alb", "log")?,
            gateway: folder.log("gateway", "json")?,
            application: folder.log("portal", "json")?,
            sign_ins: folder.log("entra", "json")?,
            number: 0,
        })
    }

    fn log(&mut self, at: Millis, event: &Event) -> Result<()> {
        match event {
            // A login and its token are one sign-in.
            Event::Login { .. } => Ok(()),
            Event::Refused { person, client } => self.refused(at, *person, *client),
            Event::Issued { token, client } => self.issued(token, *client),
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
        for log in [
            &mut self.balancer,
            &mut self.gateway,
            &mut self.application,
            &mut self.sign_ins,
        ] {
            log.finish()?;
        }
        Ok(())
    }
}

/// The text of the case file.
fn case(plan: &WorldPlan, shape: &Shape) -> String {
    let id = format!("entra-sso-{}", plan.seed);
    let title = "Tokens signed by a key of another kind (synthetic world)";
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
issuers = ["{ISSUER}"]
customer_kinds = ["{TENANT}"]

# Keys for private accounts; the gateway takes tokens that they sign, whatever their issuer is.
[[signing_key]]
file = "registry/private/jwks.json"
kind = "jwks"
issuers = ["{PRIVATE_ISSUER}"]
customer_kinds = ["{PRIVATE_TENANT}"]

[[source]]
id = "alb"
kind = "edge"
paths = ["evidence/alb/*.log.gz"]
format = "alb"
clock_correction_seconds = 0

[[source]]
id = "gateway"
kind = "gateway"
paths = ["evidence/gateway/*.json.gz"]
format = "jsonl"
time = "rfc3339"
clock_correction_seconds = 0
# Entra's tokens have their id in `uti`; `sub` is another one for each application.
token_claims = {{ id = "uti", subject = "oid", customer_kind = "tid" }}
[source.fields]
event_time = "@timestamp"
source_ip = "client"
method = "http.method"
path = "http.path"
status = "http.status"
body_bytes = "http.bytes"
user_agent = "userAgent"
request_id = "trace"
authorization = "authorization"

[[source]]
id = "portal"
kind = "application"
paths = ["evidence/portal/*.json.gz"]
format = "jsonl"
time = "rfc3339"
clock_correction_seconds = 0
[source.fields]
event_time = "@timestamp"
request_id = "trace"
account = "oid"
path = "path"
item_count = "entries"

[[source]]
id = "entra"
kind = "issuance"
paths = ["evidence/entra/*.json.gz"]
format = "entra"
clock_correction_seconds = 0
[source.constants]
issuer = "{ISSUER}"
"#
    )
}
