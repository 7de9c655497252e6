//! What the engine refused, in words that say where and what to write instead.

use datafusion::common::{DataFusionError, Diagnostic, SchemaError};

use super::engine::Engine;
use crate::error::{Error, Position, closest};

/// A failure of the engine that no statement causes.
pub(super) fn internal(what: &str, source: DataFusionError) -> Error {
    let message = words(&source);
    Error::user(format!("cannot {what}: {message}")).with_source(source)
}

/// The most names that a hint lists.
const NAMES: usize = 40;

/// What the engine refused of a statement, with its place and hints.
pub(super) fn of_statement(source: DataFusionError, engine: &Engine) -> Error {
    let place = place(&source);
    let root = source.find_root();
    let mut error = match root {
        DataFusionError::SchemaError(schema, _) => of_schema(schema, engine),
        DataFusionError::ResourcesExhausted(_) => {
            Error::user("the query needs more memory than it may have")
                .hint("give it more with --memory, such as --memory 4GiB")
                .hint("or read fewer columns, or aggregate before joining")
        }
        DataFusionError::Internal(text) => Error::user(format!(
            "the engine cannot answer this statement: {}",
            first_line(text)
        ))
        .hint("write it in another way, or put a part of it into CREATE TABLE part AS SELECT ..."),
        _ => Error::user(words(root)),
    };
    if let Some(place) = place {
        error = error.at(place);
    }
    hinted(error, engine).with_source(source)
}

/// What is wrong with a name of a column.
fn of_schema(error: &SchemaError, engine: &Engine) -> Error {
    match error {
        SchemaError::FieldNotFound {
            field,
            valid_fields,
        } => {
            let error = Error::user(format!("there is no column `{}` here", field.flat_name()));
            let names: Vec<&str> = valid_fields
                .iter()
                .map(|known| known.name.as_str())
                .collect();
            let error = error.did_you_mean(&field.name, names.iter().copied());
            let error = match tables_with(&field.name, engine) {
                tables if tables.is_empty() => error,
                tables => error.hint(format!(
                    "`{}` is a column of {}",
                    field.name,
                    tables.join(", ")
                )),
            };
            let one = valid_fields
                .windows(2)
                .all(|pair| pair[0].relation == pair[1].relation);
            let mut names: Vec<String> = valid_fields
                .iter()
                .map(|known| match one {
                    true => known.name.clone(),
                    false => known.flat_name(),
                })
                .collect();
            names.dedup();
            match names.len() {
                0 => error.hint("texts stand in single quotes: 'text'"),
                1..=NAMES => error.hint(format!("the columns here are {}", names.join(", "))),
                _ => error.hint("`breachscope schema FRAME` lists the columns of a frame"),
            }
        }
        SchemaError::AmbiguousReference { field } => {
            Error::user(format!("the column `{}` is in several tables", field.name))
                .hint(format!("write whose it is, such as t.{}", field.name))
        }
        other => Error::user(other.to_string()),
    }
}

/// The tables that have a column of this name.
fn tables_with(column: &str, engine: &Engine) -> Vec<String> {
    let has = |table: &String| {
        let columns = engine.columns(table);
        columns.iter().any(|(name, _)| name == column)
    };
    engine.tables().into_iter().filter(has).collect()
}

/// Adds what helps with errors that the engine gives as text.
fn hinted(error: Error, engine: &Engine) -> Error {
    let message = error.message.clone();
    let quoted = message.split('\'').nth(1).unwrap_or_default();
    if let Some(table) = message
        .strip_prefix("table '")
        .and_then(|rest| rest.split('\'').next())
    {
        let asked = table.rsplit('.').next().unwrap_or(table);
        let known = engine.tables();
        let mut better = error;
        better.message = format!("there is no table `{asked}`");
        let better = better.did_you_mean(asked, known.iter().map(String::as_str));
        if asked.contains(['/', '.']) || table.contains('/') {
            return better.hint("a query reads the frames of this run only, and no other files");
        }
        return better.hint(format!("the tables are {}", known.join(", ")));
    }
    if message.contains("Invalid function")
        || message.contains("No function matches")
        || message.contains("no function")
    {
        let asked = quoted.to_lowercase();
        let functions = engine.function_names();
        let meant = closest(&asked, functions.iter().map(String::as_str));
        let mut better = error;
        if message.contains("Invalid function") {
            better.message = format!("there is no function `{asked}`");
            better = match asked.as_str() {
                "read_parquet" | "read_csv" | "read_csv_auto" | "read_json" | "read_text"
                | "parquet_scan" | "glob" => {
                    return better
                        .hint("a query reads the frames of this run only, and no other files");
                }
                "approx_count_distinct" | "approx_distinct" => {
                    better.hint("COUNT(DISTINCT x) is exact")
                }
                "approx_median" => better.hint("median(x) is exact"),
                "approx_quantile" | "approx_percentile_cont" => {
                    better.hint("quantile_cont(x, 0.95) is exact")
                }
                "count_if" | "countif" => better.hint("write COUNT(*) FILTER (WHERE condition)"),
                "list" | "group_concat" => {
                    better.hint("write string_agg(text, ', ' ORDER BY text)")
                }
                "typeof" => better.hint("`breachscope schema FRAME` names the type of each column"),
                "if" | "iff" => better.hint("write CASE WHEN a THEN b ELSE c END"),
                _ => better,
            };
        }
        if let Some(meant) = meant.filter(|meant| *meant != asked) {
            better = better.hint(format!("did you mean `{meant}`?"));
        }
        return better.hint("`.help functions` of `breachscope sql` lists the functions");
    }
    if message.contains("LIKE") && message.contains("Timestamp") {
        return error.hint("write CAST(event_time AS VARCHAR) LIKE '2025-11-%'");
    }
    if message.contains("FETCH clause") {
        return error.hint("write LIMIT 10");
    }
    if message.contains("Too many columns") {
        return error.hint("write EXISTS (SELECT 1 FROM t WHERE t.a = a AND t.b = b)");
    }
    if message.starts_with("Cannot cast string") {
        return error.hint("TRY_CAST(text AS BIGINT) is NULL where the text is no number");
    }
    if message.contains("table function") || message.contains("Table function") {
        return error.hint("a query reads the frames of this run only, and no other files");
    }
    if message.contains("BinaryView") || message.contains("non-UTF-8") {
        return error.hint("`raw` holds bytes; text(raw) makes text of them");
    }
    if message.contains("must appear in the GROUP BY") || message.contains("in GROUP BY") {
        return error.hint("add the column to GROUP BY, or write any_value(column)");
    }
    error
}

/// The innermost words of an error, without the names of its layers.
fn words(error: &DataFusionError) -> String {
    let text = match error.find_root() {
        DataFusionError::Plan(text)
        | DataFusionError::Execution(text)
        | DataFusionError::Internal(text)
        | DataFusionError::Configuration(text)
        | DataFusionError::ResourcesExhausted(text) => text.clone(),
        DataFusionError::NotImplemented(text) => {
            format!("the engine cannot do this: {text}")
        }
        DataFusionError::ArrowError(inner, _) => match &**inner {
            datafusion::arrow::error::ArrowError::DivideByZero => {
                "division by zero; write NULLIF(b, 0) for the divisor, which is NULL where b is 0"
                    .to_string()
            }
            datafusion::arrow::error::ArrowError::CastError(text)
            | datafusion::arrow::error::ArrowError::ParseError(text)
            | datafusion::arrow::error::ArrowError::ComputeError(text)
            | datafusion::arrow::error::ArrowError::InvalidArgumentError(text) => text.clone(),
            other => other.to_string(),
        },
        other => other.to_string(),
    };
    first_line(&text).to_string()
}

/// The first line of a text; the others are traces of the engine.
fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// Where in the script the engine saw what it refused.
fn place(error: &DataFusionError) -> Option<Position> {
    let diagnostic: &Diagnostic = error.diagnostic()?;
    let start = diagnostic.span?.start;
    let number = |n: u64| usize::try_from(n).ok().filter(|n| *n > 0);
    Some(Position {
        line: number(start.line)?,
        column: number(start.column)?,
    })
}
