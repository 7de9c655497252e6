//! The wanted fields of JSON objects as a tree of their dotted paths.

use std::borrow::Cow;

use crate::bytes::{Mark, same};
use crate::intake::formats::parser::Wanted;

/// The registered claims of RFC 7519, section 4.1: an object with one of them is about a token.
const REGISTERED: [&str; 7] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];

/// A wanted member of an object, or a wanted element of an array.
#[derive(Debug)]
pub(super) struct Child {
    /// The member's name, or the element's index in decimal.
    pub(super) key: Box<[u8]>,
    /// The key as writers mostly put it before its value: `"name":`.
    pub(super) mark: Mark,
    pub(super) node: Node,
    /// Whether it is a registered claim that by itself makes no token known, such as `exp`.
    pub(super) is_watched: bool,
}

impl Child {
    fn new(name: &str) -> Self {
        Child {
            key: name.as_bytes().into(),
            mark: Mark::new(&key_before_value(name)),
            node: Node::default(),
            is_watched: false,
        }
    }

    /// The member and its text by which elements of an array are wanted, if they are not by their place.
    pub(super) fn selects(&self) -> Option<(&str, &str)> {
        let inner = self.key.strip_prefix(b"[")?.strip_suffix(b"]")?;
        std::str::from_utf8(inner).ok()?.split_once('=')
    }

    /// The key, for messages.
    pub(super) fn name(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.key)
    }
}

/// What is wanted of one value: the value itself, or parts of it.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) children: Vec<Child>,
    /// The slots that the value itself fills, each with its rank; rank 0 is the best source.
    pub(super) slots: Vec<(usize, u8)>,
    /// A bit for each slot that is filled from below this node and makes a token known.
    pub(super) claims: u64,
}

impl Node {
    /// The tree of the fields in `wanted`. Of several fields for one slot the first is the best.
    pub(super) fn root(wanted: &Wanted) -> Self {
        let mut root = Node::default();
        for (index, (slot, path)) in wanted.fields.iter().enumerate() {
            let better = wanted.fields[..index].iter();
            let rank = better.filter(|(other, _)| other == slot).count();
            // No case file names 255 fields for one column; beyond that, ranks are equal.
            let rank = u8::try_from(rank).unwrap_or(u8::MAX);
            root.insert(path, (*slot, rank), wanted.claims);
        }
        root.find_watched(wanted.claims);
        root
    }

    /// Returns the place of the child with this key.
    #[inline]
    pub(super) fn find(&self, key: &[u8]) -> Option<usize> {
        self.children.iter().position(|child| same(&child.key, key))
    }

    /// Returns the child of this name, which is made if there is none yet.
    fn child(&mut self, name: &str) -> &mut Node {
        let index = self.find(name.as_bytes()).unwrap_or_else(|| {
            self.children.push(Child::new(name));
            self.children.len() - 1
        });
        &mut self.children[index].node
    }

    /// Has `slot` filled from `path`. Each dot may lead deeper or be part of a name, so every way to
    /// read the path gets its branch.
    fn insert(&mut self, path: &str, slot: (usize, u8), claims: u64) {
        for (dot, _) in path.match_indices('.') {
            let child = self.child(&path[..dot]);
            child.insert(&path[dot + 1..], slot, claims);
            child.claims |= (1 << slot.0) & claims;
        }
        self.child(path).slots.push(slot);
    }

    /// Finds the children that are registered claims beside the claims that make a token known.
    fn find_watched(&mut self, claims: u64) {
        for child in &mut self.children {
            let mut slots = child.node.slots.iter();
            let makes_known =
                child.node.claims != 0 || slots.any(|(slot, _)| claims >> slot & 1 == 1);
            child.is_watched = self.claims != 0 && !makes_known && is_registered(&child.key);
            child.node.find_watched(claims);
        }
    }

    /// Whether elements of an array are wanted.
    pub(super) fn has_elements(&self) -> bool {
        let is_index =
            |child: &Child| !child.key.is_empty() && child.key.iter().all(u8::is_ascii_digit);
        self.children.iter().any(is_index) || self.has_selected()
    }

    /// Whether elements of this very array are wanted by a member of theirs.
    pub(super) fn has_selected(&self) -> bool {
        self.children.iter().any(|child| child.selects().is_some())
    }

    /// Whether elements of any array below are wanted by a member of theirs.
    pub(super) fn has_selected_below(&self) -> bool {
        let below = |child: &Child| child.node.has_selected_below();
        self.has_selected() || self.children.iter().any(below)
    }

    /// Returns the claims that a member which is not wanted stands beside, if its name is a registered
    /// claim: in their object, or under a name that spells out their path (`pass.aud`).
    #[inline]
    pub(super) fn claims_beside(&self, key: &str) -> u64 {
        if self.claims != 0 && is_registered(key.as_bytes()) {
            return self.claims;
        }
        match key.rsplit_once('.') {
            Some((object, name)) if is_registered(name.as_bytes()) => {
                let object = self.find(object.as_bytes());
                object.map_or(0, |index| self.children[index].node.claims)
            }
            _ => 0,
        }
    }
}

/// Whether a name is that of a registered claim.
fn is_registered(name: &[u8]) -> bool {
    REGISTERED.iter().any(|claim| claim.as_bytes() == name)
}

/// The key as it mostly stands before its value. It is empty if the name may be written in several ways,
/// with escapes and without.
fn key_before_value(name: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
    if name.bytes().all(is_plain) {
        format!("\"{name}\":")
    } else {
        String::new()
    }
}
