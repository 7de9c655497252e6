//! `breachscope help case`: every setting of the case file, from the structs that it is read with.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

use super::page::{Entry, Page, Part};
use crate::case::{
    ACCOUNT_REGISTRY, CaseFile, CatalogueFile, KEY_INVENTORY, RegistryColumn, TimeFormat,
};

/// The page on the settings of the case file and the files that it names.
pub fn settings() -> Page {
    let schema = case_schema();
    let mut parts = vec![
        Part::Title("Settings of the case file, `case.toml` (TOML)".into()),
        Part::Paragraph(description(&schema)),
        Part::Paragraph(
            "`breachscope init EVIDENCE_DIR` writes a first one; sample-data/replica/case.toml shows most settings."
                .into(),
        ),
    ];
    tables(&schema, &schema, "", &mut parts);
    let catalogue = &schema["$defs"]["CatalogueFile"];
    parts.push(Part::Title(
        "The page catalogue (`registry.pages`), TOML".into(),
    ));
    parts.push(Part::Paragraph(description(catalogue)));
    tables(&schema, catalogue, "", &mut parts);
    for (title, columns) in REGISTRIES {
        parts.push(Part::Title((*title).into()));
        parts.push(Part::Entries(columns.iter().map(registry_entry).collect()));
    }
    Page {
        parts,
        data: schema,
    }
}

/// The CSV registries that the case file names.
const REGISTRIES: &[(&str, &[RegistryColumn])] = &[
    (
        "The key inventory (`registry.keys`), CSV: one row a key and custodian",
        KEY_INVENTORY,
    ),
    (
        "The account registry (`registry.accounts`), CSV: one row an account, closed ones too",
        ACCOUNT_REGISTRY,
    ),
];

/// The JSON Schema of the case file; its definitions have the page catalogue and the registries' rows too.
pub fn case_schema() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    generator.subschema_for::<CatalogueFile>();
    let schema: Schema = generator.into_root_schema_for::<CaseFile>();
    let mut schema = schema.to_value();
    let rows = [
        ("KeyInventoryRow", KEY_INVENTORY),
        ("AccountRegistryRow", ACCOUNT_REGISTRY),
    ];
    for (name, columns) in rows {
        schema["$defs"][name] = registry_schema(columns);
    }
    schema
}

fn registry_schema(columns: &[RegistryColumn]) -> Value {
    let mut properties = Map::new();
    for column in columns {
        let mut property = json!({ "type": "string", "description": column.what });
        if column.time {
            property["format"] = "date-time".into();
        }
        properties.insert(column.name.into(), property);
    }
    let required = columns.iter().filter(|column| column.required);
    json!({
        "type": "object",
        "properties": properties,
        "required": required.map(|column| column.name).collect::<Vec<_>>(),
    })
}

fn registry_entry(column: &RegistryColumn) -> Entry {
    let kind = if column.time {
        "time with an offset"
    } else {
        "text"
    };
    let needed = if column.required {
        "required column"
    } else {
        "optional column"
    };
    Entry {
        name: column.name.into(),
        remark: format!("{kind}, {needed}"),
        what: column.what.into(),
    }
}

/// The sentence that says how `time` writes times.
pub(super) fn time_format(time: TimeFormat) -> String {
    let name = serde_json::to_value(time).unwrap_or_default();
    choices(&schema_of::<TimeFormat>())
        .into_iter()
        .find(|(known, _)| *known == name)
        .map_or(String::new(), |(_, what)| what)
}

fn schema_of<T: JsonSchema>() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    generator.into_root_schema_for::<T>().to_value()
}

/// The description of a schema, a paragraph a line.
fn description(schema: &Value) -> String {
    let text = schema["description"].as_str().unwrap_or_default();
    let paragraphs = text.split("\n\n").map(|part| part.replace('\n', " "));
    paragraphs.collect::<Vec<_>>().join(" ")
}

/// The schema that a `$ref` stands for.
fn resolved<'s>(root: &'s Value, schema: &'s Value) -> &'s Value {
    let of = schema["anyOf"].as_array().and_then(|all| all.first());
    match of.unwrap_or(schema)["$ref"].as_str() {
        Some(reference) => root
            .pointer(reference.trim_start_matches('#'))
            .unwrap_or(schema),
        None => schema,
    }
}

/// The names of a table's settings: those that must be there first, in their order.
fn names(table: &Value) -> Vec<&str> {
    let required = table["required"].as_array().into_iter().flatten();
    let mut names: Vec<&str> = required.filter_map(Value::as_str).collect();
    let properties = table["properties"].as_object().into_iter().flatten();
    for (name, _) in properties {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    names
}

/// Appends a section for each table of the schema `table`, and their settings.
fn tables(root: &Value, table: &Value, above: &str, parts: &mut Vec<Part>) {
    for name in names(table) {
        let property = &table["properties"][name];
        let (many, schema) = match property.get("items") {
            Some(items) => (true, resolved(root, items)),
            None => (false, resolved(root, property)),
        };
        if schema.get("properties").is_none() {
            continue;
        }
        let path = format!("{above}{name}");
        let needed = if is_required(table, name) {
            "required"
        } else {
            "optional"
        };
        parts.push(Part::Heading(match many {
            true if above.is_empty() => format!("[[{path}]]  {needed}, once for each"),
            true => format!("{path}: a list of tables"),
            false => format!("[{path}]  {needed}"),
        }));
        parts.push(Part::Paragraph(description(property)));
        let entries = names(schema).into_iter();
        let entries = entries.map(|name| setting(root, schema, name)).collect();
        parts.push(Part::Entries(entries));
        tables(root, schema, &format!("{path}."), parts);
    }
}

fn is_required(table: &Value, name: &str) -> bool {
    let required = table["required"].as_array();
    required.is_some_and(|all| all.iter().any(|one| one == name))
}

/// One setting: its type, whether it must be there or what it is otherwise, its meaning and an example.
fn setting(root: &Value, table: &Value, name: &str) -> Entry {
    let property = &table["properties"][name];
    let mut remark = type_of(root, property);
    match property.get("default") {
        _ if is_required(table, name) => remark.push_str(", required"),
        Some(Value::Null) | None => remark.push_str(", optional"),
        Some(default) => remark.push_str(&format!(", default {}", toml(default))),
    }
    let mut what = description(property);
    for (value, meaning) in choices(resolved(root, property)) {
        what.push_str(&format!("\n{}: {meaning}", toml(&value)));
    }
    if let Some(example) = property["examples"].as_array().and_then(|all| all.first()) {
        what.push_str(&format!("\nExample: {name} = {}", toml(example)));
    }
    Entry {
        name: name.to_string(),
        remark,
        what,
    }
}

/// The values that a setting chooses from, each with its meaning.
fn choices(schema: &Value) -> Vec<(Value, String)> {
    let all = schema["oneOf"].as_array().into_iter().flatten();
    let choice = |one: &Value| Some((one.get("const")?.clone(), description(one)));
    all.filter_map(choice).collect()
}

fn type_of(root: &Value, property: &Value) -> String {
    let schema = resolved(root, property);
    if !choices(schema).is_empty() {
        return "one of a list".into();
    }
    let name = match &schema["type"] {
        Value::Array(all) => all.first().and_then(Value::as_str),
        one => one.as_str(),
    };
    match name {
        Some("string") => "text",
        Some("integer") => "whole number",
        Some("array") => "list",
        Some("object") => "table",
        _ => "value",
    }
    .into()
}

/// A value as TOML writes it, in one line.
fn toml(value: &Value) -> String {
    match value {
        Value::Object(table) => {
            let pairs = table.iter();
            let pairs = pairs.map(|(name, value)| format!("{name} = {}", toml(value)));
            let pairs: Vec<String> = pairs.collect();
            match pairs.is_empty() {
                true => "{}".into(),
                false => format!("{{ {} }}", pairs.join(", ")),
            }
        }
        Value::Array(all) => {
            let all = all.iter().map(toml);
            format!("[{}]", all.collect::<Vec<_>>().join(", "))
        }
        Value::String(text) if text.contains('"') => format!("'{text}'"),
        Value::String(text) => format!("\"{text}\""),
        other => other.to_string(),
    }
}
