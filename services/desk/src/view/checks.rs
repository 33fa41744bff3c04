//! Checks of a running desk's servers: schema, login, clock, queues, parked work, keys of sealed data, credentials at
//! partners. `reelmill doctor` shows the same findings among those of its machine.
use std::time::Duration;

use chrono::{DateTime, Utc};
use pipeline::catalogue::Catalogue;
use runtime::broker::Broker;
use runtime::clock::Clock;
use runtime::config::{DatabaseConfig, UploadConfig};
use runtime::seal::Keyring;
use runtime::store::Store;
use serde::Serialize;

mod broker;
mod database;
mod partners;
mod works;

/// The deadline of each question to a server.
const PATIENCE: Duration = Duration::from_secs(15);
/// The longest text of a failed check, in characters. Client libraries write long errors whose start names the cause.
const FOUND_CHARS: usize = 240;

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub check: Words,
    /// Whether it is well.
    pub health: Health,
    /// What was found.
    pub found: Words,
    /// What to do about it; absent if it is well.
    pub mend: Option<Words>,
}

/// Whether something is well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// Does not work.
    Bad,
    /// Works, but needs attention.
    Poor,
    /// Works.
    Good,
}

/// A text in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Words {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// A name or an instruction in both languages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Both {
    pub(crate) zh: &'static str,
    pub(crate) en: &'static str,
}

/// The settings of the process about its servers.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Connections to the database that one process takes.
    pub database_connections: u32,
    /// GiB of entrants' films at which no new upload starts; 0: no limit.
    pub upload_high_water_gib: u32,
    /// Unfinished uploads at which no new one starts; 0: no limit.
    pub upload_most_unfinished: u32,
}

impl Bounds {
    /// As they are set.
    pub fn of(database: &DatabaseConfig, upload: &UploadConfig) -> Self {
        Self {
            database_connections: database.database_connections,
            upload_high_water_gib: upload.upload_high_water_gib,
            upload_most_unfinished: upload.upload_most_unfinished,
        }
    }
}

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
    let answer = tokio::time::timeout(PATIENCE, question).await;
    answer.unwrap_or_else(|_| Err(anyhow::anyhow!("no answer within {} s", PATIENCE.as_secs())))
}

/// All checks of the database, if it answers at all.
pub async fn of_database(looked: Looked<'_>) -> Vec<Finding> {
    let store = looked.store;
    // An unreachable database or a missing schema is another finding.
    let Ok(schema) = answer(store.schema()).await else { return Vec::new() };
    let mut findings = vec![
        database::migrations(schema.applied, schema.known),
        database::login(store).await,
        database::clock(store, looked.clock).await,
    ];
    match store.server().await {
        Ok(server) => findings
            .extend([database::connections(&server, looked.bounds.database_connections), database::archive(&server)]),
        Err(error) => findings.push(Finding::bad(database::CONNECTIONS, said(&error), database::SEE)),
    }
    if schema.applied == schema.known {
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

impl Finding {
    fn good(check: Both, found: Words) -> Self {
        Self { check: check.into(), health: Health::Good, found, mend: None }
    }

    fn poor(check: Both, found: Words, mend: Both) -> Self {
        Self { check: check.into(), health: Health::Poor, found, mend: Some(mend.into()) }
    }

    fn bad(check: Both, found: Words, mend: Both) -> Self {
        let short = |text: String| text.chars().take(FOUND_CHARS).collect();
        let found = Words { zh: short(found.zh), en: short(found.en) };
        Self { check: check.into(), health: Health::Bad, found, mend: Some(mend.into()) }
    }
}

impl From<Both> for Words {
    fn from(both: Both) -> Self {
        Self { zh: both.zh.to_owned(), en: both.en.to_owned() }
    }
}

/// A text in both languages.
fn both(zh: impl Into<String>, en: impl Into<String>) -> Words {
    Words { zh: zh.into(), en: en.into() }
}

/// An error, verbatim.
fn said(error: &anyhow::Error) -> Words {
    let words = format!("{error:#}");
    both(words.clone(), words)
}

/// A number of hours, for people.
fn hours(seconds: f64) -> String {
    format!("{:.1}", seconds / 3600.0)
}

/// Whether something ends within this time.
fn ends_within(end: Option<DateTime<Utc>>, now: DateTime<Utc>, time: chrono::TimeDelta) -> bool {
    end.is_some_and(|at| at - now < time)
}
