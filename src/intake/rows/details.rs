//! The sentences that say what is wrong with a line.

use crate::intake::reject::{Reason, Reject};

/// The status and size with which a server answered, as logged.
pub(super) type Answer<'s> = (Option<&'s str>, Option<&'s str>);

/// The reject of a line without the required column `name`.
///
/// A request that the server refused needs neither a method nor a path, so for these two the detail
/// says that this one was not refused.
#[cold]
pub(super) fn missing(name: &str, answer: Option<Answer<'_>>) -> Reject {
    let answer = match answer {
        Some((Some(status), size)) if matches!(name, "method" | "path") => {
            let with = size.map_or(String::new(), |size| {
                format!(" with size `{}`", excerpt(size))
            });
            let status = excerpt(status);
            format!(", and the status `{status}`{with} does not say that the server refused it")
        }
        _ => String::new(),
    };
    let detail = format!("the line has no `{name}`{answer}");
    Reject::new(Reason::FieldMissing, detail)
}

/// The reject of a line whose column `name` has `text` where `wanted` should be.
#[cold]
pub(super) fn bad_number(name: &str, text: &[u8], wanted: &str) -> Reject {
    let text = String::from_utf8_lossy(text);
    let detail = format!("`{name}` is `{}`, which is no {wanted}", excerpt(&text));
    Reject::new(Reason::BadNumber, detail)
}

/// The beginning of `text`, long enough to recognize it.
pub(super) fn excerpt(text: &str) -> String {
    text.chars().take(40).collect()
}
