//! What is known of a token, gathered from the case, the logs and its own records.

use super::aliases::Aliases;
use super::claims::{Claims, IdKind};
use super::coverage::{Basis, Cover, Coverage, Status};
use super::facts::{Login, ProvenKeys, Record, TokenFacts};
use super::grouped::UsedToken;
use super::logins::{Holder, Logins};
use super::signers::Signer;
use crate::case::{AccountKey, Context};
use crate::jws::Signature;
use crate::lines::Line;

/// What judging needs beside the records.
pub struct Judge<'a> {
    /// The run.
    pub context: &'a Context<'a>,
    /// Keys that verify tokens of the evidence.
    pub proven: &'a ProvenKeys,
    /// Logins at the service.
    pub logins: &'a Logins,
}

/// What was learnt of the logs as a whole before a token is looked at.
#[derive(Clone, Copy)]
pub(super) struct Heard<'a> {
    /// Where the issuance log is complete; `None` while that is found out.
    pub(super) coverage: Option<&'a Coverage>,
    /// What issuers' logs call the subjects of their tokens.
    pub(super) aliases: &'a Aliases,
}

impl Judge<'_> {
    /// Gathers what is known of a token.
    pub(super) fn facts<'t>(
        &'t self,
        heard: Heard<'_>,
        signer: &'t Signer<'t>,
        token: &UsedToken<'_>,
        records: &'t [Record],
    ) -> TokenFacts<'t> {
        let Heard { coverage, aliases } = heard;
        let claims = token.first_use.claims;
        let alias = self.alias(aliases, &claims);
        let issuer = signer.issuer.as_deref().unwrap_or_default();
        let kind = IdKind::of(token.first_use.token_id);
        let cover = match (coverage, claims.issued_at) {
            (Some(coverage), Some(at)) => coverage.of(issuer, claims.key_id, kind, at),
            (Some(coverage), None) if coverage.issuers.contains_key(issuer) => Cover {
                status: Status::OutsideLog,
                basis: Basis::Log,
            },
            _ => Cover {
                status: Status::NotLogged,
                basis: Basis::Log,
            },
        };
        let log = coverage.and_then(|coverage| coverage.issuers.get(issuer));
        let profile = log.and_then(|log| log.profiles.get(&claims.key_id));
        let login = self.login(signer, token, alias);
        let times = token.uses.iter().map(|line| line.event_time);
        TokenFacts {
            claims,
            alias,
            whole: kind == IdKind::Sha256,
            partial: kind == IdKind::Prefix,
            comparable: alias.is_some()
                || coverage.is_none_or(|coverage| coverage.comparable(issuer)),
            records,
            coverage: cover,
            key: signer.key,
            key_scope: signer.key_scope.as_ref(),
            scope_contradicted: [false; 4],
            key_used: profile.map(|profile| profile.used),
            departures: profile
                .map(|profile| {
                    let tolerance = self.context.case.file.policy.tolerance();
                    profile.departures(&claims, token.first_use.token_id, tolerance)
                })
                .unwrap_or_default(),
            issued_have_logins: login == Login::Absent
                && records.is_empty()
                && log
                    .zip(claims.issued_at)
                    .is_some_and(|(log, at)| log.with_login.shown(at)),
            may_be_lost: false,
            key_abused: false,
            key_proven: claims.signature != Signature::NotLogged
                && self.proven.contains(&(claims.issuer, claims.key_id)),
            account: claims
                .subject
                .and_then(|subject| self.context.accounts.meet(subject, self.context.interner)),
            subject_is_account: signer.of_accounts
                && self.context.accounts.known
                && claims.subject.is_some(),
            login,
            used: (
                times.clone().min().unwrap_or_default(),
                times.max().unwrap_or_default(),
            ),
            used_by: token
                .uses
                .iter()
                .map(Line::latest)
                .min()
                .unwrap_or_default(),
            accepted: token.uses.iter().any(|line| line.delivered() == Some(true)),
            astray: None,
            policy: &self.context.case.file.policy,
            interner: self.context.interner,
        }
    }

    /// What the log of the token's issuer calls its subject, if by another name.
    fn alias(&self, aliases: &Aliases, claims: &Claims) -> Option<AccountKey> {
        let (issuer, subject) = claims.issuer.zip(claims.subject)?;
        if aliases.is_empty() {
            return None;
        }
        aliases.get(issuer, self.context.interner.folded(subject))
    }

    /// Whether a login of the subject, by its own name or its `alias`, is behind the token.
    fn login(
        &self,
        signer: &Signer<'_>,
        token: &UsedToken<'_>,
        alias: Option<AccountKey>,
    ) -> Login {
        let claims = &token.first_use.claims;
        let (Some(subject), Some(issued_at)) = (claims.subject, claims.issued_at) else {
            return Login::NotLogged;
        };
        if !signer.of_accounts || self.logins.is_empty() {
            return Login::NotLogged;
        }
        let addresses = token.uses.iter().filter_map(|line| line.source_ip);
        let behind = |name| {
            let holder = Holder {
                subject: self.context.interner.folded(name),
                issued_at,
                session: claims.session,
            };
            self.logins
                .behind(holder, addresses.clone(), &self.context.case.file.policy)
        };
        let by_own_name = behind(subject);
        alias.map_or(by_own_name, |alias| by_own_name.min(behind(alias)))
    }
}
