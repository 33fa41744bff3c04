//! What recommending units submit: sheets for a dry run, and the works that were entered from their rows. Rows contain
//! names of people and tokens open entries, so both are encrypted before they reach this file.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::{ContestId, SubmissionId, UnitId};
use pipeline::receipt::Receipt;
use sqlx::PgConnection;
use uuid::Uuid;

use super::Store;
use super::retention::Amount;
use crate::seal::Sealed;

/// Sheets that are deleted with one statement.
const AT_ONCE: i64 = 1_000;
/// The most works of a unit that are listed and compared, the latest: more than any quota.
pub const MOST_WORKS: i64 = 2_000;
/// Sheets of a unit that are kept and listed, the latest.
const MOST_SHEETS: i64 = 10;

/// A unit of a contest.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Of {
    /// The contest.
    pub contest: ContestId,
    /// The unit.
    pub unit: UnitId,
}

/// A sheet that was sent, without its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SheetRow {
    /// Its id.
    pub id: Uuid,
    /// When it was sent.
    pub created_at: DateTime<Utc>,
}

/// A work to record as entered from a row.
#[derive(Clone, Debug)]
pub struct NewWork {
    /// The work.
    pub submission: SubmissionId,
    /// The unit.
    pub of: Of,
    /// Keyed hash of everything in the row.
    pub row_hmac: [u8; 32],
    /// The name of the film's file as the row gives it, and the token of the entry.
    pub secret: Sealed,
}

/// A work that a unit entered.
#[derive(Clone, Debug)]
pub struct WorkRow {
    /// The work.
    pub submission: SubmissionId,
    /// Its number.
    pub receipt: Receipt,
    /// Its title.
    pub title: String,
    /// Its theme.
    pub theme: String,
    /// Name of its state.
    pub state: String,
    /// SHA-256 of the token that opens it now.
    pub token_sha256: Vec<u8>,
    /// The name of the film's file as the row gave it, and the token that the work was entered with.
    pub secret: Sealed,
    /// When it was entered.
    pub created_at: DateTime<Utc>,
}

/// A work that names a unit, whichever way it was entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its number; `None` for one of an earlier release.
    pub receipt: Option<String>,
    /// Its title.
    pub title: String,
}

/// Works that count for a unit, except withdrawn and refused ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Those that the unit entered. Its quota is for these.
    pub entered: u32,
    /// All that name it, those of its own among them.
    pub naming: u32,
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

    /// The works that a unit entered, in the order of entry; the latest [`MOST_WORKS`].
    pub async fn works_of_unit(&self, of: &Of) -> anyhow::Result<Vec<WorkRow>> {
        let rows = sqlx::query!(
            r#"/* works_of_unit */
            select w.submission, s.receipt as "receipt!", s.title, s.theme, s.state, s.token_sha256, w.key_id, w.nonce, w.ciphertext, w.created_at
            from unit_works w join submissions s on s.id = w.submission
            where w.contest = $1 and w.unit = $2 and s.receipt is not null
            order by w.submission desc limit $3"#,
            of.contest.as_str(),
            of.unit.as_str(),
            MOST_WORKS,
        )
        .fetch_all(self.pool())
        .await
        .context("list the works of a unit")?;
        let mut works = Vec::with_capacity(rows.len());
        for row in rows.into_iter().rev() {
            works.push(WorkRow {
                submission: SubmissionId(row.submission),
                receipt: row.receipt.parse().context("read the number of a work")?,
                title: row.title,
                theme: row.theme,
                state: row.state,
                token_sha256: row.token_sha256,
                secret: Sealed { key_id: row.key_id, nonce: row.nonce, ciphertext: row.ciphertext },
                created_at: row.created_at,
            });
        }
        Ok(works)
    }

    /// The hashes of the rows that a unit entered.
    pub async fn rows_of_unit(&self, of: &Of) -> anyhow::Result<Vec<(Vec<u8>, SubmissionId)>> {
        let rows = sqlx::query!(
            "/* rows_of_unit */
            select row_hmac, submission from unit_works where contest = $1 and unit = $2
            order by submission desc limit $3",
            of.contest.as_str(),
            of.unit.as_str(),
            MOST_WORKS,
        )
        .fetch_all(self.pool())
        .await
        .context("list the rows that a unit entered")?;
        Ok(rows.into_iter().map(|row| (row.row_hmac, SubmissionId(row.submission))).collect())
    }

    /// The latest [`MOST_WORKS`] works of a contest that name a unit by one of these names, except withdrawn ones.
    pub async fn works_naming(&self, contest: &ContestId, names: &[String]) -> anyhow::Result<Vec<Named>> {
        sqlx::query_as!(
            Named,
            "/* works_naming_a_unit */
            select receipt, title from submissions
            where contest = $1 and recommending_unit = any($2) and recommending_unit <> '' and state <> 'withdrawn'
            order by id desc limit $3",
            contest.as_str(),
            names,
            MOST_WORKS,
        )
        .fetch_all(self.pool())
        .await
        .context("list the works that name a unit")
    }

    /// How many works of a unit count against its quota: those that it entered, and beside them all that name it.
    pub async fn counted_for(&self, of: &Of, names: &[String]) -> anyhow::Result<Counted> {
        let mut connection = self.pool().acquire().await.context("connect")?;
        Ok(Counted {
            entered: entered_by(&mut connection, &of.contest, &of.unit).await?,
            naming: naming(&mut connection, &of.contest, names).await?,
        })
    }

    /// How many sheets were sent before `before`.
    pub async fn old_sheets(&self, before: DateTime<Utc>) -> anyhow::Result<Amount> {
        let count = sqlx::query_scalar!(
            r#"/* old_sheets */ select count(*) as "count!" from unit_sheets where created_at < $1"#,
            before
        )
        .fetch_one(self.pool())
        .await
        .context("look for sheets that are past their time")?;
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

/// Waits until no other transaction enters a work for the unit; others wait until this one ends.
pub async fn in_turn(tx: &mut PgConnection, contest: &ContestId, unit: &UnitId) -> anyhow::Result<()> {
    sqlx::query!(
        "/* enter_for_a_unit_in_turn */ select pg_advisory_xact_lock(hashtext('reelmill_unit ' || $1::text))",
        format!("{contest}/{unit}"),
    )
    .execute(tx)
    .await
    .context("wait for another work of a unit")?;
    Ok(())
}

/// How many works the unit entered itself, except withdrawn ones and refused ones that get no other film.
pub async fn entered_by(connection: &mut PgConnection, contest: &ContestId, unit: &UnitId) -> anyhow::Result<u32> {
    let count = sqlx::query_scalar!(
        r#"/* works_entered_by_a_unit */
        select count(*) as "count!" from unit_works w join submissions s on s.id = w.submission
        where w.contest = $1 and w.unit = $2 and s.state <> 'withdrawn'
            and (s.state <> 'rejected' or (s.machine->>'replacing')::boolean)"#,
        contest.as_str(),
        unit.as_str(),
    )
    .fetch_one(connection)
    .await
    .context("count the works that a unit entered")?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

/// How many works name a unit in their forms by one of these names, except withdrawn ones and refused ones that get no
/// other film.
pub async fn naming(connection: &mut PgConnection, contest: &ContestId, names: &[String]) -> anyhow::Result<u32> {
    let count = sqlx::query_scalar!(
        r#"/* works_of_quota */
        select count(*) as "count!" from submissions
        where contest = $1 and recommending_unit = any($2) and recommending_unit <> '' and state <> 'withdrawn'
            and (state <> 'rejected' or (machine->>'replacing')::boolean)"#,
        contest.as_str(),
        names,
    )
    .fetch_one(connection)
    .await
    .context("count the works that name a unit")?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Whether a unit entered this work.
pub async fn is_entered_by_unit(tx: &mut PgConnection, submission: SubmissionId) -> anyhow::Result<bool> {
    sqlx::query_scalar!(
        r#"/* is_entered_by_a_unit */ select exists (select from unit_works where submission = $1) as "is!""#,
        submission.0
    )
    .fetch_one(tx)
    .await
    .context("look whether a unit entered a work")
}

/// Deletes what a unit keeps of a work: its row may be entered again.
pub(super) async fn forget(tx: &mut PgConnection, submission: SubmissionId) -> anyhow::Result<()> {
    sqlx::query!("/* forget_unit_work */ delete from unit_works where submission = $1", submission.0)
        .execute(tx)
        .await
        .context("forget what a unit keeps of a work")?;
    Ok(())
}

/// Remembers a work as entered from a row. `false`: this row was entered before, and nothing is stored.
pub async fn add_work(tx: &mut PgConnection, new: &NewWork) -> anyhow::Result<bool> {
    let added = sqlx::query!(
        "/* add_unit_work */
        insert into unit_works (submission, contest, unit, row_hmac, key_id, nonce, ciphertext)
        values ($1, $2, $3, $4, $5, $6, $7) on conflict (contest, unit, row_hmac) do nothing",
        new.submission.0,
        new.of.contest.as_str(),
        new.of.unit.as_str(),
        new.row_hmac.as_slice(),
        new.secret.key_id,
        new.secret.nonce,
        new.secret.ciphertext,
    )
    .execute(tx)
    .await
    .context("remember a work of a unit")?;
    Ok(added.rows_affected() == 1)
}
