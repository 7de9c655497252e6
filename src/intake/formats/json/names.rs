//! The dotted paths of all fields of an object.

use serde_json::Value;

/// Returns the dotted paths of all fields of an object, in order. Of an array the first element counts.
/// Texts that hold an object are walked into.
pub fn names(line: &str) -> Vec<String> {
    let mut names = Vec::new();
    let Ok(Value::Object(object)) = serde_json::from_str(line) else {
        return names;
    };
    let mut pending: Vec<(String, Value)> = object.into_iter().collect();
    while let Some((path, value)) = pending.pop() {
        let below = |key: &str| format!("{path}.{key}");
        match value {
            Value::Object(members) => {
                let members = members.into_iter();
                pending.extend(members.map(|(key, value)| (below(&key), value)));
            }
            Value::Array(elements) => {
                let first = elements.into_iter().next();
                pending.extend(first.map(|value| (below("0"), value)));
            }
            Value::String(text) if text.trim_start().starts_with('{') => {
                match serde_json::from_str(&text) {
                    Ok(Value::Object(members)) => {
                        let members = members.into_iter();
                        pending.extend(members.map(|(key, value)| (below(&key), value)));
                    }
                    _ => names.push(path),
                }
            }
            _ => names.push(path),
        }
    }
    names.sort();
    names
}
