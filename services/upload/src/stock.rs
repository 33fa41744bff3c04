//! The high-water mark: how much unfinished uploads come to in the whole installation, and what is refused beyond it.
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::app::App;
use runtime::problem::{Code, Problem};

/// What is known of the sum of unfinished uploads: one question to the database a while, whoever asks.
#[derive(Default)]
pub struct Stock {
    seen: Mutex<Option<(Instant, u64)>>,
}

/// What is wished for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// A new upload.
    Begin,
    /// More bytes of one that began, or its end: these have a tenth more, so that what was begun can be finished.
    GoOn,
}

/// Refuses what would go beyond the high-water mark.
pub(crate) async fn check(app: &App, wish: Wish) -> Result<(), Problem> {
    let mark = app.settings.high_water_bytes;
    if mark == 0 {
        return Ok(());
    }
    let most = match wish {
        Wish::Begin => mark,
        Wish::GoOn => mark.saturating_add(mark / 10),
    };
    if app.stock.bytes(app).await? < most {
        return Ok(());
    }
    app.store.metrics().uploads.count("held_off");
    Err(Code::StoreFull.into())
}

impl Stock {
    async fn bytes(&self, app: &App) -> anyhow::Result<u64> {
        let mut seen = self.seen.lock().await;
        if let Some((at, bytes)) = *seen
            && at.elapsed() < app.settings.high_water_every
        {
            return Ok(bytes);
        }
        let bytes = app.store.unfinished_bytes().await?;
        *seen = Some((Instant::now(), bytes));
        Ok(bytes)
    }
}

/// How often the sum is asked for. Between two looks 256 senders at 10 MB/s bring 12 GiB.
pub(crate) const EVERY: Duration = Duration::from_secs(5);
