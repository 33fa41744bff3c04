//! Carries out held decisions once they are due. Every desk checks each second, and each decision is carried out by one
//! desk. If a process dies, the next check of any desk carries out its decisions.
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::act::decide;
use crate::desk::Desk;

/// Between two checks. A decision takes effect at most this long after its time.
const EVERY: Duration = Duration::from_secs(1);
/// No check takes longer; a database that hangs must not stop the later checks.
const DEADLINE: Duration = Duration::from_secs(60);

/// Checks until `stop`.
pub(crate) async fn carry_out(desk: Arc<Desk>, stop: CancellationToken) {
    let mut failing = false;
    loop {
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = stop.cancelled() => return,
        }
        let look = match tokio::time::timeout(DEADLINE, decide::carry_out(&desk)).await {
            Ok(look) => look.map(drop),
            Err(_) => Err(anyhow::anyhow!("a look took longer than {} s", DEADLINE.as_secs())),
        };
        // Logged once per outage, not at each check.
        match &look {
            Ok(()) if failing => info!("held decisions are carried out again"),
            Err(error) if !failing => warn!("held decisions cannot be carried out: {error:#}"),
            Err(error) => debug!("held decisions still cannot be carried out: {error:#}"),
            Ok(()) => {}
        }
        failing = look.is_err();
    }
}
