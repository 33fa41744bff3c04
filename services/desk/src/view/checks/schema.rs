//! The schema, and whether our login may use it.
use runtime::store::Store;
use runtime::store::schema::SchemaState;

use super::finding::{Both, Finding, both, said};

/// Whether the schema is the one that this program knows.
pub(super) fn migrations(applied: i64, known: i64) -> Finding {
    const NAME: Both = Both { zh: "数据库结构", en: "schema" };
    match applied.cmp(&known) {
        std::cmp::Ordering::Equal => {
            let zh = format!("版本 {applied}，与本程序一致");
            Finding::good(NAME, both(zh, format!("migration {applied}, as this program expects")))
        }
        std::cmp::Ordering::Less => {
            const MEND: Both = Both {
                zh: "以数据库所有者的地址（DATABASE_OWNER_URL）运行 reelmill migrate",
                en: "reelmill migrate, with the owner's address in DATABASE_OWNER_URL",
            };
            let zh = format!("版本 {applied}；本程序需要 {known}");
            Finding::bad(NAME, both(zh, format!("migration {applied}; this program needs {known}")), MEND)
        }
        std::cmp::Ordering::Greater => {
            const MEND: Both = Both {
                zh: "此数据库已由更高版本的映工场使用：请安装该版本",
                en: "a newer Reelmill used this database: install that version",
            };
            let zh = format!("版本 {applied}；本程序只认识到 {known}");
            Finding::bad(NAME, both(zh, format!("migration {applied}; this program knows {known} only")), MEND)
        }
    }
}

/// Whether our login may do what services need, and no more.
pub(super) async fn login(store: &Store) -> Finding {
    const NAME: Both = Both { zh: "数据库登录", en: "database login" };
    const MEMBER: Both = Both {
        zh: "以所有者身份运行 reelmill migrate，并执行 grant reelmill_service to 登录名（角色名见 DATABASE_SERVICE_ROLE）",
        en: "run reelmill migrate as the owner, and: grant reelmill_service to LOGIN (the role is DATABASE_SERVICE_ROLE's)",
    };
    const SPLIT: Both = Both {
        zh: "仅 `reelmill migrate` 使用所有者；服务另用登录：create role reelmill_app login password '…' in role reelmill_service",
        en: "use the owner only for reelmill migrate; give services a login: create role reelmill_app login password '…' in role reelmill_service",
    };
    let asked = async { anyhow::Ok((store.login().await?, store.schema_state().await?)) };
    let (login, state) = match asked.await {
        Ok(answers) => answers,
        Err(error) => return Finding::bad(NAME, said(&error), MEMBER),
    };
    let name = &login.name;
    match state {
        SchemaState::Closed(what) => Finding::bad(
            NAME,
            both(format!("{name} 无权：{what}"), format!("{name} has no permission to {what}")),
            MEMBER,
        ),
        SchemaState::Absent => {
            let found = both(format!("{name} 无权读取任何结构"), format!("{name} may not read any schema"));
            Finding::bad(NAME, found, MEMBER)
        }
        _ if login.superuser => {
            Finding::poor(NAME, both(format!("{name} 是超级用户"), format!("{name} is a superuser")), SPLIT)
        }
        _ if login.owner => {
            let zh = format!("{name} 是结构的所有者，可以改动审计记录");
            Finding::poor(NAME, both(zh, format!("{name} owns the schema, and may change the audit trail")), SPLIT)
        }
        _ => {
            let zh = format!("{name} 具有服务所需的权限，不能改动表结构");
            Finding::good(NAME, both(zh, format!("{name} has the rights that services need, and cannot alter tables")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Health;
    use super::*;

    #[test]
    fn a_schema_that_is_older_or_newer_than_the_program_is_bad() {
        for (applied, known, health) in [(24, 24, Health::Good), (20, 24, Health::Bad), (25, 24, Health::Bad)] {
            let found = migrations(applied, known);
            assert_eq!((found.health, found.mend.is_none()), (health, health == Health::Good));
        }
    }
}
