//! The owner's side of the schema: upgrades it, creates the service role, and grants the role what services need.
use anyhow::Context;
use sqlx::{AssertSqlSafe, Executor, PgConnection};

use super::{PRIVILEGES, PRIVILEGES_ELSEWHERE};
use crate::store::Store;
use crate::store::errors::database_code;

/// The service role does not exist, and the login that migrates may not create it.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "the role {role} does not exist, and {login} may not create roles. As a superuser, type: create role {role} nologin; \
     where services log in as {login} too, set DATABASE_SERVICE_ROLE to nothing"
)]
pub struct NoServiceRole {
    /// Its name, as SQL writes it.
    pub role: String,
    /// The login that tried.
    pub login: String,
}

/// PostgreSQL's error for a missing right.
const INSUFFICIENT_PRIVILEGE: &str = "42501";
/// Its errors when another process created the same role at the same time: `duplicate_object`, `unique_violation`.
const EXISTS: [&str; 2] = ["42710", "23505"];

impl Store {
    /// Upgrades the schema as its owner, creates `role` if it is missing, and grants it what services need. With an
    /// empty `role`, nothing is granted: the owner's login is also the services' login.
    ///
    /// # Errors
    /// [`NoServiceRole`], before anything is changed; and a login that is not the owner.
    pub async fn migrate_for(&self, role: &str) -> anyhow::Result<()> {
        let login = self.login().await?;
        anyhow::ensure!(
            login.owner,
            "{} does not own the schema and may not make one: give the owner's address (DATABASE_OWNER_URL)",
            login.name
        );
        if !role.is_empty() && !self.is_self(role).await? {
            self.make_role(role).await?;
            self.migrate().await?;
            return self.grant(role).await;
        }
        self.migrate().await
    }

    /// Like [`Self::migrate_for`], for a service whose login is the owner: it creates no role. If the role exists, it
    /// is granted what it needs.
    pub(crate) async fn migrate_at_start(&self, role: &str) -> anyhow::Result<()> {
        let known = !role.is_empty() && self.has_role(role).await?;
        self.migrate_for(if known { role } else { "" }).await
    }

    async fn has_role(&self, role: &str) -> anyhow::Result<bool> {
        sqlx::query_scalar("/* has_role */ select exists (select from pg_roles where rolname = $1)")
            .bind(role)
            .fetch_one(self.pool())
            .await
            .context("look for the service role")
    }

    /// Whether `role` is the login of this process, in which case its rights must not be reduced.
    async fn is_self(&self, role: &str) -> anyhow::Result<bool> {
        sqlx::query_scalar("/* is_current_user */ select current_user = $1")
            .bind(role)
            .fetch_one(self.pool())
            .await
            .context("ask the database who we are")
    }

    async fn make_role(&self, role: &str) -> anyhow::Result<()> {
        if self.has_role(role).await? {
            return Ok(());
        }
        let quoted = quoted(&mut *self.pool().acquire().await.context("connect")?, role).await?;
        let create = AssertSqlSafe(format!("/* create_service_role */ create role {quoted} nologin"));
        let Err(error) = self.pool().execute(create).await else { return Ok(()) };
        let error = anyhow::Error::new(error);
        match database_code(&error).as_deref() {
            Some(code) if EXISTS.contains(&code) => Ok(()),
            Some(INSUFFICIENT_PRIVILEGE) => Err(NoServiceRole { role: quoted, login: self.login().await?.name }.into()),
            _ => Err(error.context(format!("create the role {quoted}"))),
        }
    }

    /// Grants `role` what services need, now and on objects that the owner creates later; revokes everything else.
    async fn grant(&self, role: &str) -> anyhow::Result<()> {
        self.quiet_transaction("grant", |tx, _| Box::pin(grant(tx, role))).await
    }
}

/// A name as SQL writes it.
async fn quoted(connection: &mut PgConnection, name: &str) -> anyhow::Result<String> {
    sqlx::query_scalar("/* quoted */ select quote_ident($1)")
        .bind(name)
        .fetch_one(connection)
        .await
        .context("quote a name")
}

async fn grant(tx: &mut PgConnection, role: &str) -> anyhow::Result<()> {
    let role = quoted(tx, role).await?;
    // Two at the same time would change the same catalogue rows, which is an error and not a wait.
    tx.execute("/* grant_in_turn */ select pg_advisory_xact_lock(hashtext('reelmill_grants'))").await?;
    let schema: String = sqlx::query_scalar("/* own_schema */ select quote_ident(current_schema())")
        .fetch_one(&mut *tx)
        .await
        .context("find the schema")?;
    let (tables, sequences) = (ours(tx, &["r", "p"]).await?, ours(tx, &["S"]).await?);
    let named: Vec<&str> = PRIVILEGES.iter().map(|(table, _)| *table).collect();
    let others: Vec<&str> = tables.iter().map(String::as_str).filter(|it| !named.contains(it)).collect();
    let mut statements = vec![
        format!("grant usage on schema {schema} to {role}"),
        // Before PostgreSQL 15, any login may create tables in `public`, and a table of the same name could hide ours.
        format!("revoke create on schema {schema} from public"),
        format!("alter default privileges in schema {schema} grant {PRIVILEGES_ELSEWHERE} on tables to {role}"),
        format!("alter default privileges in schema {schema} grant usage, select on sequences to {role}"),
        format!("revoke all on table {} from {role}", tables.join(", ")),
        format!("grant {PRIVILEGES_ELSEWHERE} on table {} to {role}", others.join(", ")),
        format!("grant usage, select on sequence {} to {role}", sequences.join(", ")),
    ];
    statements.extend(PRIVILEGES.map(|(table, privileges)| format!("grant {privileges} on table {table} to {role}")));
    for statement in statements {
        let what = statement.clone();
        tx.execute(AssertSqlSafe(format!("/* grant */ {statement}"))).await.context(what)?;
    }
    Ok(())
}

/// Tables or sequences of the schema that belong to the owner, as SQL writes their names; without those of extensions
/// and of other owners.
async fn ours(tx: &mut PgConnection, kinds: &[&str]) -> anyhow::Result<Vec<String>> {
    sqlx::query_scalar(
        "/* own_relations */
        select quote_ident(relname) from pg_class c
        where relnamespace = current_schema()::regnamespace and relkind::text = any($1) and pg_has_role(relowner, 'usage')
            and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
        order by relname",
    )
    .bind(kinds)
    .fetch_all(tx)
    .await
    .context("list what is granted")
}
