//! The engine over the frames of a run: its memory, its threads, its tables and its functions.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::common::config::Dialect;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{
    ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl,
};
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use object_store::local::LocalFileSystem;
use tempfile::TempDir;

use super::store::{OnlyResults, RUN};
use super::{Settings, dialect, failure, functions};
use crate::error::{Error, Result};
use crate::frames::{self, Frame, Kind, View, part_files};

/// The folder of results with the engine on it.
pub(super) struct Engine {
    /// What plans and runs statements.
    pub(super) context: SessionContext,
    /// The threads that run them.
    pub(super) threads: tokio::runtime::Runtime,
    /// Where the engine puts what does not fit into memory, unless nothing can be written.
    pub(super) scratch: Option<TempDir>,
    /// The folder of results.
    results: PathBuf,
}

/// How a folder for what is set aside begins, below the results.
const SCRATCH: &str = "query-";

impl Engine {
    /// Opens the results in `results`: each of their frames becomes a table, and each view that has its
    /// frames becomes one, too.
    pub(super) fn open(results: &Path, settings: &Settings) -> Result<Self> {
        let failed =
            |e: datafusion::error::DataFusionError| failure::internal("start the engine", e);
        let scratch = tempfile::Builder::new()
            .prefix(SCRATCH)
            .tempdir_in(results)
            .ok();
        let store = LocalFileSystem::new_with_prefix(results).map_err(|e| failed(e.into()))?;
        let spill = match &scratch {
            Some(folder) => DiskManagerMode::Directories(vec![folder.path().to_path_buf()]),
            None => DiskManagerMode::Disabled,
        };
        let environment = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(FairSpillPool::new(settings.memory)))
            .with_disk_manager_builder(DiskManagerBuilder::default().with_mode(spill))
            .with_object_store_registry(Arc::new(OnlyResults(Arc::new(store))))
            .build_arc()
            .map_err(failed)?;
        let state = SessionStateBuilder::new()
            .with_config(configuration(settings))
            .with_runtime_env(environment)
            .with_default_features()
            .with_analyzer_rules(dialect::rules())
            .build();
        let context = SessionContext::new_with_state(state);
        functions::register(&context);
        let threads = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(settings.threads)
            .thread_stack_size(8 << 20)
            .build()
            .map_err(|e| Error::io("start the threads of the engine", results, e))?;
        let engine = Engine {
            context,
            threads,
            scratch,
            results: results.to_path_buf(),
        };
        engine.add_frames()?;
        engine.add_views()?;
        Ok(engine)
    }

    /// Makes each frame of the results a table.
    fn add_frames(&self) -> Result<()> {
        let dir = self.results.join("frames");
        for frame in frames::ALL {
            let parts = part_files(&dir, frame)?;
            if !parts.is_empty() {
                self.add_parquet(frame.name, &parts, schema(frame))?;
            }
        }
        Ok(())
    }

    /// Makes Parquet files below the results a table of this schema.
    pub(super) fn add_parquet(
        &self,
        name: &str,
        parts: &[PathBuf],
        schema: SchemaRef,
    ) -> Result<()> {
        let failed = |e| failure::internal("open the table", e);
        let address = |part: &PathBuf| {
            let below = part.strip_prefix(&self.results).unwrap_or(part);
            ListingTableUrl::parse(format!("{RUN}{}", below.display())).map_err(failed)
        };
        let parts = parts.iter().map(address).collect::<Result<Vec<_>>>()?;
        let options =
            ListingOptions::new(Arc::new(ParquetFormat::default())).with_file_extension(".parquet");
        let config = ListingTableConfig::new_with_multi_paths(parts)
            .with_listing_options(options)
            .with_schema(schema);
        let table = ListingTable::try_new(config).map_err(failed)?;
        self.context
            .register_table(name, Arc::new(table))
            .map_err(failed)?;
        Ok(())
    }

    /// Makes each view whose frames are there a table.
    fn add_views(&self) -> Result<()> {
        let there = |view: &&View| {
            let exists = |name: &&str| self.context.table_exist(*name).unwrap_or(false);
            view.of.iter().all(exists)
        };
        for view in frames::VIEWS.iter().filter(there) {
            let sql = format!("CREATE VIEW {} AS {}", view.name, view.sql);
            self.threads
                .block_on(self.context.sql(&sql))
                .map_err(|e| failure::internal("define a view", e))?;
        }
        Ok(())
    }

    /// The tables that there are, frames first, in the order of the schema.
    pub(super) fn tables(&self) -> Vec<String> {
        let mut names = self
            .context
            .catalog("datafusion")
            .and_then(|catalog| catalog.schema("public"))
            .map(|schema| schema.table_names())
            .unwrap_or_default();
        let order = frames::ALL
            .iter()
            .map(|frame| frame.name)
            .chain(frames::VIEWS.iter().map(|view| view.name))
            .collect::<Vec<_>>();
        let place = |name: &String| order.iter().position(|known| known == name);
        names.sort_by_key(|name| (place(name).unwrap_or(order.len()), name.clone()));
        names
    }

    /// The names of all functions, in order.
    pub(super) fn function_names(&self) -> Vec<String> {
        let state = self.context.state();
        let mut names: Vec<String> = state.scalar_functions().keys().cloned().collect();
        names.extend(state.aggregate_functions().keys().cloned());
        names.extend(state.window_functions().keys().cloned());
        names.sort();
        names.dedup();
        names
    }

    /// The columns of a table with their types, in order; none if there is no such table.
    pub(super) fn columns(&self, table: &str) -> Vec<(String, DataType)> {
        let found = self.threads.block_on(self.context.table_provider(table));
        let fields = found.map(|table| table.schema().fields().clone());
        let column = |field: &Arc<Field>| (field.name().clone(), field.data_type().clone());
        fields.map_or_else(|_| Vec::new(), |fields| fields.iter().map(column).collect())
    }
}

/// How the engine plans and reads: as DuckDB does where the two differ, so that one statement has one answer.
fn configuration(settings: &Settings) -> SessionConfig {
    let mut config = SessionConfig::new()
        .with_target_partitions(settings.threads)
        .with_information_schema(true);
    let options = config.options_mut();
    options.sql_parser.dialect = Dialect::DuckDB;
    options.sql_parser.collect_spans = true;
    options.sql_parser.default_null_ordering = "nulls_last".to_string();
    options.sql_parser.parse_float_as_decimal = true;
    options.execution.time_zone = Some("UTC".to_string());
    options.execution.parquet.pushdown_filters = true;
    options.execution.parquet.reorder_filters = true;
    config
}

/// The schema of a frame: all numbers are signed with 64 bits, all times UTC in microseconds.
pub(super) fn schema(frame: &Frame) -> SchemaRef {
    let field = |column: &frames::Column| {
        let kind = match column.kind {
            Kind::Text | Kind::Identifier | Kind::Address => DataType::Utf8View,
            Kind::Bytes => DataType::BinaryView,
            Kind::Unsigned | Kind::Small | Kind::Code => DataType::Int64,
            Kind::Time => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        };
        Field::new(column.name, kind, !column.required)
    };
    Arc::new(Schema::new(
        frame.columns.iter().map(field).collect::<Vec<_>>(),
    ))
}
