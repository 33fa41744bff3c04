//! The high-water mark: what is refused when the object store holds too many bytes of entrants' films in the whole
//! installation, or when too many uploads are unfinished.
use std::time::Duration;

use tracing::info;

use crate::app::App;
use runtime::problem::{Code, Problem};

/// An upload that received nothing for this long is idle.
const IDLE: Duration = Duration::from_secs(3600);
/// This much is sent again within seconds: the smallest part.
const LITTLE_BYTES: u64 = 8 * 1024 * 1024;

/// The kind of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// A new upload.
    Begin,
    /// More bytes of an upload in progress, or its end: these have a tenth more, so that uploads that were begun can be
    /// finished.
    Continue,
}

/// Refuses what would exceed the high-water mark.
pub(crate) async fn check(app: &App, wish: Wish) -> Result<(), Problem> {
    let (mark, most_unfinished) = (app.settings.high_water_bytes, app.settings.most_unfinished);
    if mark == 0 && most_unfinished == 0 {
        return Ok(());
    }
    let stock = app.stock.now(&app.store, app.settings.high_water_every).await?;
    let most = match wish {
        Wish::Begin => mark,
        Wish::Continue => mark.saturating_add(mark / 10),
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

/// Makes room for uploads that begin later: uploads that have less than one part and were idle for [`IDLE`] expire
/// early. Otherwise a client that opens uploads and sends nothing could block all others for a day.
async fn make_room(app: &App) -> anyhow::Result<()> {
    let given_up = app.store.give_up_idle_uploads(LITTLE_BYTES, IDLE).await?;
    if given_up > 0 {
        app.store.metrics().uploads.uploads.with_label_values(&["expired"]).inc_by(given_up);
        info!("{given_up} uploads that stood still were given up: too many are unfinished");
    }
    Ok(())
}
