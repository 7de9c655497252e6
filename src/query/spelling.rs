//! Spells parts of a statement as the engine understands them, and refuses what its parser misreads.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, FunctionArg, FunctionArgExpr, FunctionArgOperator, FunctionArguments,
    Ident, JoinOperator, Query, Select, SelectItem, VisitMut, VisitorMut,
};
use datafusion::sql::sqlparser::dialect::DuckDbDialect;
use datafusion::sql::sqlparser::parser::Parser;

use crate::error::{Error, Result};

/// The function that stands for `//`.
pub(super) const WHOLE_DIVIDE: &str = "whole_divide";

/// Rewrites a query in place.
///
/// - `a // b` becomes a call, as the engine has no such operator.
/// - `f(a = b)` is a comparison; the parser takes it for an argument with a name.
/// - `SEMI JOIN` and `ANTI JOIN` become `LEFT SEMI JOIN` and `LEFT ANTI JOIN`.
/// - A result without a name is named by its text, so that two of them are not one column.
pub(super) fn spell(query: &mut Query) -> Result<()> {
    match query.visit(&mut Speller) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(*error),
    }
}

struct Speller;

impl VisitorMut for Speller {
    type Break = Box<Error>;

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<Box<Error>> {
        name(&mut select.projection);
        for join in select.from.iter_mut().flat_map(|from| &mut from.joins) {
            let operator = std::mem::replace(&mut join.join_operator, JoinOperator::CrossApply);
            join.join_operator = match operator {
                JoinOperator::Semi(on) => JoinOperator::LeftSemi(on),
                JoinOperator::Anti(on) => JoinOperator::LeftAnti(on),
                other => other,
            };
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Box<Error>> {
        let done = match expr {
            Expr::IsDistinctFrom(_, right) | Expr::IsNotDistinctFrom(_, right) if loose(right) => {
                let error =
                    Error::user("IS DISTINCT FROM needs parentheses where AND or OR follows");
                Err(error.hint("write (a IS DISTINCT FROM b) AND ..."))
            }
            Expr::BinaryOp {
                left,
                op: BinaryOperator::DuckIntegerDivide,
                right,
            } => call(&format!("{WHOLE_DIVIDE}({left}, {right})")).map(|called| *expr = called),
            Expr::Function(function) => match &mut function.args {
                FunctionArguments::List(list) => list.args.iter_mut().try_for_each(compared),
                _ => Ok(()),
            },
            _ => Ok(()),
        };
        match done {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(Box::new(error)),
        }
    }
}

/// Whether an expression without parentheses binds less than what stands before it.
fn loose(expr: &Expr) -> bool {
    use BinaryOperator::{And, Eq, Gt, GtEq, Lt, LtEq, NotEq, Or, Xor};
    matches!(
        expr,
        Expr::BinaryOp {
            op: And | Or | Xor | Eq | NotEq | Lt | LtEq | Gt | GtEq,
            ..
        }
    )
}

/// An expression from its text.
fn call(text: &str) -> Result<Expr> {
    let parsed = Parser::new(&DuckDbDialect {})
        .try_with_sql(text)
        .and_then(|mut parser| parser.parse_expr());
    parsed.map_err(|e| Error::user(format!("the SQL cannot be read: {e}")))
}

/// Makes a comparison of an argument that the parser took for one with a name.
fn compared(argument: &mut FunctionArg) -> Result<()> {
    let (left, right) = match argument {
        FunctionArg::Named {
            name,
            arg: FunctionArgExpr::Expr(right),
            operator: FunctionArgOperator::Equals,
        } => (Expr::Identifier(name.clone()), right.clone()),
        FunctionArg::ExprNamed {
            name,
            arg: FunctionArgExpr::Expr(right),
            operator: FunctionArgOperator::Equals,
        } => (name.clone(), right.clone()),
        _ => return Ok(()),
    };
    if loose(&right) {
        return Err(Error::user(
            "a comparison in a function needs parentheses where AND or OR follows",
        )
        .hint("write bool_or((a = b) AND c)"));
    }
    let compared = Expr::BinaryOp {
        left: Box::new(left),
        op: BinaryOperator::Eq,
        right: Box::new(right),
    };
    *argument = FunctionArg::Unnamed(FunctionArgExpr::Expr(compared));
    Ok(())
}

/// Names each result that is no column by its text; a second one of a name gets a number.
fn name(items: &mut [SelectItem]) {
    let mut taken = BTreeSet::new();
    for item in items {
        let column = match item {
            SelectItem::UnnamedExpr(Expr::Identifier(column)) => Some(column.value.clone()),
            SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => {
                parts.last().map(|column| column.value.clone())
            }
            SelectItem::UnnamedExpr(_) => None,
            SelectItem::ExprWithAlias { alias, .. } => {
                taken.insert(alias.value.clone());
                continue;
            }
            _ => continue,
        };
        let SelectItem::UnnamedExpr(expr) = &*item else {
            continue;
        };
        let given = column.clone().unwrap_or_else(|| expr.to_string());
        let mut name = given.clone();
        let mut number = 0;
        while !taken.insert(name.clone()) {
            number += 1;
            name = format!("{given}_{number}");
        }
        if column.is_none() || number > 0 {
            *item = SelectItem::ExprWithAlias {
                expr: expr.clone(),
                alias: Ident::with_quote('"', name),
            };
        }
    }
}
