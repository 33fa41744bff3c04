//! What `reelmill doctor` asks the database about itself.
use anyhow::Context;
use pipeline::id::ContestId;

use crate::store::Store;

/// The version of the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schema {
    /// The newest migration that was applied; 0 if none was.
    pub applied: i64,
    /// The newest that this program has.
    pub known: i64,
}

/// The server itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Its major version.
    pub version: i32,
    /// Connections that clients have now.
    pub connections: i64,
    /// Connections that are available to all logins.
    pub most_connections: i32,
    /// Whether it archives its WAL.
    pub archives: bool,
    /// The last WAL that could not be archived, if none was archived since.
    pub not_archived: Option<String>,
}

impl Store {
    /// Asks the server about itself.
    pub async fn server(&self) -> anyhow::Result<Server> {
        sqlx::query_as!(
            Server,
            r#"/* server */
            select current_setting('server_version_num')::integer / 10000 as "version!",
                (select sum(numbackends) from pg_stat_database) as "connections!",
                current_setting('max_connections')::integer - current_setting('superuser_reserved_connections')::integer
                    as "most_connections!",
                current_setting('archive_mode') <> 'off' as "archives!",
                case when last_failed_time > coalesce(last_archived_time, '-infinity') then last_failed_wal end as not_archived
            from pg_stat_archiver"#,
        )
        .fetch_one(self.pool())
        .await
        .context("ask the server about itself")
    }

    /// Contests that works were entered into, whether or not the catalogue has them.
    pub async fn contests_of_works(&self) -> anyhow::Result<Vec<ContestId>> {
        let contests = sqlx::query_scalar!(
            r#"/* contests_of_works */
            with recursive contests (contest) as (
                -- Each contest once, by as many steps along the index.
                (select contest from submissions order by contest limit 1)
                union all
                select (select contest from submissions where contest > contests.contest order by contest limit 1)
                from contests where contests.contest is not null
            )
            select contest as "contest!" from contests where contest is not null order by contest"#,
        )
        .fetch_all(self.pool())
        .await
        .context("list the contests that works were entered into")?;
        Ok(contests.into_iter().map(ContestId::new).collect())
    }

    /// Compares the schema with the one that this program needs.
    pub async fn schema(&self) -> anyhow::Result<Schema> {
        let known = sqlx::migrate!().iter().map(|migration| migration.version).max().unwrap_or_default();
        // Not checked at compile time: the table belongs to sqlx, and may not exist.
        let there: bool = sqlx::query_scalar("/* has_migrations */ select to_regclass('_sqlx_migrations') is not null")
            .fetch_one(self.pool())
            .await
            .context("ask for the schema")?;
        if !there {
            return Ok(Schema { applied: 0, known });
        }
        let applied: Option<i64> =
            sqlx::query_scalar("/* applied_migration */ select max(version) from _sqlx_migrations where success")
                .fetch_one(self.pool())
                .await
                .context("ask for the schema's version")?;
        Ok(Schema { applied: applied.unwrap_or_default(), known })
    }

    /// Every key that encrypted stored data.
    pub async fn key_ids(&self) -> anyhow::Result<Vec<String>> {
        sqlx::query_scalar!(
            r#"/* key_ids */
            select key_id as "key_id!" from (
                select distinct key_id from entrants
                union select distinct session_key_id from deliveries where session is not null
                union select distinct key_id from partner_accounts where credentials is not null
                union select distinct key_id from webhook_endpoints where state <> 'removed'
                union select distinct totp_key_id from sign_in_factors
                union select distinct totp_key_id from invitations where used_at is null
                union select distinct key_id from drafts
                union select distinct key_id from link_mails where ciphertext is not null
                union select distinct key_id from unit_sheets
                union select distinct key_id from unit_works
            ) as used where key_id is not null order by key_id"#,
        )
        .fetch_all(self.pool())
        .await
        .context("ask which keys sealed something")
    }
}
