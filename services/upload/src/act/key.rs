//! The key that opens an entry: replaced or ended by its holder. The old key is invalid at once, for pages, the API,
//! and the next request of a running upload; so is a mailed link that was not used yet.
use runtime::problem::{Code, Problem};
use runtime::serving::act::Act;
use runtime::store::entry::receipts;
use runtime::store::outgoing::link_mails;
use runtime::store::submissions::SubmissionRow;
use tracing::info;

use crate::app::App;
use crate::token::Token;

/// Replaces the key of an entry. Returns the new one; only its digest is stored.
///
/// # Errors
/// `token_wrong` if it was replaced meanwhile.
pub(crate) async fn replace(app: &App, entry: &SubmissionRow, act: &Act) -> Result<Token, Problem> {
    let token = Token::again(entry.id)?;
    change(app, entry, Some(&token.digest()), act).await?;
    info!(submission.id = %entry.id, "the key of submission {} was replaced", entry.id);
    Ok(token)
}

/// Ends the key of an entry, so that nothing opens it until a new link is sent.
///
/// # Errors
/// `token_wrong` if it was replaced meanwhile.
pub(crate) async fn end(app: &App, entry: &SubmissionRow, act: &Act) -> Result<(), Problem> {
    change(app, entry, None, act).await?;
    info!(submission.id = %entry.id, "the key of submission {} was ended", entry.id);
    Ok(())
}

async fn change(app: &App, entry: &SubmissionRow, new: Option<&[u8]>, act: &Act) -> Result<(), Problem> {
    let by = &act.by(None)?;
    let (id, old) = (entry.id, &entry.token_sha256);
    let changed = app.store.transaction("change_key", |tx, _| {
        Box::pin(async move {
            let changed = receipts::change_key(tx, id, old, new, by).await?;
            if changed {
                link_mails::end(tx, id).await?;
            }
            Ok(changed)
        })
    });
    if changed.await? { Ok(()) } else { Err(Code::TokenWrong.into()) }
}
