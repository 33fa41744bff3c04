//! Due objects: taken by one sweeper, deleted, and forgotten.
use anyhow::Context;

use crate::objects::Objects;
use crate::store::Store;

/// Objects to delete.
#[derive(Clone, Debug)]
pub struct Garbage {
    /// The row.
    pub id: i64,
    /// All objects under this prefix …
    pub prefix: String,
    /// … except these keys.
    pub keep: Vec<String>,
    /// `prefix` is the complete key of the one object to delete.
    pub single: bool,
}

/// While a sweeper works on a row, others leave it alone for this long, in seconds; if the sweeper dies, the row
/// becomes due again.
const SWEEP_LEASE_S: f64 = 600.0;

impl Store {
    /// Due rows, taken by this caller for a while.
    pub async fn take_garbage(&self, limit: i64) -> anyhow::Result<Vec<Garbage>> {
        sqlx::query_as!(
            Garbage,
            "/* take_garbage */
            update garbage set due = clock_timestamp() + make_interval(secs => $2) where id = any(array(
                select id from garbage where due <= statement_timestamp() order by due limit $1 for update skip locked
            )) returning id, prefix, keep, single",
            limit,
            SWEEP_LEASE_S,
        )
        .fetch_all(self.pool())
        .await
        .context("read what is to be swept")
    }

    /// Deletes the one object of a row and then the row; returns whether it did. The row is locked meanwhile and
    /// checked again, so that [`Store::spare_object`] either comes before, and the object stays, or waits until it is
    /// deleted.
    pub async fn sweep_single(&self, garbage: &Garbage, objects: &Objects) -> anyhow::Result<bool> {
        anyhow::ensure!(garbage.single, "{} is no single object", garbage.prefix);
        self.quiet_transaction("sweep_single", |tx, _| {
            Box::pin(async move {
                let row = sqlx::query_scalar!(
                    "/* lock_garbage */ select id from garbage where id = $1 for update",
                    garbage.id
                );
                let row = row.fetch_optional(&mut *tx).await.context("lock what is to be swept")?;
                if row.is_none() {
                    return Ok(false);
                }
                objects.delete(&garbage.prefix).await.with_context(|| format!("delete {}", garbage.prefix))?;
                sqlx::query!("/* forget_single */ delete from garbage where id = $1", garbage.id)
                    .execute(tx)
                    .await
                    .context("forget what was swept")?;
                Ok(true)
            })
        })
        .await
    }

    /// Call this before an object is stored under a key that may have been used before: it is not garbage from now on.
    /// Waits for a sweeper that is just deleting it.
    pub async fn spare_object(&self, key: &str) -> anyhow::Result<()> {
        sqlx::query!("/* spare_object */ delete from garbage where single and prefix = $1", key)
            .execute(self.pool())
            .await
            .with_context(|| format!("spare {key}"))?;
        Ok(())
    }

    /// Deletes a row whose objects are gone.
    pub async fn forget_garbage(&self, id: i64) -> anyhow::Result<()> {
        sqlx::query!("/* forget_garbage */ delete from garbage where id = $1", id)
            .execute(self.pool())
            .await
            .context("forget what was swept")?;
        Ok(())
    }
}
