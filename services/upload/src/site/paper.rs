//! `/entries/{receipt}/print`: the receipt on one sheet of paper. Its QR code leads to number and state only, so the
//! paper may be passed on; the key is not on it.
use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use chrono::{DateTime, Utc};
use pages::qr;
use pipeline::catalogue::Contest;
use runtime::problem::Problem;

use super::opened::Opened;
use super::shell::Shell;
use super::shown;
use crate::app::App;
use crate::entries::contest_of;

#[derive(Template)]
#[template(path = "entry_print.html")]
struct PaperPage {
    shell: Shell,
    opened: Opened,
    contest: Contest,
    theme: String,
    /// When the first byte of the film arrived.
    began: Option<DateTime<Utc>>,
    /// SHA-256 of the film, once it was read back.
    digest: Option<String>,
    /// Where the number can be checked, as text and as a QR code.
    address: String,
    qr: String,
}

/// GET.
pub(crate) async fn paper(
    State(app): State<Arc<App>>,
    Path(number): Path<String>,
    headers: HeaderMap,
    shell: Shell,
) -> Result<Response, Problem> {
    let opened = Opened::of(&app, &headers, &number).await?;
    let contest = contest_of(&app, &opened.entry)?.clone();
    let address = format!("{}{}", shell.origin, opened.path());
    let page = PaperPage {
        theme: shell.theme(&contest, &opened.entry.theme),
        began: app.store.upload_began(opened.entry.id).await?,
        digest: opened.entry.mezzanine_sha256.as_deref().map(hex::encode),
        qr: qr::drawn(&address).map_err(anyhow::Error::from)?,
        address,
        contest,
        opened,
        shell,
    };
    shown(&page)
}
