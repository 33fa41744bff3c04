//! A work that a unit enters is recorded as the unit's own, in the transaction in which it is entered.
use runtime::store::Transaction;
use runtime::store::entry::units::{self, NewWork, Of};
use runtime::store::people::audit::{self, Act as Audited};
use runtime::store::submissions::history::By;
use serde_json::json;

/// Another entry already has this row.
#[derive(Debug, thiserror::Error)]
#[error("the row was entered before")]
pub(super) struct Before;

/// The unit that enters the work, and the person who does it.
#[derive(Clone, Copy)]
pub(super) struct Recommended<'a> {
    pub(super) work: &'a NewWork,
    pub(super) by: &'a By,
}

impl Recommended<'_> {
    /// Must be called first in the transaction of entering: records the row, so that it cannot be entered again.
    pub(super) async fn recorded(&self, tx: &mut Transaction) -> anyhow::Result<()> {
        let Of { contest, unit } = &self.work.of;
        if !units::add_work(tx, self.work).await? {
            return Err(Before.into());
        }
        let after = json!({ "unit": unit, "contest": contest });
        let submission = Some(self.work.submission);
        let act = Audited { act: "unit_work_entered", submission, partner: None, before: json!({}), after };
        audit::add(tx, self.by, &act).await
    }
}
