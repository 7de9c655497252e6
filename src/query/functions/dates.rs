//! Functions of times and dates.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, AsArray, Float64Array, Int64Array, StringViewBuilder, TimestampMicrosecondArray,
};
use datafusion::arrow::compute::{DatePart, cast, date_part};
use datafusion::arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use datafusion::common::{Result, exec_datafusion_err, exec_err};
use datafusion::logical_expr::{ColumnarValue, ScalarUDF};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::{Function, constant};

/// A time of the frames.
fn utc() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// A time on the clocks of some zone.
fn clock() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, None)
}

/// The functions of this file that a statement may call.
pub(super) fn all() -> Vec<Arc<ScalarUDF>> {
    let part = |name, part: DatePart, also: &[&str]| {
        Function::either(
            name,
            &[&[utc()], &[clock()], &[DataType::Date32]],
            DataType::Int64,
            move |args, rows| {
                let array = args[0].to_array(rows)?;
                let parts = date_part(&array, part)?;
                Ok(ColumnarValue::Array(cast(&parts, &DataType::Int64)?))
            },
        )
        .also(also)
        .udf()
    };
    let mut all = vec![
        part("year", DatePart::Year, &[]),
        part("quarter", DatePart::Quarter, &[]),
        part("month", DatePart::Month, &[]),
        part("week", DatePart::Week, &["weekofyear"]),
        part("day", DatePart::Day, &["dayofmonth"]),
        part("hour", DatePart::Hour, &[]),
        part("minute", DatePart::Minute, &[]),
        part("second", DatePart::Second, &[]),
        part("dayofweek", DatePart::DayOfWeekSunday0, &["weekday"]),
        part("dayofyear", DatePart::DayOfYear, &[]),
        strftime(),
        date_diff(),
        epoch(),
        local(),
    ];
    for (name, ticks) in [("epoch_s", 1_000_000), ("epoch_ms", 1_000), ("epoch_us", 1)] {
        all.push(count_of(name, ticks));
    }
    all.push(weekday());
    all
}

/// The microseconds of a column of times.
fn micros(value: &ColumnarValue, rows: usize) -> Result<TimestampMicrosecondArray> {
    let array = value.to_array(rows)?;
    let array = cast(&array, &clock())?;
    Ok(array.as_primitive::<TimestampMicrosecondType>().clone())
}

/// A moment as the clocks of UTC show it.
fn civil(micros: i64) -> Result<DateTime> {
    Timestamp::from_microsecond(micros)
        .map(|time| TimeZone::UTC.to_datetime(time))
        .map_err(|_| {
            exec_datafusion_err!("{micros} microseconds lie outside the years -9999 to 9999")
        })
}

/// `strftime(time, format)`.
fn strftime() -> Arc<ScalarUDF> {
    let text = DataType::Utf8View;
    let takes: [&[DataType]; 3] = [
        &[utc(), text.clone()],
        &[clock(), text.clone()],
        &[DataType::Date32, text.clone()],
    ];
    Function::either("strftime", &takes, text, |args, rows| {
        let format = constant("strftime", "format", &args[1])?;
        let mut texts = StringViewBuilder::with_capacity(rows);
        for time in &micros(&args[0], rows)? {
            let Some(time) = time else {
                texts.append_null();
                continue;
            };
            let zoned = Timestamp::from_microsecond(time)
                .map_err(|e| exec_datafusion_err!("{e}"))?
                .to_zoned_datetime(TimeZone::UTC);
            let text = jiff::fmt::strtime::format(&format, &zoned)
                .map_err(|e| exec_datafusion_err!("strftime cannot write '{format}': {e}"))?;
            texts.append_value(text);
        }
        Ok(ColumnarValue::Array(Arc::new(texts.finish())))
    })
    .udf()
}

/// A time as DuckDB writes it where it is cast to text: `2025-11-19 10:00:00+00`.
pub(in crate::query) fn time_text() -> Arc<ScalarUDF> {
    let takes: [&[DataType]; 2] = [&[utc()], &[clock()]];
    Function::either("time_text", &takes, DataType::Utf8View, |args, rows| {
        let zone = match args[0].data_type() {
            DataType::Timestamp(_, Some(_)) => "+00",
            _ => "",
        };
        let mut texts = StringViewBuilder::with_capacity(rows);
        for time in &micros(&args[0], rows)? {
            match time {
                Some(time) => {
                    let text = civil(time)?.strftime("%Y-%m-%d %H:%M:%S%.f").to_string();
                    texts.append_value(text + zone);
                }
                None => texts.append_null(),
            }
        }
        Ok(ColumnarValue::Array(Arc::new(texts.finish())))
    })
    .udf()
}

fn zone(function: &str, value: &ColumnarValue) -> Result<TimeZone> {
    let name = constant(function, "zone", value)?;
    TimeZone::get(&name).map_err(|_| {
        exec_datafusion_err!("there is no zone '{name}'; write a name such as 'Asia/Seoul'")
    })
}

/// `local(time, zone)`: what clocks in a zone show at a moment.
pub(in crate::query) fn local() -> Arc<ScalarUDF> {
    let takes = [utc(), DataType::Utf8View];
    Function::new("local", &takes, clock(), |args, rows| {
        let zone = zone("local", &args[1])?;
        let shown: TimestampMicrosecondArray = micros(&args[0], rows)?.try_unary(|time| {
            let moment = Timestamp::from_microsecond(time);
            let moment = moment.map_err(|e| exec_datafusion_err!("{e}"))?;
            Ok::<i64, datafusion::error::DataFusionError>(
                time + i64::from(zone.to_offset(moment).seconds()) * 1_000_000,
            )
        })?;
        Ok(ColumnarValue::Array(Arc::new(shown)))
    })
    .udf()
}

/// The moment at which clocks in a zone show a time; of two the first.
pub(in crate::query) fn instant() -> Arc<ScalarUDF> {
    let takes = [clock(), DataType::Utf8View];
    Function::new("instant", &takes, utc(), |args, rows| {
        let zone = zone("AT TIME ZONE", &args[1])?;
        let moments: TimestampMicrosecondArray = micros(&args[0], rows)?.try_unary(|time| {
            let moment = zone.to_timestamp(civil(time)?);
            moment
                .map(Timestamp::as_microsecond)
                .map_err(|e| exec_datafusion_err!("{e}"))
        })?;
        Ok(ColumnarValue::Array(Arc::new(moments.with_timezone("UTC"))))
    })
    .udf()
}

/// `epoch(time)`: seconds since 1970-01-01 UTC with their fraction.
fn epoch() -> Arc<ScalarUDF> {
    let takes: [&[DataType]; 3] = [&[utc()], &[clock()], &[DataType::Date32]];
    Function::either("epoch", &takes, DataType::Float64, |args, rows| {
        let seconds: Float64Array = micros(&args[0], rows)?.unary(|time| time as f64 / 1e6);
        Ok(ColumnarValue::Array(Arc::new(seconds)))
    })
    .udf()
}

/// Whole seconds, milliseconds or microseconds since 1970-01-01 UTC.
fn count_of(name: &'static str, ticks: i64) -> Arc<ScalarUDF> {
    let takes: [&[DataType]; 3] = [&[utc()], &[clock()], &[DataType::Date32]];
    Function::either(name, &takes, DataType::Int64, move |args, rows| {
        let whole: Int64Array = micros(&args[0], rows)?.unary(|time| time.div_euclid(ticks));
        Ok(ColumnarValue::Array(Arc::new(whole)))
    })
    .udf()
}

/// `isodow(time)`: the day of the week, from Monday, 1, to Sunday, 7.
fn weekday() -> Arc<ScalarUDF> {
    let takes: [&[DataType]; 3] = [&[utc()], &[clock()], &[DataType::Date32]];
    Function::either("isodow", &takes, DataType::Int64, |args, rows| {
        let days: Int64Array = micros(&args[0], rows)?.try_unary(|time| {
            Ok::<i64, datafusion::error::DataFusionError>(i64::from(
                civil(time)?.weekday().to_monday_one_offset(),
            ))
        })?;
        Ok(ColumnarValue::Array(Arc::new(days)))
    })
    .udf()
}

/// `date_diff(unit, from, to)`: how many borders of the unit lie between two times.
fn date_diff() -> Arc<ScalarUDF> {
    let unit = DataType::Utf8View;
    let takes: [&[DataType]; 3] = [
        &[unit.clone(), utc(), utc()],
        &[unit.clone(), clock(), clock()],
        &[unit, DataType::Date32, DataType::Date32],
    ];
    Function::either("date_diff", &takes, DataType::Int64, |args, rows| {
        let unit = constant("date_diff", "unit", &args[0])?;
        let border = Border::of(&unit)?;
        let [from, to] = [micros(&args[1], rows)?, micros(&args[2], rows)?];
        let borders = from.iter().zip(to.iter()).map(|(from, to)| {
            let (Some(from), Some(to)) = (from, to) else {
                return Ok(None);
            };
            Ok(Some(border.place(to)? - border.place(from)?))
        });
        let borders: Int64Array = borders.collect::<Result<_>>()?;
        Ok(ColumnarValue::Array(Arc::new(borders) as ArrayRef))
    })
    .also(&["datediff"])
    .udf()
}

/// What `date_diff` counts the borders of.
enum Border {
    /// A stretch of so many microseconds.
    Micros(i64),
    Week,
    Months(i64),
}

impl Border {
    fn of(unit: &str) -> Result<Self> {
        const SECOND: i64 = 1_000_000;
        let unit = unit.to_lowercase();
        Ok(match unit.strip_suffix('s').unwrap_or(&unit) {
            "microsecond" => Border::Micros(1),
            "millisecond" => Border::Micros(1_000),
            "second" => Border::Micros(SECOND),
            "minute" => Border::Micros(60 * SECOND),
            "hour" => Border::Micros(3600 * SECOND),
            "day" => Border::Micros(86_400 * SECOND),
            "week" => Border::Week,
            "month" => Border::Months(1),
            "quarter" => Border::Months(3),
            "year" => Border::Months(12),
            _ => {
                return exec_err!(
                    "date_diff has no unit '{unit}'; write 'second', 'minute', 'hour', 'day', 'week', 'month' or 'year'"
                );
            }
        })
    }

    /// How many borders lie before a moment, from some fixed moment on.
    fn place(&self, micros: i64) -> Result<i64> {
        const DAY: i64 = 86_400_000_000;
        Ok(match self {
            Border::Micros(length) => micros.div_euclid(*length),
            // 1970-01-01 was a Thursday, three days after a Monday.
            Border::Week => (micros.div_euclid(DAY) + 3).div_euclid(7),
            Border::Months(length) => {
                let date = civil(micros)?.date();
                let months = i64::from(date.year()) * 12 + i64::from(date.month()) - 1;
                months.div_euclid(*length)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn borders_are_counted_not_stretches() {
        let micros = |text: &str| text.parse::<Timestamp>().expect("a time").as_microsecond();
        let [from, to] = ["2025-12-31T23:59:59Z", "2026-01-01T00:00:00Z"].map(micros);
        for unit in [
            "second", "minute", "hour", "day", "month", "quarter", "years",
        ] {
            let border = Border::of(unit).expect("a unit");
            let place = |time| border.place(time).expect("a place");
            assert_eq!(place(to) - place(from), 1, "{unit}");
        }
        let week = Border::Week;
        let place = |text: &str| week.place(micros(text)).expect("a place");
        assert_eq!(
            place("2026-01-05T00:00:00Z") - place("2026-01-04T23:00:00Z"),
            1
        );
        assert!(Border::of("fortnight").is_err());
    }
}
