//! The number of an entry's receipt: drawn at random, and the name of the entry in addresses of pages.
use pipeline::catalogue::Contest;
use pipeline::receipt::Receipt;
use rand::TryRngCore;
use runtime::doors::{Door, Reason};
use runtime::problem::{Code, Problem};
use runtime::store::submissions::SubmissionRow;
use uuid::Uuid;

use crate::app::App;
use crate::entries::contest_of;

/// A new number for an entry of a contest. The probability that it is taken is the number of entries divided by 10¹¹;
/// then nothing is stored, and the client sends the form again.
pub(crate) fn draw(contest: &Contest) -> anyhow::Result<Receipt> {
    Ok(Receipt::new(&contest.receipt_prefix, rand::rngs::OsRng.try_next_u64()?))
}

/// The number of an entry. An entry of an earlier release gets one now.
pub(crate) async fn of(app: &App, entry: &SubmissionRow) -> Result<Receipt, Problem> {
    match &entry.receipt {
        Some(receipt) => Ok(receipt.clone()),
        None => Ok(app.store.give_receipt(entry.id, &draw(contest_of(app, entry)?)?).await?),
    }
}

/// The entry with the number in an address.
///
/// # Errors
/// `receipt_unknown`, which is counted as a refusal at the entrants' door, because it may be a guess.
pub(crate) async fn named(app: &App, text: &str) -> Result<(Receipt, SubmissionRow), Problem> {
    let refused = |reason| Code::ReceiptUnknown.refused(Door::Entrants, reason, None::<Uuid>);
    let receipt: Receipt = text.parse().map_err(|_| refused(Reason::Malformed))?;
    let entry = app.store.submission_of_receipt(&receipt).await?;
    Ok((receipt, entry.ok_or_else(|| refused(Reason::Unknown))?))
}
