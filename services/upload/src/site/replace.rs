//! `/entries/{receipt}/replace`: explains what another film means, and the act. The film itself is sent from the
//! entry's page.
use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use chrono::{DateTime, Utc};
use pages::serve::see;
use pipeline::replacing::may_replace;
use runtime::doors::Pseudonym;
use runtime::problem::{Code, Problem};
use runtime::serving::client::Peer;

use super::opened::Opened;
use super::shell::Shell;
use super::shown;
use crate::act;
use crate::app::App;
use crate::entries::{check_rate, contest_of};

#[derive(Template)]
#[template(path = "entry_replace.html")]
struct ReplacePage {
    shell: Shell,
    opened: Opened,
    /// When the upload must begin at the latest.
    until: Option<DateTime<Utc>>,
    /// Why the film cannot be replaced.
    refused: Option<String>,
}

/// GET.
pub(crate) async fn ask(
    State(app): State<Arc<App>>,
    Path(number): Path<String>,
    headers: HeaderMap,
    shell: Shell,
) -> Result<Response, Problem> {
    let opened = Opened::of(&app, &headers, &number).await?;
    let facts = app.store.facts(opened.entry.id).await?.ok_or(Code::SubmissionUnknown)?;
    let contest = contest_of(&app, &opened.entry)?;
    let refusal = may_replace(&facts.circumstances(contest, shell.now)).err();
    let refused = refusal.map(|refusal| Problem::from(refusal).text(shell.say.lang));
    let until = contest.start_before(facts.cure.as_ref());
    shown(&ReplacePage { shell, opened, until, refused })
}

/// POST: announces another film. A repetition changes nothing.
pub(crate) async fn replace(
    State(app): State<Arc<App>>,
    Path(number): Path<String>,
    peer: Option<Extension<Peer>>,
    address: Option<Extension<Pseudonym>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let opened = Opened::of(&app, &headers, &number).await?;
    check_rate(&app, peer, &headers)?;
    let contest = contest_of(&app, &opened.entry)?;
    act::replace::replace(&app, contest, &opened.entry, &opened.act(address)).await?;
    Ok(see(opened.path()))
}
