//! The one store that a query can read from: the folder of results.

use std::sync::Arc;

use datafusion::common::{Result, plan_err};
use datafusion::execution::object_store::ObjectStoreRegistry;
use object_store::ObjectStore;
use url::Url;

/// The address of the folder of results, below which all tables lie.
pub(super) const RUN: &str = "run://results/";

/// Knows the folder of results and nothing else.
///
/// The engine asks it for every file that it opens, so no statement and no function can reach a file
/// outside this folder, or the network.
#[derive(Debug)]
pub(super) struct OnlyResults(pub(super) Arc<dyn ObjectStore>);

impl ObjectStoreRegistry for OnlyResults {
    fn register_store(
        &self,
        _url: &Url,
        _store: Arc<dyn ObjectStore>,
    ) -> Option<Arc<dyn ObjectStore>> {
        None
    }

    fn get_store(&self, url: &Url) -> Result<Arc<dyn ObjectStore>> {
        if url.scheme() == "run" {
            Ok(self.0.clone())
        } else {
            plan_err!("a query reads the frames of this run only, and not {url}")
        }
    }
}
