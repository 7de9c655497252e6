//! Arithmetic that is right or fails: no count wraps around, and nothing is divided by zero.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, Datum, Float64Array, Int64Array};
use datafusion::arrow::compute::kernels::arity::{try_binary, unary};
use datafusion::arrow::compute::kernels::numeric;
use datafusion::arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::arrow::error::ArrowError;
use datafusion::common::{Result, exec_datafusion_err};
use datafusion::logical_expr::{ColumnarValue, Expr, ScalarUDF};

use super::Function;
use crate::query::spelling::WHOLE_DIVIDE;

/// The functions of this file that a statement may call.
pub(super) fn all() -> Vec<Arc<ScalarUDF>> {
    vec![xor(), whole_divide(), sign()]
}

/// `+`, `-` or `*` of whole numbers, with an error where the result does not fit into 64 bits.
pub(in crate::query) fn whole(sign: &'static str) -> Arc<ScalarUDF> {
    let whole = [DataType::Int64, DataType::Int64];
    Function::new(sign, &whole, DataType::Int64, move |args, rows| {
        let apply = match sign {
            "+" => numeric::add,
            "-" => numeric::sub,
            _ => numeric::mul,
        };
        apply_to(args, rows, |a, b| apply(a, b).map_err(|e| told(sign, &e)))
    })
    .named(between(sign))
    .udf()
}

/// `/` of any numbers, which gives a fraction.
pub(in crate::query) fn divide() -> Arc<ScalarUDF> {
    let numbers = [DataType::Float64, DataType::Float64];
    Function::new("/", &numbers, DataType::Float64, |args, rows| {
        let arrays = ColumnarValue::values_to_arrays(args)?;
        let [a, b] = [0, 1].map(|at| arrays[at].as_primitive::<Float64Type>());
        let _ = rows;
        let quotient: Float64Array = try_binary(a, b, |a, b| match b {
            0.0 => Err(ArrowError::DivideByZero),
            b => Ok(a / b),
        })
        .map_err(|e| told("/", &e))?;
        Ok(ColumnarValue::Array(Arc::new(quotient)))
    })
    .named(between("/"))
    .udf()
}

/// A floating number rounded to a whole one, halves to the even one.
pub(in crate::query) fn to_even() -> Arc<ScalarUDF> {
    Function::new(
        "round_even",
        &[DataType::Float64],
        DataType::Float64,
        |args, rows| {
            let array = args[0].to_array(rows)?;
            let rounded: Float64Array =
                unary(array.as_primitive::<Float64Type>(), f64::round_ties_even);
            Ok(ColumnarValue::Array(Arc::new(rounded)))
        },
    )
    .udf()
}

/// `a // b`: the whole part of a quotient, cut towards zero.
fn whole_divide() -> Arc<ScalarUDF> {
    let whole = [DataType::Int64, DataType::Int64];
    Function::new(WHOLE_DIVIDE, &whole, DataType::Int64, |args, rows| {
        apply_to(args, rows, |a, b| {
            numeric::div(a, b).map_err(|e| told("//", &e))
        })
    })
    .udf()
}

/// `sign(number)`: -1, 0 or 1.
fn sign() -> Arc<ScalarUDF> {
    Function::new(
        "sign",
        &[DataType::Float64],
        DataType::Int64,
        |args, rows| {
            let array = args[0].to_array(rows)?;
            let signs: Int64Array = unary(array.as_primitive::<Float64Type>(), |number| {
                i64::from(number > 0.0) - i64::from(number < 0.0)
            });
            Ok(ColumnarValue::Array(Arc::new(signs)))
        },
    )
    .udf()
}

/// Applies a kernel to two columns or constants.
fn apply_to(
    args: &[ColumnarValue],
    rows: usize,
    kernel: impl Fn(&dyn Datum, &dyn Datum) -> Result<ArrayRef>,
) -> Result<ColumnarValue> {
    use ColumnarValue::{Array, Scalar};
    let array = match (&args[0], &args[1]) {
        (Array(a), Array(b)) => kernel(a, b)?,
        (Array(a), Scalar(b)) => kernel(a, &b.to_scalar()?)?,
        (Scalar(a), Array(b)) => kernel(&a.to_scalar()?, b)?,
        (Scalar(a), Scalar(b)) => kernel(&a.to_array_of_size(rows)?, &b.to_array_of_size(rows)?)?,
    };
    Ok(Array(array))
}

/// What went wrong in a calculation, with what to write instead.
fn told(sign: &str, error: &ArrowError) -> datafusion::error::DataFusionError {
    match error {
        ArrowError::DivideByZero => exec_datafusion_err!(
            "division by zero; write a {sign} NULLIF(b, 0), which is NULL where b is 0"
        ),
        _ => exec_datafusion_err!(
            "the result of `{sign}` does not fit into 64 bits; write CAST(a AS DOUBLE) {sign} b"
        ),
    }
}

/// The name of a column that a sign between two expressions makes.
fn between(sign: &'static str) -> impl Fn(&[Expr]) -> String + Send + Sync + 'static {
    move |args| {
        let names: Vec<String> = args
            .iter()
            .map(|arg| arg.schema_name().to_string())
            .collect();
        names.join(&format!(" {sign} "))
    }
}

/// `xor(a, b)` of the bits of whole numbers.
fn xor() -> Arc<ScalarUDF> {
    let whole = [DataType::Int64, DataType::Int64];
    Function::new("xor", &whole, DataType::Int64, |args, _| {
        let arrays = ColumnarValue::values_to_arrays(args)?;
        let [a, b] = [0, 1].map(|at| arrays[at].as_primitive::<Int64Type>());
        let bits: Int64Array = try_binary(a, b, |a, b| Ok(a ^ b))?;
        Ok(ColumnarValue::Array(Arc::new(bits)))
    })
    .udf()
}
