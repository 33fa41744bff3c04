//! How the commands of staff reach the desk and its database, and in whose name they act.
use std::time::Duration;

use anyhow::Context;
use desk::act::Caller;
use desk::{Desk, DeskSettings};

use pipeline::person::Sees;
use runtime::metrics::Metrics;
use runtime::objects::Objects;
use runtime::problem::{Code, Problem};
use runtime::store::submissions::history::{Actor, By};
use runtime::store::{Policy, Store};
use runtime::transport::Trusted;

use crate::exit::WrongUsage;
use crate::settings;
use crate::typed;

/// Where the database is.
#[derive(clap::Args, Clone)]
pub(crate) struct DatabaseArgs {
    /// PostgreSQL, `postgres://user@host:port/database?sslmode=verify-full`
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: String,

    /// Servers that may be reached without TLS, besides this machine
    #[arg(long, env = "ALLOW_PLAINTEXT", value_delimiter = ',', value_name = "HOST|CIDR,…")]
    allow_plaintext: Vec<Trusted>,

    /// Login name of the person who does it, for the audit trail; the login name of this shell if absent
    #[arg(id = "as", long = "as", env = "REELMILL_AS", value_name = "LOGIN", value_parser = typed::name)]
    login: Option<String>,
}

/// The login name of this shell.
fn login_name() -> Option<String> {
    ["LOGNAME", "USER"].iter().find_map(|it| std::env::var(it).ok().filter(|name| !name.is_empty()))
}

/// The name of this machine, or of this container.
fn host() -> String {
    let named = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let named = named.and_then(|name| typed::name(&name).ok());
    named.unwrap_or_else(|| "an unnamed host".to_owned())
}

/// Connects to the database of `url`, or fails within a few seconds if there is no answer.
pub(crate) async fn connect(url: &str, allow_plaintext: Vec<Trusted>) -> anyhow::Result<Store> {
    // These commands never use the broker; the services announce their work from the outbox.
    let given = [("--database-url", url), ("--amqp-url", "amqp://unused")];
    let config = settings::read(&given).map_err(|error| WrongUsage(error.to_string()))?;
    let store = Store::new(&config.database, &allow_plaintext, Policy::from(&config.work), Metrics::new()?)?;
    let answered = tokio::time::timeout(Duration::from_secs(10), store.ping()).await;
    let silent = |_| anyhow::Error::from(Problem::from(Code::DatabaseUnavailable));
    answered.map_err(silent).flatten().context("reach the database")?;
    Ok(store)
}

impl DatabaseArgs {
    /// A desk on this database, with the settings of this environment.
    pub(crate) async fn desk(&self) -> anyhow::Result<Desk> {
        let config = settings::read(&settings::NO_SERVERS).map_err(|error| WrongUsage(error.to_string()))?;
        let store = self.connect().await?;
        let (objects, catalogue) = (Objects::new(&(&config.s3).into()), config.catalogue.read()?);
        let settings = DeskSettings {
            desk: &config.desk,
            public_url: config.upload.public_url.as_deref(),
            keys: &config.keys,
            allowed_networks: &config.allow_private_networks,
        };
        Desk::for_command(settings, store, objects, catalogue, transcode::artefact::addresses)
    }

    /// A desk, and the person at this command line as its caller.
    pub(crate) async fn acting(&self) -> anyhow::Result<(Desk, Caller)> {
        let desk = self.desk().await?;
        let caller = self.caller(&desk).await?;
        Ok((desk, caller))
    }

    /// The person at this command line, who may see every contest.
    pub(crate) async fn caller(&self, desk: &Desk) -> anyhow::Result<Caller> {
        Ok(Caller { by: self.by(&desk.store, None).await?, sees: Sees::All, roles: None, key: None })
    }

    /// Connects, or fails within a few seconds if there is no answer.
    pub(crate) async fn connect(&self) -> anyhow::Result<Store> {
        connect(&self.database_url, self.allow_plaintext.clone()).await
    }

    /// The user, as named by the audit trail: the person with this login name, or `operator on HOST`. A claim, not a
    /// proof: anyone with the database's password can give any login name. The missing credential in the trail shows
    /// that.
    pub(crate) async fn by(&self, store: &Store, reason: Option<String>) -> anyhow::Result<By> {
        let person = match self.login.clone().or_else(login_name) {
            Some(login) => store.person_by_login(&login).await?,
            None => None,
        };
        let by = match (person, &self.login) {
            (Some(person), _) => By::of(Actor::Operator, person.id, person.name),
            (None, claimed) => {
                let name = format!("operator on {}", host());
                if let Some(login) = claimed {
                    eprintln!("reelmill: no person has the login name {login}; the audit trail names {name}");
                }
                By::person(Actor::Operator, name)
            }
        };
        Ok(by.because(reason))
    }
}
