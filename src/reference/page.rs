//! A page of reference, printed as text for the terminal, as Markdown, or as JSON.

use std::fmt::Write as _;

use serde_json::Value;

use crate::terminal::wrapped;

/// A page of reference: what people read, and the same as data.
#[derive(Debug)]
pub struct Page {
    /// What people read, in order.
    pub parts: Vec<Part>,
    /// The same as data.
    pub data: Value,
}

/// A part of a page.
#[derive(Debug)]
pub enum Part {
    /// The title of the page.
    Title(String),
    /// The heading of a section.
    Heading(String),
    /// A paragraph.
    Paragraph(String),
    /// Short labels, each with what it stands for.
    Facts(Vec<(&'static str, String)>),
    /// Names, each with a remark and its meaning.
    Entries(Vec<Entry>),
    /// Lines that are printed as they are.
    Code(String),
}

/// A name with its meaning.
#[derive(Debug)]
pub struct Entry {
    /// The name.
    pub name: String,
    /// A few words on it, such as its type; may be empty.
    pub remark: String,
    /// What it means, in one line or several.
    pub what: String,
}

/// Columns of the terminal that lines fill.
const WIDTH: usize = 80;
/// Columns that labels fill, with the blanks around them.
const LABEL: usize = 14;

impl Page {
    /// The page for the terminal, in lines of at most 80 columns.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Title(text) | Part::Heading(text) => wrapped(text, "", &mut out),
                Part::Paragraph(text) => wrapped(text, "  ", &mut out),
                Part::Facts(facts) => {
                    for (label, text) in facts {
                        hanging(label, text, &mut out);
                    }
                }
                Part::Entries(entries) => {
                    for entry in entries {
                        let line = format!("{}  {}", entry.name, entry.remark);
                        wrapped(line.trim_end(), "  ", &mut out);
                        for line in entry.what.lines() {
                            wrapped(line, "      ", &mut out);
                        }
                    }
                }
                Part::Code(text) => broken(text, &mut out),
            }
            if !matches!(part, Part::Heading(_)) {
                out.push('\n');
            }
        }
        let end = out.trim_end().len();
        out.truncate(end);
        out.push('\n');
        out
    }

    /// The page as Markdown.
    pub fn markdown(&self) -> String {
        let mut out = String::new();
        for part in &self.parts {
            let _ = match part {
                Part::Title(text) => writeln!(out, "# {text}"),
                Part::Heading(text) => writeln!(out, "## {text}"),
                Part::Paragraph(text) => writeln!(out, "{text}"),
                Part::Facts(facts) => facts
                    .iter()
                    .try_for_each(|(label, text)| writeln!(out, "- *{label}*: {text}")),
                Part::Entries(entries) => markdown_table(entries, &mut out),
                Part::Code(text) => writeln!(out, "```text\n{text}\n```"),
            };
            out.push('\n');
        }
        out.pop();
        out
    }

    /// The page as JSON.
    pub fn json(&self) -> String {
        format!("{:#}\n", self.data)
    }
}

/// Appends a label, and the text beside it in lines of at most 80 columns.
fn hanging(label: &str, text: &str, out: &mut String) {
    let start = out.len();
    wrapped(text, &" ".repeat(LABEL), out);
    let label = format!("  {label:<width$}", width = LABEL - 2);
    out.replace_range(start..start + LABEL, &label);
}

/// Appends lines as they are; one that is too long goes on in the next, which is told.
fn broken(text: &str, out: &mut String) {
    let width = WIDTH - 4;
    for line in text.lines() {
        let characters: Vec<char> = line.replace('\t', "\\t").chars().collect();
        for piece in characters.chunks(width) {
            let _ = writeln!(out, "    {}", piece.iter().collect::<String>());
        }
    }
    if text.lines().any(|line| line.chars().count() > width) {
        out.push_str("  (long lines go on in the next here; --format md has them whole)\n");
    }
}

fn markdown_table(entries: &[Entry], out: &mut String) -> std::fmt::Result {
    let cell = |text: &str| text.replace('|', "\\|").replace('\n', "<br>");
    writeln!(out, "| name | | meaning |\n|---|---|---|")?;
    entries.iter().try_for_each(|entry| {
        let (remark, what) = (cell(&entry.remark), cell(&entry.what));
        writeln!(out, "| `{}` | {remark} | {what} |", cell(&entry.name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_the_same_words_in_each_form() {
        let long =
            "A sentence that is too long for one line of a terminal that has eighty columns.";
        let page = Page {
            parts: vec![
                Part::Title("Title".into()),
                Part::Facts(vec![("label", long.into())]),
                Part::Entries(vec![Entry {
                    name: "name".into(),
                    remark: "number".into(),
                    what: "What a|b is.".into(),
                }]),
                Part::Code("x".repeat(100)),
            ],
            data: serde_json::json!({ "name": "number" }),
        };
        let text = page.text();
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH));
        assert!(text.contains("  label       A sentence"), "{text}");
        assert!(
            text.contains("  name  number\n      What a|b is."),
            "{text}"
        );
        let markdown = page.markdown();
        assert!(markdown.starts_with("# Title\n"), "{markdown}");
        assert!(
            markdown.contains("| `name` | number | What a\\|b is. |"),
            "{markdown}"
        );
        assert!(markdown.contains(&"x".repeat(100)));
        assert_eq!(page.json(), "{\n  \"name\": \"number\"\n}\n");
    }
}
