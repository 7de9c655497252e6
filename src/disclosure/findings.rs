//! Findings, gathered from what all stages found.

use super::finding::{Finding, Registry};
use super::found::Found;
use super::keys::{MOST_KEYS, tokens};
use crate::case::SourceKind;
use crate::intake::TOKEN_COOKIE_ABSENT;
use crate::lines::Verdict;
use crate::results::{EvidenceFile, Manifest};
use crate::tokens::Tokens;
use crate::tokens::rules::list::NEVER_ISSUED;
use crate::tokens::scopes::Scopes;
use crate::tokens::timeline::KeyLife;

/// All findings, in a fixed order.
pub(super) fn findings(found: &Found<'_>) -> Vec<Finding> {
    let mut findings = about_evidence(found.manifest);
    // It is a misfit of the disclosure, and stands above the figures.
    findings.retain(|finding| !matches!(finding, Finding::NoLineTaken { .. }));
    findings.extend(missing_registries(found));
    let totals = found.manifest.totals;
    findings.extend(some(totals.rejects, |count| Finding::LinesRejected {
        count,
        line_count: totals.lines,
    }));
    findings.extend(some(found.exposure.rejected, |count| {
        Finding::GatewayLinesRejected { count }
    }));
    findings.extend(unlisted_keys(&found.keys));
    findings.extend(found.keys.iter().flat_map(custody));
    findings.extend(about_logs(found));
    findings.extend(about_signing_keys(found));
    findings.extend(about_scopes(&found.tokens.scopes));
    findings.extend(nothing_confirmed(found));
    findings.extend(may_be_honest(found.tokens));
    let exposure = found.exposure;
    let [dedicated_count, shared_count] = exposure.by_address;
    if dedicated_count + shared_count > 0 {
        findings.push(Finding::RequestsByAddress {
            dedicated_count,
            shared_count,
        });
    }
    let counts = [
        some(exposure.fleet.without_address, |count| {
            Finding::ForgedRequestsWithoutAddress { count }
        }),
        some(exposure.without_gateway, |count| {
            Finding::GatewayLinesLost { count }
        }),
        some(exposure.copies, |count| Finding::LinesCopied { count }),
        some(exposure.respelled_views, |count| {
            Finding::AccountsSpelledOtherwise { count }
        }),
        some(exposure.unregistered_views, |count| {
            Finding::ViewsOfUnlistedAccounts { count }
        }),
    ];
    findings.extend(counts.into_iter().flatten());
    findings.push(Finding::OutflowUndetermined);
    findings
}

/// The limits of keys that no token of the key keeps, and those that tokens do not tell the claim for.
fn about_scopes(scopes: &Scopes) -> Vec<Finding> {
    let mut findings = Vec::new();
    for ((key, limit), held) in &scopes.0 {
        findings.extend(
            held.never_inside()
                .map(|example| Finding::KeyScopeNeverMet {
                    subject: key.clone(),
                    setting: limit.name(),
                    count: held.others_outside,
                    example: example.to_string(),
                }),
        );
        findings.extend(some(held.not_told, |count| Finding::KeyScopeNotTold {
            subject: key.clone(),
            setting: limit.name(),
            column: limit.column(),
            count,
        }));
    }
    findings
}

/// How many tokens could be honest ones whose record was lost.
///
/// It limits only what is forged for want of a record: another rule does not rest on the log's completeness.
fn may_be_honest(tokens: &Tokens) -> Vec<Finding> {
    let mut reasons = tokens.by_reason.keys();
    if !reasons.any(|(_, _, reason)| *reason == NEVER_ISSUED) {
        return Vec::new();
    }
    let stretches = tokens.stretches.iter();
    let findings = stretches.map(|stretch| Finding::TokensMayBeHonest {
        subject: stretch.issuer.clone(),
        from: stretch.from,
        to: stretch.to,
        count: stretch.absent,
        at_most: stretch.at_most,
        witness_count: stretch.witnesses,
    });
    findings.collect()
}

/// Why no token is forged for sure, if some are likely or may be.
fn nothing_confirmed(found: &Found<'_>) -> Option<Finding> {
    let [strongly, _] = found.tokens.forged;
    let reasons = found.tokens.by_reason.iter();
    let open = reasons.filter(|((verdict, ..), _)| {
        [Verdict::Forged, Verdict::Indeterminate]
            .iter()
            .any(|open| open.name() == *verdict)
    });
    // What is forged with moderate confidence says more than the commonest doubt.
    let most =
        open.max_by_key(|((verdict, ..), count)| (*verdict == Verdict::Forged.name(), **count));
    let ((_, _, reason), count) = most.filter(|_| strongly == 0)?;
    Some(Finding::NothingConfirmed {
        count: *count,
        reason: reason.to_string(),
    })
}

/// The finding with `count`, unless that is 0.
fn some(count: u64, finding: impl FnOnce(u64) -> Finding) -> Option<Finding> {
    (count > 0).then(|| finding(count))
}

/// What is to be said of each evidence file, in the files' order, and of those that were not read.
pub fn about_evidence(manifest: &Manifest) -> Vec<Finding> {
    let place = |evidence_id: u32| {
        let mut files = manifest.evidence.iter();
        let file = files.find(|file| file.evidence_id == evidence_id);
        file.map_or_else(|| evidence_id.to_string(), EvidenceFile::place)
    };
    let mut findings = Vec::new();
    for file in &manifest.evidence {
        let subject = file.place();
        if let Some(damage) = &file.damage {
            findings.push(Finding::EvidenceDamaged {
                subject: subject.clone(),
                count: file.lines.rows,
                damage: damage.clone(),
            });
        }
        if let Some(first) = file.duplicate_of {
            findings.push(Finding::EvidenceDuplicated {
                subject: subject.clone(),
                of: place(first),
            });
        }
        findings.extend(
            file.overlaps
                .iter()
                .map(|overlap| Finding::EvidenceOverlaps {
                    subject: subject.clone(),
                    count: overlap.lines,
                    first_line: overlap.first_line,
                    of: place(overlap.of_evidence_id),
                    of_first_line: overlap.of_first_line,
                }),
        );
    }
    let unclaimed = manifest.unclaimed.len() as u64;
    findings.extend(some(unclaimed, |count| Finding::EvidenceUnclaimed {
        count,
    }));
    findings.extend(other_lines(manifest));
    let words = manifest.unknown_words.iter();
    let problems = manifest.row_problems.iter();
    findings.extend(problems.map(|problem| Finding::ValuesUnreadable {
        subject: problem.place.clone(),
        problem: problem.problem.clone(),
        line_no: problem.line_no,
        value: problem.value.clone(),
        count: problem.count,
    }));
    findings.extend(words.map(|word| Finding::WordUnknown {
        subject: word.text.clone(),
        source: word.source.clone(),
        column: word.column.clone(),
        count: word.count,
    }));
    findings
}

/// The sources that have lines which are none of their events.
fn other_lines(manifest: &Manifest) -> Vec<Finding> {
    let mut findings = Vec::new();
    for files in manifest.evidence.chunk_by(|a, b| a.source == b.source) {
        let counted = || files.iter().filter(|file| file.duplicate_of.is_none());
        let count = counted().map(|file| file.lines.others).sum();
        let first = counted().find_map(|file| Some((file, file.first_other.as_ref()?)));
        findings.extend(first.map(|(file, line)| Finding::LinesOfOthers {
            subject: file.source.clone(),
            count,
            place: format!("{}:{}", file.place(), line.line_no),
            text: line.text.clone(),
        }));
    }
    let without_rows = manifest.sources_without_rows().into_iter();
    findings.extend(without_rows.map(|(source, count)| Finding::NoLineTaken {
        subject: source.to_string(),
        count,
    }));
    findings
}

fn missing_registries(found: &Found<'_>) -> impl Iterator<Item = Finding> {
    let named = &found.context.case.file.registry;
    let registries = [
        (named.pages.is_none(), Registry::Pages),
        (named.accounts.is_none(), Registry::Accounts),
        (named.keys.is_none(), Registry::Keys),
        (named.networks.is_none(), Registry::Networks),
    ];
    let missing = registries.into_iter().filter(|(missing, _)| *missing);
    missing.map(|(_, subject)| Finding::RegistryMissing { subject })
}

/// The keys that tokens name and the inventory lacks: the first ones, and how many more there are.
fn unlisted_keys(keys: &[KeyLife]) -> Vec<Finding> {
    let unlisted = || keys.iter().filter(|life| !life.listed);
    let more = unlisted().count().saturating_sub(MOST_KEYS) as u64;
    let more = some(more, |count| Finding::MoreKeysUnlisted { count });
    let first = unlisted().take(MOST_KEYS).map(|life| Finding::KeyUnlisted {
        subject: life.key_id.clone(),
        issuer: life.issuer.clone(),
        count: tokens(life),
    });
    more.into_iter().chain(first).collect()
}

/// What a key's life says about how it was kept.
fn custody(life: &KeyLife) -> impl Iterator<Item = Finding> {
    let departure = life.custodian_left_at.zip(life.outlived_days);
    let outlived = departure.map(|(left_at, day_count)| Finding::KeyOutlivedCustodian {
        subject: life.key_id.clone(),
        issuer: life.issuer.clone(),
        left_at,
        day_count,
        count: life.forged_after_departure,
    });
    let place = life.stored_outside.as_ref();
    let outside = place.map(|place| Finding::KeyStoredOutside {
        subject: life.key_id.clone(),
        issuer: life.issuer.clone(),
        place: place.clone(),
    });
    outlived.into_iter().chain(outside)
}

/// What the gateway's, the issuers' and the login logs do not say.
fn about_logs(found: &Found<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (problem, count) in found.without_token {
        let count = *count;
        findings.push(match problem.as_str() {
            TOKEN_COOKIE_ABSENT => Finding::RequestsWithoutCookie { count },
            _ => Finding::TokensUnreadable {
                problem: problem.clone(),
                count,
            },
        });
    }
    for (issuer, log) in &found.coverage.issuers {
        findings.extend(some(log.strays, |count| Finding::IssuanceRecordsAstray {
            subject: issuer.clone(),
            count,
        }));
    }
    let sources = &found.context.case.file.source;
    let has = |kind| sources.iter().any(|source| source.kind == kind);
    if has(SourceKind::Issuance) && !has(SourceKind::Login) {
        findings.push(Finding::NoLoginLog);
    }
    findings
}

/// Which of the given keys were of no use, and which named ones are unknown.
fn about_signing_keys(found: &Found<'_>) -> Vec<Finding> {
    let unsupported = found.context.case.signing_keys.unsupported();
    let unsupported = unsupported.map(|key| Finding::SigningKeyUnsupported {
        subject: key.key_id.map(str::to_string),
        why: key.why.to_string(),
    });
    let mut findings: Vec<Finding> = unsupported.collect();
    let mut keys = idle_keys(found);
    let count = keys.len() as u64;
    keys.truncate(MOST_KEYS);
    findings.extend(some(count, |count| Finding::SigningKeysIdle {
        count,
        keys,
    }));
    findings.extend(unknown_logged_keys(found));
    findings
}

/// The ids of the keys that were given to check signatures and verified no token.
fn idle_keys(found: &Found<'_>) -> Vec<Option<String>> {
    let spelt: Vec<[Option<String>; 2]> = found
        .proven
        .iter()
        .map(|(issuer, key)| {
            [*issuer, *key].map(|key| key.map(|key| found.context.interner.text(key)))
        })
        .collect();
    let verified = |issuer: Option<&str>, id: Option<&str>| {
        spelt.iter().any(|[of, named]| {
            let same_key = named.is_none() || id.is_none() || named.as_deref() == id;
            same_key && (issuer.is_none() || of.as_deref() == issuer)
        })
    };
    let keys = found.context.case.signing_keys.supported();
    let idle = keys.filter(|(issuer, id)| !verified(*issuer, *id));
    idle.map(|(_, id)| id.map(str::to_string)).collect()
}

/// The keys in an issuer's `keys_logged` that no record, no token and no inventory names.
fn unknown_logged_keys<'a>(found: &'a Found<'_>) -> impl Iterator<Item = Finding> + 'a {
    let issuers = found.context.case.file.issuer.iter();
    let said = issuers.flat_map(|issuer| issuer.keys_logged.iter().map(|key| (&issuer.id, key)));
    let known = |issuer: &String, key: &String| {
        let mut lives = found.keys.iter();
        let log = found.coverage.issuers.get(issuer);
        let interned = Some(found.context.interner.key(key));
        lives.any(|life| life.issuer == *issuer && life.key_id == *key)
            || log.is_some_and(|log| log.hours.keys().any(|(named, _)| *named == interned))
    };
    said.filter(move |(issuer, key)| !known(issuer, key))
        .map(|(issuer, key)| Finding::LoggedKeyUnknown {
            subject: key.clone(),
            issuer: issuer.clone(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn life(nth: usize) -> KeyLife {
        KeyLife {
            key_id: nth.to_string(),
            indeterminate_tokens: 1,
            ..KeyLife::default()
        }
    }

    #[test]
    fn a_finding_is_an_object_with_a_stable_id() {
        let finding = Finding::KeyOutlivedCustodian {
            subject: "k".into(),
            issuer: "i".into(),
            left_at: 0,
            day_count: 3,
            count: 2,
        };
        let expected = serde_json::json!({
            "id": "key_outlived_custodian",
            "subject": "k",
            "issuer": "i",
            "left_at": "1970-01-01T00:00:00Z",
            "day_count": 3,
            "count": 2,
        });
        assert_eq!(serde_json::to_value(&finding).expect("JSON"), expected);
        let bare = serde_json::to_value(Finding::NoLoginLog).expect("JSON");
        assert_eq!(bare, serde_json::json!({"id": "no_login_log"}));
    }

    #[test]
    fn of_very_many_unlisted_keys_the_first_are_named() {
        let keys: Vec<KeyLife> = (0..MOST_KEYS + 3).map(life).collect();
        let found = unlisted_keys(&keys);
        assert_eq!(found.len(), MOST_KEYS + 1);
        assert_eq!(found[0], Finding::MoreKeysUnlisted { count: 3 });
        let listed = KeyLife {
            listed: true,
            ..life(0)
        };
        assert_eq!(unlisted_keys(&[listed]), []);
    }
}
