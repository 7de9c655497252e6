//! Makes the variables of a template: what ends each value, and which slot it fills.

use super::pieces::{Meaning, Piece, Style};
use super::tail::Tail;
use super::variable::{Content, Ends, Quoting, Variable};
use crate::case::TimeFormat;
use crate::frames::{Frame, Kind};
use crate::intake::blocks::fields::{SLOTS, slot};
use crate::intake::formats::parser::Wanted;

/// Returns the text before the first variable of a template, and its variables, which fill nothing yet.
pub(super) fn variables(
    pieces: &[Piece],
    style: &Style,
) -> Result<(Box<[u8]>, Vec<Variable>), String> {
    let (named, rest) = apart(pieces)?;
    let Some((begin, _)) = named.first() else {
        return Err("it names no variable".into());
    };
    let variable = |(index, (before, name)): (usize, &Named<'_>)| {
        let next = named.get(index + 1);
        let until = next.map_or(&rest, |(before, _)| before);
        let quoting = match (before.ends_with('"'), style.escapes) {
            (false, _) => Quoting::Bare,
            (true, false) => Quoting::Quoted,
            (true, true) => Quoting::Escaped,
        };
        let ends = match next {
            Some((_, next)) if is_common_time(next, style.meanings) => Ends::BeforeTime,
            Some(_) => Ends::AtText,
            None if until.is_empty() => Ends::WithLine,
            // A line may have no tail, and then it has no blank before the tail either.
            None if style.tail && until == " " => Ends::AtTextOrLineEnd,
            None => Ends::AtText,
        };
        Variable {
            name: name.to_string(),
            slot: None,
            until: until.as_bytes().into(),
            ends,
            quoting,
            content: content(name, quoting, until),
        }
    };
    let variables = named.iter().enumerate().map(variable).collect();
    Ok((begin.as_bytes().into(), variables))
}

/// A literal, and the name of the variable behind it.
type Named<'p> = (String, &'p str);

/// Returns each variable's name with the literal before it, and the literal behind the last variable.
fn apart(pieces: &[Piece]) -> Result<(Vec<Named<'_>>, String), String> {
    let mut named: Vec<Named<'_>> = Vec::new();
    let mut before = String::new();
    for piece in pieces {
        let name = match piece {
            Piece::Literal(text) => {
                before.push_str(text);
                continue;
            }
            Piece::Variable(name) => name,
        };
        if let Some((_, last)) = named.last()
            && before.is_empty()
        {
            return Err(format!(
                "nothing stands between `{last}` and `{name}`, so no line could be taken apart"
            ));
        }
        named.push((std::mem::take(&mut before), name));
    }
    Ok((named, before))
}

/// Whether a variable writes a time as the common log does.
fn is_common_time(name: &str, meanings: &[Meaning]) -> bool {
    let mut times = meanings
        .iter()
        .filter(|meaning| meaning.time == Some(TimeFormat::Common));
    times.any(|meaning| meaning.variable == name)
}

fn content(name: &str, quoting: Quoting, until: &str) -> Content {
    match name {
        _ if name.contains("upstream") => Content::List,
        "$body_bytes_sent" | "%b" | "$status" | "%s" | "%>s" => Content::Count,
        "$request" | "%r" if quoting == Quoting::Bare && until.starts_with(' ') => {
            Content::BareRequest
        }
        _ => Content::Text,
    }
}

/// Has the fields that the case file maps filled: from variables, and else from the tail if the style
/// has one. They are the best source of their columns.
pub(super) fn fill_mapped(
    variables: &mut [Variable],
    wanted: &Wanted,
    style: &Style,
) -> Result<Option<Tail>, String> {
    let mut tail = Tail::default();
    let mut seen: Vec<&String> = Vec::new();
    for (slot, name) in &wanted.fields {
        if seen.contains(&name) {
            return Err(format!("`{name}` is to fill two columns; it can fill one"));
        }
        seen.push(name);
        let variable = variables.iter_mut().find(|known| known.name == *name);
        if let Some(variable) = variable {
            variable.slot = Some((*slot, 0));
        } else if !style.tail {
            return Err(no_variable(name, variables));
        } else if let Some(place) = name.strip_prefix("tail.") {
            let place = place.parse().ok().filter(|place| *place > 0);
            let place: usize =
                place.ok_or("the fields of the tail are tail.1, tail.2 and so on")?;
            tail.placed.push((place, *slot));
        } else {
            tail.named.push((name.clone(), *slot));
        }
    }
    Ok(style.tail.then_some(tail))
}

/// What is said of a field that is no variable of the template.
fn no_variable(name: &str, variables: &[Variable]) -> String {
    let known: Vec<&str> = variables.iter().map(|known| known.name.as_str()).collect();
    let variable = format!("${name}");
    match known.contains(&variable.as_str()) {
        true => format!("`{name}` is not in its log_format, but `{variable}` is"),
        false => format!(
            "`{name}` is not in its log_format, which has {}",
            known.join(" ")
        ),
    }
}

/// Has the columns that the case file maps nothing to filled by what the variables mean. Returns the slots
/// that are filled so, and how times are written if one of them is a time.
pub(super) fn fill_meant(
    variables: &mut [Variable],
    meanings: &[Meaning],
    frame: &Frame,
    wanted: &Wanted,
) -> (Vec<usize>, Option<TimeFormat>) {
    let (mut filled, mut time) = (Vec::new(), None);
    // Rank 0 is for what the case file maps.
    let mut ranks = [1u8; SLOTS];
    for meaning in meanings {
        let Some(slot) = slot(frame, meaning.column) else {
            continue;
        };
        if wanted.fields.iter().any(|(mapped, _)| *mapped == slot) {
            continue;
        }
        let mut free = variables.iter_mut().filter(|known| known.slot.is_none());
        if let Some(variable) = free.find(|known| known.name == meaning.variable) {
            variable.slot = Some((slot, ranks[slot]));
            ranks[slot] += 1;
            filled.push(slot);
            time = time.or(meaning.time);
        }
    }
    (filled, time)
}

/// Has a value at the end of the line end at the first blank, if the value is a word. Where two lines
/// became one, the second line must not pass for a part of an id.
pub(super) fn end_last_word(variables: &mut [Variable], frame: &Frame, words: &[&str]) {
    let Some(last) = variables.last_mut() else {
        return;
    };
    let column = last.slot.and_then(|(slot, _)| frame.columns.get(slot));
    let kinds = [
        Kind::Identifier,
        Kind::Address,
        Kind::Unsigned,
        Kind::Small,
        Kind::Code,
    ];
    let is_word = column.is_some_and(|column| kinds.contains(&column.kind))
        || words.contains(&last.name.as_str());
    if is_word && last.ends == Ends::WithLine && last.quoting == Quoting::Bare {
        last.until = Box::new(*b" ");
        last.ends = Ends::AtTextOrLineEnd;
    }
}
