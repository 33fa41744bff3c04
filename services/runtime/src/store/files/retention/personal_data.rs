//! Personal data of entrants that is past its time.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::SubmissionId;
use serde_json::json;
use sqlx::PgConnection;

use super::amount::{AT_ONCE, Amount};
use super::round::{From, Round, next_after, or_the_next};
use crate::store::Store;
use crate::store::entry::entrants;
use crate::store::people::audit::{self, Act};
use crate::store::submissions::history::{self, By};
use crate::store::watching::desk::first_id;

impl Store {
    /// Counts the works whose entrant's data, including names of files, is past its time: nothing about them changed
    /// since `before`, and nothing is open.
    pub async fn personal_data_due(&self, before: DateTime<Utc>) -> anyhow::Result<Amount> {
        let count = sqlx::query_scalar!(
            r#"/* personal_data_due */
            select count(*) as "count!" from forgettable_entrants($1)"#,
            before,
        )
        .fetch_one(self.pool())
        .await
        .context("look for expired personal data")?;
        Ok(Amount::of(count, 0))
    }

    /// Deletes the entrants' data of the next works after `from`, with a line of history and of the audit trail for
    /// each.
    pub async fn forget_entrants(
        &self,
        from: From,
        before: DateTime<Utc>,
        days: u32,
        by: &By,
    ) -> anyhow::Result<Round> {
        let looked = sqlx::query!(
            r#"/* forgettable_entrants_after */
            select c.submission as "submission!", may_forget_entrant($1, c.submission) as "due!"
            from (
                (select submission from entrants where ($2::uuid is null or submission > $2) and submission < $3
                    order by submission limit $4)
                union
                (select distinct submission from uploads
                    where (filename is not null or metadata <> '') and ($2::uuid is null or submission > $2) and submission < $3
                    order by submission limit $4)
                order by submission limit $4
            ) as c"#,
            before,
            from.0,
            // A work that was entered since has changed since.
            first_id(before),
            AT_ONCE,
        )
        .fetch_all(self.pool())
        .await
        .context("look for expired personal data")?;
        let next = next_after(&looked.iter().map(|row| row.submission).collect::<Vec<_>>());
        let (mut forgotten, mut failure) = (0, None);
        for row in looked.iter().filter(|row| row.due) {
            let id = SubmissionId(row.submission);
            let done = self.transaction("forget_entrant", |tx, _| {
                Box::pin(async move { forget_entrant(tx, id, before, days, by).await })
            });
            let done = done.await.with_context(|| format!("forget who entered {id}"));
            forgotten += u64::from(or_the_next(done, &mut failure)?);
        }
        Ok(Round { gone: Amount { count: forgotten, bytes: 0 }, next, failure })
    }
}

/// Deletes the entrant's data of a work, unless something about it was opened since it was found.
async fn forget_entrant(
    tx: &mut PgConnection,
    id: SubmissionId,
    before: DateTime<Utc>,
    days: u32,
    by: &By,
) -> anyhow::Result<bool> {
    // Every transaction that opens something about it takes this lock first.
    let still =
        sqlx::query_scalar!("/* lock_to_forget */ select state from submissions where id = $1 for update", id.0,)
            .fetch_optional(&mut *tx)
            .await?;
    let Some(state) = still else { return Ok(false) };
    let due =
        sqlx::query_scalar!(r#"/* still_forgettable */ select may_forget_entrant($1, $2) as "may!""#, before, id.0,)
            .fetch_one(&mut *tx)
            .await?;
    if !due {
        return Ok(false);
    }
    if !entrants::forget(tx, id).await? {
        return Ok(false);
    }
    let (before, after) = (json!({ "state": state }), json!({ "policy": "personal_data_days", "days": days }));
    history::add(tx, id, by, "personal_data_removed", &after).await?;
    let act = Act { act: "personal_data_removed", submission: Some(id), partner: None, before, after };
    audit::add(tx, by, &act).await?;
    Ok(true)
}
