//! The outbox: messages that commit together with the change that they announce, and stay until a relay has them
//! confirmed.
use anyhow::Context;
use pipeline::stage::Stage;
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::store::Store;
use crate::telemetry;
use crate::wire::{self, Headers, Outgoing};

mod row;

pub(in crate::store) use row::Columns;
pub use row::{Backlog, Stored};

/// The channel on which Postgres announces new rows.
pub const WAKE_CHANNEL: &str = "reelmill_outbox";

impl Store {
    /// How much waits to be sent.
    pub async fn backlog(&self) -> anyhow::Result<Backlog> {
        let row = sqlx::query!(
            r#"/* backlog */
            select count(*) as "messages!",
                coalesce(extract(epoch from clock_timestamp() - min(created_at)), 0)::float8 as "lag_seconds!"
            from outbox"#,
        )
        .fetch_one(self.pool())
        .await
        .context("measure the outbox")?;
        Ok(Backlog { messages: row.messages, lag_seconds: row.lag_seconds.max(0.0) })
    }
}

/// Adds messages to the outbox, in this order.
pub async fn add(tx: &mut PgConnection, outgoing: &[Outgoing]) -> anyhow::Result<()> {
    if outgoing.is_empty() {
        return Ok(());
    }
    let columns = Columns::of(outgoing)?;
    sqlx::query!(
        "/* add_messages */
        insert into outbox (exchange, routing_key, kind, body, headers)
        select * from unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::jsonb[])",
        &columns.exchanges,
        &columns.keys,
        &columns.kinds,
        &columns.bodies,
        &columns.headers,
    )
    .execute(tx)
    .await
    .context("add to the outbox")?;
    Ok(())
}

/// Adds one "there is work" for each of `stages` to the outbox.
pub async fn add_hints(tx: &mut PgConnection, stages: impl IntoIterator<Item = Stage>) -> anyhow::Result<()> {
    let traceparent = telemetry::current_traceparent();
    let hints: Vec<_> = stages.into_iter().map(|stage| wire::work_available(stage, traceparent.clone())).collect();
    add(tx, &hints).await
}

/// The oldest messages that no other relay holds, locked until the end of the transaction.
pub async fn take(tx: &mut PgConnection, limit: i64) -> anyhow::Result<Vec<Stored>> {
    sqlx::query_as!(
        Stored,
        r#"/* take_messages */
        select id, exchange, routing_key, kind, body, headers as "headers: Json<Headers>", created_at
        from outbox order by id limit $1 for update skip locked"#,
        limit,
    )
    .fetch_all(tx)
    .await
    .context("read the outbox")
}

/// Deletes what the broker has confirmed. The transaction's commit then does not wait for the disk: if the server's
/// machine fails within the next moments, the rows are there again and are sent once more, as after a relay that was
/// killed before its commit. Receivers accept that. A transaction that ends here must write nothing else.
pub async fn delete(tx: &mut PgConnection, ids: &[i64]) -> anyhow::Result<()> {
    sqlx::query!(
        "/* delete_messages */
        delete from outbox where id = any($1) and (select set_config('synchronous_commit', 'off', true)) = 'off'",
        ids,
    )
    .execute(tx)
    .await
    .context("delete from the outbox")?;
    Ok(())
}
