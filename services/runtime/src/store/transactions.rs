//! Named transactions, which run again after a conflict.
use std::marker::PhantomData;
use std::time::{Duration, Instant};

use anyhow::Context;
use futures::future::BoxFuture;
use rand::Rng;
use sqlx::PgConnection;
use tracing::{Instrument, warn};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::Store;
use super::errors::{database_code, is_conflict, sqlx_error};
use crate::telemetry::spans;

/// How often a transaction is started again after a serialization failure or a deadlock.
const TRANSACTION_TRIES: u32 = 5;

/// The argument of a transaction's closure, for crates that name it without depending on the database crate.
pub type Transaction = PgConnection;

/// Carries no value. Its type states that what a transaction's closure borrows for `'a` outlives each call for `'c`,
/// which a `for<'c>` bound cannot state otherwise.
pub struct Borrows<'c, 'a>(PhantomData<&'c &'a ()>);

impl Store {
    /// Runs `work` in a transaction called `name`, which is also its metric label, and commits. A deadlock or a
    /// serialization failure runs it again from the start, so `work` must have no effect outside the database:
    /// `store.transaction("name", |tx, _| Box::pin(async move { … }))`. See [`Borrows`] for the second argument.
    pub async fn transaction<'a, T, F>(&self, name: &'static str, work: F) -> anyhow::Result<T>
    where
        T: Send,
        F: for<'c> FnMut(&'c mut PgConnection, Borrows<'c, 'a>) -> BoxFuture<'c, anyhow::Result<T>> + Send + 'a,
    {
        let result = self.quiet_transaction(name, work).await;
        self.poke();
        result
    }

    /// A transaction that leaves no messages, so it wakes no relay.
    pub(crate) async fn quiet_transaction<'a, T, F>(&self, name: &'static str, mut work: F) -> anyhow::Result<T>
    where
        T: Send,
        F: for<'c> FnMut(&'c mut PgConnection, Borrows<'c, 'a>) -> BoxFuture<'c, anyhow::Result<T>> + Send + 'a,
    {
        let span = spans::transaction(name);
        let begun = Instant::now();
        let count = |outcome| self.metrics().transactions.with_label_values(&[name, outcome]).inc();
        let mut tries = 1;
        let result = loop {
            match self.try_once(&mut work).instrument(span.clone()).await {
                Err(error) if tries < TRANSACTION_TRIES && is_conflict(&error) => {
                    count("retried");
                    warn!(transaction.name = name, tries, "{name} met another transaction, trying again: {error:#}");
                    let wait_ms = rand::rng().random_range(1..=10 * (1 << tries));
                    tokio::time::sleep(Duration::from_millis(wait_ms)).await;
                    tries += 1;
                }
                result => break result,
            }
        };
        if let Err(error) = &result {
            let code = database_code(error);
            if let Some(code) = &code {
                span.set_attribute("db.response.status_code", code.clone());
            }
            spans::failed(&span, code.unwrap_or_else(|| "failed".to_owned()));
        }
        count(match &result {
            Ok(_) => "committed",
            // Caused by the database; any other error here is a refusal of the request.
            Err(error) if sqlx_error(error).is_some() => "failed",
            Err(_) => "refused",
        });
        self.metrics().transaction_seconds.with_label_values(&[name]).observe(begun.elapsed().as_secs_f64());
        result.with_context(|| format!("transaction {name}"))
    }

    async fn try_once<'a, T, F>(&self, work: &mut F) -> anyhow::Result<T>
    where
        F: for<'c> FnMut(&'c mut PgConnection, Borrows<'c, 'a>) -> BoxFuture<'c, anyhow::Result<T>>,
    {
        let mut transaction = self.pool().begin().await.context("begin")?;
        let value = work(&mut transaction, Borrows(PhantomData)).await?;
        transaction.commit().await.context("commit")?;
        Ok(value)
    }
}
