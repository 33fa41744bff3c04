//! Who owns an object that has no row.
use anyhow::Context;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::store::Store;

/// The state of the owner of an object without a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Owner {
    /// Parts of the run, or the upload, are open: a worker may just have stored it.
    pub in_hand: bool,
    /// A delivery by hand that was not recalled.
    pub delivering: bool,
    /// It is garbage already.
    pub doomed: bool,
}

impl Store {
    /// The state of a submission, for an object of its own without a row.
    pub async fn owner_of_objects(&self, submission: Uuid, key: &str) -> anyhow::Result<Owner> {
        sqlx::query_as!(
            Owner,
            r#"/* owner_of_objects */
            select exists (
                select from parts where submission = $1 and status in ('pending', 'waiting', 'claimed', 'parked')
                    and split_part($2, '/', 3) = run::text and split_part($2, '/', 1) in ('work', 'renditions', 'previews')
            ) as "in_hand!", exists (
                select from deliveries where submission = $1 and partner = split_part($2, '/', 4) and state <> 'recalled'
            ) as "delivering!", exists (
                select from garbage where prefix = any(array(select left($2, n) from generate_series(0, length($2)) as n))
                    and not $2 = any(keep)
            ) as "doomed!""#,
            submission,
            key,
        )
        .fetch_one(self.pool())
        .await
        .with_context(|| format!("ask whose {key} is"))
    }

    /// The state of an upload, for an object of its own without a row. The sweeper frees what the upload freed.
    pub async fn owner_of_upload(&self, upload: Uuid, key: &str) -> anyhow::Result<Owner> {
        sqlx::query_as!(
            Owner,
            r#"/* owner_of_upload */
            select exists (
                select from uploads where id = $1 and (state in ('open', 'assembling') or lock_until > clock_timestamp())
            ) as "in_hand!", false as "delivering!", exists (
                select from garbage where prefix = any(array(select left($2, n) from generate_series(0, length($2)) as n))
                    and not $2 = any(keep)
                union all select from uploads where id = $1 and free_at is not null
            ) as "doomed!""#,
            upload,
            key,
        )
        .fetch_one(self.pool())
        .await
        .with_context(|| format!("ask whose {key} is"))
    }

    /// Records one object without a row as garbage; returns when it is deleted.
    pub async fn note_orphan(&self, key: &str) -> anyhow::Result<DateTime<Utc>> {
        sqlx::query_scalar!(
            "/* note_orphan */
            insert into garbage (prefix, single, due) values ($1, true, clock_timestamp() + make_interval(secs => $2))
            returning due",
            key,
            self.policy().garbage_delay.as_secs_f64(),
        )
        .fetch_one(self.pool())
        .await
        .with_context(|| format!("note {key} as garbage"))
    }
}
