//! Aggregates that pick one of the values: `arg_max`, `arg_min` and `mode`.

use std::mem::size_of_val;

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, ScalarValue, not_impl_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility,
};
use hashbrown::HashMap;
use std::sync::Arc;

/// The aggregates of this file.
pub(super) fn all() -> Vec<AggregateUDF> {
    let extreme = |name, also: &str| {
        AggregateUDF::new_from_impl(Extreme {
            name,
            aliases: vec![also.to_string()],
            signature: Signature::any(2, Volatility::Immutable),
        })
    };
    vec![
        extreme("arg_max", "max_by"),
        extreme("arg_min", "min_by"),
        AggregateUDF::new_from_impl(Mode {
            signature: Signature::any(1, Volatility::Immutable),
        }),
    ]
}

/// `arg_max` or `arg_min` as a name with types; `dialect` writes them as `first_value(... ORDER BY ...)`.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Extreme {
    name: &'static str,
    aliases: Vec<String>,
    signature: Signature,
}

impl AggregateUDFImpl for Extreme {
    fn name(&self) -> &str {
        self.name
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, args: &[DataType]) -> Result<DataType> {
        Ok(args[0].clone())
    }

    fn accumulator(&self, _: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        not_impl_err!("{} over a window; use it with GROUP BY", self.name)
    }
}

/// `mode(value)`: the most frequent value, of several the least.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Mode {
    signature: Signature,
}

impl AggregateUDFImpl for Mode {
    fn name(&self) -> &str {
        "mode"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, args: &[DataType]) -> Result<DataType> {
        Ok(args[0].clone())
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let list = |name: &str, kind: DataType| -> FieldRef {
            let item = Field::new_list_field(kind, true);
            Arc::new(Field::new_list(
                format!("{}[{name}]", args.name),
                item,
                true,
            ))
        };
        Ok(vec![
            list("values", args.return_field.data_type().clone()),
            list("counts", DataType::Int64),
        ])
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Counts {
            kind: args.return_field.data_type().clone(),
            counts: HashMap::new(),
        }))
    }
}

/// How often each value was seen.
#[derive(Debug)]
struct Counts {
    kind: DataType,
    counts: HashMap<ScalarValue, i64>,
}

impl Accumulator for Counts {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        for row in 0..values[0].len() {
            let value = ScalarValue::try_from_array(&values[0], row)?;
            if !value.is_null() {
                *self.counts.entry(value).or_default() += 1;
            }
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let mut best: Option<(&ScalarValue, i64)> = None;
        for (value, count) in &self.counts {
            let better = best.is_none_or(|(known, most)| {
                *count > most
                    || (*count == most
                        && value.partial_cmp(known).is_some_and(|order| order.is_lt()))
            });
            if better {
                best = Some((value, *count));
            }
        }
        match best {
            Some((value, _)) => Ok(value.clone()),
            None => ScalarValue::try_from(&self.kind),
        }
    }

    fn size(&self) -> usize {
        let values: usize = self
            .counts
            .keys()
            .map(|value| value.size() + size_of::<i64>())
            .sum();
        size_of_val(self) + values
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let (values, counts): (Vec<ScalarValue>, Vec<ScalarValue>) = self
            .counts
            .iter()
            .map(|(value, count)| (value.clone(), ScalarValue::Int64(Some(*count))))
            .unzip();
        Ok(vec![
            ScalarValue::List(ScalarValue::new_list_nullable(&values, &self.kind)),
            ScalarValue::List(ScalarValue::new_list_nullable(&counts, &DataType::Int64)),
        ])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        use datafusion::arrow::array::{Array, AsArray};
        use datafusion::arrow::datatypes::Int64Type;
        let (values, counts) = (states[0].as_list::<i32>(), states[1].as_list::<i32>());
        for row in 0..values.len() {
            let (values, counts) = (values.value(row), counts.value(row));
            for (at, count) in counts.as_primitive::<Int64Type>().iter().enumerate() {
                let value = ScalarValue::try_from_array(&values, at)?;
                *self.counts.entry(value).or_default() += count.unwrap_or_default();
            }
        }
        Ok(())
    }
}
