//! What is wrong with single values of a row, by the names that the column `row_problem` has.
//!
//! A value that cannot be read is null and its row stays, so that nothing a client sends takes its request
//! out of the counts. The names are those below, or one of these before the name of a column or part:
//!
//! | name | means |
//! |---|---|
//! | `bad_` | the text is no value of that column |
//! | `no_` | the line has no value for a column that its log must have |
//! | `twice_` | the line has the field twice, and no one can know which counts |
//! | `type_` | the field of JSON is an object, an array or a truth value |

/// The local time happened twice; the row has the earlier one.
pub const TIME_TWICE: &str = "time_twice";
/// The forwarding list has several addresses, and the case file does not say which is the client's.
pub(crate) const FORWARDED_FOR_LIST: &str = "forwarded_for_list";
/// The request is not `METHOD target HTTP/x`, yet the server did not refuse it.
pub(crate) const REQUEST_LINE: &str = "request_line";

/// Whether a cell of the column `row_problem`, which separates names by blanks, names `problem`.
pub fn has_problem(cell: Option<&str>, problem: &str) -> bool {
    cell.is_some_and(|cell| cell.split(' ').any(|name| name == problem))
}

/// How many rows of a log have a problem, and where the first is.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Found {
    /// The rows.
    pub(crate) count: u64,
    /// The line of the first.
    pub(crate) line_no: u64,
    /// The beginning of its text that could not be read; empty where there is none.
    pub(crate) value: String,
}
