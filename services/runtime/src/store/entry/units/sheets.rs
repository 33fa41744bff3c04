//! Sheets that a unit sent for a dry run.
use anyhow::Context;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::unit::Of;
use crate::seal::Sealed;
use crate::store::Store;
use crate::store::files::retention::Amount;

/// Sheets that are deleted with one statement.
const AT_ONCE: i64 = 1_000;

/// Sheets of a unit that are kept and listed, the latest.
const MOST_SHEETS: i64 = 10;

/// A sheet that was sent, without its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SheetRow {
    /// Its id.
    pub id: Uuid,
    /// When it was sent.
    pub created_at: DateTime<Utc>,
}

impl Store {
    /// Keeps a sheet under this id. Of each unit the latest [`MOST_SHEETS`] are kept.
    pub async fn keep_sheet(&self, id: Uuid, of: &Of, rows: &Sealed) -> anyhow::Result<()> {
        sqlx::query!(
            "/* keep_sheet */
            insert into unit_sheets (id, contest, unit, key_id, nonce, ciphertext) values ($1, $2, $3, $4, $5, $6)",
            id,
            of.contest.as_str(),
            of.unit.as_str(),
            rows.key_id,
            rows.nonce,
            rows.ciphertext,
        )
        .execute(self.pool())
        .await
        .context("keep a sheet")?;
        sqlx::query!(
            "/* drop_older_sheets */
            delete from unit_sheets where id in (
                select id from unit_sheets where contest = $1 and unit = $2 order by created_at desc offset $3)",
            of.contest.as_str(),
            of.unit.as_str(),
            MOST_SHEETS,
        )
        .execute(self.pool())
        .await
        .context("delete older sheets of a unit")?;
        Ok(())
    }

    /// The encrypted rows of a sheet of this unit; `None` if the unit has no such sheet.
    pub async fn sheet(&self, id: Uuid, of: &Of) -> anyhow::Result<Option<Sealed>> {
        sqlx::query_as!(
            Sealed,
            "/* sheet */
            select key_id, nonce, ciphertext from unit_sheets where id = $1 and contest = $2 and unit = $3",
            id,
            of.contest.as_str(),
            of.unit.as_str(),
        )
        .fetch_optional(self.pool())
        .await
        .context("load a sheet")
    }

    /// The latest sheets of a unit, newest first.
    pub async fn sheets_of(&self, of: &Of) -> anyhow::Result<Vec<SheetRow>> {
        sqlx::query_as!(
            SheetRow,
            "/* sheets_of */
            select id, created_at from unit_sheets where contest = $1 and unit = $2
            order by created_at desc limit $3",
            of.contest.as_str(),
            of.unit.as_str(),
            MOST_SHEETS,
        )
        .fetch_all(self.pool())
        .await
        .context("list the sheets of a unit")
    }

    /// How many sheets were sent before `before`.
    pub async fn old_sheets(&self, before: DateTime<Utc>) -> anyhow::Result<Amount> {
        let count = sqlx::query_scalar!(
            r#"/* old_sheets */ select count(*) as "count!" from unit_sheets where created_at < $1"#,
            before
        )
        .fetch_one(self.pool())
        .await
        .context("look for expired sheets")?;
        Ok(Amount { count: count.max(0) as u64, bytes: 0 })
    }

    /// Deletes some of them. Returns how many.
    pub async fn forget_sheets(&self, before: DateTime<Utc>) -> anyhow::Result<u64> {
        let forgotten = sqlx::query!(
            "/* forget_sheets */
            delete from unit_sheets where id in (select id from unit_sheets where created_at < $1 limit $2)",
            before,
            AT_ONCE,
        )
        .execute(self.pool())
        .await
        .context("forget sheets")?;
        Ok(forgotten.rows_affected())
    }
}
