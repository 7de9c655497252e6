//! Makes the engine mean by a statement what DuckDB means by it, or refuse it.
//!
//! The engine and DuckDB read most SQL alike. Where they differ, a responder who checks one with the other
//! would get two numbers. Each difference is either rewritten here, before the engine plans the statement,
//! or refused with what to write instead:
//!
//! | statement | the engine alone | here, as in DuckDB |
//! |---|---|---|
//! | `7 / 2` | 3 | 3.5; `7 // 2` is 3 |
//! | `a * b` beyond 64 bits | wraps around | an error |
//! | `SUM(a)` beyond 64 bits | wraps around | up to 38 digits |
//! | `CAST(1.5 AS BIGINT)` | 1 | 2 |
//! | `CAST(time AS VARCHAR)` | `2025-11-19T10:00:00Z` | `2025-11-19 10:00:00+00` |
//! | `median` of whole numbers | cut to a whole number | with its half |
//! | `x LIKE 'a\_b'` | the backslash escapes | the backslash is a character |
//! | `time AT TIME ZONE 'Asia/Seoul'` | the same moment | what clocks there show |
//! | `substr(x, -3)` | from before the start | the last three characters |
//! | `2 ^ 10`, `x ~ 'a'`, `x SIMILAR TO 'a'` | other meanings | refused |

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, TimeUnit};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result, ScalarValue, plan_datafusion_err, plan_err};
use datafusion::functions_aggregate::first_last::first_value_udaf;
use datafusion::logical_expr::expr::{
    AggregateFunction, Cast, Like, ScalarFunction, TryCast, WindowFunctionDefinition,
};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    BinaryExpr, Expr, ExprSchemable, LogicalPlan, Operator, ScalarUDF, Union, lit,
};
use datafusion::optimizer::analyzer::AnalyzerRule;
use datafusion::optimizer::analyzer::resolve_grouping_function::ResolveGroupingFunction;
use datafusion::optimizer::analyzer::type_coercion::TypeCoercion;

use super::functions::{arithmetic, dates, texts};

/// The rules that a statement goes through before it is optimized, in order.
pub(super) fn rules() -> Vec<Arc<dyn AnalyzerRule + Send + Sync>> {
    vec![
        Arc::new(ResolveGroupingFunction::new()),
        Arc::new(LikeDuckDb::new()),
        Arc::new(TypeCoercion::new()),
    ]
}

/// Rewrites or refuses each expression that DuckDB would answer differently.
#[derive(Debug)]
struct LikeDuckDb {
    add: Arc<ScalarUDF>,
    subtract: Arc<ScalarUDF>,
    multiply: Arc<ScalarUDF>,
    divide: Arc<ScalarUDF>,
    to_even: Arc<ScalarUDF>,
    time_text: Arc<ScalarUDF>,
    local: Arc<ScalarUDF>,
    instant: Arc<ScalarUDF>,
    part: Arc<ScalarUDF>,
}

impl AnalyzerRule for LikeDuckDb {
    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        plan.transform_up_with_subqueries(|plan| self.plan(plan))
            .map(|plan| plan.data)
    }

    fn name(&self) -> &str {
        "like_duckdb"
    }
}

impl LikeDuckDb {
    fn new() -> Self {
        LikeDuckDb {
            add: arithmetic::whole("+"),
            subtract: arithmetic::whole("-"),
            multiply: arithmetic::whole("*"),
            divide: arithmetic::divide(),
            to_even: arithmetic::to_even(),
            time_text: dates::time_text(),
            local: dates::local(),
            instant: dates::instant(),
            part: texts::part(),
        }
    }

    /// A step of a plan with its expressions rewritten and their types derived again.
    fn plan(&self, plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
        let mut schema = merge_schema(&plan.inputs());
        if let LogicalPlan::TableScan(scan) = &plan {
            let fields = scan.source.schema();
            schema.merge(&DFSchema::try_from_qualified_schema(
                scan.table_name.clone(),
                &fields,
            )?);
        }
        let names = NamePreserver::new(&plan);
        let rewritten = plan.map_expressions(|expr| {
            let name = names.save(&expr);
            let rewritten = expr.transform_up(|expr| self.expression(expr, &schema))?;
            Ok(rewritten.update_data(|expr| name.restore(expr)))
        })?;
        rewritten.map_data(|plan| match plan {
            // The types of a union are taken from its branches, which may have changed.
            LogicalPlan::Union(union) => {
                Union::try_new_with_loose_types(union.inputs).map(LogicalPlan::Union)
            }
            plan => plan.recompute_schema(),
        })
    }

    /// An expression whose parts are rewritten already.
    fn expression(&self, expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
        match expr {
            Expr::BinaryExpr(binary) => self.binary(binary, schema),
            Expr::Cast(Cast { expr, field }) => self.cast(*expr, field, schema, false),
            Expr::TryCast(TryCast { expr, field }) => self.cast(*expr, field, schema, true),
            Expr::Like(like) => pattern(like),
            Expr::SimilarTo(_) => plan_err!(
                "SIMILAR TO is not supported; write regexp_matches(text, 'pattern') or LIKE"
            ),
            Expr::AggregateFunction(aggregate)
                if matches!(aggregate.func.name(), "arg_max" | "arg_min") =>
            {
                extreme(aggregate).map(Transformed::yes)
            }
            Expr::AggregateFunction(mut aggregate) => {
                let name = aggregate.func.name();
                let args = aggregate.params.args;
                let args = exact(name, args, schema);
                aggregate.params.args = args.data;
                Ok(Transformed::new(
                    Expr::AggregateFunction(aggregate),
                    args.transformed,
                    args.tnr,
                ))
            }
            Expr::WindowFunction(mut window) => {
                if let WindowFunctionDefinition::AggregateUDF(function) = &window.fun {
                    let args = std::mem::take(&mut window.params.args);
                    window.params.args = exact(function.name(), args, schema).data;
                }
                Ok(Transformed::yes(Expr::WindowFunction(window)))
            }
            Expr::ScalarFunction(call) if call.func.name() == "date_part" => {
                self.part_of(call, schema)
            }
            Expr::ScalarFunction(call) if call.func.name() == "substr" => {
                Ok(Transformed::yes(self.part.call(call.args)))
            }
            other => Ok(Transformed::no(other)),
        }
    }

    fn binary(&self, binary: BinaryExpr, schema: &DFSchema) -> Result<Transformed<Expr>> {
        let BinaryExpr { left, op, right } = binary;
        let as_it_is = |left, right| {
            Ok(Transformed::no(Expr::BinaryExpr(BinaryExpr {
                left,
                op,
                right,
            })))
        };
        match op {
            Operator::BitwiseXor => {
                return plan_err!(
                    "`^` means different things in different databases; write power(a, b), or xor(a, b) for bits"
                );
            }
            Operator::RegexMatch
            | Operator::RegexIMatch
            | Operator::RegexNotMatch
            | Operator::RegexNotIMatch => {
                return plan_err!(
                    "`{op}` means different things in different databases; write regexp_matches(text, 'pattern'), with '(?i)' in front of the pattern to ignore case"
                );
            }
            _ => {}
        }
        let (Ok(a), Ok(b)) = (left.get_type(schema), right.get_type(schema)) else {
            return as_it_is(left, right);
        };
        let numbers = number(&a) && number(&b);
        let whole = whole(&a) && whole(&b) && !(a.is_null() && b.is_null());
        let function = match op {
            Operator::Divide if numbers => {
                let sides = [*left, *right].map(|side| to(side, DataType::Float64));
                return Ok(Transformed::yes(self.divide.call(sides.to_vec())));
            }
            Operator::Plus if whole => &self.add,
            Operator::Minus if whole => &self.subtract,
            Operator::Multiply if whole => &self.multiply,
            _ => return as_it_is(left, right),
        };
        let sides = [(*left, a), (*right, b)].map(|(side, kind)| match kind {
            DataType::Int64 => side,
            _ => to(side, DataType::Int64),
        });
        Ok(Transformed::yes(function.call(sides.to_vec())))
    }

    /// A part of a time; of the stretch between two times only its seconds, with their fraction.
    fn part_of(&self, call: ScalarFunction, schema: &DFSchema) -> Result<Transformed<Expr>> {
        let stretch = call.args.get(1).and_then(|arg| arg.get_type(schema).ok());
        let Some(DataType::Duration(unit)) = stretch else {
            return Ok(Transformed::no(Expr::ScalarFunction(call)));
        };
        let ticks = match unit {
            TimeUnit::Second => 1.0,
            TimeUnit::Millisecond => 1e3,
            TimeUnit::Microsecond => 1e6,
            TimeUnit::Nanosecond => 1e9,
        };
        let args = <[Expr; 2]>::try_from(call.args);
        match args {
            Ok([Expr::Literal(part, _), stretch])
                if part
                    .try_as_str()
                    .flatten()
                    .is_some_and(|part| part.eq_ignore_ascii_case("epoch")) =>
            {
                let count = to(to(stretch, DataType::Int64), DataType::Float64);
                Ok(Transformed::yes(self.divide.call(vec![count, lit(ticks)])))
            }
            _ => plan_err!(
                "the stretch between two times has no such part; write date_diff('hour', from, to), or EXTRACT(epoch FROM a - b) for seconds"
            ),
        }
    }

    fn cast(
        &self,
        expr: Expr,
        field: Arc<Field>,
        schema: &DFSchema,
        safe: bool,
    ) -> Result<Transformed<Expr>> {
        let cast = |expr: Expr, field: Arc<Field>| {
            let expr = Box::new(expr);
            match safe {
                true => Expr::TryCast(TryCast { expr, field }),
                false => Expr::Cast(Cast { expr, field }),
            }
        };
        let Ok(from) = expr.get_type(schema) else {
            return Ok(Transformed::no(cast(expr, field)));
        };
        Ok(match (&from, field.data_type()) {
            (DataType::Timestamp(_, zone), DataType::Timestamp(_, Some(other)))
                if !is_utc(other) && zone.as_deref() != Some(other) =>
            {
                let function = if zone.is_some() {
                    &self.local
                } else {
                    &self.instant
                };
                let expr = to(
                    expr,
                    DataType::Timestamp(TimeUnit::Microsecond, zone.clone()),
                );
                Transformed::yes(function.call(vec![expr, lit(other.to_string())]))
            }
            // Whole microseconds reach as far as the times in tokens do; nanoseconds end in 2262.
            (_, DataType::Timestamp(TimeUnit::Nanosecond, zone))
                if zone.as_deref().is_none_or(is_utc) =>
            {
                let kind = DataType::Timestamp(TimeUnit::Microsecond, zone.clone());
                let field = field.as_ref().clone().with_data_type(kind);
                Transformed::yes(cast(expr, Arc::new(field)))
            }
            (DataType::Timestamp(_, _), kind) if text(kind) => {
                Transformed::yes(cast(self.time_text.call(vec![expr]), field))
            }
            (from, kind) if fraction(from) && kind.is_integer() => {
                let rounded = match from.is_decimal() {
                    // Decimals round half away from zero, floating numbers half to even.
                    true => datafusion::functions::math::expr_fn::round(vec![expr]),
                    false => self.to_even.call(vec![to(expr, DataType::Float64)]),
                };
                Transformed::yes(cast(rounded, field))
            }
            _ => Transformed::no(cast(expr, field)),
        })
    }
}

fn is_utc(zone: &str) -> bool {
    matches!(zone, "UTC" | "+00:00" | "+00")
}

fn number(kind: &DataType) -> bool {
    kind.is_numeric() || kind.is_null()
}

fn whole(kind: &DataType) -> bool {
    kind.is_integer() || kind.is_null()
}

fn fraction(kind: &DataType) -> bool {
    kind.is_floating() || kind.is_decimal()
}

fn text(kind: &DataType) -> bool {
    matches!(
        kind,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
    )
}

/// The expression as another type.
fn to(expr: Expr, kind: DataType) -> Expr {
    Expr::Cast(Cast::new(Box::new(expr), kind))
}

/// `arg_max(value, by)` as the first value in the order of `by`; of equals the least value.
fn extreme(aggregate: AggregateFunction) -> Result<Expr> {
    let descending = aggregate.func.name() == "arg_max";
    let mut params = aggregate.params;
    let [value, by] = <[Expr; 2]>::try_from(params.args)
        .map_err(|_| plan_datafusion_err!("arg_max and arg_min take two arguments"))?;
    let there = value.clone().is_not_null().and(by.clone().is_not_null());
    params.filter = Some(Box::new(match params.filter {
        Some(filter) => filter.and(there),
        None => there,
    }));
    params.order_by = vec![by.sort(!descending, false), value.clone().sort(true, false)];
    params.args = vec![value];
    let func = first_value_udaf();
    Ok(Expr::AggregateFunction(AggregateFunction { func, params }))
}

/// The arguments of an aggregate, in the type in which its result is exact.
///
/// Whole numbers are summed with 38 digits, so that no sum wraps around. Where a result has a fraction,
/// the numbers are floating ones.
fn exact(name: &str, args: Vec<Expr>, schema: &DFSchema) -> Transformed<Vec<Expr>> {
    let Some(kind) = args.first().and_then(|arg| arg.get_type(schema).ok()) else {
        return Transformed::no(args);
    };
    let takes = match name {
        "sum" if kind.is_integer() => DataType::Decimal128(20, 0),
        "median" | "percentile_cont" | "quantile_cont" if kind.is_numeric() => DataType::Float64,
        "avg" if kind.is_decimal() => DataType::Float64,
        _ => return Transformed::no(args),
    };
    if takes == kind {
        return Transformed::no(args);
    }
    let mut args = args.into_iter();
    let first = args.next().map(|arg| to(arg, takes));
    Transformed::yes(first.into_iter().chain(args).collect())
}

/// A pattern of LIKE with its own escape character, or none, as the engine writes it: with backslashes.
fn pattern(like: Like) -> Result<Transformed<Expr>> {
    let Expr::Literal(value, metadata) = &*like.pattern else {
        return Ok(Transformed::no(Expr::Like(like)));
    };
    let Some(Some(given)) = value.try_as_str() else {
        return Ok(Transformed::no(Expr::Like(like)));
    };
    if like.escape_char.is_none() && !given.contains('\\') {
        return Ok(Transformed::no(Expr::Like(like)));
    }
    let mut written = String::new();
    let mut characters = given.chars();
    while let Some(c) = characters.next() {
        match c {
            c if Some(c) == like.escape_char => match characters.next() {
                Some(next) => written.extend(['\\', next]),
                None => return plan_err!("the pattern '{given}' ends with its escape character"),
            },
            '\\' => written.push_str("\\\\"),
            c => written.push(c),
        }
    }
    let pattern = Expr::Literal(ScalarValue::Utf8(Some(written)), metadata.clone());
    Ok(Transformed::yes(Expr::Like(Like {
        pattern: Box::new(pattern),
        escape_char: None,
        ..like
    })))
}
