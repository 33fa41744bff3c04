//! How many works count against the quota of a unit.
use anyhow::Context;
use pipeline::id::{ContestId, UnitId};
use sqlx::PgConnection;

use super::unit::Of;
use super::works::MOST_WORKS;
use crate::store::Store;

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
