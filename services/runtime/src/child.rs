//! Runs a media job in a sandboxed child: this program again, with the argument `child`. It sends the request as JSON
//! to the child's standard input and reads answers as JSON lines from its standard output. The child limits itself; the
//! parent gives it an empty environment, a separate process group and a deadline, and kills everything that is left of
//! it.
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::config::ChildConfig;
use crate::metrics::Metrics;
use crate::telemetry::spans;

mod believe;
mod conversation;
mod error;
mod spawner;

pub use believe::numbers;
pub use error::{ChildError, Crash};

use conversation::converse;
use spawner::Spawner;

/// Hides this process's memory, environment and open files from other processes of the same user, such as a child that
/// escaped from its sandbox: the kernel lets them neither attach nor read `/proc/PID/{mem,environ,fd}`, and writes no
/// core dump. For processes that hold secrets.
///
/// # Errors
/// If the kernel refuses.
pub fn hide_this_process() -> anyhow::Result<()> {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    set_dumpable_behavior(DumpableBehavior::NotDumpable).context("hide this process from others (PR_SET_DUMPABLE)")
}

/// Starts children. Clones share one spawner.
#[derive(Clone)]
pub struct ChildRunner {
    program: PathBuf,
    allow_missing_landlock: bool,
    spawner: Spawner,
    metrics: Metrics,
}

impl ChildRunner {
    /// Prepares the runner; `child_exe` replaces this program.
    pub fn new(config: &ChildConfig, metrics: Metrics) -> anyhow::Result<Self> {
        let program = match &config.child_exe {
            Some(program) => program.clone(),
            None => std::env::current_exe().context("find this program's own file")?,
        };
        let allow_missing_landlock = config.allow_missing_landlock;
        Ok(Self { program, allow_missing_landlock, spawner: Spawner::start()?, metrics })
    }

    /// Whether children may run on a kernel without Landlock, for the requests that say so.
    pub fn allows_missing_landlock(&self) -> bool {
        self.allow_missing_landlock
    }

    /// Runs one child to its end, within `wall` and until `cancelled`. `on_progress` is called with 0 to 1.
    pub async fn run<Q: Serialize, R: DeserializeOwned>(
        &self,
        request: &Q,
        wall: Duration,
        cancelled: &CancellationToken,
        on_progress: impl FnMut(f64) + Send,
    ) -> Result<R, ChildError> {
        let request = serde_json::to_value(request).map_err(|error| ChildError::failed("write the request", &error))?;
        let running = self.metrics.child_seconds.with_label_values(&[job_of(&request)]).start_timer();
        let span = spans::child(job_of(&request));
        let result = self.run_inner(&request, wall, cancelled, on_progress).instrument(span.clone()).await;
        running.observe_duration();
        let end = result.as_ref().map_or_else(ChildError::end, |_| "done");
        if matches!(end, "crashed" | "timed_out" | "failed") {
            spans::failed(&span, end);
        }
        self.metrics.children.with_label_values(&[end]).inc();
        if let Some(cause) = result.as_ref().err().and_then(ChildError::killed_by) {
            self.metrics.media.children_killed.with_label_values(&[cause]).inc();
        }
        result
    }

    async fn run_inner<R: DeserializeOwned>(
        &self,
        request: &serde_json::Value,
        wall: Duration,
        cancelled: &CancellationToken,
        on_progress: impl FnMut(f64) + Send,
    ) -> Result<R, ChildError> {
        if cancelled.is_cancelled() {
            return Err(ChildError::Cancelled);
        }
        let request = serde_json::to_vec(request).map_err(|error| ChildError::failed("write the request", &error))?;
        let mut command = tokio::process::Command::new(&self.program);
        command.arg("child").env_clear();
        // The only setting that a child receives besides its request.
        if self.allow_missing_landlock {
            command.env("REELMILL_ALLOW_MISSING_LANDLOCK", "true");
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        // From here on, dropping `running` kills the whole group, however this function ends.
        let mut running =
            self.spawner.spawn(command).await.map_err(|error| ChildError::failed("start the child", &error))?;
        tokio::select! {
            result = converse(&mut running, request, on_progress) => result,
            () = tokio::time::sleep(wall) => Err(ChildError::TimedOut(wall)),
            () = cancelled.cancelled() => Err(ChildError::Cancelled),
        }
    }
}

/// The kind of a request, by the name in its own format (`{"job": {"qc": …}}`). Requests are ours, so there are few
/// names.
fn job_of(request: &serde_json::Value) -> &str {
    match request.get("job") {
        Some(serde_json::Value::String(name)) => name,
        Some(serde_json::Value::Object(job)) => job.keys().next().map_or("other", String::as_str),
        _ => "other",
    }
}

#[cfg(test)]
mod tests;
