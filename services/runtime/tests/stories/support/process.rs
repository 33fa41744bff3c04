//! A process of services as a value.
use std::sync::Arc;

use runtime::service::Runtime;
use tokio::task::JoinHandle;

use super::wait::SOON;

/// A running process.
pub(crate) struct Process {
    pub(crate) runtime: Arc<Runtime>,
    running: JoinHandle<anyhow::Result<()>>,
}

impl Process {
    pub(super) fn new(runtime: Arc<Runtime>, running: JoinHandle<anyhow::Result<()>>) -> Self {
        Self { runtime, running }
    }

    /// Waits for its end.
    pub(crate) async fn ended(self) {
        tokio::time::timeout(SOON, self.running).await.expect("the process ends").unwrap().unwrap();
    }

    pub(crate) async fn stop(self) {
        self.runtime.shutdown.soft.cancel();
        self.ended().await;
    }
}
