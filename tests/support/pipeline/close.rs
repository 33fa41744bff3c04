//! The end of every test: the checks for leftovers, the logs if something failed, and the removal of everything.
use super::TestPipeline;
use crate::support::leftovers;

impl TestPipeline {
    /// Prints the end of every service's log, and the state of the parts.
    async fn tell(&self) {
        for service in self.services() {
            eprintln!("{}", service.log_tail());
        }
        let query = "select concat_ws(' ', submission, run, stage, part, status, attempt, fence, last_error) from parts order by created_at";
        if let Ok(parts) = sqlx::query_scalar::<_, String>(query).fetch_all(self.truth.pool()).await {
            eprintln!("── parts\n{}", parts.join("\n"));
        }
    }

    async fn close(&mut self) {
        if std::thread::panicking() {
            self.tell().await;
            self.dir.disable_cleanup(true);
            eprintln!("everything lies in {}", self.dir.path().display());
        } else if let Err(left) = leftovers::find(self).await {
            self.tell().await;
            self.dir.disable_cleanup(true);
            panic!("left behind: {left:#}\neverything lies in {}", self.dir.path().display());
        }
    }
}

impl Drop for TestPipeline {
    fn drop(&mut self) {
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async {
                let failed = std::panic::AssertUnwindSafe(self.close());
                let result = futures::FutureExt::catch_unwind(failed).await;
                for service in self.services() {
                    service.kill();
                }
                if let Ok(broker) = tokio::time::timeout(std::time::Duration::from_secs(5), self.broker()).await {
                    broker.remove_all().await;
                }
                self.truth.remove().await;
                self.store.end();
                if let Err(panic) = result
                    && !std::thread::panicking()
                {
                    std::panic::resume_unwind(panic);
                }
            });
        });
    }
}
