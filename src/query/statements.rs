//! Cuts a script into statements and lets through only those that read.

use datafusion::sql::parser::Statement as Planned;
use datafusion::sql::sqlparser::ast::{ObjectType, Query, SetExpr, Statement as Parsed};
use datafusion::sql::sqlparser::dialect::DuckDbDialect;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

use super::spelling::spell;
use crate::error::{Error, Position, Result};

/// A statement of a script, ready to be planned.
#[derive(Debug, Clone)]
pub struct Statement {
    /// Its number in the script, from 1.
    pub number: usize,
    /// What it does.
    pub(super) what: What,
    /// The statement as the engine plans it; of a `CREATE` its query.
    pub(super) parsed: Planned,
}

impl Statement {
    /// Whether it gives rows to show.
    pub fn gives_rows(&self) -> bool {
        self.what == What::Rows
    }
}

/// What a statement does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// It gives rows.
    Rows,
    /// It keeps the rows of its query as a table of this name, for the rest of the script.
    Table(String),
    /// It names its query, for the rest of the script.
    View(String),
    /// It forgets tables and views that the script made.
    Drop(Vec<String>),
}

/// How deep expressions and queries may be nested in each other.
const DEPTH: usize = 60;

/// Cuts a script into its statements.
///
/// The script is cut at the semicolons that stand outside texts, names and comments. Fails at the first
/// statement that cannot be read or does more than read, with its line and column.
pub(super) fn split(script: &str) -> Result<Vec<Statement>> {
    let dialect = DuckDbDialect {};
    let tokens = Tokenizer::new(&dialect, script)
        .tokenize_with_location()
        .map_err(|e| {
            Error::user(format!("the SQL cannot be read: {}", e.message))
                .at(position(e.location.line, e.location.column))
        })?;
    let mut statements = Vec::new();
    for tokens in tokens.split(|token| token.token == Token::SemiColon) {
        let blank =
            |token: &TokenWithSpan| matches!(token.token, Token::Whitespace(_) | Token::EOF);
        let mut words = tokens.iter().filter(|token| !blank(token));
        let Some(first) = words.next() else {
            continue;
        };
        let begin = [Some(first), words.next()];
        let begin = begin.map(|word| word.map(|word| word.token.to_string().to_uppercase()));
        let number = statements.len() + 1;
        let start = position(first.span.start.line, first.span.start.column);
        let mut parser = Parser::new(&dialect)
            .with_recursion_limit(DEPTH)
            .with_tokens_with_locations(tokens.to_vec());
        let parsed = parser
            .parse_statement()
            .and_then(|parsed| match parser.peek_token().token {
                Token::EOF => Ok(parsed),
                _ => parser.expected("the end of the statement", parser.peek_token()),
            })
            .map_err(|e| unreadable(&e, start, begin.map(Option::unwrap_or_default)))?;
        statements.push(only_reading(parsed, number).map_err(|e| e.at(start))?);
    }
    if statements.is_empty() {
        return Err(Error::user("there is no statement").hint("begin with SELECT or WITH"));
    }
    Ok(statements)
}

fn position(line: u64, column: u64) -> Position {
    let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    Position {
        line: number(line),
        column: number(column),
    }
}

/// Words with which statements begin that do more than read.
const WRITING: [&str; 14] = [
    "ALTER", "ATTACH", "CALL", "COPY", "DELETE", "DETACH", "EXPORT", "IMPORT", "INSERT", "INSTALL",
    "LOAD", "PRAGMA", "SET", "UPDATE",
];

/// What the parser refused, at the place that it names, or else at the start of the statement.
///
/// A statement that begins as one that writes is refused as such, whether or not it can be read.
fn unreadable(error: &ParserError, start: Position, begin: [String; 2]) -> Error {
    let [first, second] = begin;
    if WRITING.contains(&first.as_str()) {
        return refused(&first).at(start);
    }
    if first == "CREATE" && second == "EXTERNAL" {
        return refused("CREATE EXTERNAL").at(start);
    }
    let text = match error {
        ParserError::TokenizerError(text) | ParserError::ParserError(text) => text.as_str(),
        ParserError::RecursionLimitExceeded => {
            return Error::user("the statement is nested too deeply")
                .at(start)
                .hint("give parts of it names: WITH part AS (SELECT ...) SELECT ...");
        }
    };
    let place = text.rsplit_once(" at Line: ").and_then(|(message, place)| {
        let (line, column) = place.split_once(", Column: ")?;
        Some((
            message,
            position(line.parse().ok()?, column.trim().parse().ok()?),
        ))
    });
    let (message, at) = place.unwrap_or((text, start));
    let error = Error::user(format!("the SQL cannot be read: {message}")).at(at);
    match first.as_str() {
        "SELECT" | "WITH" | "FROM" => error,
        word => error
            .hint("begin with SELECT or WITH")
            .did_you_mean(word, ["SELECT", "WITH"]),
    }
}

/// A parsed statement, if all that it does is to read the run.
fn only_reading(parsed: Parsed, number: usize) -> Result<Statement> {
    let (what, parsed) = match parsed {
        Parsed::Query(query) => (What::Rows, Parsed::Query(readable(query)?)),
        Parsed::Explain {
            describe_alias,
            analyze,
            verbose,
            query_plan,
            estimate,
            statement,
            format,
            options,
        } => {
            let Parsed::Query(query) = *statement else {
                return Err(refused("EXPLAIN"));
            };
            let explained = Parsed::Explain {
                describe_alias,
                analyze,
                verbose,
                query_plan,
                estimate,
                statement: Box::new(Parsed::Query(readable(query)?)),
                format,
                options,
            };
            (What::Rows, explained)
        }
        Parsed::ExplainTable { .. } | Parsed::ShowTables { .. } | Parsed::ShowColumns { .. } => {
            (What::Rows, parsed)
        }
        Parsed::CreateTable(create) if create.query.is_some() && !create.external => {
            let name = create.name.to_string().to_lowercase();
            let query = create.query.ok_or_else(|| refused("CREATE TABLE"))?;
            (What::Table(name), Parsed::Query(readable(query)?))
        }
        Parsed::CreateView(create) if !create.materialized => {
            let name = create.name.to_string().to_lowercase();
            (What::View(name), Parsed::Query(readable(create.query)?))
        }
        Parsed::Drop {
            object_type: ObjectType::Table | ObjectType::View,
            ref names,
            ..
        } => {
            let names = names.iter().map(|name| name.to_string().to_lowercase());
            (What::Drop(names.collect()), parsed)
        }
        other => {
            let text = other.to_string();
            let words: Vec<&str> = text.split_whitespace().take(2).collect();
            return Err(refused(&words.join(" ")));
        }
    };
    Ok(Statement {
        number,
        what,
        parsed: Planned::Statement(Box::new(parsed)),
    })
}

/// A query as the engine understands it, unless a statement that writes hides in it.
fn readable(mut query: Box<Query>) -> Result<Box<Query>> {
    spell(&mut query)?;
    let mut bodies = vec![&*query.body];
    let with = query.with.iter().flat_map(|with| &with.cte_tables);
    bodies.extend(with.map(|part| &*part.query.body));
    while let Some(body) = bodies.pop() {
        match body {
            SetExpr::Select(select) if select.into.is_some() => {
                return Err(refused("SELECT INTO"));
            }
            SetExpr::Query(inner) => bodies.push(&inner.body),
            SetExpr::SetOperation { left, right, .. } => bodies.extend([&**left, &**right]),
            SetExpr::Select(_) | SetExpr::Values(_) | SetExpr::Table(_) => {}
            SetExpr::Insert(_) => return Err(refused("INSERT")),
            SetExpr::Update(_) => return Err(refused("UPDATE")),
            SetExpr::Delete(_) => return Err(refused("DELETE")),
            SetExpr::Merge(_) => return Err(refused("MERGE")),
        }
    }
    Ok(query)
}

/// The refusal of a statement that does more than read.
fn refused(statement: &str) -> Error {
    let error = Error::user(format!(
        "`{statement}` is not allowed: a query only reads the frames of this run"
    ));
    let word = statement.split(' ').next().unwrap_or_default();
    match word {
        "COPY" => error.hint("to write a file, name it with --output, such as --output rows.csv"),
        "CREATE" => error.hint(
            "CREATE TABLE name AS SELECT ... keeps rows for the rest of the script, and nothing of it stays",
        ),
        "INSERT" | "UPDATE" | "DELETE" | "MERGE" | "SELECT" => {
            error.hint("CREATE TABLE name AS SELECT ... makes a changed copy for the rest of the script")
        }
        "SET" | "PRAGMA" | "LOAD" | "INSTALL" | "ATTACH" => {
            error.hint("the options of `breachscope query` set memory, threads and the zone of times")
        }
        _ => error.hint("begin with SELECT or WITH"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(script: &str) -> String {
        split(script).expect_err(script).to_string()
    }

    #[test]
    fn a_script_is_cut_outside_texts_names_and_comments() {
        let script = "-- one; two\nSELECT ';' AS \"a;b\" /* ; */;;\nCREATE TABLE t AS SELECT 1; SELECT * FROM t;";
        let statements = split(script).expect("three statements");
        let what: Vec<&What> = statements.iter().map(|statement| &statement.what).collect();
        assert_eq!(
            what,
            [&What::Rows, &What::Table("t".to_string()), &What::Rows]
        );
    }

    #[test]
    fn an_error_has_its_place_in_the_script() {
        let error = split("SELECT 1;\nSELECT 2;\n  SELECT 3 FROM a b c").expect_err("an error");
        let place = error.position.expect("a place");
        assert_eq!(place.line, 3);
        let error = split("SELECT 'open").expect_err("an error");
        assert_eq!(error.position.map(|place| place.line), Some(1));
    }

    #[test]
    fn only_what_reads_is_let_through() {
        for statement in [
            "DROP DATABASE x",
            "CREATE TABLE t (a INT)",
            "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '/etc/passwd'",
            "COPY (SELECT 1) TO '/tmp/a.csv'",
            "COPY t FROM '/etc/passwd'",
            "INSERT INTO t VALUES (1)",
            "UPDATE t SET a = 1",
            "DELETE FROM t",
            "SET memory_limit = '8GB'",
            "PRAGMA database_list",
            "ATTACH 'a.db'",
            "INSTALL httpfs",
            "LOAD httpfs",
            "SELECT 1 INTO t",
        ] {
            assert!(
                refusal(statement).contains("not allowed"),
                "{statement}: {}",
                refusal(statement)
            );
        }
        assert!(
            refusal("SELEC 1").contains("did you mean `SELECT`?"),
            "{}",
            refusal("SELEC 1")
        );
        assert!(refusal(" ; -- nothing\n").contains("no statement"));
        let deep = format!("SELECT {}1{}", "(".repeat(500), ")".repeat(500));
        assert!(refusal(&deep).contains("nested too deeply"));
    }
}
