//! Authorise: stores the tokens that the owner of our account at a partner granted, replacing earlier ones. Only at the
//! command line: the crate that calls the partner seals them, and no page or route accepts them.
use chrono::{DateTime, Utc};
use runtime::problem::Problem;
use runtime::store::partners::accounts::{self, Account, NewCredentials};
use serde::{Deserialize, Serialize};

use super::{Caller, Done, settle};
use crate::Desk;

/// Stored tokens; the next delivery uses them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Authorised {
    /// The partner.
    pub partner: String,
    /// When they expire, as far as it is known.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Stores an account's tokens. The audit trail records their account and expiry.
pub async fn authorise(
    desk: &Desk,
    caller: &Caller,
    account: &Account,
    tokens: &NewCredentials,
    reason: Option<&str>,
) -> Result<Done<Authorised>, Problem> {
    let by = &caller.because(reason)?;
    let done = desk.store.transaction("authorise", |tx, _| {
        Box::pin(async move {
            accounts::authorise(tx, account, tokens, by).await?;
            let authorised = Authorised { partner: account.partner.to_string(), expires_at: tokens.expires_at };
            caller.end(tx, false, authorised).await
        })
    });
    settle(done.await)
}
