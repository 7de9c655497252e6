//! Which signing keys the disclosure shows.

use crate::tokens::timeline::KeyLife;

/// Keys outside the inventory that are shown one by one.
///
/// A forger can name any number of keys; the frame `key_timeline` has them all.
pub(super) const MOST_KEYS: usize = 20;

/// All keys of the inventory, and of the others those that the most tokens name.
pub(super) fn shown(keys: Vec<KeyLife>) -> Vec<KeyLife> {
    let (mut shown, mut others): (Vec<_>, Vec<_>) = keys.into_iter().partition(|life| life.listed);
    others.sort_by_key(|life| std::cmp::Reverse(tokens(life)));
    shown.extend(others.into_iter().take(MOST_KEYS));
    shown
}

/// The number of tokens that name a key.
pub(super) fn tokens(life: &KeyLife) -> u64 {
    life.honest_tokens + life.forged_tokens + life.indeterminate_tokens
}
