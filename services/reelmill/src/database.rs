//! How organisers' commands reach the database, and what they all say when an event changed nothing.
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use desk::Desk;
use desk::act::Caller;
use pipeline::catalogue::Catalogue;
use pipeline::id::SubmissionId;
use pipeline::submission::Event;
use runtime::metrics::Metrics;
use runtime::problem::{Code, Problem};
use runtime::store::Store;
use runtime::store::history::{Actor, By};
use runtime::transport::Trusted;

use crate::exit::{Exit, WrongUsage};
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

    /// Who does it, for the audit trail
    #[arg(id = "as", long = "as", env = "REELMILL_AS", value_name = "NAME", value_parser = typed::name, default_value_t = login_name())]
    name: String,
}

/// What this person is called here. Whoever has the database's password may claim any name; the trail says so by its actor.
fn login_name() -> String {
    let named = ["LOGNAME", "USER"].iter().find_map(|it| std::env::var(it).ok().filter(|name| !name.is_empty()));
    named.unwrap_or_else(|| "command line".to_owned())
}

/// Connects to the database of `url`, or says within a few seconds that nobody answers.
pub(crate) async fn connect(url: &str, allow_plaintext: Vec<Trusted>) -> anyhow::Result<Store> {
    // These commands never speak to the broker; what they start is announced by the services, from the outbox.
    let given = [("--database-url", url), ("--amqp-url", "amqp://unused")];
    let mut config = settings::read(&given).map_err(|error| WrongUsage(error.to_string()))?;
    config.allow_plaintext = allow_plaintext;
    let store = Store::new(&config, Metrics::new()?)?;
    let answered = tokio::time::timeout(Duration::from_secs(10), store.ping()).await;
    let silent = |_| anyhow::Error::from(Problem::from(Code::DatabaseUnavailable));
    answered.map_err(silent).flatten().context("reach the database")?;
    Ok(store)
}

impl DatabaseArgs {
    /// A desk on this database, with the settings of this environment.
    pub(crate) async fn desk(&self) -> anyhow::Result<Desk> {
        let config = settings::read(&settings::NO_SERVERS).map_err(|error| WrongUsage(error.to_string()))?;
        Desk::for_command(&config, self.connect().await?, transcode::artefact::addresses)
    }

    /// The person at this command line, who may see every contest.
    pub(crate) fn caller(&self) -> Caller {
        Caller { by: self.by(None), contest: None, key: None }
    }

    /// Connects, or says within a few seconds that nobody answers.
    pub(crate) async fn connect(&self) -> anyhow::Result<Store> {
        connect(&self.database_url, self.allow_plaintext.clone()).await
    }

    /// Whoever types, as the audit trail names them.
    pub(crate) fn by(&self, reason: Option<String>) -> By {
        By::person(Actor::Operator, self.name.as_str()).because(reason)
    }

    /// The catalogue that the services have too, by `CATALOGUE_DIR`.
    pub(crate) fn catalogue(&self) -> anyhow::Result<Arc<Catalogue>> {
        settings::read(&settings::NO_SERVERS).map_err(|error| WrongUsage(error.to_string()))?.catalogue()
    }

    /// Applies an organiser's `event` and says in a word what it did. An event that is out of place is the caller's mistake.
    pub(crate) async fn apply(&self, id: SubmissionId, event: Event, said: &str) -> anyhow::Result<Exit> {
        let store = self.connect().await?;
        if store.submission(id).await?.is_none() {
            return Err(WrongUsage(format!("there is no entry {id}")).into());
        }
        let applied = store.apply(id, &event, self.by(None)).await?;
        let state = applied.machine.state.name();
        if !applied.changed {
            return Err(WrongUsage(format!("{id} is in state {state}, where this changes nothing")).into());
        }
        eprintln!("{id}: {said}, now {state}");
        Ok(Exit::Done)
    }
}
