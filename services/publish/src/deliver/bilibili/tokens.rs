//! Our account's access token: the stored one, or a new one where it is about to expire.
use anyhow::Result;

use super::platform::Failed;
use super::renewal::{CUT_OFF_S, PERSON, renew};
use super::stored_tokens::{Tokens, load, remedy};
use crate::exchange::account_of;
use crate::task::Task;

/// A token that expires sooner than this is renewed before it is used, seconds. Tokens are valid for 30 days; a day
/// gives a person time to act if the renewal fails.
const RENEW_BEFORE_S: i64 = 86_400;

/// A valid access token other than `stale`; renewed if necessary.
pub(super) async fn access(task: &Task<'_>, stale: Option<&str>) -> Result<Result<String, Failed>> {
    let Some(tokens) = load(task).await? else {
        let words = format!("there are no tokens: {}", remedy(&task.partner.id));
        task.tools.store.note_health(&account_of(&task.partner.id), false, Some(&words)).await?;
        return Ok(Err(Failed::NotDone { words, again: PERSON }));
    };
    let now_s = task.tools.clock.now().timestamp();
    let usable = tokens.is_valid(now_s, 0, stale);
    if tokens.is_valid(now_s, RENEW_BEFORE_S, stale) || (usable && tokens.refused) {
        return Ok(Ok(known(task, tokens)));
    }
    if tokens.refused {
        let words = format!("the platform refused the refresh token: {}", remedy(&task.partner.id));
        return Ok(Err(Failed::NotDone { words, again: PERSON }));
    }
    if usable && tokens.renewal.is_some_and(|renewal| now_s - renewal.since > CUT_OFF_S) {
        return Ok(Ok(known(task, tokens)));
    }
    match renew(task, &tokens).await? {
        Ok(renewed) => Ok(Ok(known(task, renewed))),
        // Renewed ahead of time: the old one is still valid.
        Err(failed) if usable => {
            tracing::warn!(partner = %task.partner.id, "could not renew a token that is still valid: {failed:?}");
            Ok(Ok(known(task, tokens)))
        }
        Err(failed) => Ok(Err(failed)),
    }
}

fn known(task: &Task<'_>, tokens: Tokens) -> String {
    task.secrets.add(&tokens.access_token);
    task.secrets.add(&tokens.refresh_token);
    tokens.access_token
}

/// The platform accepted a call with our token. This says nothing about an interrupted renewal.
pub(super) async fn accepted(task: &Task<'_>) -> Result<()> {
    let sound = load(task).await?.is_some_and(|tokens| tokens.renewal.is_none() && !tokens.refused);
    if sound {
        task.tools.store.note_health(&account_of(&task.partner.id), true, None).await?;
    }
    Ok(())
}

/// The platform refuses a token that it has just issued, or the only one there is.
pub(super) async fn not_accepted(task: &Task<'_>, words: &str) -> Result<()> {
    let words = format!("the access token is not accepted: {words}; {}", remedy(&task.partner.id));
    task.tools.store.note_health(&account_of(&task.partner.id), false, Some(&words)).await
}
