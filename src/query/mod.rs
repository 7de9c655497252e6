//! SQL over the frames of a run: plans statements, runs them in bounded memory and hands out their rows.
//!
//! A [`Session`] is open on one folder of results. It reads only: `store` knows no other files, and
//! `statements` lets nothing through that writes. `dialect` sees to it that a statement means what
//! DuckDB means by it, or is refused. Rows are streamed, so that a result may be larger than memory.

mod dialect;
mod duckdb;
mod engine;
mod failure;
mod functions;
mod library;
mod output;
mod parameters;
mod spelling;
mod statements;
mod store;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::catalog::empty::EmptyTable;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::DataFrame;
use futures::StreamExt as _;
use futures::stream::{AbortHandle, Abortable, abortable};

pub use duckdb::write as write_duckdb;
pub use functions::{FUNCTIONS, Told};
pub use library::{Saved, all as library, defaults, find as saved, search};
pub use output::{Format, Layout, Outcome, new_file};
pub use parameters::Parameters;
pub use statements::Statement;

use crate::error::{Error, Result};
use engine::Engine;
use statements::What;

/// How a session runs its queries.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The bytes of memory that queries may take before they write to the disk.
    pub memory: usize,
    /// The threads.
    pub threads: usize,
    /// The zone in which times are shown, such as `Asia/Seoul`; none for UTC.
    pub zone: Option<String>,
}

/// The memory of a session unless it is told otherwise: 1 GiB.
pub const MEMORY: usize = 1 << 30;

/// A session on the results of one run.
pub struct Session {
    engine: Engine,
    settings: Settings,
    interrupt: Interrupt,
    /// How many tables statements have made.
    made: usize,
}

/// Stops the query that a session is at, from another thread.
#[derive(Clone, Default)]
pub struct Interrupt(Arc<Mutex<Option<AbortHandle>>>);

impl Interrupt {
    /// Stops the query. Gives false if there is none.
    pub fn stop(&self) -> bool {
        let handle = self.0.lock().ok().and_then(|mut handle| handle.take());
        handle.map(|handle| handle.abort()).is_some()
    }

    fn set(&self, handle: AbortHandle) {
        if let Ok(mut current) = self.0.lock() {
            *current = Some(handle);
        }
    }

    fn clear(&self) {
        if let Ok(mut current) = self.0.lock() {
            *current = None;
        }
    }
}

/// What a statement has given.
pub enum Answer<'s> {
    /// Its rows, to be read.
    Rows(Rows<'s>),
    /// A table that it made, with its number of rows.
    Made(String, u64),
    /// Nothing to show.
    Done,
}

impl Session {
    /// Opens the results in `results`.
    pub fn open(results: &Path, settings: Settings) -> Result<Self> {
        let results = crate::results::open(results)?;
        Ok(Session {
            engine: Engine::open(&results, &settings)?,
            settings,
            interrupt: Interrupt::default(),
            made: 0,
        })
    }

    /// What stops the queries of this session.
    pub fn interrupt(&self) -> Interrupt {
        self.interrupt.clone()
    }

    /// The tables and views, in the order of the schema.
    pub fn tables(&self) -> Vec<String> {
        self.engine.tables()
    }

    /// The columns of a table, each with its type.
    pub fn columns(&self, table: &str) -> Vec<(String, DataType)> {
        self.engine.columns(table)
    }

    /// The names of all functions.
    pub fn function_names(&self) -> Vec<String> {
        self.engine.function_names()
    }

    /// Cuts a script into statements and checks each, before any is run.
    ///
    /// A statement may name the tables that those before it make. Fails at the first that cannot be planned.
    pub fn check(&self, script: &str, parameters: &Parameters) -> Result<Vec<Statement>> {
        let statements = statements::split(script)?;
        let mut made: Vec<String> = Vec::new();
        let mut check = || {
            for statement in &statements {
                self.check_one(statement, parameters, &mut made)
                    .map_err(|e| numbered(e, statement, statements.len()))?;
            }
            Ok(())
        };
        let checked: Result<()> = check();
        for name in &made {
            let _ = self.engine.context.deregister_table(name.as_str());
        }
        checked.map(|()| statements)
    }

    /// Plans a statement, and puts an empty table in the place of one that it would make.
    fn check_one(
        &self,
        statement: &Statement,
        parameters: &Parameters,
        made: &mut Vec<String>,
    ) -> Result<()> {
        if let What::Drop(names) = &statement.what {
            return names.iter().try_for_each(|name| match made.contains(name) {
                true => {
                    let _ = self.engine.context.deregister_table(name.as_str());
                    made.retain(|known| known != name);
                    Ok(())
                }
                false => self.droppable(name),
            });
        }
        let plan = self.plan(statement, parameters)?;
        if let What::Table(name) | What::View(name) = &statement.what {
            self.free(name)?;
            let schema = plan.schema().inner().clone();
            let table = Arc::new(EmptyTable::new(schema));
            self.engine
                .context
                .register_table(name.as_str(), table)
                .map_err(|e| failure::internal("make the table", e))?;
            made.push(name.clone());
        }
        Ok(())
    }

    /// Fails if a frame or a view of the run has this name.
    fn free(&self, name: &str) -> Result<()> {
        let frames = crate::frames::ALL.iter().map(|frame| frame.name);
        let views = crate::frames::VIEWS.iter().map(|view| view.name);
        if frames.chain(views).any(|known| known == name) {
            return Err(Error::user(format!("`{name}` is a table of the run"))
                .hint("give the new table another name"));
        }
        if !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
            return Err(Error::user(format!("`{name}` is no name for a table"))
                .hint("write a name of letters, digits and underscores"));
        }
        Ok(())
    }

    /// Fails if there is no table of this name that a script has made.
    fn droppable(&self, name: &str) -> Result<()> {
        self.free(name).map_err(|_| {
            Error::user(format!(
                "`{name}` is a table of the run, which a query only reads"
            ))
        })?;
        match self.engine.context.table_exist(name).unwrap_or(false) {
            true => Ok(()),
            false => Err(Error::user(format!("there is no table `{name}`"))),
        }
    }

    /// The plan of a statement, analyzed, with its parameters in place.
    fn plan(&self, statement: &Statement, parameters: &Parameters) -> Result<LogicalPlan> {
        let state = self.engine.context.state();
        let told = |e| failure::of_statement(e, &self.engine);
        let planned = state.statement_to_plan(statement.parsed.clone());
        let plan = self.engine.threads.block_on(planned).map_err(told)?;
        let plan = parameters.bind(plan)?;
        // The analyzer finds what the planner lets through, such as types that do not fit.
        state
            .analyzer()
            .execute_and_check(plan.clone(), state.config_options(), |_, _| {})
            .map_err(told)?;
        Ok(plan)
    }

    /// Runs a statement that was checked.
    pub fn run(&mut self, statement: &Statement, parameters: &Parameters) -> Result<Answer<'_>> {
        match &statement.what {
            What::Drop(names) => {
                for name in names {
                    self.droppable(name)?;
                    let _ = self.engine.context.deregister_table(name.as_str());
                }
                Ok(Answer::Done)
            }
            What::View(name) => {
                self.free(name)?;
                let plan = self.plan(statement, parameters)?;
                let view = DataFrame::new(self.engine.context.state(), plan).into_view();
                let _ = self.engine.context.deregister_table(name.as_str());
                self.engine
                    .context
                    .register_table(name.as_str(), view)
                    .map_err(|e| failure::internal("make the view", e))?;
                Ok(Answer::Done)
            }
            What::Table(name) => {
                self.free(name)?;
                let rows = self.make(name, statement, parameters)?;
                Ok(Answer::Made(name.clone(), rows))
            }
            What::Rows => self.rows(statement, parameters).map(Answer::Rows),
        }
    }

    /// The plan of the engine for a statement, as text.
    pub fn explain(&self, statement: &Statement, parameters: &Parameters) -> Result<String> {
        let told = |e| failure::of_statement(e, &self.engine);
        let plan = self.plan(statement, parameters)?;
        let state = self.engine.context.state();
        let logical = state.optimize(&plan).map_err(told)?;
        let physical = self
            .engine
            .threads
            .block_on(state.create_physical_plan(&plan))
            .map_err(told)?;
        let physical = datafusion::physical_plan::displayable(physical.as_ref());
        Ok(format!(
            "{}\n\n{}",
            logical.display_indent(),
            physical.indent(true)
        ))
    }

    /// The rows of a query.
    fn rows(&self, statement: &Statement, parameters: &Parameters) -> Result<Rows<'_>> {
        let plan = self.plan(statement, parameters)?;
        let stream = self.stream(plan.clone())?;
        // The types of the plan are those before it was analyzed: `7 / 2` has become a fraction since.
        let schema = stream.schema();
        let (stream, handle) = abortable(stream);
        self.interrupt.set(handle);
        Ok(Rows {
            session: self,
            schema,
            plan,
            stream,
        })
    }

    fn stream(&self, plan: LogicalPlan) -> Result<SendableRecordBatchStream> {
        let frame = DataFrame::new(self.engine.context.state(), plan);
        let stream = self.engine.threads.block_on(frame.execute_stream());
        stream.map_err(|e| failure::of_statement(e, &self.engine))
    }

    /// Keeps the rows of a query as a Parquet file, which becomes a table.
    fn make(&mut self, name: &str, statement: &Statement, parameters: &Parameters) -> Result<u64> {
        let Some(scratch) = &self.engine.scratch else {
            return Err(Error::user(
                "tables cannot be made, as nothing can be written below the results",
            )
            .hint("write WITH name AS (SELECT ...) SELECT ... instead"));
        };
        self.made += 1;
        let path: PathBuf = scratch.path().join(format!("table-{}.parquet", self.made));
        let mut rows = self.rows(statement, parameters)?;
        let schema = rows.schema.clone();
        let count = output::parquet_rows(&mut rows, &path)?;
        drop(rows);
        let _ = self.engine.context.deregister_table(name);
        self.engine.add_parquet(name, &[path], schema)?;
        Ok(count)
    }
}

/// The error with the number of its statement, where a script has several.
fn numbered(mut error: Error, statement: &Statement, of: usize) -> Error {
    if of > 1 {
        error.message = format!("statement {} of {of}: {}", statement.number, error.message);
    }
    error
}

/// The rows of a query, read batch by batch.
pub struct Rows<'s> {
    session: &'s Session,
    schema: SchemaRef,
    plan: LogicalPlan,
    stream: Abortable<SendableRecordBatchStream>,
}

impl Rows<'_> {
    /// The next rows; none after the last.
    fn next(&mut self) -> Result<Option<RecordBatch>> {
        let next = self.session.engine.threads.block_on(self.stream.next());
        match next {
            Some(Ok(batch)) => Ok(Some(batch)),
            Some(Err(error)) => Err(failure::of_statement(error, &self.session.engine)),
            None if self.stream.is_aborted() => {
                let mut error = Error::interrupted();
                error.hints.clear();
                Err(error)
            }
            None => Ok(None),
        }
    }

    /// How many rows there are in all, of which `read` were read.
    ///
    /// Where all rows are computed before the first is given, as after a sort, the rest is counted off.
    /// Otherwise a plan that only counts reads far fewer columns.
    fn total(&mut self, read: u64) -> Result<u64> {
        if !computed_first(&self.plan) {
            let frame = DataFrame::new(self.session.engine.context.state(), self.plan.clone());
            let count = self.session.engine.threads.block_on(async {
                let (counted, handle) = futures::future::abortable(frame.count());
                self.session.interrupt.set(handle);
                counted.await
            });
            return match count {
                Ok(Ok(count)) => Ok(count as u64),
                Ok(Err(error)) => Err(failure::of_statement(error, &self.session.engine)),
                Err(_) => Err(Error::interrupted()),
            };
        }
        let mut total = read;
        while let Some(batch) = self.next()? {
            total += batch.num_rows() as u64;
        }
        Ok(total)
    }
}

impl Drop for Rows<'_> {
    fn drop(&mut self) {
        self.session.interrupt.clear();
    }
}

/// Whether a plan computes all rows before it gives the first.
fn computed_first(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Projection(_) | LogicalPlan::SubqueryAlias(_) | LogicalPlan::Filter(_) => {
            plan.inputs().into_iter().all(computed_first)
        }
        LogicalPlan::TableScan(_) | LogicalPlan::Join(_) | LogicalPlan::Union(_) => false,
        _ => true,
    }
}
