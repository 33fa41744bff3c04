//! The high-water mark: how much the object store may hold of entrants' films in the whole installation, how many uploads may be
//! unfinished, and what is refused beyond that.
//!
//! Films that are whole count as well as those that are on their way, since nothing deletes the film of a work that was refused: without
//! that, entries of any number could fill the store one after the other. Finished files are not counted: there are as many as people let
//! works in.
use std::time::Duration;

use runtime::store::uploads;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tracing::info;

use crate::app::App;
use runtime::problem::{Code, Problem};

/// What is known of the installation's stock: one question to the database for many requests.
#[derive(Default)]
pub struct Stock {
    seen: Mutex<Option<(Instant, uploads::Stock)>>,
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
    let (mark, most_unfinished) = (app.settings.high_water_bytes, app.settings.most_unfinished);
    if mark == 0 && most_unfinished == 0 {
        return Ok(());
    }
    let stock = app.stock.now(app).await?;
    let most = match wish {
        Wish::Begin => mark,
        Wish::GoOn => mark.saturating_add(mark / 10),
    };
    if mark > 0 && stock.bytes >= most {
        app.store.metrics().uploads.count("held_off");
        return Err(Code::StoreFull.into());
    }
    if wish == Wish::Begin && most_unfinished > 0 && stock.unfinished >= most_unfinished {
        app.store.metrics().uploads.count("held_off");
        make_room(app).await?;
        return Err(Code::UploadsFull.into());
    }
    Ok(())
}

/// Makes room for uploads that begin later: uploads that never came to one part and stood still for [`IDLE`] are given up, as if their
/// time were over. Otherwise a client that opens uploads and sends nothing could keep all others away for a day.
async fn make_room(app: &App) -> anyhow::Result<()> {
    let given_up = app.store.give_up_idle_uploads(LITTLE_BYTES, IDLE).await?;
    if given_up > 0 {
        app.store.metrics().uploads.uploads.with_label_values(&["expired"]).inc_by(given_up);
        info!("{given_up} uploads that stood still were given up: too many are unfinished");
    }
    Ok(())
}

impl Stock {
    async fn now(&self, app: &App) -> anyhow::Result<uploads::Stock> {
        let mut seen = self.seen.lock().await;
        if let Some((at, stock)) = *seen
            && at.elapsed() < app.settings.high_water_every
        {
            return Ok(stock);
        }
        let stock = app.store.stock().await?;
        *seen = Some((Instant::now(), stock));
        Ok(stock)
    }

    /// One more upload began here. Until the next look this replica knows of its own.
    pub(crate) async fn begun(&self) {
        if let Some((_, stock)) = &mut *self.seen.lock().await {
            stock.unfinished += 1;
        }
    }
}

/// How often the stock is asked for. Between two looks 256 senders at 10 MB/s bring 12 GiB.
pub(crate) const EVERY: Duration = Duration::from_secs(5);
/// An upload of which nothing came for so long stands still.
const IDLE: Duration = Duration::from_secs(3600);
/// So little is sent again within seconds: the smallest part.
const LITTLE_BYTES: u64 = 8 * 1024 * 1024;
