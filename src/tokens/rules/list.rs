//! The one list of all verdict rules, and what the policy may say of them.

use super::{
    Rule, claims_differ, issued_to_another_subject, key_custodian_left, key_not_active,
    key_out_of_scope, key_retired, key_revoked, key_scope_contradicted, key_unknown,
    lifetime_beyond_policy, never_issued, no_login, no_record_no_login, outside_key_life,
    signature_invalid, signature_valid, stolen, subject_not_open, subject_unknown, unlike_issued,
    used_after_expiry, used_after_revocation, used_before_issue,
};
use crate::case::{Case, suggest};
use crate::error::Result;

/// All rules, the deciding ones first; of several that fire, the first gives the verdict.
pub static ALL: [Rule; 26] = [
    signature_invalid::RULE,
    issued_to_another_subject::RULE,
    claims_differ::RULE,
    stolen::RULE,
    key_out_of_scope::RULE,
    outside_key_life::RULE,
    never_issued::RULE,
    no_record_no_login::RULE,
    unlike_issued::RULE,
    signature_valid::RULE,
    subject_unknown::RULE,
    subject_not_open::RULE,
    key_unknown::RULE,
    key_scope_contradicted::RULE,
    key_not_active::RULE,
    key_retired::RULE,
    key_revoked::RULE,
    key_custodian_left::RULE,
    used_before_issue::RULE,
    used_after_expiry::RULE,
    used_after_revocation::RULE,
    lifetime_beyond_policy::RULE,
    no_login::RULE,
    unlike_issued::LIFETIME,
    unlike_issued::ID,
    unlike_issued::CLAIMS,
];

/// The name of the rule whose confidence depends on what shows the log complete.
pub(crate) const NEVER_ISSUED: &str = never_issued::RULE.id;
/// The names of the rules whose confidence depends on the log and the signature.
pub(crate) const KEY_OUT_OF_SCOPE: &str = key_out_of_scope::RULE.id;
/// See [`KEY_OUT_OF_SCOPE`].
pub(crate) const OUTSIDE_KEY_LIFE: &str = outside_key_life::RULE.id;

/// The names of the rules that decide where the log is not shown complete, by what else is known of it.
pub(crate) const BY_OTHERS: [&str; 2] = [no_record_no_login::RULE.id, unlike_issued::RULE.id];

/// Checks that each name which the policy switches off is that of a rule.
pub fn check(case: &Case) -> Result<()> {
    for name in &case.file.policy.switched_off {
        let known = ALL.iter().map(|rule| rule.id);
        if !known.clone().any(|id| id == name.get_ref()) {
            let message = format!("`{}` is no rule", name.get_ref());
            let error = case.error_at(name.span(), message);
            return Err(suggest(error, name.get_ref(), known));
        }
    }
    Ok(())
}
