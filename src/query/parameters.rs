//! Parameters of a statement: values that stand in for `$name`, never spliced into its text.

use std::collections::BTreeMap;

use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{ParamValues, ScalarValue};
use datafusion::logical_expr::expr::Placeholder;
use datafusion::logical_expr::{Expr, LogicalPlan};

use crate::error::{Error, Result};

/// The parameters that were given, by name.
#[derive(Debug, Clone, Default)]
pub struct Parameters(BTreeMap<String, Given>);

/// A value as it was given.
#[derive(Debug, Clone)]
struct Given {
    /// The type, where the giver named one.
    kind: Option<DataType>,
    /// The value as text, or none for NULL.
    text: Option<String>,
}

/// The types that a giver may name.
const TYPES: [(&str, DataType); 5] = [
    ("text", DataType::Utf8),
    ("bigint", DataType::Int64),
    ("double", DataType::Float64),
    ("boolean", DataType::Boolean),
    ("time", DataType::Timestamp(TimeUnit::Microsecond, None)),
];

impl Parameters {
    /// Reads parameters of the form `name=value` or `name:type=value`.
    pub fn parse<'a>(given: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        let mut all = Parameters::default();
        for text in given {
            let (name, value) = text.split_once('=').ok_or_else(|| {
                Error::user(format!("`{text}` is no parameter")).hint("write --param name=value")
            })?;
            all.set(name, Some(value))?;
        }
        Ok(all)
    }

    /// Gives a parameter a value, or NULL; `name` may end with `:type`.
    pub fn set(&mut self, name: &str, value: Option<&str>) -> Result<()> {
        let (name, kind) = match name.split_once(':') {
            Some((name, kind)) => (name, Some(kind_of(kind)?)),
            None => (name, None),
        };
        let given = Given {
            kind,
            text: value.map(str::to_string),
        };
        self.0
            .insert(name.trim_start_matches('$').to_string(), given);
        Ok(())
    }

    /// Whether a parameter has a value.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Takes the defaults of a script for what was not given.
    #[must_use]
    pub fn or(mut self, defaults: &Parameters) -> Self {
        for (name, default) in &defaults.0 {
            match self.0.get_mut(name) {
                Some(given) => given.kind = given.kind.take().or_else(|| default.kind.clone()),
                None => {
                    self.0.insert(name.clone(), default.clone());
                }
            }
        }
        self
    }

    /// The names and values, for people.
    pub fn listed(&self) -> Vec<(String, String)> {
        let line = |(name, given): (&String, &Given)| {
            let value = given.text.clone().unwrap_or_else(|| "NULL".to_string());
            (name.clone(), value)
        };
        self.0.iter().map(line).collect()
    }

    /// The plan with the values in the places of their names.
    pub(super) fn bind(&self, plan: LogicalPlan) -> Result<LogicalPlan> {
        let wanted = wanted(&plan);
        if wanted.is_empty() {
            return Ok(plan);
        }
        let mut values: Vec<(String, ScalarValue)> = Vec::new();
        for (id, inferred) in wanted {
            let name = id.trim_start_matches('$');
            let given = self.0.get(name).ok_or_else(|| {
                Error::user(format!("the statement needs the parameter `{name}`"))
                    .hint(format!("give it with --param {name}=VALUE"))
            })?;
            let kind = given.kind.clone().or(inferred).unwrap_or(DataType::Utf8);
            values.push((name.to_string(), value(name, given.text.as_deref(), &kind)?));
        }
        plan.with_param_values(ParamValues::from(values))
            .map_err(|e| super::failure::internal("set the parameters", e))
    }
}

/// The parameters of a plan, each with the type that its neighbours have.
fn wanted(plan: &LogicalPlan) -> BTreeMap<String, Option<DataType>> {
    let mut wanted: BTreeMap<String, Option<DataType>> = BTreeMap::new();
    let visited = plan.apply_with_subqueries(|plan| {
        plan.apply_expressions(|expr| {
            expr.apply(|expr| {
                if let Expr::Placeholder(Placeholder { id, field }) = expr {
                    let kind = wanted.entry(id.clone()).or_default();
                    let inferred = field.as_ref().map(|field| field.data_type().clone());
                    *kind = kind.take().or(inferred);
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    });
    debug_assert!(visited.is_ok(), "the visit itself cannot fail");
    wanted
}

fn kind_of(name: &str) -> Result<DataType> {
    let known = TYPES
        .into_iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name));
    known.map(|(_, kind)| kind).ok_or_else(|| {
        let names = TYPES.map(|(known, _)| known);
        Error::user(format!("there is no type `{name}`"))
            .did_you_mean(name, names)
            .hint(format!("the types are {}", names.join(", ")))
    })
}

/// A value of this type.
fn value(name: &str, text: Option<&str>, kind: &DataType) -> Result<ScalarValue> {
    let Some(text) = text else {
        return ScalarValue::try_from(kind)
            .map_err(|e| super::failure::internal("set a parameter", e));
    };
    ScalarValue::try_from_string(text.to_string(), kind).map_err(|_| {
        let what = match kind {
            DataType::Timestamp(_, _) => "a time such as 2025-11-19T10:00:00Z",
            DataType::Date32 => "a date such as 2025-11-19",
            DataType::Boolean => "true or false",
            kind if kind.is_integer() => "a whole number",
            kind if kind.is_numeric() => "a number",
            _ => "a value of another type",
        };
        Error::user(format!(
            "the parameter `{name}` is {what}, and not `{text}`"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_have_names_and_may_have_types() {
        let given =
            Parameters::parse(["page=order-list", "least:bigint=3"]).expect("two parameters");
        assert!(given.has("page") && given.has("least"));
        assert!(Parameters::parse(["page"]).is_err());
        assert!(Parameters::parse(["n:number=1"]).is_err());
        let error = value("n", Some("x"), &DataType::Int64).expect_err("an error");
        assert!(error.to_string().contains("a whole number"), "{error}");
    }
}
