//! Planted figures, and their text in the files of truth.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Figures by their id: confirmed, probable, possible.
pub(super) type Figures = BTreeMap<String, [u64; 3]>;

/// The text of a file of truth, up to its figures.
pub(super) fn text(figures: &Figures) -> String {
    let mut text = String::from(
        "# The planted truth, counted while generating and never by the analyzer.\n\n[figures]\n",
    );
    for (id, [confirmed, probable, possible]) in figures {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "\"{id}\" = {{ confirmed = {confirmed}, probable = {probable}, possible = {possible} }}"
        );
    }
    text
}
