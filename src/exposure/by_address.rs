//! Requests at gateways that log no tokens, told by the address and the time of forged tokens elsewhere.

use std::collections::{HashMap, HashSet};

use foldhash::fast::FixedState;

use super::judge::Carrier;
use crate::case::Context;
use crate::error::Result;
use crate::lines::{Line, Tier, Verdict};
use crate::shuffle::{Decoder, Shuffle, each_partition};

/// The addresses that carried forged tokens at other gateways.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    /// From when to when each carried forged tokens, in microseconds since 1970 UTC.
    seen: HashMap<u128, (i64, i64), FixedState>,
    /// Those that carried a legitimate token too.
    shared: HashSet<u128, FixedState>,
    /// How long before and after a request may still be of the same crawl run, in microseconds.
    pause: i64,
}

impl Addresses {
    /// Finds the addresses among the judged lines of all requests.
    pub(super) fn find(context: &Context<'_>, by_request: &Shuffle) -> Result<Self> {
        let found = each_partition(by_request.count(), context.threads, |index| {
            let mut found = Addresses::default();
            for record in by_request.read(index)?.iter() {
                found.add(&Line::decode(&mut Decoder(record)));
            }
            Ok(found)
        })?;
        let mut all = Addresses {
            pause: i64::from(context.case.file.policy.run_pause_hours) * 3_600_000_000,
            ..Addresses::default()
        };
        for one in found {
            for (address, (first, last)) in one.seen {
                all.see(address, first, last);
            }
            all.shared.extend(one.shared);
        }
        Ok(all)
    }

    fn see(&mut self, address: u128, first: i64, last: i64) {
        let seen = self.seen.entry(address).or_insert((first, last));
        *seen = (seen.0.min(first), seen.1.max(last));
    }

    fn add(&mut self, line: &Line) {
        match (line.tier, line.source_ip) {
            (Tier::Judged(Verdict::Forged, _), Some(address)) => {
                self.see(address, line.event_time, line.event_time);
            }
            (Tier::Judged(Verdict::Legitimate, _), Some(address)) => {
                self.shared.insert(address);
            }
            _ => {}
        }
    }

    /// Whose request this may be; `None` if nothing ties it to the attacker.
    pub(super) fn carrier(&self, line: &Line) -> Option<Carrier> {
        let address = line.source_ip?;
        let (first, last) = self.seen.get(&address)?;
        let within = first - self.pause..=last + self.pause;
        within
            .contains(&line.event_time)
            .then(|| match self.shared.contains(&address) {
                true => Carrier::OfSharedAddress,
                false => Carrier::OfDedicatedAddress,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000_000;

    fn line(tier: Tier, hour: i64, address: u128) -> Line {
        Line {
            tier,
            request: 1,
            event_time: hour * HOUR,
            evidence_id: 1,
            line_no: 1,
            source_ip: Some(address),
            page: None,
            other_method: false,
            page_unknown: false,
            time_twice: false,
            status: Some(200),
            body_bytes: None,
            account: None,
            items: 0,
            identity: 0,
        }
    }

    #[test]
    fn a_request_is_tied_by_address_and_time() {
        let mut addresses = Addresses {
            pause: 24 * HOUR,
            ..Addresses::default()
        };
        let [forged, honest] = [Verdict::Forged, Verdict::Legitimate];
        for (verdict, hour, address) in [
            (forged, 100, 1),
            (forged, 130, 1),
            (forged, 100, 2),
            (honest, 500, 2),
            (honest, 100, 3),
        ] {
            addresses.add(&line(Tier::Judged(verdict, false), hour, address));
        }
        let seen = |hour, address| addresses.carrier(&line(Tier::NoToken, hour, address));
        assert_eq!(seen(120, 1), Some(Carrier::OfDedicatedAddress));
        assert_eq!(
            [76, 154].map(|hour| seen(hour, 1)),
            [Some(Carrier::OfDedicatedAddress); 2]
        );
        assert_eq!(
            [75, 155].map(|hour| seen(hour, 1)),
            [None; 2],
            "a crawl run ends there"
        );
        assert_eq!(seen(100, 2), Some(Carrier::OfSharedAddress));
        assert_eq!([3, 4].map(|address| seen(100, address)), [None; 2]);
    }
}
