//! What each event of an identity log did, by its words.

use std::collections::BTreeMap;

use crate::case::{Meaning, Words};
use crate::frames::Frame;
use crate::intake::blocks::line_set::MOST_LINES;
use crate::intake::blocks::stretch::Stretch;

/// Different unknown texts that are counted one by one: whoever writes a log may write any number.
const MOST_COUNTED: usize = 100;
/// Stands for the unknown texts beyond that.
const REST: &str = "(others)";

/// Reads the column `meaning` of a frame that has one.
#[derive(Debug)]
pub(super) struct Meanings {
    event: usize,
    outcome: usize,
    /// By line of the stretch: what its event did.
    of_lines: [Meaning; MOST_LINES],
    /// By column, texts on no list, and how many lines have each.
    pub(super) unknown: BTreeMap<String, BTreeMap<String, u64>>,
}

impl Meanings {
    /// The columns that decide it; `None` for a frame without them.
    pub(super) fn of(frame: &Frame) -> Option<Self> {
        frame.index("meaning")?;
        Some(Meanings {
            event: frame.index("event")?,
            outcome: frame.index("outcome")?,
            of_lines: [Meaning::Unknown; MOST_LINES],
            unknown: BTreeMap::new(),
        })
    }

    /// Reads what the events of the stretch did; `constants` stand for texts that a line does not have.
    pub(super) fn read(
        &mut self,
        stretch: &Stretch<'_>,
        words: &Words,
        constants: &[Option<String>],
    ) {
        let text = |line, column: usize| stretch.get(line, column).or(constants[column].as_deref());
        let mut last = ((None, None), words.meaning(None, None));
        for line in stretch.all().iter() {
            let texts = (text(line, self.event), text(line, self.outcome));
            let meaning = match last {
                (known, meaning) if known == texts => meaning,
                _ => words.meaning(texts.0, texts.1),
            };
            last = (texts, meaning);
            self.of_lines[line] = meaning;
            if meaning == Meaning::Unknown {
                let is_unknown = |text: &&str, of: fn(&Words, &str) -> Meaning| {
                    of(words, text) == Meaning::Unknown
                };
                let event = texts.0.filter(|text| is_unknown(text, Words::of_event));
                let outcome = texts.1.filter(|text| is_unknown(text, Words::of_outcome));
                for (column, text) in [("event", event), ("outcome", outcome)] {
                    if let Some(text) = text {
                        count(&mut self.unknown, column, text);
                    }
                }
            }
        }
    }

    /// The names of what the events did, by line.
    pub(super) fn names(&self) -> [&'static [u8]; MOST_LINES] {
        self.of_lines.map(|meaning| meaning.name().as_bytes())
    }
}

#[cold]
fn count(unknown: &mut BTreeMap<String, BTreeMap<String, u64>>, column: &str, text: &str) {
    let known = unknown.entry(column.to_string()).or_default();
    let mut shown: String = text.chars().take(60).collect();
    if !known.contains_key(&shown) && known.len() >= MOST_COUNTED {
        shown = REST.to_string();
    }
    *known.entry(shown).or_default() += 1;
}
