//! Whether a request showed an account's data, and how surely: one table of rules.
//!
//! | rule | bound | when |
//! |---|---|---|
//! | `served_by_application` | confirmed | the application logged items, the gateway a 2xx |
//! | `delivered_by_gateway` | probable | no application record; a 2xx of the page's usual size |
//! | `served_not_delivered` | possible | the application logged items, the gateway no 2xx |
//! | `size_not_logged` | possible | no application record; a 2xx whose size was not logged |
//! | `account_not_checked` | possible | no application record and no account registry; a 2xx |
//! | `status_not_logged` | possible | the status cannot be read; the size may be the page's |
//! | `page_not_logged` | possible | any of these, but the request cannot be read, so that it may be for any page |
//! | `time_twice` | possible | any of these, at a local time that happened twice |
//! | `account_spelled_otherwise` | possible | any of these, for an account that the registry has without zeros before it |
//! | `another_method` | possible | the application logged items, the gateway a 2xx of the page's usual size; the method is no page's |
//! | any of these | probable at most | under a token that is forged with moderate confidence |
//! | `token_indeterminate` | possible | any of these, under an indeterminate token |
//! | `token_stolen` | counted apart | any of these, under a stolen token that the attacker used |
//! | `token_not_logged` | possible | any of these, but the gateway's line is lost |
//! | `address_dedicated` | probable at most | any of these at a gateway that logs no tokens, from an address of the attacker alone |
//! | `address_shared` | possible | the same, from an address that carries customers too |
//! | `shown_beside` | possible | the application logged items of another account or page for a request that may be the attacker's |
//!
//! The application's word outranks the gateway's: if it logged that it served no items, nothing was shown.
//! If it logged nothing at all, its record may be lost, and the gateway's word stands as *probable*. Other
//! statuses (a redirect to the login, a 404, a 429, a 5xx), bodies shorter than the page's, and accounts
//! that do not exist show nothing.

/// How sure an exposure is, from the surest down.
///
/// In the figures each bound includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bound {
    /// Proven by the application's own record.
    Confirmed,
    /// The gateway delivered a page of the right kind and size.
    Probable,
    /// It cannot be excluded.
    Possible,
}

impl Bound {
    /// The name in outputs.
    pub fn name(self) -> &'static str {
        match self {
            Bound::Confirmed => "confirmed",
            Bound::Probable => "probable",
            Bound::Possible => "possible",
        }
    }

    /// Its rank: 1 for the surest. A figure of a bound counts all ranks up to its own.
    pub fn rank(self) -> u64 {
        self as u64 + 1
    }
}

/// Whose token a request carried, as far as the evidence says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// A token that is forged with strong confidence.
    Forged,
    /// A token that is forged with moderate confidence.
    LikelyForged,
    /// An issued token that the attacker used; it is counted apart.
    Stolen,
    /// A token that is neither shown forged nor shown issued.
    Indeterminate,
    /// Nobody knows: the gateway's line is lost or its token unreadable.
    Unknown,
    /// A request that may be the attacker's, for which the application served another page or account too.
    Beside,
    /// None that was logged, from an address of the attacker alone, while it carried forged tokens elsewhere.
    OfDedicatedAddress,
    /// The same from an address that carries customers too.
    OfSharedAddress,
}

/// What the tiers say about one request for a page of the catalogue.
#[derive(Debug, Clone, Copy)]
pub struct PageRequest {
    /// Whose token it carried.
    pub carrier: Carrier,
    /// Status and body size as the gateway logged them, or the edge where the gateway's line is lost.
    pub response: Option<(Option<u16>, Option<u64>)>,
    /// How many items the application logged that it served.
    pub items: Option<u64>,
    /// A body of fewer bytes shows nothing.
    pub empty_below_bytes: u64,
    /// Whether the account is in the registry; `None` where there is no registry.
    pub account_exists: Option<bool>,
    /// Whether the registry has the account in another spelling only.
    pub spelled_otherwise: bool,
    /// Whether no page of the catalogue has the method, so that only the application tells the page.
    pub other_method: bool,
    /// Whether the request cannot be read, so that it may be for any page.
    pub page_unknown: bool,
    /// Whether the local time of the request happened twice.
    pub time_twice: bool,
}

/// The bound and the rule of what a request showed; `None` if it showed nothing.
pub fn judge(request: &PageRequest) -> Option<(Bound, &'static str)> {
    let success = request.response.map(|(status, bytes)| {
        let success = status.map(|status| (200..300).contains(&status));
        (success, bytes)
    });
    let sized = |bytes: Option<u64>| bytes.is_none_or(|bytes| bytes >= request.empty_below_bytes);
    let (bound, rule) = match (request.items, success) {
        (Some(0), _) => return None,
        (Some(_), Some((Some(true), _))) => (Bound::Confirmed, "served_by_application"),
        (Some(_), Some((None, _))) => (Bound::Possible, "status_not_logged"),
        (Some(_), _) => (Bound::Possible, "served_not_delivered"),
        (None, Some((None, bytes))) if sized(bytes) && request.account_exists != Some(false) => {
            (Bound::Possible, "status_not_logged")
        }
        (None, Some((Some(true), Some(bytes)))) if bytes >= request.empty_below_bytes => {
            match request.account_exists {
                Some(true) => (Bound::Probable, "delivered_by_gateway"),
                Some(false) => return None,
                None => (Bound::Possible, "account_not_checked"),
            }
        }
        (None, Some((Some(true), None))) if request.account_exists != Some(false) => {
            (Bound::Possible, "size_not_logged")
        }
        (None, _) => return None,
    };
    if request.other_method {
        let may_show = |(ok, bytes)| ok != Some(false) && sized(bytes);
        let shown = request.items.is_some() && success.is_some_and(may_show);
        return shown.then_some(match request.carrier {
            Carrier::Stolen => (Bound::Possible, "token_stolen"),
            _ => (Bound::Possible, "another_method"),
        });
    }
    let (bound, rule) = match request {
        _ if request.spelled_otherwise => (Bound::Possible, "account_spelled_otherwise"),
        _ if request.page_unknown => (Bound::Possible, "page_not_logged"),
        _ if request.time_twice => (Bound::Possible, "time_twice"),
        _ => (bound, rule),
    };
    Some(match request.carrier {
        Carrier::Forged => (bound, rule),
        Carrier::LikelyForged => (bound.max(Bound::Probable), rule),
        Carrier::Stolen => (bound, "token_stolen"),
        Carrier::Indeterminate => (Bound::Possible, "token_indeterminate"),
        Carrier::Unknown => (Bound::Possible, "token_not_logged"),
        Carrier::Beside => (Bound::Possible, "shown_beside"),
        Carrier::OfDedicatedAddress => (bound.max(Bound::Probable), "address_dedicated"),
        Carrier::OfSharedAddress => (Bound::Possible, "address_shared"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A change of a request that the application and the gateway both served.
    type Alteration = fn(&mut PageRequest);

    /// It is long, for it is the table itself, a row for each rule and its near misses.
    #[test]
    fn the_table_holds() {
        let table: [(Alteration, Option<(Bound, &str)>); 31] = [
            (|_| (), Some((Bound::Confirmed, "served_by_application"))),
            (
                |request| request.spelled_otherwise = true,
                Some((Bound::Possible, "account_spelled_otherwise")),
            ),
            (
                |request| request.other_method = true,
                Some((Bound::Possible, "another_method")),
            ),
            (
                |request| {
                    (request.other_method, request.response) = (true, Some((Some(200), Some(0))))
                },
                None,
            ),
            (
                |request| {
                    (request.other_method, request.response) = (true, Some((Some(404), Some(500))))
                },
                None,
            ),
            (
                |request| (request.other_method, request.items) = (true, None),
                None,
            ),
            (|request| request.items = Some(0), None),
            (
                |request| request.items = None,
                Some((Bound::Probable, "delivered_by_gateway")),
            ),
            (
                |request| (request.items, request.response) = (None, Some((Some(200), Some(99)))),
                None,
            ),
            (
                |request| (request.items, request.response) = (None, Some((Some(200), Some(100)))),
                Some((Bound::Probable, "delivered_by_gateway")),
            ),
            (
                |request| (request.items, request.response) = (None, Some((Some(200), None))),
                Some((Bound::Possible, "size_not_logged")),
            ),
            (
                |request| (request.items, request.response) = (None, Some((Some(404), Some(500)))),
                None,
            ),
            (
                |request| (request.items, request.response) = (None, Some((Some(302), Some(500)))),
                None,
            ),
            (
                |request| (request.items, request.account_exists) = (None, Some(false)),
                None,
            ),
            (
                |request| (request.items, request.account_exists) = (None, None),
                Some((Bound::Possible, "account_not_checked")),
            ),
            (
                |request| request.response = Some((Some(499), Some(0))),
                Some((Bound::Possible, "served_not_delivered")),
            ),
            (
                |request| request.response = None,
                Some((Bound::Possible, "served_not_delivered")),
            ),
            (
                |request| request.response = Some((None, Some(500))),
                Some((Bound::Possible, "status_not_logged")),
            ),
            (
                |request| (request.items, request.response) = (None, Some((None, None))),
                Some((Bound::Possible, "status_not_logged")),
            ),
            (
                |request| (request.items, request.response) = (None, Some((None, Some(99)))),
                None,
            ),
            (
                |request| (request.items, request.page_unknown) = (None, true),
                Some((Bound::Possible, "page_not_logged")),
            ),
            (
                |request| (request.page_unknown, request.items) = (true, Some(0)),
                None,
            ),
            (
                |request| request.time_twice = true,
                Some((Bound::Possible, "time_twice")),
            ),
            (
                |request| (request.time_twice, request.carrier) = (true, Carrier::Stolen),
                Some((Bound::Possible, "token_stolen")),
            ),
            (
                |request| request.carrier = Carrier::Indeterminate,
                Some((Bound::Possible, "token_indeterminate")),
            ),
            (
                |request| request.carrier = Carrier::Unknown,
                Some((Bound::Possible, "token_not_logged")),
            ),
            (
                |request| (request.carrier, request.items) = (Carrier::Unknown, Some(0)),
                None,
            ),
            (
                |request| (request.carrier, request.response) = (Carrier::Beside, None),
                Some((Bound::Possible, "shown_beside")),
            ),
            (
                |request| request.carrier = Carrier::OfDedicatedAddress,
                Some((Bound::Probable, "address_dedicated")),
            ),
            (
                |request| request.carrier = Carrier::OfSharedAddress,
                Some((Bound::Possible, "address_shared")),
            ),
            (
                |request| {
                    (request.carrier, request.items) = (Carrier::OfDedicatedAddress, Some(0));
                },
                None,
            ),
        ];
        for (change, expected) in table {
            let mut request = PageRequest {
                carrier: Carrier::Forged,
                response: Some((Some(200), Some(500))),
                items: Some(3),
                empty_below_bytes: 100,
                account_exists: Some(true),
                spelled_otherwise: false,
                other_method: false,
                page_unknown: false,
                time_twice: false,
            };
            change(&mut request);
            assert_eq!(judge(&request), expected, "{request:?}");
        }
    }
}
