//! What each signing key is for: its issuers, audiences, customer kinds and algorithms.

use crate::identity::{canonical, folded};

/// A claim of tokens that the scope of a key can limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScopeLimit {
    /// The issuer (`iss`).
    Issuers,
    /// The audience (`aud`).
    Audiences,
    /// The kind of customer, in the claim that the case file names.
    CustomerKinds,
    /// The algorithm (`alg` in the header).
    Algorithms,
}

impl ScopeLimit {
    /// Every limit, in the order of the type.
    pub const ALL: [ScopeLimit; 4] = [
        ScopeLimit::Issuers,
        ScopeLimit::Audiences,
        ScopeLimit::CustomerKinds,
        ScopeLimit::Algorithms,
    ];

    /// The name of the setting and of the column of the key inventory that state it.
    pub fn name(self) -> &'static str {
        match self {
            ScopeLimit::Issuers => "issuers",
            ScopeLimit::Audiences => "audiences",
            ScopeLimit::CustomerKinds => "customer_kinds",
            ScopeLimit::Algorithms => "algorithms",
        }
    }

    /// The column of a request that has the claim.
    pub fn column(self) -> &'static str {
        match self {
            ScopeLimit::Issuers => "token_issuer",
            ScopeLimit::Audiences => "token_audience",
            ScopeLimit::CustomerKinds => "token_customer_kind",
            ScopeLimit::Algorithms => "token_algorithm",
        }
    }
}

/// What a key is for, as its owner states it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyScope {
    /// The issuer whose key it is; `None` for any issuer.
    pub issuer: Option<String>,
    /// The `kid`.
    pub key_id: String,
    /// By [`ScopeLimit`], the values that tokens of the key may have; an empty list limits nothing.
    pub lists: [Vec<String>; 4],
    /// Whether the issuer of a token may have another key of this id, so that the id alone does not show which
    /// of the two signed it.
    pub may_be_another: bool,
}

impl KeyScope {
    /// The values that the key inventory has in a cell.
    ///
    /// Semicolons stand between values. A cell without any has blanks between them.
    pub(super) fn values(cell: &str) -> Vec<String> {
        let has_semicolon = cell.contains(';');
        let between = |c: char| match has_semicolon {
            true => c == ';',
            false => c.is_whitespace(),
        };
        let values = cell.split(between).map(str::trim);
        let values = values.filter(|value| !value.is_empty());
        values.map(str::to_string).collect()
    }

    /// Whether it limits nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.lists.iter().all(Vec::is_empty)
    }

    /// The values that a claim may have; none if the claim is not limited.
    pub fn list(&self, limit: ScopeLimit) -> &[String] {
        &self.lists[limit as usize]
    }

    /// Whether the key is for tokens with this text as the claim; `None` if nothing limits the claim.
    ///
    /// The key's own issuer is always one of its issuers. Of several audiences in one text, one is enough.
    pub fn holds(&self, limit: ScopeLimit, claim: &str) -> Option<bool> {
        let list = self.list(limit);
        if list.is_empty() {
            return None;
        }
        let claim = canonical(claim);
        let claim = folded(&claim);
        let own = self.issuer.iter().filter(|_| limit == ScopeLimit::Issuers);
        let mut listed = list.iter().chain(own);
        Some(listed.any(|one| {
            let one = canonical(one);
            let one = folded(&one);
            match limit {
                ScopeLimit::Audiences => names(&claim, &one),
                _ => claim == one,
            }
        }))
    }
}

/// Whether one of the audiences in `text` is `audience`.
///
/// Blanks, commas or semicolons stand between them, and brackets and quotes around them where a log has a list
/// as JSON. An audience may itself hold such signs.
fn names(text: &str, audience: &str) -> bool {
    let apart = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '[' | ']' | '"' | '\'');
    let mut places = text.match_indices(audience);
    places.any(|(at, _)| {
        text[..at].chars().next_back().is_none_or(apart)
            && text[at + audience.len()..].chars().next().is_none_or(apart)
    })
}

/// The scopes that a case states, in the order in which they were read.
#[derive(Debug, Default)]
pub struct KeyScopes(Vec<KeyScope>);

impl KeyScopes {
    /// Adds a scope, unless it limits nothing.
    pub(super) fn add(&mut self, scope: KeyScope) {
        if !scope.is_empty() {
            self.0.push(scope);
        }
    }

    /// Whether any key limits a claim.
    pub fn limit(&self, limit: ScopeLimit) -> bool {
        self.0.iter().any(|scope| !scope.list(limit).is_empty())
    }

    /// The scope of the key `key_id` of `issuer`: all that is stated of it in several places together.
    ///
    /// What is stated of a key of any issuer holds if it lists no issuers, or this one.
    pub(super) fn of(&self, issuer: &str, key_id: &str) -> Option<KeyScope> {
        self.together(key_id, |scope| match &scope.issuer {
            Some(own) if own == issuer => true,
            None if scope.list(ScopeLimit::Issuers).is_empty() => true,
            _ => scope.holds(ScopeLimit::Issuers, issuer) == Some(true),
        })
    }

    /// The scope of a key `key_id` that other issuers sign with, and not `issuer`, as its scope says.
    pub(super) fn of_others(&self, issuer: &str, key_id: &str) -> Option<KeyScope> {
        self.together(key_id, |scope| {
            scope.holds(ScopeLimit::Issuers, issuer) == Some(false)
        })
    }

    fn together(&self, key_id: &str, wanted: impl Fn(&KeyScope) -> bool) -> Option<KeyScope> {
        let named = self.0.iter().filter(|scope| scope.key_id == key_id);
        let mut found = named.filter(|scope| wanted(scope));
        let mut all = found.next()?.clone();
        for scope in found {
            all.issuer = all.issuer.take().or_else(|| scope.issuer.clone());
            for (list, more) in all.lists.iter_mut().zip(&scope.lists) {
                list.extend(more.iter().cloned());
            }
        }
        Some(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(issuer: Option<&str>, limit: ScopeLimit, cell: &str) -> KeyScope {
        let mut scope = KeyScope {
            issuer: issuer.map(str::to_string),
            key_id: "k".into(),
            ..KeyScope::default()
        };
        scope.lists[limit as usize] = KeyScope::values(cell);
        scope
    }

    #[test]
    fn cells_have_semicolons_or_blanks_between_values() {
        assert_eq!(
            KeyScope::values("shop-api  shop-web"),
            ["shop-api", "shop-web"]
        );
        assert_eq!(
            KeyScope::values("my app; other app ;"),
            ["my app", "other app"]
        );
    }

    #[test]
    fn one_fitting_audience_is_enough_in_any_letter_case() {
        let scope = scope(None, ScopeLimit::Audiences, "shop-api; my app");
        for (audiences, fits) in [
            ("shop-api", true),
            ("Shop-API", true),
            ("https://other.example shop-api", true),
            ("other,shop-api", true),
            (r#"["other","shop-api"]"#, true),
            ("a my app z", true),
            ("shop-api-admin", false),
            ("my-shop-api", false),
            ("shop-api-admin shop-api", true),
            ("", false),
        ] {
            let found = scope.holds(ScopeLimit::Audiences, audiences);
            assert_eq!(found, Some(fits), "{audiences}");
        }
        let algorithm = scope.holds(ScopeLimit::Algorithms, "RS256");
        assert_eq!(algorithm, None, "nothing is stated");
    }

    #[test]
    fn what_several_places_say_of_a_key_holds_together() {
        let mut scopes = KeyScopes::default();
        scopes.add(scope(Some("i"), ScopeLimit::CustomerKinds, "consumer"));
        scopes.add(scope(None, ScopeLimit::CustomerKinds, "guest"));
        scopes.add(scope(Some("j"), ScopeLimit::Audiences, ""));
        let found = scopes.of("i", "k").expect("a scope");
        for (kind, fits) in [("guest", true), ("CONSUMER", true), ("enterprise", false)] {
            let holds = found.holds(ScopeLimit::CustomerKinds, kind);
            assert_eq!(holds, Some(fits), "{kind}");
        }
        assert!(scopes.of("i", "other").is_none());
        assert!(scopes.limit(ScopeLimit::CustomerKinds));
        assert!(!scopes.limit(ScopeLimit::Audiences), "it limits nothing");
    }

    #[test]
    fn a_key_of_other_issuers_is_one_that_lists_them() {
        let mut scopes = KeyScopes::default();
        scopes.add(scope(Some("i"), ScopeLimit::Issuers, "partner"));
        assert!(scopes.of("i", "k").is_some());
        assert!(scopes.of("partner", "k").is_some());
        assert!(scopes.of("j", "k").is_none());
        let foreign = scopes.of_others("j", "k").expect("a scope");
        assert_eq!(foreign.holds(ScopeLimit::Issuers, "j"), Some(false));
        assert_eq!(
            foreign.holds(ScopeLimit::Issuers, "i"),
            Some(true),
            "its own"
        );
        let mut scopes = KeyScopes::default();
        scopes.add(scope(None, ScopeLimit::Issuers, "partner"));
        assert!(scopes.of("partner", "k").is_some());
        assert!(scopes.of("i", "k").is_none(), "of any issuer that it lists");
        assert!(scopes.of_others("i", "k").is_some());
        let mut scopes = KeyScopes::default();
        scopes.add(scope(Some("i"), ScopeLimit::Audiences, "shop-api"));
        assert!(
            scopes.of_others("j", "k").is_none(),
            "issuers are not stated"
        );
    }
}
