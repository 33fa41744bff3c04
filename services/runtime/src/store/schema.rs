//! The schema as this process's login sees it: its version, its owner, and what the login may do in it. Also how one
//! login owns it while the others only work in it.
//!
//! | login | rights |
//! |---|---|
//! | owner | everything; `reelmill migrate` runs as it |
//! | members of the service role | those in [`PRIVILEGES`]; never alter, drop, truncate or create, nor change a row of the audit trail |
//!
//! The service role is a group without a login, so that each service, or each person, may have a separate login. If one
//! login does everything, the role's name is empty, and nothing is granted.
use std::collections::BTreeMap;
use std::fmt;

use anyhow::Context;
use sqlx::migrate::Migrator;

use super::Store;

mod grants;
mod upgrade;

pub use grants::NoServiceRole;

/// Every migration of this program.
static MIGRATIONS: Migrator = sqlx::migrate!();

/// The rights of the service role on each of these tables; on every other table, [`PRIVILEGES_ELSEWHERE`].
const PRIVILEGES: [(&str, &str); 4] = [
    // Only inserted and read. `update` and `delete` are reserved to the owner, and triggers refuse them even then.
    ("audit", "select, insert"),
    // Its one row advances with each act; a trigger allows only that.
    ("audit_head", "select, update"),
    // Ended, never deleted: the audit trail names them by id.
    ("persons", "select, insert, update"),
    // The version of the schema.
    ("_sqlx_migrations", "select"),
];
const PRIVILEGES_ELSEWHERE: &str = "select, insert, update, delete";

/// The state of the schema for this login and this program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SchemaState {
    /// Every migration was applied, and this login has the rights that services need.
    Ready,
    /// There is no schema, or none that this login may read.
    Absent,
    /// These migrations of ours were not applied yet.
    Behind(Vec<i64>),
    /// This login lacks a right that services need: which, and on what.
    Closed(String),
    /// A migration was applied that this program does not know, or knows with another text.
    Foreign(i64),
}

impl fmt::Display for SchemaState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const HOW: &str = "run `reelmill migrate` with the owner's address";
        match self {
            Self::Ready => write!(f, "the schema is up to date"),
            Self::Absent => write!(f, "there is no schema that this login may read: {HOW}"),
            Self::Behind(missing) => {
                let missing: Vec<String> = missing.iter().map(i64::to_string).collect();
                write!(f, "the schema lacks migration {}: {HOW}", missing.join(", "))
            }
            Self::Closed(what) => write!(
                f,
                "this login may not {what}: make it a member of the service role (DATABASE_SERVICE_ROLE), and {HOW}"
            ),
            Self::Foreign(version) => {
                write!(f, "another version of Reelmill applied migration {version}: install that version")
            }
        }
    }
}

/// The login of this process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// Its name.
    pub name: String,
    /// Whether no right is ever denied to it.
    pub superuser: bool,
    /// Whether it owns the schema, or could create one if there is none.
    pub owner: bool,
}

impl Store {
    /// Compares the schema with what this program and its login need.
    pub async fn schema_state(&self) -> anyhow::Result<SchemaState> {
        // These queries are not checked at compile time: they concern the system catalogue, and a table that may be
        // missing.
        let readable: bool = sqlx::query_scalar(
            "/* may_read_migrations */
            select coalesce(has_table_privilege(to_regclass('_sqlx_migrations'), 'select'), false)",
        )
        .fetch_one(self.pool())
        .await
        .context("ask for the schema")?;
        if !readable {
            return Ok(SchemaState::Absent);
        }
        let applied: Vec<(i64, Vec<u8>)> =
            sqlx::query_as("/* migrations */ select version, checksum from _sqlx_migrations where success")
                .fetch_all(self.pool())
                .await
                .context("ask for the schema's version")?;
        match compared(&applied) {
            SchemaState::Ready => {}
            other => return Ok(other),
        }
        Ok(self.denied().await?.map_or(SchemaState::Ready, SchemaState::Closed))
    }

    /// The login of this process in the database.
    pub async fn login(&self) -> anyhow::Result<Login> {
        let (name, superuser, owner): (String, bool, bool) = sqlx::query_as(
            "/* login */
            select current_user::text, (select rolsuper from pg_roles where rolname = current_user),
                coalesce(case when to_regclass('_sqlx_migrations') is null
                    then has_schema_privilege(current_schema()::text, 'create')
                    else (select pg_has_role(relowner, 'usage') from pg_class where oid = to_regclass('_sqlx_migrations')) end, false)",
        )
        .fetch_one(self.pool())
        .await
        .context("ask the database who we are")?;
        Ok(Login { name, superuser, owner })
    }

    /// The first right that this login lacks, such as `insert on audit`.
    async fn denied(&self) -> anyhow::Result<Option<String>> {
        let (tables, privileges): (Vec<&str>, Vec<&str>) = PRIVILEGES.into_iter().unzip();
        sqlx::query_scalar(
            "/* denied_privilege */
            with named as (select * from unnest($1::text[], $2::text[]) as it (name, privileges)),
                here as (select oid, relname, relkind from pg_class
                    where relnamespace = (select relnamespace from pg_class where oid = to_regclass('_sqlx_migrations')))
            select privilege || ' on ' || relname from here left join named on named.name = relname
                cross join unnest(string_to_array(coalesce(privileges, $3), ', ')) as privilege
                where relkind in ('r', 'p') and not has_table_privilege(oid, privilege)
            union all
            select 'usage on ' || relname from here
                -- In a case, since the function fails where it is asked about an index.
                where case relkind when 'S' then not has_sequence_privilege(oid, 'usage') else false end
            limit 1",
        )
        .bind(tables)
        .bind(privileges)
        .bind(PRIVILEGES_ELSEWHERE)
        .fetch_optional(self.pool())
        .await
        .context("ask what this login may do")
    }
}

/// Compares the applied migrations with those of this program.
fn compared(applied: &[(i64, Vec<u8>)]) -> SchemaState {
    let known: BTreeMap<i64, Vec<u8>> = MIGRATIONS.iter().map(|it| (it.version, it.checksum.to_vec())).collect();
    for (version, checksum) in applied {
        if known.get(version) != Some(checksum) {
            return SchemaState::Foreign(*version);
        }
    }
    let missing: Vec<i64> =
        known.into_keys().filter(|version| !applied.iter().any(|(done, _)| done == version)).collect();
    if missing.is_empty() { SchemaState::Ready } else { SchemaState::Behind(missing) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Vec<(i64, Vec<u8>)> {
        MIGRATIONS.iter().map(|it| (it.version, it.checksum.to_vec())).collect()
    }

    #[test]
    fn the_schema_is_ready_when_each_migration_of_ours_was_applied_and_no_other() {
        let mut applied = known();
        assert_eq!(compared(&applied), SchemaState::Ready);
        let (last, sum) = applied.pop().expect("migrations");
        assert_eq!(compared(&applied), SchemaState::Behind(vec![last]));
        // One in the middle may be applied later than those after it.
        let mut holed = known();
        let (hole, _) = holed.remove(3);
        assert_eq!(compared(&holed), SchemaState::Behind(vec![hole]));
        applied.push((last, sum.iter().map(|byte| byte ^ 1).collect()));
        assert_eq!(compared(&applied), SchemaState::Foreign(last));
        let mut newer = known();
        newer.push((last + 1000, vec![0]));
        assert_eq!(compared(&newer), SchemaState::Foreign(last + 1000));
    }
}
