//! Checks of a running desk's servers: schema, login, clock, queues, parked work, keys of sealed data, credentials at
//! partners. `reelmill doctor` shows the same findings among those of its machine.
use pipeline::catalogue::Catalogue;
use runtime::broker::Broker;
use runtime::clock::Clock;
use runtime::seal::Keyring;
use runtime::store::Store;

mod bounds;
mod broker;
mod database;
mod finding;
mod partners;
mod schema;
mod works;

pub use bounds::Bounds;
pub use finding::{Finding, Health, Words};

use finding::{ANSWERS_WITHIN, SEE, said};

/// What is checked.
#[derive(Clone, Copy)]
pub struct Looked<'a> {
    /// The database.
    pub store: &'a Store,
    /// The broker; `None` if the process has none, in which case it is not checked.
    pub broker: Option<&'a Broker>,
    /// Contests and partners; `None` if the catalogue cannot be read, which is a finding of its own.
    pub catalogue: Option<&'a Catalogue>,
    /// Keys for personal data; `None` if none can be read.
    pub keys: Option<&'a Keyring>,
    /// The time of this process.
    pub clock: &'a Clock,
    /// Settings.
    pub bounds: Bounds,
}

/// All checks of the servers. If a database or a broker is unreachable, that is one finding.
pub async fn checks(looked: Looked<'_>) -> Vec<Finding> {
    let mut findings = match answer(looked.store.ping()).await {
        Ok(()) => of_database(looked).await,
        Err(error) => vec![database::away(&error)],
    };
    if let Some(broker) = looked.broker {
        match answer(broker.answers()).await {
            Ok(()) => findings.extend(of_broker(broker).await),
            Err(error) => findings.push(broker::away(&error)),
        }
    }
    findings
}

/// The answer of a server, or an error if none comes in time.
async fn answer<T>(question: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let answer = tokio::time::timeout(ANSWERS_WITHIN, question).await;
    answer.unwrap_or_else(|_| Err(anyhow::anyhow!("no answer within {} s", ANSWERS_WITHIN.as_secs())))
}

/// All checks of the database, if it answers at all.
pub async fn of_database(looked: Looked<'_>) -> Vec<Finding> {
    let store = looked.store;
    // An unreachable database or a missing schema is another finding.
    let Ok(state) = answer(store.schema()).await else { return Vec::new() };
    let mut findings = vec![
        schema::migrations(state.applied, state.known),
        schema::login(store).await,
        database::clock(store, looked.clock).await,
    ];
    match store.server().await {
        Ok(server) => findings
            .extend([database::connections(&server, looked.bounds.database_connections), database::archive(&server)]),
        Err(error) => findings.push(Finding::bad(database::CONNECTIONS, said(&error), SEE)),
    }
    if state.applied == state.known {
        findings.push(works::work(store).await);
        if let Some(catalogue) = looked.catalogue {
            findings.push(works::contests(store, catalogue).await);
        }
        findings.push(works::stock(store, looked.bounds).await);
        findings.push(database::keys(store, looked.keys).await);
        if let Some(catalogue) = looked.catalogue {
            findings.push(partners::credentials(store, catalogue, looked.clock.now()).await);
        }
    }
    findings
}

/// Whether every stage's queue exists as declared, how many messages wait in it, whether it has a consumer, and whether
/// the broker accepts messages. For a broker that answers.
pub async fn of_broker(broker: &Broker) -> Vec<Finding> {
    broker::queues(broker).await
}
