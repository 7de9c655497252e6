//! A company's services in a public cloud, as AWS CloudTrail sees them.
//!
//! CloudTrail is the record of issuance, where roles are assumed, and of the calls themselves. Roles are
//! assumed at the global endpoint, whose region's files are the issuance log; calls are logged where they are
//! made. Most temporary keys have no record: services of the cloud and other accounts took them. Some users
//! have long-lived keys, which no record of the month hands out.
//!
//! Nobody forges a key: the cloud would not take it. In the attack one long-lived key is used by somebody
//! else; the keys are honest all the same.

use std::path::Path;

use serde_json::{Value, json};

use super::events::{AGENTS, Client, Event, Holder, Person, Request, Target, Token};
use super::folder::{Folder, head};
use super::name::WorldPlan;
use super::planted::Pass;
use super::play::{Attack, Shape};
use super::product::Product;
use super::text::{Of, code, hex, uuid};
use crate::error::Result;
use crate::synth::chance::{Chance, Kind};
use crate::synth::clocks::utc;
use crate::synth::logs::Log;
use crate::synth::pages::Page;
use crate::synth::world::{DAY, HOUR, Millis, SECOND};

/// 3 March 2025, 00:00 UTC.
const BEGIN: Millis = 1_740_960_000_000;
/// The service that hands out keys, which is their issuer.
const ISSUER: &str = "sts.amazonaws.com";
/// How many of the users have a long-lived key in place of temporary ones.
const LONG_LIVED: Person = 30;
/// The first number of a long-lived key; those of temporary keys lie below it.
const LONG_LIVED_KEYS: u64 = 1 << 39;
/// The user whose key is stolen.
const ROBBED: Person = 7;
/// One temporary key in so many is handed out where the evidence has records.
const RECORDED_ONE_IN: u64 = 16;
const SIGNS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// The calls that services make.
const CALLS: [(&str, &str); 5] = [
    ("s3.amazonaws.com", "GetObject"),
    ("dynamodb.amazonaws.com", "Query"),
    ("ec2.amazonaws.com", "DescribeInstances"),
    ("kms.amazonaws.com", "Decrypt"),
    ("logs.amazonaws.com", "FilterLogEvents"),
];

static PAGES: [Page; 1] = [Page {
    id: "customer-export",
    title: "Export of customers",
    route: "/exports/{day}/customers.csv",
    path: "/exports/today/customers.csv",
    empty_below_bytes: 0,
    fields: &[("name", "plain"), ("email", "plain")],
}];

/// The world being logged.
pub(super) struct CloudKeys {
    seed: u64,
    issuance: Log,
    calls: Log,
    /// Events so far.
    number: u64,
}

/// The user of a token; nobody invents one.
fn user(token: &Token) -> Person {
    match token.holder {
        Holder::Person(person) | Holder::Nobody(person) => person,
    }
}

/// Whether a token is a user's long-lived key.
fn is_long_lived(token: &Token) -> bool {
    user(token) < LONG_LIVED
}

impl CloudKeys {
    fn key(&self, token: &Token) -> String {
        let kind = if is_long_lived(token) { "AKIA" } else { "ASIA" };
        format!(
            "{kind}{}",
            code(self.seed, Of::Token, token.number, 16, SIGNS)
        )
    }

    fn arn(token: &Token) -> String {
        let user = user(token);
        if is_long_lived(token) {
            return format!("arn:aws:iam::123456789012:user/deploy-{user}");
        }
        let role = ["web", "batch", "report", "ingest"][(user % 4) as usize];
        format!(
            "arn:aws:sts::123456789012:assumed-role/{role}/i-{:08x}",
            user
        )
    }

    /// The members that every event has.
    fn event(
        &mut self,
        at: Millis,
        (source, name): (&str, &str),
        address: &str,
        more: Value,
    ) -> String {
        self.number += 1;
        let mut event = json!({
            "eventVersion": "1.09",
            "eventTime": utc(at.div_euclid(SECOND) * SECOND).replace(".000Z", "Z"),
            "eventSource": source,
            "eventName": name,
            "awsRegion": if source == ISSUER { "us-east-1" } else { "eu-central-1" },
            "sourceIPAddress": address,
            "requestID": uuid(self.seed, Of::Request, self.number),
            "eventID": uuid(self.seed, Of::Event, self.number),
            "readOnly": true,
            "eventType": "AwsApiCall",
            "managementEvent": true,
            "recipientAccountId": "123456789012",
            "eventCategory": "Management",
        });
        if let (Some(event), Value::Object(more)) = (event.as_object_mut(), more) {
            event.extend(more);
        }
        event.to_string()
    }

    fn issued(&mut self, token: &Token, client: Client) -> Result<()> {
        let mut chance = Chance::of(self.seed, Kind::WorldText, token.number);
        if is_long_lived(token) || !chance.one_in(RECORDED_ONE_IN) {
            return Ok(());
        }
        let arn = Self::arn(token);
        let more = json!({
            "userIdentity": { "type": "AWSService", "invokedBy": "ec2.amazonaws.com" },
            "userAgent": "ec2.amazonaws.com",
            "requestParameters": { "durationSeconds": token.lifetime / SECOND },
            "responseElements": {
                "credentials": {
                    "accessKeyId": self.key(token),
                    "sessionToken": hex(self.seed, Of::Session, token.number, 32),
                },
                "assumedRoleUser": { "arn": arn },
            },
        });
        // A service of the cloud assumes the role for the machine.
        let address = if user(token).is_multiple_of(3) {
            "ec2.amazonaws.com".to_string()
        } else {
            client.address.to_string()
        };
        let line = self.event(token.issued_at, (ISSUER, "AssumeRole"), &address, more);
        self.issuance.line(&line)
    }

    /// An assumption of a role that fails.
    fn refused(&mut self, at: Millis, client: Client) -> Result<()> {
        let more = json!({
            "userIdentity": { "type": "IAMUser", "arn": "arn:aws:iam::123456789012:user/ops" },
            "errorCode": "AccessDenied",
            "userAgent": AGENTS[client.agent],
            "responseElements": null,
        });
        let address = client.address.to_string();
        let line = self.event(at, (ISSUER, "AssumeRole"), &address, more);
        self.issuance.line(&line)
    }

    fn request(&mut self, at: Millis, request: &Request) -> Result<()> {
        let token = &request.token;
        let (call, key) = match request.target {
            Target::Page(page) => (CALLS[0], PAGES[page].path.to_string()),
            Target::Article(article) => {
                let call = CALLS[(article % 5) as usize];
                (call, format!("/objects/{article}"))
            }
        };
        let arn = Self::arn(token);
        let mut identity = json!({
            "type": if is_long_lived(token) { "IAMUser" } else { "AssumedRole" },
            "principalId": code(self.seed, Of::Person, user(token), 16, SIGNS),
            "arn": arn,
            "accountId": "123456789012",
            "accessKeyId": self.key(token),
        });
        if !is_long_lived(token) {
            identity["sessionContext"] = json!({
                "attributes": {
                    "creationDate": utc(token.issued_at.div_euclid(SECOND) * SECOND).replace(".000Z", "Z"),
                    "mfaAuthenticated": "false",
                },
            });
        }
        let more = json!({
            "userIdentity": identity,
            "userAgent": "aws-sdk-java/2.25",
            "requestParameters": { "path": key },
            "responseElements": null,
            "additionalEventData": { "bytesTransferredOut": request.bytes },
        });
        let address = request.client.address.to_string();
        let line = self.event(at, call, &address, more);
        self.calls.line(&line)
    }
}

impl Product for CloudKeys {
    const PAGES: &'static [Page] = &PAGES;
    const HAS_ACCOUNTS: bool = false;

    fn shape() -> Shape {
        Shape {
            people: 600,
            span: (BEGIN, BEGIN + 14 * DAY),
            sessions: 5_000,
            renewals: 2,
            lifetime: HOUR,
            carriers: 6,
            key_of: |_, _| 0,
            pages: PAGES.len(),
            lost: Vec::new(),
            attack: Some(Attack {
                span: (BEGIN + 6 * DAY, BEGIN + 9 * DAY),
                tokens: 300,
                key: 0,
                rented: 5,
                shared: 0,
            }),
        }
    }

    fn begin(plan: &WorldPlan, shape: &Shape, out: &Path) -> Result<Self> {
        let folder = Folder::new(out)?;
        folder.pages(&PAGES)?;
        folder.write("case.toml", &case(plan, shape))?;
        Ok(CloudKeys {
            seed: plan.seed,
            issuance: folder.log("us-east-1", "json")?,
            calls: folder.log("eu-central-1", "json")?,
            number: 0,
        })
    }

    /// Users with a long-lived key use that one always; so does who stole it.
    fn adapt(event: Event) -> Event {
        let Event::Request(mut request) = event else {
            return event;
        };
        if request.by_attacker {
            request.token.holder = Holder::Person(ROBBED);
        }
        if is_long_lived(&request.token) {
            request.token.number = LONG_LIVED_KEYS | user(&request.token);
        }
        Event::Request(request)
    }

    fn log(&mut self, at: Millis, event: &Event) -> Result<()> {
        match event {
            Event::Login { .. } => Ok(()),
            Event::Refused { client, .. } => self.refused(at, *client),
            Event::Issued { token, client } => self.issued(token, *client),
            Event::Request(request) => self.request(at, request),
        }
    }

    fn pass(&self, token: &Token) -> Pass {
        Pass {
            token_id: self.key(token),
            subject: Self::arn(token),
            issuer: ISSUER.to_string(),
            key_id: String::new(),
        }
    }

    fn account(&self, person: Person) -> String {
        format!("deploy-{person}")
    }

    fn finish(&mut self) -> Result<()> {
        for log in [&mut self.issuance, &mut self.calls] {
            log.finish()?;
        }
        Ok(())
    }
}

/// The text of the case file.
fn case(plan: &WorldPlan, shape: &Shape) -> String {
    let id = format!("cloud-keys-{}", plan.seed);
    let title = "Access keys in a public cloud (synthetic world)";
    let head = head(&id, title, shape.span.1 + DAY);
    format!(
        r#"{head}
[[issuer]]
id = "{ISSUER}"
subjects = "services"

[registry]
pages = "registry/pages.toml"
networks = "registry/networks.mmdb"

# Calls, each with the key that made it.
[[source]]
id = "calls"
kind = "gateway"
paths = ["evidence/eu-central-1/*.json.gz"]
format = "jsonl"
time = "rfc3339"
clock_correction_seconds = 0
[source.fields]
event_time = "eventTime"
request_id = "requestID"
source_ip = "sourceIPAddress"
path = "requestParameters.path"
user_agent = "userAgent"
body_bytes = "additionalEventData.bytesTransferredOut"
token_id = "userIdentity.accessKeyId"
token_subject = "userIdentity.arn"
token_issued_at = "userIdentity.sessionContext.attributes.creationDate"
[source.constants]
method = "GET"
status = "200"
token_issuer = "{ISSUER}"

# Roles are assumed at the global endpoint, which logs in this region.
[[source]]
id = "sts"
kind = "issuance"
paths = ["evidence/us-east-1/*.json.gz"]
format = "cloudtrail"
clock_correction_seconds = 0
"#
    )
}
