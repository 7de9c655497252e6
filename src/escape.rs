//! Makes text from logs safe to show on a terminal.

/// The text with each control character written as `\u{...}`, so that it cannot steer a terminal.
pub fn plain(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_control() {
                format!("\\u{{{:x}}}", c as u32)
            } else {
                c.to_string()
            }
        })
        .collect()
}
