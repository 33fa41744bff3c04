//! A database with an owner and a service login of its own.
use runtime::config::Config;
use runtime::metrics::Metrics;
use runtime::store::Store;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::support::World;

/// An empty database owned by `owner`, who is not a superuser and cannot create roles; `app` is a member of `group`.
pub(super) struct House {
    pub(super) world: Option<World>,
    pub(super) owner: String,
    pub(super) group: String,
    pub(super) app: String,
}

impl House {
    pub(super) async fn new() -> Self {
        let world = World::empty().await;
        let name = database(&world.config).to_owned();
        let house = Self {
            owner: format!("{name}_owner"),
            group: format!("{name}_group"),
            app: format!("{name}_app"),
            world: Some(world),
        };
        let House { owner, group, app, .. } = &house;
        house
            .as_superuser(&format!(
                "create role {owner} login password '{owner}'; create role {group} nologin;
                create role {app} login password '{app}' in role {group}; alter database {name} owner to {owner}"
            ))
            .await;
        house
    }

    pub(super) fn world(&self) -> &World {
        self.world.as_ref().expect("the world stands while the house does")
    }

    pub(super) async fn as_superuser(&self, statements: &str) {
        self.as_login(None, statements).await.expect("a superuser may");
    }

    /// Runs statements as `login`, or as the superuser that created everything.
    pub(super) async fn as_login(&self, login: Option<&str>, statements: &str) -> Result<(), sqlx::Error> {
        let config = login.map_or_else(|| self.world().config.clone(), |login| self.config(login));
        let mut connection = PgConnection::connect(&config.database_url).await?;
        connection.execute(AssertSqlSafe(statements.to_owned())).await.map(|_| ())
    }

    /// The settings of a process that logs in as `login`, whose password is its name.
    pub(super) fn config(&self, login: &str) -> Config {
        let mut config = self.world().config.clone();
        let (scheme, rest) = config.database_url.split_once("://").expect("a URL");
        let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
        config.database_url = format!("{scheme}://{login}:{login}@{place}");
        config.database_service_role = self.group.clone();
        config
    }

    pub(super) fn store(&self, login: &str) -> Store {
        Store::new(&self.config(login), Metrics::new().unwrap()).unwrap()
    }

    pub(super) async fn migrate(&self) {
        self.store(&self.owner).migrate_for(&self.group).await.expect("the owner migrates");
    }
}

impl Drop for House {
    fn drop(&mut self) {
        let server = std::env::var("TEST_DATABASE_URL").expect("it was set before");
        // The database first, because they have rights in it.
        drop(self.world.take());
        let roles = format!("drop role if exists {}, {}, {}", self.app, self.group, self.owner);
        let cleaning = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                if let Ok(mut connection) = PgConnection::connect(&server).await {
                    let _ = connection.execute(AssertSqlSafe(roles)).await;
                }
            });
        });
        let _ = cleaning.join();
    }
}

pub(super) fn database(config: &Config) -> &str {
    config.database_url.rsplit_once('/').expect("a URL names a database").1
}
