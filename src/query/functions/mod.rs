//! The functions that responders reach for and the engine lacks, or means otherwise.

pub(super) mod addresses;
pub(super) mod arithmetic;
pub(super) mod dates;
pub(super) mod extremes;
pub(super) mod texts;

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature,
    Volatility,
};
use datafusion::prelude::SessionContext;

/// A function of SQL with what it is for.
#[derive(Debug, Clone, Copy)]
pub struct Told {
    /// How it is called.
    pub call: &'static str,
    /// What it gives.
    pub what: &'static str,
}

/// The functions that are documented by `.help functions` and completed by the prompt.
pub const FUNCTIONS: &[Told] = &[
    told(
        "ip_in(address, prefix)",
        "Whether the address lies in the prefix, such as '203.0.113.0/24'.",
    ),
    told(
        "network(address, bits)",
        "The prefix of this length around the address: network('203.0.113.9', 24) is '203.0.113.0/24'. IPv6 takes a third number: network(address, 24, 56).",
    ),
    told(
        "is_private(address)",
        "Whether the address is private, local or reserved, and so never a client on the internet.",
    ),
    told(
        "text(bytes)",
        "The bytes as text, such as `raw` of `rejects`; what is no UTF-8 is written as \\xHH.",
    ),
    told(
        "strftime(time, format)",
        "The time as text: strftime(event_time, '%Y-%m-%d %H:00').",
    ),
    told(
        "date_trunc(unit, time)",
        "The time cut to 'minute', 'hour', 'day', 'week', 'month' or 'year'.",
    ),
    told(
        "date_diff(unit, from, to)",
        "How many borders of the unit lie between two times.",
    ),
    told(
        "year(time), month(time), day(time)",
        "A part of the time; also hour, minute, second, quarter, week, dayofweek, dayofyear, isodow.",
    ),
    told(
        "epoch(time)",
        "Seconds since 1970-01-01 UTC, with their fraction; epoch_ms and epoch_us give whole numbers.",
    ),
    told(
        "local(time, zone)",
        "What clocks in the zone show: local(event_time, 'Asia/Seoul').",
    ),
    told(
        "regexp_matches(text, pattern)",
        "Whether a part of the text matches the pattern.",
    ),
    told(
        "regexp_extract(text, pattern, group)",
        "What the group of the first match holds; '' if there is none.",
    ),
    told(
        "arg_max(value, by), arg_min(value, by)",
        "The value of the row in which `by` is greatest or least.",
    ),
    told(
        "mode(value)",
        "The most frequent value; of several the least.",
    ),
];

const fn told(call: &'static str, what: &'static str) -> Told {
    Told { call, what }
}

/// Adds the functions to the engine and takes away those that only estimate.
pub(super) fn register(context: &SessionContext) {
    let scalar = [
        dates::all(),
        texts::all(),
        addresses::all(),
        arithmetic::all(),
    ];
    for function in scalar.into_iter().flatten() {
        context.register_udf(function.as_ref().clone());
    }
    for function in extremes::all() {
        context.register_udaf(function);
    }
    let variance = datafusion::functions_aggregate::variance::var_samp_udaf();
    context.register_udaf(variance.as_ref().clone().with_aliases(["variance"]));
    for estimate in [
        "approx_distinct",
        "approx_median",
        "approx_percentile_cont",
        "approx_percentile_cont_with_weight",
    ] {
        context.deregister_udaf(estimate);
    }
}

/// The text of an argument that must be the same for all rows.
fn constant(function: &str, argument: &str, value: &ColumnarValue) -> Result<String> {
    if let ColumnarValue::Scalar(value) = value
        && let Some(Some(text)) = value.try_as_str()
    {
        return Ok(text.to_string());
    }
    // A constant may come as a column of equal texts.
    if let ColumnarValue::Array(array) = value {
        let texts = array.as_string_view();
        let first = texts.iter().next().flatten();
        if let Some(first) = first.filter(|first| texts.iter().all(|text| text == Some(first))) {
            return Ok(first.to_string());
        }
    }
    exec_err!("{function} takes one text as its {argument}, and not one for each row")
}

/// What a function does with its arguments and the number of rows.
type Body = dyn Fn(&[ColumnarValue], usize) -> Result<ColumnarValue> + Send + Sync;
/// How a function names the column that it makes.
type Naming = dyn Fn(&[Expr]) -> String + Send + Sync;

/// A function of SQL, from its name, its types and a closure.
pub(super) struct Function {
    name: &'static str,
    aliases: Vec<String>,
    signature: Signature,
    gives: DataType,
    body: Arc<Body>,
    naming: Option<Arc<Naming>>,
}

impl Function {
    /// A function that takes exactly these types.
    pub(super) fn new(
        name: &'static str,
        takes: &[DataType],
        gives: DataType,
        body: impl Fn(&[ColumnarValue], usize) -> Result<ColumnarValue> + Send + Sync + 'static,
    ) -> Self {
        Self::either(name, &[takes], gives, body)
    }

    /// A function that takes one of several lists of types.
    pub(super) fn either(
        name: &'static str,
        takes: &[&[DataType]],
        gives: DataType,
        body: impl Fn(&[ColumnarValue], usize) -> Result<ColumnarValue> + Send + Sync + 'static,
    ) -> Self {
        let exact = takes
            .iter()
            .map(|types| TypeSignature::Exact(types.to_vec()));
        Function {
            name,
            aliases: Vec::new(),
            signature: Signature::one_of(exact.collect(), Volatility::Immutable),
            gives,
            body: Arc::new(body),
            naming: None,
        }
    }

    /// Gives the function further names.
    pub(super) fn also(mut self, names: &[&str]) -> Self {
        self.aliases = names.iter().map(ToString::to_string).collect();
        self
    }

    /// Names the columns that the function makes.
    pub(super) fn named(
        mut self,
        naming: impl Fn(&[Expr]) -> String + Send + Sync + 'static,
    ) -> Self {
        self.naming = Some(Arc::new(naming));
        self
    }

    /// The function as the engine takes it.
    pub(super) fn udf(self) -> Arc<ScalarUDF> {
        Arc::new(ScalarUDF::new_from_impl(self))
    }
}

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

// Two functions of one name and one signature are the same function.
impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.signature == other.signature
    }
}

impl Eq for Function {}

impl Hash for Function {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for Function {
    fn name(&self) -> &str {
        self.name
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        if let Some(naming) = &self.naming {
            return Ok(naming(args));
        }
        let names: Vec<String> = args
            .iter()
            .map(|arg| arg.schema_name().to_string())
            .collect();
        Ok(format!("{}({})", self.name, names.join(",")))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.gives.clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        (self.body)(&args.args, args.number_rows)
    }
}
