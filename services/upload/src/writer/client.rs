//! The client of one request: its bytes, how long it may be waited for, and why no more of them come.
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt};
use runtime::problem::{Code, Problem};
use runtime::serving::pace::Pace;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::lock::LockState;
use crate::app::App;
use crate::senders::Sender;

/// A writer that received nothing from its client for this long yields to one with data.
const SILENT: Duration = Duration::from_secs(2);
/// When the service stops, data in flight is still accepted for this long.
const DRAIN: Duration = Duration::from_millis(250);

/// Why no more bytes come.
pub(super) enum End {
    /// The request is complete.
    Whole,
    /// It is not, for this reason.
    Early(Code),
}

/// The sender of one request's bytes.
pub(super) struct Client {
    /// How much longer it may be waited for.
    pace: Pace,
    /// Its place in the list of senders.
    sender: Sender,
    /// Set when the service stops.
    drain_until: Option<Instant>,
}

impl Client {
    pub(super) fn begin(app: &App) -> Self {
        let pace = Pace::new(app.settings.least_rate, app.settings.rate_grace);
        Self { pace, sender: app.senders.begin(), drain_until: None }
    }

    /// The next bytes, or why there are none. Only waiting for the client counts against its pace, not what we do with
    /// its bytes.
    pub(super) async fn next<E>(
        &mut self,
        app: &App,
        lock: &mut watch::Receiver<LockState>,
        from: &mut (impl Stream<Item = Result<Bytes, E>> + Unpin),
    ) -> Result<Result<Bytes, End>, Problem> {
        self.sender.wait();
        let next = self.wait_for_next(app, lock, from).await;
        let bytes = next.as_ref().ok().and_then(|it| it.as_ref().ok()).map_or(0, |bytes| bytes.len() as u64);
        self.pace.came(self.sender.came(bytes), bytes);
        next
    }

    async fn wait_for_next<E>(
        &mut self,
        app: &App,
        lock: &mut watch::Receiver<LockState>,
        from: &mut (impl Stream<Item = Result<Bytes, E>> + Unpin),
    ) -> Result<Result<Bytes, End>, Problem> {
        let silent_since = Instant::now();
        let (silence, patience) = (app.settings.read_deadline, self.pace.left());
        let late = if patience < silence { Code::TooSlow } else { Code::Interrupted };
        let mut deadline = silent_since + silence.min(patience);
        loop {
            if let Some(until) = self.drain_until {
                if Instant::now() >= until {
                    return Ok(Err(End::Early(Code::Stopping)));
                }
                deadline = deadline.min(until);
            }
            tokio::select! {
                next = timeout_at(deadline, from.next()) => return Ok(match next {
                    Ok(Some(Ok(bytes))) => Ok(bytes),
                    Ok(None) => Err(End::Whole),
                    Err(_) if self.drain_until.is_some() => Err(End::Early(Code::Stopping)),
                    Err(_) => Err(End::Early(late)),
                    Ok(Some(Err(_))) => Err(End::Early(Code::Interrupted)),
                }),
                () = self.sender.dropped() => return Ok(Err(End::Early(Code::TooSlow))),
                changed = lock.changed() => {
                    let state = *lock.borrow_and_update();
                    if changed.is_err() || state == LockState::Lost {
                        return Err(Code::Locked.into());
                    }
                    if state == LockState::Wanted && silent_since.elapsed() >= SILENT {
                        return Ok(Err(End::Early(Code::Interrupted)));
                    }
                }
                () = app.stop.cancelled(), if self.drain_until.is_none() => {
                    self.drain_until = Some(Instant::now() + DRAIN);
                }
            }
        }
    }
}
