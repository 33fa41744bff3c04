//! A lost link is sent again by mail: requested with the receipt's number and the mail address of the form. The answer
//! does not reveal whether they match.
use std::sync::Arc;

use pipeline::lang::Lang;
use pipeline::receipt::Receipt;
use runtime::problem::{Code, Problem};
use runtime::serving::act::Act;
use runtime::store::entry::entrants::Entrant;
use runtime::store::entry::receipts;
use runtime::store::outgoing::link_mails::{self, NewLink};
use runtime::store::submissions::SubmissionRow;
use tracing::{error, info};

use crate::app::App;
use crate::token::Token;

/// Requests a link. Everything that depends on whether number and address match happens after the answer.
pub(crate) fn ask(app: &Arc<App>, receipt: Receipt, address: String, lang: Lang) {
    let of = app.clone();
    app.tasks.spawn(async move {
        match keep(&of, &receipt, &address, lang).await {
            Ok(true) => of.mail_waits.notify_one(),
            Ok(false) => info!("a link was requested, and none is sent"),
            Err(err) => error!("a requested link could not be stored: {err:#}"),
        }
    });
}

/// Stores the link to be sent, if the address is the one of the form.
async fn keep(app: &App, receipt: &Receipt, address: &str, lang: Lang) -> anyhow::Result<bool> {
    let Some(entry) = app.store.submission_of_receipt(receipt).await? else { return Ok(false) };
    let same = address_of(app, &entry).await?.is_some_and(|own| plain(&own) == plain(address));
    if !same {
        return Ok(false);
    }
    let token = Token::again(entry.id)?;
    let sealed = app.keys.seal_for(&place(&entry), token.text().as_bytes())?;
    let (submission, token_sha256) = (entry.id, token.digest());
    app.store.ask_for_link(&NewLink { submission, token_sha256, token: sealed, lang: lang.tag() }).await
}

/// The mail address of the form; `None` if none was given, or the entrant's data was deleted.
pub(crate) async fn address_of(app: &App, entry: &SubmissionRow) -> anyhow::Result<Option<String>> {
    let Some(sealed) = app.store.entrant(entry.id).await? else { return Ok(None) };
    let entrant: Entrant = serde_json::from_slice(&app.keys.open(entry.id, &sealed)?)?;
    Ok(entrant.contact.email)
}

/// The associated data that the key of a mailed link is sealed with.
pub(crate) fn place(entry: &SubmissionRow) -> Vec<u8> {
    [b"link ".as_slice(), entry.id.0.as_bytes()].concat()
}

/// Ignores case, since people type their address in either.
fn plain(address: &str) -> String {
    address.trim().to_lowercase()
}

/// Uses a mailed link: its key becomes the key of the entry, and the former one is invalid. `false` if no such link is
/// waiting.
pub(crate) async fn take(app: &App, entry: &SubmissionRow, token: &Token, act: &Act) -> Result<bool, Problem> {
    let new = &token.digest();
    let by = &act.by(None)?;
    let (id, old) = (entry.id, &entry.token_sha256);
    let taken = app.store.transaction("take_link", |tx, _| {
        Box::pin(async move {
            if !link_mails::take(tx, id, new).await? {
                return Ok(false);
            }
            if !receipts::change_key(tx, id, old, Some(new), by).await? {
                return Err(Problem::from(Code::TokenWrong).into());
            }
            Ok(true)
        })
    });
    Ok(taken.await?)
}
