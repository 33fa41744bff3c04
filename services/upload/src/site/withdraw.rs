//! `/entries/{receipt}/withdraw`: explains what withdrawing means, and the act.
use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use pages::serve::see;
use runtime::doors::Pseudonym;
use runtime::problem::Problem;

use super::opened::Opened;
use super::shell::Shell;
use super::shown;
use crate::act;
use crate::app::App;

#[derive(Template)]
#[template(path = "entry_withdraw.html")]
struct WithdrawPage {
    shell: Shell,
    opened: Opened,
}

/// GET.
pub(crate) async fn ask(
    State(app): State<Arc<App>>,
    Path(number): Path<String>,
    headers: HeaderMap,
    shell: Shell,
) -> Result<Response, Problem> {
    let opened = Opened::of(&app, &headers, &number).await?;
    shown(&WithdrawPage { shell, opened })
}

/// POST: withdraws the entry. A repetition changes nothing.
pub(crate) async fn withdraw(
    State(app): State<Arc<App>>,
    Path(number): Path<String>,
    address: Option<Extension<Pseudonym>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let opened = Opened::of(&app, &headers, &number).await?;
    act::withdraw::withdraw(&app, &opened.entry, &opened.act(address)).await?;
    Ok(see(opened.path()))
}
